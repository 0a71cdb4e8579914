//! Comparison: `Threshold`.

use crate::tensor::Tensor;

/// NIR `Threshold`: `z = 1` where `v > threshold`, else 0.
///
/// Input and output have the shape of `threshold`, which is in the unit of its input.
/// It holds no state.
/// Source: NIR paper, table 1; nir 1.0.8 `ir/threshold.py`.
#[derive(Clone, Debug, PartialEq)]
pub struct Threshold {
    /// The level to pass.
    pub threshold: Tensor,
}
