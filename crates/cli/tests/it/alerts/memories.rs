//! A tenant that fills its memory, and one that uses up its calls.

use serde_json::json;

use super::{Faults, Watched, own_models};

pub(super) const USED: Faults =
    &[("MemoryQuotaNearlyUsed", "a tenant stores as many memories as it may")];

pub(super) const CALLED: Faults =
    &[("TenantCallsNearlyUsed", "a tenant calls as often as it may on one day")];

#[test]
fn a_day_whose_calls_are_used() {
    let models = own_models();
    let settings = "[tenants]\ndefault_plan = \"few\"\n[tenants.plans.few]\ncalls_per_day = 20\n";
    let server = Watched::start(settings, models.path());
    server.is_silent(CALLED);
    server.fires(CALLED, || {
        let status = server.post("/v1/memories", &json!({ "text": "a remark" }));
        assert!([201, 429].contains(&status), "{status}");
    });
}

#[test]
fn a_memory_that_is_full() {
    let models = own_models();
    let settings = "[memory]\nmax_memories = 10\ntend_seconds = 0.5\n";
    let server = Watched::start(settings, models.path());
    server.is_silent(USED);
    let mut stored = 0;
    server.fires(USED, || {
        stored += 1;
        let status = server.post("/v1/memories", &json!({ "text": format!("remark {stored}") }));
        assert_eq!(status, if stored <= 10 { 201 } else { 429 });
    });
}
