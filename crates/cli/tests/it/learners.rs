//! `striatum learner` against a real server: real digits class by class, what was taken back, and a
//! server that is killed while it is taught.

use serde_json::{Value, json};

use crate::operate::Serving;
use crate::{json, striatum, text};

/// Kills of the everyday test; `LEARNER_KILLS` for more.
const KILLS: usize = 5;

fn digits() -> String {
    format!("{}/../../examples/train/digits.npz", env!("CARGO_MANIFEST_DIR"))
}

/// A command's JSON document.
fn asked(url: &str, arguments: &[&str], status: i32) -> Value {
    json(&[&["learner"], arguments, &["--url", url]].concat(), status)
}

#[test]
fn digits_are_learned_class_by_class_by_a_running_server() {
    let folder = tempfile::tempdir().unwrap();
    let (state, models) = (folder.path().join("state"), folder.path().join("models"));
    std::fs::create_dir_all(&models).unwrap();
    let server = Serving::start(&state, &models);
    let (url, digits) = (format!("http://{}", server.address), digits());
    let made = asked(&url, &["create", "--columns", "digits", "--inputs", "64"], 0);
    assert_eq!((&made["kind"], &made["learning"]), (&json!("columns"), &json!(true)));
    let held_out = ["predict", "digits", &digits, "--from", "1437"];
    for class in 0..10 {
        let only = class.to_string();
        let learn = ["learn", "digits", &digits, "--to", "1437", "--only", &only, "--batch", "50"];
        let taught = asked(&url, &learn, 0);
        assert_eq!(taught["classes"], 1, "{taught}");
        // Of a class that was never met nothing is known; of those before nothing is lost.
        let first = [&held_out[..], &["--only", "0"]].concat();
        let of_first = asked(&url, &first, 0);
        let (right, n) =
            (of_first["right"].as_f64().unwrap(), of_first["labelled"].as_f64().unwrap());
        assert!(right >= 0.94 * n, "after class {class}: {right} of {n} zeros");
    }
    let all = asked(&url, &held_out, 0);
    let (right, n) = (all["right"].as_f64().unwrap(), all["labelled"].as_f64().unwrap());
    assert!(n == 360.0 && right >= 0.94 * n, "{right} of {n}");
    let told = striatum(&[&["learner"], &held_out[..], &["--url", &url]].concat());
    let told = text(&told.stdout);
    assert!(told.starts_with("right  9") && told.contains("label  samples  right"), "{told}");

    let before = asked(&url, &["get", "digits"], 0)["now"]["samples"].as_u64().unwrap();
    assert_eq!(before, 1437);
    let undone = asked(&url, &["undo", "digits"], 0)["now"]["samples"].as_u64().unwrap();
    assert!((1387..1437).contains(&undone));
    asked(&url, &["save", "digits"], 0);
    assert_eq!(asked(&url, &["learning", "digits", "off"], 0)["learning"], false);
    asked(&url, &["learn", "digits", &digits, "--to", "1"], 2);
    assert_eq!(asked(&url, &["forget", "digits"], 0)["now"]["samples"], 0);
    assert_eq!(asked(&url, &["load", "digits"], 0)["now"]["samples"], undone);
    let table = text(&striatum(&["learner", "list", "--url", &url]).stdout).to_owned();
    assert!(table.contains("digits  columns  off"), "{table}");
    assert!(striatum(&["learner", "delete", "digits", "--url", &url]).status.success());
    asked(&url, &["get", "digits"], 2);
}

#[test]
fn a_file_that_cannot_be_taught_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bad.csv");
    std::fs::write(&file, "a,b,label\n1,2,x\n1,oops,y\n").unwrap();
    let path = file.to_str().unwrap();
    let refused = |arguments: &[&str]| {
        let output = striatum(&[&["learner", "learn", "any", path], arguments].concat());
        assert_eq!(output.status.code(), Some(2));
        text(&output.stderr).to_owned()
    };
    let told = refused(&[]);
    assert!(told.contains("line 3") && told.contains("b is \"oops\", expected a number"), "{told}");
    assert!(refused(&["--label", "class"]).contains("no column class, it has a, b, label"));
    std::fs::write(&file, "a,b,label\n1,2,x\n").unwrap();
    assert!(refused(&["--from", "3"]).contains("has 1 samples"));
    assert!(refused(&["--only", "z"]).contains("no sample of z"));
}

#[test]
fn what_was_taught_outlives_every_kill() {
    let folder = tempfile::tempdir().unwrap();
    let (state, models) = (folder.path().join("state"), folder.path().join("models"));
    std::fs::create_dir_all(&models).unwrap();
    let kills = std::env::var("LEARNER_KILLS").map_or(KILLS, |n| n.parse().unwrap());
    let (mut acknowledged, mut before) = (0, Value::Null);
    for round in 0..=kills {
        let server = Serving::start(&state, &models);
        let url = format!("http://{}", server.address);
        if round == 0 {
            asked(&url, &["create", "--columns", "killed", "--inputs", "3"], 0);
        } else {
            let now = asked(&url, &["get", "killed"], 0)["now"].clone();
            let samples = now["samples"].as_u64().unwrap();
            // A request that was written and not answered may be there too, whole.
            assert!(
                samples == acknowledged || samples == acknowledged + 2,
                "{now}, {acknowledged}"
            );
            if samples == acknowledged && !before.is_null() {
                assert_eq!(now["weight_changes"], before["weight_changes"]);
            }
            acknowledged = samples;
        }
        if round == kills {
            break;
        }
        let teaching = std::thread::spawn({
            let url = url.clone();
            move || {
                let agent = ureq::Agent::new_with_defaults();
                let mut done = (0, Value::Null);
                for k in 0u32.. {
                    let x = f64::from(k % 17) / 17.0;
                    let sample =
                        |label: &str, y: f64| json!({ "label": label, "values": [x, y, 0.3] });
                    let body =
                        json!({ "samples": [sample("a", 1.0), sample("b", -1.0)] }).to_string();
                    let to = format!("{url}/v1/learners/killed/learn");
                    let answer =
                        agent.post(&to).header("content-type", "application/json").send(&body);
                    if answer.is_err() {
                        break;
                    }
                    done.0 += 2;
                    let now = agent.get(format!("{url}/v1/learners/killed")).call();
                    let Ok(Ok(text)) = now.map(|mut a| a.body_mut().read_to_string()) else {
                        break;
                    };
                    done.1 = serde_json::from_str::<Value>(&text).unwrap()["now"].clone();
                }
                done
            }
        });
        std::thread::sleep(std::time::Duration::from_millis(150 + 130 * round as u64));
        drop(server);
        let done: (u64, Value) = teaching.join().unwrap();
        acknowledged += done.0;
        let seen = done.1["samples"].as_u64().unwrap_or_default();
        before = if seen == acknowledged { done.1 } else { Value::Null };
    }
    assert!(acknowledged > 20, "{acknowledged}");
}
