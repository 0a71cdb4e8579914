//! The same samples and questions for us and a real Prometheus.

use history::QueryConfig;
use history::http::{Api, Parameters};
use serde_json::Value;

use crate::data::{self, END_MS, START_MS};
use crate::prometheus::Prometheus;
use crate::queries::{INSTANT_ONLY, QUERIES, WRONG};

/// How far apart two numbers may be (relative).
const TOLERANCE: f64 = 1e-12;

type Pairs = Vec<(String, String)>;

fn pairs(pairs: &[(&str, &str)]) -> Pairs {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn seconds(t_ms: i64) -> String {
    format!("{}.{:03}", t_ms / 1000, t_ms % 1000)
}

/// What we answer.
fn ours(api: &Api<'_>, path: &str, parameters: &Pairs) -> (u16, Value) {
    let parameters = Parameters(parameters);
    let response = match path {
        "/api/v1/query" => api.query(&parameters),
        "/api/v1/query_range" => api.query_range(&parameters),
        "/api/v1/series" => api.series(&parameters),
        "/api/v1/labels" => api.labels(&parameters),
        other => {
            let name = other.strip_prefix("/api/v1/label/").unwrap().strip_suffix("/values");
            api.label_values(name.unwrap(), &parameters)
        }
    };
    (response.status, serde_json::from_str(&response.body).unwrap())
}

fn same_number(a: &str, b: &str) -> bool {
    let (Ok(a), Ok(b)) = (a.parse::<f64>(), b.parse::<f64>()) else { return false };
    a == b || (a.is_nan() && b.is_nan()) || (a - b).abs() <= TOLERANCE * a.abs().max(b.abs())
}

/// Whether two answers are the same; numbers in strings nearly.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Array(a), Value::Array(b)) => {
            let is_sample = |list: &[Value]| list.len() == 2 && list[0].is_number();
            if is_sample(a) && is_sample(b) {
                let text = |value: &Value| value.as_str().unwrap().to_owned();
                let is_same = a[0].as_f64() == b[0].as_f64();
                return is_same && (a[1] == b[1] || same_number(&text(&a[1]), &text(&b[1])));
            }
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(k, a)| b.get(k).is_some_and(|b| same(a, b)))
        }
        _ => a == b,
    }
}

/// Where Prometheus does not order, we order both.
fn ordered(mut data: Value, keep: bool) -> Value {
    if let Some(list) =
        data["result"].as_array_mut().filter(|list| !keep && list.iter().all(Value::is_object))
    {
        list.sort_by_key(|series| series["metric"].to_string());
    }
    data
}

/// The lists of the other endpoints; Prometheus sorts series only if there are several selectors.
fn sorted(mut data: Value) -> Value {
    if let Some(list) = data.as_array_mut() {
        list.sort_by_key(Value::to_string);
    }
    data
}

/// How both answer.
enum Outcome {
    /// The same, with something in it.
    Same,
    /// The same, and there is nothing in it or it is an error.
    SameNothing,
    Different(String),
}

/// Asks both.
fn outcome(api: &Api<'_>, prometheus: &Prometheus, path: &str, asked: &Pairs) -> Outcome {
    let (status, found) = ours(api, path, asked);
    let (expected_status, expected) = prometheus.ask(path, asked);
    let query = asked.iter().find(|(name, _)| name == "query").map_or("", |(_, query)| query);
    let keeps_order = path == "/api/v1/query_range"
        || query.starts_with("sort")
        || (query.contains("topk(") && !query.contains(" by "))
        || query.starts_with("bottomk(");
    let is_same = status == expected_status
        && found["errorType"] == expected["errorType"]
        && if path.contains("query") {
            same(
                &ordered(found["data"].clone(), keeps_order),
                &ordered(expected["data"].clone(), keeps_order),
            )
        } else {
            sorted(found["data"].clone()) == sorted(expected["data"].clone())
        };
    if is_same {
        let result = found["data"].get("result").unwrap_or(&found["data"]);
        let is_nothing = result.as_array().is_none_or(Vec::is_empty);
        return if is_nothing { Outcome::SameNothing } else { Outcome::Same };
    }
    let short = |value: &Value| value.to_string().chars().take(1500).collect::<String>();
    let (found, expected) = (short(&found), short(&expected));
    Outcome::Different(format!(
        "{path} {asked:?}\n  ours {status} {found}\n  theirs {expected_status} {expected}"
    ))
}

fn instant(query: &str, t_ms: i64) -> Pairs {
    pairs(&[("query", query), ("time", &seconds(t_ms))])
}

fn range(query: &str, from_ms: i64, to_ms: i64, step: &str) -> Pairs {
    pairs(&[
        ("query", query),
        ("start", &seconds(from_ms)),
        ("end", &seconds(to_ms)),
        ("step", step),
    ])
}

/// Everything that is asked about the hand-made series.
fn questions() -> Vec<(&'static str, Pairs)> {
    let (query, query_range) = ("/api/v1/query", "/api/v1/query_range");
    let middle = START_MS + 3_600_000;
    let mut all = Vec::new();
    for text in QUERIES {
        for t_ms in [middle, START_MS + 2_345_678, END_MS - 1, END_MS + 240_000] {
            all.push((query, instant(text, t_ms)));
        }
        if text.ends_with("[5m:1m]") {
            continue;
        }
        all.push((query_range, range(text, START_MS - 60_000, END_MS + 400_000, "60")));
        all.push((query_range, range(text, START_MS + 1_000_500, START_MS + 1_400_000, "7.5")));
        all.push((query_range, range(text, middle, END_MS, "11m")));
    }
    for text in INSTANT_ONLY {
        all.push((query, instant(text, middle)));
        all.push((query_range, range(text, middle, END_MS, "1m")));
    }
    for text in WRONG {
        all.push((query, instant(text, middle)));
        all.push((query_range, range(text, START_MS, END_MS, "1m")));
    }
    all.extend(shapes());
    all
}

/// Parameters that are right and wrong, and the endpoints beside queries.
fn shapes() -> Vec<(&'static str, Pairs)> {
    let (query, query_range) = ("/api/v1/query", "/api/v1/query_range");
    let (series, labels) = ("/api/v1/series", "/api/v1/labels");
    let values = |name: &str| match name {
        "job" => "/api/v1/label/job/values",
        "__name__" => "/api/v1/label/__name__/values",
        _ => "/api/v1/label/nothing/values",
    };
    let (from, to) = (seconds(START_MS), seconds(END_MS));
    let within = [("start", from.as_str()), ("end", to.as_str())];
    let with = |more: &[(&str, &str)]| pairs(&[&within[..], more].concat());
    vec![
        (query, pairs(&[("query", "temperature"), ("time", "2023-11-14T22:30:00Z")])),
        (query, pairs(&[("query", "temperature"), ("time", "2023-11-14T23:30:00.25+01:00")])),
        (query, pairs(&[("query", "temperature"), ("time", "yesterday")])),
        (query, pairs(&[("time", &to)])),
        (query, pairs(&[("query", "up"), ("time", &to), ("limit", "x")])),
        (query, pairs(&[("query", "up"), ("time", &to), ("limit", "-1")])),
        (query, pairs(&[("query", "once"), ("time", "1700003900"), ("lookback_delta", "10m")])),
        (query, pairs(&[("query", "once"), ("time", "1700003900"), ("lookback_delta", "1m")])),
        (query, pairs(&[("query", "once"), ("time", "1700003900"), ("lookback_delta", "x")])),
        (query_range, range("up", START_MS, END_MS, "0")),
        (query_range, range("up", START_MS, END_MS, "-1")),
        (query_range, range("up", START_MS, END_MS, "x")),
        (query_range, range("up", START_MS, END_MS, "0.001")),
        (query_range, range("up", END_MS, START_MS, "1m")),
        (query_range, range("up", START_MS, START_MS + 11_000_000, "1")),
        (query_range, range("up", START_MS, START_MS + 11_001_000, "1")),
        (query_range, range("sum(up)", START_MS, START_MS, "1m30s")),
        (query_range, with(&[("query", "up")])),
        (query_range, with(&[("step", "60")])),
        (query_range, pairs(&[("query", "up"), ("step", "60"), ("start", &from)])),
        (series, with(&[("match[]", "up")])),
        (series, with(&[("match[]", "up"), ("match[]", "build_info{version=~\"v[12]\"}")])),
        (series, with(&[("match[]", "nothing")])),
        (series, with(&[])),
        (series, with(&[("match[]", "{}")])),
        (series, with(&[("match[]", "sum(up)")])),
        (series, with(&[("match[]", "up[5m]")])),
        (labels, with(&[])),
        (labels, with(&[("match[]", "up")])),
        (labels, with(&[("match[]", "up"), ("match[]", "temperature")])),
        (labels, with(&[("match[]", "{")])),
        (values("job"), with(&[])),
        (values("job"), with(&[("match[]", "up{instance=\"c:1\"}")])),
        (values("__name__"), with(&[])),
        (values("nothing"), with(&[])),
    ]
}

fn compare(series: &[history::remote::SeriesToWrite], questions: &[(&'static str, Pairs)]) {
    let Some(prometheus) = Prometheus::start() else { return };
    prometheus.write(series);
    let history = data::store(series);
    let config = QueryConfig::default();
    let api = Api { history: &history, config: &config, now_ms: END_MS, stop: &|| None };
    let (mut differences, mut n_same) = (Vec::new(), 0);
    for (path, asked) in questions {
        match outcome(&api, &prometheus, path, asked) {
            Outcome::Same => n_same += 1,
            Outcome::SameNothing => {}
            Outcome::Different(text) => differences.push(text),
        }
    }
    let (version, n_questions) = (prometheus.version(), questions.len());
    println!(
        "{n_questions} questions to Prometheus {version}: {n_same} answered alike, {} alike without \
         an answer, {} not alike",
        n_questions - n_same - differences.len(),
        differences.len()
    );
    assert!(differences.is_empty(), "{}", differences.join("\n\n"));
    // Otherwise it would say little that they agree.
    assert!(n_same * 2 > n_questions, "only {n_same} of {n_questions} have an answer");
}

#[test]
fn we_and_prometheus_agree() {
    compare(&data::all(), &questions());
}

/// Random series, and random questions about them.
fn random_questions(seed: u64) -> Vec<(&'static str, Pairs)> {
    (0..400)
        .map(|i| {
            let mut dice = Dice { seed: seed ^ (i << 20), rolls: 0 };
            let text = vector(&mut dice, 3);
            let from_ms = START_MS + (dice.roll() * 3_600_000.0) as i64;
            if dice.one_in(2) {
                return ("/api/v1/query", instant(&text, from_ms));
            }
            let step = dice.pick(&["15", "41.5", "60", "300"]);
            ("/api/v1/query_range", range(&text, from_ms, from_ms + 1_800_000, step))
        })
        .collect()
}

struct Dice {
    seed: u64,
    rolls: u64,
}

impl Dice {
    fn roll(&mut self) -> f64 {
        self.rolls += 1;
        data::random(self.seed.wrapping_mul(31).wrapping_add(self.rolls))
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.roll() * (n as f64) < 1.0
    }

    fn pick(&mut self, list: &[&'static str]) -> &'static str {
        list[(self.roll() * list.len() as f64) as usize]
    }
}

/// A random vector, of operations within operations to a depth.
fn vector(dice: &mut Dice, depth: usize) -> String {
    let kind = if depth == 0 { 0 } else { (dice.roll() * 7.0) as usize };
    let inner = |dice: &mut Dice| vector(dice, depth - 1);
    match kind {
        0 => {
            let name = dice.pick(&["m", "n", "c_total"]);
            let matchers =
                dice.pick(&["", "{a=\"x\"}", "{a!=\"y\"}", "{b=~\"1|2\"}", "{a=\"\",b!~\"3\"}"]);
            let shift = dice.pick(&["", "", " offset 3m", " @ end()"]);
            format!("{name}{matchers}{shift}")
        }
        1 => {
            let function = dice.pick(&[
                "rate",
                "increase",
                "delta",
                "irate",
                "idelta",
                "changes",
                "resets",
                "deriv",
                "sum_over_time",
                "avg_over_time",
                "min_over_time",
                "max_over_time",
                "count_over_time",
                "stddev_over_time",
                "last_over_time",
                "present_over_time",
            ]);
            let range = dice.pick(&["1m", "97s", "10m"]);
            let selector = vector(dice, 0);
            match selector.split_once(' ') {
                Some((selector, shift)) => format!("{function}({selector}[{range}] {shift})"),
                None => format!("{function}({selector}[{range}])"),
            }
        }
        2 => {
            let function = dice.pick(&["max_over_time", "avg_over_time", "count_over_time"]);
            let range = dice.pick(&["[5m:1m]", "[3m:25s]"]);
            format!("{function}(({}){range})", inner(dice))
        }
        3 => {
            // Not stddev: of times, which are large and close, its digits depend on the order of the
            // elements, which is nobody's promise.
            let operator = dice.pick(&["sum", "avg", "min", "max", "count", "group"]);
            let by = dice.pick(&["", " by (a)", " by (a, b)", " without (id)", " without (a, id)"]);
            format!("{operator}{by} ({})", inner(dice))
        }
        4 => {
            let operator = dice.pick(&["+", "-", "*", "/", ">", "<= bool", "and", "or", "unless"]);
            let on = dice.pick(&["", " on (a, b)", " ignoring (id)", " on (id)"]);
            format!("({}) {operator}{on} ({})", inner(dice), inner(dice))
        }
        5 => {
            let operator = dice.pick(&["* 2", "> 0", "/ 7", "% 5", "!= bool 3", "^ 0.5"]);
            format!("({}) {operator}", inner(dice))
        }
        _ => {
            let function = dice.pick(&["abs", "ceil", "sgn", "absent", "timestamp", "sqrt", "-"]);
            format!("{function}({})", inner(dice))
        }
    }
}

#[test]
fn we_and_prometheus_agree_on_what_is_random() {
    for seed in 1..=5 {
        compare(&data::random_series(seed), &random_questions(seed));
    }
}
