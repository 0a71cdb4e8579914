//! What a decoder counted.

use super::Size;

/// What was read, what was repaired and what was dropped, each kind by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Events given out.
    pub n_events: u64,
    /// Triggers given out.
    pub n_triggers: u64,
    /// Repaired: the clock's counter began again, and time goes on.
    pub n_wraps: u64,
    /// Repaired: events before the latest one by little, which have its time now.
    pub n_clamped: u64,
    /// Repaired: the clock was set back by more, and goes on from the latest time.
    pub n_rebased: u64,
    /// Dropped: events before the stream told the time or the row.
    pub n_before_time: u64,
    /// Dropped: events outside the sensor.
    pub n_outside: u64,
    /// Dropped: events whose time is no time.
    pub n_bad_times: u64,
    /// Dropped: words or packets of a kind that the format does not define.
    pub n_unknown: u64,
    /// Dropped: events of other streams of the file than the first.
    pub n_other_streams: u64,
    /// Dropped: bytes of a word or packet that the end of the file cut.
    pub n_cut_bytes: u64,
    /// The sensor's size, if the file says it.
    pub size: Option<Size>,
}

impl Report {
    /// All that was repaired.
    pub fn n_repaired(&self) -> u64 {
        self.n_wraps + self.n_clamped + self.n_rebased
    }

    /// All that was dropped: events, words, packets and bytes.
    pub fn n_dropped(&self) -> u64 {
        self.n_before_time
            + self.n_outside
            + self.n_bad_times
            + self.n_unknown
            + self.n_other_streams
            + self.n_cut_bytes
    }
}
