//! Slack: an incoming webhook with one coloured attachment, a section for each alert.
//!
//! Source: Slack, "Sending messages using incoming webhooks" and "Block Kit"; Alertmanager 0.28,
//! `notify/slack/slack.go`, for the colours.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::http::Outgoing;
use crate::notification::{Notification, Notified, Status, cut};
use crate::secret::Endpoint;

/// The most characters of a header block.
const MAX_HEADER_CHARS: usize = 150;
/// The most characters of a section.
const MAX_SECTION_CHARS: usize = 3000;
/// The most alerts that have a section; a message may have 50 blocks.
pub const MAX_SLACK_ALERTS: usize = 20;

/// A channel of Slack.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SlackConfig {
    /// The incoming webhook; all of it is a secret.
    pub api_url: Endpoint,
    /// Another channel than the webhook's own, where the webhook lets one choose.
    #[serde(default)]
    pub channel: Option<String>,
    /// Does it want to hear that it is over? No.
    #[serde(default)]
    pub send_resolved: bool,
}

pub(crate) fn request(config: &SlackConfig, told: &Notification, url: &str) -> Outgoing {
    let title = told.title();
    let mut blocks = vec![json!({
        "type": "header",
        "text": {"type": "plain_text", "text": cut(&title, MAX_HEADER_CHARS)},
    })];
    blocks.extend(told.alerts.iter().take(MAX_SLACK_ALERTS).map(section));
    let n_left = told.alerts.len().saturating_sub(MAX_SLACK_ALERTS);
    if n_left > 0 {
        blocks.push(markdown(&format!("and {n_left} more")));
    }
    if !url.is_empty() {
        blocks.push(markdown(&escaped(url)));
    }
    let color = if told.status() == Status::Firing { "danger" } else { "good" };
    let mut body = json!({
        "text": escaped(&title),
        "attachments": [{"color": color, "fallback": escaped(&title), "blocks": blocks}],
    });
    if let Some(channel) = &config.channel {
        body["channel"] = channel.as_str().into();
    }
    Outgoing::json(&config.api_url, &body)
}

fn section(notified: &Notified) -> Value {
    let alert = &notified.alert;
    let mut text = format!("*{}* {}", escaped(alert.name()), notified.status.name());
    for (name, value) in alert.annotations.iter() {
        text += &format!("\n{}: {}", escaped(name), escaped(value));
    }
    text += &format!("\n{}", escaped(&alert.labels.to_string()));
    markdown(&text)
}

fn markdown(text: &str) -> Value {
    let text = cut(text, MAX_SECTION_CHARS);
    json!({"type": "section", "text": {"type": "mrkdwn", "text": text}})
}

/// A label cannot mention everybody, nor hide a link.
///
/// Source: Slack, "Formatting text for app surfaces", "Escaping text".
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
