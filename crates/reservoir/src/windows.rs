//! What of a liquid's spikes becomes a row of numbers.

use spike::Raster;

use crate::ReservoirError;

/// Windows of a row.
const MAX_WINDOWS: usize = 1024;

/// How spikes become a row, shape `[windows][n_neurons]`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Windows {
    /// Spike counts of this many equal parts of the whole, whatever its length.
    Parts(usize),
    /// Spike counts of this many windows of `steps` steps from the start; a longer answer is cut,
    /// a shorter one counts 0.
    Steps {
        /// Windows.
        count: usize,
        /// Steps of each.
        steps: usize,
    },
    /// One row: each spike counts `exp(-age / tau)`, its age in steps at the end.
    Fading {
        /// Time constant (steps).
        tau_steps: f64,
    },
}

impl Windows {
    /// The number of windows.
    pub fn count(self) -> usize {
        match self {
            Self::Parts(count) | Self::Steps { count, .. } => count,
            Self::Fading { .. } => 1,
        }
    }

    pub(crate) fn check(self) -> Result<(), ReservoirError> {
        let bad = |parameter, expected, found| {
            Err(ReservoirError::Parameter { parameter, expected, found })
        };
        if self.count() == 0 || self.count() > MAX_WINDOWS {
            return bad("windows", "1 to 1,024", self.count() as f64);
        }
        match self {
            Self::Steps { steps: 0, .. } => bad("steps of a window", "1 or more", 0.0),
            Self::Fading { tau_steps } if !(tau_steps > 0.0 && tau_steps.is_finite()) => {
                bad("tau_steps", "more than 0", tau_steps)
            }
            _ => Ok(()),
        }
    }

    /// The row of a raster of one channel for each neuron.
    pub fn row(self, spikes: &Raster) -> Vec<f32> {
        let (n, total) = (spikes.size(), spikes.steps());
        let mut row = vec![0.0; n * self.count()];
        for step in 0..total {
            let (window, size) = match self {
                Self::Parts(count) => (step * count / total, 1.0),
                Self::Steps { steps, .. } => (step / steps, 1.0),
                Self::Fading { tau_steps } => (0, (-((total - step) as f64) / tau_steps).exp()),
            };
            let Some(part) = row.get_mut(window * n..(window + 1) * n) else { break };
            for (neuron, value) in spikes.events(step) {
                part[neuron as usize] += value * size as f32;
            }
        }
        row
    }
}
