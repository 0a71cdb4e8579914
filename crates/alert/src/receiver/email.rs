//! E-mail: a plain text through a mail server.
//!
//! Source: RFC 5321 (SMTP), RFC 3207 (STARTTLS), RFC 8314 (TLS from the start, port 465);
//! Alertmanager 0.28, "Configuration", `<email_config>`.

use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use serde::Deserialize;

use super::rfc3339;
use crate::delivery::DeliveryError;
use crate::error::AlertError;
use crate::notification::{Notification, cut, one_line};
use crate::secret::Secret;

/// The most alerts that are written out.
pub const MAX_EMAIL_ALERTS: usize = 500;
/// The longest subject (characters).
const MAX_SUBJECT_CHARS: usize = 250;
/// The port on which TLS begins at once.
const TLS_PORT: u16 = 465;

/// An address and the mail server that takes mail for it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmailConfig {
    /// To whom, with commas between them.
    pub to: String,
    /// From whom.
    pub from: String,
    /// The mail server, as `host:port`.
    pub smarthost: String,
    /// The name to log in with.
    #[serde(default)]
    pub auth_username: Option<String>,
    /// The password to log in with.
    #[serde(default)]
    pub auth_password: Option<Secret>,
    /// How this machine calls itself: `localhost`.
    #[serde(default = "localhost")]
    pub hello: String,
    /// Is mail sent only when it is encrypted? Yes; else when the server can.
    #[serde(default = "super::yes")]
    pub require_tls: bool,
    /// Does it want to hear that it is over? No.
    #[serde(default)]
    pub send_resolved: bool,
}

fn localhost() -> String {
    "localhost".to_owned()
}

impl EmailConfig {
    pub(crate) fn problems(&self, at: &str) -> Vec<String> {
        let mut problems = Vec::new();
        let mut expect = |fits: bool, key: &str, expected: &str, found: &str| {
            if !fits {
                problems.push(format!("{at}.{key}: expected {expected}, found {found}"));
            }
        };
        expect(self.receivers().is_some(), "to", "addresses with commas between", &self.to);
        expect(self.sender().is_some(), "from", "an address", &self.from);
        expect(self.server().is_some(), "smarthost", "a server as host:port", &self.smarthost);
        let is_word = !self.hello.is_empty() && !self.hello.contains(is_not_word);
        expect(is_word, "hello", "a name of a machine", &self.hello.escape_debug().to_string());
        let both = self.auth_username.is_some() == self.auth_password.is_some();
        expect(both, "auth_username", "a name and a password, or neither", "one of them");
        let is_safe = self.auth_password.is_none() || self.require_tls;
        expect(is_safe, "require_tls", "true where there is a password", "false");
        problems
    }

    fn receivers(&self) -> Option<Vec<Mailbox>> {
        self.to.split(',').map(|address| address.trim().parse().ok()).collect()
    }

    fn sender(&self) -> Option<Mailbox> {
        self.from.parse().ok()
    }

    fn server(&self) -> Option<(&str, u16)> {
        let (host, port) = self.smarthost.rsplit_once(':')?;
        let host = host.trim_matches(['[', ']']);
        let fits = !host.is_empty() && !host.contains(is_not_word);
        Some((host, port.parse().ok()?)).filter(|_| fits)
    }
}

fn is_not_word(c: char) -> bool {
    c.is_whitespace() || c.is_control()
}

/// Sends mail through one server.
pub(crate) struct Mailer {
    config: EmailConfig,
    transport: AsyncSmtpTransport<Tokio1Executor>,
}

impl Mailer {
    pub(crate) fn new(config: EmailConfig) -> Result<Self, AlertError> {
        let (host, port) =
            config.server().ok_or_else(|| AlertError::Config(config.problems("email")))?;
        let tls = TlsParameters::builder(host.to_owned()).build_rustls();
        let tls = tls.map_err(|error| AlertError::Tls(error.to_string()))?;
        let tls = match (port, config.require_tls) {
            (TLS_PORT, _) => Tls::Wrapper(tls),
            (_, true) => Tls::Required(tls),
            (_, false) => Tls::Opportunistic(tls),
        };
        // How long it may take is the caller's to limit.
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host)
            .port(port)
            .tls(tls)
            .timeout(None)
            .hello_name(ClientId::Domain(config.hello.clone()));
        if let (Some(name), Some(password)) = (&config.auth_username, &config.auth_password) {
            let password = password.reveal().to_owned();
            builder = builder.credentials(Credentials::new(name.clone(), password));
        }
        Ok(Self { transport: builder.build(), config })
    }

    pub(crate) async fn send(&self, told: &Notification, url: &str) -> Result<(), DeliveryError> {
        let message = message(&self.config, told, url).ok_or(DeliveryError::Request)?;
        self.transport.send(message).await.map(drop).map_err(|error| DeliveryError::Mail {
            reason: one_line(&error.to_string()),
            is_permanent: error.is_permanent() || error.is_client(),
        })
    }
}

fn message(config: &EmailConfig, told: &Notification, url: &str) -> Option<Message> {
    let mut builder = Message::builder()
        .from(config.sender()?)
        .subject(cut(&told.title(), MAX_SUBJECT_CHARS))
        .header(ContentType::TEXT_PLAIN);
    for receiver in config.receivers()? {
        builder = builder.to(receiver);
    }
    builder.body(text(told, url)).ok()
}

fn text(told: &Notification, url: &str) -> String {
    let mut text = format!("{}\n", told.title());
    for notified in told.alerts.iter().take(MAX_EMAIL_ALERTS) {
        let alert = &notified.alert;
        text += &format!("\n{}: {}\n", notified.status.name(), one_line(alert.name()));
        text += &format!("  since {}\n", rfc3339(Some(alert.starts_at_ms)));
        if alert.ends_at_ms.is_some() {
            text += &format!("  until {}\n", rfc3339(alert.ends_at_ms));
        }
        for (name, value) in alert.annotations.iter().chain(alert.labels.iter()) {
            text += &format!("  {name}: {}\n", one_line(value));
        }
        if !alert.generator_url.is_empty() {
            text += &format!("  {}\n", one_line(&alert.generator_url));
        }
    }
    let n_left = told.alerts.len().saturating_sub(MAX_EMAIL_ALERTS);
    if n_left > 0 {
        text += &format!("\nand {n_left} more\n");
    }
    if !url.is_empty() {
        text += &format!("\n{url}\n");
    }
    text
}
