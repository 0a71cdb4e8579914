//! A tenant that fills its memory.

use serde_json::json;

use super::{Faults, Watched, own_models};

pub(super) const USED: Faults =
    &[("MemoryQuotaNearlyUsed", "a tenant stores as many memories as it may")];

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
