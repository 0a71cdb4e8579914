//! Records, what is written, and what is asked for.

use crate::error::StoreError;
use crate::name::{Collection, check_key};

/// The largest value of a record.
pub const MAX_VALUE_BYTES: usize = 16 << 20;

/// Writes of one commit.
pub const MAX_WRITES: usize = 1000;

/// Records of one page.
pub const MAX_PAGE: usize = 1000;

/// Bytes under a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The key; records are ordered by its bytes.
    pub key: String,
    /// The value.
    pub value: Vec<u8>,
    /// How often the record has been written since it came to be: 1, 2 ...
    pub version: u64,
}

/// What a writer expects of the record that it replaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// Anything or nothing.
    Any,
    /// Nothing.
    Absent,
    /// This version.
    Version(u64),
}

/// One write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Write {
    /// Sets a record.
    Put {
        /// The collection.
        collection: Collection,
        /// The key.
        key: String,
        /// The value.
        value: Vec<u8>,
        /// What it replaces.
        expect: Expect,
    },
    /// Removes a record.
    Delete {
        /// The collection.
        collection: Collection,
        /// The key.
        key: String,
        /// What it removes.
        expect: Expect,
    },
    /// Adds a record at the end: its key is the next number of the collection, in 20 digits.
    /// Numbers begin with 1, have no gaps and are never used again.
    Append {
        /// The collection.
        collection: Collection,
        /// The value.
        value: Vec<u8>,
    },
}

/// What a write did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Written {
    /// The record has this version now.
    Put(u64),
    /// Whether there was a record.
    Deleted(bool),
    /// The record has this number.
    Appended(u64),
}

/// Which records of a collection are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Range {
    /// Keys begin with this.
    pub prefix: String,
    /// Keys come after this one, in the order asked for.
    pub after: Option<String>,
    /// At most so many; 0 or more than [`MAX_PAGE`] mean [`MAX_PAGE`].
    pub limit: usize,
    /// From the last to the first.
    pub reverse: bool,
}

/// Records, and where to go on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The records in order.
    pub records: Vec<Record>,
    /// What [`Range::after`] is for the next page; none where this was the last.
    pub next: Option<String>,
}

/// How much a collection holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Records.
    pub records: u64,
    /// Bytes of their keys and values.
    pub bytes: u64,
}

impl Range {
    pub(crate) fn page(&self) -> usize {
        if self.limit == 0 { MAX_PAGE } else { self.limit.min(MAX_PAGE) }
    }

    /// The first key that does not begin with the prefix any more; none where all after it do.
    pub(crate) fn end(&self) -> Option<Vec<u8>> {
        let mut end = self.prefix.clone().into_bytes();
        while let Some(last) = end.pop() {
            if last < 0xff {
                end.push(last + 1);
                return Some(end);
            }
        }
        None
    }
}

impl Write {
    /// Bytes of its value.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::Put { value, .. } | Self::Append { value, .. } => value.len(),
            Self::Delete { .. } => 0,
        }
    }

    pub(crate) fn check(&self) -> Result<(), StoreError> {
        if let Self::Put { key, .. } | Self::Delete { key, .. } = self {
            check_key(key)?;
        }
        match self {
            Self::Put { value, .. } | Self::Append { value, .. }
                if value.len() > MAX_VALUE_BYTES =>
            {
                let (what, found) = ("value", value.len());
                Err(StoreError::TooLarge { what, limit: MAX_VALUE_BYTES, found })
            }
            _ => Ok(()),
        }
    }
}

impl Expect {
    /// Holds what is there against what is expected.
    pub(crate) fn check(
        self,
        collection: Collection,
        key: &str,
        found: Option<u64>,
    ) -> Result<(), StoreError> {
        let fits = match self {
            Self::Any => true,
            Self::Absent => found.is_none(),
            Self::Version(version) => found == Some(version),
        };
        if fits {
            return Ok(());
        }
        let said = |v: Option<u64>| v.map_or("nothing".into(), |v| format!("version {v}"));
        Err(StoreError::Conflict {
            collection: collection.as_str(),
            key: key.to_owned(),
            expected: said(if let Self::Version(v) = self { Some(v) } else { None }),
            found: said(found),
        })
    }
}

/// The key of a number.
pub(crate) fn numbered(n: u64) -> String {
    format!("{n:020}")
}
