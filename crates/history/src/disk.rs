//! Samples on disk: a bounded number of segments, each sound by itself.
//!
//! [`crate::History::flush`] writes what is new since the last time as frames at the end of the
//! newest segment, and waits for the disk. A process that is killed leaves a frame that is cut short;
//! it is cut off when the folder is opened again. Segments are never written again once another was
//! begun, and the oldest is deleted when there is no room or its samples are too old.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::config::DiskConfig;
use crate::error::HistoryError;
use crate::index::Slot;
use crate::segment::{self, Damage, Entry, FRAME_BYTES, Frame, HEAD};
use crate::store::History;
use crate::table::{Handle, Table};

/// Into how many segments the room is divided.
pub const SEGMENTS: u64 = 16;
/// The largest that a segment becomes, however much room there is (bytes).
pub const MAX_SEGMENT_BYTES: u64 = 64 << 20;
/// The most segments of a folder, however small they are.
pub const MAX_SEGMENTS: usize = 4096;
const EXTENSION: &str = "segment";

/// What was found when a folder was opened.
#[derive(Debug, Default)]
pub struct Restored {
    /// Segments read.
    pub segments: usize,
    /// Samples restored; those dropped since to make room count too.
    pub samples: u64,
    /// What could not be read.
    pub dropped: Vec<Dropped>,
}

/// The end of a segment that was cut off.
#[derive(Debug)]
pub struct Dropped {
    /// The segment.
    pub path: PathBuf,
    /// Where what was sound ends (bytes from the beginning).
    pub at: u64,
    /// How much was cut off (bytes).
    pub bytes: u64,
    /// Why.
    pub damage: Damage,
}

/// What one call wrote.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flushed {
    /// Samples.
    pub samples: u64,
    /// Bytes.
    pub bytes: u64,
}

pub(crate) struct Disk {
    folder: PathBuf,
    max_bytes: u64,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The oldest first.
    segments: Vec<Segment>,
    /// The newest of them, while it is written.
    file: Option<File>,
    next_number: u64,
    /// By place: until when a series is on disk.
    marks: Vec<Mark>,
}

struct Segment {
    path: PathBuf,
    bytes: u64,
    newest_ms: i64,
}

#[derive(Clone, Copy)]
struct Mark {
    generation: u32,
    /// The newest sample written (milliseconds).
    flushed_ms: i64,
    /// The segment that has its labels.
    segment: u64,
}

/// What one flush has written and not yet made sure of.
struct Writing {
    frame: Frame,
    marks: Vec<(Slot, Mark)>,
    newest_ms: i64,
    told: Flushed,
}

fn at<T>(path: &Path, doing: &'static str, result: std::io::Result<T>) -> Result<T, HistoryError> {
    result.map_err(|source| HistoryError::Disk { path: path.to_owned(), doing, source })
}

impl Disk {
    pub(crate) fn open(
        config: &DiskConfig,
        table: &mut Table,
    ) -> Result<(Self, Restored), HistoryError> {
        let folder = config.folder.clone();
        at(&folder, "make the folder", fs::create_dir_all(&folder))?;
        let mut state = State::default();
        let mut restored = Restored::default();
        for (number, path) in numbered(&folder)? {
            state.next_number = number + 1;
            restored.segments += 1;
            state.segments.extend(restore(path, table, &mut restored)?);
        }
        for slot in 0..table.n_slots() {
            let series = table.get(slot);
            state.marks.push(Mark {
                generation: series.map_or(0, |series| series.generation),
                flushed_ms: series.and_then(|series| series.newest_ms()).unwrap_or(i64::MIN),
                segment: u64::MAX,
            });
        }
        let disk = Self { folder, max_bytes: config.max_bytes, state: Mutex::new(state) };
        Ok((disk, restored))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Deletes the segments whose samples all are older.
    pub(crate) fn expire(&self, limit_ms: i64) -> Result<(), HistoryError> {
        let mut state = self.lock();
        // The newest may still be written.
        while state.segments.len() > 1 && state.segments[0].newest_ms < limit_ms {
            state.delete_oldest()?;
        }
        Ok(())
    }

    pub(crate) fn flush(&self, history: &History) -> Result<Flushed, HistoryError> {
        let mut state = self.lock();
        let mut writing = Writing {
            frame: Frame::default(),
            marks: Vec::new(),
            newest_ms: i64::MIN,
            told: Flushed::default(),
        };
        let written = self.write_new(&mut state, history, &mut writing);
        if written.is_err() {
            // What is there may end in half a frame: the next flush begins a new segment.
            state.file = None;
        }
        written?;
        for (slot, mark) in writing.marks {
            state.mark(slot, mark);
        }
        Ok(writing.told)
    }

    fn write_new(
        &self,
        state: &mut State,
        history: &History,
        writing: &mut Writing,
    ) -> Result<(), HistoryError> {
        let n_slots = history.read().n_slots();
        for slot in 0..n_slots {
            state.gather(slot, history, writing);
            if writing.frame.len() >= FRAME_BYTES {
                self.write_frame(state, writing)?;
            }
        }
        self.write_frame(state, writing)?;
        state.sync()
    }

    fn write_frame(&self, state: &mut State, writing: &mut Writing) -> Result<(), HistoryError> {
        if writing.frame.len() == 0 {
            return Ok(());
        }
        let bytes = writing.frame.take();
        let (file, segment) = state.file(&self.folder)?;
        at(&segment.path, "write", file.write_all(&bytes))?;
        segment.bytes += bytes.len() as u64;
        segment.newest_ms = segment.newest_ms.max(writing.newest_ms);
        writing.told.bytes += bytes.len() as u64;
        if segment.bytes >= (self.max_bytes / SEGMENTS).min(MAX_SEGMENT_BYTES) {
            state.sync()?;
            state.file = None;
        }
        while state.segments.len() > 1
            && (state.total_bytes() > self.max_bytes || state.segments.len() > MAX_SEGMENTS)
        {
            state.delete_oldest()?;
        }
        Ok(())
    }
}

impl State {
    /// The number of the segment that is or will be written.
    fn number(&self) -> u64 {
        if self.file.is_some() { self.next_number - 1 } else { self.next_number }
    }

    /// Puts what is new of a series into the frame.
    fn gather(&self, slot: Slot, history: &History, writing: &mut Writing) {
        let table = history.read();
        let Some(series) = table.get(slot) else { return };
        let mark = self.marks.get(slot as usize).filter(|m| m.generation == series.generation);
        let flushed_ms = mark.map(|mark| mark.flushed_ms);
        let Some(newest_ms) = series.newest_ms().filter(|newest| Some(*newest) > flushed_ms) else {
            return;
        };
        let from_ms = flushed_ms.map_or(i64::MIN, |flushed| flushed.saturating_add(1));
        let chunks = series.chunks(from_ms, i64::MAX);
        let labels = series.labels.clone();
        let generation = series.generation;
        drop(table);
        if mark.is_none_or(|mark| mark.segment != self.number()) {
            writing.frame.series(slot, &labels);
        }
        for chunk in chunks {
            let new = chunk.samples().filter(|sample| sample.t_ms >= from_ms);
            let written = writing.frame.samples(slot, new);
            writing.told.samples += u64::from(written);
        }
        writing.newest_ms = writing.newest_ms.max(newest_ms);
        let segment = self.number();
        writing.marks.push((slot, Mark { generation, flushed_ms: newest_ms, segment }));
    }

    fn mark(&mut self, slot: Slot, mark: Mark) {
        let slot = slot as usize;
        if self.marks.len() <= slot {
            let none = Mark { generation: 0, flushed_ms: i64::MIN, segment: u64::MAX };
            self.marks.resize(slot + 1, none);
        }
        self.marks[slot] = mark;
    }

    /// The segment that is written, which is begun if there is none.
    fn file(&mut self, folder: &Path) -> Result<(&mut File, &mut Segment), HistoryError> {
        if self.file.is_none() {
            let path = folder.join(format!("{:016}.{EXTENSION}", self.next_number));
            let mut file =
                at(&path, "begin", OpenOptions::new().append(true).create_new(true).open(&path))?;
            self.next_number += 1;
            at(&path, "write", file.write_all(HEAD))?;
            // So that the name is there after a loss of power, too.
            at(folder, "sync", File::open(folder).and_then(|folder| folder.sync_all()))?;
            let bytes = HEAD.len() as u64;
            self.segments.push(Segment { path, bytes, newest_ms: i64::MIN });
            self.file = Some(file);
        }
        match (&mut self.file, self.segments.last_mut()) {
            (Some(file), Some(segment)) => Ok((file, segment)),
            // Both were just made.
            _ => at(folder, "begin a segment", Err(std::io::ErrorKind::NotFound.into())),
        }
    }

    fn sync(&mut self) -> Result<(), HistoryError> {
        match (&self.file, self.segments.last()) {
            (Some(file), Some(segment)) => at(&segment.path, "sync", file.sync_data()),
            _ => Ok(()),
        }
    }

    fn total_bytes(&self) -> u64 {
        self.segments.iter().map(|segment| segment.bytes).sum()
    }

    fn delete_oldest(&mut self) -> Result<(), HistoryError> {
        let path = &self.segments[0].path;
        match fs::remove_file(path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                at(path, "delete", Err(error))
            }
            _ => {
                self.segments.remove(0);
                Ok(())
            }
        }
    }
}

/// The segments of a folder with their numbers, the oldest first. What has another name is left
/// alone.
fn numbered(folder: &Path) -> Result<Vec<(u64, PathBuf)>, HistoryError> {
    let mut found = Vec::new();
    for entry in at(folder, "list", fs::read_dir(folder))? {
        let path = at(folder, "list", entry)?.path();
        let number = path.file_stem().and_then(|stem| stem.to_str()?.parse().ok());
        if let Some(number) = number.filter(|_| path.extension().is_some_and(|e| e == EXTENSION)) {
            found.push((number, path));
        }
    }
    found.sort_unstable();
    Ok(found)
}

/// Reads a segment into the table, and cuts off what is damaged; nothing is left of what is no
/// segment at all.
fn restore(
    path: PathBuf,
    table: &mut Table,
    restored: &mut Restored,
) -> Result<Option<Segment>, HistoryError> {
    let found = at(&path, "read", fs::metadata(&path))?.len();
    // A frame may reach over a segment's end; what is much larger is no segment.
    let is_too_large = found > 2 * MAX_SEGMENT_BYTES;
    let bytes = if is_too_large { Vec::new() } else { at(&path, "read", fs::read(&path))? };
    let mut handles: HashMap<u32, Handle> = HashMap::new();
    let mut newest_ms = i64::MIN;
    let (sound, result) = segment::read(&bytes, |entry| match entry {
        Entry::Series(id, labels) => {
            // A series for which there is no room is skipped, and counted by the table.
            match table.handle(&labels) {
                Ok(handle) => handles.insert(id, handle),
                Err(_) => handles.remove(&id),
            };
        }
        Entry::Samples(id, samples) => {
            let Some(handle) = handles.get(&id) else { return };
            for sample in samples {
                newest_ms = newest_ms.max(sample.t_ms);
                restored.samples += u64::from(table.append(*handle, sample).is_ok());
            }
        }
    });
    let sound = sound as u64;
    let Err(damage) = result else {
        return Ok(Some(Segment { path, bytes: sound, newest_ms }));
    };
    let (dropped, at_byte) = (found - sound, sound);
    restored.dropped.push(Dropped { path: path.clone(), at: at_byte, bytes: dropped, damage });
    if sound == 0 {
        at(&path, "delete", fs::remove_file(&path))?;
        return Ok(None);
    }
    let cut = OpenOptions::new().write(true).open(&path).and_then(|file| file.set_len(sound));
    at(&path, "cut off the damaged end", cut)?;
    Ok(Some(Segment { path, bytes: sound, newest_ms }))
}
