//! A convolution over two axes, as cross-correlation.

use std::ops::Range;

/// `y[o, n] = b[o] + sum over i, k of W[o, i, k] x[i, n stride + k dilation - padding]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Conv {
    /// W, (channels out, channels in / groups, kernel height, kernel width), row-major.
    pub weight: Vec<f32>,
    /// b, (channels out).
    pub bias: Vec<f32>,
    /// Height and width of the kernel.
    pub kernel: [usize; 2],
    /// Positions between two outputs.
    pub stride: [usize; 2],
    /// Zeros on both sides of each axis.
    pub padding: [usize; 2],
    /// Positions between two weights.
    pub dilation: [usize; 2],
    /// Blocks of channels that do not mix.
    pub groups: usize,
}

impl Conv {
    /// Channels that one output channel reads.
    pub(crate) fn channels_in(&self) -> usize {
        let kernel = self.kernel[0] * self.kernel[1];
        self.weight.len() / (self.bias.len() * kernel).max(1)
    }

    pub(super) fn run(&self, x: &[f32], input: &[usize], output: &[usize]) -> Vec<f32> {
        let (&[_, height, width], &[channels, rows, columns]) = (input, output) else {
            return Vec::new();
        };
        let [kernel_height, kernel_width] = self.kernel;
        let per_group = self.channels_in();
        let mut y = Vec::with_capacity(channels * rows * columns);
        for o in 0..channels {
            let start = y.len();
            y.resize(start + rows * columns, self.bias[o]);
            let plane_out = &mut y[start..];
            let first_in = o / (channels / self.groups) * per_group;
            for i in 0..per_group {
                let plane_in = &x[(first_in + i) * height * width..][..height * width];
                for ky in 0..kernel_height {
                    let rows_hit = self.hits(0, ky, height, rows);
                    for kx in 0..kernel_width {
                        let at = ((o * per_group + i) * kernel_height + ky) * kernel_width + kx;
                        let hit = self.hits(1, kx, width, columns);
                        let first = hit.start * self.stride[1] + kx * self.dilation[1];
                        for row in rows_hit.clone() {
                            if hit.is_empty() {
                                break;
                            }
                            let from = row * self.stride[0] + ky * self.dilation[0];
                            let from = (from - self.padding[0]) * width + first - self.padding[1];
                            let line = plane_in[from..].iter().step_by(self.stride[1]);
                            let out = &mut plane_out[row * columns..][hit.clone()];
                            for (y, x) in out.iter_mut().zip(line) {
                                *y += self.weight[at] * x;
                            }
                        }
                    }
                }
            }
        }
        y
    }

    /// The outputs along an axis to which weight `k` brings a value, not a zero of the padding.
    fn hits(&self, axis: usize, k: usize, length: usize, outputs: usize) -> Range<usize> {
        let (stride, padding) = (self.stride[axis], self.padding[axis]);
        let offset = k * self.dilation[axis];
        let first = padding.saturating_sub(offset).div_ceil(stride);
        let end = (length + padding).saturating_sub(offset).div_ceil(stride).min(outputs);
        first.min(end)..end
    }

    /// Scales and shifts each output channel: a batch norm becomes part of the layer.
    pub(crate) fn fold(&mut self, scale: &[f32], shift: &[f32]) {
        let per_channel = self.weight.len() / self.bias.len().max(1);
        fold(&mut self.weight, &mut self.bias, per_channel, scale, shift);
    }
}

/// `W = scale W` and `b = scale b + shift`, by output; `per_output` weights each.
pub(super) fn fold(
    weight: &mut [f32],
    bias: &mut [f32],
    per_output: usize,
    scale: &[f32],
    shift: &[f32],
) {
    let rows = weight.chunks_exact_mut(per_output.max(1));
    for ((row, bias), (scale, shift)) in rows.zip(bias).zip(scale.iter().zip(shift)) {
        row.iter_mut().for_each(|w| *w *= scale);
        *bias = *bias * scale + shift;
    }
}
