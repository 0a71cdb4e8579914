//! The states of one alert of one rule.
//!
//! | state | the expression gives it | and it becomes |
//! | --- | --- | --- |
//! | pending | for at least `for` | firing |
//! | pending | no longer | forgotten |
//! | firing | no longer, for at least `keep_firing_for` | inactive: resolved |
//! | inactive | again | pending, anew |
//! | inactive | not for [`RESOLVED_RETENTION`] | forgotten |
//!
//! Source: Prometheus 2.53, `rules/alerting.go`, `AlertingRule.Eval`.

use serde::{Deserialize, Serialize};

use crate::alert::Alert;
use crate::labels::Labels;
use crate::span::Span;

/// How long a resolved alert is kept, so that word of it is not lost with whoever is told.
pub const RESOLVED_RETENTION: Span = Span::from_seconds(15 * 60);
/// How often who is told hears again of an alert that fires.
pub const RESEND_DELAY: Span = Span::from_seconds(60);

/// What an alert of a rule does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It was resolved.
    Inactive,
    /// It has not been there for long enough.
    Pending,
    /// It fires.
    Firing,
}

impl State {
    /// As the label `alertstate` says it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Inactive => "inactive",
            Self::Pending => "pending",
            Self::Firing => "firing",
        }
    }
}

/// One alert of one rule. Times are milliseconds since 1970.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Active {
    /// The labels of the series, with those of the rule and its name.
    pub labels: Labels,
    /// What people are told.
    pub annotations: Labels,
    /// The value of the series when it was last there.
    #[serde(with = "number")]
    pub value: f64,
    /// What it does.
    pub state: State,
    /// Since when it is there.
    pub active_at_ms: i64,
    /// Since when it fires, or fired last.
    pub fired_at_ms: Option<i64>,
    /// When it was resolved.
    pub resolved_at_ms: Option<i64>,
    /// Since when it fires although the expression gives nothing.
    pub keep_firing_since_ms: Option<i64>,
    /// When it was last handed on.
    pub last_sent_at_ms: Option<i64>,
}

/// What becomes of an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It is pending or firing.
    Active,
    /// It is resolved, and kept.
    Resolved,
    /// It is to be forgotten.
    Forgotten,
}

impl Active {
    pub(crate) fn new(labels: Labels, annotations: Labels, value: f64, now_ms: i64) -> Self {
        Self {
            labels,
            annotations,
            value,
            state: State::Pending,
            active_at_ms: now_ms,
            fired_at_ms: None,
            resolved_at_ms: None,
            keep_firing_since_ms: None,
            last_sent_at_ms: None,
        }
    }

    /// The expression gives it.
    pub(crate) fn is_there(&mut self, now_ms: i64, hold: Span) -> Fate {
        self.keep_firing_since_ms = None;
        if self.state == State::Pending && now_ms.saturating_sub(self.active_at_ms) >= hold.ms() {
            self.state = State::Firing;
            self.fired_at_ms = Some(now_ms);
        }
        Fate::Active
    }

    /// The expression does not give it.
    pub(crate) fn is_gone(&mut self, now_ms: i64, keep_firing: Span) -> Fate {
        match self.state {
            State::Pending => Fate::Forgotten,
            State::Firing => {
                let since = *self.keep_firing_since_ms.get_or_insert(now_ms);
                if now_ms.saturating_sub(since) < keep_firing.ms() {
                    return Fate::Active;
                }
                (self.state, self.resolved_at_ms) = (State::Inactive, Some(now_ms));
                Fate::Resolved
            }
            State::Inactive => {
                let since = now_ms.saturating_sub(self.resolved_at_ms.unwrap_or(now_ms));
                if since > RESOLVED_RETENTION.ms() { Fate::Forgotten } else { Fate::Resolved }
            }
        }
    }

    /// The alert to hand on now, if there is news or it is time again.
    pub(crate) fn take_news(&mut self, now_ms: i64, interval: Span, url: &str) -> Option<Alert> {
        let last = self.last_sent_at_ms.unwrap_or(i64::MIN);
        let is_news = self.resolved_at_ms.is_some_and(|resolved| resolved > last);
        let is_time = last.saturating_add(RESEND_DELAY.ms()) < now_ms;
        if self.state == State::Pending || !(is_news || is_time) {
            return None;
        }
        self.last_sent_at_ms = Some(now_ms);
        // Who is told may miss it three times before taking it for resolved.
        let valid_until_ms = now_ms.saturating_add(4 * interval.max(RESEND_DELAY).ms());
        Some(Alert {
            labels: self.labels.clone(),
            annotations: self.annotations.clone(),
            starts_at_ms: self.fired_at_ms.unwrap_or(self.active_at_ms),
            ends_at_ms: Some(self.resolved_at_ms.unwrap_or(valid_until_ms)),
            generator_url: url.to_owned(),
        })
    }
}

/// Numbers as texts, since JSON knows neither infinity nor what is no number.
pub(crate) mod number {
    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(value: &f64, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(value)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
        String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
    }
}
