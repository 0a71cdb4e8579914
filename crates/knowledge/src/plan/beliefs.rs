//! Facts: learning, taking back, and settling what contradicts.

use std::collections::{BTreeMap, BTreeSet};

use super::{Planned, Planner};
use crate::check;
use crate::command::NewFact;
use crate::error::KnowledgeError;
use crate::id::{ContradictionId, EntityId, FactId, ItemId, Time};
use crate::inherit::IS_A;
use crate::item::{ConflictKind, Contradiction, ContradictionState, Fact, Object, Resolution};
use crate::limits::{MAX_EVIDENCE, MAX_FACTS_PER_ENTITY};
use crate::truth::{Clash, clash};

/// The reliability of a source that nobody named.
const UNKNOWN_RELIABILITY: f32 = 0.5;

impl Planner<'_> {
    pub(super) fn assert_fact(&mut self, new: NewFact) -> Planned {
        let (id, created) = self.learn(new)?;
        self.made(ItemId::Fact(id), created);
        Ok(())
    }

    /// Learns a fact: it may say a known one again, end one, or contradict some.
    pub(super) fn learn(&mut self, new: NewFact) -> Planned<(FactId, bool)> {
        self.declare_with(&new)?;
        let mut fact = self.checked(new)?;
        if let Some(known) = self.said_already(&fact) {
            self.say_again(known, &fact)?;
            return Ok((known, false));
        }
        if fact.predicate == IS_A && !fact.negated {
            self.may_be(&fact)?;
        }
        self.end_by_later(&mut fact);
        let id = FactId(self.number());
        for (known, clash) in self.clashes(&fact) {
            match clash {
                Clash::Ends(time) => self.end(known, time)?,
                Clash::Contradicts(kind) => self.contradict(kind, known, id)?,
                Clash::Same | Clash::EndsBy(_) => {}
            }
        }
        self.stage_fact(id, fact)?;
        Ok((id, true))
    }

    /// A fact without a stated end ends where a known one begins.
    pub(super) fn end_by_later(&self, fact: &mut Fact) {
        for (_, clash) in self.clashes(fact) {
            if let Clash::EndsBy(time) = clash {
                fact.valid.to = Some(fact.valid.to.map_or(time, |to: Time| to.min(time)));
            }
        }
    }

    /// A fact whose entities and reasons are there, and that is within the limits.
    pub(super) fn checked(&self, new: NewFact) -> Planned<Fact> {
        let (subject, _) = self.entity(new.subject)?;
        let object = match new.object {
            Object::Entity(id) => Object::Entity(self.entity(id)?.0),
            literal => literal,
        };
        let fact = Fact {
            subject,
            predicate: new.predicate,
            object,
            negated: new.negated,
            valid: new.valid,
            confidence: new.confidence,
            evidence: vec![new.provenance],
            justifications: new.justifications,
        };
        check::fact(&fact)?;
        for reason in fact.justifications.iter().flatten() {
            self.known_fact(*reason)?;
        }
        let finds = &self.knowledge.finds;
        let about = finds.by_subject.get(&subject).map_or(0, BTreeSet::len);
        check::count("facts of an entity", about + 1, MAX_FACTS_PER_ENTITY)?;
        if let Object::Entity(object) = &fact.object {
            let of = finds.by_object.get(object).map_or(0, BTreeSet::len);
            check::count("facts of an entity", of + 1, MAX_FACTS_PER_ENTITY)?;
        }
        Ok(fact)
    }

    fn may_be(&self, fact: &Fact) -> Planned {
        match fact.object {
            Object::Entity(parent) if parent == fact.subject => {
                Err(KnowledgeError::Cycle(vec![parent, parent]))
            }
            Object::Entity(parent) => self.may_inherit(fact.subject, parent),
            Object::Literal(_) => Err(KnowledgeError::Invalid {
                what: "object of is_a",
                expected: "an entity".to_string(),
                found: "a literal".to_string(),
            }),
        }
    }

    /// How known facts of the same subject and predicate stand to one.
    pub(super) fn clashes(&self, fact: &Fact) -> Vec<(FactId, Clash)> {
        let functional = self.is_functional(&fact.predicate);
        let subject = self.view.resolve(fact.subject).unwrap_or(fact.subject);
        let stands = |id: FactId| {
            let known = self.fact(id).filter(|known| known.predicate == fact.predicate)?;
            let same = self.view.same_object(&known.object, &fact.object);
            clash(&known, fact, same, functional).map(|clash| (id, clash))
        };
        self.facts_of(subject).into_iter().filter_map(stands).collect()
    }

    fn said_already(&self, fact: &Fact) -> Option<FactId> {
        self.clashes(fact).into_iter().find(|(_, c)| *c == Clash::Same).map(|(id, _)| id)
    }

    /// The same once more: more evidence, the higher confidence, one more reason. Where it had lost its
    /// reasons, it may contradict again.
    fn say_again(&mut self, id: FactId, again: &Fact) -> Planned {
        let mut fact = self.known_fact(id)?;
        let believed = self.view.supported(id, &fact);
        for evidence in &again.evidence {
            if fact.evidence.len() < MAX_EVIDENCE && !fact.evidence.contains(evidence) {
                fact.evidence.push(evidence.clone());
            }
        }
        fact.confidence = fact.confidence.max(again.confidence);
        if again.justifications.is_empty() {
            fact.justifications.clear();
        }
        for reasons in again.justifications.iter().filter(|_| !fact.justifications.is_empty()) {
            let circle = reasons.contains(&id)
                || self.view.dependants(id).iter().any(|above| reasons.contains(above));
            if circle {
                return Err(KnowledgeError::OwnReason(id));
            }
        }
        if !fact.justifications.is_empty() {
            let new = again.justifications.iter().filter(|r| !fact.justifications.contains(r));
            let new: Vec<_> = new.cloned().collect();
            fact.justifications.extend(new);
        }
        self.stage_fact(id, fact)?;
        if believed { Ok(()) } else { self.open_again(id) }
    }

    fn end(&mut self, id: FactId, time: Time) -> Planned {
        let mut fact = self.known_fact(id)?;
        fact.valid.to = Some(time);
        self.outcome.superseded.push(id);
        self.stage_fact(id, fact)
    }

    pub(super) fn contradict(
        &mut self,
        kind: ConflictKind,
        first: FactId,
        second: FactId,
    ) -> Planned {
        let id = ContradictionId(self.number());
        self.outcome.contradictions.push(id);
        let state = ContradictionState::Open;
        self.stage_contradiction(id, Contradiction { kind, first, second, state })
    }

    /// Two entities are one from now on: their facts may contradict.
    pub(super) fn compare_facts(&mut self, from: EntityId, into: EntityId) -> Planned {
        for id in self.facts_of(from) {
            let Some(fact) = self.fact(id) else { continue };
            let moved = Fact { subject: into, ..fact };
            for (other, clash) in self.clashes(&moved) {
                if let Clash::Contradicts(kind) = clash {
                    self.contradict(kind, other, id)?;
                }
            }
        }
        Ok(())
    }

    pub(super) fn retract_fact(&mut self, id: FactId) -> Planned {
        self.known_fact(id)?;
        self.made(ItemId::Fact(id), false);
        self.stage(ItemId::Fact(id), None)?;
        self.settle_moot(id)
    }

    /// Gives up what must be given up for a fact not to be believed.
    pub(super) fn contract(&mut self, id: FactId) -> Planned {
        self.known_fact(id)?;
        let given_up = self.view.give_up(id)?;
        for fact in &given_up {
            self.stage(ItemId::Fact(*fact), None)?;
            self.settle_moot(*fact)?;
        }
        self.outcome.given_up = given_up;
        self.made(ItemId::Fact(id), false);
        Ok(())
    }

    /// Open contradictions of a fact that goes are about nothing.
    pub(super) fn settle_moot(&mut self, fact: FactId) -> Planned {
        let settled = self.each_contradiction(fact, |_, item| {
            (item.state == ContradictionState::Open).then_some(ContradictionState::Moot)
        });
        settled.map(drop)
    }

    /// Contradictions of a fact that comes back, and of what rests on it, are open again, if the
    /// other is there.
    fn open_again(&mut self, fact: FactId) -> Planned {
        for fact in std::iter::once(fact).chain(self.view.dependants(fact)) {
            let opened = self.each_contradiction(fact, |planner, item| {
                let both =
                    planner.fact(item.first).is_some() && planner.fact(item.second).is_some();
                (both && item.state != ContradictionState::Open).then_some(ContradictionState::Open)
            })?;
            self.outcome.contradictions.extend(opened);
        }
        Ok(())
    }

    /// Changes the states of contradictions of a fact, and says which it changed.
    pub(super) fn each_contradiction(
        &mut self,
        fact: FactId,
        next: impl Fn(&Self, &Contradiction) -> Option<ContradictionState>,
    ) -> Planned<Vec<ContradictionId>> {
        let mut changed = Vec::new();
        let known = self.knowledge.finds.by_fact.get(&fact).cloned().unwrap_or_default();
        for id in known {
            let Ok(mut item) = self.contradiction(id) else { continue };
            if let Some(state) = next(self, &item) {
                item.state = state;
                self.stage_contradiction(id, item)?;
                changed.push(id);
            }
        }
        Ok(changed)
    }

    pub(super) fn restore_fact(&mut self, id: FactId) -> Planned {
        if self.fact(id).is_some() {
            return Err(KnowledgeError::Invalid {
                what: "fact to restore",
                expected: "one that was retracted".to_string(),
                found: format!("fact {id}, which is known"),
            });
        }
        self.bring_back(id)?;
        self.made(ItemId::Fact(id), false);
        Ok(())
    }

    /// What was last known of it is known again.
    fn bring_back(&mut self, id: FactId) -> Planned {
        let last = self.view.last_fact(id).cloned();
        let fact = last.ok_or(KnowledgeError::Missing(ItemId::Fact(id)))?;
        if fact.predicate == IS_A && !fact.negated {
            self.may_be(&fact)?;
        }
        let clashes = self.clashes(&fact);
        self.stage_fact(id, fact)?;
        for (other, clash) in clashes {
            if let Clash::Contradicts(kind) = clash
                && !self.is_recorded(id, other)
            {
                self.contradict(kind, other, id)?;
            }
        }
        self.open_again(id)
    }

    fn is_recorded(&self, a: FactId, b: FactId) -> bool {
        let known = self.knowledge.finds.by_fact.get(&a).into_iter().flatten();
        let mut items = known.filter_map(|id| self.contradiction(*id).ok());
        items.any(|item| item.first == b || item.second == b)
    }

    pub(super) fn resolve(&mut self, id: ContradictionId, strategy: Resolution) -> Planned {
        check::strategy(&strategy)?;
        let mut item = self.contradiction(id)?;
        if item.state != ContradictionState::Open {
            return Err(KnowledgeError::NotOpen(id, "not open"));
        }
        let facts = [item.first, item.second];
        let winner = self.winner(id, facts, &strategy)?;
        let loser = if winner == item.first { item.second } else { item.first };
        item.state = ContradictionState::Resolved { strategy, winner, loser };
        self.stage_contradiction(id, item)?;
        self.retract_fact(loser)?;
        self.made(ItemId::Contradiction(id), false);
        Ok(())
    }

    pub(super) fn reopen(&mut self, id: ContradictionId) -> Planned {
        let mut item = self.contradiction(id)?;
        let ContradictionState::Resolved { loser, .. } = item.state else {
            return Err(KnowledgeError::NotOpen(id, "not resolved"));
        };
        if self.fact(loser).is_none() {
            self.bring_back(loser)?;
        }
        let both = self.fact(item.first).is_some() && self.fact(item.second).is_some();
        item.state = if both { ContradictionState::Open } else { ContradictionState::Moot };
        self.stage_contradiction(id, item)?;
        self.made(ItemId::Contradiction(id), false);
        Ok(())
    }

    fn winner(
        &self,
        id: ContradictionId,
        [a, b]: [FactId; 2],
        strategy: &Resolution,
    ) -> Planned<FactId> {
        let (first, second) = (self.known_fact(a)?, self.known_fact(b)?);
        let learned = |fact| self.view.fact_created_at(fact).unwrap_or(Time::MIN);
        let (name, order) = match strategy {
            Resolution::Manual(fact) if [a, b].contains(fact) => return Ok(*fact),
            Resolution::Manual(fact) => return Err(KnowledgeError::Missing(ItemId::Fact(*fact))),
            Resolution::Newest => ("newest", learned(a).cmp(&learned(b))),
            Resolution::MostReliable(sources) => (
                "most reliable",
                reliability(&first, sources).total_cmp(&reliability(&second, sources)),
            ),
            Resolution::MostConfident => {
                ("most confident", first.confidence.total_cmp(&second.confidence))
            }
            Resolution::MostEvidence => ("most evidence", evidence(&first).cmp(&evidence(&second))),
            Resolution::Entrenchment => {
                ("entrenchment", self.view.entrenchment(a).cmp(&self.view.entrenchment(b)))
            }
            Resolution::Voting => ("voting", votes(&first).total_cmp(&votes(&second))),
        };
        match order {
            std::cmp::Ordering::Greater => Ok(a),
            std::cmp::Ordering::Less => Ok(b),
            std::cmp::Ordering::Equal => Err(KnowledgeError::Undecided(id, name)),
        }
    }
}

fn reliability(fact: &Fact, sources: &BTreeMap<String, f32>) -> f32 {
    let of = |source: &String| sources.get(source).copied().unwrap_or(UNKNOWN_RELIABILITY);
    fact.evidence.iter().map(|e| of(&e.source)).fold(0.0, f32::max)
}

fn evidence(fact: &Fact) -> usize {
    fact.evidence.len() + fact.justifications.len()
}

/// Each source once, by its highest confidence.
fn votes(fact: &Fact) -> f32 {
    let mut sources: BTreeMap<&str, f32> = BTreeMap::new();
    for evidence in &fact.evidence {
        let vote = sources.entry(&evidence.source).or_default();
        *vote = vote.max(evidence.confidence);
    }
    sources.values().sum()
}
