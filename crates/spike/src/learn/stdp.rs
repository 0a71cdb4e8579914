//! Spike-timing-dependent plasticity by pairs and triplets of spikes.

use super::PlasticState;

/// How the size of a change depends on the weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dependence {
    /// It does not; bounds cut.
    Additive,
    /// Growth by `w_max - w`, decline by `w - w_min`, both in parts of the range.
    Multiplicative,
}

/// Plasticity by pairs, and by triplets where `a_plus[1]` or `a_minus[1]` is not 0; all spikes pair.
///
/// After each step every trace decays: `r = r decay`, of sources (`r1`, `r2`) and of targets
/// (`o1`, `o2`). Then, where a source fired, `w = w - o1 (a_minus[0] + a_minus[1] r2)`,
/// `r1 = r1 + 1`, `r2 = r2 + 1`; and where a target fired,
/// `w = w + r1 (a_plus[0] + a_plus[1] o2)`, `o1 = o1 + 1`, `o2 = o2 + 1`. The slow traces `r2` and
/// `o2` are read before the spike that is at hand is added; two spikes in one step count as the
/// source's first. `w` is kept in `[weight_min, weight_max]` after each change.
///
/// Source: Pfister and Gerstner 2006, "Triplets of spikes in a model of spike timing-dependent
/// plasticity", equations 2 to 4; with `a_plus[1] = a_minus[1] = 0` the pair rule of Song, Miller
/// and Abbott 2000. Multiplicative: van Rossum, Bi and Turrigiano 2000.
#[derive(Clone, Debug, PartialEq)]
pub struct Stdp {
    /// Growth by a pair, and by a triplet of two target spikes.
    pub a_plus: [f32; 2],
    /// Decline by a pair, and by a triplet of two source spikes.
    pub a_minus: [f32; 2],
    /// What remains after a step of `r1` (`exp(-dt / tau_plus)`) and `r2` (`exp(-dt / tau_x)`).
    pub pre_decay: [f32; 2],
    /// What remains after a step of `o1` (`exp(-dt / tau_minus)`) and `o2` (`exp(-dt / tau_y)`).
    pub post_decay: [f32; 2],
    /// How the size of a change depends on the weight.
    pub dependence: Dependence,
    /// Lower bound of a weight.
    pub weight_min: f32,
    /// Upper bound of a weight.
    pub weight_max: f32,
}

impl Stdp {
    /// The additive pair rule: growth and decline by a pair, what remains of the traces of source
    /// and target after a step, and the bounds of a weight.
    pub fn pair([plus, minus]: [f32; 2], [pre, post]: [f32; 2], [min, max]: [f32; 2]) -> Self {
        Self {
            a_plus: [plus, 0.0],
            a_minus: [minus, 0.0],
            pre_decay: [pre, 0.0],
            post_decay: [post, 0.0],
            dependence: Dependence::Additive,
            weight_min: min,
            weight_max: max,
        }
    }

    /// Whether triplets of spikes count.
    pub(super) fn has_triplets(&self) -> bool {
        self.a_plus[1] != 0.0 || self.a_minus[1] != 0.0
    }

    pub(super) fn problem(&self) -> Option<(&'static str, &'static str, f32)> {
        let decays = [
            ("pre_decay[0]", self.pre_decay[0]),
            ("pre_decay[1]", self.pre_decay[1]),
            ("post_decay[0]", self.post_decay[0]),
            ("post_decay[1]", self.post_decay[1]),
        ];
        let rates = [
            ("a_plus[0]", self.a_plus[0]),
            ("a_plus[1]", self.a_plus[1]),
            ("a_minus[0]", self.a_minus[0]),
            ("a_minus[1]", self.a_minus[1]),
        ];
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
        state.bound(padded, targets, [self.weight_min, self.weight_max]);
        self.decay(state);
        for &source in pre {
            let source = source as usize;
            let slow = state.slow_pre.get(source).copied().unwrap_or(0.0);
            let size = self.a_minus[0] + self.a_minus[1] * slow;
            let row = &mut state.weights[source * padded..][..targets];
            row.iter_mut().zip(&state.post).for_each(|(w, o)| *w = self.moved(*w, -size * o));
        }
        add(pre, &mut state.pre, &mut state.slow_pre);
        for &target in post {
            let target = target as usize;
            let slow = state.slow_post.get(target).copied().unwrap_or(0.0);
            let size = self.a_plus[0] + self.a_plus[1] * slow;
            for (row, r) in state.weights.chunks_exact_mut(padded).zip(&state.pre) {
                row[target] = self.moved(row[target], size * r);
            }
        }
        add(post, &mut state.post, &mut state.slow_post);
    }

    fn decay(&self, state: &mut PlasticState) {
        let decay = |trace: &mut Vec<f32>, by: f32| trace.iter_mut().for_each(|x| *x *= by);
        decay(&mut state.pre, self.pre_decay[0]);
        decay(&mut state.slow_pre, self.pre_decay[1]);
        decay(&mut state.post, self.post_decay[0]);
        decay(&mut state.slow_post, self.post_decay[1]);
    }

    fn moved(&self, w: f32, change: f32) -> f32 {
        let (min, max) = (self.weight_min, self.weight_max);
        let change = match self.dependence {
            Dependence::Additive => change,
            Dependence::Multiplicative if change > 0.0 => change * (max - w) / (max - min),
            Dependence::Multiplicative => change * (w - min) / (max - min),
        };
        (w + change).clamp(min, max)
    }
}

/// Adds a spike to both traces of those that fired.
fn add(fired: &[u32], fast: &mut [f32], slow: &mut [f32]) {
    for &i in fired {
        fast[i as usize] += 1.0;
        if let Some(slow) = slow.get_mut(i as usize) {
            *slow += 1.0;
        }
    }
}
