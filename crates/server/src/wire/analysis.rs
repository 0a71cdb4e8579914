//! Analyses on the wire: one request and one answer for all of them, so that programs, models and
//! people read each in the same way. What does not belong to the analysis is refused by its name.

use std::collections::BTreeMap;

use knowledge::analysis::{Analysis, Cost, Direction, Likeness, Over};
use knowledge::{At, EntityId, ItemId, KnowledgeError, Vertex, View};
use memory::Memory;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::knowledge::{AtParams, VertexSpec, one_named};
use crate::error::RequestError;

/// How many vertices, ties or groups are told where nothing is said.
const TOLD: usize = 100;
/// PageRank's damping where none is said.
const DAMPING: f64 = 0.85;

/// What is to be analysed, and how. Fields that the analysis does not have are refused.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AnalyzeRequest {
    analysis: AnalysisName,
    /// From where: `shortest_paths`, `reachable`, `maximum_flow`, `predicted_links`.
    from: Option<EndSpec>,
    /// To where: `shortest_paths`, `maximum_flow`.
    to: Option<EndSpec>,
    /// Ways, at most 100: `shortest_paths`; 1 where there is none.
    k: Option<usize>,
    /// What a tie costs: `shortest_paths` (`surprisal` where there is none), `betweenness` and
    /// `closeness` (`hops`).
    cost: Option<CostName>,
    /// Hops at most: `reachable`; any where there is none.
    hops: Option<usize>,
    /// Against the direction of links: `reachable`.
    against: Option<bool>,
    /// From 0 to below 1: `page_rank`; 0.85 where there is none.
    damping: Option<f64>,
    /// A sample of so many, evenly taken: `betweenness`; all where there is none.
    sources: Option<usize>,
    /// Higher for smaller groups: `communities`; 1 where there is none.
    resolution: Option<f64>,
    /// `predicted_links`; `adamic_adar` where there is none.
    likeness: Option<LikenessName>,
    /// Kinds of relations and predicates of facts; any where there is none.
    #[serde(default)]
    kinds: Vec<String>,
    /// Memories that have relations too, and not entities alone.
    #[serde(default)]
    memories: bool,
    /// Links go from one to the other; otherwise they go both ways.
    #[serde(default)]
    directed: bool,
    /// How many vertices, ties or groups are told, at most 1,000; 100 where there is none.
    limit: Option<usize>,
    /// The branch; the main one where there is none.
    branch: Option<u64>,
    /// As it was known then, RFC 3339.
    known_at: Option<String>,
    /// What was true then, RFC 3339.
    valid_at: Option<String>,
}

/// Which analysis.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AnalysisName {
    /// Counts, density, parts, clustering, and how many have each degree.
    Summary,
    /// The cheapest ways from one to another.
    ShortestPaths,
    /// What can be reached, with its hops.
    Reachable,
    /// Parts that are connected.
    Components,
    /// Parts in which each can reach each other.
    StrongComponents,
    /// Neighbours of each.
    Degree,
    /// What leads to each.
    InDegree,
    /// What each leads to.
    OutDegree,
    /// Where a random walk is most.
    PageRank,
    /// What most of the cheapest ways lead over.
    Betweenness,
    /// What is nearest to all others.
    Closeness,
    /// What has important neighbours.
    Eigenvector,
    /// How often two neighbours of each are neighbours.
    Clustering,
    /// Triangles of each.
    Triangles,
    /// How deep inside each is.
    Cores,
    /// In which of sixteen ways any three are joined.
    Motifs,
    /// Groups that hold together (Louvain).
    Communities,
    /// The strongest ties that join all that is joined.
    SpanningForest,
    /// How much can flow from one to another, and the cut that bounds it.
    MaximumFlow,
    /// Ties without which a part would fall apart.
    Bridges,
    /// Vertices without which a part would fall apart.
    ArticulationPoints,
    /// Links of one that may be missing.
    PredictedLinks,
    /// As many pairs of neighbours as there can be.
    Matching,
    /// Few groups without neighbours.
    Colouring,
}

/// What following a tie costs, from its strength `s`.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum CostName {
    /// `-ln s`.
    Surprisal,
    /// `1 / s`.
    Inverse,
    /// 1.
    Hops,
}

/// How much shared neighbours say.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum LikenessName {
    /// A rare one says more.
    AdamicAdar,
    /// Of the neighbours of either.
    Jaccard,
    /// Each says the same.
    CommonNeighbours,
}

/// A vertex, or the name of an entity.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum EndSpec {
    /// A memory, by its name.
    Memory(String),
    /// An entity, by its number.
    Entity(u64),
    /// The one entity of a name or alias.
    Name(String),
}

/// An analysis whose ends are not yet looked up.
pub(crate) struct Asked {
    pub(crate) name: AnalysisName,
    pub(crate) over: Over,
    pub(crate) at: At,
    pub(crate) limit: usize,
    request: AnalyzeRequest,
}

impl AnalyzeRequest {
    /// # Errors
    /// [`RequestError::Bad`] for times that are none.
    pub(crate) fn read(mut self) -> Result<Asked, RequestError> {
        let at = AtParams::new(self.branch, self.known_at.take(), self.valid_at.take()).read()?;
        let kinds = std::mem::take(&mut self.kinds);
        let over = Over { kinds, memories: self.memories, directed: self.directed };
        let limit = self.limit.unwrap_or(TOLD);
        Ok(Asked { name: self.analysis, over, at, limit, request: self })
    }
}

impl Asked {
    /// The analysis, with what its ends are in a view.
    ///
    /// # Errors
    /// [`RequestError::Bad`] for what is missing or does not belong to it,
    /// [`RequestError::NotFound`] for an end that is not there.
    pub(crate) fn analysis(
        &mut self,
        memory: &Memory,
        view: &View<'_>,
    ) -> Result<Analysis, RequestError> {
        let r = &mut self.request;
        let end = |name: &'static str, r: &mut AnalyzeRequest| {
            let spec = if name == "to" { r.to.take() } else { r.from.take() };
            let missing = || RequestError::bad(format!("{name}: expected one, found none"));
            spec.ok_or_else(missing)?.read(name, memory, view)
        };
        let hops = CostName::Hops;
        let analysis = match self.name {
            AnalysisName::Summary => Analysis::Summary,
            AnalysisName::ShortestPaths => Analysis::ShortestPaths {
                from: end("from", r)?,
                to: end("to", r)?,
                k: r.k.take().unwrap_or(1),
                cost: r.cost.take().unwrap_or(CostName::Surprisal).read(),
            },
            AnalysisName::Reachable => Analysis::Reachable {
                from: end("from", r)?,
                hops: r.hops.take(),
                direction: match r.against.take() {
                    Some(true) => Direction::Entering,
                    _ => Direction::Leaving,
                },
            },
            AnalysisName::Components => Analysis::Components,
            AnalysisName::StrongComponents => Analysis::StrongComponents,
            AnalysisName::Degree => Analysis::Degree,
            AnalysisName::InDegree => Analysis::InDegree,
            AnalysisName::OutDegree => Analysis::OutDegree,
            AnalysisName::PageRank => {
                Analysis::PageRank { damping: r.damping.take().unwrap_or(DAMPING) }
            }
            AnalysisName::Betweenness => Analysis::Betweenness {
                cost: r.cost.take().unwrap_or(hops).read(),
                sources: r.sources.take(),
            },
            AnalysisName::Closeness => {
                Analysis::Closeness { cost: r.cost.take().unwrap_or(hops).read() }
            }
            AnalysisName::Eigenvector => Analysis::Eigenvector,
            AnalysisName::Clustering => Analysis::Clustering,
            AnalysisName::Triangles => Analysis::Triangles,
            AnalysisName::Cores => Analysis::Cores,
            AnalysisName::Motifs => Analysis::Motifs,
            AnalysisName::Communities => {
                Analysis::Communities { resolution: r.resolution.take().unwrap_or(1.0) }
            }
            AnalysisName::SpanningForest => Analysis::SpanningForest,
            AnalysisName::MaximumFlow => {
                Analysis::MaximumFlow { from: end("from", r)?, to: end("to", r)? }
            }
            AnalysisName::Bridges => Analysis::Bridges,
            AnalysisName::ArticulationPoints => Analysis::ArticulationPoints,
            AnalysisName::PredictedLinks => Analysis::PredictedLinks {
                of: end("from", r)?,
                likeness: r.likeness.take().map_or_else(Likeness::default, LikenessName::read),
            },
            AnalysisName::Matching => Analysis::Matching,
            AnalysisName::Colouring => Analysis::Colouring,
        };
        self.nothing_more()?;
        Ok(analysis)
    }

    /// Refuses what the analysis has not taken.
    fn nothing_more(&self) -> Result<(), RequestError> {
        let r = &self.request;
        let left = [
            ("from", r.from.is_some()),
            ("to", r.to.is_some()),
            ("k", r.k.is_some()),
            ("cost", r.cost.is_some()),
            ("hops", r.hops.is_some()),
            ("against", r.against.is_some()),
            ("damping", r.damping.is_some()),
            ("sources", r.sources.is_some()),
            ("resolution", r.resolution.is_some()),
            ("likeness", r.likeness.is_some()),
        ];
        match left.iter().find(|(_, is_left)| *is_left) {
            Some((name, _)) => {
                let said = format!("{name}: this analysis does not have it ({:?})", self.name);
                Err(RequestError::bad(said))
            }
            None => Ok(()),
        }
    }
}

impl CostName {
    fn read(self) -> Cost {
        match self {
            Self::Surprisal => Cost::Surprisal,
            Self::Inverse => Cost::Inverse,
            Self::Hops => Cost::Hops,
        }
    }
}

impl LikenessName {
    fn read(self) -> Likeness {
        match self {
            Self::AdamicAdar => Likeness::AdamicAdar,
            Self::Jaccard => Likeness::Jaccard,
            Self::CommonNeighbours => Likeness::CommonNeighbours,
        }
    }
}

impl EndSpec {
    fn read(self, field: &str, memory: &Memory, view: &View<'_>) -> Result<Vertex, RequestError> {
        match self {
            Self::Memory(name) => VertexSpec::Memory(name).read(memory),
            Self::Entity(id) => {
                let found = view.vertex(Vertex::Entity(EntityId(id)));
                let missing = || KnowledgeError::Missing(ItemId::Entity(EntityId(id)));
                found.ok_or_else(|| super::knowledge::refused(&missing()))
            }
            Self::Name(name) => one_named(view, field, &name).map(Vertex::Entity),
        }
    }
}

/// What an analysis came to. What it has nothing of is absent.
#[derive(Serialize, JsonSchema)]
pub(crate) struct AnalysisAnswer {
    pub(crate) analysis: AnalysisName,
    pub(crate) graph: GraphAnswer,
    /// Numbers of the whole, by their names.
    pub(crate) values: BTreeMap<&'static str, f64>,
    /// Vertices with what is told of each, the most notable first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) vertices: Vec<ScoredAnswer>,
    /// Ties with what is told of each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) ties: Vec<TieAnswer>,
    /// Groups, the largest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) groups: Vec<GroupAnswer>,
    /// Ways, the cheapest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) paths: Vec<WayAnswer>,
    /// How many vertices have each degree, the lowest degree first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) degrees: Vec<DegreeAnswer>,
    /// There is more than is told.
    pub(crate) more: bool,
}

/// What was analysed.
#[derive(Serialize, JsonSchema)]
pub(crate) struct GraphAnswer {
    /// Entities, and memories where they were asked for.
    pub(crate) vertices: usize,
    /// Relations, and facts between entities.
    pub(crate) links: usize,
    /// Pairs of vertices with links.
    pub(crate) ties: usize,
    pub(crate) directed: bool,
}

/// A vertex and what it is called.
#[derive(Clone, Serialize, JsonSchema)]
pub(crate) struct NamedAnswer {
    pub(crate) vertex: VertexSpec,
    /// The entity's name or the memory's text.
    pub(crate) name: String,
}

/// A vertex and what is told of it.
#[derive(Serialize, JsonSchema)]
pub(crate) struct ScoredAnswer {
    #[serde(flatten)]
    pub(crate) named: NamedAnswer,
    /// Its score, its hops, its neighbours.
    pub(crate) value: f64,
}

/// All links between two, told by the strongest.
#[derive(Serialize, JsonSchema)]
pub(crate) struct TieAnswer {
    pub(crate) from: NamedAnswer,
    /// The kind of the strongest relation, or the predicate of the fact.
    pub(crate) kind: String,
    pub(crate) to: NamedAnswer,
    /// Its strength or its capacity.
    pub(crate) value: f64,
}

/// Vertices that belong together.
#[derive(Serialize, JsonSchema)]
pub(crate) struct GroupAnswer {
    /// How many there are, of which the first are told.
    pub(crate) size: usize,
    pub(crate) vertices: Vec<NamedAnswer>,
}

/// A way from one to another.
#[derive(Serialize, JsonSchema)]
pub(crate) struct WayAnswer {
    /// The sum of what its steps cost.
    pub(crate) cost: f64,
    /// The product of their strengths.
    pub(crate) strength: f64,
    /// From the one to the other.
    pub(crate) vertices: Vec<NamedAnswer>,
    /// The kind of the strongest link of each step.
    pub(crate) kinds: Vec<String>,
}

/// How many vertices have a degree.
#[derive(Serialize, JsonSchema)]
pub(crate) struct DegreeAnswer {
    pub(crate) degree: usize,
    pub(crate) vertices: usize,
}
