//! What an operator does: keys, backups, settings, the doctor; and a server that is killed.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::{json, root, striatum, text};

/// `striatum serve` of the demo model, on a port of its own.
pub(crate) struct Serving {
    pub(crate) child: Child,
    pub(crate) address: String,
    /// The line that says where it listens.
    pub(crate) said: String,
}

impl Serving {
    pub(crate) fn start(state: &Path, models: &Path) -> Self {
        Self::with(&["--state", name(state)], models, &[])
    }

    pub(crate) fn with(arguments: &[&str], models: &Path, env: &[(&str, &str)]) -> Self {
        Self::started(&[], "127.0.0.1:0", arguments, models, env)
    }

    /// On an address, so that it can be started there again.
    pub(crate) fn on(
        address: &str,
        arguments: &[&str],
        models: &Path,
        env: &[(&str, &str)],
    ) -> Self {
        Self::started(&[], address, arguments, models, env)
    }

    /// Started by another program, which becomes it.
    pub(crate) fn through(
        starter: &[&str],
        arguments: &[&str],
        models: &Path,
        env: &[(&str, &str)],
    ) -> Self {
        Self::started(starter, "127.0.0.1:0", arguments, models, env)
    }

    fn started(
        starter: &[&str],
        address: &str,
        arguments: &[&str],
        models: &Path,
        env: &[(&str, &str)],
    ) -> Self {
        let line = [starter, &[env!("CARGO_BIN_EXE_striatum")]].concat();
        let mut child = Command::new(line[0])
            .args(&line[1..])
            .args(["serve", "--listen", address])
            .args(arguments)
            .arg("--models")
            .arg(models)
            .envs(env.iter().copied())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let (address, said) = loop {
            let line = lines.next().expect("the server says where it listens").unwrap();
            if let Some((_, rest)) = line.split_once("listening on http://") {
                break (rest.split(' ').next().unwrap().to_owned(), line);
            }
        };
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, address, said }
    }

    pub(crate) fn ask(&self, method: &str, path: &str, key: &str, body: &Value) -> (u16, Value) {
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .allow_non_standard_methods(true)
            .timeout_global(Some(std::time::Duration::from_secs(60)))
            .build()
            .into();
        let mut request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("http://{}{path}", self.address))
            .header("content-type", "application/json");
        if !key.is_empty() {
            request = request.header("x-api-key", key);
        }
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let Ok(answer) = agent.run(request.body(body).unwrap()) else { return (0, Value::Null) };
        let status = answer.status().as_u16();
        let text = answer.into_body().read_to_string().unwrap_or_default();
        (status, serde_json::from_str(&text).unwrap_or_default())
    }

    /// The text of an answer.
    pub(crate) fn text(&self, path: &str) -> String {
        let mut answer = ureq::get(format!("http://{}{path}", self.address)).call().unwrap();
        answer.body_mut().read_to_string().unwrap()
    }

    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn demo_models() -> std::path::PathBuf {
    root().join("models")
}

/// A digit that is all ink.
pub(crate) fn digit() -> Value {
    let data: Vec<u8> = (0..784u32).map(|k| (k * 37 % 256) as u8).collect();
    json!({ "inputs": [{ "name": "input", "shape": [1, 784], "datatype": "UINT8", "data": data }] })
}

pub(crate) fn name(folder: &Path) -> &str {
    folder.to_str().unwrap()
}

/// Settings with the state in a folder.
fn settings(folder: &Path) -> String {
    let path = folder.join("striatum.toml");
    let state = folder.join("state");
    std::fs::write(&path, format!("[state]\nfolder = {:?}\n", name(&state))).unwrap();
    name(&path).to_owned()
}

#[test]
fn keys_are_made_listed_and_revoked_without_a_server() {
    let folder = tempfile::tempdir().unwrap();
    let config = settings(folder.path());
    fn with<'a>(config: &'a str, rest: &[&'a str]) -> Vec<&'a str> {
        [&["key", "--config", config], rest].concat()
    }
    let create = ["create", "ci", "--role", "writer", "--tenant", "acme", "--model", "digits"];
    let made = json(&with(&config, &create), 0);
    assert_eq!((&made["role"], &made["models"]), (&json!("writer"), &json!(["digits"])));
    let id = made["id"].as_str().unwrap();
    let plain =
        striatum(&with(&config, &["create", "two", "--role", "admin", "--expires-days", "30"]));
    assert!(text(&plain.stdout).starts_with("sk_"), "{}", text(&plain.stderr));
    assert_eq!(json(&with(&config, &["list"]), 0)["keys"].as_array().unwrap().len(), 2);
    assert_eq!(json(&with(&config, &["revoke", id]), 0)["revoked"], true);
    let error = json(&with(&config, &["revoke", "0123456789abcdef"]), 2);
    assert_eq!(error["error"][0], "no such key");
    let error =
        json(&with(&config, &["create", "x", "--role", "reader", "--tenant", "Not A Name"]), 2);
    assert!(error["error"][0].as_str().unwrap().starts_with("tenant: expected"), "{error}");
    let verdict = json(&["audit", "--config", &config, "verify"], 0);
    assert_eq!(verdict, json!({ "entries": 3, "whole": true }));
}

#[test]
fn a_backup_of_a_busy_server_restores_to_the_same_answers() {
    let folder = tempfile::tempdir().unwrap();
    let config = settings(folder.path());
    let state = folder.path().join("state");
    let made = json(&["key", "--config", &config, "create", "one", "--role", "admin"], 0);
    let key = made["key"].as_str().unwrap();
    let server = Serving::start(&state, &demo_models());
    let (status, answer) = server.ask("POST", "/v2/models/digits/infer", key, &digit());
    assert_eq!(status, 200, "{answer}");
    let keys = folder.path().join("identity.txt");
    let identity = age::x25519::Identity::generate();
    let secret = {
        use age::secrecy::ExposeSecret;
        identity.to_string().expose_secret().to_owned()
    };
    std::fs::write(&keys, format!("# a comment\n{secret}\n")).unwrap();
    let public = identity.to_public().to_string();
    let to = folder.path().join("backups");
    let create = ["backup", "--config", &config, "create", "--to", name(&to)];
    // The server goes on writing while it is copied.
    let done = std::sync::atomic::AtomicBool::new(false);
    let (mut made, mut backup) = (0, Value::Null);
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let mut n = 0;
            while !done.load(std::sync::atomic::Ordering::Relaxed) {
                let spec = json!({ "name": format!("k{n}"), "role": "reader", "tenant": "acme" });
                assert_eq!(server.ask("POST", "/v1/keys", key, &spec).0, 201);
                n += 1;
            }
            n
        });
        for _ in 0..3 {
            backup = json(&[&create[..], &["--recipient", &public]].concat(), 0);
        }
        done.store(true, std::sync::atomic::Ordering::Relaxed);
        made = writer.join().unwrap();
    });
    assert!(made > 0);
    let backup = to.join(backup["backups"][0]["name"].as_str().unwrap());
    let (file, keys) = (name(&backup), name(&keys));
    json(&["backup", "verify", file, "--identity", keys], 0);
    assert_eq!(json(&["backup", "list", name(&to)], 0)["backups"].as_array().unwrap().len(), 3);

    // Into an empty node.
    let (new_state, new_models) =
        (folder.path().join("new/state"), folder.path().join("new/models"));
    let into = ["--state", name(&new_state), "--models", name(&new_models)];
    let restore = [&["backup", "restore", file, "--identity", keys][..], &into].concat();
    json(&restore, 0);
    let again = json(&restore, 2);
    assert!(again["error"][0].as_str().unwrap().contains("expected no such folder"), "{again}");
    let second = Serving::start(&new_state, &new_models);
    let (status, same) = second.ask("POST", "/v2/models/digits/infer", key, &digit());
    assert_eq!(status, 200, "{same}");
    assert_eq!(same["outputs"], answer["outputs"]);
    let (_, verdict) = second.ask("GET", "/v1/audit/verify", key, &Value::Null);
    assert_eq!(verdict["whole"], true, "{verdict}");

    // What was changed, cut or is for another key is refused, and nothing is made of it.
    let bytes = std::fs::read(&backup).unwrap();
    let other = folder.path().join("other.txt");
    let wrong = age::x25519::Identity::generate();
    std::fs::write(&other, {
        use age::secrecy::ExposeSecret;
        wrong.to_string().expose_secret().to_owned()
    })
    .unwrap();
    let broken = |change: &dyn Fn(&mut Vec<u8>), described: bool, keys: &str| {
        let mut copy = bytes.clone();
        change(&mut copy);
        let moved = folder.path().join("moved.tar.gz.age");
        std::fs::write(&moved, &copy).unwrap();
        let side = folder.path().join("moved.tar.gz.age.json");
        let _ = std::fs::remove_file(&side);
        if described {
            std::fs::copy(
                to.join(format!("{}.json", backup.file_name().unwrap().to_str().unwrap())),
                &side,
            )
            .unwrap();
        }
        let (state, models) = (folder.path().join("no/state"), folder.path().join("no/models"));
        let into = ["--state", name(&state), "--models", name(&models)];
        let restore =
            [&["backup", "restore", name(&moved), "--identity", keys][..], &into].concat();
        let error = json(&restore, 2);
        assert!(!state.exists() && !models.exists());
        error["error"][0].as_str().unwrap().to_owned()
    };
    let middle = bytes.len() / 2;
    assert!(broken(&|b| b[middle] ^= 1, true, keys).contains("expected SHA-256"));
    broken(&|b| b[middle] ^= 1, false, keys);
    broken(&|b| b.truncate(middle), false, keys);
    broken(&|_| {}, false, name(&other));

    let pruned = json(&["backup", "prune", name(&to), "--keep-last", "1"], 0);
    assert_eq!(pruned["removed"].as_array().unwrap().len(), 2);
    assert_eq!(json(&["backup", "list", name(&to)], 0)["backups"].as_array().unwrap().len(), 1);
}

#[test]
fn a_killed_server_and_a_killed_backup_lose_nothing_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    let config = settings(folder.path());
    let made = json(&["key", "--config", &config, "create", "one", "--role", "admin"], 0);
    let key = made["key"].as_str().unwrap();
    let to = folder.path().join("backups");
    let mut acknowledged = Vec::new();
    for round in 0..20 {
        let server = Serving::start(&state, &demo_models());
        let mut backup = Command::new(env!("CARGO_BIN_EXE_striatum"))
            .args(["backup", "--config", &config, "create", "--to", name(&to), "--json"])
            .current_dir(root())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::scope(|scope| {
            let writers: Vec<_> = (0..4)
                .map(|w| {
                    let server = &server;
                    scope.spawn(move || {
                        let mut mine = Vec::new();
                        for n in 0..(2 + round % 5) {
                            let label = format!("{round}-{w}-{n}");
                            let spec = json!({ "name": label, "role": "reader", "tenant": "acme" });
                            let (status, made) = server.ask("POST", "/v1/keys", key, &spec);
                            if status == 201 {
                                mine.push((label, made["id"].as_str().unwrap().to_owned()));
                            }
                        }
                        mine
                    })
                })
                .collect();
            for writer in writers {
                acknowledged.extend(writer.join().unwrap());
            }
        });
        backup.kill().unwrap();
        backup.wait().unwrap();
        server.kill();
    }
    let listed = json(&["key", "--config", &config, "list"], 0);
    let kept: std::collections::BTreeMap<&str, &str> = listed["keys"]
        .as_array()
        .unwrap()
        .iter()
        .map(|key| (key["id"].as_str().unwrap(), key["name"].as_str().unwrap()))
        .collect();
    assert!(acknowledged.len() > 200, "{} acknowledged", acknowledged.len());
    for (label, id) in &acknowledged {
        assert_eq!(kept.get(id.as_str()), Some(&label.as_str()), "an acknowledged key is lost");
    }
    assert_eq!(json(&["audit", "--config", &config, "verify"], 0)["whole"], true);
    // What is listed was made whole; one that nobody kills is.
    json(&["backup", "--config", &config, "create", "--to", name(&to)], 0);
    for backup in json(&["backup", "list", name(&to)], 0)["backups"].as_array().unwrap() {
        json(&["backup", "verify", name(&to.join(backup["name"].as_str().unwrap()))], 0);
    }
}

#[test]
fn settings_are_shown_and_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("default.toml");
    let shown = striatum(&["config", "default"]);
    std::fs::write(&path, &shown.stdout).unwrap();
    json(&["config", "check", name(&path)], 0);
    let output = Command::new(env!("CARGO_BIN_EXE_striatum"))
        .args(["--json", "config", "show", name(&path)])
        .env("STRIATUM_SESSIONS_MAX", "7")
        .env("STRIATUM_SECURITY_JWT_ISSUER", "me")
        .env("STRIATUM_SECURITY_JWT_AUDIENCE", "you")
        .env("STRIATUM_SECURITY_JWT_SECRET", "file")
        .env("STRIATUM_SECURITY_CORS_ORIGINS", "[\"https://a\"]")
        .env("STRIATUM_STATE_POSTGRESQL", "postgresql://u:hidden@h/d")
        .output()
        .unwrap();
    let shown: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(shown["sessions"]["max"], 7);
    assert_eq!(shown["security"]["jwt"]["issuer"], "me");
    assert_eq!(shown["security"]["cors_origins"], json!(["https://a"]));
    assert_eq!(shown["state"]["postgresql"], "postgresql://u:***@h/d");
    std::fs::write(&path, "[sessions]\nmxa = 1\n").unwrap();
    let wrong = json(&["config", "check", name(&path)], 2);
    assert!(wrong["error"].to_string().contains("mxa"), "{wrong}");
}

#[test]
fn the_doctor_finds_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let models = folder.path().join("models");
    std::fs::create_dir_all(models.join("broken/1")).unwrap();
    std::fs::write(models.join("broken/1/model.nir"), b"nothing").unwrap();
    let path = folder.path().join("striatum.toml");
    let write = |models: &Path, rest: &str| {
        let state = folder.path().join("state");
        let text = format!(
            "listen = \"127.0.0.1:0\"\nmodels = {:?}\n{rest}\n[state]\nfolder = {:?}\n",
            name(models),
            name(&state)
        );
        std::fs::write(&path, text).unwrap();
    };
    let verdict = |status: i32| json(&["doctor", "--config", name(&path)], status);
    write(&demo_models(), "");
    let found = verdict(0);
    assert_eq!(found["well"], true, "{found}");
    assert!(found.to_string().contains("digits 1 loads"), "{found}");
    write(&models, "");
    assert!(verdict(1).to_string().contains("broken 1: "), "{found}");
    write(&demo_models(), "max_batch = 0");
    assert!(verdict(1).to_string().contains("max_batch: expected 1 to 65536"), "{found}");
    write(&demo_models(), "[tls]\ncertificate = \"/nowhere\"\nkey = \"/nowhere\"");
    assert!(verdict(1).to_string().contains("/nowhere: No such file"), "{found}");
    std::fs::write(&path, "nonsense = 1").unwrap();
    assert!(verdict(1).to_string().contains("nonsense"), "{found}");
}
