//! Tables in CSV: dense rows, or events.
//!
//! Which of the two a file is shows in its first line; every bad line is told, not only the first.

use std::fmt;

use csv::{ByteRecord, ReaderBuilder, Trim};

use crate::array::{Array, n_values};
use crate::limits::{MAX_BAD_LINES, MAX_FILE_BYTES};
use crate::{LineProblem, SenseError};

/// A table, by what its first line says:
///
/// - `step,index` or `step,index,value`: events by step;
/// - `time,index` or `time,index,value`: events by time in seconds;
/// - anything else: dense, one row for each step and one field for each channel. A first line in
///   which no field is a number names the channels.
///
/// [`Display`](fmt::Display) says which it is and how large, for a person to confirm.
#[derive(Clone, Debug, PartialEq)]
pub enum Table {
    /// One row for each step.
    Dense {
        /// Names of the channels, if the file has them.
        names: Option<Vec<String>>,
        /// Shape (steps, channels).
        values: Array,
    },
    /// One line for each event, by step.
    Steps(Vec<StepEvent>),
    /// One line for each event, by time.
    Times(Vec<TimeEvent>),
}

/// Something in one channel in one step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepEvent {
    /// From 0.
    pub step: u32,
    /// The channel, from 0.
    pub channel_idx: u32,
    /// 1 if the file has no values.
    pub value: f32,
}

/// Something in one channel at one time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TimeEvent {
    /// From 0.
    pub time_seconds: f64,
    /// The channel, from 0.
    pub channel_idx: u32,
    /// 1 if the file has no values.
    pub value: f32,
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Table::Dense { names, values } => {
                let named = if names.is_some() { "named" } else { "unnamed" };
                write!(
                    f,
                    "dense: {} steps, {} {named} channels",
                    values.n_steps(),
                    values.n_channels()
                )
            }
            Table::Steps(events) => write!(f, "events by step: {}", events.len()),
            Table::Times(events) => write!(f, "events by time in seconds: {}", events.len()),
        }
    }
}

impl Table {
    /// Reads CSV; `what` names it in errors.
    ///
    /// # Errors
    ///
    /// [`SenseError::Lines`] with each bad line, the field, what was expected and what was found;
    /// [`SenseError::Malformed`] if there is no line; [`SenseError::TooLarge`] above the
    /// [limits](crate::limits).
    pub fn read(bytes: &[u8], what: &str) -> Result<Table, SenseError> {
        let found = bytes.len() as u64;
        if found > MAX_FILE_BYTES {
            let what = what.to_owned();
            return Err(SenseError::TooLarge { what, unit: "bytes", limit: MAX_FILE_BYTES, found });
        }
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let mut lines = Lines::new(bytes, what);
        let Some(first) = lines.next_record() else {
            lines.finish()?;
            let (part, expected) = ("first line", "a header or numbers".to_owned());
            let (what, found) = (what.to_owned(), "no line".to_owned());
            return Err(SenseError::Malformed { what, part, expected, found });
        };
        let header: Vec<String> =
            first.iter().map(|field| String::from_utf8_lossy(field).to_lowercase()).collect();
        let header: Vec<&str> = header.iter().map(String::as_str).collect();
        match header[..] {
            ["step", "index"] | ["step", "index", "value"] => step_events(lines, header.len()),
            ["time", "index"] | ["time", "index", "value"] => time_events(lines, header.len()),
            _ => dense(lines, first),
        }
    }

    /// The table as a raster of shape (steps, channels); events in one cell add up.
    ///
    /// Sizes that are not given follow from the last event. An event at time t is in step
    /// floor(t / `dt_seconds`); the other kinds do not look at `dt_seconds`.
    ///
    /// # Errors
    ///
    /// [`SenseError::Value`] for an event outside the given sizes or a `dt_seconds` that is not above
    /// zero and finite, [`SenseError::Shape`] if a dense table has other sizes than given,
    /// [`SenseError::TooLarge`] above the [limits](crate::limits).
    pub fn to_raster(
        &self,
        n_steps: Option<usize>,
        n_channels: Option<usize>,
        dt_seconds: f64,
    ) -> Result<Array, SenseError> {
        match self {
            Table::Dense { values, .. } => {
                let expected = [
                    n_steps.unwrap_or(values.n_steps()),
                    n_channels.unwrap_or(values.n_channels()),
                ];
                if values.shape() == expected {
                    return Ok(values.clone());
                }
                let (what, found) = ("table".to_owned(), values.shape().to_vec());
                Err(SenseError::Shape { what, expected: format!("shape {expected:?}"), found })
            }
            Table::Steps(events) => raster(events, n_steps, n_channels),
            Table::Times(events) => raster(&binned(events, dt_seconds)?, n_steps, n_channels),
        }
    }
}

fn binned(events: &[TimeEvent], dt_seconds: f64) -> Result<Vec<StepEvent>, SenseError> {
    if !(dt_seconds > 0.0 && dt_seconds.is_finite()) {
        let (what, expected) = ("dt_seconds".to_owned(), "above zero and finite");
        return Err(SenseError::Value { what, idx: 0, expected, found: dt_seconds });
    }
    let bin = |(idx, event): (usize, &TimeEvent)| {
        let step = (event.time_seconds / dt_seconds).floor();
        if step >= f64::from(u32::MAX) {
            let (what, expected) = ("event time".to_owned(), "fewer than 2^32 steps");
            return Err(SenseError::Value { what, idx, expected, found: event.time_seconds });
        }
        let TimeEvent { channel_idx, value, .. } = *event;
        Ok(StepEvent { step: step as u32, channel_idx, value })
    };
    events.iter().enumerate().map(bin).collect()
}

fn raster(
    events: &[StepEvent],
    n_steps: Option<usize>,
    n_channels: Option<usize>,
) -> Result<Array, SenseError> {
    let above_last = |of: fn(&StepEvent) -> u32| events.iter().map(|e| of(e) as usize + 1).max();
    let n_steps = n_steps.or(above_last(|event| event.step)).unwrap_or(0);
    let n_channels = n_channels.or(above_last(|event| event.channel_idx)).unwrap_or(0);
    let shape = vec![n_steps, n_channels];
    let mut data = vec![0.0; n_values("raster", &shape)?];
    for (idx, event) in events.iter().enumerate() {
        let (step, channel_idx) = (event.step as usize, event.channel_idx as usize);
        let outside = |what: &str, expected, found: u32| SenseError::Value {
            what: what.into(),
            idx,
            expected,
            found: found.into(),
        };
        if step >= n_steps {
            return Err(outside("event step", "a step of the raster", event.step));
        }
        if channel_idx >= n_channels {
            return Err(outside("event index", "a channel of the raster", event.channel_idx));
        }
        data[step * n_channels + channel_idx] += event.value;
    }
    Array::new(shape, data)
}

fn step_events(mut lines: Lines<'_>, n_fields: usize) -> Result<Table, SenseError> {
    let mut events = Vec::new();
    while let Some(record) = lines.next_record() {
        if let Some((step, channel_idx, value)) =
            lines.event(&record, n_fields, "step", Lines::index)
        {
            events.push(StepEvent { step, channel_idx, value });
        }
    }
    lines.finish()?;
    Ok(Table::Steps(events))
}

fn time_events(mut lines: Lines<'_>, n_fields: usize) -> Result<Table, SenseError> {
    let mut events = Vec::new();
    while let Some(record) = lines.next_record() {
        if let Some((time_seconds, channel_idx, value)) =
            lines.event(&record, n_fields, "time", Lines::time)
        {
            events.push(TimeEvent { time_seconds, channel_idx, value });
        }
    }
    lines.finish()?;
    Ok(Table::Times(events))
}

fn dense(mut lines: Lines<'_>, first: ByteRecord) -> Result<Table, SenseError> {
    let is_number = |field: &[u8]| parse::<f64>(field).is_some();
    let is_header = !first.iter().any(is_number);
    let n_channels = first.len();
    let names = first.iter().map(|field| String::from_utf8_lossy(field).into_owned()).collect();
    let mut data = Vec::new();
    let mut n_steps = 0;
    let mut next = if is_header { lines.next_record() } else { Some(first) };
    while let Some(record) = next {
        if lines.has_fields(&record, n_channels) {
            for (field_idx, field) in record.iter().enumerate() {
                data.push(lines.number(field, &format!("field {}", field_idx + 1)).unwrap_or(0.0));
            }
            n_steps += 1;
            n_values(lines.what, &[n_steps, n_channels])?;
        }
        next = lines.next_record();
    }
    lines.finish()?;
    let values = Array::new(vec![n_steps, n_channels], data)?;
    Ok(Table::Dense { names: is_header.then_some(names), values })
}

fn parse<T: std::str::FromStr>(field: &[u8]) -> Option<T> {
    std::str::from_utf8(field).ok()?.parse().ok()
}

/// The lines of a table, and what was wrong with those read so far.
struct Lines<'a> {
    reader: csv::Reader<&'a [u8]>,
    what: &'a str,
    line: u64,
    problems: Vec<LineProblem>,
    n_bad: usize,
    /// The line that was last counted as bad: a line with two bad fields is one bad line.
    last_bad_line: u64,
}

impl<'a> Lines<'a> {
    fn new(bytes: &'a [u8], what: &'a str) -> Lines<'a> {
        let mut builder = ReaderBuilder::new();
        let builder = builder.has_headers(false).flexible(true).trim(Trim::All);
        let reader = builder.comment(Some(b'#')).from_reader(bytes);
        Lines { reader, what, line: 0, problems: Vec::new(), n_bad: 0, last_bad_line: 0 }
    }

    /// The next line; blank lines and those that begin with `#` are left out.
    fn next_record(&mut self) -> Option<ByteRecord> {
        let mut record = ByteRecord::new();
        // Reading from memory as bytes, with any number of fields, cannot fail.
        let found = self.reader.read_byte_record(&mut record).unwrap_or(false);
        self.line = record.position().map_or(self.line, csv::Position::line);
        found.then_some(record)
    }

    fn bad(&mut self, field: &str, expected: &str, found: String) {
        if self.last_bad_line != self.line {
            self.n_bad += 1;
            self.last_bad_line = self.line;
        }
        if self.n_bad <= MAX_BAD_LINES && self.problems.len() < 2 * MAX_BAD_LINES {
            let (line, field, expected) = (self.line, field.to_owned(), expected.to_owned());
            self.problems.push(LineProblem { line, field, expected, found });
        }
    }

    fn bad_field(&mut self, name: &str, expected: &str, field: &[u8]) {
        let shown = &field[..field.len().min(40)];
        self.bad(name, expected, format!("`{}`", String::from_utf8_lossy(shown).escape_debug()));
    }

    fn has_fields(&mut self, record: &ByteRecord, n_fields: usize) -> bool {
        let agrees = record.len() == n_fields;
        if !agrees {
            self.bad("line", &format!("{n_fields} fields"), record.len().to_string());
        }
        agrees
    }

    fn number(&mut self, field: &[u8], name: &str) -> Option<f32> {
        let number = parse::<f32>(field).filter(|number| number.is_finite());
        if number.is_none() {
            self.bad_field(name, "a finite number", field);
        }
        number
    }

    fn index(&mut self, field: &[u8], name: &str) -> Option<u32> {
        let index = parse(field);
        if index.is_none() {
            self.bad_field(name, "a whole number from 0", field);
        }
        index
    }

    fn time(&mut self, field: &[u8], name: &str) -> Option<f64> {
        let time = parse::<f64>(field).filter(|time| *time >= 0.0 && time.is_finite());
        if time.is_none() {
            self.bad_field(name, "seconds from 0", field);
        }
        time
    }

    /// When, which channel and how much; `None` if the line is bad.
    fn event<T>(
        &mut self,
        record: &ByteRecord,
        n_fields: usize,
        name: &str,
        when: fn(&mut Self, &[u8], &str) -> Option<T>,
    ) -> Option<(T, u32, f32)> {
        if !self.has_fields(record, n_fields) {
            return None;
        }
        let when = when(self, &record[0], name);
        let channel_idx = self.index(&record[1], "index");
        let value = if n_fields == 3 { self.number(&record[2], "value") } else { Some(1.0) };
        Some((when?, channel_idx?, value?))
    }

    fn finish(self) -> Result<(), SenseError> {
        if self.n_bad == 0 {
            return Ok(());
        }
        let (what, n_bad, lines) = (self.what.to_owned(), self.n_bad, self.problems);
        Err(SenseError::Lines { what, n_bad, lines })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let found = match Table::read(text.as_bytes(), "x.csv") {
            Ok(table) => table.to_string(),
            Err(error) => error.to_string(),
        };
        assert_eq!(found, expected);
    }

    #[test]
    fn what_a_table_is_shows_in_its_first_line() {
        check("0,1\n1,0\n", "dense: 2 steps, 2 unnamed channels");
        check(
            "\u{feff}left, right\n0, 0.5\n# aside\n\n1, 1e-3\n",
            "dense: 2 steps, 2 named channels",
        );
        check("left,right\n", "dense: 0 steps, 2 named channels");
        check("step,index\n0,3\n0,4\n", "events by step: 2");
        check("Step,Index,Value\n0,3,0.5\n", "events by step: 1");
        check("time,index\n0.001,3\n", "events by time in seconds: 1");
        check("", "x.csv: first line: expected a header or numbers, found no line");
    }

    #[test]
    fn every_bad_line_is_told() {
        check(
            "a,b\n1,2\n3\n4,x\ninf,\n5,6\n",
            "x.csv: 3 bad lines\n  \
             line 3, line: expected 2 fields, found 1\n  \
             line 4, field 2: expected a finite number, found `x`\n  \
             line 5, field 1: expected a finite number, found `inf`\n  \
             line 5, field 2: expected a finite number, found ``",
        );
        check(
            "time,index,value\n-1,0,1\n0,-1,nan\n",
            "x.csv: 2 bad lines\n  \
             line 2, time: expected seconds from 0, found `-1`\n  \
             line 3, index: expected a whole number from 0, found `-1`\n  \
             line 3, value: expected a finite number, found `nan`",
        );
    }

    #[test]
    fn only_the_first_bad_lines_are_described() {
        let text = format!("step,index\n{}", "x,1\n".repeat(100));
        let error = Table::read(text.as_bytes(), "x.csv").unwrap_err();
        let SenseError::Lines { n_bad, lines, .. } = error else { panic!("{error}") };
        assert_eq!((n_bad, lines.len()), (100, MAX_BAD_LINES));
    }

    fn raster_of(
        text: &str,
        n_steps: Option<usize>,
        n_channels: Option<usize>,
    ) -> Result<Array, SenseError> {
        Table::read(text.as_bytes(), "x.csv").unwrap().to_raster(n_steps, n_channels, 0.5)
    }

    #[test]
    fn events_become_a_raster() {
        let by_step = raster_of("step,index\n0,1\n2,0\n2,0\n", None, None).unwrap();
        assert_eq!(
            (by_step.shape(), by_step.data()),
            (&[3, 2][..], &[0.0, 1.0, 0.0, 0.0, 2.0, 0.0][..])
        );
        let by_time = raster_of("time,index,value\n0.49,1,3\n0.5,0,1\n", Some(2), Some(2)).unwrap();
        assert_eq!(by_time.data(), [0.0, 3.0, 1.0, 0.0]);
    }

    #[test]
    fn a_raster_holds_its_events() {
        let told = |text, n_steps, n_channels| {
            raster_of(text, n_steps, n_channels).unwrap_err().to_string()
        };
        assert_eq!(
            told("step,index\n0,0\n5,0\n", Some(5), None),
            "event step[1]: expected a step of the raster, found 5"
        );
        assert_eq!(
            told("step,index\n0,9\n", None, Some(9)),
            "event index[0]: expected a channel of the raster, found 9"
        );
        assert_eq!(
            told("0,1\n", Some(2), None),
            "table: expected shape [2, 2], found shape [1, 2]"
        );
        assert!(told("step,index\n4000000000,4000000000\n", None, None).contains("at most"));
    }
}
