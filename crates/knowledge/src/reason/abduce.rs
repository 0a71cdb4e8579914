//! Abduction: what would explain what was observed, over predicates and kinds that say what leads to
//! what ([`leads`](super::leads)).
//!
//! An explanation is a set of causes that together lead to all that was observed and can be
//! explained, of which none could be left out (an irredundant cover: Peng and Reggia 1990, "Abductive
//! inference models for diagnostic problem-solving"). Fewer causes come first, then the surer, then
//! those with fewer steps. A cause leads to what it leads to by the fewest steps, and of those by the
//! surest; nothing that was observed explains itself.

use std::collections::BTreeMap;

use rustc_hash::FxHashSet;

use super::analogy::stated;
use super::premises::{Premise, Premises};
use super::{Budget, Claim, Ground, MAX_CHAIN, Rule, Step};
use crate::check;
use crate::error::KnowledgeError;
use crate::id::{EntityId, FactId};
use crate::item::Object;

/// Observations of one question.
pub const MAX_OBSERVED: usize = 16;
/// Explanations of one answer.
pub const MAX_EXPLANATIONS: usize = 100;
/// Causes of one observation that are looked at.
const MAX_REACHED: usize = 10_000;
/// Causes of one observation that are tried in a set.
const MAX_TRIED: usize = 64;
/// Sets of causes that are tried.
const MAX_SETS: usize = 100_000;

/// What was observed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Observed {
    /// An entity: an event, a state.
    Entity(EntityId),
    /// A fact: its object where that is an entity, else its subject.
    Fact(FactId),
}

/// What would lead to some of what was observed.
#[derive(Clone, Debug, PartialEq)]
pub struct Cause {
    /// What.
    pub entity: EntityId,
    /// To what it leads.
    pub covers: Vec<EntityId>,
    /// How sure the least sure of those chains is.
    pub confidence: f32,
}

/// Causes that together lead to all that can be explained.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    /// Which.
    pub causes: Vec<Cause>,
    /// How sure the least sure of them is.
    pub confidence: f32,
    /// For each that was observed the chain that leads there.
    pub steps: Vec<Step>,
}

/// What would explain what was observed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Abduced {
    /// The simplest and surest first.
    pub explanations: Vec<Explanation>,
    /// To these nothing is known to lead.
    pub unexplained: Vec<EntityId>,
    /// There is more than was looked at or told.
    pub more: bool,
}

/// A step from a cause towards what was observed.
#[derive(Clone)]
struct Towards<'a> {
    depth: usize,
    confidence: f32,
    next: EntityId,
    premise: &'a Premise,
}

impl Towards<'_> {
    /// Steps that tell the chain: a longer one has another for what it comes to.
    fn n_steps(&self) -> usize {
        self.depth + usize::from(self.depth > 1)
    }
}

/// The causes of one observation.
type Causes<'a> = BTreeMap<EntityId, Towards<'a>>;

/// A cause, and which observations it covers.
struct Candidate {
    entity: EntityId,
    covers: u32,
    depth: usize,
    confidence: f32,
}

impl Premises {
    /// What would explain observations; at most so many explanations, 0 or more than
    /// [`MAX_EXPLANATIONS`] mean [`MAX_EXPLANATIONS`].
    ///
    /// # Errors
    ///
    /// [`KnowledgeError::TooMany`] for more than [`MAX_OBSERVED`], [`KnowledgeError::Missing`] for a
    /// fact that is not known, [`KnowledgeError::Invalid`] for no observation.
    pub fn abduce(&self, observed: &[Observed], limit: usize) -> Result<Abduced, KnowledgeError> {
        check::count("observations", observed.len(), MAX_OBSERVED)?;
        let mut events = Vec::new();
        for one in observed {
            let event = self.event(*one)?;
            if !events.contains(&event) {
                events.push(event);
            }
        }
        if events.is_empty() {
            let (expected, found) = ("at least one".to_string(), "none".to_string());
            return Err(KnowledgeError::Invalid { what: "observations", expected, found });
        }
        let limit = if limit == 0 { MAX_EXPLANATIONS } else { limit.min(MAX_EXPLANATIONS) };
        let mut more = false;
        let share = || Budget::part(events.len());
        let causes: Vec<Causes<'_>> =
            events.iter().map(|event| self.causes_of(*event, share(), &mut more)).collect();
        let mut search = Covers::of(&causes, limit);
        search.all();
        more |= search.more || search.found.len() > limit;
        let best = search.best(&causes);
        let told = |set: &&Vec<usize>| search.told(set, &events, &causes);
        let explanations = best.iter().take(limit).map(told).collect();
        let without = events.iter().zip(&causes).filter(|(_, causes)| causes.is_empty());
        let unexplained = without.map(|(event, _)| *event).collect();
        Ok(Abduced { explanations, unexplained, more })
    }

    fn event(&self, observed: Observed) -> Result<EntityId, KnowledgeError> {
        let fact = match observed {
            Observed::Entity(id) => return Ok(id),
            Observed::Fact(fact) => fact,
        };
        let found = self.all.iter().find(|premise| premise.ground == Ground::Fact(fact));
        let premise = found.ok_or(KnowledgeError::Missing(crate::id::ItemId::Fact(fact)))?;
        Ok(match premise.object {
            Object::Entity(id) => id,
            Object::Literal(_) => premise.subject,
        })
    }

    /// What leads to an event, level by level.
    fn causes_of(&self, event: EntityId, mut budget: Budget, more: &mut bool) -> Causes<'_> {
        let mut causes = Causes::new();
        let mut level = vec![(event, 1.0_f32)];
        for depth in 1..=MAX_CHAIN + 1 {
            let mut next = Causes::new();
            for (at, so_far) in level {
                for (cause, premise) in self.leading_to(at) {
                    if !budget.follow(1) {
                        *more = true;
                        causes.append(&mut next);
                        return causes;
                    }
                    let Some(cause) = cause.filter(|cause| *cause != event) else { continue };
                    if causes.contains_key(&cause) {
                        continue;
                    }
                    let confidence = so_far.min(premise.confidence);
                    if next.get(&cause).is_none_or(|known| known.confidence < confidence) {
                        next.insert(cause, Towards { depth, confidence, next: at, premise });
                    }
                }
            }
            if next.is_empty() {
                return causes;
            }
            if depth > MAX_CHAIN {
                break;
            }
            let room = MAX_REACHED - causes.len();
            if next.len() > room {
                let mut surest: Vec<_> = next.into_iter().collect();
                surest.sort_by(|a, b| b.1.confidence.total_cmp(&a.1.confidence));
                causes.extend(surest.into_iter().take(room));
                break;
            }
            level = next.iter().map(|(cause, towards)| (*cause, towards.confidence)).collect();
            causes.append(&mut next);
        }
        *more = true;
        causes
    }

    /// What is said of an entity, with what leads to it by that, if anything does.
    fn leading_to(&self, at: EntityId) -> impl Iterator<Item = (Option<EntityId>, &Premise)> {
        let there = self.onto(at).map(|p| {
            let leads = p.leads == Some(true) && !p.negated;
            (leads.then_some(p.subject), p)
        });
        let back = self.about(at).map(|p| match p.object {
            Object::Entity(cause) if p.leads == Some(false) && !p.negated => (Some(cause), p),
            _ => (None, p),
        });
        there.chain(back)
    }
}

/// A search for sets of causes, the small ones first.
struct Covers {
    candidates: Vec<Candidate>,
    /// For each observation those that cover it, the best [`MAX_TRIED`].
    covering: Vec<Vec<usize>>,
    /// All that can be covered.
    all: u32,
    /// As many as one candidate covers at most.
    most: u32,
    limit: usize,
    tried: usize,
    found: Vec<Vec<usize>>,
    known: FxHashSet<Vec<usize>>,
    more: bool,
}

impl Covers {
    fn of(causes: &[Causes<'_>], limit: usize) -> Self {
        let mut candidates: BTreeMap<EntityId, Candidate> = BTreeMap::new();
        let mut all = 0;
        for (k, causes) in causes.iter().enumerate() {
            for (entity, towards) in causes {
                all |= 1 << k;
                let fresh = Candidate { entity: *entity, covers: 0, depth: 0, confidence: 1.0 };
                let candidate = candidates.entry(*entity).or_insert(fresh);
                candidate.covers |= 1 << k;
                candidate.depth += towards.depth;
                candidate.confidence = candidate.confidence.min(towards.confidence);
            }
        }
        let mut candidates: Vec<Candidate> = candidates.into_values().collect();
        candidates.sort_by(|a, b| {
            let by_covers = b.covers.count_ones().cmp(&a.covers.count_ones());
            let by_sureness = b.confidence.total_cmp(&a.confidence);
            by_covers.then(by_sureness).then((a.depth, a.entity).cmp(&(b.depth, b.entity)))
        });
        let best_of = |k: usize| {
            let covers = |c: &usize| candidates[*c].covers & (1 << k) != 0;
            (0..candidates.len()).filter(covers).take(MAX_TRIED).collect()
        };
        let covering = (0..causes.len()).map(best_of).collect();
        Covers {
            most: candidates.first().map_or(0, |best| best.covers.count_ones()),
            more: causes.iter().any(|causes| causes.len() > MAX_TRIED),
            candidates,
            covering,
            all,
            limit,
            tried: 0,
            found: Vec::new(),
            known: FxHashSet::default(),
        }
    }

    fn all(&mut self) {
        if self.all == 0 {
            return;
        }
        for size in 1..=self.all.count_ones() as usize {
            self.extend(&mut Vec::new(), 0, size);
            if self.found.len() >= self.limit {
                self.more |= size < self.all.count_ones() as usize;
                return;
            }
        }
    }

    /// Sets of a size that cover what is not covered yet.
    fn extend(&mut self, set: &mut Vec<usize>, covered: u32, size: usize) {
        let open = self.all & !covered;
        if open.count_ones() as usize > (size - set.len()) * self.most as usize {
            return;
        }
        self.tried += 1;
        if self.tried > MAX_SETS {
            self.more = true;
            return;
        }
        if open == 0 {
            let mut sorted = set.clone();
            sorted.sort_unstable();
            let new = set.len() == size && self.is_irredundant(set);
            if new && self.known.insert(sorted.clone()) {
                self.found.push(sorted);
            }
            return;
        }
        let first = open.trailing_zeros() as usize;
        for k in 0..self.covering[first].len() {
            let candidate = self.covering[first][k];
            set.push(candidate);
            self.extend(set, covered | self.candidates[candidate].covers, size);
            set.pop();
        }
    }

    /// The sets that were found: fewer causes first, then the surer, then those with fewer steps.
    fn best(&self, causes: &[Causes<'_>]) -> Vec<&Vec<usize>> {
        let mut best: Vec<(f32, usize, &Vec<usize>)> = Vec::new();
        for set in &self.found {
            let of = set.iter().map(|k| &self.candidates[*k]);
            let sure = of.clone().map(|one| one.confidence).fold(1.0, f32::min);
            let chains = of.flat_map(|one| causes.iter().filter_map(|all| all.get(&one.entity)));
            best.push((sure, chains.map(Towards::n_steps).sum(), set));
        }
        best.sort_by(|a, b| {
            let by_number = a.2.len().cmp(&b.2.len());
            by_number.then(b.0.total_cmp(&a.0)).then(a.1.cmp(&b.1))
        });
        best.into_iter().map(|(_, _, set)| set).collect()
    }

    /// Whether each covers something that no other does.
    fn is_irredundant(&self, set: &[usize]) -> bool {
        set.iter().all(|one| {
            let others = set.iter().filter(|other| *other != one);
            let covered = others.fold(0, |all, other| all | self.candidates[*other].covers);
            covered != self.all
        })
    }

    fn told(&self, set: &[usize], events: &[EntityId], causes: &[Causes<'_>]) -> Explanation {
        let mut steps = Vec::new();
        let mut told = Vec::new();
        for k in set {
            let candidate = &self.candidates[*k];
            let mut covers = Vec::new();
            for (n, event) in events.iter().enumerate() {
                if candidate.covers & (1 << n) != 0 {
                    covers.push(*event);
                    chain(candidate.entity, *event, &causes[n], &mut steps);
                }
            }
            let (entity, confidence) = (candidate.entity, candidate.confidence);
            told.push(Cause { entity, covers, confidence });
        }
        let confidence = told.iter().map(|cause| cause.confidence).fold(1.0, f32::min);
        Explanation { causes: told, confidence, steps }
    }
}

/// The steps from a cause to an event, and for two or more what they come to.
fn chain(cause: EntityId, event: EntityId, causes: &Causes<'_>, steps: &mut Vec<Step>) {
    let (first, mut at) = (steps.len(), cause);
    while at != event {
        let Some(towards) = causes.get(&at) else { return };
        steps.push(stated(towards.premise));
        at = towards.next;
    }
    if steps.len() - first > 1 {
        steps.push(Step {
            claim: Claim {
                subject: cause,
                predicate: "leads_to".to_string(),
                object: Object::Entity(event),
                negated: false,
            },
            rule: Rule::Causes,
            uses: (first..steps.len()).map(Ground::Step).collect(),
            confidence: causes.get(&cause).map_or(0.0, |towards| towards.confidence),
        });
    }
}
