//! Chance that is passed in: the same seed gives the same jitter, so that a failure can be replayed.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// A generator of random numbers that many may draw from at once.
///
/// It is SplitMix64: a counter and a mixing function, so a draw is one atomic addition. For jitter,
/// not for secrets.
///
/// Source: Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014.
///
/// ```
/// use resilience::Chance;
///
/// let (one, other) = (Chance::from_seed(7), Chance::from_seed(7));
/// assert_eq!(one.bits(), other.bits());
/// assert!(one.unit() < 1.0);
/// ```
#[derive(Debug)]
pub struct Chance(AtomicU64);

const GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;

impl Chance {
    /// The generator of this seed.
    pub const fn from_seed(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }

    /// 64 random bits.
    pub fn bits(&self) -> u64 {
        let mut z = self.0.fetch_add(GAMMA, Ordering::Relaxed).wrapping_add(GAMMA);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number in 0..1, one never reached.
    pub fn unit(&self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// A time between none and `most`: "full jitter".
    pub fn up_to(&self, most: Duration) -> Duration {
        most.mul_f64(self.unit())
    }

    /// A generator of its own for a part, decided by this one.
    pub fn fork(&self) -> Self {
        Self::from_seed(self.bits())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_are_those_of_the_paper() {
        // The first outputs of the reference implementation in C for seed 1234567.
        let chance = Chance::from_seed(1_234_567);
        let drawn = [chance.bits(), chance.bits(), chance.bits()];
        assert_eq!(
            drawn,
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]
        );
    }

    #[test]
    fn units_spread_evenly() {
        let chance = Chance::from_seed(1);
        let mean = (0..100_000).map(|_| chance.unit()).sum::<f64>() / 100_000.0;
        // Five standard errors.
        assert!((mean - 0.5).abs() < 0.005, "{mean}");
        let most = Duration::from_secs(2);
        assert!((0..1000).all(|_| chance.up_to(most) < most));
    }

    #[test]
    fn a_fork_goes_its_own_way() {
        let chance = Chance::from_seed(1);
        let fork = chance.fork();
        assert_ne!(chance.bits(), fork.bits());
    }
}
