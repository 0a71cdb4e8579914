//! Any records, read and then asked: `cargo +nightly fuzz run record` in `crates/knowledge`.

#![no_main]

use knowledge::links::Spread;
use knowledge::{BranchId, EntityId, FactId, FactQuery, Knowledge, Vertex};
use libfuzzer_sys::fuzz_target;

/// A kind, three small numbers, a length, and then the value.
fn records(mut bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut out = Vec::new();
    while let [kind, number, branch, revision, len, rest @ ..] = bytes {
        let kind = ["e", "r", "f", "p", "c", "b", "w", "meta"][usize::from(*kind) % 8];
        let key = match kind {
            "meta" => kind.to_string(),
            "w" => format!("w/{number:016x}/{branch:016x}"),
            _ => format!("{kind}/{number:016x}/{branch:016x}/{revision:016x}"),
        };
        let (value, left) = rest.split_at(usize::from(*len).min(rest.len()));
        out.push((key, value.to_vec()));
        bytes = left;
    }
    out
}

fuzz_target!(|bytes: &[u8]| {
    let Ok(knowledge) = Knowledge::load(records(bytes)) else { return };
    let again = Knowledge::load(knowledge.records().expect("it encodes")).expect("it reads");
    assert!(again == knowledge);
    for branch in 0..4 {
        let Ok(view) = knowledge.latest(BranchId(branch)) else { continue };
        for n in 0..8 {
            view.property(EntityId(n), "a");
            view.ancestors(EntityId(n));
            view.support(FactId(n));
        }
        view.facts(&FactQuery::default());
        let seeds = [(Vertex::Memory(1), 1.0), (Vertex::Entity(EntityId(1)), 1.0)];
        let _ = view.links().spread(&seeds, &Spread::default(), 0);
    }
});
