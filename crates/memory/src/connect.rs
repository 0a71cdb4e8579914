//! Entities that may belong together and are not related, each with the reason: neighbours that both
//! have, memories that name both, or that what is known of them is said alike. Proposals; relating
//! them is the caller's.

use std::collections::BTreeMap;

use knowledge::{BranchId, EntityId, Vertex, View};
use text::Encoder;

use crate::durable::Memory;
use crate::error::{MemoryError, TooLarge};
use crate::item::Time;
use crate::recall::facts;
use crate::state::State;

/// Connections that are told.
pub const MAX_CONNECTIONS: usize = 100;
/// Entities whose descriptions are compared, those that were known first.
pub const MAX_ALIKE: usize = 2_000;
/// The least cosine of two descriptions that is told.
pub const MIN_ALIKE: f32 = 0.6;

/// Which connections are looked for.
#[derive(Clone, Debug)]
pub struct Connect {
    /// Of this entity, by a name or an alias; of any where there is none.
    pub of: Option<String>,
    /// How many, 1 to [`MAX_CONNECTIONS`].
    pub limit: usize,
}

/// Two entities that nothing relates.
#[derive(Clone, Debug, PartialEq)]
pub struct Connection {
    /// The entity with the lower number, and its name.
    pub from: (EntityId, String),
    /// The other one.
    pub to: (EntityId, String),
    /// How much the neighbours say that both have, by Adamic and Adar.
    pub shared_score: f64,
    /// What these are called.
    pub shared: Vec<String>,
    /// Memories that name both.
    pub together: u64,
    /// How alike what is known of them is said, the cosine of the built-in encoder; none below
    /// [`MIN_ALIKE`] or where it was not compared. It knows spelling, not meaning.
    pub alike: Option<f32>,
}

type Pair = (EntityId, EntityId);

impl Memory {
    /// Proposes connections, those with the most reason first: by the neighbours that both have, then
    /// by the memories that name both, then by how alike they are said.
    ///
    /// # Errors
    /// [`MemoryError::Field`] where nobody of that name is known, or for the limit.
    pub fn connections(
        &self,
        connect: &Connect,
        now: Time,
    ) -> Result<Vec<Connection>, MemoryError> {
        if connect.limit == 0 {
            return Err(MemoryError::Field { what: "limit", expected: "1 to 100".into() });
        }
        TooLarge::check("limit", "connections", connect.limit, MAX_CONNECTIONS)?;
        let state = self.read()?;
        let view = state.knowledge.latest(BranchId::MAIN)?;
        let of = connect.of.as_deref().map(|name| {
            let expected = || "the name of an entity that is known".into();
            let found = view.by_name(name).first().copied();
            found.ok_or_else(|| MemoryError::Field { what: "of", expected: expected() })
        });
        let of = of.transpose()?;
        let mut found: BTreeMap<Pair, Connection> = BTreeMap::new();
        state.add_shared(&view, (of, connect.limit, now), &mut found)?;
        if let Some(of) = of {
            state.add_together(&view, of, &mut found);
            state.add_alike(&view, of, &self.shared.encoders.built_in, &mut found);
        }
        let mut all: Vec<Connection> = found.into_values().collect();
        let weight = |c: &Connection| c.shared_score + c.together as f64;
        all.sort_by(|a, b| {
            let alike = |c: &Connection| c.alike.unwrap_or(0.0);
            let by_reason = weight(b).total_cmp(&weight(a)).then(alike(b).total_cmp(&alike(a)));
            by_reason.then((a.from.0, a.to.0).cmp(&(b.from.0, b.to.0)))
        });
        all.truncate(connect.limit);
        Ok(all)
    }
}

impl State {
    fn add_shared(
        &self,
        view: &View<'_>,
        (of, limit, now): (Option<EntityId>, usize, Time),
        found: &mut BTreeMap<Pair, Connection>,
    ) -> Result<(), MemoryError> {
        for missing in self.knowledge.links().missing(of.map(Vertex::Entity), limit, now)? {
            let (Vertex::Entity(from), Vertex::Entity(to)) = (missing.from, missing.to) else {
                continue;
            };
            let connection = entry(view, found, from, to);
            connection.shared_score = missing.score;
            connection.shared = missing.shared.iter().map(|v| self.called(view, *v)).collect();
        }
        Ok(())
    }

    /// Entities that memories name beside one.
    fn add_together(&self, view: &View<'_>, of: EntityId, found: &mut BTreeMap<Pair, Connection>) {
        let Some(mine) = self.named_in(view, of) else { return };
        let mut together: BTreeMap<EntityId, roaring::RoaringBitmap> = BTreeMap::new();
        for slot in &mine {
            for name in self.at(slot).map_or(&[][..], |item| &item.mentions) {
                for other in view.by_name(name) {
                    together.entry(other).or_default().insert(slot);
                }
            }
        }
        for (other, memories) in together {
            if other != of && !is_related(view, of, other) {
                entry(view, found, of, other).together = memories.len();
            }
        }
    }

    /// Active memories that name an entity.
    fn named_in(&self, view: &View<'_>, of: EntityId) -> Option<roaring::RoaringBitmap> {
        let entity = view.entity(of)?.item;
        let names = entity.aliases.iter().chain([&entity.name]);
        let slots = names
            .filter_map(|name| self.shared.mentioning(name))
            .fold(roaring::RoaringBitmap::new(), |all, slots| all | slots);
        Some(slots & &self.active)
    }

    /// Entities of which what is known is said much as of one.
    fn add_alike(
        &self,
        view: &View<'_>,
        of: EntityId,
        encoder: &Encoder,
        found: &mut BTreeMap<Pair, Connection>,
    ) {
        let mine = encoder.encode(&described(view, of));
        let mut after = None;
        let mut compared = 0;
        while compared < MAX_ALIKE {
            let page = view.entities(after, MAX_ALIKE - compared);
            let Some(last) = page.last() else { return };
            (after, compared) = (Some(last.id), compared + page.len());
            for other in page.iter().map(|entity| entity.id) {
                let alike = cosine(&mine, &encoder.encode(&described(view, other)));
                if other != of && alike >= MIN_ALIKE && !is_related(view, of, other) {
                    entry(view, found, of, other).alike = Some(alike);
                }
            }
        }
    }
}

fn entry<'a>(
    view: &View<'_>,
    found: &'a mut BTreeMap<Pair, Connection>,
    a: EntityId,
    b: EntityId,
) -> &'a mut Connection {
    let (from, to) = (a.min(b), a.max(b));
    let name = |id| (id, crate::recall::name(view, id));
    found.entry((from, to)).or_insert_with(|| Connection {
        from: name(from),
        to: name(to),
        shared_score: 0.0,
        shared: Vec::new(),
        together: 0,
        alike: None,
    })
}

/// Whether a relation or a fact joins two entities.
fn is_related(view: &View<'_>, a: EntityId, b: EntityId) -> bool {
    let of = |v: Vertex| view.vertex(v) == Some(Vertex::Entity(b));
    let relations = view.relations(Vertex::Entity(a));
    relations.iter().any(|r| of(r.item.from) || of(r.item.to))
        || [(a, b), (b, a)].iter().any(|&(subject, object)| {
            let (subject, object) = (Some(subject), Some(knowledge::Object::Entity(object)));
            let query = knowledge::FactQuery { subject, object, limit: 1, ..Default::default() };
            !view.facts(&query).is_empty()
        })
}

/// What is known of an entity, as a text.
fn described(view: &View<'_>, id: EntityId) -> String {
    let Some(entity) = view.entity(id) else { return String::new() };
    let facts = facts(view, id);
    let parts = [&entity.item.name, &entity.item.kind].into_iter().chain(&entity.item.aliases);
    parts.chain(&facts).map(String::as_str).collect::<Vec<_>>().join("\n")
}

/// The cosine of two vectors; 0 where one is 0.
fn cosine(a: &[f32], b: &[f32]) -> f32 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f32>();
    let norm = (dot(a, a) * dot(b, b)).sqrt();
    if norm > 0.0 { dot(a, b) / norm } else { 0.0 }
}
