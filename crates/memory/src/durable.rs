//! A tenant's memory that lasts: planned and applied under one lock, made durable in the same
//! order, acknowledged only then.
//!
//! Many writers share one commit: a task takes whatever waits and writes it at once. Where a commit
//! fails, everything that was applied since is forgotten and the state is read anew from the store,
//! so what is held in memory never runs ahead of what lasts for longer than one commit.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard, Weak};
use std::time::Duration;

use store::{Expect, MAX_WRITES, Range, StoreError, Tenant, Write};
use tokio::sync::{mpsc, oneshot};

use crate::attention::Attention;
use crate::config::Config;
use crate::embed::Encoders;
use crate::error::MemoryError;
use crate::head::{FOLLOW, Head};
use crate::load;
use crate::quota::Quota;
use crate::record::{ALL, Change};
use crate::state::State;
use crate::tend::Touched;

/// Writes that wait for a commit; more callers wait before they plan.
pub const MAX_WAITING_WRITES: usize = 4096;
/// Writes of one commit, beside the one that says who wrote last.
const MAX_BATCH: usize = MAX_WRITES - 1;
/// How often reading the state anew is tried, a second apart, before the memory stays closed until
/// it is opened again.
pub const MAX_READS: usize = 60;

/// A tenant's memory. Clones are the same memory.
#[derive(Clone)]
pub struct Memory {
    pub(crate) shared: Arc<Shared>,
}

pub(crate) struct Shared {
    pub(crate) tenant: Tenant,
    pub(crate) config: Config,
    quota: Arc<Quota>,
    pub(crate) encoders: Encoders,
    state: RwLock<State>,
    /// The last commit that the state holds.
    head: Mutex<Head>,
    /// Whether the state is behind the store and being read anew.
    closed: AtomicBool,
    queue: mpsc::Sender<Job>,
    pub(crate) touched: Mutex<HashMap<u64, Touched>>,
    /// What conversations are about.
    pub(crate) attention: Attention,
    /// When branches were last looked at.
    pub(crate) consolidated: Mutex<Option<crate::item::Time>>,
    /// The numbers of memories that recalls brought together since the last round.
    pub(crate) together: Mutex<Vec<Vec<u64>>>,
    random: Random,
}

/// Where random bytes come from.
pub type Random = fn() -> [u8; 10];

type Done = oneshot::Sender<Result<(), MemoryError>>;

enum Job {
    Write(Put),
    Replace(Replace),
}

/// Writes of one caller, which the state has applied.
struct Put {
    writes: Vec<Write>,
    /// Whether the state could not apply them.
    broken: bool,
    done: Done,
}

/// Writes that the state has not applied, in place of all records or beside them.
struct Replace {
    erase: bool,
    writes: Vec<Write>,
    done: Done,
}

impl Memory {
    /// Opens a tenant's memory: reads its records and builds what searches.
    ///
    /// # Errors
    /// [`MemoryError::Store`] and [`MemoryError::Corrupt`].
    pub async fn open(
        tenant: Tenant,
        config: Config,
        encoders: impl Into<Encoders>,
        random: Random,
    ) -> Result<Self, MemoryError> {
        let quota = Arc::new(Quota::of(&config));
        Self::open_within(quota, tenant, config, encoders.into(), random).await
    }

    /// Opens a tenant's memory as [`Memory::open`] does, within a quota that somebody else may change
    /// while it is open and that stands in place of the configuration's.
    ///
    /// # Errors
    /// As [`Memory::open`].
    pub async fn open_within(
        quota: Arc<Quota>,
        tenant: Tenant,
        config: Config,
        encoders: Encoders,
        random: Random,
    ) -> Result<Self, MemoryError> {
        let (state, head) = load::read(&tenant, (&config, &quota), &encoders.built_in).await?;
        let (queue, jobs) = mpsc::channel(MAX_WAITING_WRITES);
        let shared = Arc::new(Shared {
            tenant,
            config,
            quota,
            encoders,
            state: RwLock::new(state),
            head: Mutex::new(head),
            closed: AtomicBool::new(false),
            queue,
            touched: Mutex::default(),
            attention: Attention::default(),
            consolidated: Mutex::default(),
            together: Mutex::default(),
            random,
        });
        tokio::spawn(work(Arc::downgrade(&shared), jobs, shared.follow()));
        Ok(Self { shared })
    }

    /// The state to read, unless it is being read anew.
    pub(crate) fn read(&self) -> Result<RwLockReadGuard<'_, State>, MemoryError> {
        if self.shared.closed.load(Ordering::Acquire) {
            return Err(MemoryError::Closed);
        }
        Ok(self.shared.state.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Plans, applies and makes durable; `plan` sees the state alone.
    pub(crate) async fn write<T>(
        &self,
        plan: impl FnOnce(&State) -> Result<(Vec<Change>, T), MemoryError>,
    ) -> Result<(T, Vec<column::Allocation>), MemoryError> {
        let shared = &self.shared;
        let room = shared.queue.reserve().await.map_err(|_| MemoryError::Closed)?;
        let (done, durable) = oneshot::channel();
        let (outcome, allocations) = {
            let mut state = shared.state_mut();
            if shared.closed.load(Ordering::Acquire) {
                return Err(MemoryError::Closed);
            }
            let (changes, outcome) = plan(&state)?;
            let writes = writes(&state, &changes)?;
            let applied = changes.iter().map(|change| state.apply(change)).collect();
            let applied: Result<Vec<_>, MemoryError> = applied;
            // A plan that cannot be applied is a bug: what is held is not believed any more.
            let broken = applied.is_err();
            room.send(Job::Write(Put { writes, broken, done }));
            (outcome, applied?.into_iter().flatten().collect())
        };
        durable.await.map_err(|_| MemoryError::Closed)??;
        Ok((outcome, allocations))
    }

    /// How it behaves.
    pub fn config(&self) -> &Config {
        &self.shared.config
    }

    /// How much it may keep.
    pub fn quota(&self) -> &Quota {
        &self.shared.quota
    }

    /// Whether nobody else holds it.
    pub fn is_idle(&self) -> bool {
        Arc::strong_count(&self.shared) == 1
    }

    /// A new name.
    pub(crate) fn name(&self, now: crate::item::Time) -> crate::item::Id {
        crate::item::Id::new(now, &(self.shared.random)())
    }

    /// Removes everything, for good.
    ///
    /// # Errors
    /// [`MemoryError::Store`].
    pub async fn erase_all(&self) -> Result<(), MemoryError> {
        self.replace(true, Vec::new()).await
    }

    /// Writes records past the state, alone, and reads the state anew.
    pub(crate) async fn replace(&self, erase: bool, writes: Vec<Write>) -> Result<(), MemoryError> {
        let (done, durable) = oneshot::channel();
        let job = Job::Replace(Replace { erase, writes, done });
        self.shared.queue.send(job).await.map_err(|_| MemoryError::Closed)?;
        durable.await.map_err(|_| MemoryError::Closed)?
    }
}

impl Shared {
    fn state_mut(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What changes write, each memory's record on top of the version that is there.
fn writes(state: &State, changes: &[Change]) -> Result<Vec<Write>, MemoryError> {
    let mut writes = Vec::with_capacity(changes.len() * 2);
    let mut put: HashMap<crate::item::Id, u64> = HashMap::new();
    for change in changes {
        let expect = match change {
            Change::Item(item, _) => expected(state, item.id, &mut put),
            Change::Erase(id, _) => expected(state, *id, &mut put),
            _ => Expect::Any,
        };
        writes.extend(change.writes(expect)?);
    }
    if writes.len() > MAX_BATCH {
        let (what, unit) = ("change", "writes");
        let (found, limit) = (writes.len(), MAX_BATCH);
        return Err(crate::error::TooLarge { what, unit, found, limit }.into());
    }
    Ok(writes)
}

fn expected(state: &State, id: crate::item::Id, put: &mut HashMap<crate::item::Id, u64>) -> Expect {
    let there = || state.slot(id).map_or(0, |slot| state.records[slot as usize]);
    let version = put.entry(id).or_insert_with(there);
    let expect = if *version == 0 { Expect::Absent } else { Expect::Version(*version) };
    *version += 1;
    expect
}

/// Writes what waits, in order, until the memory is dropped; where nothing does, looks now and then
/// whether another server wrote.
async fn work(shared: Weak<Shared>, mut jobs: mpsc::Receiver<Job>, follow: Option<Duration>) {
    let mut held = VecDeque::new();
    loop {
        let first = match (held.pop_front(), follow) {
            (Some(job), _) => Some(job),
            (None, None) => jobs.recv().await,
            (None, Some(every)) => match tokio::time::timeout(every, jobs.recv()).await {
                Ok(job) => job,
                Err(_) => {
                    let Some(shared) = shared.upgrade() else { return };
                    if shared.is_behind().await {
                        fail(&shared, &mut held, &mut jobs, || MemoryError::Closed).await;
                    }
                    continue;
                }
            },
        };
        let (Some(first), Some(shared)) = (first, shared.upgrade()) else { return };
        match first {
            Job::Write(first) => {
                let batch = batch(first, &mut held, &mut jobs);
                if let Err(error) = commit(&shared, batch).await {
                    fail(&shared, &mut held, &mut jobs, || error.clone().into()).await;
                }
            }
            Job::Replace(replace) => shared.replaced(replace, &mut held, &mut jobs).await,
        }
    }
}

/// As many writes as fit into one commit; the job that does not is held.
fn batch(first: Put, held: &mut VecDeque<Job>, jobs: &mut mpsc::Receiver<Job>) -> Vec<Put> {
    let mut n = first.writes.len();
    let mut batch = vec![first];
    while let Some(job) = held.pop_front().or_else(|| jobs.try_recv().ok()) {
        match job {
            Job::Write(put) if n + put.writes.len() <= MAX_BATCH => {
                n += put.writes.len();
                batch.push(put);
            }
            other => {
                held.push_front(other);
                break;
            }
        }
    }
    batch
}

/// Makes a batch durable and tells everybody who waits; where it fails the memory is closed first, so
/// that nobody who was told reads what was not written.
async fn commit(shared: &Shared, batch: Vec<Put>) -> Result<(), StoreError> {
    let broken = batch.iter().any(|put| put.broken);
    let (writes, waiting): (Vec<_>, Vec<_>) = batch.into_iter().map(|p| (p.writes, p.done)).unzip();
    let committed = match broken {
        true => Err(StoreError::Refused { reason: "a plan could not be applied".into() }),
        false => shared.written(writes.concat()).await,
    };
    if committed.is_err() {
        shared.close();
    }
    for done in waiting {
        let _ = done.send(committed.clone().map_err(MemoryError::from));
    }
    committed
}

/// Tells everybody who waits why nothing was written, and reads the state anew.
async fn fail(
    shared: &Shared,
    held: &mut VecDeque<Job>,
    jobs: &mut mpsc::Receiver<Job>,
    error: impl Fn() -> MemoryError,
) {
    shared.close();
    while let Some(job) = held.pop_front().or_else(|| jobs.try_recv().ok()) {
        let done = match job {
            Job::Write(put) => put.done,
            Job::Replace(replace) => replace.done,
        };
        let _ = done.send(Err(error()));
    }
    shared.reread().await;
}

impl Shared {
    /// How often to look whether another server wrote.
    fn follow(&self) -> Option<Duration> {
        let shared = self.tenant.is_shared().then_some(FOLLOW);
        self.config.follow_ms.map(Duration::from_millis).or(shared)
    }

    /// Whether the store holds a commit that the state does not; not known while it does not answer.
    async fn is_behind(&self) -> bool {
        let known = self.head.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Head::read(&self.tenant).await.is_ok_and(|head| head != known)
    }

    /// Makes writes durable, if nobody else wrote since the last.
    async fn written(&self, mut writes: Vec<Write>) -> Result<(), StoreError> {
        let mark = (self.random)();
        writes.push(self.head.lock().unwrap_or_else(PoisonError::into_inner).next(&mark));
        let written = self.tenant.commit(writes).await?;
        let head = Head::of(written.last(), &mark);
        *self.head.lock().unwrap_or_else(PoisonError::into_inner) = head;
        Ok(())
    }

    /// Lets nobody in any more; whoever was in has sent its job when this returns.
    fn close(&self) {
        self.closed.store(true, Ordering::Release);
        drop(self.state_mut());
    }

    /// Reads the state anew from the store and opens the memory again.
    async fn reread(&self) {
        for _ in 0..MAX_READS {
            let limits = (&self.config, &self.quota);
            match load::read(&self.tenant, limits, &self.encoders.built_in).await {
                Ok((state, head)) => {
                    *self.state_mut() = state;
                    *self.head.lock().unwrap_or_else(PoisonError::into_inner) = head;
                    self.touched.lock().unwrap_or_else(PoisonError::into_inner).clear();
                    self.together.lock().unwrap_or_else(PoisonError::into_inner).clear();
                    self.closed.store(false, Ordering::Release);
                    return;
                }
                Err(error) => {
                    tracing::error!(target: "striatum", %error, "a memory cannot be read anew");
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
            }
        }
    }

    /// Does what must be done alone: nobody is let in, and what waits is written first.
    async fn replaced(
        &self,
        replace: Replace,
        held: &mut VecDeque<Job>,
        jobs: &mut mpsc::Receiver<Job>,
    ) {
        self.close();
        let mut later = VecDeque::new();
        while let Some(job) = held.pop_front().or_else(|| jobs.try_recv().ok()) {
            match job {
                Job::Write(put) => drop(commit(self, vec![put]).await),
                other => later.push_back(other),
            }
        }
        *held = later;
        let done = self.write_alone(replace.erase, replace.writes).await;
        self.reread().await;
        let _ = replace.done.send(done);
    }

    async fn write_alone(&self, erase: bool, writes: Vec<Write>) -> Result<(), MemoryError> {
        if erase {
            self.erase_records().await?;
        }
        for batch in writes.chunks(MAX_BATCH) {
            self.written(batch.to_vec()).await?;
        }
        Ok(())
    }

    async fn erase_records(&self) -> Result<(), MemoryError> {
        for collection in ALL {
            loop {
                let page = self.tenant.scan(collection, Range::default()).await?;
                let delete = |r: store::Record| Write::Delete {
                    collection,
                    key: r.key,
                    expect: Expect::Any,
                };
                let writes: Vec<_> = page.records.into_iter().map(delete).collect();
                if writes.is_empty() {
                    break;
                }
                self.tenant.commit(writes).await?;
                self.written(Vec::new()).await?;
            }
        }
        Ok(())
    }
}
