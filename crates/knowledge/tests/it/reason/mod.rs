//! Reasoning, against classical examples and against models that nobody could get wrong.

mod abduce;
mod analogy;
mod deduce;
mod induce;

use std::collections::BTreeMap;

use knowledge::reason::{Claim, Ground, Premises, Rule, Step};
use knowledge::*;

use crate::world::*;

/// Knowledge that is told in words: names of entities, and facts of three words.
#[derive(Default)]
pub(crate) struct Told {
    pub(crate) world: World,
    pub(crate) names: BTreeMap<String, EntityId>,
}

impl Told {
    /// Each line has a subject, a predicate and an object; `not` before the predicate denies it, and a
    /// number after the object is how sure it is.
    pub(crate) fn of(lines: &str) -> Told {
        let mut told = Told::default();
        for line in lines.lines().map(str::trim).filter(|line| !line.is_empty()) {
            told.say(line);
        }
        told
    }

    pub(crate) fn say(&mut self, line: &str) -> FactId {
        let mut words: Vec<&str> = line.split_whitespace().collect();
        let negated = words[1] == "not";
        if negated {
            words.remove(1);
        }
        let confidence = words.get(3).map_or(1.0, |sure| sure.parse().unwrap());
        let (subject, object) = (self.id(words[0]), self.id(words[2]));
        let fact = new_fact(subject, words[1], Object::Entity(object));
        self.world.fact(0, NewFact { negated, confidence, ..fact })
    }

    pub(crate) fn id(&mut self, name: &str) -> EntityId {
        if let Some(id) = self.names.get(name) {
            return *id;
        }
        let id = self.world.entity(name);
        self.names.insert(name.to_string(), id);
        id
    }

    pub(crate) fn laws(&mut self, name: &str, laws: Laws) {
        self.world.run(0, Command::DeclarePredicate { name: name.into(), says: laws.into() });
    }

    pub(crate) fn functional(&mut self, name: &str) {
        self.world.run(
            0,
            Command::DeclarePredicate {
                name: name.into(),
                says: knowledge::Declaration::functional(true),
            },
        );
    }

    pub(crate) fn premises(&self) -> Premises {
        Premises::of(&self.world.view(), 1).unwrap()
    }

    pub(crate) fn name(&self, id: EntityId) -> &str {
        self.names.iter().find(|(_, known)| **known == id).map_or("?", |(name, _)| name.as_str())
    }

    pub(crate) fn said(&self, claim: &Claim) -> String {
        let not = if claim.negated { "not " } else { "" };
        let object = match &claim.object {
            Object::Entity(id) => self.name(*id).to_string(),
            Object::Literal(Scalar::Bool(value)) => value.to_string(),
            other => format!("{other:?}"),
        };
        format!("{} {not}{} {object}", self.name(claim.subject), claim.predicate)
    }

    pub(crate) fn steps(&self, steps: &[Step]) -> Vec<String> {
        let told = |step: &Step| format!("{} ({})", self.said(&step.claim), step.rule.name());
        steps.iter().map(told).collect()
    }

    /// Every step is true in the view: what is stated is a fact there, what follows uses steps before
    /// it, and none is surer than what it uses.
    pub(crate) fn check(&self, steps: &[Step]) {
        let view = self.world.view();
        for (k, step) in steps.iter().enumerate() {
            assert!(!step.uses.is_empty(), "{step:?}");
            for ground in &step.uses {
                match ground {
                    Ground::Step(before) => {
                        assert!(*before < k);
                        assert!(
                            step.rule == Rule::Generalises
                                || steps[*before].confidence >= step.confidence
                        );
                    }
                    Ground::Fact(id) => {
                        let fact = view.fact(*id).expect("a fact of the view").item;
                        assert!(fact.confidence >= step.confidence);
                        if step.rule == Rule::Stated {
                            let same = fact.predicate == step.claim.predicate
                                && fact.object == step.claim.object
                                && fact.negated == step.claim.negated
                                && fact.subject == step.claim.subject;
                            assert!(same, "{step:?}");
                        }
                    }
                    Ground::Relation(id) => assert!(view.relation(*id).is_some()),
                    Ground::Property(id, name) => {
                        let entity = view.entity(*id).expect("an entity of the view").item;
                        assert!(
                            entity.properties.contains_key(name)
                                || entity.exceptions.contains_key(name)
                        );
                    }
                }
            }
        }
    }
}
