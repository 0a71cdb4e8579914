//! A run of samples of one series, compressed.
//!
//! Times are delta of delta, values are xored with the one before: Pelkonen and others, "Gorilla: A
//! Fast, Scalable, In-Memory Time Series Database", VLDB 2015, section 4.1. The widths are those of
//! Prometheus (`tsdb/docs/format/chunks.md`, XOR chunk data), which suit milliseconds.

use std::sync::Arc;

use crate::bits::{BitReader, BitWriter};

/// Samples of a chunk that is full: as Prometheus'.
pub(crate) const SAMPLES_PER_CHUNK: u16 = 120;

/// One value at one time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// When (milliseconds since 1970-01-01 UTC).
    pub t_ms: i64,
    /// What.
    pub value: f64,
}

/// A series ends here: no value until the next sample. Prometheus' staleness marker.
pub const STALE: f64 = f64::from_bits(0x7ff0_0000_0000_0002);

/// Whether it is [`STALE`], and not another NaN.
pub fn is_stale(value: f64) -> bool {
    value.to_bits() == STALE.to_bits()
}

/// A chunk that is being written.
#[derive(Clone, Debug, Default)]
pub(crate) struct Writer {
    bits: BitWriter,
    count: u16,
    first_ms: i64,
    last: Coder,
}

/// What the next sample is told against.
#[derive(Clone, Copy, Debug, Default)]
struct Coder {
    t_ms: i64,
    delta: i64,
    value: u64,
    /// Zeros before and after the bits that changed, of the last window written.
    leading: u32,
    trailing: u32,
    has_window: bool,
}

/// The widths of a delta of delta, each behind one more bit that is set.
const WIDTHS: [u32; 3] = [14, 17, 20];
const MAX_LEADING: u32 = 31;

impl Writer {
    pub(crate) fn count(&self) -> u16 {
        self.count
    }

    pub(crate) fn first_ms(&self) -> i64 {
        self.first_ms
    }

    pub(crate) fn last_ms(&self) -> i64 {
        self.last.t_ms
    }

    pub(crate) fn capacity(&self) -> usize {
        self.bits.capacity()
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        self.bits.bytes()
    }

    /// Adds a sample that is later than the last.
    pub(crate) fn push(&mut self, sample: Sample) {
        let bits = sample.value.to_bits();
        if self.count == 0 {
            self.first_ms = sample.t_ms;
            self.bits.bits(sample.t_ms as u64, 64);
            self.bits.bits(bits, 64);
        } else {
            let delta = sample.t_ms.wrapping_sub(self.last.t_ms);
            self.time(delta.wrapping_sub(self.last.delta));
            self.last.delta = delta;
            self.value(bits ^ self.last.value);
        }
        (self.last.t_ms, self.last.value) = (sample.t_ms, bits);
        self.count += 1;
    }

    fn time(&mut self, change: i64) {
        if change == 0 {
            return self.bits.bit(false);
        }
        for width in WIDTHS {
            self.bits.bit(true);
            let half = 1_i64 << (width - 1);
            if (-half..half).contains(&change) {
                self.bits.bit(false);
                return self.bits.bits(change as u64, width);
            }
        }
        self.bits.bits(0b1, 1);
        self.bits.bits(change as u64, 64);
    }

    fn value(&mut self, changed: u64) {
        if changed == 0 {
            return self.bits.bit(false);
        }
        self.bits.bit(true);
        let leading = changed.leading_zeros().min(MAX_LEADING);
        let trailing = changed.trailing_zeros();
        let last = &mut self.last;
        if last.has_window && leading >= last.leading && trailing >= last.trailing {
            let width = 64 - last.leading - last.trailing;
            self.bits.bit(false);
            return self.bits.bits(changed >> last.trailing, width);
        }
        (last.leading, last.trailing, last.has_window) = (leading, trailing, true);
        let width = 64 - leading - trailing;
        self.bits.bit(true);
        self.bits.bits(u64::from(leading), 5);
        // A width of 64 is written as 0, which does not occur otherwise.
        self.bits.bits(u64::from(width % 64), 6);
        self.bits.bits(changed >> trailing, width);
    }

    /// What was written so far.
    pub(crate) fn chunk(&self) -> Chunk {
        Chunk {
            first_ms: self.first_ms,
            last_ms: self.last.t_ms,
            count: self.count,
            bytes: Arc::from(self.bits.bytes()),
        }
    }
}

/// A chunk that is only read; clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Chunk {
    pub(crate) first_ms: i64,
    pub(crate) last_ms: i64,
    pub(crate) count: u16,
    pub(crate) bytes: Arc<[u8]>,
}

impl Chunk {
    pub(crate) fn samples(&self) -> Samples<'_> {
        samples(&self.bytes, self.count)
    }
}

/// The samples of so many bytes; ends early where the bytes do.
pub(crate) fn samples(bytes: &[u8], count: u16) -> Samples<'_> {
    Samples { bits: BitReader::new(bytes), left: count, first: true, last: Coder::default() }
}

/// See [`Chunk::samples`].
pub(crate) struct Samples<'a> {
    bits: BitReader<'a>,
    left: u16,
    first: bool,
    last: Coder,
}

impl Samples<'_> {
    fn time(&mut self) -> Option<i64> {
        if !self.bits.bit()? {
            return Some(0);
        }
        for width in WIDTHS {
            if !self.bits.bit()? {
                let unused = 64 - width;
                return Some((self.bits.bits(width)? << unused) as i64 >> unused);
            }
        }
        Some(self.bits.bits(64)? as i64)
    }

    fn value(&mut self) -> Option<u64> {
        if !self.bits.bit()? {
            return Some(0);
        }
        if self.bits.bit()? {
            let leading = self.bits.bits(5)? as u32;
            let width = match self.bits.bits(6)? as u32 {
                0 => 64,
                width => width,
            };
            self.last.leading = leading;
            self.last.trailing = 64_u32.checked_sub(leading + width)?;
        }
        let width = 64 - self.last.leading - self.last.trailing;
        Some(self.bits.bits(width)? << self.last.trailing)
    }
}

impl Iterator for Samples<'_> {
    type Item = Sample;

    fn next(&mut self) -> Option<Sample> {
        self.left = self.left.checked_sub(1)?;
        let last = &mut self.last;
        if self.first {
            self.first = false;
            last.t_ms = self.bits.bits(64)? as i64;
            last.value = self.bits.bits(64)?;
        } else {
            let change = self.time()?;
            self.last.delta = self.last.delta.wrapping_add(change);
            self.last.t_ms = self.last.t_ms.wrapping_add(self.last.delta);
            self.last.value ^= self.value()?;
        }
        Some(Sample { t_ms: self.last.t_ms, value: f64::from_bits(self.last.value) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(samples: &[Sample]) -> usize {
        let mut writer = Writer::default();
        for sample in samples {
            writer.push(*sample);
        }
        let chunk = writer.chunk();
        let read: Vec<_> = chunk.samples().map(|s| (s.t_ms, s.value.to_bits())).collect();
        let expected: Vec<_> = samples.iter().map(|s| (s.t_ms, s.value.to_bits())).collect();
        assert_eq!(read, expected);
        chunk.bytes.len()
    }

    #[test]
    fn widths_at_their_bounds() {
        let mut t_ms = 0_i64;
        let (mut samples, mut delta) = (Vec::new(), 0_i64);
        for change in [0, 1, -1, 8191, -8192, 8192, 65_535, -65_536, 65_536, 524_287, 524_288] {
            delta += change;
            t_ms += delta.abs().max(1);
            samples.push(Sample { t_ms, value: change as f64 });
        }
        check(&samples);
        check(&[
            Sample { t_ms: i64::MIN, value: f64::NAN },
            Sample { t_ms: 0, value: STALE },
            Sample { t_ms: i64::MAX, value: -0.0 },
        ]);
        check(&[]);
    }

    #[test]
    fn a_counter_at_a_regular_interval_is_small() {
        let samples: Vec<_> = (0..120)
            .map(|i| Sample { t_ms: 1_700_000_000_000 + i * 15_000, value: (i * 3) as f64 })
            .collect();
        assert!(check(&samples) < 120 * 2, "{}", check(&samples));
        let constant: Vec<_> = samples.iter().map(|s| Sample { value: 1.0, ..*s }).collect();
        // The first whole, the first delta and its value, then two bits each.
        assert_eq!(check(&constant), 16 + (19_usize + 1 + 2 * 118).div_ceil(8) + 1);
    }

    #[test]
    fn any_bytes_are_read_without_harm() {
        let mut bytes = vec![0_u8; 64];
        let mut state = 1_u64;
        for _ in 0..2000 {
            for byte in &mut bytes {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                *byte = (state >> 56) as u8;
            }
            assert!(samples(&bytes, u16::MAX).count() <= 64 * 8);
        }
    }
}
