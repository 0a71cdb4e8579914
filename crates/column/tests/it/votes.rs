//! Four kinds of columns vote, and agree with a scan that sums their cosines.

use column::{Breadth, Config, Cortex, Error, Kind};

use crate::data::{cosine, vectors};

/// The first numbers mean, the last ones are structure.
const MEANING: usize = 40;

#[test]
fn votes_are_the_weighted_mean_of_the_kinds_that_are_asked() {
    let all = vectors();
    let configs = [Some(Config::new(MEANING)), Some(Config::new(64 - MEANING)), None, None];
    let mut cortex = Cortex::new(configs, [3.0, 1.0, 5.0, 5.0]).unwrap();
    let parts = |v: &[f32]| {
        let (meaning, structure) = v.split_at(MEANING);
        (crate::data::unit(meaning), crate::data::unit(structure))
    };
    for (id, v) in all[..2000].iter().enumerate() {
        let (meaning, structure) = parts(v);
        let verdict = cortex.insert(id as u32, &[Some(&meaning), Some(&structure), None, None]);
        let verdict = verdict.unwrap();
        assert!(verdict.allocations[0].is_some() && verdict.allocations[2].is_none());
        let overlap = |at: usize| verdict.allocations[at].as_ref().unwrap().overlap;
        let semantic = 3.0 * overlap(0) >= overlap(1);
        assert_eq!(verdict.strongest == Kind::Semantic, semantic);
    }
    for query in &all[2000..2050] {
        let (meaning, structure) = parts(query);
        let asked = [Some(&meaning[..]), Some(&structure[..]), None, None];
        let found = cortex.search(&asked, 5, Breadth::Exact, None).unwrap();
        assert_eq!(found.hits.len(), 5);
        for hit in &found.hits {
            let (a, b) = parts(&all[hit.id as usize]);
            let wanted = 0.75 * cosine(&a, &meaning) + 0.25 * cosine(&b, &structure);
            assert!((f64::from(hit.score) - wanted).abs() < 0.01, "{hit:?} {wanted}");
            assert!(hit.votes[0].is_some() && hit.votes[1].is_some() && hit.votes[3].is_none());
        }
        assert!(found.hits.windows(2).all(|pair| pair[0].score >= pair[1].score));
    }
    let (meaning, structure) = parts(&all[7]);
    let again = cortex.insert(5000, &[Some(&meaning), Some(&structure), None, None]).unwrap();
    assert_eq!(again.duplicate, Some((7, 1.0)));
    assert!(cortex.remove(7) && !cortex.remove(7));
}

#[test]
fn an_item_is_in_all_kinds_or_in_none() {
    let configs = [Some(Config::new(2)), Some(Config::new(3)), None, None];
    let mut cortex = Cortex::new(configs, [1.0; 4]).unwrap();
    let wrong = cortex.insert(1, &[Some(&[1.0, 0.0]), Some(&[0.0; 3]), None, None]);
    assert_eq!(wrong, Err(Error::Zero));
    assert!(!cortex.kind(Kind::Semantic).unwrap().contains(1));
    assert!(cortex.insert(1, &[None, None, Some(&[1.0]), None]).is_err());
    assert!(Cortex::new([None, None, None, None], [1.0; 4]).is_err());
    assert!(Cortex::new([Some(Config::new(2)), None, None, None], [-1.0, 0.0, 0.0, 0.0]).is_err());
}
