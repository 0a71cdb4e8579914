//! `striatum doctor`: what is wrong with an installation, before a server is started or beside one.

use std::net::TcpListener;
use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::Args;
use serde::Serialize;
use serde_json::json;

use super::serve::{block_on, settings};
use crate::Outcome;

/// Find what is wrong with an installation: settings, models, state, port, certificates, limits.
#[derive(Args)]
pub(crate) struct Doctor {
    /// A TOML file of settings.
    #[arg(long, value_name = "TOML")]
    config: Option<PathBuf>,
}

/// What a look at one thing found.
#[derive(Serialize)]
struct Finding {
    what: &'static str,
    verdict: Verdict,
    says: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    Well,
    Doubt,
    Ill,
}

/// Open files that a busy server needs.
const MIN_OPEN_FILES: u64 = 4096;

/// Free space of the state's disk that is too little (bytes).
const MIN_FREE_BYTES: u64 = 1 << 30;

impl Doctor {
    pub(crate) fn run(self, json: bool) -> Result<Outcome> {
        let mut findings = Vec::new();
        let config = match settings(self.config.as_deref()) {
            Ok(config) => config,
            Err(error) => {
                findings.push(ill("settings", crate::report(&error)));
                return Ok(conclude(&findings, json));
            }
        };
        let problems = config.problems();
        findings.push(match problems.is_empty() {
            true => well("settings", "every value can be".into()),
            false => ill("settings", problems.join("; ")),
        });
        models(&config.models, &mut findings);
        findings.push(state(&config));
        findings.push(disk(&config.state.folder));
        findings.push(port(config.listen));
        findings.push(files());
        if let Some(tls) = &config.tls {
            for path in [Some(&tls.certificate), Some(&tls.key), tls.client_ca.as_ref()] {
                findings.extend(path.map(|path| readable("tls", path)));
            }
        }
        if let Some(jwt) = &config.security.jwt {
            for path in [&jwt.jwks, &jwt.secret].into_iter().flatten() {
                findings.push(readable("jwt", path));
            }
        }
        if !config.listen.ip().is_loopback() && config.tls.is_none() {
            let says = "keys and tokens cross the network in the clear: set [tls], or end TLS in \
                        front of the server";
            findings.push(doubt("encryption", says.into()));
        }
        Ok(conclude(&findings, json))
    }
}

fn conclude(findings: &[Finding], json: bool) -> Outcome {
    let fails = findings.iter().any(|f| f.verdict == Verdict::Ill);
    if json {
        println!("{}", json!({ "well": !fails, "findings": findings }));
    } else {
        for Finding { what, verdict, says } in findings {
            let mark = match verdict {
                Verdict::Well => "ok",
                Verdict::Doubt => "??",
                Verdict::Ill => "NO",
            };
            println!("{mark}  {what:12} {says}");
        }
    }
    if fails { Outcome::No } else { Outcome::Done }
}

fn well(what: &'static str, says: String) -> Finding {
    Finding { what, verdict: Verdict::Well, says }
}

fn doubt(what: &'static str, says: String) -> Finding {
    Finding { what, verdict: Verdict::Doubt, says }
}

fn ill(what: &'static str, says: String) -> Finding {
    Finding { what, verdict: Verdict::Ill, says }
}

fn models(folder: &Path, findings: &mut Vec<Finding>) {
    match server::Repository::look(folder) {
        Err(error) => findings.push(ill("models", error.to_string())),
        Ok(listed) if listed.is_empty() => {
            let says = format!("{}: no model; NAME/1/model.nir is one", folder.display());
            findings.push(doubt("models", says));
        }
        Ok(listed) => {
            for server::Listed { name, version, reason, .. } in listed {
                findings.push(match reason {
                    None => well("model", format!("{name} {version} loads")),
                    Some(reason) => ill("model", format!("{name} {version}: {reason}")),
                });
            }
        }
    }
}

fn state(config: &server::Config) -> Finding {
    if config.state.postgresql.is_none() && !config.state.folder.exists() {
        let says = format!("{} will be made", config.state.folder.display());
        return well("state", says);
    }
    let opened = block_on(async {
        let store = server::open_store(config).await?;
        store.ping().await.map_err(server::ServeError::Store)?;
        Ok(store.kind())
    });
    match opened {
        Ok(Ok(kind)) => well("state", format!("{kind} answers")),
        Ok(Err(server::ServeError::Store(store::StoreError::InUse { .. }))) => {
            well("state", "a server has it open".into())
        }
        Ok(Err(error)) => ill("state", error.to_string()),
        Err(error) => ill("state", error.to_string()),
    }
}

fn disk(folder: &Path) -> Finding {
    let mut folder = folder.to_owned();
    while !folder.exists() && folder.pop() {}
    let folder = if folder.as_os_str().is_empty() { PathBuf::from(".") } else { folder };
    match crate::machine::free_bytes(&folder) {
        Some(free) if free < MIN_FREE_BYTES => {
            doubt("disk", format!("{} MB free at {}", free >> 20, folder.display()))
        }
        Some(free) => well("disk", format!("{} MB free at {}", free >> 20, folder.display())),
        None => doubt("disk", format!("free space of {} is not known", folder.display())),
    }
}

fn port(address: std::net::SocketAddr) -> Finding {
    match TcpListener::bind(address) {
        Ok(_) => well("address", format!("{address} is free")),
        Err(error) => doubt("address", format!("{address}: {error}; a server may run already")),
    }
}

fn files() -> Finding {
    match crate::machine::max_open_files() {
        Some(n) if n < MIN_OPEN_FILES => {
            let says = format!("{n} files may be open, a busy server needs {MIN_OPEN_FILES}");
            doubt("limits", says)
        }
        Some(n) => well("limits", format!("{n} files may be open")),
        None => doubt("limits", "the limit of open files is not known".into()),
    }
}

fn readable(what: &'static str, path: &Path) -> Finding {
    match std::fs::read(path) {
        Ok(_) => well(what, format!("{} can be read", path.display())),
        Err(error) => ill(what, format!("{}: {error}", path.display())),
    }
}
