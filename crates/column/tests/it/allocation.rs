//! Who wins, in how many iterations, and what is recognised as stored before.

use column::{Allocation, Columns, Config, Error, Likeness, Search, State};

use crate::data::{D, many, unit, vectors};

fn stored(vectors: &[Vec<f32>]) -> Columns {
    let mut columns = Columns::new(Config::new(D)).unwrap();
    for (id, v) in vectors.iter().enumerate() {
        columns.insert(id as u32, v).unwrap();
    }
    columns
}

#[test]
fn competitions_settle_within_the_limit_and_loads_are_even() {
    let columns = stored(&vectors());
    let survey = columns.survey();
    assert!(survey.load_cv < 1.0, "{}", survey.load_cv);
    assert!(survey.columns.len() > 20);
    assert_eq!(survey.iterations.iter().sum::<u64>(), 4500);
    assert!(survey.n_unsettled * 100 < 4500, "{} did not settle", survey.n_unsettled);
    let distinct = survey.iterations.iter().filter(|n| **n > 0).count();
    assert!(distinct > 3, "iterations tell nothing: {:?}", survey.iterations);
    assert_eq!(survey.states.iter().sum::<usize>(), survey.columns.len());
    assert_eq!(survey.states[State::Allocated as usize], 1);
    let mut cells: Vec<[i16; 3]> = survey.columns.iter().map(|c| c.position).collect();
    cells.sort_unstable();
    cells.dedup();
    assert_eq!(cells.len(), survey.columns.len(), "two columns stand in one cell");
    assert!(survey.columns.iter().all(|c| !c.neighbours.is_empty()));
}

#[test]
fn a_dry_run_tells_what_an_insertion_does() {
    let all = vectors();
    let columns = stored(&all[..4000]);
    for v in &all[4000..] {
        let allocation = columns.allocate(v).unwrap();
        let inserted = columns.clone().insert(9999, v).unwrap();
        assert!(inserted.compared > allocation.compared);
        let told = Allocation { split: false, compared: allocation.compared, ..inserted };
        assert_eq!(allocation, told);
        assert!(allocation.convergence.lead >= 0.0);
        assert_eq!(allocation.convergence.settled, allocation.convergence.iterations < 64);
        assert_eq!(allocation.convergence.competitors, 8);
        let seconds = allocation.convergence.iterations as f32 * 1e-4;
        assert_eq!(allocation.convergence.seconds, seconds);
    }
    assert_eq!(columns.len(), 4000);
}

#[test]
fn repeated_vectors_are_recognised_and_others_are_not() {
    let all = many(12_000);
    let columns = stored(&all[..10_000]);
    let exact = (0..10_000).step_by(10).filter(|i| {
        let duplicate = columns.allocate(&all[*i]).unwrap().duplicate;
        duplicate.is_some_and(|d| d.likeness == Likeness::Exact)
    });
    let exact = exact.count();
    assert!(exact >= 990, "{exact} of 1000 that are stored");
    let near = (0..10_000).step_by(10).filter(|i| {
        let moved: Vec<f32> = all[*i]
            .iter()
            .enumerate()
            .map(|(at, x)| x + if at % 2 == 0 { 0.01 } else { -0.01 })
            .collect();
        columns.allocate(&unit(&moved)).unwrap().duplicate.is_some()
    });
    let near = near.count();
    assert!(near >= 970, "{near} of 1000 that are near");
    for v in &all[10_000..] {
        let Some(duplicate) = columns.allocate(v).unwrap().duplicate else { continue };
        let other = &all[duplicate.id as usize];
        assert!(crate::data::cosine(v, other) > 0.97, "{duplicate:?}");
    }
}

#[test]
fn what_cannot_be_is_told_and_changes_nothing() {
    let mut columns = Columns::new(Config::new(3)).unwrap();
    columns.insert(1, &[1.0, 2.0, 2.0]).unwrap();
    let before = columns.survey();
    assert_eq!(columns.insert(2, &[1.0]), Err(Error::Dimension { found: 1, expected: 3 }));
    assert_eq!(
        columns.insert(2, &[1.0, f32::INFINITY, 0.0]),
        Err(Error::NotFinite { position: 1 })
    );
    assert_eq!(columns.insert(2, &[0.0; 3]), Err(Error::Zero));
    assert_eq!(columns.insert(1, &[1.0; 3]), Err(Error::Exists { id: 1 }));
    let search = |v: &[f32], k| columns.search(v, k, &Search::default());
    assert_eq!(search(&[1.0; 3], 0), Err(Error::K { found: 0, limit: 1000 }));
    assert_eq!(search(&[f32::NAN; 3], 1), Err(Error::NotFinite { position: 0 }));
    assert_eq!(columns.survey(), before);
    let twice: [(u32, &[f32]); 2] = [(5, &[1.0; 3]), (5, &[2.0; 3])];
    assert_eq!(Columns::build(Config::new(3), &twice, 1).err(), Some(Error::Exists { id: 5 }));
    let mut small = Config::new(3);
    small.max_items = 1;
    let mut small = Columns::new(small).unwrap();
    small.insert(1, &[1.0; 3]).unwrap();
    assert_eq!(small.insert(2, &[1.0; 3]), Err(Error::Full { limit: 1 }));
    let mut wrong = Config::new(3);
    wrong.recall = f32::NAN;
    assert!(matches!(Columns::new(wrong), Err(Error::Config { field: "recall", .. })));
    assert!(matches!(Columns::new(Config::new(0)), Err(Error::Config { .. })));
}

#[test]
fn states_follow_each_other_in_their_order_only() {
    use State::{Activated, Allocated, Available, Competing, Refractory};
    let round = [Available, Activated, Competing, Allocated, Refractory, Available];
    for pair in round.windows(2) {
        assert_eq!(pair[0].to(pair[1]), Ok(pair[1]));
    }
    assert_eq!(Available.to(Allocated), Err(Error::Transition { from: Available, to: Allocated }));
    assert!(Allocated.to(Competing).is_err());
}
