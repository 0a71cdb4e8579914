//! A layout builds the same columns again, and whatever it says, every item is found.

use std::sync::LazyLock;

use column::{Breadth, Columns, Config, Layout, Search};
use proptest::prelude::*;

use crate::data::{D, vectors};

static VECTORS: LazyLock<Vec<Vec<f32>>> = LazyLock::new(vectors);

fn items(n: usize) -> Vec<(u32, &'static [f32])> {
    (0u32..).zip(VECTORS[..n].iter().map(Vec::as_slice)).collect()
}

fn build_as(items: &[(u32, &[f32])], layout: &Layout) -> (Columns, usize) {
    Columns::build_as(Config::new(D), items, layout, 2).unwrap()
}

/// Every item is stored once, and is found.
fn check_all_there(columns: &Columns, items: &[(u32, &[f32])]) {
    check_there(columns, items, &Search::default(), 98);
}

fn check_there(columns: &Columns, items: &[(u32, &[f32])], how: &Search<'_>, percent: usize) {
    assert_eq!((columns.len(), columns.survey().n_rows), (items.len(), items.len()));
    let own = |(id, v): &&(u32, &[f32])| {
        columns.search(v, 3, how).unwrap().hits.iter().any(|hit| hit.id == *id)
    };
    let n_found = items.iter().step_by(7).filter(own).count();
    assert!(n_found * 100 >= items.len().div_ceil(7) * percent, "{n_found} of {}", items.len() / 7);
}

#[test]
fn the_same_columns_come_again_and_what_is_new_finds_its_place() {
    let items = items(4000);
    let built = Columns::build(Config::new(D), &items, 1).unwrap();
    let layout = built.layout();
    let (again, n_new) = build_as(&items, &layout);
    assert_eq!(n_new, 0);
    assert_eq!(again.n_columns(), built.n_columns());
    assert_eq!(again.survey().recall_gap, built.survey().recall_gap);
    let sorted = |layout: Layout| {
        let mut columns = layout.columns;
        columns.iter_mut().for_each(|column| column.sort_unstable());
        columns.sort_unstable();
        columns
    };
    assert_eq!(sorted(again.layout()), sorted(layout.clone()));

    let before = Columns::build(Config::new(D), &items[500..], 1).unwrap().layout();
    let (grown, n_new) = build_as(&items, &before);
    assert_eq!(n_new, 500);
    check_all_there(&grown, &items);
    let (shrunk, n_new) = build_as(&items[..1000], &layout);
    assert_eq!(n_new, 0);
    check_all_there(&shrunk, &items[..1000]);
}

#[test]
fn an_item_with_another_vector_is_new() {
    let items = items(4000);
    let layout = Columns::build(Config::new(D), &items, 1).unwrap().layout();
    let mut changed = items.clone();
    changed.iter_mut().take(300).for_each(|item| item.1 = &VECTORS[4000 + item.0 as usize]);
    let (columns, n_new) = build_as(&changed, &layout);
    assert_eq!(n_new, 300);
    check_all_there(&columns, &changed);
    changed.iter_mut().for_each(|item| item.1 = &VECTORS[(item.0 as usize + 1) % 4000]);
    let (columns, n_new) = build_as(&changed, &layout);
    assert_eq!(n_new, 4000, "a layout of other vectors is not used");
    check_all_there(&columns, &changed);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn no_layout_loses_an_item(
        seed in any::<u32>(),
        n_columns in 0usize..60,
        shares in prop::collection::vec(-1.0f32..2.0, 0..200),
        n_samples in any::<u32>(),
    ) {
        let items = items(1500);
        let honest = Columns::build(Config::new(D), &items, 1).unwrap().layout();
        let all: Vec<(u32, u32)> = honest.columns.concat();
        let mut columns = vec![Vec::new(); n_columns];
        for (k, named) in all.iter().cycle().take(2000).enumerate() {
            let to = (k as u32).wrapping_mul(seed | 1) as usize;
            if let Some(column) = columns.get_mut(to % (n_columns + 1)) {
                column.push(*named);
            }
        }
        let (columns, _) = build_as(&items, &Layout { columns, shares: (shares, n_samples) });
        // Columns that were thrown together are no good columns, so the search is one of all.
        let how = Search { breadth: Breadth::Exact, ..Search::default() };
        check_there(&columns, &items, &how, 100);
    }
}

#[test]
fn a_division_that_is_under_way_is_kept_as_done() {
    let mut columns = Columns::new(Config::new(D)).unwrap();
    let mut least = (usize::MAX, usize::MAX);
    for (id, v) in items(2600) {
        columns.insert(id, v).unwrap();
        if columns.n_columns() < 10 {
            continue;
        }
        let loads = columns.survey().columns.iter().map(|column| column.load).min();
        let kept = columns.layout().columns.iter().map(Vec::len).min();
        least = (least.0.min(loads.unwrap()), least.1.min(kept.unwrap()));
    }
    // A daughter is empty at first, and would be merged again.
    assert_eq!(least.0, 0);
    assert!(least.1 > 10, "{least:?}");
}
