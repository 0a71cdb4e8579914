//! Backups: the durable state and the models as they stood at one moment, in one file that is
//! compressed, hashed, and encrypted where asked; and the way back.
//!
//! A backup is `striatum-TIME.tar.gz`, or `.tar.gz.age` where it is encrypted, with a
//! [`Described`] beside it as `.json`. Inside are `manifest.json` with the SHA-256 of every file,
//! `store.db`, and `models/`. It is written under another name and renamed when it is whole and on
//! disk, so that what is listed can be restored.

mod archive;
mod retention;

use std::fs::File;
use std::path::{Path, PathBuf};

use age::x25519;
use serde::{Deserialize, Serialize};
use store::{Store, StoreError};

pub use retention::Keep;

/// Files of one backup.
pub const MAX_FILES: usize = 100_000;

/// Bytes of one backup when it is unpacked.
pub const MAX_UNPACKED_BYTES: u64 = 1 << 40;

/// A backup as it is listed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Described {
    /// The file's name.
    pub name: String,
    /// When it was made (seconds since 1970).
    pub created: u64,
    /// Its size (bytes).
    pub bytes: u64,
    /// SHA-256 of the file.
    pub sha256: String,
    /// Whether it is encrypted.
    pub encrypted: bool,
    /// Files inside, beside the manifest.
    pub files: usize,
}

/// Why a backup was not made, verified or restored; nothing is left half done.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// A file cannot be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The database cannot be copied.
    #[error("state: {0}")]
    Store(#[from] StoreError),
    /// A recipient or an identity is none.
    #[error("{what}: {problem}")]
    Key {
        /// What was given.
        what: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// The backup is not what was made: cut, changed, or for another key.
    #[error("{name}: {problem}")]
    Broken {
        /// The backup.
        name: String,
        /// What is wrong.
        problem: String,
    },
    /// There is something where a backup would be restored.
    #[error("{}: expected no such folder or an empty one", path.display())]
    NotEmpty {
        /// The folder.
        path: PathBuf,
    },
}

/// What a backup is made of.
pub struct Source<'a> {
    /// The open store, or the folder of an embedded one that a server may have open.
    pub state: StateSource<'a>,
    /// The model repository.
    pub models: &'a Path,
}

/// Where durable state is read from.
pub enum StateSource<'a> {
    /// A store that this process has open.
    Store(&'a Store),
    /// The folder of an embedded database; another process may have it open and write to it.
    Folder(&'a Path),
}

/// Public keys that a backup is encrypted for, `age1...`.
#[derive(Clone, Default)]
pub struct Recipients(Vec<x25519::Recipient>);

/// Private keys that backups may be encrypted for, `AGE-SECRET-KEY-1...`.
#[derive(Clone, Default)]
pub struct Identities(Vec<x25519::Identity>);

impl Recipients {
    /// # Errors
    /// [`BackupError::Key`].
    pub fn parse(keys: &[String]) -> Result<Self, BackupError> {
        let one = |key: &String| {
            let wrong = |e: &str| BackupError::Key { what: "recipient", problem: e.to_owned() };
            key.trim().parse::<x25519::Recipient>().map_err(wrong)
        };
        keys.iter().map(one).collect::<Result<_, _>>().map(Self)
    }
}

impl Identities {
    /// Reads a file as `age-keygen` writes it: a key a line, comments after `#`.
    ///
    /// # Errors
    /// [`BackupError::File`] and [`BackupError::Key`].
    pub fn read(path: &Path) -> Result<Self, BackupError> {
        let text = std::fs::read_to_string(path).map_err(at(path))?;
        let lines = text.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#'));
        let wrong = |e: &str| BackupError::Key { what: "identity", problem: e.to_owned() };
        lines.map(|l| l.parse().map_err(wrong)).collect::<Result<_, _>>().map(Self)
    }
}

/// Makes a backup in a folder, while others read and write on.
///
/// # Errors
/// [`BackupError`]; nothing is listed then.
pub async fn create(
    source: &Source<'_>,
    folder: &Path,
    recipients: &Recipients,
    now: u64,
) -> Result<Described, BackupError> {
    std::fs::create_dir_all(folder).map_err(at(folder))?;
    let work =
        tempfile::Builder::new().prefix(".unfinished-").tempdir_in(folder).map_err(at(folder))?;
    let database = work.path().join("store.db");
    match source.state {
        StateSource::Store(store) => store.copy_to(&database).await?,
        StateSource::Folder(state) => Store::copy_sqlite(state, &database)?,
    }
    let packed = work.path().join("backup");
    let files = archive::pack(&database, source.models, &packed, &recipients.0)?;
    let encrypted = !recipients.0.is_empty();
    let (sha256, bytes) = archive::hash(&packed)?;
    let name = fresh_name(folder, now, encrypted);
    let described = Described { created: now, bytes, sha256, encrypted, files, name };
    // First the file, then what lists it: what is listed is whole.
    let to = folder.join(&described.name);
    std::fs::rename(&packed, &to).map_err(at(&to))?;
    let side = work.path().join("described");
    let text = serde_json::to_vec_pretty(&described).unwrap_or_default();
    std::fs::write(&side, text).map_err(at(&side))?;
    File::open(&side).and_then(|f| f.sync_all()).map_err(at(&side))?;
    let to = description_of(folder, &described.name);
    std::fs::rename(&side, &to).map_err(at(&to))?;
    File::open(folder).and_then(|f| f.sync_all()).map_err(at(folder))?;
    Ok(described)
}

/// Every backup of a folder, the oldest first.
///
/// # Errors
/// [`BackupError::File`] where the folder cannot be read, [`BackupError::Broken`] where a
/// description cannot.
pub fn list(folder: &Path) -> Result<Vec<Described>, BackupError> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(at(folder))? {
        let path = entry.map_err(at(folder))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if !name.starts_with("striatum-") || !name.ends_with(".json") {
            continue;
        }
        let text = std::fs::read(&path).map_err(at(&path))?;
        let read = serde_json::from_slice::<Described>(&text);
        let described =
            read.map_err(|e| BackupError::Broken { name: name.clone(), problem: e.to_string() })?;
        found.push(described);
    }
    found.sort_by(|a, b| (a.created, &a.name).cmp(&(b.created, &b.name)));
    Ok(found)
}

/// Reads a backup through: its hash, each file's hash, the database. Files are unpacked into a
/// folder that is gone afterwards.
///
/// # Errors
/// [`BackupError::Broken`] with the first thing that is wrong.
pub fn verify(path: &Path, identities: &Identities) -> Result<Described, BackupError> {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let work =
        tempfile::Builder::new().prefix(".verify-").tempdir_in(folder).map_err(at(folder))?;
    unpacked(path, identities, work.path())
}

/// Restores a backup: the state into one folder, the models into another. Neither may hold
/// anything.
///
/// # Errors
/// [`BackupError`]; both folders are as they were then.
pub fn restore(
    path: &Path,
    identities: &Identities,
    state: &Path,
    models: &Path,
) -> Result<Described, BackupError> {
    for folder in [state, models] {
        let mut inside = match std::fs::read_dir(folder) {
            Ok(inside) => inside,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => continue,
            Err(e) => return Err(at(folder)(e)),
        };
        if inside.next().is_some() {
            return Err(BackupError::NotEmpty { path: folder.to_owned() });
        }
    }
    let beside = |folder: &Path| -> Result<PathBuf, BackupError> {
        let parent = folder.parent().filter(|p| !p.as_os_str().is_empty());
        let parent = parent.unwrap_or(Path::new(".")).to_owned();
        std::fs::create_dir_all(&parent).map_err(at(&parent))?;
        Ok(parent)
    };
    // Unpacked beside the state, and on the models' own disk, so that renaming is enough.
    let work = tempfile::Builder::new()
        .prefix(".restore-")
        .tempdir_in(beside(state)?)
        .map_err(at(state))?;
    let described = unpacked(path, identities, work.path())?;
    let own = tempfile::Builder::new()
        .prefix(".restore-")
        .tempdir_in(beside(models)?)
        .map_err(at(models))?;
    let copied = own.path().join("models");
    archive::copy_folder(&work.path().join("models"), &copied)?;
    let new_state = work.path().join("state");
    std::fs::create_dir(&new_state).map_err(at(&new_state))?;
    let database = new_state.join("store.db");
    std::fs::rename(work.path().join("store.db"), &database).map_err(at(&database))?;
    for folder in [state, models] {
        let _ = std::fs::remove_dir(folder);
    }
    std::fs::rename(&copied, models).map_err(at(models))?;
    std::fs::rename(&new_state, state).map_err(at(state))?;
    Ok(described)
}

/// Removes the backups that no rule keeps; their names.
///
/// # Errors
/// [`BackupError::File`].
pub fn prune(folder: &Path, keep: &Keep, dry_run: bool) -> Result<Vec<String>, BackupError> {
    let all = list(folder)?;
    let gone = retention::gone(&all, keep);
    if dry_run {
        return Ok(gone);
    }
    for name in &gone {
        // First what lists it, then the file.
        for path in [description_of(folder, name), folder.join(name)] {
            std::fs::remove_file(&path).map_err(at(&path))?;
        }
    }
    Ok(gone)
}

/// Checks the hash of the whole, unpacks, and checks each file and the database.
fn unpacked(path: &Path, identities: &Identities, into: &Path) -> Result<Described, BackupError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let broken = |problem: String| BackupError::Broken { name: name.clone(), problem };
    let side = description_of(path.parent().unwrap_or(Path::new("")), &name);
    let (sha256, bytes) = archive::hash(path)?;
    let described: Described = match std::fs::read(&side) {
        Ok(text) => serde_json::from_slice(&text).map_err(|e| broken(e.to_string()))?,
        // A backup that was moved without its description is still checked from inside.
        Err(_) => Described {
            encrypted: name.ends_with(".age"),
            name: name.clone(),
            created: 0,
            bytes,
            sha256: sha256.clone(),
            files: 0,
        },
    };
    if described.sha256 != sha256 {
        let (expected, found) = (&described.sha256, &sha256);
        return Err(broken(format!("expected SHA-256 {expected}, found {found}")));
    }
    archive::unpack(path, &identities.0, into).map_err(broken)?;
    Store::check_sqlite(&into.join("store.db"))?;
    Ok(described)
}

fn fresh_name(folder: &Path, now: u64, encrypted: bool) -> String {
    let end = if encrypted { ".tar.gz.age" } else { ".tar.gz" };
    let time = retention::time_of(now);
    let first = format!("striatum-{time}{end}");
    let names = std::iter::once(first).chain((2u32..).map(|n| format!("striatum-{time}-{n}{end}")));
    let free = |name: &String| !folder.join(name).exists();
    names.into_iter().find(free).unwrap_or_default()
}

fn description_of(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.json"))
}

fn at(path: &Path) -> impl Fn(std::io::Error) -> BackupError + use<> {
    let path = path.to_owned();
    move |source| BackupError::File { path: path.clone(), source }
}
