//! What is rendered, before the programs that read it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test fails by panicking"
)]

use std::collections::HashSet;
use std::path::Path;
use std::process::Command;

use catalogue::{Alert, PAGES, render};
use serde_json::Value;

fn promtool(arguments: &[&str], folder: &Path) -> Option<String> {
    let program = std::env::var("STRIATUM_PROMTOOL").unwrap_or_else(|_| "promtool".into());
    let Ok(output) = Command::new(program).args(arguments).current_dir(folder).output() else {
        assert!(std::env::var_os("STRIATUM_NO_SKIP").is_none(), "SKIPPED: no promtool");
        eprintln!("SKIPPED: STRIATUM_PROMTOOL names no promtool; ./test fetches one");
        return None;
    };
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    assert!(output.status.success(), "{text}");
    Some(text)
}

#[test]
fn promtool_finds_the_rules_right_and_every_alert_fires_and_is_silent() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: String| std::fs::write(folder.path().join(name), text).unwrap();
    write("rules.yml", render::rules());
    write("rules.test.yml", render::rule_tests());
    let Some(said) = promtool(&["check", "rules", "rules.yml"], folder.path()) else { return };
    let rules = Alert::all().count() + catalogue::slo::records().len();
    assert!(said.contains(&format!("{rules} rules found")), "{said}");
    promtool(&["test", "rules", "rules.test.yml"], folder.path());
    // A case that does not hold is found: what is expected of one alert is said of another value.
    let wrong =
        render::rule_tests().replacen("30% of the requests fail", "31% of the requests fail", 1);
    write("rules.test.yml", wrong);
    let program = std::env::var("STRIATUM_PROMTOOL").unwrap_or_else(|_| "promtool".into());
    let output = Command::new(program)
        .args(["test", "rules", "rules.test.yml"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert!(!output.status.success());
}

/// The rules of Grafana's dashboard-linter.
#[test]
fn dashboards_keep_the_linters_rules() {
    let mut uids = HashSet::new();
    for page in PAGES {
        let dashboard: Value = serde_json::from_str(&render::dashboard(page)).unwrap();
        assert!(uids.insert(dashboard["uid"].as_str().unwrap().to_owned()));
        assert!(dashboard["schemaVersion"].as_u64().unwrap() >= 39);
        let variables = dashboard["templating"]["list"].as_array().unwrap();
        let variable = |name: &str| variables.iter().find(|v| v["name"] == name).unwrap();
        assert_eq!(variable("datasource")["query"], "prometheus");
        for name in ["job", "instance"] {
            let variable = variable(name);
            assert_eq!((&variable["type"], &variable["multi"]), (&"query".into(), &true.into()));
            assert_eq!(variable["allValue"], ".+");
            assert_eq!(variable["datasource"]["uid"], "${datasource}");
            assert!(variable["definition"].as_str().unwrap().starts_with("label_values("));
        }
        let mut ids = HashSet::new();
        for panel in dashboard["panels"].as_array().unwrap() {
            let title = panel["title"].as_str().unwrap();
            let at = format!("{}/{title}", page.id);
            assert!(ids.insert(panel["id"].as_u64().unwrap()), "{at}");
            assert!(
                !title.is_empty() && !panel["description"].as_str().unwrap().is_empty(),
                "{at}"
            );
            assert_eq!(panel["datasource"]["uid"], "${datasource}", "{at}");
            assert!(!panel["fieldConfig"]["defaults"]["unit"].as_str().unwrap().is_empty(), "{at}");
            let place = &panel["gridPos"];
            assert!(place["x"].as_u64().unwrap() + place["w"].as_u64().unwrap() <= 24, "{at}");
            for target in panel["targets"].as_array().unwrap() {
                let expr = target["expr"].as_str().unwrap();
                let selectors = expr.matches('{').count();
                assert_eq!(expr.matches(r#"job=~"$job""#).count(), selectors, "{at}: {expr}");
                assert_eq!(expr.matches(r#"instance=~"$instance""#).count(), selectors, "{at}");
                let rates = expr.matches("rate(").count();
                assert_eq!(expr.matches("[$__rate_interval]").count(), rates, "{at}: {expr}");
            }
        }
    }
}
