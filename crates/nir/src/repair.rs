//! What was mended in a graph on the way in; nothing is mended silently.

use std::fmt;

/// One thing that a file left open or said unusually, and what was assumed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Repair {
    /// The node, or `graph` for the graph itself.
    pub node: String,
    /// What was found.
    pub what: String,
    /// What was assumed.
    pub done: String,
}

impl fmt::Display for Repair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let node = self.node.escape_debug();
        write!(f, "`{node}`: {}; {}", self.what, self.done)
    }
}

/// Repairs as they are made.
#[derive(Default)]
pub(crate) struct Repairs(pub(crate) Vec<Repair>);

impl Repairs {
    pub(crate) fn add(&mut self, node: &str, what: impl Into<String>, done: impl Into<String>) {
        self.0.push(Repair { node: node.to_owned(), what: what.into(), done: done.into() });
    }
}
