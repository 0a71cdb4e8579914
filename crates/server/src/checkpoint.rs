//! Checkpoints: what a session's network learned, as a new version of its model.
//! The version appears whole or not at all, and answers nobody until it is asked for or promoted.

use std::fs::{self, File};
use std::path::Path;

use nir::{LearnedError, Profile, WriteVersion};
use sha2::{Digest, Sha256};

use crate::error::RequestError;
use crate::model::{Model, hex};
use crate::repository::{Repository, Served};

/// Versions of one model that checkpoints may make.
const MAX_VERSIONS: usize = 1000;

/// The two files of a version.
struct Files {
    network: Vec<u8>,
    spec: String,
}

/// Writes the weights that a session learned as the next version of its model, and loads it.
///
/// # Errors
/// [`RequestError::Conflict`] where nothing learns, the model's file is not the one that was
/// loaded, or there are too many versions.
pub(crate) fn write(
    repository: &Repository,
    served: &Served,
    session: &spike::Session,
) -> Result<u32, RequestError> {
    let model = &served.model;
    let files = Files::of(&repository.folder_of(&model.name), model, session)?;
    repository.pin(&model.name);
    let version = place(&repository.folder_of(&model.name), &files)?;
    repository.load(&model.name)?;
    Ok(version)
}

impl Files {
    fn of(folder: &Path, model: &Model, session: &spike::Session) -> Result<Self, RequestError> {
        let conflict =
            |what: String| RequestError::Conflict(format!("model {}: {what}", model.name));
        let path = folder.join(model.version.to_string()).join("model.nir");
        let bytes = nir::bytes_of(&path).map_err(|e| conflict(e.to_string()))?;
        if hex(&Sha256::digest(&bytes)) != model.sha256 {
            return Err(conflict(format!("{} is not the file that was loaded", path.display())));
        }
        let graph = nir::from_bytes(&bytes).map_err(|e| conflict(e.to_string()))?.graph;
        let learned = graph
            .with_learned(&Profile::with(&model.profile), |from, to| session.weights(from, to, 0))
            .map_err(|e: LearnedError| conflict(e.to_string()))?;
        let network =
            nir::to_bytes(&learned, WriteVersion::V1_0_8).map_err(|e| conflict(e.to_string()))?;
        let mut spec: toml::Table =
            toml::from_str(&model.spec).map_err(|e| conflict(e.to_string()))?;
        if spec.contains_key("sha256") {
            spec.insert("sha256".into(), hex(&Sha256::digest(&network)).into());
        }
        Ok(Self { network, spec: spec.to_string() })
    }

    fn write(&self, folder: &Path) -> std::io::Result<()> {
        fs::create_dir(folder)?;
        for (name, bytes) in
            [("model.nir", &self.network[..]), ("model.toml", self.spec.as_bytes())]
        {
            fs::write(folder.join(name), bytes)?;
            File::open(folder.join(name))?.sync_all()?;
        }
        Ok(())
    }
}

/// Puts the files under the first number that is free above all others.
fn place(folder: &Path, files: &Files) -> Result<u32, RequestError> {
    let failed = |error: std::io::Error| {
        tracing::error!(%error, folder = %folder.display(), "checkpoint is not written");
        RequestError::Unavailable("the model repository cannot be written".into())
    };
    let hidden = folder.join(format!(".checkpoint-{}", crate::http::random_id()?));
    let placed = files.write(&hidden).and_then(|()| {
        let versions = versions(folder)?;
        let first = versions.iter().max().copied().unwrap_or(0).saturating_add(1);
        if versions.len() >= MAX_VERSIONS {
            return Ok(None);
        }
        for version in first..first.saturating_add(MAX_VERSIONS as u32) {
            // Another may have taken the number in between: a folder that is not empty stays.
            match fs::rename(&hidden, folder.join(version.to_string())) {
                Ok(()) => return File::open(folder)?.sync_all().map(|()| Some(version)),
                Err(e) if e.kind() == std::io::ErrorKind::DirectoryNotEmpty => {}
                Err(e) => return Err(e),
            }
        }
        Ok(None)
    });
    if !matches!(placed, Ok(Some(_))) {
        // What is left of a failure is hidden, and says nothing to anyone.
        let _ = fs::remove_dir_all(&hidden);
    }
    placed
        .map_err(failed)?
        .ok_or(RequestError::Full { what: "versions of the model", limit: MAX_VERSIONS })
}

fn versions(folder: &Path) -> std::io::Result<Vec<u32>> {
    let names = fs::read_dir(folder)?.map(|entry| entry.map(|e| e.file_name()));
    let names: Vec<_> = names.collect::<Result<_, _>>()?;
    Ok(names.iter().filter_map(|name| name.to_str()?.parse().ok()).collect())
}
