//! Learners, and what sessions learn, over gRPC: each method is the operation that HTTP has, with the
//! same names. What is asked, counted and refused stands there.

use std::sync::Arc;

use api::learner as pb;
use api::learner::learners_server::Learners;
use api::learner::sessions_server::Sessions;
use axum::extract::{Path, State};
use tonic::{Request, Response};

use super::messages::{body, read, written};
use super::{Answered, caller};
use crate::http::extract::Json;
use crate::http::{learners, sessions};
use crate::request::Server;

/// Both services.
#[derive(Clone)]
pub(super) struct Teaching {
    pub(super) server: Arc<Server>,
}

impl Teaching {
    fn state(&self) -> State<Arc<Server>> {
        State(Arc::clone(&self.server))
    }
}

#[tonic::async_trait]
impl Learners for Teaching {
    async fn create_learner(&self, request: Request<pb::LearnerSpec>) -> Answered<pb::Learner> {
        let caller = caller(&request)?;
        let spec = Json(read(request.into_inner())?);
        written(learners::create(self.state(), caller, spec).await?.1.0)
    }

    async fn list_learners(
        &self,
        request: Request<pb::ListLearnersRequest>,
    ) -> Answered<pb::ListLearnersResponse> {
        written(learners::list(self.state(), caller(&request)?).await?.0)
    }

    async fn get_learner(&self, request: Request<pb::LearnerRequest>) -> Answered<pb::Learner> {
        let caller = caller(&request)?;
        let id = Path(request.into_inner().id);
        written(learners::one(self.state(), caller, id).await?.0)
    }

    async fn change_learner(
        &self,
        request: Request<pb::ChangeLearnerRequest>,
    ) -> Answered<pb::Learner> {
        let caller = caller(&request)?;
        let message = request.into_inner();
        let id = Path(message.id.clone());
        written(learners::change(self.state(), caller, id, body(message)?).await?.0)
    }

    async fn delete_learner(&self, request: Request<pb::LearnerRequest>) -> Answered<pb::Done> {
        let caller = caller(&request)?;
        learners::remove(self.state(), caller, Path(request.into_inner().id)).await?;
        Ok(Response::new(pb::Done {}))
    }

    async fn learn(&self, request: Request<pb::LearnRequest>) -> Answered<pb::LearnResponse> {
        let caller = caller(&request)?;
        let message = request.into_inner();
        let id = Path(message.id.clone());
        written(learners::learn(self.state(), caller, id, body(message)?).await?.0)
    }

    async fn predict(&self, request: Request<pb::PredictRequest>) -> Answered<pb::PredictResponse> {
        let caller = caller(&request)?;
        let message = request.into_inner();
        let id = Path(message.id.clone());
        written(learners::predict(self.state(), caller, id, body(message)?).await?.0)
    }

    async fn undo(&self, request: Request<pb::LearnerRequest>) -> Answered<pb::Learner> {
        let caller = caller(&request)?;
        let id = Path(request.into_inner().id);
        written(learners::undo(self.state(), caller, id).await?.0)
    }

    async fn forget(&self, request: Request<pb::LearnerRequest>) -> Answered<pb::Learner> {
        let caller = caller(&request)?;
        let id = Path(request.into_inner().id);
        written(learners::forget(self.state(), caller, id).await?.0)
    }

    async fn save(&self, request: Request<pb::LearnerRequest>) -> Answered<pb::Learner> {
        let caller = caller(&request)?;
        let id = Path(request.into_inner().id);
        written(learners::save(self.state(), caller, id).await?.0)
    }

    async fn load(&self, request: Request<pb::LearnerRequest>) -> Answered<pb::Learner> {
        let caller = caller(&request)?;
        let id = Path(request.into_inner().id);
        written(learners::load(self.state(), caller, id).await?.0)
    }
}

#[tonic::async_trait]
impl Sessions for Teaching {
    async fn set_learning(
        &self,
        request: Request<pb::SetLearningRequest>,
    ) -> Answered<pb::Session> {
        let caller = caller(&request)?;
        let message = request.into_inner();
        let id = Path(message.id.clone());
        written(sessions::switch(self.state(), caller, id, body(message)?).await?.0)
    }

    async fn reward(&self, request: Request<pb::RewardRequest>) -> Answered<pb::RewardResponse> {
        let caller = caller(&request)?;
        let message = request.into_inner();
        let id = Path(message.id.clone());
        written(sessions::reward(self.state(), caller, id, body(message)?).await?.0)
    }

    async fn forget(&self, request: Request<pb::SessionRequest>) -> Answered<pb::Session> {
        let caller = caller(&request)?;
        let id = Path(request.into_inner().id);
        written(sessions::forget(self.state(), caller, id).await?.0)
    }
}
