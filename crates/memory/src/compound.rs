//! Concepts that come together so often that they are one: a compound is an entity of kind
//! `compound` with a fact `has_part` for each of its two parts.
//!
//! Of `n` messages that were learned, `a` has one concept, `b` the other and `ab` both. They are a
//! compound where `ab >= 3` and `npmi >= 0.5`, with
//! `npmi = ln(n ab / (a b)) / -ln(ab / n)` (Bouma 2009, "Normalized (Pointwise) Mutual Information in
//! Collocation Extraction"): 1 where neither comes without the other, 0 where chance has it, below 0
//! where they avoid each other. What comes in every message says nothing, and has 0.

use knowledge::{
    BranchId, Command, EntityId, FactQuery, ItemId, NewEntity, NewFact, Object, Provenance,
    Validity, Vertex,
};
use roaring::RoaringBitmap;

use crate::durable::Memory;
use crate::error::{MemoryError, TooLarge};
use crate::item::Scope;
use crate::learn::TOGETHER;
use crate::plan::By;
use crate::recall::name;
use crate::state::State;

/// Messages that must have both.
pub const MIN_TOGETHER: u64 = 3;
/// How much more often than by chance: `npmi`.
pub const MIN_NPMI: f64 = 0.5;
/// Compounds that one call of learning forms, the surest.
pub const MAX_FORMED: usize = 8;
/// Compounds of one list.
pub const MAX_COMPOUNDS: usize = 1_000;
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
    /// Compounds with how often their parts come together now, the surest first.
    ///
    /// # Errors
    /// [`MemoryError::TooLarge`].
    pub fn compounds(&self, limit: usize) -> Result<Vec<Compound>, MemoryError> {
        TooLarge::check("limit", "compounds", limit, MAX_COMPOUNDS)?;
        let state = self.read()?;
        let view = state.knowledge.latest(BranchId::MAIN)?;
        let messages = state.messages();
        let query = FactQuery { predicate: Some(HAS_PART.into()), ..FactQuery::default() };
        let mut parts: std::collections::BTreeMap<EntityId, Vec<EntityId>> = Default::default();
        let mut after = None;
        loop {
            let page = view.facts(&FactQuery { after, ..query.clone() });
            after = page.last().map(|fact| fact.id);
            if after.is_none() {
                break;
            }
            for fact in page {
                if let Object::Entity(part) = fact.item.object {
                    parts.entry(fact.item.subject).or_default().push(part);
                }
            }
        }
        let told = |(entity, parts): (EntityId, Vec<EntityId>)| {
            let [a, b] = parts.as_slice() else { return None };
            let known = view.entity(entity).filter(|known| known.item.kind == KIND)?;
            let parts = [*a, *b].map(|id| (id, name(&view, id)));
            let (together, npmi) = state.together(&messages, [&parts[0].1, &parts[1].1]);
            Some(Compound { entity, name: known.item.name.clone(), parts, together, npmi })
        };
        let mut all: Vec<Compound> = parts.into_iter().filter_map(told).collect();
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
        for (compound, parts, npmi) in wanted {
            let episode = scope.run_id.clone();
            let source = by.actor.clone();
            let provenance = Provenance { source, memory: None, episode, confidence: 1.0 };
            let new = NewEntity {
                name: compound.clone(),
                kind: KIND.to_owned(),
                aliases: Vec::new(),
                properties: Default::default(),
                provenance: provenance.clone(),
            };
            let done = self.know(Command::AddEntity(new), BranchId::MAIN, by).await?;
            let Some(ItemId::Entity(entity)) = done.item else { continue };
            for part in parts {
                let fact = NewFact {
                    subject: entity,
                    predicate: HAS_PART.to_owned(),
                    object: Object::Entity(part),
                    negated: false,
                    valid: Validity::ALWAYS,
                    confidence: npmi.clamp(0.0, 1.0) as f32,
                    provenance: provenance.clone(),
                    justifications: Vec::new(),
                };
                self.know(Command::AssertFact(fact), BranchId::MAIN, by).await?;
            }
            formed.push((compound, entity));
        }
        Ok(formed)
    }
}

impl State {
    /// Pairs that come together often enough and are no compound yet, the surest first.
    fn to_form(
        &self,
        concepts: &[(String, EntityId)],
    ) -> Result<Vec<(String, [EntityId; 2], f64)>, MemoryError> {
        let view = self.knowledge.latest(BranchId::MAIN)?;
        let messages = self.messages();
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
                let compound = names.join(" + ");
                let (together, npmi) = self.together(&messages, names);
                let new = a != b && view.by_name(&compound).is_empty();
                if new && together >= MIN_TOGETHER && npmi >= MIN_NPMI {
                    pairs.push((compound, [*a, *b], npmi));
                }
            }
        }
        pairs.sort_by(|a, b| b.2.total_cmp(&a.2).then(a.0.cmp(&b.0)));
        pairs.truncate(MAX_FORMED);
        Ok(pairs)
    }

    /// Messages that were learned and are found.
    fn messages(&self) -> RoaringBitmap {
        self.shared.tagged("message").cloned().unwrap_or_default() & &self.active
    }

    /// Messages that have both names, and `npmi` of these.
    fn together(&self, messages: &RoaringBitmap, names: [&str; 2]) -> (u64, f64) {
        let [a, b] = names.map(|name| {
            let phrase = format!("\"{}\"", name.replace('"', " "));
            let hits = self.words.search(&phrase, self.words.len(), Some(messages), false);
            hits.into_iter().map(|hit| hit.id).collect::<RoaringBitmap>()
        });
        let together = a.intersection_len(&b);
        (together, npmi(messages.len(), a.len(), b.len(), together))
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
