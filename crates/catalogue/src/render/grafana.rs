//! Grafana dashboards in the classic JSON model, which every version from 9 on reads, kept to the
//! rules of Grafana's dashboard-linter.

use serde_json::{Value, json};

use crate::expr::{with_matchers, with_window};
use crate::panel::{Page, Panel, PanelKind};

/// The width of a dashboard in Grafana's units, and the height of a panel.
const WIDTH: u32 = 24;
const HEIGHT: u32 = 7;

/// A page as a dashboard.
pub fn dashboard(page: &Page) -> String {
    let mut panels = Vec::new();
    let (mut x, mut y) = (0, 0);
    for (k, panel) in page.panels.iter().enumerate() {
        let width = u32::from(panel.span) * WIDTH / 4;
        if x + width > WIDTH {
            (x, y) = (0, y + HEIGHT);
        }
        panels.push(drawn(panel, k, json!({ "x": x, "y": y, "w": width, "h": HEIGHT })));
        x += width;
    }
    let dashboard = json!({
        "annotations": { "list": [] },
        "description": page.help,
        "editable": false,
        "graphTooltip": 1,
        "links": [],
        "panels": panels,
        "refresh": "10s",
        "schemaVersion": 39,
        "tags": ["striatum"],
        "templating": { "list": [
            {
                "name": "datasource", "label": "Data source", "type": "datasource",
                "query": "prometheus", "current": {}, "hide": 0, "regex": "",
            },
            variable("job", "Job", "label_values(striatum_build_info{}, job)"),
            variable("instance", "Instance", "label_values(striatum_build_info{job=~\"$job\"}, instance)"),
        ] },
        "time": { "from": "now-1h", "to": "now" },
        "timezone": "",
        "title": format!("Striatum / {}", page.title),
        "uid": format!("striatum-{}", page.id),
    });
    let mut text = format!("{dashboard:#}");
    text.push('\n');
    text
}

fn source() -> Value {
    json!({ "type": "prometheus", "uid": "${datasource}" })
}

fn variable(name: &str, label: &str, query: &str) -> Value {
    json!({
        "name": name, "label": label, "type": "query", "datasource": source(),
        "definition": query, "query": { "query": query, "refId": name },
        "multi": true, "includeAll": true, "allValue": ".+", "refresh": 2, "sort": 1,
        "current": {}, "hide": 0, "regex": "",
    })
}

fn drawn(panel: &Panel, k: usize, at: Value) -> Value {
    let (kind, options) = match panel.kind {
        PanelKind::Lines => (
            "timeseries",
            json!({
                "legend": { "displayMode": "list", "placement": "bottom", "showLegend": true },
                "tooltip": { "mode": "multi", "sort": "desc" },
            }),
        ),
        PanelKind::Number => (
            "stat",
            json!({ "reduceOptions": { "calcs": ["lastNotNull"] }, "colorMode": "value", "graphMode": "area" }),
        ),
        PanelKind::Bars => (
            "bargauge",
            json!({ "reduceOptions": { "calcs": ["lastNotNull"] }, "orientation": "horizontal" }),
        ),
        PanelKind::Table => ("table", json!({ "showHeader": true })),
    };
    let instant = matches!(panel.kind, PanelKind::Table);
    let targets: Vec<Value> = panel
        .targets
        .iter()
        .zip('A'..='Z')
        .map(|(target, id)| {
            let expr = with_window(target.expr, "$__rate_interval");
            json!({
                "datasource": source(),
                "editorMode": "code",
                "expr": with_matchers(&expr, r#"job=~"$job",instance=~"$instance""#),
                "format": if instant { "table" } else { "time_series" },
                "instant": instant,
                "legendFormat": target.legend,
                "range": !instant,
                "refId": id.to_string(),
            })
        })
        .collect();
    json!({
        "id": k + 1,
        "type": kind,
        "title": panel.title,
        "description": panel.help,
        "datasource": source(),
        "gridPos": at,
        "fieldConfig": {
            "defaults": { "unit": panel.unit, "thresholds": thresholds(panel), "min": minimum(panel) },
            "overrides": [],
        },
        "options": options,
        "targets": targets,
    })
}

fn minimum(panel: &Panel) -> Value {
    if panel.unit == "percentunit" { json!(0) } else { Value::Null }
}

fn thresholds(panel: &Panel) -> Value {
    let step = |color: &str, value: Option<f64>| json!({ "color": color, "value": value });
    let steps = match panel.thresholds {
        None => vec![step("green", None)],
        // The smaller, the worse.
        Some((warning, error)) if error < warning => {
            vec![step("red", None), step("orange", Some(error)), step("green", Some(warning))]
        }
        Some((warning, error)) => {
            vec![step("green", None), step("orange", Some(warning)), step("red", Some(error))]
        }
    };
    json!({ "mode": "absolute", "steps": steps })
}
