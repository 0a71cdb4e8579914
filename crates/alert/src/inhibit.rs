//! Inhibition: an alert that explains others keeps them quiet.
//!
//! A rule keeps an alert quiet that its target matchers match, while an alert fires that its source
//! matchers match, with the same values of the labels in `equal`. Alerts that match both sides do
//! not keep each other quiet.
//!
//! Source: Alertmanager 0.28, "Configuration", `<inhibit_rule>`, and `inhibit/inhibit.go`.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::labels::{Labels, is_label_name};
use crate::matcher::{Matcher, all_match};

/// The most inhibition rules.
pub const MAX_INHIBIT_RULES: usize = 1000;

/// Which alerts keep which quiet.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct InhibitRule {
    /// What explains.
    pub source_matchers: Vec<Matcher>,
    /// What is kept quiet.
    pub target_matchers: Vec<Matcher>,
    /// Labels whose values both have in common; one that is missing on both sides is common too.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub equal: Vec<String>,
}

impl InhibitRule {
    pub(crate) fn problems(&self, at: &str) -> Vec<String> {
        let mut problems = Vec::new();
        for (key, matchers) in
            [("source_matchers", &self.source_matchers), ("target_matchers", &self.target_matchers)]
        {
            if matchers.is_empty() {
                problems.push(format!("{at}.{key}: expected a matcher, found none"));
            }
        }
        for name in self.equal.iter().filter(|name| !is_label_name(name)) {
            problems.push(format!("{at}.equal: expected names of labels, found {name}"));
        }
        problems
    }

    fn shared<'a>(&self, labels: &'a Labels) -> Vec<&'a str> {
        self.equal.iter().map(|name| labels.get(name)).collect()
    }
}

/// What keeps quiet at one time; made once for many questions.
pub(crate) struct Inhibitor<'a> {
    rules: &'a [InhibitRule],
    /// For each rule, the shared labels of its sources; true where one is no target as well.
    sources: Vec<HashMap<Vec<&'a str>, bool>>,
}

impl<'a> Inhibitor<'a> {
    /// From the alerts that fire.
    pub(crate) fn new(
        rules: &'a [InhibitRule],
        firing: impl Iterator<Item = &'a Labels> + Clone,
    ) -> Self {
        let sources_of = |rule: &'a InhibitRule| {
            let mut sources = HashMap::new();
            for labels in firing.clone().filter(|l| all_match(&rule.source_matchers, l)) {
                let is_target = all_match(&rule.target_matchers, labels);
                *sources.entry(rule.shared(labels)).or_insert(false) |= !is_target;
            }
            sources
        };
        Self { rules, sources: rules.iter().map(sources_of).collect() }
    }

    /// Is this alert kept quiet?
    pub(crate) fn mutes(&self, labels: &Labels) -> bool {
        self.rules.iter().zip(&self.sources).any(|(rule, sources)| {
            !sources.is_empty()
                && all_match(&rule.target_matchers, labels)
                && sources
                    .get(&rule.shared(labels))
                    .is_some_and(|has_pure| *has_pure || !all_match(&rule.source_matchers, labels))
        })
    }
}

#[cfg(test)]
mod tests {
    use std::slice::from_ref;

    use super::*;

    #[test]
    fn sources_keep_targets_quiet() {
        let rule: InhibitRule = toml::from_str(
            r#"
            source_matchers = ['severity="critical"']
            target_matchers = ['severity=~"warning|critical"', 'job="a"']
            equal = ["cluster"]
            "#,
        )
        .unwrap();
        let rules = [rule];
        let labels = |severity, job, cluster| {
            Labels::from([("severity", severity), ("job", job), ("cluster", cluster)])
        };
        let mutes = |firing: &[Labels], labels: &Labels| {
            Inhibitor::new(&rules, firing.iter()).mutes(labels)
        };
        let (pure, both) = (labels("critical", "b", "1"), labels("critical", "a", "1"));
        let target = labels("warning", "a", "1");
        assert!(mutes(from_ref(&pure), &target) && mutes(from_ref(&both), &target));
        assert!(!mutes(&[], &target) && !mutes(&[labels("critical", "b", "2")], &target));
        // What matches both sides is kept quiet by what does not, and not by its like.
        assert!(mutes(&[pure, both.clone()], &both) && !mutes(from_ref(&both), &both));
        // Labels missing on both sides are common.
        assert!(mutes(&[labels("critical", "b", "")], &labels("warning", "a", "")));
    }
}
