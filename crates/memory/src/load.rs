//! From the records to a state that answers.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread::ScopedJoinHandle;

use column::{Aspects, Columns};
use knowledge::Knowledge;
use store::{Collection, MAX_PAGE, Range, Record, Tenant};
use text::{Encoder, Postings};

use crate::config::{Config, DEFAULT_COLLECTION};
use crate::error::MemoryError;
use crate::head::Head;
use crate::item::Item;
use crate::layout::LEAST_VECTORS;
use crate::quota::Quota;
use crate::record::{self, Encoding, ITEMS, KNOWLEDGE, LAYOUTS, SPACES, Space, VECTORS};
use crate::state::{Index, State, default_space};

/// Threads that decode memories and build columns.
const THREADS: usize = 2;

/// The columns of a collection, and how many vectors its layout did not have, where it has one.
type Laid = (String, Columns, Option<usize>);

/// A vector and the memory that has it.
type Placed = (u32, Arc<[f32]>);

/// Everything that was read, before it is built.
struct Records {
    items: Vec<Record>,
    vectors: Vec<Record>,
    spaces: Vec<Record>,
    knowledge: Vec<Record>,
    layouts: Vec<Record>,
}

/// Reads who wrote last, then a tenant's records, and builds what searches.
pub(crate) async fn read(
    tenant: &Tenant,
    (config, quota): (&Config, &Arc<Quota>),
    encoder: &Arc<Encoder>,
) -> Result<(State, Head), MemoryError> {
    // First: what is written from now on is seen as another's.
    let head = Head::read(tenant).await?;
    let (items, vectors, spaces, knowledge, layouts) = tokio::try_join!(
        all(tenant, ITEMS),
        all(tenant, VECTORS),
        all(tenant, SPACES),
        all(tenant, KNOWLEDGE),
        all(tenant, LAYOUTS)
    )?;
    let records = Records { items, vectors, spaces, knowledge, layouts };
    let (limits, encoder) = ((config.clone(), Arc::clone(quota)), Arc::clone(encoder));
    let built = tokio::task::spawn_blocking(move || build(records, limits, &encoder)).await;
    Ok((built.unwrap_or(Err(MemoryError::Closed))?, head))
}

async fn all(tenant: &Tenant, collection: Collection) -> Result<Vec<Record>, MemoryError> {
    let mut records = Vec::new();
    let mut range = Range { limit: MAX_PAGE, ..Range::default() };
    loop {
        let page = tenant.scan(collection, range.clone()).await?;
        records.extend(page.records);
        let Some(next) = page.next else { return Ok(records) };
        range.after = Some(next);
    }
}

fn build(
    records: Records,
    (config, quota): (Config, Arc<Quota>),
    encoder: &Encoder,
) -> Result<State, MemoryError> {
    let mut state = State::new(config, quota)?;
    state.add_space(&default_space(encoder.dimensions()))?;
    for record in &records.spaces {
        let mut space: Space = record::decode(&record.key, &record.value)?;
        if space.encoder == Encoding::BuiltIn {
            space.dimension = encoder.dimensions();
        }
        state.add_space(&space)?;
    }
    for (item, version) in items(&records.items)? {
        state.load(item, version);
    }
    let (words, spaces, knowledge) = std::thread::scope(|threads| {
        let words = threads.spawn(|| words(&state));
        let knowledge = threads.spawn(|| learned(&records.knowledge));
        let spaces = columns(&state, &records, encoder);
        let joined = |_| MemoryError::Closed;
        let words = words.join().map_err(joined)??;
        Ok::<_, MemoryError>((words, spaces?, knowledge.join().map_err(joined)??))
    })?;
    state.words = words;
    state.knowledge = knowledge;
    let aspects = aspects(&state);
    for (name, mut columns, n_new) in spaces {
        attend(&mut columns, &aspects, n_new.is_some());
        if let Some(index) = state.spaces.get_mut(&name) {
            let n = columns.n_insertions();
            index.laid_out = n_new.map(|n_new| n.saturating_sub(n_new as u64));
            index.columns = columns;
        }
    }
    Ok(state)
}

/// What each active memory is beside its vector, by slot.
fn aspects(state: &State) -> Vec<(u32, Aspects)> {
    let slots: Vec<u32> = state.active.iter().collect();
    let of = |slot: &u32| Some((*slot, state.aspects(state.at(*slot)?, false)));
    std::thread::scope(|threads| {
        let parts = slots.chunks(slots.len().div_ceil(THREADS).max(1));
        let parts: Vec<_> =
            parts.map(|part| threads.spawn(move || part.iter().filter_map(of).collect())).collect();
        let joined = |part: ScopedJoinHandle<'_, Vec<_>>| part.join().unwrap_or_default();
        parts.into_iter().flat_map(joined).collect()
    })
}

/// Tells the columns what their memories are beside their vectors, and lets them compete with it:
/// not where a layout has their places, and not where they are many.
fn attend(columns: &mut Columns, aspects: &[(u32, Aspects)], placed: bool) {
    for (slot, aspects) in aspects {
        columns.attend(*slot, *aspects);
    }
    if !placed && columns.len() < LEAST_VECTORS {
        columns.compete_again();
    }
}

/// The memories with their versions, in their order.
fn items(records: &[Record]) -> Result<Vec<(Item, u64)>, MemoryError> {
    let decode = |part: &[Record]| {
        let decode = |r: &Record| Ok((record::decode_item(&r.key, &r.value)?, r.version));
        part.iter().map(decode).collect::<Result<Vec<_>, MemoryError>>()
    };
    let decode = &decode;
    std::thread::scope(|threads| {
        let parts = records.chunks(records.len().div_ceil(THREADS).max(1));
        let parts: Vec<_> = parts.map(|part| threads.spawn(move || decode(part))).collect();
        let mut items = Vec::with_capacity(records.len());
        for part in parts {
            items.extend(part.join().map_err(|_| MemoryError::Closed)??);
        }
        Ok(items)
    })
}

fn words(state: &State) -> Result<Postings, MemoryError> {
    let mut words = Postings::new(text::postings::Config::default())?;
    for slot in &state.active {
        if let Some(item) = state.at(slot) {
            words.insert(slot, &item.document());
        }
    }
    Ok(words)
}

fn learned(records: &[Record]) -> Result<Knowledge, MemoryError> {
    Ok(Knowledge::load(records.iter().map(|r| (r.key.as_str(), r.value.as_slice())))?)
}

/// The columns of each collection, built at once from the vectors of what is active, and from what
/// its columns learned before where that was kept.
fn columns(state: &State, records: &Records, encoder: &Encoder) -> Result<Vec<Laid>, MemoryError> {
    let mut vectors: BTreeMap<&str, Vec<Placed>> = BTreeMap::new();
    for record in &records.vectors {
        let Ok(id) = crate::item::Id::parse(&record.key) else { continue };
        let Some(slot) = state.slot(id).filter(|&slot| state.active.contains(slot)) else {
            continue;
        };
        let collection = state.at(slot).map_or(DEFAULT_COLLECTION, |item| &item.collection);
        let mut vector = record::vector(&record.key, &record.value)?;
        let built_in =
            state.spaces.get(collection).is_some_and(|i| i.space.encoder == Encoding::BuiltIn);
        // Made by an encoder of before, and made anew by this one.
        if built_in && vector.len() != encoder.dimensions() {
            vector = state.at(slot).map_or(vector, |item| encoder.encode(&item.text).into());
        }
        vectors.entry(collection).or_default().push((slot, vector));
    }
    let build = |(name, vectors): (&str, Vec<Placed>)| {
        let Some(Index { space, .. }) = state.spaces.get(name) else { return Ok(None) };
        let items: Vec<(u32, &[f32])> = vectors.iter().map(|(slot, v)| (*slot, &**v)).collect();
        let config = state.config.columns.of(space.dimension);
        let kept = records.layouts.iter().find(|record| record.key == name);
        let Some(layout) = kept.and_then(|record| state.layout(name, &record.value)) else {
            return Ok(Some((name.to_owned(), Columns::build(config, &items, THREADS)?, None)));
        };
        let (columns, n_new) = Columns::build_as(config, &items, &layout, THREADS)?;
        Ok(Some((name.to_owned(), columns, Some(n_new))))
    };
    vectors.into_iter().map(build).filter_map(Result::transpose).collect()
}
