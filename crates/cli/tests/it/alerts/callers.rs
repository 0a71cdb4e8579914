//! Callers who guess, overreach or hurry, and somebody who changes what was written of them.

use serde_json::{Value, json};

use super::{Faults, Watched, folder, own_models, settings};
use crate::json;
use crate::operate::{digit, name};

pub(super) const REFUSED: Faults = &[
    ("AuthenticationFailures", "requests with a key that nobody has"),
    ("DeniedActions", "a reader that asks for what only administrators may"),
    ("CallersRateLimited", "a caller far above its rate"),
];

pub(super) const CHANGED: Faults =
    &[("AuditChainBroken", "an entry of the audit log is changed in the database")];

const SETTINGS: &str = "[security]\nrequests_per_second = 40.0\nburst = 100\n";

#[test]
fn callers_that_are_refused_and_an_audit_log_that_is_changed() {
    let (models, folder) = (own_models(), folder());
    let config = settings(folder.path(), SETTINGS);
    let make = |role: &str| {
        let made = json(&["key", "--config", name(&config), "create", role, "--role", role], 0);
        made["key"].as_str().unwrap().to_owned()
    };
    let (admin, reader) = (make("admin"), make("reader"));
    let mut server = Watched::inside(folder, SETTINGS, models.path(), &[], &[]);
    server.key = admin.clone();
    server.is_silent(REFUSED);
    server.is_silent(CHANGED);
    let mut rounds = 0;
    server.fires(REFUSED, || {
        rounds += 1;
        let nobody = "sk_0123456789abcdef_00";
        (0..5).for_each(|_| _ = server.server.ask("GET", "/v2/models", nobody, &Value::Null));
        let spec = json!({ "name": "x", "role": "admin" });
        (0..5).for_each(|_| _ = server.server.ask("POST", "/v1/keys", &reader, &spec));
        // First what it may not do, and then too much of what it may.
        let hurried = if rounds > 8 { 150 } else { 0 };
        for _ in 0..hurried {
            server.server.ask("POST", "/v2/models/digits/infer", &reader, &digit());
        }
    });
    let folder = server.stop();
    let database = rusqlite::Connection::open(folder.path().join("state/store.db")).unwrap();
    let change = "UPDATE records SET value = \
        CAST(replace(CAST(value AS TEXT), 'reader', 'writer') AS BLOB) WHERE collection = 'audit'";
    assert!(database.execute(change, []).unwrap() > 0);
    drop(database);
    let mut server = Watched::inside(folder, SETTINGS, models.path(), &[], &[]);
    server.key = admin;
    server.fires(CHANGED, || ());
}
