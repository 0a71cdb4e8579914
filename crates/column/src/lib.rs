//! Cortical columns: where a vector belongs, and which stored vectors are nearest to a query.
//!
//! A **column** is a list of vectors with one receptive field, the unit vector that it answers to
//! most. What is stored competes for a column ([`Columns::insert`]): the columns that overlap with it
//! most inhibit each other until one is left. What is asked ([`Columns::search`]) reads the columns
//! whose fields lie nearest and as few of them as the wanted recall needs. Columns split when they
//! are loaded and merge when they are not.
//!
//! Pure: no files, clock, log, async or globals. The same inserts in the same order with the same
//! seed give the same columns, on every instruction set. `docs/concepts/columns.md` tells the
//! rest, `docs/decisions/0016-columns.md` why it is not a graph of neighbours.
//!
//! ```
//! use column::{Columns, Config, Search};
//!
//! let mut columns = Columns::new(Config::new(3))?;
//! columns.insert(7, &[1.0, 0.0, 0.0])?;
//! columns.insert(9, &[0.6, 0.8, 0.0])?;
//! let found = columns.search(&[0.8, 0.6, 0.0], 1, &Search::default())?;
//! assert_eq!(found.hits[0].id, 9);
//! # Ok::<(), column::Error>(())
//! ```

mod columns;

mod allocation;
mod aspects;
mod config;
mod error;
mod search;
mod state;
mod survey;

mod compete;
mod encode;
mod grid;

mod breadth;
mod build;
mod code;
mod fields;
mod halves;
mod layout;
mod list;
mod order;
mod packed;
mod places;
mod random;
mod reach;
mod receptive;
mod rows;
mod seek;
mod simd;
mod split;
mod walk;

pub use allocation::{
    Allocation, Competitor, Convergence, Duplicate, FirstSpike, Likeness, Spikes,
};
pub use aspects::{Aspects, PLACES, Sparse, Votes};
pub use columns::Columns;
pub use config::{Config, MAX_COLUMNS, MAX_COMPETITORS, MAX_DIMENSION, MAX_ITEMS, MAX_REPLAYS};
pub use encode::{LEAST_SHARE, N_FIRST, WINDOW_SECONDS};
pub use error::Error;
pub use layout::Layout;
pub use rows::{FlatRows, Rows};
pub use search::{Breadth, Found, Hit, MAX_K, Report, Search};
pub use simd::Isa;
pub use state::State;
pub use survey::{Bytes, ColumnSurvey, Survey};
