//! A server that is asked over HTTP to remember or to act: one request, one answer, every refusal told.

use std::fmt;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::Value;
use ureq::http::{Request, Response};

use crate::watched::{ServerFlags, agent, why};

/// How long an answer may take to begin: an import is checked and written first.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(600);
/// The largest answer that is held in memory.
const MAX_ANSWER_BYTES: u64 = 256 << 20;

/// A server that is asked.
pub(super) struct Client {
    agent: ureq::Agent,
    url: String,
    key: Option<String>,
}

/// A server's no.
#[derive(Debug)]
pub(super) struct Refused {
    /// The status of HTTP.
    pub(super) status: u16,
    request: String,
    why: String,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hint = match self.status {
            401 => "; give a key with --key or STRIATUM_KEY",
            403 => "; give a key that may do it with --key or STRIATUM_KEY",
            _ => "",
        };
        write!(f, "{}: {}: {}{hint}", self.request, self.status, self.why)
    }
}

impl std::error::Error for Refused {}

impl Client {
    pub(super) fn of(flags: &ServerFlags) -> Self {
        Self { agent: agent(Some(ANSWER_TIMEOUT)), url: flags.url(), key: flags.key() }
    }

    /// The document at a path.
    pub(super) fn get(&self, path: &str, query: &[(&str, &str)]) -> Result<Value> {
        self.document("GET", &with(path, query), Vec::new())
    }

    /// What comes of sending a document.
    pub(super) fn send(&self, method: &str, path: &str, body: &Value) -> Result<Value> {
        self.document(method, path, body.to_string().into_bytes())
    }

    /// What comes of a request without a body.
    pub(super) fn bare(&self, method: &str, path: &str, query: &[(&str, &str)]) -> Result<Value> {
        self.document(method, &with(path, query), Vec::new())
    }

    fn document(&self, method: &str, path: &str, body: Vec<u8>) -> Result<Value> {
        let answer = self.raw(method, path, "application/json", body)?;
        let text = read(answer).with_context(|| format!("the answer to {method} {path}"))?;
        if text.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_str(&text).with_context(|| format!("the answer to {method} {path}"))
    }

    /// An answer that is no refusal, not read yet.
    pub(super) fn raw(
        &self,
        method: &str,
        path: &str,
        kind: &str,
        body: Vec<u8>,
    ) -> Result<Response<ureq::Body>> {
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.url));
        if let Some(key) = &self.key {
            request = request.header("x-api-key", key);
        }
        let answer = if matches!(method, "GET" | "DELETE") {
            self.agent.run(request.body(())?)
        } else {
            self.agent.run(request.header("content-type", kind).body(body)?)
        };
        let answer = answer.with_context(|| {
            let url = &self.url;
            format!("no answer from {url}: start a server with `striatum serve`, or say where it is with --url")
        })?;
        let status = answer.status().as_u16();
        if (200..300).contains(&status) {
            return Ok(answer);
        }
        let path = path.split('?').next().unwrap_or(path);
        let why = why(&read(answer).unwrap_or_default());
        Err(Refused { status, request: format!("{method} {path}"), why }.into())
    }
}

/// Whether the server refused with a status.
pub(super) fn refused_with(error: &anyhow::Error, status: u16) -> bool {
    error.downcast_ref::<Refused>().is_some_and(|refused| refused.status == status)
}

fn read(answer: Response<ureq::Body>) -> Result<String> {
    Ok(answer.into_body().into_with_config().limit(MAX_ANSWER_BYTES).read_to_string()?)
}

/// The path of a memory, with what follows it.
pub(super) fn of_memory(id: &str, rest: &str) -> String {
    format!("/v1/memories/{}{rest}", encoded(id))
}

fn with(path: &str, query: &[(&str, &str)]) -> String {
    let pairs = query.iter().map(|(name, value)| format!("{name}={}", encoded(value)));
    let pairs: Vec<String> = pairs.collect();
    if pairs.is_empty() { path.to_owned() } else { format!("{path}?{}", pairs.join("&")) }
}

/// Text as it may stand in an address (RFC 3986, 2.1).
pub(super) fn encoded(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
    let byte = |b: u8| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") };
    text.bytes().map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::{of_memory, with};

    #[test]
    fn names_and_values_cannot_leave_their_place_in_an_address() {
        assert_eq!(of_memory("a/../b?c", "/history"), "/v1/memories/a%2F..%2Fb%3Fc/history");
        assert_eq!(with("/v1/facts", &[("as", "Zoë & co")]), "/v1/facts?as=Zo%C3%AB%20%26%20co");
        assert_eq!(with("/v1/facts", &[]), "/v1/facts");
    }
}
