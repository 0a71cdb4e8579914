//! Alertmanager: alerts as rules hand them on, ungrouped, to one that groups them itself.
//!
//! Source: Alertmanager 0.28, `api/v2/openapi.yaml`, `postAlerts`.

use serde::Deserialize;
use serde_json::{Value, json};

use super::rfc3339;
use crate::alert::Alert;
use crate::http::Outgoing;
use crate::secret::{Endpoint, Secret};

/// An Alertmanager.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AlertmanagerConfig {
    /// Where it is, without `/api/v2/alerts`.
    pub url: Endpoint,
    /// A token for the header `Authorization`.
    #[serde(default)]
    pub bearer_token: Option<Secret>,
}

/// None where the URL does not go together with the path of the API.
pub(crate) fn request(config: &AlertmanagerConfig, alerts: &[Alert]) -> Option<Outgoing> {
    let to = config.url.join("/api/v2/alerts")?;
    let body = Value::Array(alerts.iter().map(alert).collect());
    Some(Outgoing { bearer: config.bearer_token.clone(), ..Outgoing::json(&to, &body) })
}

fn alert(alert: &Alert) -> Value {
    let mut value = json!({
        "labels": alert.labels,
        "annotations": alert.annotations,
        "startsAt": rfc3339(Some(alert.starts_at_ms)),
    });
    if alert.ends_at_ms.is_some() {
        value["endsAt"] = rfc3339(alert.ends_at_ms).into();
    }
    if !alert.generator_url.is_empty() {
        value["generatorURL"] = alert.generator_url.as_str().into();
    }
    value
}
