//! How a memory lies in the store: which records there are, and what their bytes mean.
//!
//! The records are the truth; everything that searches is made of them when the memory is opened.

use std::sync::Arc;

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use store::{Collection, Expect, Write};

use crate::attitude::Pattern;
use crate::error::MemoryError;
use crate::item::{Id, Item, Time};

/// Memories, by name.
pub(crate) const ITEMS: Collection = Collection::new("memory");
/// Their vectors, by name.
pub(crate) const VECTORS: Collection = Collection::new("memory-vector");
/// What happened to them, by name and version.
pub(crate) const HISTORY: Collection = Collection::new("memory-history");
/// Collections of vectors, by name.
pub(crate) const SPACES: Collection = Collection::new("memory-collection");
/// Entities, relations, facts and what happened to them.
pub(crate) const KNOWLEDGE: Collection = Collection::new("memory-knowledge");
/// What the columns of each collection learned, by name; derived.
pub(crate) const LAYOUTS: Collection = Collection::new("memory-columns");

/// Who wrote last: one record, which every commit writes anew.
pub(crate) const HEAD: Collection = Collection::new("memory-head");

/// Every collection that a memory uses, but for who wrote last.
pub(crate) const ALL: [Collection; 6] = [ITEMS, VECTORS, HISTORY, SPACES, KNOWLEDGE, LAYOUTS];

/// The first byte of a record: how the rest is to be read.
const FORMAT: u8 = 1;
/// That of a memory's record with an attitude behind what format 1 has.
const WITH_ATTITUDE: u8 = 2;

/// A collection of vectors of one dimension.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Space {
    /// Its name.
    pub name: String,
    /// Values of a vector.
    pub dimension: usize,
    /// Where vectors come from.
    pub encoder: Encoding,
}

/// Where a collection's vectors come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Encoding {
    /// From the text, by the encoder that is built in.
    BuiltIn,
    /// From the caller, with every memory and every search.
    Given,
    /// From the endpoint that the configuration names, by this model.
    Endpoint(String),
}

/// Something that happened to a memory.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// The version that it made: 1, 2 ...
    pub version: u32,
    /// When.
    pub at: Time,
    /// Who did it.
    pub by: String,
    /// What.
    pub what: Happened,
    /// What is other than before, in the order of the fields' names.
    pub changed: Vec<Changed>,
}

/// What can happen to a memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "their names say it")]
pub enum Happened {
    Added,
    Updated,
    Deleted,
    Restored,
    Superseded,
    Approved,
    Rejected,
    Validated,
    Refuted,
    Promoted,
    Expired,
    Imported,
    Completed,
    Abandoned,
    Verified,
    Seen,
}

/// The field that is other where a pattern was seen once more: the instance, which came at the end.
/// With all that were there before, a history would grow with the square of them.
pub(crate) const INSTANCE: &str = "instance";

/// A field before and after, as JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Changed {
    /// The field.
    pub field: String,
    /// What it was; `null` where there was none.
    pub before: String,
    /// What it is.
    pub after: String,
}

/// One change of the records, and so of the memory.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    /// A memory is this now; its vector is this, or as it was.
    Item(Arc<Item>, Option<Arc<[f32]>>),
    /// This happened to a memory.
    Event(Id, Event),
    /// A memory and everything about it is gone.
    Erase(Id, u32),
    /// A collection is there.
    Space(Space),
    /// Knowledge changes.
    Knowledge(knowledge::Plan),
    /// What the columns of a collection learned is kept, up to so many insertions, or kept no longer.
    Layout(String, Option<(Arc<[u8]>, u64)>),
}

impl Change {
    /// What is to be written; `expect` is the version of the memory's record before.
    pub(crate) fn writes(&self, expect: Expect) -> Result<Vec<Write>, MemoryError> {
        Ok(match self {
            Self::Item(item, vector) => {
                let key = item.id.to_string();
                let mut writes = vec![put(ITEMS, key.clone(), encode_item(item)?, expect)];
                if let Some(vector) = vector {
                    writes.push(put(VECTORS, key, vector_bytes(vector), Expect::Any));
                }
                writes
            }
            Self::Event(id, event) => {
                vec![put(HISTORY, event_key(*id, event.version), encode(event)?, Expect::Any)]
            }
            Self::Erase(id, versions) => erase(*id, *versions, expect),
            Self::Space(space) => {
                vec![put(SPACES, space.name.clone(), encode(space)?, Expect::Any)]
            }
            Self::Knowledge(plan) => plan.changes.iter().map(knowledge_write).collect(),
            Self::Layout(name, Some((bytes, _))) => {
                vec![put(LAYOUTS, name.clone(), bytes.to_vec(), Expect::Any)]
            }
            Self::Layout(name, None) => {
                let (collection, key, expect) = (LAYOUTS, name.clone(), Expect::Any);
                vec![Write::Delete { collection, key, expect }]
            }
        })
    }
}

impl Happened {
    /// Its name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Updated => "updated",
            Self::Deleted => "deleted",
            Self::Restored => "restored",
            Self::Superseded => "superseded",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::Validated => "validated",
            Self::Refuted => "refuted",
            Self::Promoted => "promoted",
            Self::Expired => "expired",
            Self::Imported => "imported",
            Self::Completed => "completed",
            Self::Abandoned => "abandoned",
            Self::Verified => "verified",
            Self::Seen => "seen",
        }
    }
}

/// What is other between two states of a memory.
pub(crate) fn changed(before: Option<&Item>, after: &Item) -> Vec<Changed> {
    let (old, new) = (before.map(fields).unwrap_or_default(), fields(after));
    let text = |value: Option<&serde_json::Value>| value.map_or("null".into(), |v| v.to_string());
    new.iter()
        .filter(|(field, value)| old.get(*field).unwrap_or(&serde_json::Value::Null) != *value)
        .map(|(field, value)| Changed {
            field: field.clone(),
            before: text(old.get(field)),
            after: text(Some(value)),
        })
        .collect()
}

/// That a pattern was seen once more.
pub(crate) fn seen(pattern: &Pattern) -> Vec<Changed> {
    let last = pattern.instances.last().and_then(|last| serde_json::to_string(last).ok());
    let changed = |after| Changed { field: INSTANCE.to_owned(), before: "null".to_owned(), after };
    last.map(changed).into_iter().collect()
}

/// Undoes one change of a memory's fields.
pub(crate) fn undo(fields: &mut serde_json::Map<String, serde_json::Value>, changed: &Changed) {
    if changed.field != INSTANCE {
        let before = serde_json::from_str(&changed.before).unwrap_or_default();
        fields.insert(changed.field.clone(), before);
        return;
    }
    let attitude = fields.get_mut("attitude");
    let instances = attitude.and_then(|attitude| attitude.pointer_mut("/pattern/instances"));
    if let Some(instances) = instances.and_then(serde_json::Value::as_array_mut) {
        instances.pop();
    }
}

/// The fields whose changes are history: neither counters nor what is derived.
fn fields(item: &Item) -> serde_json::Map<String, serde_json::Value> {
    let Ok(serde_json::Value::Object(mut fields)) = serde_json::to_value(item) else {
        return serde_json::Map::new();
    };
    for derived in ["id", "number", "usage", "version", "created_at", "updated_at", "mentions"] {
        fields.remove(derived);
    }
    fields
}

pub(crate) fn event_key(id: Id, version: u32) -> String {
    format!("{id}/{version:08}")
}

pub(crate) fn event_prefix(id: Id) -> String {
    format!("{id}/")
}

pub(crate) fn encode(value: &impl Serialize) -> Result<Vec<u8>, MemoryError> {
    let corrupt =
        |e: postcard::Error| MemoryError::Corrupt { key: String::new(), what: e.to_string() };
    postcard::to_extend(value, vec![FORMAT]).map_err(corrupt)
}

/// A memory's record. Without an attitude nothing is written of it, so the bytes are of format 1, and
/// a program of before reads them; one with an attitude is of another format, which that refuses.
pub(crate) fn encode_item(item: &Item) -> Result<Vec<u8>, MemoryError> {
    let mut bytes = encode(item)?;
    if item.attitude.is_some() {
        bytes[0] = WITH_ATTITUDE;
    }
    Ok(bytes)
}

/// Reads what [`encode_item`] wrote.
pub(crate) fn decode_item(key: &str, bytes: &[u8]) -> Result<Item, MemoryError> {
    /// How postcard writes that there is no attitude, which format 1 does not say.
    const NONE: u8 = 0;
    match bytes.split_first() {
        Some((&WITH_ATTITUDE, rest)) => decode(key, &[&[FORMAT], rest].concat()),
        Some((&FORMAT, _)) => decode(key, &[bytes, &[NONE]].concat()),
        _ => decode(key, bytes),
    }
}

pub(crate) fn decode<T: DeserializeOwned>(key: &str, bytes: &[u8]) -> Result<T, MemoryError> {
    let corrupt = |what: String| MemoryError::Corrupt { key: key.to_owned(), what };
    match bytes.split_first() {
        Some((&FORMAT, rest)) => postcard::from_bytes(rest).map_err(|e| corrupt(e.to_string())),
        Some((other, _)) => Err(corrupt(format!("format {other}, this program knows {FORMAT}"))),
        None => Err(corrupt("it is empty".into())),
    }
}

pub(crate) fn vector_bytes(vector: &[f32]) -> Vec<u8> {
    vector.iter().flat_map(|x| x.to_le_bytes()).collect()
}

pub(crate) fn vector(key: &str, bytes: &[u8]) -> Result<Arc<[f32]>, MemoryError> {
    let (values, rest) = bytes.as_chunks::<4>();
    if rest.is_empty() {
        return Ok(values.iter().map(|x| f32::from_le_bytes(*x)).collect());
    }
    let what = format!("{} bytes, expected a multiple of 4", bytes.len());
    Err(MemoryError::Corrupt { key: key.to_owned(), what })
}

fn put(collection: Collection, key: String, value: Vec<u8>, expect: Expect) -> Write {
    Write::Put { collection, key, value, expect }
}

fn erase(id: Id, versions: u32, expect: Expect) -> Vec<Write> {
    let delete = |collection, key, expect| Write::Delete { collection, key, expect };
    let key = id.to_string();
    let history = (1..=versions).map(|v| delete(HISTORY, event_key(id, v), Expect::Any));
    [delete(ITEMS, key.clone(), expect), delete(VECTORS, key, Expect::Any)]
        .into_iter()
        .chain(history)
        .collect()
}

fn knowledge_write(change: &knowledge::Change) -> Write {
    let (collection, key) = (KNOWLEDGE, change.key.clone());
    match &change.value {
        Some(value) => put(collection, key, value.clone(), Expect::Any),
        None => Write::Delete { collection, key, expect: Expect::Any },
    }
}
