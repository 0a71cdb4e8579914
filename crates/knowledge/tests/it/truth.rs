//! Reasons, and contradictions with each strategy.

use std::collections::BTreeMap;

use knowledge::*;

use crate::world::*;

#[test]
fn what_loses_its_reason_is_unsupported() {
    let mut world = World::default();
    let rain = world.entity("rain");
    let mut say = |object: &str, justifications: Vec<Vec<FactId>>| {
        let fact = NewFact { justifications, ..new_fact(rain, "says", text(object)) };
        world.fact(1, fact)
    };
    let clouds = say("clouds", vec![]);
    let radar = say("radar", vec![]);
    let wet = say("wet", vec![vec![clouds], vec![radar]]);
    let slippery = say("slippery", vec![vec![wet, clouds]]);
    let check = |world: &World, expected: [bool; 4]| {
        let view = world.view();
        assert_eq!([clouds, radar, wet, slippery].map(|f| view.support(f).supported), expected);
        let listed = view.facts(&FactQuery::default()).len();
        assert_eq!(listed, expected.iter().filter(|e| **e).count());
    };
    check(&world, [true; 4]);
    let view = world.view();
    assert_eq!(view.dependants(clouds), [wet, slippery]);
    let because = view.support(slippery).because;
    let reason = |fact, rests_on: &[FactId]| Reason { fact, rests_on: rests_on.to_vec() };
    assert_eq!(
        because,
        [reason(clouds, &[]), reason(wet, &[clouds]), reason(slippery, &[wet, clouds])]
    );
    world.run(2, Command::RetractFact(radar));
    check(&world, [true, false, true, true]);
    world.run(3, Command::RetractFact(clouds));
    check(&world, [false; 4]);
    assert_eq!(world.view().support(slippery).missing, [clouds, radar]);
    world.run(4, Command::RestoreFact(radar));
    check(&world, [false, true, true, false]);
    world.check();
    // A circle is no reason.
    let again =
        NewFact { justifications: vec![vec![slippery]], ..new_fact(rain, "says", text("wet")) };
    let refused = world.try_on(MAIN, 5, Command::AssertFact(again));
    assert_eq!(refused, Err(KnowledgeError::OwnReason(wet)));
}

/// Two facts that contradict: the first is older, the second better in some way.
fn torn() -> (World, [FactId; 2], ContradictionId) {
    let mut world = World::default();
    let alice = world.entity("Alice");
    world.run(
        1,
        Command::DeclarePredicate {
            name: "age".into(),
            says: knowledge::Declaration::functional(true),
        },
    );
    let age = |n| Object::Literal(Scalar::Integer(n));
    let first = NewFact { provenance: said_by("a diary", 0.9), ..new_fact(alice, "age", age(30)) };
    let first = world.fact(2, first);
    let second = NewFact {
        confidence: 0.7,
        provenance: said_by("a rumour", 0.7),
        ..new_fact(alice, "age", age(31))
    };
    let outcome = world.run(3, Command::AssertFact(second.clone()));
    let (second_id, contradiction) = (fact_of(&outcome), outcome.contradictions[0]);
    let again = NewFact { provenance: said_by("another rumour", 0.6), ..second };
    world.run(4, Command::AssertFact(again));
    let rests =
        NewFact { justifications: vec![vec![first]], ..new_fact(alice, "is", text("thirty")) };
    world.fact(5, rests);
    (world, [first, second_id], contradiction)
}

#[test]
fn each_strategy_has_its_winner() {
    let check = |strategy: Resolution, expected: usize| {
        let (mut world, facts, id) = torn();
        world.run(10, Command::Resolve(id, strategy.clone()));
        let (winner, loser) = (facts[expected], facts[1 - expected]);
        let view = world.view();
        assert!(view.fact(winner).is_some() && view.fact(loser).is_none(), "{strategy:?}");
        let state = ContradictionState::Resolved { strategy, winner, loser };
        assert_eq!(view.contradiction(id).unwrap().item.state, state);
        assert!(view.contradictions(false, None, 0).is_empty());
        world.check();
        // Settling is history, and can be undone.
        world.run(11, Command::Reopen(id));
        assert_eq!(world.view().contradictions(false, None, 0).len(), 1);
        assert!(world.view().fact(loser).is_some());
        assert_eq!(world.knowledge.history(ItemId::Contradiction(id)).len(), 3);
        world.check();
    };
    check(Resolution::Newest, 1);
    check(Resolution::MostReliable([("a diary".to_string(), 0.9)].into()), 0);
    check(Resolution::MostReliable([("a rumour".to_string(), 0.9)].into()), 1);
    check(Resolution::MostConfident, 0);
    check(Resolution::MostEvidence, 1);
    check(Resolution::Entrenchment, 0);
    check(Resolution::Voting, 1);
    let (_, facts, _) = torn();
    check(Resolution::Manual(facts[0]), 0);
    check(Resolution::Manual(facts[1]), 1);
}

#[test]
fn a_contradiction_has_its_types() {
    use ConflictType::*;
    let mut world = World::default();
    let alice = world.entity("Alice");
    world.run(
        1,
        Command::DeclarePredicate {
            name: "age".into(),
            says: knowledge::Declaration::functional(true),
        },
    );
    let mut types = |first: NewFact, second: NewFact| {
        let about = world.entity(&format!("thing {}", world.knowledge.revision()));
        world.fact(2, NewFact { subject: about, ..first });
        let second = NewFact { subject: about, ..second };
        let id = world.run(3, Command::AssertFact(second)).contradictions[0];
        let view = world.view();
        view.conflict_types(view.contradiction(id).unwrap().item)
    };
    let age = |n| new_fact(alice, "age", Object::Literal(Scalar::Integer(n)));
    let not = |fact: NewFact| NewFact { negated: true, ..fact };
    let during = |fact: NewFact, from, to| NewFact {
        valid: Validity { from: Some(from), to: Some(to) },
        ..fact
    };
    let by = |fact: NewFact, source| NewFact { provenance: said_by(source, 0.5), ..fact };
    assert_eq!(types(age(3), not(age(3))), [Syntactic]);
    assert_eq!(types(age(3), age(4)), [Semantic]);
    assert_eq!(types(age(3), by(age(4), "a rumour")), [Semantic, Source]);
    assert_eq!(types(during(age(3), 1, 9), during(age(4), 5, 20)), [Semantic, Temporal]);
    let apart = by(during(not(age(3)), 5, 20), "a rumour");
    assert_eq!(types(during(age(3), 1, 9), apart), [Syntactic, Temporal, Source]);
}

#[test]
fn health_counts_beliefs_of_a_time() {
    let (mut world, [first, _], id) = torn();
    let health = |world: &World, from, to| world.knowledge.health(MAIN, from, to).unwrap();
    let minute = 60_000_000;
    let found = health(&world, 0, minute);
    let expected =
        Health { believed: 3, contested: 2, gained: 3, lost: 0, revisions: 4, minutes: 1.0 };
    assert_eq!(found, expected);
    assert!((found.ratio() - 1.0 / 3.0).abs() < 1e-12);
    assert_eq!((found.drift(), found.revisions_per_minute()), (1.0, 4.0));
    // What rests on the fact that loses goes with it.
    world.run(minute + 1, Command::Resolve(id, Resolution::MostEvidence));
    assert!(world.view().fact(first).is_none());
    let found = health(&world, minute, 3 * minute);
    let expected =
        Health { believed: 1, contested: 0, gained: 0, lost: 2, revisions: 1, minutes: 2.0 };
    assert_eq!(found, expected);
    assert_eq!((found.ratio(), found.revisions_per_minute()), (1.0, 0.5));
    assert!((found.drift() - 2.0 / 3.0).abs() < 1e-12);
    assert_eq!(health(&world, minute, minute).drift(), 0.0);
    assert_eq!(Health::default().ratio(), 1.0);
    assert!(world.knowledge.health(MAIN, 2, 1).is_err());
}

#[test]
fn a_draw_is_refused() {
    let (mut world, _, id) = torn();
    let nobody = Resolution::MostReliable(BTreeMap::new());
    let refused = world.try_on(MAIN, 10, Command::Resolve(id, nobody)).unwrap_err();
    assert_eq!(refused, KnowledgeError::Undecided(id, "most reliable"));
    let refused = world.try_on(MAIN, 10, Command::Reopen(id)).unwrap_err();
    assert_eq!(refused, KnowledgeError::NotOpen(id, "not resolved"));
}

#[test]
fn a_contradiction_is_moot_when_a_fact_goes() {
    let (mut world, [first, _], id) = torn();
    let state = |world: &World| world.view().contradiction(id).unwrap().item.state.clone();
    world.run(10, Command::RetractFact(first));
    assert_eq!(state(&world), ContradictionState::Moot);
    world.run(11, Command::RestoreFact(first));
    assert_eq!(state(&world), ContradictionState::Open);
    world.check();
}
