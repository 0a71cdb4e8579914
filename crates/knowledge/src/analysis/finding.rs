//! Every analysis by its name, and what each comes to in one form, cut to what can be told.

use std::collections::BTreeMap;

use super::cost::Cost;
use super::forest::Bond;
use super::graph::KnowledgeGraph;
use super::motifs::TRIADS;
use super::paths::Way;
use super::prediction::Likeness;
use super::rank::Ranks;
use super::reach::Direction;
use super::triangles::Triangles;
use crate::check;
use crate::error::KnowledgeError;
use crate::id::Vertex;

/// Vertices, ties or groups that are told.
pub const MAX_TOLD: usize = 1_000;
/// Vertices of all paths that are told.
pub const MAX_TOLD_ON_PATHS: usize = 100_000;

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq)]
#[expect(missing_docs, reason = "each is the method of that name, with its parameters")]
pub enum Analysis {
    Summary,
    ShortestPaths { from: Vertex, to: Vertex, k: usize, cost: Cost },
    Reachable { from: Vertex, hops: Option<usize>, direction: Direction },
    Components,
    StrongComponents,
    Degree,
    InDegree,
    OutDegree,
    PageRank { damping: f64 },
    Betweenness { cost: Cost, sources: Option<usize> },
    Closeness { cost: Cost },
    Eigenvector,
    Clustering,
    Triangles,
    Cores,
    Motifs,
    Communities { resolution: f64 },
    SpanningForest,
    MaximumFlow { from: Vertex, to: Vertex },
    Bridges,
    ArticulationPoints,
    PredictedLinks { of: Vertex, likeness: Likeness },
    Matching,
    Colouring,
}

/// Vertices that belong together, the first of them in the order of their numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// How many there are.
    pub size: usize,
    /// Those that are told.
    pub vertices: Vec<Vertex>,
}

/// What an analysis came to. What it has nothing of is empty.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Finding {
    /// Numbers of the whole.
    pub values: BTreeMap<&'static str, f64>,
    /// Vertices with what is told of each, the most notable first, then in the order of numbers.
    pub vertices: Vec<(Vertex, f64)>,
    /// Ties with what is told of each.
    pub ties: Vec<Bond>,
    /// Groups, the largest first.
    pub groups: Vec<Group>,
    /// Ways, the cheapest first.
    pub paths: Vec<Way>,
    /// How many vertices have each degree.
    pub degrees: Vec<(usize, usize)>,
    /// There is more than is told.
    pub more: bool,
}

impl KnowledgeGraph {
    /// Answers a question, with at most `limit` vertices, ties or groups.
    ///
    /// # Errors
    ///
    /// [`KnowledgeError::TooMany`] for a limit above [`MAX_TOLD`], and what the analysis says.
    pub fn analyse(&self, asked: Analysis, limit: usize) -> Result<Finding, KnowledgeError> {
        check::count("limit", limit, MAX_TOLD)?;
        Ok(self.found(asked)?.cut(limit))
    }

    fn found(&self, asked: Analysis) -> Result<Finding, KnowledgeError> {
        Ok(match asked {
            Analysis::Summary => self.summarised()?,
            Analysis::ShortestPaths { from, to, k, cost } => {
                Finding::of_paths(self.shortest_paths(from, to, k, cost)?)
            }
            Analysis::Reachable { from, hops, direction } => {
                let near = self.reachable(from, hops, direction)?;
                let reached = near.len() as f64;
                let vertices = near.into_iter().map(|(v, hops)| (v, hops as f64)).collect();
                Finding { vertices, ..Finding::default() }.with("reached", reached)
            }
            Analysis::Components => Finding::of_groups("components", self.components()),
            Analysis::StrongComponents => {
                Finding::of_groups("strong_components", self.strong_components())
            }
            Analysis::Degree => self.counted(&self.degrees()),
            Analysis::InDegree => self.counted(&self.in_degrees()),
            Analysis::OutDegree => self.counted(&self.out_degrees()),
            Analysis::PageRank { damping } => self.powered_to(self.page_rank(damping)?),
            Analysis::Eigenvector => self.powered_to(self.eigenvector()),
            Analysis::Betweenness { cost, sources } => {
                let taken = sources.unwrap_or(self.n()).min(self.n()) as f64;
                self.ranked(self.betweenness(cost, sources)?).with("sources", taken)
            }
            Analysis::Closeness { cost } => self.ranked(self.closeness(cost)?),
            Analysis::Clustering => self.clustered(Triangles::coefficients)?,
            Analysis::Triangles => {
                self.clustered(|t| t.counts.iter().map(|n| *n as f64).collect())?
            }
            Analysis::Cores => {
                let cores = self.cores()?;
                let deepest = cores.iter().copied().max().unwrap_or(0) as f64;
                self.counted(&cores).with("deepest", deepest)
            }
            Analysis::Motifs => {
                let counts = self.motifs()?.map(|n| n as f64);
                Finding { values: TRIADS.into_iter().zip(counts).collect(), ..Finding::default() }
            }
            Analysis::Communities { resolution } => {
                let found = self.communities(resolution)?;
                Finding::of_groups("communities", found.groups).with("modularity", found.modularity)
            }
            Analysis::SpanningForest => Finding::of_ties("strength", self.spanning_forest()?),
            Analysis::MaximumFlow { from, to } => {
                let flow = self.maximum_flow(from, to)?;
                let carrying = flow.carried.len() as f64;
                let found = Finding::of_ties("flow", flow.cut).with("flow", flow.value);
                found.with("ties_that_carry", carrying)
            }
            Analysis::Bridges => Finding::of_ties("strength", self.bridges()?),
            Analysis::ArticulationPoints => {
                let points = self.articulation_points()?;
                let degree = |v: &Vertex| self.place(*v).map(|p| self.leaving(p).len() as f64);
                let vertices: Result<Vec<_>, _> =
                    points.iter().map(|v| Ok((*v, degree(v)?))).collect();
                let found = Finding { vertices: vertices?, ..Finding::default() };
                found.with("articulation_points", points.len() as f64)
            }
            Analysis::PredictedLinks { of, likeness } => {
                let vertices = self.predicted_links(of, likeness)?;
                let candidates = vertices.len() as f64;
                Finding { vertices, ..Finding::default() }.with("candidates", candidates)
            }
            Analysis::Matching => Finding::of_ties("strength", self.matching()?),
            Analysis::Colouring => Finding::of_groups("colours", self.colouring()?),
        })
    }

    fn summarised(&self) -> Result<Finding, KnowledgeError> {
        let summary = self.summary()?;
        let counts = [
            ("vertices", summary.vertices),
            ("isolated", summary.isolated),
            ("links", summary.links),
            ("ties", summary.ties),
            ("components", summary.components),
            ("largest_component", summary.largest_component),
            ("strong_components", summary.strong_components),
            ("max_degree", summary.max_degree),
        ];
        let mut values: BTreeMap<&str, f64> =
            counts.into_iter().map(|(name, n)| (name, n as f64)).collect();
        values.extend([("density", summary.density), ("mean_degree", summary.mean_degree)]);
        values.extend(summary.average_clustering.map(|c| ("average_clustering", c)));
        values.extend(summary.transitivity.map(|t| ("transitivity", t)));
        Ok(Finding { values, degrees: summary.degrees, ..Finding::default() })
    }

    /// Vertices by their scores, the highest first.
    fn ranked(&self, scores: Vec<f64>) -> Finding {
        let mut vertices: Vec<(Vertex, f64)> =
            self.vertices().iter().copied().zip(scores).collect();
        vertices.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        Finding { vertices, ..Finding::default() }
    }

    fn counted(&self, counts: &[usize]) -> Finding {
        self.ranked(counts.iter().map(|n| *n as f64).collect())
    }

    fn powered_to(&self, ranks: Ranks) -> Finding {
        let (rounds, settled) = (ranks.rounds as f64, f64::from(u8::from(ranks.settled)));
        self.ranked(ranks.scores).with("rounds", rounds).with("settled", settled)
    }

    fn clustered(&self, score: fn(&Triangles) -> Vec<f64>) -> Result<Finding, KnowledgeError> {
        let triangles = self.triangles()?;
        let found = self.ranked(score(&triangles)).with("triangles", triangles.total() as f64);
        let found = found.with("average_clustering", triangles.average());
        Ok(found.with("transitivity", triangles.transitivity()))
    }
}

impl Finding {
    fn with(mut self, name: &'static str, value: f64) -> Self {
        self.values.insert(name, value);
        self
    }

    fn of_groups(what: &'static str, groups: Vec<Vec<Vertex>>) -> Self {
        let n = groups.len() as f64;
        let group = |vertices: Vec<Vertex>| Group { size: vertices.len(), vertices };
        let groups = groups.into_iter().map(group).collect();
        Finding { groups, ..Finding::default() }.with(what, n)
    }

    fn of_ties(sum: &'static str, ties: Vec<Bond>) -> Self {
        let n = ties.len() as f64;
        let total = ties.iter().map(|tie| tie.value).sum();
        Finding { ties, ..Finding::default() }.with("ties", n).with(sum, total)
    }

    fn of_paths(paths: Vec<Way>) -> Self {
        let n = paths.len() as f64;
        Finding { paths, ..Finding::default() }.with("paths", n)
    }

    /// Leaves what can be told.
    fn cut(mut self, limit: usize) -> Self {
        self.more = self.vertices.len().max(self.ties.len()).max(self.groups.len()) > limit;
        self.vertices.truncate(limit);
        self.ties.truncate(limit);
        self.groups.truncate(limit);
        // Each group has its share of the limit, and what smaller ones leave of theirs.
        let (mut left, mut n) = (limit, self.groups.len());
        for group in self.groups.iter_mut().rev() {
            group.vertices.truncate((left / n).max(1));
            left = left.saturating_sub(group.vertices.len());
            n -= 1;
            self.more |= group.vertices.len() < group.size;
        }
        let mut n_vertices = 0;
        let paths = self.paths.len();
        self.paths.retain(|way| {
            n_vertices += way.vertices.len();
            n_vertices <= MAX_TOLD_ON_PATHS
        });
        self.more |= self.paths.len() < paths;
        self
    }
}
