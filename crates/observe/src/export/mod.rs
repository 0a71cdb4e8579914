//! Sends what is seen to a collector or a remote store: OTLP over gRPC or HTTP, and whatever else
//! is a body to be posted. Each service has a policy of its own: retries, breaker, time limit.

#![allow(clippy::disallowed_methods, reason = "what is sent says when it was")]

mod http;
mod otlp;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use opentelemetry_proto::tonic::collector::logs::v1::logs_service_client::LogsServiceClient;
use opentelemetry_proto::tonic::collector::metrics::v1::metrics_service_client::MetricsServiceClient;
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_client::TraceServiceClient;
use prost::Message;
use resilience::policy::{self, Policy};
use resilience::{Chance, Clock, Deadline, Verdict, breaker};
use serde::{Deserialize, Serialize};
use tonic::metadata::{Ascii, MetadataKey, MetadataValue};
use tonic::transport::{Channel, ClientTlsConfig, Endpoint};

use crate::telemetry::Telemetry;
use crate::{Counter, Gauge, Metrics};

pub use http::{Posted, SendError};

/// Spans or records in one message.
const BATCH: usize = 1024;

/// How a collector is spoken to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OtlpProtocol {
    /// gRPC, usually port 4317.
    #[default]
    Grpc,
    /// Protobuf over HTTP, usually port 4318.
    Http,
}

/// An OpenTelemetry collector.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Otlp {
    /// Its address, `http://HOST:PORT` or `https://...`.
    pub endpoint: String,
    /// How it is spoken to.
    #[serde(default)]
    pub protocol: OtlpProtocol,
    /// Headers of every message, for credentials say.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// Time from one message of metrics to the next (seconds); spans and records are sent each
    /// second.
    #[serde(default = "interval")]
    pub interval_seconds: f64,
}

fn interval() -> f64 {
    10.0
}

impl Otlp {
    /// Every setting that cannot be.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = http::problems("export.otlp.endpoint", &self.endpoint);
        problems.extend(http::header_problems("export.otlp.headers", &self.headers));
        if !(0.1..=3600.0).contains(&self.interval_seconds) {
            let found = self.interval_seconds;
            problems
                .push(format!("export.otlp.interval_seconds: expected 0.1 to 3600, found {found}"));
        }
        problems
    }
}

/// A service that is called, with all that stands before it.
pub struct Target {
    policy: Policy<()>,
    state: Gauge,
    /// ok, retried, failed, refused by the breaker.
    calls: [Counter; 4],
}

/// A breaker's state as `striatum_breaker_state` shows it: 0 closed, 1 half open, 2 open.
pub fn shown(state: breaker::State) -> f64 {
    match state {
        breaker::State::Open | breaker::State::ForcedOpen => 2.0,
        breaker::State::HalfOpen => 1.0,
        breaker::State::Closed | breaker::State::Disabled | breaker::State::MetricsOnly => 0.0,
    }
}

impl Target {
    /// A service of that name.
    ///
    /// # Errors
    /// Never with the settings as they are; as [`Policy::new`].
    pub fn new(
        name: &str,
        metrics: &Metrics,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, resilience::ConfigError> {
        let mut config = policy::Config::default();
        config.bulkhead.max_concurrent = 4;
        let chance = Chance::from_seed(crate::telemetry::random_id());
        let calls = ["ok", "retried", "failed", "refused"];
        Ok(Self {
            policy: Policy::new(config, clock, &chance)?,
            state: metrics.gauge("striatum_breaker_state", &[name]),
            calls: calls.map(|o| metrics.counter("striatum_calls_total", &[name, o])),
        })
    }

    /// Calls it, again where that may help.
    ///
    /// # Errors
    /// [`SendError`] of the last attempt.
    pub async fn call<F>(&self, op: impl Fn() -> F) -> Result<(), SendError>
    where
        F: Future<Output = Result<(), SendError>>,
    {
        let attempt = |attempt: policy::Attempt| {
            if attempt.number > 1 {
                self.calls[1].inc();
            }
            op()
        };
        let called = self.policy.call((), Deadline::NEVER, SendError::verdict, attempt).await;
        self.state.set(shown(self.policy.breaker().state()));
        let outcome = match &called {
            Ok(()) => 0,
            Err(policy::CallError::Full(_)) => 3,
            Err(policy::CallError::Failed(error)) => match &error.last {
                policy::AttemptError::Open(_) => 3,
                _ => 2,
            },
        };
        self.calls[outcome].inc();
        called.map_err(|error| SendError::Gone(error.to_string()))
    }
}

impl SendError {
    fn verdict(&self) -> Verdict {
        match self {
            Self::Refused(status) if *status == 429 || *status == 503 => {
                Verdict::Throttled { retry_after: None }
            }
            Self::Refused(status) if *status < 500 => Verdict::Refused,
            _ => Verdict::Transient { retry_after: None },
        }
    }
}

/// Sends spans, log records and metrics to a collector, until it is dropped.
pub struct OtlpExporter {
    settings: Otlp,
    telemetry: Arc<Telemetry>,
    metrics: Arc<Metrics>,
    target: Target,
    wire: Wire,
    resource: otlp::Described,
}

enum Wire {
    Grpc(Channel, Vec<(MetadataKey<Ascii>, MetadataValue<Ascii>)>),
    Http(Box<http::Client>),
}

impl OtlpExporter {
    /// # Errors
    /// [`SendError::Address`] for an address or headers that cannot be; nothing is connected yet.
    pub fn new(
        settings: Otlp,
        (telemetry, metrics): (Arc<Telemetry>, Arc<Metrics>),
        clock: Arc<dyn Clock>,
        instance: &str,
    ) -> Result<Self, SendError> {
        let wire = match settings.protocol {
            OtlpProtocol::Http => Wire::Http(Box::new(http::Client::new()?)),
            OtlpProtocol::Grpc => {
                let wrong = |e: &dyn std::fmt::Display| SendError::Address(e.to_string());
                let endpoint = Endpoint::from_shared(settings.endpoint.clone());
                let mut endpoint = endpoint.map_err(|e| wrong(&e))?;
                if settings.endpoint.starts_with("https") {
                    let tls = ClientTlsConfig::new().with_native_roots();
                    endpoint = endpoint.tls_config(tls).map_err(|e| wrong(&e))?;
                }
                let mut headers = Vec::new();
                for (name, value) in &settings.headers {
                    let name = name.to_ascii_lowercase().parse::<MetadataKey<Ascii>>();
                    let mut value = value.parse::<MetadataValue<Ascii>>().map_err(|e| wrong(&e))?;
                    value.set_sensitive(true);
                    headers.push((name.map_err(|e| wrong(&e))?, value));
                }
                Wire::Grpc(endpoint.connect_lazy(), headers)
            }
        };
        let target = Target::new("otlp", &metrics, clock);
        let target = target.map_err(|e| SendError::Address(e.to_string()))?;
        // The first that fails is an increase of what stood at nothing.
        for signal in ["traces", "metrics", "logs"] {
            for outcome in ["ok", "failed"] {
                drop(metrics.counter("striatum_exports_total", &[signal, outcome]));
            }
        }
        let resource = otlp::Described::new(instance, SystemTime::now());
        Ok(Self { settings, telemetry, metrics, target, wire, resource })
    }

    /// Sends for ever.
    pub async fn run(&self) {
        let every = Duration::from_secs_f64(self.settings.interval_seconds);
        let mut next = tokio::time::Instant::now();
        loop {
            tokio::time::sleep(Duration::from_secs(1)).await;
            self.send_waiting().await;
            if tokio::time::Instant::now() >= next {
                next += every;
                self.send_metrics().await;
            }
        }
    }

    /// Sends what waits, and the metrics as they stand: before the program ends.
    pub async fn flush(&self) {
        self.send_waiting().await;
        self.send_metrics().await;
    }

    async fn send_waiting(&self) {
        loop {
            let spans = self.telemetry.take_spans(BATCH);
            if spans.is_empty() {
                break;
            }
            let sent = self.send("traces", &self.resource.spans(&spans)).await;
            self.telemetry.exported(spans.len(), sent);
        }
        loop {
            let logs = self.telemetry.take_logs(BATCH);
            if logs.is_empty() {
                break;
            }
            self.send("logs", &self.resource.logs(&logs)).await;
        }
    }

    async fn send_metrics(&self) {
        let families = self.metrics.families();
        self.send("metrics", &self.resource.metrics(&families, SystemTime::now())).await;
    }

    async fn send(&self, signal: &'static str, request: &otlp::Export) -> bool {
        let sent = self.target.call(|| self.once(signal, request)).await;
        let outcome = if sent.is_ok() { "ok" } else { "failed" };
        self.metrics.counter("striatum_exports_total", &[signal, outcome]).inc();
        if let Err(error) = &sent {
            tracing::debug!(%error, signal, "not exported");
        }
        sent.is_ok()
    }

    async fn once(&self, signal: &str, request: &otlp::Export) -> Result<(), SendError> {
        match &self.wire {
            Wire::Http(client) => {
                let body = match request {
                    otlp::Export::Traces(request) => request.encode_to_vec(),
                    otlp::Export::Metrics(request) => request.encode_to_vec(),
                    otlp::Export::Logs(request) => request.encode_to_vec(),
                };
                let url = format!("{}/v1/{signal}", self.settings.endpoint.trim_end_matches('/'));
                let headers = self.settings.headers.iter();
                let mut headers: Vec<_> = headers.map(|(n, v)| (n.clone(), v.clone())).collect();
                headers.push(("content-type".into(), "application/x-protobuf".into()));
                client.post(&Posted { url, headers, body }).await
            }
            Wire::Grpc(channel, headers) => {
                let channel = channel.clone();
                let sent = match request.clone() {
                    otlp::Export::Traces(request) => {
                        let request = with_headers(request, headers);
                        TraceServiceClient::new(channel).export(request).await.map(drop)
                    }
                    otlp::Export::Metrics(request) => {
                        let request = with_headers(request, headers);
                        MetricsServiceClient::new(channel).export(request).await.map(drop)
                    }
                    otlp::Export::Logs(request) => {
                        let request = with_headers(request, headers);
                        LogsServiceClient::new(channel).export(request).await.map(drop)
                    }
                };
                sent.map_err(|status| SendError::Gone(format!("gRPC {}", status.code())))
            }
        }
    }
}

fn with_headers<T>(
    message: T,
    headers: &[(MetadataKey<Ascii>, MetadataValue<Ascii>)],
) -> tonic::Request<T> {
    let mut request = tonic::Request::new(message);
    for (name, value) in headers {
        request.metadata_mut().insert(name.clone(), value.clone());
    }
    request
}

/// A client for bodies that are posted, behind a policy.
pub struct Poster {
    client: http::Client,
    target: Target,
}

impl Poster {
    /// # Errors
    /// [`SendError::Address`] where there are no certificates to trust.
    pub fn new(name: &str, metrics: &Metrics, clock: Arc<dyn Clock>) -> Result<Self, SendError> {
        let target = Target::new(name, metrics, clock);
        let target = target.map_err(|e| SendError::Address(e.to_string()))?;
        Ok(Self { client: http::Client::new()?, target })
    }

    /// Posts a body, again where that may help.
    ///
    /// # Errors
    /// [`SendError`] of the last attempt.
    pub async fn post(&self, posted: &Posted) -> Result<(), SendError> {
        self.target.call(|| self.client.post(posted)).await
    }
}
