//! What shows a running server: `top`, `report`; and `catalogue`, which needs none.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::operate::{Serving, demo_models, digit, name};
use crate::{json, root, striatum, text};

/// A server that gathers often and has answered ten requests.
fn busy(state: &Path) -> Serving {
    let often = [("STRIATUM_HISTORY_GATHER_SECONDS", "0.1")];
    let server = Serving::with(&["--state", name(state)], &demo_models(), &often);
    for _ in 0..10 {
        let (status, answer) = server.ask("POST", "/v2/models/digits/infer", "", &digit());
        assert_eq!(status, 200, "{answer}");
    }
    // Two samples make a rate.
    while last(
        &server,
        "count_over_time(striatum_requests_total{outcome=\"ok\",model=\"digits\"}[5m])",
    ) < 3.0
    {}
    server
}

/// The value of an expression that gives one.
fn last(server: &Serving, expr: &str) -> f64 {
    let escaped: String = expr.bytes().map(|b| format!("%{b:02x}")).collect();
    let path = format!("/api/v1/query?query={escaped}");
    let answer = server.ask("GET", &path, "", &Value::Null).1;
    let value = answer["data"]["result"][0]["value"][1].as_str();
    value.and_then(|text| text.parse().ok()).unwrap_or(0.0)
}

/// The last value of a series in the document of `top`.
fn shown(view: &Value, page: &str, panel: &str, series: &str) -> Option<f64> {
    let panels = view["panels"].as_array()?;
    let panel = panels.iter().find(|p| p["page"] == page && p["id"] == panel)?;
    let series = panel["series"].as_array()?.iter().find(|s| s["name"] == series)?;
    series["values"].as_array()?.last()?[1].as_f64()
}

#[test]
fn top_shows_what_the_api_gives() {
    let folder = tempfile::tempdir().unwrap();
    let server = busy(folder.path());
    let url = format!("http://{}", server.address);
    let view = json(&["top", "--url", &url], 0)["view"].take();
    assert_eq!(view["models"], json!(["digits"]));
    assert_eq!(view["health"]["checks"].as_array().unwrap().len(), catalogue::CHECKS.len());
    let limit = last(&server, "striatum_cpu_limit{}");
    assert!(limit > 0.0);
    assert_eq!(shown(&view, "resources", "cpu", "limit"), Some(limit));
    assert_eq!(shown(&view, "overview", "sessions", "sessions"), Some(0.0));
    assert!(shown(&view, "overview", "rate", "requests").is_some(), "{view}");

    // What no terminal shows is one frame of text, as wide as asked.
    for columns in [60_usize, 100, 200] {
        let output = Command::new(env!("CARGO_BIN_EXE_striatum"))
            .args(["top", "--once", "--url", &url])
            .env("COLUMNS", columns.to_string())
            .output()
            .unwrap();
        let frame = text(&output.stdout);
        assert!(output.status.success(), "{}", text(&output.stderr));
        assert!(frame.lines().all(|line| line.chars().count() <= columns), "{frame}");
        for part in ["Requests", "Latency", "Spikes of digits", "Alerts", "Health", "processor"] {
            assert!(frame.contains(part), "{part} is missing at {columns}:\n{frame}");
        }
    }
    for page in catalogue::PAGES {
        let frame = text(&striatum(&["top", "--once", "--url", &url, "--page", page.id]).stdout);
        for panel in page.panels {
            assert!(frame.contains(panel.title), "{}/{}:\n{frame}", page.id, panel.id);
        }
    }
}

#[test]
fn a_report_has_every_page() {
    let folder = tempfile::tempdir().unwrap();
    let server = busy(folder.path());
    let url = format!("http://{}", server.address);
    let report = json(&["report", "--url", &url, "--since", "5m"], 0);
    let pages = report["pages"].as_array().unwrap();
    assert_eq!(pages.len(), catalogue::PAGES.len());
    for (page, told) in catalogue::PAGES.iter().zip(pages) {
        assert_eq!(told["id"], page.id);
        assert_eq!(told["panels"].as_array().unwrap().len(), page.panels.len());
    }
    assert_eq!(report["models"], json!([{ "name": "digits 1", "ready": true }]));
    let markdown = text(&striatum(&["report", "--url", &url]).stdout);
    let path = folder.path().join("report.html");
    let html = ["report", "--url", &url, "--format", "html", "--output", name(&path)];
    assert!(striatum(&html).status.success());
    let html = std::fs::read_to_string(path).unwrap();
    for page in catalogue::PAGES {
        assert!(markdown.contains(&format!("\n## {}\n", page.title)), "{}", page.id);
        assert!(html.contains(&format!("<h2 id=\"{}\">", page.id)), "{}", page.id);
    }
    assert!(html.contains("<polyline"));
}

#[test]
fn what_cannot_be_watched_is_said() {
    for command in ["top", "report"] {
        let error = json(&[command, "--url", "http://127.0.0.1:1"], 2);
        let said = error["error"][0].as_str().unwrap();
        assert!(said.contains("start one with `striatum serve`"), "{said}");
    }
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("striatum.toml");
    std::fs::write(&config, format!("[state]\nfolder = {:?}\n", name(folder.path()))).unwrap();
    let made = json(&["key", "--config", name(&config), "create", "a", "--role", "operator"], 0);
    let server = Serving::start(folder.path(), &demo_models());
    let url = format!("http://{}", server.address);
    let error = json(&["top", "--url", &url], 2);
    assert!(error["error"][0].as_str().unwrap().contains("--key or STRIATUM_KEY"), "{error}");
    let key = made["key"].as_str().unwrap();
    json(&["top", "--url", &url, "--key", key], 0);
}

#[test]
fn the_tables_are_listed_and_written() {
    let count = |table: &str| json(&["catalogue", table], 0)[table].as_array().unwrap().len();
    assert_eq!(count("metrics"), catalogue::Metric::all().count());
    assert_eq!(count("alerts"), catalogue::Alert::all().count());
    assert_eq!(count("panels"), catalogue::PAGES.iter().map(|p| p.panels.len()).sum::<usize>());
    assert_eq!(count("checks"), catalogue::CHECKS.len());
    assert_eq!(count("spans"), catalogue::SPANS.len());
    assert_eq!(count("slos"), catalogue::slo::SLOS.len());

    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("made/here");
    json(&["catalogue", "write", name(&to)], 0);
    let same = |file: &str, committed: &str| {
        let [made, kept] = [to.join(file), root().join(committed)]
            .map(|path| std::fs::read_to_string(&path).unwrap());
        assert!(made == kept, "{file} is not {committed}: run `cargo xtask generate`");
    };
    same("rules.yml", "deploy/generated/prometheus/rules.yml");
    same("rules.test.yml", "deploy/generated/prometheus/rules.test.yml");
    same("alertmanager.yml", "deploy/generated/alertmanager.yml");
    same("runbooks.md", "docs/generated/runbooks.md");
    same("signals.md", "docs/generated/signals.md");
    for page in catalogue::PAGES {
        let file = format!("grafana/{}.json", page.id);
        same(&file, &format!("deploy/generated/{file}"));
    }
}
