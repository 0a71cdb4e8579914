//! `striatum report`: what a server did in a time, as Markdown, HTML or JSON.

mod html;

use std::fmt::Write;
use std::path::PathBuf;
use std::time::{Duration, UNIX_EPOCH};

use anyhow::{Context, Result};
use catalogue::{PAGES, Page, Panel};
use clap::{Args, ValueEnum};
use history::http::parse_duration;
use observe::telemetry::rfc3339;
use serde_json::{Value, json};

use crate::Outcome;
use crate::unit::{seconds, shown};
use crate::watched::{Alert, Health, Series, ServerFlags, Span, Watched};

/// Points of a line, and the shortest time between two (seconds).
const POINTS: f64 = 120.0;
const MIN_STEP_SECONDS: f64 = 5.0;

/// The longest time that is reported: the history keeps no more.
const MAX_SINCE_MS: i64 = 366 * 86_400_000;

/// Write a report of what a server did: every page of panels, alerts, health, models.
#[derive(Args)]
pub(crate) struct Report {
    #[command(flatten)]
    server: ServerFlags,
    /// How far back it goes, such as 30m, 1h or 7d.
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = since)]
    since: f64,
    /// How it is written.
    #[arg(long, default_value = "markdown")]
    format: Format,
    /// The file to write [default: standard output].
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    Markdown,
    Html,
}

fn since(text: &str) -> Result<f64, String> {
    let expected = || "expected a time of 1m to 366d, such as 30m or 7d".to_owned();
    let ms = parse_duration(text).map_err(|_| expected())?;
    (60_000..=MAX_SINCE_MS).contains(&ms).then_some(ms as f64 / 1e3).ok_or_else(expected)
}

/// What a server did.
struct Told {
    url: String,
    span: Span,
    health: Health,
    alerts: Vec<Alert>,
    pages: Vec<(&'static Page, Vec<Filled>)>,
}

/// A panel with its series.
struct Filled {
    panel: &'static Panel,
    series: Vec<Series>,
}

impl Report {
    pub(crate) fn run(self, json: bool) -> Result<Outcome> {
        let told = Told::ask(&Watched::reached(&self.server)?, self.since)?;
        let text = match (json, self.format) {
            (true, _) => format!("{:#}\n", told.as_json()),
            (_, Format::Markdown) => told.as_markdown(),
            (_, Format::Html) => html::page(&told),
        };
        match &self.output {
            Some(path) => std::fs::write(path, text).with_context(|| path.display().to_string())?,
            None => print!("{text}"),
        }
        Ok(Outcome::Done)
    }
}

impl Told {
    fn ask(server: &Watched, since: f64) -> Result<Self> {
        let end = server.now()?;
        let step = (since / POINTS).max(MIN_STEP_SECONDS);
        let span = Span { start: end - since, end, step };
        let fill = |panel: &'static Panel| {
            server.over(panel, &span).map(|series| Filled { panel, series })
        };
        let page = |page: &'static Page| {
            page.panels.iter().map(fill).collect::<Result<_>>().map(|panels| (page, panels))
        };
        Ok(Self {
            url: server.url().to_owned(),
            span,
            health: server.health()?,
            alerts: server.alerts()?,
            pages: PAGES.iter().map(page).collect::<Result<_>>()?,
        })
    }

    /// What the report is of, in a sentence.
    fn summary(&self) -> String {
        let Health { version, status, score, uptime_seconds, .. } = &self.health;
        format!(
            "{} to {} ({}): striatum {version}, up {}, {status}, score {}.",
            time(self.span.start),
            time(self.span.end),
            seconds(self.span.end - self.span.start),
            seconds(*uptime_seconds),
            shown(Some(*score), "percentunit")
        )
    }

    /// The versions of models, with whether they can be served.
    fn models(&self) -> Vec<(String, bool)> {
        let panels =
            self.pages.iter().flat_map(|(page, panels)| panels.iter().map(|p| (page.id, p)));
        let versions = panels.filter(|(page, p)| (*page, p.panel.id) == ("engine", "versions"));
        versions
            .flat_map(|(_, filled)| &filled.series)
            .map(|one| (one.name.clone(), one.last() == Some(1.0)))
            .collect()
    }

    fn as_json(&self) -> Value {
        let series = |one: &Series| {
            json!({ "name": one.name, "labels": one.labels,
                    "last": one.last(), "mean": one.mean(), "max": one.max() })
        };
        let panel = |Filled { panel, series: all }: &Filled| {
            let all: Vec<Value> = all.iter().map(series).collect();
            json!({ "id": panel.id, "title": panel.title, "unit": panel.unit, "series": all })
        };
        let page = |(page, panels): &(&Page, Vec<Filled>)| {
            let panels: Vec<Value> = panels.iter().map(panel).collect();
            json!({ "id": page.id, "title": page.title, "panels": panels })
        };
        let model = |(name, ready): (String, bool)| json!({ "name": name, "ready": ready });
        json!({
            "url": self.url,
            "span": self.span,
            "health": self.health,
            "alerts": self.alerts,
            "models": self.models().into_iter().map(model).collect::<Vec<_>>(),
            "pages": self.pages.iter().map(page).collect::<Vec<_>>(),
        })
    }

    fn as_markdown(&self) -> String {
        let mut text = format!("# {}\n\n{}\n\n## Alerts\n\n", self.url, self.summary());
        if self.alerts.is_empty() {
            text.push_str("Nothing fires.\n");
        } else {
            table(&mut text, &["alert", "state", "severity", "since", "says"], &self.alert_rows());
        }
        text.push_str("\n## Checks\n\n");
        table(&mut text, &["check", "status", "time", "detail"], &self.check_rows());
        text.push_str("\n## Models\n\n");
        for (name, ready) in self.models() {
            let _ = writeln!(text, "- {name}: {}", if ready { "ready" } else { "not ready" });
        }
        for (page, panels) in &self.pages {
            let _ = write!(text, "\n## {}\n\n{}\n\n", page.title, page.help);
            let rows: Vec<_> = panels.iter().flat_map(rows).collect();
            table(&mut text, &["panel", "series", "last", "mean", "max"], &rows);
        }
        text
    }

    fn alert_rows(&self) -> Vec<[String; 5]> {
        let row = |alert: &Alert| {
            [&alert.name, &alert.state, &alert.severity, &alert.since, &alert.summary]
                .map(Clone::clone)
        };
        self.alerts.iter().map(row).collect()
    }

    fn check_rows(&self) -> Vec<[String; 4]> {
        let checks = self.health.checks.iter();
        checks
            .map(|c| [c.name.clone(), c.status.clone(), seconds(c.took_ms / 1e3), c.detail.clone()])
            .collect()
    }
}

/// A row for each series of a panel; one that says nothing where there is none.
fn rows(Filled { panel, series }: &Filled) -> Vec<[String; 5]> {
    let row = |name: &str, values: [Option<f64>; 3]| {
        let [last, mean, max] = values.map(|value| shown(value, panel.unit));
        [panel.title.to_owned(), name.to_owned(), last, mean, max]
    };
    if series.is_empty() {
        return vec![row("", [None; 3])];
    }
    series.iter().map(|one| row(&one.name, [one.last(), one.mean(), one.max()])).collect()
}

/// A table of Markdown.
fn table<const N: usize>(text: &mut String, head: &[&str; N], rows: &[[String; N]]) {
    let _ = writeln!(text, "| {} |\n|{}", head.join(" | "), " --- |".repeat(N));
    for row in rows {
        let cells: Vec<String> =
            row.iter().map(|cell| cell.replace('|', "\\|").replace('\n', " ")).collect();
        let _ = writeln!(text, "| {} |", cells.join(" | "));
    }
}

/// A time (seconds since 1970), to the second.
fn time(seconds: f64) -> String {
    rfc3339(UNIX_EPOCH + Duration::from_secs(seconds.max(0.0) as u64))
}

#[cfg(test)]
mod tests {
    use super::{since, table};

    #[test]
    fn a_time_is_a_duration_of_prometheus() {
        assert_eq!(since("1h"), Ok(3600.0));
        assert_eq!(since("7d"), Ok(604_800.0));
        for wrong in ["", "1", "-1h", "10s", "9y", "soon"] {
            assert!(since(wrong).is_err_and(|e| e.starts_with("expected")), "{wrong}");
        }
    }

    #[test]
    fn a_cell_ends_no_cell() {
        let mut text = String::new();
        table(&mut text, &["a", "b"], &[["x|y".into(), "1\n2".into()]]);
        assert_eq!(text, "| a | b |\n| --- | --- |\n| x\\|y | 1 2 |\n");
    }
}
