//! Analyses of what is known: `POST /v1/graph/analyze`. It is laid out under the memory's lock, and
//! analysed after that on a thread that may block; only so many at a time.

use std::collections::BTreeMap;

use axum::Json as Answer;
use axum::extract::State;
use axum::routing::post;
use knowledge::analysis::{Analysis, Bond, Finding, KnowledgeGraph, Way};
use knowledge::links::LinkId;
use knowledge::{KnowledgeError, Vertex};
use memory::Memory;

use super::Shared;
use super::extract::Json;
use super::knowledge::named;
use super::memories::{aside, with};
use super::operation::{Operation, json};
use crate::error::RequestError;
use crate::memories::now_us;
use crate::security::{Access, Caller, Role};
use crate::wire::analysis::{
    AnalysisAnswer, AnalyzeRequest, Asked, DegreeAnswer, GraphAnswer, GroupAnswer, NamedAnswer,
    ScoredAnswer, TieAnswer, WayAnswer,
};

pub(crate) fn operations() -> Vec<Operation> {
    let route = ("POST", "/v1/graph/analyze");
    let operation =
        Operation::new(route, "graph_analyze", Access::AtLeast(Role::Reader), post(analyze));
    vec![
        operation
            .says("knowledge", "Analyses the graph of entities and what joins them.")
            .takes(json::<AnalyzeRequest>())
            .gives(json::<AnalysisAnswer>()),
    ]
}

pub(crate) async fn analyze(
    State(server): Shared,
    caller: Caller,
    Json(request): Json<AnalyzeRequest>,
) -> Result<Answer<AnalysisAnswer>, RequestError> {
    with(&server, &caller, "analyze", async |memory| {
        let asked = request.read()?;
        aside(&server, move || answered(&memory, asked)).await.map(Answer)
    })
    .await
}

fn answered(memory: &Memory, mut asked: Asked) -> Result<AnalysisAnswer, RequestError> {
    let (graph, analysis) = laid_out(memory, &mut asked)?;
    let found = graph.analyse(analysis, asked.limit);
    let found = found.map_err(|error| crate::wire::knowledge::refused(&error))?;
    let about = GraphAnswer {
        vertices: graph.vertices().len(),
        links: graph.n_links(),
        ties: graph.n_ties(),
        directed: graph.is_directed(),
    };
    drop(graph);
    let names = Names::of(memory, &asked, &found)?;
    Ok(names.tell(asked, about, found))
}

/// What is to be analysed, as it is on the branch and at the times.
fn laid_out(
    memory: &Memory,
    asked: &mut Asked,
) -> Result<(KnowledgeGraph, Analysis), RequestError> {
    let at = asked.at;
    let time = at.valid.or(at.known).unwrap_or_else(now_us);
    memory.knowledge(|knowledge| {
        let view = knowledge.at(at)?;
        let analysis = asked.analysis(memory, &view);
        Ok(match analysis {
            Ok(analysis) => Ok((KnowledgeGraph::of(&view, &asked.over, time)?, analysis)),
            Err(error) => Err(error),
        })
    })?
}

/// What the vertices and links of a finding are called.
struct Names {
    vertices: BTreeMap<Vertex, NamedAnswer>,
    kinds: BTreeMap<LinkId, String>,
}

impl Names {
    fn of(memory: &Memory, asked: &Asked, found: &Finding) -> Result<Self, RequestError> {
        let bonds = found.ties.iter().flat_map(|tie| [tie.from, tie.to]);
        let groups = found.groups.iter().flat_map(|group| &group.vertices).copied();
        let paths = found.paths.iter().flat_map(|way| &way.vertices).copied();
        let scored = found.vertices.iter().map(|(vertex, _)| *vertex);
        let links = found.ties.iter().map(|tie| tie.id);
        let links = links.chain(found.paths.iter().flat_map(|way| &way.links).copied());
        let vertices = scored.chain(bonds).chain(groups).chain(paths);
        type Known = (BTreeMap<Vertex, String>, BTreeMap<LinkId, String>);
        let (called, kinds): Known = memory.knowledge(|knowledge| {
            let view = knowledge.at(asked.at)?;
            let name = |vertex: Vertex| match vertex {
                Vertex::Entity(id) => view
                    .entity(id)
                    .map_or_else(|| format!("entity {id}"), |known| known.item.name.clone()),
                Vertex::Memory(number) => format!("memory {number}"),
            };
            let kind = |link| view.link_kind(link).unwrap_or_default().to_owned();
            Ok::<_, KnowledgeError>((
                vertices.map(|vertex| (vertex, name(vertex))).collect(),
                links.map(|link| (link, kind(link))).collect(),
            ))
        })?;
        // The texts of memories are read when nothing of theirs is held.
        let told = |(vertex, name): (Vertex, String)| {
            let (spec, name) = named(memory, vertex, name);
            (vertex, NamedAnswer { vertex: spec, name })
        };
        Ok(Self { vertices: called.into_iter().map(told).collect(), kinds })
    }

    fn name(&self, vertex: &Vertex) -> NamedAnswer {
        self.vertices[vertex].clone()
    }

    fn kind(&self, link: &LinkId) -> String {
        self.kinds.get(link).cloned().unwrap_or_default()
    }

    fn tell(&self, asked: Asked, graph: GraphAnswer, found: Finding) -> AnalysisAnswer {
        let scored = |(vertex, value): &(Vertex, f64)| ScoredAnswer {
            named: self.name(vertex),
            value: *value,
        };
        let tie = |tie: &Bond| TieAnswer {
            from: self.name(&tie.from),
            kind: self.kind(&tie.id),
            to: self.name(&tie.to),
            value: tie.value,
        };
        let named = |vertices: &[Vertex]| vertices.iter().map(|v| self.name(v)).collect();
        let group = |group: &knowledge::analysis::Group| GroupAnswer {
            size: group.size,
            vertices: named(&group.vertices),
        };
        let way = |way: &Way| WayAnswer {
            cost: way.cost,
            strength: way.strength,
            vertices: named(&way.vertices),
            kinds: way.links.iter().map(|link| self.kind(link)).collect(),
        };
        let degree = |(degree, vertices): &(usize, usize)| DegreeAnswer {
            degree: *degree,
            vertices: *vertices,
        };
        AnalysisAnswer {
            analysis: asked.name,
            graph,
            vertices: found.vertices.iter().map(scored).collect(),
            ties: found.ties.iter().map(tie).collect(),
            groups: found.groups.iter().map(group).collect(),
            paths: found.paths.iter().map(way).collect(),
            degrees: found.degrees.iter().map(degree).collect(),
            values: found.values,
            more: found.more,
        }
    }
}
