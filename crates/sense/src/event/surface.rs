//! Time surfaces: how recent each pixel's last event is.

use std::collections::VecDeque;

use super::filter::{check_inside, check_size};
use super::{Event, Events, Size};
use crate::array::n_values;
use crate::{Array, SenseError};

/// The latest event of each pixel and polarity, seen through exponential forgetting.
///
/// ```text
/// S(p, y, x; t) = exp(-(t - T(p, y, x)) / tau),   0 where nothing was
/// ```
///
/// - **Parameters**: tau in microseconds. **State**: T, shape (2, height, width), falls first.
/// - **Source**: Lagorce, Orchard, Galluppi, Shi, Benosman (2017), "HOTS: a hierarchy of
///   event-based time-surfaces for pattern recognition", IEEE TPAMI 39, eq. 3.
#[derive(Clone, Debug)]
pub struct TimeSurface {
    size: Size,
    tau_us: f64,
    latest: Vec<Option<i64>>,
}

impl TimeSurface {
    /// A surface that has seen nothing.
    ///
    /// # Errors
    ///
    /// [`SenseError::TooLarge`] for no pixel or too many, [`SenseError::Value`] for a `tau_us` that
    /// is not above zero and finite.
    pub fn new(size: Size, tau_us: f64) -> Result<TimeSurface, SenseError> {
        check_size(size, 2)?;
        check_tau(tau_us)?;
        Ok(TimeSurface { size, tau_us, latest: vec![None; 2 * size.n_pixels()] })
    }

    /// Remembers events.
    ///
    /// # Errors
    ///
    /// [`SenseError::Value`] for an event outside the sensor; nothing is remembered then.
    pub fn take(&mut self, events: &Events) -> Result<(), SenseError> {
        check_inside(events, self.size)?;
        for Event { t_us, x, y, on } in events.iter() {
            let idx = self.idx(on, x.into(), y.into());
            self.latest[idx] = Some(t_us);
        }
        Ok(())
    }

    /// The whole surface at a time, shape (2, height, width). An event after it counts as 1.
    ///
    /// # Errors
    ///
    /// None in practice: the size was checked.
    pub fn at(&self, t_us: i64) -> Result<Array, SenseError> {
        let values = self.latest.iter().map(|latest| self.value(*latest, t_us)).collect();
        Array::new(vec![2, self.size.height.into(), self.size.width.into()], values)
    }

    /// The surface around a pixel, shape (2 radius + 1, 2 radius + 1); 0 outside the sensor.
    ///
    /// # Errors
    ///
    /// [`SenseError::TooLarge`] for a radius beyond the limit on arrays.
    pub fn around(&self, event: Event, radius: u16) -> Result<Array, SenseError> {
        let side = 2 * usize::from(radius) + 1;
        let mut values = Vec::with_capacity(n_values("surface", &[side, side])?);
        for row in 0..side {
            for column in 0..side {
                let x = (usize::from(event.x) + column).checked_sub(radius.into());
                let y = (usize::from(event.y) + row).checked_sub(radius.into());
                let inside = x.zip(y).filter(|(x, y)| {
                    *x < usize::from(self.size.width) && *y < usize::from(self.size.height)
                });
                values.push(inside.map_or(0.0, |(x, y)| {
                    self.value(self.latest[self.idx(event.on, x, y)], event.t_us)
                }));
            }
        }
        Array::new(vec![side, side], values)
    }

    fn idx(&self, on: bool, x: usize, y: usize) -> usize {
        (usize::from(on) * usize::from(self.size.height) + y) * usize::from(self.size.width) + x
    }

    fn value(&self, latest: Option<i64>, t_us: i64) -> f32 {
        let decayed =
            |latest: i64| (-(t_us.saturating_sub(latest).max(0) as f64) / self.tau_us).exp();
        latest.map_or(0.0, decayed) as f32
    }
}

fn check_tau(tau_us: f64) -> Result<(), SenseError> {
    if tau_us > 0.0 && tau_us.is_finite() {
        return Ok(());
    }
    let (what, expected) = ("tau_us".to_owned(), "above zero and finite");
    Err(SenseError::Value { what, idx: 0, expected, found: tau_us })
}

/// What [`averaged_surfaces`] asks for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Averaged {
    /// Pixels on one side of a cell.
    pub cell: u16,
    /// Pixels on each side of an event that its surface has.
    pub radius: u16,
    /// Microseconds that count.
    pub window_us: u32,
    /// Time constant in microseconds.
    pub tau_us: f64,
}

/// Histograms of averaged time surfaces: for each cell of the sensor and each polarity the mean
/// over its events of what came before them nearby. Shape (cells, 2, side, side), side = 2 radius + 1,
/// cells row by row, falls first.
///
/// ```text
/// T_i(z) = sum over j <= i, t_j >= t_i - window, at z from i, of exp(-(t_i - t_j) / tau)
/// h(cell, p) = mean of T_i over events i of the cell with polarity p
/// ```
///
/// Only events of the same cell and polarity count for j.
///
/// - **Errors**: as [`TimeSurface::new`] and [`TimeSurface::take`].
/// - **Source**: Sironi, Brambilla, Bourdis, Lagorce, Benosman (2018), "HATS: histograms of averaged
///   time surfaces for robust event-based object classification", CVPR, eq. 4 to 6.
pub fn averaged_surfaces(
    events: &Events,
    size: Size,
    averaged: Averaged,
) -> Result<Array, SenseError> {
    let Averaged { cell, radius, window_us, tau_us } = averaged;
    check_size(size, 2)?;
    check_tau(tau_us)?;
    check_inside(events, size)?;
    let cell = cell.max(1);
    let (n_columns, n_rows) = (size.width.div_ceil(cell), size.height.div_ceil(cell));
    let n_cells = usize::from(n_columns) * usize::from(n_rows);
    let side = 2 * usize::from(radius) + 1;
    let shape = vec![n_cells, 2, side, side];
    let mut sums = vec![0.0_f64; n_values("surfaces", &shape)?];
    let mut counts = vec![0_u32; 2 * n_cells];
    let mut memories: Vec<VecDeque<Event>> = vec![VecDeque::new(); 2 * n_cells];
    for event in events.iter() {
        let cell_idx =
            usize::from(event.y / cell) * usize::from(n_columns) + usize::from(event.x / cell);
        let idx = 2 * cell_idx + usize::from(event.on);
        let memory = &mut memories[idx];
        memory.push_back(event);
        let earliest_us = event.t_us.saturating_sub(window_us.into());
        while memory.front().is_some_and(|old| old.t_us < earliest_us) {
            memory.pop_front();
        }
        let surface = &mut sums[idx * side * side..(idx + 1) * side * side];
        for old in &*memory {
            let column = usize::from(old.x) + usize::from(radius);
            let row = usize::from(old.y) + usize::from(radius);
            let place = column.checked_sub(event.x.into()).zip(row.checked_sub(event.y.into()));
            if let Some((column, row)) = place.filter(|(column, row)| *column < side && *row < side)
            {
                surface[row * side + column] +=
                    (-(event.t_us.saturating_sub(old.t_us) as f64) / tau_us).exp();
            }
        }
        counts[idx] += 1;
    }
    let surfaces = sums.chunks(side * side).zip(&counts);
    let mean = surfaces.flat_map(|(surface, count)| {
        surface.iter().map(move |sum| (sum / f64::from((*count).max(1))) as f32)
    });
    Array::new(shape, mean.collect())
}
