//! One series: chunks that are full, and the one that is being written.

use std::collections::VecDeque;

use crate::chunk::{Chunk, SAMPLES_PER_CHUNK, Sample, Writer};
use crate::labels::Labels;

/// What a series costs beside its labels and samples, its places in tables included (bytes).
const SERIES_BYTES: usize = size_of::<Series>() + 96;
/// What a chunk costs beside its bytes (bytes): itself, the counts of its `Arc`, its turn to go.
pub(crate) const CHUNK_BYTES: usize = size_of::<Chunk>() + 16 + 24;

/// One series.
pub(crate) struct Series {
    pub(crate) labels: Labels,
    /// Tells this series from another one that has its place later.
    pub(crate) generation: u32,
    full: VecDeque<Chunk>,
    head: Writer,
    /// The newest sample, which outlives its chunk.
    newest_ms: Option<i64>,
}

/// A sample that is not taken.
pub(crate) enum Order {
    Earlier,
    Same,
}

impl Series {
    pub(crate) fn new(labels: Labels, generation: u32) -> Self {
        let (full, head) = (VecDeque::new(), Writer::default());
        Self { labels, generation, full, head, newest_ms: None }
    }

    /// Memory without samples (bytes).
    pub(crate) fn bytes_without_samples(labels: &Labels) -> usize {
        SERIES_BYTES + labels.as_packed().len()
    }

    pub(crate) fn head_capacity(&self) -> usize {
        self.head.capacity()
    }

    pub(crate) fn head_last_ms(&self) -> i64 {
        self.head.last_ms()
    }

    pub(crate) fn check(&self, t_ms: i64) -> Result<(), Order> {
        match self.newest_ms {
            Some(newest) if t_ms < newest => Err(Order::Earlier),
            Some(newest) if t_ms == newest => Err(Order::Same),
            _ => Ok(()),
        }
    }

    /// Adds a sample that was checked; whether the head is full now.
    pub(crate) fn push(&mut self, sample: Sample) -> bool {
        self.head.push(sample);
        self.newest_ms = Some(sample.t_ms);
        self.head.count() >= SAMPLES_PER_CHUNK
    }

    /// The head becomes a chunk like the others, if it holds anything; the memory that takes.
    pub(crate) fn seal(&mut self) -> Option<usize> {
        if self.head.count() == 0 {
            return None;
        }
        let chunk = self.head.chunk();
        let bytes = CHUNK_BYTES + chunk.bytes.len();
        self.full.push_back(chunk);
        self.head = Writer::default();
        Some(bytes)
    }

    pub(crate) fn newest_ms(&self) -> Option<i64> {
        self.newest_ms
    }

    /// Takes the oldest chunk away.
    pub(crate) fn pop(&mut self) -> Option<Chunk> {
        self.full.pop_front()
    }

    /// Takes away the head if all of it is older; samples in it.
    pub(crate) fn drop_head_before(&mut self, limit_ms: i64) -> u16 {
        let count = self.head.count();
        if count == 0 || self.head.last_ms() >= limit_ms {
            return 0;
        }
        self.head = Writer::default();
        count
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.full.is_empty() && self.head.count() == 0
    }

    /// When the samples held begin and end (milliseconds).
    pub(crate) fn span_ms(&self) -> Option<(i64, i64)> {
        let head = (self.head.count() > 0).then(|| self.head.first_ms());
        let first = self.full.front().map(|chunk| chunk.first_ms).or(head)?;
        let last = if head.is_some() { self.head.last_ms() } else { self.full.back()?.last_ms };
        Some((first, last))
    }

    /// The chunks with samples from one time to another, both included.
    pub(crate) fn chunks(&self, from_ms: i64, to_ms: i64) -> Vec<Chunk> {
        let begin = self.full.partition_point(|chunk| chunk.last_ms < from_ms);
        let full = self.full.range(begin..).take_while(|chunk| chunk.first_ms <= to_ms);
        let mut chunks: Vec<_> = full.cloned().collect();
        let head = &self.head;
        if head.count() > 0 && head.first_ms() <= to_ms && head.last_ms() >= from_ms {
            chunks.push(head.chunk());
        }
        chunks
    }
}
