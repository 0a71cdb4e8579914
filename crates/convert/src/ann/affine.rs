//! A dense layer.

/// `y = W x + b`.
#[derive(Clone, Debug, PartialEq)]
pub struct Affine {
    /// W, (outputs, inputs), row-major.
    pub weight: Vec<f32>,
    /// b, (outputs).
    pub bias: Vec<f32>,
}

impl Affine {
    pub(super) fn run(&self, x: &[f32]) -> Vec<f32> {
        let dot = |row: &[f32]| row.iter().zip(x).map(|(w, x)| w * x).sum::<f32>();
        let rows = self.weight.chunks_exact(x.len().max(1));
        rows.zip(&self.bias).map(|(row, bias)| dot(row) + bias).collect()
    }

    /// Scales and shifts each output: a batch norm becomes part of the layer.
    pub(crate) fn fold(&mut self, scale: &[f32], shift: &[f32]) {
        let inputs = self.weight.len() / self.bias.len().max(1);
        super::conv::fold(&mut self.weight, &mut self.bias, inputs, scale, shift);
    }
}
