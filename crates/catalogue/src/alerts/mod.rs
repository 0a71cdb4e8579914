//! The table of alerts, by area.

mod agent;
mod engine;
mod memory;
mod resilience;
mod resources;
mod security;
mod serving;
mod slo;
mod watching;

use crate::alert::{Alert, Area, Case, Runbook, Severity};

/// Every alert, by area.
pub const ALERTS: &[&[Alert]] = &[
    serving::ALERTS,
    slo::ALERTS,
    engine::ALERTS,
    memory::ALERTS,
    agent::ALERTS,
    security::ALERTS,
    resilience::ALERTS,
    resources::ALERTS,
    watching::ALERTS,
];

/// Series and values.
type Samples = &'static [(&'static str, &'static str)];

/// An alert that is not finished: the rest of its table row follows by name.
const fn alert(area: Area, severity: Severity, name: &'static str, expr: &'static str) -> Alert {
    const NO_CASE: Case = Case { series: &[], labels: &[], value: "" };
    let runbook = Runbook { meaning: "", look: "", act: "" };
    Alert {
        name,
        area,
        severity,
        expr,
        hold: "0s",
        keep: "0s",
        summary: "",
        runbook,
        fires: NO_CASE,
        silent: NO_CASE,
    }
}

impl Alert {
    const fn hold(mut self, hold: &'static str) -> Self {
        self.hold = hold;
        self
    }

    const fn keep(mut self, keep: &'static str) -> Self {
        self.keep = keep;
        self
    }

    const fn says(
        mut self,
        summary: &'static str,
        meaning: &'static str,
        look: &'static str,
        act: &'static str,
    ) -> Self {
        self.summary = summary;
        self.runbook = Runbook { meaning, look, act };
        self
    }

    const fn fires(
        mut self,
        series: Samples,
        labels: &'static [(&'static str, &'static str)],
        value: &'static str,
    ) -> Self {
        self.fires = Case { series, labels, value };
        self
    }

    const fn silent(mut self, series: Samples) -> Self {
        self.silent = Case { series, labels: &[], value: "" };
        self
    }
}
