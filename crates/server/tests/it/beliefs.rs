//! What facts rest on over HTTP: assumptions, suppositions, revision, types of conflicts and health.

use serde_json::{Value, json};
use server::Config;

use crate::client::{Running, models};

const NETWORK: &str = "nir/snntorch_srnn12_zero_nodelay.nir";

fn post(server: &Running, path: &str, body: Value) -> Value {
    let answer = server.ask("POST", path, None, body);
    let status = answer.status;
    assert!(status < 300, "{path}: {status} {}", String::from_utf8_lossy(&answer.bytes));
    answer.of(status)
}

fn ask(server: &Running, request: Value) -> Value {
    post(server, "/v1/facts/assumptions", request)
}

#[test]
fn assumptions_are_asked_about_and_revised() {
    let server = Running::start(models(NETWORK, ""), Config::default());
    let lamp = post(&server, "/v1/entities", json!({ "name": "lamp", "kind": "thing" }));
    let say = |path: &str, predicate: &str, object: &str, because: &[&[&Value]], source: &str| {
        let fact = json!({ "subject": lamp["id"], "predicate": predicate, "object": object,
                           "justifications": because, "source": source, "functional": true });
        post(&server, path, fact)
    };
    let learn = |predicate: &str, object: &str, because: &[&[&Value]], source: &str| {
        say("/v1/facts", predicate, object, because, source)["id"].clone()
    };
    let switch = learn("switch", "on", &[], "eyes");
    let power = learn("power", "there", &[], "meter");
    let sun = learn("sun", "up", &[], "eyes");
    let lit = learn("light", "lit", &[&[&switch, &power], &[&sun]], "reason");
    let dark = learn("light", "dark", &[], "rumour");

    let under = ask(&server, json!({ "question": "holds_under", "fact": lit }));
    assert_eq!(under["environments"], json!([[sun], [switch, power]]));
    assert_eq!(under["more"], false);
    assert_eq!(under["facts"][0]["subject"], "lamp");
    let stated =
        json!({ "question": "holds_under", "fact": lit, "assumptions": [switch, sun, dark] });
    assert_eq!(ask(&server, stated)["environments"], json!([[switch], [sun]]));
    let impossible = ask(&server, json!({ "question": "impossible" }));
    assert_eq!(impossible["environments"], json!([[sun, dark], [switch, power, dark]]));
    let supposed =
        ask(&server, json!({ "question": "suppose", "without": [sun, power], "assume": [dark] }));
    assert_eq!(supposed["lost"], json!([power, sun, lit]));
    assert_eq!(supposed["contradictions"], json!([]));

    let refused = |request: Value, says: &str| {
        let answer = server.ask("POST", "/v1/facts/assumptions", None, request);
        let text = String::from_utf8_lossy(&answer.bytes).into_owned();
        assert!((400..500).contains(&answer.status) && text.contains(says), "{text}");
    };
    refused(json!({ "question": "suppose", "fact": 1 }), "takes assume and without");
    refused(json!({ "question": "suppose" }), "assume, without: expected facts");
    refused(json!({ "question": "holds_under" }), "fact: expected the number");
    refused(json!({ "question": "holds_under", "fact": 999 }), "fact 999");
    refused(json!({ "question": "suppose", "assume": vec![1; 257] }), "at most 256");
    refused(json!({ "question": "suppose", "assume": [lit], "without": [lit] }), "in both");

    let get = |path: &str| server.ask("GET", path, None, Value::Null).of(200);
    let contradictions = get("/v1/contradictions");
    assert_eq!(contradictions["results"][0]["types"], json!(["semantic", "source"]));
    assert_eq!(get("/v1/memory/stats")["believed"], Value::Null);
    let stats = get("/v1/memory/stats?beliefs=true");
    assert_eq!((&stats["believed"], &stats["contested"]), (&json!(5), &json!(2)));
    assert_eq!(stats["belief_health"], 0.6);
    assert_eq!(stats["drift"], 1.0);
    assert!(stats["revisions_per_minute"].as_f64().unwrap() > 0.0);

    // That it is dark, after all: what is least entrenched goes, and nothing contradicts it then.
    let revised = say("/v1/facts/revise", "light", "dark", &[], "eyes");
    assert_eq!((&revised["id"], &revised["created"]), (&dark, &json!(false)));
    assert_eq!(revised["given_up"], json!([sun, power]));
    assert_eq!(get("/v1/contradictions")["results"], json!([]));
    assert_eq!(get("/v1/memory/stats?beliefs=true")["belief_health"], 1.0);
}
