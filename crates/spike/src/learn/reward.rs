//! Reward-modulated plasticity: pairs of spikes mark a synapse, and a reward changes what is marked.

use super::PlasticState;

/// Below this the marks are written anew, so that no factor leaves the range of a float.
const LEAST_LEVEL: f32 = 1e-12;

/// Spike-timing-dependent plasticity that waits for a reward.
///
/// After each step every trace and every mark decays; then, where a source fired,
/// `e = e - a_minus o`, `r = r + 1`; and where a target fired, `e = e + a_plus r`, `o = o + 1`.
/// A reward `d` ([`Session::reward`](crate::Session::reward)) changes every weight,
/// `w = w + rate d e`, kept in `[weight_min, weight_max]`; without a reward no weight changes.
///
/// Source: Izhikevich 2007, "Solving the distal reward problem through linkage of STDP and dopamine
/// signaling", equations 1 and 2; Florian 2007, "Reinforcement learning through modulation of
/// spike-timing-dependent synaptic plasticity", section 3.
#[derive(Clone, Debug, PartialEq)]
pub struct RewardStdp {
    /// A pair's mark where the source fires first.
    pub a_plus: f32,
    /// A pair's mark where the target fires first, taken off.
    pub a_minus: f32,
    /// What remains of a source's trace after a step: `exp(-dt / tau_plus)`.
    pub pre_decay: f32,
    /// What remains of a target's trace after a step: `exp(-dt / tau_minus)`.
    pub post_decay: f32,
    /// What remains of a mark after a step: `exp(-dt / tau_e)`.
    pub eligibility_decay: f32,
    /// Learning rate.
    pub rate: f32,
    /// Lower bound of a weight.
    pub weight_min: f32,
    /// Upper bound of a weight.
    pub weight_max: f32,
}

impl RewardStdp {
    pub(super) fn problem(&self) -> Option<(&'static str, &'static str, f32)> {
        let decays = [
            ("pre_decay", self.pre_decay),
            ("post_decay", self.post_decay),
            ("eligibility_decay", self.eligibility_decay),
        ];
        let rates = [("a_plus", self.a_plus), ("a_minus", self.a_minus), ("rate", self.rate)];
        super::no_fraction(&decays)
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
        state.pre.iter_mut().for_each(|r| *r *= self.pre_decay);
        state.post.iter_mut().for_each(|o| *o *= self.post_decay);
        let level = self.fade(state);
        for &source in pre {
            let row = &mut state.eligibility[source as usize * padded..][..targets];
            let size = self.a_minus / level;
            row.iter_mut().zip(&state.post).for_each(|(e, o)| *e -= size * o);
            state.pre[source as usize] += 1.0;
        }
        for &target in post {
            let size = self.a_plus / level;
            for (row, r) in state.eligibility.chunks_exact_mut(padded).zip(&state.pre) {
                row[target as usize] += size * r;
            }
            state.post[target as usize] += 1.0;
        }
    }

    /// Every mark decays by one factor for all, so that a step touches no mark of its own.
    fn fade(&self, state: &mut PlasticState) -> f32 {
        let level = state.level[0] * self.eligibility_decay;
        if level < LEAST_LEVEL {
            state.eligibility.iter_mut().for_each(|e| *e *= level);
            state.level[0] = 1.0;
        } else {
            state.level[0] = level;
        }
        state.level[0]
    }

    pub(super) fn reward(
        &self,
        state: &mut PlasticState,
        padded: usize,
        targets: usize,
        reward: f32,
    ) -> u64 {
        let (min, max) = (self.weight_min, self.weight_max);
        let size = self.rate * reward * state.level[0];
        let mut changes = 0;
        let rows = state.weights.chunks_exact_mut(padded);
        for (row, marks) in rows.zip(state.eligibility.chunks_exact(padded)) {
            for (w, e) in row[..targets].iter_mut().zip(marks) {
                let moved = (*w + size * e).clamp(min, max);
                changes += u64::from(moved != *w);
                *w = moved;
            }
        }
        changes
    }
}
