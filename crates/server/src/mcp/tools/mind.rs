//! Tools of turns, intentions, claims and looking back.

use std::sync::Arc;

use axum::extract::{Path, State};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::{Called, Effect, Tool, read, tool, written};
use crate::http::extract::{Json, JsonIfAny, Params};
use crate::http::{intentions, memories, reflection};
use crate::request::Server;
use crate::security::{Caller, Role};
use crate::wire::attitude::{
    AttitudeList, AttitudeParams, CalibrationParams, ClaimRequest, EndRequest, IntendRequest,
    JudgementAnswer, ResumeAnswer, ResumeRequest, VerifyRequest,
};
use crate::wire::memory::MemoryAnswer;

/// An intention that ends.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct End {
    /// The intention's name, a UUID.
    id: String,
    /// What came of it, or why it was given up; up to 4 KiB.
    outcome: Option<String>,
}

/// A claim that turned out.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Verify {
    /// The claim's name, a UUID.
    id: String,
    /// Whether it was true.
    truth: bool,
    /// By what; up to 4 KiB.
    evidence: Option<String>,
}

pub(super) fn table() -> Vec<Tool> {
    [turns(), claims(), looks()].into_iter().flatten().collect()
}

fn turns() -> Vec<Tool> {
    let (reader, writer) = (Role::Reader, Role::Writer);
    vec![
        tool::<memories::TurnRequest, memories::TurnAnswer>(
            ("memory_turn", "A turn of a conversation"),
            (writer, Effect::Adds),
            "Call it once a turn: tells what the user's message brings up from before, also as \
             text, and which open intentions it touches; then learns from the message and, where \
             it is given, the answer.",
            calls!(|server, caller, request: memories::TurnRequest| {
                memories::turn(State(server), caller, Json(request)).await?.0
            }),
        ),
        tool::<memories::RecallRequest, memories::RecallAnswer>(
            ("memory_recall", "What a message brings up"),
            (reader, Effect::Reads),
            "What a message brings up, also as text, and learns nothing. A question is understood by \
             its words (what something is, how two are related, what caused it, which ones, how \
             many ...): `asked` has what is known of that, each part with where it comes from, or \
             what is not known.",
            calls!(|server, caller, request: memories::RecallRequest| {
                memories::recall(State(server), caller, Json(request)).await?.0
            }),
        ),
        tool::<IntendRequest, memories::StoredAnswer>(
            ("memory_intend", "Remember an intention"),
            (writer, Effect::AddsOnce),
            "Remembers what somebody means to do later, as one statement, so that it comes back \
             when it is talked about (memory_resume, memory_turn) or due. The same again, while \
             it is open, is the same.",
            calls!(|server, caller, request: IntendRequest| {
                intentions::intend(State(server), caller, Json(request)).await?.1.0
            }),
        ),
        tool::<AttitudeParams, AttitudeList>(
            ("memory_intentions", "List intentions"),
            (reader, Effect::Reads),
            "Intentions, the newest first: open, completed or abandoned ones (state), or all, \
             each with what came of it.",
            calls!(|server, caller, params: AttitudeParams| {
                intentions::intentions(State(server), caller, Params(params)).await?.0
            }),
        ),
        tool::<ResumeRequest, ResumeAnswer>(
            ("memory_resume", "Intentions to come back to"),
            (reader, Effect::Reads),
            "Which open intentions what is being talked about touches, best first, with the words \
             that say so; those whose time is up are there whatever is said.",
            calls!(|server, caller, request: ResumeRequest| {
                intentions::resume(State(server), caller, Json(request)).await?.0
            }),
        ),
        tool::<End, MemoryAnswer>(
            ("memory_complete", "Complete an intention"),
            (writer, Effect::Replaces),
            "Ends an open intention as done, with what came of it. What has ended is refused.",
            calls!(|server, caller, end: End| {
                let request = JsonIfAny(Some(EndRequest { outcome: end.outcome }));
                intentions::complete(State(server), caller, Path(end.id), request).await?.0
            }),
        ),
        tool::<End, MemoryAnswer>(
            ("memory_abandon", "Abandon an intention"),
            (writer, Effect::Replaces),
            "Ends an open intention as given up, with why. What has ended is refused.",
            calls!(|server, caller, end: End| {
                let request = JsonIfAny(Some(EndRequest { outcome: end.outcome }));
                intentions::abandon(State(server), caller, Path(end.id), request).await?.0
            }),
        ),
    ]
}

fn claims() -> Vec<Tool> {
    let (reader, writer) = (Role::Reader, Role::Writer);
    vec![
        tool::<ClaimRequest, memories::StoredAnswer>(
            ("memory_claim", "Record a claim"),
            (writer, Effect::AddsOnce),
            "Remembers a claim with how probable it is held to be (confidence, 0 to 1), to be \
             verified later. The confidence stays as it was said.",
            calls!(|server, caller, request: ClaimRequest| {
                intentions::claim(State(server), caller, Json(request)).await?.1.0
            }),
        ),
        tool::<AttitudeParams, AttitudeList>(
            ("memory_claims", "List claims"),
            (reader, Effect::Reads),
            "Claims, the newest first: unverified, true or false ones (state), or all; about a \
             subject, or anything.",
            calls!(|server, caller, params: AttitudeParams| {
                intentions::claims(State(server), caller, Params(params)).await?.0
            }),
        ),
        tool::<Verify, MemoryAnswer>(
            ("memory_verify", "Verify a claim"),
            (writer, Effect::Replaces),
            "Tells whether a claim was true, with the evidence. A claim is verified once.",
            calls!(|server, caller, verify: Verify| {
                let Verify { id, truth, evidence } = verify;
                let request = Json(VerifyRequest { truth, evidence });
                intentions::verify(State(server), caller, Path(id), request).await?.0
            }),
        ),
        tool::<CalibrationParams, JudgementAnswer>(
            ("memory_calibration", "How far claims can be believed"),
            (reader, Effect::Reads),
            "Confidences of claims against how they turned out: Brier score, expected calibration \
             error with counts by bin, whether one is over- or underconfident, overall and by \
             subject.",
            calls!(|server, caller, params: CalibrationParams| {
                intentions::calibration(State(server), caller, Params(params)).await?.0
            }),
        ),
    ]
}

fn looks() -> Vec<Tool> {
    let reader = Role::Reader;
    vec![
        tool::<reflection::ThinkingParams, reflection::ThinkingAnswer>(
            ("memory_thinking", "How was it thought about"),
            (reader, Effect::Reads),
            "How something was thought about at one time and at a later one: what was known of it \
             then and later, which facts came, ended or became surer, which relations changed, \
             which memories of it came.",
            calls!(|server, caller, params: reflection::ThinkingParams| {
                reflection::thinking(State(server), caller, Params(params)).await?.0
            }),
        ),
        tool::<reflection::InsightParams, reflection::InsightsAnswer>(
            ("memory_insights", "What a time brought"),
            (reader, Effect::Reads),
            "What a time brought, a week where nobody says: new entities, relations that became \
             strong, contradictions that came up, claims gone wrong, intentions that wait.",
            calls!(|server, caller, params: reflection::InsightParams| {
                reflection::insights(State(server), caller, Params(params)).await?.0
            }),
        ),
        tool::<reflection::DreamRequest, reflection::DreamAnswer>(
            ("memory_dream", "Dream"),
            (reader, Effect::Reads),
            "Walks at random, from a seed, over what is related and proposes pairs of entities \
             that meet and are not related, each with the way between them. Nothing is written; \
             memory_link relates what convinces.",
            calls!(|server, caller, request: reflection::DreamRequest| {
                reflection::dream(State(server), caller, Json(request)).await?.0
            }),
        ),
        tool::<reflection::ConnectionParams, reflection::ConnectionList>(
            ("memory_connections", "Connections that may be missing"),
            (reader, Effect::Reads),
            "Entities that may belong together and are not related, with the reasons: neighbours \
             that both have, memories that name both, descriptions that are alike.",
            calls!(|server, caller, params: reflection::ConnectionParams| {
                reflection::connections(State(server), caller, Params(params)).await?.0
            }),
        ),
    ]
}
