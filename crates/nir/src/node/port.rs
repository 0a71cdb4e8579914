//! Where signals enter and leave: `Input`, `Output`.

/// NIR `Input`: where a signal of this shape enters the graph.
///
/// Source: nir 1.0.8 `ir/graph.py`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// The shape of one step, without a batch axis.
    pub shape: Vec<usize>,
}

/// NIR `Output`: where a signal of this shape leaves the graph.
///
/// Source: nir 1.0.8 `ir/graph.py`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// The shape of one step, without a batch axis.
    pub shape: Vec<usize>,
}
