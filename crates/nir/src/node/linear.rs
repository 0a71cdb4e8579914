//! Linear maps: `Affine`, `Linear`, `Scale`.

use crate::tensor::Tensor;

/// NIR `Affine`: `y(t) = W x(t) + b`.
///
/// `weight` has the shape (outputs, inputs), `bias` (outputs); neither has a unit.
/// Input (inputs), output (outputs).
/// Source: NIR paper (Pedersen et al. 2024, table 1); nir 1.0.8 `ir/linear.py`.
#[derive(Clone, Debug, PartialEq)]
pub struct Affine {
    /// W, (outputs, inputs).
    pub weight: Tensor,
    /// b, (outputs).
    pub bias: Tensor,
}

/// NIR `Linear`: `y(t) = W x(t)`.
///
/// `weight` has the shape (outputs, inputs) and no unit.
/// Input (inputs), output (outputs).
/// Source: NIR paper, table 1; nir 1.0.8 `ir/linear.py`.
#[derive(Clone, Debug, PartialEq)]
pub struct Linear {
    /// W, (outputs, inputs).
    pub weight: Tensor,
}

/// NIR `Scale`: `y(t) = s x(t)`, element by element.
///
/// Input and output have the shape of `scale`, which has no unit.
/// Source: NIR paper, table 1; nir 1.0.8 `ir/linear.py`.
#[derive(Clone, Debug, PartialEq)]
pub struct Scale {
    /// s, one per element.
    pub scale: Tensor,
}
