//! How many synapses an event of each neuron visits: all of them, and those that are not zero.

use spike::{Connection, Conv2d};

/// Synapses of each source neuron, and the weights themselves.
#[derive(Clone, Debug)]
pub(crate) struct FanOut {
    /// Synapses with a weight beside 0, by source neuron.
    pub(crate) effective: Vec<u32>,
    /// All synapses of one step.
    pub(crate) dense: u64,
    /// Weights, and how many of them are 0.
    pub(crate) n_weights: u64,
    pub(crate) n_zero: u64,
}

impl FanOut {
    /// None for a pool, which has no weights: NeuroBench counts no operations there.
    pub(crate) fn of(connection: &Connection, sources: usize, targets: usize) -> Option<Self> {
        let weights = match connection {
            Connection::Dense(c) => &c.weight,
            Connection::Sparse(c) => &c.weight,
            Connection::OneToOne(c) => &c.weight,
            Connection::Conv2d(c) => &c.weight,
            Connection::Pool2d(_) => return None,
        };
        let mut effective = vec![0; sources];
        let mut count = |source: usize, weight: f32| effective[source] += u32::from(weight != 0.0);
        let dense = match connection {
            Connection::Dense(c) => {
                c.weight.iter().enumerate().for_each(|(k, w)| count(k % sources, *w));
                (sources * targets) as u64
            }
            Connection::Sparse(c) => {
                c.source.iter().zip(&c.weight).for_each(|(s, w)| count(*s as usize, *w));
                c.weight.len() as u64
            }
            Connection::OneToOne(c) => {
                (0..sources).for_each(|s| count(s, c.weight[s % c.weight.len()]));
                sources as u64
            }
            Connection::Conv2d(c) => return Some(Self::of_conv(c, sources)),
            Connection::Pool2d(_) => 0,
        };
        Some(Self { effective, dense, ..Self::weights(weights) })
    }

    fn weights(weights: &[f32]) -> Self {
        let n_zero = weights.iter().filter(|w| **w == 0.0).count() as u64;
        Self { effective: Vec::new(), dense: 0, n_weights: weights.len() as u64, n_zero }
    }

    /// A weight of a kernel is visited once for each window in which its input lies.
    fn of_conv(c: &Conv2d, sources: usize) -> Self {
        let [height, width] = c.input;
        let reached: [Vec<Vec<bool>>; 2] = [0, 1].map(|axis| reached(c, axis));
        let in_group = c.channels[0] / c.groups;
        let out_group = c.channels[1] / c.groups;
        let area = c.kernel[0] * c.kernel[1];
        let mut effective = vec![0; sources];
        let mut dense = 0;
        for channel in 0..c.channels[0] {
            // Weights beside 0 at each place of the kernel, over the output channels of the group.
            let first = channel / in_group * out_group;
            let filled: Vec<u32> = (0..area)
                .map(|place| {
                    let weight =
                        |out: usize| c.weight[(out * in_group + channel % in_group) * area + place];
                    (first..first + out_group).map(|out| u32::from(weight(out) != 0.0)).sum()
                })
                .collect();
            for y in 0..height {
                for x in 0..width {
                    let places = (0..area).filter(|place| {
                        reached[0][y][place / c.kernel[1]] && reached[1][x][place % c.kernel[1]]
                    });
                    let source = (channel * height + y) * width + x;
                    for place in places {
                        effective[source] += filled[place];
                        dense += out_group as u64;
                    }
                }
            }
        }
        Self { effective, dense, ..Self::weights(&c.weight) }
    }
}

/// For each input position along an axis, whether each kernel position meets an output there.
fn reached(c: &Conv2d, axis: usize) -> Vec<Vec<bool>> {
    let meets = |position: usize, kernel: usize| {
        let shifted = (position + c.padding[axis]).checked_sub(kernel * c.dilation[axis]);
        shifted.is_some_and(|at| {
            at.is_multiple_of(c.stride[axis]) && at / c.stride[axis] < c.output[axis]
        })
    };
    (0..c.input[axis]).map(|p| (0..c.kernel[axis]).map(|k| meets(p, k)).collect()).collect()
}
