//! From the tables to files: Prometheus rules and their tests, Alertmanager's configuration,
//! Grafana dashboards, runbooks and the reference page.

mod alertmanager;
mod grafana;
mod page;
mod rules;
mod runbooks;

pub use alertmanager::{INHIBITS, alertmanager};
pub use grafana::dashboard;
pub use page::reference;
pub use rules::{rule_tests, rules};
pub use runbooks::{runbook_address, runbooks};

/// What stands at the head of a generated file.
pub(crate) const HEAD: &str = "# Generated from crates/catalogue by `cargo xtask generate`.\n";

/// A text as a double-quoted scalar, which YAML and JSON share.
pub(crate) fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
