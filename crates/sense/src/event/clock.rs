//! A clock that never goes backward, whatever the camera's did.

use super::Report;
use crate::limits::{MAX_CLOCK_JITTER_US, MAX_TIME_US};

/// Keeps times in order.
///
/// A time before the latest one by at most [`MAX_CLOCK_JITTER_US`] becomes the latest time. A time
/// before it by more means that the camera's clock was set: it becomes the latest time, and all
/// later ones move with it.
#[derive(Clone, Debug)]
pub(super) struct Clock {
    latest_us: i64,
    offset_us: i64,
}

impl Clock {
    pub(super) fn new() -> Clock {
        Clock { latest_us: i64::MIN, offset_us: 0 }
    }

    /// Repairs the times that came since, in the order of the stream.
    pub(super) fn repair(&mut self, times: &mut [i64], report: &mut Report) {
        let (Some(first), Some(last)) = (times.first(), times.last()) else { return };
        if self.offset_us == 0 && *first >= self.latest_us && times.is_sorted() {
            self.latest_us = *last;
            return;
        }
        for time in times {
            *time = self.repaired(*time, report);
        }
    }

    /// The time of something that belongs beside the events, such as a trigger: moved as
    /// they are, and nothing is counted.
    pub(super) fn beside(&self, t_us: i64) -> i64 {
        t_us.saturating_add(self.offset_us).min(MAX_TIME_US)
    }

    fn repaired(&mut self, raw_us: i64, report: &mut Report) -> i64 {
        let t_us = raw_us.saturating_add(self.offset_us).min(MAX_TIME_US);
        let behind_us = self.latest_us.saturating_sub(t_us);
        if behind_us > MAX_CLOCK_JITTER_US {
            report.n_rebased += 1;
            self.offset_us = self.latest_us.saturating_sub(raw_us);
        } else if behind_us > 0 {
            report.n_clamped += 1;
        }
        self.latest_us = self.latest_us.max(t_us);
        self.latest_us
    }
}

/// A counter of `BITS` bits that begins again at zero, made to go on.
#[derive(Clone, Debug, Default)]
pub(super) struct Unwrapped<const BITS: u32> {
    latest: Option<u32>,
    wraps: i64,
}

impl<const BITS: u32> Unwrapped<BITS> {
    /// Whether the counter was ever read.
    pub(super) fn is_known(&self) -> bool {
        self.latest.is_some()
    }

    /// The counter without end. A fall by half its range or more is a new beginning; a smaller one
    /// is a clock that went backward, which is not this type's business.
    #[inline]
    pub(super) fn read(&mut self, value: u32, report: &mut Report) -> i64 {
        if let Some(latest) = self.latest
            && latest > value
            && latest - value >= 1 << (BITS - 1)
        {
            self.wraps += 1;
            report.n_wraps += 1;
        }
        self.latest = Some(value);
        (self.wraps << BITS) + i64::from(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_never_goes_backward_and_repairs_are_counted() {
        let (mut clock, mut report) = (Clock::new(), Report::default());
        let mut times = [100, 90, 110, 2_000_000, 5, 15, 25];
        clock.repair(&mut times[..3], &mut report);
        clock.repair(&mut times[3..], &mut report);
        assert_eq!(times, [100, 100, 110, 2_000_000, 2_000_000, 2_000_010, 2_000_020]);
        assert_eq!((report.n_clamped, report.n_rebased), (1, 1));
    }

    #[test]
    fn a_counter_goes_on_after_its_end() {
        let (mut counter, mut report) = (Unwrapped::<12>::default(), Report::default());
        let found = [4094, 4095, 0, 1, 0].map(|value| counter.read(value, &mut report));
        assert_eq!(found, [4094, 4095, 4096, 4097, 4096]);
        assert_eq!(report.n_wraps, 1);
    }

    #[test]
    fn the_ends_of_the_range_do_not_overflow() {
        let (mut clock, mut report) = (Clock::new(), Report::default());
        let mut times = [i64::MAX, i64::MIN, i64::MAX, 0];
        clock.repair(&mut times, &mut report);
        assert!(times.is_sorted());
        assert!(times.iter().all(|time| *time <= MAX_TIME_US) || report.n_rebased > 0);
    }
}
