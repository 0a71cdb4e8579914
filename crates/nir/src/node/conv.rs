//! Convolutions: `Conv1d`, `Conv2d`, in torch's convention (cross-correlation, no flip).

use crate::tensor::Tensor;

/// NIR `Conv1d`: `y[o, n] = b[o] + sum over i, k of W[o, i, k] x[i, n stride + k dilation - left]`.
///
/// Shapes: input (channels in, N), `weight` (channels out, channels in / groups, kernel),
/// `bias` (channels out), output (channels out, `floor((N + padding - dilation (kernel - 1) - 1) / stride) + 1`).
/// Nothing has a unit.
/// Source: NIR paper, table 1; nir 1.0.8 `ir/conv.py`; torch `nn.Conv1d`.
#[derive(Clone, Debug, PartialEq)]
pub struct Conv1d {
    /// N, the length of the input; `None` until it is inferred.
    pub input_shape: Option<[usize; 1]>,
    /// W, (channels out, channels in / groups, kernel).
    pub weight: Tensor,
    /// Positions between two outputs, at least 1.
    pub stride: [usize; 1],
    /// Zeros around the input.
    pub padding: Padding<1>,
    /// Positions between two weights, at least 1.
    pub dilation: [usize; 1],
    /// Blocks of channels that do not mix.
    pub groups: usize,
    /// b, (channels out).
    pub bias: Tensor,
}

/// NIR `Conv2d`: as [`Conv1d`], over two axes.
///
/// Shapes: input (channels in, H, W), `weight` (channels out, channels in / groups, kernel H, kernel W),
/// `bias` (channels out), output (channels out, H', W').
/// Nothing has a unit.
/// Source: NIR paper, table 1; nir 1.0.8 `ir/conv.py`; torch `nn.Conv2d`.
/// nir 1.0.8 computes W' from kernel H; here each axis uses its own, as torch does.
#[derive(Clone, Debug, PartialEq)]
pub struct Conv2d {
    /// H and W of the input; `None` until they are inferred.
    pub input_shape: Option<[usize; 2]>,
    /// W, (channels out, channels in / groups, kernel H, kernel W).
    pub weight: Tensor,
    /// Positions between two outputs, at least 1.
    pub stride: [usize; 2],
    /// Zeros around the input.
    pub padding: Padding<2>,
    /// Positions between two weights, at least 1.
    pub dilation: [usize; 2],
    /// Blocks of channels that do not mix.
    pub groups: usize,
    /// b, (channels out).
    pub bias: Tensor,
}

/// Zeros around the input of a convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Padding<const N: usize> {
    /// As many as keep the length; the odd one goes behind, as in torch.
    Same,
    /// None.
    Valid,
    /// This many on both sides of each axis.
    Explicit([usize; N]),
}

impl<const N: usize> Padding<N> {
    /// Zeros before and after each axis, for a kernel of `kernel` weights `dilation` apart.
    #[must_use]
    pub fn amounts(&self, kernel: [usize; N], dilation: [usize; N]) -> [(usize, usize); N] {
        let mut amounts = [(0, 0); N];
        for (axis, (before, after)) in amounts.iter_mut().enumerate() {
            let reach = kernel
                .get(axis)
                .zip(dilation.get(axis))
                .map_or(0, |(kernel, dilation)| dilation.saturating_mul(kernel.saturating_sub(1)));
            (*before, *after) = match self {
                Self::Same => (reach / 2, reach - reach / 2),
                Self::Valid => (0, 0),
                Self::Explicit(amounts) => {
                    let amount = amounts.get(axis).copied().unwrap_or(0);
                    (amount, amount)
                }
            };
        }
        amounts
    }
}

impl Conv1d {
    /// The kernel's length.
    #[must_use]
    pub fn kernel(&self) -> [usize; 1] {
        kernel(&self.weight)
    }

    /// Channels in, all groups together.
    #[must_use]
    pub fn channels_in(&self) -> usize {
        channels_in(&self.weight, self.groups)
    }

    /// Channels out.
    #[must_use]
    pub fn channels_out(&self) -> usize {
        self.weight.shape().first().copied().unwrap_or(0)
    }
}

impl Conv2d {
    /// The kernel's height and width.
    #[must_use]
    pub fn kernel(&self) -> [usize; 2] {
        kernel(&self.weight)
    }

    /// Channels in, all groups together.
    #[must_use]
    pub fn channels_in(&self) -> usize {
        channels_in(&self.weight, self.groups)
    }

    /// Channels out.
    #[must_use]
    pub fn channels_out(&self) -> usize {
        self.weight.shape().first().copied().unwrap_or(0)
    }
}

fn kernel<const N: usize>(weight: &Tensor) -> [usize; N] {
    let mut kernel = [0; N];
    for (length, axis) in kernel.iter_mut().zip(weight.shape().iter().skip(2)) {
        *length = *axis;
    }
    kernel
}

fn channels_in(weight: &Tensor, groups: usize) -> usize {
    let per_group = weight.shape().get(1).copied().unwrap_or(0);
    per_group.saturating_mul(groups)
}
