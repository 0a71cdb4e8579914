//! Reasoning over what a view knows: deduction, induction, abduction and analogy. Nothing is written,
//! and nothing that was concluded is ever learned by itself.
//!
//! [`Premises`] are a copy of what a view knows at a time, so whoever reasons holds nothing that a
//! writer waits for. Every answer has its proof: steps in order, each with the claim, the rule, what
//! it uses and how sure it is.
//!
//! A conclusion is as sure as the least sure of what it uses (possibilistic logic: Dubois, Lang and
//! Prade 1994, "Possibilistic logic", the rule of the weakest link). Products would make twenty steps
//! of 0.9 a doubt of 0.88, and suppose that facts are independent, which nobody said.

mod abduce;
mod analogy;
mod causal;
mod compare;
mod deduce;
mod induce;
mod premises;

use crate::id::{EntityId, FactId, RelationId};
use crate::item::{Object, Scalar};

pub use abduce::{Abduced, Cause, Explanation, MAX_EXPLANATIONS, MAX_OBSERVED, Observed};
pub use analogy::{Analogies, Counterpart, Link, MAX_COUNTERPARTS, Way};
pub use causal::leads;
pub use compare::{Alike, Inference, Likeness, MAX_MAPPED, Mapping, Similar};
pub use deduce::{Blocked, Deduced, Goal, Proof};
pub use induce::{Generalisation, Induced, MAX_NAMED, MAX_TALLIED, wilson};
pub use premises::Premises;

/// Steps of one chain: of predicates that are transitive, and of causes.
pub const MAX_CHAIN: usize = 64;
/// Facts and relations that are reasoned over.
pub const MAX_PREMISES: usize = 200_000;
/// Conclusions of one answer.
pub const MAX_CONCLUSIONS: usize = 1_000;
/// Links that one question follows.
pub const MAX_FOLLOWED: usize = 500_000;
/// Steps of all proofs of one answer, and what is told as blocked; those that are found first are told.
pub const MAX_PROVED: usize = 200_000;

/// Links that one question may still follow, of [`MAX_FOLLOWED`].
#[derive(Debug)]
struct Budget(usize);

impl Budget {
    fn new() -> Self {
        Self::part(1)
    }

    /// That of each of so many.
    fn part(of: usize) -> Self {
        Self(MAX_FOLLOWED / of.max(1))
    }

    /// Follows so many; where fewer are left, none are, and none are left.
    fn follow(&mut self, n: usize) -> bool {
        let left = self.0.checked_sub(n);
        self.0 = left.unwrap_or(0);
        left.is_some()
    }
}

/// What is said.
#[derive(Clone, Debug, PartialEq)]
pub struct Claim {
    /// Of whom.
    pub subject: EntityId,
    /// What: a predicate, a kind of relation, or a property.
    pub predicate: String,
    /// Of what.
    pub object: Object,
    /// That it is not so.
    pub negated: bool,
}

/// What a step uses.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ground {
    /// A fact.
    Fact(FactId),
    /// A relation.
    Relation(RelationId),
    /// A property, or an exception, of an entity.
    Property(EntityId, String),
    /// A step of the same proof before this one.
    Step(usize),
}

/// By what rule a step follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// It is said so.
    Stated,
    /// The predicate goes both ways.
    Symmetric,
    /// The other predicate says the same from the other end.
    Inverse,
    /// The predicate leads on.
    Transitive,
    /// What is said of what it is.
    Inherits,
    /// What leads to what leads there.
    Causes,
    /// Of many of its members.
    Generalises,
}

impl Rule {
    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Rule::Stated => "stated",
            Rule::Symmetric => "symmetric",
            Rule::Inverse => "inverse",
            Rule::Transitive => "transitive",
            Rule::Inherits => "inherits",
            Rule::Causes => "causes",
            Rule::Generalises => "generalises",
        }
    }
}

/// A step of a proof.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// What follows.
    pub claim: Claim,
    /// By what rule.
    pub rule: Rule,
    /// From what.
    pub uses: Vec<Ground>,
    /// How sure it is, 0 to 1.
    pub confidence: f32,
}

/// An object that has a place in an order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Entity(EntityId),
    Literal(String),
}

impl Key {
    fn of(object: &Object) -> Key {
        match object {
            Object::Entity(id) => Key::Entity(*id),
            Object::Literal(scalar) => Key::literal(scalar),
        }
    }

    fn literal(scalar: &Scalar) -> Key {
        Key::Literal(format!("{scalar:?}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_into_a_budget_ends_it() {
        let mut budget = Budget::part(5);
        assert!(budget.follow(MAX_FOLLOWED / 5 - 1));
        assert!(!budget.follow(2), "one is left");
        assert!(!budget.follow(1), "none is left then");
        assert!(Budget::new().follow(MAX_FOLLOWED) && !Budget::new().follow(MAX_FOLLOWED + 1));
    }
}
