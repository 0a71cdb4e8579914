//! `striatum serve`: the models of a folder over HTTP.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use observe::telemetry::{LogFormat, Telemetry};
use tokio::signal::unix::{SignalKind, signal};

use crate::Outcome;

/// The least and the most threads that read, write and search memories: as many as there are cores.
/// Stepping has threads of its own.
const IO_THREADS: (usize, usize) = (2, 64);

/// Serve the models of a folder over HTTP, WebSocket and gRPC, on one port.
///
/// SIGHUP reads certificates, keys and what can change of the settings again.
///
/// Settings come from the defaults, then --config, then variables STRIATUM_LISTEN, STRIATUM_MODELS
/// and so on, then flags.
#[derive(Args)]
pub(crate) struct Serve {
    /// A TOML file of settings.
    #[arg(long, value_name = "TOML")]
    config: Option<PathBuf>,
    /// Address to listen on [default: 127.0.0.1:8080].
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// The model repository [default: models].
    #[arg(long, value_name = "FOLDER")]
    models: Option<PathBuf>,
    /// Folder of the durable state [default: state].
    #[arg(long, value_name = "FOLDER")]
    state: Option<PathBuf>,
    /// Threads that step networks; 0 means one per core.
    #[arg(long)]
    workers: Option<usize>,
    /// How the log is written [default: text].
    #[arg(long)]
    log_format: Option<Format>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    Text,
    Json,
    Ecs,
}

impl From<Format> for LogFormat {
    fn from(format: Format) -> Self {
        match format {
            Format::Text => Self::Text,
            Format::Json => Self::Json,
            Format::Ecs => Self::Ecs,
        }
    }
}

impl Serve {
    pub(crate) fn run(self) -> Result<Outcome> {
        let config = self.settings()?;
        let telemetry = Telemetry::new(config.tracing.clone(), config.export.otlp.is_some());
        telemetry.install(config.logs.format, &config.logs.levels)?;
        let watched = resources::Watched::default();
        let own = watched.runtime("io");
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        let cores = std::thread::available_parallelism().map_or(IO_THREADS.0, usize::from);
        let threads = cores.clamp(IO_THREADS.0, IO_THREADS.1);
        builder.worker_threads(threads).thread_stack_size(512 << 10).enable_all();
        own.install(&mut builder);
        let runtime = builder.build()?;
        own.probe(runtime.handle());
        let settings = Box::new(move || self.settings().map_err(|e| format!("{e:#}")));
        let told = server::Told { stop: stopped(), reload: reloaded, settings, watched };
        runtime.block_on(server::serve(config, telemetry, announce, told))?;
        eprintln!("stopped");
        Ok(Outcome::Done)
    }
}

impl Serve {
    /// The settings of the file and the variables, with the flags on top.
    fn settings(&self) -> Result<server::Config> {
        let mut config = settings(self.config.as_deref())?;
        config.listen = self.listen.unwrap_or(config.listen);
        config.models = self.models.clone().unwrap_or(config.models);
        config.workers = self.workers.unwrap_or(config.workers);
        config.state.folder = self.state.clone().unwrap_or(config.state.folder);
        config.logs.format = self.log_format.map_or(config.logs.format, LogFormat::from);
        if let Ok(levels) = std::env::var("STRIATUM_LOG") {
            config.logs.levels = levels;
        }
        Ok(config)
    }
}

fn announce(address: SocketAddr, models: &server::Repository) {
    let (mut ready, mut failed) = (Vec::new(), 0);
    for server::Listed { name, version, reason, .. } in models.list() {
        match reason {
            None => ready.push(format!("{name} {version}")),
            Some(_) => failed += 1,
        }
    }
    let failed = if failed == 0 { String::new() } else { format!(", {failed} not ready") };
    let ready = if ready.is_empty() { "no models".to_owned() } else { ready.join(", ") };
    eprintln!("listening on http://{address} with {ready}{failed}");
}

/// Done at the first interrupt or termination.
async fn stopped() {
    let terminated = async {
        match signal(SignalKind::terminate()) {
            Ok(mut terminate) => drop(terminate.recv().await),
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = terminated => {}
    }
}

/// Done at the next hangup signal.
async fn reloaded() {
    match signal(SignalKind::hangup()) {
        Ok(mut hangup) => drop(hangup.recv().await),
        Err(_) => std::future::pending().await,
    }
}

/// Settings of a file, with `STRIATUM_...` variables on top.
pub(crate) fn settings(path: Option<&Path>) -> Result<server::Config> {
    let mut table = match path {
        None => toml::Table::new(),
        Some(path) => {
            let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
            // Read once as a whole, so that a wrong line is named with its place.
            let _: server::Config =
                toml::from_str(&text).with_context(|| path.display().to_string())?;
            text.parse().with_context(|| path.display().to_string())?
        }
    };
    for (variable, text) in std::env::vars() {
        let Some(key) = variable.strip_prefix("STRIATUM_").map(str::to_ascii_lowercase) else {
            continue;
        };
        if OTHER_VARIABLES.contains(&key.as_str()) {
            continue;
        }
        set(&mut table, &key, value(&text));
    }
    table.try_into().context("settings from STRIATUM_... variables")
}

/// Variables that are no settings.
const OTHER_VARIABLES: [&str; 12] = [
    "log",
    "key",
    "python",
    "no_skip",
    "postgres_bin",
    "promtool",
    "prometheus",
    "alertmanager",
    "victoria_metrics",
    "otel_collector",
    "chromium",
    "node_modules",
];

/// Tables of settings: `STRIATUM_SESSIONS_MAX` is `max` of `sessions`.
const TABLES: [&str; 12] = [
    "connections",
    "sessions",
    "state",
    "security.jwt",
    "security",
    "tls",
    "logs",
    "tracing",
    "export.otlp",
    "export.remote_write",
    "history",
    "tenants",
];

/// Sets a key of a variable, in the table that its name begins with.
fn set(table: &mut toml::Table, key: &str, value: toml::Value) {
    let within = |table: &str| key.strip_prefix(&table.replace('.', "_"))?.strip_prefix('_');
    let inside = TABLES.iter().find_map(|table| Some((*table, within(table)?)));
    let Some((tables, key)) = inside else {
        table.insert(key.to_owned(), value);
        return;
    };
    let mut at = table;
    for name in tables.split('.') {
        let entry = at.entry(name).or_insert_with(|| toml::Table::new().into());
        let toml::Value::Table(inner) = entry else { return };
        at = inner;
    }
    at.insert(key.to_owned(), value);
}

/// A variable's text as a number, a truth value or a list where it is one.
fn value(text: &str) -> toml::Value {
    let number = text.parse::<i64>().map(toml::Value::Integer);
    let number = number.or_else(|_| text.parse::<f64>().map(toml::Value::Float));
    let truth = || text.parse::<bool>().ok().map(toml::Value::Boolean);
    let list = || text.starts_with('[').then(|| format!("v = {text}").parse::<toml::Table>().ok());
    number
        .ok()
        .or_else(truth)
        .or_else(|| list().flatten().and_then(|mut table| table.remove("v")))
        .unwrap_or_else(|| toml::Value::String(text.to_owned()))
}

/// Runs a future to its end.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    Ok(runtime.block_on(future))
}
