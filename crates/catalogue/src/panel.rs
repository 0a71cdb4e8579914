//! Dashboard panels: what is shown, on the page of the server and in Grafana.

/// One panel.
#[derive(Clone, Copy, Debug)]
pub struct Panel {
    /// Its name within the page.
    pub id: &'static str,
    /// What it shows, in a word or two.
    pub title: &'static str,
    /// What it shows, in a sentence.
    pub help: &'static str,
    /// Its unit, by Grafana's name.
    pub unit: &'static str,
    /// How it is drawn.
    pub kind: PanelKind,
    /// Width in quarters of the page.
    pub span: u8,
    /// What is drawn.
    pub targets: &'static [Target],
    /// From which values on it is shown as a warning and as an error.
    pub thresholds: Option<(f64, f64)>,
}

/// How a panel is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PanelKind {
    /// Lines over time.
    Lines,
    /// The value now, large.
    Number,
    /// The values now, as bars.
    Bars,
    /// The values now, as a table.
    Table,
}

/// One expression of a panel; `$w` stands for the window of rates.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// The expression.
    pub expr: &'static str,
    /// How its series are called; `{{label}}` stands for a label.
    pub legend: &'static str,
}

/// A page of panels, and a dashboard.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    /// Its name in addresses.
    pub id: &'static str,
    /// Its title.
    pub title: &'static str,
    /// What it answers.
    pub help: &'static str,
    /// Its panels, from the top left.
    pub panels: &'static [Panel],
}

#[cfg(test)]
mod tests {
    use crate::expr::{is_known, metrics_in, with_window};
    use crate::panels::PAGES;
    use std::collections::HashSet;

    #[test]
    fn panels_are_whole_and_show_only_what_is_emitted() {
        let mut pages = HashSet::new();
        for page in PAGES {
            assert!(pages.insert(page.id), "{} twice", page.id);
            let mut ids = HashSet::new();
            for panel in page.panels {
                let at = format!("{}/{}", page.id, panel.id);
                assert!(ids.insert(panel.id), "{at} twice");
                assert!(panel.help.ends_with('.') && !panel.title.is_empty(), "{at}");
                assert!((1..=4).contains(&panel.span), "{at}");
                assert!(!panel.targets.is_empty() && !panel.unit.is_empty(), "{at}");
                for target in panel.targets {
                    let expr = with_window(target.expr, "1m");
                    for metric in metrics_in(&expr) {
                        assert!(is_known(&metric), "{at}: {metric} is not emitted");
                    }
                }
            }
        }
    }
}
