//! From the records to a state that answers.

use std::collections::BTreeMap;
use std::sync::Arc;

use column::Columns;
use knowledge::Knowledge;
use store::{Collection, MAX_PAGE, Range, Record, Tenant};
use text::{Encoder, Postings};

use crate::config::{Config, DEFAULT_COLLECTION};
use crate::error::MemoryError;
use crate::item::Item;
use crate::record::{self, ITEMS, KNOWLEDGE, SPACES, Space, VECTORS};
use crate::state::{Index, State, columns_config, default_space};

/// Threads that build columns.
const THREADS: usize = 2;

/// A vector and the memory that has it.
type Placed = (u32, Arc<[f32]>);

/// Everything that was read, before it is built.
struct Records {
    items: Vec<Record>,
    vectors: Vec<Record>,
    spaces: Vec<Record>,
    knowledge: Vec<Record>,
}

/// Reads a tenant's records and builds what searches.
pub(crate) async fn read(
    tenant: &Tenant,
    config: &Config,
    encoder: &Arc<Encoder>,
) -> Result<State, MemoryError> {
    let (items, vectors, spaces, knowledge) = tokio::try_join!(
        all(tenant, ITEMS),
        all(tenant, VECTORS),
        all(tenant, SPACES),
        all(tenant, KNOWLEDGE)
    )?;
    let records = Records { items, vectors, spaces, knowledge };
    let (config, dimension) = (config.clone(), encoder.dimensions());
    let built = tokio::task::spawn_blocking(move || build(records, config, dimension)).await;
    built.unwrap_or(Err(MemoryError::Closed))
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

fn build(records: Records, config: Config, dimension: usize) -> Result<State, MemoryError> {
    let mut state = State::new(config)?;
    state.add_space(&default_space(dimension))?;
    for record in &records.spaces {
        state.add_space(&record::decode::<Space>(&record.key, &record.value)?)?;
    }
    for record in &records.items {
        let item: Item = record::decode(&record.key, &record.value)?;
        state.load(item, record.version);
    }
    let (words, spaces, knowledge) = std::thread::scope(|threads| {
        let words = threads.spawn(|| words(&state));
        let knowledge = threads.spawn(|| learned(&records.knowledge));
        let spaces = columns(&state, &records.vectors);
        let joined = |_| MemoryError::Closed;
        let words = words.join().map_err(joined)??;
        Ok::<_, MemoryError>((words, spaces?, knowledge.join().map_err(joined)??))
    })?;
    state.words = words;
    state.knowledge = knowledge;
    for (name, columns) in spaces {
        if let Some(index) = state.spaces.get_mut(&name) {
            index.columns = columns;
        }
    }
    Ok(state)
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

/// The columns of each collection, built at once from the vectors of what is active.
fn columns(state: &State, records: &[Record]) -> Result<Vec<(String, Columns)>, MemoryError> {
    let mut vectors: BTreeMap<&str, Vec<Placed>> = BTreeMap::new();
    for record in records {
        let Ok(id) = crate::item::Id::parse(&record.key) else { continue };
        let Some(slot) = state.slot(id).filter(|&slot| state.active.contains(slot)) else {
            continue;
        };
        let collection = state.at(slot).map_or(DEFAULT_COLLECTION, |item| &item.collection);
        let vector = record::vector(&record.key, &record.value)?;
        vectors.entry(collection).or_default().push((slot, vector));
    }
    let build = |(name, vectors): (&str, Vec<Placed>)| {
        let Some(Index { space, .. }) = state.spaces.get(name) else { return Ok(None) };
        let items: Vec<(u32, &[f32])> = vectors.iter().map(|(slot, v)| (*slot, &**v)).collect();
        let columns = Columns::build(columns_config(space.dimension), &items, THREADS)?;
        Ok(Some((name.to_owned(), columns)))
    };
    vectors.into_iter().map(build).filter_map(Result::transpose).collect()
}
