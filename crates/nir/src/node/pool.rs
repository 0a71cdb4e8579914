//! Pooling: `SumPool2d`, `AvgPool2d`.

/// NIR `SumPool2d`: each output is the sum of its window.
///
/// Shapes: input (channels, H, W), output (channels, H', W') with
/// `H' = floor((H + 2 padding - kernel) / stride) + 1`.
/// Nothing has a unit.
/// Source: NIR paper, table 1; nir 1.0.8 `ir/pooling.py`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SumPool2d {
    /// The window, height and width.
    pub kernel_size: [usize; 2],
    /// Positions between two windows, at least 1.
    pub stride: [usize; 2],
    /// Zeros on both sides of each axis.
    pub padding: [usize; 2],
}

/// NIR `AvgPool2d`: each output is the mean of its window, padding counted.
///
/// Shapes as for [`SumPool2d`].
/// Source: NIR paper, table 1; nir 1.0.8 `ir/pooling.py`; torch `nn.AvgPool2d`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AvgPool2d {
    /// The window, height and width.
    pub kernel_size: [usize; 2],
    /// Positions between two windows, at least 1.
    pub stride: [usize; 2],
    /// Zeros on both sides of each axis.
    pub padding: [usize; 2],
}
