//! Abduction: a diagnosis, chains of causes, and covers against all sets.

use std::collections::BTreeSet;

use knowledge::reason::{Abduced, MAX_CHAIN, Observed};
use knowledge::*;
use proptest::prelude::*;

use super::Told;

impl Told {
    fn explain(&mut self, observed: &[&str]) -> Abduced {
        let observed: Vec<Observed> =
            observed.iter().map(|name| Observed::Entity(self.id(name))).collect();
        let found = self.premises().abduce(&observed, 0).unwrap();
        found.explanations.iter().for_each(|one| self.check(&one.steps));
        found
    }

    fn causes(&self, found: &Abduced) -> Vec<String> {
        let names = |one: &knowledge::reason::Explanation| {
            let names = one.causes.iter().map(|c| self.name(c.entity));
            let names: BTreeSet<&str> = names.collect();
            let names: Vec<&str> = names.into_iter().collect();
            names.join("+")
        };
        found.explanations.iter().map(names).collect()
    }
}

#[test]
fn a_diagnosis() {
    let mut told = Told::of(
        "flu causes fever 0.9
         flu causes cough 0.8
         cold causes cough 0.7
         malaria causes fever 0.6
         rash caused_by measles 0.9
         measles causes fever 0.95",
    );
    let found = told.explain(&["fever", "cough"]);
    assert_eq!(
        told.causes(&found),
        ["flu", "cold+measles", "cold+malaria"],
        "one cause before two, and the surer first; none that could be left out"
    );
    assert_eq!(found.explanations[0].confidence, 0.8);
    let found = told.explain(&["fever", "rash", "sneeze"]);
    assert_eq!(told.causes(&found), ["measles"]);
    assert_eq!(found.unexplained, [told.id("sneeze")]);
    let all = told.explain(&["fever", "cough", "rash"]);
    assert_eq!(told.causes(&all)[0], "flu+measles", "0.8 before cold with 0.7");
    let flu = told.say("flu causes fever");
    let found = told.premises().abduce(&[Observed::Fact(flu)], 0).unwrap();
    assert_eq!(found, told.explain(&["fever"]), "what a fact says was observed");
}

/// As many causes as observations, each with many that would do: small sets are not tried.
#[test]
fn many_observations_need_many_causes() {
    let mut told = Told::default();
    let observed: Vec<String> = (0..12).map(|k| format!("event{k}")).collect();
    for (k, event) in observed.iter().enumerate() {
        for cause in 0..20 {
            told.say(&format!("cause{k}_{cause} causes {event} 0.{}", 50 + cause));
        }
    }
    let names: Vec<&str> = observed.iter().map(String::as_str).collect();
    let found = told.explain(&names);
    let best = &found.explanations[0];
    assert_eq!((best.causes.len(), best.confidence, found.more), (12, 0.69, true));
}

#[test]
fn chains_of_causes() {
    let n = MAX_CHAIN + 3;
    let lines: Vec<String> = (0..n).map(|k| format!("e{k} causes e{}", k + 1)).collect();
    let mut told = Told::of(&lines.join("\n"));
    let found = told.explain(&["e30"]);
    let first = found.explanations.iter().find(|one| told.name(one.causes[0].entity) == "e0");
    let steps = &first.unwrap().steps;
    assert_eq!((steps.len(), found.more), (31, false), "thirty steps, and what they come to");
    assert_eq!(told.said(&steps[30].claim), "e0 leads_to e30");
    assert_eq!(told.causes(&found)[0], "e29", "of equal ones the nearest");
    let found = told.explain(&[&format!("e{n}")]);
    assert_eq!((found.explanations.len(), found.more), (MAX_CHAIN, true));
    // A circle explains nothing by itself.
    let mut told = Told::of("a causes b\nb causes a");
    let found = told.explain(&["a"]);
    assert_eq!(told.causes(&found), ["b"]);
}

#[test]
fn what_cannot_be_asked_is_refused() {
    let told = Told::of("a causes b");
    let premises = told.premises();
    assert!(premises.abduce(&[], 0).is_err());
    assert!(premises.abduce(&[Observed::Fact(FactId(99))], 0).is_err());
    let many = [Observed::Entity(EntityId(1)); 17];
    assert!(matches!(premises.abduce(&many, 0), Err(KnowledgeError::TooMany { .. })));
}

const CAUSES: usize = 5;
const EVENTS: usize = 4;

/// Every set of causes that covers all that can be covered, and of which none can be left out.
fn covers(leads: &BTreeSet<(usize, usize)>) -> BTreeSet<Vec<usize>> {
    let events: Vec<usize> =
        (0..EVENTS).filter(|e| leads.iter().any(|(_, event)| event == e)).collect();
    let covers_all = |set: &[usize]| {
        events.iter().all(|event| set.iter().any(|cause| leads.contains(&(*cause, *event))))
    };
    let sets = (1..1_u32 << CAUSES)
        .map(|mask| (0..CAUSES).filter(|k| mask & (1 << k) != 0).collect::<Vec<usize>>());
    sets.filter(|set| {
        let without = |one: &usize| set.iter().copied().filter(|c| c != one).collect::<Vec<_>>();
        !events.is_empty() && covers_all(set) && !set.iter().any(|one| covers_all(&without(one)))
    })
    .collect()
}

proptest! {
    #[test]
    fn explanations_are_the_irredundant_covers(
        leads in proptest::collection::btree_set((0..CAUSES, 0..EVENTS), 0..14),
    ) {
        let mut told = Told::default();
        for (cause, event) in &leads {
            told.say(&format!("c{cause} causes o{event}"));
        }
        let names: Vec<String> = (0..EVENTS).map(|k| format!("o{k}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let found = told.explain(&names);
        let mut sizes = Vec::new();
        let sets: BTreeSet<Vec<usize>> = found.explanations.iter().map(|one| {
            sizes.push(one.causes.len());
            let number = |id| told.name(id)[1..].parse::<usize>().unwrap();
            let mut set: Vec<usize> = one.causes.iter().map(|c| number(c.entity)).collect();
            set.sort_unstable();
            set
        }).collect();
        prop_assert_eq!(sets, covers(&leads));
        prop_assert!(sizes.is_sorted());
    }
}
