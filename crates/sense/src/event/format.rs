//! Which format a recording has.

use super::header;

/// Width and height of a sensor in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Pixels of a row.
    pub width: u16,
    /// Rows.
    pub height: u16,
}

impl Size {
    /// Whether a pixel is on the sensor.
    #[inline]
    pub fn contains(self, x: u16, y: u16) -> bool {
        x < self.width && y < self.height
    }

    /// Pixels in all.
    pub fn n_pixels(self) -> usize {
        usize::from(self.width) * usize::from(self.height)
    }
}

/// A format of event cameras.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// iniVation AEDAT 4: compressed packets of several streams.
    Aedat4,
    /// Prophesee EVT 2.0: words of 32 bits.
    Evt2,
    /// Prophesee EVT 3.0: words of 16 bits, with vectors.
    Evt3,
    /// Prophesee DAT, version 1 and 2: 8 bytes for each event.
    Dat,
    /// N-MNIST and N-Caltech101: 5 bytes for each event.
    NMnist,
}

impl Format {
    /// The format that the first bytes of a file tell, at least its text header; `None` if they
    /// tell none, as N-MNIST does not.
    pub fn detect(bytes: &[u8]) -> Option<Format> {
        if bytes.starts_with(super::aedat4::MAGIC) {
            return Some(Format::Aedat4);
        }
        let header = header::Header::of(bytes);
        header.format.or((header.n_lines > 0).then_some(Format::Dat))
    }

    /// Bytes of one word; AEDAT4 has packets instead.
    pub(super) fn word_bytes(self) -> usize {
        match self {
            Format::Aedat4 => 1,
            Format::Evt2 => 4,
            Format::Evt3 => 2,
            Format::Dat => 8,
            Format::NMnist => 5,
        }
    }
}
