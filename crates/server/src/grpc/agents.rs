//! Agents over gRPC: each method is the operation that HTTP has, with the same names, so that a
//! message becomes its request and an answer becomes a message through JSON. What is asked, judged,
//! counted and refused stands there.

use std::sync::Arc;

use api::agent as pb;
use api::agent::agents_server::Agents;
use axum::extract::{Path, State};
use tonic::{Request, Response};

use super::messages::{body, read, written};
use super::{Answered, caller};
use crate::http::extract::{Json, Params};
use crate::http::{agents, laws};
use crate::request::Server;

/// The service.
pub(super) struct Acting {
    pub(super) server: Arc<Server>,
}

impl Acting {
    fn state(&self) -> State<Arc<Server>> {
        State(Arc::clone(&self.server))
    }
}

fn done() -> Answered<pb::Done> {
    Ok(Response::new(pb::Done {}))
}

#[tonic::async_trait]
impl Agents for Acting {
    async fn create_agent(&self, request: Request<pb::CreateAgentRequest>) -> Answered<pb::Agent> {
        let caller = caller(&request)?;
        let spec = Json(read(request.into_inner())?);
        written(agents::create(self.state(), caller, spec).await?.1.0)
    }

    async fn list_agents(
        &self,
        request: Request<pb::ListAgentsRequest>,
    ) -> Answered<pb::ListAgentsResponse> {
        written(agents::list(self.state(), caller(&request)?).await?.0)
    }

    async fn get_agent(&self, request: Request<pb::AgentRequest>) -> Answered<pb::Agent> {
        let caller = caller(&request)?;
        let id = Path(request.into_inner().id);
        written(agents::one(self.state(), caller, id).await?.0)
    }

    async fn change_agent(&self, request: Request<pb::ChangeAgentRequest>) -> Answered<pb::Agent> {
        let caller = caller(&request)?;
        let message = request.into_inner();
        let id = Path(message.id.clone());
        written(agents::change(self.state(), caller, id, body(message)?).await?.0)
    }

    async fn delete_agent(&self, request: Request<pb::AgentRequest>) -> Answered<pb::Done> {
        let caller = caller(&request)?;
        agents::remove(self.state(), caller, Path(request.into_inner().id)).await?;
        done()
    }

    async fn act(&self, request: Request<pb::ActRequest>) -> Answered<pb::ActResponse> {
        let caller = caller(&request)?;
        let message = request.into_inner();
        let id = Path(message.id.clone());
        written(agents::act(self.state(), caller, id, body(message)?).await?.0)
    }

    async fn learn(&self, request: Request<pb::LearnRequest>) -> Answered<pb::LearnResponse> {
        let caller = caller(&request)?;
        let message = request.into_inner();
        let id = Path(message.id.clone());
        written(agents::learn(self.state(), caller, id, body(message)?).await?.0)
    }

    async fn reset(&self, request: Request<pb::AgentRequest>) -> Answered<pb::Agent> {
        let caller = caller(&request)?;
        let id = Path(request.into_inner().id);
        written(agents::reset(self.state(), caller, id).await?.0)
    }

    async fn snapshot(&self, request: Request<pb::AgentRequest>) -> Answered<pb::Snapshots> {
        let caller = caller(&request)?;
        let id = Path(request.into_inner().id);
        written(agents::snapshot(self.state(), caller, id).await?.0)
    }

    async fn undo(&self, request: Request<pb::AgentRequest>) -> Answered<pb::Snapshots> {
        let caller = caller(&request)?;
        let id = Path(request.into_inner().id);
        written(agents::undo(self.state(), caller, id).await?.0)
    }

    async fn save(&self, request: Request<pb::AgentRequest>) -> Answered<pb::Agent> {
        let caller = caller(&request)?;
        let id = Path(request.into_inner().id);
        written(agents::save(self.state(), caller, id).await?.0)
    }

    async fn load(&self, request: Request<pb::AgentRequest>) -> Answered<pb::Agent> {
        let caller = caller(&request)?;
        let id = Path(request.into_inner().id);
        written(agents::load(self.state(), caller, id).await?.0)
    }

    async fn get_persona(&self, request: Request<pb::AgentRequest>) -> Answered<pb::Persona> {
        let caller = caller(&request)?;
        let id = Path(request.into_inner().id);
        written(agents::persona(self.state(), caller, id).await?.0)
    }

    async fn adjust_persona(
        &self,
        request: Request<pb::AdjustPersonaRequest>,
    ) -> Answered<pb::Persona> {
        let caller = caller(&request)?;
        let message = request.into_inner();
        let id = Path(message.id.clone());
        written(agents::adjust(self.state(), caller, id, body(message)?).await?.0)
    }

    async fn judge(&self, request: Request<pb::JudgeRequest>) -> Answered<pb::Verdict> {
        let caller = caller(&request)?;
        let asked = Json(read(request.into_inner())?);
        written(laws::judge(self.state(), caller, asked).await?.0)
    }

    async fn list_overrides(
        &self,
        request: Request<pb::ListOverridesRequest>,
    ) -> Answered<pb::ListOverridesResponse> {
        written(laws::overrides(self.state(), caller(&request)?).await?.0)
    }

    async fn lift(&self, request: Request<pb::LiftRequest>) -> Answered<pb::Override> {
        let caller = caller(&request)?;
        let asked = Json(read(request.into_inner())?);
        written(laws::lift(self.state(), caller, asked).await?.1.0)
    }

    async fn end_override(&self, request: Request<pb::EndOverrideRequest>) -> Answered<pb::Done> {
        let caller = caller(&request)?;
        laws::end_override(self.state(), caller, Path(request.into_inner().id)).await?;
        done()
    }

    async fn request_learning(
        &self,
        request: Request<pb::RequestLearningRequest>,
    ) -> Answered<pb::LearningRequest> {
        let caller = caller(&request)?;
        let asked = Json(read(request.into_inner())?);
        written(laws::ask(self.state(), caller, asked).await?.1.0)
    }

    async fn list_learning(
        &self,
        request: Request<pb::ListLearningRequest>,
    ) -> Answered<pb::ListLearningResponse> {
        let caller = caller(&request)?;
        let asked = Params(read(request.into_inner())?);
        written(laws::requested(self.state(), caller, asked).await?.0)
    }

    async fn get_learning(
        &self,
        request: Request<pb::GetLearningRequest>,
    ) -> Answered<pb::LearningRequest> {
        let caller = caller(&request)?;
        let id = Path(request.into_inner().id);
        written(laws::request(self.state(), caller, id).await?.0)
    }

    async fn approve_learning(
        &self,
        request: Request<pb::ApproveLearningRequest>,
    ) -> Answered<pb::LearningRequest> {
        let caller = caller(&request)?;
        let message = request.into_inner();
        let id = Path(message.id.clone());
        written(laws::approve(self.state(), caller, id, body(message)?).await?.0)
    }

    async fn deny_learning(
        &self,
        request: Request<pb::DenyLearningRequest>,
    ) -> Answered<pb::LearningRequest> {
        let caller = caller(&request)?;
        let message = request.into_inner();
        let id = Path(message.id.clone());
        written(laws::deny(self.state(), caller, id, body(message)?).await?.0)
    }

    async fn list_vault(
        &self,
        request: Request<pb::ListVaultRequest>,
    ) -> Answered<pb::ListVaultResponse> {
        let caller = caller(&request)?;
        let asked = Params(read(request.into_inner())?);
        written(laws::vault(self.state(), caller, asked).await?.0)
    }
}
