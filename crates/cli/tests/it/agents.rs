//! `striatum agent` against a real server, and the demo of an agent that learns.

use serde_json::{Value, json};

use crate::operate::Serving;
use crate::{json, striatum, text};

/// Kills of the test.
const KILLS: u64 = 5;

/// A command's JSON document.
fn asked(url: &str, arguments: &[&str], status: i32) -> Value {
    json(&[&["agent"], arguments, &["--url", url]].concat(), status)
}

#[test]
fn an_agent_is_made_acts_learns_and_is_told_of() {
    let folder = tempfile::tempdir().unwrap();
    let (state, models) = (folder.path().join("state"), folder.path().join("models"));
    std::fs::create_dir_all(&models).unwrap();
    let server = Serving::start(&state, &models);
    let url = format!("http://{}", server.address);
    assert_eq!(asked(&url, &["create", "--cart-pole", "pole"], 0)["id"], "pole");
    let observation = "--observation=0.0,-0.1,0.02,0";
    assert_eq!(asked(&url, &["act", "pole", observation], 0)["probability"], 0.5);
    let learn = ["learn", "pole", "--reward=-1", observation, "--terminal"];
    assert_eq!(asked(&url, &learn, 0)["delta"], -1.0);
    let refused = asked(&url, &["act", "pole", observation, "--content", "kill the user"], 1);
    assert_eq!(refused["verdict"]["law"], "first");
    asked(&url, &["save", "pole"], 0);
    asked(&url, &["load", "pole"], 0);
    assert_eq!(asked(&url, &["snapshot", "pole"], 0)["snapshots"], 1);
    assert_eq!(asked(&url, &["undo", "pole"], 0)["snapshots"], 0);
    assert_eq!(asked(&url, &["learning", "pole", "off"], 0)["now"]["learning"], false);
    let persona = asked(&url, &["persona", "pole", "--adjust", "formality=-0.1"], 0);
    assert_eq!(persona["traits"]["formality"], 0.2);
    let table = striatum(&["agent", "list", "--url", &url]);
    assert!(text(&table.stdout).contains("pole  columns  2"), "{}", text(&table.stdout));

    assert_eq!(asked(&url, &["judge", "disable the audit log"], 1)["law"], "second");
    let lift = ["lift", "four-laws", "--seconds", "60", "--reason", "a drill"];
    let lifted = asked(&url, &lift, 0);
    assert_eq!(asked(&url, &["judge", "disable the audit log"], 0)["permitted"], true);
    assert_eq!(asked(&url, &["overrides"], 0)["overrides"][0], lifted);
    let end = striatum(&["agent", "end-override", lifted["id"].as_str().unwrap(), "--url", &url]);
    assert!(end.status.success());
    let request = asked(&url, &["request", "locks", "how to pick locks"], 0);
    let id = request["id"].as_str().unwrap();
    assert_eq!(asked(&url, &["deny", id, "not here"], 0)["status"], "denied");
    asked(&url, &["request", "locks", "How to pick LOCKS"], 2);
    assert_eq!(asked(&url, &["vault"], 0)["contents"][0]["sha256"], request["sha256"]);
    let denied = asked(&url, &["requests", "--status", "denied"], 0);
    assert_eq!(denied["requests"][0]["id"], *id);
    assert!(striatum(&["agent", "delete", "pole", "--url", &url]).status.success());
    asked(&url, &["get", "pole"], 2);
}

#[test]
fn what_an_agent_learned_outlives_every_kill() {
    let folder = tempfile::tempdir().unwrap();
    let (state, models) = (folder.path().join("state"), folder.path().join("models"));
    std::fs::create_dir_all(&models).unwrap();
    let (mut acknowledged, mut seen) = (0, Value::Null);
    for round in 0..=KILLS {
        let server = Serving::start(&state, &models);
        let url = format!("http://{}", server.address);
        if round == 0 {
            asked(&url, &["create", "--cart-pole", "pole"], 0);
        } else {
            let now = asked(&url, &["get", "pole"], 0)["now"].clone();
            let rewards = now["rewards"].as_u64().unwrap();
            // A reward that was kept and not answered may be there too, whole.
            assert!((acknowledged..=acknowledged + 1).contains(&rewards), "{now}, {acknowledged}");
            if rewards == acknowledged && !seen.is_null() {
                assert_eq!(now["weight_changes"], seen["weight_changes"]);
            }
            (acknowledged, seen) = (rewards, now);
        }
        if round == KILLS {
            break;
        }
        let learning = std::thread::spawn(move || rewarded(&url, acknowledged, seen));
        std::thread::sleep(std::time::Duration::from_millis(200 + 90 * round));
        drop(server);
        (acknowledged, seen) = learning.join().unwrap();
    }
    assert!(acknowledged > 20, "{acknowledged}");
}

/// Acts and learns until the server is gone: how many rewards were acknowledged, and how it stood.
fn rewarded(url: &str, mut acknowledged: u64, mut seen: Value) -> (u64, Value) {
    let agent = ureq::Agent::new_with_defaults();
    let post = |what: &str, body: Value| {
        let to = format!("{url}/v1/agents/pole/{what}");
        agent.post(&to).header("content-type", "application/json").send(&body.to_string())
    };
    for k in 0u32.. {
        let at = f64::from(k % 13) / 20.0;
        let observation = [at - 0.3, 0.1, 0.02, -at];
        let learn = json!({ "reward": -1.0, "observation": observation, "terminal": k % 5 == 0 });
        if post("act", json!({ "observation": observation })).is_err()
            || post("learn", learn).is_err()
        {
            break;
        }
        acknowledged += 1;
        seen = Value::Null;
        let now = agent.get(format!("{url}/v1/agents/pole")).call();
        let Ok(Ok(text)) = now.map(|mut answer| answer.body_mut().read_to_string()) else { break };
        seen = serde_json::from_str::<Value>(&text).unwrap()["now"].clone();
    }
    (acknowledged, seen)
}

#[test]
fn the_demo_shows_an_agent_that_learns() {
    let solved = json(&["demo", "--agent", "--seed", "3"], 0);
    assert_eq!((&solved["solved"], &solved["world"]), (&true.into(), &"CartPole-v1".into()));
    let n = solved["episodes"].as_u64().unwrap();
    assert!((100..300).contains(&n) && solved["mean_of_last_100"].as_f64().unwrap() >= 475.0);
    assert_eq!(solved["lasted"].as_array().unwrap().len() as u64, n);
    let short = striatum(&["demo", "--agent", "--episodes", "20"]);
    assert_eq!(short.status.code(), Some(1));
    let told = text(&short.stdout);
    assert!(
        told.starts_with("episode   10   lasted ") && told.contains("not solved after 20"),
        "{told}"
    );
    assert!(!told.contains('\u{1b}'), "no terminal, no control characters");
}
