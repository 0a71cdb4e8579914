//! Drawing what a description leaves to chance: every number comes from a key and a counter, so
//! that any thread may draw any part of a circuit, in any order.

use rand_core::RngCore;
use rand_distr::Distribution as _;

use super::describe::Distribution;
use crate::random::philox;
use crate::simd::{Isa, Simd, dispatch};

/// Numbers that one call of [`Stream::fill`] gives: 64 counters of four words each.
pub(crate) const CHUNK: usize = 256;

/// What a random number is for; no two uses share one.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Purpose {
    Degrees = 1,
    Sources,
    Delays,
    Weights,
    Start,
    Parameters,
    Drive,
    Trains,
}

/// The random numbers of one purpose and one thing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stream {
    key: [u32; 2],
    tail: [u32; 3],
}

impl Stream {
    /// The numbers of a purpose for a thing that three words name.
    pub(crate) fn new(seed: u64, purpose: Purpose, tail: [u32; 3]) -> Self {
        let high = (seed >> 32) as u32 ^ (purpose as u32).wrapping_mul(0x9e37_79b9);
        Self { key: [seed as u32, high], tail }
    }

    /// The numbers of a chunk.
    pub(crate) fn fill(&self, isa: Isa, chunk: u32, out: &mut [u32; CHUNK]) {
        let (key, tail) = (self.key, self.tail);
        dispatch!(isa, philox_chunk(
            key: [u32; 2] = key,
            tail: [u32; 3] = tail,
            chunk: u32 = chunk,
            out: &mut [u32; CHUNK] = out,
        ));
    }

    /// As many numbers of 16 bits: the low and then the high halves of half as many words.
    pub(crate) fn fill_halves(&self, isa: Isa, chunk: u32, out: &mut [u16; CHUNK]) {
        let (key, tail) = (self.key, self.tail);
        dispatch!(isa, philox_halves(
            key: [u32; 2] = key,
            tail: [u32; 3] = tail,
            chunk: u32 = chunk,
            out: &mut [u16; CHUNK] = out,
        ));
    }

    /// One number by position: the same as in its chunk.
    pub(crate) fn at(&self, position: u64) -> u32 {
        let (chunk, within) = (position / CHUNK as u64, position as usize % CHUNK);
        let counter = chunk as u32 * LANES as u32 + (within % LANES) as u32;
        let [a, b, c] = self.tail;
        philox([counter, a, b, c], self.key)[within / LANES]
    }
}

/// Counters of a chunk.
const LANES: usize = CHUNK / 4;
/// Counters that are worked on together: what fits the registers.
const GROUP: usize = 16;

/// Philox4x32-10 of a group of counters from `first` on: a block for each of the four words.
#[inline(always)]
fn philox_group(mut key: [u32; 2], tail: [u32; 3], first: u32) -> [[u32; GROUP]; 4] {
    let mut a = [0; GROUP];
    (0..GROUP).for_each(|l| a[l] = first.wrapping_add(l as u32));
    let (mut b, mut c, mut d) = ([tail[0]; GROUP], [tail[1]; GROUP], [tail[2]; GROUP]);
    for _ in 0..10 {
        for l in 0..GROUP {
            let p = u64::from(a[l]) * 0xd251_1f53;
            let q = u64::from(c[l]) * 0xcd9e_8d57;
            a[l] = (q >> 32) as u32 ^ b[l] ^ key[0];
            b[l] = q as u32;
            c[l] = (p >> 32) as u32 ^ d[l] ^ key[1];
            d[l] = p as u32;
        }
        key = [key[0].wrapping_add(0x9e37_79b9), key[1].wrapping_add(0xbb67_ae85)];
    }
    [a, b, c, d]
}

/// Word `j` of counter `l` of a chunk is number `64 j + l`.
///
/// # Safety
/// As [`Simd`]; this one is plain Rust that the compiler turns into vectors.
#[inline(always)]
unsafe fn philox_chunk<S: Simd>(key: [u32; 2], tail: [u32; 3], chunk: u32, out: &mut [u32; CHUNK]) {
    for group in (0..LANES).step_by(GROUP) {
        let first = (chunk * LANES as u32).wrapping_add(group as u32);
        for (word, values) in philox_group(key, tail, first).iter().enumerate() {
            out[word * LANES + group..][..GROUP].copy_from_slice(values);
        }
    }
}

/// Half of word `j` of counter `l` of half a chunk is number `128 half + 32 j + l`.
///
/// # Safety
/// As [`Simd`]; this one is plain Rust that the compiler turns into vectors.
#[inline(always)]
unsafe fn philox_halves<S: Simd>(
    key: [u32; 2],
    tail: [u32; 3],
    chunk: u32,
    out: &mut [u16; CHUNK],
) {
    const HALF: usize = LANES / 2;
    let (low, high) = out.split_at_mut(CHUNK / 2);
    for group in (0..HALF).step_by(GROUP) {
        let first = (chunk * HALF as u32).wrapping_add(group as u32);
        for (word, values) in philox_group(key, tail, first).iter().enumerate() {
            let at = word * HALF + group;
            for l in 0..GROUP {
                low[at + l] = values[l] as u16;
                high[at + l] = (values[l] >> 16) as u16;
            }
        }
    }
}

/// The numbers of a stream one after the other.
pub(crate) struct Sequence {
    stream: Stream,
    isa: Isa,
    next: u64,
    chunk: [u32; CHUNK],
}

impl Sequence {
    pub(crate) fn new(stream: Stream, isa: Isa) -> Self {
        Self { stream, isa, next: 0, chunk: [0; CHUNK] }
    }

    pub(crate) fn next(&mut self) -> u32 {
        let within = self.next as usize % CHUNK;
        if within == 0 {
            self.stream.fill(self.isa, (self.next / CHUNK as u64) as u32, &mut self.chunk);
        }
        self.next += 1;
        self.chunk[within]
    }

    /// A number below `n`, by the high part of a product; uniform but for one part in `2^32 / n`.
    pub(crate) fn below(&mut self, n: u32) -> u32 {
        ((u64::from(self.next()) * u64::from(n)) >> 32) as u32
    }

    /// A number below `n`, which may be large.
    pub(crate) fn below_large(&mut self, n: u64) -> u64 {
        let wide = u64::from(self.next()) << 32 | u64::from(self.next());
        ((u128::from(wide) * u128::from(n)) >> 64) as u64
    }

    /// A number in (0, 1).
    pub(crate) fn open_unit(&mut self) -> f64 {
        unit(self.next())
    }
}

impl RngCore for Sequence {
    fn next_u32(&mut self) -> u32 {
        self.next()
    }

    fn next_u64(&mut self) -> u64 {
        u64::from(self.next()) << 32 | u64::from(self.next())
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        for part in bytes.chunks_mut(4) {
            part.copy_from_slice(&self.next().to_le_bytes()[..part.len()]);
        }
    }
}

/// A word as a number in (0, 1), the middle of its cell.
fn unit(word: u32) -> f64 {
    (f64::from(word) + 0.5) / 4_294_967_296.0
}

/// How `total` falls on `n` cells that are equally likely: a multinomial draw, by halving.
pub(crate) fn multinomial(total: u64, n: usize, seed: u64, thing: u32, isa: Isa) -> Vec<u32> {
    let mut counts = vec![0; n];
    let stream = Stream::new(seed, Purpose::Degrees, [thing, 0, 0]);
    let mut random = Sequence::new(stream, isa);
    let mut parts = vec![(0, n, total)];
    while let Some((from, to, total)) = parts.pop() {
        if to - from <= 1 || total == 0 {
            counts[from..to].iter_mut().for_each(|count| *count = total as u32);
            continue;
        }
        let middle = from + (to - from) / 2;
        let share = (middle - from) as f64 / (to - from) as f64;
        // The share lies between 0 and 1, which is all that a binomial distribution asks for.
        let left = rand_distr::Binomial::new(total, share).map_or(0, |d| d.sample(&mut random));
        parts.push((middle, to, total - left));
        parts.push((from, middle, left));
    }
    counts
}

/// A distribution ready to be drawn from by one word per value.
#[derive(Clone, Debug)]
pub(crate) enum Quantile {
    Constant(f64),
    Uniform { min: f64, span: f64 },
    Normal(Normal),
}

/// A normal distribution between two of its probabilities, clipped to bounds.
#[derive(Clone, Debug)]
pub(crate) struct Normal {
    mean: f64,
    sd: f64,
    /// Cumulative probabilities of the bounds.
    from: f64,
    span: f64,
    clip: (f64, f64),
    /// The value at each edge between cells of words; the space between is a straight line, but
    /// for the outermost cells, where the distribution bends.
    edges: Vec<f32>,
}

/// Cells of words between whose edges a normal distribution is taken as straight: within 1e-5
/// standard deviations.
const CELLS_BITS: u32 = 13;
/// Cells at either end that are not.
const TAIL_CELLS: usize = 1 << (CELLS_BITS - 7);

impl Quantile {
    /// None where there is a value per neuron.
    pub(crate) fn new(distribution: &Distribution) -> Option<Self> {
        Some(match *distribution {
            Distribution::Constant(value) => Self::Constant(value),
            Distribution::Uniform { min, max } => Self::Uniform { min, span: max - min },
            Distribution::Normal { mean, sd, .. }
            | Distribution::ClippedNormal { mean, sd, .. }
                if sd == 0.0 =>
            {
                Self::Constant(mean)
            }
            Distribution::Normal { mean, sd, min, max } => {
                let from = cumulative((min - mean) / sd);
                let span = cumulative((max - mean) / sd) - from;
                let clip = (f64::NEG_INFINITY, f64::INFINITY);
                Self::Normal(Normal::new(mean, sd, (from, span), clip))
            }
            Distribution::ClippedNormal { mean, sd, min, max } => {
                Self::Normal(Normal::new(mean, sd, (0.0, 1.0), (min, max)))
            }
            Distribution::Values(_) => return None,
        })
    }

    /// The value that a word draws.
    pub(crate) fn of(&self, word: u32) -> f64 {
        match self {
            Self::Constant(value) => *value,
            Self::Uniform { min, span } => min + span * unit(word),
            Self::Normal(normal) => normal.of(word),
        }
    }

    /// The smallest and the largest value that can be drawn.
    pub(crate) fn range(&self) -> (f64, f64) {
        (self.of(0), self.of(u32::MAX))
    }
}

impl Normal {
    fn new(mean: f64, sd: f64, (from, span): (f64, f64), clip: (f64, f64)) -> Self {
        let mut normal = Self { mean, sd, from, span, clip, edges: Vec::new() };
        let cells = 1u64 << CELLS_BITS;
        let edge = |k| normal.exact(k as f64 / cells as f64) as f32;
        normal.edges = (0..=cells).map(edge).collect();
        normal
    }

    /// The value below which a share of the distribution lies.
    fn exact(&self, share: f64) -> f64 {
        let p = (self.from + self.span * share).clamp(1e-300, 1.0 - 1e-16);
        (self.mean + self.sd * inverse_cumulative(p)).clamp(self.clip.0, self.clip.1)
    }

    #[inline]
    fn of(&self, word: u32) -> f64 {
        let cell = (word >> (32 - CELLS_BITS)) as usize;
        if cell.wrapping_sub(TAIL_CELLS) >= (1 << CELLS_BITS) - 2 * TAIL_CELLS {
            return self.exact(unit(word));
        }
        let within = (word << CELLS_BITS) as f32 * (1.0 / 4_294_967_296.0);
        let (low, high) = (self.edges[cell], self.edges[cell + 1]);
        f64::from(low + (high - low) * within)
    }
}

/// The standard normal distribution function.
pub(crate) fn cumulative(z: f64) -> f64 {
    0.5 * libm::erfc(-z * std::f64::consts::FRAC_1_SQRT_2)
}

/// Its inverse, within 1e-15.
///
/// Source: Wichura 1988, "Algorithm AS 241: the percentage points of the normal distribution",
/// PPND16.
#[allow(clippy::excessive_precision, reason = "the constants as they were published")]
fn inverse_cumulative(p: f64) -> f64 {
    #[rustfmt::skip]
    const CENTRE: [[f64; 8]; 2] = [
        [3.387132872796366608, 133.14166789178437745, 1971.5909503065514427,
         13731.693765509461125, 45921.953931549871457, 67265.770927008700853,
         33430.575583588128105, 2509.0809287301226727],
        [1.0, 42.313330701600911252, 687.1870074920579083, 5394.1960214247511077,
         21213.794301586595867, 39307.89580009271061, 28729.085735721942674,
         5226.495278852545925],
    ];
    #[rustfmt::skip]
    const MIDDLE: [[f64; 8]; 2] = [
        [1.42343711074968357734, 4.6303378461565452959, 5.7694972214606914055,
         3.64784832476320460504, 1.27045825245236838258, 0.24178072517745061177,
         0.0227238449892691845833, 7.7454501427834140764e-4],
        [1.0, 2.05319162663775882187, 1.6763848301838038494, 0.68976733498510000455,
         0.14810397642748007459, 0.0151986665636164571966, 5.475938084995344946e-4,
         1.05075007164441684324e-9],
    ];
    #[rustfmt::skip]
    const TAIL: [[f64; 8]; 2] = [
        [6.6579046435011037772, 5.4637849111641143699, 1.7848265399172913358,
         0.29656057182850489123, 0.026532189526576123093, 0.0012426609473880784386,
         2.71155556874348757815e-5, 2.01033439929228813265e-7],
        [1.0, 0.59983220655588793769, 0.13692988092273580531, 0.0148753612908506148525,
         7.868691311456132591e-4, 1.8463183175100546818e-5, 1.4215117583164458887e-7,
         2.04426310338993978564e-15],
    ];
    let ratio = |[above, below]: &[[f64; 8]; 2], r: f64| {
        let at = |c: &[f64; 8]| c.iter().rev().fold(0.0, |sum, c| sum * r + c);
        at(above) / at(below)
    };
    let q = p - 0.5;
    if q.abs() <= 0.425 {
        return q * ratio(&CENTRE, 0.180625 - q * q);
    }
    let r = libm::sqrt(-libm::log(if q < 0.0 { p } else { 1.0 - p }));
    let z = if r <= 5.0 { ratio(&MIDDLE, r - 1.6) } else { ratio(&TAIL, r - 5.0) };
    if q < 0.0 { -z } else { z }
}

/// A distribution over a few whole numbers, by the probability that a draw lies below each.
#[derive(Clone, Debug, Default)]
pub(crate) struct Steps {
    /// The smallest number.
    pub(crate) min: u32,
    /// How many numbers there are.
    pub(crate) n: u32,
    /// For each number but the last, the first word that draws a larger one.
    ends: Vec<u32>,
    /// For each value of a word's highest bits, the number that its lowest word draws.
    guide: Vec<u16>,
}

const GUIDE_BITS: u32 = 10;

/// A time in steps of `dt`, rounded, at least 1.
pub(crate) fn steps(time: f64, dt: f64) -> u32 {
    libm::round(time / dt).max(1.0) as u32
}

impl Steps {
    /// A quantity in units of `unit`, rounded, at least 1: a delay in steps.
    pub(crate) fn new(distribution: &Distribution, unit: f64) -> Option<Self> {
        let quantile = Quantile::new(distribution)?;
        let round = |value: f64| steps(value, unit);
        let (low, high) = quantile.range();
        let (min, n) = (round(low), round(high) - round(low) + 1);
        // The first word that draws more than a number, by bisection: draws rise with the word.
        let end = |number: u32| {
            let (mut low, mut high) = (0u64, 1 << 32);
            while low < high {
                let middle = (low + high) / 2;
                if round(quantile.of(middle as u32)) > number {
                    high = middle;
                } else {
                    low = middle + 1;
                }
            }
            u32::try_from(low).unwrap_or(u32::MAX)
        };
        let ends: Vec<u32> = (min..min + n - 1).map(end).collect();
        let first =
            |cell: u32| ends.partition_point(|&end| end <= cell << (32 - GUIDE_BITS)) as u16;
        let guide = (0..1 << GUIDE_BITS).map(first).collect();
        Some(Self { min, n, ends, guide })
    }

    /// The position among the numbers that a word draws.
    #[inline]
    pub(crate) fn of(&self, word: u32) -> u32 {
        let mut k = self.guide[(word >> (32 - GUIDE_BITS)) as usize] as usize;
        while k < self.ends.len() && self.ends[k] <= word {
            k += 1;
        }
        k as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunk_is_the_generator_on_every_instruction_set() {
        let stream = Stream::new(0x1234_5678_9abc, Purpose::Sources, [7, 8, 9]);
        for isa in Isa::available() {
            let mut chunk = [0; CHUNK];
            stream.fill(isa, 3, &mut chunk);
            for (k, word) in chunk.iter().enumerate() {
                assert_eq!(*word, stream.at(3 * CHUNK as u64 + k as u64), "{isa:?} {k}");
            }
        }
    }

    #[test]
    fn the_inverse_inverts() {
        // Within the error of `erfc` itself.
        for z in (-60..=60).map(|k| f64::from(k) / 10.0) {
            let back = inverse_cumulative(cumulative(z));
            assert!((back - z).abs() < 1e-7 || z > 5.0, "{z} came back as {back}");
        }
        assert!((inverse_cumulative(0.975) - 1.959_963_984_540_054).abs() < 1e-12);
    }

    #[test]
    fn straight_cells_are_close() {
        let spread = Distribution::Normal { mean: 0.0, sd: 1.0, min: -1.0, max: f64::INFINITY };
        let Some(Quantile::Normal(normal)) = Quantile::new(&spread) else { panic!() };
        for word in (0..u32::MAX).step_by(99_991) {
            let error = (normal.of(word) - normal.exact(unit(word))).abs();
            assert!(error < 1e-5, "{word} is off by {error:e}");
        }
    }

    #[test]
    fn delays_follow_their_distribution() {
        let normal = Distribution::Normal { mean: 1.5, sd: 0.75, min: 0.05, max: f64::INFINITY };
        let steps = Steps::new(&normal, 0.1).unwrap();
        assert_eq!(steps.min, 1);
        let mut random = Sequence::new(Stream::new(1, Purpose::Delays, [0; 3]), Isa::Portable);
        let n = 200_000;
        let mut counts = vec![0.0; steps.n as usize];
        (0..n).for_each(|_| counts[steps.of(random.next()) as usize] += 1.0);
        let mass = 1.0 - cumulative((0.05 - 1.5) / 0.75);
        for (k, count) in counts.iter().enumerate() {
            let at = |edge: f64| cumulative((edge - 1.5) / 0.75) / mass;
            let middle = f64::from(steps.min + k as u32) * 0.1;
            let expected = f64::from(n) * (at(middle + 0.05) - at(middle - 0.05));
            assert!((count - expected).abs() < 5.0 * expected.sqrt().max(1.0), "step {k}");
        }
    }

    #[test]
    fn a_total_falls_evenly() {
        let counts = multinomial(1_000_000, 1000, 5, 0, Isa::Portable);
        assert_eq!(counts.iter().map(|&c| u64::from(c)).sum::<u64>(), 1_000_000);
        let spread: f64 = counts.iter().map(|&c| (f64::from(c) - 1000.0).powi(2)).sum();
        // The variance of a cell is 1000; that of this estimate is 45 (1 sd).
        assert!((spread / 1000.0 - 999.0).abs() < 225.0, "{spread}");
    }
}
