//! Learning rules, one file each: words, equation, parameters with units, source.
//! A rule changes the weights of one projection of one sequence after each step, from the spikes of
//! that step on both ends; the weights belong to the session, never to the shared network. A rule
//! of three factors waits for the third: [`Session::reward`](crate::Session::reward).

mod post_pre;
mod reward;
mod stdp;

pub use post_pre::PostPre;
pub use reward::RewardStdp;
pub use stdp::{Dependence, Stdp};

use crate::neuron::PAD;
use crate::propagate::{Dense, Drive, Ends, Incoming, add_rows_of};

/// How the weights of a projection change while it runs.
#[derive(Clone, Debug, PartialEq)]
pub enum Learning {
    /// Pairs of spikes, by the last spike on either side.
    PostPre(PostPre),
    /// Pairs and triplets of spikes, by traces of all earlier spikes.
    Stdp(Stdp),
    /// Pairs of spikes that wait for a reward.
    Reward(RewardStdp),
}

impl Learning {
    /// What is wrong with the parameters: which, and what would be right.
    pub(crate) fn problem(&self) -> Option<(&'static str, &'static str, f32)> {
        match self {
            Self::PostPre(rule) => rule.problem(),
            Self::Stdp(rule) => rule.problem(),
            Self::Reward(rule) => rule.problem(),
        }
    }
}

/// The first of these parameters that is no fraction.
fn no_fraction(parameters: &[(&'static str, f32)]) -> Option<(&'static str, &'static str, f32)> {
    let bad = parameters.iter().find(|(_, value)| !(0.0..=1.0).contains(value));
    bad.map(|(name, value)| (*name, "0 to 1", *value))
}

/// Bounds that are no bounds, or rates that are no numbers.
fn no_bounds(
    [min, max]: [f32; 2],
    rates: &[(&'static str, f32)],
) -> Option<(&'static str, &'static str, f32)> {
    if let Some((name, value)) = rates.iter().find(|(_, value)| !value.is_finite()) {
        return Some((*name, "a finite number", *value));
    }
    let ordered = min.is_finite() && max.is_finite() && min <= max;
    (!ordered).then_some(("weight_min", "a finite number up to weight_max", min))
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
    /// Slower traces, of the sources and of the targets; empty where the rule has none.
    pub(crate) slow_pre: Vec<f32>,
    pub(crate) slow_post: Vec<f32>,
    /// What waits for a reward, times `level[0]`; empty where the rule does not wait.
    pub(crate) eligibility: Vec<f32>,
    pub(crate) level: Vec<f32>,
    /// All weights are within their bounds.
    bounded: bool,
}

impl PlasticState {
    /// Everything beside the weights is forgotten.
    pub(crate) fn rest(&mut self) {
        let traces = [&mut self.pre, &mut self.post, &mut self.slow_pre, &mut self.slow_post];
        traces.into_iter().for_each(|trace| trace.fill(0.0));
        self.eligibility.fill(0.0);
        self.level.fill(1.0);
    }

    /// Bytes that it takes.
    pub(crate) fn bytes(&self) -> usize {
        let slow = self.slow_pre.len() + self.slow_post.len();
        let traces = self.pre.len() + self.post.len() + slow + self.level.len();
        (self.weights.len() + self.eligibility.len() + traces) * 4
    }

    /// Brings every weight within bounds, once: a rule alone leaves them there.
    fn bound(&mut self, padded: usize, targets: usize, [min, max]: [f32; 2]) {
        if !self.bounded {
            for row in self.weights.chunks_exact_mut(padded) {
                row[..targets].iter_mut().for_each(|w| *w = w.clamp(min, max));
            }
            self.bounded = true;
        }
    }
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
        let with = |yes: bool, n: usize| vec![0.0; if yes { n } else { 0 }];
        let slow = matches!(&self.rule, Learning::Stdp(rule) if rule.has_triplets());
        let waits = matches!(self.rule, Learning::Reward(_));
        PlasticState {
            weights: self.initial.clone(),
            pre: vec![0.0; self.sources],
            post: vec![0.0; self.padded],
            slow_pre: with(slow, self.sources),
            slow_post: with(slow, self.padded),
            eligibility: with(waits, self.initial.len()),
            level: if waits { vec![1.0] } else { Vec::new() },
            bounded: false,
        }
    }

    pub(crate) fn reset(&self, state: &mut PlasticState) {
        state.weights.copy_from_slice(&self.initial);
        state.bounded = false;
        state.rest();
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
            Learning::Stdp(rule) => rule.learn(state, self.padded, self.targets, pre, post),
            Learning::Reward(rule) => rule.learn(state, self.padded, self.targets, pre, post),
        }
    }

    /// Gives the third factor to a rule that waits for it; the number of weights that changed.
    pub(crate) fn reward(&self, state: &mut PlasticState, reward: f32) -> u64 {
        match &self.rule {
            Learning::Reward(rule) => rule.reward(state, self.padded, self.targets, reward),
            Learning::PostPre(_) | Learning::Stdp(_) => 0,
        }
    }

    /// Scales the weights of each target so that their absolute values sum to `total`.
    ///
    /// Source: Diehl and Cook 2015, "Unsupervised learning of digit recognition using
    /// spike-timing-dependent plasticity", section 2.3; Turrigiano 2008, "The self-tuning neuron".
    pub(crate) fn scale(&self, state: &mut PlasticState, total: f32) {
        let mut sums = vec![0.0f32; self.padded];
        for row in state.weights.chunks_exact(self.padded) {
            sums.iter_mut().zip(row).for_each(|(sum, w)| *sum += w.abs());
        }
        // A target without any weight has none to scale.
        sums.iter_mut().for_each(|sum| *sum = if *sum > 0.0 { total / *sum } else { 1.0 });
        for row in state.weights.chunks_exact_mut(self.padded) {
            row.iter_mut().zip(&sums).for_each(|(w, factor)| *w *= factor);
        }
        state.bounded = false;
    }
}
