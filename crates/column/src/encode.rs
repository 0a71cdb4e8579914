//! A vector as times to first spike; for the report, the columns compare the numbers themselves.

use crate::allocation::{FirstSpike, Spikes};
use crate::code::largest;

/// The window in which features spike, in seconds.
pub const WINDOW_SECONDS: f32 = 0.1;
/// A feature below this share of the largest does not spike.
pub const LEAST_SHARE: f32 = 0.1;
/// First spikes that are told.
pub const N_FIRST: usize = 8;

/// The first spikes of a unit vector.
pub(crate) fn encode(vector: &[f32]) -> Spikes {
    let largest = largest(vector);
    let least = largest * LEAST_SHARE;
    let n_spikes: u32 = vector.iter().map(|x| u32::from(x.abs() >= least)).sum();
    let spiking = |x: &f32| if x.abs() >= least { x.abs() } else { largest };
    // As bits, whose order is the same: of whole numbers many are compared at once.
    let weakest = vector
        .iter()
        .fold(largest.to_bits() as i32, |weakest, x| weakest.min(spiking(x).to_bits() as i32));
    let weakest = f32::from_bits(weakest as u32);
    let seconds = |magnitude: f32| WINDOW_SECONDS * (1.0 - magnitude / largest);
    let mut first: Vec<(f32, usize)> = Vec::with_capacity(N_FIRST + 1);
    for (feature, x) in vector.iter().enumerate() {
        let weaker_than_all = first.len() == N_FIRST && x.abs() <= first[N_FIRST - 1].0;
        if x.abs() < least || weaker_than_all {
            continue;
        }
        let at = first.partition_point(|(magnitude, _)| *magnitude >= x.abs());
        first.insert(at, (x.abs(), feature));
        first.truncate(N_FIRST);
    }
    let first = first.into_iter().map(|(magnitude, feature)| FirstSpike {
        feature: feature as u32,
        seconds: seconds(magnitude),
        positive: vector[feature] > 0.0,
    });
    Spikes {
        first: first.collect(),
        n_spikes,
        density: n_spikes as f32 / vector.len() as f32,
        last_seconds: seconds(weakest),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_strongest_feature_spikes_first_and_the_weak_do_not() {
        let spikes = encode(&[0.02, -0.8, 0.4, 0.1]);
        let order: Vec<(u32, bool)> =
            spikes.first.iter().map(|s| (s.feature, s.positive)).collect();
        assert_eq!(order, [(1, false), (2, true), (3, true)]);
        let seconds: Vec<f32> = spikes.first.iter().map(|s| s.seconds).collect();
        assert_eq!(seconds[0], 0.0);
        assert!((seconds[1] - 0.05).abs() < 1e-7 && (seconds[2] - 0.0875).abs() < 1e-7);
        assert_eq!((spikes.n_spikes, spikes.density), (3, 0.75));
        assert_eq!(spikes.last_seconds, seconds[2]);
    }
}
