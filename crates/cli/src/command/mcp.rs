//! `striatum mcp`: the Model Context Protocol on standard input and output, for programs that start
//! their servers themselves.
//!
//! It remembers nothing: each line goes to `/mcp` of a running server, which alone writes the state,
//! and what that answers is a line. Standard output holds the protocol and nothing else.

use std::io::{BufRead, Read, Write};
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Args;
use serde_json::{Value, json};
use ureq::http::Request;
use ureq::tls::{RootCerts, TlsConfig};

use crate::Outcome;

/// Time to connect, and to be answered.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const ANSWER_TIMEOUT: Duration = Duration::from_secs(120);

/// The longest message, either way (bytes).
const MAX_MESSAGE_BYTES: u64 = 64 << 20;

/// The first version of the protocol in which headers repeat a message's method and name.
const HEADERS_SINCE: &str = "2026-07-28";

/// Where a message says its version.
const VERSION: &str = "io.modelcontextprotocol/protocolVersion";

/// Errors of JSON-RPC: no JSON, no message, no answer.
const NOT_JSON: i64 = -32700;
const NOT_A_MESSAGE: i64 = -32600;
const NO_ANSWER: i64 = -32000;

/// Give a tenant's memory to a program that speaks MCP over standard input and output.
///
/// Messages go to a server that runs; what is wrong is said on standard error.
#[derive(Args)]
pub(crate) struct Mcp {
    /// The server; https where the machine trusts its certificate.
    #[arg(long, default_value = "http://127.0.0.1:8080")]
    url: String,
    /// An API key of the tenant [default: the variable STRIATUM_KEY].
    #[arg(long)]
    key: Option<String>,
}

impl Mcp {
    pub(crate) fn run(self) -> Result<Outcome> {
        let mut bridge = Bridge::of(self);
        let mut lines = std::io::stdin().lock();
        let mut out = std::io::stdout().lock();
        while let Some(line) = line(&mut lines)? {
            if let Some(answer) = bridge.answer(&line) {
                writeln!(out, "{answer}").context("standard output")?;
                out.flush().context("standard output")?;
            }
        }
        Ok(Outcome::Done)
    }
}

/// The next line that is not blank; one that is too long is an end.
fn line(lines: &mut impl BufRead) -> Result<Option<Vec<u8>>> {
    loop {
        let mut line = Vec::new();
        let read = lines.by_ref().take(MAX_MESSAGE_BYTES + 1).read_until(b'\n', &mut line);
        match read.context("standard input")? {
            0 => return Ok(None),
            n if n as u64 > MAX_MESSAGE_BYTES => {
                anyhow::bail!("a message: expected at most {MAX_MESSAGE_BYTES} bytes, found more")
            }
            _ if line.trim_ascii().is_empty() => {}
            _ => return Ok(Some(line)),
        }
    }
}

/// The way to a server.
struct Bridge {
    agent: ureq::Agent,
    url: String,
    key: Option<String>,
    /// The version that a handshake agreed on.
    version: Option<String>,
}

impl Bridge {
    fn of(flags: Mcp) -> Self {
        let agent = ureq::Agent::config_builder()
            .timeout_connect(Some(CONNECT_TIMEOUT))
            .timeout_global(Some(ANSWER_TIMEOUT))
            .tls_config(TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build())
            .http_status_as_error(false)
            .build()
            .into();
        let url = format!("{}/mcp", flags.url.trim_end_matches('/'));
        let key = flags.key.or_else(|| std::env::var("STRIATUM_KEY").ok());
        Self { agent, url, key, version: None }
    }

    /// The line that answers a line; none where nothing is to be said.
    fn answer(&mut self, line: &[u8]) -> Option<String> {
        let message: Value = match serde_json::from_slice(line) {
            Ok(message @ Value::Object(_)) => message,
            Ok(_) => return Some(error(&Value::Null, NOT_A_MESSAGE, "expected one object")),
            Err(e) => return Some(error(&Value::Null, NOT_JSON, &format!("not JSON: {e}"))),
        };
        let id = message.get("id").cloned();
        match self.asked(&message) {
            Ok(answer) => {
                let answer = answer?;
                self.agreed(&message, &answer);
                Some(answer.to_string())
            }
            Err(problem) => {
                let said = crate::report(&problem);
                eprintln!("striatum mcp: {said}");
                // Nobody waits for the answer to a notification.
                id.map(|id| error(&id, NO_ANSWER, &said))
            }
        }
    }

    /// What the server answers; nothing to a notification.
    fn asked(&self, message: &Value) -> Result<Option<Value>> {
        let request = self.request(message)?;
        let answer = self.agent.run(request).with_context(|| {
            format!("{}: no server answers; start one with `striatum serve`", self.url)
        })?;
        let status = answer.status().as_u16();
        let stream = answer
            .headers()
            .get("content-type")
            .is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"));
        let mut text = String::new();
        answer.into_body().into_reader().take(MAX_MESSAGE_BYTES).read_to_string(&mut text)?;
        if status == 202 {
            return Ok(None);
        }
        let said = if stream { last_event(&text) } else { text.as_str() };
        let value: Value = serde_json::from_str(said).unwrap_or_default();
        if value.get("jsonrpc").is_some() {
            return Ok(Some(value));
        }
        let detail = value.get("detail").and_then(Value::as_str).unwrap_or("no answer of MCP");
        anyhow::bail!("{}: HTTP {status}: {detail}", self.url)
    }

    fn request(&self, message: &Value) -> Result<Request<String>> {
        let own = message.pointer("/params/_meta").and_then(|meta| meta.get(VERSION));
        let version = own.and_then(Value::as_str).or(self.version.as_deref());
        let mut request = Request::post(&self.url)
            .header("content-type", "application/json")
            .header("accept", "application/json, text/event-stream");
        if let Some(key) = &self.key {
            request = request.header("authorization", format!("Bearer {key}"));
        }
        if let Some(version) = version {
            request = request.header("mcp-protocol-version", version);
        }
        if version.is_some_and(|version| version >= HEADERS_SINCE) {
            let text = |at: &str| message.pointer(at).and_then(Value::as_str);
            for (name, at) in [("mcp-method", "/method"), ("mcp-name", "/params/name")] {
                if let Some(text) = text(at) {
                    request = request.header(name, header_text(text));
                }
            }
        }
        request.body(message.to_string()).context("a message cannot be sent")
    }

    /// Keeps the version that a handshake agreed on.
    fn agreed(&mut self, message: &Value, answer: &Value) {
        if message.get("method").and_then(Value::as_str) == Some("initialize") {
            let version = answer.pointer("/result/protocolVersion").and_then(Value::as_str);
            self.version = version.map(str::to_owned);
        }
    }
}

/// The data of a stream's last event that has any.
fn last_event(text: &str) -> &str {
    let data = text.lines().filter_map(|line| line.strip_prefix("data:"));
    data.map(str::trim).rfind(|data| !data.is_empty()).unwrap_or_default()
}

/// A text as a header has it; what no header can hold stays out, and the server says so.
fn header_text(text: &str) -> String {
    text.chars().filter(|c| c.is_ascii() && !c.is_ascii_control()).collect()
}

fn error(id: &Value, code: i64, message: &str) -> String {
    json!({ "jsonrpc": "2.0", "id": id, "error": { "code": code, "message": message } }).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_where_input_does_and_blank_ones_are_left_out() {
        let mut input = &b"\n  \n{\"a\":1}\n{\"b\":2}"[..];
        assert_eq!(line(&mut input).unwrap().unwrap(), b"{\"a\":1}\n");
        assert_eq!(line(&mut input).unwrap().unwrap(), b"{\"b\":2}");
        assert_eq!(line(&mut input).unwrap(), None);
    }

    #[test]
    fn headers_repeat_what_the_newest_version_wants() {
        let flags = Mcp { url: "http://h:1/".into(), key: Some("sk_x".into()) };
        let mut bridge = Bridge::of(flags);
        let call = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call",
            "params": { "name": "memory_get", "arguments": {}, "_meta": { VERSION: HEADERS_SINCE } } });
        let request = bridge.request(&call).unwrap();
        let has = |name: &str| request.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(request.uri(), "http://h:1/mcp");
        assert_eq!(
            (has("mcp-method"), has("mcp-name")),
            ("tools/call".into(), "memory_get".into())
        );
        assert_eq!(has("authorization"), "Bearer sk_x");
        let begin = json!({ "method": "initialize" });
        bridge.agreed(&begin, &json!({ "result": { "protocolVersion": "2025-11-25" } }));
        let request = bridge.request(&json!({ "method": "ping" })).unwrap();
        assert_eq!(request.headers()["mcp-protocol-version"], "2025-11-25");
        assert!(!request.headers().contains_key("mcp-method"));
    }

    #[test]
    fn what_is_no_message_is_an_answer_and_a_stream_ends_with_one() {
        let flags = Mcp { url: "http://h:1".into(), key: None };
        let mut bridge = Bridge::of(flags);
        let code = |line: Option<String>| {
            serde_json::from_str::<Value>(&line.unwrap()).unwrap()["error"]["code"].as_i64()
        };
        assert_eq!(code(bridge.answer(b"{")), Some(NOT_JSON));
        assert_eq!(code(bridge.answer(b"[]")), Some(NOT_A_MESSAGE));
        assert_eq!(last_event("event: message\ndata: {\"a\":1}\n\ndata:\n\n"), "{\"a\":1}");
    }
}
