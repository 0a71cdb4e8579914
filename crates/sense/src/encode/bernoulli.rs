//! Rate code by chance: a spike or none, drawn for each step.

use super::Encoder;

/// Draws a spike in each step with probability x: a Poisson process seen in steps.
///
/// ```text
/// spike in step t of channel i  where  u(seed, i, t) < x
/// ```
///
/// u is uniform on multiples of 2^-24 in \[0, 1), from Philox4x32-10 with the seed as key and
/// (t / 4, i) as counter, word t mod 4. It depends on nothing else, so a channel's spikes do not
/// change with the number of channels or steps, and a higher x keeps every spike of a lower one.
///
/// - **Parameters**: `seed`, any.
/// - **Input**: x in \[0, 1\], spikes per step, shape (n).
/// - **Output**: 0 or 1, shape (steps, n); x steps spikes on average, variance x (1 - x) steps.
/// - **Errors**: as [`Encoder::encode`].
/// - **Source**: Dayan, Abbott (2001), *Theoretical Neuroscience*, 1.4 (the Poisson spike
///   generator); Salmon, Moraes, Dror, Shaw (2011), "Parallel random numbers: as easy as 1, 2, 3".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bernoulli {
    /// The same seed gives the same spikes, on every machine.
    pub seed: u64,
}

impl Encoder for Bernoulli {
    fn fill(&self, intensity: f32, channel_idx: u32, steps: &mut [f32]) {
        let key = [self.seed as u32, (self.seed >> 32) as u32];
        for (block_idx, block) in steps.chunks_mut(4).enumerate() {
            let words = philox([block_idx as u32, channel_idx, 0, 0], key);
            for (value, word) in block.iter_mut().zip(words) {
                *value = f32::from(uniform(word) < intensity);
            }
        }
    }
}

/// The upper 24 bits as a number in \[0, 1).
fn uniform(word: u32) -> f32 {
    (word >> 8) as f32 / 16_777_216.0
}

/// Philox4x32-10.
fn philox(mut counter: [u32; 4], mut key: [u32; 2]) -> [u32; 4] {
    for _ in 0..10 {
        let product_0 = u64::from(counter[0]) * 0xD251_1F53;
        let product_2 = u64::from(counter[2]) * 0xCD9E_8D57;
        counter = [
            (product_2 >> 32) as u32 ^ counter[1] ^ key[0],
            product_2 as u32,
            (product_0 >> 32) as u32 ^ counter[3] ^ key[1],
            product_0 as u32,
        ];
        key = [key[0].wrapping_add(0x9E37_79B9), key[1].wrapping_add(0xBB67_AE85)];
    }
    counter
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Known answers of Random123 1.14, `tests/kat_vectors`.
    #[test]
    fn philox_gives_the_published_answers() {
        let zeros = [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8];
        assert_eq!(philox([0; 4], [0; 2]), zeros);
        let ones = [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd];
        assert_eq!(philox([u32::MAX; 4], [u32::MAX; 2]), ones);
        let pi = [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344];
        let expected = [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1];
        assert_eq!(philox(pi, [0xa409_3822, 0x299f_31d0]), expected);
    }

    /// Mean within five standard deviations, sqrt(x (1 - x) / n).
    #[test]
    fn the_mean_is_the_intensity() {
        let n_steps = 100_000;
        for intensity in [0.1_f32, 0.5, 0.9] {
            let raster = Bernoulli { seed: 1 }.encode(&[intensity], n_steps).unwrap();
            let mean = raster.data().iter().sum::<f32>() / n_steps as f32;
            let deviation = (intensity * (1.0 - intensity) / n_steps as f32).sqrt();
            assert!((mean - intensity).abs() < 5.0 * deviation, "{mean} for {intensity}");
        }
    }

    #[test]
    fn seeds_and_channels_differ_and_length_does_not_matter() {
        let encode = |seed, n_steps| Bernoulli { seed }.encode(&[0.5; 2], n_steps).unwrap();
        assert_ne!(encode(1, 64), encode(2, 64));
        assert_ne!(encode(1, 64), encode(1 << 32, 64));
        assert_eq!(encode(1, 64).data()[..60], encode(1, 30).data()[..]);
        let long = encode(1, 64);
        assert!(long.steps().any(|step| step[0] != step[1]));
    }

    #[test]
    fn one_spikes_in_every_step() {
        let raster = Bernoulli { seed: 3 }.encode(&[1.0], 1000).unwrap();
        assert!(raster.data().iter().all(|value| *value == 1.0));
    }
}
