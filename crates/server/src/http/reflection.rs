//! Looking back over HTTP: how something was thought about then, what a time brought, what a dream
//! or shared neighbours propose. Everything here reads; what is proposed becomes a relation by
//! `POST /v1/relations`.

use axum::Json as Answer;
use axum::extract::State;
use axum::routing::{get, post};
use knowledge::links::Dream;
use knowledge::{BranchId, Vertex};
use memory::{Connect, Memory, Scope, Thinking, Time, Window, moment};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Shared;
use super::extract::{Json, Params};
use super::knowledge::{called, named};
use super::memories::with;
use super::operation::{Operation, Query, json};
use super::parameters::{AGENT, RUN, USER, needed, number, text};
use crate::error::RequestError;
use crate::memories::now_us;
use crate::security::{Access, Caller, Role};
use crate::wire::knowledge::VertexSpec;
use crate::wire::memory::{MemoryAnswer, time};
use crate::wire::question::EntityName;
use crate::wire::reflection::{ChangedFactAnswer, ChangedRelationAnswer};

/// Entries of a list where nobody says how many.
const LISTED: usize = 20;
/// The time that insights are of where nobody says when it began: a week.
const WINDOW: Time = 7 * 86_400 * 1_000_000;

const THINKING: &[Query] = &[
    needed("about", "About whom: a name or an alias of an entity."),
    needed("from", "As it was known then, RFC 3339."),
    text("to", "And then, RFC 3339; now where there is none."),
    number("limit", "Changes of each kind, up to 200; 20 where there is none."),
    USER,
    AGENT,
    RUN,
];
const CONNECTIONS: &[Query] = &[
    text("of", "Of this entity, a name or an alias; of any where there is none."),
    number("limit", "How many, 1 to 100; 20 where there is none."),
];
const INSIGHTS: &[Query] = &[
    text("from", "After then, RFC 3339; a week before `to` where there is none."),
    text("to", "Up to then, RFC 3339; now where there is none."),
    number("stale_days", "Days after which an open intention is stale; 7 where there is none."),
    number("limit", "Entries of each list, up to 100; 20 where there is none."),
    USER,
    AGENT,
    RUN,
];

pub(crate) fn operations() -> Vec<Operation> {
    let of = |route, id, handler| Operation::new(route, id, Access::AtLeast(Role::Reader), handler);
    vec![
        of(("GET", "/v1/thinking"), "thinking", get(thinking))
            .says("memory", "How something was thought about then, and how later.")
            .query(THINKING)
            .gives(json::<ThinkingAnswer>()),
        of(("GET", "/v1/insights"), "insights", get(insights))
            .says("memory", "What a time brought: new, stronger, contradicted, wrong, waiting.")
            .query(INSIGHTS)
            .gives(json::<InsightsAnswer>()),
        of(("POST", "/v1/dream"), "dream", post(dream))
            .says("knowledge", "Walks at random over relations and proposes some that are missing.")
            .takes(json::<DreamRequest>())
            .gives(json::<DreamAnswer>()),
        of(("GET", "/v1/connections"), "connections", get(connections))
            .says("knowledge", "Entities that may belong together and are not related, with why.")
            .query(CONNECTIONS)
            .gives(json::<ConnectionList>()),
    ]
}

/// Whose thinking is asked about, and when.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ThinkingParams {
    /// About whom: a name or an alias of an entity.
    about: String,
    /// As it was known then, RFC 3339.
    from: String,
    /// And then, RFC 3339; now where there is none.
    to: Option<String>,
    /// Changes of each kind, up to 200; 20 where there is none.
    limit: Option<usize>,
    user_id: Option<String>,
    agent_id: Option<String>,
    #[serde(alias = "session_id")]
    run_id: Option<String>,
}

/// Which time is asked about.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct InsightParams {
    /// After then, RFC 3339; a week before `to` where there is none.
    from: Option<String>,
    /// Up to then, RFC 3339; now where there is none.
    to: Option<String>,
    /// Days after which an open intention is stale; 7 where there is none.
    stale_days: Option<u32>,
    /// Entries of each list, up to 100; 20 where there is none.
    limit: Option<usize>,
    user_id: Option<String>,
    agent_id: Option<String>,
    #[serde(alias = "session_id")]
    run_id: Option<String>,
}

/// How to dream.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct DreamRequest {
    /// What decides every step: the same knowledge and time dream the same of it.
    seed: u64,
    /// Random walks, up to 2,000; 200 where there is none.
    walks: Option<usize>,
    /// Steps of each, up to 32; 6 where there is none.
    steps: Option<usize>,
    /// Names of entities where walks begin; anywhere where there are none.
    names: Vec<String>,
    /// Proposals, up to 10,000; 10 where there is none.
    limit: Option<usize>,
}

/// Which connections are looked for.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ConnectionParams {
    /// Of this entity, a name or an alias; of any where there is none.
    of: Option<String>,
    /// How many, 1 to 100; 20 where there is none.
    limit: Option<usize>,
}

/// How something was thought about then, and how later.
#[derive(Serialize, JsonSchema)]
pub(crate) struct ThinkingAnswer {
    /// Its number.
    entity: u64,
    /// What it is called now.
    name: String,
    from: String,
    to: String,
    /// What was known of it at `from`.
    then: Vec<String>,
    /// What was known of it at `to`.
    later: Vec<String>,
    /// Facts that changed.
    facts: Vec<ChangedFactAnswer>,
    /// Relations that came, went or were strengthened.
    relations: Vec<ChangedRelationAnswer>,
    /// Memories of it that came in between, the newest first.
    memories: Vec<MemoryAnswer>,
    /// Whether there is more of a kind than was asked for.
    more: bool,
}

/// What a time brought.
#[derive(Serialize, JsonSchema)]
pub(crate) struct InsightsAnswer {
    from: String,
    to: String,
    /// Memories that came and are still there.
    memories: usize,
    /// Entities that came to be known.
    entities: Vec<EntityName>,
    /// Relations that were made or strengthened, the strongest first.
    strengthened: Vec<ChangedRelationAnswer>,
    /// Contradictions that came up and were open at the end.
    contradictions: Vec<OpenedAnswer>,
    /// Claims that turned out otherwise than they were held to, the surest first.
    claims_gone_wrong: Vec<WrongAnswer>,
    /// Open intentions that are overdue or that nobody touched, those that wait longest first.
    stale_intentions: Vec<StaleAnswer>,
}

/// A contradiction that came up.
#[derive(Serialize, JsonSchema)]
pub(crate) struct OpenedAnswer {
    id: u64,
    /// `negation`, `functional` or `overlap`.
    kind: String,
    /// The fact that was there.
    first: String,
    /// The fact that came.
    second: String,
}

/// A claim that went wrong.
#[derive(Serialize, JsonSchema)]
pub(crate) struct WrongAnswer {
    #[serde(flatten)]
    memory: MemoryAnswer,
    /// `(confidence - truth)^2`, more than 0.25.
    cost: f64,
}

/// An intention that waits.
#[derive(Serialize, JsonSchema)]
pub(crate) struct StaleAnswer {
    #[serde(flatten)]
    memory: MemoryAnswer,
    /// Whether its time was up.
    overdue: bool,
    /// Days in which nobody touched it.
    idle_days: f64,
}

/// What a dream proposes.
#[derive(Serialize, JsonSchema)]
pub(crate) struct DreamAnswer {
    seed: u64,
    /// Those that met most often first; nothing was written.
    results: Vec<ProposalAnswer>,
}

/// Two entities that a dream put beside each other, and that nothing links.
#[derive(Serialize, JsonSchema)]
pub(crate) struct ProposalAnswer {
    from: VertexSpec,
    from_name: String,
    to: VertexSpec,
    to_name: String,
    /// In how many walks they met.
    met: usize,
    /// The way between them, by names.
    way: Vec<String>,
}

/// Entities that may belong together.
#[derive(Serialize, JsonSchema)]
pub(crate) struct ConnectionList {
    /// Those with the most reason first.
    results: Vec<ConnectionAnswer>,
}

/// Two entities that nothing relates.
#[derive(Serialize, JsonSchema)]
pub(crate) struct ConnectionAnswer {
    from: EntityName,
    to: EntityName,
    /// How much the neighbours that both have say, by Adamic and Adar.
    shared_score: f64,
    /// What these are called.
    shared: Vec<String>,
    /// Memories that name both; counted with `of` only.
    together: u64,
    /// How alike what is known of them is said, a cosine of 0.6 or more; compared with `of` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    alike: Option<f32>,
}

impl ThinkingParams {
    fn read(self, now: Time) -> Result<Thinking, RequestError> {
        Ok(Thinking {
            about: self.about,
            from: time("from", &self.from)?,
            to: self.to.as_deref().map_or(Ok(now), |to| time("to", to))?,
            scope: Scope { user_id: self.user_id, agent_id: self.agent_id, run_id: self.run_id },
            limit: self.limit.unwrap_or(LISTED),
        })
    }
}

impl InsightParams {
    fn read(self, now: Time) -> Result<Window, RequestError> {
        let to = self.to.as_deref().map_or(Ok(now), |to| time("to", to))?;
        let week = to.saturating_sub(WINDOW);
        Ok(Window {
            from: self.from.as_deref().map_or(Ok(week), |from| time("from", from))?,
            to,
            scope: Scope { user_id: self.user_id, agent_id: self.agent_id, run_id: self.run_id },
            stale_days: self.stale_days.unwrap_or(memory::STALE_DAYS),
            limit: self.limit.unwrap_or(LISTED),
        })
    }
}

pub(crate) async fn thinking(
    State(server): Shared,
    caller: Caller,
    Params(params): Params<ThinkingParams>,
) -> Result<Answer<ThinkingAnswer>, RequestError> {
    let now = now_us();
    let thinking = params.read(now)?;
    let thought =
        with(&server, &caller, "reflect", async |memory| Ok(memory.thinking(&thinking)?)).await?;
    Ok(Answer(ThinkingAnswer {
        entity: thought.entity.0,
        name: thought.name,
        from: moment::written(thinking.from),
        to: moment::written(thinking.to),
        then: thought.then,
        later: thought.later,
        facts: thought.facts.into_iter().map(ChangedFactAnswer::of).collect(),
        relations: thought.relations.into_iter().map(ChangedRelationAnswer::of).collect(),
        memories: thought.memories.iter().map(|item| MemoryAnswer::of(item, now)).collect(),
        more: thought.more,
    }))
}

pub(crate) async fn insights(
    State(server): Shared,
    caller: Caller,
    Params(params): Params<InsightParams>,
) -> Result<Answer<InsightsAnswer>, RequestError> {
    let now = now_us();
    let window = params.read(now)?;
    let told =
        with(&server, &caller, "reflect", async |memory| Ok(memory.insights(&window)?)).await?;
    let opened = |opened: memory::Opened| OpenedAnswer {
        id: opened.id.0,
        kind: format!("{:?}", opened.kind).to_lowercase(),
        first: opened.first,
        second: opened.second,
    };
    let wrong = |(item, cost): (std::sync::Arc<memory::Item>, f64)| WrongAnswer {
        memory: MemoryAnswer::of(&item, now),
        cost,
    };
    let stale = |stale: memory::Stale| StaleAnswer {
        memory: MemoryAnswer::of(&stale.item, now),
        overdue: stale.overdue,
        idle_days: stale.idle_days,
    };
    Ok(Answer(InsightsAnswer {
        from: moment::written(window.from),
        to: moment::written(window.to),
        memories: told.memories,
        entities: EntityName::all(told.entities),
        strengthened: told.strengthened.into_iter().map(ChangedRelationAnswer::of).collect(),
        contradictions: told.contradictions.into_iter().map(opened).collect(),
        claims_gone_wrong: told.wrong.into_iter().map(wrong).collect(),
        stale_intentions: told.stale.into_iter().map(stale).collect(),
    }))
}

pub(crate) async fn dream(
    State(server): Shared,
    caller: Caller,
    Json(request): Json<DreamRequest>,
) -> Result<Answer<DreamAnswer>, RequestError> {
    let results =
        with(&server, &caller, "reflect", async |memory| dreamt(&memory, &request)).await?;
    Ok(Answer(DreamAnswer { seed: request.seed, results }))
}

fn dreamt(memory: &Memory, request: &DreamRequest) -> Result<Vec<ProposalAnswer>, RequestError> {
    /// Two ends with their names, in how many walks they met, the way.
    type Told = ([(Vertex, String); 2], usize, Vec<(Vertex, String)>);
    let told: Option<Vec<Told>> = memory.knowledge(|knowledge| {
        let view = knowledge.latest(BranchId::MAIN)?;
        let begins = request.names.iter().flat_map(|name| view.by_name(name));
        let from: Vec<Vertex> = begins.map(Vertex::Entity).collect();
        if from.is_empty() && !request.names.is_empty() {
            return Ok(None);
        }
        let plain = Dream::default();
        let dream = Dream {
            seed: request.seed,
            walks: request.walks.unwrap_or(plain.walks),
            steps: request.steps.unwrap_or(plain.steps),
            from,
            keep: request.limit.unwrap_or(plain.keep),
        };
        let name = |vertex| (vertex, called(knowledge, vertex));
        let proposals = knowledge.links().dream(&dream, now_us())?;
        let told = proposals.into_iter().map(|proposal| {
            let way = proposal.way.into_iter().map(name).collect();
            ([name(proposal.from), name(proposal.to)], proposal.met, way)
        });
        Ok(Some(told.collect()))
    })?;
    let Some(told) = told else {
        return Err(RequestError::bad("names: expected a name of an entity that is known"));
    };
    let answer = |([from, to], met, way): Told| {
        let (from, from_name) = named(memory, from.0, from.1);
        let (to, to_name) = named(memory, to.0, to.1);
        let way = way.into_iter().map(|(vertex, name)| named(memory, vertex, name).1).collect();
        ProposalAnswer { from, from_name, to, to_name, met, way }
    };
    Ok(told.into_iter().map(answer).collect())
}

pub(crate) async fn connections(
    State(server): Shared,
    caller: Caller,
    Params(params): Params<ConnectionParams>,
) -> Result<Answer<ConnectionList>, RequestError> {
    let connect = Connect { of: params.of, limit: params.limit.unwrap_or(LISTED) };
    let found = with(&server, &caller, "reflect", async |memory| {
        Ok(memory.connections(&connect, now_us())?)
    })
    .await?;
    let answer = |c: memory::Connection| ConnectionAnswer {
        from: EntityName::of(c.from),
        to: EntityName::of(c.to),
        shared_score: c.shared_score,
        shared: c.shared,
        together: c.together,
        alike: c.alike,
    };
    Ok(Answer(ConnectionList { results: found.into_iter().map(answer).collect() }))
}
