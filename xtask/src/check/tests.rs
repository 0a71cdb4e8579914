//! The tests of the workspace and the examples in its documentation pass.
//!
//! cargo-nextest runs the tests where it is installed, `cargo test` where it is not.
//! What they print is kept back and shown whole if they fail; if they pass, only their summaries
//! and what was skipped (`CONTRIBUTING.md` has the convention) are shown.

use std::process::Command;

use anyhow::{Context, Result};

use crate::repo::Repo;

const NEXTEST: &[&str] = &[
    "nextest",
    "run",
    "--workspace",
    "--no-fail-fast",
    "--no-tests=pass",
    "--color=never",
    "--success-output=immediate",
];
const EXAMPLES: &[&str] = &["test", "--workspace", "--doc", "--no-fail-fast"];
const EVERYTHING: &[&str] = &["test", "--workspace", "--no-fail-fast", "--", "--show-output"];

pub(super) fn run(repo: &Repo) -> Result<Vec<String>> {
    let has_nextest =
        repo.cargo(&["nextest", "--version"]).output().is_ok_and(|output| output.status.success());
    let runs: &[&[&str]] = if has_nextest { &[NEXTEST, EXAMPLES] } else { &[EVERYTHING] };
    let mut problems = Vec::new();
    for args in runs {
        if !succeeds(repo.cargo(args))? {
            problems.push(format!("cargo {} failed; its output stands above", args.join(" ")));
        }
    }
    Ok(problems)
}

fn succeeds(mut command: Command) -> Result<bool> {
    let output = command.output().with_context(|| format!("run {command:?}"))?;
    let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.push_str(&String::from_utf8_lossy(&output.stderr));
    if output.status.success() {
        brief(&text).iter().for_each(|line| println!("{line}"));
    } else {
        println!("{text}");
    }
    Ok(output.status.success())
}

/// What was skipped, once each, then the summaries.
fn brief(text: &str) -> Vec<&str> {
    let mut skipped: Vec<&str> =
        text.lines().map(str::trim).filter(|line| line.starts_with("SKIPPED")).collect();
    skipped.sort_unstable();
    skipped.dedup();
    let summaries = text.lines().map(str::trim_end).filter(|line| is_summary(line.trim_start()));
    skipped.into_iter().chain(summaries).collect()
}

fn is_summary(line: &str) -> bool {
    line.starts_with("Summary [") || line.starts_with("test result:")
}

#[cfg(test)]
mod brief_tests {
    use super::*;

    #[test]
    fn skips_and_summaries_remain() {
        let text = "\
    Starting 3 tests
        PASS [   0.1s] nir it::reads
    SKIPPED (data): no recordings beside the repository
    SKIPPED: no numpy
    SKIPPED: no numpy
     Summary [   0.1s] 3 tests run: 3 passed, 0 skipped
test result: ok. 2 passed; 0 failed
";
        let expected = [
            "SKIPPED (data): no recordings beside the repository",
            "SKIPPED: no numpy",
            "     Summary [   0.1s] 3 tests run: 3 passed, 0 skipped",
            "test result: ok. 2 passed; 0 failed",
        ];
        assert_eq!(brief(text), expected);
    }
}
