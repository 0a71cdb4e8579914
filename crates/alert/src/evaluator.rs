//! Evaluates rules: asks, and keeps for each alert what it does.
//!
//! An expression that fails changes nothing and is told as the rule's health. A group is due at its
//! interval, and what was missed is not made up for.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::active::{Active, Fate, State};
use crate::alert::Alert;
use crate::labels::{ALERT_NAME, Fingerprint, Labels, METRIC_NAME};
use crate::rule::{Group, Rule, RuleKind};
use crate::span::Span;

/// The series that says of each alert what it does.
pub const ALERTS: &str = "ALERTS";
/// The series that says of each alert since when it is there (seconds since 1970).
pub const ALERTS_FOR_STATE: &str = "ALERTS_FOR_STATE";
/// The value by which a series ends: Prometheus' `StaleNaN`.
pub const STALE: f64 = f64::from_bits(0x7ff0_0000_0000_0002);
/// The most series that the expression of one rule may give.
pub const MAX_SERIES_PER_RULE: usize = 10_000;
/// The most alerts of one rule; where there are more, resolved ones are forgotten early.
pub const MAX_ALERTS_PER_RULE: usize = 2 * MAX_SERIES_PER_RULE;
/// How long an evaluator may have been down for its state to mean something.
pub const OUTAGE_TOLERANCE: Span = Span::from_seconds(3600);

/// What an expression gives: the labels and the value of each series.
pub type Vector = Vec<(Labels, f64)>;

/// Where expressions are asked.
pub trait Series {
    /// The value of an expression at a time (milliseconds since 1970).
    ///
    /// # Errors
    ///
    /// Why there is none, in words.
    fn query(&self, expr: &str, at_ms: i64) -> Result<Vector, String>;

    /// Takes what a rule made, so that the rules after it can ask for it. They are in
    /// [`Evaluation::samples`] too, for who would rather take them at the end.
    fn record(&self, samples: &[Sample], at_ms: i64) {
        let _ = (samples, at_ms);
    }
}

impl<F: Fn(&str, i64) -> Result<Vector, String>> Series for F {
    fn query(&self, expr: &str, at_ms: i64) -> Result<Vector, String> {
        self(expr, at_ms)
    }
}

/// A sample that a rule made; [`STALE`] where its series ends.
#[derive(Clone, Debug)]
pub struct Sample {
    /// Its labels, with the name.
    pub labels: Labels,
    /// Its value.
    pub value: f64,
}

/// What came of one evaluation.
#[derive(Clone, Debug, Default)]
pub struct Evaluation {
    /// What rules made, in their order.
    pub samples: Vec<Sample>,
    /// Alerts to hand on.
    pub alerts: Vec<Alert>,
    /// How many rules were evaluated.
    pub n_rules: usize,
    /// The rules that failed.
    pub failures: Vec<Failure>,
}

/// A rule that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Its group.
    pub group: String,
    /// Its name.
    pub rule: String,
    /// Why.
    pub error: String,
}

/// How a rule is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Health {
    /// It has not been evaluated.
    #[default]
    Unknown,
    /// Its last evaluation went well.
    Ok,
    /// Its last evaluation failed.
    Err(String),
}

impl Health {
    /// As Prometheus says it.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Ok => "ok",
            Self::Err(_) => "err",
        }
    }
}

/// Evaluates the rules of all groups.
///
/// ```
/// use alert::{Evaluator, Labels, RuleFile, State};
///
/// let rules = r#"{"groups": [{"name": "g", "interval": "1m", "rules": [
///     {"alert": "High", "expr": "x > 5", "for": "1m"}
/// ]}]}"#;
/// let file: RuleFile = serde_json::from_str(rules)?;
/// let mut evaluator = Evaluator::new(file.check(&|_| Ok(()))?);
/// let high = |_: &str, _: i64| Ok(vec![(Labels::from([("job", "api")]), 7.0)]);
/// assert!(evaluator.evaluate(0, &high).alerts.is_empty());
/// assert_eq!(evaluator.alerts().next().map(|alert| alert.state), Some(State::Pending));
/// assert_eq!(evaluator.evaluate(60_000, &high).alerts[0].name(), "High");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Evaluator {
    groups: Vec<GroupState>,
    external_url: String,
}

struct GroupState {
    name: String,
    interval: Span,
    next_ms: i64,
    rules: Vec<RuleState>,
}

struct RuleState {
    rule: Rule,
    active: BTreeMap<Fingerprint, Active>,
    /// The series of the last evaluation that went well.
    series: BTreeSet<Labels>,
    health: Health,
}

/// One rule, to be looked at.
pub struct RuleView<'a> {
    /// Its group.
    pub group: &'a str,
    /// The rule.
    pub rule: &'a Rule,
    /// How it is.
    pub health: &'a Health,
    /// Its alerts, resolved ones too.
    pub alerts: Vec<&'a Active>,
}

/// The state of an evaluator, to be written down.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct EvaluatorSnapshot {
    /// When it was taken (milliseconds since 1970).
    pub at_ms: i64,
    rules: Vec<RuleSnapshot>,
}

#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct RuleSnapshot {
    group: String,
    rule: String,
    expr: String,
    active: Vec<Active>,
}

impl Evaluator {
    /// All groups are due at once.
    pub fn new(groups: Vec<Group>) -> Self {
        let group = |group: Group| GroupState {
            name: group.name,
            interval: group.interval,
            next_ms: i64::MIN,
            rules: group.rules.into_iter().map(RuleState::new).collect(),
        };
        let groups = groups.into_iter().map(group).collect();
        Self { groups, external_url: String::new() }
    }

    /// Where people find this program; alerts say that they are from there.
    #[must_use]
    pub fn with_external_url(mut self, url: &str) -> Self {
        url.clone_into(&mut self.external_url);
        self
    }

    /// Evaluates the groups that are due.
    pub fn evaluate(&mut self, now_ms: i64, series: &dyn Series) -> Evaluation {
        let mut evaluation = Evaluation::default();
        for group in &mut self.groups {
            if group.next_ms <= now_ms {
                group.next_ms = following(group.next_ms, group.interval, now_ms);
                group.evaluate(now_ms, series, &self.external_url, &mut evaluation);
            }
        }
        evaluation
    }

    /// When a group is next due (milliseconds since 1970).
    pub fn next_due_ms(&self) -> Option<i64> {
        self.groups.iter().map(|group| group.next_ms).min()
    }

    /// All rules.
    pub fn rules(&self) -> impl Iterator<Item = RuleView<'_>> {
        self.groups.iter().flat_map(|group| {
            group.rules.iter().map(|state| RuleView {
                group: &group.name,
                rule: &state.rule,
                health: &state.health,
                alerts: state.active.values().collect(),
            })
        })
    }

    /// All alerts, resolved ones too.
    pub fn alerts(&self) -> impl Iterator<Item = &Active> {
        self.groups.iter().flat_map(|group| &group.rules).flat_map(|rule| rule.active.values())
    }

    /// What it knows, to be restored after a restart.
    pub fn snapshot(&self, now_ms: i64) -> EvaluatorSnapshot {
        let rules = self.rules().filter(|view| !view.alerts.is_empty());
        let rule = |view: RuleView<'_>| RuleSnapshot {
            group: view.group.to_owned(),
            rule: view.rule.name.clone(),
            expr: view.rule.expr.clone(),
            active: view.alerts.into_iter().cloned().collect(),
        };
        EvaluatorSnapshot { at_ms: now_ms, rules: rules.map(rule).collect() }
    }

    /// Takes up what was known; how many alerts. Time that passed meanwhile does not count as
    /// pending. What is older than [`OUTAGE_TOLERANCE`], or of rules that are no more, is left.
    ///
    /// Source: Prometheus, `rules/group.go`, `RestoreForState`.
    pub fn restore(&mut self, snapshot: EvaluatorSnapshot, now_ms: i64) -> usize {
        let down_ms = now_ms.saturating_sub(snapshot.at_ms).max(0);
        if down_ms > OUTAGE_TOLERANCE.ms() {
            return 0;
        }
        let mut n_restored = 0;
        for saved in snapshot.rules {
            let groups = self.groups.iter_mut().filter(|group| group.name == saved.group);
            let Some(state) = groups
                .flat_map(|group| &mut group.rules)
                .find(|state| state.rule.name == saved.rule && state.rule.expr == saved.expr)
            else {
                continue;
            };
            for mut alert in saved.active {
                if alert.state == State::Pending {
                    alert.active_at_ms = alert.active_at_ms.saturating_add(down_ms);
                }
                state.active.insert(alert.labels.fingerprint(), alert);
                n_restored += 1;
            }
        }
        n_restored
    }
}

/// The first time after now that is whole intervals after when it was due.
fn following(due_ms: i64, interval: Span, now_ms: i64) -> i64 {
    if due_ms == i64::MIN {
        return now_ms + interval.ms();
    }
    let n_missed = (now_ms - due_ms) / interval.ms();
    due_ms + (n_missed + 1) * interval.ms()
}

impl GroupState {
    fn evaluate(
        &mut self,
        now_ms: i64,
        series: &dyn Series,
        url: &str,
        evaluation: &mut Evaluation,
    ) {
        for state in &mut self.rules {
            evaluation.n_rules += 1;
            match state.evaluate(now_ms, series) {
                Ok(samples) => {
                    state.health = Health::Ok;
                    series.record(&samples, now_ms);
                    evaluation.samples.extend(samples);
                    let active = state.active.values_mut();
                    let news = active.filter_map(|a| a.take_news(now_ms, self.interval, url));
                    evaluation.alerts.extend(news);
                }
                Err(error) => {
                    state.health = Health::Err(error.clone());
                    let (group, rule) = (self.name.clone(), state.rule.name.clone());
                    evaluation.failures.push(Failure { group, rule, error });
                }
            }
        }
    }
}

impl RuleState {
    fn new(rule: Rule) -> Self {
        let (active, series) = (BTreeMap::new(), BTreeSet::new());
        Self { rule, active, series, health: Health::Unknown }
    }

    /// The samples of this evaluation, those that end series included.
    fn evaluate(&mut self, now_ms: i64, series: &dyn Series) -> Result<Vec<Sample>, String> {
        let vector = series.query(&self.rule.expr, now_ms)?;
        if vector.len() > MAX_SERIES_PER_RULE {
            let found = vector.len();
            return Err(format!("expected at most {MAX_SERIES_PER_RULE} series, found {found}"));
        }
        let mut samples = match &self.rule.kind {
            RuleKind::Record => self.recorded(vector)?,
            RuleKind::Alert { hold, keep_firing, annotations } => {
                let found = self.found(vector, annotations, now_ms)?;
                let (hold, keep_firing) = (*hold, *keep_firing);
                self.advance(found, now_ms, hold, keep_firing)
            }
        };
        let seen: BTreeSet<Labels> = samples.iter().map(|sample| sample.labels.clone()).collect();
        let ended = self.series.difference(&seen).cloned();
        samples.extend(ended.map(|labels| Sample { labels, value: STALE }));
        self.series = seen;
        Ok(samples)
    }

    fn recorded(&self, vector: Vector) -> Result<Vec<Sample>, String> {
        let mut seen = BTreeSet::new();
        let mut samples = Vec::with_capacity(vector.len());
        for (mut labels, value) in vector {
            labels.set(METRIC_NAME, &self.rule.name);
            for (name, template) in &self.rule.labels {
                labels.set(name, template.source());
            }
            if !seen.insert(labels.clone()) {
                return Err(same_labels(&labels));
            }
            samples.push(Sample { labels, value });
        }
        Ok(samples)
    }

    /// The alerts that the expression gives.
    fn found(
        &self,
        vector: Vector,
        annotations: &[(String, crate::template::Template)],
        now_ms: i64,
    ) -> Result<BTreeMap<Fingerprint, Active>, String> {
        let mut found = BTreeMap::new();
        for (series, value) in vector {
            let mut labels = series.clone().with(METRIC_NAME, "");
            for (name, template) in &self.rule.labels {
                labels.set(name, template.expand(&series, value));
            }
            labels.set(ALERT_NAME, &self.rule.name);
            let annotations = annotations
                .iter()
                .map(|(name, text)| (name, text.expand(&series, value)))
                .collect();
            let alert = Active::new(labels, annotations, value, now_ms);
            if let Some(other) = found.insert(alert.labels.fingerprint(), alert) {
                return Err(same_labels(&other.labels));
            }
        }
        Ok(found)
    }

    fn advance(
        &mut self,
        mut found: BTreeMap<Fingerprint, Active>,
        now_ms: i64,
        hold: Span,
        keep_firing: Span,
    ) -> Vec<Sample> {
        let mut samples = Vec::new();
        self.active.retain(|fingerprint, alert| {
            let fate = match found.remove(fingerprint) {
                None => alert.is_gone(now_ms, keep_firing),
                Some(new) => {
                    if alert.state == State::Inactive {
                        *alert = new;
                    } else {
                        (alert.value, alert.annotations) = (new.value, new.annotations);
                    }
                    alert.is_there(now_ms, hold)
                }
            };
            if fate == Fate::Active {
                samples.extend(samples_of(alert));
            }
            fate != Fate::Forgotten
        });
        for (fingerprint, mut alert) in found {
            alert.is_there(now_ms, hold);
            samples.extend(samples_of(&alert));
            self.active.insert(fingerprint, alert);
        }
        if self.active.len() > MAX_ALERTS_PER_RULE {
            self.active.retain(|_, alert| alert.state != State::Inactive);
        }
        samples
    }
}

fn same_labels(labels: &Labels) -> String {
    format!("expected different labels for each series, found {labels} twice")
}

fn samples_of(alert: &Active) -> [Sample; 2] {
    let named = |name| alert.labels.clone().with(METRIC_NAME, name);
    let state = named(ALERTS).with("alertstate", alert.state.name());
    let since = alert.active_at_ms.div_euclid(1000) as f64;
    [Sample { labels: state, value: 1.0 }, Sample { labels: named(ALERTS_FOR_STATE), value: since }]
}
