//! Series to ask about: counters with resets, gauges with gaps, histograms, and values that are no
//! numbers.

use history::remote::{Kind, Metadata, SeriesToWrite};
use history::{Config, History, Labels, STALE, Sample};

/// Samples are this far apart (milliseconds).
pub(crate) const INTERVAL_MS: i64 = 15_000;
/// Two hours of them.
pub(crate) const STEPS: i64 = 480;
/// When they begin: not at a whole minute.
pub(crate) const START_MS: i64 = 1_700_000_007_000;
pub(crate) const END_MS: i64 = START_MS + STEPS * INTERVAL_MS;

/// A random number of a place: the same every time.
pub(crate) fn random(seed: u64) -> f64 {
    let mut z = seed.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
}

fn series(
    labels: &[(&str, &str)],
    kind: Kind,
    value: impl Fn(i64) -> Option<f64>,
) -> SeriesToWrite {
    let labels = Labels::new(labels.iter().copied()).unwrap();
    let seed = labels
        .to_string()
        .bytes()
        .fold(0, |seed: u64, byte| seed.wrapping_mul(31).wrapping_add(u64::from(byte)));
    let samples = (0..STEPS).filter_map(|i| {
        // Scrapes are some milliseconds late.
        let jitter = (random(seed ^ (i as u64) << 32) * 40.0) as i64 * (seed % 2) as i64;
        Some(Sample { t_ms: START_MS + i * INTERVAL_MS + jitter, value: value(i)? })
    });
    let samples = samples.collect();
    SeriesToWrite { labels, samples, metadata: Some(Metadata { kind, ..Metadata::default() }) }
}

fn counters() -> Vec<SeriesToWrite> {
    let mut all = Vec::new();
    for (j, job) in ["api", "web"].into_iter().enumerate() {
        for (n, instance) in ["a:1", "b:1", "c:1"].into_iter().enumerate() {
            for (c, code) in ["200", "404", "500"].into_iter().enumerate() {
                let seed = (j * 100 + n * 10 + c) as u64;
                let reset = 100 + (random(seed) * 200.0) as i64;
                let speed = 1.0 + random(seed + 7) * 20.0 / (c + 1) as f64;
                let labels = [
                    ("__name__", "http_requests_total"),
                    ("job", job),
                    ("instance", instance),
                    ("code", code),
                ];
                all.push(series(&labels, Kind::Counter, |i| {
                    let since = if i >= reset { i - reset } else { i };
                    (seed != 112 || i % 50 > 8).then(|| (since as f64 * speed).floor())
                }));
            }
        }
    }
    all
}

fn gauges() -> Vec<SeriesToWrite> {
    let gauge = |name: &str, room: &str, value: &dyn Fn(i64) -> Option<f64>| {
        series(&[("__name__", name), ("room", room)], Kind::Gauge, value)
    };
    let wave = |i: i64, phase: f64| 20.0 + 5.0 * (i as f64 / 30.0 + phase).sin();
    vec![
        gauge("temperature", "hall", &|i| Some(wave(i, 0.0))),
        gauge("temperature", "attic", &|i| (i % 100 < 60).then(|| wave(i, 1.0))),
        gauge("temperature", "cellar", &|i| {
            Some(if i % 90 == 40 { STALE } else { wave(i, 2.0) })
                .filter(|_| !(41..70).contains(&(i % 90)))
        }),
        gauge("temperature", "oven", &|i| {
            Some(match i % 40 {
                7 => f64::NAN,
                11 => f64::INFINITY,
                23 => f64::NEG_INFINITY,
                _ => wave(i, 3.0) * 10.0,
            })
        }),
        gauge("temperature", "yard \"é\\\n", &|i| Some(-wave(i, 4.0))),
        gauge("humidity", "hall", &|i| Some((i % 7) as f64)),
        gauge("humidity", "attic", &|i| Some((i / 40) as f64)),
        gauge("humidity", "garage", &|_| Some(0.5)),
        gauge("humidity", "late", &|i| (i > 300).then_some(i as f64)),
        gauge("humidity", "early", &|i| (i < 120).then_some(i as f64)),
        gauge("once", "hall", &|i| (i == 240).then_some(42.0)),
        gauge("tiny", "hall", &|i| Some(1e-300 * (i + 1) as f64)),
        gauge("huge", "hall", &|i| Some(1e308 * if i % 2 == 0 { 1.0 } else { 1.5 })),
        gauge("mixed", "hall", &|i| Some(random(i as u64) * 200.0 - 100.0)),
        gauge("mixed", "attic", &|i| Some((random(i as u64 + 999) * 20.0).floor() - 10.0)),
        gauge("moments", "hall", &|i| Some(1_700_000_000.0 + i as f64 * 86_400.0 * 3.3)),
        gauge("moments", "attic", &|i| Some(-1e9 + i as f64 * 1e7)),
        gauge("zone10", "r2", &|_| Some(3.0)),
        gauge("zone10", "r10", &|_| Some(1.0)),
        gauge("zone10", "r1", &|_| Some(2.0)),
    ]
}

fn joins() -> Vec<SeriesToWrite> {
    let mut all = Vec::new();
    for (job, instance, version) in
        [("api", "a:1", "v1"), ("api", "b:1", "v2"), ("web", "a:1", "v1"), ("web", "c:1", "v3")]
    {
        let labels = [
            ("__name__", "build_info"),
            ("job", job),
            ("instance", instance),
            ("version", version),
        ];
        all.push(series(&labels, Kind::Gauge, |i| (version != "v3" || i < 200).then_some(1.0)));
        if version == "v3" {
            // A roll-out: another version from here on.
            let labels = [
                ("__name__", "build_info"),
                ("job", job),
                ("instance", instance),
                ("version", "v4"),
            ];
            all.push(series(&labels, Kind::Gauge, |i| (i >= 225).then_some(1.0)));
        }
        let labels = [("__name__", "up"), ("job", job), ("instance", instance)];
        all.push(series(&labels, Kind::Gauge, |i| Some(f64::from(i % 33 != 5))));
    }
    all
}

fn histograms() -> Vec<SeriesToWrite> {
    let mut all = Vec::new();
    let bounds = ["0.005", "0.01", "0.1", "0.5", "1", "5", "+Inf"];
    for (j, job) in ["api", "web", "odd", "open", "idle"].into_iter().enumerate() {
        for (b, le) in bounds.into_iter().enumerate() {
            if job == "open" && le == "+Inf" {
                continue;
            }
            let labels = [("__name__", "latency_seconds_bucket"), ("job", job), ("le", le)];
            all.push(series(&labels, Kind::Histogram, |i| {
                let count = (i as f64 * (b + 1) as f64 * (1.0 + j as f64 / 3.0)).floor();
                // Buckets of the odd one decrease now and then.
                let dip = if job == "odd" && b == 3 && i % 20 < 10 { 0.5 } else { 1.0 };
                Some(if job == "idle" { 0.0 } else { count * dip })
            }));
        }
        for (name, scale) in [("latency_seconds_sum", 0.3), ("latency_seconds_count", 7.0)] {
            let labels = [("__name__", name), ("job", job)];
            all.push(series(&labels, Kind::Histogram, |i| Some(i as f64 * scale)));
        }
    }
    for (b, le) in ["-5", "-1", "0", "2.5", "+Inf"].into_iter().enumerate() {
        let labels = [("__name__", "balance_bucket"), ("le", le)];
        all.push(series(&labels, Kind::Histogram, |i| Some((i * (b as i64 + 1)) as f64)));
    }
    all
}

/// All of it.
pub(crate) fn all() -> Vec<SeriesToWrite> {
    [counters(), gauges(), joins(), histograms()].concat()
}

/// Random walks and jumps of series with random labels, with gaps.
pub(crate) fn random_series(seed: u64) -> Vec<SeriesToWrite> {
    let mut all = Vec::new();
    for s in 0..40_u64 {
        let number = |i: u64| random(seed.wrapping_mul(1_000_003) ^ (s << 40) ^ i);
        let pick =
            |names: &[&'static str], i: u64| names[(number(i) * names.len() as f64) as usize];
        let name = pick(&["m", "n", "c_total"], 1);
        let id = s.to_string();
        let labels = [
            ("__name__", name),
            ("a", pick(&["x", "y", ""], 2)),
            ("b", pick(&["1", "2", "3"], 3)),
            ("id", &id),
        ];
        let values: Vec<Option<f64>> = (0..STEPS as u64)
            .map(|i| {
                let noise = number(1000 + i);
                if number(5000 + i / 20) < 0.15 {
                    return None;
                }
                let special = number(9000 + i);
                Some(match name {
                    "c_total" => ((i % (50 + s * 7)) as f64 * 3.7).floor(),
                    _ if special < 0.004 => STALE,
                    _ if special < 0.006 => f64::NAN,
                    "m" => (noise - 0.5) * 10_f64.powi((number(4) * 12.0) as i32 - 6),
                    _ => (noise * 6.0).floor(),
                })
            })
            .collect();
        all.push(series(&labels, Kind::Unknown, |i| values[i as usize]));
    }
    all
}

/// A store that holds the series.
pub(crate) fn store(series: &[SeriesToWrite]) -> History {
    let (history, _) = History::open(Config::default()).unwrap();
    for series in series {
        let handle = history.handle(&series.labels).unwrap();
        let samples: Vec<_> = series.samples.iter().map(|sample| (handle, *sample)).collect();
        assert_eq!(history.append_all(&samples).taken, samples.len());
    }
    history
}
