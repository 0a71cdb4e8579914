//! How the endpoint is reached, what its vectors are, and what is kept of them.

use std::path::PathBuf;
use std::time::Duration;

use http::{HeaderValue, Uri};
use serde::{Deserialize, Serialize};

/// Values of a vector, at most.
pub const MAX_DIMENSION: usize = 4096;
/// Texts of one request to the endpoint, at most.
pub const MAX_BATCH: usize = 2048;
/// The longest name of a model (bytes).
pub const MAX_MODEL_BYTES: usize = 256;
/// The longest key of the endpoint (bytes).
pub const MAX_KEY_BYTES: usize = 4096;
/// How much longer all attempts together may take than one.
const ATTEMPTS_SHARE: f64 = 2.0;

/// An endpoint that makes vectors of texts: OpenAI's `/v1/embeddings`, or what speaks like it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Its address with the path, `https://HOST/v1/embeddings`.
    pub url: String,
    /// The model that it is asked for; collections are bound to its name.
    pub model: String,
    /// Values of the model's vectors.
    pub dimension: usize,
    /// A file with the key that is sent as `Authorization: Bearer`; nothing is sent where none is
    /// named.
    #[serde(default)]
    pub key: Option<PathBuf>,
    /// Time of one attempt (milliseconds); all of them together have twice as much.
    #[serde(default = "timeout_ms")]
    pub timeout_ms: u64,
    /// Texts of one request.
    #[serde(default = "batch")]
    pub batch: usize,
    /// How vectors are asked for: `float`, or `base64`, which is shorter.
    #[serde(default)]
    pub encoding: Encoding,
}

/// How vectors come; either is read, whatever was asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Encoding {
    /// Numbers of JSON.
    #[default]
    Float,
    /// Base64 of little-endian 32-bit floats.
    Base64,
}

/// What is kept of vectors, so that the same text is not asked for twice.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CacheConfig {
    /// Memory of vectors in the process (bytes); 0 keeps none there.
    pub max_bytes: usize,
    /// How long a vector is kept (seconds).
    pub ttl_seconds: f64,
    /// A Redis that keeps them too, for every process that uses it: `redis://` or `rediss://`, with
    /// a name and a password where it needs them.
    pub redis: Option<String>,
    /// Time that Redis has for an answer (milliseconds); then it is done without.
    pub redis_timeout_ms: u64,
}

fn timeout_ms() -> u64 {
    5000
}

fn batch() -> usize {
    64
}

impl Default for CacheConfig {
    fn default() -> Self {
        Self { max_bytes: 64 << 20, ttl_seconds: 86_400.0, redis: None, redis_timeout_ms: 100 }
    }
}

impl Encoding {
    /// Its name on the wire.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Float => "float",
            Self::Base64 => "base64",
        }
    }
}

impl Config {
    /// Every setting that cannot be, as `key: expected ..., found ...`.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let mut expect = |key: &str, fits: bool, expected: String, found: String| {
            if !fits {
                problems.push(format!("{key}: expected {expected}, found {found}"));
            }
        };
        // An address may hold what is secret, so it is not shown.
        let expected = "http:// or https://, a host, no name and no password";
        expect("url", is_address(&self.url), expected.into(), "another".into());
        let named = (1..=MAX_MODEL_BYTES).contains(&self.model.len());
        let plain = !self.model.chars().any(char::is_control);
        let expected = format!("a name of 1 to {MAX_MODEL_BYTES} bytes");
        expect("model", named && plain, expected, format!("{} bytes", self.model.len()));
        for (key, n, most) in [
            ("dimension", self.dimension, MAX_DIMENSION),
            ("batch", self.batch, MAX_BATCH),
            ("timeout_ms", usize::try_from(self.timeout_ms).unwrap_or(usize::MAX), 600_000),
        ] {
            expect(key, (1..=most).contains(&n), format!("1 to {most}"), n.to_string());
        }
        problems
    }

    /// What stands between callers and the endpoint.
    pub(crate) fn policy(&self) -> resilience::policy::Config {
        let mut policy = resilience::policy::Config::default();
        policy.time.attempt_seconds = self.timeout_ms as f64 / 1e3;
        policy.time.total_seconds = ATTEMPTS_SHARE * self.timeout_ms as f64 / 1e3;
        policy
    }
}

impl CacheConfig {
    /// Every setting that cannot be, as `key: expected ..., found ...`.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let mut expect = |key: &str, fits: bool, expected: &str, found: String| {
            if !fits {
                problems.push(format!("{key}: expected {expected}, found {found}"));
            }
        };
        let bytes = self.max_bytes;
        expect("max_bytes", bytes <= 1 << 40, "at most 1099511627776", bytes.to_string());
        let ttl = self.ttl_seconds;
        expect("ttl_seconds", (1.0..=86_400.0).contains(&ttl), "1 to 86400", ttl.to_string());
        let limit = self.redis_timeout_ms;
        let fits = (1..=10_000).contains(&limit);
        expect("redis_timeout_ms", fits, "1 to 10000", limit.to_string());
        if let Some(url) = &self.redis {
            let fits = ::redis::Client::open(url.as_str()).is_ok();
            expect("redis", fits, "redis://HOST:PORT/DATABASE", "another".into());
        }
        problems
    }

    pub(crate) fn redis_timeout(&self) -> Duration {
        Duration::from_millis(self.redis_timeout_ms)
    }
}

fn is_address(url: &str) -> bool {
    let Ok(uri) = url.parse::<Uri>() else { return false };
    let http = matches!(uri.scheme_str(), Some("http" | "https"));
    http && uri.authority().is_some_and(|a| !a.host().is_empty() && !a.as_str().contains('@'))
}

/// The header of a key.
///
/// # Errors
/// What is wrong with it; it is not shown.
pub(crate) fn bearer(key: &str) -> Result<HeaderValue, String> {
    let key = key.trim();
    let expected = format!("expected a key of one line, 1 to {MAX_KEY_BYTES} bytes");
    if key.is_empty() || key.len() > MAX_KEY_BYTES {
        return Err(expected);
    }
    let mut value = HeaderValue::from_str(&format!("Bearer {key}")).map_err(|_| expected)?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> Config {
        serde_json::from_str(
            r#"{"url": "http://127.0.0.1:1/v1/embeddings", "model": "m", "dimension": 8}"#,
        )
        .unwrap()
    }

    #[test]
    fn every_problem_is_listed_and_no_address_shown() {
        assert_eq!(config().problems(), [""; 0]);
        let wrong = Config {
            url: "https://me:hunter2@host/".into(),
            model: String::new(),
            dimension: 5000,
            batch: 0,
            timeout_ms: 0,
            ..config()
        };
        assert_eq!(
            wrong.problems(),
            [
                "url: expected http:// or https://, a host, no name and no password, found another",
                "model: expected a name of 1 to 256 bytes, found 0 bytes",
                "dimension: expected 1 to 4096, found 5000",
                "batch: expected 1 to 2048, found 0",
                "timeout_ms: expected 1 to 600000, found 0",
            ]
        );
        let cache = CacheConfig {
            redis: Some("hunter2".into()),
            ttl_seconds: 0.0,
            redis_timeout_ms: 0,
            ..CacheConfig::default()
        };
        assert_eq!(
            cache.problems(),
            [
                "ttl_seconds: expected 1 to 86400, found 0",
                "redis_timeout_ms: expected 1 to 10000, found 0",
                "redis: expected redis://HOST:PORT/DATABASE, found another",
            ]
        );
        assert_eq!(CacheConfig::default().problems(), [""; 0]);
    }

    #[test]
    fn keys_are_one_line_and_not_shown() {
        assert!(bearer("a\nb").is_err() && bearer(" \n").is_err());
        let key = bearer("sk-hunter2\n").unwrap();
        assert_eq!((key.to_str().unwrap(), key.is_sensitive()), ("Bearer sk-hunter2", true));
        assert!(!format!("{key:?}").contains("hunter2"));
    }
}
