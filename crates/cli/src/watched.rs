//! A server that is watched over HTTP: its panels by Prometheus' query API, its health, its alerts,
//! its spikes. What is asked is what the catalogue's panels say, nothing of its own.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use catalogue::expr::with_window;
use catalogue::{Panel, PanelKind, Target};
use clap::Args;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use ureq::tls::{RootCerts, TlsConfig};

/// Time to connect, and to be answered.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// Series of a target that are shown.
const MAX_SERIES: usize = 50;

/// The shortest window of rates (seconds).
const MIN_WINDOW_SECONDS: f64 = 60.0;

/// A line of an event: the spikes of a request.
const MAX_LINE_BYTES: u64 = 16 << 20;

/// Which server, and who asks.
#[derive(Args, Clone)]
pub(crate) struct ServerFlags {
    /// The server; https where the machine trusts its certificate.
    #[arg(long, default_value = "http://127.0.0.1:8080")]
    url: String,
    /// An API key [default: the variable STRIATUM_KEY].
    #[arg(long)]
    key: Option<String>,
}

/// A server that answers questions.
#[derive(Clone)]
pub(crate) struct Watched {
    agent: ureq::Agent,
    url: String,
    key: Option<String>,
}

/// A time that is looked at (seconds since 1970), and the time between two points.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Span {
    pub(crate) start: f64,
    pub(crate) end: f64,
    pub(crate) step: f64,
}

/// A series of a panel.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Series {
    /// Its legend.
    pub(crate) name: String,
    pub(crate) labels: BTreeMap<String, String>,
    /// Times (seconds since 1970) and values; what is no number is left out.
    pub(crate) values: Vec<(f64, f64)>,
}

/// How the server is.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Health {
    pub(crate) status: String,
    pub(crate) score: f64,
    pub(crate) level: String,
    pub(crate) version: String,
    pub(crate) uptime_seconds: f64,
    pub(crate) checks: Vec<Check>,
}

/// What a health check found.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Check {
    pub(crate) name: String,
    pub(crate) status: String,
    pub(crate) detail: String,
    pub(crate) took_ms: f64,
}

/// An alert that is pending or fires.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Alert {
    pub(crate) name: String,
    pub(crate) state: String,
    pub(crate) severity: String,
    pub(crate) summary: String,
    pub(crate) since: String,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) silenced: bool,
}

/// Spikes of a request.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Frame {
    pub(crate) steps: usize,
    pub(crate) populations: Vec<Fired>,
    /// Spikes per neuron and step of each population.
    pub(crate) rates: Vec<f64>,
}

/// Spikes of a population: step and neuron.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Fired {
    pub(crate) name: String,
    pub(crate) size: usize,
    pub(crate) spikes: Vec<[u32; 2]>,
}

impl ServerFlags {
    /// The address, without a slash at its end.
    pub(crate) fn url(&self) -> String {
        self.url.trim_end_matches('/').to_owned()
    }

    /// The key that was given, or that of the environment.
    pub(crate) fn key(&self) -> Option<String> {
        self.key.clone().or_else(|| std::env::var("STRIATUM_KEY").ok())
    }
}

/// Connects, by the machine's certificates; an answer that refuses is no error yet.
pub(crate) fn agent(answer: Option<Duration>) -> ureq::Agent {
    ureq::Agent::config_builder()
        .timeout_connect(Some(CONNECT_TIMEOUT))
        .timeout_recv_response(answer)
        .tls_config(TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build())
        .http_status_as_error(false)
        .build()
        .into()
}

/// Why a server refused, from its answer.
pub(crate) fn why(answer: &str) -> String {
    let said: Value = serde_json::from_str(answer).unwrap_or_default();
    let why = ["error", "detail", "title"].iter().find_map(|name| said[*name].as_str());
    why.unwrap_or("no reason is given").to_owned()
}

impl Span {
    /// The window of rates: a minute, or all that lies between two points.
    fn window(&self) -> String {
        format!("{}s", self.step.max(MIN_WINDOW_SECONDS).ceil())
    }
}

impl Series {
    pub(crate) fn last(&self) -> Option<f64> {
        self.values.last().map(|(_, value)| *value)
    }

    pub(crate) fn mean(&self) -> Option<f64> {
        let n = self.values.len();
        (n > 0).then(|| self.values.iter().map(|(_, value)| value).sum::<f64>() / n as f64)
    }

    pub(crate) fn max(&self) -> Option<f64> {
        self.values.iter().map(|(_, value)| *value).reduce(f64::max)
    }
}

impl Watched {
    /// The server of the flags, after it has answered once.
    pub(crate) fn reached(flags: &ServerFlags) -> Result<Self> {
        let watched = Self { agent: agent(None), url: flags.url(), key: flags.key() };
        watched.asked("/health/live", &[]).with_context(|| {
            let url = &watched.url;
            format!("no server answers at {url}: start one with `striatum serve`, or say where it is with --url")
        })?;
        Ok(watched)
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    fn asked(&self, path: &str, query: &[(&str, &str)]) -> Result<ureq::Body> {
        let mut request = self.agent.get(format!("{}{path}", self.url));
        request = query.iter().fold(request, |request, (name, value)| request.query(name, value));
        if let Some(key) = &self.key {
            request = request.header("x-api-key", key);
        }
        let streams = path == LIVE;
        let timeout = (!streams).then_some(ANSWER_TIMEOUT);
        let answer = request.config().timeout_global(timeout).build().call()?;
        let status = answer.status();
        let mut body = answer.into_body();
        if status.is_success() {
            return Ok(body);
        }
        let text = body.read_to_string().unwrap_or_default();
        let hint = match status.as_u16() {
            401 | 403 => "; give the key of an operator with --key or STRIATUM_KEY",
            _ => "",
        };
        bail!("GET {path}: {status}: {}{hint}", why(&text))
    }

    /// A document.
    fn json<T: for<'de> Deserialize<'de>>(&self, path: &str, query: &[(&str, &str)]) -> Result<T> {
        let text = self.asked(path, query)?.read_to_string().with_context(|| path.to_owned())?;
        serde_json::from_str(&text).with_context(|| format!("the answer to GET {path}"))
    }

    /// The server's time (seconds since 1970), so that clocks need not agree.
    pub(crate) fn now(&self) -> Result<f64> {
        let answer: Value = self.json("/api/v1/query", &[("query", "time()")])?;
        answer["data"]["result"][0].as_f64().context("the answer to the query time() is no scalar")
    }

    pub(crate) fn health(&self) -> Result<Health> {
        self.json("/health", &[])
    }

    pub(crate) fn alerts(&self) -> Result<Vec<Alert>> {
        #[derive(Deserialize)]
        struct Alerts {
            alerts: Vec<Alert>,
        }
        Ok(self.json::<Alerts>("/v1/alerts", &[])?.alerts)
    }

    /// The series of a panel: over the time, or at its end for what shows only now.
    pub(crate) fn panel(&self, panel: &Panel, span: &Span) -> Result<Vec<Series>> {
        match panel.kind {
            PanelKind::Lines | PanelKind::Number => self.over(panel, span),
            PanelKind::Bars | PanelKind::Table => {
                let time = span.end.to_string();
                self.series(panel, span, ("/api/v1/query", &[("time", &time)]), "value")
            }
        }
    }

    /// The series of a panel over the time.
    pub(crate) fn over(&self, panel: &Panel, span: &Span) -> Result<Vec<Series>> {
        let [start, end, step] = [span.start, span.end, span.step].map(|v| v.to_string());
        let times = [("start", start.as_str()), ("end", &end), ("step", &step)];
        self.series(panel, span, ("/api/v1/query_range", &times), "values")
    }

    fn series(
        &self,
        panel: &Panel,
        span: &Span,
        (path, times): (&str, &[(&str, &str)]),
        key: &str,
    ) -> Result<Vec<Series>> {
        let mut all = Vec::new();
        for target in panel.targets {
            let expr = with_window(target.expr, &span.window());
            let query = [times, &[("query", expr.as_str())]].concat();
            let answer: Value = self.json(path, &query)?;
            let found = answer["data"]["result"].as_array();
            let found = found.ok_or_else(|| anyhow!("the answer to {expr} has no result"))?;
            all.extend(found.iter().take(MAX_SERIES).map(|one| series(target, one, key)));
        }
        Ok(all)
    }

    /// Spikes of a model's requests as they happen, until the server ends it.
    pub(crate) fn live(&self, model: &str) -> Result<impl Iterator<Item = Frame> + use<>> {
        let body = self.asked(LIVE, &[("model", model)])?;
        let mut lines = BufReader::new(body.into_reader());
        Ok(std::iter::from_fn(move || {
            loop {
                let mut line = String::new();
                let n = lines.by_ref().take(MAX_LINE_BYTES).read_line(&mut line).ok()?;
                if n == 0 {
                    return None;
                }
                let Some(data) = line.strip_prefix("data:") else { continue };
                if let Ok(frame) = serde_json::from_str(data) {
                    return Some(frame);
                }
            }
        }))
    }
}

/// Where spikes are told as they happen.
const LIVE: &str = "/v1/live";

/// A series of an answer of the query API.
fn series(target: &Target, one: &Value, key: &str) -> Series {
    let labels: BTreeMap<String, String> =
        serde_json::from_value(one["metric"].clone()).unwrap_or_default();
    let point = |pair: &Value| {
        let value: f64 = pair[1].as_str()?.parse().ok()?;
        value.is_finite().then_some((pair[0].as_f64()?, value))
    };
    let values = match &one[key] {
        Value::Array(pairs) if pairs.first().is_some_and(Value::is_array) => {
            pairs.iter().filter_map(point).collect()
        }
        pair => point(pair).into_iter().collect(),
    };
    Series { name: legend(target.legend, &labels), labels, values }
}

/// A legend with the values of its labels.
fn legend(legend: &str, labels: &BTreeMap<String, String>) -> String {
    let text = labels.iter().fold(legend.to_owned(), |text, (name, value)| {
        text.replace(&format!("{{{{{name}}}}}"), value)
    });
    // A label that the series does not have says nothing.
    match text.find("{{") {
        Some(at) => text[..at].trim().to_owned(),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::{Target, legend, series};
    use serde_json::json;

    #[test]
    fn answers_of_the_query_api_are_read() {
        let target = Target { expr: "x{}", legend: "{{model}} p99" };
        let one = json!({ "metric": { "model": "digits" },
                          "values": [[1, "0.5"], [2.5, "NaN"], [3, "+Inf"], [4, "2"]] });
        let found = series(&target, &one, "values");
        assert_eq!(found.name, "digits p99");
        assert_eq!(found.values, [(1.0, 0.5), (4.0, 2.0)]);
        assert_eq!((found.last(), found.mean(), found.max()), (Some(2.0), Some(1.25), Some(2.0)));
        let one = json!({ "metric": {}, "value": [7, "3"] });
        assert_eq!(series(&target, &one, "value").values, [(7.0, 3.0)]);
        assert_eq!(series(&target, &json!({}), "value").last(), None);
    }

    #[test]
    fn a_label_that_is_missing_leaves_no_braces() {
        assert_eq!(legend("in {{model}}", &Default::default()), "in");
    }
}
