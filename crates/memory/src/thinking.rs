//! How something was thought about then, and how later: what was known of it at two times, and what
//! changed in between. Everything comes from the versions that are kept; nothing is guessed.

use std::sync::Arc;

use knowledge::{
    At, Between, BranchId, Compared, EntityId, FactChange, FactId, ItemId, KnowledgeError,
    RelationChange, Vertex, View,
};

use crate::durable::Memory;
use crate::error::{MemoryError, TooLarge};
use crate::item::{Item, Scope, Status, Time};
use crate::recall::{facts, name, said};
use crate::state::State;

/// Changes of one kind that are told.
pub const MAX_CHANGED: usize = 200;

/// What is asked.
#[derive(Clone, Debug)]
pub struct Thinking {
    /// About whom: a name or an alias.
    pub about: String,
    /// As it was known then,
    pub from: Time,
    /// and then.
    pub to: Time,
    /// Whose memories are told beside.
    pub scope: Scope,
    /// Changes of each kind, up to [`MAX_CHANGED`].
    pub limit: usize,
}

/// How it was thought about.
#[derive(Clone, Debug)]
pub struct Thought {
    /// Who that is.
    pub entity: EntityId,
    /// What it is called now.
    pub name: String,
    /// What was known of it at the first time, as sentences.
    pub then: Vec<String>,
    /// What was known of it at the second.
    pub later: Vec<String>,
    /// Facts that changed.
    pub facts: Vec<ChangedFact>,
    /// Relations that changed.
    pub relations: Vec<ChangedRelation>,
    /// Memories of it that came in between, the newest first.
    pub memories: Vec<Arc<Item>>,
    /// Whether there is more of a kind than was asked for.
    pub more: bool,
}

/// A fact that changed.
#[derive(Clone, Debug, PartialEq)]
pub struct ChangedFact {
    /// Which.
    pub id: FactId,
    /// What it says.
    pub said: String,
    /// What became of it.
    pub change: FactChange,
}

/// A relation that changed.
#[derive(Clone, Debug, PartialEq)]
pub struct ChangedRelation {
    /// From: a name, or the beginning of a memory.
    pub from: String,
    /// How they belong together.
    pub kind: String,
    /// To.
    pub to: String,
    /// What became of it.
    pub change: RelationChange,
}

impl Memory {
    /// Tells how something was thought about at two times.
    ///
    /// # Errors
    /// [`MemoryError::Knowledge`] where nobody of that name was ever known or the times are the wrong
    /// way round, [`MemoryError::TooLarge`].
    pub fn thinking(&self, thinking: &Thinking) -> Result<Thought, MemoryError> {
        TooLarge::check("limit", "changes", thinking.limit, MAX_CHANGED)?;
        thinking.scope.check()?;
        let state = self.read()?;
        let now = state.knowledge.latest(BranchId::MAIN)?;
        let at = |known| state.knowledge.at(At { known: Some(known), ..At::default() });
        let (then, later) = (at(thinking.from)?, at(thinking.to)?);
        let entity = named([&later, &now, &then], &thinking.about)?;
        let compared = state.knowledge.between(&Between {
            branch: BranchId::MAIN,
            from: thinking.from,
            to: thinking.to,
            about: Some(entity),
            limit: thinking.limit.max(1),
        })?;
        let mut memories: Vec<Arc<Item>> = state.mentioning(thinking, &later, entity);
        let more = compared.more || memories.len() > thinking.limit;
        memories.truncate(thinking.limit);
        Ok(Thought {
            entity,
            name: name(&now, entity),
            then: facts(&then, entity),
            later: facts(&later, entity),
            facts: changed_facts(&compared, &then, &later),
            relations: state.changed_relations(&compared.relations, &later),
            memories,
            more,
        })
    }
}

/// The entity of a name in the first of the views that has one; of several, the one known longest.
fn named(views: [&View<'_>; 3], name: &str) -> Result<EntityId, MemoryError> {
    let found = views.iter().find_map(|view| view.by_name(name).first().copied());
    found.ok_or_else(|| {
        let (what, expected) = ("about", "the name of an entity that is or was known".into());
        KnowledgeError::Invalid { what, expected, found: name.chars().take(64).collect() }.into()
    })
}

/// What became of facts, each as the later of the two times that knew it says it.
pub(crate) fn changed_facts(
    compared: &Compared,
    then: &View<'_>,
    later: &View<'_>,
) -> Vec<ChangedFact> {
    let told = |&(id, change): &(FactId, FactChange)| {
        let (view, fact) = match later.fact(id) {
            Some(fact) => (later, fact),
            None => (then, then.fact(id)?),
        };
        Some(ChangedFact { id, said: said(view, fact.item), change })
    };
    compared.facts.iter().filter_map(told).collect()
}

impl State {
    /// Memories that came between two times and mention an entity, or are related to it; the newest
    /// first.
    fn mentioning(&self, thinking: &Thinking, view: &View<'_>, entity: EntityId) -> Vec<Arc<Item>> {
        let mut slots = roaring::RoaringBitmap::new();
        if let Some(entity) = view.entity(entity) {
            for name in entity.item.aliases.iter().chain([&entity.item.name, &thinking.about]) {
                slots |= self.shared.mentioning(name).cloned().unwrap_or_default();
            }
        }
        for relation in view.relations(Vertex::Entity(entity)) {
            for vertex in [relation.item.from, relation.item.to] {
                let Vertex::Memory(number) = vertex else { continue };
                slots.extend(self.numbered(number));
            }
        }
        let within = |item: &&Arc<Item>| {
            thinking.from < item.created_at
                && item.created_at <= thinking.to
                && thinking.scope.holds(&item.scope)
                && !matches!(item.status, Status::Deleted | Status::Quarantined)
        };
        let mut items: Vec<Arc<Item>> =
            slots.iter().filter_map(|slot| self.at(slot)).filter(within).cloned().collect();
        items.sort_by_key(|item| std::cmp::Reverse((item.created_at, item.id)));
        items
    }

    /// What became of relations, with what they relate by name.
    pub(crate) fn changed_relations(
        &self,
        changes: &[RelationChange],
        view: &View<'_>,
    ) -> Vec<ChangedRelation> {
        let told = |change: &RelationChange| {
            // With all its versions: one that was taken back is told too.
            let events = self.knowledge.history(ItemId::Relation(change.id));
            let last = events.into_iter().rev().find_map(|event| event.after);
            let Some(knowledge::Item::Relation(relation)) = last else { return None };
            let (from, to) = (self.called(view, relation.from), self.called(view, relation.to));
            Some(ChangedRelation { from, kind: relation.kind, to, change: *change })
        };
        changes.iter().filter_map(told).collect()
    }

    /// What a vertex is called: an entity's name, or the beginning of a memory.
    pub(crate) fn called(&self, view: &View<'_>, vertex: Vertex) -> String {
        /// Characters of a memory that stand for it.
        const SHOWN: usize = 60;
        match vertex {
            Vertex::Entity(id) => name(view, id),
            Vertex::Memory(number) => match self.numbered(number).and_then(|slot| self.at(slot)) {
                Some(item) => item.text.chars().take(SHOWN).collect(),
                None => format!("memory {number}"),
            },
        }
    }
}
