//! The bytes of a segment: a head, then frames with a length and a checksum, then nothing.
//!
//! A frame holds entries: a series with its labels, before its first samples in the segment, and
//! samples of a series as a chunk. All numbers are little-endian.

use crate::chunk::{Sample, Samples, Writer, samples};
use crate::labels::Labels;

/// What a segment begins with: a name and a version.
pub(crate) const HEAD: &[u8; 8] = b"STRHIST1";
/// Frames are closed when they are larger than this (bytes).
pub(crate) const FRAME_BYTES: usize = 64 << 10;
/// A frame that says it is larger is not one (bytes).
const MAX_FRAME_BYTES: usize = 4 << 20;

const SERIES: u8 = 1;
const SAMPLES: u8 = 2;

/// A frame that is being written.
#[derive(Default)]
pub(crate) struct Frame(Vec<u8>);

impl Frame {
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn series(&mut self, id: u32, labels: &Labels) {
        let text = labels.as_packed().as_bytes();
        self.0.push(SERIES);
        self.0.extend(id.to_le_bytes());
        self.0.extend((text.len() as u32).to_le_bytes());
        self.0.extend(text);
    }

    /// The samples as one chunk; how many there are.
    pub(crate) fn samples(&mut self, id: u32, samples: impl Iterator<Item = Sample>) -> u16 {
        let mut writer = Writer::default();
        samples.for_each(|sample| writer.push(sample));
        let (count, bytes) = (writer.count(), writer.bytes());
        self.0.push(SAMPLES);
        self.0.extend(id.to_le_bytes());
        self.0.extend(count.to_le_bytes());
        self.0.extend((bytes.len() as u32).to_le_bytes());
        self.0.extend(bytes);
        count
    }

    /// The frame's bytes, length and checksum first.
    pub(crate) fn take(&mut self) -> Vec<u8> {
        let payload = std::mem::take(&mut self.0);
        let mut bytes = Vec::with_capacity(payload.len() + 8);
        bytes.extend((payload.len() as u32).to_le_bytes());
        bytes.extend(crc32fast::hash(&payload).to_le_bytes());
        bytes.extend(payload);
        bytes
    }
}

/// What a frame tells.
pub(crate) enum Entry<'a> {
    Series(u32, Labels),
    Samples(u32, Samples<'a>),
}

/// Why a segment ends before its bytes do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    /// It is no segment, or one of another version.
    #[error("it does not begin as a segment does")]
    Head,
    /// The end of a frame is missing: it was being written.
    #[error("a frame is cut short")]
    Cut,
    /// A frame is not what was written.
    #[error("a frame's checksum does not hold")]
    Checksum,
    /// A frame holds what is none of its entries.
    #[error("a frame's entries make no sense")]
    Entry,
}

/// Reads a segment as far as it is sound, and tells each entry: how many bytes that were.
pub(crate) fn read(bytes: &[u8], mut tell: impl FnMut(Entry<'_>)) -> (usize, Result<(), Damage>) {
    let Some(mut rest) = bytes.strip_prefix(HEAD) else {
        return (0, Err(Damage::Head));
    };
    loop {
        let sound = bytes.len() - rest.len();
        if rest.is_empty() {
            return (sound, Ok(()));
        }
        match frame(rest) {
            Ok((payload, after)) => {
                if entries(payload, &mut tell).is_none() {
                    return (sound, Err(Damage::Entry));
                }
                rest = after;
            }
            Err(damage) => return (sound, Err(damage)),
        }
    }
}

fn frame(bytes: &[u8]) -> Result<(&[u8], &[u8]), Damage> {
    let (length, rest) = number(bytes).ok_or(Damage::Cut)?;
    let (checksum, rest) = number(rest).ok_or(Damage::Cut)?;
    let length = length as usize;
    if length > MAX_FRAME_BYTES {
        return Err(Damage::Checksum);
    }
    let (payload, rest) = rest.split_at_checked(length).ok_or(Damage::Cut)?;
    if crc32fast::hash(payload) != checksum {
        return Err(Damage::Checksum);
    }
    Ok((payload, rest))
}

fn entries(mut bytes: &[u8], tell: &mut impl FnMut(Entry<'_>)) -> Option<()> {
    while let Some((kind, rest)) = bytes.split_first() {
        let (id, rest) = number(rest)?;
        let (entry, rest) = match *kind {
            SERIES => {
                let (text, rest) = sized(rest)?;
                (Entry::Series(id, Labels::from_packed(str::from_utf8(text).ok()?)?), rest)
            }
            SAMPLES => {
                let (count, rest) = rest.split_first_chunk::<2>()?;
                let (chunk, rest) = sized(rest)?;
                (Entry::Samples(id, samples(chunk, u16::from_le_bytes(*count))), rest)
            }
            _ => return None,
        };
        tell(entry);
        bytes = rest;
    }
    Some(())
}

fn number(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (number, rest) = bytes.split_first_chunk::<4>()?;
    Some((u32::from_le_bytes(*number), rest))
}

fn sized(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = number(bytes)?;
    rest.split_at_checked(length as usize)
}
