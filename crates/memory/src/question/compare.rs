//! What two share, and in what they differ: properties, values and neighbours by what joins them.

use std::collections::{BTreeMap, BTreeSet};

use knowledge::EntityId;
use knowledge::links::LinkId;

use super::look::Look;
use super::{Because, Finding, Role, Told};
use crate::recall::literal;

/// What an entity has: by name, the values, each with where it comes from.
type Traits = BTreeMap<String, Values>;
type Values = BTreeMap<Value, Option<Because>>;
/// A value as it is read, and whom it leads to: two may have one name.
type Value = (String, Option<EntityId>);

impl Look<'_> {
    pub(super) fn compare(&self, about: &[EntityId]) -> Told {
        let [a, b, ..] = about else {
            let named = about.first().map_or_else(|| "none is".into(), |one| self.name(*one));
            return Told::unknown(format!("two that are known are compared; named: {named}"));
        };
        let names = [self.name(*a), self.name(*b)];
        let (first, second) = (self.traits(*a), self.traits(*b));
        let mut findings = Vec::new();
        let keys: BTreeSet<&String> = first.keys().chain(second.keys()).collect();
        let none = BTreeMap::new();
        for key in keys {
            let values = [&first, &second].map(|traits| traits.get(key).unwrap_or(&none));
            findings.extend(self.compared(key, &names, values));
        }
        // What is shared is the smaller part, and told first.
        findings.sort_by_key(|finding: &Finding| finding.role);
        let unknown = findings.is_empty().then(|| {
            let [a, b] = &names;
            format!("nothing but the name is known of {a} and of {b}")
        });
        Told { findings, unknown, ..Told::default() }
    }

    /// One trait of both.
    fn compared(&self, key: &str, names: &[String; 2], [a, b]: [&Values; 2]) -> Vec<Finding> {
        let mut findings = Vec::new();
        let mut only: [Vec<&str>; 2] = [Vec::new(), Vec::new()];
        let mut because: Vec<Because> = Vec::new();
        let mut entities: BTreeSet<EntityId> = BTreeSet::new();
        for (value, why) in a {
            let (said, other) = value;
            match b.get(value) {
                Some(also) => findings.push(Finding {
                    role: Role::Shared,
                    said: format!("both: {key} {said}"),
                    entities: other.iter().map(|id| self.entity(*id)).collect(),
                    because: why.iter().chain(also).cloned().collect(),
                }),
                None => {
                    only[0].push(said);
                    because.extend(why.clone());
                    entities.extend(other);
                }
            }
        }
        for (value, why) in b.iter().filter(|(value, _)| !a.contains_key(*value)) {
            let (said, other) = value;
            only[1].push(said);
            because.extend(why.clone());
            entities.extend(other);
        }
        if only.iter().any(|values| !values.is_empty()) {
            let list = |values: &[&str]| match values {
                [] => "nothing known".to_owned(),
                values => values.join(", "),
            };
            let [first, second] = names;
            findings.push(Finding {
                role: Role::Different,
                said: format!("{key}: {first} {}; {second} {}", list(&only[0]), list(&only[1])),
                entities: entities.into_iter().map(|id| self.entity(id)).collect(),
                because,
            });
        }
        findings
    }

    /// Everything that an entity has.
    fn traits(&self, of: EntityId) -> Traits {
        let mut traits = Traits::new();
        for property in self.property_names(of) {
            let Some(found) = self.view.property(of, &property) else { continue };
            let value = found.value.as_ref().map_or_else(|| "none".into(), literal);
            let from = match found.origin {
                knowledge::Origin::Inherited(from)
                | knowledge::Origin::InheritedException(from, _) => from,
                _ => of,
            };
            traits.entry(property).or_default().insert((value, None), self.stated(from));
        }
        for (fact, predicate, value) in self.values(of) {
            let because = self.because(LinkId::Fact(fact));
            traits.entry(predicate).or_default().insert((value, None), because);
        }
        for tie in self.ties(of) {
            let key = if tie.out { tie.kind } else { format!("{} (of others)", tie.kind) };
            let value = (self.name(tie.other), Some(tie.other));
            traits.entry(key).or_default().insert(value, self.because(tie.id));
        }
        traits
    }
}
