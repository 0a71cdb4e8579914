//! A real Alertmanager gets our alerts, and our dispatcher with the same settings tells the same.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use alert::{Alert, Config, DeadLetter, Dispatcher, Labels, Matcher, Sender, Silence};
use resilience::{Chance, SystemClock};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::listener::{Answer, Listener, Request};
use crate::programs::program;

/// A running Alertmanager.
struct Alertmanager {
    child: Child,
    address: SocketAddr,
    folder: TempDir,
}

impl Alertmanager {
    fn start(config: &Value) -> Option<Self> {
        let path = program(
            "STRIATUM_ALERTMANAGER",
            "STRIATUM_ALERTMANAGER=$(scripts/fetch-alertmanager)",
        )?;
        let folder = tempfile::tempdir().unwrap();
        // JSON is YAML.
        let file = folder.path().join("config.yml");
        std::fs::write(&file, config.to_string()).unwrap();
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let child = Command::new(path)
            .arg(format!("--config.file={}", file.display()))
            .arg(format!("--storage.path={}", folder.path().display()))
            .arg(format!("--web.listen-address={address}"))
            .arg("--cluster.listen-address=")
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(folder.path().join("log")).unwrap())
            .spawn()
            .unwrap();
        let mut started = Self { child, address, folder };
        for _ in 0..600 {
            let log = || std::fs::read_to_string(started.folder.path().join("log")).unwrap();
            assert!(started.child.try_wait().unwrap().is_none(), "it has ended: {}", log());
            if TcpStream::connect(address).is_ok() && started.ask("GET", "/-/ready", "").0 == 200 {
                return Some(started);
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("Alertmanager does not answer at {address}");
    }

    fn ask(&self, method: &str, path: &str, body: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(self.address).unwrap();
        let request = format!(
            "{method} {path} HTTP/1.0\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let status = answer.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0);
        (status, answer.split_once("\r\n\r\n").unwrap_or_default().1.to_owned())
    }
}

impl Drop for Alertmanager {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What somebody does at a time (milliseconds from the start).
enum Deed {
    Fire(&'static [(&'static str, &'static str)]),
    Resolve(&'static [(&'static str, &'static str)]),
    Silence(&'static str),
}
use Deed::{Fire, Resolve};

const HIGH_A: &[(&str, &str)] = &[("alertname", "High"), ("instance", "a"), ("job", "api")];
const HIGH_B: &[(&str, &str)] = &[("alertname", "High"), ("instance", "b"), ("job", "api")];
const HIGH_C: &[(&str, &str)] = &[("alertname", "High"), ("instance", "c"), ("job", "api")];
const STEADY: &[(&str, &str)] = &[("alertname", "Steady")];
const DOWN: &[(&str, &str)] =
    &[("alertname", "Down"), ("cluster", "x \"1\""), ("severity", "critical")];
const SLOW: &[(&str, &str)] =
    &[("alertname", "Slow"), ("cluster", "x \"1\""), ("severity", "warning")];

/// Groups are looked at at whole seconds, odd ones or for `page` even ones; deeds are between.
const DEEDS: &[(i64, Deed)] = &[
    (0, Fire(HIGH_A)),
    (0, Fire(HIGH_B)),
    (0, Fire(STEADY)),
    (0, Fire(DOWN)),
    (0, Fire(SLOW)),
    (1500, Fire(HIGH_C)),
    (3500, Resolve(HIGH_A)),
    (4500, Resolve(DOWN)),
    (6500, Deed::Silence("alertname=~\"Sl.*\"")),
    (7500, Resolve(HIGH_B)),
    (7500, Resolve(HIGH_C)),
    (8500, Resolve(SLOW)),
    (10_500, Fire(HIGH_A)),
];
const END_MS: i64 = 12_300;

fn settings(team: &str, page: &str) -> Value {
    json!({
        "route": {
            "receiver": "team", "group_by": ["alertname"],
            "group_wait": "1s", "group_interval": "2s", "repeat_interval": "5s",
            "routes": [
                {"receiver": "page", "matchers": ["severity=\"critical\""], "continue": true,
                 "group_by": ["..."], "group_wait": "0s"},
                {"receiver": "team", "matchers": ["severity=~\"critical|warning\"", "job!=\"api\""]},
            ],
        },
        "receivers": [
            {"name": "team", "webhook_configs": [{"url": team}]},
            {"name": "page", "webhook_configs": [{"url": page, "send_resolved": true}]},
        ],
        "inhibit_rules": [{
            "source_matchers": ["severity=\"critical\""],
            "target_matchers": ["severity=\"warning\""],
            "equal": ["cluster"],
        }],
    })
}

fn alert(labels: &[(&str, &str)], starts_at_ms: i64, ends_at_ms: i64) -> Alert {
    Alert {
        labels: labels.iter().copied().collect(),
        annotations: Labels::from([("summary", "s")]),
        starts_at_ms,
        ends_at_ms: Some(ends_at_ms),
        generator_url: String::new(),
    }
}

fn silence(matcher: &str, now_ms: i64) -> Silence {
    Silence {
        matchers: vec![matcher.parse::<Matcher>().unwrap()],
        starts_at_ms: now_ms,
        ends_at_ms: now_ms + 3_600_000,
        created_by: "me".to_owned(),
        comment: "works".to_owned(),
    }
}

fn now_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as i64
}

/// What was told: when (milliseconds from the start), and each alert with its status.
type Told = (i64, Vec<(String, String)>);
/// By receiver and group.
type Story = BTreeMap<(String, String), Vec<Told>>;

fn told(body: &Value) -> ((String, String), Vec<(String, String)>) {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let alerts = body["alerts"].as_array().unwrap().iter();
    let alerts: BTreeSet<(String, String)> =
        alerts.map(|alert| (text(&alert["fingerprint"]), text(&alert["status"]))).collect();
    ((text(&body["receiver"]), text(&body["groupKey"])), alerts.into_iter().collect())
}

fn heard(requests: Vec<Request>, begin: Instant) -> Story {
    let mut story = Story::new();
    for request in requests {
        let (group, alerts) = told(&request.body);
        let at_ms = request.at.duration_since(begin).as_millis() as i64;
        story.entry(group).or_default().push((at_ms, alerts));
    }
    story
}

/// Our dispatcher's, with every deed at the time it was done.
fn ours(config: &Config, begin_ms: i64, done_ms: &[i64]) -> Story {
    let mut dispatcher = Dispatcher::new(config).unwrap();
    let mut story = Story::new();
    let mut deeds = DEEDS.iter().zip(done_ms).peekable();
    for now_ms in begin_ms..begin_ms + END_MS {
        while let Some(((_, deed), at_ms)) = deeds.next_if(|(_, at_ms)| **at_ms <= now_ms) {
            match deed {
                Fire(labels) => {
                    dispatcher.receive(now_ms, vec![alert(labels, *at_ms, at_ms + 3_600_000)]);
                }
                Resolve(labels) => {
                    dispatcher.receive(now_ms, vec![alert(labels, *at_ms, *at_ms)]);
                }
                Deed::Silence(matcher) => {
                    dispatcher.silence(silence(matcher, now_ms), now_ms).unwrap();
                }
            }
        }
        for notification in dispatcher.tick(now_ms) {
            let alerts = notification.alerts.iter();
            let alerts: BTreeSet<(String, String)> =
                alerts.map(|n| (n.fingerprint.to_string(), n.status.name().to_owned())).collect();
            let group = (notification.receiver.clone(), notification.group_key.clone());
            story.entry(group).or_default().push((now_ms - begin_ms, alerts.into_iter().collect()));
            dispatcher.delivered(&notification);
        }
    }
    story
}

#[tokio::test(flavor = "multi_thread")]
async fn alertmanager_and_we_tell_the_same() {
    let listeners =
        [Listener::new(&[Answer::Status(200, "")]), Listener::new(&[Answer::Status(200, "")])];
    let settings = settings(&listeners[0].url(), &listeners[1].url());
    let Some(alertmanager) = Alertmanager::start(&settings) else { return };
    let mut with_forward = settings.clone();
    with_forward["alertmanagers"] = json!([{"url": format!("http://{}", alertmanager.address)}]);
    let config: Config = serde_json::from_value(with_forward).unwrap();
    let lost = |letter: DeadLetter| panic!("{letter:?}");
    let clock = Arc::new(SystemClock::new());
    let sender = Sender::new(&config, clock, &Chance::from_seed(1), Arc::new(lost)).unwrap();
    let sender = Arc::new(sender);

    let (begin, begin_ms) = (Instant::now(), now_ms());
    let mut done_ms = Vec::new();
    for (at_ms, deed) in DEEDS {
        let due = begin + Duration::from_millis(*at_ms as u64);
        tokio::time::sleep(due.saturating_duration_since(Instant::now())).await;
        let now_ms = now_ms();
        done_ms.push(now_ms);
        match deed {
            Fire(labels) => {
                sender.forward(&[alert(labels, now_ms, now_ms + 3_600_000)]).await.unwrap();
            }
            Resolve(labels) => sender.forward(&[alert(labels, now_ms, now_ms)]).await.unwrap(),
            Deed::Silence(_) => {
                let body = json!({
                    "matchers": [{"name": "alertname", "value": "Sl.*", "isRegex": true}],
                    "startsAt": "2020-01-01T00:00:00Z", "endsAt": "2100-01-01T00:00:00Z",
                    "createdBy": "me", "comment": "works",
                });
                let (status, said) =
                    alertmanager.ask("POST", "/api/v2/silences", &body.to_string());
                assert_eq!(status, 200, "{said}");
            }
        }
    }
    let due = begin + Duration::from_millis(END_MS as u64);
    tokio::time::sleep(due.saturating_duration_since(Instant::now())).await;

    let requests = listeners.iter().flat_map(Listener::so_far).collect();
    let (theirs, ours) = (heard(requests, begin), ours(&config, begin_ms, &done_ms));
    let said = |story: &Story| -> BTreeMap<_, Vec<_>> {
        let of = |told: &Vec<Told>| told.iter().map(|(_, alerts)| alerts.clone()).collect();
        story.iter().map(|(group, told)| (group.clone(), of(told))).collect()
    };
    assert_eq!(said(&ours), said(&theirs), "ours {ours:?}\ntheirs {theirs:?}");
    let pairs = ours.values().flatten().zip(theirs.values().flatten());
    let apart: Vec<i64> = pairs.map(|((ours, _), (theirs, _))| theirs - ours).collect();
    let groups: Vec<_> = ours.iter().map(|(group, told)| (group, told.len())).collect();
    println!("{} notifications of {groups:?}; theirs later by (ms): {apart:?}", apart.len());
    // Steady is told twice: again when five seconds have passed.
    assert_eq!(apart.len(), 12);
}
