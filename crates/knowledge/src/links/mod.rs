//! What belongs together, in flat arrays: relations, and facts between entities.
//!
//! A vertex's links lie beside each other in one array; a vertex whose links changed since has a row
//! of its own, and when those are many the array is made anew. Rows are in the order of their links'
//! numbers, so that the same knowledge gives the same sums to the last bit, however it came to be.

mod activate;
mod draw;
mod dream;
mod near;
mod novel;
mod strategy;

use std::collections::BTreeSet;

use rustc_hash::FxHashMap;

use crate::id::{FactId, RelationId, Time, Vertex};
use crate::item::{Object, Validity};
use crate::view::View;

pub use activate::{Activated, Activation, Along, Hop, MAX_FRONTIER, MAX_PUSHES, Spread, Walk};
pub use dream::{Dream, Proposal};
pub use novel::{MAX_PAIRS, MAX_SHARED_DEGREE, Missing};
pub use strategy::Strategy;

/// Walks of one dream.
pub const MAX_DREAM_WALKS: usize = 2_000;
/// Steps of one walk of a dream.
pub const MAX_DREAM_STEPS: usize = 32;

/// Decay is exponential until then, and a power law after it (Wickelgren 1974).
pub const DECAY_CROSSOVER_SECONDS: f32 = 3.0 * 86_400.0;

/// The exponent of the power law. The rate of the exponential is such that both meet smoothly.
pub const DECAY_EXPONENT: f32 = 0.5;

/// `e^(-DECAY_EXPONENT)`.
const LEFT_AT_CROSSOVER: f32 = 0.606_530_66;

/// Rows of their own may hold this part of the array before it is made anew.
const MAX_OWN_PART: usize = 2;
/// And at least so many links.
const MIN_OWN: usize = 16_384;

const NONE: u32 = u32::MAX;

/// How strong something of a strength is after a while, in microseconds.
///
/// `s e^(-0.5 t/T)` up to the crossover `T`, `s e^(-0.5) (T/t)^0.5` after it, and never below the
/// floor (or the strength itself, where that is lower).
pub fn decayed(strength: f32, floor: f32, age: Time) -> f32 {
    if age <= 0 || floor >= strength {
        return strength;
    }
    let crossovers = age as f32 / 1e6 / DECAY_CROSSOVER_SECONDS;
    let left = if crossovers <= 1.0 {
        (-DECAY_EXPONENT * crossovers).exp()
    } else {
        LEFT_AT_CROSSOVER / crossovers.sqrt()
    };
    (strength * left).max(floor)
}

/// What makes a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LinkId {
    /// A relation; its strength is the link's.
    Relation(RelationId),
    /// A fact about an entity and another; its confidence is the link's strength, and does not decay.
    Fact(FactId),
}

/// A link between two vertices.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Link {
    /// What makes it.
    pub id: LinkId,
    /// From.
    pub from: Vertex,
    /// To.
    pub to: Vertex,
    /// When it is true.
    pub valid: Validity,
    pub(crate) strength: f32,
    pub(crate) floor: f32,
    pub(crate) touched: Time,
}

/// One end of a link, in the row of the vertex at the other end.
#[derive(Clone, Copy, Debug)]
struct Half {
    to: u32,
    /// Where the link is; [`TIMED`] is set if it is not always true.
    link: u32,
    strength: f32,
    floor: f32,
    touched: Time,
}

const TIMED: u32 = 1 << 31;

impl Half {
    fn place(&self) -> usize {
        (self.link & !TIMED) as usize
    }
}

/// The links of a branch at a time.
#[derive(Clone, Debug, Default)]
pub struct Links {
    numbers: FxHashMap<Vertex, u32>,
    vertices: Vec<Vertex>,
    /// Where the row of each vertex begins and ends in `halves`.
    starts: Vec<u32>,
    halves: Vec<Half>,
    /// For each vertex the place of its own row, or `NONE`.
    own: Vec<u32>,
    rows: Vec<Vec<Half>>,
    n_own: usize,
    links: Vec<Link>,
    places: FxHashMap<LinkId, u32>,
    /// Places whose link is gone.
    n_gone: usize,
}

/// The same links, wherever they lie.
impl PartialEq for Links {
    fn eq(&self, other: &Links) -> bool {
        let sorted = |links: &Links| {
            let mut all: Vec<Link> = links.all().copied().collect();
            all.sort_by_key(|link| link.id);
            all
        };
        sorted(self) == sorted(other)
    }
}

impl Links {
    pub(crate) fn of(view: &View<'_>) -> Links {
        let k = view.knowledge;
        let relations = k.relations.all().map(|(n, _)| LinkId::Relation(RelationId(n)));
        let facts = k.facts.all().map(|(n, _)| LinkId::Fact(FactId(n)));
        Links::from_links(relations.chain(facts).filter_map(|id| link(view, id)).collect())
    }

    /// Lays out links; they are put in the order of their numbers.
    pub(crate) fn from_links(mut links: Vec<Link>) -> Links {
        links.sort_by_key(|link| link.id);
        let mut out = Links::default();
        for link in &links {
            out.number(link.from);
            out.number(link.to);
        }
        out.places = links.iter().enumerate().map(|(k, link)| (link.id, k as u32)).collect();
        out.links = links;
        out.lay_out();
        out
    }

    fn number(&mut self, vertex: Vertex) -> u32 {
        if let Some(number) = self.numbers.get(&vertex) {
            return *number;
        }
        let number = self.vertices.len() as u32;
        self.numbers.insert(vertex, number);
        self.vertices.push(vertex);
        self.own.push(NONE);
        number
    }

    /// Sorts the halves of all links by vertex, and keeps their order.
    fn lay_out(&mut self) {
        let n = self.vertices.len();
        let ends: Vec<[u32; 2]> = self
            .links
            .iter()
            .map(|link| [link.from, link.to].map(|v| self.numbers.get(&v).copied().unwrap_or(NONE)))
            .collect();
        let mut starts = vec![0_u32; n + 1];
        for end in ends.iter().flatten() {
            starts[*end as usize + 1] += 1;
        }
        for k in 0..n {
            starts[k + 1] += starts[k];
        }
        let mut next = starts.clone();
        let empty = Half { to: NONE, link: 0, strength: 0.0, floor: 0.0, touched: 0 };
        self.halves = vec![empty; 2 * ends.len()];
        for (place, [from, to]) in ends.iter().enumerate() {
            for (at, end) in [(from, to), (to, from)] {
                let k = &mut next[*at as usize];
                self.halves[*k as usize] = half(*end, place, &self.links[place]);
                *k += 1;
            }
        }
        self.starts = starts;
    }

    /// The links of a vertex.
    fn row(&self, vertex: u32) -> &[Half] {
        let k = vertex as usize;
        match self.own.get(k) {
            Some(&NONE) if k + 1 < self.starts.len() => {
                &self.halves[self.starts[k] as usize..self.starts[k + 1] as usize]
            }
            Some(&own) if own != NONE => &self.rows[own as usize],
            _ => &[],
        }
    }

    /// The number of a vertex that has links.
    fn linked(&self, vertex: Vertex) -> Option<u32> {
        self.numbers.get(&vertex).copied().filter(|number| !self.row(*number).is_empty())
    }

    /// A row that can be changed: the vertex's own.
    fn own_row(&mut self, vertex: u32) -> &mut Vec<Half> {
        if self.own[vertex as usize] == NONE {
            let row = self.row(vertex).to_vec();
            self.n_own += row.len();
            self.own[vertex as usize] = self.rows.len() as u32;
            self.rows.push(row);
        }
        let own = self.own[vertex as usize] as usize;
        &mut self.rows[own]
    }

    /// Brings links up to what a view has of them.
    pub(crate) fn renew(&mut self, view: &View<'_>, touched: BTreeSet<LinkId>) {
        for id in touched {
            match (link(view, id), self.places.get(&id).copied()) {
                (Some(new), Some(place)) if self.links[place as usize].same_ends(&new) => {
                    self.change(place, new);
                }
                (new, old) => {
                    old.into_iter().for_each(|place| self.remove(place));
                    new.into_iter().for_each(|link| self.add(link));
                }
            }
        }
        let n = 2 * (self.links.len() - self.n_gone);
        if self.n_own.max(self.n_gone) > MIN_OWN.max(n / MAX_OWN_PART) {
            *self = Links::from_links(self.all().copied().collect());
        }
    }

    fn add(&mut self, link: Link) {
        let place = self.links.len();
        let (from, to) = (self.number(link.from), self.number(link.to));
        self.places.insert(link.id, place as u32);
        self.links.push(link);
        for (at, end) in [(from, to), (to, from)] {
            let ids: &[Link] = &self.links;
            let before = |h: &Half| ids[h.place()].id < link.id;
            let k = self.row(at).partition_point(before);
            self.own_row(at).insert(k, half(end, place, &link));
            self.n_own += 1;
        }
    }

    fn remove(&mut self, place: u32) {
        let link = self.links[place as usize];
        self.places.remove(&link.id);
        self.n_gone += 1;
        for vertex in [link.from, link.to] {
            if let Some(at) = self.numbers.get(&vertex).copied() {
                self.own_row(at).retain(|h| h.place() != place as usize);
            }
        }
    }

    /// Another strength or validity of the same link, where it lies.
    fn change(&mut self, place: u32, link: Link) {
        self.links[place as usize] = link;
        for vertex in [link.from, link.to] {
            let Some(at) = self.numbers.get(&vertex).copied() else { continue };
            let row = match self.own[at as usize] {
                NONE => {
                    let (start, end) = (self.starts[at as usize], self.starts[at as usize + 1]);
                    &mut self.halves[start as usize..end as usize]
                }
                own => self.rows[own as usize].as_mut_slice(),
            };
            for h in row.iter_mut().filter(|h| h.place() == place as usize) {
                *h = half(h.to, place as usize, &link);
            }
        }
    }

    /// All links that are there, in the order in which they lie.
    pub fn all(&self) -> impl Iterator<Item = &Link> {
        let there = |(k, link): &(usize, &Link)| self.places.get(&link.id) == Some(&(*k as u32));
        self.links.iter().enumerate().filter(there).map(|(_, link)| link)
    }

    /// Vertices that have links.
    pub fn n_vertices(&self) -> usize {
        (0..self.vertices.len() as u32).filter(|v| !self.row(*v).is_empty()).count()
    }

    /// Links.
    pub fn n_links(&self) -> usize {
        self.places.len()
    }

    /// How strong the end of a link is at a time; 0 if it is not true then.
    fn strength(&self, h: &Half, now: Time) -> f32 {
        if h.link & TIMED != 0 && !self.links[h.place()].valid.contains(now) {
            return 0.0;
        }
        decayed(h.strength, h.floor, now.saturating_sub(h.touched))
    }

    fn vertex(&self, number: u32) -> Vertex {
        self.vertices[number as usize]
    }
}

impl Link {
    fn same_ends(&self, other: &Link) -> bool {
        (self.from, self.to) == (other.from, other.to)
    }

    /// How strong it is at a time, whether or not it is true then.
    pub fn strength(&self, now: Time) -> f32 {
        decayed(self.strength, self.floor, now.saturating_sub(self.touched))
    }
}

fn half(to: u32, place: usize, link: &Link) -> Half {
    let timed = if link.valid == Validity::ALWAYS { 0 } else { TIMED };
    Half {
        to,
        link: place as u32 | timed,
        strength: link.strength,
        floor: link.floor,
        touched: link.touched,
    }
}

/// The link that something makes in a view; `None` if it makes none.
fn link(view: &View<'_>, id: LinkId) -> Option<Link> {
    match id {
        LinkId::Relation(relation) => {
            let (known, weight) = (view.relation(relation)?, view.weight(relation)?);
            let (from, to) = (view.vertex(known.item.from)?, view.vertex(known.item.to)?);
            let made = Link {
                id,
                from,
                to,
                valid: known.item.valid,
                strength: weight.strength,
                floor: known.item.floor,
                touched: weight.touched,
            };
            (from != to).then_some(made)
        }
        LinkId::Fact(fact) => {
            let known = view.fact(fact)?;
            let Object::Entity(object) = known.item.object else { return None };
            let from = view.resolve(known.item.subject).map(Vertex::Entity)?;
            let to = view.resolve(object).map(Vertex::Entity)?;
            let good = from != to && !known.item.negated && view.supported(fact, known.item);
            let strength = known.item.confidence;
            let valid = known.item.valid;
            let made =
                Link { id, from, to, valid, strength, floor: 1.0, touched: known.learned_at };
            good.then_some(made)
        }
    }
}
