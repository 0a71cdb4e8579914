//! The Four Laws over HTTP: judge, lift for a while, ask to learn, decide, the vault.

use agent::law::{Action, judge_under};
use agent::{MAX_CLAIMS, MAX_CONTENT_BYTES, MAX_NAME_BYTES, NewRequest};
use axum::Json as Answer;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{delete, get, post};
use serde::Deserialize;

use super::Shared;
use super::agents::counted;
use super::extract::{Json, Params};
use super::operation::{Operation, Query, json};
use crate::error::RequestError;
use crate::security::{Access, Caller, Role};
use crate::wire::agent::{
    ApproveRequest, DenyRequest, JudgeRequest, LearningAnswer, LearningList, LearningSpec,
    LearningStatus, OverrideAnswer, OverrideList, OverrideRequest, VaultAnswer, VaultedAnswer,
    VerdictAnswer, time,
};

const TAG: &str = "laws";
const AFTER: Query = Query {
    name: "after",
    help: "The `next` of the page before.",
    kind: "string",
    required: false,
};
const REQUESTS: &[Query] = &[
    Query {
        name: "status",
        help: "Only those that are `pending`, `approved` or `denied`.",
        kind: "string",
        required: false,
    },
    AFTER,
];

pub(crate) fn operations() -> Vec<Operation> {
    let of = |route, id, role, handler| Operation::new(route, id, Access::AtLeast(role), handler);
    let (reader, writer, operator) = (Role::Reader, Role::Writer, Role::Operator);
    let requests = "/v1/learning/requests";
    vec![
        of(("POST", "/v1/laws/judge"), "laws_judge", reader, post(judge))
            .says(TAG, "What the Four Laws say of an action, under the overrides that are active.")
            .takes(json::<JudgeRequest>())
            .gives(json::<VerdictAnswer>()),
        of(("GET", "/v1/overrides"), "override_list", reader, get(overrides))
            .says(TAG, "Overrides that are active.")
            .gives(json::<OverrideList>()),
        of(("POST", "/v1/overrides"), "override_lift", Role::Admin, post(lift))
            .says(TAG, "Lifts something for a while; never the Zeroth or the First Law. Audited.")
            .takes(json::<OverrideRequest>())
            .gives(json::<OverrideAnswer>())
            .status(201),
        of(("DELETE", "/v1/overrides/{id}"), "override_end", Role::Admin, delete(end_override))
            .says(TAG, "Ends an override before its time.")
            .status(204),
        of(("POST", requests), "learning_request", writer, post(ask))
            .says(TAG, "Asks to learn something; what was denied once is refused.")
            .takes(json::<LearningSpec>())
            .gives(json::<LearningAnswer>())
            .status(201),
        of(("GET", requests), "learning_list", reader, get(requested))
            .says(TAG, "Learning requests, in the order of their names.")
            .query(REQUESTS)
            .gives(json::<LearningList>()),
        of(("GET", "/v1/learning/requests/{id}"), "learning_get", reader, get(request))
            .says(TAG, "A learning request.")
            .gives(json::<LearningAnswer>()),
        of(
            ("POST", "/v1/learning/requests/{id}/approve"),
            "learning_approve",
            operator,
            post(approve),
        )
        .says(TAG, "Approves a learning request.")
        .takes(json::<ApproveRequest>())
        .gives(json::<LearningAnswer>()),
        of(("POST", "/v1/learning/requests/{id}/deny"), "learning_deny", operator, post(deny))
            .says(TAG, "Denies a learning request; its content is refused from then on.")
            .takes(json::<DenyRequest>())
            .gives(json::<LearningAnswer>()),
        of(("GET", "/v1/vault"), "vault_list", operator, get(vault))
            .says(TAG, "Digests of what was denied.")
            .query(&[AFTER])
            .gives(json::<VaultAnswer>()),
    ]
}

pub(crate) async fn judge(
    State(server): Shared,
    caller: Caller,
    Json(request): Json<JudgeRequest>,
) -> Result<Answer<VerdictAnswer>, RequestError> {
    let verdict = counted(&server, &caller, "judge", async {
        let (action, context) =
            (Action { name: request.name, content: request.content }, request.context.read());
        let claims = &context.moral_claims;
        let within = action.name.len() <= MAX_NAME_BYTES
            && claims.len() <= MAX_CLAIMS
            && claims.iter().chain([&action.content]).all(|text| text.len() <= MAX_CONTENT_BYTES);
        if !within {
            return Err(RequestError::bad(format!(
                "expected a name of at most {MAX_NAME_BYTES} bytes, at most {MAX_CLAIMS} moral \
                 claims, and texts of at most {MAX_CONTENT_BYTES} bytes"
            )));
        }
        Ok(judge_under(&action, &context, server.agents.lifted(&caller.tenant).await?))
    });
    let verdict = verdict.await?;
    server.agents.signals.judged(&verdict);
    Ok(Answer(VerdictAnswer::of(&verdict)))
}

pub(crate) async fn overrides(
    State(server): Shared,
    caller: Caller,
) -> Result<Answer<OverrideList>, RequestError> {
    let looking = server.agents.overrides(&caller.tenant);
    let active = counted(&server, &caller, "override", looking).await?;
    Ok(Answer(OverrideList { overrides: active.iter().map(OverrideAnswer::of).collect() }))
}

pub(crate) async fn lift(
    State(server): Shared,
    caller: Caller,
    Json(request): Json<OverrideRequest>,
) -> Result<(StatusCode, Answer<OverrideAnswer>), RequestError> {
    let OverrideRequest { kind, seconds, reason } = request;
    let told = format!("{} for {seconds} s: {reason}", agent::OverrideKind::from(kind).name());
    let lifting = server.agents.lift(&caller, kind.into(), (seconds, reason));
    let done = counted(&server, &caller, "override", lifting).await;
    let outcome = if done.is_ok() { "lifted" } else { "refused" };
    server.security.audit.note(&caller.subject, "override", &told, outcome).await;
    Ok((StatusCode::CREATED, Answer(OverrideAnswer::of(&done?))))
}

pub(crate) async fn end_override(
    State(server): Shared,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, RequestError> {
    counted(&server, &caller, "override", server.agents.end_override(&caller, &id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn ask(
    State(server): Shared,
    caller: Caller,
    Json(spec): Json<LearningSpec>,
) -> Result<(StatusCode, Answer<LearningAnswer>), RequestError> {
    let request = counted(&server, &caller, "request", async {
        let LearningSpec { id, topic, description, priority } = spec;
        let id = id.map_or_else(super::random_id, Ok)?;
        store::TenantId::parse(&id).map_err(|_| {
            RequestError::bad(format!("id: {id:?}, expected 1 to 64 of a-z, 0-9, - and _"))
        })?;
        let asked = NewRequest { id, topic, description, priority: priority.into() };
        server.agents.ask_to_learn(&caller, asked).await
    });
    let request = request.await?;
    show(&server, &caller).await;
    Ok((StatusCode::CREATED, Answer(LearningAnswer::of(&request))))
}

/// Which learning requests are asked for.
#[derive(Default, Deserialize)]
pub(crate) struct Requested {
    pub(crate) status: Option<LearningStatus>,
    pub(crate) after: Option<String>,
}

pub(crate) async fn requested(
    State(server): Shared,
    caller: Caller,
    Params(asked): Params<Requested>,
) -> Result<Answer<LearningList>, RequestError> {
    let after = asked.after.filter(|after| !after.is_empty());
    let looking = server.agents.learning_requests(&caller, asked.status.map(Into::into), after);
    let (all, next) = counted(&server, &caller, "request", looking).await?;
    Ok(Answer(LearningList { requests: all.iter().map(LearningAnswer::of).collect(), next }))
}

pub(crate) async fn request(
    State(server): Shared,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Answer<LearningAnswer>, RequestError> {
    let looking = server.agents.learning_request(&caller, &id);
    let found = counted(&server, &caller, "request", looking).await?;
    Ok(Answer(LearningAnswer::of(&found)))
}

pub(crate) async fn approve(
    State(server): Shared,
    caller: Caller,
    Path(id): Path<String>,
    Json(ApproveRequest { response }): Json<ApproveRequest>,
) -> Result<Answer<LearningAnswer>, RequestError> {
    let deciding = server
        .agents
        .decide(&caller, &id, |request, now| request.approve(response, now).map(|()| None));
    let decided = counted(&server, &caller, "request", deciding).await?;
    show(&server, &caller).await;
    Ok(Answer(LearningAnswer::of(&decided)))
}

pub(crate) async fn deny(
    State(server): Shared,
    caller: Caller,
    Path(id): Path<String>,
    Json(DenyRequest { reason }): Json<DenyRequest>,
) -> Result<Answer<LearningAnswer>, RequestError> {
    let deciding =
        server.agents.decide(&caller, &id, |request, now| request.deny(reason, now).map(Some));
    let decided = counted(&server, &caller, "request", deciding).await?;
    show(&server, &caller).await;
    Ok(Answer(LearningAnswer::of(&decided)))
}

async fn show(server: &crate::request::Server, caller: &Caller) {
    let label = server.tenants.label(caller.tenant.as_str());
    server.agents.show_pending(caller, &label).await;
}

/// Where a page of the vault begins.
#[derive(Default, Deserialize)]
pub(crate) struct AfterParams {
    pub(crate) after: Option<String>,
}

pub(crate) async fn vault(
    State(server): Shared,
    caller: Caller,
    Params(AfterParams { after }): Params<AfterParams>,
) -> Result<Answer<VaultAnswer>, RequestError> {
    let looking = server.agents.vault(&caller, after.filter(|after| !after.is_empty()));
    let (all, next) = counted(&server, &caller, "request", looking).await?;
    let content = |(sha256, vaulted): (String, crate::agents::Vaulted)| VaultedAnswer {
        sha256,
        request: vaulted.request,
        denied_at: time(vaulted.denied_ms),
    };
    Ok(Answer(VaultAnswer { contents: all.into_iter().map(content).collect(), next }))
}
