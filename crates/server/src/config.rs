//! How the server is set up; every limit has a name here.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use observe::export::Otlp;
use observe::telemetry::{LogFormat, Sampling};
use serde::{Deserialize, Serialize};

use crate::accounts::Tenants;
use crate::backup::{Keep, Recipients};

/// The model repository of who names none.
pub(crate) const DEFAULT_MODELS: &str = "models";

/// The longest time of a tier (seconds): a century.
const MAX_TIER_SECONDS: u64 = 36_525 * 86_400;

/// Settings of the server. A key that is absent keeps its default; an unknown key is an error.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Address to listen on.
    pub listen: SocketAddr,
    /// The model repository: a folder of `NAME/VERSION/model.nir` and `model.toml`.
    pub models: PathBuf,
    /// Threads that step networks; 0 means one per core.
    pub workers: usize,
    /// The largest body of a request, decompressed (bytes).
    pub max_body_bytes: usize,
    /// Time until a request's body must have arrived, and again until it is answered (seconds).
    pub request_timeout_seconds: f64,
    /// Inference requests let in at once, waiting ones included; one more is told to come back.
    pub max_in_flight: usize,
    /// Time that a request may be expected to wait for a worker; one more is told to come back
    /// (milliseconds).
    pub max_queue_ms: f64,
    /// Sequences of one request, and of the requests that one worker takes together.
    pub max_batch: usize,
    /// Time that a worker waits for more requests of the same model before it starts (microseconds).
    pub batch_wait_us: u64,
    /// Steps of one sequence.
    pub max_steps: usize,
    /// Time that requests have to finish when the server is told to stop (seconds).
    pub stop_grace_seconds: f64,
    /// Connections.
    pub connections: Connections,
    /// Sessions.
    pub sessions: Sessions,
    /// Durable state.
    pub state: State,
    /// Who may do what.
    pub security: Security,
    /// Encryption of connections.
    pub tls: Option<Tls>,
    /// Backups that the server makes by itself.
    pub backup: Option<Backup>,
    /// The log.
    pub logs: Logs,
    /// Which requests are traced.
    pub tracing: Sampling,
    /// Where what is seen is sent.
    pub export: Export,
    /// What the server keeps of its own metrics.
    pub history: HistoryConfig,
    /// Rules, and who is told.
    pub alerting: Alerting,
    /// What tenants remember.
    pub memory: Memory,
    /// What tenants may use.
    pub tenants: Tenants,
}

/// What tenants remember.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Memory {
    /// The clocks of the tiers: `assistant` keeps what it is told, `analyst` forgets after an hour,
    /// a week, ninety days what nobody needed, `cortex` consolidates after 30 seconds and an hour.
    pub profile: String,
    /// How long a memory stays in the working tier before it is judged (seconds), in place of the
    /// profile's time; 0 for ever.
    pub working_seconds: Option<u64>,
    /// As above, in the short-term tier.
    pub short_term_seconds: Option<u64>,
    /// As above, in the long-term tier.
    pub long_term_seconds: Option<u64>,
    /// Memories of a tenant, deleted ones that can be had back among them, where its plan says no
    /// number.
    pub max_memories: u64,
    /// Bytes of a tenant's texts and metadata, where its plan says no number.
    pub max_bytes: u64,
    /// What is held back: `permissive`, `balanced` or `conservative`.
    pub gate: memory::Strictness,
    /// What becomes of what looks like an attack on a reader: `hold` or `refuse`.
    pub attacks: memory::Attacks,
    /// What becomes of a memory that is there word for word: `reinforce` or `keep`.
    pub repeats: memory::Repeats,
    /// Trust in a source that nobody named, 0 to 1.
    pub trust: f32,
    /// Time in which a deleted memory can be had back (seconds).
    pub undo_seconds: u64,
    /// Tenants whose memory is in the process at once.
    pub max_open: usize,
    /// Time from one round of consolidation to the next (seconds).
    pub tend_seconds: f64,
    /// How the columns of collections compete and are read.
    pub columns: memory::ColumnSettings,
    /// Time from one look for branches of knowledge that are ready to be merged to the next (seconds);
    /// where there is none, no branch is merged by itself.
    pub consolidate_seconds: Option<u64>,
    /// What is kept of the endpoint's vectors.
    pub cache: embedding::CacheConfig,
    /// An endpoint that makes vectors of texts, for collections whose encoder is `endpoint`.
    pub embedding: Option<embedding::Config>,
}

/// Rules, and who is told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Alerting {
    /// Time from one evaluation of the rules to the next (seconds); 0 leaves the rules to another
    /// Prometheus, and nobody is told from here.
    pub interval_seconds: f64,
    /// What the hold times of the catalogue's rules are multiplied by: 0 fires at once.
    pub hold_factor: f64,
    /// Routes, receivers, inhibitions, Alertmanagers and further rules, by Alertmanager's and
    /// Prometheus' keys; without a route, alerts are written to the log.
    pub manager: toml::Table,
    /// How what is unusual is told from what is usual.
    pub anomaly: alert::anomaly::Config,
}

/// The log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Logs {
    /// Which records are written, such as `info` or `info,server=debug`.
    pub levels: String,
    /// How they are written.
    pub format: LogFormat,
}

/// Where what is seen is sent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Export {
    /// An OpenTelemetry collector, for traces, metrics and logs.
    pub otlp: Option<Otlp>,
    /// A store that takes Prometheus' remote write, for metrics.
    pub remote_write: Option<RemoteWrite>,
}

/// A store that takes Prometheus' remote write.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RemoteWrite {
    /// Its address, with the path.
    pub url: String,
    /// The version of the protocol, 1 or 2.
    #[serde(default = "remote_write_version")]
    pub version: u8,
    /// Headers of every message, for credentials say.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// Time from one message to the next (seconds).
    #[serde(default = "remote_write_interval")]
    pub interval_seconds: f64,
}

fn remote_write_version() -> u8 {
    1
}

fn remote_write_interval() -> f64 {
    15.0
}

/// What the server keeps of its own metrics.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HistoryConfig {
    /// Memory of the history (bytes).
    pub max_bytes: usize,
    /// How long samples are kept (hours).
    pub retention_hours: f64,
    /// Room on disk, in the state's folder (bytes); 0 keeps nothing from one start to the next.
    pub disk_bytes: u64,
    /// Time from one gathering of every metric to the next (seconds); 0 keeps no history, and
    /// nothing that is made of it: rules here, queries, what is unusual.
    pub gather_seconds: f64,
}

/// Backups that the server makes by itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Backup {
    /// Folder of backups.
    pub folder: PathBuf,
    /// Time from one backup to the next (hours).
    pub every_hours: f64,
    /// Public keys `age1...` that backups are encrypted for; without one they are not.
    #[serde(default)]
    pub recipients: Vec<String>,
    /// Which backups are kept.
    #[serde(default)]
    pub keep: Keep,
}

/// Limits of connections.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Connections {
    /// Connections open at once; one more is closed at once.
    pub max: usize,
    /// Time until the head of a request must have arrived, and until a TLS handshake is done
    /// (seconds).
    pub header_timeout_seconds: f64,
    /// Streams of one HTTP/2 connection.
    pub max_streams: u32,
}

/// Limits of sessions: networks that keep their state from one request to the next.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Sessions {
    /// Sessions at once.
    pub max: usize,
    /// Sessions of one tenant at once.
    pub max_per_tenant: usize,
    /// Time after its last request when a session is closed (seconds).
    pub idle_seconds: f64,
    /// Memory of all sessions together (bytes).
    pub max_bytes: usize,
}

/// Where durable state is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct State {
    /// Folder of the embedded database.
    pub folder: PathBuf,
    /// A PostgreSQL database instead, `postgresql://USER@HOST/NAME`.
    pub postgresql: Option<String>,
}

/// Who may do what.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Security {
    /// Whether callers must say who they are. Absent: once a key exists or tokens are configured,
    /// and always where the address can be reached from other machines.
    pub required: Option<bool>,
    /// JSON Web Tokens that are accepted.
    pub jwt: Option<Jwt>,
    /// Requests of one key, token subject or address, sustained (per second); 0 means no limit.
    pub requests_per_second: f64,
    /// Requests that may come at once above that.
    pub burst: u32,
    /// Origins that browsers may call from.
    pub cors_origins: Vec<String>,
}

/// Which JSON Web Tokens are accepted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Jwt {
    /// The issuer that a token must name.
    pub issuer: String,
    /// The audience that a token must name.
    pub audience: String,
    /// A file of public keys, a JSON Web Key Set.
    pub jwks: Option<PathBuf>,
    /// A file with the shared secret of HS256, HS384 and HS512, 32 bytes or more.
    pub secret: Option<PathBuf>,
    /// The claim that names the tenant.
    #[serde(default = "tenant_claim")]
    pub tenant_claim: String,
    /// The claim that lists the roles.
    #[serde(default = "roles_claim")]
    pub roles_claim: String,
    /// Difference of clocks that is forgiven (seconds).
    #[serde(default = "leeway_seconds")]
    pub leeway_seconds: u64,
}

/// Files of certificates, PEM; read again when the server is told to reload.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// The certificate chain.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
    /// Authorities of clients; where given, a client must show a certificate of one of them.
    pub client_ca: Option<PathBuf>,
}

fn tenant_claim() -> String {
    "tenant".into()
}

fn roles_claim() -> String {
    "roles".into()
}

fn leeway_seconds() -> u64 {
    30
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            models: PathBuf::from(DEFAULT_MODELS),
            workers: 0,
            max_body_bytes: 16 << 20,
            request_timeout_seconds: 30.0,
            max_in_flight: 256,
            max_queue_ms: 1000.0,
            max_batch: 256,
            batch_wait_us: 0,
            max_steps: 100_000,
            stop_grace_seconds: 10.0,
            connections: Connections::default(),
            sessions: Sessions::default(),
            state: State::default(),
            security: Security::default(),
            tls: None,
            backup: None,
            logs: Logs::default(),
            tracing: Sampling::default(),
            export: Export::default(),
            history: HistoryConfig::default(),
            alerting: Alerting::default(),
            memory: Memory::default(),
            tenants: Tenants::default(),
        }
    }
}

impl Default for Memory {
    fn default() -> Self {
        let plain = memory::Config::default();
        Self {
            profile: "assistant".into(),
            working_seconds: None,
            short_term_seconds: None,
            long_term_seconds: None,
            max_memories: plain.max_memories,
            max_bytes: plain.max_bytes,
            gate: plain.gate,
            attacks: plain.attacks,
            repeats: plain.repeats,
            trust: plain.trust,
            undo_seconds: plain.undo_seconds,
            max_open: 256,
            tend_seconds: 30.0,
            columns: plain.columns,
            consolidate_seconds: None,
            cache: embedding::CacheConfig::default(),
            embedding: None,
        }
    }
}

impl Memory {
    /// How the memory of each tenant behaves.
    ///
    /// # Errors
    /// The name of a profile that there is not.
    pub(crate) fn of_a_tenant(&self) -> Result<memory::Config, String> {
        let tiers = memory::Profile::named(&self.profile);
        let expected = "assistant, analyst or cortex";
        let wrong = || format!("profile: expected {expected}, found {:?}", self.profile);
        let mut tiers = tiers.ok_or_else(wrong)?;
        for (own, seconds) in [
            (&mut tiers.working_seconds, self.working_seconds),
            (&mut tiers.short_term_seconds, self.short_term_seconds),
            (&mut tiers.long_term_seconds, self.long_term_seconds),
        ] {
            if let Some(seconds) = seconds {
                *own = (seconds > 0).then_some(seconds);
            }
        }
        Ok(memory::Config {
            max_memories: self.max_memories,
            max_bytes: self.max_bytes,
            tiers,
            gate: self.gate,
            attacks: self.attacks,
            trust: self.trust,
            undo_seconds: self.undo_seconds,
            repeats: self.repeats,
            columns: self.columns,
            consolidate_seconds: self.consolidate_seconds,
            ..memory::Config::default()
        })
    }
}

impl Default for Logs {
    fn default() -> Self {
        Self { levels: "info".into(), format: LogFormat::Text }
    }
}

impl Default for HistoryConfig {
    fn default() -> Self {
        Self {
            max_bytes: 64 << 20,
            retention_hours: 24.0,
            disk_bytes: 256 << 20,
            gather_seconds: 5.0,
        }
    }
}

impl Default for Alerting {
    fn default() -> Self {
        Self {
            interval_seconds: 15.0,
            hold_factor: 1.0,
            manager: toml::Table::new(),
            anomaly: alert::anomaly::Config::default(),
        }
    }
}

impl Default for Connections {
    fn default() -> Self {
        Self { max: 4096, header_timeout_seconds: 10.0, max_streams: 256 }
    }
}

impl Default for Sessions {
    fn default() -> Self {
        Self { max: 1000, max_per_tenant: 1000, idle_seconds: 600.0, max_bytes: 1 << 30 }
    }
}

impl Default for State {
    fn default() -> Self {
        Self { folder: PathBuf::from("state"), postgresql: None }
    }
}

impl Default for Security {
    fn default() -> Self {
        let cors_origins = Vec::new();
        Self { required: None, jwt: None, requests_per_second: 0.0, burst: 100, cors_origins }
    }
}

impl Config {
    /// Every setting that cannot be, as `key: expected ..., found ...`.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let mut expect = |key: &str, fits: bool, expected: &str, found: String| {
            if !fits {
                problems.push(format!("{key}: expected {expected}, found {found}"));
            }
        };
        for (key, seconds) in [
            ("request_timeout_seconds", self.request_timeout_seconds),
            ("stop_grace_seconds", self.stop_grace_seconds),
            ("connections.header_timeout_seconds", self.connections.header_timeout_seconds),
            ("sessions.idle_seconds", self.sessions.idle_seconds),
        ] {
            let fits = (0.001..=86_400.0).contains(&seconds);
            expect(key, fits, "0.001 to 86400", seconds.to_string());
        }
        for (key, n, most) in [
            ("max_body_bytes", self.max_body_bytes, 1 << 30),
            ("max_in_flight", self.max_in_flight, 1 << 16),
            ("max_batch", self.max_batch, 1 << 16),
            ("max_steps", self.max_steps, 1 << 24),
            ("connections.max", self.connections.max, 1 << 20),
            ("connections.max_streams", self.connections.max_streams as usize, 1 << 16),
            ("sessions.max", self.sessions.max, 1 << 24),
            ("sessions.max_per_tenant", self.sessions.max_per_tenant, 1 << 24),
            ("sessions.max_bytes", self.sessions.max_bytes, 1 << 50),
            ("security.burst", self.security.burst as usize, 1_000_000),
        ] {
            expect(key, (1..=most).contains(&n), &format!("1 to {most}"), n.to_string());
        }
        let queue = self.max_queue_ms;
        let fits = (0.1..=86_400_000.0).contains(&queue);
        expect("max_queue_ms", fits, "0.1 to 86400000", queue.to_string());
        expect("workers", self.workers <= 1024, "at most 1024", self.workers.to_string());
        let wait = self.batch_wait_us;
        expect("batch_wait_us", wait <= 1_000_000, "at most 1000000", wait.to_string());
        let rate = self.security.requests_per_second;
        let fits = rate == 0.0 || (1e-3..=1e6).contains(&rate);
        expect("security.requests_per_second", fits, "0, or 0.001 to 1e6", rate.to_string());
        if let Some(backup) = &self.backup {
            let every = backup.every_hours;
            let fits = (1e-4..=8784.0).contains(&every);
            expect("backup.every_hours", fits, "0.0001 to 8784", every.to_string());
            let keys = Recipients::parse(&backup.recipients);
            let found = keys.err().map(|e| e.to_string()).unwrap_or_default();
            expect("backup.recipients", found.is_empty(), "keys age1...", found);
        }
        let profile = &self.memory.profile;
        let fits = memory::Profile::named(profile).is_some();
        expect("memory.profile", fits, "assistant, analyst or cortex", profile.clone());
        for (name, seconds) in [
            ("memory.working_seconds", self.memory.working_seconds),
            ("memory.short_term_seconds", self.memory.short_term_seconds),
            ("memory.long_term_seconds", self.memory.long_term_seconds),
        ] {
            let seconds = seconds.unwrap_or_default();
            let fits = seconds <= MAX_TIER_SECONDS;
            expect(name, fits, "0 to 3155760000, a century", seconds.to_string());
        }
        let trust = self.memory.trust;
        expect("memory.trust", (0.0..=1.0).contains(&trust), "0 to 1", trust.to_string());
        let tend = self.memory.tend_seconds;
        let fits = (0.1..=86_400.0).contains(&tend);
        expect("memory.tend_seconds", fits, "0.1 to 86400", tend.to_string());
        let open = self.memory.max_open;
        expect("memory.max_open", (1..=1 << 16).contains(&open), "1 to 65536", open.to_string());
        let bytes = self.history.max_bytes;
        let fits = (1 << 20..=1 << 40).contains(&bytes);
        expect("history.max_bytes", fits, "1048576 to 1099511627776", bytes.to_string());
        let hours = self.history.retention_hours;
        let fits = (0.01..=87_840.0).contains(&hours);
        expect("history.retention_hours", fits, "0.01 to 87840", hours.to_string());
        let every = self.history.gather_seconds;
        let fits = every == 0.0 || (0.1..=300.0).contains(&every);
        expect("history.gather_seconds", fits, "0, or 0.1 to 300", every.to_string());
        let every = self.alerting.interval_seconds;
        let fits = every == 0.0 || (0.1..=3600.0).contains(&every);
        expect("alerting.interval_seconds", fits, "0, or 0.1 to 3600", every.to_string());
        let wrong = self.alerting.anomaly.problems();
        expect("alerting.anomaly", wrong.is_empty(), "settings that can be", wrong.join("; "));
        let factor = self.alerting.hold_factor;
        let fits = (0.0..=100.0).contains(&factor);
        expect("alerting.hold_factor", fits, "0 to 100", factor.to_string());
        if let Some(remote) = &self.export.remote_write {
            let version = remote.version;
            let fits = matches!(version, 1 | 2);
            expect("export.remote_write.version", fits, "1 or 2", version.to_string());
            let every = remote.interval_seconds;
            let fits = (1.0..=3600.0).contains(&every);
            expect("export.remote_write.interval_seconds", fits, "1 to 3600", every.to_string());
            let fits = remote.url.starts_with("http://") || remote.url.starts_with("https://");
            expect("export.remote_write.url", fits, "http:// or https://", "another".into());
        }
        if let Some(jwt) = &self.security.jwt {
            let some = jwt.jwks.is_some() || jwt.secret.is_some();
            expect("security.jwt", some, "jwks or secret", "neither".into());
            let plain = |text: &String| !text.is_empty();
            let named = plain(&jwt.issuer) && plain(&jwt.audience);
            expect("security.jwt", named, "issuer and audience", "an empty one".into());
        }
        let parts = [
            ("tenants", self.tenants.problems()),
            ("memory.cache", self.memory.cache.problems()),
            (
                "memory.columns",
                self.memory.columns.check().err().map(|e| e.to_string()).into_iter().collect(),
            ),
            ("memory.embedding", self.memory.embedding.iter().flat_map(|e| e.problems()).collect()),
        ];
        for (part, wrong) in parts {
            problems.extend(wrong.into_iter().map(|problem| format!("{part}.{problem}")));
        }
        problems.extend(self.tracing.problems());
        match crate::alarm::settings(&self.alerting) {
            Ok(settings) => {
                let told = settings.problems().into_iter();
                problems.extend(told.map(|problem| format!("alerting.manager: {problem}")));
            }
            Err(problem) => problems.push(problem),
        }
        problems.extend(self.export.otlp.iter().flat_map(Otlp::problems));
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::{Config, Memory};

    #[test]
    fn columns_that_cannot_be_are_told_by_their_field() {
        let mut config = Config::default();
        config.memory.columns.inhibition = 0.0;
        let problems = config.problems();
        let told =
            |problem: &String| problem.starts_with("memory.columns.inhibition is 0, expected");
        assert!(problems.iter().any(told), "{problems:?}");
        config.memory.columns.inhibition = 0.5;
        assert_eq!(config.problems(), [] as [String; 0]);
        assert_eq!(config.memory.of_a_tenant().unwrap().columns, config.memory.columns);
    }

    #[test]
    fn clocks_that_are_set_stand_in_place_of_the_profiles() {
        let memory = Memory {
            profile: "analyst".into(),
            working_seconds: Some(60),
            long_term_seconds: Some(0),
            ..Memory::default()
        };
        let tiers = memory.of_a_tenant().unwrap().tiers;
        let clocks = [tiers.working_seconds, tiers.short_term_seconds, tiers.long_term_seconds];
        assert_eq!(clocks, [Some(60), Some(7 * 86_400), None]);
    }
}
