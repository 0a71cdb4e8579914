//! How rankings become one order and one score.
//!
//! Order: `(text T + vector V + graph G + beside) + time + when`, less what the exceptions take, where
//! `T` is BM25 over that of the best, `V` the cosine of the built-in encoder (0.03 of it counts: it
//! knows spelling, not meaning) or, of given vectors, the cosine between the lowest and the highest
//! of the candidates, and `G` activation over the highest, with eight
//! times how surely chains of names lead there. A convex combination of scores: Bruch, Gai
//! and Ingber 2023 (arXiv:2210.11934), who find it better than ranks.
//!
//! Score, for thresholds: how much of the question a memory has, whatever else was found. See
//! [`Fusion::fit`].

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use roaring::RoaringBitmap;
use rustc_hash::FxHashMap;

use crate::item::{Item, Status, Time};
use crate::search::{Ranking, Votes, Weights};
use crate::{tier, when};

/// How much vectors of the built-in encoder count beside others
/// (`docs/decisions/0023-encoder.md`).
const BUILT_IN_SHARE: f32 = 0.03;
/// What the next turn of a conversation lends of its score, what any other memory that came just
/// before or after, and each step further of that.
const TURN_SHARE: f32 = 0.3;
const BESIDE_SHARE: f32 = 0.12;
const FURTHER: f32 = 0.5;
/// A sure chain of names counts as much as the highest activation so many times. Chosen on two kinds of
/// chains and held out on two others (`tests/it/hopping.rs`); from 6 to 10 nothing changes.
const CHAIN_SHARE: f32 = 8.0;
/// What it counts to be what the last question found, and what each step beside that leaves. Chosen on
/// questions after questions (`quality -f tune`); from 0.3 to 0.5 little changes.
const PRIMED_SHARE: f32 = 0.4;
const PRIMED_FURTHER: f32 = 0.8;
/// What it counts to be of a day that the question names.
const TIME: f32 = 0.8;
/// By how much of its words a memory counts more that tells when, where that is asked.
const WHEN_SHARE: f32 = 0.2;
/// What is taken from a memory that only asks.
const ASKING_SHARE: f32 = 0.2;
/// How much hangs on how strong a memory still is.
const STRENGTH_SHARE: f32 = 0.05;
/// What is taken from a memory that a newer one replaced.
const REPLACED_SHARE: f32 = 0.5;
/// The score of what has nothing of the question but its day; of full activation alone.
const TIME_FIT: f32 = 0.5;
const GRAPH_FIT: f32 = 0.25;
/// Memories that one question usually has in all rankings.
const ROOM: usize = 896;
/// The cosine of this rank of given vectors counts 0.
const LOWEST: usize = 128;

/// What rankings say of one memory.
#[derive(Clone, Copy, Debug, Default)]
struct Parts {
    text: f32,
    beside: f32,
    vector: f32,
    cosine: f32,
    graph: f32,
    activation: f32,
    chained: f32,
    primed: f32,
    time: f32,
}

/// What a memory is, whatever is asked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Standing {
    strength: f32,
    replaced: bool,
    asks: bool,
    tells_when: bool,
}

/// A memory in its place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fused {
    pub(crate) slot: u32,
    /// Its sum orders.
    pub(crate) votes: Votes,
    pub(crate) score: f32,
    /// What the last questions lend to it.
    pub(crate) primed: f32,
    /// Whether it has anything of the question, or was said beside what has.
    pub(crate) own: bool,
}

/// Rankings of one question on their way to one.
pub(crate) struct Fusion {
    parts: FxHashMap<u32, Parts>,
    weights: Weights,
    built_in: bool,
    /// The words' score of a memory that has the whole question, and of the best.
    whole: f32,
    best: f32,
}

impl Fused {
    /// Best first; of equal ones the one that came first.
    fn before(&self, other: &Self) -> Ordering {
        other.votes.sum().total_cmp(&self.votes.sum()).then(self.slot.cmp(&other.slot))
    }
}

/// A memory and the most that its votes can come to; the greatest has the most.
struct Hope {
    most: f32,
    slot: u32,
    parts: Parts,
}

impl Ord for Hope {
    fn cmp(&self, other: &Self) -> Ordering {
        self.most.total_cmp(&other.most).then(other.slot.cmp(&self.slot))
    }
}

impl PartialOrd for Hope {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Hope {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Hope {}

impl Default for Standing {
    fn default() -> Self {
        Self { strength: 1.0, replaced: false, asks: false, tells_when: false }
    }
}

impl Standing {
    pub(crate) fn of(item: Option<&Item>, now: Time, asks_when: bool) -> Self {
        let Some(item) = item else { return Self::default() };
        Self {
            strength: tier::strength(item, now),
            replaced: item.status == Status::Superseded,
            asks: item.text.trim_end().ends_with('?'),
            tells_when: asks_when && when::tells_when(&item.text),
        }
    }

    /// What is left of a memory's votes.
    fn share(&self) -> f32 {
        let replaced = if self.replaced { REPLACED_SHARE } else { 0.0 };
        let asks = if self.asks { ASKING_SHARE } else { 0.0 };
        (1.0 - replaced) * (1.0 - asks) * (1.0 - STRENGTH_SHARE + STRENGTH_SHARE * self.strength)
    }
}

impl Fusion {
    pub(crate) fn new(weights: Weights, built_in: bool, whole: f32) -> Self {
        let parts = FxHashMap::with_capacity_and_hasher(ROOM, Default::default());
        Self { parts, weights, built_in, whole, best: 0.0 }
    }

    /// Memories by their words; the first call has the best.
    pub(crate) fn words(&mut self, ranking: &Ranking) {
        if self.best == 0.0 {
            self.best = ranking.first().map_or(0.0, |hit| hit.1);
        }
        for (slot, score) in ranking {
            self.parts.entry(*slot).or_default().text = (score / self.best).min(1.0);
        }
    }

    /// A neighbour, so many steps away, has this score by words.
    pub(crate) fn beside(&mut self, slot: u32, score: f32, steps: usize, turn: bool) {
        let share = if turn { TURN_SHARE } else { BESIDE_SHARE };
        let share = share * FURTHER.powi(steps as i32 - 1);
        self.parts.entry(slot).or_default().beside += share * score / self.best;
    }

    pub(crate) fn vectors(&mut self, ranking: &Ranking) {
        let highest = ranking.first().map_or(0.0, |hit| hit.1);
        let lowest = ranking.get(LOWEST - 1).or(ranking.last()).map_or(0.0, |hit| hit.1);
        let flat = (highest - lowest).abs() < f32::EPSILON;
        for &(slot, cosine) in ranking {
            let part = self.parts.entry(slot).or_default();
            part.cosine = cosine.max(0.0);
            part.vector = match (self.built_in, flat) {
                (true, _) => cosine.max(0.0),
                (false, true) => 1.0,
                (false, false) => ((cosine - lowest) / (highest - lowest)).max(0.0),
            };
        }
    }

    pub(crate) fn graph(&mut self, ranking: &Ranking) {
        let highest = ranking.first().map_or(1.0, |hit| hit.1);
        for &(slot, activation) in ranking {
            let part = self.parts.entry(slot).or_default();
            (part.graph, part.activation) = (activation / highest, activation.min(1.0));
        }
    }

    /// How surely chains of names lead to memories.
    pub(crate) fn chained(&mut self, ranking: &Ranking) {
        for &(slot, sure) in ranking {
            self.parts.entry(slot).or_default().chained = sure;
        }
    }

    /// What the last questions of the conversation were about lends this to a memory so many steps
    /// beside it.
    pub(crate) fn prime(&mut self, slot: u32, activation: f32, steps: usize) {
        let part = self.parts.entry(slot).or_default();
        part.primed = part.primed.max(activation * PRIMED_FURTHER.powi(steps as i32));
    }

    /// Memories of the days that are asked for; the first `depth` that no ranking has are added.
    pub(crate) fn days(&mut self, then: &RoaringBitmap, depth: usize) {
        for slot in then.iter().take(depth) {
            self.parts.entry(slot).or_default();
        }
        for (slot, part) in &mut self.parts {
            part.time = if then.contains(*slot) { 1.0 } else { 0.0 };
        }
    }

    pub(crate) fn retain(&mut self, keep: impl Fn(u32) -> bool) {
        self.parts.retain(|slot, _| keep(*slot));
    }

    /// How many memories there are.
    pub(crate) fn len(&self) -> usize {
        self.parts.len()
    }

    /// The best `n` whose score is not below `least`, best first; of equal ones the one that came
    /// first. What a memory is, of which `standing` tells, only takes away, but that it may tell when:
    /// memories are looked at in the order of the most that they can reach, until that is too little.
    pub(crate) fn best(
        &self,
        n: usize,
        (least, asks_when): (f32, bool),
        standing: impl Fn(u32) -> Standing,
    ) -> Vec<Fused> {
        let most = Standing { tells_when: asks_when, ..Standing::default() };
        let hope = |(slot, parts): (&u32, &Parts)| Hope {
            most: self.votes(parts, &most).sum(),
            slot: *slot,
            parts: *parts,
        };
        let mut hopes: BinaryHeap<Hope> = self.parts.iter().map(hope).collect();
        let mut best: Vec<Fused> = Vec::new();
        while let Some(Hope { most, slot, parts }) = hopes.pop() {
            if best.len() == n && best.last().is_none_or(|worst| most < worst.votes.sum()) {
                break;
            }
            let standing = standing(slot);
            let votes = self.votes(&parts, &standing);
            let score = self.fit(&parts) * standing.share();
            let (primed, own) = (parts.primed, self.has_own(&parts));
            let fused = Fused { slot, votes, score, primed, own };
            if fused.score >= least {
                let place = best.partition_point(|known| known.before(&fused).is_lt());
                best.insert(place, fused);
                best.truncate(n);
            }
        }
        best
    }

    fn has_own(&self, parts: &Parts) -> bool {
        let vector = if self.built_in { 0.0 } else { parts.vector };
        parts.text + parts.beside + parts.time + parts.chained + vector > 0.0
    }

    fn vector_weight(&self) -> f32 {
        self.weights.vector * if self.built_in { BUILT_IN_SHARE } else { 1.0 }
    }

    fn votes(&self, parts: &Parts, standing: &Standing) -> Votes {
        let semantic = self.weights.text * parts.text + self.vector_weight() * parts.vector;
        let graph = self.weights.graph * (parts.graph + CHAIN_SHARE * parts.chained);
        let structural = self.weights.text * parts.beside + graph + PRIMED_SHARE * parts.primed;
        let tells = if standing.tells_when { WHEN_SHARE } else { 0.0 };
        let temporal = TIME * parts.time + tells * self.weights.text * (parts.text + parts.beside);
        let exception = (standing.share() - 1.0) * (semantic + structural + temporal);
        Votes { semantic, structural, temporal, exception }
    }

    /// How well a memory fits the question, 0 to 1: by words the share of the question's inverse
    /// document frequency that its BM25 reaches (a memory of usual length that has each word once
    /// reaches all), its neighbours' share added; of given vectors the cosine; their mean by weight
    /// where there are both. Its day leaves `1 - 0.5` of what is missing, and the larger of its
    /// activation and how surely chains lead to it, `a`, leaves `1 - 0.25 a`.
    fn fit(&self, parts: &Parts) -> f32 {
        let of_words = (parts.text + parts.beside) * self.best / self.whole;
        let by_words = if self.whole > 0.0 { of_words.min(1.0) } else { 0.0 };
        let text = if self.whole > 0.0 { self.weights.text } else { 0.0 };
        let vector = match self.built_in && text > 0.0 {
            true => 0.0,
            false => self.weights.vector,
        };
        let all = text + vector;
        let fit = if all > 0.0 { (text * by_words + vector * parts.cosine) / all } else { 0.0 };
        let missing = (1.0 - fit) * (1.0 - TIME_FIT * parts.time);
        (1.0 - missing * (1.0 - GRAPH_FIT * parts.activation.max(parts.chained))).clamp(0.0, 1.0)
    }
}

impl Votes {
    /// What orders.
    pub fn sum(&self) -> f32 {
        self.semantic + self.structural + self.temporal + self.exception
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Fused, Fusion, Standing};
    use crate::search::Weights;

    fn all(fusion: &Fusion, standing: impl Fn(u32) -> Standing) -> Vec<Fused> {
        fusion.best(fusion.len(), (0.0, true), standing)
    }

    fn order(fusion: &Fusion) -> Vec<u32> {
        all(fusion, |_| Standing::default()).iter().map(|f| f.slot).collect()
    }

    #[test]
    fn given_vectors_weigh_as_much_as_words_and_built_in_ones_break_ties() {
        let fused = |built_in| {
            let mut fusion = Fusion::new(Weights::default(), built_in, 10.0);
            fusion.words(&vec![(1, 8.0), (2, 4.0), (3, 4.0)]);
            fusion.vectors(&vec![(3, 0.9), (2, 0.8), (1, 0.5)]);
            order(&fusion)
        };
        assert_eq!(fused(true), [1, 3, 2]);
        assert_eq!(fused(false), [3, 2, 1]);
    }

    #[test]
    fn a_score_says_how_much_of_the_question_is_there() {
        let score = |words: f32| {
            let mut fusion = Fusion::new(Weights::default(), true, 10.0);
            fusion.words(&vec![(1, words)]);
            all(&fusion, |_| Standing::default())[0].score
        };
        assert_eq!((score(10.0), score(2.5)), (1.0, 0.25));
    }

    proptest! {
        #[test]
        fn scores_are_shares_and_votes_order(
            words in prop::collection::vec((0_u32..9, 0.0_f32..9.0), 0..9),
            near in prop::collection::vec((0_u32..9, -1.0_f32..1.0), 0..9),
            built_in: bool,
        ) {
            let fusion = fusion(words, near, built_in);
            let fused = all(&fusion, |_| Standing { asks: true, ..Standing::default() });
            prop_assert!(fused.iter().all(|f| (0.0..=1.0).contains(&f.score)));
            prop_assert!(fused.iter().all(|f| f.votes.exception <= 0.0));
            prop_assert!(fused.windows(2).all(|w| w[0].votes.sum() >= w[1].votes.sum()));
        }

        #[test]
        fn the_best_few_are_the_first_of_all(
            words in prop::collection::vec((0_u32..30, 0.0_f32..9.0), 0..30),
            near in prop::collection::vec((0_u32..30, -1.0_f32..1.0), 0..30),
            strengths in prop::collection::vec(0.0_f32..=1.0, 30),
            (asks, tells, n) in (any::<u32>(), any::<u32>(), 1_usize..12),
            least in 0.0_f32..0.5,
        ) {
            let fusion = fusion(words, near, true);
            let standing = |slot: u32| Standing {
                strength: strengths[slot as usize],
                replaced: false,
                asks: asks >> slot & 1 == 1,
                tells_when: tells >> slot & 1 == 1,
            };
            let ordered = |fused: Vec<Fused>| -> Vec<(u32, f32)> {
                fused.iter().map(|f| (f.slot, f.score)).collect()
            };
            let mut every = ordered(all(&fusion, standing));
            every.retain(|(_, score)| *score >= least);
            every.truncate(n);
            prop_assert_eq!(ordered(fusion.best(n, (least, true), standing)), every);
        }
    }

    fn fusion(words: Vec<(u32, f32)>, near: Vec<(u32, f32)>, built_in: bool) -> Fusion {
        let mut fusion = Fusion::new(Weights::default(), built_in, 5.0);
        let sorted = |mut ranking: Vec<(u32, f32)>| {
            crate::search::sort(&mut ranking);
            ranking
        };
        fusion.words(&sorted(words.into_iter().map(|(s, w)| (s, w + 0.1)).collect()));
        fusion.vectors(&sorted(near));
        fusion
    }
}
