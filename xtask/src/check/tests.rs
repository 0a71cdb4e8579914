//! The tests of the workspace and the examples in its documentation pass.
//!
//! cargo-nextest runs the tests where it is installed, `cargo test` where it is not.
//! What they print is kept back. Of a run that passes, the summaries and what was skipped
//! (`CONTRIBUTING.md` has the convention) are shown; of one that fails, all but what passed.

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
        failures(&text).iter().for_each(|line| println!("{line}"));
    }
    Ok(output.status.success())
}

/// What was skipped, once each, then the summaries.
fn brief(text: &str) -> Vec<&str> {
    let mut skipped: Vec<&str> =
        text.lines().map(str::trim).filter(|line| line.starts_with("SKIPPED")).collect();
    skipped.sort_unstable();
    skipped.dedup();
    let summaries = text.lines().map(str::trim_end).filter(|line| is_summary(line));
    skipped.into_iter().chain(summaries).collect()
}

/// Nextest indents its summary; a result that is indented is one test's own.
fn is_summary(line: &str) -> bool {
    line.trim_start().starts_with("Summary [") || line.starts_with("test result:")
}

/// The lines without those of tests that passed under nextest.
fn failures(text: &str) -> Vec<&str> {
    let mut of_pass = false;
    let mut kept = Vec::new();
    for line in text.lines() {
        if is_status(line) {
            of_pass = line.trim_start().starts_with("PASS ");
        }
        if !of_pass {
            kept.push(line);
        }
    }
    kept
}

/// Whether nextest begins to tell of a test here (`FAIL [   0.1s] ...`) or of the whole run.
fn is_status(line: &str) -> bool {
    let mut words = line.split_whitespace();
    let is_upper = |word: &str| word.chars().all(|c| c.is_ascii_uppercase());
    line.starts_with('─')
        || words.next().is_some_and(is_upper) && words.next().is_some_and(|w| w.starts_with('['))
}

#[cfg(test)]
mod brief_tests {
    use super::*;

    #[test]
    fn skips_and_summaries_remain() {
        let text = "\
    Starting 3 tests
        PASS [   0.1s] nir it::reads
    test result: ok. 1 passed; 0 failed
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

    #[test]
    fn what_passed_is_left_out_of_a_failure() {
        let text = "
        PASS [   0.1s] (1/3) nir it::reads
    test result: ok. 1 passed; 0 failed
        FAIL [   0.1s] (2/3) nir it::writes
    left: 1
        PASS [   0.1s] (3/3) nir it::reads
    it printed this
────
     Summary [   0.1s] 3 tests run: 2 passed, 1 failed
";
        let expected = [
            "",
            "        FAIL [   0.1s] (2/3) nir it::writes",
            "    left: 1",
            "────",
            "     Summary [   0.1s] 3 tests run: 2 passed, 1 failed",
        ];
        assert_eq!(failures(text), expected);
    }
}
