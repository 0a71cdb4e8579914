//! Learning rules, one file each: words, equation, parameters with units, source.
//! A rule changes the weights of one projection of one sequence after each step, from the spikes of
//! that step on both ends; the weights belong to the session, never to the shared network.

mod post_pre;

pub use post_pre::PostPre;

use crate::neuron::PAD;
use crate::propagate::{Dense, Drive, Ends, Incoming, add_rows_of};

/// How the weights of a projection change while it runs.
#[derive(Clone, Debug, PartialEq)]
pub enum Learning {
    /// Pairs of spikes, by the last spike on either side.
    PostPre(PostPre),
}

/// A dense projection that learns: the weights it starts from, shape `[sources][padded]`.
#[derive(Clone, Debug)]
pub(crate) struct Plastic {
    rule: Learning,
    sources: usize,
    targets: usize,
    padded: usize,
    initial: Vec<f32>,
}

/// What one sequence owns of a projection that learns.
#[derive(Clone, Debug)]
pub(crate) struct PlasticState {
    pub(crate) weights: Vec<f32>,
    pub(crate) pre: Vec<f32>,
    pub(crate) post: Vec<f32>,
}

impl Plastic {
    pub(crate) fn new(dense: &Dense, rule: &Learning, ends: &Ends) -> Self {
        let mut initial = vec![0.0; ends.sources * ends.padded];
        for target in 0..ends.targets {
            for source in 0..ends.sources {
                let at = ends.from.lane(source) * ends.padded + ends.to.lane(target);
                initial[at] = dense.weight[target * ends.sources + source];
            }
        }
        let (sources, targets, padded) = (ends.sources, ends.targets, ends.padded);
        debug_assert!(padded.is_multiple_of(PAD));
        Self { rule: rule.clone(), sources, targets, padded, initial }
    }

    pub(crate) fn state(&self) -> PlasticState {
        PlasticState {
            weights: self.initial.clone(),
            pre: vec![0.0; self.sources],
            post: vec![0.0; self.padded],
        }
    }

    pub(crate) fn reset(&self, state: &mut PlasticState) {
        state.weights.copy_from_slice(&self.initial);
        state.pre.fill(0.0);
        state.post.fill(0.0);
    }

    pub(crate) fn targets(&self) -> usize {
        self.targets
    }

    pub(crate) fn bytes(&self) -> usize {
        self.initial.len() * 4
    }

    pub(crate) fn deliver(
        &self,
        state: &PlasticState,
        events: Incoming<'_>,
        drive: &mut Drive<'_>,
    ) {
        add_rows_of(&state.weights, self.padded, events, drive);
    }

    /// Applies the rule after a step in which `pre` and `post` fired.
    pub(crate) fn learn(&self, state: &mut PlasticState, pre: &[u32], post: &[u32]) {
        match &self.rule {
            Learning::PostPre(rule) => rule.learn(state, self.padded, self.targets, pre, post),
        }
    }
}
