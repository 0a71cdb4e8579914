//! Pair-based spike-timing-dependent plasticity by the last spike on either side: BindsNET's
//! `PostPre`.

use super::PlasticState;

/// Pair-based plasticity with set traces, additive and clamped.
///
/// After each step: `x = x exp(-dt / tau)`, then `x = 1` where a neuron fired, on both sides; then
/// `w = w - nu[0] x_post` for every synapse of a source that fired, `w = w + nu[1] x_pre` for every
/// synapse of a target that fired, and `w` is clamped to `[weight_min, weight_max]`.
///
/// Source: BindsNET 0.3.4, `bindsnet.learning.PostPre`; the pair rule of Morrison et al. 2008,
/// "Phenomenological models of synaptic plasticity based on spike timing", section 4.1.
#[derive(Clone, Debug, PartialEq)]
pub struct PostPre {
    /// Rates of depression (a source fires) and of potentiation (a target fires).
    pub nu: [f32; 2],
    /// What remains of a trace after one step: `exp(-dt / tau)`.
    pub trace_decay: f32,
    /// Lower bound of a weight.
    pub weight_min: f32,
    /// Upper bound of a weight.
    pub weight_max: f32,
}

impl PostPre {
    pub(super) fn problem(&self) -> Option<(&'static str, &'static str, f32)> {
        let rates = [("nu[0]", self.nu[0]), ("nu[1]", self.nu[1])];
        super::no_fraction(&[("trace_decay", self.trace_decay)])
            .or_else(|| super::no_bounds([self.weight_min, self.weight_max], &rates))
    }

    pub(super) fn learn(
        &self,
        state: &mut PlasticState,
        padded: usize,
        targets: usize,
        pre: &[u32],
        post: &[u32],
    ) {
        let (min, max) = (self.weight_min, self.weight_max);
        for (traces, fired) in [(&mut state.pre, pre), (&mut state.post, post)] {
            traces.iter_mut().for_each(|x| *x *= self.trace_decay);
            fired.iter().for_each(|&i| traces[i as usize] = 1.0);
        }
        for &source in pre {
            let row = &mut state.weights[source as usize * padded..][..targets];
            for (w, x) in row.iter_mut().zip(&state.post) {
                *w -= self.nu[0] * x;
            }
        }
        // A bound holds for the sum of both changes: a synapse that both ends have changed is
        // bounded after the target's.
        for (row, x) in state.weights.chunks_exact_mut(padded).zip(&state.pre) {
            if *x != 0.0 {
                for &target in post {
                    let w = &mut row[target as usize];
                    *w = (*w + self.nu[1] * x).clamp(min, max);
                }
            }
        }
        for &source in pre {
            let row = &mut state.weights[source as usize * padded..][..targets];
            row.iter_mut().for_each(|w| *w = w.clamp(min, max));
        }
        // The other weights have not changed, but may start out of bounds.
        state.bound(padded, targets, [min, max]);
    }
}
