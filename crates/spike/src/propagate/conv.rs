//! Convolutions and pools: an event visits the windows that contain it.
//! A target population lies channels last, so that one event adds a run of output channels at each
//! position; which positions an input row or column reaches is tabulated once.

use super::{Drive, Ends, Incoming, Layout};
use crate::aligned::Aligned;
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

/// Kernel positions along one axis in an order in which the windows that contain an input position
/// are runs: one residue of the stride after the other, the last kernel position first.
fn kernel_order(c: &Conv2d, axis: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..c.kernel[axis]).collect();
    order.sort_by_key(|&k| (k * c.dilation[axis] % c.stride[axis], std::cmp::Reverse(k)));
    order
}

/// A run of windows: `count` kernel positions from `kernel` on, in [`kernel_order`], meet the
/// outputs from `output` on.
#[derive(Clone, Copy, Debug)]
struct Segment {
    kernel: u16,
    output: u16,
    count: u16,
}

/// Along one axis, the windows that contain each input position.
#[derive(Clone, Debug)]
struct Reach {
    start: Vec<u32>,
    segments: Vec<Segment>,
}

impl Reach {
    fn new(c: &Conv2d, axis: usize) -> Self {
        let order = kernel_order(c, axis);
        let mut reach = Self { start: vec![0], segments: Vec::new() };
        for at in 0..c.input[axis] {
            let first = reach.segments.len();
            for (kernel, k) in order.iter().enumerate() {
                let shifted = (at + c.padding[axis]).checked_sub(k * c.dilation[axis]);
                let Some(shifted) = shifted.filter(|s| s.is_multiple_of(c.stride[axis])) else {
                    continue;
                };
                let output = shifted / c.stride[axis];
                if output >= c.output[axis] {
                    continue;
                }
                let (kernel, output) = (kernel as u16, output as u16);
                match reach.segments[first..].last_mut() {
                    Some(s) if s.kernel + s.count == kernel && s.output + s.count == output => {
                        s.count += 1;
                    }
                    _ => reach.segments.push(Segment { kernel, output, count: 1 }),
                }
            }
            reach.start.push(reach.segments.len() as u32);
        }
        reach
    }

    fn of(&self, at: usize) -> &[Segment] {
        &self.segments[self.start[at] as usize..self.start[at + 1] as usize]
    }
}

/// Neighbouring weights that an event adds to neighbouring lanes: what one row of a kernel does.
#[derive(Clone, Copy, Debug)]
struct Stretch {
    /// First weight, counted from the weights of the event's channel.
    weight: u32,
    /// First target lane, counted from the lane of the channel's first output.
    lane: u32,
    /// Number of weights.
    len: u32,
}

/// Where an event of a source lane lies: its position in the plane, its channel's weights and the
/// lane of its channel's first output.
#[derive(Clone, Copy, Debug)]
struct Place {
    position: u32,
    weights: u32,
    first: u32,
}

/// A convolution or a pool laid out for delivery.
#[derive(Clone, Debug)]
pub(crate) struct Window {
    /// Weights, shape `[in][kernel height][kernel width][run]`, both kernel axes in
    /// [`kernel_order`].
    weights: Aligned<f32>,
    /// Output channels that one event reaches.
    run: usize,
    places: Vec<Place>,
    /// The stretches of position `p` are `stretches[start[p]..start[p + 1]]`.
    start: Vec<u32>,
    stretches: Vec<Stretch>,
    /// Synapses of each position.
    fan_out: Vec<u32>,
    /// Lanes of the target.
    padded: usize,
    /// Strides of position and channel in the target's lanes.
    position_stride: usize,
    channel_stride: usize,
}

impl Window {
    pub(crate) fn conv(c: &Conv2d, ends: &Ends) -> Self {
        let [inputs, outputs] = c.channels;
        let (per_in, run) = (inputs / c.groups, outputs / c.groups);
        let area = c.kernel[0] * c.kernel[1];
        let columns = kernel_order(c, 1);
        let ordered: Vec<usize> = kernel_order(c, 0)
            .iter()
            .flat_map(|i| columns.iter().map(move |j| i * c.kernel[1] + j))
            .collect();
        let mut weights = vec![0.0; inputs * area * run];
        for input in 0..inputs {
            let (group, within) = (input / per_in, input % per_in);
            for (k, from) in ordered.iter().enumerate() {
                for o in 0..run {
                    weights[(input * area + k) * run + o] =
                        c.weight[((group * run + o) * per_in + within) * area + from];
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
        let (position_stride, channel_stride) = match ends.to {
            Layout::ChannelsLast { channels, .. } => (channels, 1),
            Layout::Plain => (1, c.output[0] * c.output[1]),
        };
        let kernel = c.kernel[0] * c.kernel[1] * run;
        let places = (0..ends.sources)
            .map(|lane| {
                let index = ends.from.index(lane);
                let (channel, position) = (index / (height * width), index % (height * width));
                Place {
                    position: position as u32,
                    weights: (channel * kernel) as u32,
                    first: first[channel] * channel_stride as u32,
                }
            })
            .collect();
        let mut window = Self {
            weights: Aligned::from(&weights[..]),
            run,
            places,
            start: vec![0],
            stretches: Vec::new(),
            fan_out: Vec::new(),
            padded: ends.padded,
            position_stride,
            channel_stride,
        };
        let (rows, columns) = (Reach::new(c, 0), Reach::new(c, 1));
        for y in 0..height {
            for x in 0..width {
                window.add_position(c, rows.of(y), columns.of(x));
            }
        }
        window.check();
        window
    }

    /// Lists the stretches of the next position.
    fn add_position(&mut self, c: &Conv2d, rows: &[Segment], columns: &[Segment]) {
        let first = self.stretches.len();
        for row in rows {
            for r in 0..usize::from(row.count) {
                for column in columns {
                    let kernel =
                        (usize::from(row.kernel) + r) * c.kernel[1] + usize::from(column.kernel);
                    let output =
                        (usize::from(row.output) + r) * c.output[1] + usize::from(column.output);
                    self.stretches.push(Stretch {
                        weight: (kernel * self.run) as u32,
                        lane: (output * self.position_stride) as u32,
                        len: (usize::from(column.count) * self.run) as u32,
                    });
                }
            }
        }
        self.fan_out.push(self.stretches[first..].iter().map(|s| s.len).sum());
        self.start.push(self.stretches.len() as u32);
    }

    /// Whether neighbouring weights go to neighbouring lanes.
    fn is_contiguous(&self) -> bool {
        self.channel_stride == 1 && self.run == self.position_stride
    }

    /// Asserts what delivery relies on: every stretch of every place lies inside the weights and
    /// the target.
    fn check(&self) {
        for place in &self.places {
            for s in self.stretches(place) {
                let lanes = if self.is_contiguous() {
                    s.len as usize
                } else {
                    let positions = s.len as usize / self.run;
                    (positions - 1) * self.position_stride
                        + (self.run - 1) * self.channel_stride
                        + 1
                };
                assert!((place.weights + s.weight + s.len) as usize <= self.weights.len());
                assert!((place.first + s.lane) as usize + lanes <= self.padded);
            }
        }
    }

    fn stretches(&self, place: &Place) -> &[Stretch] {
        let at = place.position as usize;
        &self.stretches[self.start[at] as usize..self.start[at + 1] as usize]
    }

    pub(crate) fn fan_out(&self, source: usize) -> u64 {
        self.fan_out[self.places[source].position as usize].into()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.weights.len() * 4
            + self.places.len() * size_of::<Place>()
            + self.stretches.len() * size_of::<Stretch>()
            + (self.start.len() + self.fan_out.len()) * 4
    }

    pub(crate) fn deliver(&self, events: Incoming<'_>, drive: &mut Drive<'_>) {
        assert!(drive.lane == 0 && drive.width == self.padded);
        assert!(drive.input.len() >= events.steps() * drive.width);
        dispatch!(drive.isa, add_windows(window: &Window = self, events: Incoming<'_> = events, drive: &mut Drive<'_> = drive));
    }
}

/// # Safety
/// The machine has the instruction set `S`, the drive is the whole target, and [`Window::check`]
/// has passed.
#[inline(always)]
unsafe fn add_windows<S: Simd>(w: &Window, events: Incoming<'_>, drive: &mut Drive<'_>) {
    let contiguous = w.is_contiguous();
    for s in 0..events.steps() {
        let input = &mut drive.input[s * drive.width..][..drive.width];
        let (indices, values) = events.step(s);
        for (e, &index) in indices.iter().enumerate() {
            let value = values.map_or(1.0, |v| v[e]);
            let place = &w.places[index as usize];
            for stretch in w.stretches(place) {
                let (weight, lane) = (place.weights + stretch.weight, place.first + stretch.lane);
                // SAFETY: the stretch lies inside the weights and the target.
                unsafe {
                    let weights = w.weights.as_ptr().add(weight as usize);
                    let lanes = input.as_mut_ptr().add(lane as usize);
                    if contiguous {
                        add_run::<S>(value, weights, lanes, stretch.len as usize);
                    } else {
                        add_strided(w, value, weights, lanes, stretch.len as usize);
                    }
                }
            }
        }
    }
}

/// Adds `value` times `n` weights to as many neighbouring lanes.
///
/// # Safety
/// The machine has the instruction set `S`; both pointers are valid for `n` values.
#[inline(always)]
unsafe fn add_run<S: Simd>(value: f32, w: *const f32, x: *mut f32, n: usize) {
    let mut k = 0;
    // SAFETY: every vector ends at or before `n`.
    unsafe {
        let wide = S::splat(value);
        while k + S::LANES <= n {
            let sum = S::add(S::load(x.add(k)), S::mul(wide, S::load(w.add(k))));
            S::store(x.add(k), sum);
            k += S::LANES;
        }
        if S::Half::LANES < S::LANES && k + S::Half::LANES <= n {
            let product = S::Half::mul(S::Half::splat(value), S::Half::load(w.add(k)));
            S::Half::store(x.add(k), S::Half::add(S::Half::load(x.add(k)), product));
            k += S::Half::LANES;
        }
        while k < n {
            *x.add(k) += value * *w.add(k);
            k += 1;
        }
    }
}

/// Adds `n` weights of neighbouring windows, `w.run` channels each.
///
/// # Safety
/// The weights and the lanes that they reach are valid.
#[inline(always)]
unsafe fn add_strided(w: &Window, value: f32, weights: *const f32, lanes: *mut f32, n: usize) {
    for position in 0..n / w.run {
        for channel in 0..w.run {
            // SAFETY: as promised by the caller.
            unsafe {
                let lane = position * w.position_stride + channel * w.channel_stride;
                *lanes.add(lane) += value * *weights.add(position * w.run + channel);
            }
        }
    }
}
