//! Sparse projections: a spike visits its listed targets.

use super::{Dense, Drive, Ends, Incoming};

/// Share of non-zero weights below which a dense matrix is kept as a list (a list entry costs
/// about as much time as eight lanes of a row).
const WORTHWHILE: f64 = 0.1;

/// Listed pairs of source and target. A pair may occur more than once; its weights add up.
#[derive(Clone, Debug, PartialEq)]
pub struct Sparse {
    /// Source of each synapse.
    pub source: Vec<u32>,
    /// Target of each synapse.
    pub target: Vec<u32>,
    /// Weight of each synapse.
    pub weight: Vec<f32>,
}

impl Sparse {
    /// The non-zero weights of a matrix that is mostly zeros; none of one that is not.
    pub(crate) fn of(dense: &Dense, sources: usize) -> Option<Self> {
        let filled = dense.weight.iter().filter(|w| **w != 0.0).count();
        if filled as f64 >= WORTHWHILE * dense.weight.len() as f64 {
            return None;
        }
        let mut sparse = Self { source: Vec::new(), target: Vec::new(), weight: Vec::new() };
        for (k, &weight) in dense.weight.iter().enumerate().filter(|(_, w)| **w != 0.0) {
            sparse.source.push((k % sources) as u32);
            sparse.target.push((k / sources) as u32);
            sparse.weight.push(weight);
        }
        Some(sparse)
    }
}

/// Synapses by source, targets ascending.
#[derive(Clone, Debug)]
pub(crate) struct Csr {
    start: Vec<u32>,
    synapses: Vec<(u32, f32)>,
}

impl Csr {
    pub(crate) fn new(sparse: &Sparse, ends: &Ends) -> Self {
        let lanes = |k: usize| {
            let source = ends.from.lane(sparse.source[k] as usize) as u32;
            (source, ends.to.lane(sparse.target[k] as usize) as u32, sparse.weight[k])
        };
        let mut pairs: Vec<(u32, u32, f32)> = (0..sparse.weight.len()).map(lanes).collect();
        pairs.sort_by_key(|&(source, target, _)| (source, target));
        let mut start = vec![0u32; ends.sources + 1];
        for &(source, _, _) in &pairs {
            start[source as usize + 1] += 1;
        }
        for k in 0..ends.sources {
            start[k + 1] += start[k];
        }
        Self { start, synapses: pairs.into_iter().map(|(_, target, w)| (target, w)).collect() }
    }

    fn row(&self, source: usize) -> &[(u32, f32)] {
        &self.synapses[self.start[source] as usize..self.start[source + 1] as usize]
    }

    pub(crate) fn fan_out(&self, source: usize) -> u64 {
        self.row(source).len() as u64
    }

    pub(crate) fn bytes(&self) -> usize {
        self.start.len() * 4 + self.synapses.len() * 8
    }

    pub(crate) fn deliver(&self, events: Incoming<'_>, drive: &mut Drive<'_>) {
        for s in 0..events.steps() {
            let input = &mut drive.input[s * drive.width..][..drive.width];
            let (indices, values) = events.step(s);
            for (e, &index) in indices.iter().enumerate() {
                let value = values.map_or(1.0, |v| v[e]);
                for &(target, weight) in self.row(index as usize) {
                    input[target as usize] += value * weight;
                }
            }
        }
    }
}
