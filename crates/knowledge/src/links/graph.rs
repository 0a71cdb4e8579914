//! Algorithms of graphs over links: neighbourhoods, paths, components, ranks, communities, counts.
//! What `petgraph` has is taken from there, and [`Links::petgraph`] opens the rest of it.

use std::collections::BTreeMap;

use petgraph::graph::{NodeIndex, UnGraph};
use petgraph::unionfind::UnionFind;

use super::activate::keep_most;
use super::{Link, LinkId, Links};
use crate::check;
use crate::error::KnowledgeError;
use crate::id::{ItemId, Time, Vertex};
use crate::limits::{MAX_HOPS, MAX_KEPT};

/// Rounds of label propagation.
pub const MAX_COMMUNITY_ROUNDS: usize = 32;

/// Rounds of PageRank.
pub const MAX_RANK_ROUNDS: usize = 100;

/// Vertices with more neighbours are left out of clustering.
pub const MAX_CLUSTERED_DEGREE: usize = 1_000;

/// A way from one vertex to another.
#[derive(Clone, Debug, PartialEq)]
pub struct Path {
    /// The vertices, both ends included.
    pub vertices: Vec<Vertex>,
    /// The links between them.
    pub links: Vec<LinkId>,
    /// The product of their strengths.
    pub strength: f32,
}

/// Counts of links as they are now.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Statistics {
    /// Vertices with links.
    pub n_vertices: usize,
    /// Of them, memories.
    pub n_memories: usize,
    /// Links.
    pub n_links: usize,
    /// Pairs of vertices with links, of all pairs.
    pub density: f64,
    /// Neighbours of a vertex, on average.
    pub mean_degree: f64,
    /// Neighbours of the vertex that has most.
    pub max_degree: usize,
    /// Parts that are not connected.
    pub n_components: usize,
    /// Vertices of the largest.
    pub largest_component: usize,
    /// How often two neighbours of a vertex are neighbours, on average over vertices.
    pub clustering: f64,
}

impl Links {
    /// The links that are true at a time, as an undirected graph of `petgraph`: for its algorithms.
    pub fn petgraph(&self, now: Time) -> UnGraph<Vertex, Link> {
        let mut graph = UnGraph::with_capacity(self.vertices.len(), self.n_links());
        for vertex in &self.vertices {
            graph.add_node(*vertex);
        }
        for link in self.all().filter(|link| link.valid.contains(now)) {
            if let (Some(from), Some(to)) = (self.node(link.from), self.node(link.to)) {
                graph.add_edge(from, to, *link);
            }
        }
        graph
    }

    fn node(&self, vertex: Vertex) -> Option<NodeIndex> {
        self.numbers.get(&vertex).map(|number| NodeIndex::new(*number as usize))
    }

    /// Vertices at most so many hops away, with their distance, the nearest first and then in the
    /// order of their numbers.
    ///
    /// # Errors
    ///
    /// [`KnowledgeError::TooMany`] for hops or a limit that is too high.
    pub fn neighbourhood(
        &self,
        vertex: Vertex,
        hops: usize,
        limit: usize,
        now: Time,
    ) -> Result<Vec<(Vertex, usize)>, KnowledgeError> {
        check::count("hops", hops, MAX_HOPS)?;
        check::count("kept", limit, MAX_KEPT)?;
        let mut seen = vec![false; self.vertices.len()];
        let mut level: Vec<u32> = self.numbers.get(&vertex).copied().into_iter().collect();
        level.iter().for_each(|v| seen[*v as usize] = true);
        let mut found = Vec::new();
        for hop in 0..=hops {
            level.sort_unstable_by_key(|v| self.vertex(*v));
            found.extend(level.iter().map(|v| (self.vertex(*v), hop)).take(limit - found.len()));
            if found.len() == limit {
                break;
            }
            let mut next = Vec::new();
            for h in level.iter().flat_map(|v| self.row(*v)) {
                if !seen[h.to as usize] && self.strength(h, now) > 0.0 {
                    seen[h.to as usize] = true;
                    next.push(h.to);
                }
            }
            level = next;
        }
        Ok(found)
    }

    /// The way whose strengths multiplied are the greatest; `None` if there is no way.
    ///
    /// # Errors
    ///
    /// [`KnowledgeError::Missing`] for an entity without links.
    pub fn strongest_path(
        &self,
        from: Vertex,
        to: Vertex,
        now: Time,
    ) -> Result<Option<Path>, KnowledgeError> {
        // Not a number is never asked for: a strength is above 0 where the link counts at all.
        self.path(from, to, now, |strength| -f64::from(strength.max(f32::MIN_POSITIVE)).ln())
    }

    /// The way with the fewest hops; `None` if there is no way.
    ///
    /// # Errors
    ///
    /// [`KnowledgeError::Missing`] for an entity without links.
    pub fn shortest_path(
        &self,
        from: Vertex,
        to: Vertex,
        now: Time,
    ) -> Result<Option<Path>, KnowledgeError> {
        self.path(from, to, now, |_| 1.0)
    }

    fn path(
        &self,
        from: Vertex,
        to: Vertex,
        now: Time,
        cost: fn(f32) -> f64,
    ) -> Result<Option<Path>, KnowledgeError> {
        let node = |vertex| self.node(vertex).ok_or(missing(vertex));
        let (start, goal) = (node(from)?, node(to)?);
        let graph = self.petgraph(now);
        let weigh =
            |edge: petgraph::graph::EdgeReference<'_, Link>| cost(edge.weight().strength(now));
        let found = petgraph::algo::astar(&graph, start, |n| n == goal, weigh, |_| 0.0);
        Ok(found.map(|(_, nodes)| {
            let vertices: Vec<Vertex> = nodes.iter().map(|n| graph[*n]).collect();
            self.along(vertices, now)
        }))
    }

    /// The strongest link of each step.
    fn along(&self, vertices: Vec<Vertex>, now: Time) -> Path {
        let (mut links, mut strength) = (Vec::new(), 1.0);
        for pair in vertices.windows(2) {
            let [from, to] = pair else { continue };
            let (Some(from), Some(to)) = (self.numbers.get(from), self.numbers.get(to)) else {
                continue;
            };
            let between = self.row(*from).iter().filter(|h| h.to == *to);
            let best = between.max_by(|a, b| {
                let by_strength = self.strength(a, now).total_cmp(&self.strength(b, now));
                by_strength.then(b.place().cmp(&a.place()))
            });
            if let Some(best) = best {
                links.push(self.links[best.place()].id);
                strength *= self.strength(best, now);
            }
        }
        Path { vertices, links, strength }
    }

    /// Vertices in parts that are connected, the largest first, each in the order of its numbers.
    pub fn components(&self, now: Time) -> Vec<Vec<Vertex>> {
        let mut sets = UnionFind::<u32>::new(self.vertices.len());
        for link in self.all().filter(|link| link.valid.contains(now)) {
            if let (Some(a), Some(b)) = (self.numbers.get(&link.from), self.numbers.get(&link.to)) {
                sets.union(*a, *b);
            }
        }
        self.grouped(&sets.into_labeling())
    }

    /// Vertices with links by label, the largest group first.
    fn grouped(&self, labels: &[u32]) -> Vec<Vec<Vertex>> {
        let mut groups: BTreeMap<u32, Vec<Vertex>> = BTreeMap::new();
        for (k, label) in labels.iter().enumerate() {
            if !self.row(k as u32).is_empty() {
                groups.entry(*label).or_default().push(self.vertices[k]);
            }
        }
        let mut groups: Vec<Vec<Vertex>> = groups.into_values().collect();
        groups.iter_mut().for_each(|group| group.sort_unstable());
        groups.sort_unstable_by(|a, b| b.len().cmp(&a.len()).then(a.cmp(b)));
        groups
    }

    /// Groups that hold together, by label propagation (Raghavan et al. 2007): each vertex in turn
    /// takes the label that most of its strength leads to, its own or the lowest if several do.
    pub fn communities(&self, now: Time) -> Vec<Vec<Vertex>> {
        let mut order: Vec<u32> = (0..self.vertices.len() as u32).collect();
        order.sort_unstable_by_key(|v| self.vertex(*v));
        let mut labels = vec![0_u32; order.len()];
        order.iter().enumerate().for_each(|(rank, v)| labels[*v as usize] = rank as u32);
        for _ in 0..MAX_COMMUNITY_ROUNDS {
            let mut changed = false;
            for v in &order {
                let label = self.label_around(*v, &labels, now);
                changed |= label != labels[*v as usize];
                labels[*v as usize] = label;
            }
            if !changed {
                break;
            }
        }
        self.grouped(&labels)
    }

    fn label_around(&self, vertex: u32, labels: &[u32], now: Time) -> u32 {
        let mut votes: BTreeMap<u32, f64> = BTreeMap::new();
        for h in self.row(vertex) {
            *votes.entry(labels[h.to as usize]).or_default() += f64::from(self.strength(h, now));
        }
        let own = labels[vertex as usize];
        let most = votes.values().copied().fold(0.0, f64::max);
        if most <= 0.0 || votes.get(&own) == Some(&most) {
            return own;
        }
        votes.into_iter().find(|(_, vote)| *vote == most).map_or(own, |(label, _)| label)
    }

    /// How often a random walk along links is where (PageRank, damping 0.85), the most visited first.
    ///
    /// # Errors
    ///
    /// [`KnowledgeError::TooMany`] or [`KnowledgeError::Invalid`] for what is out of its range.
    pub fn page_rank(
        &self,
        damping: f64,
        keep: usize,
        now: Time,
    ) -> Result<Vec<(Vertex, f32)>, KnowledgeError> {
        check::count("kept", keep, MAX_KEPT)?;
        check::unit("damping", damping as f32)?;
        let linked: Vec<u32> =
            (0..self.vertices.len() as u32).filter(|v| !self.row(*v).is_empty()).collect();
        let n = linked.len() as f64;
        let sum = |v: &u32| self.row(*v).iter().map(|h| f64::from(self.strength(h, now))).sum();
        let totals: Vec<f64> = linked.iter().map(sum).collect();
        let mut rank = vec![1.0 / n; self.vertices.len()];
        for _ in 0..MAX_RANK_ROUNDS {
            let next = self.rank_round(&linked, &totals, &rank, damping, now);
            let moved: f64 =
                linked.iter().map(|v| (next[*v as usize] - rank[*v as usize]).abs()).sum();
            rank = next;
            if moved < 1e-10 {
                break;
            }
        }
        let mut all: Vec<(Vertex, f32)> =
            linked.iter().map(|v| (self.vertex(*v), rank[*v as usize] as f32)).collect();
        keep_most(&mut all, keep);
        Ok(all)
    }

    fn rank_round(
        &self,
        linked: &[u32],
        totals: &[f64],
        rank: &[f64],
        damping: f64,
        now: Time,
    ) -> Vec<f64> {
        let n = linked.len() as f64;
        let dangling = linked.iter().zip(totals).filter(|(_, total)| **total <= 0.0);
        let dangling: f64 = dangling.map(|(v, _)| rank[*v as usize]).sum();
        let mut next = vec![(1.0 - damping + damping * dangling) / n; rank.len()];
        for (v, total) in linked.iter().zip(totals).filter(|(_, total)| **total > 0.0) {
            let passed = damping * rank[*v as usize] / total;
            for h in self.row(*v) {
                next[h.to as usize] += passed * f64::from(self.strength(h, now));
            }
        }
        next
    }

    /// Counts of the links that are true at a time.
    pub fn statistics(&self, now: Time) -> Statistics {
        let neighbours: Vec<Vec<u32>> =
            (0..self.vertices.len() as u32).map(|v| self.neighbours(v, now)).collect();
        let linked = neighbours.iter().filter(|near| !near.is_empty());
        let n = linked.clone().count();
        let pairs: usize = linked.clone().map(Vec::len).sum::<usize>() / 2;
        let components: Vec<Vec<Vertex>> = self.components(now);
        let is_memory = |v: &&Vertex| matches!(v, Vertex::Memory(_));
        let with_links = self.vertices.iter().zip(&neighbours).filter(|(_, near)| !near.is_empty());
        let counted: Vec<f64> = linked
            .clone()
            .filter(|near| near.len() <= MAX_CLUSTERED_DEGREE)
            .map(|near| clustering(near, &neighbours))
            .collect();
        let part = |a: usize, b: f64| if b > 0.0 { a as f64 / b } else { 0.0 };
        Statistics {
            n_vertices: n,
            n_memories: with_links.map(|(vertex, _)| vertex).filter(is_memory).count(),
            n_links: self.all().filter(|link| link.valid.contains(now)).count(),
            density: part(2 * pairs, n as f64 * (n as f64 - 1.0)),
            mean_degree: part(2 * pairs, n as f64),
            max_degree: linked.map(Vec::len).max().unwrap_or(0),
            n_components: components.iter().filter(|part| part.len() > 1).count(),
            largest_component: components.first().map_or(0, Vec::len),
            clustering: counted.iter().sum::<f64>() / (counted.len().max(1) as f64),
        }
    }

    /// Each neighbour once, in order.
    fn neighbours(&self, vertex: u32, now: Time) -> Vec<u32> {
        let row = self.row(vertex).iter().filter(|h| self.strength(h, now) > 0.0);
        let mut near: Vec<u32> = row.map(|h| h.to).collect();
        near.sort_unstable();
        near.dedup();
        near
    }
}

fn missing(vertex: Vertex) -> KnowledgeError {
    match vertex {
        Vertex::Entity(id) => KnowledgeError::Missing(ItemId::Entity(id)),
        Vertex::Memory(number) => KnowledgeError::Invalid {
            what: "memory",
            expected: "one with links".to_string(),
            found: number.to_string(),
        },
    }
}

/// Of the pairs of a vertex's neighbours, the part that are neighbours themselves.
fn clustering(near: &[u32], neighbours: &[Vec<u32>]) -> f64 {
    if near.len() < 2 {
        return 0.0;
    }
    let joined = |a: &u32| {
        let of = &neighbours[*a as usize];
        near.iter().filter(|b| of.binary_search(b).is_ok()).count()
    };
    let ends: usize = near.iter().map(joined).sum();
    ends as f64 / (near.len() * (near.len() - 1)) as f64
}
