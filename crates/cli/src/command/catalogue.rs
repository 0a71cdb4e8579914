//! `striatum catalogue`: the tables of everything that can be seen, and the files made of them.

use std::path::{Path, PathBuf};

use ::catalogue::{Alert, CHECKS, Kind, Metric, PAGES, PanelKind, SPANS, render, slo::SLOS};
use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use crate::{Outcome, draw};

/// List metrics, alerts, panels, checks, spans and objectives; write files for Prometheus and
/// Grafana.
#[derive(Args)]
pub(crate) struct Catalogue {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// List the metrics that the server emits.
    Metrics,
    /// List the alerts: when each fires.
    Alerts,
    /// List the panels of every page, with their expressions.
    Panels,
    /// List the health checks.
    Checks,
    /// List the spans of traces.
    Spans,
    /// List the service level objectives.
    Slos,
    /// Write rules.yml with its tests, alertmanager.yml, Grafana dashboards, runbooks and the
    /// reference of signals.
    Write {
        /// The folder; made where it is missing.
        folder: PathBuf,
    },
}

/// A table: the names of its columns, and its rows.
struct Table {
    head: Vec<&'static str>,
    rows: Vec<Vec<Value>>,
}

impl Catalogue {
    pub(crate) fn run(self, json: bool) -> Result<Outcome> {
        let (name, table) = match self.command {
            Command::Metrics => ("metrics", metrics()),
            Command::Alerts => ("alerts", alerts()),
            Command::Panels => ("panels", panels()),
            Command::Checks => ("checks", checks()),
            Command::Spans => ("spans", spans()),
            Command::Slos => ("slos", slos()),
            Command::Write { folder } => ("files", written(&folder)?),
        };
        if json {
            println!("{:#}", json!({ name: table.as_json() }));
        } else {
            print!("{}", table.as_text());
        }
        Ok(Outcome::Done)
    }
}

impl Table {
    fn as_json(&self) -> Vec<Value> {
        let names = || self.head.iter().map(ToString::to_string);
        let object = |row: &Vec<Value>| names().zip(row.iter().cloned()).collect::<Map<_, _>>();
        self.rows.iter().map(|row| object(row).into()).collect()
    }

    fn as_text(&self) -> String {
        let rows: Vec<Vec<String>> =
            self.rows.iter().map(|row| row.iter().map(cell).collect()).collect();
        draw::table(&self.head, &rows)
    }
}

/// A value as people read it.
fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(true) => "yes".into(),
        Value::Bool(false) => "no".into(),
        Value::String(text) => text.clone(),
        Value::Array(all) => all.iter().map(cell).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

fn metrics() -> Table {
    let row = |metric: &Metric| {
        let kind = match metric.kind {
            Kind::Counter | Kind::Sum => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram(_) => "histogram",
            Kind::Info => "info",
        };
        let labels: Vec<&str> = metric.labels.iter().map(|label| label.name).collect();
        vec![
            json!(metric.name),
            json!(kind),
            json!(metric.unit()),
            json!(labels),
            json!(metric.help),
        ]
    };
    let head = vec!["name", "kind", "unit", "labels", "help"];
    Table { head, rows: Metric::all().map(row).collect() }
}

fn alerts() -> Table {
    let row = |alert: &Alert| {
        let Alert { name, hold, summary, expr, .. } = alert;
        let (severity, area) = (alert.severity.name(), alert.area.name());
        [*name, severity, area, *hold, *summary, *expr].map(Value::from).to_vec()
    };
    let head = vec!["name", "severity", "area", "after", "summary", "expr"];
    Table { head, rows: Alert::all().map(row).collect() }
}

fn panels() -> Table {
    let mut rows = Vec::new();
    for page in PAGES {
        for panel in page.panels {
            let kind = match panel.kind {
                PanelKind::Lines => "lines",
                PanelKind::Number => "number",
                PanelKind::Bars => "bars",
                PanelKind::Table => "table",
            };
            let exprs: Vec<&str> = panel.targets.iter().map(|target| target.expr).collect();
            let words = [page.id, panel.id, panel.title, panel.unit, kind].map(Value::from);
            rows.push([&words[..], &[json!(exprs)]].concat());
        }
    }
    Table { head: vec!["page", "panel", "title", "unit", "kind", "exprs"], rows }
}

fn checks() -> Table {
    let checks = CHECKS.iter();
    let rows = checks.map(|check| {
        vec![json!(check.name), json!(check.budget_ms), json!(check.required), json!(check.help)]
    });
    Table { head: vec!["name", "budget_ms", "required", "help"], rows: rows.collect() }
}

fn spans() -> Table {
    let rows = SPANS.iter();
    let rows = rows.map(|span| vec![json!(span.name), json!(span.attributes), json!(span.help)]);
    Table { head: vec!["name", "attributes", "help"], rows: rows.collect() }
}

fn slos() -> Table {
    let rows = SLOS.iter().map(|slo| {
        vec![json!(slo.name), json!(slo.objective), json!(slo.help), json!(slo.bad), json!(slo.all)]
    });
    Table { head: vec!["name", "objective", "help", "bad", "all"], rows: rows.collect() }
}

/// Writes every file; gives their names.
fn written(folder: &Path) -> Result<Table> {
    let mut files = vec![
        ("rules.yml".to_owned(), render::rules()),
        ("rules.test.yml".to_owned(), render::rule_tests()),
        ("alertmanager.yml".to_owned(), render::alertmanager()),
        ("runbooks.md".to_owned(), render::runbooks()),
        ("signals.md".to_owned(), render::reference()),
    ];
    let dashboard = |page| render::dashboard(page);
    files.extend(PAGES.iter().map(|p| (format!("grafana/{}.json", p.id), dashboard(p))));
    let grafana = folder.join("grafana");
    std::fs::create_dir_all(&grafana).with_context(|| grafana.display().to_string())?;
    let mut rows = Vec::new();
    for (name, text) in files {
        let path = folder.join(name);
        std::fs::write(&path, &text).with_context(|| path.display().to_string())?;
        rows.push(vec![json!(path), json!(text.len())]);
    }
    Ok(Table { head: vec!["file", "bytes"], rows })
}
