//! One-to-one projections: neuron `k` of the source to neuron `k` of the target.

use super::{Drive, Ends, Incoming};

/// Neuron `k` to neuron `k`.
#[derive(Clone, Debug, PartialEq)]
pub struct OneToOne {
    /// One weight for all, or one per neuron, as in NIR's `Scale`.
    pub weight: Vec<f32>,
}

/// Target lane and weight of each source lane.
#[derive(Clone, Debug)]
pub(crate) struct Map {
    targets: Vec<(u32, f32)>,
}

impl Map {
    pub(crate) fn new(connection: &OneToOne, ends: &Ends) -> Self {
        let mut targets = vec![(0, 0.0); ends.sources];
        for index in 0..ends.sources {
            let weight = match connection.weight.as_slice() {
                [one] => *one,
                many => many[index],
            };
            targets[ends.from.lane(index)] = (ends.to.lane(index) as u32, weight);
        }
        Self { targets }
    }

    pub(crate) fn bytes(&self) -> usize {
        self.targets.len() * 8
    }

    pub(crate) fn deliver(&self, events: Incoming<'_>, drive: &mut Drive<'_>) {
        for s in 0..events.steps() {
            let input = &mut drive.input[s * drive.width..][..drive.width];
            let (indices, values) = events.step(s);
            for (e, &index) in indices.iter().enumerate() {
                let (target, weight) = self.targets[index as usize];
                input[target as usize] += values.map_or(1.0, |v| v[e]) * weight;
            }
        }
    }
}
