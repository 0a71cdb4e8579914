//! The settings of all parts, and what is wrong with them.
//!
//! The keys are those of Alertmanager's configuration and of Prometheus' rule files, beside each
//! other.

use std::collections::BTreeSet;

use resilience::policy;
use serde::Deserialize;

use crate::error::AlertError;
use crate::inhibit::{InhibitRule, MAX_INHIBIT_RULES};
use crate::receiver::{AlertmanagerConfig, MAX_RECEIVERS, ReceiverConfig};
use crate::route::{RouteConfig, Routes};
use crate::rule::{Group, GroupConfig, RuleFile};
use crate::sender::MAX_CONCURRENT_DELIVERIES;
use crate::span::Span;

/// How long an alert without an end lasts when nothing is heard of it: five minutes.
pub const DEFAULT_RESOLVE_TIMEOUT: Span = Span::from_seconds(300);
/// The most Alertmanagers that alerts are handed on to.
pub const MAX_ALERTMANAGERS: usize = 16;

/// All settings.
///
/// ```
/// use alert::Config;
///
/// let config: Config = serde_json::from_str(r#"{
///     "route": {"receiver": "log"},
///     "receivers": [{"name": "log", "log_configs": [{}]}],
///     "groups": [{"name": "load", "rules": [{"alert": "High", "expr": "load > 0.9"}]}]
/// }"#)?;
/// assert!(config.problems().is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Who hears of which alerts.
    pub route: RouteConfig,
    /// The receivers.
    pub receivers: Vec<ReceiverConfig>,
    /// Which alerts explain others.
    #[serde(default)]
    pub inhibit_rules: Vec<InhibitRule>,
    /// Alertmanagers that are handed every alert.
    #[serde(default)]
    pub alertmanagers: Vec<AlertmanagerConfig>,
    /// The rules.
    #[serde(default)]
    pub groups: Vec<GroupConfig>,
    /// Where people find this program; empty where they do not.
    #[serde(default)]
    pub external_url: String,
    /// How long an alert without an end lasts: [`DEFAULT_RESOLVE_TIMEOUT`].
    #[serde(default = "resolve_timeout")]
    pub resolve_timeout: Span,
    /// How often and how long each receiver is tried: [`patient`]. What is given replaces all of it.
    #[serde(default = "patient")]
    pub delivery: policy::Config,
}

fn resolve_timeout() -> Span {
    DEFAULT_RESOLVE_TIMEOUT
}

/// How deliveries are tried unless the settings say otherwise: people wait longer than programs do,
/// and a receiver that starts again takes a while. Five attempts of 10 seconds in 60; waits grow from
/// half a second to 20; all that are under way may be retried.
pub fn patient() -> policy::Config {
    let mut config = policy::Config::default();
    (config.time.attempt_seconds, config.time.total_seconds) = (10.0, 60.0);
    (config.retry.attempts, config.retry.base_seconds) = (5, 0.5);
    config.retry.budget.min_active = MAX_CONCURRENT_DELIVERIES as u32;
    config
}

impl Config {
    /// Everything that cannot be, each as `where: expected ..., found ...`; of rules, all but
    /// whether their expressions can be evaluated.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        for (n, receiver) in self.receivers.iter().enumerate() {
            problems.extend(receiver.problems(&format!("receivers[{n}]")));
        }
        let mut names = BTreeSet::new();
        for receiver in self.receivers.iter().filter(|r| !names.insert(r.name.as_str())) {
            let problem =
                format!("receivers.{}: expected one receiver of that name", receiver.name);
            problems.push(problem);
        }
        self.routes(&mut problems);
        for (n, rule) in self.inhibit_rules.iter().enumerate() {
            problems.extend(rule.problems(&format!("inhibit_rules[{n}]")));
        }
        for (key, most, found) in [
            ("receivers", MAX_RECEIVERS, self.receivers.len()),
            ("inhibit_rules", MAX_INHIBIT_RULES, self.inhibit_rules.len()),
            ("alertmanagers", MAX_ALERTMANAGERS, self.alertmanagers.len()),
        ] {
            if found > most {
                problems.push(format!("{key}: expected at most {most}, found {found}"));
            }
        }
        if self.resolve_timeout == Span::ZERO {
            problems.push("resolve_timeout: expected some time, found none".to_owned());
        }
        let delivery = self.delivery.problems().into_iter();
        problems.extend(delivery.map(|problem| format!("delivery.{problem}")));
        if let Err(AlertError::Config(of_rules)) = self.rules(&|_| Ok(())) {
            problems.extend(of_rules);
        }
        problems
    }

    /// The rules, checked; `check_expr` says what is wrong with an expression.
    ///
    /// # Errors
    ///
    /// All rules that cannot be.
    pub fn rules(
        &self,
        check_expr: &dyn Fn(&str) -> Result<(), String>,
    ) -> Result<Vec<Group>, AlertError> {
        RuleFile { groups: self.groups.clone() }.check(check_expr)
    }

    pub(crate) fn routes(&self, problems: &mut Vec<String>) -> Routes {
        let names = self.receivers.iter().map(|receiver| receiver.name.as_str()).collect();
        Routes::check(&self.route, &names, problems)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_problem_is_listed_and_no_secret_shown() {
        let config: Config = toml::from_str(
            r#"
            resolve_timeout = "0s"
            [route]
            receiver = "nobody"
            [[receivers]]
            name = "a"
            [[receivers.email_configs]]
            to = "a@b.example, c"
            from = "x\r\nBcc: everybody@example.org"
            smarthost = "mail"
            hello = "a\r\nb"
            auth_username = "me"
            auth_password = "hunter2"
            require_tls = false
            [[receivers]]
            name = "a"
            webhook_configs = [{ url = "http://127.0.0.1/hunter2", bearer_token = "hunter2" }]
            [[inhibit_rules]]
            equal = ["a-b"]
            [[groups]]
            name = "g"
            rules = [{ expr = "x" }]
            [delivery.retry]
            attempts = 0
            "#,
        )
        .unwrap();
        let expected = [
            "receivers[0].email_configs[0].to: expected addresses with commas between, found a@b.example, c",
            "receivers[0].email_configs[0].from: expected an address, found x\r\nBcc: everybody@example.org",
            "receivers[0].email_configs[0].smarthost: expected a server as host:port, found mail",
            "receivers[0].email_configs[0].hello: expected a name of a machine, found a\\r\\nb",
            "receivers[0].email_configs[0].require_tls: expected true where there is a password, found false",
            "receivers.a: expected one receiver of that name",
            "route.receiver: expected one of the receivers, found nobody",
            "inhibit_rules[0].source_matchers: expected a matcher, found none",
            "inhibit_rules[0].target_matchers: expected a matcher, found none",
            "inhibit_rules[0].equal: expected names of labels, found a-b",
            "resolve_timeout: expected some time, found none",
            "delivery.retry.attempts: expected 1 to 20, found 0",
            "groups.g.rules[0]: expected either alert or record, found both or neither",
        ];
        assert_eq!(config.problems(), expected);
        assert!(!format!("{config:?}").contains("hunter2"));
    }
}
