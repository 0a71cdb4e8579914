//! Versions as format 1 has them, where a predicate has no laws. They are read, and not written.

use serde::Deserialize;

use crate::id::Time;
use crate::item::{self, Branch, Contradiction, Entity, Fact, Laws, Relation};
use crate::record;

#[derive(Deserialize)]
pub(crate) struct Stored {
    at: Time,
    by: String,
    item: Option<Item>,
}

#[derive(Deserialize)]
#[allow(clippy::large_enum_variant, reason = "none lives long")]
enum Item {
    Entity(Entity),
    Relation(Relation),
    Fact(Fact),
    Predicate(Predicate),
    Contradiction(Contradiction),
    Branch(Branch),
}

#[derive(Deserialize)]
struct Predicate {
    name: String,
    functional: bool,
}

impl From<Stored> for record::Stored {
    fn from(stored: Stored) -> Self {
        let Stored { at, by, item } = stored;
        record::Stored { at, by, item: item.map(item::Item::from) }
    }
}

impl From<Item> for item::Item {
    fn from(item: Item) -> Self {
        match item {
            Item::Entity(value) => Self::Entity(value),
            Item::Relation(value) => Self::Relation(value),
            Item::Fact(value) => Self::Fact(value),
            Item::Predicate(Predicate { name, functional }) => {
                Self::Predicate(item::Predicate { name, functional, laws: Laws::default() })
            }
            Item::Contradiction(value) => Self::Contradiction(value),
            Item::Branch(value) => Self::Branch(value),
        }
    }
}
