//! Labelled time series in the `.ts` format of the UEA archive, sktime and aeon.
//!
//! ```text
//! @dimensions 2
//! @classLabel true left right
//! @data
//! 1,2,3:4,5,6:left          channels by colons, steps by commas, the label last
//! ```
//!
//! Series with times of their own (`@timeStamps true`) are not read.

use crate::error::LineProblem;
use crate::limits::{MAX_ARRAY_VALUES, MAX_BAD_LINES, MAX_FILE_BYTES};
use crate::{Array, SenseError};

/// A data set of labelled series.
#[derive(Clone, Debug, PartialEq)]
pub struct SeriesSet {
    /// The labels that the header names, in its order.
    pub labels: Vec<String>,
    /// Each series.
    pub cases: Vec<Series>,
}

/// One series.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// Shape (steps, channels).
    pub values: Array,
    /// Which of the labels; `None` if the set has none.
    pub label_idx: Option<usize>,
}

impl SeriesSet {
    /// Reads `.ts`; `what` names it in errors.
    ///
    /// # Errors
    ///
    /// [`SenseError::Lines`] with each bad line: a value that is no finite number (`?` is missing, and
    /// not made up here), channels of several lengths, a label that the header does not name.
    /// [`SenseError::Malformed`] without `@data` or with times, [`SenseError::TooLarge`] above the
    /// [limits](crate::limits).
    pub fn read(bytes: &[u8], what: &str) -> Result<SeriesSet, SenseError> {
        let found = bytes.len() as u64;
        if found > MAX_FILE_BYTES {
            let what = what.to_owned();
            return Err(SenseError::TooLarge { what, unit: "bytes", limit: MAX_FILE_BYTES, found });
        }
        let text = String::from_utf8_lossy(bytes);
        let mut lines = text.lines().zip(1_u64..).map(|(line, number)| (number, line.trim()));
        let mut lines =
            lines.by_ref().filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
        let (labels, n_channels) = header(&mut lines, what)?;
        let mut problems = Problems { lines: Vec::new(), n_bad: 0 };
        let (mut cases, mut n_values) = (Vec::new(), 0);
        for (number, line) in lines {
            match case(line, labels.as_deref(), n_channels) {
                Ok(case) => {
                    n_values += case.values.data().len();
                    cases.push(case);
                }
                Err(problem) => problems.add(number, problem),
            }
            if n_values > MAX_ARRAY_VALUES {
                let (limit, found) = (MAX_ARRAY_VALUES as u64, n_values as u64);
                let what = what.to_owned();
                return Err(SenseError::TooLarge { what, unit: "values", limit, found });
            }
        }
        problems.check(what)?;
        Ok(SeriesSet { labels: labels.unwrap_or_default(), cases })
    }
}

/// The labels, if series have one, and the number of channels, if it is told.
type Header = (Option<Vec<String>>, Option<usize>);

fn header<'a>(
    lines: &mut impl Iterator<Item = (u64, &'a str)>,
    what: &str,
) -> Result<Header, SenseError> {
    let (mut labels, mut n_channels) = (None, None);
    for (_, line) in lines {
        let mut words = line.split_whitespace();
        let key = words.next().unwrap_or_default().to_lowercase();
        let value = words.next().unwrap_or_default();
        let is_true = value.eq_ignore_ascii_case("true");
        match key.as_str() {
            "@data" => return Ok((labels, n_channels)),
            "@timestamps" if is_true => {
                return Err(malformed(what, "@timeStamps", "false", "true"));
            }
            "@dimensions" | "@dimension" => n_channels = value.parse().ok(),
            "@univariate" if is_true => n_channels = Some(1),
            "@classlabel" if is_true => labels = Some(words.map(str::to_owned).collect()),
            _ if key.starts_with('@') => {}
            _ => return Err(malformed(what, "header", "lines with @ up to @data", line)),
        }
    }
    Err(malformed(what, "header", "@data", "the end"))
}

/// What was wrong with a line: the field, what was expected, what was found.
type Problem = (String, String, String);

fn case(
    line: &str,
    labels: Option<&[String]>,
    n_channels: Option<usize>,
) -> Result<Series, Problem> {
    let mut channels: Vec<&str> = line.split(':').collect();
    let label_idx = match labels {
        None => None,
        Some(labels) => {
            let label = channels.pop().unwrap_or_default().trim();
            let known = labels.iter().position(|known| known == label);
            let expected = || format!("one of {}", labels.join(", "));
            Some(known.ok_or_else(|| ("label".to_owned(), expected(), shown(label)))?)
        }
    };
    if let Some(n) = n_channels.filter(|n| *n != channels.len()) {
        return Err(("line".into(), format!("{n} channels"), channels.len().to_string()));
    }
    let mut columns = Vec::with_capacity(channels.len());
    for (channel_idx, text) in channels.iter().enumerate() {
        let column = channel(text, channel_idx)?;
        if let Some(first) = columns.first().map(Vec::len).filter(|first| *first != column.len()) {
            let field = format!("channel {}", channel_idx + 1);
            return Err((field, format!("{first} values"), column.len().to_string()));
        }
        columns.push(column);
    }
    let n_steps = columns.first().map_or(0, Vec::len);
    let values = (0..n_steps).flat_map(|step| columns.iter().map(move |column| column[step]));
    let values = Array::new(vec![n_steps, columns.len()], values.collect());
    let values = values.map_err(|error| ("line".into(), "an array".into(), error.to_string()))?;
    Ok(Series { values, label_idx })
}

fn channel(text: &str, channel_idx: usize) -> Result<Vec<f32>, Problem> {
    let value = |(idx, field): (usize, &str)| {
        let value = field.trim().parse::<f32>().ok().filter(|value| value.is_finite());
        let name = || format!("channel {}, value {}", channel_idx + 1, idx + 1);
        value.ok_or_else(|| (name(), "a finite number".to_owned(), shown(field)))
    };
    text.split(',').enumerate().map(value).collect()
}

fn shown(text: &str) -> String {
    format!("`{}`", text.chars().take(40).collect::<String>().escape_debug())
}

struct Problems {
    lines: Vec<LineProblem>,
    n_bad: usize,
}

impl Problems {
    fn add(&mut self, line: u64, (field, expected, found): Problem) {
        self.n_bad += 1;
        if self.n_bad <= MAX_BAD_LINES {
            self.lines.push(LineProblem { line, field, expected, found });
        }
    }

    fn check(self, what: &str) -> Result<(), SenseError> {
        if self.n_bad == 0 {
            return Ok(());
        }
        Err(SenseError::Lines { what: what.into(), n_bad: self.n_bad, lines: self.lines })
    }
}

fn malformed(what: &str, part: &'static str, expected: &str, found: &str) -> SenseError {
    let found = found.chars().take(40).collect();
    SenseError::Malformed { what: what.into(), part, expected: expected.into(), found }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<SeriesSet, SenseError> {
        SeriesSet::read(text.as_bytes(), "x.ts")
    }

    #[test]
    fn channels_steps_and_labels_are_read() {
        let set =
            read("# c\n@dimensions 2\n@classLabel true a b\n@data\n1,2:3,4:b\n5:6:a\n").unwrap();
        assert_eq!(set.labels, ["a", "b"]);
        assert_eq!(set.cases[0].values.data(), [1.0, 3.0, 2.0, 4.0]);
        assert_eq!(set.cases[0].label_idx, Some(1));
        assert_eq!(set.cases[1].values.shape(), [1, 2]);
        let plain = read("@univariate true\n@classLabel false\n@data\n1,2\n").unwrap();
        assert_eq!((plain.cases[0].values.shape(), plain.cases[0].label_idx), (&[2, 1][..], None));
    }

    #[test]
    fn every_bad_line_is_told() {
        let text = "@dimensions 2\n@classLabel true a\n@data\n1,?:3,4:a\n1:2,3:a\n1:2:c\n1:a\n";
        assert_eq!(
            read(text).unwrap_err().to_string(),
            "x.ts: 4 bad lines\n  \
             line 4, channel 1, value 2: expected a finite number, found `?`\n  \
             line 5, channel 2: expected 1 values, found 2\n  \
             line 6, label: expected one of a, found `c`\n  \
             line 7, line: expected 2 channels, found 1"
        );
        assert!(read("@classLabel false\n").unwrap_err().to_string().contains("@data"));
        assert!(read("@timeStamps true\n@data\n").is_err());
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic(bytes: Vec<u8>, text in "[@a-z0-9:,?\\n .-]{0,80}") {
            let _ = SeriesSet::read(&bytes, "any");
            let _ = read(&format!("@classLabel true a\n@data\n{text}"));
        }
    }
}
