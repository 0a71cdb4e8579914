//! How much a memory holds, for those who look and for metrics.

use serde::Serialize;
use store::{StoreError, Tenant};

use crate::durable::Memory;
use crate::error::MemoryError;
use crate::record::ITEMS;

/// How much a memory holds.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Stats {
    /// Memories that are found.
    pub active: u64,
    /// Memories that are not, by status.
    pub quarantined: u64,
    /// Those that another took the place of.
    pub superseded: u64,
    /// Those whose time is over.
    pub expired: u64,
    /// Those that were deleted and can be had back.
    pub deleted: u64,
    /// Active memories of the working tier.
    pub working: u64,
    /// Of the short-term tier.
    pub short_term: u64,
    /// Of the long-term tier.
    pub long_term: u64,
    /// Bytes that count against the quota.
    pub bytes: u64,
    /// Bytes of columns in memory.
    pub column_bytes: u64,
    /// Bytes of postings in memory.
    pub posting_bytes: u64,
    /// Collections of vectors.
    pub collections: u64,
    /// Columns of all of them.
    pub columns: u64,
    /// Entities that are known.
    pub entities: u64,
    /// Relations that are known.
    pub relations: u64,
    /// Facts that are known.
    pub facts: u64,
    /// Contradictions that nobody has resolved.
    pub contradictions: u64,
}

/// Memories that the store has of a tenant whose memory need not be open, whatever their status.
///
/// # Errors
/// [`StoreError`].
pub async fn stored(tenant: &Tenant) -> Result<u64, StoreError> {
    Ok(tenant.usage(ITEMS).await?.records)
}

impl Stats {
    /// Memories that count against the quota, whatever their status.
    pub fn memories(&self) -> u64 {
        self.active + self.quarantined + self.superseded + self.expired + self.deleted
    }
}

impl Memory {
    /// How much it holds.
    ///
    /// # Errors
    /// [`MemoryError::Closed`].
    pub fn stats(&self) -> Result<Stats, MemoryError> {
        let state = self.read()?;
        let census = state.census();
        let status = |name| census.iter().filter(|((s, _), _)| *s == name).map(|(_, n)| n).sum();
        let tier = |name| census.get(&("active", name)).copied().unwrap_or(0);
        let counts = state.knowledge.counts();
        let view = state.knowledge.latest(knowledge::BranchId::MAIN)?;
        let open = view.n_open() as u64;
        Ok(Stats {
            active: status("active"),
            quarantined: status("quarantined"),
            superseded: status("superseded"),
            expired: status("expired"),
            deleted: status("deleted"),
            working: tier("working"),
            short_term: tier("short_term"),
            long_term: tier("long_term"),
            bytes: state.bytes,
            column_bytes: state.spaces.values().map(|i| i.columns.bytes().total() as u64).sum(),
            posting_bytes: state.words.bytes() as u64,
            collections: state.spaces.len() as u64,
            columns: state.spaces.values().map(|i| i.columns.survey().columns.len() as u64).sum(),
            entities: counts.entities as u64,
            relations: counts.relations as u64,
            facts: counts.facts as u64,
            contradictions: open,
        })
    }
}

impl Stats {
    /// Adds what another memory holds.
    pub fn add(&mut self, other: &Self) {
        let pairs = [
            (&mut self.active, other.active),
            (&mut self.quarantined, other.quarantined),
            (&mut self.superseded, other.superseded),
            (&mut self.expired, other.expired),
            (&mut self.deleted, other.deleted),
            (&mut self.working, other.working),
            (&mut self.short_term, other.short_term),
            (&mut self.long_term, other.long_term),
            (&mut self.bytes, other.bytes),
            (&mut self.column_bytes, other.column_bytes),
            (&mut self.posting_bytes, other.posting_bytes),
            (&mut self.collections, other.collections),
            (&mut self.columns, other.columns),
            (&mut self.entities, other.entities),
            (&mut self.relations, other.relations),
            (&mut self.facts, other.facts),
            (&mut self.contradictions, other.contradictions),
        ];
        for (mine, theirs) in pairs {
            *mine += theirs;
        }
    }
}
