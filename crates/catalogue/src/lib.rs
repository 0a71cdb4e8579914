//! Everything that can be seen, as data: metrics, spans, health checks, alerts, objectives and
//! panels. A signal exists only if it is defined here, and only what something emits is defined
//! here. [`render`] turns the tables into Prometheus rules and their tests, Grafana dashboards,
//! Alertmanager routing, runbooks and the reference page.

mod alert;
mod alerts;
mod check;
pub mod expr;
pub mod label;
mod metric;
mod metrics;
mod panel;
mod panels;
pub mod render;
pub mod slo;
mod span;

pub use alert::{Alert, Area, Case, Runbook, Severity};
pub use alerts::ALERTS;
pub use check::{CHECKS, Check};
pub use label::Label;
pub use metric::{Kind, MAX_SERIES, Metric};
pub use metrics::METRICS;
pub use panel::{Page, Panel, PanelKind, Target};
pub use panels::PAGES;
pub use span::{SPANS, Span};
