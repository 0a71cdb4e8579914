//! The test for a shift of level: a two-sided CUSUM of distances.
//!
//! ```text
//! up   <- max(0, up   + z - slack)
//! down <- max(0, down - z - slack)
//! ```
//!
//! and the level has moved when either reaches the threshold `h`. No more is kept than `h`, so that
//! the test is over soon after the level is back. One sample counts for no more than `clip`
//! deviations: what is far away once is the other test's to tell.
//!
//! For independent normal samples the mean time to a false alarm on one side is about
//! `(exp(2 k b) - 2 k b - 1) / (2 k^2)` with `k` the slack and `b = h + 1.166`.
//!
//! Source: E. S. Page, "Continuous inspection schemes", Biometrika 41, 1954; D. Siegmund,
//! "Sequential Analysis", 1985, for the time.

use serde::{Deserialize, Serialize};

use super::Config;

#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Shift {
    up: f64,
    down: f64,
}

impl Shift {
    /// The larger of both sums.
    pub(super) fn observe(&mut self, config: &Config, z: f64) -> f64 {
        let z = z.clamp(-config.clip, config.clip);
        let next =
            |sum: f64, z: f64| (sum + z - config.shift_slack).clamp(0.0, config.shift_threshold);
        (self.up, self.down) = (next(self.up, z), next(self.down, -z));
        self.up.max(self.down)
    }
}
