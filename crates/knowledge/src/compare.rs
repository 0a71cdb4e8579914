//! What came to be known, and what came to be known otherwise, between two times.
//!
//! Facts, relations and entities have versions, so what was known then is exact. How strong a
//! relation is has none: it is told of a time only where nothing has strengthened it since.

use std::collections::BTreeSet;

use crate::error::KnowledgeError;
use crate::id::{BranchId, ContradictionId, EntityId, FactId, RelationId, Time, Vertex};
use crate::item::Fact;
use crate::knowledge::Knowledge;
use crate::links::decayed;
use crate::view::{At, View};

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Between {
    /// The branch.
    pub branch: BranchId,
    /// As it was known then,
    pub from: Time,
    /// and then.
    pub to: Time,
    /// What is about this entity only; everything where there is none.
    pub about: Option<EntityId>,
    /// Of each kind at most so many; 0 for all, which is at most what is known.
    pub limit: usize,
}

/// What is otherwise. Lists are in the order of the numbers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Compared {
    /// Entities that were not known before.
    pub entities: Vec<EntityId>,
    /// Facts that are known otherwise.
    pub facts: Vec<(FactId, FactChange)>,
    /// Relations that are known otherwise.
    pub relations: Vec<RelationChange>,
    /// Contradictions that came up, those that were settled since among them.
    pub contradictions: Vec<ContradictionId>,
    /// Whether there is more of a kind than was asked for.
    pub more: bool,
}

/// What became of a fact.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum FactChange {
    /// It came to be known.
    Added,
    /// It was taken back.
    Retracted,
    /// It is known to have ended: another took its place, or its end was told.
    Ended,
    /// It is held to be more or less sure, or more say so.
    Confidence {
        /// How sure it was.
        then: f32,
        /// How sure it is.
        later: f32,
    },
}

/// What became of a relation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RelationChange {
    /// Which.
    pub id: RelationId,
    /// Whether it was known at the first time.
    pub known_then: bool,
    /// Whether it is known at the second.
    pub known_later: bool,
    /// How strong it was at the first time; 0 where it was not known, none where it was strengthened
    /// or taken back since.
    pub then: Option<f32>,
    /// The same of the second time.
    pub later: Option<f32>,
    /// When it was last strengthened, or made; none where it was taken back.
    pub strengthened_at: Option<Time>,
    /// How often it was recalled in all.
    pub recalls: u64,
}

impl Knowledge {
    /// Compares what was known at two times.
    ///
    /// # Errors
    ///
    /// [`KnowledgeError::Missing`] for a branch that is not there, [`KnowledgeError::Invalid`] where
    /// the second time is before the first.
    pub fn between(&self, between: &Between) -> Result<Compared, KnowledgeError> {
        if between.to < between.from {
            let expected = format!("{} or later", between.from);
            let found = between.to.to_string();
            return Err(KnowledgeError::Invalid { what: "to", expected, found });
        }
        let at = |known| self.at(At { branch: between.branch, known: Some(known), valid: None });
        let (then, later) = (at(between.from)?, at(between.to)?);
        let now = self.latest(between.branch)?;
        let limit = if between.limit == 0 { usize::MAX - 1 } else { between.limit };
        let (facts, relations) = match between.about {
            None => (self.all_facts(), self.all_relations()),
            Some(about) => (later.facts_about(about), later.relations_about(about)),
        };
        let mut out = Compared::default();
        if between.about.is_none() {
            let new = self.entities.all().map(|(n, _)| EntityId(n));
            out.entities = new.filter(|id| is_new(&then, &later, *id)).take(limit + 1).collect();
            let all = self.contradictions.all().map(|(n, _)| ContradictionId(n));
            let opened = |id: &ContradictionId| {
                then.contradiction(*id).is_none() && later.contradiction(*id).is_some()
            };
            out.contradictions = all.filter(opened).take(limit + 1).collect();
        }
        let fact = |id: FactId| Some((id, fact_change(&then, &later, id)?));
        out.facts = facts.into_iter().filter_map(fact).take(limit + 1).collect();
        let relation = |id| relation_change([&then, &later, &now], id, between);
        out.relations = relations.into_iter().filter_map(relation).take(limit + 1).collect();
        out.cut(limit);
        Ok(out)
    }

    fn all_facts(&self) -> BTreeSet<FactId> {
        self.facts.all().map(|(n, _)| FactId(n)).collect()
    }

    fn all_relations(&self) -> BTreeSet<RelationId> {
        self.relations.all().map(|(n, _)| RelationId(n)).collect()
    }
}

impl Compared {
    fn cut(&mut self, limit: usize) {
        let lengths = [
            self.entities.len(),
            self.facts.len(),
            self.relations.len(),
            self.contradictions.len(),
        ];
        self.more = lengths.iter().any(|n| *n > limit);
        self.entities.truncate(limit);
        self.facts.truncate(limit);
        self.relations.truncate(limit);
        self.contradictions.truncate(limit);
    }
}

impl View<'_> {
    /// Facts that ever had an entity as subject or object, known or not.
    fn facts_about(&self, about: EntityId) -> BTreeSet<FactId> {
        let finds = &self.knowledge.finds;
        let of = |id: EntityId| [finds.by_subject.get(&id), finds.by_object.get(&id)];
        let facts = self.same(about).into_iter().flat_map(of).flatten();
        facts.flatten().copied().collect()
    }

    /// Relations that an entity ever had, known or not.
    fn relations_about(&self, about: EntityId) -> BTreeSet<RelationId> {
        let finds = &self.knowledge.finds;
        let same = self.same(about).into_iter();
        let relations = same.filter_map(|id| finds.by_vertex.get(&Vertex::Entity(id)));
        relations.flatten().copied().collect()
    }
}

pub(crate) fn is_new(then: &View<'_>, later: &View<'_>, id: EntityId) -> bool {
    let merged = later.resolve(id) != Some(id);
    !merged && then.resolve(id).is_none()
}

pub(crate) fn fact_change(then: &View<'_>, later: &View<'_>, id: FactId) -> Option<FactChange> {
    let ended = |old: &Fact, new: &Fact| new.valid.to.is_some() && new.valid.to != old.valid.to;
    match (then.fact(id).map(|k| k.item), later.fact(id).map(|k| k.item)) {
        (None, Some(_)) => Some(FactChange::Added),
        (Some(_), None) => Some(FactChange::Retracted),
        (Some(old), Some(new)) if ended(old, new) => Some(FactChange::Ended),
        (Some(old), Some(new))
            if old.confidence != new.confidence || old.evidence.len() != new.evidence.len() =>
        {
            Some(FactChange::Confidence { then: old.confidence, later: new.confidence })
        }
        _ => None,
    }
}

/// What became of a relation that came, went or was strengthened in between. With a relation that
/// was taken back went how strong it had been.
fn relation_change(
    [then, later, now]: [&View<'_>; 3],
    id: RelationId,
    between: &Between,
) -> Option<RelationChange> {
    let (before, after) = (then.relation(id), later.relation(id));
    let floor = after.as_ref().or(before.as_ref())?.item.floor;
    let weight = now.weight(id);
    let strength = |at: Time, there: bool| match (there, weight) {
        (false, _) => Some(0.0),
        (true, Some(w)) if w.touched <= at => {
            Some(decayed(w.strength, floor, at.saturating_sub(w.touched)))
        }
        (true, _) => None,
    };
    let within = |at: Time| between.from < at && at <= between.to;
    let touched = weight.map(|w| w.touched);
    let change = RelationChange {
        id,
        known_then: before.is_some(),
        known_later: after.is_some(),
        then: strength(between.from, before.is_some()),
        later: strength(between.to, after.is_some()),
        strengthened_at: touched,
        recalls: weight.map_or(0, |w| w.recalls),
    };
    (change.known_then != change.known_later || touched.is_some_and(within)).then_some(change)
}
