//! Up to four sets of columns that see the same items by other receptive fields, and vote.
//! Each is an index of its own; their votes meet only at the end.

use crate::code::unit;
use crate::{Allocation, Breadth, Columns, Config, Error, Hit, MAX_K, Report, Search};

/// How many kinds there are.
pub const N_KINDS: usize = 4;
/// Hits that each kind names for each that is wanted.
const NAMED: usize = 4;

/// One value for each [`Kind`], in their order.
pub type Each<T> = [T; N_KINDS];

/// What a set of columns looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// What it means.
    Semantic,
    /// What it is connected with.
    Structural,
    /// When it happens.
    Temporal,
    /// What it contradicts.
    Exception,
}

impl Kind {
    /// All kinds, in their order.
    pub const ALL: Each<Self> = [Self::Semantic, Self::Structural, Self::Temporal, Self::Exception];
}

/// Columns of up to four kinds over the same ids.
#[derive(Clone, Debug)]
pub struct Cortex {
    kinds: Each<Option<Columns>>,
    weights: Each<f32>,
}

/// What the kinds say of an item that was stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// What each did, if it saw the item.
    pub allocations: Each<Option<Allocation>>,
    /// The kind whose weight times overlap is largest: its column is the place of the item.
    pub strongest: Kind,
    /// The stored item that most of the weight calls a duplicate, and the share of the weight.
    pub duplicate: Option<(u32, f32)>,
}

/// An item and how each kind voted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Voted {
    /// Which.
    pub id: u32,
    /// Mean of the votes by weight, over the kinds that were asked; one that never saw it says 0.
    pub score: f32,
    /// Cosine by kind, of those that were asked and have seen it.
    pub votes: Each<Option<f32>>,
}

/// The nearest by all votes, and what each kind's search took.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Election {
    /// The nearest, best first; equal scores by id.
    pub hits: Vec<Voted>,
    /// What each search took.
    pub reports: Each<Option<Report>>,
}

impl Cortex {
    /// Columns of the kinds that have a configuration; each kind's weight counts where it votes.
    ///
    /// # Errors
    /// [`Error::Weights`], and [`Error::Config`] of any kind.
    pub fn new(configs: Each<Option<Config>>, weights: Each<f32>) -> Result<Self, Error> {
        let fit = weights.iter().all(|w| w.is_finite() && *w >= 0.0);
        let counts = configs.iter().zip(weights).any(|(config, w)| config.is_some() && w > 0.0);
        if !fit || !counts {
            return Err(Error::Weights { found: weights });
        }
        let mut kinds = Each::<Option<Columns>>::default();
        for (kind, config) in kinds.iter_mut().zip(configs) {
            *kind = config.map(Columns::new).transpose()?;
        }
        Ok(Self { kinds, weights })
    }

    /// The columns of a kind.
    pub fn kind(&self, kind: Kind) -> Option<&Columns> {
        self.kinds[kind as usize].as_ref()
    }

    /// Stores an item with the vectors that it has, in all kinds or in none.
    ///
    /// # Errors
    /// As [`Columns::insert`]; [`Error::Weights`] if no kind that has columns was given a vector.
    pub fn insert(&mut self, id: u32, vectors: &Each<Option<&[f32]>>) -> Result<Verdict, Error> {
        self.check(id, vectors)?;
        let mut allocations = Each::<Option<Allocation>>::default();
        for (at, vector) in vectors.iter().enumerate() {
            if let (Some(columns), Some(vector)) = (&mut self.kinds[at], vector) {
                allocations[at] = Some(columns.insert(id, vector)?);
            }
        }
        Ok(self.judge(allocations))
    }

    /// Whether every vector could be stored.
    fn check(&self, id: u32, vectors: &Each<Option<&[f32]>>) -> Result<(), Error> {
        let mut any = false;
        for (columns, vector) in self.kinds.iter().zip(vectors) {
            let Some(columns) = columns else { continue };
            if columns.contains(id) {
                return Err(Error::Exists { id });
            }
            let Some(vector) = vector else { continue };
            unit(vector, columns.config().dimension)?;
            let limit = columns.config().max_items;
            if columns.len() >= limit {
                return Err(Error::Full { limit });
            }
            any = true;
        }
        if any { Ok(()) } else { Err(Error::Weights { found: self.weights }) }
    }

    fn judge(&self, allocations: Each<Option<Allocation>>) -> Verdict {
        let voters = || {
            let all = allocations.iter().zip(self.weights).zip(Kind::ALL);
            all.filter_map(|((allocation, weight), kind)| {
                Some((allocation.as_ref()?, weight, kind))
            })
        };
        let total: f32 = voters().map(|(_, weight, _)| weight).sum();
        let strongest = voters().max_by(|a, b| (a.1 * a.0.overlap).total_cmp(&(b.1 * b.0.overlap)));
        let strongest = strongest.map_or(Kind::Semantic, |(.., kind)| kind);
        let mut named: Vec<(u32, f32)> = Vec::with_capacity(N_KINDS);
        for (allocation, weight, _) in voters() {
            let Some(duplicate) = allocation.duplicate else { continue };
            match named.iter_mut().find(|(id, _)| *id == duplicate.id) {
                Some((_, votes)) => *votes += weight,
                None => named.push((duplicate.id, weight)),
            }
        }
        let most = named.into_iter().max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)));
        let duplicate = most.filter(|(_, votes)| votes * 2.0 > total);
        Verdict {
            strongest,
            duplicate: duplicate.map(|(id, votes)| (id, votes / total)),
            allocations,
        }
    }

    /// Takes an item away from every kind; says whether any had it.
    pub fn remove(&mut self, id: u32) -> bool {
        let removed = self.kinds.iter_mut().flatten().map(|columns| columns.remove(id));
        removed.fold(false, |any, removed| any | removed)
    }

    /// The `k` items nearest by the votes of the kinds that are asked.
    ///
    /// Each kind names its nearest; every item that is named is then scored by every kind asked.
    ///
    /// # Errors
    /// As [`Columns::search`]; [`Error::Weights`] if no kind that has a weight is asked.
    pub fn search(
        &self,
        queries: &Each<Option<&[f32]>>,
        k: usize,
        breadth: Breadth,
        filter: Option<&roaring::RoaringBitmap>,
    ) -> Result<Election, Error> {
        if !(1..=MAX_K).contains(&k) {
            return Err(Error::K { found: k, limit: MAX_K });
        }
        let how = Search { breadth, filter, rows: None };
        let mut election = Election::default();
        let mut units = Each::<Option<Vec<f32>>>::default();
        let mut named: Vec<u32> = Vec::new();
        for (at, columns) in self.kinds.iter().enumerate() {
            let (Some(columns), Some(query)) = (columns, queries[at]) else { continue };
            let found = columns.search(query, (NAMED * k).min(MAX_K), &how)?;
            election.reports[at] = Some(found.report);
            named.extend(found.hits.iter().map(|hit: &Hit| hit.id));
            units[at] = Some(unit(query, columns.config().dimension)?);
        }
        let asked = units.iter().zip(self.weights).filter(|(unit, _)| unit.is_some());
        let total: f32 = asked.map(|(_, weight)| weight).sum();
        if total <= 0.0 {
            return Err(Error::Weights { found: self.weights });
        }
        named.sort_unstable();
        named.dedup();
        election.hits = named.into_iter().map(|id| self.vote(id, &units, total)).collect();
        election.hits.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.id.cmp(&b.id)));
        election.hits.truncate(k);
        Ok(election)
    }

    fn vote(&self, id: u32, units: &Each<Option<Vec<f32>>>, total: f32) -> Voted {
        let mut voted = Voted { id, score: 0.0, votes: Each::default() };
        for (at, columns) in self.kinds.iter().enumerate() {
            let (Some(columns), Some(unit)) = (columns, &units[at]) else { continue };
            voted.votes[at] = columns.similarity(id, unit);
            voted.score += voted.votes[at].unwrap_or(0.0) * self.weights[at] / total;
        }
        voted
    }
}
