//! What comes to mind: spreading activation, and personalised PageRank. Each result says by which
//! links it was reached.
//!
//! Spreading (Anderson 1983; values of SYNAPSE and Shodh): a wave goes out from the seeds,
//! `a_j += 0.5 a_i w_ij / sqrt(deg_i)`, for three hops; the root of the degree keeps hubs from
//! leading everywhere. What arrives below a threshold is not felt, and the most active stay
//! (lateral inhibition).
//!
//! PageRank with restart at the seeds (damping 0.5 as HippoRAG has it), by pushing residuals
//! (Andersen, Chung, Lang 2006), so its cost does not grow with the knowledge.

use std::collections::{BTreeMap, VecDeque};

use super::{LinkId, Links};
use crate::check;
use crate::error::KnowledgeError;
use crate::id::{Time, Vertex};
use crate::limits::{MAX_HOPS, MAX_KEPT, MAX_SEEDS};

/// The wave of a hop goes on from so many vertices, the most active.
pub const MAX_FRONTIER: usize = 4_096;

/// Pushes of one walk; what is left then is not given out.
pub const MAX_PUSHES: usize = 2_000_000;

/// Hops of the way that explains a result of a walk.
const MAX_WAY: usize = 32;

/// How activation spreads.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// Hops, up to [`MAX_HOPS`].
    pub hops: usize,
    /// What a vertex passes on, 0 to 1.
    pub decay: f32,
    /// What is less is not felt, 0 to 1.
    pub threshold: f32,
    /// So many of the most active stay, up to [`MAX_KEPT`].
    pub keep: usize,
    /// Which way links are followed.
    pub along: Along,
}

/// Which way links are followed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Along {
    /// Both ways.
    #[default]
    Both,
    /// From where they begin to where they lead.
    Out,
}

impl Default for Spread {
    fn default() -> Self {
        Spread { hops: 3, decay: 0.5, threshold: 0.005, keep: 64, along: Along::Both }
    }
}

/// How a random walk goes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Walk {
    /// How probably it goes on and does not begin again at a seed, 0 to 1 and not 1.
    pub damping: f64,
    /// A vertex with less left for each of its links does not pass it on.
    pub tolerance: f64,
    /// So many of the most visited stay, up to [`MAX_KEPT`].
    pub keep: usize,
}

impl Default for Walk {
    fn default() -> Self {
        Walk { damping: 0.5, tolerance: 1e-6, keep: 64 }
    }
}

/// A link that was followed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hop {
    /// Which.
    pub link: LinkId,
    /// From here.
    pub from: Vertex,
    /// To there.
    pub to: Vertex,
    /// What came over it.
    pub contribution: f32,
}

/// A vertex that is active.
#[derive(Clone, Debug, PartialEq)]
pub struct Activated {
    /// Which.
    pub vertex: Vertex,
    /// How active; of a walk, how often it is there.
    pub activation: f32,
    /// The strongest way to it, from a seed; empty for a seed itself.
    pub way: Vec<Hop>,
}

/// What is active, the most active first, equal ones in the order of their numbers.
pub type Activation = Vec<Activated>;

/// What arrived at a vertex in one hop.
#[derive(Clone, Copy)]
struct Arrival {
    vertex: u32,
    sum: f32,
    best: Best,
}

/// The largest contribution.
#[derive(Clone, Copy, Default)]
struct Best {
    amount: f32,
    from: u32,
    place: u32,
}

fn seeded(seeds: &[(Vertex, f32)]) -> Result<BTreeMap<Vertex, f32>, KnowledgeError> {
    check::count("seeds", seeds.len(), MAX_SEEDS)?;
    let mut out = BTreeMap::new();
    for (vertex, score) in seeds {
        check::unit("score of a seed", *score)?;
        if *score > 0.0 {
            *out.entry(*vertex).or_insert(0.0) += *score;
        }
    }
    Ok(out)
}

impl Links {
    /// Spreads activation from seeds with scores from 0 to 1, with strengths as they are now.
    ///
    /// # Errors
    ///
    /// [`KnowledgeError::Invalid`] or [`KnowledgeError::TooMany`] for what is out of its range.
    pub fn spread(
        &self,
        seeds: &[(Vertex, f32)],
        spread: &Spread,
        now: Time,
    ) -> Result<Activation, KnowledgeError> {
        check::count("hops", spread.hops, MAX_HOPS)?;
        check::count("kept", spread.keep, MAX_KEPT)?;
        check::unit("decay", spread.decay)?;
        check::unit("threshold", spread.threshold)?;
        let seeds = seeded(seeds)?;
        let first = seeds.iter().filter_map(|(vertex, score)| {
            let vertex = *self.numbers.get(vertex)?;
            Some(Arrival { vertex, sum: *score, best: Best::default() })
        });
        let mut waves: Vec<Vec<Arrival>> = vec![first.collect()];
        let mut felt = vec![Best::default(); self.vertices.len()];
        let mut sums = vec![0.0_f32; self.vertices.len()];
        for hop in 0..spread.hops {
            let wave = self.next_wave(&waves[hop], spread, now, &mut sums, &mut felt);
            waves.push(wave);
        }
        Ok(self.most_active(&seeds, &waves, spread.keep))
    }

    /// What arrives one hop on, in the order of the vertices.
    fn next_wave(
        &self,
        wave: &[Arrival],
        spread: &Spread,
        now: Time,
        sums: &mut [f32],
        felt: &mut [Best],
    ) -> Vec<Arrival> {
        let mut reached = Vec::new();
        for arrival in wave {
            let row = self.row(arrival.vertex);
            let passed = spread.decay * arrival.sum / (row.len() as f32).sqrt();
            for h in row {
                let amount = passed * self.strength(h, now);
                if amount <= 0.0 || !self.goes(spread.along, h) {
                    continue;
                }
                let k = h.to as usize;
                if sums[k] == 0.0 {
                    reached.push(h.to);
                }
                sums[k] += amount;
                if amount > felt[k].amount {
                    let place = h.place() as u32;
                    felt[k] = Best { amount, from: arrival.vertex, place };
                }
            }
        }
        let mut next = Vec::new();
        for vertex in reached {
            let k = vertex as usize;
            let (sum, best) = (std::mem::take(&mut sums[k]), std::mem::take(&mut felt[k]));
            if sum >= spread.threshold {
                next.push(Arrival { vertex, sum, best });
            }
        }
        self.strongest(next)
    }

    /// Whether activation may follow a link to its end `h`.
    fn goes(&self, along: Along, h: &super::Half) -> bool {
        along == Along::Both || self.links[h.place()].to == self.vertex(h.to)
    }

    /// The strongest, in the order of the vertices.
    fn strongest(&self, mut wave: Vec<Arrival>) -> Vec<Arrival> {
        if wave.len() > MAX_FRONTIER {
            wave.select_nth_unstable_by(MAX_FRONTIER, |a, b| {
                let by_number = || self.vertex(a.vertex).cmp(&self.vertex(b.vertex));
                b.sum.total_cmp(&a.sum).then_with(by_number)
            });
            wave.truncate(MAX_FRONTIER);
        }
        wave.sort_unstable_by_key(|arrival| self.vertex(arrival.vertex));
        wave
    }

    fn most_active(
        &self,
        seeds: &BTreeMap<Vertex, f32>,
        waves: &[Vec<Arrival>],
        keep: usize,
    ) -> Activation {
        let mut total = vec![0.0_f32; self.vertices.len()];
        let mut active = Vec::new();
        for arrival in waves.iter().flatten() {
            let sum = &mut total[arrival.vertex as usize];
            if *sum == 0.0 {
                active.push(arrival.vertex);
            }
            *sum += arrival.sum;
        }
        let linked = active.into_iter().map(|v| (self.vertex(v), total[v as usize]));
        let alone = seeds.iter().filter(|(vertex, _)| !self.numbers.contains_key(vertex));
        let mut all: Vec<(Vertex, f32)> = linked.chain(alone.map(|(v, s)| (*v, *s))).collect();
        keep_most(&mut all, keep);
        let way = |vertex| self.numbers.get(&vertex).map(|n| self.way_back(*n, waves));
        all.into_iter()
            .map(|(vertex, activation)| Activated {
                vertex,
                activation,
                way: way(vertex).unwrap_or_default(),
            })
            .collect()
    }

    /// From the hop in which most arrived, each time to where most of that came from.
    fn way_back(&self, vertex: u32, waves: &[Vec<Arrival>]) -> Vec<Hop> {
        let find = |hop: usize, vertex: u32| {
            let wave = &waves[hop];
            let key = self.vertex(vertex);
            wave.binary_search_by_key(&key, |a| self.vertex(a.vertex)).ok().map(|k| wave[k])
        };
        let arrivals = (0..waves.len()).filter_map(|hop| Some((hop, find(hop, vertex)?)));
        let most = arrivals.max_by(|a, b| a.1.sum.total_cmp(&b.1.sum).then(b.0.cmp(&a.0)));
        let Some((mut hop, mut arrival)) = most else { return Vec::new() };
        let mut way = Vec::new();
        while hop > 0 {
            way.push(self.hop(arrival.best, arrival.vertex));
            hop -= 1;
            match find(hop, arrival.best.from) {
                Some(before) => arrival = before,
                None => break,
            }
        }
        way.reverse();
        way
    }

    fn hop(&self, best: Best, to: u32) -> Hop {
        Hop {
            link: self.links[best.place as usize].id,
            from: self.vertex(best.from),
            to: self.vertex(to),
            contribution: best.amount,
        }
    }

    /// How often a random walk that begins again at the seeds is where, with strengths as they are
    /// now. All of it together is 1, less what the tolerance leaves.
    ///
    /// # Errors
    ///
    /// [`KnowledgeError::Invalid`] or [`KnowledgeError::TooMany`] for what is out of its range.
    pub fn walk(
        &self,
        seeds: &[(Vertex, f32)],
        walk: &Walk,
        now: Time,
    ) -> Result<Activation, KnowledgeError> {
        check::count("kept", walk.keep, MAX_KEPT)?;
        let range = |what, good: bool, expected: &str, found: f64| {
            let (expected, found) = (expected.to_string(), found.to_string());
            if good { Ok(()) } else { Err(KnowledgeError::Invalid { what, expected, found }) }
        };
        let tolerable = (1e-15..1.0).contains(&walk.tolerance);
        range("damping", (0.0..1.0).contains(&walk.damping), "0 to 1, and not 1", walk.damping)?;
        range("tolerance", tolerable, "1e-15 to 1", walk.tolerance)?;
        let seeds = seeded(seeds)?;
        let mut push = Push::new(self, &seeds, *walk, now);
        push.all();
        Ok(push.ranked(&seeds))
    }
}

/// The first `keep` by activation, then by number.
pub(super) fn keep_most(all: &mut Vec<(Vertex, f32)>, keep: usize) {
    let order = |a: &(Vertex, f32), b: &(Vertex, f32)| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0));
    if keep < all.len() {
        all.select_nth_unstable_by(keep, order);
        all.truncate(keep);
    }
    all.sort_unstable_by(order);
}

/// What a walk holds for each vertex.
#[derive(Clone, Copy, Default)]
struct Place {
    rank: f64,
    left: f64,
    /// Strengths of all links together; negative before it is known.
    total: f64,
    best: Best,
    /// Hops from a seed, when it was first reached; 0 before.
    depth: u32,
    waits: bool,
}

struct Push<'a> {
    links: &'a Links,
    walk: Walk,
    now: Time,
    /// The seeds that have links, and their share.
    seeds: Vec<(u32, f64)>,
    /// The share of seeds without links.
    alone: f64,
    sum: f64,
    places: Vec<Place>,
    reached: Vec<u32>,
    queue: VecDeque<u32>,
}

impl<'a> Push<'a> {
    fn new(links: &'a Links, seeds: &BTreeMap<Vertex, f32>, walk: Walk, now: Time) -> Push<'a> {
        let sum: f64 = seeds.values().map(|score| f64::from(*score)).sum();
        let mut push = Push {
            links,
            walk,
            now,
            seeds: Vec::new(),
            alone: 0.0,
            sum,
            places: vec![Place::default(); links.vertices.len()],
            reached: Vec::new(),
            queue: VecDeque::new(),
        };
        for (vertex, score) in seeds {
            let share = f64::from(*score) / sum;
            match links.linked(*vertex) {
                Some(number) => push.seeds.push((number, share)),
                None => push.alone += share,
            }
        }
        push
    }

    fn all(&mut self) {
        // What falls on a vertex without links begins again; so does that of seeds without links.
        let begins = 1.0 / (1.0 - self.walk.damping * self.alone);
        for k in 0..self.seeds.len() {
            let (vertex, share) = self.seeds[k];
            self.reach(vertex, share * begins, 1);
        }
        for _ in 0..MAX_PUSHES {
            let Some(vertex) = self.queue.pop_front() else { return };
            self.push(vertex);
        }
    }

    fn reach(&mut self, vertex: u32, amount: f64, depth: u32) {
        let n_links = self.links.row(vertex).len().max(1) as f64;
        let place = &mut self.places[vertex as usize];
        if place.depth == 0 {
            place.depth = depth;
            self.reached.push(vertex);
        }
        place.left += amount;
        if !place.waits && place.left > self.walk.tolerance * n_links {
            place.waits = true;
            self.queue.push_back(vertex);
        }
    }

    fn push(&mut self, vertex: u32) {
        let links = self.links;
        let row = links.row(vertex);
        let place = &mut self.places[vertex as usize];
        place.waits = false;
        let (left, depth) = (std::mem::take(&mut place.left), place.depth);
        place.rank += (1.0 - self.walk.damping) * left;
        if place.total == 0.0 {
            let now = self.now;
            place.total = row.iter().map(|h| f64::from(links.strength(h, now))).sum();
        }
        let (passed, total) = (self.walk.damping * left, place.total);
        if total <= 0.0 {
            return self.begin_again(passed);
        }
        for h in row {
            let amount = passed * f64::from(links.strength(h, self.now)) / total;
            if amount > 0.0 {
                self.reach(h.to, amount, depth + 1);
                let to = &mut self.places[h.to as usize];
                if to.depth == depth + 1 && amount as f32 > to.best.amount {
                    let place = h.place() as u32;
                    to.best = Best { amount: amount as f32, from: vertex, place };
                }
            }
        }
    }

    /// Goes back to the seeds, in their shares.
    fn begin_again(&mut self, amount: f64) {
        let again = amount / (1.0 - self.walk.damping * self.alone);
        for k in 0..self.seeds.len() {
            let (vertex, share) = self.seeds[k];
            self.reach(vertex, again * share, 1);
        }
    }

    fn ranked(self, seeds: &BTreeMap<Vertex, f32>) -> Activation {
        let reached = self.reached.iter();
        let mut linked = 0.0;
        let mut all: Vec<(Vertex, f32)> = Vec::with_capacity(self.reached.len());
        for vertex in reached {
            let place = &self.places[*vertex as usize];
            linked += place.rank + place.left;
            all.push((self.links.vertex(*vertex), place.rank as f32));
        }
        // Seeds without links have the rest, in their shares.
        let rest = (1.0 - linked).max(0.0) / (self.alone * self.sum).max(f64::MIN_POSITIVE);
        let alone = seeds.iter().filter(|(v, _)| self.links.linked(**v).is_none());
        all.extend(alone.map(|(v, score)| (*v, (rest * f64::from(*score)) as f32)));
        all.retain(|(_, rank)| *rank > 0.0);
        keep_most(&mut all, self.walk.keep);
        let way = |vertex| self.links.numbers.get(&vertex).map(|n| self.way(*n));
        all.into_iter()
            .map(|(vertex, activation)| Activated {
                vertex,
                activation,
                way: way(vertex).unwrap_or_default(),
            })
            .collect()
    }

    /// Each step goes to a vertex that was reached one hop earlier, so it ends at a seed.
    fn way(&self, vertex: u32) -> Vec<Hop> {
        let mut way = Vec::new();
        let mut at = vertex;
        while self.places[at as usize].depth > 1 && way.len() < MAX_WAY {
            let best = self.places[at as usize].best;
            way.push(self.links.hop(best, at));
            at = best.from;
        }
        way.reverse();
        way
    }
}
