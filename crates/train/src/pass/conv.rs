//! Convolutions. Where spikes are few, each adds its weights to the outputs that it reaches;
//! otherwise they are products of matrices whose left factor is read through tables of offsets, so
//! that no window is ever copied. Both give the same bits. Images have their channels last.

use crate::kernel::{Into, Left, Right, Rows, Taps, Terms, Way, multiply, spread};
use crate::network::{Conv, Signal};

use super::{Stage, Sums, Work, grow};

/// Positions that one product takes at once: enough to hide the packing of weights, few enough to
/// stay in cache.
const POSITIONS: usize = 1024;

/// Share of inputs that spike below which each is followed: from the loads of each path, not swept.
const SPARSE: f64 = 0.3;

/// Offsets, made once for a geometry.
#[derive(Debug, Default)]
pub(super) struct Tables {
    /// Images that one product takes.
    images: usize,
    /// Where the window of each position begins, over these images.
    windows: Vec<u32>,
    /// Where each weight of a window looks.
    taps: Vec<u32>,
    /// Which outputs each input reaches.
    reached: Taps,
    phases: Vec<Phase>,
    /// Height and width of the derivative of the output with zeros around, and zeros before.
    around: [usize; 2],
    before: usize,
    /// Derivatives with zeros around.
    padded: Vec<f32>,
}

/// Input positions of the same remainder by the stride: they meet the same weights.
#[derive(Debug, Default)]
struct Phase {
    /// Kernel rows and columns, in the order of `taps`.
    kernel: [Vec<usize>; 2],
    /// Where the window of derivatives of each position begins, over the images of one product.
    windows: Vec<u32>,
    taps: Vec<u32>,
    /// Where the derivative of each position goes.
    places: Vec<u32>,
    /// Weights as `[taps][channels in]`.
    weights: Vec<f32>,
}

impl Tables {
    fn prepare(&mut self, c: &Conv) {
        if self.images > 0 {
            return;
        }
        let images = POSITIONS.div_ceil(c.area()).max(1);
        self.images = images;
        let [height, width] = c.padded();
        let [from, to] = c.channels;
        let image = height * width * from;
        for i in 0..images {
            for y in 0..c.output[0] {
                for x in 0..c.output[1] {
                    let at = (y * width + x) * c.stride * from;
                    self.windows.push((i * image + at) as u32);
                }
            }
        }
        for y in 0..c.kernel {
            for x in 0..c.kernel {
                let at = (y * width + x) * from;
                self.taps.extend((0..from).map(|channel| (at + channel) as u32));
            }
        }
        self.reach(c);
        self.before = c.kernel.div_ceil(c.stride) - 1;
        let reach = |axis: usize| (c.input[axis] - 1 + c.padding) / c.stride + 1;
        self.around = [0, 1].map(|axis| self.before + c.output[axis].max(reach(axis)));
        let [_, columns] = self.around;
        let large = self.around[0] * columns * to;
        for remainder in (0..c.stride * c.stride).map(|p| [p / c.stride, p % c.stride]) {
            // Kernel rows that meet these positions, the last first: their outputs ascend.
            let kernel =
                remainder.map(|r| (r..c.kernel).step_by(c.stride).rev().collect::<Vec<_>>());
            let mut phase = Phase { kernel, ..Phase::default() };
            let count = [phase.kernel[0].len(), phase.kernel[1].len()];
            for y in 0..count[0] {
                for x in 0..count[1] {
                    let at = (y * columns + x) * to;
                    phase.taps.extend((0..to).map(|channel| (at + channel) as u32));
                }
            }
            for i in 0..images {
                for y in (0..c.input[0]).filter(|y| (y + c.padding) % c.stride == remainder[0]) {
                    for x in (0..c.input[1]).filter(|x| (x + c.padding) % c.stride == remainder[1])
                    {
                        let first = |at: usize, axis: usize| {
                            (at + c.padding) / c.stride + self.before + 1 - count[axis].max(1)
                        };
                        let at = first(y, 0) * columns + first(x, 1);
                        phase.windows.push((i * large + at * to) as u32);
                        let place = i * c.input[0] * c.input[1] + y * c.input[1] + x;
                        phase.places.push((place * from) as u32);
                    }
                }
            }
            self.phases.push(phase);
        }
    }

    fn reach(&mut self, c: &Conv) {
        let [from, to] = c.channels;
        self.reached = Taps::new(c.channels, [c.area() * to, c.depth() * to]);
        // The outputs along one axis whose windows hold a position, with the kernel's part of each.
        let along = |at: usize, axis: usize| {
            let parts = (0..c.kernel).filter_map(move |part| {
                let first = (at + c.padding).checked_sub(part)?;
                let output = first / c.stride;
                (first % c.stride == 0 && output < c.output[axis]).then_some((output, part))
            });
            parts.collect::<Vec<_>>()
        };
        for y in 0..c.input[0] {
            for x in 0..c.input[1] {
                let columns = along(x, 1);
                let all =
                    along(y, 0).into_iter().flat_map(|row| columns.iter().map(move |c| (row, *c)));
                self.reached.push(all.map(|((row, ky), (column, kx))| {
                    let output = (row * c.output[1] + column) * to;
                    [output, (ky * c.kernel + kx) * from * to]
                }));
            }
        }
    }

    /// Copies the weights that each phase meets.
    fn gather(&mut self, c: &Conv, weight: &[f32]) {
        let [from, to] = c.channels;
        for phase in &mut self.phases {
            phase.weights.clear();
            for &y in &phase.kernel[0] {
                for &x in &phase.kernel[1] {
                    for out in 0..to {
                        phase.weights.extend((0..from).map(|channel| {
                            weight[((y * c.kernel + x) * from + channel) * to + out]
                        }));
                    }
                }
            }
        }
    }
}

impl Conv {
    fn inputs(&self) -> usize {
        self.channels[0] * self.input[0] * self.input[1]
    }

    fn outputs(&self) -> usize {
        self.channels[1] * self.area()
    }

    #[allow(clippy::too_many_arguments, reason = "all of one operation")]
    pub(super) fn forward(
        &self,
        parameters: &[f32],
        signal: Signal,
        rows: usize,
        x: &[f32],
        out: &mut [f32],
        stage: &mut Stage,
        work: &mut Work,
    ) {
        stage.tables.prepare(self);
        let weight = &parameters[self.weight.clone()];
        stage.sparse = false;
        if signal.binary {
            stage.lists.fill(x, self.inputs());
            stage.sparse = (stage.lists.total() as f64) < SPARSE * x.len() as f64;
        }
        if stage.sparse {
            out.fill(0.0);
            for (row, out) in out.chunks_exact_mut(self.outputs()).enumerate() {
                spread(Way::Forward, &stage.tables.reached, &stage.lists, row, weight, out);
            }
            return;
        }
        let [height, width] = self.padded();
        let image = height * width * self.channels[0];
        if self.padding > 0 {
            stage.padded.resize(rows * image, 0.0);
            let size = [self.input[0], self.input[1], self.channels[0]];
            frame(x, size, &mut stage.padded, [height, width], self.padding);
        }
        let x = if self.padding > 0 { &stage.padded } else { x };
        let (n, area) = (self.channels[1], self.area());
        let terms = if signal.binary { Terms::Fused } else { Terms::Rounded };
        for first in (0..rows).step_by(stage.tables.images) {
            let images = stage.tables.images.min(rows - first);
            let left = Left {
                data: &x[first * image..(first + images) * image],
                row: Rows::Listed(&stage.tables.windows[..images * area]),
                term: Rows::Listed(&stage.tables.taps),
            };
            let right = Right::Rows { data: weight, row: n, n };
            let data = &mut out[first * area * n..(first + images) * area * n];
            let mut into = Into { data, row: Rows::even(images * area, n), adds: false };
            multiply(left, right, &mut into, terms, &mut work.kernel);
        }
    }

    #[allow(clippy::too_many_arguments, reason = "all of one operation")]
    pub(super) fn back(
        &self,
        parameters: &[f32],
        signal: Signal,
        rows: usize,
        x: &[f32],
        stage: &mut Stage,
        sums: &mut Sums<'_>,
        work: &mut Work,
    ) {
        let [height, width] = self.padded();
        let image = height * width * self.channels[0];
        let x = if self.padding > 0 { &stage.padded } else { x };
        let (n, area) = (self.channels[1], self.area());
        let tables = &mut stage.tables;
        let gradient = sums.of(&self.weight);
        if stage.sparse {
            for (row, g) in work.g[..rows * area * n].chunks_exact(area * n).enumerate() {
                spread(Way::Back, &tables.reached, &stage.lists, row, g, gradient);
            }
        }
        let dense = if stage.sparse { 0 } else { rows };
        for first in (0..dense).step_by(tables.images) {
            let images = tables.images.min(rows - first);
            let left = Left {
                data: &x[first * image..(first + images) * image],
                row: Rows::Listed(&tables.taps),
                term: Rows::Listed(&tables.windows[..images * area]),
            };
            let g = &work.g[first * area * n..(first + images) * area * n];
            let row = Rows::even(self.depth(), n);
            let mut into = Into { data: gradient, row, adds: true };
            multiply(
                left,
                Right::Rows { data: g, row: n, n },
                &mut into,
                Terms::Fused,
                &mut work.kernel,
            );
        }
        if !signal.derived {
            return;
        }
        tables.gather(self, &parameters[self.weight.clone()]);
        grow(&mut work.next, rows * self.inputs());
        let [lines, columns] = tables.around;
        let large = lines * columns * n;
        for first in (0..rows).step_by(tables.images) {
            let images = tables.images.min(rows - first);
            tables.padded.resize(tables.images * large, 0.0);
            let g = &work.g[first * self.outputs()..(first + images) * self.outputs()];
            let size = [self.output[0], self.output[1], n];
            frame(g, size, &mut tables.padded, [lines, columns], tables.before);
            let to = &mut work.next[first * self.inputs()..(first + images) * self.inputs()];
            for phase in &tables.phases {
                let many = phase.places.len() / tables.images * images;
                let left = Left {
                    data: &tables.padded,
                    row: Rows::Listed(&phase.windows[..many]),
                    term: Rows::Listed(&phase.taps),
                };
                let from = self.channels[0];
                let right = Right::Rows { data: &phase.weights, row: from, n: from };
                let row = Rows::Listed(&phase.places[..many]);
                let mut into = Into { data: to, row, adds: false };
                multiply(left, right, &mut into, Terms::Fused, &mut work.kernel);
            }
        }
        work.turn(rows * self.inputs());
    }
}

/// Copies images of `[height, width, channels]` into larger ones of zeros, `before` from the edge.
fn frame(x: &[f32], size: [usize; 3], to: &mut [f32], around: [usize; 2], before: usize) {
    let [height, width, channels] = size;
    let line = width * channels;
    let large = around[0] * around[1] * channels;
    for (image, to) in x.chunks_exact(height * line).zip(to.chunks_exact_mut(large)) {
        for (y, from) in image.chunks_exact(line).enumerate() {
            let at = ((y + before) * around[1] + before) * channels;
            to[at..at + line].copy_from_slice(from);
        }
    }
}
