//! Prophesee EVT 3.0: words of 16 bits, little endian, each saying what changed.
//!
//! | bits 15 to 12 | the rest |
//! | --- | --- |
//! | 0 | row of the next events, bits 10 to 0 |
//! | 2 | an event: bit 11 polarity, bits 10 to 0 column |
//! | 3 | polarity and first column of the next vectors |
//! | 4, 5 | a vector of 12 or 8 columns: an event for each bit that is set |
//! | 6, 8 | low and high 12 bits of the time in microseconds |
//! | 10 | trigger: bits 11 to 8 channel, 0 edge |
//! | 7, 14, 15 | of the maker, passed over |
//!
//! Source: Prophesee, "EVT 3.0 Format", docs.prophesee.ai.

use super::clock::Unwrapped;
use super::{Event, Events, Report, Trigger};

/// Between words: time, row, and where the next vector begins.
#[derive(Clone, Debug, Default)]
pub(super) struct Evt3 {
    high: Unwrapped<12>,
    high_us: i64,
    t_us: i64,
    y: Option<u16>,
    x: u16,
    on: bool,
}

impl Evt3 {
    /// Decodes whole words.
    pub(super) fn decode(&mut self, bytes: &[u8], out: &mut Events, report: &mut Report) {
        out.reserve(bytes.len() / 2);
        for word in bytes.as_chunks::<2>().0 {
            let word = u16::from_le_bytes(*word);
            match word >> 12 {
                0 => self.y = Some(word & 0x7ff),
                2 => self.event(word, out, report),
                3 => (self.x, self.on) = (word & 0x7ff, word & 0x800 != 0),
                4 => self.vector::<12>(word, out, report),
                5 => self.vector::<8>(word, out, report),
                6 => self.t_us = self.high_us | i64::from(word & 0xfff),
                8 => self.take_high(word, report),
                10 if self.high.is_known() => out.push_trigger(Trigger {
                    t_us: self.t_us,
                    channel: (word >> 8 & 0xf) as u8,
                    rising: word & 1 == 1,
                }),
                10 => report.n_before_time += 1,
                7 | 14 | 15 => {}
                _ => report.n_unknown += 1,
            }
        }
    }

    /// The high time is told again and again; only where it is new do the low bits begin again.
    fn take_high(&mut self, word: u16, report: &mut Report) {
        let high_us = self.high.read(u32::from(word & 0xfff), report) << 12;
        if high_us != self.high_us {
            (self.high_us, self.t_us) = (high_us, high_us);
        }
    }

    #[inline]
    fn event(&mut self, word: u16, out: &mut Events, report: &mut Report) {
        match self.y {
            Some(y) if self.high.is_known() => {
                out.push(Event { t_us: self.t_us, x: word & 0x7ff, y, on: word & 0x800 != 0 });
            }
            _ => report.n_before_time += 1,
        }
    }

    #[inline]
    fn vector<const WIDTH: u16>(&mut self, word: u16, out: &mut Events, report: &mut Report) {
        let mut bits = word & ((1 << WIDTH) - 1);
        match self.y {
            Some(y) if self.high.is_known() => {
                while bits != 0 {
                    let x = self.x.saturating_add(bits.trailing_zeros() as u16);
                    out.push(Event { t_us: self.t_us, x, y, on: self.on });
                    bits &= bits - 1;
                }
            }
            _ => report.n_before_time += u64::from(bits.count_ones()),
        }
        self.x = self.x.saturating_add(WIDTH);
    }
}
