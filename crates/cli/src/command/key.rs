//! `striatum key`: API keys, while no server has the state open.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};

use super::serve::{block_on, settings};
use crate::Outcome;

/// Make, list and revoke API keys; a running server does the same at /v1/keys.
#[derive(Args)]
pub(crate) struct Key {
    /// A TOML file of settings.
    #[arg(long, value_name = "TOML", global = true)]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make a key and show it, this once.
    Create {
        /// What people call it.
        name: String,
        /// What its holder may do.
        #[arg(long)]
        role: Role,
        /// The tenant that it belongs to.
        #[arg(long, default_value = "default")]
        tenant: String,
        /// A model that its holder may use; all where none is given.
        #[arg(long = "model", value_name = "MODEL")]
        models: Vec<String>,
        /// Days until it ends; never where it is not given.
        #[arg(long, value_name = "DAYS")]
        expires_days: Option<u64>,
    },
    /// List keys, without their secrets.
    List,
    /// End a key for good.
    Revoke {
        /// The part of the key between `sk_` and the next `_`.
        id: String,
    },
}

#[derive(Clone, Copy, ValueEnum)]
enum Role {
    Scraper,
    Reader,
    Writer,
    Operator,
    Admin,
}

impl Key {
    pub(crate) fn run(self, json: bool) -> Result<Outcome> {
        let config = settings(self.config.as_deref())?;
        let shown = match self.command {
            Command::Create { name, role, tenant, models, expires_days } => {
                let role = role.to_possible_value().map(|v| v.get_name().to_owned());
                let mut spec = json!({ "name": name, "role": role, "tenant": tenant });
                if !models.is_empty() {
                    spec["models"] = json!(models);
                }
                if let Some(days) = expires_days {
                    let ms = days.checked_mul(86_400_000).context("--expires-days is too many")?;
                    spec["expires_ms"] = json!(now_ms().saturating_add(ms));
                }
                let key = block_on(server::administer::create_key(&config, spec))??;
                if !json {
                    println!("{}", key["key"].as_str().unwrap_or_default());
                    eprintln!("this is the only time the key is shown");
                    return Ok(Outcome::Done);
                }
                key
            }
            Command::List => {
                let keys = block_on(server::administer::keys(&config))??;
                if !json {
                    keys.iter().for_each(line);
                    return Ok(Outcome::Done);
                }
                json!({ "keys": keys })
            }
            Command::Revoke { id } => {
                let key = block_on(server::administer::revoke_key(&config, &id))??;
                if !json {
                    line(&key);
                    return Ok(Outcome::Done);
                }
                key
            }
        };
        println!("{shown}");
        Ok(Outcome::Done)
    }
}

fn line(key: &Value) {
    let text = |name: &str| key[name].as_str().unwrap_or("-").to_owned();
    let revoked = if key["revoked"] == true { "  revoked" } else { "" };
    println!("{}  {:8}  {}  {}{revoked}", text("id"), text("role"), text("tenant"), text("name"));
}

fn now_ms() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.unwrap_or_default().as_millis() as u64
}
