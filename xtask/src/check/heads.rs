//! Every `.rs` file opens with `//!`: what it is, what it is not, where to go next.

use anyhow::Result;

use crate::repo::Repo;

pub(super) fn run(repo: &Repo) -> Result<Vec<String>> {
    let mut problems = Vec::new();
    for path in repo.files("rs")? {
        if !path.contains("/generated/") && !has_head(&repo.read(&path)?) {
            problems.push(format!("{path}:1: expected `//!` and what the file is"));
        }
    }
    Ok(problems)
}

fn has_head(text: &str) -> bool {
    let first = text.lines().next().unwrap_or("");
    first.strip_prefix("//!").is_some_and(|words| !words.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_the_first_line_and_says_something() {
        assert!(has_head("//! Reads npz.\nuse std::fs;\n"));
        assert!(!has_head("use std::fs;\n//! Too late.\n"));
        assert!(!has_head("//!\n//! Empty first.\n"));
        assert!(!has_head("// Not documentation.\n"));
        assert!(!has_head(""));
    }
}
