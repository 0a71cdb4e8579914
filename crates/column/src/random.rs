//! Chance from a seed: SplitMix64 (Steele, Lea, Flood 2014).

/// The next number.
pub(crate) fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// A number below `n`.
pub(crate) fn below(state: &mut u64, n: usize) -> usize {
    ((u128::from(next(state)) * n as u128) >> 64) as usize
}
