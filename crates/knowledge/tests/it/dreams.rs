//! What may be missing: against networkx, and by hand; dreams by their seed.

use knowledge::links::{Dream, Missing};
use knowledge::*;
use serde_json::Value;

use crate::world::*;

const NOW: Time = 1_000_000;
const MISSING: &str = include_str!("../fixtures/missing.json");

/// Entities in a row of relations of these strengths.
fn row(strengths: &[f32]) -> (World, Vec<Vertex>) {
    let mut world = World::default();
    let ids: Vec<Vertex> =
        (0..=strengths.len()).map(|k| Vertex::Entity(world.entity(&format!("e{k}")))).collect();
    for (k, strength) in strengths.iter().enumerate() {
        relate(&mut world, ids[k], ids[k + 1], *strength);
    }
    (world, ids)
}

fn relate(world: &mut World, a: Vertex, b: Vertex, strength: f32) {
    world.run(NOW, Command::AddRelation(new_relation(a, "near", b, strength)));
}

#[test]
fn what_may_be_missing_is_networkxs() {
    let references: Value = serde_json::from_str(MISSING).unwrap();
    let mut world = World::default();
    let ids: Vec<Vertex> =
        (0..34).map(|k| Vertex::Entity(world.entity(&format!("member {k}")))).collect();
    let at = |value: &Value| ids[value.as_u64().unwrap() as usize];
    for edge in references["edges"].as_array().unwrap() {
        relate(&mut world, at(&edge[0]), at(&edge[1]), 0.5);
    }
    let expected = references["index"].as_array().unwrap();
    let found = world.knowledge.links().missing(None, 10_000, NOW).unwrap();
    assert_eq!(found.len(), expected.len());
    assert!(found.is_sorted_by(|a, b| a.score >= b.score));
    for pair in expected {
        let (from, to) = (at(&pair[0]).min(at(&pair[1])), at(&pair[0]).max(at(&pair[1])));
        let missing = found.iter().find(|m| (m.from, m.to) == (from, to)).unwrap();
        assert!((missing.score - pair[2].as_f64().unwrap()).abs() < 1e-12, "{missing:?}");
        assert!(!missing.shared.is_empty());
    }
    // Those of one are those among all that have it.
    let of: Vec<Missing> = world.knowledge.links().missing(Some(ids[5]), 10_000, NOW).unwrap();
    let among: Vec<Missing> =
        found.into_iter().filter(|m| m.from == ids[5] || m.to == ids[5]).collect();
    assert_eq!(of, among);
    assert!(world.knowledge.links().missing(None, MAX_KEPT + 1, NOW).is_err());
}

#[test]
fn a_dream_is_its_seed_and_changes_nothing() {
    let (mut world, ids) = row(&[0.9, 0.9, 0.9, 0.9]);
    let before = world.records.clone();
    let dream = |world: &World, seed| {
        world.knowledge.links().dream(&Dream { seed, ..Dream::default() }, NOW).unwrap()
    };
    let first = dream(&world, 7);
    assert_eq!(dream(&world, 7), first);
    assert_ne!(dream(&world, 8), first);
    assert_eq!(world.records, before);
    // The same from the records, in whatever order they lie.
    let again = World { knowledge: Knowledge::load(&world.records).unwrap(), ..World::default() };
    assert_eq!(dream(&again, 7), first);
    for proposal in &first {
        let linked = proposal.way.windows(2).all(|w| {
            let [a, b] = [w[0], w[1]].map(|v| ids.iter().position(|id| *id == v).unwrap());
            a.abs_diff(b) == 1
        });
        assert!(linked && proposal.way.len() >= 3, "{proposal:?}");
        assert_eq!(proposal.way.first(), Some(&proposal.from));
        assert_eq!(proposal.way.last(), Some(&proposal.to));
    }
    // What is related then is proposed no more.
    relate(&mut world, ids[0], ids[2], 0.5);
    assert!(dream(&world, 7).iter().all(|p| (p.from, p.to) != (ids[0], ids[2])));
    assert_eq!(World::default().knowledge.links().dream(&Dream::default(), NOW).unwrap(), []);
    let long = Dream { steps: links::MAX_DREAM_STEPS + 1, ..Dream::default() };
    assert!(world.knowledge.links().dream(&long, NOW).is_err());
}

/// From the middle of a star, each next step goes to a leaf with a probability in proportion to its
/// strength: of leaves at 0.9, 0.3 and 0.3, the first is on the way between two in most walks.
#[test]
fn strong_relations_are_walked_more_often() {
    let mut world = World::default();
    let [hub, a, b, c] = ["hub", "a", "b", "c"].map(|n| Vertex::Entity(world.entity(n)));
    for (leaf, strength) in [(a, 0.9), (b, 0.3), (c, 0.3)] {
        relate(&mut world, hub, leaf, strength);
    }
    let dream = Dream { seed: 1, walks: 2_000, steps: 3, from: vec![hub], keep: 10 };
    let found = world.knowledge.links().dream(&dream, NOW).unwrap();
    let met = |x: Vertex, y: Vertex| {
        let pair = (x.min(y), x.max(y));
        found.iter().find(|p| (p.from, p.to) == pair).map_or(0, |p| p.met) as f64 / 2_000.0
    };
    // hub, leaf, hub, leaf: both leaves in either order, 2 p q with p = 0.6, q = r = 0.2.
    for (share, expected) in [(met(a, b), 0.24), (met(a, c), 0.24), (met(b, c), 0.08)] {
        // Four standard errors of a share of 2,000.
        let error = 4.0 * (expected * (1.0 - expected) / 2_000.0_f64).sqrt();
        assert!((share - expected).abs() < error, "{share}, expected {expected}");
    }
}
