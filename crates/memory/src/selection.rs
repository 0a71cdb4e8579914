//! Which memories a filter means, by bitmaps of what memories have in common.

use std::collections::HashMap;

use roaring::RoaringBitmap;
use serde_json::Value;

use crate::filter::{Field, Filter, Test};
use crate::item::{Item, Scope};

/// Bitmaps of memories by what they have.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shared {
    by: HashMap<(u8, Box<str>), RoaringBitmap>,
}

/// What bitmaps know of a filter: every memory that passes is in `may`, and where `exact`, no other.
pub(crate) struct Selected {
    pub(crate) may: Option<RoaringBitmap>,
    pub(crate) exact: bool,
}

impl Shared {
    pub(crate) fn insert(&mut self, slot: u32, item: &Item) {
        for key in keys(item) {
            self.by.entry(key).or_default().insert(slot);
        }
    }

    pub(crate) fn remove(&mut self, slot: u32, item: &Item) {
        for key in keys(item) {
            if let Some(slots) = self.by.get_mut(&key) {
                slots.remove(slot);
                if slots.is_empty() {
                    self.by.remove(&key);
                }
            }
        }
    }

    /// The memories of a scope; none where the scope names nothing.
    pub(crate) fn scope(&self, scope: &Scope) -> Option<RoaringBitmap> {
        let of = |(name, value): (&'static str, &str)| {
            let kind = kind(&match name {
                "user_id" => Field::UserId,
                "agent_id" => Field::AgentId,
                _ => Field::RunId,
            });
            self.by.get(&(kind.unwrap_or(0), value.into())).cloned().unwrap_or_default()
        };
        scope.names().map(of).reduce(|a, b| a & b)
    }

    /// The memories that mention a name.
    pub(crate) fn mentioning(&self, name: &str) -> Option<&RoaringBitmap> {
        self.by.get(&(9, name.to_lowercase().into()))
    }

    /// The memories that have a tag.
    pub(crate) fn tagged(&self, tag: &str) -> Option<&RoaringBitmap> {
        self.by.get(&(4, tag.into()))
    }

    pub(crate) fn select(&self, filter: &Filter) -> Selected {
        match filter {
            Filter::All(of) => {
                of.iter().fold(Selected::anything(), |all, f| all.and(self.select(f)))
            }
            Filter::Any(of) => of
                .iter()
                .map(|f| self.select(f))
                .reduce(Selected::or)
                .unwrap_or(Selected::nothing()),
            Filter::Not(_) => Selected::unknown(),
            Filter::Is(field, Test::Equal(Value::String(value))) => self.equal(field, value),
            Filter::Is(field, Test::In(values)) => {
                let each = values.iter().map(|v| match v {
                    Value::String(value) => self.equal(field, value),
                    _ => Selected::unknown(),
                });
                each.reduce(Selected::or).unwrap_or(Selected::nothing())
            }
            Filter::Is(..) => Selected::unknown(),
        }
    }

    fn equal(&self, field: &Field, value: &str) -> Selected {
        let Some(kind) = kind(field) else { return Selected::unknown() };
        let may = match field {
            Field::Mentions => self.mentioning(value),
            _ => self.by.get(&(kind, value.into())),
        };
        let may = may.cloned().unwrap_or_default();
        Selected { may: Some(may), exact: true }
    }
}

impl Selected {
    fn anything() -> Self {
        Self { may: None, exact: true }
    }

    fn nothing() -> Self {
        Self { may: Some(RoaringBitmap::new()), exact: true }
    }

    fn unknown() -> Self {
        Self { may: None, exact: false }
    }

    fn and(self, other: Self) -> Self {
        let may = match (self.may, other.may) {
            (Some(a), Some(b)) => Some(a & b),
            (a, b) => a.or(b),
        };
        Self { may, exact: self.exact && other.exact }
    }

    fn or(self, other: Self) -> Self {
        match (self.may, other.may) {
            (Some(a), Some(b)) => Self { may: Some(a | b), exact: self.exact && other.exact },
            _ => Self::unknown(),
        }
    }
}

/// The fields that have bitmaps, numbered.
fn kind(field: &Field) -> Option<u8> {
    match field {
        Field::UserId => Some(1),
        Field::AgentId => Some(2),
        Field::RunId => Some(3),
        Field::Tags => Some(4),
        Field::Class => Some(5),
        Field::Tier => Some(6),
        Field::Source => Some(7),
        Field::Collection => Some(8),
        Field::Mentions => Some(9),
        _ => None,
    }
}

fn keys(item: &Item) -> Vec<(u8, Box<str>)> {
    let one = |kind: u8, value: &str| (kind, Box::from(value));
    let mut keys =
        vec![one(5, item.class.name()), one(6, item.tier.name()), one(8, &item.collection)];
    keys.extend(item.scope.user_id.iter().map(|v| one(1, v)));
    keys.extend(item.scope.agent_id.iter().map(|v| one(2, v)));
    keys.extend(item.scope.run_id.iter().map(|v| one(3, v)));
    keys.extend(item.tags.iter().map(|v| one(4, v)));
    keys.extend(item.source.iter().map(|v| one(7, v)));
    keys.extend(item.mentions.iter().map(|v| one(9, &v.to_lowercase())));
    keys
}
