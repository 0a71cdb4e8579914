//! Tenants: whatever is done with some memories, nothing of another's is named, found, counted or
//! exported.

use std::collections::BTreeMap;

use memory::{Config, Filter, Id, Memory, Query, Scope, Status};
use proptest::prelude::*;

use crate::{NOW, by, open, said, store};

const TENANTS: [&str; 3] = ["acme", "beta", "gamma"];

#[derive(Clone, Debug)]
enum Op {
    Store(usize, u8),
    Delete(usize, usize),
    Erase(usize, usize),
    Search(usize, u8),
    /// One tenant asks for the memory of another by its name.
    Steal(usize, usize, usize),
    Reopen(usize),
}

fn op() -> impl Strategy<Value = Op> {
    let tenant = 0..TENANTS.len();
    prop_oneof![
        4 => (tenant.clone(), any::<u8>()).prop_map(|(t, k)| Op::Store(t, k)),
        1 => (tenant.clone(), any::<usize>()).prop_map(|(t, k)| Op::Delete(t, k)),
        1 => (tenant.clone(), any::<usize>()).prop_map(|(t, k)| Op::Erase(t, k)),
        2 => (tenant.clone(), any::<u8>()).prop_map(|(t, k)| Op::Search(t, k)),
        2 => (tenant.clone(), tenant.clone(), any::<usize>())
            .prop_map(|(a, b, k)| Op::Steal(a, b, k)),
        1 => tenant.prop_map(Op::Reopen),
    ]
}

/// What a tenant must have: names and texts.
type Model = BTreeMap<Id, String>;

fn text(tenant: usize, k: u8) -> String {
    // The same words for everybody, so that only the tenant tells texts apart.
    format!("secret {} of the vault, held by {}", k % 8, TENANTS[tenant])
}

fn pick(model: &Model, k: usize) -> Option<Id> {
    model.keys().nth(k % model.len().max(1)).copied()
}

fn check(memory: &Memory, tenant: usize, model: &Model) {
    let mine = |text: &str| text.ends_with(TENANTS[tenant]);
    let listed =
        memory.list(&Scope::default(), &Filter::everything(), &[Status::Active], None, 1000);
    let listed = listed.unwrap();
    assert_eq!(listed.total, model.len() as u64);
    for item in &listed.items {
        assert_eq!(model.get(&item.id), Some(&item.text));
    }
    let query = Query { limit: 100, ..Query::new("secret vault") };
    for hit in memory.search(&query, NOW).unwrap().hits {
        assert!(mine(&hit.item.text) && model.contains_key(&hit.item.id), "{}", hit.item.text);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]
    #[test]
    fn no_tenant_reaches_another(ops in proptest::collection::vec(op(), 1..60)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(run(ops));
    }
}

async fn run(ops: Vec<Op>) {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path());
    let mut memories = Vec::new();
    for tenant in TENANTS {
        memories.push(open(&store, tenant, Config::default()).await);
    }
    let mut models = vec![Model::new(); TENANTS.len()];
    for (k, op) in ops.into_iter().enumerate() {
        let by = by(NOW + k as i64 * 1000);
        match op {
            Op::Store(t, k) => {
                let stored = memories[t].store(said(&text(t, k)), &by).await.unwrap();
                models[t].insert(stored.item.id, stored.item.text.clone());
            }
            Op::Delete(t, k) => {
                if let Some(id) = pick(&models[t], k) {
                    memories[t].delete(id, &by).await.unwrap();
                    models[t].remove(&id);
                }
            }
            Op::Erase(t, k) => {
                if let Some(id) = pick(&models[t], k) {
                    memories[t].erase(id, &by).await.unwrap();
                    models[t].remove(&id);
                }
            }
            Op::Search(t, k) => check(&memories[t], t, &{
                let _ = k;
                models[t].clone()
            }),
            Op::Steal(thief, owner, k) if thief != owner => {
                if let Some(id) = pick(&models[owner], k) {
                    steal(&memories[thief], id, &by).await;
                }
            }
            Op::Steal(..) => {}
            Op::Reopen(t) => {
                let memory = open(&store, TENANTS[t], Config::default()).await;
                memories[t] = memory;
            }
        }
    }
    for (t, memory) in memories.iter().enumerate() {
        check(memory, t, &models[t]);
        let file = String::from_utf8(crate::exported(memory).await).unwrap();
        for (other, name) in TENANTS.iter().enumerate().filter(|(o, _)| *o != t) {
            assert!(
                !file.contains(name),
                "the export of {} tells of {}",
                TENANTS[t],
                TENANTS[other]
            );
        }
    }
}

/// Everything that takes a name says that there is none such.
async fn steal(memory: &Memory, id: Id, by: &memory::By) {
    assert!(memory.get(id).is_err());
    assert!(memory.history(id).await.is_err());
    assert!(memory.delete(id, by).await.is_err());
    assert!(memory.restore(id, by).await.is_err());
    assert!(memory.erase(id, by).await.is_err());
    assert!(memory.update(id, memory::Patch::default(), by).await.is_err());
    assert!(memory.feedback(id, memory::Feedback::View, by).await.is_err());
    assert!(memory.stored_vector(id).await.unwrap().is_none());
}
