//! Assumptions: labels against every subset of the assumptions, and what would hold.

use std::collections::BTreeSet;

use knowledge::*;
use proptest::prelude::*;

use crate::world::*;

/// Facts that say something each: of the same functional predicate only one can be true.
#[derive(Debug)]
struct Drawn {
    n_base: usize,
    /// Each of two and more reasons among the facts before.
    rules: Vec<Vec<Vec<usize>>>,
    /// The predicate of each fact; the first three are functional.
    predicates: Vec<usize>,
}

impl Drawn {
    fn n_facts(&self) -> usize {
        self.n_base + self.rules.len()
    }

    fn reasons(&self, fact: usize) -> Vec<BTreeSet<usize>> {
        let Some(rule) = fact.checked_sub(self.n_base) else { return Vec::new() };
        self.rules[rule].iter().map(|set| set.iter().map(|r| r % fact).collect()).collect()
    }

    fn predicate(&self, fact: usize) -> usize {
        self.predicates[fact % self.predicates.len()]
    }

    fn learned(&self) -> (World, Vec<FactId>) {
        let mut world = World::default();
        let thing = world.entity("thing");
        for k in 0..3 {
            world.run(
                0,
                Command::DeclarePredicate {
                    name: format!("p{k}"),
                    says: knowledge::Declaration::functional(true),
                },
            );
        }
        let mut facts: Vec<FactId> = Vec::new();
        for k in 0..self.n_facts() {
            let named = |set: &BTreeSet<usize>| set.iter().map(|r| facts[*r]).collect();
            let justifications = self.reasons(k).iter().map(named).collect();
            let plain = new_fact(thing, &format!("p{}", self.predicate(k)), text(&format!("{k}")));
            facts.push(world.fact(k as Time + 1, NewFact { justifications, ..plain }));
        }
        (world, facts)
    }

    /// What follows, from the definition.
    fn follows(&self, from: &BTreeSet<usize>) -> BTreeSet<usize> {
        let mut holds = from.clone();
        loop {
            let new = (0..self.n_facts())
                .filter(|k| !holds.contains(k))
                .find(|k| self.reasons(*k).iter().any(|set| set.is_subset(&holds)));
            match new {
                Some(k) => holds.insert(k),
                None => return holds,
            };
        }
    }

    fn is_impossible(&self, holds: &BTreeSet<usize>) -> bool {
        let functional = |k: &&usize| self.predicate(**k) < 3;
        let mut said = BTreeSet::new();
        holds.iter().filter(functional).any(|k| !said.insert(self.predicate(*k)))
    }

    /// The smallest of the subsets of some assumptions for which something is so, by trying all.
    fn smallest(
        &self,
        assumptions: &[usize],
        given: &BTreeSet<usize>,
        is_so: impl Fn(&BTreeSet<usize>) -> bool,
    ) -> BTreeSet<BTreeSet<usize>> {
        let subset = |bits: usize| -> BTreeSet<usize> {
            let chosen = assumptions.iter().enumerate().filter(|(k, _)| bits >> k & 1 == 1);
            chosen.map(|(_, fact)| *fact).collect()
        };
        let so = |set: &BTreeSet<usize>| is_so(&self.follows(&set.union(given).copied().collect()));
        let all: Vec<BTreeSet<usize>> =
            (0..1 << assumptions.len()).map(subset).filter(so).collect();
        let least =
            |set: &&BTreeSet<usize>| !all.iter().any(|other| other != *set && other.is_subset(set));
        all.iter().filter(least).cloned().collect()
    }
}

fn drawn() -> impl Strategy<Value = Drawn> {
    let reason = prop::collection::vec(0usize..24, 1..4);
    let rules = prop::collection::vec(prop::collection::vec(reason, 1..4), 0..8);
    let predicates = prop::collection::vec(0usize..9, 1..16);
    (1usize..8, rules, predicates).prop_map(|(n_base, rules, predicates)| Drawn {
        n_base,
        rules,
        predicates,
    })
}

fn told(found: &Environments, facts: &[FactId]) -> BTreeSet<BTreeSet<usize>> {
    assert!(!found.cut_short);
    let place = |id: &FactId| facts.iter().position(|fact| fact == id).unwrap();
    let sets: BTreeSet<_> = found.sets.iter().map(|set| set.iter().map(place).collect()).collect();
    assert_eq!(sets.len(), found.sets.len(), "none twice");
    sets
}

proptest! {
    #[test]
    fn labels_are_the_smallest_possible_environments(drawn in drawn()) {
        let (world, facts) = drawn.learned();
        let view = world.view();
        let base: Vec<usize> = (0..drawn.n_base).collect();
        let nothing = BTreeSet::new();
        for fact in 0..drawn.n_facts() {
            let is_so = |holds: &BTreeSet<usize>| {
                holds.contains(&fact) && !drawn.is_impossible(holds)
            };
            let expected = drawn.smallest(&base, &nothing, is_so);
            let found = view.environments(facts[fact], None).unwrap();
            prop_assert_eq!(told(&found, &facts), expected);
        }
        let nogoods = drawn.smallest(&base, &nothing, |holds| drawn.is_impossible(holds));
        prop_assert_eq!(told(&view.impossible(None).unwrap(), &facts), nogoods);
    }

    #[test]
    fn assumptions_can_be_stated(drawn in drawn(), bits in any::<u16>(), which in any::<usize>()) {
        let (world, facts) = drawn.learned();
        let stated: Vec<usize> =
            (0..drawn.n_facts()).filter(|k| bits >> k & 1 == 1).collect();
        let given: BTreeSet<usize> =
            (0..drawn.n_base).filter(|k| !stated.contains(k)).collect();
        // What nothing joins to the fact is not considered, so it must not contradict itself.
        prop_assume!(!drawn.is_impossible(&drawn.follows(&given)));
        let fact = which % drawn.n_facts();
        let is_so = |holds: &BTreeSet<usize>| {
            holds.contains(&fact) && !drawn.is_impossible(holds)
        };
        let expected = drawn.smallest(&stated, &given, is_so);
        let named = stated.iter().map(|k| facts[*k]).collect();
        let found = world.view().environments(facts[fact], Some(&named)).unwrap();
        prop_assert_eq!(told(&found, &facts), expected);
    }

    #[test]
    fn what_is_supposed_is_what_would_come(drawn in drawn(), which in any::<[usize; 3]>()) {
        let (mut world, facts) = drawn.learned();
        let [gone, assumed, without] = which.map(|k| facts[k % facts.len()]);
        prop_assume!(assumed != without && gone != without);
        world.run(50, Command::RetractFact(gone));
        let believed = |world: &World| -> BTreeSet<FactId> {
            facts.iter().copied().filter(|fact| world.view().support(*fact).supported).collect()
        };
        let before = believed(&world);
        let supposed = world.view().suppose(&[assumed].into(), &[without].into()).unwrap();
        // The same done: what is assumed is said again without a reason.
        world.run(51, Command::RetractFact(without));
        let again = world.knowledge.history(ItemId::Fact(assumed)).into_iter().rev();
        let Some(Item::Fact(fact)) = again.filter_map(|event| event.after).next() else { panic!() };
        if world.view().fact(assumed).is_none() {
            world.run(52, Command::RestoreFact(assumed));
        }
        let said = new_fact(fact.subject, &fact.predicate, fact.object);
        prop_assert_eq!(world.fact(53, said), assumed);
        let after = believed(&world);
        let those = |a: &BTreeSet<FactId>, b: &BTreeSet<FactId>| -> Vec<FactId> {
            a.difference(b).copied().collect()
        };
        prop_assert_eq!(supposed.gained, those(&after, &before));
        prop_assert_eq!(supposed.lost, those(&before, &after));
        for [a, b] in supposed.impossible {
            prop_assert!(after.contains(&a) && after.contains(&b));
        }
    }
}

/// `n` facts, each with two reasons of its own, and one that rests on all of them: 2^n environments.
fn doubled(n: usize) -> (World, FactId) {
    let mut world = World::default();
    let thing = world.entity("thing");
    let mut say = |what: String, justifications| {
        world.fact(1, NewFact { justifications, ..new_fact(thing, "says", text(&what)) })
    };
    let reasons = (0..n).map(|k| {
        let ways = ["a", "b"].map(|way| vec![say(format!("{way}{k}"), vec![])]);
        say(format!("either {k}"), ways.to_vec())
    });
    let reasons = reasons.collect();
    let all = say("all".into(), vec![reasons]);
    (world, all)
}

#[test]
fn labels_are_cut_at_their_limit_and_say_so() {
    let (world, all) = doubled(7);
    let found = world.view().environments(all, None).unwrap();
    assert_eq!((found.sets.len(), found.cut_short), (MAX_ENVIRONMENTS, false));
    let (world, all) = doubled(8);
    let found = world.view().environments(all, None).unwrap();
    assert_eq!((found.sets.len(), found.cut_short), (MAX_ENVIRONMENTS, true));
    // Each is still one of the smallest.
    assert!(found.sets.iter().all(|set| set.len() == 8));
}

#[test]
fn limits_are_named() {
    let mut world = World::default();
    let thing = world.entity("thing");
    let base: Vec<FactId> = (0..=MAX_ASSUMPTIONS)
        .map(|k| world.fact(1, new_fact(thing, "says", text(&format!("{k}")))))
        .collect();
    let justifications = base.iter().map(|fact| vec![*fact]).collect::<Vec<_>>();
    // At most 16 justifications: a tree of them.
    let mut level = justifications;
    let mut n = 0;
    while level.len() > 1 {
        level = level
            .chunks(16)
            .map(|ways| {
                n += 1;
                let plain = new_fact(thing, "follows", text(&format!("{n}")));
                vec![world.fact(2, NewFact { justifications: ways.to_vec(), ..plain })]
            })
            .collect();
    }
    let top = level[0][0];
    let refused = world.view().environments(top, None).unwrap_err();
    let too_many = |what, limit, found| KnowledgeError::TooMany { what, limit, found };
    assert_eq!(refused, too_many("assumptions", MAX_ASSUMPTIONS, MAX_ASSUMPTIONS + 1));
    // Few that are stated can be asked about.
    let stated = base[..2].iter().copied().collect();
    let found = world.view().environments(top, Some(&stated)).unwrap();
    assert_eq!(found.sets, [Vec::new()], "it holds in any case");
    let missing = world.view().environments(FactId(9_999), None);
    assert_eq!(missing, Err(KnowledgeError::Missing(ItemId::Fact(FactId(9_999)))));
    let both = BTreeSet::from([top]);
    let refused = world.view().suppose(&both, &both).unwrap_err();
    assert!(refused.to_string().contains("in both"), "{refused}");
}

#[test]
fn what_was_retracted_can_be_supposed() {
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
    let thirty = world.fact(2, new_fact(alice, "age", age(30)));
    let adult =
        NewFact { justifications: vec![vec![thirty]], ..new_fact(alice, "is", text("adult")) };
    let adult = world.fact(3, adult);
    world.run(4, Command::RetractFact(thirty));
    let three = world.fact(5, new_fact(alice, "age", age(3)));
    let view = world.view();
    assert_eq!(view.impossible(None).unwrap().sets, Vec::<Vec<FactId>>::new());
    let supposed = view.suppose(&[thirty].into(), &[].into()).unwrap();
    assert_eq!(supposed.gained, [thirty, adult]);
    assert_eq!(supposed.impossible, [[thirty, three]]);
    let supposed = view.suppose(&[thirty].into(), &[three].into()).unwrap();
    assert_eq!((supposed.lost, supposed.impossible), (vec![three], vec![]));
    let both = BTreeSet::from([thirty, three]);
    assert_eq!(view.impossible(Some(&both)).unwrap().sets, [[thirty, three]]);
    assert_eq!(view.environments(adult, Some(&both)).unwrap().sets, [[thirty]]);
    assert_eq!(world.knowledge.revision(), 6, "nothing was written");
}

#[test]
fn what_was_laid_out_is_answered_when_what_is_known_is_gone() {
    let mut world = World::default();
    let alice = world.entity("Alice");
    let first = world.fact(2, new_fact(alice, "is", text("tall")));
    let second = world.fact(3, NewFact { negated: true, ..new_fact(alice, "is", text("tall")) });
    let view = world.view();
    let label = view.consider(Some(first), None).unwrap();
    let nogoods = view.consider(None, None).unwrap();
    let supposing = view.supposing([first].into(), [second].into()).unwrap();
    let expected = (
        view.environments(first, None).unwrap(),
        view.impossible(None).unwrap(),
        view.suppose(&[first].into(), &[second].into()).unwrap(),
    );
    drop(world);
    let found = (label.environments().unwrap(), nogoods.environments().unwrap());
    assert_eq!((found.0, found.1, supposing.supposed()), expected);
    assert_eq!(expected.1.sets, [[first, second]]);
    assert_eq!(expected.2.lost, [second]);
}
