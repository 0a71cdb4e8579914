//! The 5 bytes of N-MNIST and N-Caltech101: x, y, then polarity (1 bit) and time (23 bits, us),
//! most significant first. Row 240 marks an overflow instead: 2^13 us more from there on.
//!
//! Source: Orchard, Jayawant, Cohen, Thakor (2015), Frontiers in Neuroscience 9:437, and their
//! `Read_Ndataset.m`.

use super::{Event, Events, Report};

const OVERFLOW_ROW: u8 = 240;
const OVERFLOW_US: i64 = 1 << 13;

/// Between events: what the overflows add up to.
#[derive(Clone, Debug, Default)]
pub(super) struct NMnist {
    offset_us: i64,
}

impl NMnist {
    /// Decodes whole events.
    pub(super) fn decode(&mut self, bytes: &[u8], out: &mut Events, report: &mut Report) {
        out.reserve(bytes.len() / 5);
        for &[x, y, high, middle, low] in bytes.as_chunks::<5>().0 {
            if y == OVERFLOW_ROW {
                self.offset_us += OVERFLOW_US;
                report.n_wraps += 1;
                continue;
            }
            let t_us =
                self.offset_us + i64::from(u32::from_be_bytes([0, high & 0x7f, middle, low]));
            out.push(Event { t_us, x: x.into(), y: y.into(), on: high & 0x80 != 0 });
        }
    }
}
