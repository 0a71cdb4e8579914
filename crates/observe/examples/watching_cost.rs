//! What watching costs: `cargo run --release -p observe --example watching_cost`.
//!
//! A count through a handle, an observation, a scrape of ten thousand series.

#![allow(clippy::disallowed_methods, clippy::print_stdout, reason = "it measures, and says so")]

use std::hint::black_box;
use std::time::Instant;

use observe::{Format, Metrics, samples};

/// The best of several runs, per turn (nanoseconds).
fn best(turns: u32, mut turn: impl FnMut()) -> f64 {
    let run = |_| {
        let since = Instant::now();
        (0..turns).for_each(|_| turn());
        since.elapsed().as_nanos() as f64 / f64::from(turns)
    };
    (0..7).map(run).fold(f64::INFINITY, f64::min)
}

fn main() {
    let metrics = Metrics::new();
    let counter = metrics.counter("striatum_steps_total", &["m"]);
    println!("counter through a handle      {:8.1} ns", best(1_000_000, || _ = counter.inc()));
    let gauge = metrics.gauge("striatum_queue_depth", &[]);
    println!("gauge through a handle        {:8.1} ns", best(1_000_000, || _ = gauge.set(1.0)));
    let histogram = metrics.histogram("striatum_queue_duration_seconds", &["m"]);
    let observed = best(1_000_000, || histogram.observe(black_box(0.003)));
    println!("histogram, classic and native {observed:8.1} ns");
    for model in 0..100 {
        for population in 0..30 {
            let labels = [format!("m{model}"), format!("p{population}")];
            let labels = [labels[0].as_str(), labels[1].as_str()];
            metrics.counter("striatum_population_spikes_total", &labels).inc();
            metrics.gauge("striatum_population_neurons", &labels).set(1.0);
        }
        for outcome in ["ok", "busy", "failed", "refused", "not_found", "timed_out", "bad_request"]
        {
            metrics.counter("striatum_requests_total", &[&format!("m{model}"), outcome]).inc();
        }
        let model = format!("m{model}");
        metrics.histogram("striatum_request_duration_seconds", &[&model]).observe(0.01);
        metrics.histogram("striatum_inference_duration_seconds", &[&model]).observe(0.01);
    }
    let n = samples(&metrics.families()).len();
    for (name, format) in [
        ("text", Format::Prometheus),
        ("OpenMetrics", Format::OpenMetrics),
        ("protobuf", Format::Protobuf),
    ] {
        let took = best(20, || _ = black_box(metrics.exposed(format))) / 1e6;
        println!("{n} series as {name:12} {took:8.2} ms");
    }
    let took = best(20, || _ = black_box(samples(&metrics.families()))) / 1e6;
    println!("{n} series as samples      {took:8.2} ms");
}
