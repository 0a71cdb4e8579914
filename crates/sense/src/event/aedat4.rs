//! iniVation AEDAT 4: a line, a header, then packets of several streams, each compressed by itself.
//!
//! ```text
//! "#!AER-DAT4.0\r\n"
//! header     size-prefixed FlatBuffer IOHE: compression, position of the table of packets, info (XML)
//! packets    stream (i32), bytes (i32), then a compressed size-prefixed FlatBuffer: EVTS, TRIG, ...
//! table      position of each packet, compressed; not needed to read from front to back
//! ```
//!
//! An event is 16 bytes: time (i64, us), x and y (i16), polarity, three of padding.
//! Source: iniVation, "AEDAT 4.0 File Format", docs.inivation.com, and dv-processing's schemas.

use std::io::Read;

use super::flatbuffer::{Table, identifier};
use super::{Event, Events, Report, Size, Trigger};
use crate::SenseError;
use crate::limits::{MAX_HEADER_BYTES, MAX_PACKET_BYTES, MAX_TIME_US};

pub(super) const MAGIC: &[u8] = b"#!AER-DAT4.0\r\n";

/// How packets are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Compression {
    Not,
    Lz4,
    Zstd,
}

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expect {
    Header,
    Packet,
    /// The table of packets, which ends the file.
    Nothing,
}

/// Between packets: where, and what the header said.
#[derive(Debug)]
pub(super) struct Aedat4 {
    expect: Expect,
    /// Bytes since the beginning of the file that were decoded.
    position: u64,
    compression: Compression,
    /// Where the table of packets begins, if the writer knew.
    table_at: Option<u64>,
    /// The stream of the events, from the header or else the first that has some.
    stream: Option<i32>,
    unpacked: Vec<u8>,
}

impl Aedat4 {
    pub(super) fn new() -> Aedat4 {
        Aedat4 {
            expect: Expect::Header,
            position: 0,
            compression: Compression::Not,
            table_at: None,
            stream: None,
            unpacked: Vec::new(),
        }
    }

    /// Whether the file may end here.
    pub(super) fn is_between_packets(&self) -> bool {
        self.expect != Expect::Header
    }

    /// Decodes the packets that are whole; how many bytes they had.
    pub(super) fn decode(
        &mut self,
        bytes: &[u8],
        out: &mut Events,
        report: &mut Report,
        what: &str,
    ) -> Result<usize, SenseError> {
        let mut rest = bytes;
        loop {
            let n_bytes = match self.expect {
                Expect::Header => self.header(rest, report, what)?,
                Expect::Packet if self.table_at == Some(self.position) => {
                    self.expect = Expect::Nothing;
                    continue;
                }
                Expect::Packet => self.packet(rest, out, report, what)?,
                Expect::Nothing => Some(rest.len()).filter(|n_bytes| *n_bytes > 0),
            };
            let Some(n_bytes) = n_bytes else { return Ok(bytes.len() - rest.len()) };
            self.position += n_bytes as u64;
            rest = &rest[n_bytes..];
        }
    }

    /// The line and the header; `None` if they are not yet whole.
    fn header(
        &mut self,
        bytes: &[u8],
        report: &mut Report,
        what: &str,
    ) -> Result<Option<usize>, SenseError> {
        let n_seen = bytes.len().min(MAGIC.len());
        if bytes[..n_seen] != MAGIC[..n_seen] {
            let found = String::from_utf8_lossy(&bytes[..n_seen]).escape_debug().to_string();
            return Err(malformed(what, "first line", "#!AER-DAT4.0", found));
        }
        let Some(size) = bytes.get(MAGIC.len()..).and_then(|rest| rest.first_chunk()) else {
            return Ok(None);
        };
        let size = u32::from_le_bytes(*size) as usize;
        check_size(size, MAX_HEADER_BYTES, "header bytes", what)?;
        let end = MAGIC.len() + 4 + size;
        let Some(header) = bytes.get(MAGIC.len()..end) else { return Ok(None) };
        self.take_header(header, report, what)?;
        self.expect = Expect::Packet;
        Ok(Some(end))
    }

    fn take_header(
        &mut self,
        header: &[u8],
        report: &mut Report,
        what: &str,
    ) -> Result<(), SenseError> {
        let table = Table::root(header).filter(|_| identifier(header) == Some(*b"IOHE"));
        let Some(table) = table else {
            return Err(malformed(what, "header", "a FlatBuffer IOHE", "other bytes".into()));
        };
        self.compression = match table.i32(0).unwrap_or(0) {
            0 => Compression::Not,
            1 | 2 => Compression::Lz4,
            3 | 4 => Compression::Zstd,
            other => return Err(malformed(what, "compression", "0 to 4", other.to_string())),
        };
        self.table_at = table.i64(1).and_then(|position| u64::try_from(position).ok());
        let info = String::from_utf8_lossy(table.vector(2, 1).unwrap_or_default()).into_owned();
        if let Some((stream, size)) = event_stream(&info) {
            (self.stream, report.size) = (Some(stream), size);
        }
        Ok(())
    }

    /// One packet; `None` if it is not yet whole.
    fn packet(
        &mut self,
        bytes: &[u8],
        out: &mut Events,
        report: &mut Report,
        what: &str,
    ) -> Result<Option<usize>, SenseError> {
        let Some(head) = bytes.first_chunk::<8>() else { return Ok(None) };
        let head = u64::from_le_bytes(*head);
        let (stream, size) = (head as i32, (head >> 32) as usize);
        check_size(size, MAX_PACKET_BYTES, "packet bytes", what)?;
        let Some(packed) = bytes.get(8..8 + size) else { return Ok(None) };
        self.unpack(packed, what)?;
        self.take_packet(stream, out, report, what)?;
        Ok(Some(8 + size))
    }

    /// Inflates a packet into `unpacked`.
    fn unpack(&mut self, packed: &[u8], what: &str) -> Result<(), SenseError> {
        self.unpacked.clear();
        let limit = MAX_PACKET_BYTES as u64 + 1;
        let read = match self.compression {
            Compression::Not => packed.take(limit).read_to_end(&mut self.unpacked),
            Compression::Lz4 => lz4_flex::frame::FrameDecoder::new(packed)
                .take(limit)
                .read_to_end(&mut self.unpacked),
            Compression::Zstd => ruzstd::decoding::StreamingDecoder::new(packed)
                .map_err(std::io::Error::other)
                .and_then(|decoder| decoder.take(limit).read_to_end(&mut self.unpacked)),
        };
        let expected = match self.compression {
            Compression::Not => "bytes",
            Compression::Lz4 => "an LZ4 frame",
            Compression::Zstd => "a Zstandard frame",
        };
        read.map_err(|error| malformed(what, "packet", expected, error.to_string()))?;
        check_size(self.unpacked.len(), MAX_PACKET_BYTES, "unpacked bytes", what)
    }

    fn take_packet(
        &mut self,
        stream: i32,
        out: &mut Events,
        report: &mut Report,
        what: &str,
    ) -> Result<(), SenseError> {
        match identifier(&self.unpacked) {
            Some(kind) if &kind == b"EVTS" => {
                let elements = elements(&self.unpacked, 16, what)?;
                out.check_room(elements.len() / 16, what)?;
                if *self.stream.get_or_insert(stream) == stream {
                    take_events(elements, out, report);
                } else {
                    report.n_other_streams += (elements.len() / 16) as u64;
                }
            }
            Some(kind) if &kind == b"TRIG" => {
                out.check_room(elements(&self.unpacked, 4, what)?.len() / 4, what)?;
                take_triggers(&self.unpacked, out, report).ok_or_else(|| beyond_end(what))?;
            }
            // Frames and motion are other sensors' data; they pass.
            Some(kind) if [b"FRME", b"IMUS"].contains(&&kind) => {}
            Some(_) => report.n_unknown += 1,
            None => return Err(malformed(what, "packet", "a FlatBuffer", "too few bytes".into())),
        }
        Ok(())
    }
}

/// The structs of a packet, the first field of its root.
fn elements<'a>(packet: &'a [u8], struct_bytes: usize, what: &str) -> Result<&'a [u8], SenseError> {
    let table = Table::root(packet);
    if table.as_ref().is_some_and(|table| !table.has(0)) {
        return Ok(&[]);
    }
    table.and_then(|table| table.vector(0, struct_bytes)).ok_or_else(|| beyond_end(what))
}

fn beyond_end(what: &str) -> SenseError {
    malformed(what, "packet", "parts within it", "an offset beyond its end".into())
}

fn take_events(elements: &[u8], out: &mut Events, report: &mut Report) {
    out.reserve(elements.len() / 16);
    for element in elements.as_chunks::<16>().0 {
        let word = u128::from_le_bytes(*element);
        let (t_us, x, y) = (word as u64 as i64, (word >> 64) as u16, (word >> 80) as u16);
        if !(0..=MAX_TIME_US).contains(&t_us) {
            report.n_bad_times += 1;
        } else if x > i16::MAX as u16 || y > i16::MAX as u16 {
            report.n_outside += 1;
        } else {
            out.push(Event { t_us, x, y, on: (word >> 96) as u8 != 0 });
        }
    }
}

/// A trigger is a table: time (i64, us) and kind (i8: 1 a rising edge, 2 a falling one, ...).
fn take_triggers(packet: &[u8], out: &mut Events, report: &mut Report) -> Option<()> {
    let root = Table::root(packet)?;
    for idx in 0..root.vector(0, 4).unwrap_or_default().len() / 4 {
        let trigger = root.table(0, idx)?;
        let (t_us, kind) = (trigger.i64(0).unwrap_or(0), trigger.u8(1).unwrap_or(0));
        if (0..=MAX_TIME_US).contains(&t_us) {
            out.push_trigger(Trigger { t_us, channel: kind, rising: kind == 1 });
        } else {
            report.n_bad_times += 1;
        }
    }
    Some(())
}

/// The first stream of the info whose type is events, and its sensor.
///
/// The info is XML that dv writes: a node `outInfo/N/` for each stream, with one attribute to a
/// tag. Only those tags are looked for.
fn event_stream(info: &str) -> Option<(i32, Option<Size>)> {
    let (mut stream, mut width, mut height) = (None, None, None);
    let mut chosen = None;
    for tag in info.split('<') {
        if let Some(path) = between(tag, "/outInfo/", "/\"") {
            stream = path.split('/').next().and_then(|number| number.parse::<i32>().ok());
        }
        let value = || tag.split_once('>').map_or("", |(_, value)| value.trim());
        match between(tag, "key=\"", "\"") {
            Some("typeIdentifier") if chosen.is_none() && value() == "EVTS" => chosen = stream,
            Some("sizeX") if chosen.is_some() && stream == chosen => width = value().parse().ok(),
            Some("sizeY") if chosen.is_some() && stream == chosen => height = value().parse().ok(),
            _ => {}
        }
    }
    let size = width.zip(height).map(|(width, height)| Size { width, height });
    chosen.map(|chosen| (chosen, size))
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(before)?;
    Some(rest.split_once(after)?.0)
}

fn check_size(
    found: usize,
    limit: usize,
    unit: &'static str,
    what: &str,
) -> Result<(), SenseError> {
    if found <= limit {
        return Ok(());
    }
    Err(SenseError::TooLarge { what: what.into(), unit, limit: limit as u64, found: found as u64 })
}

fn malformed(what: &str, part: &'static str, expected: &str, found: String) -> SenseError {
    SenseError::Malformed { what: what.into(), part, expected: expected.into(), found }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_of_events_is_found() {
        let stream = |number, kind, size| {
            format!(
                "<node name=\"{number}\" path=\"/m/outInfo/{number}/\">\
                 <attr key=\"typeIdentifier\" type=\"string\">{kind}</attr>\
                 <node name=\"info\" path=\"/m/outInfo/{number}/info/\">\
                 <attr key=\"sizeX\" type=\"int\">{size}</attr>\
                 <attr key=\"sizeY\" type=\"int\">{size}</attr></node></node>"
            )
        };
        let info = stream(0, "FRME", 640) + &stream(1, "EVTS", 346) + &stream(2, "EVTS", 10);
        let size = Some(Size { width: 346, height: 346 });
        assert_eq!(event_stream(&info), Some((1, size)));
        assert_eq!(event_stream("<attr key=\"typeIdentifier\""), None);
    }
}
