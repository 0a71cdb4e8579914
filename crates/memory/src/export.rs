//! A memory as a file that can be carried elsewhere: JSON lines with a checksum.
//!
//! The first line names the format, each line after it is a collection, a memory with its vector
//! and history, or a record of knowledge, and the last holds their number and the SHA-256 of all
//! bytes before it. What was imported into an empty memory exports to the same bytes.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use store::{Expect, Write};
use tokio::sync::mpsc;

use crate::durable::Memory;
use crate::error::{MemoryError, TooLarge};
use crate::item::{Id, Item};
use crate::record::{self, Encoding, Event, HISTORY, ITEMS, KNOWLEDGE, SPACES, Space, VECTORS};

/// The format that is written and read.
pub const FORMAT: u32 = 1;
/// The largest file that is read.
pub const MAX_FILE_BYTES: usize = 2 << 30;
/// The longest line.
pub const MAX_LINE_BYTES: usize = 32 << 20;

/// One line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
enum Line {
    /// The first.
    Striatum { format: u32, kind: String },
    /// A collection.
    Collection { collection: Space },
    /// A memory, its vector as base64 of little-endian 32-bit floats, its history.
    Memory {
        memory: Box<Item>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        embedding: Option<String>,
        #[serde(default)]
        history: Vec<Event>,
    },
    /// A record of knowledge, its value as base64.
    Knowledge { key: String, value: String },
    /// The last.
    End { lines: usize, sha256: String },
}

/// What becomes of memories that are there already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Existing {
    /// Nothing is imported.
    #[default]
    Refuse,
    /// They stay as they are.
    Skip,
}

/// What an import did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Imported {
    /// Memories that are new.
    pub memories: usize,
    /// Memories that were there.
    pub skipped: usize,
    /// Collections that are new.
    pub collections: usize,
    /// Records of knowledge.
    pub knowledge: usize,
}

/// A memory with its vector and history.
type Whole = (Item, Option<Arc<[f32]>>, Vec<Event>);

/// A file that was read through and found whole.
struct Read {
    spaces: Vec<Space>,
    memories: Vec<Whole>,
    knowledge: Vec<(String, Vec<u8>)>,
}

impl Memory {
    /// Sends everything that is remembered, line by line; the number of lines before the last.
    ///
    /// # Errors
    /// [`MemoryError::Store`]; what was written is then not a whole file.
    pub async fn export(&self, to: mpsc::Sender<Vec<u8>>) -> Result<usize, MemoryError> {
        let mut file = Out { hash: Sha256::new(), lines: 0, to };
        file.line(&Line::Striatum { format: FORMAT, kind: "memory".into() }).await?;
        let (spaces, items) = {
            let state = self.read()?;
            let spaces: Vec<_> = state.spaces.values().map(|i| i.space.clone()).collect();
            let items: Vec<_> = state.ids.values().filter_map(|&s| state.at(s).cloned()).collect();
            (spaces, items)
        };
        for collection in spaces {
            file.line(&Line::Collection { collection }).await?;
        }
        for item in items {
            file.line(&self.exported(&item).await?).await?;
        }
        self.export_knowledge(&mut file).await?;
        file.end().await
    }

    async fn exported(&self, item: &Item) -> Result<Line, MemoryError> {
        let vector = self.stored_vector(item.id).await?;
        let embedding = vector.map(|v| BASE64.encode(record::vector_bytes(&v)));
        let mut history = self.history(item.id).await?;
        history.retain(|event| event.version <= item.version);
        Ok(Line::Memory { memory: Box::new(item.clone()), embedding, history })
    }

    async fn export_knowledge(&self, file: &mut Out) -> Result<(), MemoryError> {
        let records = self.read()?.knowledge.records()?;
        for (key, value) in records {
            file.line(&Line::Knowledge { key, value: BASE64.encode(&value) }).await?;
        }
        Ok(())
    }

    /// Takes a file in. It is read through and checked before anything is written; memories keep
    /// their names, versions and history. Knowledge is taken in only where there is none yet. A
    /// memory without a vector is given one, where its collection's come from the endpoint.
    ///
    /// # Errors
    /// [`MemoryError::Import`] with the line, [`MemoryError::Taken`] where a memory is there,
    /// [`MemoryError::Quota`], [`MemoryError::Endpoint`], [`MemoryError::Store`]; after the last of these a part may be there,
    /// and importing again with [`Existing::Skip`] completes it.
    pub async fn import(&self, file: &[u8], existing: Existing) -> Result<Imported, MemoryError> {
        let mut read = read(file)?;
        self.embed_missing(&mut read).await?;
        let (writes, done) = self.plan_import(read, existing)?;
        self.replace(false, writes).await?;
        Ok(done)
    }

    /// Asks for the vectors that a file lacks, of the collections whose model makes them.
    async fn embed_missing(&self, read: &mut Read) -> Result<(), MemoryError> {
        for space in &read.spaces {
            if !matches!(space.encoder, Encoding::Endpoint(_)) {
                continue;
            }
            let lacks: Vec<usize> = {
                let state = self.read()?;
                let lacks = |(item, vector, _): &Whole| {
                    vector.is_none()
                        && item.collection == space.name
                        && !state.ids.contains_key(&item.id)
                };
                (0..read.memories.len()).filter(|&k| lacks(&read.memories[k])).collect()
            };
            if lacks.is_empty() {
                continue;
            }
            let texts = lacks.iter().map(|&k| read.memories[k].0.text.as_str()).collect();
            let vectors = self.embed(space, texts).await?;
            for (k, vector) in lacks.into_iter().zip(vectors) {
                read.memories[k].1 = Some(vector);
            }
        }
        Ok(())
    }

    fn plan_import(
        &self,
        read: Read,
        existing: Existing,
    ) -> Result<(Vec<Write>, Imported), MemoryError> {
        let state = self.read()?;
        let mut done = Imported::default();
        let (mut writes, mut number) = (Vec::new(), state.next_number);
        for space in &read.spaces {
            state.check_space(space)?;
            if !state.spaces.contains_key(&space.name) {
                done.collections += 1;
                writes.push(put(SPACES, space.name.clone(), record::encode(space)?));
            }
        }
        let (mut bytes, empty) = (0, state.ids.is_empty());
        for (mut item, vector, history) in read.memories {
            if state.ids.contains_key(&item.id) {
                if existing == Existing::Refuse {
                    return Err(MemoryError::Taken { id: item.id });
                }
                done.skipped += 1;
                continue;
            }
            if !empty {
                (item.number, number) = (number, number + 1);
            }
            done.memories += 1;
            bytes += crate::state::size(&item);
            writes.extend(writes_of(&item, vector.as_deref(), &history)?);
        }
        state.check_quota(done.memories as u64, bytes)?;
        let no_knowledge = state.knowledge.revision() == 0;
        let records = read.knowledge.iter().map(|(key, value)| (key.as_str(), value.as_slice()));
        knowledge::Knowledge::load(records)?;
        if !read.knowledge.is_empty() && !no_knowledge && existing == Existing::Refuse {
            let expected = "a memory without knowledge, or existing = skip to keep what is known";
            return Err(MemoryError::Field { what: "knowledge", expected: expected.into() });
        }
        if no_knowledge {
            done.knowledge = read.knowledge.len();
            writes
                .extend(read.knowledge.into_iter().map(|(key, value)| put(KNOWLEDGE, key, value)));
        }
        Ok((writes, done))
    }
}

fn put(collection: store::Collection, key: String, value: Vec<u8>) -> Write {
    Write::Put { collection, key, value, expect: Expect::Any }
}

fn writes_of(
    item: &Item,
    vector: Option<&[f32]>,
    history: &[Event],
) -> Result<Vec<Write>, MemoryError> {
    let key = item.id.to_string();
    let mut writes = vec![put(ITEMS, key.clone(), record::encode_item(item)?)];
    writes.extend(vector.map(|v| put(VECTORS, key, record::vector_bytes(v))));
    for event in history {
        let key = record::event_key(item.id, event.version);
        writes.push(put(HISTORY, key, record::encode(event)?));
    }
    Ok(writes)
}

struct Out {
    hash: Sha256,
    lines: usize,
    to: mpsc::Sender<Vec<u8>>,
}

impl Out {
    async fn line(&mut self, line: &Line) -> Result<(), MemoryError> {
        let bytes = written(line)?;
        self.hash.update(&bytes);
        self.lines += 1;
        self.send(bytes).await
    }

    async fn send(&self, bytes: Vec<u8>) -> Result<(), MemoryError> {
        self.to.send(bytes).await.map_err(|_| MemoryError::Closed)
    }

    async fn end(self) -> Result<usize, MemoryError> {
        let sha256 = hex(&self.hash.clone().finalize());
        self.send(written(&Line::End { lines: self.lines, sha256 })?).await?;
        Ok(self.lines)
    }
}

fn written(line: &Line) -> Result<Vec<u8>, MemoryError> {
    let corrupt =
        |e: serde_json::Error| MemoryError::Corrupt { key: "export".into(), what: e.to_string() };
    let mut bytes = serde_json::to_vec(line).map_err(corrupt)?;
    bytes.push(b'\n');
    Ok(bytes)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn read(file: &[u8]) -> Result<Read, MemoryError> {
    TooLarge::check("file", "bytes", file.len(), MAX_FILE_BYTES)?;
    let mut read = Reading::default();
    for (k, line) in file.split_inclusive(|&b| b == b'\n').enumerate() {
        read.line(line).map_err(|what| MemoryError::Import { line: k + 1, what })?;
    }
    let lines = read.lines;
    let cut = || MemoryError::Import {
        line: lines + 1,
        what: "the file ends here, expected its last line, {\"type\":\"end\", ...}".into(),
    };
    if read.ended { Ok(read.read()) } else { Err(cut()) }
}

/// A file while it is read.
#[derive(Default)]
struct Reading {
    hash: Sha256,
    lines: usize,
    ended: bool,
    spaces: Vec<Space>,
    memories: BTreeMap<Id, Whole>,
    knowledge: Vec<(String, Vec<u8>)>,
}

impl Reading {
    fn line(&mut self, bytes: &[u8]) -> Result<(), String> {
        if self.ended {
            return Err("nothing is expected after the last line".into());
        }
        if bytes.len() > MAX_LINE_BYTES {
            return Err(format!("{} bytes, expected at most {MAX_LINE_BYTES}", bytes.len()));
        }
        let line = serde_json::from_slice(bytes)
            .map_err(|e| format!("expected a whole line of an export: {e}"))?;
        if (self.lines == 0) != matches!(line, Line::Striatum { .. }) {
            return Err(
                "expected {\"type\":\"striatum\",\"format\":1,...} as the first line only".into()
            );
        }
        if let Line::End { lines, sha256 } = line {
            return self.end(lines, &sha256);
        }
        self.hash.update(bytes);
        self.lines += 1;
        self.take(line)
    }

    fn end(&mut self, lines: usize, sha256: &str) -> Result<(), String> {
        if lines != self.lines {
            return Err(format!("{} lines before it, expected {lines}", self.lines));
        }
        let found = hex(&std::mem::take(&mut self.hash).finalize());
        if found != sha256 {
            return Err(format!("the lines before it have SHA-256 {found}, expected {sha256}"));
        }
        self.ended = true;
        Ok(())
    }

    fn take(&mut self, line: Line) -> Result<(), String> {
        match line {
            Line::Striatum { format: FORMAT, kind } if kind == "memory" => {}
            Line::Striatum { format, kind } => {
                return Err(format!(
                    "format {format} of {kind:?}, expected {FORMAT} of \"memory\""
                ));
            }
            Line::Collection { collection } => self.spaces.push(collection),
            Line::Memory { memory, embedding, history } => {
                let vector = embedding.map(|text| self.embedding(&memory, &text)).transpose()?;
                check(&memory)?;
                let (id, entry) = (memory.id, (*memory, vector, history));
                if self.memories.insert(id, entry).is_some() {
                    return Err(format!("memory {id} a second time"));
                }
            }
            Line::Knowledge { key, value } => {
                self.knowledge.push((key, BASE64.decode(value).map_err(|e| e.to_string())?));
            }
            Line::End { .. } => {}
        }
        Ok(())
    }

    fn embedding(&self, item: &Item, text: &str) -> Result<Arc<[f32]>, String> {
        let bytes = BASE64.decode(text).map_err(|e| format!("embedding: {e}"))?;
        let vector = record::vector("embedding", &bytes).map_err(|e| e.to_string())?;
        let space = self.spaces.iter().find(|space| space.name == item.collection);
        let Some(space) = space else {
            return Err(format!("collection {:?}, which no line before it has", item.collection));
        };
        crate::plan::check_vector(space, Some(&vector)).map_err(|e| e.to_string())?;
        Ok(vector)
    }

    fn read(self) -> Read {
        let memories = self.memories.into_values().collect();
        Read { spaces: self.spaces, memories, knowledge: self.knowledge }
    }
}

/// A memory from outside is held to the same limits as one that is stored.
fn check(item: &Item) -> Result<(), String> {
    let new = crate::item::New {
        text: item.text.clone(),
        collection: Some(item.collection.clone()),
        scope: item.scope.clone(),
        tags: item.tags.clone(),
        metadata: item.metadata.clone(),
        source: item.source.clone(),
        confidence: Some(item.confidence),
        importance: Some(item.importance),
        trust: Some(item.trust),
        mentions: item.mentions.clone(),
        attitude: item.attitude.clone(),
        ..Default::default()
    };
    let sound = item.version >= 1 && item.number >= 1;
    new.check().map_err(|e| e.to_string())?;
    if sound { Ok(()) } else { Err("version and number are 1 or more".into()) }
}
