//! The dispatcher on virtual time: the documented times, and what holds whatever happens.

use std::collections::{BTreeMap, BTreeSet};

use alert::{
    Alert, AlertError, Config, Dispatcher, DispatcherSnapshot, Evaluator, Fingerprint, Labels,
    MAX_ALERTS, Notification, RuleFile, Silence, State, Status, Vector,
};
use resilience::Chance;
use serde_json::json;

const SECOND_MS: i64 = 1000;
const HOUR_MS: i64 = 3_600_000;

fn config(extra: &serde_json::Value) -> Config {
    let mut settings = json!({
        "route": {"receiver": "r", "group_by": ["alertname"]},
        "receivers": [{"name": "r", "log_configs": [{}]}],
    });
    settings.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    serde_json::from_value(settings).unwrap()
}

fn alert(name: &str, instance: &str, starts_at_ms: i64, ends_at_ms: i64) -> Alert {
    Alert {
        labels: Labels::from([("alertname", name), ("instance", instance)]),
        annotations: Labels::default(),
        starts_at_ms,
        ends_at_ms: Some(ends_at_ms),
        generator_url: String::new(),
    }
}

/// Runs for so many seconds; what was told when, as `seconds: firing/resolved instances`.
fn run(dispatcher: &mut Dispatcher, seconds: std::ops::Range<i64>) -> Vec<String> {
    let mut said = Vec::new();
    for second in seconds {
        for told in dispatcher.tick(second * SECOND_MS) {
            said.push(format!("{second}: {}", shown(&told)));
            dispatcher.delivered(&told);
        }
    }
    said
}

fn shown(told: &Notification) -> String {
    let of = |status: Status| -> String {
        let alerts = told.alerts.iter().filter(|notified| notified.status == status);
        alerts.map(|notified| notified.alert.labels.get("instance")).collect()
    };
    format!("{}/{}", of(Status::Firing), of(Status::Resolved))
}

#[test]
fn groups_are_told_at_the_documented_times() {
    // group_wait 30 s, group_interval 5 min, repeat_interval 4 h: the defaults.
    let mut dispatcher = Dispatcher::new(&config(&json!({}))).unwrap();
    let far = 100 * HOUR_MS;
    dispatcher.receive(0, vec![alert("A", "a", 0, far)]);
    assert_eq!(run(&mut dispatcher, 0..20), [""; 0]);
    dispatcher.receive(20_000, vec![alert("A", "b", 20_000, far)]);
    assert_eq!(run(&mut dispatcher, 20..40), ["30: ab/"]);
    dispatcher.receive(40_000, vec![alert("A", "c", 40_000, far)]);
    // Thirty seconds and four hours later it is repeated, which is a turn of the group.
    assert_eq!(run(&mut dispatcher, 40..15_000), ["330: abc/", "14730: abc/"]);
    dispatcher.receive(15_000_000, vec![alert("A", "a", 0, 15_000_000)]);
    assert_eq!(run(&mut dispatcher, 15_000..15_400), ["15030: bc/a"]);
    for instance in ["b", "c"] {
        dispatcher.receive(15_400_000, vec![alert("A", instance, 0, 15_400_000)]);
    }
    assert_eq!(run(&mut dispatcher, 15_400..40_000), ["15630: /bc"]);
    assert_eq!((dispatcher.n_groups(), dispatcher.alerts(0).len()), (0, 0));
    // What fired longer ago than group_wait is told at once.
    dispatcher.receive(40_000_000, vec![alert("A", "a", 39_000_000, far)]);
    assert_eq!(run(&mut dispatcher, 40_000..40_100), ["40000: a/"]);
}

#[test]
fn what_was_not_delivered_is_due_again() {
    let mut dispatcher = Dispatcher::new(&config(&json!({}))).unwrap();
    dispatcher.receive(0, vec![alert("A", "a", 0, 100 * HOUR_MS)]);
    for second in [30, 330] {
        let told = dispatcher.tick(second * SECOND_MS).remove(0);
        dispatcher.failed(&told);
    }
    assert_eq!(run(&mut dispatcher, 331..1000), ["630: a/"]);
    // One that is on its way is not sent again, unless nothing is heard of it.
    dispatcher.receive(1000 * SECOND_MS, vec![alert("A", "b", 0, 100 * HOUR_MS)]);
    assert_eq!(dispatcher.tick(1230 * SECOND_MS).len(), 1);
    assert_eq!(dispatcher.tick(1529 * SECOND_MS).len(), 0);
    assert_eq!(dispatcher.tick(1530 * SECOND_MS).len(), 1);
}

#[test]
fn an_alert_of_which_nothing_is_heard_is_over() {
    let mut dispatcher = Dispatcher::new(&config(&json!({"resolve_timeout": "2m"}))).unwrap();
    let open = Alert { ends_at_ms: None, ..alert("A", "a", 0, 0) };
    dispatcher.receive(0, vec![open.clone()]);
    assert_eq!(run(&mut dispatcher, 0..60), ["30: a/"]);
    dispatcher.receive(60_000, vec![open]);
    assert_eq!(run(&mut dispatcher, 60..1000), ["330: /a"]);
}

#[test]
fn acknowledged_alerts_are_not_repeated_until_they_are_over() {
    let mut dispatcher = Dispatcher::new(&config(&json!({}))).unwrap();
    let far = 1000 * HOUR_MS;
    let a = alert("A", "a", 0, far);
    dispatcher.receive(0, vec![a.clone()]);
    let unknown = Fingerprint(1);
    let refused = dispatcher.acknowledge(unknown, "me", "", 0);
    assert_eq!(refused, Err(AlertError::UnknownAlert(unknown)));
    assert_eq!(run(&mut dispatcher, 0..60), ["30: a/"]);
    dispatcher.acknowledge(a.fingerprint(), "me", "on it", 60_000).unwrap();
    let by = dispatcher.alerts(60_000)[0].acknowledgement.clone().map(|ack| ack.by);
    assert_eq!(by.as_deref(), Some("me"));
    assert_eq!(run(&mut dispatcher, 60..40_000), [""; 0]);
    // What is new is told, and what is not acknowledged repeated.
    dispatcher.receive(40_000_000, vec![alert("A", "b", 40_000_000, far)]);
    assert_eq!(run(&mut dispatcher, 40_000..60_000), ["40230: ab/", "54630: ab/"]);
    dispatcher.receive(60_000_000, vec![alert("A", "a", 0, 60_000_000)]);
    assert_eq!(run(&mut dispatcher, 60_000..60_300), ["60030: b/a"]);
    dispatcher.receive(60_300_000, vec![alert("A", "a", 60_300_000, far)]);
    assert!(dispatcher.alerts(60_300_000).iter().all(|status| status.acknowledgement.is_none()));
}

#[test]
fn alerts_are_bounded() {
    let mut dispatcher = Dispatcher::new(&config(&json!({}))).unwrap();
    let many = (0..MAX_ALERTS + 5).map(|n| alert("A", &n.to_string(), 0, HOUR_MS)).collect();
    let received = dispatcher.receive(0, many);
    assert_eq!((received.n_accepted, received.n_refused), (MAX_ALERTS, 5));
    // What is known is still heard of.
    assert_eq!(dispatcher.receive(1, vec![alert("A", "0", 0, 1)]).n_accepted, 1);
}

#[test]
#[ignore = "measures; run it with --release --run-ignored all --no-capture"]
fn a_full_dispatcher_is_measured() {
    let full = config(&json!({
        "route": {"receiver": "r", "group_by": ["..."], "group_wait": "0s"},
        "inhibit_rules": vec![json!({
            "source_matchers": ["instance=~\"no.*\""], "target_matchers": ["alertname=A"],
        }); 10],
    }));
    let mut dispatcher = Dispatcher::new(&full).unwrap();
    for n in 0..100 {
        let silence = Silence {
            matchers: vec![format!("instance=~\"s{n}.*\"").parse().unwrap()],
            starts_at_ms: 0,
            ends_at_ms: HOUR_MS,
            created_by: "me".to_owned(),
            comment: "works".to_owned(),
        };
        dispatcher.silence(silence, 0).unwrap();
    }
    let many = (0..MAX_ALERTS).map(|n| alert("A", &n.to_string(), 0, HOUR_MS)).collect();
    let begin = std::time::Instant::now();
    dispatcher.receive(0, many);
    let received = begin.elapsed();
    let due = dispatcher.tick(0);
    let ticked = begin.elapsed() - received;
    due.iter().for_each(|told| dispatcher.delivered(told));
    let begin = std::time::Instant::now();
    dispatcher.tick(1);
    println!(
        "{} alerts in as many groups, 100 silences, 10 inhibition rules: received in {received:?}, \
         all told in {ticked:?}, a tick without news in {:?}",
        due.len(),
        begin.elapsed()
    );
}

/// A run of random deeds, with a brute-force view of who is kept quiet.
struct World {
    chance: Chance,
    dispatcher: Dispatcher,
    config: Config,
    firing: BTreeSet<(usize, usize)>,
    fired_ms: BTreeMap<(usize, usize), i64>,
    /// When what is over fired and ended.
    over: BTreeMap<(usize, usize), (i64, i64)>,
    silenced_until_ms: BTreeMap<usize, i64>,
    told: BTreeMap<Fingerprint, (i64, Status)>,
    eligible_since: BTreeMap<Fingerprint, i64>,
    last: BTreeMap<String, (i64, String)>,
    n_told: usize,
}

const REPEAT_MS: i64 = 60 * SECOND_MS;

impl World {
    fn new(seed: u64) -> Self {
        let config = config(&json!({
            "route": {
                "receiver": "r", "group_by": ["alertname"], "group_wait": "3s",
                "group_interval": "10s", "repeat_interval": "60s",
            },
            "inhibit_rules": [{
                "source_matchers": ["alertname=N0"], "target_matchers": ["alertname=~\"N[12]\""],
                "equal": ["instance"],
            }],
        }));
        Self {
            chance: Chance::from_seed(seed),
            dispatcher: Dispatcher::new(&config).unwrap(),
            config,
            firing: BTreeSet::new(),
            fired_ms: BTreeMap::new(),
            over: BTreeMap::new(),
            silenced_until_ms: BTreeMap::new(),
            told: BTreeMap::new(),
            eligible_since: BTreeMap::new(),
            last: BTreeMap::new(),
            n_told: 0,
        }
    }

    fn below(&self, n: u64) -> usize {
        (self.chance.bits() % n) as usize
    }

    fn labels((name, instance): (usize, usize)) -> (String, String) {
        (format!("N{name}"), format!("i{instance}"))
    }

    fn is_quiet(&self, id: (usize, usize), now_ms: i64) -> bool {
        let silenced = self.silenced_until_ms.get(&id.0).is_some_and(|until| now_ms < *until);
        silenced || ((1..3).contains(&id.0) && self.firing.contains(&(0, id.1)))
    }

    fn step(&mut self, now_ms: i64) {
        if self.below(8) == 0 {
            let id = (self.below(4), self.below(3));
            let (name, instance) = Self::labels(id);
            let is_over = !self.firing.insert(id);
            if is_over {
                self.firing.remove(&id);
                self.over.insert(id, (self.fired_ms[&id], now_ms));
            } else {
                self.fired_ms.insert(id, now_ms);
                self.over.remove(&id);
            }
            let end = if is_over { now_ms } else { 1000 * HOUR_MS };
            self.dispatcher.receive(now_ms, vec![alert(&name, &instance, now_ms, end)]);
        }
        // Rules say for a while that what is over is over.
        for (id, (fired_ms, over_ms)) in self.over.clone() {
            let (name, instance) = Self::labels(id);
            if self.below(8) == 0 {
                self.dispatcher.receive(now_ms, vec![alert(&name, &instance, fired_ms, over_ms)]);
            }
        }
        if self.below(60) == 0 {
            let name = self.below(4);
            let ends_at_ms = now_ms + self.below(120) as i64 * SECOND_MS + SECOND_MS;
            let silence = Silence {
                matchers: vec![format!("alertname=N{name}").parse().unwrap()],
                starts_at_ms: now_ms,
                ends_at_ms,
                created_by: "me".to_owned(),
                comment: "works".to_owned(),
            };
            self.dispatcher.silence(silence, now_ms).unwrap();
            let until = self.silenced_until_ms.entry(name).or_default();
            *until = ends_at_ms.max(*until);
        }
        if self.below(100) == 0 {
            let text = serde_json::to_string(&self.dispatcher.snapshot()).unwrap();
            let snapshot: DispatcherSnapshot = serde_json::from_str(&text).unwrap();
            self.dispatcher = Dispatcher::new(&self.config).unwrap();
            self.dispatcher.restore(snapshot, now_ms);
        }
        for told in self.dispatcher.tick(now_ms) {
            self.check(&told, now_ms);
            self.dispatcher.delivered(&told);
        }
        self.nobody_waits_too_long(now_ms);
    }

    fn check(&mut self, told: &Notification, now_ms: i64) {
        self.n_told += 1;
        assert!(!told.alerts.is_empty());
        for notified in &told.alerts {
            let number = |label: &str| notified.alert.labels.get(label)[1..].parse().unwrap();
            let id: (usize, usize) = (number("alertname"), number("instance"));
            assert!(!self.is_quiet(id, now_ms), "{id:?} at {now_ms}");
            assert_eq!(notified.status == Status::Firing, self.firing.contains(&id));
            let before = self.told.insert(notified.fingerprint, (now_ms, notified.status));
            // That it is over is said once each time it fired.
            if let Some((told_ms, Status::Resolved)) = before {
                assert!(self.fired_ms[&id] > told_ms, "{id:?} at {now_ms}");
            }
        }
        // The same is not said again before it is time.
        let said = shown(told);
        let last = self.last.insert(told.group_key.clone(), (now_ms, said.clone()));
        if let Some((last_ms, text)) = last
            && text == said
            && told.status() == Status::Firing
            && told.alerts.iter().all(|n| n.alert.starts_at_ms <= last_ms)
        {
            assert!(now_ms - last_ms >= REPEAT_MS, "{text} at {last_ms} and {now_ms}");
        }
    }

    fn nobody_waits_too_long(&mut self, now_ms: i64) {
        for id in self.firing.clone() {
            let (name, instance) = Self::labels(id);
            let fingerprint = alert(&name, &instance, 0, 0).fingerprint();
            if self.is_quiet(id, now_ms) {
                self.eligible_since.remove(&fingerprint);
                continue;
            }
            let since = *self.eligible_since.entry(fingerprint).or_insert(now_ms);
            let told = self.told.get(&fingerprint).filter(|(_, s)| *s == Status::Firing);
            let told_ms = told.map_or(i64::MIN / 2, |(at, _)| *at);
            if now_ms - since >= REPEAT_MS {
                assert!(now_ms - told_ms <= REPEAT_MS, "{id:?} at {now_ms}, told at {told_ms}");
            }
        }
        let firing: BTreeSet<Fingerprint> = self
            .firing
            .iter()
            .map(|id| {
                let (name, instance) = Self::labels(*id);
                alert(&name, &instance, 0, 0).fingerprint()
            })
            .collect();
        self.eligible_since.retain(|fingerprint, _| firing.contains(fingerprint));
    }
}

#[test]
fn whatever_happens_nobody_is_told_what_is_quiet_and_everybody_in_time() {
    let mut n_told = 0;
    for seed in 0..80 {
        let mut world = World::new(seed);
        for second in 1..1200 {
            world.step(second * SECOND_MS);
        }
        n_told += world.n_told;
    }
    println!("{n_told} notifications in 80 runs of 20 minutes");
    assert!(n_told > 5_000);
}

#[test]
fn no_alert_fires_before_it_was_pending_for_long_enough() {
    for seed in 0..100 {
        let chance = Chance::from_seed(seed);
        let hold_s = 1 + chance.bits() % 90;
        let keep_s = chance.bits() % 60;
        let file: RuleFile = serde_json::from_value(json!({"groups": [{
            "name": "g", "interval": "5s", "rules": [{
                "alert": "A", "expr": "x",
                "for": format!("{hold_s}s"), "keep_firing_for": format!("{keep_s}s"),
            }],
        }]}))
        .unwrap();
        let mut evaluator = Evaluator::new(file.check(&|_| Ok(())).unwrap());
        let mut there_since: BTreeMap<String, i64> = BTreeMap::new();
        let mut is_there = [false; 3];
        let mut was: BTreeMap<String, State> = BTreeMap::new();
        for turn in 0..400 {
            let now_ms = turn * 5000;
            let fails = chance.bits().is_multiple_of(20);
            for there in &mut is_there {
                *there ^= chance.bits().is_multiple_of(12);
            }
            let query = |_: &str, _: i64| -> Result<Vector, String> {
                if fails {
                    return Err("no".to_owned());
                }
                let there = (0..3).filter(|i| is_there[*i]);
                Ok(there.map(|i| (Labels::from([("i", format!("{i}"))]), 1.0)).collect())
            };
            let evaluation = evaluator.evaluate(now_ms, &query);
            assert_eq!(evaluation.failures.len(), usize::from(fails));
            let now: BTreeMap<String, State> = evaluator
                .alerts()
                .map(|alert| (alert.labels.get("i").to_owned(), alert.state))
                .collect();
            if fails {
                assert_eq!(now, was, "a failure changes nothing");
                continue;
            }
            for (i, there) in is_there.iter().enumerate() {
                let key = i.to_string();
                if *there {
                    there_since.entry(key).or_insert(now_ms);
                } else if now.get(&key) != Some(&State::Firing) {
                    there_since.remove(&key);
                }
            }
            for (key, state) in &now {
                if *state == State::Firing && was.get(key) != Some(&State::Firing) {
                    assert_eq!(was.get(key), Some(&State::Pending), "seed {seed}");
                    let pending_ms = now_ms - there_since[key];
                    assert!(pending_ms >= hold_s as i64 * 1000, "seed {seed}: {pending_ms}");
                }
            }
            was = now;
        }
    }
}

#[test]
fn a_restart_loses_no_pending_time_and_counts_none_that_it_was_down() {
    let file: RuleFile = serde_json::from_value(json!({"groups": [{
        "name": "g", "interval": "1s", "rules": [{"alert": "A", "expr": "x", "for": "60s"}],
    }]}))
    .unwrap();
    let groups = file.check(&|_| Ok(())).unwrap();
    let there =
        |_: &str, _: i64| -> Result<Vector, String> { Ok(vec![(Labels::default(), f64::NAN)]) };
    let fires_at = |down_s: i64| {
        let mut evaluator = Evaluator::new(groups.clone());
        (0..=40).for_each(|second| drop(evaluator.evaluate(second * SECOND_MS, &there)));
        let text = serde_json::to_string(&evaluator.snapshot(40 * SECOND_MS)).unwrap();
        let begin = 40 + down_s;
        let mut evaluator = Evaluator::new(groups.clone());
        evaluator.restore(serde_json::from_str(&text).unwrap(), begin * SECOND_MS);
        (begin..).find(|second| !evaluator.evaluate(second * SECOND_MS, &there).alerts.is_empty())
    };
    assert_eq!([fires_at(0), fires_at(30), fires_at(3600)], [Some(60), Some(90), Some(3660)]);
    // After more than an hour it starts anew.
    assert_eq!(fires_at(3601), Some(40 + 3601 + 60));
}
