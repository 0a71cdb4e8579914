//! Prometheus rule files, and unit tests for `promtool`.

use std::fmt::Write;

use super::{HEAD, quoted, runbook_address};
use crate::alert::{Alert, Area, Case};
use crate::slo;

/// When the cases of alerts are looked at: their samples are a minute apart and go so far.
const CASE_MINUTES: usize = 120;

/// The rule file: objectives, then the alerts of each area.
pub fn rules() -> String {
    let mut text = format!("{HEAD}groups:\n  - name: striatum-objectives\n    rules:\n");
    for record in slo::records() {
        let _ = writeln!(
            text,
            "      - record: {}\n        expr: {}",
            record.name,
            quoted(&record.expr)
        );
        text.push_str("        labels:\n");
        for (name, value) in &record.labels {
            let _ = writeln!(text, "          {name}: {}", quoted(value));
        }
    }
    for area in Area::ALL {
        let _ = write!(text, "  - name: striatum-{}\n    rules:\n", area.name());
        for alert in Alert::all().filter(|alert| alert.area == area) {
            let _ = writeln!(
                text,
                "      - alert: {}\n        expr: {}",
                alert.name,
                quoted(alert.expr)
            );
            let _ = writeln!(text, "        for: {}", alert.hold);
            if alert.keep != "0s" {
                let _ = writeln!(text, "        keep_firing_for: {}", alert.keep);
            }
            let (severity, area) = (alert.severity.name(), area.name());
            let _ = writeln!(
                text,
                "        labels:\n          severity: {severity}\n          area: {area}"
            );
            text.push_str("        annotations:\n");
            for (name, value) in alert.annotations() {
                let _ = writeln!(text, "          {name}: {}", quoted(&value));
            }
        }
    }
    text
}

/// Unit tests of the rule file: each alert fires in one case and is silent in another.
pub fn rule_tests() -> String {
    let mut text = format!("{HEAD}rule_files: [rules.yml]\nevaluation_interval: 1m\ntests:\n");
    for alert in Alert::all() {
        begin(&mut text, alert, "fires", &alert.fires);
        text.push_str("        exp_alerts:\n          - exp_labels:\n");
        let own = [("severity", alert.severity.name()), ("area", alert.area.name())];
        for (name, value) in own.iter().chain(alert.fires.labels) {
            let _ = writeln!(text, "              {name}: {}", quoted(value));
        }
        text.push_str("            exp_annotations:\n");
        for (name, value) in alert.annotations() {
            let value = filled(&value, &alert.fires);
            let _ = writeln!(text, "              {name}: {}", quoted(&value));
        }
        begin(&mut text, alert, "is silent", &alert.silent);
        text.push_str("        exp_alerts: []\n");
    }
    text
}

fn begin(text: &mut String, alert: &Alert, what: &str, case: &Case) {
    let _ = writeln!(text, "  - name: {} {what}\n    interval: 1m\n    input_series:", alert.name);
    for (series, values) in case.series {
        let series = quoted(series);
        let _ = writeln!(text, "      - series: {series}\n        values: {}", quoted(values));
    }
    let _ = writeln!(text, "    alert_rule_test:\n      - eval_time: {CASE_MINUTES}m");
    let _ = writeln!(text, "        alertname: {}", alert.name);
}

/// A template with the labels and the value of a case.
fn filled(template: &str, case: &Case) -> String {
    let mut text = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{ ") {
        let Some((action, after)) = after.split_once(" }}") else { break };
        text.push_str(before);
        let label = action.strip_prefix("$labels.");
        let found = label.and_then(|l| case.labels.iter().find(|(name, _)| *name == l));
        text.push_str(found.map_or(case.value, |(_, value)| value));
        rest = after;
    }
    text + rest
}

impl Alert {
    /// Its annotations: templates in the notation of Prometheus.
    pub fn annotations(&self) -> [(&'static str, String); 4] {
        let dashboard = match self.area {
            Area::Watching => "health",
            area => area.name(),
        };
        [
            ("summary", self.summary.to_owned()),
            ("description", self.runbook.meaning.to_owned()),
            ("runbook_url", runbook_address(self.name)),
            ("dashboard_url", format!("/#{dashboard}")),
        ]
    }
}
