//! What every database must do, once for all of them.

use std::collections::BTreeMap;

use store::{
    Collection, Expect, MAX_KEY_BYTES, MAX_VALUE_BYTES, MAX_WRITES, Range, Store, StoreError,
    Tenant, TenantId, Usage, Write, Written,
};

const NOTES: Collection = Collection::new("notes");
const LOG: Collection = Collection::new("log");

pub(crate) fn tenant(store: &Store, name: &str) -> Tenant {
    store.tenant(&TenantId::parse(name).unwrap())
}

fn put(key: &str, value: &[u8], expect: Expect) -> Write {
    Write::Put { collection: NOTES, key: key.into(), value: value.into(), expect }
}

fn keys(page: &store::Page) -> Vec<&str> {
    page.records.iter().map(|record| record.key.as_str()).collect()
}

/// The whole contract, each part with tenants of its own.
pub(crate) async fn holds(store: &Store) {
    bytes_come_back(store).await;
    order_and_pages(store).await;
    expectations(store).await;
    all_or_nothing(store).await;
    numbers_have_no_gap(store).await;
    limits(store).await;
    tenants_see_only_their_own(store).await;
    random_operations_agree_with_a_map(store).await;
    a_copy_is_the_same(store).await;
}

async fn bytes_come_back(store: &Store) {
    let t = tenant(store, "bytes");
    let every: Vec<u8> = (0..=255).collect();
    for (key, value) in [("every", &every[..]), ("none", b""), ("ключ 🧠 '\";--\\%_", b"\0\n")]
    {
        assert_eq!(t.put(NOTES, key, value).await.unwrap(), 1);
        let found = t.get(NOTES, key).await.unwrap().unwrap();
        assert_eq!((found.key.as_str(), &found.value[..], found.version), (key, value, 1));
    }
    assert_eq!(t.put(NOTES, "every", b"other").await.unwrap(), 2);
    assert_eq!(t.get(NOTES, "every").await.unwrap().unwrap().value, b"other");
    assert!(t.delete(NOTES, "every").await.unwrap());
    assert!(!t.delete(NOTES, "every").await.unwrap());
    assert_eq!(t.get(NOTES, "every").await.unwrap(), None);
}

async fn order_and_pages(store: &Store) {
    let t = tenant(store, "order");
    // By bytes: capitals before small letters, ASCII before the rest, prefixes before longer keys.
    let ordered = ["A", "B%", "B%1", "B_", "B_1", "a", "a\\", "a\\1", "b", "ä", "🧠", "🧠1"];
    for key in ordered.iter().rev() {
        t.put(NOTES, key, key.as_bytes()).await.unwrap();
    }
    let scan = async |range| t.scan(NOTES, range).await.unwrap();
    assert_eq!(keys(&scan(Range::default()).await), ordered);
    let mut backward = ordered;
    backward.reverse();
    assert_eq!(keys(&scan(Range { reverse: true, ..Range::default() }).await), backward);
    for (prefix, expected) in [
        ("B%", &["B%", "B%1"][..]),
        ("B_", &["B_", "B_1"]),
        ("a\\", &["a\\", "a\\1"]),
        ("🧠", &["🧠", "🧠1"]),
        ("c", &[]),
    ] {
        let range = Range { prefix: prefix.into(), ..Range::default() };
        assert_eq!(keys(&scan(range).await), expected, "{prefix}");
    }
    for reverse in [false, true] {
        let mut seen = Vec::new();
        let mut range = Range { limit: 5, reverse, ..Range::default() };
        loop {
            let page = scan(range.clone()).await;
            assert!(page.records.len() <= 5);
            seen.extend(page.records.iter().map(|record| record.key.clone()));
            match page.next {
                Some(next) => range.after = Some(next),
                None => break,
            }
        }
        assert_eq!(seen, if reverse { backward } else { ordered });
    }
    let bytes: usize = ordered.iter().map(|key| 2 * key.len()).sum();
    let expected = Usage { records: ordered.len() as u64, bytes: bytes as u64 };
    assert_eq!(t.usage(NOTES).await.unwrap(), expected);
    assert_eq!(t.usage(LOG).await.unwrap(), Usage::default());
}

async fn expectations(store: &Store) {
    let t = tenant(store, "expect");
    assert_eq!(t.put_if(NOTES, "k", b"1", Expect::Absent).await, Ok(1));
    let conflict = |expected: &str, found: &str| {
        Err(StoreError::Conflict {
            collection: "notes",
            key: "k".into(),
            expected: expected.into(),
            found: found.into(),
        })
    };
    let second = t.put_if(NOTES, "k", b"2", Expect::Absent).await;
    assert_eq!(second, conflict("nothing", "version 1"));
    let wrong = t.put_if(NOTES, "k", b"2", Expect::Version(7)).await;
    assert_eq!(wrong, conflict("version 7", "version 1"));
    assert_eq!(t.put_if(NOTES, "k", b"2", Expect::Version(1)).await, Ok(2));
    let delete =
        |expect| t.commit(vec![Write::Delete { collection: NOTES, key: "k".into(), expect }]);
    assert!(matches!(delete(Expect::Version(1)).await, Err(StoreError::Conflict { .. })));
    assert_eq!(delete(Expect::Version(2)).await, Ok(vec![Written::Deleted(true)]));
    let gone = t.put_if(NOTES, "k", b"3", Expect::Version(2)).await;
    assert_eq!(gone, conflict("version 2", "nothing"));
    // Of many who expect nothing, one wins.
    let racing = (0..20u8).map(|k| {
        let t = t.clone();
        tokio::spawn(async move { t.put_if(NOTES, "race", &[k], Expect::Absent).await.is_ok() })
    });
    let mut winners = 0;
    for one in racing.collect::<Vec<_>>() {
        winners += usize::from(one.await.unwrap());
    }
    assert_eq!(winners, 1);
}

async fn all_or_nothing(store: &Store) {
    let t = tenant(store, "atomic");
    t.put(NOTES, "there", b"old").await.unwrap();
    let failed = t
        .commit(vec![
            put("a", b"1", Expect::Any),
            Write::Append { collection: LOG, value: b"entry".to_vec() },
            put("there", b"new", Expect::Absent),
        ])
        .await;
    assert!(matches!(failed, Err(StoreError::Conflict { .. })), "{failed:?}");
    assert_eq!(t.get(NOTES, "a").await.unwrap(), None);
    assert_eq!(t.get(NOTES, "there").await.unwrap().unwrap().value, b"old");
    let done = t
        .commit(vec![
            put("a", b"1", Expect::Any),
            put("a", b"2", Expect::Version(1)),
            Write::Append { collection: LOG, value: b"entry".to_vec() },
            Write::Delete { collection: NOTES, key: "there".into(), expect: Expect::Any },
        ])
        .await;
    let expected =
        vec![Written::Put(1), Written::Put(2), Written::Appended(1), Written::Deleted(true)];
    assert_eq!(done, Ok(expected));
}

async fn numbers_have_no_gap(store: &Store) {
    let t = tenant(store, "numbers");
    let all: Vec<_> = (0..8)
        .map(|_| {
            let t = t.clone();
            tokio::spawn(async move {
                let mut mine = Vec::new();
                for _ in 0..25 {
                    mine.push(t.append(LOG, b"x").await.unwrap());
                }
                assert!(mine.is_sorted());
                mine
            })
        })
        .collect();
    let mut numbers = Vec::new();
    for one in all {
        numbers.extend(one.await.unwrap());
    }
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=200).collect::<Vec<u64>>());
    assert!(t.delete(LOG, "00000000000000000200").await.unwrap());
    assert_eq!(t.append(LOG, b"x").await.unwrap(), 201, "a number is not used again");
}

async fn limits(store: &Store) {
    let t = tenant(store, "limits");
    let too_large = |what, limit, found| Err::<u64, _>(StoreError::TooLarge { what, limit, found });
    let long = "k".repeat(MAX_KEY_BYTES);
    assert_eq!(t.put(NOTES, &long, b"").await, Ok(1));
    let longer = format!("{long}k");
    let found = t.put(NOTES, &longer, b"").await;
    assert_eq!(found, too_large("key", MAX_KEY_BYTES, MAX_KEY_BYTES + 1));
    let big = vec![7; MAX_VALUE_BYTES + 1];
    let found = t.put(NOTES, "big", &big).await;
    assert_eq!(found, too_large("value", MAX_VALUE_BYTES, MAX_VALUE_BYTES + 1));
    assert_eq!(t.put(NOTES, "big", &big[1..]).await, Ok(1));
    for key in ["", "a\0b"] {
        assert!(matches!(t.put(NOTES, key, b"").await, Err(StoreError::Name { .. })));
        assert!(matches!(t.get(NOTES, key).await, Err(StoreError::Name { .. })));
    }
    let many = vec![put("k", b"", Expect::Any); MAX_WRITES + 1];
    assert!(matches!(t.commit(many).await, Err(StoreError::TooLarge { what: "commit", .. })));
    assert_eq!(t.erase().await, Ok(2));
}

async fn tenants_see_only_their_own(store: &Store) {
    let (a, b) = (tenant(store, "own-a"), tenant(store, "own-b"));
    a.put(NOTES, "k", b"a").await.unwrap();
    b.put(NOTES, "k", b"b").await.unwrap();
    a.append(LOG, b"a").await.unwrap();
    assert_eq!(b.append(LOG, b"b").await.unwrap(), 1);
    assert_eq!(a.get(NOTES, "k").await.unwrap().unwrap().value, b"a");
    assert_eq!(a.erase().await, Ok(2));
    assert_eq!(a.get(NOTES, "k").await.unwrap(), None);
    assert_eq!(b.get(NOTES, "k").await.unwrap().unwrap().value, b"b");
    let tenants = store.tenants().await.unwrap();
    let names: Vec<&str> = tenants.iter().map(TenantId::as_str).collect();
    assert!(names.contains(&"own-b") && !names.contains(&"own-a"), "{names:?}");
    assert!(names.is_sorted());
}

/// SplitMix64.
pub(crate) fn random(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

async fn random_operations_agree_with_a_map(store: &Store) {
    let names = ["map-a", "map-b", "map-c"];
    let mut maps: Vec<BTreeMap<String, (Vec<u8>, u64)>> = vec![BTreeMap::new(); 3];
    let mut seed = 2026;
    for _ in 0..1500 {
        let r = random(&mut seed);
        let (who, key) = ((r % 3) as usize, format!("k{}", r / 3 % 20));
        let (t, map) = (tenant(store, names[who]), &mut maps[who]);
        let value = random(&mut seed).to_le_bytes().to_vec();
        let before = map.get(&key).map_or(0, |(_, version)| *version);
        match r >> 32 & 7 {
            0 => {
                let existed = map.remove(&key).is_some();
                assert_eq!(t.delete(NOTES, &key).await, Ok(existed));
            }
            1 => {
                let won = t.put_if(NOTES, &key, &value, Expect::Absent).await.is_ok();
                assert_eq!(won, before == 0);
                if won {
                    map.insert(key, (value, 1));
                }
            }
            2 => {
                let found = t.get(NOTES, &key).await.unwrap();
                let found = found.map(|record| (record.value, record.version));
                assert_eq!(found.as_ref(), map.get(&key));
            }
            3 => {
                let page = t.scan(NOTES, Range::default()).await.unwrap();
                let found = page.records.into_iter().map(|r| (r.key, (r.value, r.version)));
                assert_eq!(found.collect::<BTreeMap<_, _>>(), *map);
            }
            _ => {
                assert_eq!(t.put(NOTES, &key, &value).await, Ok(before + 1));
                map.insert(key, (value, before + 1));
            }
        }
    }
    assert!(maps.iter().all(|map| !map.is_empty()));
}

async fn a_copy_is_the_same(store: &Store) {
    let folder = tempfile::tempdir().unwrap();
    store.copy_to(&folder.path().join("store.db")).await.unwrap();
    let copy = Store::sqlite(folder.path()).unwrap();
    let tenants = store.tenants().await.unwrap();
    assert_eq!(copy.tenants().await.unwrap(), tenants);
    for id in tenants {
        for collection in [NOTES, LOG] {
            let of = async |store: &Store| {
                store.tenant(&id).scan(collection, Range::default()).await.unwrap()
            };
            assert_eq!(of(&copy).await, of(store).await, "{id}");
        }
    }
    let next = tenant(&copy, "numbers").append(LOG, b"x").await.unwrap();
    assert_eq!(next, tenant(store, "numbers").append(LOG, b"x").await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_holds_the_contract() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::sqlite(&folder.path().join("made")).unwrap();
    assert_eq!(store.kind(), "sqlite");
    holds(&store).await;
    // And holds what it has when it is opened again.
    let before = tenant(&store, "order").scan(NOTES, Range::default()).await.unwrap();
    drop(store);
    let store = reopened(&folder.path().join("made")).await;
    let after = tenant(&store, "order").scan(NOTES, Range::default()).await.unwrap();
    assert_eq!(after, before);
}

/// Opens a folder again, as soon as the writer of the last store has ended.
pub(crate) async fn reopened(folder: &std::path::Path) -> Store {
    for _ in 0..1000 {
        match Store::sqlite(folder) {
            Err(StoreError::InUse { .. }) => {
                tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            }
            opened => return opened.unwrap(),
        }
    }
    panic!("the folder stays in use");
}
