//! What kinds of conflict a contradiction is.

use std::collections::BTreeSet;

use crate::id::FactId;
use crate::item::{ConflictKind, Contradiction};
use crate::view::View;

/// A kind of conflict. A contradiction may be of several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ConflictType {
    /// The same is said and denied: the form alone shows it.
    Syntactic,
    /// Two values where what is declared of the predicate allows one.
    Semantic,
    /// The times that are stated overlap, and would not have to.
    Temporal,
    /// Nobody says both: it is between sources, and can be settled by whom to believe.
    Source,
}

impl View<'_> {
    /// The kinds of conflict that a contradiction is, in their order.
    pub fn conflict_types(&self, of: &Contradiction) -> Vec<ConflictType> {
        let mut types = vec![match of.kind {
            ConflictKind::Negation => ConflictType::Syntactic,
            ConflictKind::Functional | ConflictKind::Overlap => ConflictType::Semantic,
        }];
        let facts = [of.first, of.second].map(|id| self.last_fact(id));
        if let [Some(first), Some(second)] = facts
            && (of.kind == ConflictKind::Overlap || first.valid != second.valid)
        {
            types.push(ConflictType::Temporal);
        }
        let [first, second] = [of.first, of.second].map(|id| self.sources(id));
        if !first.is_empty() && !second.is_empty() && first.is_disjoint(&second) {
            types.push(ConflictType::Source);
        }
        types
    }

    /// Who said a fact, as it was last known.
    fn sources(&self, fact: FactId) -> BTreeSet<&str> {
        let evidence = self.last_fact(fact).map_or(&[][..], |fact| &fact.evidence);
        evidence.iter().map(|said| said.source.as_str()).collect()
    }
}
