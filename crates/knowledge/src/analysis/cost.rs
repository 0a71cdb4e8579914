//! What it costs to follow a tie.

/// Weaker ties cost what this strength costs, so that sums of costs stay exact enough to compare.
pub const MIN_COSTED_STRENGTH: f64 = 1e-6;

/// A cost from the strength `s` of a tie, the strongest of its links.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Cost {
    /// `-ln s`: the cheapest way is the one whose strengths multiplied are the greatest.
    #[default]
    Surprisal,
    /// `1 / s`, at least 1 (Newman 2001, "Scientific collaboration networks II").
    Inverse,
    /// 1.
    Hops,
}

impl Cost {
    /// The cost of a strength from 0 to 1.
    pub fn of(self, strength: f64) -> f64 {
        let strength = strength.clamp(MIN_COSTED_STRENGTH, 1.0);
        match self {
            // `ln 1` is 0, and its negative would print as -0.
            Cost::Surprisal => 0.0 - strength.ln(),
            Cost::Inverse => 1.0 / strength,
            Cost::Hops => 1.0,
        }
    }
}
