//! A part of what is known, laid out flat for analysis: vertices, and the ties between them.
//!
//! It is made of a [`View`], so that it has the branch and both times of that, and knows nothing of
//! what was deleted, merged away, superseded or is not supported. It is a copy: whoever analyses it
//! holds nothing that a writer waits for.

use petgraph::EdgeType;
use petgraph::graph::{Graph, NodeIndex};

use crate::check;
use crate::error::KnowledgeError;
use crate::id::{EntityId, ItemId, Time, Vertex};
use crate::links::{Link, LinkId, Links};
use crate::view::View;

/// Vertices of one analysis.
pub const MAX_ANALYSED_VERTICES: usize = 1_000_000;
/// Links of one analysis.
pub const MAX_ANALYSED_LINKS: usize = 4_000_000;
/// Kinds of links that are chosen.
pub const MAX_CHOSEN_KINDS: usize = 64;

/// Which part is analysed, and how its links are read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Over {
    /// Kinds of relations and predicates of facts; any where there is none.
    pub kinds: Vec<String>,
    /// Memories that have links too, and not entities alone.
    pub memories: bool,
    /// Links go from one to the other; otherwise they go both ways.
    pub directed: bool,
}

/// A link, and how strong it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Joined {
    /// What makes it.
    pub id: LinkId,
    /// From.
    pub from: Vertex,
    /// To.
    pub to: Vertex,
    /// From 0 to 1; without strength there is no link.
    pub strength: f32,
}

/// All links from one vertex to another, or between the two where links go both ways.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Tie {
    pub(super) from: u32,
    pub(super) to: u32,
    /// The strongest link; of equal ones the one with the lowest number.
    pub(super) id: LinkId,
    /// Its strength.
    pub(super) best: f64,
    /// The sum of their strengths.
    pub(super) total: f64,
}

/// The other end of a tie, in the row of a vertex.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct End {
    pub(super) to: u32,
    pub(super) tie: u32,
}

/// For each vertex the ends of its ties, in the order of the other vertices.
#[derive(Clone, Debug, Default)]
struct Rows {
    starts: Vec<u32>,
    ends: Vec<End>,
}

/// Vertices in the order of their numbers, and the ties between them.
#[derive(Clone, Debug)]
pub struct KnowledgeGraph {
    vertices: Vec<Vertex>,
    directed: bool,
    ties: Vec<Tie>,
    n_links: usize,
    leaving: Rows,
    /// `None` where it would be the same as `leaving`.
    entering: Option<Rows>,
}

impl KnowledgeGraph {
    /// What a view has: all entities, and the links that are true at a time with the strength that
    /// they have then. A link of a vertex with itself does not count.
    ///
    /// # Errors
    ///
    /// [`KnowledgeError::TooMany`] for more vertices, links or kinds than a limit.
    pub fn of(view: &View<'_>, over: &Over, time: Time) -> Result<Self, KnowledgeError> {
        check::count("kinds", over.kinds.len(), MAX_CHOSEN_KINDS)?;
        let made;
        let links: &Links = if view.is_latest_main() {
            view.knowledge.links()
        } else {
            made = view.links();
            &made
        };
        let entities = |v: Vertex| matches!(v, Vertex::Entity(_));
        let chosen = |link: &&Link| {
            link.valid.contains(time)
                && (over.memories || (entities(link.from) && entities(link.to)))
                && (over.kinds.is_empty()
                    || over.kinds.iter().any(|k| view.link_kind(link.id) == Some(k)))
        };
        let joined = |link: &Link| Joined {
            id: link.id,
            from: link.from,
            to: link.to,
            strength: link.strength(time),
        };
        let joined: Vec<Joined> = links.all().filter(chosen).map(joined).collect();
        let vertices = view.all_entities().map(Vertex::Entity);
        Self::new(vertices.collect(), joined, over.directed)
    }

    /// Lays out vertices, with those that links join.
    ///
    /// # Errors
    ///
    /// [`KnowledgeError::TooMany`] for more vertices or links than a limit.
    pub fn new(
        mut vertices: Vec<Vertex>,
        mut links: Vec<Joined>,
        directed: bool,
    ) -> Result<Self, KnowledgeError> {
        links.retain(|link| link.from != link.to && link.strength > 0.0);
        vertices.extend(links.iter().flat_map(|link| [link.from, link.to]));
        vertices.sort_unstable();
        vertices.dedup();
        check::count("vertices to analyse", vertices.len(), MAX_ANALYSED_VERTICES)?;
        check::count("links to analyse", links.len(), MAX_ANALYSED_LINKS)?;
        let ties = tied(&vertices, &links, directed);
        let n = vertices.len();
        let (leaving, entering) = if directed {
            (rows(n, &ties, true, false), Some(rows(n, &ties, false, true)))
        } else {
            (rows(n, &ties, true, true), None)
        };
        Ok(Self { vertices, directed, ties, n_links: links.len(), leaving, entering })
    }

    /// The vertices, in the order of their numbers. What is told of each is in the same order.
    pub fn vertices(&self) -> &[Vertex] {
        &self.vertices
    }

    /// Links, of which several may be between the same two.
    pub fn n_links(&self) -> usize {
        self.n_links
    }

    /// Pairs of vertices with links, ordered pairs where links have a direction.
    pub fn n_ties(&self) -> usize {
        self.ties.len()
    }

    /// Whether links have a direction.
    pub fn is_directed(&self) -> bool {
        self.directed
    }

    pub(super) fn n(&self) -> usize {
        self.vertices.len()
    }

    pub(super) fn ties(&self) -> &[Tie] {
        &self.ties
    }

    pub(super) fn tie(&self, end: &End) -> &Tie {
        &self.ties[end.tie as usize]
    }

    /// Where ties lead from a vertex.
    pub(super) fn leaving(&self, vertex: u32) -> &[End] {
        self.leaving.of(vertex)
    }

    /// Where ties come from to a vertex.
    pub(super) fn entering(&self, vertex: u32) -> &[End] {
        self.entering.as_ref().unwrap_or(&self.leaving).of(vertex)
    }

    /// The place of a vertex.
    pub(super) fn place(&self, vertex: Vertex) -> Result<u32, KnowledgeError> {
        let place = self.vertices.binary_search(&vertex);
        place.map(|place| place as u32).map_err(|_| missing(vertex))
    }

    pub(super) fn vertex(&self, place: u32) -> Vertex {
        self.vertices[place as usize]
    }

    /// Refuses what is defined for links without a direction only.
    pub(super) fn undirected(&self, what: &'static str) -> Result<(), KnowledgeError> {
        if !self.directed {
            return Ok(());
        }
        let expected = format!("links both ways for {what}");
        Err(KnowledgeError::Invalid { what: "directed", expected, found: "true".to_string() })
    }

    /// As `petgraph` has it; an edge has the place of its tie.
    pub(super) fn petgraph<Direction: EdgeType>(&self) -> Graph<(), u32, Direction> {
        let mut graph = Graph::with_capacity(self.n(), self.ties.len());
        (0..self.n()).for_each(|_| {
            graph.add_node(());
        });
        for (k, tie) in self.ties.iter().enumerate() {
            let [from, to] = [tie.from, tie.to].map(|v| NodeIndex::new(v as usize));
            graph.add_edge(from, to, k as u32);
        }
        graph
    }
}

impl Rows {
    fn of(&self, vertex: u32) -> &[End] {
        let k = vertex as usize;
        &self.ends[self.starts[k] as usize..self.starts[k + 1] as usize]
    }
}

/// Ties in the order of their ends.
fn tied(vertices: &[Vertex], links: &[Joined], directed: bool) -> Vec<Tie> {
    // Each end is among the vertices.
    let place = |v: &Vertex| vertices.binary_search(v).unwrap_or(0) as u32;
    let mut single: Vec<Tie> = links
        .iter()
        .map(|link| {
            let (a, b) = (place(&link.from), place(&link.to));
            let (from, to) = if directed { (a, b) } else { (a.min(b), a.max(b)) };
            let strength = f64::from(link.strength);
            Tie { from, to, id: link.id, best: strength, total: strength }
        })
        .collect();
    single.sort_unstable_by_key(|tie| (tie.from, tie.to, tie.id));
    let mut ties: Vec<Tie> = Vec::with_capacity(single.len());
    for tie in single {
        match ties.last_mut().filter(|last| (last.from, last.to) == (tie.from, tie.to)) {
            Some(last) => {
                last.total += tie.total;
                if tie.best > last.best {
                    (last.best, last.id) = (tie.best, tie.id);
                }
            }
            None => ties.push(tie),
        }
    }
    ties
}

/// Rows of the vertices from which ties lead, to which they lead, or both.
fn rows(n: usize, ties: &[Tie], from: bool, to: bool) -> Rows {
    let halves = || {
        let of = move |(k, tie): (usize, &Tie)| {
            let leaving = from.then_some((tie.from, End { to: tie.to, tie: k as u32 }));
            let entering = to.then_some((tie.to, End { to: tie.from, tie: k as u32 }));
            leaving.into_iter().chain(entering)
        };
        ties.iter().enumerate().flat_map(of)
    };
    let mut starts = vec![0_u32; n + 1];
    halves().for_each(|(at, _)| starts[at as usize + 1] += 1);
    (0..n).for_each(|k| starts[k + 1] += starts[k]);
    let mut next = starts.clone();
    let mut ends = vec![End { to: 0, tie: 0 }; starts[n] as usize];
    for (at, end) in halves() {
        ends[next[at as usize] as usize] = end;
        next[at as usize] += 1;
    }
    for k in 0..n {
        ends[starts[k] as usize..starts[k + 1] as usize].sort_unstable_by_key(|end| end.to);
    }
    Rows { starts, ends }
}

fn missing(vertex: Vertex) -> KnowledgeError {
    match vertex {
        Vertex::Entity(EntityId(id)) => KnowledgeError::Missing(ItemId::Entity(EntityId(id))),
        Vertex::Memory(number) => KnowledgeError::Invalid {
            what: "memory",
            expected: "one with links, and memories among what is analysed".to_string(),
            found: number.to_string(),
        },
    }
}
