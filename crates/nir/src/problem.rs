//! What is wrong with a graph, one line each, and all of it at once.

use std::fmt;

use crate::limits::MAX_PROBLEMS;

/// One thing that keeps a graph from being used.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The node, or `graph` for the graph itself.
    pub node: String,
    /// The field of the node, where it is one field's fault.
    pub field: Option<String>,
    /// What would have been right.
    pub expected: String,
    /// What the file holds.
    pub found: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { node, field, expected, found } = self;
        write!(f, "`{}`", node.escape_debug())?;
        if let Some(field) = field {
            write!(f, ", {}", field.escape_debug())?;
        }
        write!(f, ": expected {expected}, found {found}")
    }
}

/// Problems as they are found; past [`MAX_PROBLEMS`] they are only counted.
#[derive(Default)]
pub(crate) struct Problems {
    found: Vec<Problem>,
    n_unlisted: usize,
}

impl Problems {
    pub(crate) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    pub(crate) fn add(
        &mut self,
        node: &str,
        field: impl Into<Option<&'static str>>,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) {
        self.push(Problem {
            node: node.to_owned(),
            field: field.into().map(str::to_owned),
            expected: expected.into(),
            found: found.into(),
        });
    }

    /// Takes over the other problems that are `relevant`.
    pub(crate) fn extend(&mut self, others: Self, relevant: impl Fn(&Problem) -> bool) {
        self.n_unlisted += others.n_unlisted;
        for problem in others.found {
            if relevant(&problem) {
                self.push(problem);
            }
        }
    }

    pub(crate) fn push(&mut self, problem: Problem) {
        if self.found.len() < MAX_PROBLEMS {
            self.found.push(problem);
        } else {
            self.n_unlisted += 1;
        }
    }

    pub(crate) fn into_vec(mut self) -> Vec<Problem> {
        self.found.sort();
        self.found.dedup();
        if self.n_unlisted > 0 {
            self.found.push(Problem {
                node: crate::GRAPH.to_owned(),
                field: None,
                expected: format!("at most {MAX_PROBLEMS} problems to list"),
                found: format!("{} more", self.n_unlisted),
            });
        }
        self.found
    }
}
