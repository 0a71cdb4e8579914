//! Alerts inside one process: rules as Prometheus evaluates them, notifications as Alertmanager sends
//! them, and detectors that tell when a series is not as it was.
//!
//! | part | what it does |
//! | --- | --- |
//! | [`Evaluator`] | asks the expressions of rules, and keeps what each alert does |
//! | [`Dispatcher`] | groups alerts, and says who is to be told what, when |
//! | [`Sender`] | tells them, again where it fails, and keeps what it gives up |
//! | [`Alerting`] | the three together |
//! | [`anomaly`] | scores each sample of a series by how unusual it is |
//!
//! All but the sender are state machines: time is an argument (milliseconds since 1970), what they
//! know can be written down and restored, and so a test can play a week in a moment. Whatever could
//! grow has a limit with a name.

mod active;
mod alert;
mod alerting;
pub mod anomaly;
mod config;
mod delivery;
mod dispatch;
mod error;
mod evaluator;
mod http;
mod inhibit;
mod labels;
mod matcher;
mod notification;
mod receiver;
mod route;
mod rule;
mod secret;
mod sender;
mod sent;
mod silence;
mod span;
mod template;

pub use active::{Active, RESEND_DELAY, RESOLVED_RETENTION, State};
pub use alert::Alert;
pub use alerting::{Alerting, Snapshot, Turn};
pub use config::{Config, DEFAULT_RESOLVE_TIMEOUT, MAX_ALERTMANAGERS, patient};
pub use delivery::DeliveryError;
pub use dispatch::{
    Acknowledgement, AlertStatus, Dispatcher, DispatcherSnapshot, MAINTENANCE_INTERVAL, MAX_ALERTS,
    MAX_GROUPS, MIN_ANSWER_TIME, Received,
};
pub use error::AlertError;
pub use evaluator::{
    ALERTS, ALERTS_FOR_STATE, Evaluation, Evaluator, EvaluatorSnapshot, Failure, Health,
    MAX_ALERTS_PER_RULE, MAX_SERIES_PER_RULE, OUTAGE_TOLERANCE, RuleView, STALE, Sample, Series,
    Vector,
};
pub use http::MAX_ANSWER_BYTES;
pub use inhibit::{InhibitRule, MAX_INHIBIT_RULES};
pub use labels::{ALERT_NAME, Fingerprint, Labels, METRIC_NAME};
pub use matcher::{MAX_MATCHER_BYTES, MAX_REGEX_BYTES, Matcher, MatcherError};
pub use notification::{Notification, Notified, Status};
pub use receiver::{
    AlertmanagerConfig, EmailConfig, LogConfig, MAX_EMAIL_ALERTS, MAX_INTEGRATIONS,
    MAX_PAGERDUTY_ALERTS, MAX_RECEIVERS, MAX_SLACK_ALERTS, PagerDutyConfig, ReceiverConfig,
    SlackConfig, WebhookConfig,
};
pub use route::{
    DEFAULT_GROUP_INTERVAL, DEFAULT_GROUP_WAIT, DEFAULT_REPEAT_INTERVAL, MAX_DEPTH, MAX_ROUTES,
    RouteConfig,
};
pub use rule::{
    DEFAULT_INTERVAL, Group, GroupConfig, MAX_RULES, MIN_INTERVAL, Rule, RuleConfig, RuleFile,
    RuleKind,
};
pub use secret::{Endpoint, MAX_SECRET_BYTES, Secret};
pub use sender::{
    Content, DeadLetter, DeadLetters, GivenUp, MAX_CONCURRENT_DELIVERIES, Sender, Tally,
};
pub use sent::{MAX_SENT, SENT_RETENTION};
pub use silence::{
    MAX_COMMENT_BYTES, MAX_SILENCE_MATCHERS, MAX_SILENCES, SILENCE_RETENTION, Silence,
};
pub use span::{MAX_SPAN_MS, Span, SpanError};
pub use template::{MAX_TEMPLATE_BYTES, Template, TemplateError};
