//! What can go wrong with durable state.

/// Why something was not read or written; nothing has changed then.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// A record is not as the writer expected.
    #[error("{collection}/{key}: expected {expected}, found {found}")]
    Conflict {
        /// The collection.
        collection: &'static str,
        /// The key.
        key: String,
        /// What the writer expected: a version or nothing.
        expected: String,
        /// What is there.
        found: String,
    },
    /// Something is larger than its limit.
    #[error("{what} of {found}, expected at most {limit}")]
    TooLarge {
        /// What.
        what: &'static str,
        /// The limit.
        limit: usize,
        /// The size found.
        found: usize,
    },
    /// A text is no name.
    #[error("{found:?} is no {what}")]
    Name {
        /// What it should name.
        what: &'static str,
        /// The text.
        found: String,
    },
    /// There is no room: the disk or a quota is full.
    #[error("no room: {reason}")]
    Full {
        /// What the database says.
        reason: String,
    },
    /// The database is out of reach for now; trying again may help.
    ///
    /// A commit that ends so may or may not have happened.
    #[error("unavailable: {reason}")]
    Unavailable {
        /// Why.
        reason: String,
    },
    /// The database is broken.
    #[error("corrupt: {reason}")]
    Corrupt {
        /// What the database says.
        reason: String,
    },
    /// The database was written by a newer program.
    #[error("schema version {found}, this program knows {known}")]
    Schema {
        /// The database's.
        found: i64,
        /// The newest that is known.
        known: i64,
    },
    /// Another process has the database open.
    #[error("{path} is in use by another process")]
    InUse {
        /// The lock's file.
        path: String,
    },
    /// The database refuses what it is asked: wrong settings, or a bug.
    #[error("refused: {reason}")]
    Refused {
        /// What the database says.
        reason: String,
    },
}
