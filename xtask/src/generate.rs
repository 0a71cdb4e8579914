//! Files that are written by a function and committed.
//!
//! To add one, add a line to [`GENERATED`] and run `cargo xtask generate`.
//! The check `generated` compares what is committed with what would be written.

use anyhow::{Context, Result};

use crate::repo::Repo;

/// A file, and the function that knows what belongs in it.
pub(crate) struct Generated {
    /// From the root.
    pub(crate) path: &'static str,
    pub(crate) text: fn(&Repo) -> Result<String>,
}

/// Every generated file.
pub(crate) const GENERATED: &[Generated] = &[];

/// Folders where every file must have a line in [`GENERATED`].
pub(crate) const FOLDERS: &[&str] = &["docs/generated", "deploy/generated"];

pub(crate) fn write(repo: &Repo) -> Result<()> {
    for generated in GENERATED {
        let path = repo.root.join(generated.path);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let text = (generated.text)(repo)?;
        std::fs::write(&path, text).with_context(|| format!("write {}", generated.path))?;
        println!("wrote {}", generated.path);
    }
    println!("{} generated files", GENERATED.len());
    Ok(())
}
