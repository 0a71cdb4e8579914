//! `striatum config`: the server's configuration.

use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::{Args, Subcommand};
use serde_json::json;

use crate::Outcome;

/// Work with the server's configuration.
#[derive(Args)]
pub(crate) struct Config {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Check a file of settings, with the variables on top; names what is wrong.
    Check {
        /// The file.
        file: PathBuf,
    },
}

impl Config {
    pub(crate) fn run(self, json: bool) -> Result<Outcome> {
        let Command::Check { file } = self.command;
        let config = super::serve::settings(Some(&file))?;
        let problems = config.problems();
        if !problems.is_empty() {
            bail!("{}:\n{}", file.display(), problems.join("\n"));
        }
        if json {
            println!("{}", json!({ "file": file, "problems": [] }));
        } else {
            println!("{}: ok", file.display());
        }
        Ok(Outcome::Done)
    }
}
