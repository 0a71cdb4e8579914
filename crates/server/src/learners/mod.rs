//! The learners of tenants: taught while they serve, opened when they are first asked for, closed
//! when they are idle.
//!
//! A tenant's learners are reached by the tenant of the caller's credential alone. What a learner
//! was taught is durable when it is acknowledged (`kept`); servers that share a store see what
//! the others taught. What is begun is finished, even where the caller has gone.

mod kept;

use std::sync::Arc;
use std::time::Duration;

use learner::{Learned, Learner, LearnerError, Prediction, Spec};
use observe::Metrics;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use store::{Collection, Expect, Range, Store, StoreError, Tenant, TenantId, Write};
use tokio::sync::Semaphore;

use crate::error::RequestError;
use crate::open::{Held, Open};
use crate::record::LearnerSignals;
use crate::request::{Server, now_ms};
use crate::security::Caller;
use crate::wire::learner::{LearnerSpec, PredictRequest, TeachRequest};
use kept::Kept;

/// Learners of a tenant.
pub(crate) const MAX_LEARNERS: usize = 32;
/// Learners in the process at once.
const MAX_OPEN: usize = 64;
/// Bytes of a request to learn, as it is kept.
const MAX_REQUEST_BYTES: usize = 8 << 20;
/// How often something is done again because another server was faster.
const MAX_TRIES: usize = 4;
/// Time from one look at what is idle to the next.
const EVERY: Duration = Duration::from_secs(60);

const ABOUT: Collection = Collection::new("learners");
const SAVES: Collection = Collection::new("learner-saves");

/// The learners of tenants.
pub(crate) struct Learners {
    open: Open<Live>,
    /// Learners that compute at once.
    computing: Semaphore,
    store: Store,
    pub(crate) signals: LearnerSignals,
}

/// A learner in the process.
pub(crate) struct Live {
    pub(crate) about: About,
    pub(crate) learner: Learner,
    channels: Vec<usize>,
    kept: Kept,
}

/// What a learner is, as it is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct About {
    pub(crate) id: String,
    pub(crate) spec: LearnerSpec,
    pub(crate) learning: bool,
    pub(crate) created_ms: u64,
    pub(crate) saved_ms: Option<u64>,
}

/// What is done to a learner beside teaching it.
#[derive(Clone, Copy)]
pub(crate) enum Change {
    /// Takes the last request to learn back.
    Undo,
    /// Takes back all that was ever learned.
    Forget,
    /// Saves what was learned, to be loaded again.
    Save,
    /// Takes it back to what was saved.
    Load,
    /// Turns learning on or off.
    Learning(bool),
}

impl Live {
    /// Requests that can be taken back.
    pub(crate) fn undoable(&self) -> u64 {
        self.kept.undoable()
    }

    /// What its kind is called.
    pub(crate) fn kind(&self) -> &'static str {
        self.about.spec.read().map_or("", |spec| spec.kind())
    }

    /// What is written for a change.
    fn changed(&self, change: Change, saved: Option<Vec<u8>>) -> Result<Vec<Write>, RequestError> {
        let id = &self.about.id;
        let none = |why: &str| RequestError::Conflict(format!("learner {id}: {why}"));
        match change {
            Change::Undo => {
                let nothing = "nothing was taught that could be taken back";
                self.kept.undo()?.ok_or_else(|| none(nothing))
            }
            Change::Forget => self.kept.replace(None),
            Change::Load => {
                self.kept.replace(Some(saved.ok_or_else(|| none("it was never saved"))?))
            }
            Change::Save => {
                let about = About { saved_ms: Some(now_ms()), ..self.about.clone() };
                let (key, value) = (id.clone(), self.learner.save());
                let saved = Write::Put { collection: SAVES, key, value, expect: Expect::Any };
                Ok(vec![saved, describe(&about, Expect::Any)?, self.kept.head_after()?])
            }
            Change::Learning(learning) => {
                let about = About { learning, ..self.about.clone() };
                Ok(vec![describe(&about, Expect::Any)?, self.kept.head_after()?])
            }
        }
    }
}

impl Learners {
    pub(crate) fn new(store: &Store, metrics: &Arc<Metrics>) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            open: Open::new("learners in the process", MAX_OPEN),
            computing: Semaphore::new(cores),
            store: store.clone(),
            signals: LearnerSignals::of(metrics),
        }
    }

    fn tenant(&self, caller: &Caller) -> Tenant {
        self.store.tenant(&caller.tenant)
    }

    /// Makes a learner.
    ///
    /// # Errors
    /// [`RequestError::Bad`], [`RequestError::Conflict`] where the name is taken,
    /// [`RequestError::Full`].
    pub(crate) async fn create(
        &self,
        caller: &Caller,
        mut spec: LearnerSpec,
    ) -> Result<About, RequestError> {
        let id = spec.id.take().map_or_else(crate::http::random_id, Ok)?;
        TenantId::parse(&id).map_err(|_| {
            RequestError::bad(format!("id: {id:?}, expected 1 to 64 of a-z, 0-9, - and _"))
        })?;
        let random = u64::from_le_bytes(std::array::from_fn(|k| crate::http::random_bytes()[k]));
        // What JSON holds exactly, wherever it is read.
        spec.seed.get_or_insert(random >> 11);
        let made = spec.read()?;
        let learning = spec.learning.take().unwrap_or(true);
        let spec = spec.told(&made);
        self.compute(move || Learner::new(&made).map(drop)).await??;
        let about = About { id, spec, learning, created_ms: now_ms(), saved_ms: None };
        let tenant = self.tenant(caller);
        if tenant.usage(ABOUT).await?.records >= MAX_LEARNERS as u64 {
            return Err(RequestError::Full { what: "learners of a tenant", limit: MAX_LEARNERS });
        }
        let writes = vec![describe(&about, Expect::Absent)?, kept::beginning(&about.id, random)?];
        match tenant.commit(writes).await {
            Ok(_) => Ok(about),
            Err(StoreError::Conflict { .. }) => {
                Err(RequestError::Conflict(format!("learner {} is there already", about.id)))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The learners of a tenant, in the order of their names.
    pub(crate) async fn list(&self, caller: &Caller) -> Result<Vec<About>, RequestError> {
        let page = self.tenant(caller).scan(ABOUT, Range::default()).await?;
        page.records.iter().map(|record| read(&record.value)).collect()
    }

    /// A learner, to be worked with alone, as it stands in the store.
    ///
    /// # Errors
    /// [`RequestError::NotFound`], [`RequestError::Full`].
    pub(crate) async fn of(&self, caller: &Caller, id: &str) -> Result<Held<Live>, RequestError> {
        // A name that no learner can have is no key of the store either.
        TenantId::parse(id).map_err(|_| unknown(id))?;
        let (tenant, key) = (self.tenant(caller), (caller.tenant.clone(), id.to_owned()));
        for _ in 0..MAX_TRIES {
            let held = self.open.get(&key, || self.opened(&tenant, id), |_| true);
            let held = held.await?;
            self.signals.active.set(self.open.len() as f64);
            if held.kept.is_current(&tenant).await? {
                return Ok(held);
            }
            self.open.discard(held);
        }
        Err(busy(id))
    }

    async fn opened(&self, tenant: &Tenant, id: &str) -> Result<Live, RequestError> {
        let found = Kept::read(tenant, id).await?;
        let about = tenant.get(ABOUT, id).await?;
        let (Some(found), Some(about)) = (found, about) else { return Err(unknown(id)) };
        let about: About = read(&about.value)?;
        let spec = about.spec.read()?;
        self.compute(move || opened(about, &spec, found)).await?
    }

    /// Computes where nothing else waits.
    async fn compute<T: Send + 'static>(
        &self,
        doing: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, RequestError> {
        let _permit = self.computing.acquire().await.map_err(|_| RequestError::Failed)?;
        tokio::task::spawn_blocking(doing).await.map_err(|_| RequestError::Failed)
    }

    /// Teaches a learner; it is durable when this returns.
    ///
    /// # Errors
    /// [`RequestError::Bad`] for samples that do not fit: nothing has been learned then.
    /// [`RequestError::Conflict`] where learning is off.
    pub(crate) async fn teach(
        &self,
        caller: &Caller,
        id: &str,
        request: &TeachRequest,
    ) -> Result<(Learned, &'static str, u64), RequestError> {
        let kept = serde_json::to_vec(request).map_err(|_| RequestError::Failed)?;
        if kept.len() > MAX_REQUEST_BYTES {
            return Err(RequestError::TooLarge { limit: MAX_REQUEST_BYTES });
        }
        for _ in 0..MAX_TRIES {
            let held = self.of(caller, id).await?;
            if !held.about.learning {
                return Err(RequestError::Conflict(format!("learner {id}: its learning is off")));
            }
            let samples = request.read(&held.channels)?;
            let teaching = move |live: &mut Live| live.learner.learn(&samples);
            let (mut held, done) = self.with(held, teaching).await?;
            let learned = match done {
                Ok(learned) => learned,
                Err(LearnerError::Half { .. }) => {
                    self.open.discard(held);
                    return Err(RequestError::Failed);
                }
                Err(error) => return Err(error.into()),
            };
            let Live { kept: log, learner, .. } = &mut *held;
            let writes = log.append(kept.clone(), learned.work, || learner.save());
            let (kind, undoable) = (held.kind(), held.undoable());
            if self.committed(caller, held, writes).await? {
                return Ok((learned, kind, undoable));
            }
        }
        Err(busy(id))
    }

    /// Computes with a learner that is held.
    async fn with<T: Send + 'static>(
        &self,
        mut held: Held<Live>,
        doing: impl FnOnce(&mut Live) -> T + Send + 'static,
    ) -> Result<(Held<Live>, T), RequestError> {
        self.compute(move || {
            let done = doing(&mut held);
            (held, done)
        })
        .await
    }

    /// Writes what was done; false where another server was faster, and it is to be done again. A
    /// learner that is not as it is kept is closed.
    async fn committed(
        &self,
        caller: &Caller,
        mut held: Held<Live>,
        writes: Result<Vec<Write>, RequestError>,
    ) -> Result<bool, RequestError> {
        let bytes = |writes: &[Write]| writes.iter().map(bytes_of).sum::<usize>();
        let writing = async {
            let writes = writes?;
            self.signals.written(bytes(&writes));
            match self.tenant(caller).commit(writes).await {
                Ok(_) => Ok(true),
                Err(StoreError::Conflict { .. }) => Ok(false),
                Err(error) => Err(error.into()),
            }
        };
        let done: Result<bool, RequestError> = writing.await;
        if matches!(done, Ok(true)) {
            held.kept.written();
        } else {
            self.open.discard(held);
        }
        done
    }

    /// What inputs are; nothing is learned.
    ///
    /// # Errors
    /// [`RequestError::Bad`] for inputs that do not fit.
    pub(crate) async fn predict(
        &self,
        caller: &Caller,
        id: &str,
        request: PredictRequest,
    ) -> Result<(Vec<Prediction>, &'static str), RequestError> {
        let held = self.of(caller, id).await?;
        let inputs = request.read(&held.channels)?;
        let predicting = move |live: &mut Live| live.learner.predict(&inputs);
        let (held, done) = self.with(held, predicting).await?;
        Ok((done?, held.kind()))
    }

    /// Changes what is kept of a learner by other means than teaching; it is opened anew.
    ///
    /// # Errors
    /// [`RequestError::Conflict`] where there is nothing to take back, or nothing was saved.
    pub(crate) async fn change(
        &self,
        caller: &Caller,
        id: &str,
        change: Change,
    ) -> Result<Held<Live>, RequestError> {
        let tenant = self.tenant(caller);
        for _ in 0..MAX_TRIES {
            let saved = match change {
                Change::Load => tenant.get(SAVES, id).await?.map(|record| record.value),
                _ => None,
            };
            let held = self.of(caller, id).await?;
            let writes = held.changed(change, saved)?;
            self.signals.written(writes.iter().map(bytes_of).sum());
            let done = tenant.commit(writes).await;
            self.open.discard(held);
            match done {
                Ok(_) => return self.of(caller, id).await,
                Err(StoreError::Conflict { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(busy(id))
    }

    /// Deletes a learner for good.
    pub(crate) async fn delete(&self, caller: &Caller, id: &str) -> Result<(), RequestError> {
        let held = self.of(caller, id).await?;
        let mut writes = held.kept.gone();
        let gone = |collection| Write::Delete { collection, key: id.into(), expect: Expect::Any };
        writes.extend([ABOUT, SAVES].map(gone));
        self.tenant(caller).commit(writes).await?;
        self.open.discard(held);
        self.signals.active.set(self.open.len() as f64);
        Ok(())
    }

    /// Closes everything of a tenant.
    pub(crate) async fn discard(&self, tenant: &TenantId) {
        self.open.discard_of(tenant).await;
        self.signals.active.set(self.open.len() as f64);
    }
}

/// The learner of a state and of what it was taught since.
fn opened(about: About, spec: &Spec, found: kept::Read) -> Result<Live, RequestError> {
    let kept::Read { mut kept, state, requests } = found;
    let learner = match state {
        Some(state) => Learner::restored(spec, &state),
        None => Learner::new(spec),
    };
    let mut learner = learner.map_err(corrupt)?;
    let channels = spec.channels();
    for (number, request) in (0..).zip(requests) {
        let request: TeachRequest = read(&request)?;
        let learned = learner.learn(&request.read(&channels)?).map_err(corrupt)?;
        kept.replayed(number, learned.work, || learner.save());
    }
    Ok(Live { about, learner, channels, kept })
}

fn describe(about: &About, expect: Expect) -> Result<Write, RequestError> {
    let value = serde_json::to_vec(about).map_err(|_| RequestError::Failed)?;
    Ok(Write::Put { collection: ABOUT, key: about.id.clone(), value, expect })
}

fn bytes_of(write: &Write) -> usize {
    match write {
        Write::Put { value, .. } | Write::Append { value, .. } => value.len(),
        Write::Delete { .. } => 0,
    }
}

fn unknown(id: &str) -> RequestError {
    RequestError::NotFound(format!("no learner {id:?}"))
}

fn busy(id: &str) -> RequestError {
    RequestError::Conflict(format!("learner {id}: other servers teach it at once, try again"))
}

fn corrupt(error: impl std::fmt::Display) -> RequestError {
    tracing::error!(%error, "what is kept of a learner cannot be read");
    RequestError::Failed
}

fn read<T: DeserializeOwned>(value: &[u8]) -> Result<T, RequestError> {
    serde_json::from_slice(value).map_err(corrupt)
}

/// Closes learners that are idle until the server stops.
pub(crate) async fn tend(server: Arc<Server>) {
    loop {
        tokio::time::sleep(EVERY).await;
        server.learners.open.close_idle(|_| true);
        server.learners.signals.active.set(server.learners.open.len() as f64);
    }
}
