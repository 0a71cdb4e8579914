//! Prophesee DAT: after the text header two bytes (kind and size of an event), then 8 bytes each.
//!
//! An event is two words of 32 bits, little endian: microseconds, and where. Version 2: bits 13 to
//! 0 x, 27 to 14 y, 28 polarity. Version 1: 8 to 0 x, 16 to 9 y, 17 polarity.
//! Source: Prophesee, "DAT File Format", docs.prophesee.ai; `load_atis_data.m` for version 1.

use super::clock::Unwrapped;
use super::{Event, Events, Report};

/// Between events: how often the 32 bits of the time began again.
#[derive(Clone, Debug, Default)]
pub(super) struct Dat {
    time: Unwrapped<32>,
    pub(super) version: u32,
}

impl Dat {
    /// Decodes whole events.
    pub(super) fn decode(&mut self, bytes: &[u8], out: &mut Events, report: &mut Report) {
        out.reserve(bytes.len() / 8);
        for word in bytes.as_chunks::<8>().0 {
            let word = u64::from_le_bytes(*word);
            let (time, place) = (word as u32, (word >> 32) as u32);
            let t_us = self.time.read(time, report);
            let (x, y, on) = if self.version < 2 {
                (place & 0x1ff, place >> 9 & 0xff, place >> 17 & 1)
            } else {
                (place & 0x3fff, place >> 14 & 0x3fff, place >> 28 & 1)
            };
            out.push(Event { t_us, x: x as u16, y: y as u16, on: on == 1 });
        }
    }
}
