//! Entities that share neighbours and are not linked: where a link may be missing, with the
//! neighbours that say so.
//!
//! The score is that of Adamic and Adar (2003, "Friends and neighbors on the Web"), one of the best
//! of the simple ones for predicting links (Liben-Nowell and Kleinberg 2007):
//! `sum over common neighbours z of 1 / ln(degree of z)`. A neighbour that everything has says
//! little. The degree counts vertices, not links.

use std::collections::{BTreeMap, BTreeSet};

use super::Links;
use crate::check;
use crate::error::KnowledgeError;
use crate::id::{Time, Vertex};
use crate::limits::MAX_KEPT;

/// Neighbours of a vertex that are looked at; one with more joins nobody by itself, and is left out.
pub const MAX_SHARED_DEGREE: usize = 200;

/// Two entities that share neighbours and are not linked.
#[derive(Clone, Debug, PartialEq)]
pub struct Missing {
    /// The entity with the lower number.
    pub from: Vertex,
    /// The other one.
    pub to: Vertex,
    /// Adamic and Adar's score.
    pub score: f64,
    /// What both are linked with, in the order of the vertices.
    pub shared: Vec<Vertex>,
}

impl Links {
    /// Pairs of entities without a link, the highest score first and then by their numbers; those of
    /// one vertex, where it is given.
    ///
    /// # Errors
    ///
    /// [`KnowledgeError::TooMany`] for more than [`MAX_KEPT`] to keep.
    pub fn missing(
        &self,
        of: Option<Vertex>,
        keep: usize,
        now: Time,
    ) -> Result<Vec<Missing>, KnowledgeError> {
        check::count("kept", keep, MAX_KEPT)?;
        let mut shared: BTreeMap<(Vertex, Vertex), (f64, Vec<Vertex>)> = BTreeMap::new();
        for between in self.betweens(of, now) {
            let near = self.near(between, now);
            if !(2..=MAX_SHARED_DEGREE).contains(&near.len()) {
                continue;
            }
            let gives = 1.0 / (near.len() as f64).ln();
            for (a, b) in pairs(&near, of) {
                let entry = shared.entry((a, b)).or_default();
                entry.0 += gives;
                entry.1.push(self.vertex(between));
            }
        }
        let unlinked = |(a, b): &(Vertex, Vertex)| match (self.linked(*a), self.linked(*b)) {
            (Some(a), Some(b)) => !self.are_linked(a, b, now),
            _ => false,
        };
        let missing = |((from, to), (score, shared))| Missing { from, to, score, shared };
        let mut all: Vec<Missing> =
            shared.into_iter().filter(|(pair, _)| unlinked(pair)).map(missing).collect();
        all.sort_by(|a, b| b.score.total_cmp(&a.score).then((a.from, a.to).cmp(&(b.from, b.to))));
        all.truncate(keep);
        Ok(all)
    }

    /// Vertices that may join two others, in their order: all, or the neighbours of one.
    fn betweens(&self, of: Option<Vertex>, now: Time) -> Vec<u32> {
        let vertices: BTreeSet<Vertex> = match of {
            None => self.vertices.iter().copied().collect(),
            Some(of) => self.linked(of).map(|v| self.near(v, now)).unwrap_or_default(),
        };
        vertices.into_iter().filter_map(|vertex| self.linked(vertex)).collect()
    }

    /// What a vertex is linked with now.
    fn near(&self, vertex: u32, now: Time) -> BTreeSet<Vertex> {
        let there = self.row(vertex).iter().filter(|h| self.strength(h, now) > 0.0);
        there.map(|h| self.vertex(h.to)).collect()
    }
}

/// Every two entities of a set, the lower first; with one of them given, those that it is of.
fn pairs(near: &BTreeSet<Vertex>, of: Option<Vertex>) -> Vec<(Vertex, Vertex)> {
    let entities: Vec<Vertex> = near.iter().copied().filter(|v| v.is_entity()).collect();
    let ordered = |a: Vertex, b: Vertex| (a.min(b), a.max(b));
    match of {
        Some(of) => entities.iter().filter(|v| **v != of).map(|v| ordered(of, *v)).collect(),
        None => {
            let after = |k: usize| entities[k + 1..].iter();
            let all = entities.iter().enumerate();
            all.flat_map(|(k, a)| after(k).map(|b| ordered(*a, *b))).collect()
        }
    }
}
