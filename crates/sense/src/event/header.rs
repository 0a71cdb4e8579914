//! The text header of Prophesee's files: lines that begin with `%`.

use super::{Format, Size};
use crate::limits::MAX_HEADER_LINE_BYTES;

/// What the lines say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) n_lines: usize,
    pub(super) format: Option<Format>,
    /// `Version`, of DAT.
    pub(super) version: u32,
    /// A line `% end` was the last.
    is_closed: bool,
    width: Option<u16>,
    height: Option<u16>,
}

/// What the beginning of some bytes is.
pub(super) enum Line {
    /// A line of the header, with so many bytes.
    Text(usize),
    /// Not a line of the header.
    Data,
    /// Either; more bytes will tell.
    Unknown,
}

impl Header {
    /// The header of a whole file.
    pub(super) fn of(bytes: &[u8]) -> Header {
        let mut header = Header::default();
        let mut rest = bytes;
        while let Line::Text(n_bytes) = header.line(rest) {
            header.take(&rest[..n_bytes]);
            rest = &rest[n_bytes..];
        }
        header
    }

    pub(super) fn size(&self) -> Option<Size> {
        Some(Size { width: self.width?, height: self.height? })
    }

    /// What comes next. A line is `%`, printable characters and a line feed: data may begin with
    /// the same byte, and shows in what follows.
    pub(super) fn line(&self, bytes: &[u8]) -> Line {
        match bytes.first() {
            _ if self.is_closed => return Line::Data,
            None => return Line::Unknown,
            Some(b'%') => {}
            Some(_) => return Line::Data,
        }
        let is_text = |byte: &u8| matches!(byte, b' '..=b'~' | b'\t' | b'\r');
        let seen = &bytes[..bytes.len().min(MAX_HEADER_LINE_BYTES)];
        match seen.iter().position(|byte| !is_text(byte)) {
            Some(end) if bytes[end] == b'\n' => Line::Text(end + 1),
            Some(_) => Line::Data,
            None if seen.len() == MAX_HEADER_LINE_BYTES => Line::Data,
            None => Line::Unknown,
        }
    }

    pub(super) fn take(&mut self, line: &[u8]) {
        self.n_lines += 1;
        let line = String::from_utf8_lossy(line).to_lowercase();
        let line = line.trim_start_matches('%').trim();
        let (key, value) = line.split_once(' ').unwrap_or((line, ""));
        match key {
            "end" => self.is_closed = true,
            "evt" => self.format = named(&format!("evt{value}")).or(self.format),
            "format" => self.take_format(value),
            "geometry" => {
                let (width, height) = value.split_once('x').unwrap_or_default();
                (self.width, self.height) = (width.trim().parse().ok(), height.trim().parse().ok());
            }
            "width" => self.width = value.trim().parse().ok(),
            "height" => self.height = value.trim().parse().ok(),
            "version" => self.version = value.trim().parse().unwrap_or(0),
            _ => {}
        }
    }

    /// `EVT3;height=720;width=1280`.
    fn take_format(&mut self, value: &str) {
        for part in value.split(';') {
            match part.trim().split_once('=') {
                Some(("width", width)) => self.width = width.parse().ok(),
                Some(("height", height)) => self.height = height.parse().ok(),
                _ => self.format = named(part).or(self.format),
            }
        }
    }
}

fn named(name: &str) -> Option<Format> {
    match name.trim() {
        "evt2" | "evt2.0" => Some(Format::Evt2),
        "evt3" | "evt3.0" => Some(Format::Evt3),
        "dat" => Some(Format::Dat),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &[u8], format: Option<Format>, size: Option<(u16, u16)>) {
        let header = Header::of(text);
        let size = size.map(|(width, height)| Size { width, height });
        assert_eq!((header.format, header.size()), (format, size));
    }

    #[test]
    fn lines_tell_format_and_size() {
        check(b"% date 2020\n% evt 2.0\n\x80\x00", Some(Format::Evt2), None);
        check(
            b"% format EVT3;height=720;width=1280\n% end\n%\n",
            Some(Format::Evt3),
            Some((1280, 720)),
        );
        check(b"% evt 3.0\n% geometry 640x480\n", Some(Format::Evt3), Some((640, 480)));
        check(b"% Version 2\n% Width 304\n% Height 240\n\x00\x08", None, Some((304, 240)));
        check(b"\x00\x01", None, None);
    }

    #[test]
    fn data_that_begins_like_a_header_is_data() {
        let header = Header::of(b"% evt 2.0\n%\x00\x00\x80more\n");
        assert_eq!(header.n_lines, 1);
        assert!(matches!(header.line(b"%\xff"), Line::Data));
        assert!(matches!(header.line(b"% ev"), Line::Unknown));
    }
}
