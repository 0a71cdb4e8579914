//! Experiments: named runs of versions of a model over a data set that lies beside it, one run for
//! each version and seed. Results are kept after every run, so that an experiment goes on where it
//! stood when the server is started again; whoever watches is told of every piece of progress.
//!
//! A data set is `MODEL/NAME.npz` in the model repository, with the arrays `images` (or `inputs`)
//! and `labels`.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::{Collection, Expect, Range, Store, StoreError, TenantId};
use tokio::sync::watch;

use crate::dead_letters::DeadLetter;
use crate::error::RequestError;
use crate::repository::{Served, is_name};
use crate::request::{Server, now_ms};
use crate::wire::{Batch, Sequence};
use crate::workers::Task;

const KEPT: Collection = Collection::new("experiments");

/// Experiments that a tenant may keep, and run at once.
const MAX_KEPT: u64 = 1000;
const MAX_RUNNING: usize = 4;

/// Runs of one experiment: versions times seeds.
const MAX_RUNS: usize = 100;

/// Sequences that a worker is given at once: little enough to let requests in between.
const PIECE: usize = 16;

/// The largest data set (bytes).
const MAX_DATA_BYTES: u64 = 256 << 20;

/// Time between two tries while the server is busy.
const BUSY_PAUSE: std::time::Duration = std::time::Duration::from_millis(20);

/// What is to be run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExperimentSpec {
    /// What people call it.
    #[schemars(length(min = 1, max = 128))]
    pub(crate) name: String,
    /// The model.
    pub(crate) model: String,
    /// Its versions; the stable one where none is named.
    #[serde(default)]
    pub(crate) versions: Vec<u32>,
    /// The data set: `NAME` of `MODEL/NAME.npz` in the model repository.
    pub(crate) data: String,
    /// Seeds of codes that draw at random; 0 where none is named.
    #[serde(default)]
    pub(crate) seeds: Vec<u64>,
    /// Sequences of the data set that are run, the first so many; all where it is not said.
    #[serde(default)]
    pub(crate) limit: Option<usize>,
}

/// An experiment and what it gave.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Experiment {
    /// Its name for the server.
    pub(crate) id: String,
    /// What is run.
    #[serde(flatten)]
    pub(crate) spec: ExperimentSpec,
    /// Where it stands.
    pub(crate) status: Status,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<String>,
    /// When it was asked for (milliseconds since 1970).
    pub(crate) created_ms: u64,
    /// Sequences that have been run, and that are to be run.
    pub(crate) done: usize,
    /// Sequences that are to be run.
    pub(crate) total: usize,
    /// What each run gave, in the order of versions, then seeds.
    pub(crate) runs: Vec<Run>,
    /// Times that it was tried before, from its dead letters.
    #[serde(default)]
    pub(crate) tried: u32,
    /// When it was first tried (milliseconds since 1970).
    #[serde(default)]
    pub(crate) first_ms: u64,
    /// The trace that it was asked for in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) trace_id: Option<String>,
}

/// How an experiment was asked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asked {
    /// Its name for the server, where it is not to be a new one.
    pub(crate) id: Option<String>,
    /// Times that it was tried before.
    pub(crate) attempts: u32,
    /// When it was first tried, 0 for now (milliseconds since 1970).
    pub(crate) first_ms: u64,
    /// The trace that it was asked for in.
    pub(crate) trace_id: Option<String>,
}

/// Where an experiment stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Status {
    /// Runs are under way.
    Running,
    /// Every run is done.
    Done,
    /// It cannot go on.
    Failed,
}

/// What one version gave with one seed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Run {
    /// The version.
    pub(crate) version: u32,
    /// SHA-256 of its network file.
    pub(crate) sha256: String,
    /// The seed.
    pub(crate) seed: u64,
    /// Sequences.
    pub(crate) sequences: usize,
    /// Of them, those whose class is their label.
    pub(crate) correct: usize,
    /// Share of the sequences that are right.
    pub(crate) accuracy: f64,
    /// Sequences by label (row) and class (column).
    pub(crate) confusion: Vec<Vec<u32>>,
    /// Mean spikes of a sequence.
    pub(crate) spikes: f64,
    /// Mean synaptic operations of a sequence.
    pub(crate) synaptic_operations: f64,
    /// Mean time that a sequence took a worker (seconds).
    pub(crate) seconds: f64,
}

/// Experiments that run.
#[derive(Default)]
pub(crate) struct Experiments {
    running: Mutex<HashMap<(TenantId, String), watch::Sender<Experiment>>>,
}

/// A data set.
struct Data {
    rows: Vec<f32>,
    width: usize,
    labels: Vec<usize>,
}

impl Experiments {
    /// How many run.
    pub(crate) fn running(&self) -> usize {
        self.lock().len()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<(TenantId, String), watch::Sender<Experiment>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whoever watches an experiment that runs.
    pub(crate) fn watch(&self, tenant: &TenantId, id: &str) -> Option<watch::Receiver<Experiment>> {
        let running = self.lock();
        running.get(&(tenant.clone(), id.to_owned())).map(watch::Sender::subscribe)
    }
}

/// Keeps an experiment and starts it.
///
/// # Errors
/// [`RequestError::Bad`], [`RequestError::NotFound`], [`RequestError::Full`].
pub(crate) async fn start(
    server: &Arc<Server>,
    tenant: &TenantId,
    mut spec: ExperimentSpec,
    asked: Asked,
) -> Result<Experiment, RequestError> {
    crate::dead_letters::has_room(&server.store, tenant).await?;
    let newest = server.repository.find(&spec.model, None)?;
    if spec.versions.is_empty() {
        spec.versions.push(newest.model.version);
    }
    if spec.seeds.is_empty() {
        spec.seeds.push(0);
    }
    let mut problems = Vec::new();
    if spec.name.is_empty() || spec.name.len() > 128 {
        problems.push("name: expected 1 to 128 bytes".to_owned());
    }
    let n_runs = spec.versions.len().saturating_mul(spec.seeds.len());
    if n_runs > MAX_RUNS {
        problems.push(format!("{n_runs} runs, expected at most {MAX_RUNS}"));
    }
    if spec.limit == Some(0) {
        problems.push("limit: expected at least 1, found 0".to_owned());
    }
    if !problems.is_empty() {
        return Err(RequestError::Bad(problems));
    }
    for version in &spec.versions {
        server.repository.find(&spec.model, Some(&version.to_string()))?;
    }
    let data = read(server, &spec).await?;
    let handle = server.store.tenant(tenant);
    if handle.usage(KEPT).await?.records >= MAX_KEPT {
        return Err(RequestError::Full { what: "experiments", limit: MAX_KEPT as usize });
    }
    if server.experiments.lock().keys().filter(|(t, _)| t == tenant).count() >= MAX_RUNNING {
        return Err(RequestError::Full { what: "running experiments", limit: MAX_RUNNING });
    }
    let n = spec.limit.unwrap_or(data.labels.len()).min(data.labels.len());
    let now = now_ms();
    let experiment = Experiment {
        id: asked.id.map_or_else(crate::http::random_id, Ok)?,
        tried: asked.attempts,
        first_ms: if asked.first_ms == 0 { now } else { asked.first_ms },
        trace_id: asked.trace_id,
        status: Status::Running,
        error: None,
        created_ms: now,
        done: 0,
        total: n * n_runs,
        runs: Vec::new(),
        spec,
    };
    match keep(&server.store, tenant, &experiment, Expect::Absent).await {
        Err(StoreError::Conflict { .. }) => {
            let id = &experiment.id;
            return Err(RequestError::Conflict(format!("experiment {id} exists already")));
        }
        kept => kept?,
    }
    spawn(server, tenant, experiment.clone());
    Ok(experiment)
}

/// Goes on with what was running when the server stopped.
pub(crate) async fn take_up(server: &Arc<Server>) -> Result<(), StoreError> {
    for tenant in server.store.tenants().await? {
        let mut range = Range::default();
        loop {
            let page = server.store.tenant(&tenant).scan(KEPT, range.clone()).await?;
            let kept = page.records.iter().filter_map(|r| serde_json::from_slice(&r.value).ok());
            for experiment in kept.filter(|e: &Experiment| e.status == Status::Running) {
                spawn(server, &tenant, experiment);
            }
            match page.next {
                Some(next) => range.after = Some(next),
                None => break,
            }
        }
    }
    Ok(())
}

/// An experiment as it stands.
///
/// # Errors
/// [`RequestError::NotFound`].
pub(crate) async fn find(
    server: &Server,
    tenant: &TenantId,
    id: &str,
) -> Result<Experiment, RequestError> {
    if let Some(running) = server.experiments.watch(tenant, id) {
        return Ok(running.borrow().clone());
    }
    let missing = || RequestError::NotFound("no such experiment".into());
    if !is_name(id) {
        return Err(missing());
    }
    let record = server.store.tenant(tenant).get(KEPT, id).await?.ok_or_else(missing)?;
    serde_json::from_slice(&record.value).map_err(|_| missing())
}

/// The experiments of a tenant after one, by id.
pub(crate) async fn list(
    server: &Server,
    tenant: &TenantId,
    after: Option<String>,
) -> Result<(Vec<Experiment>, Option<String>), RequestError> {
    let range = Range { after, limit: 100, ..Range::default() };
    let page = server.store.tenant(tenant).scan(KEPT, range).await?;
    let kept = page.records.iter().filter_map(|r| serde_json::from_slice(&r.value).ok());
    let now = |e: Experiment| {
        let running = server.experiments.watch(tenant, &e.id);
        running.map_or(e, |running| running.borrow().clone())
    };
    Ok((kept.map(now).collect(), page.next))
}

/// Ends and forgets an experiment; whether there was one.
pub(crate) async fn remove(
    server: &Server,
    tenant: &TenantId,
    id: &str,
) -> Result<bool, RequestError> {
    if !is_name(id) {
        return Ok(false);
    }
    server.experiments.lock().remove(&(tenant.clone(), id.to_owned()));
    Ok(server.store.tenant(tenant).delete(KEPT, id).await?)
}

/// Ends every experiment of a tenant.
pub(crate) fn discard(server: &Server, tenant: &TenantId) {
    server.experiments.lock().retain(|(of, _), _| of != tenant);
}

async fn keep(
    store: &Store,
    tenant: &TenantId,
    experiment: &Experiment,
    expect: Expect,
) -> Result<(), StoreError> {
    let value = serde_json::to_vec(experiment).unwrap_or_default();
    store.tenant(tenant).put_if(KEPT, &experiment.id, &value, expect).await.map(drop)
}

fn spawn(server: &Arc<Server>, tenant: &TenantId, experiment: Experiment) {
    let key = (tenant.clone(), experiment.id.clone());
    let (sender, _) = watch::channel(experiment.clone());
    server.experiments.lock().insert(key.clone(), sender);
    let server = Arc::clone(server);
    tokio::spawn(async move {
        let mut experiment = experiment;
        let ran = run(&server, &key, &mut experiment).await;
        if let Err(Stopped::Failed(error)) = &ran {
            (experiment.status, experiment.error) = (Status::Failed, Some(error.clone()));
            let letter = experiment.letter(error);
            if let Err(error) = crate::dead_letters::put(&server, &key.0, &letter).await {
                tracing::error!(%error, ?letter, "a dead letter is not kept");
            }
        }
        let outcome = match &ran {
            Ok(()) => Some("done"),
            Err(Stopped::Failed(_)) => Some("failed"),
            Err(Stopped::Removed) => Some("cancelled"),
            Err(Stopped::Stopping) => None,
        };
        if let Some(outcome) = outcome {
            server.metrics.counter("striatum_experiments_total", &[outcome]).inc();
        }
        // One that was removed stays removed, one that the stop of the server cut off goes on later.
        if !matches!(ran, Err(Stopped::Removed | Stopped::Stopping))
            && let Err(error) = keep(&server.store, &key.0, &experiment, Expect::Any).await
        {
            tracing::error!(%error, id = experiment.id, "the experiment is not kept");
        }
        if let Some(sender) = server.experiments.lock().remove(&key) {
            sender.send_replace(experiment);
        }
    });
}

impl Experiment {
    /// What is kept of an experiment that cannot go on, to be understood and done again.
    fn letter(&self, error: &str) -> DeadLetter {
        DeadLetter {
            id: String::new(),
            origin: "experiment".into(),
            payload: serde_json::to_value(&self.spec).unwrap_or_default(),
            errors: vec![format!("experiment {} failed", self.id), error.to_owned()],
            attempts: self.tried + 1,
            first_ms: self.first_ms,
            last_ms: now_ms(),
            trace_id: self.trace_id.clone(),
        }
    }
}

/// Why an experiment does not go on.
enum Stopped {
    Removed,
    Stopping,
    Failed(String),
}

/// The runs that are left, one after the other.
async fn run(
    server: &Arc<Server>,
    key: &(TenantId, String),
    experiment: &mut Experiment,
) -> Result<(), Stopped> {
    let failed = |e: RequestError| Stopped::Failed(e.to_string());
    let spec = experiment.spec.clone();
    let data = read(server, &spec).await.map_err(failed)?;
    let n = spec.limit.unwrap_or(data.labels.len()).min(data.labels.len());
    let all = spec.versions.iter().flat_map(|v| spec.seeds.iter().map(move |s| (*v, *s)));
    let left: Vec<(u32, u64)> = all.skip(experiment.runs.len()).collect();
    experiment.done = n * experiment.runs.len();
    for (version, seed) in left {
        let served = server.repository.find(&spec.model, Some(&version.to_string()));
        let served = served.map_err(failed)?;
        let mut sum = Sum::new(&served, seed);
        for from in (0..n).step_by(PIECE) {
            let rows = from..(from + PIECE).min(n);
            piece(server, &served, &data, rows, &mut sum).await?;
            experiment.done = n * experiment.runs.len() + (from + PIECE).min(n);
            let running = server.experiments.lock();
            let Some(sender) = running.get(key) else { return Err(Stopped::Removed) };
            sender.send_replace(experiment.clone());
        }
        experiment.runs.push(sum.run());
        keep(&server.store, &key.0, experiment, Expect::Any)
            .await
            .map_err(|e| Stopped::Failed(e.to_string()))?;
    }
    experiment.status = Status::Done;
    Ok(())
}

/// Some sequences on a worker, as soon as there is room.
async fn piece(
    server: &Arc<Server>,
    served: &Arc<Served>,
    data: &Data,
    rows: std::ops::Range<usize>,
    sum: &mut Sum,
) -> Result<(), Stopped> {
    let inputs: Vec<Sequence> = rows
        .clone()
        .map(|k| {
            let row = &data.rows[k * data.width..(k + 1) * data.width];
            let scale = served.model.input.scale;
            Sequence::Values(row.iter().map(|v| (f64::from(*v) * scale) as f32).collect())
        })
        .collect();
    loop {
        if server.stopping.load(std::sync::atomic::Ordering::Relaxed) {
            return Err(Stopped::Stopping);
        }
        let admitted = match server.workers.admit() {
            Ok(admitted) if server.degradation.extras() => admitted,
            // Requests go first.
            _ => {
                tokio::time::sleep(BUSY_PAUSE).await;
                continue;
            }
        };
        let batch = Batch::of(inputs, rows.len(), sum.seed);
        let served = Arc::clone(served);
        let span = tracing::Span::none();
        let task = Task { served, batch, session: None, learns: false, admitted, span };
        let (_, outputs, took) =
            server.workers.run(task).await.map_err(|e| Stopped::Failed(e.to_string()))?;
        let ports = sum.served.model.network.outputs().len().max(1);
        for (k, raster) in rows.zip(outputs.iter().step_by(ports)) {
            sum.add(data.labels[k], crate::wire::class(&raster.sums()));
        }
        sum.spikes += took.report.spikes;
        sum.operations += took.report.synaptic_operations;
        sum.seconds += took.inference.as_secs_f64();
        return Ok(());
    }
}

/// What a run has given so far.
struct Sum {
    served: Arc<Served>,
    seed: u64,
    confusion: Vec<Vec<u32>>,
    sequences: usize,
    correct: usize,
    spikes: u64,
    operations: u64,
    seconds: f64,
}

impl Sum {
    fn new(served: &Arc<Served>, seed: u64) -> Self {
        let classes = served.model.network.outputs().first().map_or(0, |port| port.size);
        Self {
            served: Arc::clone(served),
            seed,
            confusion: vec![vec![0; classes]; classes],
            sequences: 0,
            correct: 0,
            spikes: 0,
            operations: 0,
            seconds: 0.0,
        }
    }

    fn add(&mut self, label: usize, class: usize) {
        self.sequences += 1;
        self.correct += usize::from(label == class);
        if let Some(count) = self.confusion.get_mut(label).and_then(|row| row.get_mut(class)) {
            *count += 1;
        }
    }

    fn run(self) -> Run {
        let n = self.sequences.max(1) as f64;
        Run {
            version: self.served.model.version,
            sha256: self.served.model.sha256.clone(),
            seed: self.seed,
            sequences: self.sequences,
            correct: self.correct,
            accuracy: self.correct as f64 / n,
            confusion: self.confusion,
            spikes: self.spikes as f64 / n,
            synaptic_operations: self.operations as f64 / n,
            seconds: self.seconds / n,
        }
    }
}

/// Reads the data set of an experiment and holds it against the model.
async fn read(server: &Arc<Server>, spec: &ExperimentSpec) -> Result<Data, RequestError> {
    let served = server.repository.find(&spec.model, None)?;
    if !is_name(&spec.data) {
        return Err(RequestError::bad("data: expected the name of a data set, without .npz"));
    }
    let path = server.repository.folder_of(&spec.model).join(format!("{}.npz", spec.data));
    let name = format!("{}/{}.npz", spec.model, spec.data);
    tokio::task::spawn_blocking(move || open(&path, &name, &served))
        .await
        .map_err(|_| RequestError::Failed)?
}

fn open(path: &Path, name: &str, served: &Served) -> Result<Data, RequestError> {
    let wrong = |problem: String| RequestError::bad(format!("data: {name}: {problem}"));
    let size = match std::fs::metadata(path) {
        Ok(found) => found.len(),
        Err(_) => return Err(RequestError::NotFound(format!("data set {name} does not exist"))),
    };
    if size > MAX_DATA_BYTES {
        return Err(wrong(format!("{size} bytes, expected at most {MAX_DATA_BYTES}")));
    }
    let bytes = std::fs::read(path).map_err(|e| wrong(e.to_string()))?;
    let arrays = sense::read_npz(&bytes, name).map_err(|e| RequestError::bad(e.to_string()))?;
    let inputs = arrays.get("images").or_else(|| arrays.get("inputs"));
    let (Some(inputs), Some(labels)) = (inputs, arrays.get("labels")) else {
        return Err(wrong("expected the arrays images (or inputs) and labels".into()));
    };
    if served.model.input.encoding == crate::Encoding::None {
        let model = &served.model.name;
        return Err(wrong(format!("model {model} encodes no values, see encoding in model.toml")));
    }
    let ports = served.model.network.inputs();
    let width = ports.first().map_or(0, |port| port.size);
    let n = labels.data().len();
    if ports.len() != 1 || n == 0 || inputs.data().len() != n * width {
        let found = inputs.shape();
        return Err(wrong(format!("inputs of shape {found:?}, expected ({n}, {width})")));
    }
    let scale = served.model.input.scale as f32;
    if let Some(at) = inputs.data().iter().position(|v| !(0.0..=1.0).contains(&(v * scale))) {
        let (found, most) = (inputs.data()[at], 1.0 / scale);
        return Err(wrong(format!("value {at} is {found}, expected 0 to {most}")));
    }
    let labels = labels.data().iter().map(|label| *label as usize).collect();
    Ok(Data { rows: inputs.data().to_vec(), width, labels })
}
