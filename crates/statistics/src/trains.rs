//! The spikes of some neurons in a window of time.

use std::ops::Range;

/// Neurons at most.
pub const MAX_NEURONS: usize = 1 << 28;

/// Spike times by neuron, rising, in a window `[start, stop]` of ms.
#[derive(Clone, Debug, PartialEq)]
pub struct Trains {
    ends: Vec<usize>,
    times: Vec<f64>,
    start: f64,
    stop: f64,
}

/// Why spikes are no trains.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum TrainsError {
    /// The window is empty or no window.
    #[error("window from {start} to {stop} ms: expected two numbers, the smaller first")]
    Window {
        /// Where it starts.
        start: f64,
        /// Where it stops.
        stop: f64,
    },
    /// There are more neurons than can be held.
    #[error("{found} neurons: expected at most {MAX_NEURONS}")]
    Size {
        /// The number found.
        found: usize,
    },
    /// There are not as many times as neurons.
    #[error("{times} times of {neurons} spikes: expected as many of both")]
    Length {
        /// Times.
        times: usize,
        /// Neurons.
        neurons: usize,
    },
    /// A spike belongs to no neuron.
    #[error("spike {position}: neuron {found}, expected less than {size}")]
    Neuron {
        /// Which spike.
        position: usize,
        /// The neuron found.
        found: u32,
        /// The number of neurons.
        size: usize,
    },
    /// A time is outside the window, or no number.
    #[error("spike {position}: time {found} ms, expected {start} to {stop} ms")]
    Time {
        /// Which spike.
        position: usize,
        /// The time found.
        found: f64,
        /// Where the window starts.
        start: f64,
        /// Where it stops.
        stop: f64,
    },
}

impl Trains {
    /// The trains of `n` neurons from the neuron and the time (ms) of each spike, in any order.
    ///
    /// # Errors
    /// [`TrainsError`] for spikes of no neuron, or outside the window.
    pub fn new(
        n: usize,
        start: f64,
        stop: f64,
        neurons: &[u32],
        times: &[f64],
    ) -> Result<Self, TrainsError> {
        if !(start.is_finite() && stop.is_finite() && start < stop) {
            return Err(TrainsError::Window { start, stop });
        }
        if n > MAX_NEURONS {
            return Err(TrainsError::Size { found: n });
        }
        if times.len() != neurons.len() {
            return Err(TrainsError::Length { times: times.len(), neurons: neurons.len() });
        }
        for (position, (&neuron, &time)) in neurons.iter().zip(times).enumerate() {
            if neuron as usize >= n {
                return Err(TrainsError::Neuron { position, found: neuron, size: n });
            }
            if !(start..=stop).contains(&time) {
                return Err(TrainsError::Time { position, found: time, start, stop });
            }
        }
        let mut ends = vec![0; n + 1];
        neurons.iter().for_each(|&neuron| ends[neuron as usize + 1] += 1);
        for k in 0..n {
            ends[k + 1] += ends[k];
        }
        let mut sorted = vec![0.0; times.len()];
        let mut next = ends.clone();
        for (&neuron, &time) in neurons.iter().zip(times) {
            sorted[next[neuron as usize]] = time;
            next[neuron as usize] += 1;
        }
        let mut trains = Self { ends, times: sorted, start, stop };
        for neuron in 0..n {
            let range = trains.range(neuron);
            trains.times[range].sort_by(f64::total_cmp);
        }
        Ok(trains)
    }

    fn range(&self, neuron: usize) -> Range<usize> {
        self.ends[neuron]..self.ends[neuron + 1]
    }

    /// The number of neurons.
    pub fn size(&self) -> usize {
        self.ends.len() - 1
    }

    /// The number of spikes of all neurons.
    pub fn n_spikes(&self) -> usize {
        self.times.len()
    }

    /// The times of a neuron's spikes (ms), rising.
    pub fn of(&self, neuron: usize) -> &[f64] {
        &self.times[self.range(neuron)]
    }

    /// Every neuron's train in turn.
    pub fn iter(&self) -> impl Iterator<Item = &[f64]> {
        (0..self.size()).map(|neuron| self.of(neuron))
    }

    /// Where the window starts (ms).
    pub fn start(&self) -> f64 {
        self.start
    }

    /// Where the window stops (ms).
    pub fn stop(&self) -> f64 {
        self.stop
    }

    /// The length of the window (s).
    pub fn seconds(&self) -> f64 {
        (self.stop - self.start) * 1e-3
    }

    /// The rate of each neuron: spikes by the length of the window (Hz).
    pub fn rates(&self) -> Vec<f64> {
        self.iter().map(|train| train.len() as f64 / self.seconds()).collect()
    }

    /// The mean rate of the neurons (Hz).
    pub fn mean_rate(&self) -> f64 {
        self.n_spikes() as f64 / self.seconds() / self.size().max(1) as f64
    }

    /// The first `n` neurons that fire at least `least` times, or fewer if there are no more.
    pub fn active(&self, n: usize, least: usize) -> Vec<usize> {
        (0..self.size()).filter(|&k| self.of(k).len() >= least).take(n).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spikes_are_sorted_by_neuron_and_time() {
        let trains = Trains::new(3, 0.0, 10.0, &[2, 0, 2], &[5.0, 1.0, 3.0]).unwrap();
        assert_eq!(trains.of(0), [1.0]);
        assert!(trains.of(1).is_empty());
        assert_eq!(trains.of(2), [3.0, 5.0]);
        assert_eq!(trains.rates(), [100.0, 0.0, 200.0]);
    }

    #[test]
    fn what_does_not_fit_is_told() {
        let check = |result: Result<Trains, TrainsError>, expected: &str| {
            assert_eq!(result.unwrap_err().to_string(), expected);
        };
        check(
            Trains::new(2, 0.0, 10.0, &[0, 2], &[1.0, 1.0]),
            "spike 1: neuron 2, expected less than 2",
        );
        check(
            Trains::new(2, 0.0, 10.0, &[0], &[f64::NAN]),
            "spike 0: time NaN ms, expected 0 to 10 ms",
        );
        check(
            Trains::new(2, 5.0, 5.0, &[], &[]),
            "window from 5 to 5 ms: expected two numbers, the smaller first",
        );
    }
}
