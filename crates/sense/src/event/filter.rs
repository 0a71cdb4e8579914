//! Events made of events: noise, refractory pixels, a part of the sensor, a coarser sensor.
//!
//! [`Denoise`] and [`Refractory`] remember each pixel, so that a stream can be filtered in pieces.
//! What they drop shows in the lengths.

use super::{Event, Events, Size};
use crate::SenseError;
use crate::limits::MAX_PIXELS;

/// The latest time of each pixel, of either polarity.
#[derive(Clone, Debug)]
struct Latest {
    size: Size,
    times: Vec<i64>,
}

/// A pixel had no event yet: longer ago than any period.
const NEVER: i64 = i64::MIN / 4;

impl Latest {
    fn new(size: Size) -> Result<Latest, SenseError> {
        check_size(size, 1)?;
        Ok(Latest { size, times: vec![NEVER; size.n_pixels()] })
    }

    fn idx(&self, x: u16, y: u16) -> usize {
        usize::from(y) * usize::from(self.size.width) + usize::from(x)
    }
}

/// Refuses a sensor without pixels or with too many.
pub(super) fn check_size(size: Size, n_each: usize) -> Result<(), SenseError> {
    let n_values = size.n_pixels().saturating_mul(n_each);
    if (1..=MAX_PIXELS).contains(&n_values) {
        return Ok(());
    }
    let (limit, found) = (MAX_PIXELS as u64, n_values as u64);
    Err(SenseError::TooLarge { what: "sensor".into(), unit: "values of pixels", limit, found })
}

/// Refuses events outside the sensor, the first of them by name.
pub(super) fn check_inside(events: &Events, size: Size) -> Result<(), SenseError> {
    match events.iter().position(|event| !size.contains(event.x, event.y)) {
        None => Ok(()),
        Some(idx) => Err(SenseError::Value {
            what: "events".into(),
            idx,
            expected: "a pixel of the sensor",
            found: f64::from(events.x()[idx]),
        }),
    }
}

/// Which pixels are neighbours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Neighbours {
    /// Those that share an edge, as in `tonic`.
    Four,
    /// Those that share a corner too, as Delbruck has it.
    Eight,
}

/// Drops background activity: events without a neighbour that had one shortly before.
///
/// ```text
/// kept where  t - latest(neighbour) < period    for any neighbour
/// ```
///
/// - **Parameters**: period in microseconds. **State**: the latest time of each pixel.
/// - **Source**: Delbruck (2008), "Frame-free dynamic digital vision", Proc. Intl. Symp. on
///   Secure-Life Electronics; `tonic.transforms.Denoise` has four neighbours.
#[derive(Clone, Debug)]
pub struct Denoise {
    period_us: i64,
    neighbours: Neighbours,
    latest: Latest,
}

impl Denoise {
    /// A filter that has seen nothing.
    ///
    /// # Errors
    ///
    /// [`SenseError::TooLarge`] for no pixel or more than [`MAX_PIXELS`].
    pub fn new(size: Size, period_us: u32, neighbours: Neighbours) -> Result<Denoise, SenseError> {
        Ok(Denoise { period_us: period_us.into(), neighbours, latest: Latest::new(size)? })
    }

    /// The events that are kept.
    ///
    /// # Errors
    ///
    /// [`SenseError::Value`] for an event outside the sensor; nothing is remembered then.
    pub fn apply(&mut self, events: &Events) -> Result<Events, SenseError> {
        check_inside(events, self.latest.size)?;
        Ok(events.iter().filter(|event| self.keeps(*event)).collect())
    }

    fn keeps(&mut self, event: Event) -> bool {
        let Size { width, height } = self.latest.size;
        let (x, y) = (event.x, event.y);
        let idx = self.latest.idx(x, y);
        self.latest.times[idx] = event.t_us;
        let columns = x.saturating_sub(1)..=(x + 1).min(width - 1);
        let mut rows = y.saturating_sub(1)..=(y + 1).min(height - 1);
        rows.any(|row| {
            columns.clone().any(|column| {
                let is_neighbour = match self.neighbours {
                    Neighbours::Four => (column == x) != (row == y),
                    Neighbours::Eight => column != x || row != y,
                };
                let latest = self.latest.times[self.latest.idx(column, row)];
                is_neighbour && event.t_us.saturating_sub(latest) < self.period_us
            })
        })
    }
}

/// Drops events of a pixel too soon after its one before, dropped or not.
///
/// ```text
/// kept where  t - latest(pixel) > period
/// ```
///
/// - **Parameters**: period in microseconds. **State**: the latest time of each pixel.
/// - **Source**: `tonic.transforms.RefractoryPeriod`.
#[derive(Clone, Debug)]
pub struct Refractory {
    period_us: i64,
    latest: Latest,
}

impl Refractory {
    /// A filter that has seen nothing.
    ///
    /// # Errors
    ///
    /// As [`Denoise::new`].
    pub fn new(size: Size, period_us: u32) -> Result<Refractory, SenseError> {
        Ok(Refractory { period_us: period_us.into(), latest: Latest::new(size)? })
    }

    /// The events that are kept.
    ///
    /// # Errors
    ///
    /// As [`Denoise::apply`].
    pub fn apply(&mut self, events: &Events) -> Result<Events, SenseError> {
        check_inside(events, self.latest.size)?;
        let mut keeps = |event: &Event| {
            let idx = self.latest.idx(event.x, event.y);
            let before = std::mem::replace(&mut self.latest.times[idx], event.t_us);
            event.t_us.saturating_sub(before) > self.period_us
        };
        Ok(events.iter().filter(|event| keeps(event)).collect())
    }
}

/// A rectangle of the sensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Region {
    /// Its first column.
    pub left: u16,
    /// Its first row.
    pub top: u16,
    /// How large it is.
    pub size: Size,
}

impl Region {
    /// The events inside, counted from the region's corner.
    pub fn apply(&self, events: &Events) -> Events {
        let inside = |event: Event| {
            let (x, y) = (event.x.checked_sub(self.left)?, event.y.checked_sub(self.top)?);
            self.size.contains(x, y).then_some(Event { x, y, ..event })
        };
        events.iter().filter_map(inside).collect()
    }
}

/// The events on a sensor whose pixels are `factor` by `factor` of these; none is dropped.
///
/// A factor of 0 counts as 1.
pub fn downsample(events: &Events, factor: u16) -> Events {
    let factor = factor.max(1);
    events.iter().map(|event| Event { x: event.x / factor, y: event.y / factor, ..event }).collect()
}
