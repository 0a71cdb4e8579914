//! Knowledge over gRPC: each method is the operation that HTTP has, as memories are (`memory.rs`).

use std::sync::Arc;

use api::memory as pb;
use api::memory::knowledge_server::Knowledge;
use axum::extract::State;
use tonic::{Request, Status};

use super::messages::{body, read, written};
use super::{Answered, caller};
use crate::error::RequestError;
use crate::http::extract::{Json, JsonIfAny, Number, Params};
use crate::http::knowledge::{self, OnBranch};
use crate::http::{assumptions, branches, classes, memories, reason, vocabulary};
use crate::request::Server;

/// The service.
pub(super) struct Knowing {
    pub(super) server: Arc<Server>,
}

impl Knowing {
    fn state(&self) -> State<Arc<Server>> {
        State(Arc::clone(&self.server))
    }
}

#[tonic::async_trait]
impl Knowledge for Knowing {
    async fn list_entities(
        &self,
        request: Request<pb::ListEntitiesRequest>,
    ) -> Answered<pb::ListEntitiesResponse> {
        let caller = caller(&request)?;
        let params = Params(read(request.into_inner())?);
        written(knowledge::entities(self.state(), caller, params).await?.0)
    }

    async fn add_entity(
        &self,
        request: Request<pb::AddEntityRequest>,
    ) -> Answered<pb::KnowledgeChanged> {
        let caller = caller(&request)?;
        let spec = Json(read(request.into_inner())?);
        written(knowledge::add_entity(self.state(), caller, spec).await?.1.0)
    }

    async fn get_entity(&self, request: Request<pb::ItemAt>) -> Answered<pb::EntityItem> {
        let caller = caller(&request)?;
        let message = request.into_inner();
        let (id, at) = (Number(message.id), Params(read(message)?));
        written(knowledge::entity(self.state(), caller, id, at).await?.0)
    }

    async fn update_entity(
        &self,
        request: Request<pb::UpdateEntityRequest>,
    ) -> Answered<pb::KnowledgeChanged> {
        let caller = caller(&request)?;
        let message = request.into_inner();
        let (id, spec) = (Number(message.id), body(message)?);
        written(knowledge::update_entity(self.state(), caller, id, spec).await?.0)
    }

    async fn delete_entity(
        &self,
        request: Request<pb::RemoveRequest>,
    ) -> Answered<pb::KnowledgeChanged> {
        let caller = caller(&request)?;
        let (id, how) = removed(request.into_inner());
        written(knowledge::remove_entity(self.state(), caller, id, how).await?.0)
    }

    async fn merge_entities(
        &self,
        request: Request<pb::MergeEntitiesRequest>,
    ) -> Answered<pb::KnowledgeChanged> {
        let caller = caller(&request)?;
        let message = request.into_inner();
        let (id, spec) = (Number(message.id), body(message)?);
        written(knowledge::merge_entities(self.state(), caller, id, spec).await?.0)
    }

    async fn reorganise(
        &self,
        request: Request<pb::ReorganiseRequest>,
    ) -> Answered<pb::ReorganiseResponse> {
        let caller = caller(&request)?;
        let asked = JsonIfAny(Some(read(request.into_inner())?));
        written(classes::reorganise(self.state(), caller, asked).await?.0)
    }

    async fn get_property(
        &self,
        request: Request<pb::GetPropertyRequest>,
    ) -> Answered<pb::PropertyItem> {
        let caller = caller(&request)?;
        let message = request.into_inner();
        let (id, params) = (Number(message.id), Params(read(message)?));
        written(knowledge::property(self.state(), caller, id, params).await?.0)
    }

    async fn entity_history(
        &self,
        request: Request<pb::ItemNumber>,
    ) -> Answered<pb::KnowledgeHistory> {
        let (caller, id) = numbered(&request)?;
        written(knowledge::entity_history(self.state(), caller, id).await?.0)
    }

    async fn neighbours(
        &self,
        request: Request<pb::ItemNumber>,
    ) -> Answered<pb::NeighboursResponse> {
        let (caller, id) = numbered(&request)?;
        written(knowledge::neighbours(self.state(), caller, id).await?.0)
    }

    async fn list_kinds(
        &self,
        request: Request<pb::ListVocabularyRequest>,
    ) -> Answered<pb::ListKindsResponse> {
        let caller = caller(&request)?;
        let params = Params(read(request.into_inner())?);
        written(vocabulary::kinds(self.state(), caller, params).await?.0)
    }

    async fn list_relations(
        &self,
        request: Request<pb::ListRelationsRequest>,
    ) -> Answered<pb::ListRelationsResponse> {
        let caller = caller(&request)?;
        let params = Params(read(request.into_inner())?);
        written(knowledge::relations(self.state(), caller, params).await?.0)
    }

    async fn delete_relation(
        &self,
        request: Request<pb::RemoveRequest>,
    ) -> Answered<pb::KnowledgeChanged> {
        let caller = caller(&request)?;
        let (id, how) = removed(request.into_inner());
        written(knowledge::remove_relation(self.state(), caller, id, how).await?.0)
    }

    async fn prune_relations(
        &self,
        request: Request<pb::PruneRelationsRequest>,
    ) -> Answered<pb::PruneRelationsResponse> {
        let caller = caller(&request)?;
        let asked = JsonIfAny(Some(read(request.into_inner())?));
        written(knowledge::prune(self.state(), caller, asked).await?.0)
    }

    async fn list_facts(
        &self,
        request: Request<pb::ListFactsRequest>,
    ) -> Answered<pb::ListFactsResponse> {
        let caller = caller(&request)?;
        let params = Params(read(request.into_inner())?);
        written(knowledge::facts(self.state(), caller, params).await?.0)
    }

    async fn add_fact(&self, request: Request<pb::FactRequest>) -> Answered<pb::KnowledgeChanged> {
        let caller = caller(&request)?;
        let spec = Json(read(request.into_inner())?);
        written(knowledge::add_fact(self.state(), caller, spec).await?.1.0)
    }

    async fn revise_fact(
        &self,
        request: Request<pb::FactRequest>,
    ) -> Answered<pb::KnowledgeChanged> {
        let caller = caller(&request)?;
        let spec = Json(read(request.into_inner())?);
        written(knowledge::revise_fact(self.state(), caller, spec).await?.1.0)
    }

    async fn delete_fact(
        &self,
        request: Request<pb::RemoveRequest>,
    ) -> Answered<pb::KnowledgeChanged> {
        let caller = caller(&request)?;
        let (id, how) = removed(request.into_inner());
        written(knowledge::remove_fact(self.state(), caller, id, how).await?.0)
    }

    async fn contract_fact(
        &self,
        request: Request<pb::ItemNumber>,
    ) -> Answered<pb::KnowledgeChanged> {
        let (caller, id) = numbered(&request)?;
        written(knowledge::contract_fact(self.state(), caller, id).await?.0)
    }

    async fn restore_fact(
        &self,
        request: Request<pb::ItemNumber>,
    ) -> Answered<pb::KnowledgeChanged> {
        let (caller, id) = numbered(&request)?;
        written(knowledge::restore_fact(self.state(), caller, id).await?.0)
    }

    async fn fact_history(
        &self,
        request: Request<pb::ItemNumber>,
    ) -> Answered<pb::KnowledgeHistory> {
        let (caller, id) = numbered(&request)?;
        written(knowledge::fact_history(self.state(), caller, id).await?.0)
    }

    async fn assumptions(
        &self,
        request: Request<pb::AssumptionsRequest>,
    ) -> Answered<pb::AssumptionsResponse> {
        let caller = caller(&request)?;
        let asked = Json(read(request.into_inner())?);
        written(assumptions::assumptions(self.state(), caller, asked).await?.0)
    }

    async fn list_predicates(
        &self,
        request: Request<pb::ListVocabularyRequest>,
    ) -> Answered<pb::ListPredicatesResponse> {
        let caller = caller(&request)?;
        let params = Params(read(request.into_inner())?);
        written(vocabulary::predicates(self.state(), caller, params).await?.0)
    }

    async fn declare_predicate(
        &self,
        request: Request<pb::DeclarePredicateRequest>,
    ) -> Answered<pb::KnowledgeChanged> {
        let caller = caller(&request)?;
        let spec = Json(read(request.into_inner())?);
        written(vocabulary::declare(self.state(), caller, spec).await?.1.0)
    }

    async fn list_contradictions(
        &self,
        request: Request<pb::ListContradictionsRequest>,
    ) -> Answered<pb::ListContradictionsResponse> {
        let caller = caller(&request)?;
        let params = Params(read(request.into_inner())?);
        written(knowledge::contradictions(self.state(), caller, params).await?.0)
    }

    async fn resolve_contradiction(
        &self,
        request: Request<pb::ResolveContradictionRequest>,
    ) -> Answered<pb::KnowledgeChanged> {
        let caller = caller(&request)?;
        let mut message = request.into_inner();
        let on = Params(OnBranch { branch: message.branch.take() });
        let (id, by) = (Number(message.id), body(message)?);
        written(knowledge::resolve(self.state(), caller, id, on, by).await?.0)
    }

    async fn list_branches(
        &self,
        request: Request<pb::ListBranchesRequest>,
    ) -> Answered<pb::ListBranchesResponse> {
        written(knowledge::branches(self.state(), caller(&request)?).await?.0)
    }

    async fn add_branch(
        &self,
        request: Request<pb::AddBranchRequest>,
    ) -> Answered<pb::KnowledgeChanged> {
        let caller = caller(&request)?;
        let spec = Json(read(request.into_inner())?);
        written(knowledge::add_branch(self.state(), caller, spec).await?.1.0)
    }

    async fn delete_branch(
        &self,
        request: Request<pb::RemoveRequest>,
    ) -> Answered<pb::KnowledgeChanged> {
        let caller = caller(&request)?;
        let (id, how) = removed(request.into_inner());
        written(knowledge::remove_branch(self.state(), caller, id, how).await?.0)
    }

    async fn diff_branches(
        &self,
        request: Request<pb::DiffBranchesRequest>,
    ) -> Answered<pb::DiffBranchesResponse> {
        let caller = caller(&request)?;
        let pb::DiffBranchesRequest { id, with } = request.into_inner();
        let with = Params(knowledge::WithParams { with });
        written(knowledge::diff(self.state(), caller, Number(id), with).await?.0)
    }

    async fn merge_branch(
        &self,
        request: Request<pb::MergeBranchRequest>,
    ) -> Answered<pb::KnowledgeChanged> {
        let caller = caller(&request)?;
        let message = request.into_inner();
        let (id, how) = (Number(message.id), body(message)?);
        written(knowledge::merge_branch(self.state(), caller, id, how).await?.0)
    }

    async fn split_branch(
        &self,
        request: Request<pb::SplitBranchRequest>,
    ) -> Answered<pb::KnowledgeChanged> {
        let caller = caller(&request)?;
        let message = request.into_inner();
        let (id, how) = (Number(message.id), body(message)?);
        written(branches::split(self.state(), caller, id, how).await?.1.0)
    }

    async fn consolidate_branch(
        &self,
        request: Request<pb::ConsolidateBranchRequest>,
    ) -> Answered<pb::ConsolidateBranchResponse> {
        let caller = caller(&request)?;
        let message = request.into_inner();
        let (id, how) = (Number(message.id), body(message)?);
        written(branches::consolidate(self.state(), caller, id, how).await?.0)
    }

    async fn branch_history(
        &self,
        request: Request<pb::BranchHistoryRequest>,
    ) -> Answered<pb::BranchHistoryResponse> {
        let caller = caller(&request)?;
        let message = request.into_inner();
        let (id, params) = (Number(message.id), Params(read(message)?));
        written(branches::journal(self.state(), caller, id, params).await?.0)
    }

    async fn prune_branches(
        &self,
        request: Request<pb::PruneBranchesRequest>,
    ) -> Answered<pb::PruneBranchesResponse> {
        let caller = caller(&request)?;
        let asked = JsonIfAny(Some(read(request.into_inner())?));
        written(branches::prune(self.state(), caller, asked).await?.0)
    }

    async fn item_history(
        &self,
        request: Request<pb::ItemHistoryRequest>,
    ) -> Answered<pb::KnowledgeHistory> {
        let caller = caller(&request)?;
        let params = Params(read(request.into_inner())?);
        written(branches::item_history(self.state(), caller, params).await?.0)
    }

    async fn reason(&self, request: Request<pb::ReasonRequest>) -> Answered<pb::ReasonResponse> {
        let caller = caller(&request)?;
        let asked = Json(read(request.into_inner())?);
        written(reason::reason(self.state(), caller, asked).await?.0)
    }

    async fn allocate(
        &self,
        request: Request<pb::AllocateRequest>,
    ) -> Answered<pb::AllocateResponse> {
        let caller = caller(&request)?;
        let memory = request.into_inner().memory;
        let memory = memory.ok_or_else(|| RequestError::bad("memory: expected one"))?;
        written(memories::allocate(self.state(), caller, Json(read(memory)?)).await?.0)
    }
}

/// Who asks for something by its number.
fn numbered(
    request: &Request<pb::ItemNumber>,
) -> Result<(crate::security::Caller, Number), Status> {
    Ok((caller(request)?, Number(request.get_ref().id)))
}

/// What goes, and how.
fn removed(message: pb::RemoveRequest) -> (Number, Params<knowledge::EraseParams>) {
    let pb::RemoveRequest { id, erase, branch } = message;
    (Number(id), Params(knowledge::EraseParams { erase, branch }))
}
