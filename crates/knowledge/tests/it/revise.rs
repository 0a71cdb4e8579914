//! The postulates of expansion and revision, on beliefs drawn at random.

use std::collections::BTreeSet;

use knowledge::*;
use proptest::prelude::*;

use crate::world::*;

/// A base of values of functional predicates, facts that follow, and the values that they have.
fn believing(predicates: &[usize], rules: &[Vec<Vec<usize>>]) -> (World, EntityId, Vec<FactId>) {
    let mut world = World::default();
    let thing = world.entity("thing");
    for k in 0..4 {
        world.run(
            0,
            Command::DeclarePredicate {
                name: format!("p{k}"),
                says: knowledge::Declaration::functional(true),
            },
        );
    }
    let mut facts: Vec<FactId> = Vec::new();
    let n_base = predicates.len() - rules.len();
    for (k, predicate) in predicates.iter().enumerate() {
        let reasons = k.checked_sub(n_base).map_or(&[][..], |rule| &rules[rule]);
        let named = |reason: &Vec<usize>| reason.iter().map(|r| facts[r % facts.len()]).collect();
        let justifications = reasons.iter().map(named).collect();
        let plain = new_fact(thing, &format!("p{predicate}"), text(&format!("{k}")));
        facts.push(world.fact(k as Time + 1, NewFact { justifications, ..plain }));
    }
    (world, thing, facts)
}

fn believed(world: &World) -> BTreeSet<FactId> {
    let all = world.view().facts(&FactQuery::default());
    all.into_iter().map(|known| known.id).collect()
}

fn drawn() -> impl Strategy<Value = (Vec<usize>, Vec<Vec<Vec<usize>>>)> {
    let reason = prop::collection::vec(0usize..16, 1..4);
    let rules = prop::collection::vec(prop::collection::vec(reason, 1..3), 0..8);
    rules.prop_flat_map(|rules| {
        let n = rules.len();
        (prop::collection::vec(0usize..6, n + 1..n + 7), Just(rules))
    })
}

proptest! {
    #[test]
    fn the_postulates_hold((predicates, rules) in drawn(), says in 0usize..6) {
        let (mut world, thing, facts) = believing(&predicates, &rules);
        let new = new_fact(thing, &format!("p{says}"), text("new"));
        let before = believed(&world);
        let done = world.run(100, Command::Revise(new.clone()));
        let (fact, after) = (fact_of(&done), believed(&world));
        world.check();

        prop_assert!(after.contains(&fact), "success");
        let mut expanded = believing(&predicates, &rules).0;
        expanded.run(100, Command::AssertFact(new.clone()));
        prop_assert!(before.is_subset(&believed(&expanded)), "expansion keeps all");
        prop_assert!(after.is_subset(&believed(&expanded)), "inclusion");
        let same = |id: &&FactId| says < 4 && predicates[place(&facts, **id)] == says;
        let against: Vec<FactId> = before.iter().filter(same).copied().collect();
        if against.is_empty() {
            prop_assert_eq!(&done.given_up, &[], "vacuity");
            prop_assert_eq!(&after, &believed(&expanded), "vacuity");
        }
        prop_assert!(!against.iter().any(|id| after.contains(id)), "consistency");
        let open = world.view().contradictions(false, None, 0);
        let about = |c: &Contradiction| c.first == fact || c.second == fact;
        prop_assert!(!open.iter().any(|c| about(c.item)), "consistency is recorded");

        let mut again = believing(&predicates, &rules).0;
        let other = NewFact { provenance: said_by("another", 0.3), ..new.clone() };
        let done_again = again.run(200, Command::Revise(other));
        prop_assert_eq!(&done_again.given_up, &done.given_up, "extensionality");
        if let [one] = against[..] {
            let mut levi = believing(&predicates, &rules).0;
            levi.run(100, Command::Contract(one));
            levi.run(101, Command::AssertFact(new));
            prop_assert_eq!(believed(&levi), after, "the identity of Levi");
        }
        // Relevance: whatever was given up brings something back that contradicts.
        for gone in &done.given_up {
            world.run(300, Command::RestoreFact(*gone));
            let back = believed(&world);
            prop_assert!(against.iter().any(|id| back.contains(id)), "relevance");
            let open = world.view().contradictions(false, None, 0);
            prop_assert!(open.iter().any(|c| about(c.item)), "and the contradiction is open");
            world.run(301, Command::RetractFact(*gone));
        }
    }
}

fn place(facts: &[FactId], id: FactId) -> usize {
    facts.iter().position(|fact| *fact == id).unwrap()
}

/// That somebody can do something, or not, for each of some reasons.
fn saying(subject: EntityId) -> impl Fn(&str, bool, &[FactId]) -> NewFact {
    move |what, negated, reasons| NewFact {
        negated,
        justifications: reasons.iter().map(|reason| vec![*reason]).collect(),
        ..new_fact(subject, "can", text(what))
    }
}

#[test]
fn what_follows_from_what_is_given_up_goes_and_can_come_back() {
    let mut world = World::default();
    let bird = world.entity("Tweety");
    let say = saying(bird);
    let sings = world.fact(1, say("sing", false, &[]));
    let flies = world.fact(2, say("fly", false, &[sings]));
    let done = world.run(3, Command::Revise(say("fly", true, &[])));
    let flies_not = fact_of(&done);
    assert_eq!((done.given_up, done.contradictions), (vec![sings], vec![]));
    assert_eq!(believed(&world), [flies_not].into());
    world.run(4, Command::RestoreFact(sings));
    assert_eq!(believed(&world), [sings, flies, flies_not].into());
    assert_eq!(world.view().contradictions(false, None, 0).len(), 1);
    // The opposite once more: it is known, and what contradicts it goes.
    let done = world.run(5, Command::Revise(say("fly", false, &[sings])));
    assert_eq!((fact_of(&done), done.created), (flies, false));
    assert_eq!(done.given_up, [flies_not]);
    assert_eq!(world.view().contradictions(false, None, 0), []);
    world.check();
}

#[test]
fn what_is_said_again_after_it_lost_its_reasons_contradicts_again() {
    for reasons in [false, true] {
        let mut world = World::default();
        let bird = world.entity("Tweety");
        let say = saying(bird);
        let sings = world.fact(1, say("sing", false, &[]));
        let flies = world.fact(2, say("fly", false, &[sings]));
        let flies_not = fact_of(&world.run(3, Command::Revise(say("fly", true, &[]))));
        let because = if reasons { vec![world.fact(4, say("soar", false, &[]))] } else { vec![] };
        let done = world.run(5, Command::AssertFact(say("fly", false, &because)));
        assert_eq!((fact_of(&done), done.created), (flies, false));
        assert!([flies, flies_not].iter().all(|fact| believed(&world).contains(fact)));
        let open: Vec<_> =
            world.view().contradictions(false, None, 0).iter().map(|c| c.id).collect();
        assert_eq!((open.len(), &done.contradictions), (1, &open));
        assert_eq!(world.knowledge.health(MAIN, 0, 10).unwrap().contested, 2);
        // What is believed already says nothing new of what contradicts it.
        let done = world.run(6, Command::AssertFact(say("fly", false, &[])));
        assert_eq!(done.contradictions, []);
        world.check();
    }
}

#[test]
fn a_fact_cannot_stand_on_what_it_contradicts() {
    let mut world = World::default();
    let bird = world.entity("Tweety");
    let penguin = world.fact(1, new_fact(bird, "is", text("penguin")));
    let not = NewFact { negated: true, ..new_fact(bird, "is", text("penguin")) };
    let not = NewFact { justifications: vec![vec![penguin]], ..not };
    let refused = world.try_on(MAIN, 2, Command::Revise(not)).unwrap_err();
    assert!(refused.to_string().starts_with("justifications: expected one"), "{refused}");
    world.check();
    // Of two bases the one that the fact itself stands on is kept, although less rests on the other.
    let says = world.fact(3, new_fact(bird, "says", text("I swim")));
    let other = world.fact(4, new_fact(bird, "says", text("I swim well")));
    let rests = |reasons: Vec<FactId>, negated| NewFact {
        negated,
        justifications: vec![reasons],
        ..new_fact(bird, "does", text("swim"))
    };
    world.fact(5, rests(vec![says, other], false));
    world.fact(
        6,
        NewFact { justifications: vec![vec![says]], ..new_fact(bird, "is", text("loud")) },
    );
    let done = world.run(7, Command::Revise(rests(vec![other], true)));
    assert_eq!(done.given_up, [says]);
    assert!(believed(&world).contains(&fact_of(&done)));
}
