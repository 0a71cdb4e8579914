//! PagerDuty: an event that triggers an incident for a group, or resolves it.
//!
//! Source: PagerDuty, "Events API v2", "Send an Alert Event".

use std::collections::BTreeMap;

use ring::digest::{SHA256, digest};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{rfc3339, yes};
use crate::http::Outgoing;
use crate::notification::{Notification, Status, cut};
use crate::secret::{Endpoint, Secret};

/// The longest summary (characters).
const MAX_SUMMARY_CHARS: usize = 1024;
/// The most alerts that are written out; an event may have 512 KiB.
pub const MAX_PAGERDUTY_ALERTS: usize = 50;
/// The most characters that are written of one.
const MAX_ALERT_CHARS: usize = 4096;
const SEVERITIES: [&str; 4] = ["critical", "error", "warning", "info"];

/// A service of PagerDuty.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PagerDutyConfig {
    /// The integration key of the service.
    pub routing_key: Secret,
    /// Where to: PagerDuty's own endpoint.
    #[serde(default = "events_api")]
    pub url: Endpoint,
    /// Does it want to hear that it is over? Yes.
    #[serde(default = "yes")]
    pub send_resolved: bool,
}

fn events_api() -> Endpoint {
    Endpoint::from_static("https://events.pagerduty.com/v2/enqueue")
}

pub(crate) fn request(config: &PagerDutyConfig, told: &Notification, url: &str) -> Outgoing {
    let is_firing = told.status() == Status::Firing;
    let mut body = json!({
        "routing_key": config.routing_key.reveal(),
        "event_action": if is_firing { "trigger" } else { "resolve" },
        "dedup_key": dedup_key(&told.group_key),
    });
    if is_firing {
        body["client"] = "striatum".into();
        if !url.is_empty() {
            body["client_url"] = url.into();
        }
        body["payload"] = payload(told, url);
    }
    Outgoing::json(&config.url, &body)
}

fn payload(told: &Notification, url: &str) -> Value {
    let common = told.common_labels();
    let known = SEVERITIES.into_iter().find(|severity| *severity == common.get("severity"));
    let starts = told.firing().map(|notified| notified.alert.starts_at_ms).min();
    let details: BTreeMap<String, String> = told
        .alerts
        .iter()
        .take(MAX_PAGERDUTY_ALERTS)
        .map(|notified| {
            let alert = &notified.alert;
            let text = format!("{} {} {}", notified.status.name(), alert.labels, alert.annotations);
            (notified.fingerprint.to_string(), cut(&text, MAX_ALERT_CHARS))
        })
        .collect();
    json!({
        "summary": cut(&told.title(), MAX_SUMMARY_CHARS),
        "source": if url.is_empty() { "striatum" } else { url },
        "severity": known.unwrap_or("error"),
        "timestamp": rfc3339(starts),
        "class": common.get(crate::labels::ALERT_NAME),
        "component": common.get("job"),
        "group": told.group_key,
        "custom_details": details,
    })
}

/// As Alertmanager makes it, so that incidents go on when one takes over from the other.
///
/// Source: Alertmanager 0.28, `notify/util.go`, `Key.Hash`.
fn dedup_key(group_key: &str) -> String {
    let hash = digest(&SHA256, group_key.as_bytes());
    hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}
