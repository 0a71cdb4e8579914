//! What one frame shows, asked of the server: a page of panels, health, alerts, spikes.

use std::collections::VecDeque;

use anyhow::Result;
use catalogue::{PAGES, Page, Panel, PanelKind};
use serde::{Serialize, Serializer};

use crate::watched::{Alert, Frame, Health, Series, Span, Watched};

/// Time that lines show (seconds), and points in it.
const SHOWN_SECONDS: f64 = 300.0;
const POINTS: f64 = 60.0;

/// Steps of a raster that are kept; older ones go.
const MAX_STEPS: usize = 160;

/// The panels of the first page, from the pages of the catalogue.
const NOW: &[(&str, &str)] = &[
    ("overview", "rate"),
    ("overview", "errors"),
    ("overview", "latency"),
    ("engine", "steps"),
    ("overview", "spikes"),
    ("engine", "sparsity"),
    ("overview", "load"),
    ("resources", "memory"),
    ("resources", "cpu"),
    ("resources", "disk"),
    ("resources", "gpu"),
    ("overview", "sessions"),
    ("serving", "queue"),
    MODELS,
];

/// The panel that names the models.
const MODELS: (&str, &str) = ("engine", "versions");

/// A page of the view: the first is made of other pages' panels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    Now,
    Page(usize),
}

impl Shown {
    pub(super) fn all() -> impl Iterator<Item = Self> {
        std::iter::once(Self::Now).chain((0..PAGES.len()).map(Self::Page))
    }

    /// The page of that name.
    pub(super) fn named(name: &str) -> Option<Self> {
        Self::all().find(|shown| shown.id() == name)
    }

    fn page(self) -> Option<&'static Page> {
        match self {
            Self::Now => None,
            Self::Page(k) => PAGES.get(k),
        }
    }

    pub(super) fn id(self) -> &'static str {
        self.page().map_or("now", |page| page.id)
    }

    pub(super) fn title(self) -> &'static str {
        self.page().map_or("Now", |page| page.title)
    }

    /// The page after it; the first after the last.
    pub(super) fn next(self) -> Self {
        Self::all().skip_while(|shown| *shown != self).nth(1).unwrap_or(Self::Now)
    }

    pub(super) fn panels(self) -> Vec<(&'static str, &'static Panel)> {
        match self.page() {
            Some(page) => page.panels.iter().map(|panel| (page.id, panel)).collect(),
            None => NOW.iter().filter_map(|(page, id)| found(page, id)).collect(),
        }
    }
}

/// A panel of the catalogue.
fn found(page: &str, id: &str) -> Option<(&'static str, &'static Panel)> {
    let page = PAGES.iter().find(|p| p.id == page)?;
    page.panels.iter().find(|panel| panel.id == id).map(|panel| (page.id, panel))
}

/// A panel with what it shows.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Filled {
    pub(super) page: &'static str,
    #[serde(flatten, serialize_with = "about")]
    pub(super) panel: &'static Panel,
    pub(super) series: Vec<Series>,
}

/// What a document says of a panel.
fn about<S: Serializer>(panel: &&'static Panel, to: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct About {
        id: &'static str,
        title: &'static str,
        help: &'static str,
        unit: &'static str,
    }
    About { id: panel.id, title: panel.title, help: panel.help, unit: panel.unit }.serialize(to)
}

impl Filled {
    pub(super) fn is_over_time(&self) -> bool {
        matches!(self.panel.kind, PanelKind::Lines | PanelKind::Number)
    }
}

/// Everything that a frame shows but the spikes.
#[derive(Clone, Debug, Serialize)]
pub(super) struct View {
    pub(super) url: String,
    pub(super) page: &'static str,
    /// The server's time.
    pub(super) span: Span,
    pub(super) health: Health,
    pub(super) alerts: Vec<Alert>,
    pub(super) panels: Vec<Filled>,
    /// The models that can be served.
    pub(super) models: Vec<String>,
}

impl View {
    /// Asks the server for a page.
    pub(super) fn ask(server: &Watched, shown: Shown) -> Result<Self> {
        let now = server.now()?;
        let step = SHOWN_SECONDS / POINTS;
        let span = Span { start: now - SHOWN_SECONDS, end: now, step };
        let fill = |(page, panel): (&'static str, &'static Panel)| {
            server.panel(panel, &span).map(|series| Filled { page, panel, series })
        };
        let panels = shown.panels().into_iter().map(fill).collect::<Result<Vec<_>>>()?;
        let models = found(MODELS.0, MODELS.1).map(|panel| panel.1);
        let models = models.map(|panel| server.panel(panel, &span)).transpose()?;
        Ok(Self {
            url: server.url().to_owned(),
            page: shown.id(),
            span,
            health: server.health()?,
            alerts: server.alerts()?,
            panels,
            models: ready(&models.unwrap_or_default()),
        })
    }

    /// The series of a panel; none where the page does not have it.
    pub(super) fn series(&self, page: &str, id: &str) -> &[Series] {
        let found = self.panels.iter().find(|f| f.page == page && f.panel.id == id);
        found.map_or(&[], |filled| &filled.series)
    }

    /// The last value of a panel's series of that name.
    pub(super) fn last(&self, page: &str, id: &str, name: &str) -> Option<f64> {
        self.series(page, id).iter().find(|s| s.name == name)?.last()
    }

    /// The sum of the last values of a panel's series.
    pub(super) fn sum(&self, page: &str, id: &str) -> Option<f64> {
        self.series(page, id).iter().filter_map(Series::last).reduce(|a, b| a + b)
    }
}

/// The models that have a version which can be served, each once.
fn ready(versions: &[Series]) -> Vec<String> {
    let served = versions.iter().filter(|one| one.last() == Some(1.0));
    let mut models: Vec<String> =
        served.filter_map(|one| one.labels.get("model").cloned()).collect();
    models.sort();
    models.dedup();
    models
}

/// The last steps of a model's requests.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Steps {
    pub(super) model: Option<String>,
    pub(super) frames: VecDeque<Frame>,
    /// Why there are no spikes.
    pub(super) fault: Option<String>,
}

impl Steps {
    pub(super) fn of(model: Option<String>) -> Self {
        Self { model, ..Self::default() }
    }

    /// Takes a frame; the oldest go.
    pub(super) fn push(&mut self, frame: Frame) {
        self.fault = None;
        self.frames.push_back(frame);
        while self.frames.len() > 1 && self.steps() > MAX_STEPS {
            self.frames.pop_front();
        }
    }

    /// Steps that are kept.
    pub(super) fn steps(&self) -> usize {
        self.frames.iter().map(|frame| frame.steps).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::{Frame, NOW, Shown, Steps, found};

    #[test]
    fn the_first_page_is_made_of_panels_of_the_catalogue() {
        for (page, id) in NOW {
            assert!(found(page, id).is_some(), "{page}/{id}");
        }
        assert_eq!(Shown::Now.panels().len(), NOW.len());
    }

    #[test]
    fn every_page_comes_round() {
        let mut seen = Vec::new();
        let mut page = Shown::Now;
        while !seen.contains(&page) {
            seen.push(page);
            assert_eq!(Shown::named(page.id()), Some(page));
            page = page.next();
        }
        assert_eq!(seen, Shown::all().collect::<Vec<_>>());
    }

    #[test]
    fn old_steps_go() {
        let mut steps = Steps::default();
        let frame = |steps| Frame { steps, populations: Vec::new(), rates: Vec::new() };
        (0..50).for_each(|_| steps.push(frame(25)));
        assert_eq!(steps.steps(), super::MAX_STEPS / 25 * 25);
        steps.push(frame(100_000));
        assert_eq!(steps.frames.len(), 1);
    }
}
