//! What columns learned is kept, is used when a memory is opened, and is not believed when it is wrong.

use memory::{Config, Encoding, Memory, New, Query, Space};
use store::{Collection, Expect, Store, Tenant, TenantId, Write};
use tokio::task::JoinSet;

use crate::{NOW, by, open, said, store};

const N: usize = 4500;
const DIMENSION: usize = 8;
/// Columns of more are divided, twice the load that is wanted of few vectors, and those of less may be
/// half of one that is being divided.
const EVEN: std::ops::RangeInclusive<usize> = 48..=128;
const LAYOUTS: Collection = Collection::new("memory-columns");

fn vector(k: usize) -> Vec<f32> {
    let mut state = (k as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut draw = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1 << 23) as f32 - 1.0
    };
    (0..DIMENSION).map(|_| draw()).collect()
}

async fn fill(memory: &Memory, range: std::ops::Range<usize>) {
    let mut storing = JoinSet::new();
    for k in range {
        let memory = memory.clone();
        let embedding = Some(vector(k));
        let new = New { embedding, collection: Some("points".into()), ..said(&format!("p{k}")) };
        storing.spawn(async move { memory.store(new, &by(NOW + k as i64)).await.unwrap() });
    }
    storing.join_all().await;
}

fn loads(memory: &Memory) -> Vec<usize> {
    let survey = memory.survey(Some("points")).unwrap();
    let mut loads: Vec<usize> = survey.columns.iter().map(|column| column.load).collect();
    loads.sort_unstable();
    loads
}

/// Stores `N` vectors and as many more as it takes until no column waits to be divided or is being
/// divided, because that ends when they are opened. Returns how many there are.
async fn fill_until_even(memory: &Memory) -> usize {
    fill(memory, 0..N).await;
    for n in N..2 * N {
        if loads(memory).iter().all(|load| EVEN.contains(load)) {
            return n;
        }
        fill(memory, n..n + 1).await;
    }
    panic!("some column always waits to be divided");
}

fn check_found(memory: &Memory, n: usize) {
    for k in (0..n).step_by(311) {
        let vector = Some(vector(k));
        let query = Query { vector, collection: Some("points".into()), ..Query::new("point") };
        assert!(crate::found(memory, &query).contains(&format!("p{k}")), "{k} of {n}");
    }
}

fn tenant(store: &Store) -> Tenant {
    store.tenant(&TenantId::parse("acme").unwrap())
}

async fn kept(store: &Store) -> Option<Vec<u8>> {
    tenant(store).get(LAYOUTS, "points").await.unwrap().map(|record| record.value)
}

async fn overwrite(store: &Store, value: Vec<u8>) {
    let (collection, key, expect) = (LAYOUTS, "points".to_owned(), Expect::Any);
    tenant(store).commit(vec![Write::Put { collection, key, value, expect }]).await.unwrap();
}

#[tokio::test]
async fn a_layout_is_used_where_it_is_whole_and_not_believed_where_it_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path());
    let memory = open(&store, "acme", Config::default()).await;
    let space = Space { name: "points".into(), dimension: DIMENSION, encoder: Encoding::Given };
    memory.add_space(space).await.unwrap();
    let n = fill_until_even(&memory).await;
    assert_eq!(memory.keep_layouts().await.unwrap(), 1);
    assert_eq!(memory.keep_layouts().await.unwrap(), 0, "nothing has changed since");
    let before = loads(&memory);
    drop(memory);

    let memory = open(&store, "acme", Config::default()).await;
    assert_eq!(loads(&memory), before, "the columns are those of before");
    check_found(&memory, n);
    fill(&memory, n..n + 200).await;
    drop(memory);
    let memory = open(&store, "acme", Config::default()).await;
    check_found(&memory, n + 200);
    assert_eq!(memory.keep_layouts().await.unwrap(), 0, "few are new");
    drop(memory);

    let whole = kept(&store).await.unwrap();
    let mut flipped = whole.clone();
    flipped[whole.len() / 2] ^= 1;
    for wrong in [flipped, whole[..whole.len() - 1].to_vec(), vec![7], Vec::new()] {
        overwrite(&store, wrong).await;
        let memory = open(&store, "acme", Config::default()).await;
        assert_ne!(loads(&memory), before, "they were learned anew");
        check_found(&memory, n + 200);
    }

    let memory = open(&store, "acme", Config::default()).await;
    assert_eq!(memory.keep_layouts().await.unwrap(), 1, "a wrong one is replaced");
    let query = Query { collection: Some("points".into()), ..Query::new("p77") };
    let id = memory.search(&query, NOW).unwrap().hits[0].item.id;
    memory.erase(id, &by(NOW)).await.unwrap();
    assert_eq!(kept(&store).await, None, "nothing of what was erased stays");
    assert_eq!(memory.keep_layouts().await.unwrap(), 1);
}
