//! Intentions and claims over HTTP: said, listed, come back to, ended and verified; how far claims
//! can be believed.

use axum::Json as Answer;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use memory::{Attitude, End};

use super::Shared;
use super::extract::{Json, JsonIfAny, Params};
use super::memories::{StoredAnswer, with};
use super::operation::{Operation, Query, json, json_if_any};
use super::parameters::{AFTER, AGENT, LIMIT, RUN, USER, number, text};
use crate::error::RequestError;
use crate::memories::{by, now_us};
use crate::security::{Access, Caller, Role};
use crate::wire::attitude::{
    AttitudeList, AttitudeParams, CalibrationParams, ClaimRequest, EndRequest, IntendRequest,
    JudgementAnswer, ResumeAnswer, ResumeRequest, TouchedAnswer, VerifyRequest,
};
use crate::wire::memory::{MemoryAnswer, id};

/// Intentions or claims of one page of a list.
const MAX_LISTED: usize = 1000;
/// Those of a page where nobody says how many.
const LISTED: usize = 100;

const SUBJECT: Query = text("subject", "Claims about this only.");
const INTENTIONS: &[Query] = &[
    text("state", "`open`, `completed` or `abandoned`; any where there is none."),
    USER,
    AGENT,
    RUN,
    AFTER,
    LIMIT,
];
const CLAIMS: &[Query] = &[
    text("state", "`unverified`, `true` or `false`; any where there is none."),
    SUBJECT,
    USER,
    AGENT,
    RUN,
    AFTER,
    LIMIT,
];
const CALIBRATION: &[Query] = &[
    SUBJECT,
    text("from", "Verified from then on, RFC 3339."),
    text("to", "Verified before then, RFC 3339."),
    number("bins", "Bins of confidence, 1 to 100; 10 where there is none."),
    USER,
    AGENT,
    RUN,
];

pub(crate) fn operations() -> Vec<Operation> {
    let of = |route, id, role, handler| Operation::new(route, id, Access::AtLeast(role), handler);
    let (reader, writer) = (Role::Reader, Role::Writer);
    vec![
        of(("POST", "/v1/intentions"), "intention_add", writer, post(intend))
            .says("memory", "Remembers what somebody means to do.")
            .takes(json::<IntendRequest>())
            .gives(json::<StoredAnswer>())
            .status(201),
        of(("GET", "/v1/intentions"), "intention_list", reader, get(intentions))
            .says("memory", "Intentions, the newest first.")
            .query(INTENTIONS)
            .gives(json::<AttitudeList>()),
        of(("POST", "/v1/intentions/resume"), "intention_resume", reader, post(resume))
            .says("memory", "Open intentions that what is said touches, and those that are due.")
            .takes(json::<ResumeRequest>())
            .gives(json::<ResumeAnswer>()),
        of(("POST", "/v1/intentions/{id}/complete"), "intention_complete", writer, post(complete))
            .says("memory", "Ends an open intention: it was done, with what came of it.")
            .takes(json_if_any::<EndRequest>())
            .gives(json::<MemoryAnswer>()),
        of(("POST", "/v1/intentions/{id}/abandon"), "intention_abandon", writer, post(abandon))
            .says("memory", "Ends an open intention: it was given up, with why.")
            .takes(json_if_any::<EndRequest>())
            .gives(json::<MemoryAnswer>()),
        of(("POST", "/v1/claims"), "claim_add", writer, post(claim))
            .says("memory", "Remembers a claim, and how probable it is held to be.")
            .takes(json::<ClaimRequest>())
            .gives(json::<StoredAnswer>())
            .status(201),
        of(("GET", "/v1/claims"), "claim_list", reader, get(claims))
            .says("memory", "Claims, the newest first.")
            .query(CLAIMS)
            .gives(json::<AttitudeList>()),
        of(("GET", "/v1/claims/calibration"), "claim_calibration", reader, get(calibration))
            .says(
                "memory",
                "How far claims can be believed: confidences against how they turned out.",
            )
            .query(CALIBRATION)
            .gives(json::<JudgementAnswer>()),
        of(("POST", "/v1/claims/{id}/verify"), "claim_verify", writer, post(verify))
            .says("memory", "Tells how a claim turned out, once.")
            .takes(json::<VerifyRequest>())
            .gives(json::<MemoryAnswer>()),
    ]
}

pub(crate) async fn intend(
    State(server): Shared,
    caller: Caller,
    Json(request): Json<IntendRequest>,
) -> Result<(StatusCode, Answer<StoredAnswer>), RequestError> {
    let (new, due_at) = request.read()?;
    let stored = with(&server, &caller, "intend", async |memory| {
        Ok(memory.intend(new, due_at, &by(&caller)).await?)
    })
    .await?;
    server.memories.signals.stored(&stored);
    Ok((StatusCode::CREATED, Answer(StoredAnswer::of(&stored))))
}

pub(crate) async fn claim(
    State(server): Shared,
    caller: Caller,
    Json(request): Json<ClaimRequest>,
) -> Result<(StatusCode, Answer<StoredAnswer>), RequestError> {
    let (new, confidence, subject) = request.read()?;
    let stored = with(&server, &caller, "claim", async |memory| {
        Ok(memory.claim(new, confidence, subject, &by(&caller)).await?)
    })
    .await?;
    server.memories.signals.stored(&stored);
    Ok((StatusCode::CREATED, Answer(StoredAnswer::of(&stored))))
}

pub(crate) async fn intentions(
    State(server): Shared,
    caller: Caller,
    Params(params): Params<AttitudeParams>,
) -> Result<Answer<AttitudeList>, RequestError> {
    if params.subject.is_some() {
        return Err(RequestError::bad("subject: expected with claims only"));
    }
    let state = one_of(params.state.as_deref(), &["open", "completed", "abandoned"])?;
    let passes = |attitude: &Attitude| {
        matches!(attitude, Attitude::Intention(_)) && state.is_none_or(|s| s == attitude.state())
    };
    listed(&server, &caller, &params, passes).await
}

pub(crate) async fn claims(
    State(server): Shared,
    caller: Caller,
    Params(params): Params<AttitudeParams>,
) -> Result<Answer<AttitudeList>, RequestError> {
    let state = one_of(params.state.as_deref(), &["unverified", "true", "false"])?;
    let about = |subject: &Option<String>| params.subject.is_none() || params.subject == *subject;
    let passes = |attitude: &Attitude| match attitude {
        Attitude::Claim(c) => about(&c.subject) && state.is_none_or(|s| s == c.state.name()),
        _ => false,
    };
    listed(&server, &caller, &params, passes).await
}

/// A state that is asked for, if it is one of these.
fn one_of<'a>(
    found: Option<&'a str>,
    expected: &[&'static str],
) -> Result<Option<&'a str>, RequestError> {
    match found {
        Some(state) if !expected.contains(&state) => {
            let found: String = state.chars().take(64).collect();
            let expected = expected.join(", ");
            Err(RequestError::bad(format!("state: {found:?}, expected one of {expected}")))
        }
        state => Ok(state),
    }
}

async fn listed(
    server: &std::sync::Arc<crate::request::Server>,
    caller: &Caller,
    params: &AttitudeParams,
    passes: impl Fn(&Attitude) -> bool,
) -> Result<Answer<AttitudeList>, RequestError> {
    let limit = params.limit.unwrap_or(LISTED);
    if !(1..=MAX_LISTED).contains(&limit) {
        return Err(RequestError::bad(format!("limit: {limit}, expected 1 to {MAX_LISTED}")));
    }
    let after = params.after.as_deref().filter(|after| !after.is_empty());
    let after = after.map(memory::Id::parse).transpose()?;
    let scope = params.scope();
    let listed = with(server, caller, "list", async |memory| {
        Ok(memory.attitudes(&scope, &passes, after, limit)?)
    })
    .await?;
    Ok(Answer(AttitudeList::of(&listed, now_us())))
}

pub(crate) async fn resume(
    State(server): Shared,
    caller: Caller,
    Json(request): Json<ResumeRequest>,
) -> Result<Answer<ResumeAnswer>, RequestError> {
    let (resume, now) = (request.read(), now_us());
    let touched =
        with(&server, &caller, "resume", async |memory| Ok(memory.resume(&resume, now)?)).await?;
    let results = touched.iter().map(|touched| TouchedAnswer::of(touched, now)).collect();
    Ok(Answer(ResumeAnswer { results }))
}

pub(crate) async fn complete(
    State(server): Shared,
    caller: Caller,
    Path(name): Path<String>,
    JsonIfAny(request): JsonIfAny<EndRequest>,
) -> Result<Answer<MemoryAnswer>, RequestError> {
    end(&server, &caller, &name, End::Complete, request).await
}

pub(crate) async fn abandon(
    State(server): Shared,
    caller: Caller,
    Path(name): Path<String>,
    JsonIfAny(request): JsonIfAny<EndRequest>,
) -> Result<Answer<MemoryAnswer>, RequestError> {
    end(&server, &caller, &name, End::Abandon, request).await
}

async fn end(
    server: &std::sync::Arc<crate::request::Server>,
    caller: &Caller,
    name: &str,
    how: End,
    request: Option<EndRequest>,
) -> Result<Answer<MemoryAnswer>, RequestError> {
    let id = id(name)?;
    let outcome = request.unwrap_or_default().outcome;
    let item = with(server, caller, "end", async |memory| {
        Ok(memory.end(id, how, outcome, &by(caller)).await?)
    })
    .await?;
    Ok(Answer(MemoryAnswer::of(&item, now_us())))
}

pub(crate) async fn verify(
    State(server): Shared,
    caller: Caller,
    Path(name): Path<String>,
    Json(request): Json<VerifyRequest>,
) -> Result<Answer<MemoryAnswer>, RequestError> {
    let id = id(&name)?;
    let VerifyRequest { truth, evidence } = request;
    let item = with(&server, &caller, "verify", async |memory| {
        Ok(memory.verify(id, truth, evidence, &by(&caller)).await?)
    })
    .await?;
    Ok(Answer(MemoryAnswer::of(&item, now_us())))
}

pub(crate) async fn calibration(
    State(server): Shared,
    caller: Caller,
    Params(params): Params<CalibrationParams>,
) -> Result<Answer<JudgementAnswer>, RequestError> {
    let judge = params.read()?;
    let judged =
        with(&server, &caller, "calibrate", async |memory| Ok(memory.calibration(&judge)?)).await?;
    Ok(Answer(JudgementAnswer::of(judged)))
}
