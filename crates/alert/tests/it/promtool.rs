//! The same rules over the same series: promtool agrees on every alert, state, label and annotation.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::process::Command;

use alert::{
    ALERT_NAME, ALERTS, ALERTS_FOR_STATE, Evaluator, Labels, METRIC_NAME, RuleConfig, RuleFile,
    Sample, Series, Span, State, Vector,
};
use resilience::Chance;
use serde_json::{Value, json};

use crate::programs::program;

const MINUTE_MS: i64 = 60_000;
const N_MINUTES: i64 = 40;

/// Series with a value, or none, at every minute; and what rules recorded.
#[derive(Default)]
struct Memory {
    given: Vec<(Labels, Vec<Option<f64>>)>,
    recorded: RefCell<BTreeMap<Labels, f64>>,
}

impl Memory {
    fn add(&mut self, name: &str, instance: &str, values: &[Option<f64>]) {
        let labels = Labels::from([(METRIC_NAME, name), ("instance", instance)]);
        self.given.push((labels, values.to_vec()));
    }

    fn named(&self, name: &str, at_ms: i64) -> Vector {
        let minute = (at_ms / MINUTE_MS) as usize;
        let given = self.given.iter().filter_map(|(labels, values)| {
            Some((labels.clone(), values.get(minute).copied().flatten()?))
        });
        let recorded = self.recorded.borrow();
        let recorded = recorded.iter().map(|(labels, value)| (labels.clone(), *value));
        given.chain(recorded).filter(|(labels, _)| labels.get(METRIC_NAME) == name).collect()
    }

    /// As promtool has them.
    fn input(&self) -> Value {
        let text = |value: &Option<f64>| value.map_or("stale".to_owned(), |v| v.to_string());
        let series = |(labels, values): &(Labels, Vec<Option<f64>>)| {
            let values: Vec<String> = values.iter().map(text).collect();
            json!({"series": metric(labels), "values": values.join(" ")})
        };
        self.given.iter().map(series).collect()
    }
}

impl Series for Memory {
    /// Understands `x`, `x > 5`, `x < 5` and `x * 2`.
    fn query(&self, expr: &str, at_ms: i64) -> Result<Vector, String> {
        let words: Vec<&str> = expr.split(' ').collect();
        let all = self.named(words[0], at_ms);
        let number: f64 = words.get(2).map_or(0.0, |word| word.parse().unwrap());
        Ok(match words.get(1) {
            None => all,
            Some(&">") => all.into_iter().filter(|(_, value)| *value > number).collect(),
            Some(&"<") => all.into_iter().filter(|(_, value)| *value < number).collect(),
            Some(&"*") => all
                .into_iter()
                .map(|(labels, value)| (labels.with(METRIC_NAME, ""), value * number))
                .collect(),
            Some(other) => return Err(format!("what is {other}?")),
        })
    }

    fn record(&self, samples: &[Sample], _: i64) {
        let mut recorded = self.recorded.borrow_mut();
        for sample in samples {
            if sample.value.to_bits() == alert::STALE.to_bits() {
                recorded.remove(&sample.labels);
            } else {
                recorded.insert(sample.labels.clone(), sample.value);
            }
        }
    }
}

/// `name{label="value"}`.
fn metric(labels: &Labels) -> String {
    let others = labels.clone().with(METRIC_NAME, "");
    format!("{}{others}", labels.get(METRIC_NAME))
}

fn rule(alert: &str, expr: &str, hold: i64, keep_firing: i64) -> RuleConfig {
    RuleConfig {
        alert: alert.to_owned(),
        expr: expr.to_owned(),
        hold: Span::from_seconds(hold),
        keep_firing: Span::from_seconds(keep_firing),
        ..RuleConfig::default()
    }
}

fn file(rules: Vec<RuleConfig>) -> RuleFile {
    let mut file: RuleFile =
        serde_json::from_value(json!({"groups": [{"name": "g", "interval": "1m", "rules": []}]}))
            .unwrap();
    file.groups[0].rules = rules;
    file
}

/// What our evaluator says at every minute, as what promtool is to expect.
fn expectations(file: &RuleFile, memory: &Memory) -> (Value, usize) {
    let mut evaluator = Evaluator::new(file.check(&|_| Ok(())).unwrap());
    let (mut alert_tests, mut expr_tests, mut n_alerts) = (Vec::new(), Vec::new(), 0);
    for minute in 0..N_MINUTES {
        let evaluation = evaluator.evaluate(minute * MINUTE_MS, memory);
        assert_eq!(evaluation.failures, []);
        for view in evaluator.rules().filter(|view| !view.rule.name.contains(':')) {
            let firing = view.alerts.iter().filter(|alert| alert.state == State::Firing);
            let firing: Vec<Value> = firing
                .map(|alert| {
                    let labels = alert.labels.clone().with(ALERT_NAME, "");
                    json!({"exp_labels": labels, "exp_annotations": alert.annotations})
                })
                .collect();
            n_alerts += firing.len();
            alert_tests.push(json!({
                "eval_time": format!("{minute}m"), "alertname": view.rule.name, "exp_alerts": firing,
            }));
        }
        for name in [ALERTS, ALERTS_FOR_STATE, "job:x:double"] {
            let samples = evaluation
                .samples
                .iter()
                .filter(|sample| sample.labels.get(METRIC_NAME) == name && !sample.value.is_nan());
            let samples: Vec<Value> = samples
                .map(|sample| json!({"labels": metric(&sample.labels), "value": sample.value}))
                .collect();
            expr_tests.push(json!({
                "expr": name, "eval_time": format!("{minute}m"), "exp_samples": samples,
            }));
        }
    }
    let tests = json!({
        "interval": "1m",
        "input_series": memory.input(),
        "alert_rule_test": alert_tests,
        "promql_expr_test": expr_tests,
    });
    (tests, n_alerts)
}

fn promtool_agrees(file: &RuleFile, memory: &Memory) {
    let how = "STRIATUM_PROMTOOL=$(scripts/fetch-alertmanager promtool)";
    let Some(promtool) = program("STRIATUM_PROMTOOL", how) else { return };
    let (tests, n_alerts) = expectations(file, memory);
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, value: &Value| {
        std::fs::write(folder.path().join(name), value.to_string()).unwrap();
    };
    write("rules.yml", &serde_json::to_value(file).unwrap());
    write(
        "tests.yml",
        &json!({"rule_files": ["rules.yml"], "evaluation_interval": "1m", "tests": [tests]}),
    );
    let output = Command::new(promtool)
        .args(["test", "rules", "tests.yml"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    let said: String = said.chars().take(4000).collect();
    assert!(output.status.success(), "{said}");
    println!("promtool agrees on {n_alerts} firing alerts at {N_MINUTES} times");
}

/// Values by runs: so many minutes each, or nothing.
fn runs(runs: &[(usize, Option<f64>)]) -> Vec<Option<f64>> {
    runs.iter().flat_map(|(count, value)| std::iter::repeat_n(*value, *count)).collect()
}

#[test]
fn a_table_of_rules_fires_when_promtool_says() {
    let mut memory = Memory::default();
    // Up for 3, down for 2, up for 12, away for 4, up for 3, down for 9, up for 7.
    let a = [(3, Some(7.0)), (2, Some(1.0)), (12, Some(8.5)), (4, None), (3, Some(9.0))];
    memory.add("x", "a", &runs(&[&a[..], &[(9, Some(0.0)), (7, Some(6.0))]].concat()));
    // One that wavers, and one that is there only once.
    memory.add("x", "b", &(0..40).map(|m| Some(f64::from(m % 2) * 10.0)).collect::<Vec<_>>());
    memory.add("x", "c", &runs(&[(20, None), (1, Some(1e6)), (19, None)]));
    let mut rules = Vec::new();
    for (n, (hold, keep_firing)) in [
        (0, 0),
        (60, 0),
        (120, 0),
        (121, 0),
        (300, 0),
        (900, 0),
        (0, 60),
        (0, 120),
        (0, 300),
        (120, 120),
        (180, 60),
        (300, 600),
        (30, 90),
    ]
    .into_iter()
    .enumerate()
    {
        rules.push(rule(&format!("A{n}"), "x > 5", hold, keep_firing));
    }
    rules.push(rule("Low", "x < 5", 60, 60));
    rules.push(rule("There", "x", 120, 0));
    let double = RuleConfig {
        record: "job:x:double".to_owned(),
        expr: "x * 2".to_owned(),
        labels: BTreeMap::from([("kind".to_owned(), "double".to_owned())]),
        ..RuleConfig::default()
    };
    rules.push(double);
    // Sees what the rule before it recorded at the same time.
    rules.push(rule("Doubled", "job:x:double > 12", 60, 0));
    promtool_agrees(&file(rules), &memory);
}

#[test]
fn templates_say_what_promtool_says() {
    let mut memory = Memory::default();
    let values = [
        0.0,
        1.0,
        -1.0,
        5.0,
        0.25,
        1e6,
        1_234_567.0,
        123_456_789.0,
        1e18,
        0.000_012_345,
        -1500.0,
        999.99,
        1024.0,
        1_048_576.0,
        1e-7,
        59.9,
        60.0,
        3_661.0,
        90_061.5,
        -93_784.0,
        0.12345,
        100.0,
        12_345.678,
        0.1,
        1.0 / 3.0,
        2e-5,
        65_536.5,
        1e15,
        123_456.0,
        -0.5,
        12.345_678_9,
        1e5,
        1e4,
    ];
    let values: Vec<Option<f64>> =
        (0..N_MINUTES as usize).map(|m| Some(values[m % values.len()])).collect();
    memory.add("x", "host-1:9090", &values);
    let annotations = [
        ("value", "{{ $value }} and {{ .Value }}"),
        ("label", "{{ $labels.instance }}{{ .Labels.instance }}{{ $labels.none }}!"),
        ("humanize", "{{ $value | humanize }}"),
        ("humanize1024", "{{ $value | humanize1024 }}"),
        ("percentage", "{{ $value | humanizePercentage }}"),
        ("duration", "{{ humanizeDuration $value }}"),
        (
            "printf",
            "{{ printf \"%.2f\" $value }} {{ $value | printf \"%.0f\" }} {{ printf \"%f\" $value }}",
        ),
        ("words", "{{ printf \"%s is %v, 100%%\" $labels.instance $value }}"),
        ("nested", "{{ $value | humanize | printf \"<%s>\" }}"),
        ("trim", "a {{- $value -}} b {{ $value }} c"),
        ("text", "{{ \"}}\\t\\\"\" }}{{ `\\n` }}"),
    ];
    let mut rule = rule("T", "x", 0, 0);
    rule.annotations = annotations.map(|(name, text)| (name.to_owned(), text.to_owned())).into();
    rule.labels =
        BTreeMap::from([("severity".to_owned(), "{{ $labels.instance }}-page".to_owned())]);
    promtool_agrees(&file(vec![rule]), &memory);
}

#[test]
fn random_rules_over_random_series_agree() {
    let chance = Chance::from_seed(20_260_111);
    let below = |n: u64| chance.bits() % n;
    let mut memory = Memory::default();
    let mut rules = Vec::new();
    for n in 0..40 {
        for instance in ["a", "b"] {
            let mut values = Vec::new();
            while values.len() < N_MINUTES as usize {
                let value = (below(5) > 0).then(|| below(10) as f64);
                values.extend(std::iter::repeat_n(value, 1 + below(6) as usize));
            }
            values.truncate(N_MINUTES as usize);
            memory.add(&format!("x{n}"), instance, &values);
        }
        let (hold, keep_firing) = (below(8) * 30, below(8) * 30);
        rules.push(rule(&format!("A{n}"), &format!("x{n} > 4"), hold as i64, keep_firing as i64));
    }
    promtool_agrees(&file(rules), &memory);
}
