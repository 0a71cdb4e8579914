//! What is asked of a memory, and what it finds: words, vectors and activation, each a ranking of
//! its own, fused by reciprocal rank (Cormack, Clarke and Büttcher 2009, k = 60).
//!
//! A hit's score is `Σ weight / (60 + rank)` over the rankings that have it, as a share of what a
//! memory would have that is first in all of them, times how strong the memory still is. So 1 is
//! first everywhere and fresh.

use std::collections::HashMap;
use std::sync::Arc;

use column::Breadth;
use roaring::RoaringBitmap;

use crate::activation::Spread;
use crate::durable::Memory;
use crate::error::{MemoryError, TooLarge};
use crate::filter::Filter;
use crate::item::{Id, Item, Scope, Status, Time};
use crate::record::Encoding;
use crate::state::State;
use crate::tier;

/// Hits of one page.
pub const MAX_HITS: usize = 100;
/// How far down a search may be paged.
pub const MAX_OFFSET: usize = 900;
/// The longest question.
pub const MAX_QUERY_BYTES: usize = 16 << 10;
/// The constant of reciprocal rank fusion.
const RANK_CONSTANT: f32 = 60.0;
/// Candidates that each ranking gives at least.
const CANDIDATES: usize = 64;
/// How much vectors of the built-in encoder count beside others: it knows spelling, not meaning
/// (`docs/decisions/0023-encoder.md`).
const BUILT_IN_SHARE: f32 = 0.5;
/// How much of a score hangs on how strong the memory still is.
const STRENGTH_SHARE: f32 = 0.1;

/// What is asked.
#[derive(Clone, Debug)]
pub struct Query {
    /// The question; empty where only a vector is given.
    pub text: String,
    /// Its vector; made from the text where there is none and the collection can.
    pub vector: Option<Vec<f32>>,
    /// The collection whose vectors are asked.
    pub collection: Option<String>,
    /// Whose memories.
    pub scope: Scope,
    /// Which of them.
    pub filter: Filter,
    /// What status they have; active ones where it is empty.
    pub statuses: Vec<Status>,
    /// How many, 1 to [`MAX_HITS`].
    pub limit: usize,
    /// How many to leave out first.
    pub offset: usize,
    /// The lowest score.
    pub threshold: f32,
    /// How much each ranking counts.
    pub weights: Weights,
    /// How many columns are read.
    pub breadth: Breadth,
    /// Whether each hit tells why it was found.
    pub explain: bool,
    /// Whether what is found is the stronger for it.
    pub reinforce: bool,
}

/// How much each ranking counts; 0 leaves it out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Weights {
    /// Words, by BM25.
    pub text: f32,
    /// Vectors, by cosine.
    pub vector: f32,
    /// Activation over what memories mention and how they are related.
    pub graph: f32,
}

/// A memory that was found.
#[derive(Clone, Debug)]
pub struct Hit {
    /// The memory.
    pub item: Arc<Item>,
    /// How well it fits, 0 to 1.
    pub score: f32,
    /// Why it was found, where that was asked for.
    pub why: Option<Why>,
}

/// Why a memory was found.
#[derive(Clone, Debug, Default)]
pub struct Why {
    /// Its rank and score by words, from 1.
    pub text: Option<(usize, f32)>,
    /// The words that it has of the question, with what each gives.
    pub terms: Vec<text::TermScore>,
    /// Its rank and cosine by vectors.
    pub vector: Option<(usize, f32)>,
    /// Its rank and activation.
    pub graph: Option<(usize, f32)>,
    /// How activation came to it, from what the question found or names.
    pub path: Vec<String>,
    /// How strong it still is.
    pub strength: f32,
}

/// What was found, and what it took.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// Best first.
    pub hits: Vec<Hit>,
    /// Whether there are more after them.
    pub more: bool,
    /// What the columns did.
    pub columns: column::Report,
    /// Candidates that were fused.
    pub candidates: usize,
    /// Why words alone were searched, where the endpoint gave no vector ([`Memory::find`]).
    pub words_only: Option<String>,
}

/// One ranking: slots and scores, best first.
type Ranking = Vec<(u32, f32)>;

impl Default for Weights {
    fn default() -> Self {
        Self { text: 1.0, vector: 1.0, graph: 0.5 }
    }
}

impl Query {
    /// Asks for ten memories.
    pub fn new(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            vector: None,
            collection: None,
            scope: Scope::default(),
            filter: Filter::everything(),
            statuses: vec![Status::Active],
            limit: 10,
            offset: 0,
            threshold: 0.0,
            weights: Weights::default(),
            breadth: Breadth::Auto,
            explain: false,
            reinforce: true,
        }
    }

    pub(crate) fn check(&self) -> Result<(), MemoryError> {
        let field = |what, expected: String| Err(MemoryError::Field { what, expected });
        if self.text.trim().is_empty() && self.vector.is_none() {
            return field("query", "a question or a vector".into());
        }
        if !(1..=MAX_HITS).contains(&self.limit) {
            return field("limit", format!("1 to {MAX_HITS}"));
        }
        let weights = [self.weights.text, self.weights.vector, self.weights.graph];
        if weights.iter().any(|w| !(0.0..=10.0).contains(w)) || weights.iter().all(|&w| w == 0.0) {
            return field("weights", "numbers from 0 to 10, not all of them 0".into());
        }
        TooLarge::check("query", "bytes", self.text.len(), MAX_QUERY_BYTES)?;
        TooLarge::check("offset", "hits", self.offset, MAX_OFFSET)?;
        self.scope.check()
    }
}

impl Memory {
    /// Finds memories.
    ///
    /// # Errors
    /// [`MemoryError::Field`], [`MemoryError::TooLarge`], [`MemoryError::Dimension`],
    /// [`MemoryError::Collection`].
    pub fn search(&self, query: &Query, now: Time) -> Result<Found, MemoryError> {
        query.check()?;
        let state = self.read()?;
        let vector = self.query_vector(&state, query)?;
        let found = state.search(query, vector.as_deref(), now)?;
        drop(state);
        if query.reinforce {
            self.touch(&found.hits, now);
        }
        Ok(found)
    }

    fn query_vector(&self, state: &State, query: &Query) -> Result<Option<Vec<f32>>, MemoryError> {
        let space = &state.space(query.collection.as_deref())?.space;
        if query.vector.is_some() {
            crate::plan::check_vector(space, query.vector.as_deref())?;
            return Ok(query.vector.clone());
        }
        if space.encoder != Encoding::BuiltIn || query.weights.vector == 0.0 {
            return Ok(None);
        }
        Ok(Some(self.shared.encoders.built_in.encode(&query.text))
            .filter(|v| v.iter().any(|&x| x != 0.0)))
    }
}

impl State {
    fn search(
        &self,
        query: &Query,
        vector: Option<&[f32]>,
        now: Time,
    ) -> Result<Found, MemoryError> {
        let only = self.select(&query.scope, &query.filter, &query.statuses);
        let wanted = query.offset + query.limit;
        let depth = (2 * wanted).clamp(CANDIDATES, column::MAX_K);
        let mut found = Found::default();
        let text = self.by_words(query, depth, only.as_ref());
        let near = self.by_vector(query, vector, depth, only.as_ref(), &mut found)?;
        let spread = self.by_activation(query, &text.0, &near, only.as_ref(), now);
        let graph = spread.ranked(depth);
        let built_in = self.space(query.collection.as_deref())?.space.encoder == Encoding::BuiltIn;
        let vector_weight = query.weights.vector * if built_in { BUILT_IN_SHARE } else { 1.0 };
        let rankings =
            [(&text.0, query.weights.text), (&near, vector_weight), (&graph, query.weights.graph)];
        let fused = self.fused(&rankings, now);
        found.candidates = fused.len();
        let fit: Vec<_> = fused.into_iter().filter(|(_, s)| *s >= query.threshold).collect();
        found.more = fit.len() > wanted;
        let why = |slot| query.explain.then(|| self.why(slot, now, &text, &near, &graph, &spread));
        let hit = |(slot, score): &(u32, f32)| {
            Some(Hit { item: Arc::clone(self.at(*slot)?), score: *score, why: why(*slot) })
        };
        found.hits = fit.iter().skip(query.offset).take(query.limit).filter_map(hit).collect();
        Ok(found)
    }

    fn by_words(
        &self,
        query: &Query,
        depth: usize,
        only: Option<&RoaringBitmap>,
    ) -> (Ranking, HashMap<u32, Vec<text::TermScore>>) {
        if query.weights.text == 0.0 || query.text.is_empty() {
            return Default::default();
        }
        let hits = self.words.search_words(&query.text, depth, only, query.explain);
        let ranking = hits.iter().map(|hit| (hit.id, hit.score)).collect();
        (ranking, hits.into_iter().map(|hit| (hit.id, hit.terms)).collect())
    }

    fn by_vector(
        &self,
        query: &Query,
        vector: Option<&[f32]>,
        depth: usize,
        only: Option<&RoaringBitmap>,
        found: &mut Found,
    ) -> Result<Ranking, MemoryError> {
        let Some(vector) = vector.filter(|_| query.weights.vector > 0.0) else {
            return Ok(Vec::new());
        };
        let how = column::Search { breadth: query.breadth, filter: only, rows: None };
        let near = self.space(query.collection.as_deref())?.columns.search(vector, depth, &how)?;
        found.columns = near.report;
        Ok(near.hits.into_iter().map(|hit| (hit.id, hit.score)).collect())
    }

    fn by_activation(
        &self,
        query: &Query,
        text: &Ranking,
        near: &Ranking,
        only: Option<&RoaringBitmap>,
        now: Time,
    ) -> Spread {
        if query.weights.graph == 0.0 {
            return Spread::default();
        }
        let seeds = fuse(&[(text, query.weights.text), (near, query.weights.vector)]);
        self.spread(&seeds, &query.text, only, now)
    }

    /// One ranking of all; memories that are over or gone are left out.
    fn fused(&self, rankings: &[(&Ranking, f32)], now: Time) -> Ranking {
        let mut fused = fuse(rankings);
        fused.retain(|(slot, _)| {
            self.at(*slot).is_some_and(|i| i.expires_at.is_none_or(|at| at > now))
        });
        for (slot, score) in &mut fused {
            let strength = self.at(*slot).map_or(0.0, |item| tier::strength(item, now));
            *score *= 1.0 - STRENGTH_SHARE + STRENGTH_SHARE * strength;
        }
        sort(&mut fused);
        fused
    }

    fn why(
        &self,
        slot: u32,
        now: Time,
        text: &(Ranking, HashMap<u32, Vec<text::TermScore>>),
        near: &Ranking,
        graph: &Ranking,
        spread: &Spread,
    ) -> Why {
        let rank = |ranking: &Ranking| {
            let k = ranking.iter().position(|(s, _)| *s == slot)?;
            Some((k + 1, ranking[k].1))
        };
        Why {
            text: rank(&text.0),
            terms: text.1.get(&slot).cloned().unwrap_or_default(),
            vector: rank(near),
            graph: rank(graph),
            path: self.path(spread, slot),
            strength: self.at(slot).map_or(0.0, |item| tier::strength(item, now)),
        }
    }
}

/// Reciprocal rank fusion, as a share of the best that could be.
fn fuse(rankings: &[(&Ranking, f32)]) -> Ranking {
    let best: f32 = rankings.iter().map(|(_, weight)| weight / (RANK_CONSTANT + 1.0)).sum();
    let mut scores: HashMap<u32, f32> = HashMap::new();
    for (ranking, weight) in rankings {
        for (k, (slot, _)) in ranking.iter().enumerate() {
            *scores.entry(*slot).or_default() += weight / (RANK_CONSTANT + 1.0 + k as f32) / best;
        }
    }
    let mut fused: Ranking = scores.into_iter().collect();
    sort(&mut fused);
    fused
}

/// Best first; of equal ones the one that came first.
pub(crate) fn sort(ranking: &mut Ranking) {
    ranking.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
}

/// The memory of a hit, by name.
pub fn ids(hits: &[Hit]) -> Vec<Id> {
    hits.iter().map(|hit| hit.item.id).collect()
}
