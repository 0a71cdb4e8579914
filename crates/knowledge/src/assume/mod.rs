//! Assumption-based truth maintenance (de Kleer 1986, "An assumption-based TMS", Artificial
//! Intelligence 28): under which sets of assumptions a fact holds, which assumptions are together
//! impossible, and what would hold if other things were assumed. Nothing of it is stored.
//!
//! An environment is a set of assumptions. It is impossible, a nogood, where two facts that cannot
//! both be true follow from it: an open contradiction, the same said and denied, or two values of a
//! functional predicate at once. The label of a fact has the environments that it follows from, and is
//! sound (it does follow), consistent (none is impossible), minimal (from no part of one) and, unless
//! it was cut, complete (every other is a superset of one).

mod environment;
mod label;
mod scope;

use std::collections::BTreeSet;

use crate::error::KnowledgeError;
use crate::id::{FactId, ItemId};
use crate::limits::MAX_PAGE;
use crate::view::View;
use label::Labels;
use scope::Scope;

/// Sets of assumptions, the smallest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Environments {
    /// Each in the order of its facts; one without facts needs no assumption.
    pub sets: Vec<Vec<FactId>>,
    /// There were more than [`MAX_ENVIRONMENTS`](crate::MAX_ENVIRONMENTS) for some fact: each of these
    /// is one, and others may be missing.
    pub cut_short: bool,
}

/// What would hold. Lists are in the order of the numbers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Supposed {
    /// Facts that would hold and do not.
    pub gained: Vec<FactId>,
    /// Facts that hold and would not.
    pub lost: Vec<FactId>,
    /// Pairs that would both hold and cannot both be true, those that do now among them; at most
    /// [`MAX_PAGE`].
    pub impossible: Vec<[FactId; 2]>,
}

/// A question for environments with all that it considers, laid out: answering it takes long, and needs
/// nothing more of what is known.
pub struct Considered {
    scope: Scope,
    /// The fact whose label is asked for; what is impossible where there is none.
    node: Option<usize>,
    stated: Option<BTreeSet<FactId>>,
}

/// A question what would hold, laid out in the same way.
pub struct Supposing {
    scope: Scope,
    assume: BTreeSet<FactId>,
    without: BTreeSet<FactId>,
}

impl View<'_> {
    /// The label of a fact: the smallest sets of assumptions from which it follows.
    ///
    /// Assumptions are the facts without reasons; or, where some are stated, those alone, retracted
    /// ones too, and all others without reasons hold in any case.
    ///
    /// # Errors
    /// [`KnowledgeError::Missing`], and [`KnowledgeError::TooMany`] of
    /// [`MAX_CONSIDERED`](crate::MAX_CONSIDERED), [`MAX_ASSUMPTIONS`](crate::MAX_ASSUMPTIONS) or
    /// [`MAX_JOINED`](crate::MAX_JOINED).
    pub fn environments(
        &self,
        fact: FactId,
        stated: Option<&BTreeSet<FactId>>,
    ) -> Result<Environments, KnowledgeError> {
        self.consider(Some(fact), stated.cloned())?.environments()
    }

    /// The nogoods: the smallest sets of assumptions that are together impossible. Assumptions are as
    /// in [`View::environments`]; those that are stated are asked about, otherwise all.
    ///
    /// # Errors
    /// As [`View::environments`].
    pub fn impossible(
        &self,
        stated: Option<&BTreeSet<FactId>>,
    ) -> Result<Environments, KnowledgeError> {
        self.consider(None, stated.cloned())?.environments()
    }

    /// What would hold if some facts were assumed, whatever became of them and their reasons, and
    /// others did not hold, whatever their reasons.
    ///
    /// # Errors
    /// [`KnowledgeError::Missing`], [`KnowledgeError::Invalid`] for a fact that is in both, and
    /// [`KnowledgeError::TooMany`] of [`MAX_CONSIDERED`](crate::MAX_CONSIDERED).
    pub fn suppose(
        &self,
        assume: &BTreeSet<FactId>,
        without: &BTreeSet<FactId>,
    ) -> Result<Supposed, KnowledgeError> {
        Ok(self.supposing(assume.clone(), without.clone())?.supposed())
    }

    /// Lays out what [`View::environments`] asks of a fact, or [`View::impossible`] where there is none.
    ///
    /// # Errors
    /// [`KnowledgeError::Missing`], and [`KnowledgeError::TooMany`] of
    /// [`MAX_CONSIDERED`](crate::MAX_CONSIDERED).
    pub fn consider(
        &self,
        fact: Option<FactId>,
        stated: Option<BTreeSet<FactId>>,
    ) -> Result<Considered, KnowledgeError> {
        let also = stated.clone().unwrap_or_default();
        let seeds = match fact {
            Some(fact) => also.iter().copied().chain([fact]).collect(),
            None if stated.is_some() => also.clone(),
            None => self.contested(),
        };
        let scope = Scope::of(self, seeds, &also)?;
        let place = |fact| scope.node(fact).ok_or(KnowledgeError::Missing(ItemId::Fact(fact)));
        let node = fact.map(place).transpose()?;
        Ok(Considered { scope, node, stated })
    }

    /// Lays out what [`View::suppose`] asks.
    ///
    /// # Errors
    /// As [`View::suppose`].
    pub fn supposing(
        &self,
        assume: BTreeSet<FactId>,
        without: BTreeSet<FactId>,
    ) -> Result<Supposing, KnowledgeError> {
        if let Some(both) = assume.intersection(&without).next() {
            let expected = "facts that are not in `assume`".to_owned();
            let found = format!("fact {both} in both");
            return Err(KnowledgeError::Invalid { what: "without", expected, found });
        }
        let scope = Scope::of(self, assume.union(&without).copied(), &assume)?;
        Ok(Supposing { scope, assume, without })
    }
}

impl Considered {
    /// The sets of assumptions that were asked for.
    ///
    /// # Errors
    /// [`KnowledgeError::TooMany`] of [`MAX_ASSUMPTIONS`](crate::MAX_ASSUMPTIONS) or
    /// [`MAX_JOINED`](crate::MAX_JOINED).
    pub fn environments(&self) -> Result<Environments, KnowledgeError> {
        Ok(Labels::of(&self.scope, self.stated.as_ref())?.told(self.node))
    }
}

impl Supposing {
    /// What would hold.
    pub fn supposed(&self) -> Supposed {
        let scope = &self.scope;
        let now = scope.closure(scope.premises(), |_| false);
        let out = |node: usize| self.without.contains(&scope.facts[node]);
        let assumed = self.assume.iter().filter_map(|fact| scope.node(*fact));
        let then = scope.closure(scope.premises().chain(assumed), out);
        let those = |mine: &[bool], other: &[bool]| {
            let differ = (0..mine.len()).filter(|node| mine[*node] && !other[*node]);
            differ.map(|node| scope.facts[node]).collect()
        };
        let both = scope.impossible.iter().filter(|pair| pair.iter().all(|node| then[*node]));
        Supposed {
            gained: those(&then, &now),
            lost: those(&now, &then),
            impossible: both
                .map(|pair| pair.map(|node| scope.facts[node]))
                .take(MAX_PAGE)
                .collect(),
        }
    }
}
