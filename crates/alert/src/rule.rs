//! Rules: as they are written, and as they are checked.
//!
//! The written form has the keys of Prometheus' rule files, so that one text, as TOML, JSON or YAML,
//! means the same to both.
//!
//! Source: Prometheus, "Defining recording rules" and "Alerting rules".

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::error::AlertError;
use crate::labels::{ALERT_NAME, METRIC_NAME, is_label_name, is_metric_name};
use crate::span::Span;
use crate::template::Template;

/// The most rules in all groups together.
pub const MAX_RULES: usize = 10_000;
/// How often a group is evaluated unless it says otherwise: a minute.
pub const DEFAULT_INTERVAL: Span = Span::from_seconds(60);
/// How often at most: ten times in a second.
pub const MIN_INTERVAL: Span = Span::from_ms(100);

/// A rule file, as it is written.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RuleFile {
    /// Its groups.
    pub groups: Vec<GroupConfig>,
}

/// A group, as it is written: rules that are evaluated one after the other.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct GroupConfig {
    /// Its name, no other group's.
    pub name: String,
    /// How often it is evaluated: [`DEFAULT_INTERVAL`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interval: Option<Span>,
    /// Its rules.
    pub rules: Vec<RuleConfig>,
}

/// A rule, as it is written: `alert` or `record`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct RuleConfig {
    /// The name of the alert.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub alert: String,
    /// The name of the series that is recorded.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub record: String,
    /// What is asked.
    pub expr: String,
    /// How long an alert is pending before it fires: not at all.
    #[serde(rename = "for", skip_serializing_if = "is_zero")]
    pub hold: Span,
    /// How long an alert goes on firing when its expression gives nothing: not at all.
    #[serde(rename = "keep_firing_for", skip_serializing_if = "is_zero")]
    pub keep_firing: Span,
    /// Labels that are added; templates where the rule alerts.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// What people are told; templates.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_zero(span: &Span) -> bool {
    *span == Span::ZERO
}

/// A group that was checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// How often it is evaluated.
    pub interval: Span,
    /// Its rules, in order.
    pub rules: Vec<Rule>,
}

/// A rule that was checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// The name of the alert, or of the series that is recorded.
    pub name: String,
    /// What is asked.
    pub expr: String,
    /// Labels that are added.
    pub labels: Vec<(String, Template)>,
    /// What it is for.
    pub kind: RuleKind,
}

/// What a rule is for.
#[derive(Clone, Debug, PartialEq)]
pub enum RuleKind {
    /// Each series of the result becomes an alert.
    Alert {
        /// How long an alert is pending before it fires.
        hold: Span,
        /// How long it goes on firing when there is nothing.
        keep_firing: Span,
        /// What people are told.
        annotations: Vec<(String, Template)>,
    },
    /// The result becomes a series of this rule's name.
    Record,
}

impl RuleFile {
    /// Checks every group and rule; `check_expr` says what is wrong with an expression.
    ///
    /// # Errors
    ///
    /// All that cannot be, each as `groups.NAME.rules[N].key: expected ..., found ...`.
    pub fn check(
        &self,
        check_expr: &dyn Fn(&str) -> Result<(), String>,
    ) -> Result<Vec<Group>, AlertError> {
        let mut problems = Vec::new();
        let mut names = BTreeSet::new();
        for group in &self.groups {
            if !names.insert(&group.name) {
                problems.push(format!("groups.{}: expected one group of that name", group.name));
            }
        }
        let n_rules: usize = self.groups.iter().map(|group| group.rules.len()).sum();
        if n_rules > MAX_RULES {
            problems.push(format!("groups: expected at most {MAX_RULES} rules, found {n_rules}"));
        }
        let groups = self.groups.iter().map(|group| group.check(check_expr, &mut problems));
        let groups = groups.collect();
        AlertError::refuse(problems)?;
        Ok(groups)
    }
}

impl GroupConfig {
    fn check(
        &self,
        check_expr: &dyn Fn(&str) -> Result<(), String>,
        problems: &mut Vec<String>,
    ) -> Group {
        let interval = self.interval.unwrap_or(DEFAULT_INTERVAL);
        let at = format!("groups.{}", self.name);
        if self.name.is_empty() {
            problems.push("groups: expected a name, found none".to_owned());
        }
        if interval < MIN_INTERVAL {
            let found = format!("at least {MIN_INTERVAL}, found {interval}");
            problems.push(format!("{at}.interval: expected {found}"));
        }
        let rule = |(n, rule): (usize, &RuleConfig)| {
            let mut check = Check { at: format!("{at}.rules[{n}]"), problems: &mut *problems };
            check.rule(rule, check_expr)
        };
        let rules = self.rules.iter().enumerate().map(rule).collect();
        Group { name: self.name.clone(), interval, rules }
    }
}

/// Checks one rule.
struct Check<'a> {
    at: String,
    problems: &'a mut Vec<String>,
}

impl Check<'_> {
    fn rule(&mut self, rule: &RuleConfig, check_expr: &dyn Fn(&str) -> Result<(), String>) -> Rule {
        let is_alert = !rule.alert.is_empty();
        if is_alert != rule.record.is_empty() {
            self.tell("", "either alert or record", "both or neither");
        }
        if rule.expr.trim().is_empty() {
            self.tell(".expr", "an expression", "none");
        } else if let Err(found) = check_expr(&rule.expr) {
            self.tell(".expr", "an expression that can be evaluated", &found);
        }
        let labels = self.templates(".labels", &rule.labels);
        for (name, _) in &labels {
            if name == METRIC_NAME || (is_alert && name == ALERT_NAME) {
                self.tell(".labels", "names that the rule does not set itself", name);
            }
        }
        let annotations = self.templates(".annotations", &rule.annotations);
        let (name, kind) = if is_alert {
            let (hold, keep_firing) = (rule.hold, rule.keep_firing);
            (&rule.alert, RuleKind::Alert { hold, keep_firing, annotations })
        } else {
            self.recording(rule);
            (&rule.record, RuleKind::Record)
        };
        Rule { name: name.clone(), expr: rule.expr.clone(), labels, kind }
    }

    fn recording(&mut self, rule: &RuleConfig) {
        if !rule.record.is_empty() && !is_metric_name(&rule.record) {
            self.tell(".record", "a name of a metric", &rule.record);
        }
        for (key, is_set) in [
            (".for", rule.hold != Span::ZERO),
            (".keep_firing_for", rule.keep_firing != Span::ZERO),
            (".annotations", !rule.annotations.is_empty()),
        ] {
            if is_set {
                self.tell(key, "none, as the rule records", "one");
            }
        }
    }

    fn templates(
        &mut self,
        key: &str,
        texts: &BTreeMap<String, String>,
    ) -> Vec<(String, Template)> {
        let mut templates = Vec::new();
        for (name, text) in texts {
            if !is_label_name(name) {
                self.tell(key, "names of labels", name);
            }
            match Template::new(text) {
                Ok(template) => templates.push((name.clone(), template)),
                Err(error) => self.problems.push(format!("{}{key}.{name}: {error}", self.at)),
            }
        }
        templates
    }

    fn tell(&mut self, key: &str, expected: &str, found: &str) {
        self.problems.push(format!("{}{key}: expected {expected}, found {found}", self.at));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(text: &str) -> Vec<String> {
        let file: RuleFile = toml::from_str(text).unwrap();
        let check = |expr: &str| if expr == "bad" { Err("bad".to_owned()) } else { Ok(()) };
        match file.check(&check) {
            Err(AlertError::Config(problems)) => problems,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn every_problem_is_listed() {
        let text = r#"
            [[groups]]
            name = "a"
            interval = "1ms"
            rules = [
                { alert = "A", record = "b", expr = "" },
                { alert = "A", expr = "bad", labels = { alertname = "x" } },
                { alert = "A", expr = "x", labels = { "a-b" = "{{ now }}" } },
                { record = "a-b", expr = "x", for = "1m", annotations = { a = "b" } },
            ]
            [[groups]]
            name = "a"
            rules = [{ expr = "x" }]
        "#;
        let expected = [
            "groups.a: expected one group of that name",
            "groups.a.interval: expected at least 100ms, found 1ms",
            "groups.a.rules[0]: expected either alert or record, found both or neither",
            "groups.a.rules[0].expr: expected an expression, found none",
            "groups.a.rules[1].expr: expected an expression that can be evaluated, found bad",
            "groups.a.rules[1].labels: expected names that the rule does not set itself, found \
             alertname",
            "groups.a.rules[2].labels: expected names of labels, found a-b",
            "groups.a.rules[2].labels.a-b: {{ now }}: expected $value, $labels.NAME, a text, a \
             number or one of humanize, humanize1024, humanizePercentage, humanizeDuration and \
             printf, found now",
            "groups.a.rules[3].record: expected a name of a metric, found a-b",
            "groups.a.rules[3].for: expected none, as the rule records, found one",
            "groups.a.rules[3].annotations: expected none, as the rule records, found one",
            "groups.a.rules[0]: expected either alert or record, found both or neither",
        ];
        assert_eq!(problems(text), expected);
    }

    #[test]
    fn unknown_keys_are_errors() {
        let text = "groups = [{ name = 'a', rules = [{ alert = 'A', expr = 'x', four = '1m' }] }]";
        assert!(toml::from_str::<RuleFile>(text).is_err());
    }
}
