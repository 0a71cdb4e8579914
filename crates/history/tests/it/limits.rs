//! What a query may cost, and what the API says when it costs more.

use std::cell::Cell;

use history::http::{Api, Parameters};
use history::remote::{Kind, Metadata};
use history::{Config, Evaluated, History, Labels, Query, QueryConfig, QueryError, Range, Stop};

use crate::data;

fn config() -> QueryConfig {
    QueryConfig::default()
}

fn parse(text: &str) -> Result<Query, QueryError> {
    Query::parse(text, &config())
}

const RANGE: Range =
    Range { start_ms: data::START_MS, end_ms: data::END_MS, step_ms: data::INTERVAL_MS };

#[test]
fn texts_that_are_long_or_deep_are_refused_before_they_are_read() {
    let long = format!("a{}", " ".repeat(64 << 10));
    assert!(matches!(parse(&long), Err(QueryError::TooLong { found: 65_537, limit: 65_536 })));
    for text in [
        format!("{}1{}", "(".repeat(30_000), ")".repeat(30_000)),
        "-".repeat(60_000),
        "a+".repeat(30_000),
        "a^".repeat(30_000),
        "a or ".repeat(10_000),
        format!("{}a{}", "abs(".repeat(10_000), ")".repeat(10_000)),
        format!("a{}", "[5m:1m]".repeat(8_000)),
        format!("a{}", " offset 5m".repeat(6_000)),
        format!("a{}", "@1".repeat(6_000)),
    ] {
        let error = parse(&text).unwrap_err();
        let is_told = matches!(error, QueryError::TooDeep { .. } | QueryError::Parse { .. });
        assert!(is_told, "{error} of {}", &text[..20]);
    }
    // As deep as may be, on a small stack.
    let deep = format!("{}a{}", "abs(".repeat(249), ")".repeat(249));
    let flat = format!("a{}", "+a".repeat(249));
    let small = std::thread::Builder::new().stack_size(2 << 20).spawn(move || {
        let (history, _) = History::open(Config::default()).unwrap();
        for text in [deep, flat] {
            let query = parse(&text).unwrap();
            assert!(query.range(&history, RANGE, &config(), &|| None).is_ok());
        }
    });
    small.unwrap().join().unwrap();
}

#[test]
fn numbers_that_are_no_durations_are_refused() {
    for text in [
        "a[1e300]",
        "a[inf]",
        "a[NaN]",
        "a offset 1e300",
        "a offset -1e300",
        "a[5m:1e300]",
        "a OFFSET Inf",
        "a[99999999999999999999]",
        "a[1e+300]",
        "a offset - 1e19",
    ] {
        assert!(matches!(parse(text), Err(QueryError::Parse { .. })), "{text}");
    }
    for text in ["a[0x10]", "a[1.5]", "a[300y]", "a @ 1e300", "a @ -1e18", "a[9000000000]"] {
        let Ok(query) = parse(&text.replace("a[0x10]", "rate(a[0x10])")) else { continue };
        let (history, _) = History::open(Config::default()).unwrap();
        let _ = query.instant(&history, i64::MAX, &config(), &|| None);
        let _ = query.instant(&history, i64::MIN, &config(), &|| None);
    }
}

#[test]
fn points_and_samples_are_limited() {
    let history = data::store(&data::all());
    let many = Range { step_ms: 100, ..RANGE };
    let error = parse("up").unwrap().range(&history, many, &config(), &|| None).unwrap_err();
    assert!(error.to_string().contains("maximum resolution of 11,000 points"), "{error}");

    let few = QueryConfig { max_samples: 10_000, ..config() };
    for text in [
        "http_requests_total",
        "sum_over_time(temperature[2h])",
        "sum_over_time(up[1y:1ms])",
        "max_over_time(vector(1)[1y:1ms])",
        "{__name__=~\".+\"} or {__name__=~\".+\"}",
    ] {
        let query = parse(text).unwrap();
        let error = query.range(&history, RANGE, &few, &|| None).unwrap_err();
        assert_eq!(error, QueryError::TooManySamples { limit: 10_000 }, "{text}");
    }
    let query = parse("sum(up)").unwrap();
    assert!(query.range(&history, RANGE, &few, &|| None).is_ok());
}

#[test]
fn a_query_stops_when_it_is_told_to() {
    let history = data::store(&data::all());
    let query = parse("sum(max_over_time(http_requests_total[1h]))").unwrap();
    for (stop, expected) in
        [(Stop::Deadline, QueryError::Deadline), (Stop::Cancelled, QueryError::Cancelled)]
    {
        let looks = Cell::new(0);
        let asked = || {
            looks.set(looks.get() + 1);
            (looks.get() > 3).then_some(stop)
        };
        let error = query.range(&history, RANGE, &config(), &asked).unwrap_err();
        assert_eq!((error, looks.get()), (expected, 4));
    }
}

fn asked<'a>(pairs: &'a mut Vec<(String, String)>, list: &[(&str, &str)]) -> Parameters<'a> {
    pairs.extend(list.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    Parameters(pairs)
}

/// The bytes themselves, as Prometheus 3.5 writes them.
#[test]
fn the_json_is_prometheus_json() {
    let (history, _) = History::open(Config::default()).unwrap();
    let labels = Labels::new([("__name__", "m"), ("l", "<é\"\n>")]).unwrap();
    let handle = history.handle(&labels).unwrap();
    history.append(handle, 1_500, 1e21).unwrap();
    history.append(handle, 2_000, f64::INFINITY).unwrap();
    let config = config();
    let check = |stop: Option<Stop>, what: &str, list: &[(&str, &str)], status: u16, body: &str| {
        let stop = || stop;
        let api = Api { history: &history, config: &config, now_ms: 2_000, stop: &stop };
        let mut pairs = Vec::new();
        let parameters = asked(&mut pairs, list);
        let response = match what {
            "query" => api.query(&parameters),
            "query_range" => api.query_range(&parameters),
            "series" => api.series(&parameters),
            "labels" => api.labels(&parameters),
            "values" => api.label_values("__name__", &parameters),
            _ => {
                let gauge = Metadata { kind: Kind::Gauge, help: "Help.".into(), unit: "s".into() };
                api.metadata([("m", &gauge), ("a", &Metadata::default())], &parameters)
            }
        };
        assert_eq!((response.status, response.body.as_str()), (status, body));
    };
    let metric = r#"{"__name__":"m","l":"<é\"\n>"}"#;
    let vector = format!(
        r#"{{"status":"success","data":{{"resultType":"vector","result":[{{"metric":{metric},"value":[2,"+Inf"]}}]}}}}"#
    );
    check(None, "query", &[("query", "m")], 200, &vector);
    let matrix = format!(
        r#"{{"status":"success","data":{{"resultType":"matrix","result":[{{"metric":{metric},"values":[[1.500,"1e+21"],[2,"+Inf"]]}}]}}}}"#
    );
    let range = [("query", "m"), ("start", "1"), ("end", "2"), ("step", "0.5")];
    check(None, "query_range", &range, 200, &matrix);
    let scalar = r#"{"status":"success","data":{"resultType":"scalar","result":[2,"NaN"]}}"#;
    check(None, "query", &[("query", "NaN")], 200, scalar);
    let string = r#"{"status":"success","data":{"resultType":"string","result":[2,"a"]}}"#;
    check(None, "query", &[("query", "'a'")], 200, string);
    let series = format!(r#"{{"status":"success","data":[{metric}]}}"#);
    check(None, "series", &[("match[]", "m")], 200, &series);
    check(None, "labels", &[], 200, r#"{"status":"success","data":["__name__","l"]}"#);
    let cut =
        r#"{"status":"success","data":["__name__"],"warnings":["results truncated due to limit"]}"#;
    check(None, "labels", &[("limit", "1")], 200, cut);
    check(None, "values", &[], 200, r#"{"status":"success","data":["m"]}"#);
    let known = r#"{"status":"success","data":{"a":[{"type":"unknown","help":"","unit":""}],"m":[{"type":"gauge","help":"Help.","unit":"s"}]}}"#;
    check(None, "metadata", &[], 200, known);
    let one = r#"{"status":"success","data":{"m":[{"type":"gauge","help":"Help.","unit":"s"}]}}"#;
    check(None, "metadata", &[("metric", "m")], 200, one);
    let late = r#"{"status":"error","errorType":"timeout","error":"query timed out in expression evaluation"}"#;
    check(Some(Stop::Deadline), "query", &[("query", "m")], 503, late);
    let gone = r#"{"status":"error","errorType":"canceled","error":"query was canceled in expression evaluation"}"#;
    check(Some(Stop::Cancelled), "query", &[("query", "m")], 499, gone);
}

#[test]
fn an_instant_vector_is_what_the_example_says() {
    let history = data::store(&data::all());
    let query = parse("count(up)").unwrap();
    let found = query.instant(&history, data::END_MS, &config(), &|| None).unwrap();
    let Evaluated::Vector(found) = found else { panic!() };
    assert_eq!((found.len(), found[0].1.value), (1, 4.0));
}

proptest::proptest! {
    /// No text does harm; most are refused.
    #[test]
    fn any_text_is_read_without_harm(
        words in proptest::collection::vec(0..WORDS.len(), 0..24),
        noise in "\\PC{0,12}",
    ) {
        let (history, _) = History::open(Config::default()).unwrap();
        let mut text: String = words.iter().map(|i| format!("{} ", WORDS[*i])).collect();
        for text in [text.clone(), { text.push_str(&noise); text }] {
            if let Ok(query) = parse(&text) {
                let few = QueryConfig { max_samples: 100_000, ..config() };
                let _ = query.instant(&history, 0, &few, &|| None);
                let _ = query.range(&history, RANGE, &few, &|| None);
            }
        }
    }
}

const WORDS: [&str; 48] = [
    "up",
    "m",
    "rate",
    "sum",
    "by",
    "without",
    "(",
    ")",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    ":",
    "5m",
    "1e300",
    "Inf",
    "NaN",
    "-",
    "+",
    "*",
    "/",
    "^",
    "%",
    "@",
    "offset",
    "start()",
    "end()",
    "\"a\"",
    "'b",
    "`c`",
    "=",
    "=~",
    "!=",
    "bool",
    "on",
    "group_left",
    "and",
    "or",
    "topk",
    "label_replace",
    "histogram_quantile",
    "0x1f",
    "0777",
    "1_000",
    "#",
];
