//! Webhooks: a notification as JSON to any URL.
//!
//! Source: Alertmanager, "Configuration", `<webhook_config>`, version 4 of its JSON.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{rfc3339, yes};
use crate::http::Outgoing;
use crate::notification::{Notification, Notified};
use crate::secret::{Endpoint, Secret};

/// A webhook.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookConfig {
    /// Where to.
    pub url: Endpoint,
    /// A token for the header `Authorization`.
    #[serde(default)]
    pub bearer_token: Option<Secret>,
    /// Does it want to hear that it is over? Yes.
    #[serde(default = "yes")]
    pub send_resolved: bool,
    /// The most alerts at once; 0 for all.
    #[serde(default)]
    pub max_alerts: usize,
}

pub(crate) fn request(config: &WebhookConfig, told: &Notification, url: &str) -> Outgoing {
    let n_shown = match config.max_alerts {
        0 => told.alerts.len(),
        most => most.min(told.alerts.len()),
    };
    let body = json!({
        "version": "4",
        "groupKey": told.group_key,
        "truncatedAlerts": told.alerts.len() - n_shown,
        "status": told.status().name(),
        "receiver": told.receiver,
        "groupLabels": told.group_labels,
        "commonLabels": told.common_labels(),
        "commonAnnotations": told.common_annotations(),
        "externalURL": url,
        "alerts": told.alerts[..n_shown].iter().map(alert).collect::<Vec<_>>(),
    });
    Outgoing { bearer: config.bearer_token.clone(), ..Outgoing::json(&config.url, &body) }
}

fn alert(notified: &Notified) -> Value {
    let alert = &notified.alert;
    json!({
        "status": notified.status.name(),
        "labels": alert.labels,
        "annotations": alert.annotations,
        "startsAt": rfc3339(Some(alert.starts_at_ms)),
        "endsAt": rfc3339(alert.ends_at_ms),
        "generatorURL": alert.generator_url,
        "fingerprint": notified.fingerprint,
    })
}
