//! What is found: the promise of the defaults, the same on every instruction set and in both builds.

use column::{Breadth, Columns, Config, Hit, Isa, Search};
use roaring::RoaringBitmap;

use crate::data::{D, N_STORED, many, nearest, rows, share, vectors};

/// What the default settings promise for queries that were never seen.
const PROMISE: f64 = 0.97;

fn one_by_one(config: Config, vectors: &[Vec<f32>]) -> Columns {
    let mut columns = Columns::new(config).unwrap();
    for (id, v) in vectors.iter().enumerate() {
        columns.insert(id as u32, v).unwrap();
    }
    columns
}

fn at_once(config: Config, vectors: &[Vec<f32>], threads: usize) -> Columns {
    let items: Vec<(u32, &[f32])> =
        vectors.iter().enumerate().map(|(id, v)| (id as u32, v.as_slice())).collect();
    Columns::build(config, &items, threads).unwrap()
}

/// Mean recall among the ten nearest of the queries, and the mean share of rows that were read.
fn recall(
    columns: &Columns,
    stored: &[Vec<f32>],
    queries: &[Vec<f32>],
    how: &Search<'_>,
) -> (f64, f64) {
    let (mut found, mut read) = (0.0, 0.0);
    for query in queries {
        let answer = columns.search(query, 10, how).unwrap();
        let all = stored.iter().enumerate().map(|(id, v)| (id as u32, v.as_slice()));
        found += share(&answer.hits, &nearest(all, query, 10));
        read += f64::from(answer.report.rows_scanned) / columns.len() as f64;
    }
    (found / queries.len() as f64, read / queries.len() as f64)
}

#[test]
fn the_defaults_keep_their_promise_on_queries_never_seen() {
    let all = vectors();
    let (stored, queries) = all.split_at(N_STORED);
    let rows = rows(stored);
    let how = Search { rows: Some(&rows), ..Search::default() };
    // One by one much hangs on chance: which items came when a column split.
    let seeds = [1, 2, 3, 4];
    let seeded = seeds.map(|seed| one_by_one(Config { seed, ..Config::new(D) }, stored));
    let mut read_one_by_one = 0.0;
    for columns in &seeded {
        let (recall, read) = recall(columns, stored, queries, &how);
        assert!(recall >= PROMISE, "{recall} with {:?}", columns.config());
        read_one_by_one += read / seeds.len() as f64;
    }
    assert!(read_one_by_one < 0.6, "{read_one_by_one} of all rows were read");
    let (recall, read) = recall(&at_once(Config::new(D), stored, 1), stored, queries, &how);
    assert!(recall >= PROMISE, "{recall}");
    assert!(read < 0.6, "{read} of all rows were read");
}

#[test]
fn the_promise_holds_with_many_columns_and_without_rows_if_the_residual_is_kept() {
    let all = many(30_000);
    let (queries, stored) = all.split_at(200);
    let mut config = Config::new(D);
    config.residual = true;
    let columns = at_once(config, stored, 2);
    assert!(columns.n_columns() > 200, "{}", columns.n_columns());
    let (recall, read) = recall(&columns, stored, queries, &Search::default());
    assert!(recall >= PROMISE, "{recall}");
    assert!(read < 0.25, "{read} of all rows were read");
}

#[test]
fn the_promise_holds_with_more_columns_than_storing_compares() {
    let all = many(100_000);
    let (mut queries, mut stored) = (Vec::new(), Vec::new());
    for (at, v) in all.into_iter().enumerate() {
        if at % 500 == 250 { queries.push(v) } else { stored.push(v) }
    }
    let mut config = Config::new(D);
    config.residual = true;
    let columns = at_once(config, &stored, 2);
    // More than are compared with what is stored; a search compares all.
    assert!(columns.n_columns() > 1024, "{}", columns.n_columns());
    let (recall, read) = recall(&columns, &stored, &queries, &Search::default());
    assert!(recall >= PROMISE, "{recall}");
    assert!(read < 0.25, "{read} of all rows were read");
}

#[test]
fn exact_finds_what_a_plain_scan_finds() {
    let all = vectors();
    let (stored, queries) = all.split_at(N_STORED);
    let columns = one_by_one(Config::new(D), stored);
    let rows = rows(stored);
    let how = Search { rows: Some(&rows), breadth: Breadth::Exact, ..Search::default() };
    for query in &queries[..100] {
        let hits = columns.search(query, 25, &how).unwrap().hits;
        let all = stored.iter().enumerate().map(|(id, v)| (id as u32, v.as_slice()));
        for (hit, (id, score)) in hits.iter().zip(nearest(all, query, 25)) {
            assert!((f64::from(hit.score) - score).abs() < 1e-5);
            assert!(hit.id == id || (f64::from(hit.score) - score).abs() < 1e-6, "{hit:?} {id}");
        }
    }
}

#[test]
fn every_instruction_set_and_number_of_threads_gives_the_same_bits() {
    let all = many(9000);
    let (stored, queries) = all.split_at(8900);
    let items: Vec<(u32, &[f32])> =
        stored.iter().enumerate().map(|(id, v)| (id as u32, v.as_slice())).collect();
    let answers = |columns: &Columns| -> Vec<Vec<Hit>> {
        queries.iter().map(|q| columns.search(q, 10, &Search::default()).unwrap().hits).collect()
    };
    let mut wanted = None;
    for isa in Isa::available() {
        for threads in [1, 3] {
            let mut columns =
                Columns::build_with_isa(Config::new(D), &items[..6000], threads, isa).unwrap();
            let allocations: Vec<_> =
                items[6000..].iter().map(|(id, v)| columns.insert(*id, v).unwrap()).collect();
            (0..500).for_each(|id| assert!(columns.remove(id * 3)));
            let got = (allocations, answers(&columns), columns.survey());
            let wanted = wanted.get_or_insert(got.clone());
            assert!(got == *wanted, "{isa:?} with {threads} threads differs");
        }
    }
}

#[test]
fn filters_are_kept_whether_they_pass_few_or_many() {
    let all = vectors();
    let (stored, queries) = all.split_at(N_STORED);
    let columns = one_by_one(Config::new(D), stored);
    let rows = rows(stored);
    for step in [2, 10, 200] {
        let filter: RoaringBitmap = (0..N_STORED as u32).step_by(step).chain([999_999]).collect();
        let how = Search { rows: Some(&rows), filter: Some(&filter), ..Search::default() };
        let mut found = 0.0;
        for query in &queries[..100] {
            let answer = columns.search(query, 10, &how).unwrap();
            assert!(answer.hits.iter().all(|h| filter.contains(h.id)));
            let passed = filter.iter().filter(|id| *id < N_STORED as u32);
            let truth = nearest(passed.map(|id| (id, &stored[id as usize][..])), query, 10);
            found += share(&answer.hits, &truth) / 100.0;
            if step == 200 {
                assert_eq!(share(&answer.hits, &truth), 1.0);
                assert_eq!(answer.report.rows_scanned as usize, N_STORED / 200);
            }
        }
        assert!(found >= PROMISE, "{found} of one in {step}");
    }
}

#[test]
fn spilled_items_are_found_once_and_share_is_kept() {
    let all = vectors();
    let (stored, queries) = all.split_at(N_STORED);
    let mut config = Config::new(D);
    config.spill_share = 0.2;
    for mut columns in [one_by_one(config.clone(), stored), at_once(config, stored, 1)] {
        let survey = columns.survey();
        let n_copies = survey.n_rows - survey.n_items;
        assert!(n_copies > 0 && n_copies <= N_STORED / 5, "{n_copies}");
        for query in queries {
            let hits = columns.search(query, 10, &Search::default()).unwrap().hits;
            let mut ids: Vec<u32> = hits.iter().map(|h| h.id).collect();
            ids.sort_unstable();
            ids.dedup();
            assert_eq!(ids.len(), 10);
        }
        (0..N_STORED as u32).for_each(|id| assert!(columns.remove(id)));
        assert_eq!(columns.survey().n_rows, 0);
    }
}
