//! Receivers: what each kind of them is told, and where. A receiver has one or more integrations.
//!
//! The written form has the keys of Alertmanager's configuration, as far as they go.
//!
//! Source: Alertmanager 0.28, "Configuration", `<receiver>`.

pub(crate) mod alertmanager;
pub(crate) mod email;
pub(crate) mod log;
pub(crate) mod pagerduty;
pub(crate) mod slack;
pub(crate) mod webhook;

use serde::Deserialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

pub use alertmanager::AlertmanagerConfig;
pub use email::{EmailConfig, MAX_EMAIL_ALERTS};
pub use log::LogConfig;
pub use pagerduty::{MAX_PAGERDUTY_ALERTS, PagerDutyConfig};
pub use slack::{MAX_SLACK_ALERTS, SlackConfig};
pub use webhook::WebhookConfig;

/// The most receivers.
pub const MAX_RECEIVERS: usize = 1000;
/// The most integrations of one.
pub const MAX_INTEGRATIONS: usize = 32;

/// A receiver; one without integrations hears nothing.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ReceiverConfig {
    /// Its name, by which routes know it.
    pub name: String,
    /// Webhooks.
    pub webhook_configs: Vec<WebhookConfig>,
    /// Channels of Slack.
    pub slack_configs: Vec<SlackConfig>,
    /// Services of PagerDuty.
    pub pagerduty_configs: Vec<PagerDutyConfig>,
    /// Addresses.
    pub email_configs: Vec<EmailConfig>,
    /// The log of this program.
    pub log_configs: Vec<LogConfig>,
}

/// One integration.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Integration {
    Webhook(WebhookConfig),
    Slack(SlackConfig),
    PagerDuty(PagerDutyConfig),
    Email(EmailConfig),
    Log(LogConfig),
}

impl Integration {
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Self::Webhook(_) => "webhook",
            Self::Slack(_) => "slack",
            Self::PagerDuty(_) => "pagerduty",
            Self::Email(_) => "email",
            Self::Log(_) => "log",
        }
    }

    const fn sends_resolved(&self) -> bool {
        match self {
            Self::Webhook(config) => config.send_resolved,
            Self::Slack(config) => config.send_resolved,
            Self::PagerDuty(config) => config.send_resolved,
            Self::Email(config) => config.send_resolved,
            Self::Log(config) => config.send_resolved,
        }
    }

    pub(crate) fn needs_tls(&self) -> bool {
        match self {
            Self::Webhook(config) => config.url.is_tls(),
            Self::Slack(config) => config.api_url.is_tls(),
            Self::PagerDuty(config) => config.url.is_tls(),
            // Mail brings its own.
            Self::Email(_) | Self::Log(_) => false,
        }
    }
}

impl ReceiverConfig {
    /// Its integrations, in the order of the keys above.
    pub(crate) fn integrations(&self) -> Vec<Integration> {
        let webhooks = self.webhook_configs.iter().cloned().map(Integration::Webhook);
        let slacks = self.slack_configs.iter().cloned().map(Integration::Slack);
        let pagers = self.pagerduty_configs.iter().cloned().map(Integration::PagerDuty);
        let mails = self.email_configs.iter().cloned().map(Integration::Email);
        let logs = self.log_configs.iter().cloned().map(Integration::Log);
        webhooks.chain(slacks).chain(pagers).chain(mails).chain(logs).collect()
    }

    pub(crate) fn sends_resolved(&self) -> Vec<bool> {
        self.integrations().iter().map(Integration::sends_resolved).collect()
    }

    pub(crate) fn problems(&self, at: &str) -> Vec<String> {
        let mut problems = Vec::new();
        if self.name.is_empty() {
            problems.push(format!("{at}.name: expected a name, found none"));
        }
        let n_integrations = self.integrations().len();
        if n_integrations > MAX_INTEGRATIONS {
            let found = format!("at most {MAX_INTEGRATIONS} integrations, found {n_integrations}");
            problems.push(format!("{at}: expected {found}"));
        }
        for (n, mail) in self.email_configs.iter().enumerate() {
            problems.extend(mail.problems(&format!("{at}.email_configs[{n}]")));
        }
        problems
    }
}

const fn yes() -> bool {
    true
}

/// A time as RFC 3339 writes it; none as Go's zero time, which is how Alertmanager says never.
pub(crate) fn rfc3339(ms: Option<i64>) -> String {
    const NEVER: &str = "0001-01-01T00:00:00Z";
    let Some(ms) = ms else { return NEVER.to_owned() };
    let time = OffsetDateTime::from_unix_timestamp_nanos(i128::from(ms) * 1_000_000);
    time.ok().and_then(|time| time.format(&Rfc3339).ok()).unwrap_or_else(|| NEVER.to_owned())
}
