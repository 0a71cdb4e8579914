//! What an alert is: a rule, what it means, and two cases that show when it fires.

/// A rule that fires while its expression gives anything.
#[derive(Clone, Copy, Debug)]
pub struct Alert {
    /// Its name.
    pub name: &'static str,
    /// What it is about; notifications are routed by it.
    pub area: Area,
    /// How bad it is.
    pub severity: Severity,
    /// The expression; every selector carries its braces.
    pub expr: &'static str,
    /// How long the expression must hold before it fires, in Prometheus' notation.
    pub hold: &'static str,
    /// How long it goes on firing when the expression no longer holds.
    pub keep: &'static str,
    /// One line: what is wrong.
    pub summary: &'static str,
    /// What it means, what to look at, what to do.
    pub runbook: Runbook,
    /// Samples under which it fires.
    pub fires: Case,
    /// Samples under which it is silent.
    pub silent: Case,
}

/// What whoever is called at night wants to know.
#[derive(Clone, Copy, Debug)]
pub struct Runbook {
    /// What it means for those who use the server.
    pub meaning: &'static str,
    /// What to look at.
    pub look: &'static str,
    /// What to do.
    pub act: &'static str,
}

/// Samples, a minute apart.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// Series and values in the notation of `promtool test rules`.
    pub series: &'static [(&'static str, &'static str)],
    /// Labels of the alert beside severity and area.
    pub labels: &'static [(&'static str, &'static str)],
    /// What the template of the value gives.
    pub value: &'static str,
}

/// What an alert is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Area {
    /// Answers: errors, latency, load.
    Serving,
    /// Networks: what they do.
    Engine,
    /// Credentials, roles, the audit log.
    Security,
    /// Breakers, dead letters, stores, backups.
    Resilience,
    /// Processor, memory, disk, threads, GPUs.
    Resources,
    /// The monitoring itself.
    Watching,
}

/// How bad an alert is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Good to know.
    Info,
    /// Somebody should look in working hours.
    Warning,
    /// Somebody must look now.
    Critical,
}

impl Area {
    /// Every area.
    pub const ALL: [Self; 6] = [
        Self::Serving,
        Self::Engine,
        Self::Security,
        Self::Resilience,
        Self::Resources,
        Self::Watching,
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Serving => "serving",
            Self::Engine => "engine",
            Self::Security => "security",
            Self::Resilience => "resilience",
            Self::Resources => "resources",
            Self::Watching => "watching",
        }
    }
}

impl Severity {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

impl Alert {
    /// The alert of that name.
    pub fn named(name: &str) -> Option<&'static Self> {
        Self::all().find(|alert| alert.name == name)
    }

    /// Every alert.
    pub fn all() -> impl Iterator<Item = &'static Self> {
        crate::alerts::ALERTS.iter().flat_map(|area| area.iter())
    }
}

#[cfg(test)]
mod tests {
    use super::Alert;
    use crate::expr::{metrics_in, window_free};
    use std::collections::HashSet;

    #[test]
    fn alerts_are_whole_and_name_only_what_is_emitted() {
        let mut names = HashSet::new();
        for alert in Alert::all() {
            let name = alert.name;
            assert!(names.insert(name), "{name} is defined twice");
            assert!(name.chars().all(|c| c.is_ascii_alphanumeric()), "{name}");
            assert!(window_free(alert.expr), "{name}: an alert says its windows");
            for metric in metrics_in(alert.expr) {
                assert!(crate::expr::is_known(&metric), "{name}: {metric} is not emitted");
            }
            for text in
                [alert.summary, alert.runbook.meaning, alert.runbook.look, alert.runbook.act]
            {
                assert!(text.ends_with('.'), "{name}: {text}");
            }
            for case in [&alert.fires, &alert.silent] {
                assert!(!case.series.is_empty(), "{name}: a case needs samples");
            }
            for seconds in [alert.hold, alert.keep] {
                assert!(seconds.ends_with(['s', 'm', 'h']), "{name}: {seconds}");
            }
        }
        assert!(names.len() >= 40, "{}", names.len());
    }
}
