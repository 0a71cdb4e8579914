//! The reference page: metrics, alerts, objectives, health checks and spans.

use std::fmt::Write;

use crate::alert::Alert;
use crate::check::CHECKS;
use crate::metric::{Kind, Metric};
use crate::slo::SLOS;
use crate::span::SPANS;

/// The text of `docs/generated/signals.md`.
pub fn reference() -> String {
    let mut page = String::from(
        "# Signals\n\nGenerated from `crates/catalogue`; `cargo xtask generate` renews it.\n\n\
         ## Metrics\n\n| name | kind | unit | labels | meaning |\n| --- | --- | --- | --- | --- |\n",
    );
    for metric in Metric::all() {
        let kind = match metric.kind {
            Kind::Counter | Kind::Sum => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram(_) => "histogram",
            Kind::Info => "info",
        };
        let labels: Vec<String> =
            metric.labels.iter().map(|l| format!("`{}` (≤ {})", l.name, l.most)).collect();
        let (unit, labels) = (metric.unit().unwrap_or_default(), labels.join(", "));
        let _ =
            writeln!(page, "| `{}` | {kind} | {unit} | {labels} | {} |", metric.name, metric.help);
    }
    page.push_str(
        "\nHistograms have classic buckets, and native ones (factor 1.1) where they are asked for as protobuf.\n\n\
         ## Objectives\n\n| name | promise |\n| --- | --- |\n",
    );
    for slo in SLOS {
        let _ = writeln!(page, "| {} | {} |", slo.name, slo.help);
    }
    page.push_str("\n## Alerts\n\n| name | severity | area | after | says |\n| --- | --- | --- | --- | --- |\n");
    for alert in Alert::all() {
        let (severity, area) = (alert.severity.name(), alert.area.name());
        let name = alert.name;
        let _ = writeln!(
            page,
            "| [{name}](runbooks.md#{}) | {severity} | {area} | {} | {} |",
            name.to_lowercase(),
            alert.hold,
            alert.summary
        );
    }
    page.push_str(
        "\n## Health checks\n\n| name | budget | needed | meaning |\n| --- | --- | --- | --- |\n",
    );
    for check in CHECKS {
        let needed = if check.required { "yes" } else { "no" };
        let _ = writeln!(
            page,
            "| {} | {} ms | {needed} | {} |",
            check.name, check.budget_ms, check.help
        );
    }
    page.push_str("\n## Spans\n\n| name | attributes | meaning |\n| --- | --- | --- |\n");
    for span in SPANS {
        let attributes: Vec<String> = span.attributes.iter().map(|a| format!("`{a}`")).collect();
        let _ = writeln!(page, "| `{}` | {} | {} |", span.name, attributes.join(", "), span.help);
    }
    page
}
