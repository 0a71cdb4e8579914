//! Analogy: the atom and the solar system, capitals, and what is like what.

use knowledge::reason::Link;
use knowledge::*;
use proptest::prelude::*;

use super::Told;
use crate::world::*;

/// Rutherford's analogy as in Gentner 1983, figure 1: attraction and mass are why planets revolve, and
/// heat has nothing to do with it.
#[test]
fn the_atom_is_like_the_solar_system() {
    let mut told = Told::default();
    let attracts = told.say("sun attracts planet");
    let heavier = told.say("sun more_massive_than planet");
    let [sun, planet] = ["sun", "planet"].map(|name| told.id(name));
    let revolves = NewFact {
        justifications: vec![vec![attracts, heavier]],
        ..new_fact(planet, "revolves_around", Object::Entity(sun))
    };
    told.world.fact(0, revolves);
    told.say("sun hotter_than planet");
    told.say("nucleus attracts electron");
    told.say("nucleus more_massive_than electron");
    let [nucleus, electron] = ["nucleus", "electron"].map(|name| told.id(name));
    let mapping = told.premises().mapping(sun, nucleus, 0);
    assert_eq!(mapping.pairs, [(sun, nucleus), (planet, electron)]);
    let shared: Vec<String> = mapping.shared.iter().map(|(_, s)| told.said(&s.claim)).collect();
    assert_eq!(shared, ["nucleus attracts electron", "nucleus more_massive_than electron"]);
    let inferences: Vec<(String, bool)> =
        mapping.inferences.iter().map(|i| (told.said(&i.claim), i.systematic)).collect();
    assert_eq!(
        inferences,
        [
            ("electron revolves_around nucleus".to_string(), true),
            ("nucleus hotter_than electron".to_string(), false),
        ]
    );
    assert_eq!(mapping.score, 0.5);
}

#[test]
fn a_is_to_b_as_c_is_to_what() {
    let mut told = Told::of(
        "Paris capital_of France
         Paris located_in France
         Rome capital_of Italy
         Rome located_in Italy
         Rome located_in Europe
         Rome twinned_with Vienna
         Lyon located_in France",
    );
    let [paris, france, rome, italy, lyon] =
        ["Paris", "France", "Rome", "Italy", "Lyon"].map(|name| told.id(name));
    let found = told.premises().analogies(paris, france, rome, 0);
    let named: Vec<(&str, f64)> =
        found.counterparts.iter().map(|one| (told.name(one.entity), one.score)).collect();
    assert_eq!(named, [("Italy", 1.0), ("Europe", 0.5)]);
    let best = &found.counterparts[0];
    assert_eq!(best.ways.len(), 2);
    for way in &best.ways {
        told.check(&way.steps);
    }
    // The other way round, and over a step between.
    let back = told.premises().analogies(france, paris, italy, 0);
    assert_eq!(back.counterparts[0].entity, rome);
    let beside = told.premises().analogies(paris, lyon, rome, 0);
    assert!(beside.counterparts.is_empty(), "nothing else is in Italy");
    assert_eq!(beside.ways.len(), 2, "over France by either");
    let none = told.premises().analogies(rome, lyon, paris, 0);
    assert!(none.ways.is_empty() && none.counterparts.is_empty());
    let _ = (france, italy);
}

#[test]
fn what_is_like_what() {
    let mut told = Told::of(
        "a teaches x
         a wrote y
         b teaches z
         b wrote w
         c teaches v
         d hears a",
    );
    let [a, b, c] = ["a", "b", "c"].map(|name| told.id(name));
    let alike = told.premises().like(a, 10).similar;
    assert_eq!(alike.iter().map(|one| one.entity).collect::<Vec<_>>(), [b, c]);
    let kinds: Vec<&Link> = alike[0].likeness.shared.iter().map(|(link, _)| link).collect();
    assert_eq!(kinds.len(), 2);
    assert!(alike[0].likeness.score < 1.0 && alike[0].likeness.score > alike[1].likeness.score);
}

#[test]
fn what_is_not_told_is_more() {
    let mut told = Told::of(
        "a likes x
         a likes y
         a likes z
         b likes u
         b likes v
         c likes w",
    );
    let [a, b, c] = ["a", "b", "c"].map(|name| told.id(name));
    let premises = told.premises();
    let (one, two) = (premises.like(a, 1), premises.like(a, 2));
    assert_eq!((one.similar[0].entity, one.more), (b, true));
    assert_eq!((two.similar[1].entity, two.more), (c, false));
    let (all, some) = (premises.mapping(a, b, 0), premises.mapping(a, b, 2));
    assert_eq!((all.pairs.len(), all.shared.len(), all.more), (3, 2, false));
    assert_eq!((&some.pairs[..], some.shared.len(), some.more), (&all.pairs[..2], 2, true));
    assert_eq!(some.score, all.score);
}

/// All of one group are joined alike, so whatever stands for whatever brings as much as any other.
#[test]
fn a_mapping_ends_where_too_much_would_be_followed() {
    let mut told = Told::default();
    for group in ["s", "t"] {
        for (from, to) in (0..80).flat_map(|from| (0..80).map(move |to| (from, to))) {
            if from != to {
                told.say(&format!("{group}{from} near {group}{to}"));
            }
        }
    }
    let [first, second] = ["s0", "t0"].map(|name| told.id(name));
    let premises = told.premises();
    let mapping = premises.mapping(first, second, 0);
    assert!(mapping.more && mapping.pairs.len() > 10 && mapping.pairs.len() < 60);
    assert_eq!(mapping, premises.mapping(first, second, 0));
    // Ways of three steps to another are as many as there are pairs of those between.
    let beside = told.id("s1");
    let found = premises.analogies(first, beside, second, 1);
    assert!(found.more && found.counterparts.len() == 1, "{found:?}");
}

proptest! {
    /// A mapping is one to one, and all that it shares is said; what is inferred is not.
    #[test]
    fn mappings_are_sound(
        lines in proptest::collection::vec((0..8_usize, 0..3_usize, 0..8_usize), 1..30),
        (a, b, c) in (0..8_usize, 0..8_usize, 0..8_usize),
    ) {
        let mut told = Told::default();
        let ids: Vec<EntityId> = (0..8).map(|k| told.id(&format!("e{k}"))).collect();
        for (from, kind, to) in lines.into_iter().filter(|(from, _, to)| from != to) {
            told.say(&format!("e{from} k{kind} e{to}"));
        }
        let premises = told.premises();
        let mapping = premises.mapping(ids[a], ids[c], 0);
        let distinct = |ends: Vec<EntityId>| {
            let set: std::collections::BTreeSet<EntityId> = ends.iter().copied().collect();
            set.len() == ends.len()
        };
        prop_assert!(distinct(mapping.pairs.iter().map(|pair| pair.0).collect()));
        prop_assert!(distinct(mapping.pairs.iter().map(|pair| pair.1).collect()));
        let image = |id: EntityId| mapping.pairs.iter().find(|p| p.0 == id).map(|p| p.1);
        for (first, second) in &mapping.shared {
            told.check(std::slice::from_ref(first));
            told.check(std::slice::from_ref(second));
            prop_assert_eq!(image(first.claim.subject), Some(second.claim.subject));
        }
        let view = told.world.view();
        for inference in &mapping.inferences {
            let query = FactQuery {
                subject: Some(inference.claim.subject),
                predicate: Some(inference.claim.predicate.clone()),
                object: Some(inference.claim.object.clone()),
                ..FactQuery::default()
            };
            prop_assert!(view.facts(&query).is_empty());
        }
        // What is to A as B is to A is B, by every way.
        let found = premises.analogies(ids[a], ids[b], ids[a], 0);
        if a != b && !found.ways.is_empty() {
            let own = found.counterparts.iter().find(|one| one.entity == ids[b]).unwrap();
            prop_assert!((own.score - 1.0).abs() < 1e-9, "{:?}", found);
        }
        for one in &found.counterparts {
            one.ways.iter().for_each(|way| told.check(&way.steps));
        }
    }
}
