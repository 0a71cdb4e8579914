//! What is above and below something by `is_a`.

use std::collections::{BTreeMap, VecDeque};

use knowledge::links::LinkId;
use knowledge::{EntityId, FactId, MAX_ANCESTORS};

use super::look::Look;
use super::{Finding, MAX_FINDINGS, Role, Told};

/// Words that ask for what is below.
const BELOW: &[&str] = &[
    "kind",
    "kinds",
    "type",
    "types",
    "sort",
    "sorts",
    "variety",
    "varieties",
    "species",
    "subclass",
    "subclasses",
    "subtype",
    "subtypes",
    "child",
    "children",
    "descendant",
    "descendants",
    "example",
    "examples",
    "instance",
    "instances",
    "fall",
    "falls",
    "under",
];

impl Look<'_> {
    pub(super) fn hierarchy(&self, about: &[EntityId], words: &[String]) -> Told {
        match about {
            [] => Told::unknown("nothing that is known is named"),
            [one] => self.around(*one, words),
            [first, second, ..] => self.between(*first, *second),
        }
    }

    /// All that is above one, and below it.
    fn around(&self, one: EntityId, words: &[String]) -> Told {
        let above = self.walk(one, Role::Ancestor);
        let below = self.walk(one, Role::Descendant);
        let unknown = (above.is_empty() && below.is_empty())
            .then(|| format!("it is not known what {} is, nor what is one", self.name(one)));
        let down = words.iter().any(|word| BELOW.contains(&word.as_str()));
        let (first, then) = if down { (below, above) } else { (above, below) };
        let findings = first.into_iter().chain(then).collect();
        Told { findings, unknown, ..Told::default() }
    }

    /// How one is the other, over how many steps that may be.
    fn between(&self, first: EntityId, second: EntityId) -> Told {
        let up = |from, to| self.up(from, to).map(|steps| (from, to, steps));
        let Some((from, to, steps)) = up(first, second).or_else(|| up(second, first)) else {
            let (a, b) = (self.name(first), self.name(second));
            return Told::unknown(format!("it is not known that {a} is {b}, nor that {b} is {a}"));
        };
        let names: Vec<String> = std::iter::once(from)
            .chain(steps.iter().map(|(parent, _)| *parent))
            .map(|id| self.name(id))
            .collect();
        let because = steps.iter().filter_map(|(_, fact)| self.because(LinkId::Fact(*fact)));
        let finding = Finding {
            role: Role::Ancestor,
            said: names.join(" is_a "),
            entities: vec![self.entity(to)],
            because: because.collect(),
        };
        Told { findings: vec![finding], ..Told::default() }
    }

    /// All that can be reached from one upwards or downwards, the nearest first, each once.
    fn walk(&self, from: EntityId, role: Role) -> Vec<Finding> {
        let mut seen = vec![from];
        let mut queue = VecDeque::from([from]);
        let mut findings = Vec::new();
        while let Some(at) = queue.pop_front() {
            let next = if role == Role::Ancestor { self.above(at) } else { self.below(at) };
            for (other, fact) in next {
                if seen.contains(&other) || findings.len() > MAX_FINDINGS {
                    continue;
                }
                seen.push(other);
                queue.push_back(other);
                let link = LinkId::Fact(fact);
                findings.push(Finding {
                    role,
                    said: self.said(link),
                    entities: vec![self.entity(other)],
                    because: self.because(link).into_iter().collect(),
                });
            }
        }
        findings
    }

    /// The fewest steps from one up to another: each parent with the fact that says so.
    fn up(&self, from: EntityId, to: EntityId) -> Option<Vec<(EntityId, FactId)>> {
        let mut before: BTreeMap<EntityId, (EntityId, FactId)> = BTreeMap::new();
        let mut queue = VecDeque::from([from]);
        while let Some(at) = queue.pop_front() {
            for (parent, fact) in self.above(at) {
                if parent == from || before.contains_key(&parent) || before.len() >= MAX_ANCESTORS {
                    continue;
                }
                before.insert(parent, (at, fact));
                queue.push_back(parent);
            }
        }
        let mut steps = Vec::new();
        let mut at = to;
        while at != from {
            let (child, fact) = before.get(&at)?;
            steps.push((at, *fact));
            at = *child;
        }
        steps.reverse();
        Some(steps)
    }
}
