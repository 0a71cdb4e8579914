//! What can be done with a memory, one method each: checked, planned, durable, told.

use std::sync::Arc;

use store::{MAX_PAGE, Range};

use crate::config::DEFAULT_COLLECTION;
use crate::durable::Memory;
use crate::error::MemoryError;
use crate::filter::Filter;
use crate::item::{Id, Item, New, Patch, Scope, Status};
use crate::plan::{By, Feedback, Outcome, Storing};
use crate::record::{self, Change, Encoding, Event, HISTORY, Space, VECTORS};
use crate::state::{Index, State};

/// What came of storing a memory.
#[derive(Clone, Debug)]
pub struct Stored {
    /// The memory: the new one, or the one that was there already.
    pub item: Arc<Item>,
    /// What happened.
    pub outcome: Outcome,
    /// How its column was found; none where it has no vector or was not let in.
    pub allocation: Option<column::Allocation>,
    /// The memory that its vector is nearest to, where it is nearly the same.
    pub near: Option<(Id, f32)>,
}

/// A page of memories.
#[derive(Clone, Debug, Default)]
pub struct Listed {
    /// The newest first.
    pub items: Vec<Arc<Item>>,
    /// Where the next page begins.
    pub next: Option<Id>,
    /// How many pass the filter in all.
    pub total: u64,
}

impl Memory {
    /// Remembers; durable when it returns.
    ///
    /// # Errors
    /// [`MemoryError`]; nothing has changed then.
    pub async fn store(&self, new: New, by: &By) -> Result<Stored, MemoryError> {
        let plan = |state: &State, new, id, vector| state.plan_store(new, id, vector, by);
        self.store_as(new, by, plan).await
    }

    /// Remembers as `plan` says, which is given the memory, its name and its vector.
    pub(crate) async fn store_as(
        &self,
        mut new: New,
        by: &By,
        plan: impl FnOnce(&State, New, Id, Option<Arc<[f32]>>) -> Result<Storing, MemoryError>,
    ) -> Result<Stored, MemoryError> {
        new.check()?;
        self.embed_all(std::slice::from_mut(&mut new)).await?;
        if let Some(given) = &new.embedding {
            self.settle(new.collection.as_deref(), given.len()).await?;
        }
        let vector =
            self.vector_for(new.collection.as_deref(), new.embedding.as_deref(), &new.text)?;
        let id = new.id.unwrap_or_else(|| self.name(by.now));
        let plan = |state: &State| {
            let ((changes, item), outcome) = plan(state, new, id, vector)?;
            Ok((changes, (item, outcome)))
        };
        let ((item, outcome), allocations) = self.write(plan).await?;
        let allocation = allocations.into_iter().next();
        let near = allocation.as_ref().and_then(|a| a.duplicate);
        let near = near.and_then(|d| Some((self.read().ok()?.at(d.id)?.id, d.similarity)));
        Ok(Stored { item, outcome, allocation, near })
    }

    /// Changes a memory; the memory as it is then.
    ///
    /// # Errors
    /// [`MemoryError`]; nothing has changed then.
    pub async fn update(&self, id: Id, patch: Patch, by: &By) -> Result<Arc<Item>, MemoryError> {
        patch.check()?;
        let collection = self.get(id)?.collection.clone();
        let vector = match (&patch.embedding, &patch.text) {
            (None, None) => None,
            (given, text) => {
                let text = text.as_deref().unwrap_or_default();
                self.vector_of(Some(&collection), given.as_deref(), text).await?
            }
        };
        let plan = |state: &State| state.plan_update(id, patch, vector, by);
        Ok(self.write(plan).await?.0)
    }

    /// Deletes a memory: it is not found any more, and can be had back for a while.
    ///
    /// # Errors
    /// [`MemoryError::Unknown`], [`MemoryError::Store`].
    pub async fn delete(&self, id: Id, by: &By) -> Result<Arc<Item>, MemoryError> {
        Ok(self.write(|state| state.plan_delete(id, by)).await?.0)
    }

    /// Deletes every memory that passes; how many.
    ///
    /// # Errors
    /// [`MemoryError::Store`]; those before it are deleted then.
    pub async fn delete_all(
        &self,
        scope: &Scope,
        filter: &Filter,
        by: &By,
    ) -> Result<usize, MemoryError> {
        /// Memories that one commit deletes.
        const BATCH: usize = 200;
        let ids: Vec<Id> = self.passing(scope, filter, &[Status::Active])?;
        let mut deleted = 0;
        for batch in ids.chunks(BATCH) {
            let plan = |state: &State| {
                let planned = batch.iter().filter_map(|&id| state.plan_delete(id, by).ok());
                let planned: Vec<_> = planned.collect();
                let n = planned.len();
                Ok((planned.into_iter().flat_map(|(changes, _)| changes).collect(), n))
            };
            deleted += self.write(plan).await?.0;
        }
        Ok(deleted)
    }

    /// Has a deleted memory back.
    ///
    /// # Errors
    /// [`MemoryError::Unknown`], [`MemoryError::State`], [`MemoryError::Store`].
    pub async fn restore(&self, id: Id, by: &By) -> Result<Arc<Item>, MemoryError> {
        let vector = self.stored_vector(id).await?;
        Ok(self.write(|state| state.plan_restore(id, vector, by)).await?.0)
    }

    /// Lets a memory in that the gate held back, or keeps it out.
    ///
    /// # Errors
    /// [`MemoryError::Unknown`], [`MemoryError::State`], [`MemoryError::Store`].
    pub async fn review(&self, id: Id, approved: bool, by: &By) -> Result<Arc<Item>, MemoryError> {
        let vector = self.stored_vector(id).await?;
        Ok(self.write(|state| state.plan_review(id, approved, vector, by)).await?.0)
    }

    /// Judges a memory.
    ///
    /// # Errors
    /// [`MemoryError::Unknown`], [`MemoryError::State`], [`MemoryError::Store`].
    pub async fn feedback(
        &self,
        id: Id,
        feedback: Feedback,
        by: &By,
    ) -> Result<Arc<Item>, MemoryError> {
        Ok(self.write(|state| state.plan_feedback(id, feedback, by)).await?.0)
    }

    /// Removes a memory, its vector, its history and what knowledge says of it, for good. Where that
    /// takes several commits, it is deleted with the first, and tending finishes what is cut short
    /// once the window to undo is over.
    ///
    /// # Errors
    /// [`MemoryError::Unknown`], [`MemoryError::Store`].
    pub async fn erase(&self, id: Id, by: &By) -> Result<(), MemoryError> {
        while !self.write(|state| state.plan_erase(id, by)).await?.0 {}
        Ok(())
    }

    /// A memory, whatever its status.
    ///
    /// # Errors
    /// [`MemoryError::Unknown`].
    pub fn get(&self, id: Id) -> Result<Arc<Item>, MemoryError> {
        self.read()?.item(id).cloned()
    }

    /// The newest memories before `after`.
    ///
    /// # Errors
    /// [`MemoryError::Closed`].
    pub fn list(
        &self,
        scope: &Scope,
        filter: &Filter,
        statuses: &[Status],
        after: Option<Id>,
        limit: usize,
    ) -> Result<Listed, MemoryError> {
        let state = self.read()?;
        let only = state.select(scope, filter, statuses);
        let passes = |slot: u32| match &only {
            Some(only) => only.contains(slot),
            None => state.active.contains(slot),
        };
        let total = only.as_ref().map_or(state.active.len(), roaring::RoaringBitmap::len);
        let range = after.map_or((std::ops::Bound::Unbounded, std::ops::Bound::Unbounded), |id| {
            (std::ops::Bound::Unbounded, std::ops::Bound::Excluded(id))
        });
        let newest = state.ids.range(range).rev().filter(|(_, slot)| passes(**slot));
        let mut items: Vec<_> =
            newest.take(limit + 1).filter_map(|(_, slot)| state.at(*slot).cloned()).collect();
        let more = items.len() > limit;
        items.truncate(limit);
        let next = if more { items.last().map(|item| item.id) } else { None };
        Ok(Listed { items, next, total })
    }

    fn passing(
        &self,
        scope: &Scope,
        filter: &Filter,
        statuses: &[Status],
    ) -> Result<Vec<Id>, MemoryError> {
        let state = self.read()?;
        let only = state.select(scope, filter, statuses);
        let slots: Vec<u32> = only.as_ref().unwrap_or(&state.active).iter().collect();
        Ok(slots.into_iter().filter_map(|slot| Some(state.at(slot)?.id)).collect())
    }

    /// What happened to a memory, the first first.
    ///
    /// # Errors
    /// [`MemoryError::Unknown`], [`MemoryError::Store`].
    pub async fn history(&self, id: Id) -> Result<Vec<Event>, MemoryError> {
        self.get(id)?;
        let prefix = record::event_prefix(id);
        let range = Range { prefix, limit: MAX_PAGE, ..Range::default() };
        let page = self.shared.tenant.scan(HISTORY, range).await?;
        page.records.iter().map(|r| record::decode(&r.key, &r.value)).collect()
    }

    /// A memory as it was at a time: what it said, and whether it was there.
    ///
    /// # Errors
    /// [`MemoryError::Unknown`] where it was not stored yet; [`MemoryError::Store`].
    pub async fn as_of(
        &self,
        id: Id,
        at: crate::item::Time,
    ) -> Result<serde_json::Map<String, serde_json::Value>, MemoryError> {
        let item = self.get(id)?;
        let mut fields = match serde_json::to_value(&*item) {
            Ok(serde_json::Value::Object(fields)) => fields,
            _ => serde_json::Map::new(),
        };
        if at < item.created_at {
            return Err(MemoryError::Unknown { id });
        }
        for event in self.history(id).await?.iter().rev().take_while(|event| event.at > at) {
            event.changed.iter().for_each(|changed| record::undo(&mut fields, changed));
            fields.insert("version".into(), (event.version.saturating_sub(1)).into());
        }
        fields.remove("usage");
        Ok(fields)
    }

    /// The vector of a memory, as it was stored.
    ///
    /// # Errors
    /// [`MemoryError::Store`], [`MemoryError::Corrupt`].
    pub async fn stored_vector(&self, id: Id) -> Result<Option<Arc<[f32]>>, MemoryError> {
        let key = id.to_string();
        let record = self.shared.tenant.get(VECTORS, &key).await?;
        record.map(|r| record::vector(&r.key, &r.value)).transpose()
    }

    /// Collections of vectors, by name.
    ///
    /// # Errors
    /// [`MemoryError::Closed`].
    pub fn spaces(&self) -> Result<Vec<(Space, usize)>, MemoryError> {
        let state = self.read()?;
        Ok(state.spaces.values().map(|i| (i.space.clone(), i.columns.len())).collect())
    }

    /// Makes a collection, or changes one that is empty.
    ///
    /// # Errors
    /// [`MemoryError::Field`] where it is there with other vectors, [`MemoryError::TooLarge`].
    pub async fn add_space(&self, space: Space) -> Result<(), MemoryError> {
        if space.encoder == Encoding::BuiltIn
            && space.dimension != self.shared.encoders.built_in.dimensions()
        {
            let expected = format!(
                "{}, as the built-in encoder has",
                self.shared.encoders.built_in.dimensions()
            );
            return Err(MemoryError::Field { what: "dimension", expected });
        }
        if matches!(space.encoder, Encoding::Endpoint(_)) {
            self.endpoint_of(&space)?;
        }
        let plan = |state: &State| {
            state.check_space(&space)?;
            let there = state.spaces.get(&space.name).is_some_and(|index| index.space == space);
            Ok((if there { Vec::new() } else { vec![Change::Space(space.clone())] }, ()))
        };
        self.write(plan).await.map(|_| ())
    }

    /// The first vector that is given to a collection fixes its dimension, unless its model does.
    async fn settle(&self, collection: Option<&str>, dimension: usize) -> Result<(), MemoryError> {
        let name = collection.unwrap_or(DEFAULT_COLLECTION);
        let settled = {
            let state = self.read()?;
            let there = state.spaces.get(name);
            let bound = |i: &Index| {
                let fixed = matches!(i.space.encoder, Encoding::Endpoint(_));
                fixed || i.space.dimension == dimension || !i.columns.is_empty()
            };
            there.is_some_and(bound)
        };
        if settled {
            return Ok(());
        }
        let encoder = Encoding::Given;
        self.add_space(Space { name: name.to_owned(), dimension, encoder }).await
    }

    /// Where a memory would go if it were stored, and what votes for that; nothing changes. Its text may
    /// be empty where its vector is given.
    ///
    /// # Errors
    /// [`MemoryError::Dimension`], [`MemoryError::Collection`], [`MemoryError::Field`],
    /// [`MemoryError::Refused`].
    pub async fn allocate(
        &self,
        new: New,
        by: &By,
    ) -> Result<(column::Allocation, Option<Id>), MemoryError> {
        new.check_beside_text()?;
        let collection = new.collection.clone();
        let vector = self.vector_of(collection.as_deref(), new.embedding.as_deref(), &new.text);
        let Some(vector) = vector.await? else {
            let expected = "a vector, or a text that the encoder knows a word of".into();
            return Err(MemoryError::Field { what: "text", expected });
        };
        let state = self.read()?;
        let Index { space, columns, .. } = state.space(collection.as_deref())?;
        let corrects = new.supersedes.is_some();
        let item = state.made(new, self.name(by.now), &space.name, by)?;
        let allocation = columns.allocate_with(&vector, state.aspects(&item, corrects))?;
        let near = allocation.duplicate.and_then(|d| state.at(d.id)).map(|item| item.id);
        Ok((allocation, near))
    }

    /// What the columns of a collection look like.
    ///
    /// # Errors
    /// [`MemoryError::Collection`].
    pub fn survey(&self, collection: Option<&str>) -> Result<column::Survey, MemoryError> {
        Ok(self.read()?.space(collection)?.columns.survey())
    }

    /// The vector of a text: as given, or by the collection's encoder or endpoint.
    async fn vector_of(
        &self,
        collection: Option<&str>,
        given: Option<&[f32]>,
        text: &str,
    ) -> Result<Option<Arc<[f32]>>, MemoryError> {
        if given.is_none()
            && let Some(vector) = self.vector_by_endpoint(collection, text).await?
        {
            return Ok(Some(vector));
        }
        self.vector_for(collection, given, text)
    }

    /// The vector of a text: as given, or by the encoder that is built in.
    fn vector_for(
        &self,
        collection: Option<&str>,
        given: Option<&[f32]>,
        text: &str,
    ) -> Result<Option<Arc<[f32]>>, MemoryError> {
        let state = self.read()?;
        let space = &state.space(collection)?.space;
        if let Some(given) = given {
            crate::plan::check_vector(space, Some(given))?;
            return Ok(Some(given.into()));
        }
        match &space.encoder {
            Encoding::BuiltIn => {
                drop(state);
                let vector = self.shared.encoders.built_in.encode(text);
                Ok(vector.iter().any(|&x| x != 0.0).then(|| vector.into()))
            }
            Encoding::Given | Encoding::Endpoint(_) => Err(MemoryError::Field {
                what: "embedding",
                expected: format!("{} values, for collection {}", space.dimension, space.name),
            }),
        }
    }

    /// Where a collection's vectors come from.
    ///
    /// # Errors
    /// [`MemoryError::Collection`].
    pub fn encoding(&self, collection: Option<&str>) -> Result<Encoding, MemoryError> {
        let name = collection.unwrap_or(DEFAULT_COLLECTION);
        Ok(self.read()?.space(Some(name))?.space.encoder.clone())
    }
}
