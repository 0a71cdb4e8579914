//! Any text as a query, with its times: `cargo +nightly fuzz run query` in `crates/history`.

#![no_main]

use std::sync::OnceLock;

use history::http::{Api, Parameters};
use history::{Config, History, Labels, QueryConfig, STALE};
use libfuzzer_sys::fuzz_target;

const STEP_MS: i64 = 15_000;

/// Some series of every kind.
fn store() -> History {
    let (history, _) = History::open(Config::default()).expect("it opens");
    for i in 0..12_i64 {
        let (name, le) = (["m", "c_total", "h_bucket"][i as usize % 3], (i / 3).to_string());
        let le = if i > 8 { "+Inf" } else { le.as_str() };
        let labels = Labels::new([("__name__", name), ("le", le), ("a", "x")]).expect("labels");
        let series = history.handle(&labels).expect("there is room");
        for t in 0..200 {
            let value = match (t + i) % 41 {
                0 => STALE,
                1 => f64::NAN,
                2 => f64::INFINITY,
                _ => ((t * (i + 1)) % 57) as f64,
            };
            history.append(series, t * STEP_MS, value).expect("in order");
        }
    }
    history
}

static STORE: OnceLock<History> = OnceLock::new();

fuzz_target!(|text: &str| {
    let history = STORE.get_or_init(store);
    let config = QueryConfig { max_samples: 200_000, ..QueryConfig::default() };
    let api = Api { history, config: &config, now_ms: 200 * STEP_MS, stop: &|| None };
    let (query, rest) = text.split_once('\0').unwrap_or((text, "1000\x002000\x0030"));
    let names = ["start", "end", "step", "time", "lookback_delta", "limit"];
    let mut pairs: Vec<(String, String)> =
        names.into_iter().zip(rest.split('\0')).map(|(n, v)| (n.into(), v.into())).collect();
    pairs.extend([("query".into(), query.into()), ("match[]".into(), query.into())]);
    let parameters = Parameters(&pairs);
    for response in [
        api.query(&parameters),
        api.query_range(&parameters),
        api.series(&parameters),
        api.labels(&parameters),
        api.label_values(rest, &parameters),
    ] {
        assert!(response.body.starts_with("{\"status\":\""));
    }
});
