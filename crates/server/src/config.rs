//! How the server is set up; every limit has a name here.

use std::net::SocketAddr;
use std::path::PathBuf;

use serde::Deserialize;

/// Settings of the server. A key that is absent keeps its default; an unknown key is an error.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Address to listen on.
    pub listen: SocketAddr,
    /// The model repository: a folder of `NAME/VERSION/model.nir` and `model.toml`.
    pub models: PathBuf,
    /// Threads that step networks; 0 means one per core.
    pub workers: usize,
    /// The largest body of a request (bytes).
    pub max_body_bytes: usize,
    /// Time until a request's body must have arrived, and again until it is answered (seconds).
    pub request_timeout_seconds: f64,
    /// Inference requests let in at once, waiting ones included; one more is told to come back.
    pub max_in_flight: usize,
    /// Sequences of one request.
    pub max_batch: usize,
    /// Steps of one sequence.
    pub max_steps: usize,
    /// Time that requests have to finish when the server is told to stop (seconds).
    pub stop_grace_seconds: f64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            models: PathBuf::from("models"),
            workers: 0,
            max_body_bytes: 16 << 20,
            request_timeout_seconds: 30.0,
            max_in_flight: 256,
            max_batch: 256,
            max_steps: 100_000,
            stop_grace_seconds: 10.0,
        }
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
        ] {
            let fits = (0.001..=86_400.0).contains(&seconds);
            expect(key, fits, "0.001 to 86400", seconds.to_string());
        }
        for (key, n, most) in [
            ("max_body_bytes", self.max_body_bytes, 1 << 30),
            ("max_in_flight", self.max_in_flight, 1 << 16),
            ("max_batch", self.max_batch, 1 << 16),
            ("max_steps", self.max_steps, 1 << 24),
        ] {
            expect(key, (1..=most).contains(&n), &format!("1 to {most}"), n.to_string());
        }
        expect("workers", self.workers <= 1024, "at most 1024", self.workers.to_string());
        problems
    }
}
