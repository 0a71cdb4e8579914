//! Abduction: what would explain what was observed, over predicates and kinds that say what leads to
//! what ([`leads`]).
//!
//! An explanation is a set of causes that together lead to all that was observed and can be
//! explained, of which none could be left out (an irredundant cover: Peng and Reggia 1990, "Abductive
//! inference models for diagnostic problem-solving"). Fewer causes come first, then the surer, then
//! those with fewer steps. A cause leads to what it leads to by the fewest steps, and of those by the
//! surest; nothing that was observed explains itself.

use std::collections::BTreeMap;

use super::premises::Premises;
use super::{Claim, Ground, MAX_CHAIN, Rule, Step, leads};
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
struct Towards {
    depth: usize,
    confidence: f32,
    next: EntityId,
    step: Step,
}

/// The causes of one observation.
type Causes = BTreeMap<EntityId, Towards>;

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
        let causes: Vec<Causes> =
            events.iter().map(|event| self.causes_of(*event, &mut more)).collect();
        let mut search = Covers::of(&causes, limit);
        search.all();
        let told = |set: &Vec<usize>| search.told(set, &events, &causes);
        let mut explanations: Vec<Explanation> = search.found.iter().map(told).collect();
        explanations.sort_by(|a, b| {
            let by_number = a.causes.len().cmp(&b.causes.len());
            let by_sureness = b.confidence.total_cmp(&a.confidence);
            let by_steps = a.steps.len().cmp(&b.steps.len());
            by_number.then(by_sureness).then(by_steps)
        });
        more |= search.more || explanations.len() > limit;
        explanations.truncate(limit);
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
    fn causes_of(&self, event: EntityId, more: &mut bool) -> Causes {
        let mut causes = Causes::new();
        let mut level = vec![(event, 1.0_f32)];
        for depth in 1..=MAX_CHAIN + 1 {
            let mut next = Causes::new();
            for (at, so_far) in level {
                for (cause, step) in self.leading_to(at) {
                    if cause == event || causes.contains_key(&cause) {
                        continue;
                    }
                    let confidence = so_far.min(step.confidence);
                    if next.get(&cause).is_none_or(|known| known.confidence < confidence) {
                        next.insert(cause, Towards { depth, confidence, next: at, step });
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

    /// What leads to an entity in one step.
    fn leading_to(&self, at: EntityId) -> Vec<(EntityId, Step)> {
        let onto = self.onto(at).filter(|p| leads(&p.predicate) == Some(true));
        let about = self.about(at).filter(|p| leads(&p.predicate) == Some(false));
        let step = |premise: &super::premises::Premise| Step {
            claim: Claim {
                subject: premise.subject,
                predicate: premise.predicate.clone(),
                object: premise.object.clone(),
                negated: false,
            },
            rule: Rule::Stated,
            uses: vec![premise.ground.clone()],
            confidence: premise.confidence,
        };
        let there = onto.filter(|p| !p.negated).map(|p| (p.subject, step(p)));
        let back = about.filter(|p| !p.negated).filter_map(|p| match p.object {
            Object::Entity(cause) => Some((cause, step(p))),
            Object::Literal(_) => None,
        });
        there.chain(back).collect()
    }
}

/// A search for sets of causes, the small ones first.
struct Covers {
    candidates: Vec<Candidate>,
    /// All that can be covered.
    all: u32,
    limit: usize,
    tried: usize,
    found: Vec<Vec<usize>>,
    more: bool,
}

impl Covers {
    fn of(causes: &[Causes], limit: usize) -> Self {
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
        Covers { candidates, all, limit, tried: 0, found: Vec::new(), more: false }
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
        self.tried += 1;
        if self.tried > MAX_SETS {
            self.more = true;
            return;
        }
        if covered == self.all {
            let mut sorted = set.clone();
            sorted.sort_unstable();
            if set.len() == size && self.is_irredundant(set) && !self.found.contains(&sorted) {
                self.found.push(sorted);
            }
            return;
        }
        if set.len() == size {
            return;
        }
        let open = 1 << (self.all & !covered).trailing_zeros();
        let covering =
            (0..self.candidates.len()).filter(|k| self.candidates[*k].covers & open != 0);
        let mut covering: Vec<usize> = covering.collect();
        self.more |= covering.len() > MAX_TRIED;
        covering.truncate(MAX_TRIED);
        for k in covering {
            set.push(k);
            self.extend(set, covered | self.candidates[k].covers, size);
            set.pop();
        }
    }

    /// Whether each covers something that no other does.
    fn is_irredundant(&self, set: &[usize]) -> bool {
        set.iter().all(|one| {
            let others = set.iter().filter(|other| *other != one);
            let covered = others.fold(0, |all, other| all | self.candidates[*other].covers);
            covered != self.all
        })
    }

    fn told(&self, set: &[usize], events: &[EntityId], causes: &[Causes]) -> Explanation {
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
fn chain(cause: EntityId, event: EntityId, causes: &Causes, steps: &mut Vec<Step>) {
    let (first, mut at) = (steps.len(), cause);
    while at != event {
        let Some(towards) = causes.get(&at) else { return };
        steps.push(towards.step.clone());
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
