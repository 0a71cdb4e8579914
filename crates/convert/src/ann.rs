//! A trained network as a chain of layers, and its forward pass.
//! Batch norms are folded already; what a chain computes here is what a spiking network must keep.

mod affine;
mod conv;
mod pool;

pub use affine::Affine;
pub use conv::Conv;
pub use pool::AvgPool;

use crate::error::ConvertError;

/// A chain of layers over one sample.
#[derive(Clone, Debug, PartialEq)]
pub struct Ann {
    pub(crate) input_shape: Vec<usize>,
    pub(crate) layers: Vec<Layer>,
}

/// One layer of a chain.
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    /// The ONNX node that it was, the first of those that were folded into it.
    pub node: String,
    /// What it computes.
    pub op: Op,
    /// Shape of its input, without a batch axis.
    pub input: Vec<usize>,
    /// Shape of what it gives.
    pub output: Vec<usize>,
}

/// What a layer computes.
#[derive(Clone, Debug, PartialEq)]
pub enum Op {
    /// `y = W x + b`.
    Affine(Affine),
    /// A convolution over two axes.
    Conv(Conv),
    /// The mean of windows.
    AvgPool(AvgPool),
    /// Joins all axes.
    Flatten,
    /// `y = max(0, x)`, at most `bound` where there is one.
    Relu {
        /// The largest value (6 in `ReLU6`).
        bound: Option<f32>,
    },
}

impl Layer {
    fn run(&self, x: &[f32]) -> Vec<f32> {
        match &self.op {
            Op::Affine(affine) => affine.run(x),
            Op::Conv(conv) => conv.run(x, &self.input, &self.output),
            Op::AvgPool(pool) => pool.run(x, &self.input, &self.output),
            Op::Flatten => x.to_vec(),
            Op::Relu { bound } => {
                let bound = bound.unwrap_or(f32::INFINITY);
                x.iter().map(|v| v.clamp(0.0, bound)).collect()
            }
        }
    }

    /// Values that it gives.
    #[must_use]
    pub fn size(&self) -> usize {
        self.output.iter().product()
    }
}

impl Ann {
    /// Shape of a sample, without a batch axis.
    #[must_use]
    pub fn input_shape(&self) -> &[usize] {
        &self.input_shape
    }

    /// Values of a sample.
    #[must_use]
    pub fn input_size(&self) -> usize {
        self.input_shape.iter().product()
    }

    /// Values of an answer.
    #[must_use]
    pub fn output_size(&self) -> usize {
        self.layers.last().map_or_else(|| self.input_size(), Layer::size)
    }

    /// The layers, from the input on.
    #[must_use]
    pub fn layers(&self) -> &[Layer] {
        &self.layers
    }

    /// What the last layer gives for one sample, in `f32`; a final softmax is left out.
    ///
    /// # Errors
    /// [`ConvertError::Samples`] where the sample has another size or a value that is not finite.
    pub fn forward(&self, sample: &[f32]) -> Result<Vec<f32>, ConvertError> {
        let mut last = Vec::new();
        self.walk(sample, |_, values| last = values.to_vec())?;
        Ok(last)
    }

    /// Shows what each layer gives for one sample, from the first on.
    ///
    /// # Errors
    /// As [`Ann::forward`].
    pub fn walk(
        &self,
        sample: &[f32],
        mut see: impl FnMut(usize, &[f32]),
    ) -> Result<(), ConvertError> {
        if sample.len() != self.input_size() {
            return Err(self.misfit(sample.len()));
        }
        finite(sample)?;
        let mut values = sample.to_vec();
        for (idx, layer) in self.layers.iter().enumerate() {
            values = layer.run(&values);
            see(idx, &values);
        }
        Ok(())
    }

    /// The samples of a row-major array of any number of them, checked.
    pub(crate) fn samples<'a>(
        &self,
        values: &'a [f32],
    ) -> Result<std::slice::ChunksExact<'a, f32>, ConvertError> {
        let size = self.input_size();
        if values.is_empty() || !values.len().is_multiple_of(size) {
            return Err(self.misfit(values.len()));
        }
        finite(values)?;
        Ok(values.chunks_exact(size))
    }

    fn misfit(&self, found: usize) -> ConvertError {
        let (shape, size) = (&self.input_shape, self.input_size());
        ConvertError::Samples {
            what: "samples",
            expected: format!("{size} for each sample of shape {shape:?}"),
            found: format!("{found} values"),
        }
    }
}

fn finite(values: &[f32]) -> Result<(), ConvertError> {
    match values.iter().position(|v| !v.is_finite()) {
        None => Ok(()),
        Some(at) => Err(ConvertError::Samples {
            what: "samples",
            expected: "finite numbers".into(),
            found: format!("{} at {at}", values[at]),
        }),
    }
}
