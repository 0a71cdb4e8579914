//! The models of a folder: `NAME/VERSION/model.nir` with `model.toml` beside it.
//! A model that cannot be loaded is listed with its reason and does not stop the others.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use crate::error::{RequestError, ServeError};
use crate::model::Model;
use crate::record::Signals;
use observe::Metrics;

/// The longest name of a model.
const MAX_NAME_BYTES: usize = 128;

/// Models by name and version.
#[derive(Default)]
pub struct Repository {
    models: BTreeMap<String, BTreeMap<u32, Result<Arc<Served>, String>>>,
}

/// A model that can be served, with its signals.
pub struct Served {
    /// The model.
    pub model: Model,
    pub(crate) signals: Signals,
}

impl Repository {
    /// Loads every version of every model in a folder.
    ///
    /// # Errors
    /// [`ServeError::Models`] where the folder itself cannot be read.
    pub fn load(folder: &Path, metrics: &Metrics) -> Result<Self, ServeError> {
        let failed = |source| ServeError::Models { path: folder.to_owned(), source };
        let mut repository = Self::default();
        for (name, path) in folders(folder).map_err(failed)? {
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
            for (version, path) in folders(&path).map_err(failed)? {
                match version.parse::<u32>() {
                    Ok(n) if n > 0 && n.to_string() == version => {
                        repository.add(&name, n, &path, metrics);
                    }
                    _ if version.starts_with('.') => {}
                    _ => tracing::warn!(model = name, version, "folder is no version: 1, 2 ..."),
                }
            }
        }
        Ok(repository)
    }

    fn add(&mut self, name: &str, version: u32, folder: &Path, metrics: &Metrics) {
        let loaded = match Model::load(name, version, folder) {
            Ok(model) => {
                for note in &model.notes {
                    tracing::info!(model = name, version, note);
                }
                let profile = model.profile.name.map_or("plain", nir::Framework::name);
                metrics.say("striatum_model_info", &[name, &version.to_string(), profile]);
                Ok(Arc::new(Served { signals: Signals::of(metrics, name), model }))
            }
            Err(error) => {
                tracing::error!(model = name, version, %error, "model cannot be served");
                Err(error.to_string())
            }
        };
        let ready = metrics.gauge("striatum_model_ready", &[name, &version.to_string()]);
        ready.set(if loaded.is_ok() { 1.0 } else { 0.0 });
        self.models.entry(name.to_owned()).or_default().insert(version, loaded);
    }

    /// The model of that name: that version, or the newest that can be served.
    ///
    /// # Errors
    /// [`RequestError::NotFound`] and [`RequestError::NotReady`].
    pub fn find(&self, name: &str, version: Option<&str>) -> Result<Arc<Served>, RequestError> {
        let Some(versions) = self.models.get(name) else {
            let known: Vec<&str> = self.models.keys().map(String::as_str).collect();
            let found: String = name.chars().take(MAX_NAME_BYTES).collect();
            let message = format!("model {found} does not exist, known are {}", known.join(", "));
            return Err(RequestError::NotFound(message));
        };
        let found = match version {
            None => versions.values().rev().find(|v| v.is_ok()).or(versions.values().next_back()),
            Some(version) => version.parse().ok().and_then(|v: u32| versions.get(&v)),
        };
        match found {
            Some(Ok(served)) => Ok(Arc::clone(served)),
            Some(Err(reason)) => {
                Err(RequestError::NotReady { name: name.to_owned(), reason: reason.clone() })
            }
            None => {
                let known: Vec<String> = versions.keys().map(ToString::to_string).collect();
                let found: String = version.unwrap_or_default().chars().take(16).collect();
                Err(RequestError::NotFound(format!(
                    "model {name} has no version {found}, known are {}",
                    known.join(", ")
                )))
            }
        }
    }

    /// Name, version and the reason why it is not ready, of every model.
    pub fn list(&self) -> impl Iterator<Item = (&str, u32, Option<&str>)> {
        self.models.iter().flat_map(|(name, versions)| {
            versions.iter().map(move |(version, loaded)| {
                (name.as_str(), *version, loaded.as_ref().err().map(String::as_str))
            })
        })
    }

    /// The versions of a model.
    pub(crate) fn versions(&self, name: &str) -> Vec<String> {
        let versions = self.models.get(name);
        versions.into_iter().flat_map(|v| v.keys().map(ToString::to_string)).collect()
    }
}

/// The folders in a folder, by name.
fn folders(path: &Path) -> std::io::Result<BTreeMap<String, std::path::PathBuf>> {
    let mut folders = BTreeMap::new();
    for entry in std::fs::read_dir(path)? {
        let entry = entry?;
        if let (true, Ok(name)) = (entry.path().is_dir(), entry.file_name().into_string()) {
            folders.insert(name, entry.path());
        }
    }
    Ok(folders)
}

fn is_name(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    name.len() <= MAX_NAME_BYTES && name.chars().all(fits)
}
