//! Events as columns: four arrays of one length, in the order of time.

use crate::SenseError;
use crate::limits::MAX_EVENTS;

/// The light at one pixel rose or fell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// Microseconds, from a beginning that the camera chose.
    pub t_us: i64,
    /// From the left, from 0.
    pub x: u16,
    /// From the top, from 0.
    pub y: u16,
    /// Whether the light rose; it fell otherwise.
    pub on: bool,
}

/// An edge on a wire into the camera.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trigger {
    /// Microseconds, on the clock of the events.
    pub t_us: i64,
    /// The wire.
    pub channel: u8,
    /// Whether the signal rose.
    pub rising: bool,
}

/// Events as columns of one length, and the triggers among them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Events {
    pub(super) t_us: Vec<i64>,
    pub(super) x: Vec<u16>,
    pub(super) y: Vec<u16>,
    pub(super) on: Vec<bool>,
    pub(super) triggers: Vec<Trigger>,
    /// How many events came before each trigger of the piece being decoded; empty between pieces.
    pub(super) trigger_places: Vec<usize>,
}

impl Events {
    /// No events.
    pub fn new() -> Events {
        Events::default()
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.t_us.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.t_us.is_empty()
    }

    /// Microseconds, one for each event.
    pub fn t_us(&self) -> &[i64] {
        &self.t_us
    }

    /// From the left, one for each event.
    pub fn x(&self) -> &[u16] {
        &self.x
    }

    /// From the top, one for each event.
    pub fn y(&self) -> &[u16] {
        &self.y
    }

    /// Whether the light rose, one for each event.
    pub fn on(&self) -> &[bool] {
        &self.on
    }

    /// Triggers, in the order of the stream.
    pub fn triggers(&self) -> &[Trigger] {
        &self.triggers
    }

    /// The event at a position.
    pub fn get(&self, idx: usize) -> Option<Event> {
        let t_us = *self.t_us.get(idx)?;
        Some(Event { t_us, x: self.x[idx], y: self.y[idx], on: self.on[idx] })
    }

    /// Each event in turn.
    pub fn iter(&self) -> impl Iterator<Item = Event> {
        let places = self.x.iter().zip(&self.y);
        let rest = places.zip(&self.on);
        self.t_us.iter().zip(rest).map(|(t_us, ((x, y), on))| Event {
            t_us: *t_us,
            x: *x,
            y: *y,
            on: *on,
        })
    }

    /// Appends one.
    #[inline]
    pub fn push(&mut self, event: Event) {
        self.t_us.push(event.t_us);
        self.x.push(event.x);
        self.y.push(event.y);
        self.on.push(event.on);
    }

    /// Appends a trigger, and remembers where among the events it came.
    pub(super) fn push_trigger(&mut self, trigger: Trigger) {
        self.trigger_places.push(self.len());
        self.triggers.push(trigger);
    }

    /// Keeps the first `len` events.
    pub fn truncate(&mut self, len: usize) {
        self.t_us.truncate(len);
        self.x.truncate(len);
        self.y.truncate(len);
        self.on.truncate(len);
    }

    /// Forgets all, and keeps the room for as many.
    pub fn clear(&mut self) {
        self.truncate(0);
        self.triggers.clear();
    }

    pub(super) fn reserve(&mut self, n: usize) {
        self.t_us.reserve(n);
        self.x.reserve(n);
        self.y.reserve(n);
        self.on.reserve(n);
    }

    /// Drops the events from a position on whose pixel is not wanted; how many those were.
    pub(super) fn keep_from(&mut self, start: usize, wanted: impl Fn(u16, u16) -> bool) -> usize {
        let places = self.x[start..].iter().zip(&self.y[start..]);
        let n_first = start + places.take_while(|(x, y)| wanted(**x, **y)).count();
        let mut n_kept = n_first;
        for idx in n_first..self.len() {
            if wanted(self.x[idx], self.y[idx]) {
                self.t_us[n_kept] = self.t_us[idx];
                self.x[n_kept] = self.x[idx];
                self.y[n_kept] = self.y[idx];
                self.on[n_kept] = self.on[idx];
                n_kept += 1;
            }
        }
        let n_dropped = self.len() - n_kept;
        self.truncate(n_kept);
        n_dropped
    }

    /// Whether as many more are within [`MAX_EVENTS`].
    pub(super) fn check_room(&self, n: usize, what: &str) -> Result<(), SenseError> {
        let found = self.len().saturating_add(self.triggers.len()).saturating_add(n);
        if found <= MAX_EVENTS {
            return Ok(());
        }
        Err(SenseError::TooLarge {
            what: what.into(),
            unit: "events",
            limit: MAX_EVENTS as u64,
            found: found as u64,
        })
    }
}

impl FromIterator<Event> for Events {
    fn from_iter<T: IntoIterator<Item = Event>>(events: T) -> Events {
        let mut columns = Events::new();
        events.into_iter().for_each(|event| columns.push(event));
        columns
    }
}
