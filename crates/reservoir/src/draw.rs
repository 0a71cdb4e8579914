//! Chance from a seed: splitmix64 (Steele, Lea and Flood 2014, "Fast splittable pseudorandom number
//! generators").

/// A stream of numbers that its seed decides.
#[derive(Clone, Debug)]
pub(crate) struct Draw(u64);

impl Draw {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Uniform in \[0, 1).
    pub(crate) fn uniform(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// The next position that a draw with probability `p` hits, counted from `from`.
    pub(crate) fn skip(&mut self, from: usize, p: f64) -> usize {
        if p >= 1.0 {
            return from;
        }
        let gap = (1.0 - self.uniform()).ln() / (-p).ln_1p();
        from.saturating_add(gap.min(1e15) as usize)
    }

    /// Exponentially distributed with mean 1: a gamma of shape 1.
    pub(crate) fn exponential(&mut self) -> f64 {
        -(1.0 - self.uniform()).ln()
    }
}
