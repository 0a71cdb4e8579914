//! What is asked of the columns, and what comes back.

use roaring::RoaringBitmap;

use crate::Rows;

/// The most hits of one search.
pub const MAX_K: usize = 1000;

/// How to search.
#[derive(Clone, Copy, Default)]
pub struct Search<'a> {
    /// How many columns to read.
    pub breadth: Breadth,
    /// Only these ids, tested before anything is multiplied.
    pub filter: Option<&'a RoaringBitmap>,
    /// Full vectors for the last word on the best candidates.
    pub rows: Option<&'a dyn Rows>,
}

/// How many columns a search reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Breadth {
    /// As many as the wanted recall needs, by what was seen of the stored vectors.
    #[default]
    Auto,
    /// So many.
    Fixed(usize),
    /// All of them.
    Exact,
}

/// A stored vector near the query.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hit {
    /// Which.
    pub id: u32,
    /// Cosine with the query: exact with [`Search::rows`], else to the stored precision.
    pub score: f32,
}

/// The nearest, best first, and what it took.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Found {
    /// The nearest, best first; equal scores by id.
    pub hits: Vec<Hit>,
    /// What it took.
    pub report: Report,
}

/// What a search took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Columns whose receptive fields were compared with the query.
    pub columns_compared: u32,
    /// Columns that were read.
    pub columns_visited: u32,
    /// Rows that were compared with the query.
    pub rows_scanned: u32,
    /// Rows that the filter left out in the columns read.
    pub rows_filtered: u32,
    /// Candidates that were scored again with more precision.
    pub reranked: u32,
}
