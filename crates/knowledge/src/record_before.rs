//! Versions as formats 1 and 2 have them: an entity has no template, and in format 1 a predicate no
//! laws. They are read, and not written.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::id::{EntityId, Time};
use crate::item::{
    self, Branch, Contradiction, Exception, Fact, Laws, Predicate, Provenance, Relation, Scalar,
};
use crate::record;

/// A version, with predicates of one form or the other.
#[derive(Deserialize)]
pub(crate) struct Stored<P> {
    at: Time,
    by: String,
    item: Option<Item<P>>,
}

#[derive(Deserialize)]
#[allow(clippy::large_enum_variant, reason = "none lives long")]
enum Item<P> {
    Entity(Entity),
    Relation(Relation),
    Fact(Fact),
    Predicate(P),
    Contradiction(Contradiction),
    Branch(Branch),
}

#[derive(Deserialize)]
struct Entity {
    name: String,
    kind: String,
    aliases: Vec<String>,
    properties: BTreeMap<String, Scalar>,
    exceptions: BTreeMap<String, Exception>,
    provenance: Provenance,
    merged_into: Option<EntityId>,
    absorbed: Vec<EntityId>,
}

/// A predicate of format 1.
#[derive(Deserialize)]
pub(crate) struct Lawless {
    name: String,
    functional: bool,
}

impl<P: Into<Predicate>> From<Stored<P>> for record::Stored {
    fn from(stored: Stored<P>) -> Self {
        let Stored { at, by, item } = stored;
        record::Stored { at, by, item: item.map(item::Item::from) }
    }
}

impl<P: Into<Predicate>> From<Item<P>> for item::Item {
    fn from(item: Item<P>) -> Self {
        match item {
            Item::Entity(value) => Self::Entity(value.into()),
            Item::Relation(value) => Self::Relation(value),
            Item::Fact(value) => Self::Fact(value),
            Item::Predicate(value) => Self::Predicate(value.into()),
            Item::Contradiction(value) => Self::Contradiction(value),
            Item::Branch(value) => Self::Branch(value),
        }
    }
}

impl From<Entity> for item::Entity {
    fn from(entity: Entity) -> Self {
        Self {
            name: entity.name,
            kind: entity.kind,
            aliases: entity.aliases,
            properties: entity.properties,
            exceptions: entity.exceptions,
            template: BTreeMap::new(),
            provenance: entity.provenance,
            merged_into: entity.merged_into,
            absorbed: entity.absorbed,
        }
    }
}

impl From<Lawless> for Predicate {
    fn from(Lawless { name, functional }: Lawless) -> Self {
        Self { name, functional, laws: Laws::default() }
    }
}
