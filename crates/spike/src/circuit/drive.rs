//! Poisson drive: how many spikes of a train fall into a step, for every neuron of a chunk at once.
//!
//! A count is drawn by inversion of a word of 32 bits. Its upper half decides nearly always, so
//! only that is drawn for all neurons; the lower half is drawn for the few whose upper half is that
//! of a boundary. The counts are those of whole words, at half the cost.

use super::draw::{CHUNK, Purpose, Stream};
use crate::simd::{Isa, Simd, dispatch};

/// Poisson trains into one receptor of a population, one per neuron.
#[derive(Clone, Debug)]
pub(crate) struct Drive {
    pub(crate) receptor: usize,
    pub(crate) weight: f32,
    pub(crate) from_step: u64,
    pub(crate) until_step: u64,
    /// For each count but the last, the first word that draws a larger one.
    ends: Vec<u32>,
    /// The upper halves of the ends, each with the number of ends that share it.
    cells: Vec<(u16, u16)>,
    seed: u64,
    thing: u32,
}

/// The mark of the words that hold lower halves.
const LOWER: u32 = 1 << 31;

impl Drive {
    /// Trains of `mean` spikes per step; `thing` tells them from other trains of the circuit.
    pub(crate) fn new(mean: f64, weight: f64, receptor: usize, seed: u64, thing: u32) -> Self {
        let ends = counts(mean);
        let mut cells: Vec<(u16, u16)> = Vec::new();
        for end in &ends {
            let upper = (end >> 16) as u16;
            match cells.last_mut() {
                Some((cell, n)) if *cell == upper => *n += 1,
                _ => cells.push((upper, 1)),
            }
        }
        Self {
            receptor,
            weight: weight as f32,
            from_step: 0,
            until_step: u64::MAX,
            ends,
            cells,
            seed,
            thing,
        }
    }

    /// Adds what falls into a step to the input of a chunk of the population.
    pub(crate) fn add(&self, isa: Isa, step: u64, chunk: u32, input: &mut [f32; CHUNK]) {
        let mut upper = [0; CHUNK];
        self.stream(step, 0).fill_halves(isa, chunk, &mut upper);
        let mut open = [0u8; CHUNK / GROUP];
        let (drive, halves, unsure) = (self, &upper, &mut open);
        dispatch!(isa, add_counts(
            drive: &Drive = drive,
            halves: &[u16; CHUNK] = halves,
            input: &mut [f32; CHUNK] = input,
            unsure: &mut [u8; CHUNK / GROUP] = unsure,
        ));
        for (group, _) in open.iter().enumerate().filter(|(_, open)| **open != 0) {
            for k in group * GROUP..(group + 1) * GROUP {
                if self.cells.iter().any(|(cell, _)| *cell == upper[k]) {
                    let position = u64::from(chunk) * CHUNK as u64 + k as u64;
                    let lower = self.stream(step, LOWER).at(position) & 0xffff;
                    let word = u32::from(upper[k]) << 16 | lower;
                    let sure = self.sure(upper[k]);
                    let count = self.ends.partition_point(|&end| end <= word);
                    input[k] += (count - sure) as f32 * self.weight;
                }
            }
        }
    }

    /// The number of ends that an upper half is certainly beyond.
    fn sure(&self, upper: u16) -> usize {
        let beyond = self.cells.iter().filter(|(cell, _)| upper > *cell);
        beyond.map(|(_, n)| usize::from(*n)).sum()
    }

    fn stream(&self, step: u64, mark: u32) -> Stream {
        let step = [step as u32, (step >> 32) as u32];
        Stream::new(self.seed, Purpose::Drive, [step[0], step[1], self.thing | mark])
    }
}

/// For each count that a word can draw, but the last, the first word that draws a larger one:
/// the cumulative Poisson probabilities in 32 bits.
///
/// Source: Devroye 1986, "Non-uniform random variate generation", section X.3.3 (inversion).
fn counts(mean: f64) -> Vec<u32> {
    let mut ends = Vec::new();
    let mut p = libm::exp(-mean);
    let (mut below, mut n) = (p, 0.0);
    while below < 1.0 - 1.0 / 8_589_934_592.0 && n < 100.0 * mean + 100.0 {
        ends.push((below * 4_294_967_296.0) as u32);
        n += 1.0;
        p *= mean / n;
        below += p;
    }
    ends
}

/// Halves that are compared together: what fits the registers.
const GROUP: usize = 32;

/// Adds the counts that upper halves make certain, and marks groups with some that are not.
///
/// # Safety
/// As [`Simd`]; this one is plain Rust that the compiler turns into vectors.
#[inline(always)]
unsafe fn add_counts<S: Simd>(
    drive: &Drive,
    halves: &[u16; CHUNK],
    input: &mut [f32; CHUNK],
    unsure: &mut [u8; CHUNK / GROUP],
) {
    let (groups, inputs) = (halves.as_chunks::<GROUP>().0, input.as_chunks_mut::<GROUP>().0);
    for ((halves, input), unsure) in groups.iter().zip(inputs).zip(unsure) {
        let (mut counts, mut ties) = ([0u16; GROUP], [0u16; GROUP]);
        for &(cell, n) in &drive.cells {
            for k in 0..GROUP {
                counts[k] += if halves[k] > cell { n } else { 0 };
                ties[k] |= u16::from(halves[k] == cell);
            }
        }
        for k in 0..GROUP {
            input[k] += f32::from(counts[k]) * drive.weight;
        }
        *unsure = u8::from(ties.iter().fold(0, |any, tie| any | tie) != 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_poisson() {
        for mean in [0.02, 1.0, 2.3, 40.0] {
            let drive = Drive::new(mean, 1.0, 0, 9, 0);
            let (mut sum, mut squares) = (0.0, 0.0);
            let n = 2_000 * CHUNK;
            for step in 0..2_000 {
                let mut input = [0.0; CHUNK];
                drive.add(Isa::detect(), step, 3, &mut input);
                sum += input.iter().map(|&x| f64::from(x)).sum::<f64>();
                squares += input.iter().map(|&x| f64::from(x) * f64::from(x)).sum::<f64>();
            }
            let n = n as f64;
            let found = sum / n;
            let variance = squares / n - found * found;
            // Five standard errors of either estimate.
            assert!((found - mean).abs() < 5.0 * (mean / n).sqrt(), "mean {found} of {mean}");
            let error = ((mean + 2.0 * mean * mean) / n).sqrt();
            assert!((variance - mean).abs() < 5.0 * error, "variance {variance} of {mean}");
        }
    }

    #[test]
    fn a_half_and_its_other_half_are_a_word() {
        let drive = Drive::new(2.3, 1.0, 0, 9, 0);
        for isa in Isa::available() {
            for step in 0..500 {
                let mut input = [0.0; CHUNK];
                drive.add(isa, step, 7, &mut input);
                let mut upper = [0; CHUNK];
                drive.stream(step, 0).fill_halves(isa, 7, &mut upper);
                for (k, &found) in input.iter().enumerate() {
                    let lower = drive.stream(step, LOWER).at((7 * CHUNK + k) as u64) & 0xffff;
                    let word = u32::from(upper[k]) << 16 | lower;
                    let expected = drive.ends.iter().filter(|&&end| end <= word).count();
                    assert_eq!(found, expected as f32, "{isa:?} step {step} neuron {k}");
                }
            }
        }
    }
}
