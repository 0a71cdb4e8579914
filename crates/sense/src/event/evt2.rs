//! Prophesee EVT 2.0: words of 32 bits, little endian.
//!
//! | bits 31 to 28 | the rest |
//! | --- | --- |
//! | 0, 1 | an event, off or on: 27 to 22 low time, 21 to 11 x, 10 to 0 y |
//! | 8 | high time, 28 bits of 64 us |
//! | 10 | trigger: 27 to 22 low time, 12 to 8 channel, 0 edge |
//! | 14, 15 | of the maker, passed over |
//!
//! Source: Prophesee, "EVT 2.0 Format", docs.prophesee.ai.

use super::clock::Unwrapped;
use super::{Event, Events, Report, Trigger};

/// Between words: the high time, and whether it was ever told.
#[derive(Clone, Debug, Default)]
pub(super) struct Evt2 {
    high: Unwrapped<28>,
    base_us: i64,
}

impl Evt2 {
    /// Decodes whole words.
    pub(super) fn decode(&mut self, bytes: &[u8], out: &mut Events, report: &mut Report) {
        out.reserve(bytes.len() / 4);
        for word in bytes.as_chunks::<4>().0 {
            let word = u32::from_le_bytes(*word);
            let t_us = self.base_us | i64::from(word >> 22 & 0x3f);
            match word >> 28 {
                0 | 1 if self.high.is_known() => out.push(Event {
                    t_us,
                    x: (word >> 11 & 0x7ff) as u16,
                    y: (word & 0x7ff) as u16,
                    on: word >> 28 == 1,
                }),
                8 => self.base_us = self.high.read(word & 0x0fff_ffff, report) << 6,
                10 if self.high.is_known() => out.push_trigger(Trigger {
                    t_us,
                    channel: (word >> 8 & 0x1f) as u8,
                    rising: word & 1 == 1,
                }),
                0 | 1 | 10 => report.n_before_time += 1,
                14 | 15 => {}
                _ => report.n_unknown += 1,
            }
        }
    }
}
