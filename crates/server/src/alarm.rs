//! Alerts in the process: the rules of the catalogue and those of the settings, evaluated over the
//! history; groups, silences, receivers; and a watch on what is unusual.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use alert::anomaly::Watch;
use alert::{
    Alerting, Config, DeadLetter, DeadLetters, GroupConfig, RuleConfig, Series, Snapshot, Span,
    Turn,
};
use catalogue::{Alert, Area, slo};
use resilience::{Chance, Clock};
use serde_json::json;
use store::{Collection, StoreError};
use tokio::sync::mpsc;

use crate::config;
use crate::error::ServeError;
use crate::past::Past;
use crate::request::Server;

/// Where it is kept what alerts do.
const KEPT: Collection = Collection::new("alerting");

/// Letters that wait to be kept.
const MAX_LETTERS: usize = 1000;

/// Series that are watched for what is unusual, each second: their name and what they are.
const WATCHED: &[(&str, &str)] = &[
    ("requests", "sum(rate(striatum_requests_total{}[1m]))"),
    (
        "latency",
        "sum(rate(striatum_request_duration_seconds_sum{}[1m])) / sum(rate(striatum_request_duration_seconds_count{}[1m]))",
    ),
    (
        "spikes_per_step",
        "sum(rate(striatum_spikes_total{}[1m])) / sum(rate(striatum_steps_total{}[1m]))",
    ),
    ("memory", "process_resident_memory_bytes{}"),
];

/// Rules, groups and receivers, and the watch.
pub(crate) struct Alarm {
    alerting: Mutex<Alerting>,
    watch: Mutex<Watch>,
    letters: Mutex<Option<mpsc::Receiver<DeadLetter>>>,
}

/// Letters go where somebody will keep them.
struct Letters(mpsc::Sender<DeadLetter>);

impl DeadLetters for Letters {
    fn keep(&self, letter: DeadLetter) {
        if let Err(error) = self.0.try_send(letter) {
            tracing::error!(%error, "a notification is lost: too many cannot be sent");
        }
    }
}

/// The settings of rules and receivers, those of the catalogue first.
pub(crate) fn settings(config: &config::Alerting) -> Result<Config, String> {
    let mut table = config.manager.clone();
    if !table.contains_key("route") && !table.contains_key("receivers") {
        let log: toml::Table = toml::from_str(
            "route = { receiver = \"log\", group_by = [\"alertname\", \"area\"] }\n\
             receivers = [{ name = \"log\", log_configs = [{}] }]",
        )
        .map_err(|e| e.to_string())?;
        table.extend(log);
    }
    let mut settings: Config = table
        .try_into()
        .map_err(|e: toml::de::Error| format!("alerting.manager: {}", e.message()))?;
    let own = rules(config);
    settings.groups = own.into_iter().chain(settings.groups).collect();
    if settings.inhibit_rules.is_empty() {
        settings.inhibit_rules = inhibits()?;
    }
    Ok(settings)
}

fn inhibits() -> Result<Vec<alert::InhibitRule>, String> {
    let rules: Vec<_> = catalogue::render::INHIBITS
        .iter()
        .map(|(hides, hidden)| {
            json!({
                "source_matchers": [format!("alertname=\"{hides}\"")],
                "target_matchers": [format!("alertname=~\"{hidden}\""), format!("alertname!=\"{hides}\"")],
            })
        })
        .collect();
    serde_json::from_value(json!(rules)).map_err(|e| e.to_string())
}

/// The rules of the catalogue.
fn rules(config: &config::Alerting) -> Vec<GroupConfig> {
    // Nothing is evaluated where no interval is set.
    let seconds = Some(config.interval_seconds).filter(|seconds| *seconds > 0.0);
    let interval = seconds.map(|seconds| Span::from_ms((seconds * 1e3) as i64));
    let records = slo::records().into_iter().map(|record| RuleConfig {
        record: record.name,
        expr: record.expr,
        labels: record.labels.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        ..RuleConfig::default()
    });
    let objectives =
        GroupConfig { name: "striatum-objectives".into(), interval, rules: records.collect() };
    let scaled = |text: &str| {
        let span: Span = text.parse().unwrap_or(Span::ZERO);
        Span::from_ms((span.ms() as f64 * config.hold_factor) as i64)
    };
    let rule = |alert: &Alert| RuleConfig {
        alert: alert.name.into(),
        expr: alert.expr.into(),
        hold: scaled(alert.hold),
        keep_firing: scaled(alert.keep),
        labels: BTreeMap::from([
            ("severity".to_owned(), alert.severity.name().to_owned()),
            ("area".to_owned(), alert.area.name().to_owned()),
        ]),
        annotations: alert.annotations().map(|(name, text)| (name.to_owned(), text)).into(),
        ..RuleConfig::default()
    };
    let of = |area: Area| GroupConfig {
        name: format!("striatum-{}", area.name()),
        interval,
        rules: Alert::all().filter(|alert| alert.area == area).map(rule).collect(),
    };
    std::iter::once(objectives).chain(Area::ALL.map(of)).collect()
}

impl Alarm {
    /// # Errors
    /// [`ServeError::Config`] with everything that is wrong with the settings.
    pub(crate) fn new(
        config: &config::Alerting,
        clock: Arc<dyn Clock>,
        past: &Past,
    ) -> Result<Self, ServeError> {
        let wrong = |problem: String| ServeError::Config(vec![problem]);
        let settings = settings(config).map_err(wrong)?;
        let check = |expr: &str| {
            history::Query::parse(expr, &past.limits).map(drop).map_err(|e| e.to_string())
        };
        let (sender, letters) = mpsc::channel(MAX_LETTERS);
        let mut seed = [0; 8];
        getrandom::fill(&mut seed).map_err(|e| wrong(e.to_string()))?;
        let chance = Chance::from_seed(u64::from_le_bytes(seed));
        let alerting = Alerting::new(&settings, &check, clock, &chance, Arc::new(Letters(sender)));
        let watch = Watch::new(config.anomaly.clone());
        Ok(Self {
            alerting: Mutex::new(alerting.map_err(|e| wrong(e.to_string()))?),
            watch: Mutex::new(watch.map_err(|e| wrong(e.to_string()))?),
            letters: Mutex::new(Some(letters)),
        })
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Alerting> {
        self.alerting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Those whose notifications could not be sent; there is one who listens.
    pub(crate) fn letters(&self) -> Option<mpsc::Receiver<DeadLetter>> {
        self.letters.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Evaluates what is due, and shows what came of it.
    pub(crate) fn turn(&self, server: &Server, now_ms: i64) {
        let mut alerting = self.lock();
        let Turn { evaluation, given_up, .. } = alerting.turn(now_ms, &server.past);
        let counted = |outcome, n: usize| {
            server.metrics.counter("striatum_rule_evaluations_total", &[outcome]).inc_by(n as u64);
        };
        counted("failed", evaluation.failures.len());
        counted("ok", evaluation.n_rules.saturating_sub(evaluation.failures.len()));
        for failure in &evaluation.failures {
            let alert::Failure { group, rule, error } = failure;
            tracing::debug!(group, rule, error, "a rule is not evaluated");
        }
        for lost in given_up {
            tracing::error!(error = %lost, "a notification was not sent");
        }
        let mut shown = BTreeMap::new();
        for state in ["pending", "firing"] {
            for severity in ["info", "warning", "critical"] {
                shown.insert((state, severity), 0);
            }
        }
        for active in alerting.evaluator.alerts() {
            let severity = active.labels.get("severity");
            let severity = ["info", "critical"].into_iter().find(|s| *s == severity);
            let key = (active.state.name(), severity.unwrap_or("warning"));
            shown.entry(key).and_modify(|n| *n += 1);
        }
        for ((state, severity), n) in shown {
            server.metrics.gauge("striatum_alerts", &[state, severity]).set(f64::from(n));
        }
        for tally in alerting.sender().tallies() {
            let target = format!("{}-{}", tally.kind, tally.receiver);
            let state = server.metrics.gauge("striatum_breaker_state", &[&target]);
            state.set(observe::export::shown(tally.breaker));
            for (outcome, total) in
                [("sent", tally.delivered_total), ("failed", tally.given_up_total)]
            {
                let labels = [target.as_str(), outcome];
                let counter = server.metrics.counter("striatum_notifications_total", &labels);
                counter.inc_by(total.saturating_sub(counter.get()));
            }
        }
    }

    /// Looks at the series that are watched for what is unusual.
    pub(crate) fn watch(&self, server: &Server, now_ms: i64) {
        let mut watch = self.watch.lock().unwrap_or_else(PoisonError::into_inner);
        for (name, expr) in WATCHED {
            let Ok(found) = server.past.query(expr, now_ms) else { continue };
            let Some((_, value)) = found.first() else { continue };
            let series = alert::Labels::default().with("series", name);
            if let Some(judged) = watch.observe(&series, *value) {
                server.metrics.gauge("striatum_anomaly_score_ratio", &[name]).set(judged.score);
            }
        }
    }

    /// Keeps what alerts do, for the next start.
    pub(crate) async fn keep(&self, server: &Server, now_ms: i64) -> Result<(), StoreError> {
        let snapshot = self.lock().snapshot(now_ms);
        let value = serde_json::to_vec(&snapshot).unwrap_or_default();
        server.store.system().put(KEPT, "state", &value).await.map(drop)
    }

    /// Takes up what was kept.
    pub(crate) async fn take_up(&self, server: &Server, now_ms: i64) -> Result<(), StoreError> {
        let Some(record) = server.store.system().get(KEPT, "state").await? else { return Ok(()) };
        match serde_json::from_slice::<Snapshot>(&record.value) {
            Ok(snapshot) => self.lock().restore(snapshot, now_ms),
            Err(error) => tracing::warn!(%error, "what alerts did is not taken up"),
        }
        Ok(())
    }
}
