//! Revision (Alchourrón, Gärdenfors and Makinson 1985) by the Levi identity: what contradicts a fact
//! is contracted, and the fact is learned.

use std::collections::BTreeSet;

use super::{Planned, Planner};
use crate::command::NewFact;
use crate::error::KnowledgeError;
use crate::id::{FactId, ItemId};
use crate::item::ContradictionState;
use crate::truth::Clash;

impl Planner<'_> {
    /// Learns a fact so that nothing that is believed contradicts it. What only ends where it begins,
    /// or the other way round, contradicts nothing and stays.
    pub(super) fn revise(&mut self, new: NewFact) -> Planned {
        self.declare_with(&new)?;
        let against = self.against(&new)?;
        let sets: Vec<BTreeSet<FactId>> =
            new.justifications.iter().map(|set| set.iter().copied().collect()).collect();
        let reasons = sets.iter().flatten().copied().collect();
        let given_up = self.view.give_up_all(&against, &reasons)?;
        if !sets.is_empty() && !sets.iter().any(|set| self.view.stand_without(set, &given_up)) {
            return Err(KnowledgeError::Invalid {
                what: "justifications",
                expected: "one that is believed without what the fact contradicts".to_owned(),
                found: "none".to_owned(),
            });
        }
        for fact in &given_up {
            self.stage(ItemId::Fact(*fact), None)?;
            self.settle_moot(*fact)?;
        }
        let (id, created) = self.learn(new)?;
        self.settle_unbelieved(id, &against)?;
        self.outcome.given_up = given_up;
        self.made(ItemId::Fact(id), created);
        Ok(())
    }

    /// Known facts that cannot be true together with a new one.
    fn against(&self, new: &NewFact) -> Planned<Vec<FactId>> {
        let mut fact = self.checked(new.clone())?;
        self.end_by_later(&mut fact);
        let clashes = self.clashes(&fact).into_iter();
        let against = clashes.filter(|(_, clash)| matches!(clash, Clash::Contradicts(_)));
        Ok(against.map(|(id, _)| id).collect())
    }

    /// Facts that are known and have lost their reasons contradict nothing until these come back.
    fn settle_unbelieved(&mut self, fact: FactId, others: &[FactId]) -> Planned {
        for id in std::mem::take(&mut self.outcome.contradictions) {
            let mut item = self.contradiction(id)?;
            if item.first == fact || item.second == fact {
                item.state = ContradictionState::Moot;
                self.stage_contradiction(id, item)?;
            } else {
                self.outcome.contradictions.push(id);
            }
        }
        let settled = self.each_contradiction(fact, |_, item| {
            let other = others.contains(&item.first) || others.contains(&item.second);
            (other && item.state == ContradictionState::Open).then_some(ContradictionState::Moot)
        });
        settled.map(drop)
    }
}
