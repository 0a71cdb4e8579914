//! Every alert of the catalogue fires on the fault that it is for, made for real on the real
//! binary, and none fires on a server at ordinary work.
//!
//! Each test has a table of alerts and of how their faults are made; one test holds the tables
//! against the catalogue. Rules hold for no time here (`hold_factor = 0`), so that an alert fires at
//! the first look at which its expression holds.

mod agents;
mod callers;
mod load;
mod machine;
mod memories;
mod networks;
mod quiet;
mod receiver;
mod services;
mod time;
mod values;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use catalogue::Alert;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::operate::{Serving, demo_models, name};

/// Alerts, and how the fault of each is made.
type Faults = &'static [(&'static str, &'static str)];

const TABLES: &[Faults] = &[
    load::LATE,
    load::TOO_MANY,
    load::STILL,
    networks::WRONG,
    networks::UNUSUAL,
    callers::REFUSED,
    callers::CHANGED,
    services::GONE,
    services::SLOW,
    services::KILLED,
    services::CROWDED,
    services::DOWN,
    machine::FULL,
    machine::BUSY,
    machine::TIGHT,
    machine::HOT,
    memories::USED,
    memories::CALLED,
    agents::REFUSED,
    agents::LIFTED,
    agents::ASKED,
    time::LATER,
    time::LETTERS,
    time::OLD_LETTERS,
];

#[test]
fn every_alert_has_a_fault() {
    let mut tested = BTreeSet::new();
    for (alert, how) in TABLES.iter().copied().flatten() {
        assert!(tested.insert(*alert), "{alert} is in two tables");
        assert!(!how.is_empty(), "{alert}");
    }
    let known: BTreeSet<&str> = Alert::all().map(|alert| alert.name).collect();
    assert_eq!(tested, known);
}

/// Looks for a fault until it is found, so often.
const LOOKS: usize = 600;

/// Time between two looks.
const BETWEEN: Duration = Duration::from_millis(200);

/// Says why a test does nothing here, or fails where that may not be.
fn skip(reason: &str) {
    assert!(std::env::var_os("STRIATUM_NO_SKIP").is_none(), "SKIPPED: {reason}");
    eprintln!("SKIPPED: {reason}");
}

/// A server that looks at itself twice a second, and holds no alert.
struct Watched {
    server: Serving,
    folder: TempDir,
    /// A key of an administrator, where one is asked for.
    key: String,
}

/// Adds what a table has to another, table by table.
fn merge(into: &mut toml::Table, more: toml::Table) {
    for (key, value) in more {
        match (into.get_mut(&key), value) {
            (Some(toml::Value::Table(into)), toml::Value::Table(more)) => merge(into, more),
            (_, value) => drop(into.insert(key, value)),
        }
    }
}

/// A file of settings in a folder, for a state beside it.
fn settings(folder: &Path, more: &str) -> PathBuf {
    let mut table: toml::Table = toml::from_str(&format!(
        "[history]\ngather_seconds = 0.5\n\
         [alerting]\ninterval_seconds = 0.5\nhold_factor = 0.0\n\
         [state]\nfolder = {:?}\n",
        name(&folder.join("state"))
    ))
    .unwrap();
    merge(&mut table, more.parse().unwrap());
    let path = folder.join("striatum.toml");
    std::fs::write(&path, table.to_string()).unwrap();
    path
}

impl Watched {
    fn start(more: &str, models: &Path) -> Self {
        Self::with(more, models, &[], &[])
    }

    fn with(more: &str, models: &Path, starter: &[&str], env: &[(&str, &str)]) -> Self {
        Self::inside(folder(), more, models, starter, env)
    }

    fn inside(
        folder: TempDir,
        more: &str,
        models: &Path,
        starter: &[&str],
        env: &[(&str, &str)],
    ) -> Self {
        let config = settings(folder.path(), more);
        let server = Serving::through(starter, &["--config", name(&config)], models, env);
        Self { server, folder, key: String::new() }
    }

    /// Stops it, and gives what it leaves behind.
    fn stop(self) -> TempDir {
        signal("TERM", &self.server);
        let Self { mut server, folder, .. } = self;
        server.child.wait().unwrap();
        folder
    }

    fn ask(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        self.server.ask(method, path, &self.key, body)
    }

    /// Posts, and gives the status.
    fn post(&self, path: &str, body: &Value) -> u16 {
        self.ask("POST", path, body).0
    }

    fn infer(&self, model: &str, body: &Value) -> u16 {
        self.post(&format!("/v2/models/{model}/infer"), body)
    }

    /// Something that an operator changes, which is written to the audit log.
    fn write(&self) -> u16 {
        self.ask("PUT", "/v1/degradation", &json!({ "level": "full" })).0
    }

    /// The series of an expression: labels and value.
    fn query(&self, expr: &str) -> Vec<(Value, f64)> {
        let escaped: String = expr.bytes().map(|b| format!("%{b:02x}")).collect();
        let path = format!("/api/v1/query?query={escaped}");
        let answer = self.ask("GET", &path, &Value::Null).1;
        let series = answer["data"]["result"].as_array().cloned().unwrap_or_default();
        let one = |series: Value| {
            let value = series["value"][1].as_str()?.parse().ok()?;
            Some((series["metric"].clone(), value))
        };
        series.into_iter().filter_map(one).collect()
    }

    /// The value of an expression of one series; 0 for none.
    fn value(&self, expr: &str) -> f64 {
        self.query(expr).first().map_or(0.0, |(_, value)| *value)
    }

    /// The alerts that have fired since the start.
    fn fired(&self) -> BTreeSet<String> {
        let expr = r#"count by (alertname) (count_over_time(ALERTS{alertstate="firing"}[1h]))"#;
        let kept = self.query(expr);
        let kept = kept.iter().filter_map(|(labels, _)| labels["alertname"].as_str());
        let now = self.ask("GET", "/v1/alerts", &Value::Null).1;
        let now = now["alerts"].as_array().cloned().unwrap_or_default();
        let now = now.iter().filter(|alert| alert["state"] == "firing");
        let now = now.filter_map(|alert| alert["name"].as_str());
        kept.chain(now).map(str::to_owned).collect()
    }

    /// Waits until every rule was evaluated a few times, and none of these alerts has fired.
    fn is_silent(&self, faults: Faults) {
        let rules = Alert::all().count() + catalogue::slo::records().len();
        self.wait("the rules are not evaluated", || {
            let done = self.value(r#"striatum_rule_evaluations_total{outcome="ok"}"#);
            done >= 3.0 * rules as f64
        });
        let fired = self.fired();
        for (alert, _) in faults {
            let health = || self.ask("GET", "/health", &Value::Null).1;
            assert!(!fired.contains(*alert), "{alert} fires before its fault: {}", health());
        }
    }

    /// Waits until all of these alerts have fired.
    fn fires(&self, faults: Faults, mut meanwhile: impl FnMut()) {
        let wanted: BTreeSet<String> = faults.iter().map(|(alert, _)| (*alert).into()).collect();
        for _ in 0..LOOKS {
            meanwhile();
            if wanted.is_subset(&self.fired()) {
                return;
            }
            std::thread::sleep(BETWEEN);
        }
        let missing: Vec<String> = wanted.difference(&self.fired()).cloned().collect();
        panic!("{missing:?} did not fire, {:?} did", self.fired());
    }

    fn wait(&self, what: &str, mut is: impl FnMut() -> bool) {
        for _ in 0..LOOKS {
            if is() {
                return;
            }
            std::thread::sleep(BETWEEN);
        }
        panic!("{what}");
    }
}

/// Sends a signal to a server.
fn signal(which: &str, server: &Serving) {
    let id = server.child.id().to_string();
    assert!(Command::new("kill").args(["-s", which, &id]).status().unwrap().success());
}

/// Does something on several threads while something else is done.
fn beside(threads: usize, call: impl Fn() + Sync, work: impl FnOnce()) {
    struct Stop<'a>(&'a AtomicBool);
    impl Drop for Stop<'_> {
        fn drop(&mut self) {
            self.0.store(true, Ordering::Relaxed);
        }
    }
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    call();
                }
            });
        }
        let _stop = Stop(&stop);
        work();
    });
}

/// An image in which so many pixels are so dark.
fn image(ink: usize, value: u8) -> Value {
    let mut data = vec![0; 784];
    (0..ink).for_each(|k| data[(k * 37 + 200) % 784] = value);
    json!({ "inputs": [{ "name": "input", "shape": [1, 784], "datatype": "UINT8", "data": data }] })
}

/// Adds a version of the demo model under a name, with its settings changed.
fn add_model(models: &Path, version: &str, change: impl Fn(String) -> String) {
    let (from, to) = (demo_models().join("digits/1"), models.join(version));
    std::fs::create_dir_all(&to).unwrap();
    std::fs::copy(from.join("model.nir"), to.join("model.nir")).unwrap();
    let spec = std::fs::read_to_string(from.join("model.toml")).unwrap();
    std::fs::write(to.join("model.toml"), change(spec)).unwrap();
}

/// A folder in memory where there is one, so that neither the room of the machine's own disk is
/// judged nor what others write to it.
fn folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap()
}

/// A folder with the demo model.
fn own_models() -> TempDir {
    let models = folder();
    add_model(models.path(), "digits/1", |spec| spec);
    models
}
