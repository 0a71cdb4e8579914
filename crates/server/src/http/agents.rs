//! Agents over HTTP: make, act, learn, save, and who they are.

use std::sync::Arc;

use agent::law::Decision;
use agent::{Asked, Feedback};
use axum::Json as Answer;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{delete, get, patch, post};

use super::Shared;
use super::extract::Json;
use super::operation::{Operation, json};
use crate::agents::Live;
use crate::error::RequestError;
use crate::open::Held;
use crate::request::{Server, now, now_ms};
use crate::security::{Access, Caller, Role};
use crate::wire::agent::{
    ActAnswer, ActRequest, AgentAnswer, AgentList, AgentPatch, AgentSpec, LearnFromRequest,
    LearnedAnswer, PersonaAnswer, PersonaPatch, SnapshotAnswer,
};

const TAG: &str = "agents";

pub(crate) fn operations() -> Vec<Operation> {
    let of = |route, id, role, handler| Operation::new(route, id, Access::AtLeast(role), handler);
    let (reader, writer) = (Role::Reader, Role::Writer);
    vec![
        of(("POST", "/v1/agents"), "agent_create", writer, post(create))
            .says(TAG, "Makes an agent, by columns or by a model.")
            .takes(json::<AgentSpec>())
            .gives(json::<AgentAnswer>())
            .status(201),
        of(("GET", "/v1/agents"), "agent_list", reader, get(list))
            .says(TAG, "Agents, in the order of their names.")
            .gives(json::<AgentList>()),
        of(("GET", "/v1/agents/{id}"), "agent_get", reader, get(one))
            .says(TAG, "An agent, and how it stands.")
            .gives(json::<AgentAnswer>()),
        of(("PATCH", "/v1/agents/{id}"), "agent_change", writer, patch(change))
            .says(TAG, "Turns learning on or off.")
            .takes(json::<AgentPatch>())
            .gives(json::<AgentAnswer>()),
        of(("DELETE", "/v1/agents/{id}"), "agent_delete", writer, delete(remove))
            .says(TAG, "Deletes an agent, with what was saved of it, for good.")
            .status(204),
        of(("POST", "/v1/agents/{id}/act"), "agent_act", writer, post(act))
            .says(TAG, "Proposes an action and has it judged; what is refused is not told.")
            .takes(json::<ActRequest>())
            .gives(json::<ActAnswer>()),
        of(("POST", "/v1/agents/{id}/learn"), "agent_learn", writer, post(learn))
            .says(TAG, "Learns from what came of the last action.")
            .takes(json::<LearnFromRequest>())
            .gives(json::<LearnedAnswer>()),
        of(("POST", "/v1/agents/{id}/reset"), "agent_reset", writer, post(reset))
            .says(TAG, "Ends the episode without a reward.")
            .gives(json::<AgentAnswer>()),
        of(("POST", "/v1/agents/{id}/snapshot"), "agent_snapshot", writer, post(snapshot))
            .says(TAG, "Keeps the weights as they are, in the process, to go back to.")
            .gives(json::<SnapshotAnswer>()),
        of(("POST", "/v1/agents/{id}/undo"), "agent_undo", writer, post(undo))
            .says(TAG, "Takes back what was learned since the last snapshot.")
            .gives(json::<SnapshotAnswer>()),
        of(("POST", "/v1/agents/{id}/save"), "agent_save", writer, post(save))
            .says(TAG, "Saves all that an agent is, in place of what was saved before.")
            .gives(json::<AgentAnswer>()),
        of(("POST", "/v1/agents/{id}/load"), "agent_load", writer, post(load))
            .says(TAG, "Takes an agent back to what was saved, bit by bit.")
            .gives(json::<AgentAnswer>()),
        of(("GET", "/v1/agents/{id}/persona"), "agent_persona", reader, get(persona))
            .says(TAG, "Who an agent is: traits, mood, history.")
            .gives(json::<PersonaAnswer>()),
        of(("PATCH", "/v1/agents/{id}/persona"), "agent_persona_adjust", writer, patch(adjust))
            .says(TAG, "Moves traits, no further than 0 and 1.")
            .takes(json::<PersonaPatch>())
            .gives(json::<PersonaAnswer>()),
    ]
}

/// Does something with agents, and counts it.
pub(crate) async fn counted<T>(
    server: &Arc<Server>,
    caller: &Caller,
    operation: &'static str,
    doing: impl Future<Output = Result<T, RequestError>>,
) -> Result<T, RequestError> {
    let since = now();
    let done = doing.await;
    server.agents.signals.operations.record(operation, done.as_ref().err(), since.elapsed());
    server.tenants.record(caller.tenant.as_str(), done.is_ok(), now_ms());
    done
}

async fn held(server: &Arc<Server>, caller: &Caller, id: &str) -> Result<Held<Live>, RequestError> {
    server.agents.of(caller, &server.repository, id).await
}

/// Works with an agent. What it learned is kept before this returns, where its state is small; that it
/// acted is kept later, or with what it learns of that.
async fn with<T: Send + 'static>(
    server: &Arc<Server>,
    (caller, id): (&Caller, &str),
    operation: &'static str,
    doing: impl FnOnce(&mut Live) -> Result<T, RequestError> + Send + 'static,
) -> Result<T, RequestError> {
    counted(server, caller, operation, async {
        let held = held(server, caller, id).await?;
        let doing = |live: &mut Live| {
            let done = doing(live);
            live.changed();
            done
        };
        let (held, done) = server.agents.work(held, doing).await?;
        if done.is_ok() && operation != "act" {
            server.agents.keep_at_once(held).await?;
        }
        done
    })
    .await
}

pub(crate) async fn create(
    State(server): Shared,
    caller: Caller,
    Json(spec): Json<AgentSpec>,
) -> Result<(StatusCode, Answer<AgentAnswer>), RequestError> {
    let making = server.agents.create(&caller, &server.repository, spec);
    let about = counted(&server, &caller, "create", making).await?;
    Ok((StatusCode::CREATED, Answer(AgentAnswer::of(&about))))
}

pub(crate) async fn list(
    State(server): Shared,
    caller: Caller,
) -> Result<Answer<AgentList>, RequestError> {
    let all = counted(&server, &caller, "list", server.agents.list(&caller)).await?;
    Ok(Answer(AgentList { agents: all.iter().map(AgentAnswer::of).collect() }))
}

pub(crate) async fn one(
    State(server): Shared,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Answer<AgentAnswer>, RequestError> {
    let looked = counted(&server, &caller, "get", held(&server, &caller, &id)).await?;
    Ok(Answer(AgentAnswer::live(&looked)))
}

pub(crate) async fn change(
    State(server): Shared,
    caller: Caller,
    Path(id): Path<String>,
    Json(to): Json<AgentPatch>,
) -> Result<Answer<AgentAnswer>, RequestError> {
    let change = move |live: &mut Live| {
        live.agent.set_learning(to.learning);
        Ok(AgentAnswer::live(live))
    };
    with(&server, (&caller, &id), "change", change).await.map(Answer)
}

pub(crate) async fn remove(
    State(server): Shared,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, RequestError> {
    counted(&server, &caller, "delete", async {
        let held = held(&server, &caller, &id).await?;
        server.agents.delete(&caller, held).await
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Observe, recall nothing yet, propose, judge: what leaves is approved.
pub(crate) async fn act(
    State(server): Shared,
    caller: Caller,
    Path(id): Path<String>,
    Json(request): Json<ActRequest>,
) -> Result<Answer<ActAnswer>, RequestError> {
    let lifted = server.agents.lifted(&caller.tenant).await?;
    let ActRequest { observation, content, context } = request;
    let asked = Asked { observation, content, context: context.read() };
    let acting = move |live: &mut Live| Ok(live.agent.act(&asked, lifted)?);
    let decision = with(&server, (&caller, &id), "act", acting).await?;
    let verdict = decision.verdict();
    server.agents.signals.judged(verdict);
    if verdict.permitted
        && let Some(violation) = verdict.lifted.first()
    {
        let target = format!("agent {id}: {} law, {}", violation.law.name(), violation.reason);
        server.security.audit.note(&caller.subject, "override_used", &target, "approved").await;
    }
    Ok(Answer(match &decision {
        Decision::Approved(approved) => {
            let (name, verdict) = (&approved.action().name, approved.verdict());
            ActAnswer::of(Some(name), Some(approved.carried()), verdict)
        }
        Decision::Refused(refused) => ActAnswer::of(None, None, &refused.verdict),
    }))
}

pub(crate) async fn learn(
    State(server): Shared,
    caller: Caller,
    Path(id): Path<String>,
    Json(request): Json<LearnFromRequest>,
) -> Result<Answer<LearnedAnswer>, RequestError> {
    let (reward, end) = (request.reward, request.end());
    let learning = move |live: &mut Live| {
        Ok(live.agent.learn(&Feedback { reward, end, next: &request.observation })?)
    };
    let learned = with(&server, (&caller, &id), "learn", learning).await?;
    server.agents.signals.learned(reward, end != agent::End::Goes, &learned);
    Ok(Answer(learned.into()))
}

pub(crate) async fn reset(
    State(server): Shared,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Answer<AgentAnswer>, RequestError> {
    let reset = |live: &mut Live| {
        live.agent.reset();
        Ok(AgentAnswer::live(live))
    };
    with(&server, (&caller, &id), "reset", reset).await.map(Answer)
}

pub(crate) async fn snapshot(
    State(server): Shared,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Answer<SnapshotAnswer>, RequestError> {
    let taking = |live: &mut Live| Ok(SnapshotAnswer { snapshots: live.agent.snapshot() });
    with(&server, (&caller, &id), "snapshot", taking).await.map(Answer)
}

pub(crate) async fn undo(
    State(server): Shared,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Answer<SnapshotAnswer>, RequestError> {
    let undoing = |live: &mut Live| Ok(SnapshotAnswer { snapshots: live.agent.undo()? });
    with(&server, (&caller, &id), "undo", undoing).await.map(Answer)
}

pub(crate) async fn save(
    State(server): Shared,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Answer<AgentAnswer>, RequestError> {
    let about = counted(&server, &caller, "save", async {
        let held = held(&server, &caller, &id).await?;
        server.agents.save(&caller, held).await
    });
    Ok(Answer(AgentAnswer::of(&about.await?)))
}

pub(crate) async fn load(
    State(server): Shared,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Answer<AgentAnswer>, RequestError> {
    let loaded = counted(&server, &caller, "load", async {
        let held = held(&server, &caller, &id).await?;
        server.agents.load(&caller, held).await
    });
    let loaded = loaded.await?;
    Ok(Answer(AgentAnswer::live(&loaded)))
}

pub(crate) async fn persona(
    State(server): Shared,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Answer<PersonaAnswer>, RequestError> {
    let looked = counted(&server, &caller, "persona", held(&server, &caller, &id)).await?;
    Ok(Answer(PersonaAnswer::of(looked.agent.persona())))
}

pub(crate) async fn adjust(
    State(server): Shared,
    caller: Caller,
    Path(id): Path<String>,
    Json(request): Json<PersonaPatch>,
) -> Result<Answer<PersonaAnswer>, RequestError> {
    let adjust = request.read()?;
    let adjusting = move |live: &mut Live| {
        for (of, delta) in adjust {
            live.agent.persona_mut().adjust_trait(of, delta)?;
        }
        Ok(PersonaAnswer::of(live.agent.persona()))
    };
    let adjusted = with(&server, (&caller, &id), "persona", adjusting).await?;
    server.agents.signals.adjusted();
    Ok(Answer(adjusted))
}
