//! `striatum tenant` against a real server.

use serde_json::{Value, json};

use crate::operate::Serving;
use crate::{json, striatum, text};

#[test]
fn tenants_are_listed_shown_set_suspended_and_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let (state, models) = (folder.path().join("state"), folder.path().join("models"));
    std::fs::create_dir_all(&models).unwrap();
    let server = Serving::start(&state, &models);
    let url = format!("http://{}", server.address);
    let make = |admin: &str, role: &str, tenant: &str| {
        let spec = json!({ "name": role, "role": role, "tenant": tenant });
        let (status, made) = server.ask("POST", "/v1/keys", admin, &spec);
        assert_eq!(status, 201, "{made}");
        made["key"].as_str().unwrap().to_owned()
    };
    let admin = make("", "admin", "house");
    let acme = make(&admin, "writer", "acme");
    let by = |key: &str, arguments: &[&str], status| -> Value {
        json(&[&["tenant"], arguments, &["--url", &url, "--key", key]].concat(), status)
    };
    let set = by(&admin, &["set", "acme", "--plan", "free", "--max-memories", "1"], 0);
    assert_eq!((&set["plan"], &set["quotas"]["max_memories"]), (&json!("free"), &json!(1)));
    let remember =
        |what: &str| server.ask("POST", "/v1/memories", &acme, &json!({ "text": what })).0;
    assert_eq!([remember("one"), remember("two")], [201, 429]);
    assert_eq!(by(&acme, &["show"], 0)["use"]["memories"], 1);
    by(&acme, &["show", "house"], 2);
    let set = by(&admin, &["set", "acme", "--max-memories", "plan", "--default-plan"], 0);
    assert_eq!((&set["plan"], &set["own"]), (&json!("unlimited"), &json!({})));
    assert_eq!(remember("two"), 201);

    assert_eq!(by(&admin, &["suspend", "acme"], 0)["suspended"], true);
    assert_eq!(remember("three"), 403);
    let table = striatum(&["tenant", "list", "--url", &url, "--key", &admin]);
    let table = text(&table.stdout);
    let row = table.lines().find(|line| line.starts_with("acme")).unwrap();
    assert!(row.contains("2 of 1000000") && row.ends_with("suspended"), "{table}");
    assert_eq!(by(&admin, &["resume", "acme"], 0)["suspended"], false);
    assert_eq!(remember("three"), 201);

    by(&admin, &["delete", "acme", "--confirm", "globex"], 2);
    assert_eq!(by(&admin, &["delete", "acme", "--confirm", "acme"], 0)["keys"], 1);
    assert_eq!(remember("four"), 401);
    let left = by(&admin, &["list"], 0);
    let left: Vec<&str> =
        left["tenants"].as_array().unwrap().iter().filter_map(|t| t["tenant"].as_str()).collect();
    assert_eq!(left, ["house"]);
}
