//! The registry as a whole: what the catalogue has is served, in every format, and bounded.

use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use metrics::Recorder;

use super::{Bridge, Format, Kind, Metric, Metrics, OTHER, samples};

/// A registry with every metric of the catalogue in use.
fn used() -> Arc<Metrics> {
    let metrics = Metrics::new();
    for metric in Metric::all() {
        let values = vec!["x"; metric.labels.len()];
        match metric.kind {
            Kind::Counter => drop(metrics.counter(metric.name, &values).inc()),
            Kind::Sum => drop(metrics.sum(metric.name, &values).inc_by(1.0)),
            Kind::Gauge => drop(metrics.gauge(metric.name, &values).set(2.0)),
            Kind::Histogram(_) => metrics.histogram(metric.name, &values).observe(0.5),
            Kind::Info => metrics.say(metric.name, &values),
        }
    }
    metrics
}

fn text(metrics: &Metrics, format: Format) -> String {
    String::from_utf8(metrics.exposed(format)).unwrap()
}

/// Name and rest of the lines that begin so.
fn lines(text: &str, what: &str) -> Vec<String> {
    let mut lines: Vec<String> =
        text.lines().filter_map(|l| l.strip_prefix(what)).map(str::to_owned).collect();
    lines.sort_unstable();
    lines
}

fn expected(of: impl Fn(&Metric) -> Option<String>) -> Vec<String> {
    let mut all: Vec<String> = Metric::all().filter_map(of).collect();
    all.sort_unstable();
    all
}

fn kind(metric: &Metric, info: &'static str) -> &'static str {
    match metric.kind {
        Kind::Counter | Kind::Sum => "counter",
        Kind::Gauge => "gauge",
        Kind::Histogram(_) => "histogram",
        Kind::Info => info,
    }
}

#[test]
fn the_whole_catalogue_is_served_and_nothing_else() {
    let text = text(&used(), Format::OpenMetrics);
    let family = Metric::family;
    assert_eq!(
        lines(&text, "# TYPE "),
        expected(|m| Some(format!("{} {}", family(m), kind(m, "info"))))
    );
    assert_eq!(lines(&text, "# HELP "), expected(|m| Some(format!("{} {}", family(m), m.help))));
    assert_eq!(lines(&text, "# UNIT "), expected(|m| Some(format!("{} {}", family(m), m.unit()?))));
    assert!(text.contains("\nstriatum_build_info{version=\"x\"} 1\n"), "{text}");
    assert!(text.contains("\nstriatum_steps_total{model=\"x\"} 1\n"), "{text}");
    assert!(text.ends_with("# EOF\n"), "{text}");
}

#[test]
fn prometheus_text_has_the_names_of_the_catalogue() {
    let text = text(&used(), Format::Prometheus);
    assert_eq!(
        lines(&text, "# TYPE "),
        expected(|m| Some(format!("{} {}", m.name, kind(m, "gauge"))))
    );
    assert_eq!(lines(&text, "# HELP "), expected(|m| Some(format!("{} {}", m.name, m.help))));
    assert_eq!(lines(&text, "# UNIT "), [""; 0]);
    assert!(!text.contains("# EOF"), "{text}");
}

#[test]
fn prometheus_own_checker_finds_nothing() {
    let promtool = std::env::var("STRIATUM_PROMTOOL").unwrap_or_else(|_| "promtool".into());
    let spawned = Command::new(promtool)
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut promtool) = spawned else {
        assert!(std::env::var_os("STRIATUM_NO_SKIP").is_none(), "SKIPPED: no promtool");
        eprintln!("SKIPPED: STRIATUM_PROMTOOL names no promtool; ./test fetches one");
        return;
    };
    let text = text(&used(), Format::Prometheus);
    promtool.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = promtool.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && said.is_empty(), "{said}\n{text}");
}

#[test]
fn samples_are_those_of_the_text() {
    let metrics = used();
    let mut listed: Vec<(String, f64)> = samples(&metrics.families())
        .iter()
        .map(|s| (series(&s.name, &s.labels), s.value))
        .collect();
    let mut told: Vec<(String, f64)> = text(&metrics, Format::Prometheus)
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| line.rsplit_once(' ').unwrap())
        .map(|(series, value)| (canonical(series), value.parse().unwrap()))
        .collect();
    listed.sort_by(|a, b| a.0.cmp(&b.0));
    told.sort_by(|a, b| a.0.cmp(&b.0));
    let differs = listed.iter().zip(&told).find(|(a, b)| a != b);
    assert!(listed.len() == told.len() && differs.is_none(), "{differs:?}");
}

fn series(name: &str, labels: &[(String, String)]) -> String {
    let mut labels: Vec<String> = labels.iter().map(|(n, v)| format!("{n}=\"{v}\"")).collect();
    labels.sort_unstable();
    format!("{name}{{{}}}", labels.join(","))
}

/// A series of the text with its labels in order, and its bound as Prometheus stores it.
fn canonical(text: &str) -> String {
    let (name, labels) = text.trim_end_matches('}').split_once('{').unwrap();
    let pairs = labels.split(',').filter_map(|label| label.split_once('='));
    let labels: Vec<(String, String)> = pairs
        .map(|(name, value)| (name.to_owned(), value.trim_matches('"').to_owned()))
        .map(|(name, value)| match value.parse() {
            Ok(bound) if name == "le" => (name, crate::sample::le(bound)),
            _ => (name, value),
        })
        .collect();
    series(name, &labels)
}

#[test]
fn histograms_have_native_buckets_and_exemplars() {
    let metrics = Metrics::new();
    let histogram = metrics.histogram("striatum_request_duration_seconds", &["m"]);
    histogram.observe_traced(0.3, "4bf92f3577b34da6a3ce929d0e0e4736", UNIX_EPOCH);
    histogram.observe(0.004);
    let families = metrics.families();
    let family = families.iter().find(|f| f.name == "striatum_request_duration_seconds").unwrap();
    let found = family.metric[0].histogram.as_ref().unwrap();
    assert_eq!((found.sample_count, found.schema), (2, 3));
    assert_eq!(found.positive_span.len(), 2);
    assert!(found.bucket.len() > 10);
    let text = text(&metrics, Format::OpenMetrics);
    let exemplar = "{model=\"m\"} 2 # {trace_id=\"4bf92f3577b34da6a3ce929d0e0e4736\"} 0.3 0";
    assert!(text.contains("le=\"0.5\"") && text.contains("trace_id"), "{exemplar}\n{text}");
    let plain = String::from_utf8(metrics.exposed(Format::Prometheus)).unwrap();
    assert!(!plain.contains("trace_id"), "{plain}");
}

#[test]
fn a_family_that_is_full_counts_the_rest_together() {
    let metrics = Metrics::new();
    let name = "striatum_tenant_requests_total";
    let cap = Metric::named(name).unwrap().cap();
    for k in 0..2 * cap {
        metrics.counter(name, &[&format!("t{k}"), "ok"]).inc();
    }
    let told = samples(&metrics.families());
    let own: Vec<_> = told.iter().filter(|s| s.name == name).collect();
    assert_eq!(own.len(), cap);
    assert_eq!(own.iter().map(|s| s.value).sum::<f64>(), 2.0 * cap as f64);
    let other = own.iter().find(|s| s.labels[0].1 == OTHER).unwrap();
    assert_eq!((other.labels[1].1.as_str(), other.value), ("ok", cap as f64 + 1.0));
    let dropped = told.iter().find(|s| s.name == super::DROPPED).unwrap();
    assert_eq!(dropped.value, cap as f64 + 1.0);
    // What is gone makes room.
    metrics.forget("tenant", "t0");
    metrics.counter(name, &["late", "ok"]).inc();
    let told = samples(&metrics.families());
    assert!(told.iter().any(|s| s.labels.iter().any(|(_, v)| v == "late")));
    assert!(!told.iter().any(|s| s.labels.iter().any(|(_, v)| v == "t0")));
}

#[test]
fn counting_is_exact_on_many_threads() {
    let metrics = Metrics::new();
    std::thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                let counter = metrics.counter("striatum_steps_total", &["m"]);
                let sum = metrics.sum("process_cpu_seconds_total", &[]);
                let histogram = metrics.histogram("striatum_queue_duration_seconds", &["m"]);
                for _ in 0..1000 {
                    counter.inc();
                    sum.inc_by(0.5);
                    histogram.observe(0.01);
                }
            });
        }
    });
    assert_eq!(metrics.counter("striatum_steps_total", &["m"]).get(), 16_000);
    assert_eq!(metrics.sum("process_cpu_seconds_total", &[]).get(), 8000.0);
    let told = samples(&metrics.families());
    let count = told.iter().find(|s| s.name == "striatum_queue_duration_seconds_count").unwrap();
    assert_eq!(count.value, 16_000.0);
}

#[test]
fn what_comes_through_the_facade_is_counted_where_the_catalogue_has_it() {
    let metrics = Metrics::new();
    let bridge = Bridge(Arc::clone(&metrics));
    let metadata = metrics::Metadata::new("test", metrics::Level::INFO, None);
    let key =
        metrics::Key::from_parts("striatum_steps_total", vec![metrics::Label::new("model", "m")]);
    bridge.register_counter(&key, &metadata).increment(3);
    bridge.register_counter(&key, &metadata).absolute(5);
    let key = metrics::Key::from_name("striatum_steps_total");
    bridge.register_counter(&key, &metadata).increment(100);
    let key = metrics::Key::from_name("striatum_queue_depth");
    bridge.register_gauge(&key, &metadata).set(7.0);
    assert_eq!(metrics.counter("striatum_steps_total", &["m"]).get(), 5);
    assert_eq!(metrics.gauge("striatum_queue_depth", &[]).get(), 7.0);
}
