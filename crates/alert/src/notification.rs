//! What one receiver is told about one group at one time.

use serde::{Deserialize, Serialize};

use crate::alert::Alert;
use crate::labels::{Fingerprint, Labels};

/// Does it fire?
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It fires.
    Firing,
    /// It is over.
    Resolved,
}

impl Status {
    /// As receivers are told.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Firing => "firing",
            Self::Resolved => "resolved",
        }
    }
}

/// An alert of a notification.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Notified {
    /// The alert; without an end while it fires.
    pub alert: Alert,
    /// What tells it from others.
    pub fingerprint: Fingerprint,
    /// Does it fire?
    pub status: Status,
}

/// What one receiver is told about one group at one time.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Notification {
    /// The receiver's name.
    pub receiver: String,
    /// Which of the receiver's integrations.
    pub integration: usize,
    /// What tells the group from others: its route's matchers and its labels.
    pub group_key: String,
    /// The labels that its alerts were grouped by.
    pub group_labels: Labels,
    /// Its alerts, at least one.
    pub alerts: Vec<Notified>,
    /// When it was due (milliseconds since 1970).
    pub at_ms: i64,
    /// Resolved alerts of the group, whether or not the receiver wants to hear of them.
    pub(crate) resolved: Vec<Fingerprint>,
    pub(crate) route: usize,
    pub(crate) flush: u64,
}

impl Notification {
    /// Firing while any of its alerts is.
    pub fn status(&self) -> Status {
        if self.firing().next().is_some() { Status::Firing } else { Status::Resolved }
    }

    /// The alerts that fire.
    pub fn firing(&self) -> impl Iterator<Item = &Notified> {
        self.alerts.iter().filter(|notified| notified.status == Status::Firing)
    }

    /// The labels that all of its alerts have.
    pub fn common_labels(&self) -> Labels {
        Labels::common(self.alerts.iter().map(|notified| &notified.alert.labels))
    }

    /// The annotations that all of its alerts have.
    pub fn common_annotations(&self) -> Labels {
        Labels::common(self.alerts.iter().map(|notified| &notified.alert.annotations))
    }

    /// One line: `[FIRING:2] High (api)`, the group's values and in brackets what else is common.
    ///
    /// Source: Alertmanager 0.28, `template/default.tmpl`, `__subject`.
    pub fn title(&self) -> String {
        let count = match self.status() {
            Status::Firing => format!("FIRING:{}", self.firing().count()),
            Status::Resolved => "RESOLVED".to_owned(),
        };
        let values: Vec<&str> = self.group_labels.iter().map(|(_, value)| value).collect();
        let common = self.common_labels();
        let others: Vec<&str> = common
            .iter()
            .filter(|(name, _)| self.group_labels.get(name).is_empty())
            .map(|(_, value)| value)
            .collect();
        let others =
            if others.is_empty() { String::new() } else { format!(" ({})", others.join(" ")) };
        one_line(&format!("[{count}] {}{others}", values.join(" ")))
    }
}

/// A text in one line, so that it can be a header or a title.
pub(crate) fn one_line(text: &str) -> String {
    let spaced: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    spaced.trim().to_owned()
}

/// At most so many characters.
pub(crate) fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some(_) => text.chars().take(most.saturating_sub(1)).chain(['…']).collect(),
    }
}
