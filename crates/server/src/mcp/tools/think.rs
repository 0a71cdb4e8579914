//! Tools of how somebody thinks: patterns, compounds, snapshots.

use std::sync::Arc;

use axum::extract::State;
use serde_json::Value;

use super::{Called, Effect, Tool, read, tool, written};
use crate::http::extract::{Json, Params};
use crate::http::{cognition, memories};
use crate::request::Server;
use crate::security::{Caller, Role};
use crate::wire::attitude::AttitudeList;
use crate::wire::cognition::{
    CompareParams, ComparedAnswer, CompoundList, CompoundParams, DetectRequest, DetectedAnswer,
    PatternParams, PatternRequest, ProfileAnswer, ProfileParams, SnapshotParams, SnapshotRequest,
};

pub(super) fn table() -> Vec<Tool> {
    [patterns(), times()].into_iter().flatten().collect()
}

fn patterns() -> Vec<Tool> {
    let (reader, writer) = (Role::Reader, Role::Writer);
    vec![
        tool::<PatternRequest, memories::StoredAnswer>(
            ("memory_record_cognitive_pattern", "Record a pattern of thinking"),
            (writer, Effect::Adds),
            "Records how somebody thinks again and again, as one statement, with its kind \
             (abstract, adaptive, convergent, critical, divergent, lateral, systems or your own) \
             and what brings it about (trigger). The same text and kind is the same pattern, seen \
             once more.",
            calls!(|server, caller, request: PatternRequest| {
                cognition::record(State(server), caller, Json(request)).await?.1.0
            }),
        ),
        tool::<PatternParams, AttitudeList>(
            ("memory_cognitive_patterns", "List patterns of thinking"),
            (reader, Effect::Reads),
            "Recorded patterns of thinking, the newest first, each with when it was seen; of one \
             kind, or all.",
            calls!(|server, caller, params: PatternParams| {
                cognition::patterns(State(server), caller, Params(params)).await?.0
            }),
        ),
        tool::<DetectRequest, DetectedAnswer>(
            ("memory_detect_patterns", "Detect patterns of thinking"),
            (reader, Effect::Reads),
            "Sequences of what was asked, answered, decided, meant, claimed and concluded that come \
             again more often than by chance, with how often, in how many episodes, lift and the \
             p and q of a binomial test; and recorded patterns whose trigger a message names.",
            calls!(|server, caller, request: DetectRequest| {
                cognition::detect(State(server), caller, Json(request)).await?.0
            }),
        ),
        tool::<ProfileParams, ProfileAnswer>(
            ("memory_cognitive_profile", "Profile of thinking"),
            (reader, Effect::Reads),
            "Recorded patterns of thinking by kind, and what each period (a week) brought in \
             numbers: concepts, links, facts, beliefs revised, contradictions, decisions, intentions \
             completed, claims that turned out.",
            calls!(|server, caller, params: ProfileParams| {
                cognition::profile(State(server), caller, Params(params)).await?.0
            }),
        ),
    ]
}

fn times() -> Vec<Tool> {
    let (reader, writer) = (Role::Reader, Role::Writer);
    vec![
        tool::<CompoundParams, CompoundList>(
            ("memory_compounds", "Compound concepts"),
            (reader, Effect::Reads),
            "Concepts that come together in messages so often that they are one: their parts, in how \
             many messages both are, and how much more often than by chance (npmi).",
            calls!(|server, caller, params: CompoundParams| {
                cognition::compounds(State(server), caller, Params(params)).await?.0
            }),
        ),
        tool::<SnapshotRequest, memories::StoredAnswer>(
            ("memory_snapshot", "Take a snapshot"),
            (writer, Effect::Adds),
            "Marks this time by a name, so that what is known, meant and claimed can be compared \
             with another time (memory_compare_snapshots). Nothing is copied.",
            calls!(|server, caller, request: SnapshotRequest| {
                cognition::mark(State(server), caller, Json(request)).await?.1.0
            }),
        ),
        tool::<SnapshotParams, AttitudeList>(
            ("memory_snapshots", "List snapshots"),
            (reader, Effect::Reads),
            "Snapshots, the newest first, each with the time and the branch that it marks.",
            calls!(|server, caller, params: SnapshotParams| {
                cognition::snapshots(State(server), caller, Params(params)).await?.0
            }),
        ),
        tool::<CompareParams, ComparedAnswer>(
            ("memory_compare_snapshots", "Compare two snapshots"),
            (reader, Effect::Reads),
            "What two snapshots have otherwise: entities, facts, relations and contradictions that \
             came or changed, intentions, claims and patterns that changed, memories that came.",
            calls!(|server, caller, params: CompareParams| {
                cognition::compare(State(server), caller, Params(params)).await?.0
            }),
        ),
    ]
}
