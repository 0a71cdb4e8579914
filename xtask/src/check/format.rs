//! rustfmt has nothing to change, in any crate of the workspace.

use anyhow::{Context, Result};

use crate::repo::Repo;

pub(super) fn run(repo: &Repo) -> Result<Vec<String>> {
    let args = ["fmt", "--all", "--", "--check", "-l"];
    let output = repo.cargo(&args).output().context("run cargo fmt")?;
    if output.status.success() {
        return Ok(Vec::new());
    }
    let listed = String::from_utf8_lossy(&output.stdout);
    let root = format!("{}/", repo.root.display());
    let mut problems: Vec<String> = listed
        .lines()
        .map(|path| format!("{}: run cargo fmt --all", path.trim_start_matches(&root)))
        .collect();
    problems.extend(String::from_utf8_lossy(&output.stderr).lines().map(String::from));
    Ok(problems)
}
