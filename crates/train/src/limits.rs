//! What is refused, so that no file can ask for more than the machine has.

/// Layers of a network.
pub const MAX_LAYERS: usize = 256;

/// Weights, biases and the like of a network.
pub const MAX_PARAMETERS: usize = 1 << 28;

/// Neurons or values of one layer.
pub const MAX_LAYER_VALUES: usize = 1 << 24;

/// Steps of one sample.
pub const MAX_STEPS: usize = 10_000;

/// Samples of one batch.
pub const MAX_BATCH: usize = 65_536;

/// Passes over the training data.
pub const MAX_EPOCHS: usize = 1_000_000;

/// Values of one batch in one layer, over all steps.
pub const MAX_BATCH_VALUES: usize = 1 << 31;

/// Classes.
pub const MAX_CLASSES: usize = 65_536;

/// Bytes of a checkpoint.
pub const MAX_CHECKPOINT_BYTES: usize = 1 << 33;

/// Problems that are listed; the rest are counted.
pub const MAX_PROBLEMS: usize = 50;
