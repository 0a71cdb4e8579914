//! Bytes in pieces to events.

use super::aedat4::Aedat4;
use super::clock::Clock;
use super::dat::Dat;
use super::evt2::Evt2;
use super::evt3::Evt3;
use super::header::{Header, Line};
use super::nmnist::NMnist;
use super::{Events, Format, Report};
use crate::SenseError;
use crate::limits::{MAX_FILE_BYTES, MAX_HEADER_BYTES};

/// Decodes a recording or a stream, in pieces of any size.
///
/// ```
/// use sense::event::{Decoder, Events, Format};
///
/// # fn main() -> Result<(), sense::SenseError> {
/// let mut decoder = Decoder::new(Format::NMnist, "camera");
/// let mut events = Events::new();
/// decoder.push(&[3, 5, 0x80, 0], &mut events)?;
/// assert!(events.is_empty());
/// decoder.push(&[7], &mut events)?;
/// let event = events.get(0).unwrap();
/// assert_eq!((event.t_us, event.x, event.y, event.on), (7, 3, 5, true));
/// assert_eq!(decoder.finish()?.n_dropped(), 0);
/// # Ok(())
/// # }
/// ```
///
/// - **Time** never goes backward: a step back of at most
///   [`MAX_CLOCK_JITTER_US`](crate::limits::MAX_CLOCK_JITTER_US) is held at the latest time, a
///   greater one moves all that follows, a counter that begins again goes on; each is counted.
/// - **Errors** are final: after one, every call gives an error, and the call that failed has
///   appended nothing.
#[derive(Debug)]
pub struct Decoder {
    what: String,
    format: Format,
    header: Header,
    stage: Stage,
    words: Words,
    clock: Clock,
    report: Report,
    /// Bytes of a line, a word or a packet that is not yet whole.
    rest: Vec<u8>,
    n_header_bytes: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Header,
    /// The two bytes of DAT between the header and the events.
    EventSize,
    Data,
    Failed,
}

#[derive(Debug)]
enum Words {
    Aedat4(Aedat4),
    Evt2(Evt2),
    Evt3(Evt3),
    Dat(Dat),
    NMnist(NMnist),
}

/// Reads a whole file of a format that its first bytes tell; `what` names it in errors.
///
/// # Errors
///
/// [`SenseError::Malformed`] if they tell none, otherwise as [`Decoder::push`] and
/// [`Decoder::finish`].
pub fn read(bytes: &[u8], what: &str) -> Result<(Events, Report), SenseError> {
    let Some(format) = Format::detect(bytes) else {
        return Err(SenseError::Malformed {
            what: what.into(),
            part: "first bytes",
            expected: "AEDAT4, or a header of EVT2, EVT3 or DAT".into(),
            found: format!("{:02x?}", &bytes[..bytes.len().min(4)]),
        });
    };
    read_as(format, bytes, what)
}

/// Reads a whole file of a format.
fn read_as(format: Format, bytes: &[u8], what: &str) -> Result<(Events, Report), SenseError> {
    let found = bytes.len() as u64;
    if found > MAX_FILE_BYTES {
        let (what, limit) = (what.to_owned(), MAX_FILE_BYTES);
        return Err(SenseError::TooLarge { what, unit: "bytes", limit, found });
    }
    let mut decoder = Decoder::new(format, what);
    let mut events = Events::new();
    decoder.push(bytes, &mut events)?;
    Ok((events, decoder.finish()?))
}

impl Format {
    /// Reads a whole file of this format; `what` names it in errors.
    ///
    /// # Errors
    ///
    /// As [`Decoder::push`] and [`Decoder::finish`].
    pub fn read(self, bytes: &[u8], what: &str) -> Result<(Events, Report), SenseError> {
        read_as(self, bytes, what)
    }
}

impl Decoder {
    /// A decoder at the beginning of a file, or of a stream, which may lack the text header.
    pub fn new(format: Format, what: &str) -> Decoder {
        let words = match format {
            Format::Aedat4 => Words::Aedat4(Aedat4::new()),
            Format::Evt2 => Words::Evt2(Evt2::default()),
            Format::Evt3 => Words::Evt3(Evt3::default()),
            Format::Dat => Words::Dat(Dat::default()),
            Format::NMnist => Words::NMnist(NMnist::default()),
        };
        let has_text = matches!(format, Format::Evt2 | Format::Evt3 | Format::Dat);
        Decoder {
            what: what.to_owned(),
            format,
            header: Header::default(),
            stage: if has_text { Stage::Header } else { Stage::Data },
            words,
            clock: Clock::new(),
            report: Report::default(),
            rest: Vec::new(),
            n_header_bytes: 0,
        }
    }

    /// Appends the events that the bytes complete.
    ///
    /// # Errors
    ///
    /// [`SenseError::Malformed`] for bytes that are not of the format, and after an earlier error;
    /// [`SenseError::TooLarge`] above the [limits](crate::limits).
    pub fn push(&mut self, bytes: &[u8], out: &mut Events) -> Result<(), SenseError> {
        let (n_before, n_triggers) = (out.len(), out.triggers.len());
        let report = self.report;
        let result = self.decode(bytes, out);
        if result.is_err() {
            (self.stage, self.report) = (Stage::Failed, report);
            out.truncate(n_before);
            out.triggers.truncate(n_triggers);
            out.trigger_places.clear();
            return result;
        }
        self.settle(n_before, n_triggers, out);
        Ok(())
    }

    /// What was counted so far.
    pub fn report(&self) -> Report {
        self.report
    }

    /// Ends the file: a word or packet that is not whole is counted as dropped.
    ///
    /// # Errors
    ///
    /// [`SenseError::Malformed`] if the file ends in its header, or after an earlier error.
    pub fn finish(mut self) -> Result<Report, SenseError> {
        let ends_in_header = match &self.words {
            Words::Aedat4(packets) => !packets.is_between_packets(),
            _ => self.stage == Stage::EventSize && self.header.n_lines > 0,
        };
        if self.stage == Stage::Failed || ends_in_header {
            let found = if ends_in_header { "the end of the file" } else { "an earlier error" };
            return Err(self.malformed("header", "more bytes", found));
        }
        self.report.n_cut_bytes += self.rest.len() as u64;
        Ok(self.report)
    }

    /// Decodes what is whole, and keeps the rest for the next piece.
    fn decode(&mut self, bytes: &[u8], out: &mut Events) -> Result<(), SenseError> {
        if self.stage == Stage::Failed {
            return Err(self.malformed("stream", "nothing after an error", "more bytes"));
        }
        if self.rest.is_empty() {
            let n_done = self.decode_joined(bytes, out)?;
            self.rest.extend_from_slice(&bytes[n_done..]);
            return Ok(());
        }
        let mut bytes = bytes;
        if self.stage == Stage::Data && !matches!(self.words, Words::Aedat4(_)) {
            // Only the word that the last piece began is copied, not all that follows.
            let n_missing = self.format.word_bytes() - self.rest.len();
            let (head, tail) = bytes.split_at(n_missing.min(bytes.len()));
            self.rest.extend_from_slice(head);
            bytes = tail;
        } else {
            self.rest.extend_from_slice(bytes);
            bytes = &[];
        }
        let joined = std::mem::take(&mut self.rest);
        let n_done = self.decode_joined(&joined, out)?;
        self.rest = joined;
        self.rest.drain(..n_done);
        if self.rest.is_empty() {
            let n_done = self.decode_joined(bytes, out)?;
            self.rest.extend_from_slice(&bytes[n_done..]);
        }
        Ok(())
    }

    /// Decodes the header and the data that are whole; how many bytes they had.
    fn decode_joined(&mut self, bytes: &[u8], out: &mut Events) -> Result<usize, SenseError> {
        let mut n_done = 0;
        while self.stage == Stage::Header {
            let n_bytes = match self.header.line(&bytes[n_done..]) {
                Line::Text(n_bytes) => n_bytes,
                Line::Unknown => return Ok(n_done),
                Line::Data => {
                    self.end_header()?;
                    break;
                }
            };
            self.header.take(&bytes[n_done..n_done + n_bytes]);
            n_done += n_bytes;
            self.n_header_bytes += n_bytes;
            if self.n_header_bytes > MAX_HEADER_BYTES {
                return Err(self.malformed("header", "its end", "more lines"));
            }
        }
        if self.stage == Stage::EventSize {
            // Files without any header, of the oldest kind, begin with the events.
            let n_bytes = if self.header.n_lines > 0 { 2 } else { 0 };
            let Some(kind) = bytes.get(n_done..n_done + n_bytes) else { return Ok(n_done) };
            if let [_, size] = kind
                && *size != 8
            {
                return Err(self.malformed("event size", "8 bytes", &size.to_string()));
            }
            n_done += n_bytes;
            self.stage = Stage::Data;
        }
        Ok(n_done + self.data(&bytes[n_done..], out)?)
    }

    fn end_header(&mut self) -> Result<(), SenseError> {
        if let Some(told) = self.header.format
            && told != self.format
        {
            return Err(self.malformed(
                "header",
                &format!("{:?}", self.format),
                &format!("{told:?}"),
            ));
        }
        self.report.size = self.header.size();
        self.stage = Stage::Data;
        if let Words::Dat(words) = &mut self.words {
            words.version = self.header.version;
            self.stage = Stage::EventSize;
        }
        Ok(())
    }

    fn data(&mut self, bytes: &[u8], out: &mut Events) -> Result<usize, SenseError> {
        let Decoder { words, report, what, .. } = self;
        if let Words::Aedat4(packets) = words {
            return packets.decode(bytes, out, report, what);
        }
        let word_bytes = self.format.word_bytes();
        let n_bytes = bytes.len() / word_bytes * word_bytes;
        // Blocks small enough for the cache; a word has at most twelve events.
        for block in bytes[..n_bytes].chunks(word_bytes << 14) {
            let per_word = if self.format == Format::Evt3 { 12 } else { 1 };
            out.check_room(block.len() / word_bytes * per_word, what)?;
            match words {
                Words::Aedat4(_) => {}
                Words::Evt2(words) => words.decode(block, out, report),
                Words::Evt3(words) => words.decode(block, out, report),
                Words::Dat(words) => words.decode(block, out, report),
                Words::NMnist(words) => words.decode(block, out, report),
            }
        }
        Ok(n_bytes)
    }

    /// Puts new events in order and on the sensor, and counts them.
    fn settle(&mut self, n_before: usize, n_triggers: usize, out: &mut Events) {
        let mut n_repaired = n_before;
        let places = std::mem::take(&mut out.trigger_places);
        for (trigger, place) in out.triggers[n_triggers..].iter_mut().zip(places) {
            self.clock.repair(&mut out.t_us[n_repaired..place], &mut self.report);
            trigger.t_us = self.clock.beside(trigger.t_us);
            n_repaired = place;
        }
        self.clock.repair(&mut out.t_us[n_repaired..], &mut self.report);
        if let Some(size) = self.report.size {
            self.report.n_outside += out.keep_from(n_before, |x, y| size.contains(x, y)) as u64;
        }
        self.report.n_events += (out.len() - n_before) as u64;
        self.report.n_triggers += (out.triggers.len() - n_triggers) as u64;
    }

    fn malformed(&self, part: &'static str, expected: &str, found: &str) -> SenseError {
        let (what, expected, found) = (self.what.clone(), expected.to_owned(), found.to_owned());
        SenseError::Malformed { what, part, expected, found }
    }
}
