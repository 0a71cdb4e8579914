//! The page in Chromium, against the real binary: `web/test/` says what is looked at, this file starts
//! the servers that it is shown by.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::operate::{Serving, demo_models, digit, name};
use crate::{json, program, root, skip};

/// A text that would run if it were taken for markup.
const MARKUP: &str = "<img src=x onerror=\"window.hurt=1\">";

/// A copy of `web/` beside the packages that it needs, or the test is skipped.
fn web() -> Option<TempDir> {
    let packages = program("STRIATUM_NODE_MODULES")?;
    let folder = tempfile::tempdir().unwrap();
    let files =
        ["build.mjs", "dist", "package.json", "package-lock.json", "src", "test", "tsconfig.json"];
    let files = files.map(|file| root().join("web").join(file));
    let copied = Command::new("cp").arg("-r").args(files).arg(folder.path()).status();
    assert!(copied.unwrap().success());
    std::os::unix::fs::symlink(packages, folder.path().join("node_modules")).unwrap();
    Some(folder)
}

/// The same where there is a Chromium.
fn browser() -> Option<TempDir> {
    program("STRIATUM_CHROMIUM")?;
    web()
}

/// Runs a script of `package.json`, which succeeds.
fn npm(web: &Path, script: &str, arguments: &[&str]) {
    let mut npm = Command::new("npm");
    npm.args(["run", "--silent", script, "--"]).args(arguments).current_dir(web);
    let Ok(output) = npm.output() else { return skip("no npm: apt-get install npm") };
    let said = crate::text(&output.stdout) + &crate::text(&output.stderr);
    assert!(output.status.success(), "npm run {script}: {said}");
    eprintln!("{said}");
}

/// Settings of a server that looks at itself each second and traces all.
fn watching(folder: &Path) -> PathBuf {
    let config = folder.join("striatum.toml");
    let text = format!(
        "[state]\nfolder = {:?}\n[tracing]\nratio = 1.0\n[history]\ngather_seconds = 1.0\n\
         [alerting]\ninterval_seconds = 1.0\nhold_factor = 0.0\n",
        name(&folder.join("state"))
    );
    std::fs::write(&config, text).unwrap();
    config
}

/// The demo model, and one that cannot be served.
fn models(folder: &Path) -> PathBuf {
    let models = folder.join("models");
    let broken = models.join("broken/1");
    std::fs::create_dir_all(&broken).unwrap();
    std::fs::write(broken.join("model.nir"), MARKUP).unwrap();
    let digits = demo_models().join("digits");
    let copied = Command::new("cp").arg("-r").arg(digits).arg(&models).status();
    assert!(copied.unwrap().success());
    models
}

/// Work of every kind, again and again.
fn work(server: &Serving, ended: &AtomicBool) {
    let ask = |path: &str, body: &Value| server.ask("POST", path, "", body).0;
    ask("/v1/sessions", &json!({ "model": "digits", "id": "one" }));
    while !ended.load(Ordering::Relaxed) {
        ask("/v2/models/digits/infer", &digit());
        ask("/v1/sessions/one/infer", &digit());
        ask("/v2/models/nobody/infer", &digit());
        ask("/v1/models/digits/feedback", &json!({ "right": true }));
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// What an operator writes, with markup in it.
fn care(server: &Serving) {
    let silence = json!({
        "matchers": [{ "name": "alertname", "op": "=", "value": MARKUP }],
        "ends": "2099-01-01T00:00:00Z", "comment": MARKUP,
    });
    assert_eq!(server.ask("POST", "/v1/silences", "", &silence).0, 201);
    let fingerprint = loop {
        let told = server.ask("GET", "/v1/alerts", "", &Value::Null).1;
        if let Some(found) = told["alerts"][0]["fingerprint"].as_str() {
            break found.to_owned();
        }
    };
    let path = format!("/v1/alerts/{fingerprint}/acknowledge");
    assert_eq!(server.ask("POST", &path, "", &json!({ "comment": MARKUP })).0, 204);
}

/// What an application remembers and knows, with markup in it.
fn remember(server: &Serving) {
    let add = |path: &str, body: &Value| {
        let (status, told) = server.ask("POST", path, "", body);
        assert_eq!(status, 201, "{path}: {told}");
        told
    };
    for page in 1..=12 {
        let text = format!("Ada Lovelace sent page {page} to Charles Babbage. {MARKUP}");
        add("/v1/memories", &json!({ "text": text, "metadata": { "note": MARKUP } }));
    }
    let name = format!("Ada Lovelace {MARKUP}");
    let ada =
        add("/v1/entities", &json!({ "name": name, "aliases": ["Ada Lovelace"] }))["id"].clone();
    for year in [1815, 1816] {
        let fact = json!({
            "subject": ada, "predicate": "born_in", "object": year, "functional": true,
            "source": MARKUP,
        });
        add("/v1/facts", &fact);
    }
}

#[test]
fn what_is_served_is_what_the_source_builds() {
    let Some(web) = web() else { return };
    npm(web.path(), "types", &[]);
    npm(web.path(), "dist", &[]);
}

#[test]
fn every_view_shows_what_the_api_gives() {
    let Some(web) = browser() else { return };
    let folder = tempfile::tempdir().unwrap();
    let config = watching(folder.path());
    let server = Serving::with(&["--config", name(&config)], &models(folder.path()), &[]);
    let ended = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| work(&server, &ended));
        let looked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            care(&server);
            remember(&server);
            npm(web.path(), "views", &[&format!("http://{}", server.address)]);
        }));
        ended.store(true, Ordering::Relaxed);
        looked.unwrap_or_else(|cause| std::panic::resume_unwind(cause));
    });
}

#[test]
fn markup_stays_text_and_emptiness_is_told() {
    let Some(web) = browser() else { return };
    npm(web.path(), "states", &[]);
}

#[test]
fn a_key_is_asked_for_and_kept_no_longer_than_wanted() {
    let Some(web) = browser() else { return };
    let folder = tempfile::tempdir().unwrap();
    let config = watching(folder.path());
    let made = json(&["key", "--config", name(&config), "create", "a", "--role", "operator"], 0);
    let server = Serving::with(&["--config", name(&config)], &demo_models(), &[]);
    let url = format!("http://{}", server.address);
    npm(web.path(), "key", &[&url, made["key"].as_str().unwrap()]);
}

#[test]
fn a_server_that_is_lost_and_returns_is_told_and_taken_up() {
    let Some(web) = browser() else { return };
    let folder = tempfile::tempdir().unwrap();
    let config = watching(folder.path());
    let models = demo_models();
    let start = |address: &str| Serving::on(address, &["--config", name(&config)], &models, &[]);
    let first = start("127.0.0.1:0");
    let address = first.address.clone();
    let mut server = Some(first);
    let mut node = Command::new("node")
        .args(["test/lost.mjs", &format!("http://{address}")])
        .current_dir(web.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut done = node.stdin.take().unwrap();
    for line in BufReader::new(node.stdout.take().unwrap()).lines() {
        match line.unwrap().as_str() {
            "stop" => server.take().unwrap().kill(),
            "start" => server = Some(start(&address)),
            said => {
                eprintln!("{said}");
                continue;
            }
        }
        writeln!(done, "done").unwrap();
    }
    assert!(node.wait().unwrap().success());
}
