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
    /// Show what a server would run with: the file, the variables on top, and the defaults.
    Show {
        /// The file; the defaults and the variables where none is given.
        file: Option<PathBuf>,
    },
    /// Show every setting with its default, as a file to begin with.
    Default,
}

impl Config {
    pub(crate) fn run(self, json: bool) -> Result<Outcome> {
        match self.command {
            Command::Check { file } => {
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
            }
            Command::Show { file } => print(&super::serve::settings(file.as_deref())?, json)?,
            Command::Default => print(&server::Config::default(), json)?,
        }
        Ok(Outcome::Done)
    }
}

/// The settings, with what is secret left out.
fn print(config: &server::Config, json: bool) -> Result<()> {
    let mut config = config.clone();
    if let Some(url) = &mut config.state.postgresql {
        *url = without_password(url);
    }
    if let Some(url) = &mut config.memory.cache.redis {
        *url = without_password(url);
    }
    let export = &mut config.export;
    let otlp = export.otlp.iter_mut().map(|otlp| &mut otlp.headers);
    let remote = export.remote_write.iter_mut().map(|remote| &mut remote.headers);
    otlp.chain(remote).flat_map(|h| h.values_mut()).for_each(|value| *value = "***".into());
    config.alerting.manager.iter_mut().for_each(|(key, value)| conceal(key, value));
    if json {
        println!("{}", serde_json::to_string(&config)?);
    } else {
        print!("{}", toml::to_string_pretty(&config)?);
    }
    Ok(())
}

/// Keys of receivers whose values are secret, addresses of web hooks among them.
const SECRET_KEYS: [&str; 6] = ["url", "key", "password", "secret", "token", "credentials"];

/// Puts stars in place of the secrets of a receiver.
fn conceal(key: &str, value: &mut toml::Value) {
    match value {
        toml::Value::Table(table) => table.iter_mut().for_each(|(key, v)| conceal(key, v)),
        toml::Value::Array(values) => values.iter_mut().for_each(|v| conceal(key, v)),
        toml::Value::String(text) if SECRET_KEYS.iter().any(|s| key.contains(s)) => {
            *text = "***".into();
        }
        _ => {}
    }
}

/// A URL whose password is shown as stars.
fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return "***".into() };
    match rest.rsplit_once('@') {
        None => url.to_owned(),
        Some((user, host)) => {
            let name = user.split(':').next().unwrap_or_default();
            let password = if user.contains(':') { ":***" } else { "" };
            format!("{scheme}://{name}{password}@{host}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{conceal, without_password};

    #[test]
    fn secrets_of_receivers_are_not_shown() {
        let text = "name = \"people\"\nslack_configs = [{ api_url = \"https://hooks/T0\" }]\n\
                    [route]\nreceiver = \"people\"\n";
        let mut value = toml::Value::Table(text.parse().unwrap());
        conceal("", &mut value);
        let shown = value.to_string();
        assert!(!shown.contains("hooks") && shown.contains("people"), "{shown}");
    }

    #[test]
    fn a_password_is_not_shown() {
        let check = |url, shown: &str| assert_eq!(without_password(url), shown);
        check("postgresql://me:secret@db/x", "postgresql://me:***@db/x");
        check("postgresql://me:a@b@db/x", "postgresql://me:***@db/x");
        check("postgresql://db/x", "postgresql://db/x");
        check("host=db password=secret", "***");
    }
}
