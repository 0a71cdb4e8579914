//! Deduction: what follows from what is said, by what is declared of predicates and by inheritance.
//!
//! - What is said of an entity holds of it. A symmetric predicate says the same from the other end,
//!   and so does the inverse of one.
//! - What is said of what an entity is holds of it, unless something nearer denies it, or says
//!   another value of a predicate that has one at a time. Nearer is the order of
//!   [`View::ancestors`](crate::View::ancestors). Denials are inherited alike.
//!   So is what a class is said not to be.
//! - Of a transitive predicate, and of `is_a`, what the one leads to leads on, up to
//!   [`MAX_CHAIN`] steps, but not to what is denied.
//! - A property is inherited as [`View::property`](crate::View::property) says.
//!
//! A proof has the fewest steps of its chain, and of those the surest.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashMap;

use super::premises::Premises;
use super::{Claim, Ground, Key, MAX_CHAIN, MAX_CONCLUSIONS, MAX_FOLLOWED, MAX_PROVED, Rule, Step};
use crate::id::EntityId;
use crate::inherit::IS_A;
use crate::item::Object;

/// What is asked. What is `None` may be anything.
#[derive(Clone, Debug, PartialEq)]
pub struct Goal {
    /// Of whom.
    pub subject: Option<EntityId>,
    /// What.
    pub predicate: String,
    /// Of what.
    pub object: Option<Object>,
}

/// A conclusion, and how it follows; the last step is the conclusion.
#[derive(Clone, Debug, PartialEq)]
pub struct Proof {
    /// What follows.
    pub claim: Claim,
    /// How sure it is: as the least sure of what it uses.
    pub confidence: f32,
    /// Steps, each after those that it uses.
    pub steps: Vec<Step>,
}

/// What does not follow because of an exception.
#[derive(Clone, Debug, PartialEq)]
pub struct Blocked {
    /// What would follow.
    pub claim: Claim,
    /// What it would follow from.
    pub from: Ground,
    /// What is against it, and nearer.
    pub by: Ground,
}

/// What follows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Deduced {
    /// Conclusions, the surest first, and of those the ones with fewer steps.
    pub conclusions: Vec<Proof>,
    /// What does not follow because of an exception.
    pub blocked: Vec<Blocked>,
    /// There is more than was looked at or told.
    pub more: bool,
}

/// What is said of an entity itself.
#[derive(Clone, Debug)]
pub(super) struct Said {
    pub(super) object: Object,
    pub(super) negated: bool,
    pub(super) rule: Rule,
    pub(super) ground: Ground,
    pub(super) confidence: f32,
}

/// What holds of an entity in one step: said of it, or of an ancestor.
#[derive(Clone, Debug)]
pub(super) struct Held {
    pub(super) said: Said,
    pub(super) of: EntityId,
    /// With what says that it is that.
    pub(super) confidence: f32,
}

/// What holds of an entity, and what does not because of an exception.
#[derive(Clone, Debug, Default)]
pub(super) struct Holds {
    pub(super) held: Vec<Held>,
    pub(super) blocked: Vec<(Said, Ground)>,
}

impl Premises {
    /// What follows of a goal; at most so many conclusions, 0 or more than [`MAX_CONCLUSIONS`] mean
    /// [`MAX_CONCLUSIONS`].
    pub fn deduce(&self, goal: &Goal, limit: usize) -> Deduced {
        let limit = if limit == 0 { MAX_CONCLUSIONS } else { limit.min(MAX_CONCLUSIONS) };
        let mut search = Deduction::new(self, &goal.predicate);
        let mut found = Deduced::default();
        let subjects: Vec<EntityId> = match goal.subject {
            Some(subject) => vec![subject],
            None => self.things.keys().copied().collect(),
        };
        for subject in subjects {
            if search.is_spent() {
                found.more = true;
                break;
            }
            search.all(subject, goal.object.as_ref(), &mut found);
        }
        found.conclusions.sort_by(|a, b| {
            let by_sureness = b.confidence.total_cmp(&a.confidence);
            let place = |p: &Proof| (p.steps.len(), p.claim.subject, Key::of(&p.claim.object));
            by_sureness.then_with(|| place(a).cmp(&place(b)))
        });
        found.more |= found.conclusions.len() > limit || found.blocked.len() > limit;
        found.conclusions.truncate(limit);
        found.blocked.truncate(limit);
        found
    }
}

/// How what is said by a predicate says something by the one that is asked for.
type Form<'a> = (&'a str, bool);

/// A search for what follows by one predicate.
pub(super) struct Deduction<'a> {
    premises: &'a Premises,
    predicate: &'a str,
    forms: Vec<Form<'a>>,
    functional: bool,
    transitive: bool,
    held: FxHashMap<EntityId, Holds>,
    said: FxHashMap<EntityId, Vec<Said>>,
    followed: usize,
    /// Steps that were told.
    proved: usize,
}

/// How an object was reached in a chain.
#[derive(Clone)]
struct Reached {
    before: Option<EntityId>,
    hop: Held,
    confidence: f32,
}

impl<'a> Deduction<'a> {
    pub(super) fn new(premises: &'a Premises, predicate: &'a str) -> Self {
        let laws = premises.laws.get(predicate);
        Deduction {
            premises,
            predicate,
            forms: forms(premises, predicate),
            functional: premises.is_functional(predicate),
            transitive: predicate == IS_A || laws.is_some_and(|(_, laws)| laws.transitive),
            held: FxHashMap::default(),
            said: FxHashMap::default(),
            followed: 0,
            proved: 0,
        }
    }

    /// Links that were followed.
    pub(super) fn followed(&self) -> usize {
        self.followed
    }

    /// Whether as much was followed or proved as one answer may.
    fn is_spent(&self) -> bool {
        self.followed > MAX_FOLLOWED || self.proved > MAX_PROVED
    }

    /// Tells a conclusion.
    fn tell(&mut self, steps: Vec<Step>, found: &mut Deduced) {
        self.proved += steps.len();
        found.conclusions.extend(concluded(steps));
    }

    /// What is said of an entity itself, each object once: the surest, and of those the first.
    fn said(&mut self, of: EntityId) -> Vec<Said> {
        if let Some(known) = self.said.get(&of) {
            self.followed += known.len();
            return known.clone();
        }
        let mut best: BTreeMap<(Key, bool), Said> = BTreeMap::new();
        for (predicate, flipped) in &self.forms {
            let premises: Vec<_> = match flipped {
                false => self.premises.about(of).collect(),
                true => self.premises.onto(of).collect(),
            };
            self.followed += premises.len();
            for premise in premises.into_iter().filter(|p| p.predicate == *predicate) {
                let object = match flipped {
                    false => premise.object.clone(),
                    true => Object::Entity(premise.subject),
                };
                let rule = match (*predicate == self.predicate, flipped) {
                    (true, false) => Rule::Stated,
                    (true, true) => Rule::Symmetric,
                    (false, _) => Rule::Inverse,
                };
                let (ground, confidence) = (premise.ground.clone(), premise.confidence);
                let said = Said { object, negated: premise.negated, rule, ground, confidence };
                let place = (Key::of(&said.object), said.negated);
                let known = best.get(&place);
                if known.is_none_or(|known| known.confidence < confidence) {
                    best.insert(place, said);
                }
            }
        }
        let said: Vec<Said> = best.into_values().collect();
        self.said.insert(of, said.clone());
        said
    }

    /// What holds of an entity in one step.
    fn holds(&mut self, of: EntityId) -> Holds {
        if let Some(known) = self.held.get(&of) {
            return known.clone();
        }
        // What one is, is followed upwards; the ancestors of an ancestor are not inherited again.
        let line = if self.predicate == IS_A { vec![of] } else { self.premises.line(of) };
        let holds = self.along(of, &line);
        self.followed += holds.held.len();
        self.held.insert(of, holds.clone());
        holds
    }

    /// What holds along a line of ancestors: the nearest decides.
    pub(super) fn along(&mut self, of: EntityId, line: &[EntityId]) -> Holds {
        let mut holds = Holds::default();
        let mut denied: BTreeMap<Key, Ground> = BTreeMap::new();
        let mut stated: BTreeMap<Key, Ground> = BTreeMap::new();
        let mut value: Option<Ground> = None;
        for ancestor in line {
            let said = self.said(*ancestor);
            let is = self.is_confident(of, *ancestor);
            let mut now = Vec::new();
            for one in said {
                let key = Key::of(&one.object);
                // What is said of a class and a member is not said of the member and itself.
                if key == Key::Entity(of) {
                    continue;
                }
                let against = match one.negated {
                    false => {
                        denied.get(&key).or(value.as_ref().filter(|_| !stated.contains_key(&key)))
                    }
                    true => stated.get(&key),
                };
                let again = if one.negated { &denied } else { &stated };
                if again.contains_key(&key) {
                    continue;
                }
                if let Some(by) = against {
                    holds.blocked.push((one, by.clone()));
                    continue;
                }
                now.push((key, one.negated, one.ground.clone()));
                let confidence = one.confidence.min(is);
                holds.held.push(Held { said: one, of: *ancestor, confidence });
            }
            // What is said at one level does not decide over the same level.
            for (key, negated, ground) in now {
                if !negated && self.functional {
                    value.get_or_insert(ground.clone());
                }
                let kind = if negated { &mut denied } else { &mut stated };
                kind.insert(key, ground);
            }
        }
        holds
    }

    /// What an entity is said to be, and not to be, also by what is said of its classes: those that it
    /// is are reached in chains.
    fn kinds(&mut self, of: EntityId) -> Holds {
        let mut holds = self.along(of, &self.premises.line(of));
        holds.held.retain(|held| held.of == of || held.said.negated);
        holds.blocked.retain(|(said, _)| said.negated);
        self.followed += holds.held.len();
        holds
    }

    /// How sure it is that an entity is an ancestor.
    fn is_confident(&self, of: EntityId, ancestor: EntityId) -> f32 {
        let way = self.premises.way_up(of, ancestor).into_iter();
        let said = way.filter_map(|(child, parent)| self.premises.is_a(child, parent));
        said.map(|premise| premise.confidence).fold(1.0, f32::min)
    }

    /// All that follows of a subject.
    fn all(&mut self, subject: EntityId, object: Option<&Object>, found: &mut Deduced) {
        let wanted = |claimed: &Object| object.is_none_or(|object| object == claimed);
        let holds = if self.predicate == IS_A { self.kinds(subject) } else { self.holds(subject) };
        for held in holds.held.iter().filter(|held| wanted(&held.said.object)) {
            if self.is_spent() {
                found.more = true;
                return;
            }
            let mut steps = Vec::new();
            self.prove(subject, held, &mut steps);
            self.tell(steps, found);
        }
        for (said, by) in holds.blocked.iter().filter(|(said, _)| wanted(&said.object)) {
            self.proved += 1;
            let claim = self.claim(subject, said.object.clone(), said.negated);
            found.blocked.push(Blocked { claim, from: said.ground.clone(), by: by.clone() });
        }
        if self.transitive {
            self.chains(subject, &holds, object, found);
        }
        self.property(subject, object, found);
    }

    /// What a chain of two steps or more leads to.
    fn chains(
        &mut self,
        subject: EntityId,
        holds: &Holds,
        object: Option<&Object>,
        found: &mut Deduced,
    ) {
        let denied: BTreeMap<Key, Ground> = holds
            .held
            .iter()
            .filter(|held| held.said.negated)
            .map(|held| (Key::of(&held.said.object), held.said.ground.clone()))
            .collect();
        let mut reached: BTreeMap<EntityId, Reached> = BTreeMap::new();
        let mut refused: BTreeSet<EntityId> = BTreeSet::new();
        for held in positive(holds) {
            if let Object::Entity(id) = held.said.object {
                let confidence = held.confidence;
                reached.insert(id, Reached { before: None, hop: held.clone(), confidence });
            }
        }
        let mut level: Vec<EntityId> = reached.keys().copied().collect();
        for depth in 1..=MAX_CHAIN {
            let mut next: BTreeMap<EntityId, Reached> = BTreeMap::new();
            for at in level {
                if self.is_spent() {
                    found.more = true;
                    break;
                }
                let so_far = reached[&at].confidence;
                for hop in positive(&self.holds(at)) {
                    self.followed += 1;
                    let Object::Entity(to) = hop.said.object else { continue };
                    if to == subject || reached.contains_key(&to) {
                        continue;
                    }
                    if let Some(by) = denied.get(&Key::Entity(to)) {
                        let claim = self.claim(subject, Object::Entity(to), false);
                        let asked = object.is_none_or(|object| *object == claim.object);
                        if refused.insert(to) && asked {
                            let from = hop.said.ground.clone();
                            found.blocked.push(Blocked { claim, from, by: by.clone() });
                        }
                        continue;
                    }
                    let confidence = so_far.min(hop.confidence);
                    if next.get(&to).is_none_or(|known| known.confidence < confidence) {
                        next.insert(to, Reached { before: Some(at), hop: hop.clone(), confidence });
                    }
                }
            }
            if depth == MAX_CHAIN {
                found.more |= !next.is_empty();
                break;
            }
            level = next.keys().copied().collect();
            reached.append(&mut next);
        }
        for (to, last) in &reached {
            let asked = object.is_none_or(|object| *object == Object::Entity(*to));
            if last.before.is_none() || !asked {
                continue;
            }
            if self.proved > MAX_PROVED {
                found.more = true;
                return;
            }
            let steps = self.prove_chain(subject, *to, &reached);
            self.tell(steps, found);
        }
    }

    /// The steps of a chain to an object.
    fn prove_chain(
        &self,
        subject: EntityId,
        to: EntityId,
        reached: &BTreeMap<EntityId, Reached>,
    ) -> Vec<Step> {
        let (mut way, mut at) = (vec![to], to);
        while let Some(before) = reached[&at].before {
            way.push(before);
            at = before;
        }
        let (mut steps, mut from, mut last) = (Vec::new(), subject, None);
        for at in way.into_iter().rev() {
            let hop = &reached[&at].hop;
            let plain = hop.of == from && hop.said.rule == Rule::Stated;
            let ground = match (plain, last) {
                (true, Some(_)) => hop.said.ground.clone(),
                _ => {
                    self.prove(from, hop, &mut steps);
                    Ground::Step(steps.len() - 1)
                }
            };
            if let Some(before) = last {
                let claim = self.claim(subject, Object::Entity(at), false);
                let uses = vec![Ground::Step(before), ground];
                let confidence = reached[&at].confidence;
                steps.push(Step { claim, rule: Rule::Transitive, uses, confidence });
            }
            (from, last) = (at, Some(steps.len() - 1));
        }
        steps
    }

    /// The steps to what holds in one step.
    pub(super) fn prove(&self, subject: EntityId, held: &Held, steps: &mut Vec<Step>) {
        let (object, negated) = (held.said.object.clone(), held.said.negated);
        let is = self.prove_is(subject, held.of, steps);
        let plain = held.said.rule == Rule::Stated;
        let mut ground = held.said.ground.clone();
        if is.is_none() || !plain {
            steps.push(Step {
                claim: self.claim(held.of, object.clone(), negated),
                rule: held.said.rule,
                uses: vec![ground],
                confidence: held.said.confidence,
            });
            ground = Ground::Step(steps.len() - 1);
        }
        if let Some(is) = is {
            let claim = self.claim(subject, object, negated);
            let uses = vec![Ground::Step(is), ground];
            let confidence = held.confidence;
            steps.push(Step { claim, rule: Rule::Inherits, uses, confidence });
        }
    }

    /// The steps to what an entity is; the last of them, or nothing where it is the entity itself.
    fn prove_is(&self, subject: EntityId, of: EntityId, steps: &mut Vec<Step>) -> Option<usize> {
        let (mut last, mut confidence) = (None, 1.0_f32);
        for (child, parent) in self.premises.way_up(subject, of) {
            let fact = self.premises.is_a(child, parent)?;
            confidence = confidence.min(fact.confidence);
            let claim = Claim {
                subject,
                predicate: IS_A.to_string(),
                object: Object::Entity(parent),
                negated: false,
            };
            let (rule, uses) = match last {
                None => (Rule::Stated, vec![fact.ground.clone()]),
                Some(before) => (Rule::Transitive, vec![Ground::Step(before), fact.ground.clone()]),
            };
            steps.push(Step { claim, rule, uses, confidence });
            last = Some(steps.len() - 1);
        }
        last
    }

    /// A property of that name, its own or inherited.
    fn property(&self, subject: EntityId, object: Option<&Object>, found: &mut Deduced) {
        let mut nearest: Option<Ground> = None;
        for ancestor in self.premises.line(subject) {
            let Some(thing) = self.premises.things.get(&ancestor) else { continue };
            let Some(value) = thing.says(self.predicate, ancestor == subject) else { continue };
            let ground = Ground::Property(ancestor, self.predicate.to_string());
            if let Some(value) = value {
                let claimed = Object::Literal(value.clone());
                let asked = object.is_none_or(|object| *object == claimed);
                match &nearest {
                    Some(by) if asked => {
                        let claim = self.claim(subject, claimed, false);
                        let (from, by) = (ground.clone(), by.clone());
                        found.blocked.push(Blocked { claim, from, by });
                    }
                    None if asked => {
                        let mut steps = Vec::new();
                        let is = self.prove_is(subject, ancestor, &mut steps);
                        let claim = self.claim(subject, claimed, false);
                        let confidence = thing.confidence.min(self.is_confident(subject, ancestor));
                        let (rule, uses) = match is {
                            None => (Rule::Stated, vec![ground.clone()]),
                            Some(is) => (Rule::Inherits, vec![Ground::Step(is), ground.clone()]),
                        };
                        steps.push(Step { claim, rule, uses, confidence });
                        found.conclusions.extend(concluded(steps));
                    }
                    _ => {}
                }
            }
            nearest.get_or_insert(ground);
        }
    }

    fn claim(&self, subject: EntityId, object: Object, negated: bool) -> Claim {
        Claim { subject, predicate: self.predicate.to_string(), object, negated }
    }
}

fn positive(holds: &Holds) -> impl Iterator<Item = &Held> {
    holds.held.iter().filter(|held| !held.said.negated)
}

fn concluded(steps: Vec<Step>) -> Option<Proof> {
    let last = steps.last()?;
    Some(Proof { claim: last.claim.clone(), confidence: last.confidence, steps })
}

/// The predicates that say the same, and from which end.
fn forms<'a>(premises: &'a Premises, predicate: &'a str) -> Vec<Form<'a>> {
    let mut forms: Vec<Form<'a>> = vec![(predicate, false)];
    let mut k = 0;
    while k < forms.len() {
        let (name, flipped) = forms[k];
        k += 1;
        let mut add = |form: Form<'a>| {
            if !forms.contains(&form) {
                forms.push(form);
            }
        };
        if let Some((_, laws)) = premises.laws.get(name) {
            if laws.symmetric {
                add((name, !flipped));
            }
            if let Some(inverse) = &laws.inverse_of {
                add((inverse, !flipped));
            }
        }
        for (other, (_, laws)) in &premises.laws {
            if laws.inverse_of.as_deref() == Some(name) {
                add((other, !flipped));
            }
        }
    }
    forms
}
