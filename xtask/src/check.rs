//! What must hold in this repository: one file for each check, run in this order.
//!
//! A check returns the problems that it found, all of them; an `Err` means that it could not look.
//! Quick checks come first; tests come last, so that their summary closes the output.

mod architecture;
mod arrows;
mod changelog;
mod clippy;
mod dependencies;
mod format;
mod generated;
mod heads;
mod links;
mod tests;

use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Result, bail};

use crate::repo::Repo;

struct Check {
    name: &'static str,
    holds: &'static str,
    run: fn(&Repo) -> Result<Vec<String>>,
}

const CHECKS: &[Check] = &[
    Check { name: "format", holds: "rustfmt has nothing to change", run: format::run },
    Check { name: "heads", holds: "every .rs file says what it is", run: heads::run },
    Check { name: "links", holds: "every relative link leads somewhere", run: links::run },
    Check {
        name: "architecture",
        holds: "what ARCHITECTURE.md names exists",
        run: architecture::run,
    },
    Check { name: "arrows", holds: "crates keep to the table of rooms", run: arrows::run },
    Check { name: "changelog", holds: "changes are named and told", run: changelog::run },
    Check { name: "generated", holds: "generated files are current", run: generated::run },
    Check { name: "dependencies", holds: "licences and bans of deny.toml", run: dependencies::run },
    Check { name: "clippy", holds: "no warning, all targets", run: clippy::run },
    Check { name: "tests", holds: "tests and documented examples pass", run: tests::run },
];

/// Which checks to run; none named means all.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Selection {
    only: Vec<String>,
    skip: Vec<String>,
}

impl Selection {
    pub(crate) fn parse(options: &[&str]) -> Result<Selection> {
        let mut selection = Selection::default();
        for pair in options.chunks(2) {
            match pair {
                ["--only", names] => selection.only.extend(known_names(names)?),
                ["--skip", names] => selection.skip.extend(known_names(names)?),
                _ => bail!("expected --only NAMES or --skip NAMES, found `{}`", pair.join(" ")),
            }
        }
        Ok(selection)
    }

    fn includes(&self, name: &str) -> bool {
        let named = |names: &[String]| names.iter().any(|other| other == name);
        (self.only.is_empty() || named(&self.only)) && !named(&self.skip)
    }
}

fn known_names(names: &str) -> Result<Vec<String>> {
    let names: Vec<String> = names.split(',').map(|name| name.trim().to_owned()).collect();
    let known: Vec<&str> = CHECKS.iter().map(|check| check.name).collect();
    if let Some(unknown) = names.iter().find(|name| !known.contains(&name.as_str())) {
        bail!("no check is called `{unknown}`; there are {}", known.join(", "));
    }
    Ok(names)
}

pub(crate) fn list() {
    for check in CHECKS {
        println!("{:<13} {}", check.name, check.holds);
    }
}

pub(crate) fn run(repo: &Repo, selection: &Selection) -> Result<ExitCode> {
    let chosen: Vec<&Check> = CHECKS.iter().filter(|c| selection.includes(c.name)).collect();
    let failed: Vec<&str> =
        chosen.iter().filter(|check| !passes(check, repo)).map(|check| check.name).collect();
    if failed.is_empty() {
        println!("check: all {} hold", chosen.len());
        return Ok(ExitCode::SUCCESS);
    }
    println!("check: {} of {} do not hold: {}", failed.len(), chosen.len(), failed.join(", "));
    Ok(ExitCode::FAILURE)
}

/// Runs one check and prints its line, with its problems below.
fn passes(check: &Check, repo: &Repo) -> bool {
    let started = Instant::now();
    let problems = (check.run)(repo).unwrap_or_else(|error| vec![format!("{error:#}")]);
    let verdict = if problems.is_empty() { "ok" } else { "FAILED" };
    let seconds = started.elapsed().as_secs_f64();
    println!("{verdict:>6}  {:<13} {} ({seconds:.1} s)", check.name, check.holds);
    for problem in &problems {
        println!("        {problem}");
    }
    problems.is_empty()
}

#[cfg(test)]
mod selection_tests {
    use super::*;

    #[test]
    fn only_and_skip_choose() {
        let selection = Selection::parse(&["--only", "arrows,links", "--skip", "links"]).unwrap();
        assert!(selection.includes("arrows"));
        assert!(!selection.includes("links"));
        assert!(!selection.includes("tests"));
        assert!(Selection::default().includes("tests"));
    }

    #[test]
    fn an_unknown_name_is_an_error() {
        let error = Selection::parse(&["--only", "arows"]).unwrap_err().to_string();
        assert!(error.starts_with("no check is called `arows`; there are format, "), "{error}");
        assert!(Selection::parse(&["--only"]).is_err());
        assert!(Selection::parse(&["--frobnicate", "arrows"]).is_err());
    }

    #[test]
    fn contributing_lists_every_check() {
        let page = Repo::here().read("CONTRIBUTING.md").unwrap();
        for check in CHECKS {
            assert!(page.contains(&format!("| `{}` |", check.name)), "{} has no row", check.name);
        }
    }
}
