//! What a model from outside may ask for.
//! A model beyond one of these is refused before anything of its size is allocated.

/// Bytes of an ONNX file.
pub const MAX_MODEL_BYTES: usize = 256 << 20;

/// Messages and strings in a file, counted before it is decoded: each costs more memory than its
/// two bytes in the file.
pub const MAX_FIELDS: usize = 200_000;

/// Nodes of a graph.
pub const MAX_NODES: usize = 1_000;

/// Elements of one tensor of weights, and of what one layer gives.
pub const MAX_ELEMENTS: usize = 1 << 26;

/// Axes of a tensor.
pub const MAX_AXES: usize = 8;

/// Products of one forward pass over one sample.
pub const MAX_PRODUCTS: usize = 1 << 34;

/// Activations of one layer that are kept while it is balanced; samples beyond are left out.
pub const MAX_BALANCING_ACTIVATIONS: usize = 1 << 26;

/// Steps of one run.
pub const MAX_STEPS: usize = 100_000;
