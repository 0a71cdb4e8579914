//! The agents of tenants: opened when they are first asked for, kept when they have changed, closed
//! when they are idle.
//!
//! A tenant's agents are reached by the tenant of the caller's credential alone. An agent lives in
//! one server at a time: servers that share a store each keep what their own callers taught it.

mod overrides;
mod requests;

use std::sync::Arc;
use std::time::Duration;

pub(crate) use requests::Vaulted;

use agent::{Agent, AgentError, ByModel, Columns, Policy};
use observe::Metrics;
use serde::{Deserialize, Serialize};
use store::{Collection, Expect, Range, Store, StoreError, Tenant, TenantId, Write};
use tokio::sync::Semaphore;

use crate::error::RequestError;
use crate::open::{Held, Open};
use crate::record::AgentSignals;
use crate::repository::Repository;
use crate::request::{Server, now_ms};
use crate::security::Caller;
use crate::wire::agent::{AgentSpec, PolicyKind};

/// Agents of a tenant.
pub(crate) const MAX_AGENTS: usize = 64;
/// Agents in the process at once.
const MAX_OPEN: usize = 256;
/// Bytes of a state that is kept before what was learned is acknowledged. What a larger agent learns
/// between one look at what has changed and the next is lost where the machine stops without warning.
const MAX_KEPT_AT_ONCE: usize = 64 << 10;
/// Time from one look at what has changed to the next.
const EVERY: Duration = Duration::from_secs(5);

const ABOUT: Collection = Collection::new("agents");
const STATES: Collection = Collection::new("agent-states");
const SAVES: Collection = Collection::new("agent-saves");

/// The agents of tenants.
pub(crate) struct Agents {
    open: Open<Live>,
    lifted: overrides::Known,
    /// Turns of those who make learning requests.
    requesting: tokio::sync::Mutex<()>,
    /// Networks that are stepped at once.
    stepping: Semaphore,
    store: Store,
    pub(crate) signals: AgentSignals,
}

/// An agent in the process.
pub(crate) struct Live {
    pub(crate) about: About,
    pub(crate) agent: Agent,
    /// Whether it has changed since it was kept.
    changed: bool,
    /// Bytes of its state when it was last kept.
    bytes: usize,
}

/// What an agent is, as it is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct About {
    pub(crate) id: String,
    pub(crate) spec: AgentSpec,
    /// The version and the digest of the model that it is of.
    pub(crate) model: Option<(u32, String)>,
    pub(crate) seed: u64,
    pub(crate) created_ms: u64,
    pub(crate) saved_ms: Option<u64>,
}

impl Agents {
    pub(crate) fn new(store: &Store, metrics: &Arc<Metrics>) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            open: Open::new("agents in the process", MAX_OPEN),
            lifted: overrides::Known::default(),
            requesting: tokio::sync::Mutex::default(),
            stepping: Semaphore::new(cores),
            store: store.clone(),
            signals: AgentSignals::of(metrics),
        }
    }

    fn tenant(&self, tenant: &TenantId) -> Tenant {
        self.store.tenant(tenant)
    }

    /// Makes an agent.
    ///
    /// # Errors
    /// [`RequestError::Bad`], [`RequestError::Conflict`] where the name is taken,
    /// [`RequestError::Full`].
    pub(crate) async fn create(
        &self,
        caller: &Caller,
        repository: &Repository,
        mut spec: AgentSpec,
    ) -> Result<About, RequestError> {
        let id = spec.id.take().map_or_else(crate::http::random_id, Ok)?;
        TenantId::parse(&id).map_err(|_| {
            RequestError::bad(format!("id: {id:?}, expected 1 to 64 of a-z, 0-9, - and _"))
        })?;
        let random = u64::from_le_bytes(std::array::from_fn(|k| crate::http::random_bytes()[k]));
        let seed = spec.seed.take().unwrap_or(random >> 11);
        let model = model_of(caller, repository, &spec)?;
        let about = About { id, spec, model, seed, created_ms: now_ms(), saved_ms: None };
        let state = made(&about, repository)?.save()?;
        let tenant = self.tenant(&caller.tenant);
        if tenant.usage(ABOUT).await?.records >= MAX_AGENTS as u64 {
            return Err(RequestError::Full { what: "agents of a tenant", limit: MAX_AGENTS });
        }
        let put = |collection, value, expect| Write::Put {
            collection,
            key: about.id.clone(),
            value,
            expect,
        };
        let described = serde_json::to_vec(&about).map_err(|_| RequestError::Failed)?;
        let writes = vec![put(ABOUT, described, Expect::Absent), put(STATES, state, Expect::Any)];
        match tenant.commit(writes).await {
            Ok(_) => Ok(about),
            Err(StoreError::Conflict { .. }) => {
                Err(RequestError::Conflict(format!("agent {} is there already", about.id)))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The agents of a tenant, in the order of their names.
    pub(crate) async fn list(&self, caller: &Caller) -> Result<Vec<About>, RequestError> {
        let page = self.tenant(&caller.tenant).scan(ABOUT, Range::default()).await?;
        page.records.iter().map(|record| read(&record.value)).collect()
    }

    /// An agent, to be worked with alone.
    ///
    /// # Errors
    /// [`RequestError::NotFound`], [`RequestError::Full`], [`RequestError::Conflict`] where its
    /// model is another one by now.
    pub(crate) async fn of(
        &self,
        caller: &Caller,
        repository: &Repository,
        id: &str,
    ) -> Result<Held<Live>, RequestError> {
        let key = (caller.tenant.clone(), id.to_owned());
        let opening = || self.opened(&caller.tenant, repository, id);
        let held = self.open.get(&key, opening, Live::is_kept).await?;
        self.signals.active.set(self.open.len() as f64);
        if let Some(model) = &held.about.spec.policy.model {
            caller.uses(model)?;
        }
        Ok(held)
    }

    async fn opened(
        &self,
        tenant: &TenantId,
        repository: &Repository,
        id: &str,
    ) -> Result<Live, RequestError> {
        // A name that no agent can have is no key of the store either.
        TenantId::parse(id).map_err(|_| unknown(id))?;
        let tenant = self.tenant(tenant);
        let about = tenant.get(ABOUT, id).await?.ok_or_else(|| unknown(id))?;
        let about: About = read(&about.value)?;
        let (mut agent, mut bytes) = (made(&about, repository)?, 0);
        if let Some(state) = tenant.get(STATES, id).await? {
            agent.load(&state.value).map_err(corrupt)?;
            bytes = state.value.len();
        }
        Ok(Live { about, agent, changed: false, bytes })
    }

    /// Works with an agent; one that steps a network does it where nothing else waits.
    pub(crate) async fn work<T: Send + 'static>(
        &self,
        mut held: Held<Live>,
        doing: impl FnOnce(&mut Live) -> T + Send + 'static,
    ) -> Result<(Held<Live>, T), RequestError> {
        if held.about.spec.policy.kind == PolicyKind::Columns {
            let done = doing(&mut held);
            return Ok((held, done));
        }
        let _permit = self.stepping.acquire().await.map_err(|_| RequestError::Failed)?;
        let done = tokio::task::spawn_blocking(move || {
            let done = doing(&mut held);
            (held, done)
        });
        done.await.map_err(|_| RequestError::Failed)
    }

    /// Keeps what an agent learned before it is acknowledged, where its state is small.
    ///
    /// # Errors
    /// Those of the store: the agent is as it was when it was last kept.
    pub(crate) async fn keep_at_once(&self, mut held: Held<Live>) -> Result<(), RequestError> {
        if held.bytes > MAX_KEPT_AT_ONCE {
            return Ok(());
        }
        let (tenant, id) = (held.tenant().clone(), held.about.id.clone());
        let state = held.agent.save()?;
        let bytes = state.len();
        match self.kept(&tenant, (&id, state)).await {
            Ok(()) => {
                (held.changed, held.bytes) = (false, bytes);
                Ok(())
            }
            Err(error) => {
                self.open.discard(held);
                Err(error)
            }
        }
    }

    /// Saves an agent, to be loaded again.
    pub(crate) async fn save(
        &self,
        caller: &Caller,
        mut held: Held<Live>,
    ) -> Result<About, RequestError> {
        let state = held.agent.save()?;
        let mut about = held.about.clone();
        about.saved_ms = Some(now_ms());
        let key = || about.id.clone();
        let any = Expect::Any;
        let described = serde_json::to_vec(&about).map_err(|_| RequestError::Failed)?;
        self.signals.kept(2 * state.len());
        let writes = vec![
            Write::Put { collection: SAVES, key: key(), value: state.clone(), expect: any },
            Write::Put { collection: STATES, key: key(), value: state, expect: any },
            Write::Put { collection: ABOUT, key: key(), value: described, expect: any },
        ];
        self.tenant(&caller.tenant).commit(writes).await?;
        held.about = about.clone();
        held.changed = false;
        Ok(about)
    }

    /// Takes an agent back to what was saved.
    pub(crate) async fn load(
        &self,
        caller: &Caller,
        mut held: Held<Live>,
    ) -> Result<Held<Live>, RequestError> {
        let id = held.about.id.clone();
        let saved = self.tenant(&caller.tenant).get(SAVES, &id).await?;
        let saved =
            saved.ok_or_else(|| RequestError::Conflict(format!("agent {id} was never saved")))?;
        held.agent.load(&saved.value).map_err(corrupt)?;
        held.changed = true;
        Ok(held)
    }

    /// Deletes an agent for good.
    pub(crate) async fn delete(
        &self,
        caller: &Caller,
        held: Held<Live>,
    ) -> Result<(), RequestError> {
        let id = held.about.id.clone();
        let gone = |collection| Write::Delete { collection, key: id.clone(), expect: Expect::Any };
        let writes = [ABOUT, STATES, SAVES].map(gone).to_vec();
        self.tenant(&caller.tenant).commit(writes).await?;
        self.open.discard(held);
        self.signals.active.set(self.open.len() as f64);
        Ok(())
    }

    /// Closes everything of a tenant, unkept.
    pub(crate) async fn discard(&self, tenant: &TenantId) {
        self.open.discard_of(tenant).await;
        self.lifted.forget(tenant);
        self.signals.active.set(self.open.len() as f64);
    }

    /// Keeps every agent that has changed, and shows what personas are like.
    pub(crate) async fn keep(&self) {
        let mut personas = Vec::new();
        for mut live in self.open.each().await {
            personas.push(live.agent.persona().clone());
            if live.changed {
                let (id, state) = (live.about.id.clone(), live.agent.save());
                let tenant = live.tenant().clone();
                let keeping = async {
                    let state = state?;
                    let bytes = state.len();
                    self.kept(&tenant, (&id, state)).await.map(|()| bytes)
                };
                match keeping.await {
                    Ok(bytes) => (live.changed, live.bytes) = (false, bytes),
                    Err(error) => {
                        tracing::error!(%error, agent = id, "what it learned is not kept");
                    }
                }
            }
        }
        self.signals.hold_personas(&personas);
    }

    async fn kept(
        &self,
        tenant: &TenantId,
        (id, state): (&str, Vec<u8>),
    ) -> Result<(), RequestError> {
        self.tenant(tenant).put(STATES, id, &state).await?;
        self.signals.kept(state.len());
        Ok(())
    }

    fn close_idle(&self) {
        self.open.close_idle(Live::is_kept);
        self.signals.active.set(self.open.len() as f64);
    }
}

impl Live {
    /// It has to be kept.
    pub(crate) fn changed(&mut self) {
        self.changed = true;
    }

    /// Whether nothing of it would be lost.
    fn is_kept(&self) -> bool {
        !self.changed
    }
}

/// The model that an agent is of, where it is of one.
fn model_of(
    caller: &Caller,
    repository: &Repository,
    spec: &AgentSpec,
) -> Result<Option<(u32, String)>, RequestError> {
    let Some(name) = &spec.policy.model else { return Ok(None) };
    caller.uses(name)?;
    let model = repository.choose(name, spec.policy.version.as_deref())?.served;
    Ok(Some((model.model.version, model.model.sha256.clone())))
}

/// An agent that has learned nothing.
fn made(about: &About, repository: &Repository) -> Result<Agent, RequestError> {
    let spec = &about.spec;
    let policy: Box<dyn Policy + Send> = match (&spec.policy.model, &about.model) {
        (Some(name), Some((version, sha256))) => {
            let served = repository.choose(name, Some(&version.to_string()))?.served;
            if served.model.sha256 != *sha256 {
                return Err(RequestError::Conflict(format!(
                    "model {name} {version} is another one than when the agent was made"
                )));
            }
            let config = spec.policy.model_config(spec.actions.len())?;
            Box::new(ByModel::new(config, Arc::clone(&served.model.network))?)
        }
        _ => Box::new(Columns::new(spec.policy.columns_config(spec.actions.len())?)?),
    };
    let mut agent = Agent::new(policy, spec.actions.clone(), about.seed)?;
    agent.set_learning(spec.learning.unwrap_or(true));
    Ok(agent)
}

fn unknown(id: &str) -> RequestError {
    RequestError::NotFound(format!("no agent {id:?}"))
}

fn corrupt(error: AgentError) -> RequestError {
    tracing::error!(%error, "an agent's record cannot be read");
    RequestError::Failed
}

fn read<T: serde::de::DeserializeOwned>(value: &[u8]) -> Result<T, RequestError> {
    serde_json::from_slice(value).map_err(|error| {
        tracing::error!(%error, "a record of agents cannot be read");
        RequestError::Failed
    })
}

impl From<AgentError> for RequestError {
    fn from(error: AgentError) -> Self {
        match error {
            AgentError::Config(problems) => Self::Bad(problems),
            AgentError::NothingActed | AgentError::NothingToUndo | AgentError::Decided { .. } => {
                Self::Conflict(error.to_string())
            }
            AgentError::Vaulted { .. } => Self::Conflict(error.to_string()),
            AgentError::Full { what, limit } => Self::Full { what, limit },
            _ => Self::bad(error.to_string()),
        }
    }
}

/// Keeps agents until the server stops.
pub(crate) async fn tend(server: Arc<Server>) {
    loop {
        tokio::time::sleep(EVERY).await;
        server.agents.keep().await;
        server.agents.close_idle();
        server.agents.show_overrides(&server);
    }
}
