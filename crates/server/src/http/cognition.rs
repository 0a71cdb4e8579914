//! How somebody thinks, over HTTP: patterns recorded, listed and detected, a profile in numbers,
//! compounds, and snapshots.

use axum::Json as Answer;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use knowledge::BranchId;
use memory::{Attitude, Scope};

use super::Shared;
use super::extract::{Json, Params};
use super::memories::{StoredAnswer, aside, with};
use super::operation::{Operation, Query, json};
use super::parameters::{AFTER, AGENT, LIMIT, RUN, USER, needed, number, text};
use crate::error::RequestError;
use crate::memories::{by, now_us};
use crate::request::Server;
use crate::security::{Access, Caller, Role};
use crate::wire::attitude::AttitudeList;
use crate::wire::cognition::{
    CompareParams, ComparedAnswer, CompoundList, CompoundParams, DetectRequest, DetectedAnswer,
    PatternParams, PatternRequest, ProfileAnswer, ProfileParams, SnapshotParams, SnapshotRequest,
};

/// Patterns or snapshots of one page of a list.
const MAX_LISTED: usize = 1000;
/// Those of a page where nobody says how many.
const LISTED: usize = 100;

const PATTERNS: &[Query] = &[text("kind", "Of this kind only."), USER, AGENT, RUN, AFTER, LIMIT];
const SNAPSHOTS: &[Query] = &[USER, AGENT, RUN, AFTER, LIMIT];
const COMPOUNDS: &[Query] = &[number("limit", "How many, up to 1000; 100 where there is none.")];
const PROFILE: &[Query] = &[
    text("from", "After then, RFC 3339; twelve periods before `to` where there is none."),
    text("to", "Up to then, RFC 3339; now where there is none."),
    number("period_days", "How long a period is, in days, 1 to 36600; 7 where there is none."),
    USER,
    AGENT,
    RUN,
];
const COMPARE: &[Query] = &[
    needed("from", "The name of a snapshot."),
    needed("to", "The name of another."),
    number("limit", "Changes of each kind, up to 200; 20 where there is none."),
    USER,
    AGENT,
    RUN,
];

pub(crate) fn operations() -> Vec<Operation> {
    let of = |route, id, role, handler| Operation::new(route, id, Access::AtLeast(role), handler);
    let (reader, writer) = (Role::Reader, Role::Writer);
    vec![
        of(("POST", "/v1/cognitive/patterns"), "pattern_add", writer, post(record))
            .says("memory", "Records a pattern of thinking, or that it was seen once more.")
            .takes(json::<PatternRequest>())
            .gives(json::<StoredAnswer>())
            .status(201),
        of(("GET", "/v1/cognitive/patterns"), "pattern_list", reader, get(patterns))
            .says("memory", "Recorded patterns of thinking, the newest first.")
            .query(PATTERNS)
            .gives(json::<AttitudeList>()),
        of(("POST", "/v1/cognitive/detect"), "pattern_detect", reader, post(detect))
            .says("memory", "Sequences that come again more often than by chance.")
            .takes(json::<DetectRequest>())
            .gives(json::<DetectedAnswer>()),
        of(("GET", "/v1/cognitive/profile"), "cognitive_profile", reader, get(profile))
            .says("memory", "Patterns by kind, and what each period brought, in numbers.")
            .query(PROFILE)
            .gives(json::<ProfileAnswer>()),
        of(("GET", "/v1/compounds"), "compound_list", reader, get(compounds))
            .says("knowledge", "Concepts that come together so often that they are one.")
            .query(COMPOUNDS)
            .gives(json::<CompoundList>()),
        of(("POST", "/v1/snapshots"), "snapshot_add", writer, post(mark))
            .says("memory", "Marks this time by a name, to be compared later.")
            .takes(json::<SnapshotRequest>())
            .gives(json::<StoredAnswer>())
            .status(201),
        of(("GET", "/v1/snapshots"), "snapshot_list", reader, get(snapshots))
            .says("memory", "Snapshots, the newest first.")
            .query(SNAPSHOTS)
            .gives(json::<AttitudeList>()),
        of(("GET", "/v1/snapshots/compare"), "snapshot_compare", reader, get(compare))
            .says("memory", "What two snapshots have otherwise: knowledge, intentions, claims.")
            .query(COMPARE)
            .gives(json::<ComparedAnswer>()),
    ]
}

pub(crate) async fn record(
    State(server): Shared,
    caller: Caller,
    Json(request): Json<PatternRequest>,
) -> Result<(StatusCode, Answer<StoredAnswer>), RequestError> {
    let (new, pattern, seen) = request.read(now_us())?;
    let stored = with(&server, &caller, "record", async |memory| {
        Ok(memory.record_pattern(new, pattern, seen, &by(&caller)).await?)
    })
    .await?;
    server.memories.signals.stored(&stored);
    Ok((StatusCode::CREATED, Answer(StoredAnswer::of(&stored))))
}

pub(crate) async fn patterns(
    State(server): Shared,
    caller: Caller,
    Params(params): Params<PatternParams>,
) -> Result<Answer<AttitudeList>, RequestError> {
    let kind = params.kind.as_ref();
    let passes = |attitude: &Attitude| match attitude {
        Attitude::Pattern(pattern) => kind.is_none_or(|kind| *kind == pattern.kind),
        _ => false,
    };
    let page = (params.after.as_deref(), params.limit);
    listed(&server, &caller, (params.scope(), page), passes).await
}

pub(crate) async fn detect(
    State(server): Shared,
    caller: Caller,
    Json(request): Json<DetectRequest>,
) -> Result<Answer<DetectedAnswer>, RequestError> {
    let now = now_us();
    let detect = request.read(now)?;
    let detected = with(&server, &caller, "reflect", async |memory| {
        aside(&server, move || Ok(memory.detect(&detect)?)).await
    })
    .await?;
    Ok(Answer(DetectedAnswer::of(detected, now)))
}

pub(crate) async fn profile(
    State(server): Shared,
    caller: Caller,
    Params(params): Params<ProfileParams>,
) -> Result<Answer<ProfileAnswer>, RequestError> {
    let portray = params.read(now_us())?;
    let portrait = with(&server, &caller, "reflect", async |memory| {
        aside(&server, move || Ok(memory.portrait(&portray)?)).await
    })
    .await?;
    Ok(Answer(ProfileAnswer::of(portrait)))
}

pub(crate) async fn compounds(
    State(server): Shared,
    caller: Caller,
    Params(params): Params<CompoundParams>,
) -> Result<Answer<CompoundList>, RequestError> {
    let limit = params.limit.unwrap_or(LISTED);
    let found = with(&server, &caller, "list", async |memory| {
        aside(&server, move || Ok(memory.compounds(limit)?)).await
    })
    .await?;
    Ok(Answer(CompoundList::of(found)))
}

pub(crate) async fn mark(
    State(server): Shared,
    caller: Caller,
    Json(request): Json<SnapshotRequest>,
) -> Result<(StatusCode, Answer<StoredAnswer>), RequestError> {
    let branch = request.branch.map_or(BranchId::MAIN, BranchId);
    let scope = request.scope();
    let stored = with(&server, &caller, "record", async |memory| {
        Ok(memory.mark(request.name, branch, scope, &by(&caller)).await?)
    })
    .await?;
    server.memories.signals.stored(&stored);
    Ok((StatusCode::CREATED, Answer(StoredAnswer::of(&stored))))
}

pub(crate) async fn snapshots(
    State(server): Shared,
    caller: Caller,
    Params(params): Params<SnapshotParams>,
) -> Result<Answer<AttitudeList>, RequestError> {
    let page = (params.after.as_deref(), params.limit);
    let passes = |attitude: &Attitude| matches!(attitude, Attitude::Mark(_));
    listed(&server, &caller, (params.scope(), page), passes).await
}

pub(crate) async fn compare(
    State(server): Shared,
    caller: Caller,
    Params(params): Params<CompareParams>,
) -> Result<Answer<ComparedAnswer>, RequestError> {
    let marks = params.read();
    let moved =
        with(&server, &caller, "reflect", async |memory| Ok(memory.compare_marks(&marks)?)).await?;
    Ok(Answer(ComparedAnswer::of(moved)))
}

async fn listed(
    server: &std::sync::Arc<Server>,
    caller: &Caller,
    (scope, (after, limit)): (Scope, (Option<&str>, Option<usize>)),
    passes: impl Fn(&Attitude) -> bool,
) -> Result<Answer<AttitudeList>, RequestError> {
    let limit = limit.unwrap_or(LISTED);
    if !(1..=MAX_LISTED).contains(&limit) {
        return Err(RequestError::bad(format!("limit: {limit}, expected 1 to {MAX_LISTED}")));
    }
    let after = after.filter(|after| !after.is_empty());
    let after = after.map(memory::Id::parse).transpose()?;
    let listed = with(server, caller, "list", async |memory| {
        Ok(memory.attitudes(&scope, &passes, after, limit)?)
    })
    .await?;
    Ok(Answer(AttitudeList::of(&listed, now_us())))
}
