//! Vectors as bytes: `x = scale * q`, a scale of 16 bits for each vector and a signed byte for each
//! number, and perhaps a second byte for what is left of it.

use crate::packed::width_of;
use crate::simd::{self, BIAS, Isa, LINE, Line, bytes_of_mut};
use crate::{Error, random};

/// The value of a scale's unit: a scale of 65535 and a byte of 127 stand for 1.
pub(crate) const UNIT: f32 = 1.0 / (65535.0 * 127.0);
/// Steps of the second byte in one of the first.
pub(crate) const RESIDUAL_STEPS: f32 = 254.0;

/// The vector at unit length.
pub(crate) fn unit(vector: &[f32], dimension: usize) -> Result<Vec<f32>, Error> {
    if vector.len() != dimension {
        return Err(Error::Dimension { found: vector.len(), expected: dimension });
    }
    if let Some(position) = vector.iter().position(|x| !x.is_finite()) {
        return Err(Error::NotFinite { position });
    }
    let norm = sum_of_squares(vector).sqrt();
    if norm == 0.0 {
        return Err(Error::Zero);
    }
    let inverse = 1.0 / norm;
    Ok(vector.iter().map(|x| (f64::from(*x) * inverse) as f32).collect())
}

/// In f64 no sum of squares of finite f32 overflows or vanishes; in eight lanes, so that no addition
/// waits for the one before.
fn sum_of_squares(vector: &[f32]) -> f64 {
    let square = |x: &f32| f64::from(*x) * f64::from(*x);
    let (chunks, rest) = vector.as_chunks::<8>();
    let mut lanes = [0.0f64; 8];
    for chunk in chunks {
        lanes.iter_mut().zip(chunk).for_each(|(lane, x)| *lane += square(x));
    }
    lanes.iter().sum::<f64>() + rest.iter().map(square).sum::<f64>()
}

/// The largest magnitude of finite numbers, whose order is that of their bits without the sign.
pub(crate) fn largest(vector: &[f32]) -> f32 {
    let bits = vector.iter().fold(0, |most: i32, x| most.max((x.to_bits() & !(1 << 31)) as i32));
    f32::from_bits(bits as u32)
}

/// A vector as bytes, on its own.
#[derive(Clone, Debug)]
pub(crate) struct Code {
    /// A byte for each number, and zeros up to the width of a row.
    pub(crate) row: Vec<u8>,
    pub(crate) scale: u16,
}

impl Code {
    /// The nearest bytes to a vector whose numbers lie in -1 to 1.
    pub(crate) fn of(vector: &[f32]) -> Self {
        let mut row = vec![BIAS; width_of(vector.len())];
        let scale = encode(vector, &mut row);
        Self { row, scale }
    }

    /// As [`Code::of`], but each number goes to one of the two bytes around it, by chance and the more
    /// likely to the nearer, so that small changes add up on average.
    pub(crate) fn dithered(vector: &[f32], state: &mut u64) -> Self {
        let mut row = vec![BIAS; width_of(vector.len())];
        let (scale, inverse) = scale_of(vector);
        for (vector, row) in vector.chunks(8).zip(row.chunks_mut(8)) {
            let chances = random::next(state).to_le_bytes();
            for ((x, byte), chance) in vector.iter().zip(row).zip(chances) {
                *byte = biased(x * inverse + (f32::from(chance) + 0.5) / 256.0 - 0.5);
            }
        }
        Self { row, scale }
    }

    /// The second bytes: what the first leave over.
    pub(crate) fn residual(&self, vector: &[f32]) -> Vec<u8> {
        let mut rests = vec![BIAS; self.row.len()];
        let inverse = 1.0 / (f32::from(self.scale) * UNIT);
        let pairs = self.row.iter().zip(vector);
        for ((first, x), second) in pairs.zip(&mut rests) {
            let rest = x * inverse - signed(*first);
            *second = biased(rest * RESIDUAL_STEPS);
        }
        rests
    }
}

/// Writes the bytes of a vector and gives its scale.
pub(crate) fn encode(vector: &[f32], bytes: &mut [u8]) -> u16 {
    let (scale, inverse) = scale_of(vector);
    for (x, byte) in vector.iter().zip(bytes) {
        *byte = biased(x * inverse);
    }
    scale
}

/// The scale of a vector, and what its numbers are multiplied by to be bytes.
fn scale_of(vector: &[f32]) -> (u16, f32) {
    let scale = (largest(vector) * 65535.0).ceil().clamp(1.0, 65535.0);
    (scale as u16, 1.0 / (scale * UNIT))
}

/// The nearest whole number from -127 to 127, as it is stored. Added to 1.5 * 2^23 a number leaves
/// its nearest whole number in the lowest bits.
#[inline(always)]
fn biased(x: f32) -> u8 {
    const MAGIC: f32 = 12_582_912.0;
    ((x.clamp(-127.0, 127.0) + MAGIC).to_bits() as u8).wrapping_add(BIAS)
}

/// A stored byte as a number.
#[inline(always)]
pub(crate) fn signed(byte: u8) -> f32 {
    f32::from(i16::from(byte) - i16::from(BIAS))
}

/// A vector as the kernels want what rows are compared with: signed bytes.
#[derive(Clone, Debug)]
pub(crate) struct Probe {
    /// Signed bytes, padded with zeros.
    pub(crate) lines: Vec<Line>,
    /// Bytes of the rows that it is compared with.
    pub(crate) width: usize,
    /// What the bias of the rows adds to a dot product.
    pub(crate) bias: i32,
    /// A dot product times the row's scale times this is the cosine.
    pub(crate) factor: f32,
}

impl Probe {
    /// Of any vector whose numbers lie in -1 to 1.
    pub(crate) fn of(vector: &[f32]) -> Self {
        let code = Code::of(vector);
        Self::of_row(&code.row, code.scale)
    }

    /// Of a stored row.
    pub(crate) fn of_row(row: &[u8], scale: u16) -> Self {
        let mut lines = vec![Line([0; LINE]); row.len().div_ceil(LINE)];
        let mut sum = 0;
        for (to, byte) in bytes_of_mut(&mut lines).iter_mut().zip(row) {
            *to = byte.wrapping_sub(BIAS);
            sum += i32::from(*to as i8);
        }
        Self {
            lines,
            width: row.len(),
            bias: i32::from(BIAS) * sum,
            factor: f32::from(scale) * UNIT * UNIT,
        }
    }

    /// The dot product with each of rows that lie one behind the other; `next` is read after them.
    pub(crate) fn dots(&self, isa: Isa, rows: &[u8], next: *const u8, out: &mut [i32]) {
        simd::dots(isa, rows, self.width, &self.lines, next, out);
    }

    /// The dot products of a row with four vectors.
    pub(crate) fn dots_of_four(isa: Isa, row: &[u8], probes: [&Self; 4]) -> [i32; 4] {
        simd::dots_of_four(isa, row, probes.map(|probe| &probe.lines[..]))
    }

    /// The step of its bytes.
    pub(crate) fn step(&self) -> f32 {
        self.factor / UNIT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vector_comes_back_within_half_a_step_and_with_its_residual_within_a_508th() {
        let vector: Vec<f32> = (0..100).map(|i| ((i * 37 % 101) as f32 - 50.0) / 290.0).collect();
        let code = Code::of(&vector);
        let residual = code.residual(&vector);
        let step = f32::from(code.scale) * UNIT;
        let pairs = code.row.iter().zip(&residual);
        for (x, (first, second)) in vector.iter().zip(pairs) {
            let coarse = signed(*first) * step;
            assert!((x - coarse).abs() <= step * 0.5001, "{x} {coarse}");
            let fine = coarse + signed(*second) * step / RESIDUAL_STEPS;
            assert!((x - fine).abs() <= step / 500.0, "{x} {fine}");
        }
    }

    #[test]
    fn chance_keeps_what_rounding_would_lose() {
        let vector: Vec<f32> = (0..100).map(|i| (i as f32 + 0.3) / 100.0 / 12.0).collect();
        let mut state = 1;
        let mut sums = vec![0.0; 100];
        for _ in 0..1000 {
            let code = Code::dithered(&vector, &mut state);
            let step = f32::from(code.scale) * UNIT;
            for ((sum, byte), x) in sums.iter_mut().zip(&code.row).zip(&vector) {
                assert!((signed(*byte) * step - x).abs() < step, "further than the next byte");
                *sum += signed(*byte) * step;
            }
        }
        let step = 0.0836 / 127.0;
        let off = |(sum, x): (&f32, &f32)| (sum / 1000.0 - x).abs() / step;
        assert!(sums.iter().zip(&vector).map(off).all(|off| off < 0.08));
    }

    #[test]
    fn lengths_from_the_smallest_to_the_largest_become_one() {
        for x in [f32::MIN_POSITIVE, 1e-45, 1.0, f32::MAX] {
            let v = unit(&[x, x], 2).unwrap();
            assert!((v[0] - 0.5f32.sqrt()).abs() < 1e-6, "{x} {v:?}");
        }
        assert_eq!(unit(&[0.0, -0.0], 2), Err(Error::Zero));
        assert_eq!(unit(&[0.0, f32::NAN], 2), Err(Error::NotFinite { position: 1 }));
        assert_eq!(unit(&[0.0], 2), Err(Error::Dimension { found: 1, expected: 2 }));
    }
}
