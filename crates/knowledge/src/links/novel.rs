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

/// Pairs that are looked at, those with the rarest neighbours first. Where there are more, a score
/// lacks what common neighbours would add, which is the least.
pub const MAX_PAIRS: usize = 1_000_000;

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
        let mut left = MAX_PAIRS;
        for (between, near) in self.betweens(of, now) {
            let gives = 1.0 / (near.len() as f64).ln();
            let pairs = pairs(&near, of);
            let Some(rest) = left.checked_sub(pairs.len()) else { break };
            left = rest;
            for pair in pairs {
                let entry = shared.entry(pair).or_default();
                entry.0 += gives;
                entry.1.push(between);
            }
        }
        let unlinked = |(a, b): &(Vertex, Vertex)| match (self.linked(*a), self.linked(*b)) {
            (Some(a), Some(b)) => !self.are_linked(a, b, now),
            _ => false,
        };
        let missing = |((from, to), (score, mut shared)): ((Vertex, Vertex), (f64, Vec<_>))| {
            shared.sort_unstable();
            Missing { from, to, score, shared }
        };
        let mut all: Vec<Missing> =
            shared.into_iter().filter(|(pair, _)| unlinked(pair)).map(missing).collect();
        all.sort_by(|a, b| b.score.total_cmp(&a.score).then((a.from, a.to).cmp(&(b.from, b.to))));
        all.truncate(keep);
        Ok(all)
    }

    /// Vertices that may join two others, with what they are linked with: those of all, or the
    /// neighbours of one. Those with the fewest neighbours, which say most, come first.
    fn betweens(&self, of: Option<Vertex>, now: Time) -> Vec<(Vertex, BTreeSet<Vertex>)> {
        let vertices: BTreeSet<Vertex> = match of {
            None => self.vertices.iter().copied().collect(),
            Some(of) => self.linked(of).map(|v| self.near(v, now)).unwrap_or_default(),
        };
        let near = |vertex| Some((vertex, self.near(self.linked(vertex)?, now)));
        let joins =
            |(_, near): &(Vertex, BTreeSet<Vertex>)| (2..=MAX_SHARED_DEGREE).contains(&near.len());
        let mut all: Vec<_> = vertices.into_iter().filter_map(near).filter(joins).collect();
        all.sort_by_key(|(vertex, near)| (near.len(), *vertex));
        all
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
