//! `striatum session` against a real server: a network that waits for rewards is given them, and
//! what it learned is kept and taken back.

use std::path::Path;

use serde_json::{Value, json};

use crate::operate::Serving;
use crate::{fixture, json, root, striatum, text};

/// BindsNET's network under a rule that waits for rewards.
const REWARDED: &str = r#"
learning = "session"
[profile]
name = "bindsnet"
refractory_steps = 2
[profile.reward_stdp]
a_plus = 0.1
a_minus = 0.01
tau_plus = 0.02
tau_minus = 0.02
tau_eligibility = 0.5
rate = 0.1
weight_min = 0.0
weight_max = 1.0
"#;

/// A command's JSON document.
fn asked(url: &str, arguments: &[&str], status: i32) -> Value {
    json(&[&["session"], arguments, &["--url", url]].concat(), status)
}

fn refused(url: &str, arguments: &[&str]) -> String {
    let output = striatum(&[&["session"], arguments, &["--url", url]].concat());
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stdout));
    text(&output.stderr)
}

fn pupil(models: &Path) {
    let folder = models.join("pupil/1");
    std::fs::create_dir_all(&folder).unwrap();
    let network = root().join(fixture("described/bindsnet_stdp_postpre.nir"));
    std::fs::copy(network, folder.join("model.nir")).unwrap();
    std::fs::write(folder.join("model.toml"), REWARDED).unwrap();
}

/// 50 steps in which every seventh input fires.
fn stepped(url: &str) {
    let data: Vec<u8> = (0..784 * 50usize).map(|k| u8::from(k.is_multiple_of(7))).collect();
    let input = json!({ "name": "input", "shape": [1, 50, 784], "datatype": "FP32", "data": data });
    let body = json!({ "inputs": [input] }).to_string();
    let to = format!("{url}/v1/sessions/arm/infer");
    ureq::post(to).header("content-type", "application/json").send(body).unwrap();
}

#[test]
fn a_session_is_rewarded_and_what_it_learned_is_kept_and_taken_back() {
    let folder = tempfile::tempdir().unwrap();
    let (state, models) = (folder.path().join("state"), folder.path().join("models"));
    pupil(&models);
    let server = Serving::start(&state, &models);
    let url = format!("http://{}", server.address);
    assert_eq!(asked(&url, &["open", "pupil", "--id", "arm"], 0)["learning"], false);
    assert_eq!(asked(&url, &["learning", "arm", "on"], 0)["learning"], true);
    assert_eq!(asked(&url, &["reward", "arm", "1"], 0)["weight_changes"], 0, "nothing has fired");
    stepped(&url);
    assert!(asked(&url, &["reward", "arm", "-0.5"], 0)["weight_changes"].as_u64().unwrap() > 0);
    let checkpoint = asked(&url, &["checkpoint", "arm"], 0);
    assert_eq!(checkpoint, json!({ "model": "pupil", "version": "2" }));
    assert_eq!(asked(&url, &["forget", "arm"], 0)["learning"], true);
    asked(&url, &["checkpoint", "arm"], 0);
    let network = |version| {
        let path = models.join(format!("pupil/{version}/model.nir"));
        let graph = nir::read(&path).unwrap().graph;
        let weights = graph.nodes.values().find_map(|node| match node {
            nir::Node::Linear(_) | nir::Node::Affine(_) => Some(node.parameters()[0].1.to_f64()),
            _ => None,
        });
        weights.unwrap()
    };
    assert_ne!(network(1), network(2), "what was learned is in the second version");
    assert_eq!(network(1), network(3), "and was taken back before the third");

    assert_eq!(asked(&url, &["learning", "arm", "off"], 0)["learning"], false);
    assert_eq!(asked(&url, &["reward", "arm", "1"], 0)["weight_changes"], 0, "it does not learn");
    assert_eq!(asked(&url, &["show", "arm"], 0)["steps_done"], 50);
    assert_eq!(asked(&url, &["list"], 0)["sessions"].as_array().unwrap().len(), 1);
    let table = text(&striatum(&["session", "list", "--url", &url]).stdout);
    assert!(table.contains("arm   pupil  1        off       50"), "{table}");
    assert!(refused(&url, &["reward", "arm", "1001"]).contains("expected -1000 to 1000"));
    assert!(striatum(&["session", "close", "arm", "--url", &url]).status.success());
    assert!(refused(&url, &["show", "arm"]).contains("session arm does not exist"));
    assert_eq!(asked(&url, &["open", "pupil", "--learning", "on"], 0)["learning"], true);
}
