//! What people do with alerts: look at them, silence them, take care of them.

use serde::{Deserialize, Serialize};

use super::Dispatcher;
use super::held::{Held, inhibitor};
use crate::alert::Alert;
use crate::error::AlertError;
use crate::labels::{Fingerprint, Labels};
use crate::notification::Status;
use crate::silence::{MAX_COMMENT_BYTES, Silence};

/// Somebody takes care of an alert: it is not repeated until it is resolved.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Acknowledgement {
    /// Who.
    pub by: String,
    /// What they say.
    pub comment: String,
    /// When (milliseconds since 1970).
    pub at_ms: i64,
}

/// An alert, and why nobody hears of it if so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AlertStatus {
    /// The alert.
    pub alert: Alert,
    /// What tells it from others.
    pub fingerprint: Fingerprint,
    /// Does it fire?
    pub status: Status,
    /// The silence that holds for it.
    pub silenced_by: Option<u64>,
    /// Does another alert explain it?
    pub is_inhibited: bool,
    /// Who takes care of it.
    pub acknowledgement: Option<Acknowledgement>,
    /// The receivers that its routes lead to.
    pub receivers: Vec<String>,
}

impl Dispatcher {
    /// Makes a silence; its number.
    ///
    /// # Errors
    ///
    /// A silence that cannot be, or one too many.
    pub fn silence(&mut self, silence: Silence, now_ms: i64) -> Result<u64, AlertError> {
        self.silences.create(silence, now_ms)
    }

    /// Ends a silence now.
    ///
    /// # Errors
    ///
    /// [`AlertError::UnknownSilence`] where there is none of this number, or it has ended.
    pub fn expire(&mut self, silence: u64, now_ms: i64) -> Result<(), AlertError> {
        self.silences.expire(silence, now_ms)
    }

    /// All silences, those to come and ended ones too, with their numbers.
    pub fn silences(&self) -> impl Iterator<Item = (u64, &Silence)> {
        self.silences.list()
    }

    /// Somebody takes care of an alert.
    ///
    /// # Errors
    ///
    /// An alert that does not fire, or a name or comment that is too long.
    pub fn acknowledge(
        &mut self,
        alert: Fingerprint,
        by: &str,
        comment: &str,
        now_ms: i64,
    ) -> Result<(), AlertError> {
        let long = [("by", by), ("comment", comment)].into_iter();
        let long = long.filter(|(_, text)| text.len() > MAX_COMMENT_BYTES);
        let problem = |(key, text): (&str, &str)| {
            format!("{key}: expected at most {MAX_COMMENT_BYTES} bytes, found {}", text.len())
        };
        AlertError::refuse(long.map(problem).collect())?;
        let held = self.alerts.get(&alert).filter(|held| !held.alert.is_resolved(now_ms));
        held.ok_or(AlertError::UnknownAlert(alert))?;
        let (by, comment) = (by.to_owned(), comment.to_owned());
        self.acknowledgements.insert(alert, Acknowledgement { by, comment, at_ms: now_ms });
        Ok(())
    }

    /// Nobody takes care of it any longer; false where nobody did.
    pub fn unacknowledge(&mut self, alert: Fingerprint) -> bool {
        self.acknowledgements.remove(&alert).is_some()
    }

    /// All alerts, and who hears of them.
    pub fn alerts(&self, now_ms: i64) -> Vec<AlertStatus> {
        let inhibitor = inhibitor(&self.inhibit_rules, &self.alerts, now_ms);
        let receivers = |labels: &Labels| {
            let routes = self.routes.of(labels).into_iter().filter_map(|r| self.routes.get(r));
            routes.map(|route| route.receiver.clone()).collect()
        };
        let status = |(fingerprint, held): (&Fingerprint, &Held)| AlertStatus {
            fingerprint: *fingerprint,
            status: held.status(now_ms),
            silenced_by: self.silences.of(&held.alert.labels, now_ms),
            is_inhibited: inhibitor.mutes(&held.alert.labels),
            acknowledgement: self.acknowledgements.get(fingerprint).cloned(),
            receivers: receivers(&held.alert.labels),
            alert: held.alert.clone(),
        };
        self.alerts.iter().map(status).collect()
    }
}
