//! Services that a server calls, and the database that it stands on, when they are gone or slow;
//! and a Prometheus that finds no server.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use super::receiver::Receiver;
use super::{BETWEEN, Faults, LOOKS, Watched, add_model, beside, folder, own_models, signal, skip};
use crate::postgres::Server as Postgres;
use crate::running::{self, Process};

pub(super) const GONE: Faults = &[
    ("BreakerOpen", "the port of a collector refuses"),
    ("CallsFail", "the same"),
    ("ExportsFail", "the same"),
    ("NotificationsFail", "the port of a webhook refuses"),
    ("RulesFail", "a rule of the settings matches one series with two, once there are two"),
    ("ErrorsLogged", "the settings are read again and again, and are broken"),
];

pub(super) const SLOW: Faults =
    &[("StoreSlow", "another process holds the lock of the database for a third of a second")];

pub(super) const KILLED: Faults = &[
    ("StoreDown", "PostgreSQL is killed"),
    ("MemoryOperationsFailing", "memories are stored while PostgreSQL is killed"),
];

pub(super) const CROWDED: Faults = &[
    ("HistoryFull", "a history of one mebibyte"),
    ("SeriesDropped", "more receivers than the label has values for"),
];

pub(super) const DOWN: Faults =
    &[("ServerDown", "the server is killed; Prometheus, which scrapes it, evaluates the rule")];

/// Settings by which everything is sent to one receiver.
pub(super) fn sent_to(address: &str) -> String {
    format!(
        "[export.otlp]\nendpoint = \"http://{address}\"\nprotocol = \"http\"\n\
         interval_seconds = 0.5\n\
         [export.remote_write]\nurl = \"http://{address}/write\"\ninterval_seconds = 1.0\n\
         [alerting.manager]\nroute = {{ receiver = \"people\", group_wait = \"0s\", \
         group_interval = \"1s\", repeat_interval = \"1s\" }}\n\
         receivers = [{{ name = \"people\", webhook_configs = [{{ url = \"http://{address}/\" }}] }}]\n\
         [alerting.manager.delivery.retry]\nattempts = 1\n"
    )
}

#[test]
fn services_that_are_gone() {
    let receiver = Receiver::start();
    let models = own_models();
    let rule = "[[alerting.manager.groups]]\nname = \"own\"\ninterval = \"500ms\"\n\
        rules = [{ record = \"own\", expr = \"striatum_model_ready * on () striatum_model_ready\" }]\n";
    let settings = sent_to(&receiver.address) + rule;
    let server = Watched::start(&settings, models.path());
    server.is_silent(GONE);
    server.wait("nothing is sent", || receiver.taken() > 3);
    // Two versions: the rule no longer says which belongs to which.
    add_model(models.path(), "digits/2", |spec| spec);
    assert_eq!(server.post("/v2/repository/models/digits/load", &Value::Null), 200);
    drop(receiver);
    std::fs::write(server.folder.path().join("striatum.toml"), "models = 5").unwrap();
    server.fires(GONE, || signal("HUP", &server.server));
}

#[test]
fn a_database_that_is_slow() {
    let models = own_models();
    let server = Watched::start("", models.path());
    server.is_silent(SLOW);
    let path = server.folder.path().join("state/store.db");
    let hold = || {
        let database = rusqlite::Connection::open(&path).unwrap();
        database.busy_timeout(Duration::from_secs(60)).unwrap();
        database.execute_batch("BEGIN IMMEDIATE").unwrap();
        std::thread::sleep(Duration::from_millis(350));
        database.execute_batch("ROLLBACK").unwrap();
    };
    beside(1, hold, || server.fires(SLOW, || assert_eq!(server.write(), 200)));
}

#[test]
fn a_database_that_is_killed() {
    let Some(mut database) = Postgres::start() else { return };
    let models = own_models();
    let settings = format!("[state]\npostgresql = \"{}\"\n", database.url());
    let server = Watched::start(&settings, models.path());
    let store = || server.post("/v1/memories", &json!({ "text": "a remark" }));
    assert_eq!(store(), 201);
    server.is_silent(KILLED);
    database.kill();
    server.fires(KILLED, || assert_eq!(store(), 503));
}

#[test]
fn a_history_that_is_full_and_labels_without_room() {
    let receivers: Vec<String> =
        (0..60).map(|k| format!("{{ name = \"r{k}\", log_configs = [{{}}] }}")).collect();
    let settings = format!(
        "[history]\nmax_bytes = 1_048_576\ndisk_bytes = 0\ngather_seconds = 0.2\n\
         [alerting.manager]\nroute = {{ receiver = \"r0\" }}\nreceivers = [{}]\n",
        receivers.join(", ")
    );
    let models = own_models();
    // More models have more series.
    (0..6).for_each(|k| add_model(models.path(), &format!("m{k}/1"), |spec| spec));
    let server = Watched::start(&settings, models.path());
    server.fires(CROWDED, || ());
}

/// A Prometheus with the rules as they are generated, which hold for no time.
fn prometheus(program: &str, scraped: &str, folder: &Path) -> (Process, String) {
    let rules = catalogue::render::rules();
    let held = |line: &str| line.trim_start().starts_with("for: ");
    let rules: Vec<&str> = rules.lines().filter(|line| !held(line)).collect();
    running::prometheus(program, &rules.join("\n"), scraped, folder)
}

/// The names of the alerts that fire in a Prometheus; none before it answers.
fn firing(address: &str) -> Option<Vec<String>> {
    let mut answer = ureq::get(format!("http://{address}/api/v1/alerts")).call().ok()?;
    let told: Value = serde_json::from_str(&answer.body_mut().read_to_string().ok()?).ok()?;
    let alerts = told["data"]["alerts"].as_array()?.iter();
    let fires = alerts.filter(|alert| alert["state"] == "firing");
    fires.map(|alert| alert["labels"]["alertname"].as_str().map(str::to_owned)).collect()
}

/// Waits until what fires in a Prometheus is so.
fn wait(address: &str, what: &str, is: impl Fn(&[String]) -> bool) {
    for _ in 0..LOOKS {
        if firing(address).is_some_and(|fires| is(&fires)) {
            return;
        }
        std::thread::sleep(BETWEEN);
    }
    panic!("{what}: {:?}", firing(address));
}

#[test]
fn a_server_that_is_down() {
    let found = std::env::var("STRIATUM_PROMETHEUS").ok().filter(|p| Path::new(p).exists());
    let Some(program) = found else {
        return skip("STRIATUM_PROMETHEUS names no program; ./test fetches it");
    };
    let (models, folder) = (own_models(), folder());
    let Watched { server, folder: _state, .. } = Watched::start("", models.path());
    let (_running, address) = prometheus(&program, &server.address, folder.path());
    let is_up = |address: &str| {
        let url = format!("http://{address}/api/v1/query?query=up");
        let mut answer = ureq::get(url).call().ok()?;
        answer.body_mut().read_to_string().ok().filter(|text| text.contains("\"1\"]"))
    };
    wait(&address, "it scrapes", |fires| fires.is_empty() && is_up(&address).is_some());
    server.kill();
    let down = DOWN[0].0;
    wait(&address, "it does not fire", |fires| fires.iter().any(|name| name == down));
}
