//! How much a tenant may keep. It is shared with whoever sets it, and a change holds for the next
//! memory that is stored; what is there stays, however much it is.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::config::Config;

/// The most that a tenant may keep.
#[derive(Debug)]
pub struct Quota {
    memories: AtomicU64,
    bytes: AtomicU64,
}

impl Quota {
    /// So many memories, deleted ones that can be had back among them, and so many bytes of texts,
    /// metadata and vectors.
    pub fn new(memories: u64, bytes: u64) -> Self {
        Self { memories: AtomicU64::new(memories), bytes: AtomicU64::new(bytes) }
    }

    /// The quota that a configuration begins with.
    pub fn of(config: &Config) -> Self {
        Self::new(config.max_memories, config.max_bytes)
    }

    /// Changes both.
    pub fn set(&self, memories: u64, bytes: u64) {
        self.memories.store(memories, Ordering::Relaxed);
        self.bytes.store(bytes, Ordering::Relaxed);
    }

    /// Memories at most.
    pub fn memories(&self) -> u64 {
        self.memories.load(Ordering::Relaxed)
    }

    /// Bytes at most.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }
}
