//! The log of this program: a line for each alert.

use serde::Deserialize;

use super::yes;
use crate::notification::{Notification, Status, one_line};

/// The log of this program.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogConfig {
    /// Does it want to hear that it is over? Yes.
    #[serde(default = "yes")]
    pub send_resolved: bool,
}

pub(crate) fn write(told: &Notification) {
    for notified in &told.alerts {
        let labels = one_line(&notified.alert.labels.to_string());
        let annotations = one_line(&notified.alert.annotations.to_string());
        match notified.status {
            Status::Firing => tracing::warn!(%labels, %annotations, "alert fires"),
            Status::Resolved => tracing::info!(%labels, %annotations, "alert is resolved"),
        }
    }
}
