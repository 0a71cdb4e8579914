//! A real Prometheus, started on a free port and stopped by its process id.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use history::Sample;
use history::remote::{Protocol, SAMPLES_PER_REQUEST, SeriesToWrite, encode};
use serde_json::Value;
use tempfile::TempDir;

use crate::data::INTERVAL_MS;

/// A running Prometheus.
pub(crate) struct Prometheus {
    folder: TempDir,
    child: Child,
    port: u16,
}

pub(crate) fn skip(reason: &str) {
    assert!(std::env::var_os("STRIATUM_NO_SKIP").is_none(), "SKIPPED: {reason}");
    eprintln!("SKIPPED: {reason}");
}

fn program() -> Option<PathBuf> {
    std::env::var_os("STRIATUM_PROMETHEUS").map(PathBuf::from).filter(|path| path.is_file())
}

impl Prometheus {
    pub(crate) fn start() -> Option<Self> {
        let Some(program) = program() else {
            skip(
                "no Prometheus: set STRIATUM_PROMETHEUS to \"$(scripts/fetch-debian forky prometheus)/usr/bin/prometheus\"",
            );
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("prometheus.yml");
        std::fs::write(&config, "global: { evaluation_interval: 1m }\n").unwrap();
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let child = Command::new(program)
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.tsdb.path={}", folder.path().join("data").display()))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .arg("--storage.tsdb.retention.time=100y")
            .arg("--web.enable-remote-write-receiver")
            .arg("--enable-feature=promql-experimental-functions")
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(folder.path().join("log")).unwrap())
            .spawn()
            .unwrap();
        let mut prometheus = Self { folder, child, port };
        prometheus.wait();
        if !prometheus.is_new_enough() {
            skip(&format!("Prometheus {} is older than 3.5", prometheus.version()));
            return None;
        }
        Some(prometheus)
    }

    fn wait(&mut self) {
        for _ in 0..600 {
            if ureq::get(self.url("/-/ready")).call().is_ok() {
                return;
            }
            if self.child.try_wait().unwrap().is_some() {
                break;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let log = std::fs::read_to_string(self.folder.path().join("log")).unwrap();
        panic!("Prometheus does not answer: {log}");
    }

    fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// Writes series with our encoder, requests being in order of time.
    pub(crate) fn write(&self, series: &[SeriesToWrite]) {
        let times = || series.iter().flat_map(|s| s.samples.iter().map(|sample| sample.t_ms));
        let (Some(begin), Some(end)) = (times().min(), times().max()) else { return };
        let together = (SAMPLES_PER_REQUEST / series.len().max(1)).max(1);
        let window_ms = INTERVAL_MS * together as i64;
        for (i, from_ms) in (begin..=end).step_by(window_ms as usize).enumerate() {
            let part = |s: &SeriesToWrite| {
                let within =
                    |sample: &&Sample| (from_ms..from_ms + window_ms).contains(&sample.t_ms);
                let samples = s.samples.iter().filter(within).copied().collect();
                SeriesToWrite { samples, ..s.clone() }
            };
            let part: Vec<_> = series.iter().map(part).filter(|s| !s.samples.is_empty()).collect();
            let protocol = if i % 2 == 0 { Protocol::V1 } else { Protocol::V2 };
            self.send(&encode(protocol, &part).unwrap());
        }
    }

    fn send(&self, encoded: &history::remote::Encoded) {
        let mut request = ureq::post(self.url("/api/v1/write"));
        for (name, value) in encoded.headers {
            request = request.header(name, value);
        }
        let response = request.config().http_status_as_error(false).build().send(&encoded.body[..]);
        let mut response = response.unwrap();
        let text = response.body_mut().read_to_string().unwrap();
        assert!(response.status().is_success(), "{}: {text}", response.status());
    }

    /// The status and the body of a request to its API.
    pub(crate) fn ask(&self, path: &str, parameters: &[(String, String)]) -> (u16, Value) {
        let pairs = parameters.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let request = if path.contains("/label/") {
            let query = ureq::get(self.url(path));
            pairs
                .fold(query, |query, (name, value)| query.query(name, value))
                .config()
                .http_status_as_error(false)
                .build()
                .call()
        } else {
            ureq::post(self.url(path)).config().http_status_as_error(false).build().send_form(pairs)
        };
        let mut response = request.unwrap();
        let text = response.body_mut().read_to_string().unwrap();
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        (response.status().as_u16(), body)
    }

    /// Ranges are open at the left since 3.0, and the rest is as in 3.5.
    fn is_new_enough(&self) -> bool {
        let version = self.version();
        let mut numbers = version.split('.').map(|number| number.parse::<u32>().unwrap_or(0));
        (numbers.next(), numbers.next()) >= (Some(3), Some(5))
    }

    pub(crate) fn version(&self) -> String {
        let mut response = ureq::get(self.url("/api/v1/status/buildinfo")).call().unwrap();
        let text = response.body_mut().read_to_string().unwrap();
        let body: Value = serde_json::from_str(&text).unwrap();
        body["data"]["version"].as_str().unwrap_or_default().to_owned()
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
