//! Four receptive fields vote for a column: where vectors cannot tell, structure, time and exceptions do.

use column::{Allocation, Aspects, Columns, Config, Search, Sparse, Votes};

use crate::data::{D, N_STORED, many, nearest, share, unit, vectors};

/// Two clusters of vectors, mirror images of each other.
fn vector(k: u32, second: bool) -> Vec<f32> {
    let mut v = vec![0.0; D];
    v[usize::from(second)] = 1.0;
    v[2 + k as usize % (D - 2)] = 0.4;
    unit(&v)
}

/// As far from the one cluster as from the other.
fn between() -> Vec<f32> {
    let mut v = vec![0.0; D];
    (v[0], v[1]) = (1.0, 1.0);
    v
}

fn code(places: &[u64]) -> Sparse {
    places.iter().copied().collect()
}

/// The columns of two clusters, whose items differ in what `aspects` says.
fn clusters(aspects: impl Fn(bool) -> Aspects) -> Columns {
    let mut columns = Columns::new(Config::new(D)).unwrap();
    for k in 0..400 {
        let second = k % 2 == 1;
        columns.insert_with(k, &vector(k / 2, second), aspects(second)).unwrap();
    }
    columns
}

fn check_decides(of: impl Fn(Sparse) -> Aspects, vote: impl Fn(Votes) -> f32) {
    let sides = [of(code(&[3, 8, 20])), of(code(&[5, 9, 21]))];
    let columns = clusters(|second| sides[usize::from(second)]);
    let semantic = |a: &Allocation| a.votes().unwrap().semantic;
    for (side, own) in sides.into_iter().enumerate() {
        let placed = columns.allocate_with(&between(), own).unwrap();
        // The winner is the column that the clear vectors of that side go to.
        let clear: Vec<u32> =
            (0..62).map(|k| columns.allocate(&vector(k, side == 1)).unwrap().winner).collect();
        assert!(clear.contains(&placed.winner), "side {side}: {placed:?}");
        assert!(vote(placed.votes().unwrap()) > 0.9, "{placed:?}");
        let strongest = placed.competitors.iter().map(|c| c.votes.semantic);
        assert!(semantic(&placed) > strongest.fold(-1.0, f32::max) - 0.05);
        // A vector that is clear goes where it belongs, whatever the others say.
        let other = sides[1 - side];
        let clear = columns.allocate_with(&vector(7, side == 1), other).unwrap();
        assert!(vote(clear.votes().unwrap()) < 0.1, "{clear:?}");
    }
}

#[test]
fn structure_decides_where_the_vector_does_not() {
    check_decides(|structural| Aspects { structural, ..Aspects::default() }, |v| v.structural);
}

#[test]
fn time_decides_where_the_vector_does_not() {
    check_decides(|temporal| Aspects { temporal, ..Aspects::default() }, |v| v.temporal);
}

#[test]
fn exceptions_decide_where_the_vector_does_not() {
    check_decides(|exception| Aspects { exception, ..Aspects::default() }, |v| v.exception);
}

#[test]
fn the_votes_by_their_weights_are_what_competes() {
    let config = Config::new(D);
    let columns = clusters(|second| Aspects {
        structural: code(&[u64::from(second), 7]),
        temporal: code(&[30, 31]),
        exception: code(&[0]),
    });
    let aspects = Aspects { structural: code(&[1, 7, 9]), ..Aspects::default() };
    let told = columns.allocate_with(&between(), aspects).unwrap();
    let survey = columns.survey();
    let mean = survey.n_rows as f32 / survey.columns.len() as f32;
    for competitor in &told.competitors {
        let Votes { semantic, structural, temporal, exception } = competitor.votes;
        let load = survey.columns[competitor.column as usize].load as f32;
        let fused =
            semantic + config.structural * structural - config.conscience * (load / mean).ln();
        assert!((competitor.support - fused).abs() < 1e-6, "{competitor:?}");
        // An aspect that says nothing has no vote.
        assert_eq!((temporal, exception), (0.0, 0.0));
    }
    let strongest = told.competitors.iter().map(|c| c.support).fold(f32::MIN, f32::max);
    let winner = told.competitors.iter().find(|c| c.column == told.winner).unwrap();
    assert_eq!(winner.support, strongest);
    assert_eq!(told.votes().unwrap().semantic, told.overlap);
}

#[test]
fn what_was_built_from_vectors_finds_its_places_once_all_is_known() {
    let all = many(3000);
    let items: Vec<(u32, &[f32])> = (0u32..).zip(all.iter().map(Vec::as_slice)).collect();
    let aspects = |id: u32| {
        let v = &all[id as usize];
        let side = u64::from(v[1] + v[2] > v[3] + v[4]);
        Aspects { structural: code(&[side]), ..Aspects::default() }
    };
    let structural = |columns: &Columns| {
        let votes = (0..3000).map(|id| {
            let told = columns.allocate_with(&all[id as usize], aspects(id)).unwrap();
            told.votes().unwrap().structural
        });
        votes.sum::<f32>() / 3000.0
    };
    let settled = |weight: f32| {
        let config = Config { structural: weight, ..Config::new(D) };
        let mut columns = Columns::build(config, &items, 1).unwrap();
        assert_eq!(structural(&columns), 0.0);
        (0..3000).for_each(|id| assert!(columns.attend(id, aspects(id))));
        assert!(!columns.attend(9999, aspects(0)));
        columns.compete_again();
        assert_eq!(columns.len(), 3000);
        structural(&columns)
    };
    let (without, with) = (settled(0.0), settled(0.1));
    assert!(with > without + 0.05, "{without} {with}");
}

#[test]
fn the_promise_of_recall_holds_when_all_four_vote() {
    let all = vectors();
    let (stored, queries) = all.split_at(N_STORED);
    let aspects = |id: u64| Aspects {
        structural: code(&[id * 31 % 7, id * 17 % 11 + 10]),
        temporal: code(&[id / 100 % 32, id / 400 % 32 + 32]),
        exception: code(&[u64::from(id.is_multiple_of(20))]),
    };
    let mut columns = Columns::new(Config { residual: true, ..Config::new(D) }).unwrap();
    for (id, v) in stored.iter().enumerate() {
        columns.insert_with(id as u32, v, aspects(id as u64)).unwrap();
    }
    let found = queries.iter().map(|query| {
        let hits = columns.search(query, 10, &Search::default()).unwrap().hits;
        let rows = stored.iter().enumerate().map(|(id, v)| (id as u32, v.as_slice()));
        share(&hits, &nearest(rows, query, 10))
    });
    let recall = found.sum::<f64>() / queries.len() as f64;
    assert!(recall >= 0.97, "{recall}");
}
