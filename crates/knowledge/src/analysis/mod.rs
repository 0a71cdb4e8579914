//! The shape of what is known: ways, parts, importance, groups, flow, links that may be missing.
//!
//! A [`KnowledgeGraph`] is made of a [`crate::View`], and each question is a method of it, in a file
//! of its own. The same knowledge always gives the same answer: vertices are taken in the order of
//! their numbers, and what is equal is told in that order. Every question has a bound on what it
//! visits and is refused beyond it, never cut off by time. Activation from seeds is in
//! [`crate::links`]; `docs/decisions/0041-analysis.md` says what comes from `petgraph`.

mod betweenness;
mod budget;
mod closeness;
mod colouring;
mod communities;
mod components;
mod cores;
mod cost;
mod degree;
mod finding;
mod flow;
mod forest;
mod graph;
mod matching;
mod motifs;
mod paths;
mod prediction;
mod rank;
mod reach;
mod summary;
mod triangles;

pub use budget::MAX_VISITS;
pub use communities::{Communities, MAX_LOUVAIN_ROUNDS, MAX_RESOLUTION};
pub use cost::{Cost, MIN_COSTED_STRENGTH};
pub use finding::{Analysis, Finding, Group, MAX_TOLD, MAX_TOLD_ON_PATHS};
pub use flow::{FLOW_UNITS, Flow};
pub use forest::Bond;
pub use graph::{
    Joined, KnowledgeGraph, MAX_ANALYSED_LINKS, MAX_ANALYSED_VERTICES, MAX_CHOSEN_KINDS, Over,
};
pub use motifs::{Census, TRIADS};
pub use paths::{MAX_WAYS, Way};
pub use prediction::Likeness;
pub use rank::{MAX_POWER_ROUNDS, POWER_TOLERANCE, Ranks};
pub use reach::Direction;
pub use summary::Summary;
pub use triangles::Triangles;
