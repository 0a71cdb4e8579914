//! Files that are written by a function and committed.
//!
//! To add one, add a line to [`GENERATED`] and run `cargo xtask generate`.
//! The check `generated` compares what is committed with what would be written.

use anyhow::{Context, Result};

use crate::repo::Repo;
use crate::wire;

/// A file, and the function that knows what belongs in it.
pub(crate) struct Generated {
    /// From the root.
    pub(crate) path: &'static str,
    pub(crate) text: fn(&Repo) -> Result<String>,
}

/// Every generated file.
pub(crate) const GENERATED: &[Generated] = &[
    Generated { path: "crates/api/src/inference.rs", text: |repo| Ok(wire::code(repo)?.service) },
    Generated {
        path: "crates/api/src/descriptor.rs",
        text: |repo| Ok(wire::code(repo)?.descriptor),
    },
    Generated { path: "docs/generated/cli.md", text: command_line },
    Generated { path: "docs/generated/metrics.md", text: |_| Ok(catalogue::metrics_page()) },
];

/// Folders where every file must have a line in [`GENERATED`].
pub(crate) const FOLDERS: &[&str] = &["docs/generated", "deploy/generated"];

/// The reference of the command line, as the program itself prints it.
fn command_line(repo: &Repo) -> Result<String> {
    let run = ["run", "--quiet", "--package", "cli", "--", "help-markdown"];
    let output = repo.cargo(&run).output().context("striatum help-markdown")?;
    anyhow::ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?)
}

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
