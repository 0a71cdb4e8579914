//! Keyed records: what the caller keeps, and how it is read again.
//!
//! Each version of an item is a record of its own, under `KIND/ID/BRANCH/REVISION` in hexadecimal
//! digits, and is not written again unless something in it is erased. A value is one byte of
//! [`FORMAT`] and then postcard. Beside versions there are the strength of a relation, which changes
//! too often to have a history, and one record `meta` with the counters.

use serde::{Deserialize, Serialize};

use crate::check;
use crate::error::KnowledgeError;
use crate::id::{
    BranchId, ContradictionId, EntityId, FactId, ItemId, PredicateId, RelationId, Revision, Time,
};
use crate::item::{Item, Predicate};
use crate::limits::MAX_RECORD_BYTES;
use crate::record_before;

/// The form that values are written in; another one gets another number.
pub const FORMAT: u8 = 3;
/// The first form: a predicate has no laws, and an entity no template.
const FORMAT_ONE: u8 = 1;
/// The second: an entity has no template.
const FORMAT_TWO: u8 = 2;

const META: &str = "meta";

/// The counters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Meta {
    /// The last number that was given.
    pub(crate) last: u64,
    /// The last revision.
    pub(crate) revision: Revision,
    /// When that was.
    pub(crate) at: Time,
}

/// How strong a relation is.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Weight {
    /// How strong it was when it was touched.
    pub(crate) strength: f32,
    /// When that was.
    pub(crate) touched: Time,
    /// How often it was recalled.
    pub(crate) recalls: u64,
}

/// What an item became, and who made it so.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Stored {
    pub(crate) at: Time,
    pub(crate) by: String,
    /// `None` if it was taken back.
    pub(crate) item: Option<Item>,
}

/// What a key says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    Meta,
    Version(ItemId, BranchId, Revision),
    Weight(RelationId, BranchId),
}

/// What a value says.
#[derive(Clone, Debug, PartialEq)]
#[allow(clippy::large_enum_variant, reason = "nearly all are versions, and none lives long")]
pub(crate) enum Body {
    Meta(Meta),
    Version(Stored),
    Weight(Weight),
}

/// A record that was read; without a body, one that is deleted.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Record {
    pub(crate) key: Key,
    pub(crate) body: Option<Body>,
}

impl Key {
    pub(crate) fn text(self) -> String {
        match self {
            Key::Meta => META.to_string(),
            Key::Version(item, branch, revision) => {
                format!("{}/{:016x}/{:016x}/{revision:016x}", letter(item), item.number(), branch.0)
            }
            Key::Weight(relation, branch) => format!("w/{:016x}/{:016x}", relation.0, branch.0),
        }
    }

    /// Only what [`Key::text`] writes is a key.
    fn parse(text: &str) -> Option<Key> {
        if text == META {
            return Some(Key::Meta);
        }
        let mut parts = text.split('/');
        let kind = parts.next()?;
        let (number, branch) = (hexadecimal(parts.next()?)?, BranchId(hexadecimal(parts.next()?)?));
        let item = match kind {
            "w" => {
                return parts.next().is_none().then_some(Key::Weight(RelationId(number), branch));
            }
            "e" => ItemId::Entity(EntityId(number)),
            "r" => ItemId::Relation(RelationId(number)),
            "f" => ItemId::Fact(FactId(number)),
            "p" => ItemId::Predicate(PredicateId(number)),
            "c" => ItemId::Contradiction(ContradictionId(number)),
            "b" => ItemId::Branch(BranchId(number)),
            _ => return None,
        };
        let revision = hexadecimal(parts.next()?)?;
        parts.next().is_none().then_some(Key::Version(item, branch, revision))
    }
}

fn letter(item: ItemId) -> char {
    match item {
        ItemId::Entity(_) => 'e',
        ItemId::Relation(_) => 'r',
        ItemId::Fact(_) => 'f',
        ItemId::Predicate(_) => 'p',
        ItemId::Contradiction(_) => 'c',
        ItemId::Branch(_) => 'b',
    }
}

/// Sixteen digits in lower case.
fn hexadecimal(text: &str) -> Option<u64> {
    let digit = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    let good = text.len() == 16 && text.bytes().all(digit);
    good.then(|| u64::from_str_radix(text, 16).ok()).flatten()
}

impl Body {
    pub(crate) fn encode(&self) -> Result<Vec<u8>, KnowledgeError> {
        let out = vec![FORMAT];
        let out = match self {
            Body::Meta(meta) => postcard::to_extend(meta, out),
            Body::Version(stored) => postcard::to_extend(stored, out),
            Body::Weight(weight) => postcard::to_extend(weight, out),
        };
        out.map_err(|error| KnowledgeError::Record {
            key: String::new(),
            problem: error.to_string(),
        })
    }
}

impl Record {
    /// Reads a record, which may hold anything.
    ///
    /// # Errors
    ///
    /// [`KnowledgeError::Record`], with what is wrong, and nothing is read.
    pub(crate) fn decode(key: &str, value: &[u8]) -> Result<Record, KnowledgeError> {
        read(key, value).map_err(|problem| KnowledgeError::Record {
            key: key.chars().take(128).collect(),
            problem,
        })
    }
}

fn read(text: &str, value: &[u8]) -> Result<Record, String> {
    let key = Key::parse(text).ok_or("this is no key of a record")?;
    if value.len() > MAX_RECORD_BYTES {
        return Err(format!("expected at most {MAX_RECORD_BYTES} bytes, found {}", value.len()));
    }
    let Some((&format, rest)) = value.split_first() else {
        return Err("expected a format and a value, found nothing".to_string());
    };
    if !(FORMAT_ONE..=FORMAT).contains(&format) {
        return Err(format!("expected format {FORMAT_ONE} to {FORMAT}, found {format}"));
    }
    let body = match key {
        Key::Meta => Body::Meta(whole(rest)?),
        Key::Weight(..) => Body::Weight(whole(rest)?),
        Key::Version(..) if format == FORMAT_ONE => {
            Body::Version(whole::<record_before::Stored<record_before::Lawless>>(rest)?.into())
        }
        Key::Version(..) if format == FORMAT_TWO => {
            Body::Version(whole::<record_before::Stored<Predicate>>(rest)?.into())
        }
        Key::Version(..) => Body::Version(whole(rest)?),
    };
    sensible(key, &body)?;
    Ok(Record { key, body: Some(body) })
}

/// A value that takes all bytes.
fn whole<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, String> {
    let (value, rest) = postcard::take_from_bytes(bytes).map_err(|error| error.to_string())?;
    if !rest.is_empty() {
        return Err(format!("{} bytes are left over", rest.len()));
    }
    Ok(value)
}

/// What the planner would not have written is not read.
fn sensible(key: Key, body: &Body) -> Result<(), String> {
    match (key, body) {
        (Key::Weight(..), Body::Weight(weight)) => {
            check::unit("strength", weight.strength).map_err(|error| error.to_string())
        }
        (Key::Version(id, branch, revision), Body::Version(stored)) => {
            if id.number() == 0 || revision == 0 {
                return Err("expected numbers from 1 on, found 0".to_string());
            }
            check::text("by", &stored.by).map_err(|error| error.to_string())?;
            let Some(item) = &stored.item else { return Ok(()) };
            if item.letter() != letter(id) {
                return Err("the value is of another kind than the key".to_string());
            }
            if let (Item::Branch(value), ItemId::Branch(id)) = (item, id)
                && (value.parent >= id || branch != BranchId::MAIN)
            {
                return Err("a branch comes after its parent".to_string());
            }
            check::item(item).map_err(|error| error.to_string())
        }
        _ => Ok(()),
    }
}

impl Item {
    fn letter(&self) -> char {
        match self {
            Item::Entity(_) => 'e',
            Item::Relation(_) => 'r',
            Item::Fact(_) => 'f',
            Item::Predicate(_) => 'p',
            Item::Contradiction(_) => 'c',
            Item::Branch(_) => 'b',
        }
    }
}
