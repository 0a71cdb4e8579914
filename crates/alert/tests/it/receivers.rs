//! Receivers get what they should, and what fails is tried again or becomes a dead letter.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use alert::{
    Alert, Alerting, Config, Content, DeadLetter, Dispatcher, Labels, Notification, Sender, Vector,
};
use resilience::{Chance, Clock, ManualClock, SystemClock};
use serde_json::{Value, json};

use crate::listener::{Answer, Listener};

type Letters = Arc<Mutex<Vec<DeadLetter>>>;

const OK: Answer = Answer::Status(200, "");

fn config(receiver: Value, delivery: Value) -> Config {
    let mut receiver = receiver;
    receiver["name"] = "r".into();
    serde_json::from_value(json!({
        "route": {"receiver": "r", "group_by": ["alertname"], "group_wait": "0s"},
        "receivers": [receiver],
        "external_url": "http://striatum.example/",
        "delivery": delivery,
    }))
    .unwrap()
}

fn firing(name: &str, ends_at_ms: Option<i64>) -> Alert {
    Alert {
        labels: Labels::from([("alertname", name), ("severity", "critical"), ("job", "<api>")]),
        annotations: Labels::from([("summary", "too\r\nX-Evil: high & <!channel>")]),
        starts_at_ms: 1_000,
        ends_at_ms,
        generator_url: "http://striatum.example/alerts".to_owned(),
    }
}

fn notification(config: &Config, alerts: Vec<Alert>) -> Notification {
    let mut dispatcher = Dispatcher::new(config).unwrap();
    dispatcher.receive(2_000, alerts);
    dispatcher.tick(2_000).remove(0)
}

fn sender(config: &Config, clock: Arc<dyn Clock>) -> (Sender, Letters) {
    let letters = Letters::default();
    let kept = Arc::clone(&letters);
    let keep = move |letter| kept.lock().unwrap().push(letter);
    let sender = Sender::new(config, clock, &Chance::from_seed(1), Arc::new(keep)).unwrap();
    (sender, letters)
}

/// Sends one notification; what arrived, how often it was tried, and the dead letters.
async fn send(
    kind: &str,
    integration: impl Fn(&Listener) -> Value,
    answers: &[Answer],
) -> (Vec<crate::listener::Request>, u64, Vec<DeadLetter>) {
    let listener = Listener::new(answers);
    let receiver = json!({ kind: [integration(&listener)] });
    // Only what hangs is waited for.
    let hangs = answers.iter().any(|answer| matches!(answer, Answer::Hang));
    let fast = json!({
        "time": {"attempt_seconds": if hangs { 1.0 } else { 30.0 }, "total_seconds": 60.0},
        "retry": {"attempts": 3, "base_seconds": 0.01, "throttled_base_seconds": 0.01},
    });
    let config = config(receiver, fast);
    let (sender, letters) = sender(&config, Arc::new(SystemClock::new()));
    let told = notification(&config, vec![firing("High", None)]);
    let result = sender.send(&told).await;
    let tally = sender.tallies().remove(0);
    assert_eq!(
        (tally.delivered_total, tally.given_up_total),
        match result {
            Ok(()) => (1, 0),
            Err(_) => (0, 1),
        }
    );
    let letters = std::mem::take(&mut *letters.lock().unwrap());
    assert!(!format!("{result:?} {letters:?} {config:?}").contains("hunter2"));
    (listener.so_far(), tally.attempts_total, letters)
}

fn webhook(listener: &Listener) -> Value {
    json!({"url": listener.url(), "bearer_token": "hunter2"})
}

fn slack(listener: &Listener) -> Value {
    json!({"api_url": listener.url(), "channel": "#ops"})
}

fn pagerduty(listener: &Listener) -> Value {
    json!({"url": listener.url(), "routing_key": "hunter2"})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_gets_version_4() {
    let (requests, attempts, letters) = send("webhook_configs", webhook, &[OK]).await;
    assert_eq!((requests.len(), attempts, letters.len()), (1, 1, 0));
    assert!(requests[0].head.starts_with("POST /hook/hunter2 HTTP/1.1\r\n"));
    assert!(requests[0].head.contains("authorization: Bearer hunter2\r\n"));
    let alert = firing("High", None);
    let expected = json!({
        "version": "4",
        "groupKey": "{}:{alertname=\"High\"}",
        "truncatedAlerts": 0,
        "status": "firing",
        "receiver": "r",
        "groupLabels": {"alertname": "High"},
        "commonLabels": {"alertname": "High", "severity": "critical", "job": "<api>"},
        "commonAnnotations": {"summary": "too\r\nX-Evil: high & <!channel>"},
        "externalURL": "http://striatum.example/",
        "alerts": [{
            "status": "firing",
            "labels": {"alertname": "High", "severity": "critical", "job": "<api>"},
            "annotations": {"summary": "too\r\nX-Evil: high & <!channel>"},
            "startsAt": "1970-01-01T00:00:01Z",
            "endsAt": "0001-01-01T00:00:00Z",
            "generatorURL": "http://striatum.example/alerts",
            "fingerprint": alert.fingerprint().to_string(),
        }],
    });
    assert_eq!(requests[0].body, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn slack_gets_blocks_that_mention_nobody() {
    let (requests, _, letters) = send("slack_configs", slack, &[OK]).await;
    let body = &requests[0].body;
    assert_eq!(letters, []);
    assert_eq!(body["text"], "[FIRING:1] High (&lt;api&gt; critical)");
    assert_eq!(body["channel"], "#ops");
    let attachment = &body["attachments"][0];
    assert_eq!(attachment["color"], "danger");
    assert_eq!(attachment["blocks"][0]["type"], "header");
    let section = attachment["blocks"][1]["text"]["text"].as_str().unwrap();
    assert!(section.starts_with("*High* firing\nsummary: too"), "{section}");
    assert!(section.contains("high &amp; &lt;!channel&gt;"), "{section}");
}

#[tokio::test(flavor = "multi_thread")]
async fn pagerduty_gets_an_event_and_its_end() {
    let (requests, _, _) = send("pagerduty_configs", pagerduty, &[Answer::Status(202, "")]).await;
    let body = &requests[0].body;
    assert_eq!(body["routing_key"], "hunter2");
    assert_eq!(body["event_action"], "trigger");
    assert_eq!(body["dedup_key"].as_str().unwrap().len(), 64);
    assert_eq!(body["payload"]["severity"], "critical");
    assert_eq!(body["payload"]["summary"], "[FIRING:1] High (<api> critical)");
    assert_eq!(body["payload"]["timestamp"], "1970-01-01T00:00:01Z");
    assert_eq!(body["payload"]["component"], "<api>");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_for_a_while_is_tried_again() {
    let fails = [
        Answer::Status(500, ""),
        Answer::Status(503, "Retry-After: 0\r\n"),
        Answer::Status(429, "Retry-After: 0\r\n"),
        Answer::Hang,
        Answer::CloseInHead,
        Answer::CloseInBody,
        Answer::Close,
        Answer::Noise,
    ];
    for (kind, integration) in [
        ("webhook_configs", webhook as fn(&Listener) -> Value),
        ("slack_configs", slack),
        ("pagerduty_configs", pagerduty),
    ] {
        for fail in fails {
            let (requests, attempts, letters) = send(kind, integration, &[fail, fail, OK]).await;
            assert_eq!((requests.len(), attempts, letters.len()), (3, 3, 0), "{kind} {fail:?}");
            // Three times the same.
            assert!(requests.iter().all(|request| request.body == requests[0].body));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_for_good_is_a_dead_letter() {
    for (fail, attempts, reason) in [
        (Answer::Status(500, ""), 3, "no attempts left"),
        (Answer::Status(429, "Retry-After: 3600\r\n"), 1, "no time left"),
        (Answer::Status(404, ""), 1, "it would fail again"),
        (Answer::Status(301, "Location: http://127.0.0.1/\r\n"), 1, "it would fail again"),
        (Answer::Hang, 3, "the attempt took too long"),
        (Answer::CloseInBody, 3, "the connection broke"),
    ] {
        let (requests, n_attempts, letters) = send("webhook_configs", webhook, &[fail]).await;
        assert_eq!((requests.len() as u64, n_attempts), (attempts, attempts), "{fail:?}");
        let [letter] = letters.as_slice() else { panic!("{letters:?}") };
        assert_eq!((letter.receiver.as_str(), letter.kind), ("r", "webhook"));
        assert_eq!(letter.n_attempts as u64, attempts);
        assert!(letter.error.contains(reason), "{}", letter.error);
        let Content::Notification(told) = &letter.content else { panic!("{letter:?}") };
        assert_eq!(told.alerts.len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endless_answer_is_not_read_to_its_end() {
    let (_, attempts, letters) = send("webhook_configs", webhook, &[Answer::Endless]).await;
    assert_eq!((attempts, letters.len()), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn retry_after_is_waited_for() {
    let listener = Listener::new(&[Answer::Status(429, "Retry-After: 7\r\n"), OK]);
    let config = config(json!({"webhook_configs": [webhook(&listener)]}), json!({}));
    let clock = ManualClock::new();
    let (sender, letters) = sender(&config, Arc::new(clock.clone()));
    let told = notification(&config, vec![firing("High", None)]);
    let task = tokio::spawn(async move { sender.send(&told).await });
    // Between the attempts only the limit of the call and the wait itself sleep.
    while !task.is_finished() {
        if listener.requests.try_recv().is_ok() {
            // The answer is on its way: let it arrive before time goes on.
            tokio::time::sleep(Duration::from_millis(300)).await;
            clock.advance(Duration::from_secs(7));
        }
        clock.advance(Duration::from_millis(50));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(task.await.unwrap(), Ok(()));
    assert!(clock.now() >= Duration::from_secs(7));
    assert_eq!(letters.lock().unwrap().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_gone_is_not_asked_for_a_while() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let receiver = json!({"webhook_configs": [{"url": format!("http://{closed}/")}]});
    let delivery = json!({
        "retry": {"attempts": 1},
        "breaker": {"min_calls": 3, "window": {"calls": 3}},
    });
    let config = config(receiver, delivery);
    let (sender, letters) = sender(&config, Arc::new(SystemClock::new()));
    let told = notification(&config, vec![firing("High", None)]);
    for _ in 0..5 {
        assert!(sender.send(&told).await.is_err());
    }
    let tally = sender.tallies().remove(0);
    assert_eq!((tally.attempts_total, tally.given_up_total), (3, 5));
    assert_eq!(tally.breaker, resilience::breaker::State::Open);
    let letters = letters.lock().unwrap();
    assert_eq!(letters.len(), 5);
    assert!(letters[0].error.contains("cannot connect") && letters[4].error.contains("open"));
}

/// Rules to webhook: the whole of it, with a restart between.
#[tokio::test(flavor = "multi_thread")]
async fn from_rule_to_receiver_and_over_a_restart() {
    let listener = Listener::new(&[OK]);
    let mut config = config(json!({"webhook_configs": [webhook(&listener)]}), json!({}));
    config.groups = serde_json::from_value(json!([{"name": "g", "interval": "10s", "rules": [
        {"alert": "High", "expr": "load", "for": "30s", "annotations": {"a": "{{ $value }}"}}
    ]}]))
    .unwrap();
    let new = || {
        let clock = Arc::new(SystemClock::new());
        let lost = |letter: DeadLetter| panic!("{letter:?}");
        Alerting::new(&config, &|_| Ok(()), clock, &Chance::from_seed(1), Arc::new(lost)).unwrap()
    };
    let high = |_: &str, _: i64| -> Result<Vector, String> {
        Ok(vec![(Labels::from([("job", "api")]), 0.97)])
    };
    let nothing = |_: &str, _: i64| -> Result<Vector, String> { Ok(Vec::new()) };

    let mut alerting = new();
    for second in 0..20 {
        assert_eq!(alerting.turn(second * 1000, &high).n_due, 0);
    }
    let text = serde_json::to_string(&alerting.snapshot(20_000)).unwrap();
    let mut alerting = new();
    alerting.restore(serde_json::from_str(&text).unwrap(), 20_000);
    let due: usize = (20..31).map(|second| alerting.turn(second * 1000, &high).n_due).sum();
    assert_eq!((due, alerting.finish().await.len()), (1, 0));
    // It is resolved, and told so when the group's interval has passed.
    let text = serde_json::to_string(&alerting.snapshot(31_000)).unwrap();
    let mut alerting = new();
    alerting.restore(serde_json::from_str(&text).unwrap(), 31_000);
    let due: usize = (31..400).map(|second| alerting.turn(second * 1000, &nothing).n_due).sum();
    alerting.finish().await;
    assert_eq!(due, 1);
    let said: Vec<(Value, Value)> = listener
        .so_far()
        .into_iter()
        .map(|r| (r.body["status"].clone(), r.body["alerts"][0]["annotations"]["a"].clone()))
        .collect();
    assert_eq!(said, [("firing".into(), "0.97".into()), ("resolved".into(), "0.97".into())]);
}

/// What is handed on to an Alertmanager arrives in the order in which it happened.
#[tokio::test(flavor = "multi_thread")]
async fn alertmanagers_hear_old_word_before_new() {
    let listener = Listener::new(&[Answer::Status(500, ""), Answer::Status(503, ""), OK]);
    let delivery = json!({"retry": {"base_seconds": 0.05}});
    let mut config = config(json!({"log_configs": [{}]}), delivery);
    config.alertmanagers = serde_json::from_value(json!([{"url": listener.url()}])).unwrap();
    config.groups = serde_json::from_value(json!([{"name": "g", "interval": "1s", "rules": [
        {"alert": "High", "expr": "load"}
    ]}]))
    .unwrap();
    let clock = Arc::new(SystemClock::new());
    let lost = |letter: DeadLetter| panic!("{letter:?}");
    let chance = Chance::from_seed(1);
    let mut alerting = Alerting::new(&config, &|_| Ok(()), clock, &chance, Arc::new(lost)).unwrap();
    // It flaps, and the word of it waits for what is on its way.
    for second in 0..5 {
        let is_there = second % 2 == 0;
        let query = move |_: &str, _: i64| -> Result<Vector, String> {
            Ok(if is_there { vec![(Labels::default(), 1.0)] } else { Vec::new() })
        };
        alerting.turn(second * 1000, &query);
    }
    alerting.finish().await;
    alerting.turn(5000, &|_: &str, _: i64| -> Result<Vector, String> { Ok(Vec::new()) });
    alerting.finish().await;
    let said = listener.so_far();
    assert!(said[0].head.starts_with("POST /hook/hunter2/api/v2/alerts HTTP/1.1"));
    let ends: Vec<&str> =
        said.iter().map(|request| request.body[0]["endsAt"].as_str().unwrap()).collect();
    // Three attempts of the first, then the last of what came meanwhile: resolved at second 5.
    assert_eq!(ends[..3], ["1970-01-01T00:04:00Z"; 3]);
    assert_eq!(ends[3..], ["1970-01-01T00:00:05Z"]);
}

/// Many groups at once wait for one another; none is refused.
#[tokio::test(flavor = "multi_thread")]
async fn a_storm_is_delivered() {
    let listener = Listener::new(&[Answer::Status(503, ""), OK]);
    let receiver = json!({"webhook_configs": [webhook(&listener)]});
    let mut config = config(receiver, json!({}));
    config.delivery = alert::patient();
    config.groups = serde_json::from_value(json!([{"name": "g", "rules": [
        {"alert": "A", "expr": "x", "labels": {"n": "{{ $labels.n }}"}}
    ]}]))
    .unwrap();
    config.route.group_by = Some(vec!["n".to_owned()]);
    let clock = Arc::new(SystemClock::new());
    let lost = |letter: DeadLetter| panic!("{letter:?}");
    let chance = Chance::from_seed(1);
    let mut alerting = Alerting::new(&config, &|_| Ok(()), clock, &chance, Arc::new(lost)).unwrap();
    let many = |_: &str, _: i64| -> Result<Vector, String> {
        Ok((0..500).map(|n| (Labels::from([("n", n.to_string())]), 1.0)).collect())
    };
    assert_eq!(alerting.turn(0, &many).n_due, 500);
    assert_eq!(alerting.finish().await, []);
    assert_eq!(alerting.sender().tallies()[0].delivered_total, 500);
    assert_eq!(listener.so_far().len(), 501);
}
