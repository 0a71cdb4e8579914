//! An alert, as rules hand it on and receivers get it.

use serde::{Deserialize, Serialize};

use crate::labels::{ALERT_NAME, Fingerprint, Labels};

/// An alert. Who has its labels is the same alert.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Alert {
    /// What tells it from others; one of them is [`ALERT_NAME`].
    pub labels: Labels,
    /// What people are told.
    #[serde(default)]
    pub annotations: Labels,
    /// Since when it fires (milliseconds since 1970).
    pub starts_at_ms: i64,
    /// When it is resolved (milliseconds since 1970), unless something newer is heard before.
    #[serde(default)]
    pub ends_at_ms: Option<i64>,
    /// Where it is from; empty where there is nowhere to go.
    #[serde(default)]
    pub generator_url: String,
}

impl Alert {
    /// Its name.
    pub fn name(&self) -> &str {
        self.labels.get(ALERT_NAME)
    }

    /// What tells it from others.
    pub fn fingerprint(&self) -> Fingerprint {
        self.labels.fingerprint()
    }

    /// Is it over at this time?
    pub fn is_resolved(&self, now_ms: i64) -> bool {
        self.ends_at_ms.is_some_and(|end| end <= now_ms)
    }
}
