//! Files that are written by a function and committed.
//!
//! To add one, add a line to [`GENERATED`] and run `cargo xtask generate`.
//! The check `generated` compares what is committed with what would be written.

use anyhow::{Context, Result};
use catalogue::{PAGES, render};

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
    Generated { path: "crates/api/src/agent.rs", text: |repo| Ok(wire::code(repo)?.agent) },
    Generated { path: "crates/api/src/learner.rs", text: |repo| Ok(wire::code(repo)?.learner) },
    Generated { path: "crates/api/src/memory.rs", text: |repo| Ok(wire::code(repo)?.memory) },
    Generated {
        path: "crates/api/src/descriptor.rs",
        text: |repo| Ok(wire::code(repo)?.descriptor),
    },
    Generated { path: "docs/generated/cli.md", text: command_line },
    Generated { path: "docs/generated/signals.md", text: |_| Ok(render::reference()) },
    Generated { path: "docs/generated/runbooks.md", text: |_| Ok(render::runbooks()) },
    Generated { path: "deploy/generated/prometheus/rules.yml", text: |_| Ok(render::rules()) },
    Generated {
        path: "deploy/generated/prometheus/rules.test.yml",
        text: |_| Ok(render::rule_tests()),
    },
    Generated { path: "deploy/generated/alertmanager.yml", text: |_| Ok(render::alertmanager()) },
    Generated { path: "deploy/generated/grafana/overview.json", text: |_| dashboard("overview") },
    Generated { path: "deploy/generated/grafana/serving.json", text: |_| dashboard("serving") },
    Generated { path: "deploy/generated/grafana/engine.json", text: |_| dashboard("engine") },
    Generated { path: "deploy/generated/grafana/memory.json", text: |_| dashboard("memory") },
    Generated { path: "deploy/generated/grafana/agents.json", text: |_| dashboard("agents") },
    Generated { path: "deploy/generated/grafana/learners.json", text: |_| dashboard("learners") },
    Generated { path: "deploy/generated/grafana/security.json", text: |_| dashboard("security") },
    Generated {
        path: "deploy/generated/grafana/resilience.json",
        text: |_| dashboard("resilience"),
    },
    Generated { path: "deploy/generated/grafana/resources.json", text: |_| dashboard("resources") },
    Generated { path: "deploy/generated/grafana/health.json", text: |_| dashboard("health") },
];

/// Folders where every file must have a line in [`GENERATED`].
pub(crate) const FOLDERS: &[&str] = &["docs/generated", "deploy/generated"];

/// The dashboard of a page.
fn dashboard(page: &str) -> Result<String> {
    let found = PAGES.iter().find(|p| p.id == page);
    Ok(render::dashboard(found.with_context(|| format!("no page {page}"))?))
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_has_a_dashboard() {
        for page in PAGES {
            let path = format!("deploy/generated/grafana/{}.json", page.id);
            assert!(GENERATED.iter().any(|file| file.path == path), "no {path}");
        }
    }
}
