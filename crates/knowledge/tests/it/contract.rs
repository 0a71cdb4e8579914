//! The postulates of contraction, on beliefs drawn at random.

use std::collections::BTreeSet;

use knowledge::*;
use proptest::prelude::*;

use crate::world::*;

/// A base of facts, and facts that each follow from some before them.
fn believing(n_base: usize, rules: &[Vec<Vec<usize>>]) -> (World, Vec<FactId>) {
    let mut world = World::default();
    let thing = world.entity("thing");
    let mut facts: Vec<FactId> = Vec::new();
    for k in 0..n_base + rules.len() {
        let reasons = k.checked_sub(n_base).map_or(&[][..], |rule| &rules[rule]);
        let named = |reason: &Vec<usize>| reason.iter().map(|r| facts[r % facts.len()]).collect();
        let justifications = reasons.iter().map(named).collect();
        let fact = NewFact { justifications, ..new_fact(thing, "says", text(&format!("{k}"))) };
        facts.push(world.fact(k as Time + 1, fact));
    }
    (world, facts)
}

fn believed(world: &World, facts: &[FactId]) -> BTreeSet<FactId> {
    let view = world.view();
    facts.iter().copied().filter(|fact| view.support(*fact).supported).collect()
}

fn contracted(world: &mut World, fact: FactId) -> Vec<FactId> {
    world.run(100, Command::Contract(fact)).given_up
}

#[test]
fn the_least_entrenched_is_given_up() {
    // 4 follows from 0 and 1; 5 from 1 and 2: more rests on 1 than on 0.
    let rules = [vec![vec![0, 1]], vec![vec![1, 2]]];
    let (mut world, facts) = believing(4, &rules);
    assert_eq!(contracted(&mut world, facts[4]), [facts[0]]);
    assert_eq!(believed(&world, &facts), BTreeSet::from([1, 2, 3, 5].map(|k| facts[k])));
    world.check();
    // Equal ones: what is known for longer stays.
    let (mut world, facts) = believing(2, &[vec![vec![0, 1]]]);
    assert_eq!(contracted(&mut world, facts[2]), [facts[1]]);
    let missing = world.try_on(MAIN, 101, Command::Contract(facts[1]));
    assert_eq!(missing, Err(KnowledgeError::Missing(ItemId::Fact(facts[1]))));
    // It can be taken back: what was given up comes back, and so does what followed.
    world.run(102, Command::RestoreFact(facts[1]));
    assert_eq!(believed(&world, &facts).len(), 3);
}

fn rules() -> impl Strategy<Value = Vec<Vec<Vec<usize>>>> {
    let reason = prop::collection::vec(0usize..16, 1..4);
    prop::collection::vec(prop::collection::vec(reason, 1..4), 0..10)
}

proptest! {
    #[test]
    fn the_postulates_hold(n_base in 1usize..7, rules in rules(), which in any::<usize>()) {
        let (mut world, facts) = believing(n_base, &rules);
        let fact = facts[which % facts.len()];
        let base: BTreeSet<FactId> = facts[..n_base].iter().copied().collect();
        let before = believed(&world, &facts);
        prop_assert!(before.contains(&fact));
        let given_up = contracted(&mut world, fact);
        let after = believed(&world, &facts);
        prop_assert!(!after.contains(&fact), "success");
        prop_assert!(after.is_subset(&before), "inclusion");
        prop_assert!(given_up.iter().all(|gone| base.contains(gone)), "only the base is given up");
        let (again, _) = believing(n_base, &rules);
        prop_assert_eq!(again.view().give_up(fact).unwrap(), given_up.clone(), "extensionality");
        // Closure: what is believed is what follows from what is left of the base.
        let mut plain = believing(n_base, &rules).0;
        given_up.iter().for_each(|gone| { plain.run(100, Command::RetractFact(*gone)); });
        prop_assert_eq!(believed(&plain, &facts), after.clone(), "closure");
        // Relevance: whatever was given up brings the fact back.
        for gone in &given_up {
            world.run(101, Command::RestoreFact(*gone));
            prop_assert!(believed(&world, &facts).contains(&fact), "relevance");
            world.run(102, Command::RetractFact(*gone));
        }
        // Vacuity: what is not believed costs nothing.
        if world.view().fact(fact).is_some() {
            prop_assert_eq!(contracted(&mut world, fact), []);
            prop_assert_eq!(believed(&world, &facts), after, "vacuity");
        }
        world.check();
    }
}
