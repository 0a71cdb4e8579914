//! `striatum audit`: the audit log, while no server has the state open.

use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, Subcommand};

use super::serve::{block_on, settings};
use crate::Outcome;

/// Check the audit log; a running server does the same at /v1/audit/verify.
#[derive(Args)]
pub(crate) struct Audit {
    /// A TOML file of settings.
    #[arg(long, value_name = "TOML", global = true)]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Read the log through: changes, gaps and cuts are found.
    Verify,
}

impl Audit {
    pub(crate) fn run(self, json: bool) -> Result<Outcome> {
        let Command::Verify = self.command;
        let config = settings(self.config.as_deref())?;
        let (whole, verdict) = block_on(server::administer::verify_audit(&config))??;
        if json {
            println!("{verdict}");
        } else if whole {
            println!("{} entries, whole", verdict["entries"]);
        } else {
            println!("{}", verdict["problem"].as_str().unwrap_or_default());
        }
        Ok(if whole { Outcome::Done } else { Outcome::No })
    }
}
