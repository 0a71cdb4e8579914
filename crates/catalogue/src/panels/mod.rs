//! The table of panels, by page.

mod agents;
mod engine;
mod health;
mod learners;
mod memory;
mod overview;
mod resilience;
mod resources;
mod security;
mod serving;

use crate::panel::{Page, Panel, PanelKind, Target};

/// Every page.
pub const PAGES: &[Page] = &[
    overview::PAGE,
    serving::PAGE,
    engine::PAGE,
    memory::PAGE,
    agents::PAGE,
    learners::PAGE,
    security::PAGE,
    resilience::PAGE,
    resources::PAGE,
    health::PAGE,
];

const fn target(expr: &'static str, legend: &'static str) -> Target {
    Target { expr, legend }
}

const fn panel(
    kind: PanelKind,
    (id, title, unit, span): (&'static str, &'static str, &'static str, u8),
    help: &'static str,
    targets: &'static [Target],
) -> Panel {
    Panel { id, title, help, unit, kind, span, targets, thresholds: None }
}

impl Panel {
    /// Shown as a warning from one value on and as an error from another; the other way round
    /// where the error is the smaller one.
    const fn marks(mut self, warning: f64, error: f64) -> Self {
        self.thresholds = Some((warning, error));
        self
    }
}
