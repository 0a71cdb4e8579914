//! Waiting: `Delay`.

use crate::tensor::Tensor;

/// NIR `Delay`: `y(t) = x(t - delay)`, element by element.
///
/// `delay` is in seconds and not negative; input and output have its shape.
/// A delay of zero everywhere passes its input on in the same step.
/// Source: NIR paper, table 1; nir 1.0.8 `ir/delay.py`.
#[derive(Clone, Debug, PartialEq)]
pub struct Delay {
    /// The wait, in seconds.
    pub delay: Tensor,
}
