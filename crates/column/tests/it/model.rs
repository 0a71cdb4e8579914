//! Any order of inserts, removals and searches agrees with a map that is scanned.

use std::collections::BTreeMap;

use column::{Breadth, Columns, Config, Error, Search};
use proptest::prelude::*;

use crate::data::{D, cosine, many, nearest, rows};

#[derive(Clone, Debug)]
enum Act {
    Insert(u16),
    Remove(u16),
    /// A run of ids, so that columns merge.
    RemoveRun(u16, u8),
    InsertRun(u16, u16),
    Search(u16, u8),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => (0u16..3000).prop_map(Act::Insert),
        3 => (0u16..3000).prop_map(Act::Remove),
        2 => (0u16..3000, any::<u8>()).prop_map(|(at, n)| Act::RemoveRun(at, n)),
        2 => (0u16..3000, 0u16..900).prop_map(|(at, n)| Act::InsertRun(at, n)),
        3 => (0u16..3000, 1u8..40).prop_map(|(at, k)| Act::Search(at, k)),
    ]
}

/// Every id stands in the map once, and rows are items and second copies, no more.
fn same(columns: &Columns, model: &BTreeMap<u32, Vec<f32>>) {
    let survey = columns.survey();
    assert_eq!(columns.len(), model.len());
    assert_eq!(survey.n_items, model.len());
    assert!(survey.n_rows >= model.len());
    assert_eq!(survey.columns.iter().map(|c| c.load).sum::<usize>(), survey.n_rows);
    for (id, vector) in model {
        let stored = columns.vector(*id).unwrap();
        assert!(cosine(&stored, vector) > 0.999, "{id}");
    }
    if columns.is_empty() {
        assert_eq!(columns.n_columns(), 0);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn any_order_of_changes_agrees_with_a_map(
        acts in prop::collection::vec(act(), 1..40),
        spill in prop_oneof![Just(0.0f32), Just(0.3)],
    ) {
        let all = many(4000);
        let rows = rows(&all);
        let mut config = Config::new(D);
        config.spill_share = spill;
        let mut columns = Columns::new(config).unwrap();
        let mut model = BTreeMap::new();
        let insert = |columns: &mut Columns, model: &mut BTreeMap<u32, Vec<f32>>, id: u32| {
            let vector = &all[id as usize];
            let told = columns.insert(id, vector);
            if model.insert(id, vector.clone()).is_some() {
                assert_eq!(told, Err(Error::Exists { id }));
            } else {
                assert!((told.unwrap().winner as usize) < columns.n_columns());
            }
        };
        for act in acts {
            match act {
                Act::Insert(id) => insert(&mut columns, &mut model, id.into()),
                Act::InsertRun(at, n) => {
                    (at..at + n).for_each(|id| insert(&mut columns, &mut model, id.into()));
                }
                Act::Remove(id) => {
                    prop_assert_eq!(columns.remove(id.into()), model.remove(&id.into()).is_some());
                }
                Act::RemoveRun(at, n) => {
                    for id in u32::from(at)..u32::from(at) + u32::from(n) {
                        prop_assert_eq!(columns.remove(id), model.remove(&id).is_some());
                    }
                }
                Act::Search(at, k) => {
                    let query = &all[at as usize + 900];
                    let how = Search {
                        rows: Some(&rows),
                        breadth: Breadth::Exact,
                        ..Search::default()
                    };
                    let hits = columns.search(query, k.into(), &how).unwrap().hits;
                    let stored = model.iter().map(|(id, v)| (*id, v.as_slice()));
                    let truth = nearest(stored, query, k.into());
                    prop_assert_eq!(hits.len(), truth.len());
                    for (hit, (_, score)) in hits.iter().zip(truth) {
                        prop_assert!(model.contains_key(&hit.id));
                        prop_assert!((f64::from(hit.score) - score).abs() < 1e-5);
                    }
                }
            }
        }
        same(&columns, &model);
        let ids: Vec<u32> = model.keys().copied().collect();
        ids.iter().for_each(|id| assert!(columns.remove(*id)));
        same(&columns, &BTreeMap::new());
    }
}

#[test]
fn the_same_vector_thousands_of_times_is_stored_and_found() {
    let all = many(2);
    let mut columns = Columns::new(Config::new(D)).unwrap();
    (0..2000).for_each(|id| drop(columns.insert(id, &all[0]).unwrap()));
    columns.insert(5000, &all[1]).unwrap();
    let hits = columns.search(&all[0], 10, &Search::default()).unwrap().hits;
    assert!(hits.iter().all(|h| h.score > 0.999));
    assert_eq!(columns.search(&all[1], 1, &Search::default()).unwrap().hits[0].id, 5000);
    (0..2000).for_each(|id| assert!(columns.remove(id)));
    assert_eq!(columns.len(), 1);
}

#[test]
fn opposite_vectors_have_columns_too() {
    let mut columns = Columns::new(Config::new(2)).unwrap();
    for id in 0..1000 {
        let sign = if id % 2 == 0 { 1.0 } else { -1.0 };
        columns.insert(id, &[sign, 0.0]).unwrap();
    }
    let hits = columns.search(&[-1.0, 0.0], 5, &Search::default()).unwrap().hits;
    assert!(hits.iter().all(|h| h.id % 2 == 1 && h.score > 0.99));
}
