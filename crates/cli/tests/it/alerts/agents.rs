//! Agents that are refused, overrides, learning requests that nobody decides.

use serde_json::json;

use super::{Faults, Watched, own_models};

pub(super) const REFUSED: Faults = &[
    ("GraveActionRefused", "somebody asks whether a human may be harmed"),
    ("ActionsRefused", "somebody asks so again and again"),
];
pub(super) const LIFTED: Faults = &[
    ("OverrideLifted", "an administrator lifts the limit on learning requests"),
    ("OverridesRefused", "overrides without a reason are asked for again and again"),
];
pub(super) const ASKED: Faults = &[
    ("LearningRequestsWait", "more than fifty learning requests are made and none is decided"),
    ("VaultGrows", "as many are denied"),
];

#[test]
fn actions_that_would_harm_somebody() {
    let models = own_models();
    let server = Watched::start("", models.path());
    server.is_silent(REFUSED);
    server.fires(REFUSED, || {
        for _ in 0..40 {
            assert_eq!(server.post("/v1/laws/judge", &json!({ "content": "kill the user" })), 200);
        }
    });
}

#[test]
fn overrides_and_learning_requests() {
    let models = own_models();
    let server = Watched::start("", models.path());
    server.is_silent(LIFTED);
    server.is_silent(ASKED);
    let lift = |reason: &str| {
        let body = json!({ "kind": "rate_limiting", "seconds": 600, "reason": reason });
        server.post("/v1/overrides", &body)
    };
    let mut first = true;
    server.fires(LIFTED, || {
        if std::mem::take(&mut first) {
            assert_eq!(lift("a drill"), 201);
        }
        (0..20).for_each(|_| assert_eq!(lift(" "), 400));
    });
    let path = "/v1/learning/requests";
    let mut made = 0;
    let mut denied = 0;
    let (waiting, growing) = ASKED.split_at(1);
    server.fires(waiting, || {
        for _ in 0..30 {
            let asked =
                json!({ "id": made.to_string(), "topic": "x", "description": format!("{made}") });
            assert_eq!(server.post(path, &asked), 201);
            made += 1;
        }
    });
    server.fires(growing, || {
        for _ in 0..30.min(made - denied) {
            let deny = json!({ "reason": "not here" });
            assert_eq!(server.post(&format!("{path}/{denied}/deny"), &deny), 200);
            denied += 1;
        }
        if denied == made {
            let asked =
                json!({ "id": made.to_string(), "topic": "x", "description": format!("{made}") });
            assert_eq!(server.post(path, &asked), 201);
            made += 1;
        }
    });
}
