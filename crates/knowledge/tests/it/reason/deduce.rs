//! Deduction: Socrates, Tweety, a royal family, and everything that follows of small graphs.

use std::collections::BTreeSet;

use knowledge::reason::{Deduced, Goal, MAX_CHAIN, Rule};
use knowledge::*;
use proptest::prelude::*;

use super::Told;
use crate::world::*;

impl Told {
    fn ask(&mut self, subject: &str, predicate: &str, object: &str) -> Deduced {
        let end = |told: &mut Told, name: &str| (name != "?").then(|| told.id(name));
        let subject = end(self, subject);
        let object = end(self, object).map(Object::Entity);
        let goal = Goal { subject, predicate: predicate.into(), object };
        let found = self.premises().deduce(&goal, 0);
        found.conclusions.iter().for_each(|proof| self.check(&proof.steps));
        found
    }

    fn conclusions(&mut self, subject: &str, predicate: &str, object: &str) -> Vec<String> {
        let found = self.ask(subject, predicate, object);
        found.conclusions.iter().map(|proof| self.said(&proof.claim)).collect()
    }
}

#[test]
fn socrates_is_mortal() {
    let mut told = Told::of(
        "Socrates is_a man 0.9
         man is_a animal
         animal has mortality 0.8",
    );
    let found = told.ask("Socrates", "has", "?");
    assert_eq!(found.conclusions.len(), 1);
    let proof = &found.conclusions[0];
    assert_eq!(proof.confidence, 0.8, "as the least sure");
    assert_eq!(
        told.steps(&proof.steps),
        [
            "Socrates is_a man (stated)",
            "Socrates is_a animal (transitive)",
            "Socrates has mortality (inherits)",
        ]
    );
    assert_eq!(told.conclusions("?", "has", "mortality").len(), 3);
    let is = told.ask("Socrates", "is_a", "animal");
    assert_eq!((is.conclusions.len(), is.conclusions[0].confidence), (1, 0.9));
    assert!(told.ask("animal", "is_a", "Socrates").conclusions.is_empty());
}

#[test]
fn tweety_flies_and_the_penguin_does_not() {
    let mut told = Told::of(
        "Tweety is_a bird
         Pingu is_a penguin
         penguin is_a bird
         bird can fly
         penguin not can fly",
    );
    assert_eq!(told.conclusions("Tweety", "can", "fly"), ["Tweety can fly"]);
    let found = told.ask("Pingu", "can", "fly");
    assert_eq!(told.said(&found.conclusions[0].claim), "Pingu not can fly");
    assert_eq!((found.conclusions.len(), found.blocked.len()), (1, 1));
    assert_eq!(told.said(&found.blocked[0].claim), "Pingu can fly");
    // One that can all the same.
    told.say("Pingu can fly");
    assert_eq!(told.conclusions("Pingu", "can", "fly"), ["Pingu can fly"]);
}

#[test]
fn a_nearer_value_and_a_nearer_property_come_first() {
    let mut told = Told::of(
        "elephant has_colour grey
         royal is_a elephant
         royal has_colour white
         Clyde is_a royal",
    );
    told.functional("has_colour");
    let found = told.ask("Clyde", "has_colour", "?");
    assert_eq!(told.said(&found.conclusions[0].claim), "Clyde has_colour white");
    assert_eq!((found.conclusions.len(), found.blocked.len()), (1, 1));
    let [elephant, royal] = ["elephant", "royal"].map(|name| told.id(name));
    let legs = |n: i64| [("legs".to_string(), Some(Scalar::Integer(n)))].into();
    let update = EntityUpdate { properties: legs(4), ..EntityUpdate::default() };
    told.world.run(1, Command::UpdateEntity(elephant, update));
    let none = Exception { value: None, reason: "it floats".into() };
    let exceptions = [("legs".to_string(), Some(none))].into();
    assert_eq!(told.ask("Clyde", "legs", "?").conclusions.len(), 1);
    let update = EntityUpdate { exceptions, ..EntityUpdate::default() };
    told.world.run(1, Command::UpdateEntity(royal, update));
    let found = told.ask("Clyde", "legs", "?");
    assert_eq!((found.conclusions.len(), found.blocked.len()), (0, 1));
}

#[test]
fn a_royal_family() {
    let mut told = Told::of(
        "Elizabeth parent_of Charles
         Charles parent_of William
         William parent_of George
         Charles sibling_of Anne
         Peter child_of Anne
         Elizabeth ancestor_of Charles
         Charles ancestor_of William
         William ancestor_of George",
    );
    told.laws("child_of", Laws { inverse_of: Some("parent_of".into()), ..Laws::default() });
    told.laws("sibling_of", Laws { symmetric: true, ..Laws::default() });
    told.laws("ancestor_of", Laws { transitive: true, ..Laws::default() });
    told.laws(
        "descendant_of",
        Laws { transitive: true, inverse_of: Some("ancestor_of".into()), symmetric: false },
    );
    assert_eq!(told.conclusions("Anne", "parent_of", "?"), ["Anne parent_of Peter"]);
    assert_eq!(told.conclusions("?", "child_of", "Charles"), ["William child_of Charles"]);
    assert_eq!(told.conclusions("Anne", "sibling_of", "?"), ["Anne sibling_of Charles"]);
    assert_eq!(told.conclusions("Elizabeth", "ancestor_of", "?").len(), 3);
    let found = told.ask("George", "descendant_of", "Elizabeth");
    assert_eq!(
        told.steps(&found.conclusions[0].steps),
        [
            "George descendant_of William (inverse)",
            "William descendant_of Charles (inverse)",
            "George descendant_of Charles (transitive)",
            "Charles descendant_of Elizabeth (inverse)",
            "George descendant_of Elizabeth (transitive)",
        ]
    );
    told.say("Elizabeth not ancestor_of William");
    let found = told.ask("Elizabeth", "ancestor_of", "George");
    assert!(found.conclusions.is_empty(), "what is denied leads no further");
}

#[test]
fn what_is_proved_has_a_limit() {
    let lines: Vec<String> = (0..400).map(|k| format!("p{k} in p{}", k + 1)).collect();
    let mut told = Told::of(&lines.join("\n"));
    told.laws("in", Laws { transitive: true, ..Laws::default() });
    let found = told.ask("?", "in", "?");
    // Each of the 400 has a proof of one step, which would be among the first thousand.
    let stated = found.conclusions.iter().filter(|proof| proof.steps.len() == 1).count();
    assert!(found.more && (10..400).contains(&stated), "{stated}");
}

#[test]
fn what_one_is_denied_leads_nowhere() {
    let mut told = Told::of("tweety is_a bird\nbird is_a animal\nanimal eats food");
    assert_eq!(told.conclusions("tweety", "eats", "?").len(), 1);
    told.say("tweety not is_a bird");
    assert!(told.ask("tweety", "eats", "?").conclusions.is_empty());
}

#[test]
fn what_a_class_is_not_its_members_are_not() {
    let mut told = Told::of(
        "whale is_a swimmer
         swimmer is_a fish
         whale not is_a fish 0.8
         fish breathes water
         moby is_a whale 0.9",
    );
    let found = told.ask("moby", "is_a", "fish");
    let not = &found.conclusions[0];
    assert_eq!((found.conclusions.len(), not.confidence), (1, 0.8));
    assert_eq!(
        told.steps(&not.steps),
        ["moby is_a whale (stated)", "moby not is_a fish (inherits)"]
    );
    told.check(&not.steps);
    assert_eq!(told.said(&found.blocked[0].claim), "moby is_a fish");
    assert_eq!(told.conclusions("moby", "is_a", "?").len(), 3, "a whale, a swimmer and no fish");
    assert!(told.ask("moby", "breathes", "?").conclusions.is_empty());
    // What is nearer decides.
    told.say("moby is_a fish");
    let found = told.ask("moby", "is_a", "fish");
    assert!(!found.conclusions[0].claim.negated && found.conclusions.len() == 1);
    assert_eq!(told.said(&found.blocked[0].claim), "moby not is_a fish");
    assert_eq!(told.ask("moby", "breathes", "?").conclusions.len(), 1);
    assert!(told.ask("whale", "breathes", "?").conclusions.is_empty());
}

#[test]
fn a_chain_has_a_limit() {
    let n = MAX_CHAIN + 2;
    let lines: Vec<String> = (0..n).map(|k| format!("p{k} in p{}", k + 1)).collect();
    let mut told = Told::of(&lines.join("\n"));
    told.laws("in", Laws { transitive: true, ..Laws::default() });
    let last = format!("p{MAX_CHAIN}");
    let found = told.ask("p0", "in", &last);
    let rules = found.conclusions[0].steps.iter().filter(|step| step.rule == Rule::Transitive);
    assert_eq!((rules.count(), found.more), (MAX_CHAIN - 1, true));
    let beyond = told.ask("p0", "in", &format!("p{}", MAX_CHAIN + 1));
    assert!(beyond.conclusions.is_empty() && beyond.more);
    assert!(!told.ask("p10", "in", "?").more);
    // Round and round is no end.
    told.say(&format!("p{n} in p0"));
    assert_eq!(told.conclusions("p5", "in", "?").len(), MAX_CHAIN);
}

#[test]
fn laws_of_is_a_are_its_own() {
    let mut told = Told::default();
    for (name, inverse_of) in [(IS_A, None), ("x", Some(IS_A.to_string()))] {
        let laws = Laws { transitive: true, inverse_of, ..Laws::default() };
        let refused = told.world.try_on(
            MAIN,
            1,
            Command::DeclarePredicate { name: name.into(), says: laws.into() },
        );
        assert!(matches!(refused, Err(KnowledgeError::Invalid { .. })), "{refused:?}");
    }
}

#[test]
fn the_branch_and_both_times_count() {
    let mut told = Told::of("a in b");
    told.laws("in", Laws { transitive: true, ..Laws::default() });
    let [b, c] = ["b", "c"].map(|name| told.id(name));
    let fork = Command::CreateBranch { name: "x".into(), known_at: None };
    let branch = branch_of(&told.world.run(1, fork));
    let valid = Validity { from: Some(10), to: Some(20) };
    let fact = NewFact { valid, ..new_fact(b, "in", Object::Entity(c)) };
    told.world.on(branch, 5, Command::AssertFact(fact));
    let a = told.id("a");
    let goal = Goal { subject: Some(a), predicate: "in".into(), object: Some(Object::Entity(c)) };
    let found = |branch, known, time| {
        let view = told.world.knowledge.at(At { branch, known, valid: None }).unwrap();
        let premises = knowledge::reason::Premises::of(&view, time).unwrap();
        premises.deduce(&goal, 0).conclusions.len()
    };
    assert_eq!(found(branch, None, 15), 1);
    assert_eq!(found(branch, None, 25), 0, "it is not true any more");
    assert_eq!(found(branch, Some(4), 15), 0, "it is not known yet");
    assert_eq!(found(MAIN, None, 15), 0, "it is known elsewhere");
}

/// An atom: subject, object.
type Atoms = BTreeSet<(usize, usize)>;

/// A small world: which predicate of three (`p`, its inverse `q`, `is_a`), from, to, and denied.
type Lines = Vec<(u8, usize, usize, bool)>;

const N: usize = 6;

/// All that follows of `p`, by the definitions, one after the other until nothing is new.
fn closure(lines: &Lines, symmetric: bool, transitive: bool, order: &[Vec<usize>]) -> Atoms {
    let said = |negated: bool| -> Atoms {
        let mut atoms = Atoms::new();
        for (kind, a, b, no) in lines {
            if *no == negated && *kind < 2 {
                atoms.insert(if *kind == 0 { (*a, *b) } else { (*b, *a) });
            }
        }
        if symmetric {
            atoms.extend(atoms.clone().into_iter().map(|(a, b)| (b, a)));
        }
        atoms
    };
    let (yes, no) = (said(false), said(true));
    let (mut direct, mut denied) = (Atoms::new(), Atoms::new());
    for (x, line) in order.iter().enumerate() {
        for o in (0..N).filter(|o| *o != x || yes.contains(&(x, *o))) {
            let nearest = line.iter().find(|y| yes.contains(&(**y, o)) || no.contains(&(**y, o)));
            let Some(y) = nearest else { continue };
            if yes.contains(&(*y, o)) {
                direct.insert((x, o));
            }
            if no.contains(&(*y, o)) {
                denied.insert((x, o));
            }
        }
    }
    let mut all = direct.clone();
    let mut before = None;
    while transitive && before != Some(all.len()) {
        before = Some(all.len());
        for (x, y) in all.clone() {
            for (from, z) in &direct {
                if *from == y && *z != x && !denied.contains(&(x, *z)) {
                    all.insert((x, *z));
                }
            }
        }
    }
    all
}

proptest! {
    /// What is deduced is what follows, no more and no less, and every step of every proof is true.
    #[test]
    fn deduction_is_the_closure(
        lines in proptest::collection::vec((0..3_u8, 0..N, 0..N, any::<bool>()), 0..24),
        symmetric in any::<bool>(),
        transitive in any::<bool>(),
    ) {
        let mut told = Told::default();
        let ids: Vec<EntityId> = (0..N).map(|k| told.id(&format!("e{k}"))).collect();
        told.laws("p", Laws { symmetric, transitive, inverse_of: None });
        told.laws("q", Laws { inverse_of: Some("p".into()), ..Laws::default() });
        let mut kept = Lines::new();
        for (kind, a, b, no) in lines {
            let name = ["p", "q", IS_A][kind as usize];
            let no = no && kind < 2;
            let fact = NewFact { negated: no, ..new_fact(ids[a], name, Object::Entity(ids[b])) };
            if a != b && told.world.try_on(MAIN, 0, Command::AssertFact(fact)).is_ok() {
                kept.push((kind, a, b, no));
            }
        }
        let at = |id: EntityId| ids.iter().position(|known| *known == id).unwrap();
        let line = |id: &EntityId| told.world.view().ancestors(*id).unwrap().line;
        let order: Vec<Vec<usize>> =
            ids.iter().map(|id| line(id).into_iter().map(at).collect()).collect();
        let expected = closure(&kept, symmetric, transitive, &order);
        let goal = Goal { subject: None, predicate: "p".into(), object: None };
        let found = told.premises().deduce(&goal, 0);
        let mut atoms = Atoms::new();
        for proof in &found.conclusions {
            told.check(&proof.steps);
            prop_assert_eq!(&proof.steps.last().unwrap().claim, &proof.claim);
            let Object::Entity(object) = proof.claim.object else { panic!("{:?}", proof) };
            if !proof.claim.negated {
                prop_assert!(atoms.insert((at(proof.claim.subject), at(object))));
            }
        }
        prop_assert_eq!(atoms, expected);
        prop_assert_eq!(&found, &told.premises().deduce(&goal, 0));
    }
}
