//! Concepts that come together so often that they are one: a compound is an entity of kind
//! `compound` with a fact `has_part` for each of its two parts.
//!
//! Of `n` messages that were learned, `a` has one concept, `b` the other and `ab` both. They are a
//! compound where `ab >= 3` and `npmi >= 0.5`, with
//! `npmi = ln(n ab / (a b)) / -ln(ab / n)` (Bouma 2009, "Normalized (Pointwise) Mutual Information in
//! Collocation Extraction"): 1 where neither comes without the other, 0 where chance has it, below 0
//! where they avoid each other. What comes in every message says nothing, and has 0.

use std::collections::{BTreeSet, HashMap};

use knowledge::{
    BranchId, Command, EntityId, FactQuery, ItemId, NewEntity, NewFact, Object, Provenance,
    Validity, Vertex, View,
};
use roaring::RoaringBitmap;

use crate::durable::Memory;
use crate::error::{MemoryError, TooLarge};
use crate::item::Scope;
use crate::learn::TOGETHER;
use crate::plan::By;
use crate::recall::name;
use crate::record::Change;
use crate::state::State;

/// Messages that must have both.
pub const MIN_TOGETHER: u64 = 3;
/// How much more often than by chance: `npmi`.
pub const MIN_NPMI: f64 = 0.5;
/// Compounds that one call of learning forms, the surest.
pub const MAX_FORMED: usize = 8;
/// Compounds of one list.
pub const MAX_COMPOUNDS: usize = 1_000;
/// Compounds that are counted for a list: those that were formed last.
pub const MAX_COUNTED: usize = 10_000;
/// The kind of the entities.
const KIND: &str = "compound";
/// The predicate of their parts.
const HAS_PART: &str = "has_part";

/// Two concepts that are one.
#[derive(Clone, Debug, PartialEq)]
pub struct Compound {
    /// The entity.
    pub entity: EntityId,
    /// Its name, of the names of its parts.
    pub name: String,
    /// Its parts.
    pub parts: [(EntityId, String); 2],
    /// Messages that have both, now.
    pub together: u64,
    /// How much more often than by chance, -1 to 1, now.
    pub npmi: f64,
}

/// `npmi` of two that come `a` and `b` times, `ab` times together, of `n`.
fn npmi(n: u64, a: u64, b: u64, ab: u64) -> f64 {
    if ab == 0 {
        return if n == 0 { 0.0 } else { -1.0 };
    }
    if ab >= n {
        return 0.0;
    }
    let [n, a, b, ab] = [n, a, b, ab].map(|count| count as f64);
    (n * ab / (a * b)).ln() / -(ab / n).ln()
}

impl Memory {
    /// Compounds with how often their parts come together now, the surest first, of the
    /// [`MAX_COUNTED`] that were formed last.
    ///
    /// # Errors
    /// [`MemoryError::TooLarge`].
    pub fn compounds(&self, limit: usize) -> Result<Vec<Compound>, MemoryError> {
        TooLarge::check("limit", "compounds", limit, MAX_COMPOUNDS)?;
        let state = self.read()?;
        let view = state.knowledge.latest(BranchId::MAIN)?;
        let query = FactQuery { predicate: Some(HAS_PART.into()), ..FactQuery::default() };
        let mut compounds: BTreeSet<EntityId> = BTreeSet::new();
        let mut after = None;
        loop {
            let page = view.facts(&FactQuery { after, ..query.clone() });
            after = page.last().map(|fact| fact.id);
            if after.is_none() {
                break;
            }
            let whole = page.iter().filter_map(|fact| view.entity(fact.item.subject));
            compounds.extend(whole.filter(|known| known.item.kind == KIND).map(|known| known.id));
        }
        let mut counting = Counting::of(&state);
        let told = |entity: EntityId| {
            let known = view.entity(entity)?;
            let parts = parts(&view, entity);
            let [a, b] = parts.as_slice() else { return None };
            let parts = [*a, *b].map(|id| (id, name(&view, id)));
            let (together, npmi) = counting.together([&parts[0].1, &parts[1].1]);
            Some(Compound { entity, name: known.item.name.clone(), parts, together, npmi })
        };
        let mut all: Vec<Compound> =
            compounds.into_iter().rev().take(MAX_COUNTED).filter_map(told).collect();
        all.sort_by(|a, b| b.npmi.total_cmp(&a.npmi).then(a.entity.cmp(&b.entity)));
        all.truncate(limit);
        Ok(all)
    }

    /// Forms compounds of concepts that were just learned; the names of those that are new.
    pub(crate) async fn form(
        &self,
        concepts: &[(String, EntityId)],
        scope: &Scope,
        by: &By,
    ) -> Result<Vec<(String, EntityId)>, MemoryError> {
        let wanted = self.read()?.to_form(concepts)?;
        let mut formed = Vec::new();
        for pair in wanted {
            if let Some(entity) = self.form_one(&pair, scope, by).await? {
                formed.push((pair.name, entity));
            }
        }
        Ok(formed)
    }

    /// Forms a compound, or completes one that has not both parts, which is left where forming it was
    /// cut short or a part of it is gone; the entity where something was added. Each step looks at
    /// what is there when it is written.
    async fn form_one(
        &self,
        pair: &Pair,
        scope: &Scope,
        by: &By,
    ) -> Result<Option<EntityId>, MemoryError> {
        let provenance = Provenance {
            source: by.actor.clone(),
            memory: None,
            episode: scope.run_id.clone(),
            confidence: 1.0,
        };
        let entity = |state: &State| state.plan_compound(pair, &provenance, by);
        let Some(entity) = self.write(entity).await?.0 else { return Ok(None) };
        let mut added = false;
        for part in pair.parts {
            let fact = NewFact {
                subject: entity,
                predicate: HAS_PART.to_owned(),
                object: Object::Entity(part),
                negated: false,
                valid: Validity::ALWAYS,
                confidence: pair.npmi.clamp(0.0, 1.0) as f32,
                provenance: provenance.clone(),
                justifications: Vec::new(),
                functional: None,
            };
            added |= self.write(|state| state.plan_part(fact, part, by)).await?.0;
        }
        Ok(added.then_some(entity))
    }
}

/// Two concepts that are to be one.
struct Pair {
    name: String,
    parts: [EntityId; 2],
    npmi: f64,
}

/// What is there of a compound.
enum There {
    Nothing,
    /// The entity, without both parts.
    Begun(EntityId),
    /// The compound, or something else of its name.
    Taken,
}

/// In which messages names are found, each looked for once.
struct Counting<'a> {
    state: &'a State,
    messages: RoaringBitmap,
    found: HashMap<String, RoaringBitmap>,
}

impl<'a> Counting<'a> {
    fn of(state: &'a State) -> Self {
        Self { state, messages: state.messages(), found: HashMap::new() }
    }

    fn find(&mut self, name: &str) {
        if !self.found.contains_key(name) {
            let phrase = format!("\"{}\"", name.replace('"', " "));
            let words = &self.state.words;
            let hits = words.search(&phrase, words.len(), Some(&self.messages), false);
            self.found.insert(name.to_owned(), hits.into_iter().map(|hit| hit.id).collect());
        }
    }

    /// Messages that have both names, and `npmi` of these.
    fn together(&mut self, names: [&str; 2]) -> (u64, f64) {
        names.iter().for_each(|name| self.find(name));
        let [a, b] = names.map(|name| &self.found[name]);
        let together = a.intersection_len(b);
        (together, npmi(self.messages.len(), a.len(), b.len(), together))
    }
}

impl State {
    /// Pairs that come together often enough and are no compound yet, the surest first.
    fn to_form(&self, concepts: &[(String, EntityId)]) -> Result<Vec<Pair>, MemoryError> {
        let view = self.knowledge.latest(BranchId::MAIN)?;
        let mut counting = Counting::of(self);
        let mut pairs = Vec::new();
        for (k, (first, a)) in concepts.iter().enumerate() {
            // How often a relation was recalled is told by it; only of these are messages counted.
            let often: Vec<EntityId> = view
                .relations(Vertex::Entity(*a))
                .into_iter()
                .filter(|relation| {
                    let times = view.recalls(relation.id).unwrap_or(0) + 1;
                    relation.item.kind == TOGETHER && times >= MIN_TOGETHER
                })
                .flat_map(|relation| [relation.item.from, relation.item.to])
                .filter_map(|end| match end {
                    Vertex::Entity(id) => Some(id),
                    Vertex::Memory(_) => None,
                })
                .collect();
            for (second, b) in concepts.iter().skip(k + 1).filter(|(_, b)| often.contains(b)) {
                let mut names = [first.as_str(), second.as_str()];
                names.sort_unstable();
                let name = names.join(" + ");
                if a == b || matches!(there(&view, &name), There::Taken) {
                    continue;
                }
                let (together, npmi) = counting.together(names);
                if together >= MIN_TOGETHER && npmi >= MIN_NPMI {
                    pairs.push(Pair { name, parts: [*a, *b], npmi });
                }
            }
        }
        pairs.sort_by(|a, b| b.npmi.total_cmp(&a.npmi).then_with(|| a.name.cmp(&b.name)));
        pairs.truncate(MAX_FORMED);
        Ok(pairs)
    }

    /// Messages that were learned and are found.
    fn messages(&self) -> RoaringBitmap {
        self.shared.tagged("message").cloned().unwrap_or_default() & &self.active
    }

    /// What the entity of a compound changes, and that entity; none where there is nothing to do, or
    /// the parts are not two any more.
    fn plan_compound(
        &self,
        pair: &Pair,
        provenance: &Provenance,
        by: &By,
    ) -> Result<(Vec<Change>, Option<EntityId>), MemoryError> {
        let view = self.knowledge.latest(BranchId::MAIN)?;
        let two = match pair.parts.map(|part| view.resolve(part)) {
            [Some(a), Some(b)] => a != b,
            _ => false,
        };
        match there(&view, &pair.name) {
            There::Begun(entity) if two => Ok((Vec::new(), Some(entity))),
            There::Nothing if two => {
                let new = NewEntity {
                    name: pair.name.clone(),
                    kind: KIND.to_owned(),
                    aliases: Vec::new(),
                    properties: Default::default(),
                    provenance: provenance.clone(),
                };
                let add = Command::AddEntity(new);
                let (changes, outcome) = self.plan_known(add, BranchId::MAIN, by)?;
                let entity = match outcome.item {
                    Some(ItemId::Entity(entity)) => Some(entity),
                    _ => None,
                };
                Ok((changes, entity))
            }
            _ => Ok((Vec::new(), None)),
        }
    }

    /// What saying that a compound has a part changes, and whether it does: nothing where it has that
    /// part, or two, or either is gone.
    fn plan_part(
        &self,
        fact: NewFact,
        part: EntityId,
        by: &By,
    ) -> Result<(Vec<Change>, bool), MemoryError> {
        let view = self.knowledge.latest(BranchId::MAIN)?;
        let known = parts(&view, fact.subject);
        let (part, entity) = (view.resolve(part), view.resolve(fact.subject));
        let wanted = entity.is_some() && part.is_some_and(|part| !known.contains(&part));
        if !wanted || known.len() > 1 {
            return Ok((Vec::new(), false));
        }
        Ok((self.plan_known(Command::AssertFact(fact), BranchId::MAIN, by)?.0, true))
    }
}

/// Entities that a compound has as its parts, each once, in the order in which that was said.
fn parts(view: &View<'_>, compound: EntityId) -> Vec<EntityId> {
    let (subject, predicate) = (Some(compound), Some(HAS_PART.to_owned()));
    let facts = view.facts(&FactQuery { subject, predicate, ..FactQuery::default() });
    let mut parts = Vec::new();
    for fact in facts {
        let Object::Entity(part) = fact.item.object else { continue };
        parts.extend(view.resolve(part).filter(|part| !parts.contains(part)));
    }
    parts
}

fn there(view: &View<'_>, name: &str) -> There {
    let named = view.by_name(name);
    let is_compound = |id: &&EntityId| view.entity(**id).is_some_and(|e| e.item.kind == KIND);
    match named.iter().find(is_compound) {
        Some(entity) if parts(view, *entity).len() < 2 => There::Begun(*entity),
        None if named.is_empty() => There::Nothing,
        _ => There::Taken,
    }
}

#[cfg(test)]
mod tests {
    use super::npmi;

    #[test]
    fn two_that_never_part_have_one_and_what_chance_has_is_nought() {
        assert!((npmi(100, 10, 10, 10) - 1.0).abs() < 1e-12);
        assert!(npmi(100, 10, 10, 1).abs() < 1e-12);
        assert_eq!(npmi(100, 10, 10, 0), -1.0);
        assert_eq!((npmi(7, 7, 7, 7), npmi(0, 0, 0, 0)), (0.0, 0.0));
        // ln(8 * 3 / (4 * 3)) / ln(8 / 3)
        assert!((npmi(8, 4, 3, 3) - 2.0_f64.ln() / (8.0_f64 / 3.0).ln()).abs() < 1e-12);
    }
}
