//! Events to frames: counts, and volumes in time.

use super::filter::check_inside;
use super::{Events, Size};
use crate::array::n_values;
use crate::{Array, SenseError};

/// How many events each pixel had in each window of time: shape (windows, 2, height, width), falls
/// first, then rises.
///
/// Window k is `t_0 + k w <= t < t_0 + (k + 1) w`, from the first event to the last; no event is
/// left out.
///
/// # Errors
///
/// [`SenseError::Value`] for an event outside the sensor or a window of zero,
/// [`SenseError::TooLarge`] above [`MAX_ARRAY_VALUES`](crate::limits::MAX_ARRAY_VALUES).
pub fn histogram(events: &Events, size: Size, window_us: u32) -> Result<Array, SenseError> {
    if window_us == 0 {
        let (what, expected) = ("window_us".to_owned(), "above zero");
        return Err(SenseError::Value { what, idx: 0, expected, found: 0.0 });
    }
    check_inside(events, size)?;
    let (Some(first), Some(last)) = (events.t_us().first(), events.t_us().last()) else {
        return Array::new(vec![0, 2, size.height.into(), size.width.into()], Vec::new());
    };
    let window = |t_us: i64| (t_us.saturating_sub(*first) / i64::from(window_us)) as usize;
    let shape = vec![window(*last) + 1, 2, size.height.into(), size.width.into()];
    let mut counts = vec![0.0; n_values("frames", &shape)?];
    for event in events.iter() {
        let plane = 2 * window(event.t_us) + usize::from(event.on);
        let row = plane * usize::from(size.height) + usize::from(event.y);
        counts[row * usize::from(size.width) + usize::from(event.x)] += 1.0;
    }
    Array::new(shape, counts)
}

/// Events as a volume: each counts 1 (a rise) or -1 (a fall), shared between the two bins beside
/// its time. Shape (bins, height, width).
///
/// ```text
/// t* = (B - 1) (t - t_0) / (t_N - t_0)
/// V(b, y, x) = sum over events at (x, y) of  p max(0, 1 - |b - t*|)
/// ```
///
/// - **Errors**: as [`histogram`], and [`SenseError::Shape`] for no bin.
/// - **Source**: Zhu, Yuan, Chaney, Daniilidis (2019), "Unsupervised event-based learning of
///   optical flow, depth, and egomotion", CVPR, eq. 1. `tonic.transforms.ToVoxelGrid(B)` is the
///   first B bins of B + 1 here.
pub fn voxel_grid(events: &Events, size: Size, n_bins: usize) -> Result<Array, SenseError> {
    let shape = vec![n_bins, size.height.into(), size.width.into()];
    if n_bins == 0 {
        let expected = "at least one bin".to_owned();
        return Err(SenseError::Shape { what: "voxel grid".into(), expected, found: shape });
    }
    check_inside(events, size)?;
    let mut volume = vec![0.0_f64; n_values("voxel grid", &shape)?];
    let first = events.t_us().first().copied().unwrap_or(0);
    let span = events.t_us().last().map_or(0, |last| last.saturating_sub(first)).max(1) as f64;
    for event in events.iter() {
        let place = (n_bins - 1) as f64 * event.t_us.saturating_sub(first) as f64 / span;
        let bin = place as usize;
        let pixel = usize::from(event.y) * usize::from(size.width) + usize::from(event.x);
        let polarity = if event.on { 1.0 } else { -1.0 };
        let later = place - bin as f64;
        for (bin, share) in [(bin, 1.0 - later), (bin + 1, later)] {
            if let Some(value) = volume.get_mut(bin * size.n_pixels() + pixel) {
                *value += polarity * share;
            }
        }
    }
    Array::new(shape, volume.into_iter().map(|value| value as f32).collect())
}
