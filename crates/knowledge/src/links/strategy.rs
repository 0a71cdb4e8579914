//! How activation spreads for a purpose: presets of [`Spread`] by name, and what is made of what
//! several seeds bring.

use std::collections::BTreeMap;

use super::Links;
use super::activate::{Activated, Activation, Along, Spread, keep_most};
use crate::check;
use crate::error::KnowledgeError;
use crate::id::{Time, Vertex};
use crate::limits::{MAX_KEPT, MAX_SEEDS};

/// How activation spreads.
///
/// | strategy | hops | decay | threshold | kept | what is its own |
/// | --- | --- | --- | --- | --- | --- |
/// | bidirectional | 3 | 0.5 | 0.005 | 64 | links are followed both ways; the default |
/// | focused | 2 | 0.5 | 0.05 | 16 | |
/// | directional | 3 | 0.5 | 0.005 | 64 | links are followed from where they begin alone |
/// | chain | 8 | 0.9 | 0.001 | 64 | the same, far |
/// | parallel | 3 | 0.5 | 0.005 | 64 | each seed by itself; what is active is what all of them reach, as much as from the seed that gives least |
/// | local | 1 | 0.5 | 0 | 64 | neighbours alone |
/// | breadth-first | 3 | 0.5 | 0 | 256 | the nearest first, the more active first among them |
/// | conservative | 3 | 0.3 | 0.02 | 16 | |
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Strategy {
    /// Both ways from every seed.
    #[default]
    Bidirectional,
    /// Little and near.
    Focused,
    /// Only the way that links lead.
    Directional,
    /// Only the way that links lead, and far.
    Chain,
    /// What all seeds reach.
    Parallel,
    /// Neighbours.
    Local,
    /// Everything near, by its distance.
    BreadthFirst,
    /// Only what is strongly active.
    Conservative,
}

impl Strategy {
    /// All of them, in the order of the table.
    pub const ALL: [Strategy; 8] = [
        Strategy::Bidirectional,
        Strategy::Focused,
        Strategy::Directional,
        Strategy::Chain,
        Strategy::Parallel,
        Strategy::Local,
        Strategy::BreadthFirst,
        Strategy::Conservative,
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bidirectional => "bidirectional",
            Self::Focused => "focused",
            Self::Directional => "directional",
            Self::Chain => "chain",
            Self::Parallel => "parallel",
            Self::Local => "local",
            Self::BreadthFirst => "breadth_first",
            Self::Conservative => "conservative",
        }
    }

    /// What it sets.
    pub fn spread(self) -> Spread {
        let plain = Spread::default();
        match self {
            Self::Bidirectional | Self::Parallel => plain,
            Self::Focused => Spread { hops: 2, threshold: 0.05, keep: 16, ..plain },
            Self::Directional => Spread { along: Along::Out, ..plain },
            Self::Chain => {
                Spread { hops: 8, decay: 0.9, threshold: 0.001, along: Along::Out, ..plain }
            }
            Self::Local => Spread { hops: 1, threshold: 0.0, ..plain },
            Self::BreadthFirst => Spread { threshold: 0.0, keep: 256, ..plain },
            Self::Conservative => Spread { decay: 0.3, threshold: 0.02, keep: 16, ..plain },
        }
    }
}

impl Links {
    /// Spreads activation by a strategy, of which `spread` may differ from its preset.
    ///
    /// # Errors
    ///
    /// As [`Links::spread`].
    pub fn activate(
        &self,
        seeds: &[(Vertex, f32)],
        strategy: Strategy,
        spread: &Spread,
        now: Time,
    ) -> Result<Activation, KnowledgeError> {
        if strategy == Strategy::Parallel && seeds.len() > 1 {
            return self.in_parallel(seeds, spread, now);
        }
        let mut active = self.spread(seeds, spread, now)?;
        if strategy == Strategy::BreadthFirst {
            active.sort_by_key(|one| one.way.len());
        }
        Ok(active)
    }

    /// What every seed reaches by itself, each with the way from the seed that gives most. A seed that
    /// is named twice is one, as active as both.
    fn in_parallel(
        &self,
        seeds: &[(Vertex, f32)],
        spread: &Spread,
        now: Time,
    ) -> Result<Activation, KnowledgeError> {
        check::count("seeds", seeds.len(), MAX_SEEDS)?;
        let mut each: BTreeMap<Vertex, Vec<(Vertex, f32)>> = BTreeMap::new();
        seeds.iter().for_each(|seed| each.entry(seed.0).or_default().push(*seed));
        let mut reached: BTreeMap<Vertex, (usize, f32, Activated)> = BTreeMap::new();
        let all = Spread { keep: MAX_KEPT, ..*spread };
        for seed in each.values() {
            for active in self.spread(seed, &all, now)? {
                let first = || (0, f32::INFINITY, active.clone());
                let (times, least, best) = reached.entry(active.vertex).or_insert_with(first);
                *times += 1;
                *least = least.min(active.activation);
                if active.activation > best.activation {
                    *best = active;
                }
            }
        }
        reached.retain(|_, (times, ..)| *times == each.len());
        let mut kept: Vec<(Vertex, f32)> = reached.iter().map(|(v, (_, a, _))| (*v, *a)).collect();
        keep_most(&mut kept, spread.keep);
        let told = |(vertex, activation)| {
            let (_, _, best) = reached.remove(&vertex)?;
            Some(Activated { activation, ..best })
        };
        Ok(kept.into_iter().filter_map(told).collect())
    }
}
