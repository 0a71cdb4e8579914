//! Runbooks: what each alert means, what to look at, what to do.

use std::fmt::Write;

use crate::alert::{Alert, Area};

/// Where the server shows an alert's runbook.
pub fn runbook_address(alert: &str) -> String {
    format!("/runbooks#{}", alert.to_lowercase())
}

/// The page of all runbooks, as Markdown.
pub fn runbooks() -> String {
    let mut text = String::from(
        "# Runbooks\n\nGenerated from `crates/catalogue/src/alerts/`; `cargo xtask generate` renews it.\n",
    );
    for area in Area::ALL {
        for alert in Alert::all().filter(|alert| alert.area == area) {
            let Alert { name, severity, expr, hold, runbook, .. } = alert;
            let (severity, area) = (severity.name(), area.name());
            let _ = write!(
                text,
                "\n## {name}\n\n{severity}, {area}, after {hold}:\n\n```promql\n{expr}\n```\n\n\
                 **What it means.** {}\n\n**Look at.** {}\n\n**Do.** {}\n",
                runbook.meaning, runbook.look, runbook.act
            );
        }
    }
    text
}
