//! `cargo xtask`: the chores of this repository, `check` and `generate`.
//!
//! Nothing here is shipped, and no room depends on it.
//! Read on in `check.rs` for the list of checks, or `generate.rs` for the files that are written.

#![allow(clippy::print_stdout, reason = "a person or CI reads what a chore prints")]
#![allow(clippy::disallowed_methods, reason = "a chore tells how long each check took")]

mod check;
mod generate;
mod markdown;
mod repo;
mod wire;

use std::process::ExitCode;

use anyhow::{Result, bail};

use crate::check::Selection;
use crate::repo::Repo;

const USAGE: &str = "\
usage:
    cargo xtask check [--only NAME,NAME] [--skip NAME,NAME]
    cargo xtask check --list
    cargo xtask generate";

#[derive(Debug, PartialEq)]
enum Chore {
    Check(Selection),
    ListChecks,
    Generate,
    Help,
}

fn main() -> Result<ExitCode> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let repo = Repo::here();
    match parse(&args)? {
        Chore::Check(selection) => return check::run(&repo, &selection),
        Chore::ListChecks => check::list(),
        Chore::Generate => generate::write(&repo)?,
        Chore::Help => println!("{USAGE}"),
    }
    Ok(ExitCode::SUCCESS)
}

fn parse(args: &[String]) -> Result<Chore> {
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args[..] {
        ["check", "--list"] => Ok(Chore::ListChecks),
        ["check", ref options @ ..] => Ok(Chore::Check(Selection::parse(options)?)),
        ["generate"] => Ok(Chore::Generate),
        [] | ["help" | "--help" | "-h"] => Ok(Chore::Help),
        _ => bail!("unknown chore `{}`\n{USAGE}", args.join(" ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chore(line: &str) -> Result<Chore> {
        parse(&line.split_whitespace().map(String::from).collect::<Vec<_>>())
    }

    #[test]
    fn chores_are_recognised() {
        assert_eq!(chore("generate").unwrap(), Chore::Generate);
        assert_eq!(chore("check").unwrap(), Chore::Check(Selection::default()));
        assert_eq!(chore("check --list").unwrap(), Chore::ListChecks);
        assert_eq!(chore("").unwrap(), Chore::Help);
    }

    #[test]
    fn an_unknown_chore_is_an_error() {
        let error = chore("chekc --only arrows").unwrap_err().to_string();
        assert!(error.starts_with("unknown chore `chekc --only arrows`"), "{error}");
    }
}
