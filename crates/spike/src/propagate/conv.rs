//! Convolutions and pools: an event visits the windows that contain it.
//! A target population lies channels last, so that one event adds a run of output channels at each
//! position; which positions an input row or column reaches is tabulated once.

use super::{Drive, Ends, Incoming, Layout};
use crate::simd::{Simd, dispatch};

/// A two-dimensional convolution (cross-correlation, as PyTorch's `conv2d`).
///
/// `y[o, p, q] = sum over c, i, j of weight[o, c, i, j] x[c, p stride + i dilation - padding, ..]`.
/// Source: Pedersen et al. 2024, "Neuromorphic intermediate representation", `Conv1d`, `Conv2d`.
#[derive(Clone, Debug, PartialEq)]
pub struct Conv2d {
    /// Weights, shape `[out][in / groups][kernel height][kernel width]`.
    pub weight: Vec<f32>,
    /// Input and output channels.
    pub channels: [usize; 2],
    /// Input height and width.
    pub input: [usize; 2],
    /// Output height and width.
    pub output: [usize; 2],
    /// Kernel height and width.
    pub kernel: [usize; 2],
    /// Stride, vertical and horizontal.
    pub stride: [usize; 2],
    /// Zero padding before the first row and column.
    pub padding: Padding2d,
    /// Dilation, vertical and horizontal.
    pub dilation: [usize; 2],
    /// Groups of channels that do not mix.
    pub groups: usize,
}

/// Zero rows above and zero columns left of the input; what lies below and right follows from the
/// size of the output.
pub type Padding2d = [usize; 2];

/// Sums over windows, channel by channel.
///
/// `y[c, p, q] = sum over i, j of x[c, p stride + i - padding, q stride + j - padding]`.
/// Source: Pedersen et al. 2024, "Neuromorphic intermediate representation", `SumPool2d`.
#[derive(Clone, Debug, PartialEq)]
pub struct Pool2d {
    /// Channels.
    pub channels: usize,
    /// Input height and width.
    pub input: [usize; 2],
    /// Output height and width.
    pub output: [usize; 2],
    /// Window height and width.
    pub kernel: [usize; 2],
    /// Stride, vertical and horizontal.
    pub stride: [usize; 2],
    /// Zero padding, vertical and horizontal.
    pub padding: Padding2d,
}

/// Along one axis, the windows that contain each position: pairs of kernel and output position.
#[derive(Clone, Debug)]
struct Reach {
    start: Vec<u32>,
    pairs: Vec<(u16, u16)>,
}

impl Reach {
    fn new(c: &Conv2d, axis: usize) -> Self {
        let mut reach = Self { start: vec![0], pairs: Vec::new() };
        for at in 0..c.input[axis] {
            for k in 0..c.kernel[axis] {
                let shifted = (at + c.padding[axis]).checked_sub(k * c.dilation[axis]);
                if let Some(shifted) = shifted
                    && shifted.is_multiple_of(c.stride[axis])
                    && shifted / c.stride[axis] < c.output[axis]
                {
                    reach.pairs.push((k as u16, (shifted / c.stride[axis]) as u16));
                }
            }
            reach.start.push(reach.pairs.len() as u32);
        }
        reach
    }

    fn of(&self, at: usize) -> &[(u16, u16)] {
        &self.pairs[self.start[at] as usize..self.start[at + 1] as usize]
    }
}

/// Where an event of a source lane lies.
#[derive(Clone, Copy, Debug)]
struct Place {
    channel: u32,
    y: u16,
    x: u16,
}

/// A convolution or a pool laid out for delivery.
#[derive(Clone, Debug)]
pub(crate) struct Window {
    /// Weights, shape `[in][kernel height][kernel width][run]`.
    weights: Vec<f32>,
    /// Output channels that one event reaches.
    run: usize,
    /// First output channel by input channel.
    first: Vec<u32>,
    kernel: [usize; 2],
    rows: Reach,
    columns: Reach,
    places: Vec<Place>,
    /// Target lane of output channel 0 at position 0 and the strides of position and channel.
    width: usize,
    position_stride: usize,
    channel_stride: usize,
}

impl Window {
    pub(crate) fn conv(c: &Conv2d, ends: &Ends) -> Self {
        let [inputs, outputs] = c.channels;
        let (per_in, run) = (inputs / c.groups, outputs / c.groups);
        let area = c.kernel[0] * c.kernel[1];
        let mut weights = vec![0.0; inputs * area * run];
        for input in 0..inputs {
            let (group, within) = (input / per_in, input % per_in);
            for k in 0..area {
                for o in 0..run {
                    weights[(input * area + k) * run + o] =
                        c.weight[((group * run + o) * per_in + within) * area + k];
                }
            }
        }
        let first = (0..inputs).map(|input| (input / per_in * run) as u32).collect();
        Self::new(c, ends, weights, run, first)
    }

    pub(crate) fn pool(p: &Pool2d, ends: &Ends) -> Self {
        let conv = Conv2d {
            weight: Vec::new(),
            channels: [p.channels; 2],
            input: p.input,
            output: p.output,
            kernel: p.kernel,
            stride: p.stride,
            padding: p.padding,
            dilation: [1, 1],
            groups: p.channels,
        };
        let weights = vec![1.0; p.channels * p.kernel[0] * p.kernel[1]];
        Self::new(&conv, ends, weights, 1, (0..p.channels as u32).collect())
    }

    fn new(c: &Conv2d, ends: &Ends, weights: Vec<f32>, run: usize, first: Vec<u32>) -> Self {
        let [height, width] = c.input;
        let places = (0..ends.sources)
            .map(|lane| {
                let index = ends.from.index(lane);
                let (channel, at) = (index / (height * width), index % (height * width));
                Place { channel: channel as u32, y: (at / width) as u16, x: (at % width) as u16 }
            })
            .collect();
        let (position_stride, channel_stride) = match ends.to {
            Layout::ChannelsLast { channels, .. } => (channels, 1),
            Layout::Plain => (1, c.output[0] * c.output[1]),
        };
        Self {
            weights,
            run,
            first,
            kernel: c.kernel,
            rows: Reach::new(c, 0),
            columns: Reach::new(c, 1),
            places,
            width: c.output[1],
            position_stride,
            channel_stride,
        }
    }

    pub(crate) fn fan_out(&self, source: usize) -> u64 {
        let place = self.places[source];
        let windows = self.rows.of(place.y.into()).len() * self.columns.of(place.x.into()).len();
        (windows * self.run) as u64
    }

    pub(crate) fn bytes(&self) -> usize {
        self.weights.len() * 4 + self.places.len() * 8 + self.first.len() * 4
    }

    pub(crate) fn deliver(&self, events: Incoming<'_>, drive: &mut Drive<'_>) {
        assert!(drive.lane == 0);
        dispatch!(drive.isa, add_windows(window: &Window = self, events: Incoming<'_> = events, drive: &mut Drive<'_> = drive));
    }
}

/// # Safety
/// The machine has the instruction set `S`.
#[inline(always)]
unsafe fn add_windows<S: Simd>(w: &Window, events: Incoming<'_>, drive: &mut Drive<'_>) {
    for s in 0..events.steps() {
        let input = &mut drive.input[s * drive.width..][..drive.width];
        let (indices, values) = events.step(s);
        match (w.channel_stride, w.run) {
            (1, 8) => add_runs::<8>(w, indices, values, input),
            (1, 16) => add_runs::<16>(w, indices, values, input),
            (1, 32) => add_runs::<32>(w, indices, values, input),
            (1, 64) => add_runs::<64>(w, indices, values, input),
            _ => add_strided(w, indices, values, input),
        }
    }
}

/// Visits the windows of each event: `f(value, weights of the window, first target lane)`.
#[inline(always)]
fn each_window(
    w: &Window,
    indices: &[u32],
    values: Option<&[f32]>,
    mut f: impl FnMut(f32, &[f32], usize),
) {
    for (e, &index) in indices.iter().enumerate() {
        let value = values.map_or(1.0, |v| v[e]);
        let place = w.places[index as usize];
        let channel = place.channel as usize;
        let kernels = &w.weights[channel * w.kernel[0] * w.kernel[1] * w.run..];
        let first = w.first[channel] as usize * w.channel_stride;
        let columns = w.columns.of(place.x.into());
        for &(i, p) in w.rows.of(place.y.into()) {
            for &(j, q) in columns {
                let k = usize::from(i) * w.kernel[1] + usize::from(j);
                let position = usize::from(p) * w.width + usize::from(q);
                f(value, &kernels[k * w.run..][..w.run], first + position * w.position_stride);
            }
        }
    }
}

#[inline(always)]
fn add_runs<const N: usize>(
    w: &Window,
    indices: &[u32],
    values: Option<&[f32]>,
    input: &mut [f32],
) {
    each_window(w, indices, values, |value, weights, lane| {
        let Some(weights) = weights.first_chunk::<N>() else { return };
        let Some(input) = input[lane..].first_chunk_mut::<N>() else { return };
        for k in 0..N {
            input[k] += value * weights[k];
        }
    });
}

#[inline(always)]
fn add_strided(w: &Window, indices: &[u32], values: Option<&[f32]>, input: &mut [f32]) {
    each_window(w, indices, values, |value, weights, lane| {
        for (k, weight) in weights.iter().enumerate() {
            input[lane + k * w.channel_stride] += value * weight;
        }
    });
}
