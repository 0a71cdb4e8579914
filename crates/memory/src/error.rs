//! What can go wrong with a memory. What the gate holds back is an outcome, what it refuses an error.

use crate::embed::EndpointError;
use crate::item::Id;

/// Why something was not done; nothing has changed then.
#[derive(Debug, thiserror::Error)]
pub enum MemoryError {
    /// A text that names no memory.
    #[error("{found:?} names no memory, expected a UUID")]
    Id {
        /// The text.
        found: String,
    },
    /// There is no such memory, or none any more.
    #[error("there is no memory {id}")]
    Unknown {
        /// Its name.
        id: Id,
    },
    /// A memory of this name is there already.
    #[error("memory {id} is there already")]
    Taken {
        /// Its name.
        id: Id,
    },
    /// The memory was changed by somebody else.
    #[error("memory {id} has version {found}, expected {expected}")]
    Version {
        /// Its name.
        id: Id,
        /// What the caller expected.
        expected: u32,
        /// What is there.
        found: u32,
    },
    /// The memory is in a state that does not allow it.
    #[error("memory {id} is {found}, expected {expected}")]
    State {
        /// Its name.
        id: Id,
        /// What is needed.
        expected: &'static str,
        /// Its status.
        found: &'static str,
    },
    /// A field is not as it must be.
    #[error("{what}: expected {expected}")]
    Field {
        /// Which.
        what: &'static str,
        /// What would be right.
        expected: String,
    },
    /// Something is larger than its limit.
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
    /// The gate refused it.
    #[error("refused by the gate: {}", reasons.join("; "))]
    Refused {
        /// What is wrong with it.
        reasons: Vec<String>,
    },
    /// The tenant has no room left.
    #[error("quota: {found} {what}, at most {limit}")]
    Quota {
        /// `memories` or `bytes`.
        what: &'static str,
        /// What is there.
        used: u64,
        /// What it would be.
        found: u64,
        /// The quota.
        limit: u64,
    },
    /// A vector of another length than its collection's.
    #[error("collection {collection}: a vector of {found} values, expected {expected}")]
    Dimension {
        /// The collection.
        collection: String,
        /// The collection's.
        expected: usize,
        /// The vector's.
        found: usize,
    },
    /// There is no such collection.
    #[error("there is no collection {found:?}, expected one of {known}")]
    Collection {
        /// The name.
        found: String,
        /// Those that are there.
        known: String,
    },
    /// The endpoint that makes a collection's vectors gave none.
    #[error("collection {collection}: its endpoint gave no vectors: {error}")]
    Endpoint {
        /// The collection.
        collection: String,
        /// Why.
        error: EndpointError,
    },
    /// The endpoint that makes a collection's vectors is not the one that is configured.
    #[error(
        "collection {collection}: vectors are made by {expected}, and the endpoint that is \
         configured is {found}; give `embedding`"
    )]
    NoEndpoint {
        /// The collection.
        collection: String,
        /// Its model.
        expected: String,
        /// The model that is configured.
        found: String,
    },
    /// A filter that cannot be read.
    #[error("filters: {what}")]
    Filter {
        /// What and where.
        what: String,
    },
    /// A file of memories that cannot be read.
    #[error("line {line}: {what}")]
    Import {
        /// The line, from 1.
        line: usize,
        /// What is wrong, and what would be right.
        what: String,
    },
    /// Columns refused the vector.
    #[error(transparent)]
    Column(#[from] column::Error),
    /// The postings cannot be made, or a query with operators is written wrong.
    #[error(transparent)]
    Text(#[from] text::TextError),
    /// Knowledge refused.
    #[error(transparent)]
    Knowledge(#[from] knowledge::KnowledgeError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] store::StoreError),
    /// What is stored cannot be read.
    #[error("{key}: {what}")]
    Corrupt {
        /// The record.
        key: String,
        /// What is wrong.
        what: String,
    },
    /// The memory is being closed, or read anew after the store failed.
    #[error("the memory is being read anew; try again")]
    Closed,
}

/// Something is larger than its limit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}: {found} {unit}, expected at most {limit}")]
pub struct TooLarge {
    /// Which.
    pub what: &'static str,
    /// Of what.
    pub unit: &'static str,
    /// How many.
    pub found: usize,
    /// How many there may be.
    pub limit: usize,
}

impl TooLarge {
    pub(crate) fn check(
        what: &'static str,
        unit: &'static str,
        found: usize,
        limit: usize,
    ) -> Result<(), MemoryError> {
        if found <= limit {
            return Ok(());
        }
        Err(Self { what, unit, found, limit }.into())
    }
}
