//! Joining axes: `Flatten`.

/// NIR `Flatten`: joins the axes `start_dim..=end_dim` into one.
///
/// Input `input_shape`, output the same with these axes multiplied; values are unchanged.
/// Axes are counted without a batch axis, negative ones from the end.
/// Source: NIR paper, table 1; nir 1.0.8 `ir/flatten.py`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flatten {
    /// The shape of the input; `None` until it is inferred.
    pub input_shape: Option<Vec<usize>>,
    /// The first axis that is joined.
    pub start_dim: i64,
    /// The last axis that is joined.
    pub end_dim: i64,
}
