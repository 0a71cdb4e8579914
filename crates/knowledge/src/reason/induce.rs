//! Induction: what many members of a class have, told as what the class may have. It is never learned
//! by itself.
//!
//! Members are the entities below the class that nothing else is. What a member has counts if it is
//! said of it, of what is between it and the class, or by the class of its members; what is said of
//! the class itself and above it explains nothing. Of `k` of `n` members, it is as sure as the lower end of Wilson's interval at
//! 95 % (Wilson 1927, "Probable inference, the law of succession, and statistical inference"); a
//! member of which nothing is known speaks against it as much as one that has something else.

use std::collections::{BTreeMap, BTreeSet};

use super::deduce::Deduction;
use super::premises::{Premises, Thing};
use super::{Claim, Ground, Key, MAX_CONCLUSIONS, Rule, Step};
use crate::check;
use crate::error::KnowledgeError;
use crate::id::EntityId;
use crate::inherit::IS_A;
use crate::item::{Object, Scalar};

/// Members of one class.
const MAX_MEMBERS: usize = 10_000;
/// Members that the proof of one generalisation names, and exceptions that it lists.
pub const MAX_NAMED: usize = 20;
/// Links that are looked at for one induction.
pub const MAX_TALLIED: usize = 20_000_000;
/// The quantile of the normal distribution for 95 % on both sides.
const Z: f64 = 1.959_964;

/// What many members have.
#[derive(Clone, Debug, PartialEq)]
pub struct Generalisation {
    /// What would hold of the class.
    pub claim: Claim,
    /// It is a property, and not a fact.
    pub property: bool,
    /// It is said of the class already, or follows for it.
    pub known: bool,
    /// Members that have it.
    pub support: usize,
    /// Members that have something else, or of which it is denied: at most [`MAX_NAMED`].
    pub exceptions: Vec<EntityId>,
    /// How many those are.
    pub n_exceptions: usize,
    /// The lower end of Wilson's interval.
    pub confidence: f64,
    /// Members that have it, at most [`MAX_NAMED`], and the generalisation last.
    pub steps: Vec<Step>,
}

/// What may generally hold of a class.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Induced {
    /// How many members the class has.
    pub members: usize,
    /// What they have, the surest first.
    pub generalisations: Vec<Generalisation>,
    /// There are more.
    pub more: bool,
}

/// The lower end of Wilson's interval for `k` of `n` at 95 %; 0 for none.
pub fn wilson(k: usize, n: usize) -> f64 {
    if n == 0 {
        return 0.0;
    }
    let (n, part) = (n as f64, k as f64 / n as f64);
    let square = Z * Z;
    let middle = part + square / (2.0 * n);
    let width = Z * (part * (1.0 - part) / n + square / (4.0 * n * n)).sqrt();
    ((middle - width) / (1.0 + square / n)).max(0.0)
}

/// What is counted: a predicate or a property, and its value.
type Pattern = (bool, String, Key);

/// Who has it.
#[derive(Default)]
struct Tally {
    object: Option<Object>,
    support: usize,
    /// Of the first [`MAX_NAMED`].
    have: Vec<Step>,
    deny: BTreeSet<EntityId>,
}

impl Tally {
    /// Another has it.
    fn has(&mut self, object: &Object, step: impl FnOnce() -> Option<Step>) {
        self.object.get_or_insert_with(|| object.clone());
        self.support += 1;
        if self.have.len() < MAX_NAMED {
            self.have.extend(step());
        }
    }
}

/// Who has what.
#[derive(Default)]
struct Tallies {
    of: BTreeMap<Pattern, Tally>,
    /// Of what has one value at a time: what each member has, which is against all else.
    values: BTreeMap<(bool, String), BTreeMap<EntityId, BTreeSet<Key>>>,
}

impl Tallies {
    fn values(&mut self, of: &Pattern, member: EntityId) -> &mut BTreeSet<Key> {
        self.values.entry((of.0, of.1.clone())).or_default().entry(member).or_default()
    }

    /// Who has something else, or of whom it is denied.
    fn against(&self, of: &Pattern, tally: &Tally) -> BTreeSet<EntityId> {
        let values = self.values.get(&(of.0, of.1.clone())).into_iter().flatten();
        let others = values.filter(|(_, keys)| !keys.contains(&of.2)).map(|(member, _)| *member);
        others.chain(tally.deny.iter().copied()).collect()
    }
}

impl Premises {
    /// What members of a class have in common: what at least so many have; at most so many
    /// generalisations, 0 or more than [`MAX_CONCLUSIONS`] mean [`MAX_CONCLUSIONS`].
    ///
    /// # Errors
    ///
    /// [`KnowledgeError::TooMany`] for a class with more than 10,000 members, and for more than
    /// [`MAX_TALLIED`]: who was not looked at would count against.
    pub fn induce(
        &self,
        class: EntityId,
        min_support: usize,
        limit: usize,
    ) -> Result<Induced, KnowledgeError> {
        let below = self.below(class);
        let members: Vec<EntityId> =
            below.iter().copied().filter(|id| self.children(*id).next().is_none()).collect();
        check::count("members of a class", members.len(), MAX_MEMBERS)?;
        let mut tallies = Tallies::default();
        let lines: BTreeMap<EntityId, Vec<EntityId>> = members
            .iter()
            .map(|member| {
                let line = self.line(*member).into_iter();
                (*member, line.filter(|id| below.contains(id)).collect())
            })
            .collect();
        self.tally_facts(&below, &lines, &mut tallies)?;
        self.tally_properties(class, &lines, &mut tallies);
        let limit = if limit == 0 { MAX_CONCLUSIONS } else { limit.min(MAX_CONCLUSIONS) };
        let mut enough: Vec<(Pattern, Tally)> = std::mem::take(&mut tallies.of)
            .into_iter()
            .filter(|(_, tally)| tally.support >= min_support.max(1))
            .collect();
        // The more have it, the surer it is.
        enough.sort_by_key(|(_, tally)| std::cmp::Reverse(tally.support));
        let more = enough.len() > limit;
        enough.truncate(limit);
        let told = enough.into_iter().filter_map(|found| {
            let against = tallies.against(&found.0, &found.1);
            self.told(class, members.len(), found, against)
        });
        Ok(Induced { members: members.len(), generalisations: told.collect(), more })
    }

    pub(super) fn children(&self, of: EntityId) -> impl Iterator<Item = EntityId> {
        let said = self.onto(of).filter(|p| p.predicate == IS_A && !p.negated);
        said.filter(|p| matches!(p.ground, Ground::Fact(_))).map(|p| p.subject)
    }

    /// All that is below an entity.
    pub(super) fn below(&self, of: EntityId) -> BTreeSet<EntityId> {
        let (mut below, mut waiting) = (BTreeSet::new(), vec![of]);
        while let Some(at) = waiting.pop() {
            let children = self.children(at).filter(|child| *child != of);
            waiting.extend(children.filter(|child| below.insert(*child)).collect::<Vec<_>>());
        }
        below
    }

    fn tally_facts(
        &self,
        below: &BTreeSet<EntityId>,
        lines: &BTreeMap<EntityId, Vec<EntityId>>,
        tallies: &mut Tallies,
    ) -> Result<(), KnowledgeError> {
        let mut looked = 0;
        let said = below.iter().flat_map(|id| self.about(*id));
        let predicates: BTreeSet<&str> =
            said.map(|p| p.predicate.as_str()).filter(|p| *p != IS_A).collect();
        for predicate in predicates {
            let functional = self.is_functional(predicate);
            let mut search = Deduction::new(self, predicate);
            for (member, line) in lines {
                for held in search.along(*member, line).held {
                    let key = Key::of(&held.said.object);
                    let pattern = (false, predicate.to_string(), key);
                    if held.said.negated {
                        tallies.of.entry(pattern).or_default().deny.insert(*member);
                        continue;
                    }
                    if functional {
                        tallies.values(&pattern, *member).insert(pattern.2.clone());
                    }
                    let tally = tallies.of.entry(pattern).or_default();
                    tally.has(&held.said.object, || {
                        let mut steps = Vec::new();
                        search.prove(*member, &held, &mut steps);
                        steps.pop().map(|last| grounded(last, &held.said.ground))
                    });
                }
                let found = looked + search.followed();
                check::count("links to look at for an induction", found, MAX_TALLIED)?;
            }
            looked += search.followed();
        }
        Ok(())
    }

    fn tally_properties(
        &self,
        class: EntityId,
        lines: &BTreeMap<EntityId, Vec<EntityId>>,
        tallies: &mut Tallies,
    ) {
        for (member, line) in lines {
            let mut known: BTreeSet<&str> = BTreeSet::new();
            let things = line.iter().filter_map(|id| Some((*id, self.things.get(id)?)));
            let said = things.flat_map(|(of, thing)| {
                let itself = *member == of;
                let says = move |name| (of, name, thing.says(name, itself).flatten());
                thing.names(itself).into_iter().map(says)
            });
            let template = self.things.get(&class).into_iter().flat_map(|thing| &thing.template);
            let template = template.map(|(name, value)| (class, name.as_str(), Some(value)));
            for (of, name, value) in said.chain(template) {
                if !known.insert(name) {
                    continue;
                }
                let key = value.map_or_else(|| Key::literal(&Scalar::Null), Key::literal);
                let pattern = (true, name.to_string(), key);
                // An exception that there is none is something else, whatever the others have.
                let values = tallies.values(&pattern, *member);
                let Some(value) = value else { continue };
                values.insert(pattern.2.clone());
                let tally = tallies.of.entry(pattern).or_default();
                tally.has(&Object::Literal(value.clone()), || {
                    Some(had(*member, name, value, of, self.things.get(&of)?.confidence))
                });
            }
        }
    }

    /// Whether a class says of its members already what many have.
    fn is_template(&self, claim: &Claim) -> bool {
        let said = |thing: &Thing| thing.template.get(&claim.predicate).cloned();
        let said = self.things.get(&claim.subject).and_then(said);
        said.is_some_and(|value| claim.object == Object::Literal(value))
    }

    fn told(
        &self,
        class: EntityId,
        members: usize,
        (pattern, tally): (Pattern, Tally),
        others: BTreeSet<EntityId>,
    ) -> Option<Generalisation> {
        let (property, predicate, _) = pattern;
        let object = tally.object?;
        let support = tally.support;
        let claim = Claim { subject: class, predicate, object, negated: false };
        let confidence = wilson(support, members);
        let mut steps: Vec<Step> = tally.have;
        let uses = (0..steps.len()).map(Ground::Step).collect();
        let last = Step {
            claim: claim.clone(),
            rule: Rule::Generalises,
            uses,
            confidence: confidence as f32,
        };
        steps.push(last);
        let goal = super::Goal {
            subject: Some(class),
            predicate: claim.predicate.clone(),
            object: Some(claim.object.clone()),
        };
        let known = property && self.is_template(&claim)
            || self.deduce(&goal, 1).conclusions.iter().any(|proof| !proof.claim.negated);
        Some(Generalisation {
            claim,
            property,
            known,
            support,
            n_exceptions: others.len(),
            exceptions: others.into_iter().take(MAX_NAMED).collect(),
            confidence,
            steps,
        })
    }
}

/// The last step alone, by what it rests on.
fn grounded(step: Step, ground: &Ground) -> Step {
    Step { uses: vec![ground.clone()], ..step }
}

fn had(member: EntityId, name: &str, value: &Scalar, of: EntityId, confidence: f32) -> Step {
    let object = Object::Literal(value.clone());
    Step {
        claim: Claim { subject: member, predicate: name.to_string(), object, negated: false },
        rule: if member == of { Rule::Stated } else { Rule::Inherits },
        uses: vec![Ground::Property(of, name.to_string())],
        confidence,
    }
}
