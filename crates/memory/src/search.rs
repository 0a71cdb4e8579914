//! What is asked of a memory, and what it finds: words, vectors and activation, each a ranking of
//! its own, then what was said beside and when. `fusion.rs` has how they become one order and one
//! score; `docs/concepts/memory.md` has both formulas in words.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::Arc;

use column::Breadth;
use roaring::RoaringBitmap;
use text::Operators;

use crate::activation::{SEEDS, Spread};
use crate::attention::{Attended, Attention};
use crate::beside::{FAR_REACH, Neighbour, REACH};
use crate::durable::Memory;
use crate::error::{MemoryError, TooLarge};
use crate::filter::Filter;
use crate::fusion::{Fused, Fusion, Standing};
use crate::item::{Id, Item, Scope, Status, Time};
use crate::record::Encoding;
use crate::state::{Index, State};
use crate::{tier, when};

/// Hits of one page.
pub const MAX_HITS: usize = 100;
/// How far down a search may be paged.
pub const MAX_OFFSET: usize = 900;
/// The longest question.
pub const MAX_QUERY_BYTES: usize = 16 << 10;
/// Candidates that each ranking gives at least.
const CANDIDATES: usize = 128;
/// Columns that are read for a vector of the built-in encoder where nobody says how many. Its ranking
/// counts 0.03, and the rest of what it would find is seldom worth reading.
const BUILT_IN_BREADTH: usize = 8;
/// What a word counts that a misspelt one was probably meant to be.
const SPELLING_SHARE: f32 = 0.5;
/// Misspelt words of a question that are looked for.
const MAX_CORRECTED: usize = 2;

/// What is asked.
#[derive(Clone, Debug)]
pub struct Query {
    /// The question; empty where only a vector is given.
    pub text: String,
    /// What must stand in each hit and what must not, where the question was asked with operators.
    pub operators: Option<Operators>,
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
    /// The conversation that it belongs to: what its last questions found primes this one.
    pub attention: Option<String>,
}

/// How much each ranking counts; 0 leaves it out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Weights {
    /// Words, by BM25, and what was said beside.
    pub text: f32,
    /// Vectors, by cosine; those of the built-in encoder count 0.03 of it.
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
    /// Whether it is found for what the last questions were about, and nothing of its own.
    pub(crate) attended: bool,
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
    /// How active it still was of the conversation's last questions, or what was said beside it.
    pub attention: Option<f32>,
    /// How activation came to it, from what the question found or names.
    pub path: Vec<String>,
    /// How strong it still is.
    pub strength: f32,
    /// What its place in the order is made of.
    pub votes: Votes,
    /// What had to stand in it, and what had not, where the question had operators.
    pub operators: Option<Operators>,
}

/// What each way of looking adds to a memory's place in the order; their sum orders what is found.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Votes {
    /// Its words and its vector.
    pub semantic: f32,
    /// What was said beside it, what the last questions were about, and activation over names, chains
    /// of names and relations.
    pub structural: f32,
    /// Whether it is of the days that the question names, and tells when where that is asked.
    pub temporal: f32,
    /// What is taken away from what a newer memory replaced, was dismissed or has faded, and from
    /// what only asks; never above 0.
    pub exception: f32,
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

impl Found {
    /// Those that the question found of itself, and not attention alone.
    pub(crate) fn of_itself(&self) -> impl Iterator<Item = &Hit> {
        self.hits.iter().filter(|hit| !hit.attended)
    }
}

/// One ranking: slots and scores, best first.
pub(crate) type Ranking = Vec<(u32, f32)>;

impl Default for Weights {
    fn default() -> Self {
        Self { text: 1.0, vector: 1.0, graph: 0.07 }
    }
}

impl Query {
    /// Asks for ten memories.
    pub fn new(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            operators: None,
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
            attention: None,
        }
    }

    /// Asks with operators: `"a phrase"` and `+word` must stand in each hit, `-word` must not.
    ///
    /// # Errors
    /// [`MemoryError::Text`] where it is written wrong, [`MemoryError::TooLarge`].
    pub fn with_operators(text: &str) -> Result<Self, MemoryError> {
        TooLarge::check("query", "bytes", text.len(), MAX_QUERY_BYTES)?;
        let operators = Operators::read(text)?;
        let plain = Self::new(&operators.words);
        Ok(Self { operators: Some(operators), ..plain })
    }

    pub(crate) fn check(&self) -> Result<(), MemoryError> {
        let field = |what, expected: String| Err(MemoryError::Field { what, expected });
        if self.text.trim().is_empty() && self.vector.is_none() {
            let without = "a question or a vector, beside what must not be there";
            let plain = "a question or a vector";
            let expected = if self.operators.is_some() { without } else { plain };
            return field("query", expected.into());
        }
        let all_active = self.statuses.iter().all(|status| *status == Status::Active);
        if self.operators.is_some() && !all_active {
            return field("include", "active ones alone where the query has operators".into());
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
        if self.attention.is_some() && self.offset > 0 {
            let expected = "0 where there is attention: a page would change what is on the next";
            return field("offset", expected.into());
        }
        self.attention.as_deref().map_or(Ok(()), Attention::check)?;
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
        let name = query.attention.as_deref();
        let attention = &self.shared.attention;
        let attended = name.map(|name| attention.of(&query.scope, name, now)).unwrap_or_default();
        let found = state.search(query, vector.as_deref(), &attended, now)?;
        drop(state);
        if let Some(name) = name {
            attention.attend(&query.scope, name, found.of_itself(), now);
        }
        if query.reinforce {
            self.touch(found.of_itself(), now);
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

/// The words of a question and the ranking that they give.
#[derive(Default)]
struct Worded {
    asked: Vec<text::Asked>,
    /// What a memory of usual length scores that has each word once.
    whole: f32,
    ranking: Ranking,
    terms: HashMap<u32, Vec<text::TermScore>>,
}

impl State {
    fn search(
        &self,
        query: &Query,
        vector: Option<&[f32]>,
        attended: &Attended,
        now: Time,
    ) -> Result<Found, MemoryError> {
        let only = self.select(&query.scope, &query.filter, &query.statuses);
        let only = match &query.operators {
            None => only,
            Some(operators) => {
                let within = only.unwrap_or_else(|| self.active.clone());
                Some(self.words.agreeing(operators, within))
            }
        };
        let wanted = query.offset + query.limit;
        let depth = (2 * wanted).clamp(CANDIDATES, column::MAX_K);
        let mut found = Found::default();
        let words = self.by_words(query, depth, only.as_ref());
        let near = self.by_vector(query, vector, depth, only.as_ref(), &mut found)?;
        let spread = self.by_activation(query, &words.ranking, &near, only.as_ref(), now);
        let graph = spread.ranked(depth);
        let built_in = self.space(query.collection.as_deref())?.space.encoder == Encoding::BuiltIn;
        let mut fusion = Fusion::new(query.weights, built_in, words.whole);
        fusion.words(&words.ranking);
        fusion.vectors(&near);
        fusion.graph(&graph);
        fusion.chained(&spread.chained());
        self.add_beside(&words.ranking, only.as_ref(), &mut fusion);
        self.prime(attended, only.as_ref(), &mut fusion);
        self.add_days(query, &words, depth, (only.as_ref(), now), &mut fusion);
        fusion.retain(|slot| self.lasts(slot, now));
        found.candidates = fusion.len();
        let asks_when = when::asks_when(&query.text);
        let how = (query.threshold, asks_when);
        let mut fit = fusion.best(wanted + 1, how, |slot| {
            Standing::of(self.at(slot).map(|i| &**i), now, asks_when)
        });
        found.more = fit.len() > wanted;
        fit.truncate(wanted);
        let rankings = (&words, &near, &graph, &spread);
        let why = |f: &Fused| {
            query
                .explain
                .then(|| Why { operators: query.operators.clone(), ..self.why(f, now, rankings) })
        };
        let hit = |f: &Fused| {
            let item = Arc::clone(self.at(f.slot)?);
            Some(Hit { item, score: f.score, why: why(f), attended: f.primed > 0.0 && !f.own })
        };
        found.hits = fit.iter().skip(query.offset).filter_map(hit).collect();
        Ok(found)
    }

    fn by_words(&self, query: &Query, depth: usize, only: Option<&RoaringBitmap>) -> Worded {
        if query.weights.text == 0.0 || query.text.is_empty() {
            return Worded::default();
        }
        let mut asked = text::asked(self.words.words(), &query.text);
        let known: Vec<u32> = asked.iter().map(|a| self.words.documents(&a.term)).collect();
        let rarity = |(a, known): (&text::Asked, &u32)| a.weight * self.words.rarity_of(*known);
        let whole = asked.iter().zip(&known).map(rarity).sum();
        let meant = asked.iter().zip(&known).filter(|(a, known)| a.weight == 1.0 && **known == 0);
        let meant = meant.take(MAX_CORRECTED);
        let meant: Vec<_> = meant.filter_map(|(a, _)| self.words.spelled(&a.term)).collect();
        asked.extend(meant.into_iter().map(|term| text::Asked { term, weight: SPELLING_SHARE }));
        asked.extend(text::near(self.words.words(), &asked));
        let hits = self.words.search_asked(&asked, depth, only, query.explain);
        let ranking = hits.iter().map(|hit| (hit.id, hit.score)).collect();
        let terms = hits.into_iter().filter(|hit| !hit.terms.is_empty());
        let terms = terms.map(|hit| (hit.id, hit.terms)).collect();
        Worded { asked, whole, ranking, terms }
    }

    /// What the question's words found lends a share of its score to what was said beside it.
    fn add_beside(&self, words: &Ranking, only: Option<&RoaringBitmap>, fusion: &mut Fusion) {
        // All at once, so that they come from memory together.
        let near = words.iter().take(CANDIDATES).flat_map(|&(slot, score)| {
            self.beside.neighbours(slot, REACH).map(move |neighbour| (score, neighbour))
        });
        let near: Vec<_> = near.collect();
        for (score, Neighbour { slot, steps, turn }) in near {
            if only.is_none_or(|only| only.contains(slot)) {
                fusion.beside(slot, score, steps, turn);
            }
        }
    }

    /// What the last questions were about, and what was said beside that.
    fn prime(&self, attended: &Attended, only: Option<&RoaringBitmap>, fusion: &mut Fusion) {
        for &(id, activation) in attended {
            let Some(slot) = self.slot(id) else { continue };
            let here = std::iter::once((slot, 0));
            let beside = self
                .beside
                .neighbours(slot, FAR_REACH)
                .filter(|near| near.turn)
                .map(|near| (near.slot, near.steps));
            for (slot, steps) in here.chain(beside) {
                let found = only.map_or(self.active.contains(slot), |only| only.contains(slot));
                if found {
                    fusion.prime(slot, activation, steps);
                }
            }
        }
    }

    /// Memories of the days that the question names, those with its words and others.
    fn add_days(
        &self,
        query: &Query,
        words: &Worded,
        depth: usize,
        (only, now): (Option<&RoaringBitmap>, Time),
        fusion: &mut Fusion,
    ) {
        let days = when::days(&query.text, when::day(now));
        if days.is_empty() {
            return;
        }
        let mut then = self.days.within(&days);
        match only {
            Some(only) => then &= only,
            None => then &= &self.active,
        }
        let hits = self.words.search_asked(&words.asked, depth, Some(&then), false);
        let ranking: Ranking = hits.into_iter().map(|hit| (hit.id, hit.score)).collect();
        fusion.words(&ranking);
        fusion.days(&then, depth);
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
        let Index { space, columns, .. } = self.space(query.collection.as_deref())?;
        let breadth = match (query.breadth, &space.encoder) {
            (Breadth::Auto, Encoding::BuiltIn) => Breadth::Fixed(BUILT_IN_BREADTH),
            (breadth, _) => breadth,
        };
        let how = column::Search { breadth, filter: only, rows: None };
        let near = columns.search(vector, depth, &how)?;
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
        let mut fusion = Fusion::new(query.weights, false, 0.0);
        fusion.words(text);
        fusion.vectors(near);
        let seeds = fusion.best(SEEDS, (0.0, false), |_| Standing::default());
        let seeds: Ranking = seeds.iter().map(|f| (f.slot, f.votes.semantic.min(1.0))).collect();
        self.spread((&seeds, &query.text), only, now, query.explain)
    }

    fn why(
        &self,
        fused: &Fused,
        now: Time,
        (words, near, graph, spread): (&Worded, &Ranking, &Ranking, &Spread),
    ) -> Why {
        let slot = fused.slot;
        let rank = |ranking: &Ranking| {
            let k = ranking.iter().position(|(s, _)| *s == slot)?;
            Some((k + 1, ranking[k].1))
        };
        Why {
            text: rank(&words.ranking),
            terms: words.terms.get(&slot).cloned().unwrap_or_default(),
            vector: rank(near),
            graph: rank(graph),
            attention: Some(fused.primed).filter(|primed| *primed > 0.0),
            path: self.path(spread, slot),
            strength: self.at(slot).map_or(0.0, |item| tier::strength(item, now)),
            votes: fused.votes,
            operators: None,
        }
    }
}

/// Best first; of equal ones the one that came first.
pub(crate) fn sort(ranking: &mut Ranking) {
    ranking.sort_unstable_by(better);
}

/// The order of [`sort`].
pub(crate) fn better(a: &(u32, f32), b: &(u32, f32)) -> Ordering {
    b.1.total_cmp(&a.1).then(a.0.cmp(&b.0))
}

/// The memory of a hit, by name.
pub fn ids(hits: &[Hit]) -> Vec<Id> {
    hits.iter().map(|hit| hit.item.id).collect()
}
