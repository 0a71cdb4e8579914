//! The repository on disk: its files, and cargo run in it.
//!
//! Files are found by walking, not by asking git, so that the checks also run on an unpacked archive.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// Folders that hold nothing written by hand.
const IGNORED: &[&str] = &["target", "node_modules", "corpus", "artifacts", "__pycache__"];

pub(crate) struct Repo {
    pub(crate) root: PathBuf,
}

impl Repo {
    /// The repository that this program was built in.
    pub(crate) fn here() -> Repo {
        let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
        Repo { root: xtask.parent().unwrap_or(xtask).to_owned() }
    }

    /// Every file with this extension, as paths from the root, sorted.
    pub(crate) fn files(&self, extension: &str) -> Result<Vec<String>> {
        Ok(self
            .files_under("")?
            .into_iter()
            .filter(|path| extension_of(path) == extension)
            .collect())
    }

    /// Every file in this folder and below, as paths from the root, sorted; none if it is absent.
    pub(crate) fn files_under(&self, folder: &str) -> Result<Vec<String>> {
        let mut found = Vec::new();
        if self.exists(folder) {
            self.walk(&self.root.join(folder), &mut found)?;
        }
        found.sort();
        Ok(found)
    }

    fn walk(&self, folder: &Path, found: &mut Vec<String>) -> Result<()> {
        for entry in folder.read_dir().with_context(|| format!("list {}", folder.display()))? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let kind = entry.file_type()?;
            if kind.is_dir() && !name.starts_with('.') && !IGNORED.contains(&name.as_str()) {
                self.walk(&entry.path(), found)?;
            } else if kind.is_file() {
                found.push(entry.path().strip_prefix(&self.root)?.to_string_lossy().into_owned());
            }
        }
        Ok(())
    }

    pub(crate) fn exists(&self, path: &str) -> bool {
        self.root.join(path).exists()
    }

    pub(crate) fn read(&self, path: &str) -> Result<String> {
        std::fs::read_to_string(self.root.join(path)).with_context(|| format!("read {path}"))
    }

    /// Cargo, to be run at the root.
    pub(crate) fn cargo(&self, args: &[&str]) -> Command {
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.current_dir(&self.root).args(args);
        cargo
    }

    /// What `cargo metadata` says of every crate that may be built, all features and platforms.
    pub(crate) fn metadata(&self) -> Result<Value> {
        let args = ["metadata", "--format-version=1", "--all-features"];
        let output = self.cargo(&args).output().context("run cargo metadata")?;
        if !output.status.success() {
            bail!("cargo metadata: {}", String::from_utf8_lossy(&output.stderr).trim());
        }
        Ok(serde_json::from_slice(&output.stdout)?)
    }
}

fn extension_of(path: &str) -> &str {
    Path::new(path).extension().and_then(|extension| extension.to_str()).unwrap_or("")
}
