//! What the store and queries cost: `cargo run --release -p history --example history_cost`.

#![allow(clippy::disallowed_methods, reason = "a measurement reads the clock")]
#![allow(clippy::print_stdout, reason = "it is what a measurement is for")]

use std::error::Error;
use std::time::Instant;

use history::remote::{Protocol, SAMPLES_PER_REQUEST, SeriesToWrite, encode};
use history::{Config, DiskConfig, Evaluated, History, Labels, Query, QueryConfig, Range, Sample};

const SERIES: usize = 1_000;
const INTERVAL_MS: i64 = 15_000;
/// Six hours.
const STEPS: i64 = 6 * 240;
const START_MS: i64 = 1_700_000_000_000;
/// How often a query is asked; the fastest counts.
const ROUNDS: usize = 5;

/// The value of a series at a step.
type Value = fn(usize, i64) -> f64;

fn main() -> Result<(), Box<dyn Error>> {
    kinds()?;
    let history = store(Config { max_memory_bytes: 256 << 20, ..Config::default() }, SERIES)?;
    queries(&history)?;
    many_series()?;
    disk()?;
    remote(&history)
}

fn labels(i: usize) -> Result<Labels, history::LabelsError> {
    let (l, instance) = ((i % 10).to_string(), (i / 10).to_string());
    let names = ["__name__", "l", "instance", "job", "region"];
    let values = ["m", l.as_str(), instance.as_str(), "server", "eu-west-1"];
    Labels::new(names.into_iter().zip(values))
}

fn noise(i: usize, step: i64) -> f64 {
    let mut z = (i as u64) << 32 ^ step as u64;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (z >> 11) as f64 / (1_u64 << 53) as f64
}

/// A counter whose speed varies.
fn counter(i: usize, step: i64) -> f64 {
    (step * (1 + i as i64 % 7)) as f64 + (noise(i, step) * 5.0).floor()
}

fn fill(history: &History, series: usize, value: Value) -> Result<f64, Box<dyn Error>> {
    let mut handles = Vec::new();
    for i in 0..series {
        handles.push(history.handle(&labels(i)?)?);
    }
    let mut batch = Vec::with_capacity(series);
    let mut seconds = 0.0;
    for step in 0..STEPS {
        batch.clear();
        let t_ms = START_MS + step * INTERVAL_MS;
        let sample = |i| Sample { t_ms, value: value(i, step) };
        batch.extend(handles.iter().enumerate().map(|(i, handle)| (*handle, sample(i))));
        let begin = Instant::now();
        history.append_all(&batch);
        seconds += begin.elapsed().as_secs_f64();
    }
    Ok(seconds)
}

fn store(config: Config, series: usize) -> Result<History, Box<dyn Error>> {
    let (history, _) = History::open(config)?;
    fill(&history, series, counter)?;
    Ok(history)
}

fn kinds() -> Result<(), Box<dyn Error>> {
    let kinds: [(&str, Value); 4] = [
        ("constant", |_, _| 1.0),
        ("counter", counter),
        ("gauge of two decimals", |i, step| (noise(i, step) * 10_000.0).floor() / 100.0),
        ("random bits", noise),
    ];
    println!("{SERIES} series, {STEPS} samples each:");
    for (kind, value) in kinds {
        let (history, _) =
            History::open(Config { max_memory_bytes: 256 << 20, ..Config::default() })?;
        let seconds = fill(&history, SERIES, value)?;
        let stats = history.stats();
        println!(
            "  {kind:22} {:5.2} bytes per sample, all memory counted; {:4.0} ns per append",
            stats.memory_bytes as f64 / stats.samples as f64,
            seconds * 1e9 / stats.appended as f64
        );
    }
    Ok(())
}

fn queries(history: &History) -> Result<(), Box<dyn Error>> {
    let config = QueryConfig { max_samples: 500_000_000, ..QueryConfig::default() };
    let end_ms = START_MS + STEPS * INTERVAL_MS;
    let range = Range { start_ms: START_MS, end_ms, step_ms: (end_ms - START_MS) / 239 };
    println!("{SERIES} series over six hours, 240 steps:");
    for text in [
        "m",
        "sum by (l) (rate(m[5m]))",
        "sum by (l) (rate(m[1h]))",
        "max_over_time(m[5m])",
        "max_over_time(m[1h])",
        "quantile_over_time(0.9, m[5m])",
        "topk(5, rate(m[5m]))",
        "rate(m[5m]) / on (l, instance) rate(m[5m])",
        "max_over_time(sum by (l) (rate(m[5m]))[10m:1m])",
        "m{instance=\"7\"}",
    ] {
        let query = Query::parse(text, &config)?;
        let mut best = f64::INFINITY;
        let mut n_series = 0;
        for _ in 0..ROUNDS {
            let begin = Instant::now();
            let found = query.range(history, range, &config, &|| None)?;
            best = best.min(begin.elapsed().as_secs_f64());
            n_series = if let Evaluated::Matrix(matrix) = found { matrix.len() } else { 0 };
        }
        println!("  {:8.2} ms  {text}: {n_series} series", best * 1e3);
    }
    Ok(())
}

/// A scrape of 10,000 samples, and as many series as there may be by default.
fn many_series() -> Result<(), Box<dyn Error>> {
    let (history, _) = History::open(Config::default())?;
    let begin = Instant::now();
    let mut handles = Vec::new();
    for i in 0..100_000 {
        handles.push(history.handle(&labels(i)?)?);
    }
    let made = begin.elapsed().as_secs_f64();
    let without_samples = history.stats().memory_bytes as f64 / 100_000.0;
    let mut best = f64::INFINITY;
    for step in 0..200 {
        let t_ms = START_MS + step * INTERVAL_MS;
        let sample = |i: usize| Sample { t_ms, value: counter(i, step) };
        let batch: Vec<_> =
            handles.iter().take(10_000).enumerate().map(|(i, h)| (*h, sample(i))).collect();
        let begin = Instant::now();
        history.append_all(&batch);
        best = best.min(begin.elapsed().as_secs_f64());
    }
    println!("100,000 series: {:.0} ns each to make, {without_samples:.0} bytes each", made * 1e4);
    println!("a scrape of 10,000 samples: {:.2} ms to append", best * 1e3);
    Ok(())
}

fn disk() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let disk = Some(DiskConfig::new(folder.path()));
    let config = Config { max_memory_bytes: 256 << 20, disk, ..Config::default() };
    let (history, _) = History::open(config.clone())?;
    let mut handles = Vec::new();
    for i in 0..10_000 {
        handles.push(history.handle(&labels(i)?)?);
    }
    let (mut longest, mut bytes, mut samples) = (0.0_f64, 0, 0);
    for step in 0..240 {
        let t_ms = START_MS + step * INTERVAL_MS;
        let sample = |i: usize| Sample { t_ms, value: counter(i, step) };
        let batch: Vec<_> = handles.iter().enumerate().map(|(i, h)| (*h, sample(i))).collect();
        history.append_all(&batch);
        // Once a minute.
        if step % 4 == 3 {
            let begin = Instant::now();
            let flushed = history.flush()?;
            longest = longest.max(begin.elapsed().as_secs_f64());
            bytes += flushed.bytes;
            samples += flushed.samples;
        }
    }
    drop(history);
    let begin = Instant::now();
    let (_, restored) = History::open(config)?;
    println!(
        "disk, 10,000 series, a flush a minute: {:.1} bytes per sample, at most {:.0} ms a flush; \
         {} samples restored in {:.0} ms",
        bytes as f64 / samples as f64,
        longest * 1e3,
        restored.samples,
        begin.elapsed().as_secs_f64() * 1e3
    );
    Ok(())
}

fn remote(history: &History) -> Result<(), Box<dyn Error>> {
    let series: Vec<_> = history
        .select(&[], i64::MIN, i64::MAX)
        .into_iter()
        .take(SAMPLES_PER_REQUEST / 2)
        .map(|series| SeriesToWrite {
            samples: series.samples(i64::MIN, i64::MAX).take(2).collect(),
            labels: series.labels,
            metadata: None,
        })
        .collect();
    for protocol in [Protocol::V1, Protocol::V2] {
        let begin = Instant::now();
        let encoded = encode(protocol, &series)?;
        println!(
            "remote write {protocol:?}, 2,000 samples of 1,000 series: {} bytes in {:.2} ms",
            encoded.body.len(),
            begin.elapsed().as_secs_f64() * 1e3
        );
    }
    Ok(())
}
