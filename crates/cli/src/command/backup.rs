//! `striatum backup`: make, list, verify, restore and prune backups of state and models.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use serde_json::json;
use server::backup::{self, Described, Identities, Keep, Recipients, Source, StateSource};

use super::serve::{block_on, settings};
use crate::Outcome;

/// Back up the durable state and the models, also while a server runs.
#[derive(Args)]
pub(crate) struct Backup {
    /// A TOML file of settings.
    #[arg(long, value_name = "TOML", global = true)]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make a backup.
    Create {
        /// Folder of backups.
        #[arg(long, default_value = "backups")]
        to: PathBuf,
        /// A public key `age1...` that it is encrypted for; several may be given.
        #[arg(long = "recipient", value_name = "KEY")]
        recipients: Vec<String>,
    },
    /// List the backups of a folder.
    List {
        /// Folder of backups.
        #[arg(default_value = "backups")]
        folder: PathBuf,
    },
    /// Read a backup through and check every hash and the database.
    Verify {
        /// The backup.
        file: PathBuf,
        /// A file of private keys, as age-keygen writes it.
        #[arg(long, value_name = "FILE")]
        identity: Option<PathBuf>,
    },
    /// Restore a backup into folders that hold nothing yet: those of the settings.
    Restore {
        /// The backup.
        file: PathBuf,
        /// A file of private keys, as age-keygen writes it.
        #[arg(long, value_name = "FILE")]
        identity: Option<PathBuf>,
        /// Folder of the state [default: that of the settings].
        #[arg(long, value_name = "FOLDER")]
        state: Option<PathBuf>,
        /// Folder of the models [default: that of the settings].
        #[arg(long, value_name = "FOLDER")]
        models: Option<PathBuf>,
    },
    /// Remove the backups that no rule keeps.
    Prune {
        /// Folder of backups.
        #[arg(default_value = "backups")]
        folder: PathBuf,
        /// Keep the last so many.
        #[arg(long, default_value_t = 3)]
        keep_last: usize,
        /// Keep the last of each of so many days.
        #[arg(long, default_value_t = 7)]
        keep_daily: usize,
        /// Keep the last of each of so many weeks.
        #[arg(long, default_value_t = 4)]
        keep_weekly: usize,
        /// Keep the last of each of so many months.
        #[arg(long, default_value_t = 6)]
        keep_monthly: usize,
        /// Only say what would be removed.
        #[arg(long)]
        dry_run: bool,
    },
}

impl Backup {
    pub(crate) fn run(self, json: bool) -> Result<Outcome> {
        let config = || settings(self.config.as_deref());
        match self.command {
            Command::Create { to, recipients } => {
                let recipients = Recipients::parse(&recipients)?;
                let made = create(&config()?, &to, &recipients)?;
                show(json, std::slice::from_ref(&made));
            }
            Command::List { folder } => show(json, &backup::list(&folder)?),
            Command::Verify { file, identity } => {
                let found = backup::verify(&file, &identities(identity.as_deref())?)?;
                show(json, &[found]);
            }
            Command::Restore { file, identity, state, models } => {
                let config = config()?;
                let state = state.unwrap_or(config.state.folder);
                let models = models.unwrap_or(config.models);
                let keys = identities(identity.as_deref())?;
                let restored = backup::restore(&file, &keys, &state, &models)?;
                show(json, &[restored]);
                eprintln!("restored into {} and {}", state.display(), models.display());
            }
            Command::Prune {
                folder,
                keep_last,
                keep_daily,
                keep_weekly,
                keep_monthly,
                dry_run,
            } => {
                let keep = Keep {
                    last: keep_last,
                    daily: keep_daily,
                    weekly: keep_weekly,
                    monthly: keep_monthly,
                };
                let gone = backup::prune(&folder, &keep, dry_run)?;
                if json {
                    println!("{}", json!({ "removed": gone, "dry_run": dry_run }));
                } else {
                    gone.iter().for_each(|name| println!("{name}"));
                }
            }
        }
        Ok(Outcome::Done)
    }
}

fn create(config: &server::Config, to: &Path, recipients: &Recipients) -> Result<Described> {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let now = now.unwrap_or_default().as_secs();
    let models = config.models.as_path();
    let made = block_on(async {
        if config.state.postgresql.is_some() {
            let store = server::open_store(config).await?;
            let state = StateSource::Store(&store);
            return Ok(backup::create(&Source { state, models }, to, recipients, now).await?);
        }
        let state = StateSource::Folder(&config.state.folder);
        anyhow::Ok(backup::create(&Source { state, models }, to, recipients, now).await?)
    });
    made?.context("no backup was made")
}

fn identities(path: Option<&Path>) -> Result<Identities> {
    Ok(path.map(Identities::read).transpose()?.unwrap_or_default())
}

fn show(json: bool, backups: &[Described]) {
    if json {
        println!("{}", json!({ "backups": backups }));
        return;
    }
    for one in backups {
        let encrypted = if one.encrypted { "  encrypted" } else { "" };
        println!("{}  {} bytes  {} files{encrypted}", one.name, one.bytes, one.files);
    }
}
