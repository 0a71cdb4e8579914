//! Activation: from what a question found and names, over what memories mention and how they are
//! related, to memories that share no word with it.
//!
//! Two graphs carry it. Memories that mention the same name pass it on through that name, `0.5 a /
//! √degree` at each hop, so that a name which everything mentions passes little on; what knowledge
//! relates passes it on as `knowledge` spreads it (three hops, lateral inhibition).
//!
//! Beside them chains are followed from the names of the question, over names that lead on to few
//! memories. A walk begins at one of the memories that mention the name, and goes on to another that
//! mentions one of its further names; `p` is the probability of the surest single way that leads to a
//! memory in `h` steps, not the sum of all ways, and the memory has `0.9^h p / max p`, where that
//! highest one is not so small that nothing is sure.

use knowledge::{BranchId, Vertex};
use roaring::RoaringBitmap;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::item::Time;
use crate::search::{Ranking, better, sort};
use crate::state::State;

/// Memories and names from which activation starts.
pub(crate) const SEEDS: usize = 10;
/// Memories that one name passes activation on to.
const MAX_FAN: u64 = 256;
/// Memories that room is made for at first.
const ROOM: usize = 1024;
/// What a hop leaves.
const DECAY: f32 = 0.5;
/// Below this activation is not passed on.
const THRESHOLD: f32 = 0.005;

/// What a step of a chain leaves, how many there are, and the probability of the surest below which no
/// chain goes on.
const CHAIN_DECAY: f32 = 0.9;
const CHAIN_STEPS: usize = 3;
const CHAIN_END: f32 = 0.02;

/// Where activation went.
#[derive(Clone, Debug, Default)]
pub(crate) struct Spread {
    activation: FxHashMap<u32, f32>,
    /// How surely chains lead to a memory, those that the question names not counted.
    chained: FxHashMap<u32, f32>,
    /// The strongest way to each memory, where somebody asks for it.
    from: Option<FxHashMap<u32, (f32, Via)>>,
}

/// Where chains lead in one step: how surely, from which memory, through which name.
type Ends<'a> = FxHashMap<u32, (f32, u32, &'a str)>;

#[derive(Clone, Debug)]
enum Via {
    /// The question names it, and the memory mentions it.
    Named(String),
    /// Both memories mention it.
    Shared(u32, String),
    /// A chain led to the first, and both mention it.
    Chained(u32, String),
    /// Knowledge relates them.
    Related(Vec<String>),
}

impl Spread {
    fn add(&mut self, slot: u32, activation: f32, via: impl FnOnce() -> Via) {
        *self.activation.entry(slot).or_default() += activation;
        let Some(from) = &mut self.from else { return };
        if from.get(&slot).is_none_or(|strongest| activation > strongest.0) {
            from.insert(slot, (activation, via()));
        }
    }

    /// A chain leads to a memory, as surely as this.
    fn chain(&mut self, slot: u32, sure: f32, (before, name): (u32, &str)) {
        self.chained.insert(slot, sure);
        if let Some(from) = &mut self.from {
            from.insert(slot, (f32::INFINITY, Via::Chained(before, name.to_owned())));
        }
    }

    /// How surely chains lead to memories, best first.
    pub(crate) fn chained(&self) -> Ranking {
        let mut ranked: Ranking = self.chained.iter().map(|(s, c)| (*s, *c)).collect();
        sort(&mut ranked);
        ranked
    }

    /// The most active, best first.
    pub(crate) fn ranked(&self, depth: usize) -> Ranking {
        let mut ranked: Ranking = self.activation.iter().map(|(s, a)| (*s, *a)).collect();
        if ranked.len() > depth {
            ranked.select_nth_unstable_by(depth, better);
            ranked.truncate(depth);
        }
        sort(&mut ranked);
        ranked
    }
}

impl State {
    /// Spreads activation from the first of `seeds` and the names in `question`; `tells` whether it
    /// knows the ways then.
    pub(crate) fn spread(
        &self,
        (seeds, question): (&[(u32, f32)], &str),
        only: Option<&RoaringBitmap>,
        now: Time,
        tells: bool,
    ) -> Spread {
        let from = tells.then(FxHashMap::default);
        let activation = FxHashMap::with_capacity_and_hasher(ROOM, Default::default());
        let mut spread = Spread { activation, from, ..Spread::default() };
        let names = self.names(question, &[]);
        for name in &names {
            self.pass_on(name, 1.0, only, &mut spread, |name| Via::Named(name.to_owned()));
        }
        for &(seed, score) in seeds.iter().take(SEEDS) {
            let Some(item) = self.at(seed) else { continue };
            let share = DECAY * score / (item.mentions.len().max(1) as f32).sqrt();
            for name in &item.mentions {
                let via = |name: &str| Via::Shared(seed, name.to_owned());
                self.pass_on(name, share, only, &mut spread, via);
            }
        }
        self.spread_knowledge((seeds, &names), only, now, &mut spread);
        self.follow_chains(&names, only, &mut spread);
        spread
    }

    /// Follows chains from the memories that mention some names.
    fn follow_chains(&self, names: &[String], only: Option<&RoaringBitmap>, spread: &mut Spread) {
        let mut seen = RoaringBitmap::new();
        let mut ends: FxHashMap<u32, f32> = FxHashMap::default();
        for name in names {
            let first = self.found_by(name, only);
            for slot in &first {
                let known = ends.entry(*slot).or_default();
                *known = known.max(1.0 / first.len() as f32);
            }
        }
        let mut passed: FxHashSet<String> = names.iter().map(|name| name.to_lowercase()).collect();
        let mut left = 1.0;
        for _ in 0..CHAIN_STEPS {
            seen.extend(ends.keys());
            let next = self.step(ends, &seen, &mut passed, only);
            let surest = next.values().map(|(sure, ..)| *sure).fold(0.0, f32::max);
            if surest < CHAIN_END {
                return;
            }
            left *= CHAIN_DECAY;
            for (slot, (sure, before, name)) in &next {
                spread.chain(*slot, left * sure / surest, (*before, name));
            }
            ends = next.into_iter().map(|(slot, (sure, ..))| (slot, sure)).collect();
        }
    }

    /// From the surest ends of chains to memories that were not seen, each by its surest way.
    fn step(
        &self,
        ends: FxHashMap<u32, f32>,
        seen: &RoaringBitmap,
        passed: &mut FxHashSet<String>,
        only: Option<&RoaringBitmap>,
    ) -> Ends<'_> {
        let mut ends: Ranking = ends.into_iter().collect();
        sort(&mut ends);
        let (mut next, mut through) = (Ends::default(), Vec::new());
        for (end, sure) in ends.into_iter().take(SEEDS) {
            let Some(item) = self.at(end) else { continue };
            let names = item.mentions.iter().map(|name| (name, name.to_lowercase()));
            let further: Vec<_> = names.filter(|(_, name)| !passed.contains(name)).collect();
            for (name, _) in &further {
                let others = self.found_by(name, only);
                let others: Vec<u32> = others.into_iter().filter(|s| !seen.contains(*s)).collect();
                let share = sure / (others.len() * further.len()) as f32;
                for slot in others {
                    let known = next.entry(slot).or_insert((0.0, end, name));
                    if share > known.0 {
                        *known = (share, end, name);
                    }
                }
            }
            through.extend(further.into_iter().map(|(_, name)| name));
        }
        passed.extend(through);
        next
    }

    /// The memories that mention a name and may be found; none where they are too many.
    fn found_by(&self, name: &str, only: Option<&RoaringBitmap>) -> Vec<u32> {
        let Some(mentioning) = self.shared.mentioning(name) else { return Vec::new() };
        if mentioning.len() > MAX_FAN {
            return Vec::new();
        }
        let found = |slot: &u32| {
            self.active.contains(*slot) && only.is_none_or(|only| only.contains(*slot))
        };
        mentioning.iter().filter(found).collect()
    }

    /// A name passes activation on to the memories that mention it.
    fn pass_on(
        &self,
        name: &str,
        activation: f32,
        only: Option<&RoaringBitmap>,
        spread: &mut Spread,
        via: impl Fn(&str) -> Via,
    ) {
        let Some(mentioning) = self.shared.mentioning(name) else { return };
        let share = DECAY * activation / (mentioning.len() as f32).sqrt();
        if share < THRESHOLD || mentioning.len() > MAX_FAN {
            return;
        }
        let mut passing = mentioning & &self.active;
        if let Some(only) = only {
            passing &= only;
        }
        for slot in passing {
            spread.add(slot, share, || via(name));
        }
    }

    /// What knowledge relates passes activation on, from the memories that were found and the
    /// entities that the question names.
    fn spread_knowledge(
        &self,
        (seeds, names): (&[(u32, f32)], &[String]),
        only: Option<&RoaringBitmap>,
        now: Time,
        spread: &mut Spread,
    ) {
        let links = self.knowledge.links();
        if links.n_links() == 0 {
            return;
        }
        let found = seeds.iter().take(SEEDS).filter_map(|&(slot, score)| {
            Some((Vertex::Memory(self.at(slot)?.number), score.clamp(0.0, 1.0)))
        });
        let mut from: Vec<(Vertex, f32)> = found.collect();
        let view = self.knowledge.latest(BranchId::MAIN);
        let named = view.iter().flat_map(|view| names.iter().flat_map(|name| view.by_name(name)));
        from.extend(named.take(SEEDS).map(|id| (Vertex::Entity(id), 1.0)));
        let how = knowledge::links::Spread::default();
        for active in links.spread(&from, &how, now).unwrap_or_default() {
            let Vertex::Memory(number) = active.vertex else { continue };
            let Some(slot) = self.numbered(number) else { continue };
            let wanted = self.active.contains(slot) && only.is_none_or(|only| only.contains(slot));
            if wanted && !active.way.is_empty() {
                spread.add(slot, active.activation, || Via::Related(self.way(&active.way)));
            }
        }
    }

    /// Vertices of a way, by name.
    fn way(&self, way: &[knowledge::links::Hop]) -> Vec<String> {
        let view = self.knowledge.latest(BranchId::MAIN).ok();
        let named = |vertex: Vertex| match vertex {
            Vertex::Memory(number) => {
                let item = self.numbered(number).and_then(|slot| self.at(slot));
                item.map_or_else(String::new, |item| item.id.to_string())
            }
            Vertex::Entity(id) => {
                let entity = view.as_ref().and_then(|view| view.entity(id));
                entity.map_or_else(|| id.to_string(), |entity| entity.item.name.clone())
            }
        };
        way.first()
            .map(|hop| hop.from)
            .into_iter()
            .chain(way.iter().map(|hop| hop.to))
            .map(named)
            .collect()
    }

    /// How activation came to a memory, in words.
    pub(crate) fn path(&self, spread: &Spread, slot: u32) -> Vec<String> {
        let named = |slot: u32| self.at(slot).map_or_else(String::new, |item| item.id.to_string());
        match spread.from.as_ref().and_then(|from| from.get(&slot)) {
            None => Vec::new(),
            Some((_, Via::Named(name))) => vec!["question".into(), name.clone(), named(slot)],
            Some((_, Via::Shared(seed, name))) => vec![named(*seed), name.clone(), named(slot)],
            Some((_, Via::Chained(before, name))) => {
                let mut path = self.path(spread, *before);
                if path.is_empty() {
                    path.push(named(*before));
                }
                path.extend([name.clone(), named(slot)]);
                path
            }
            Some((_, Via::Related(path))) => path.clone(),
        }
    }
}
