//! The store: samples of many series over time, in bounded memory.

use std::ops::Range;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::chunk::{Chunk, Sample};
use crate::config::Config;
use crate::disk::{Disk, Flushed, Restored};
use crate::error::{HistoryError, Refused};
use crate::index::Slot;
use crate::labels::Labels;
use crate::matcher::Matcher;
use crate::table::{Handle, Stats, Table};

/// How many series or samples are worked on under one lock, so that readers and writers wait little
/// for each other.
const RUN: usize = 512;

/// Samples of many series over time, in bounded memory and, if so configured, on disk.
///
/// Every method takes `&self`; readers and writers share it between threads.
///
/// ```
/// use history::{Config, History, Labels, Matcher};
///
/// let (history, _) = History::open(Config::default())?;
/// let series = history.handle(&Labels::new([("__name__", "up"), ("job", "a")])?)?;
/// history.append(series, 1_000, 1.0)?;
/// let found = history.select(&[Matcher::equal("job", "a")], 0, 2_000);
/// assert_eq!(found[0].samples(0, 2_000).count(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct History {
    config: Config,
    table: RwLock<Table>,
    disk: Option<Disk>,
}

/// What became of many samples; `taken` and the rest together are as many as there were.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Appended {
    /// Taken.
    pub taken: usize,
    /// Refused: older than the newest of their series.
    pub out_of_order: usize,
    /// Refused: there is one at their time.
    pub duplicates: usize,
    /// Refused because their series was forgotten: their places in what was passed.
    pub forgotten: Vec<usize>,
}

/// A series with samples in the time that was asked for.
#[derive(Clone, Debug)]
pub struct Selected {
    /// Its labels.
    pub labels: Labels,
    chunks: Vec<Chunk>,
}

impl Selected {
    /// Its samples from one time to another, both included (milliseconds), staleness markers too.
    pub fn samples(&self, from_ms: i64, to_ms: i64) -> impl Iterator<Item = Sample> + '_ {
        self.chunks
            .iter()
            .flat_map(Chunk::samples)
            .skip_while(move |sample| sample.t_ms < from_ms)
            .take_while(move |sample| sample.t_ms <= to_ms)
    }

    /// Samples in the chunks that will be read for it: no fewer than it has.
    pub fn n_samples_at_most(&self) -> usize {
        self.chunks.iter().map(|chunk| usize::from(chunk.count)).sum()
    }
}

impl History {
    /// An empty store, or what its folder has.
    ///
    /// # Errors
    ///
    /// Settings that cannot be; a folder that cannot be read. Segments that are damaged are no
    /// error: what can be read is restored, and [`Restored`] tells the rest.
    pub fn open(config: Config) -> Result<(Self, Restored), HistoryError> {
        let problems = config.problems();
        if !problems.is_empty() {
            return Err(HistoryError::Config { problems });
        }
        let mut table = Table::new(config.max_memory_bytes, config.max_series);
        let (disk, restored) = match &config.disk {
            Some(disk) => Disk::open(disk, &mut table).map(|(disk, told)| (Some(disk), told))?,
            None => (None, Restored::default()),
        };
        Ok((Self { config, table: RwLock::new(table), disk }, restored))
    }

    /// What it was opened with.
    pub fn config(&self) -> &Config {
        &self.config
    }

    // A panic under the lock would be a bug; what it leaves is numbers, and still the best there is.
    pub(crate) fn read(&self) -> RwLockReadGuard<'_, Table> {
        self.table.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Table> {
        self.table.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The handle of a series, which is made if there is none. Keep it: to append by it is cheap.
    ///
    /// # Errors
    ///
    /// [`Refused::TooManySeries`] and [`Refused::MemoryFull`].
    pub fn handle(&self, labels: &Labels) -> Result<Handle, Refused> {
        self.write().handle(labels)
    }

    /// Adds one sample; its value may be [`crate::STALE`].
    ///
    /// # Errors
    ///
    /// [`Refused::Forgotten`], [`Refused::OutOfOrder`] and [`Refused::Duplicate`].
    pub fn append(&self, handle: Handle, t_ms: i64, value: f64) -> Result<(), Refused> {
        self.write().append(handle, Sample { t_ms, value })
    }

    /// Adds many samples, some hundreds under each lock.
    pub fn append_all(&self, samples: &[(Handle, Sample)]) -> Appended {
        let mut appended = Appended::default();
        for (run, samples) in samples.chunks(RUN).enumerate() {
            let mut table = self.write();
            for (i, (handle, sample)) in samples.iter().enumerate() {
                match table.append(*handle, *sample) {
                    Ok(()) => appended.taken += 1,
                    Err(Refused::OutOfOrder) => appended.out_of_order += 1,
                    Err(Refused::Duplicate) => appended.duplicates += 1,
                    Err(_) => appended.forgotten.push(run * RUN + i),
                }
            }
        }
        appended
    }

    /// Drops what is older than the retention, in memory and on disk. Series without samples are
    /// forgotten, those too whose first sample is still to come. To be called every minute or so.
    ///
    /// # Errors
    ///
    /// A segment that cannot be deleted.
    pub fn expire(&self, now_ms: i64) -> Result<(), HistoryError> {
        let retention_ms = i64::try_from(self.config.retention.as_millis()).unwrap_or(i64::MAX);
        let limit_ms = now_ms.saturating_sub(retention_ms);
        self.write().expire_full(limit_ms);
        let n_slots = self.read().n_slots();
        for run in runs(n_slots) {
            self.write().expire_heads(run, limit_ms);
        }
        self.disk.as_ref().map_or(Ok(()), |disk| disk.expire(limit_ms))
    }

    /// Writes what is new to disk, if there is one; returns when it is there for good. To be called
    /// every few seconds, from a thread that may wait: what a crash loses is what came after.
    ///
    /// # Errors
    ///
    /// A disk that is full or fails. Nothing is lost by that: the next call writes it.
    pub fn flush(&self) -> Result<Flushed, HistoryError> {
        self.disk.as_ref().map_or(Ok(Flushed::default()), |disk| disk.flush(self))
    }

    /// What it holds and has done.
    pub fn stats(&self) -> Stats {
        self.read().stats()
    }

    /// The series that match, with their samples from one time to another, both included
    /// (milliseconds); sorted by labels. Samples are shared, not copied, and read without a lock.
    pub fn select(&self, matchers: &[Matcher], from_ms: i64, to_ms: i64) -> Vec<Selected> {
        let slots = self.read().select(matchers);
        let mut selected = Vec::new();
        for run in slots.chunks(RUN) {
            let table = self.read();
            for series in run.iter().filter_map(|slot| table.get(*slot)) {
                let chunks = series.chunks(from_ms, to_ms);
                // Between two locks a place may have got another series.
                if !chunks.is_empty() && matchers.iter().all(|m| m.matches(&series.labels)) {
                    selected.push(Selected { labels: series.labels.clone(), chunks });
                }
            }
        }
        selected.sort_by(|a, b| a.labels.cmp(&b.labels));
        selected
    }

    /// The labels of the series that match and have samples from one time to another; not sorted.
    pub fn select_labels(&self, matchers: &[Matcher], from_ms: i64, to_ms: i64) -> Vec<Labels> {
        let slots = self.read().select(matchers);
        let mut selected = Vec::new();
        for run in slots.chunks(RUN) {
            let table = self.read();
            for series in run.iter().filter_map(|slot| table.get(*slot)) {
                let span = series.span_ms();
                let within = span.is_some_and(|(first, last)| first <= to_ms && last >= from_ms);
                if within && matchers.iter().all(|m| m.matches(&series.labels)) {
                    selected.push(series.labels.clone());
                }
            }
        }
        selected
    }
}

/// All places, some hundreds at a time.
fn runs(n_slots: Slot) -> impl Iterator<Item = Range<Slot>> {
    (0..n_slots).step_by(RUN).map(move |from| from..n_slots.min(from + RUN as Slot))
}
