//! The models of a folder: `NAME/VERSION/model.nir` with `model.toml` beside it.
//! Versions stand side by side; one that cannot be loaded is listed with its reason and does not
//! stop the others. Loading reads the folder again while requests run: a version that has not
//! changed stays as it is, one that fails to load leaves the one before it in place, and requests
//! that are under way keep the version that they began with.

#![allow(clippy::disallowed_methods, reason = "the edge measures how long loading takes")]

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Instant;

use observe::Metrics;
use tokio::sync::Semaphore;

use crate::config::DEFAULT_MODELS;
use crate::error::{RequestError, ServeError};
use crate::live::Live;
use crate::model::Model;
use crate::record::{Signals, begin_model};
use crate::rollout::{Mode, Phase, Rollout, RolloutReport, RolloutSpec};
use crate::statistics::Statistics;

/// The longest name of a model.
const MAX_NAME_BYTES: usize = 128;

/// Models in a repository, and versions of a model.
const MAX_MODELS: usize = 10_000;

/// Why a version is not ready that an operator took out of service.
pub(crate) const UNLOADED: &str = "unloaded";

/// Models by name and version.
pub struct Repository {
    folder: PathBuf,
    metrics: Arc<Metrics>,
    models: RwLock<BTreeMap<String, Entry>>,
}

/// One model.
#[derive(Default)]
struct Entry {
    versions: BTreeMap<u32, Result<Arc<Served>, String>>,
    /// The version that answers requests that name none; without one, the newest that is ready.
    stable: Option<u32>,
    rollout: Option<Arc<Rollout>>,
}

/// A version of a model that can be served.
pub struct Served {
    /// The model.
    pub model: Model,
    pub(crate) signals: Signals,
    pub(crate) statistics: Statistics,
    pub(crate) live: Live,
    /// Room for its requests, where the model limits them.
    pub(crate) room: Option<Arc<Semaphore>>,
}

/// A version as it is listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The model.
    pub name: String,
    /// The version.
    pub version: u32,
    /// Why it is not ready; none where it is.
    pub reason: Option<String>,
    /// SHA-256 of its network file, in hexadecimal digits; empty where it is not ready.
    pub sha256: String,
}

/// The version that answers a request, and what is to be done with the answer.
pub(crate) struct Choice {
    pub(crate) served: Arc<Served>,
    /// The roll-out that the request takes part in.
    pub(crate) rollout: Option<Arc<Rollout>>,
    /// Whether the version is the candidate.
    pub(crate) candidate: bool,
    /// The version that is given a copy.
    pub(crate) shadow: Option<Arc<Served>>,
}

impl Repository {
    /// Loads every version of every model in a folder. The folder of who named none need not be there.
    ///
    /// # Errors
    /// [`ServeError::Models`] where the folder itself cannot be read.
    pub fn open(folder: &Path, metrics: &Arc<Metrics>) -> Result<Self, ServeError> {
        let failed = |source| ServeError::Models { path: folder.to_owned(), source };
        let models = RwLock::default();
        let metrics = Arc::clone(metrics);
        let repository = Self { folder: folder.to_owned(), metrics, models };
        let there = match folders(folder) {
            Err(error)
                if error.kind() == ErrorKind::NotFound && folder == Path::new(DEFAULT_MODELS) =>
            {
                tracing::warn!(
                    "no folder {DEFAULT_MODELS}: networks that are put there can be run"
                );
                BTreeMap::new()
            }
            there => there.map_err(failed)?,
        };
        for (name, path) in there {
            // Hidden folders are what mounts and editors leave.
            if name.starts_with('.') {
                continue;
            }
            if !is_name(&name) {
                tracing::warn!(
                    name,
                    "folder is no model: letters, digits, '.', '_' and '-' name one"
                );
                continue;
            }
            begin_model(&repository.metrics, &name);
            let versions = repository.read_versions(&name, &path, &Entry::default());
            repository.write().entry(name).or_default().versions = versions.map_err(failed)?;
        }
        Ok(repository)
    }

    /// Every version of every model in a folder, and whether it loads.
    ///
    /// # Errors
    /// [`ServeError::Models`] where the folder itself cannot be read.
    pub fn look(folder: &Path) -> Result<Vec<Listed>, ServeError> {
        Ok(Self::open(folder, &Metrics::new())?.list())
    }

    // A panic while a lock is held is a bug; the models are still there.
    fn read(&self) -> RwLockReadGuard<'_, BTreeMap<String, Entry>> {
        self.models.read().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, BTreeMap<String, Entry>> {
        self.models.write().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Reads a model's folder again; requests run on.
    ///
    /// # Errors
    /// [`RequestError::NotFound`] where there is no such folder, [`RequestError::NotReady`] where a
    /// version cannot be loaded: the one before it is served on.
    pub fn load(&self, name: &str) -> Result<(), RequestError> {
        let since = Instant::now();
        let path = self.folder.join(name);
        if !is_name(name) || !path.is_dir() {
            return Err(self.unknown(name));
        }
        let known = {
            let models = self.read();
            if models.len() >= MAX_MODELS && !models.contains_key(name) {
                return Err(RequestError::Full { what: "models", limit: MAX_MODELS });
            }
            models.get(name).map(|e| e.versions.clone()).unwrap_or_default()
        };
        begin_model(&self.metrics, name);
        let before = Entry { versions: known, ..Entry::default() };
        let not_ready = |reason: String| RequestError::NotReady { name: name.to_owned(), reason };
        let mut versions = self
            .read_versions(name, &path, &before)
            .map_err(|e| not_ready(format!("{}: {e}", path.display())))?;
        let mut failed = None;
        for (version, loaded) in &mut versions {
            if let Err(reason) = loaded {
                failed = Some(reason.clone());
                if let Some(old @ Ok(_)) = before.versions.get(version) {
                    *loaded = old.clone();
                }
            }
        }
        self.write().entry(name.to_owned()).or_default().versions = versions;
        let outcome = if failed.is_none() { "ok" } else { "failed" };
        self.metrics.counter("striatum_model_loads_total", &[name, outcome]).inc();
        let took = since.elapsed().as_secs_f64();
        self.metrics.histogram("striatum_model_load_duration_seconds", &[]).observe(took);
        failed.map_or(Ok(()), |reason| Err(not_ready(reason)))
    }

    /// Takes a model out of service; requests that are under way finish.
    ///
    /// # Errors
    /// [`RequestError::NotFound`].
    pub fn unload(&self, name: &str) -> Result<(), RequestError> {
        let mut models = self.write();
        let Some(entry) = models.get_mut(name) else {
            drop(models);
            return Err(self.unknown(name));
        };
        for (version, loaded) in &mut entry.versions {
            *loaded = Err(UNLOADED.into());
            self.metrics.gauge("striatum_model_ready", &[name, &version.to_string()]).set(0.0);
        }
        Ok(())
    }

    fn read_versions(
        &self,
        name: &str,
        path: &Path,
        before: &Entry,
    ) -> std::io::Result<BTreeMap<u32, Result<Arc<Served>, String>>> {
        let mut versions = BTreeMap::new();
        for (version, path) in folders(path)?.into_iter().take(MAX_MODELS) {
            match version.parse::<u32>() {
                Ok(n) if n > 0 && n.to_string() == version => {
                    let known = before.versions.get(&n).and_then(|v| v.as_ref().ok());
                    versions.insert(n, self.read_version(name, n, &path, known));
                }
                _ if version.starts_with('.') => {}
                _ => tracing::warn!(model = name, version, "folder is no version: 1, 2 ..."),
            }
        }
        Ok(versions)
    }

    fn read_version(
        &self,
        name: &str,
        version: u32,
        folder: &Path,
        known: Option<&Arc<Served>>,
    ) -> Result<Arc<Served>, String> {
        let number = version.to_string();
        let loaded = match Model::load(name, version, folder) {
            Ok(model) => {
                if let Some(known) = known.filter(|known| known.model.same_files(&model)) {
                    return Ok(Arc::clone(known));
                }
                for note in &model.notes {
                    tracing::info!(model = name, version, note);
                }
                let profile = model.profile.name.map_or("plain", nir::Framework::name);
                self.metrics.say("striatum_model_info", &[name, &number, profile]);
                let room = model.limits.max_in_flight.map(|n| Arc::new(Semaphore::new(n)));
                let signals = Signals::of(&self.metrics, name, Some(&model.network));
                let statistics = Statistics::default();
                let live = Live::default();
                Ok(Arc::new(Served { model, signals, statistics, live, room }))
            }
            Err(error) => {
                tracing::error!(model = name, version, %error, "model cannot be served");
                Err(error.to_string())
            }
        };
        let ready = self.metrics.gauge("striatum_model_ready", &[name, &number]);
        ready.set(if loaded.is_ok() || known.is_some() { 1.0 } else { 0.0 });
        loaded
    }

    fn unknown(&self, name: &str) -> RequestError {
        let models = self.read();
        let known: Vec<&str> = models.keys().map(String::as_str).collect();
        let found: String = name.chars().take(MAX_NAME_BYTES).collect();
        let message = format!("model {found} does not exist, known are {}", known.join(", "));
        RequestError::NotFound(message)
    }

    /// The model of that name: that version, or the stable one, or the newest that can be served.
    ///
    /// # Errors
    /// [`RequestError::NotFound`] and [`RequestError::NotReady`].
    pub fn find(&self, name: &str, version: Option<&str>) -> Result<Arc<Served>, RequestError> {
        let models = self.read();
        let Some(entry) = models.get(name) else {
            drop(models);
            return Err(self.unknown(name));
        };
        entry.find(name, version)
    }

    /// As [`Repository::find`], with the part that a roll-out gives to its candidate.
    pub(crate) fn choose(&self, name: &str, version: Option<&str>) -> Result<Choice, RequestError> {
        let models = self.read();
        let Some(entry) = models.get(name) else {
            drop(models);
            return Err(self.unknown(name));
        };
        let served = entry.find(name, version)?;
        let plain = Choice { served, rollout: None, candidate: false, shadow: None };
        let running = entry.rollout.as_ref().filter(|r| version.is_none() && r.runs());
        let Some(rollout) = running.map(Arc::clone) else { return Ok(plain) };
        let candidate = match entry.versions.get(&rollout.spec.candidate) {
            Some(Ok(candidate)) if rollout.takes() => Some(Arc::clone(candidate)),
            _ => None,
        };
        Ok(match (candidate, rollout.spec.mode) {
            (Some(served), Mode::Canary) => {
                Choice { served, rollout: Some(rollout), candidate: true, shadow: None }
            }
            (shadow, _) => Choice { rollout: Some(rollout), shadow, ..plain },
        })
    }

    /// Starts a roll-out, in place of one that has ended.
    ///
    /// # Errors
    /// [`RequestError`] where versions are missing or one runs already.
    pub(crate) fn roll_out(
        &self,
        name: &str,
        spec: RolloutSpec,
    ) -> Result<RolloutReport, RequestError> {
        let problems = spec.problems();
        if !problems.is_empty() {
            return Err(RequestError::Bad(problems));
        }
        self.find(name, Some(&spec.candidate.to_string()))?;
        let mut models = self.write();
        let Some(entry) = models.get_mut(name) else {
            return Err(RequestError::NotFound(format!("model {name} does not exist")));
        };
        if entry.rollout.as_ref().is_some_and(|r| r.runs()) {
            return Err(RequestError::Conflict(format!("model {name}: a roll-out runs already")));
        }
        // The candidate may be the newest: it gets nothing but its share.
        let stable = match entry.stable {
            Some(stable) => stable,
            None => {
                let others = entry.versions.iter().rev().filter(|(v, _)| **v != spec.candidate);
                let ready = others.filter(|(_, loaded)| loaded.is_ok()).map(|(v, _)| *v).next();
                ready.ok_or_else(|| {
                    let what = "no other version to compare with";
                    RequestError::Conflict(format!("model {name}: {what}"))
                })?
            }
        };
        if stable == spec.candidate {
            let what = format!("version {stable} is the stable one already");
            return Err(RequestError::Conflict(format!("model {name}: {what}")));
        }
        entry.stable = Some(stable);
        let rollout = Arc::new(Rollout::new(spec, stable, Phase::Running));
        let report = rollout.report(name);
        entry.rollout = Some(rollout);
        Ok(report)
    }

    /// The roll-out of a model, and its stable version where one is set.
    ///
    /// # Errors
    /// [`RequestError::NotFound`] where there is none.
    pub(crate) fn rollout(&self, name: &str) -> Result<Arc<Rollout>, RequestError> {
        self.find(name, None)?;
        let models = self.read();
        let rollout = models.get(name).and_then(|entry| entry.rollout.clone());
        rollout.ok_or_else(|| RequestError::NotFound(format!("model {name} has no roll-out")))
    }

    /// Ends a roll-out that runs: the candidate becomes the stable version, or is taken back.
    ///
    /// # Errors
    /// [`RequestError::NotFound`] and [`RequestError::Conflict`] where none runs.
    pub(crate) fn end_rollout(
        &self,
        name: &str,
        phase: Phase,
    ) -> Result<RolloutReport, RequestError> {
        let rollout = self.rollout(name)?;
        if !rollout.runs() {
            return Err(RequestError::Conflict(format!("model {name}: the roll-out has ended")));
        }
        if phase == Phase::Promoted
            && let Some(entry) = self.write().get_mut(name)
        {
            entry.stable = Some(rollout.spec.candidate);
        }
        rollout.set_phase(phase);
        Ok(rollout.report(name))
    }

    /// Makes the version that answers by default the stable one, so that a newer one does not
    /// take its place by being there.
    pub(crate) fn pin(&self, name: &str) {
        let default = self.find(name, None).map(|served| served.model.version);
        if let (Ok(version), Some(entry)) = (default, self.write().get_mut(name)) {
            entry.stable.get_or_insert(version);
        }
    }

    /// What is kept of a model's roll-outs from one start to the next.
    pub(crate) fn kept(&self, name: &str) -> Option<Kept> {
        let models = self.read();
        let entry = models.get(name)?;
        let rollout = entry.rollout.as_ref();
        Some(Kept {
            stable: entry.stable,
            rollout: rollout.map(|r| (r.spec.clone(), r.stable, r.phase())),
        })
    }

    /// Takes up what was kept.
    pub(crate) fn keep(&self, name: &str, kept: Kept) {
        if let Some(entry) = self.write().get_mut(name) {
            entry.stable = kept.stable;
            let rollout = kept.rollout.map(|(spec, s, phase)| Rollout::new(spec, s, phase));
            entry.rollout = rollout.map(Arc::new);
        }
    }

    /// Every version of every model.
    pub fn list(&self) -> Vec<Listed> {
        let models = self.read();
        let all = models.iter().flat_map(|(name, entry)| {
            entry.versions.iter().map(move |(version, loaded)| Listed {
                name: name.clone(),
                version: *version,
                reason: loaded.as_ref().err().cloned(),
                sha256: loaded.as_ref().map(|s| s.model.sha256.clone()).unwrap_or_default(),
            })
        });
        all.collect()
    }

    /// How many models can be served.
    pub(crate) fn names(&self) -> usize {
        let ready = |entry: &&Entry| entry.versions.values().any(Result::is_ok);
        self.read().values().filter(ready).count()
    }

    /// The versions of a model.
    pub(crate) fn versions(&self, name: &str) -> Vec<String> {
        let models = self.read();
        let entry = models.get(name);
        entry.into_iter().flat_map(|e| e.versions.keys().map(ToString::to_string)).collect()
    }

    /// The folder of a model.
    pub(crate) fn folder_of(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Every version that can be served.
    pub(crate) fn served(&self) -> Vec<Arc<Served>> {
        let models = self.read();
        models.values().flat_map(|e| e.versions.values()).flatten().map(Arc::clone).collect()
    }
}

/// What is kept of a model's roll-outs.
#[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
pub(crate) struct Kept {
    stable: Option<u32>,
    rollout: Option<(RolloutSpec, u32, Phase)>,
}

impl Entry {
    fn find(&self, name: &str, version: Option<&str>) -> Result<Arc<Served>, RequestError> {
        let stable = self.stable.and_then(|v| self.versions.get(&v)).filter(|v| v.is_ok());
        let newest = || self.versions.values().rev().find(|v| v.is_ok());
        let found = match version {
            None => stable.or_else(newest).or(self.versions.values().next_back()),
            Some(version) => version.parse().ok().and_then(|v: u32| self.versions.get(&v)),
        };
        match found {
            Some(Ok(served)) => Ok(Arc::clone(served)),
            Some(Err(reason)) => {
                Err(RequestError::NotReady { name: name.to_owned(), reason: reason.clone() })
            }
            None => {
                let known: Vec<String> = self.versions.keys().map(ToString::to_string).collect();
                let found: String = version.unwrap_or_default().chars().take(16).collect();
                Err(RequestError::NotFound(format!(
                    "model {name} has no version {found}, known are {}",
                    known.join(", ")
                )))
            }
        }
    }
}

/// The folders in a folder, by name.
fn folders(path: &Path) -> std::io::Result<BTreeMap<String, PathBuf>> {
    let mut folders = BTreeMap::new();
    for entry in std::fs::read_dir(path)? {
        let entry = entry?;
        if let (true, Ok(name)) = (entry.path().is_dir(), entry.file_name().into_string()) {
            folders.insert(name, entry.path());
        }
    }
    Ok(folders)
}

/// Whether a text names a model: no path can hide in it.
pub(crate) fn is_name(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    (1..=MAX_NAME_BYTES).contains(&name.len()) && !name.starts_with('.') && name.chars().all(fits)
}
