//! What may be wrong with data: one enum for the room.

use std::fmt;
use std::path::PathBuf;

/// What was wrong, where, what was expected and what was found.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SenseError {
    /// The operating system would not read the file.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// More than a limit in [`crate::limits`] allows.
    #[error("{what}: expected at most {limit} {unit}, found {found}")]
    TooLarge {
        /// The file, array or table.
        what: String,
        /// What is counted.
        unit: &'static str,
        /// The limit.
        limit: u64,
        /// The count.
        found: u64,
    },
    /// The bytes are not what the format says.
    #[error("{what}: {part}: expected {expected}, found {found}")]
    Malformed {
        /// The file or the member of an archive.
        what: String,
        /// The part of the format.
        part: &'static str,
        /// What the format asks for.
        expected: String,
        /// What is there.
        found: String,
    },
    /// The archive cannot be opened or inflated.
    #[error("{what}: not a readable zip archive: {source}")]
    Archive {
        /// The file or the member.
        what: String,
        /// The reason.
        source: zip::result::ZipError,
    },
    /// An array of something that is no number here (text, complex numbers, records).
    #[error("{what}: expected numbers of 1 to 8 bytes or booleans, found numpy type `{found}`")]
    UnsupportedType {
        /// The array.
        what: String,
        /// Numpy's name of the type.
        found: String,
    },
    /// An array's shape does not fit.
    #[error("{what}: expected {expected}, found shape {found:?}")]
    Shape {
        /// The array.
        what: String,
        /// The shape, or what it must obey.
        expected: String,
        /// The shape that was found.
        found: Vec<usize>,
    },
    /// A value is outside what it may be.
    #[error("{what}[{idx}]: expected {expected}, found {found}")]
    Value {
        /// The array or the input.
        what: String,
        /// The flat index of the first such value.
        idx: usize,
        /// The permitted range or kind.
        expected: &'static str,
        /// The value.
        found: f64,
    },
    /// An array that belongs there is not.
    #[error("{what}: expected an array `{expected}`, found {}", found.join(", "))]
    MissingArray {
        /// The file.
        what: String,
        /// The name looked for.
        expected: String,
        /// The names that are there.
        found: Vec<String>,
    },
    /// The same thing is given twice.
    #[error("{what}: expected one of `{first}` and `{second}`, found both")]
    Twice {
        /// The file.
        what: String,
        /// One name.
        first: String,
        /// The other name.
        second: String,
    },
    /// Bad lines of a table: the first [`crate::limits::MAX_BAD_LINES`], and how many in all.
    #[error("{what}: {n_bad} bad lines{}", listed(lines))]
    Lines {
        /// The file.
        what: String,
        /// How many lines are bad.
        n_bad: usize,
        /// The first of them.
        lines: Vec<LineProblem>,
    },
    /// Several things at once.
    #[error("{} problems{}", .0.len(), listed(.0))]
    Several(Vec<SenseError>),
}

/// What is wrong with one line of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct LineProblem {
    /// From 1.
    pub line: u64,
    /// The field's name, or its number from 1.
    pub field: String,
    /// What the field must be.
    pub expected: String,
    /// What it is.
    pub found: String,
}

impl fmt::Display for LineProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let LineProblem { line, field, expected, found } = self;
        write!(f, "line {line}, {field}: expected {expected}, found {found}")
    }
}

fn listed<T: fmt::Display>(items: &[T]) -> String {
    items.iter().map(|item| format!("\n  {item}")).collect()
}

/// `Ok` if there are no problems, the one, or all of them together.
pub(crate) fn check(mut problems: Vec<SenseError>) -> Result<(), SenseError> {
    match problems.len() {
        0 => Ok(()),
        1 => Err(problems.remove(0)),
        _ => Err(SenseError::Several(problems)),
    }
}
