//! A real OpenTelemetry Collector takes what the server sends, over gRPC and HTTP, and sends it on as
//! JSON to a receiver here; a collector that is not there stops nothing and is counted.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

use crate::operate::{Serving, demo_models, digit, name};
use crate::program;

const INFER: &str = "/v2/models/digits/infer";
/// What is waited for comes within so many looks of a tenth of a second.
const LOOKS: usize = 900;
/// Requests that each server answers.
const REQUESTS: usize = 3;

/// What arrived: the path of each message and its JSON.
type Arrived = Arc<Mutex<Vec<(String, Value)>>>;

/// Reads requests of one connection and says yes to each.
fn take(stream: TcpStream, arrived: &Arrived) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut stream = stream;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let path = line.split(' ').nth(1)?.to_owned();
        let mut length = 0;
        while line != "\r\n" {
            line.clear();
            reader.read_line(&mut line).ok()?;
            let lower = line.to_ascii_lowercase();
            length = lower
                .strip_prefix("content-length:")
                .map_or(length, |rest| rest.trim().parse().unwrap());
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        arrived.lock().unwrap().push((path, serde_json::from_slice(&body).unwrap()));
        let head =
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}";
        stream.write_all(head.as_bytes()).ok()?;
    }
}

/// A receiver of OTLP over HTTP in JSON, and its address.
fn receiver() -> (Arrived, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let arrived = Arrived::default();
    let all = Arc::clone(&arrived);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let arrived = Arc::clone(&all);
            std::thread::spawn(move || take(stream, &arrived));
        }
    });
    (arrived, address)
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

struct Collector {
    child: Child,
    grpc: u16,
    http: u16,
}

impl Drop for Collector {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Collector {
    fn start(program: &Path, folder: &Path, to: &str) -> Self {
        let (grpc, http) = (free_port(), free_port());
        let pipelines: String = ["traces", "metrics", "logs"]
            .map(|signal| {
                format!(
                    "    {signal}: {{ receivers: [otlp], processors: [memory_limiter, batch], \
                     exporters: [otlphttp] }}\n"
                )
            })
            .concat();
        let text = format!(
            "receivers:\n  otlp:\n    protocols:\n\
             \x20     grpc: {{ endpoint: \"127.0.0.1:{grpc}\" }}\n\
             \x20     http: {{ endpoint: \"127.0.0.1:{http}\" }}\n\
             processors:\n  memory_limiter: {{ check_interval: 1s, limit_mib: 512 }}\n\
             \x20 batch: {{ timeout: 100ms }}\n\
             exporters:\n\
             \x20 otlphttp: {{ endpoint: \"http://{to}\", encoding: json, compression: none }}\n\
             service:\n  telemetry: {{ metrics: {{ level: none }} }}\n  pipelines:\n{pipelines}"
        );
        let config = folder.join("collector.yaml");
        std::fs::write(&config, text).unwrap();
        let child = Command::new(program)
            .arg("--config")
            .arg(config)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let collector = Self { child, grpc, http };
        for port in [grpc, http] {
            until("the collector listens", || TcpStream::connect(("127.0.0.1", port)).ok());
        }
        collector
    }
}

fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    for _ in 0..LOOKS {
        if let Some(found) = look() {
            return found;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("not so: {what}");
}

/// A server that sends to an address.
fn exporting(folder: &Path, protocol: &str, endpoint: &str) -> Serving {
    let config = folder.join(format!("{protocol}.toml"));
    let text = format!(
        "[state]\nfolder = {:?}\n[export.otlp]\nendpoint = {endpoint:?}\n\
         protocol = {protocol:?}\ninterval_seconds = 0.5\n",
        name(&folder.join(protocol))
    );
    std::fs::write(&config, text).unwrap();
    Serving::with(&["--config", name(&config)], &demo_models(), &[])
}

/// A request that belongs to a trace of its caller.
fn traced(server: &Serving, path: &str, body: &Value, trace: &str) -> Value {
    let parent = format!("00-{trace}-00f067aa0ba902b7-01");
    let request = ureq::post(format!("http://{}{path}", server.address));
    let request = request.header("content-type", "application/json").header("traceparent", parent);
    let mut answer = request.send(body.to_string()).unwrap();
    serde_json::from_str(&answer.body_mut().read_to_string().unwrap()).unwrap()
}

/// A line of `/metrics`, 0 where there is none.
fn counted(server: &Serving, key: &str, line: &str) -> f64 {
    let url = format!("http://{}/metrics", server.address);
    let request = ureq::get(url).header("accept", "text/plain");
    let request = if key.is_empty() { request } else { request.header("x-api-key", key) };
    let text = request.call().unwrap().body_mut().read_to_string().unwrap();
    text.lines().find_map(|l| l.strip_prefix(line)?.trim().parse().ok()).unwrap_or(0.0)
}

fn list<'a>(value: &'a Value, key: &str) -> impl DoubleEndedIterator<Item = &'a Value> {
    value[key].as_array().into_iter().flatten()
}

fn attribute<'a>(of: &'a Value, key: &str) -> Option<&'a Value> {
    let value = &list(of, "attributes").find(|one| one["key"] == key)?["value"];
    value.as_object()?.values().next()
}

/// What arrived of a signal, by the names that its message has for resources, scopes and records.
fn arrived(all: &Arrived, signal: [&str; 3]) -> Vec<Value> {
    let [resources, scopes, records] = signal;
    let all = all.lock().unwrap();
    let resources = all.iter().flat_map(|(_, message)| list(message, resources));
    let ours = resources
        .filter(|r| attribute(&r["resource"], "service.name") == Some(&json!("striatum")))
        .flat_map(|r| list(r, scopes));
    ours.flat_map(|scope| list(scope, records)).cloned().collect()
}

const SPANS: [&str; 3] = ["resourceSpans", "scopeSpans", "spans"];
const LOGS: [&str; 3] = ["resourceLogs", "scopeLogs", "logRecords"];
const METRICS: [&str; 3] = ["resourceMetrics", "scopeMetrics", "metrics"];

/// The newest point of a metric whose attributes are these.
fn point(all: &Arrived, metric: &str, kind: &str, labels: &[(&str, &str)]) -> Option<Value> {
    let metrics = arrived(all, METRICS);
    let of = metrics.iter().filter(|m| m["name"] == metric);
    of.flat_map(|m| list(&m[kind], "dataPoints"))
        .rfind(|p| labels.iter().all(|(key, value)| attribute(p, key) == Some(&json!(value))))
        .cloned()
}

fn sends_all_three(protocol: &str, trace: &str) {
    let Some(program) = program("STRIATUM_OTEL_COLLECTOR") else { return };
    let folder = tempfile::tempdir().unwrap();
    let (all, address) = receiver();
    let collector = Collector::start(&program, folder.path(), &address);
    let port = if protocol == "grpc" { collector.grpc } else { collector.http };
    let server = exporting(folder.path(), protocol, &format!("http://127.0.0.1:{port}"));
    for _ in 0..REQUESTS {
        traced(&server, INFER, &digit(), trace);
    }
    // A request that writes to the log; from here on a key is needed.
    let spec = json!({ "name": "watcher", "role": "admin", "tenant": "acme" });
    let made = traced(&server, "/v1/keys", &spec, trace);
    let key = made["key"].as_str().unwrap();

    // The record of the log belongs to a span of the same trace.
    let record = until("the log record arrives", || {
        arrived(&all, LOGS).into_iter().find(|r| r["body"]["stringValue"] == "key made")
    });
    assert_eq!(record["traceId"], trace, "{record}");
    assert_eq!(attribute(&record, "name"), Some(&json!("watcher")), "{record}");
    let spans = until("its span arrives", || {
        let spans = arrived(&all, SPANS);
        spans.iter().any(|s| s["spanId"] == record["spanId"]).then_some(spans)
    });
    assert!(spans.iter().all(|span| span["traceId"] == trace), "{spans:?}");
    let of_caller = spans.iter().filter(|s| s["parentSpanId"] == "00f067aa0ba902b7").count();
    assert_eq!(of_caller, REQUESTS + 1, "{spans:?}");
    let named = |what: &str| spans.iter().filter(|span| span["name"] == what).count();
    assert_eq!((named("infer"), named("step")), (REQUESTS, REQUESTS), "{spans:?}");

    // A counter and a histogram have the numbers of the requests.
    let labels = [("model", "digits"), ("outcome", "ok")];
    until("the counter arrives", || {
        let point = point(&all, "striatum_requests_total", "sum", &labels)?;
        (point["asDouble"].as_f64() == Some(REQUESTS as f64)).then_some(())
    });
    until("the histogram arrives", || {
        let model = [("model", "digits")];
        let point = point(&all, "striatum_request_duration_seconds", "histogram", &model)?;
        (point["count"] == json!(REQUESTS.to_string())).then_some(())
    });

    // And the server says so itself.
    for signal in ["traces", "metrics", "logs"] {
        let line = |outcome: &str| {
            format!("striatum_exports_total{{signal=\"{signal}\",outcome=\"{outcome}\"}}")
        };
        until("the export is counted", || (counted(&server, key, &line("ok")) > 0.0).then_some(()));
        assert_eq!(counted(&server, key, &line("failed")), 0.0, "{signal}");
    }
    assert!(counted(&server, key, "striatum_spans_total{outcome=\"exported\"}") > 0.0);
}

#[test]
fn a_real_collector_takes_all_three_signals_over_grpc() {
    sends_all_three("grpc", "4bf92f3577b34da6a3ce929d0e0e4736");
}

#[test]
fn a_real_collector_takes_all_three_signals_over_http() {
    sends_all_three("http", "0af7651916cd43dd8448eb211c80319c");
}

#[test]
fn a_collector_that_is_not_there_stops_nothing_and_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    for protocol in ["grpc", "http"] {
        let nobody = format!("http://127.0.0.1:{}", free_port());
        let server = exporting(folder.path(), protocol, &nobody);
        let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        assert_eq!(traced(&server, INFER, &digit(), trace)["model_name"], "digits");
        for signal in ["traces", "metrics"] {
            let line = format!("striatum_exports_total{{signal=\"{signal}\",outcome=\"failed\"}}");
            until("the failure is counted", || (counted(&server, "", &line) > 0.0).then_some(()));
        }
        let lost = "striatum_spans_total{outcome=\"dropped\"}";
        until("lost spans are counted", || (counted(&server, "", lost) > 0.0).then_some(()));
        assert_eq!(counted(&server, "", "striatum_spans_total{outcome=\"exported\"}"), 0.0);
        assert_eq!(traced(&server, INFER, &digit(), trace)["model_name"], "digits");
    }
}
