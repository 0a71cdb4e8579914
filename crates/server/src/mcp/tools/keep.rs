//! Tools of what is kept: listing, having back, judging, learning, and settling contradictions.

use std::sync::Arc;

use axum::extract::{Path, State};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::{Called, Effect, One, Tool, read, tool, written};
use crate::http::extract::{Json, Number, Params};
use crate::http::knowledge::{self, OnBranch};
use crate::http::memories;
use crate::request::Server;
use crate::security::{Caller, Role};
use crate::wire::knowledge::{ChangedAnswer, ResolveRequest};
use crate::wire::memory::{MemoryAnswer, ScopeSpec, StatusName};

/// Which memories are listed.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct List {
    #[serde(flatten)]
    scope: ScopeSpec,
    /// Their status; `active` where there is none.
    status: Option<StatusName>,
    /// Which of them, as memory_search takes it: `{"tags": "decision"}`.
    filters: Option<Value>,
    /// The `next` of the page before.
    after: Option<String>,
    /// How many, 1 to 1000.
    limit: Option<usize>,
}

/// A memory and a judgement.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Judge {
    /// The memory's name, a UUID.
    id: String,
    action: memories::FeedbackName,
}

/// A memory that was held back, and what becomes of it.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Review {
    /// The memory's name, a UUID.
    id: String,
    /// Whether it is let in.
    approve: bool,
}

/// A contradiction, and how it is settled.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Resolve {
    /// The contradiction's number.
    id: u64,
    by: ResolveRequest,
    /// On which branch; the main one where there is none.
    branch: Option<u64>,
}

pub(super) fn table() -> Vec<Tool> {
    [kept(), contradicting()].into_iter().flatten().collect()
}

fn kept() -> Vec<Tool> {
    let (reader, writer) = (Role::Reader, Role::Writer);
    vec![
        tool::<List, memories::MemoryList>(
            ("memory_list", "List memories"),
            (reader, Effect::Reads),
            "Memories in the order of their time, the newest first, in pages; narrow them with \
             user_id, agent_id, run_id, status or filters. What is listed is not reinforced.",
            calls!(|server, caller, list: List| {
                let filters = list.filters.map(|filters| filters.to_string());
                let List { scope, status, after, limit, .. } = list;
                let params = memories::ListParams { scope, status, filters, after, limit };
                memories::list(State(server), caller, Params(params)).await?.0
            }),
        ),
        tool::<One, MemoryAnswer>(
            ("memory_restore", "Have a memory back"),
            (writer, Effect::Adds),
            "Has a deleted memory back, as long as it was not erased.",
            calls!(|server, caller, one: One| {
                memories::restore(State(server), caller, Path(one.id)).await?.0
            }),
        ),
        tool::<Judge, MemoryAnswer>(
            ("memory_feedback", "Judge a memory"),
            (writer, Effect::Changes),
            "Judges a memory: view, endorse, dismiss, validate (it no longer fades) or refute (it \
             is found no more as true).",
            calls!(|server, caller, judge: Judge| {
                let request = Json(memories::FeedbackRequest { action: judge.action });
                memories::feedback(State(server), caller, Path(judge.id), request).await?.0
            }),
        ),
        tool::<Review, MemoryAnswer>(
            ("memory_review", "Review a memory that was held back"),
            (writer, Effect::Removes),
            "Lets a memory in that was held back (status quarantined, its reasons say why), or \
             keeps it out.",
            calls!(|server, caller, review: Review| {
                let request = Json(memories::ReviewRequest { approve: review.approve });
                memories::review(State(server), caller, Path(review.id), request).await?.0
            }),
        ),
        tool::<memories::LearnRequest, memories::LearnAnswer>(
            ("memory_learn", "Learn from messages"),
            (writer, Effect::Adds),
            "Learns from a conversation: its messages, the decisions and the code in them become \
             memories, and what it was about becomes entities that belong together.",
            calls!(|server, caller, request: memories::LearnRequest| {
                memories::learn(State(server), caller, Json(request)).await?.0
            }),
        ),
    ]
}

fn contradicting() -> Vec<Tool> {
    vec![
        tool::<knowledge::AllParams, knowledge::ContradictionList>(
            ("memory_contradictions", "List contradictions"),
            (Role::Reader, Effect::Reads),
            "Facts that cannot both be true, as pairs, with what kinds of conflict each is \
             (syntactic, semantic, temporal, source); open ones, or all.",
            calls!(|server, caller, params: knowledge::AllParams| {
                knowledge::contradictions(State(server), caller, Params(params)).await?.0
            }),
        ),
        tool::<Resolve, ChangedAnswer>(
            ("memory_resolve", "Settle a contradiction"),
            (Role::Writer, Effect::Removes),
            "Settles a contradiction: by is {\"strategy\": newest, most_reliable (with sources), \
             most_confident, most_evidence, entrenchment, voting, or manual (with the fact that \
             stands)}. The other fact is taken back; reopen undoes that.",
            calls!(|server, caller, resolve: Resolve| {
                let on = Params(OnBranch { branch: resolve.branch });
                let by = Json(resolve.by);
                knowledge::resolve(State(server), caller, Number(resolve.id), on, by).await?.0
            }),
        ),
    ]
}
