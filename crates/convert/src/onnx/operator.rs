//! What one node means, read without its place in the chain: each operator checks its attributes
//! and weights here, so that all that cannot be converted is named at once.

use std::collections::BTreeMap;

use super::attributes::Attributes;
use super::proto;
use super::tensor::Weights;
use crate::ann::{AvgPool, Conv};

/// What a node does to the value that runs through the chain.
#[derive(Debug)]
pub(super) enum Operator {
    /// Nothing: `Identity`, `Dropout` of a trained network.
    Pass,
    /// Does not change which output is largest: `Softmax`, at the end only.
    Softmax,
    /// A convolution.
    Conv(Conv),
    /// `y = W x + b` with W (outputs, inputs).
    Affine { weight: Vec<f32>, inputs: usize, bias: Vec<f32> },
    /// Batch norm: a factor and a summand for each channel.
    Norm { scale: Vec<f32>, shift: Vec<f32> },
    /// A summand for each channel, or one for all.
    Add { shape: Vec<usize>, values: Vec<f32> },
    /// Rectifies.
    Relu { bound: Option<f32> },
    /// The mean of windows; with `ceil` the last window may be cut.
    AvgPool { pool: AvgPool, ceil: bool },
    /// The mean of each channel.
    GlobalAvgPool,
    /// Joins all axes but the batch's.
    Flatten,
    /// Another shape, batch axis included.
    Reshape(Vec<i64>),
}

/// A node with the constants that it can see.
pub(super) struct Reader<'a> {
    pub(super) node: &'a proto::Node,
    pub(super) constants: &'a BTreeMap<String, Weights>,
}

impl Reader<'_> {
    /// What the node means, or what would be right in its place.
    pub(super) fn read(&self) -> Result<Operator, String> {
        if !matches!(self.node.domain.as_str(), "" | "ai.onnx") {
            return Err(format!("domain {:?}, expected ONNX's own operators", self.node.domain));
        }
        let computed = self.node.input.iter().filter(|name| self.is_computed(name)).count();
        if computed > 1 {
            return Err(format!(
                "reads {computed} computed values, expected a chain without branches"
            ));
        }
        match self.node.op_type.as_str() {
            "Identity" => Ok(Operator::Pass),
            "Dropout" => self.dropout(),
            "Softmax" | "LogSoftmax" => Ok(Operator::Softmax),
            "Conv" => self.conv(),
            "Gemm" => self.gemm(),
            "MatMul" => self.matmul(),
            "Add" => self.add(),
            "BatchNormalization" => self.norm(),
            "Relu" => Ok(Operator::Relu { bound: None }),
            "Clip" => self.clip(),
            "AveragePool" => self.average(),
            "GlobalAveragePool" => Ok(Operator::GlobalAvgPool),
            "Flatten" => self.flatten(),
            "Reshape" => self.reshape(),
            other => Err(instead_of(other).to_owned()),
        }
    }

    /// Whether a name is an input that the chain computes.
    pub(super) fn is_computed(&self, name: &str) -> bool {
        !name.is_empty() && !self.constants.contains_key(name)
    }

    fn attributes(&self) -> Attributes<'_> {
        Attributes(self.node)
    }

    /// The weights at an input; none where it is left out.
    fn optional(&self, at: usize, what: &str) -> Result<Option<&Weights>, String> {
        match self.node.input.get(at).map(String::as_str) {
            None | Some("") => Ok(None),
            Some(name) => match self.constants.get(name) {
                Some(weights) => Ok(Some(weights)),
                None => Err(format!("{what} {name} is computed, expected a constant")),
            },
        }
    }

    fn constant(&self, at: usize, what: &str) -> Result<&Weights, String> {
        self.optional(at, what)?.ok_or_else(|| format!("{what} is missing"))
    }

    fn real(&self, at: usize, what: &str) -> Result<(&[usize], &[f32]), String> {
        let weights = self.constant(at, what)?;
        let values =
            weights.real().ok_or_else(|| format!("{what} holds integers, expected floats"))?;
        Ok((&weights.shape, values))
    }

    fn dropout(&self) -> Result<Operator, String> {
        let trains = self.optional(2, "training_mode")?.is_some();
        match trains {
            true => Err("has a training_mode, expected a network exported for inference".into()),
            false => Ok(Operator::Pass),
        }
    }

    fn conv(&self) -> Result<Operator, String> {
        let (shape, weight) = self.real(1, "W")?;
        let &[outputs, per_group, height, width] = shape else {
            return Err(format!("W has shape {shape:?}, expected 4 axes: a 2-d convolution"));
        };
        if shape.contains(&0) {
            return Err(format!("W has shape {shape:?}, expected no axis of length 0"));
        }
        let kernel = [height, width];
        let attributes = self.attributes();
        if attributes.get("kernel_shape").is_some() {
            let named = attributes.pair("kernel_shape", 1, 1)?;
            if named != kernel {
                return Err(format!("kernel_shape is {named:?}, expected that of W, {kernel:?}"));
            }
        }
        let dilation = attributes.pair("dilations", 1, 1)?;
        let groups = usize::try_from(attributes.int("group", 1)).unwrap_or(0);
        if groups == 0 || !outputs.is_multiple_of(groups) || groups.checked_mul(per_group).is_none()
        {
            return Err(format!("group is {groups}, expected a divisor of {outputs} channels"));
        }
        let bias = match self.optional(2, "B")? {
            None => vec![0.0; outputs],
            Some(_) => self.real(2, "B")?.1.to_vec(),
        };
        if bias.len() != outputs {
            return Err(format!("B has {} values, expected {outputs}", bias.len()));
        }
        Ok(Operator::Conv(Conv {
            weight: weight.to_vec(),
            bias,
            kernel,
            stride: attributes.pair("strides", 1, 1)?,
            padding: attributes.padding(kernel, dilation)?,
            dilation,
            groups,
        }))
    }

    fn gemm(&self) -> Result<Operator, String> {
        let attributes = self.attributes();
        if attributes.int("transA", 0) != 0 {
            return Err("transA is set, expected samples in rows".into());
        }
        let transposed = attributes.int("transB", 0) != 0;
        let (alpha, beta) = (attributes.float("alpha", 1.0), attributes.float("beta", 1.0));
        if !alpha.is_finite() || !beta.is_finite() {
            return Err(format!("alpha {alpha} and beta {beta}, expected finite numbers"));
        }
        let (mut weight, inputs) = self.matrix(transposed)?;
        weight.iter_mut().for_each(|w| *w *= alpha);
        let outputs = weight.len() / inputs;
        let bias = match self.optional(2, "C")? {
            None => vec![0.0; outputs],
            Some(_) => {
                let (shape, values) = self.real(2, "C")?;
                let values = per_channel(shape, values, &[outputs])
                    .ok_or_else(|| format!("C has shape {shape:?}, expected [{outputs}]"))?;
                values.iter().map(|b| b * beta).collect()
            }
        };
        Ok(Operator::Affine { weight, inputs, bias })
    }

    fn matmul(&self) -> Result<Operator, String> {
        let (weight, inputs) = self.matrix(false)?;
        let outputs = weight.len() / inputs;
        Ok(Operator::Affine { weight, inputs, bias: vec![0.0; outputs] })
    }

    /// The second input as (outputs, inputs), with the number of inputs.
    fn matrix(&self, transposed: bool) -> Result<(Vec<f32>, usize), String> {
        let (shape, values) = self.real(1, "B")?;
        let &[rows, columns] = shape else {
            return Err(format!("B has shape {shape:?}, expected 2 axes"));
        };
        if rows == 0 || columns == 0 {
            return Err(format!("B has shape {shape:?}, expected no axis of length 0"));
        }
        if transposed {
            return Ok((values.to_vec(), columns));
        }
        let across = (0..columns).flat_map(|o| (0..rows).map(move |i| values[i * columns + o]));
        Ok((across.collect(), rows))
    }

    fn add(&self) -> Result<Operator, String> {
        let at = self.node.input.iter().position(|name| !self.is_computed(name));
        let (shape, values) = self.real(at.unwrap_or(1), "the summand")?;
        Ok(Operator::Add { shape: shape.to_vec(), values: values.to_vec() })
    }

    /// `y = scale (x - mean) / sqrt(var + epsilon) + B` as a factor and a summand.
    fn norm(&self) -> Result<Operator, String> {
        let attributes = self.attributes();
        if attributes.int("training_mode", 0) != 0 {
            return Err("training_mode is set, expected a network exported for inference".into());
        }
        let epsilon = f64::from(attributes.float("epsilon", 1e-5));
        let mut all = [&[][..]; 4];
        for (values, (at, what)) in
            all.iter_mut().zip([(1, "scale"), (2, "B"), (3, "mean"), (4, "var")])
        {
            *values = self.real(at, what)?.1;
        }
        let [gain, bias, mean, var] = all;
        let channels = gain.len();
        if [bias, mean, var].iter().any(|values| values.len() != channels) {
            return Err("scale, B, mean and var differ in length".into());
        }
        let mut scale = Vec::with_capacity(channels);
        let mut shift = Vec::with_capacity(channels);
        for k in 0..channels {
            let spread = (f64::from(var[k]) + epsilon).sqrt();
            let factor = f64::from(gain[k]) / spread;
            if !(spread > 0.0 && factor.is_finite()) {
                return Err(format!("var is {} in channel {k}, expected above 0", var[k]));
            }
            scale.push(factor as f32);
            shift.push((f64::from(bias[k]) - f64::from(mean[k]) * factor) as f32);
        }
        Ok(Operator::Norm { scale, shift })
    }

    fn clip(&self) -> Result<Operator, String> {
        let attributes = self.attributes();
        let bound = |at: usize, name: &str| -> Result<Option<f32>, String> {
            if let Some(attribute) = attributes.get(name) {
                return Ok(Some(attribute.f));
            }
            match self.optional(at, name)? {
                None => Ok(None),
                Some(_) => Ok(self.real(at, name)?.1.first().copied()),
            }
        };
        match (bound(1, "min")?, bound(2, "max")?) {
            (Some(0.0), Some(f32::MAX) | None) => Ok(Operator::Relu { bound: None }),
            (Some(0.0), Some(max)) if max > 0.0 && max.is_finite() => {
                Ok(Operator::Relu { bound: Some(max) })
            }
            (min, max) => {
                let shown = |v: Option<f32>| v.map_or("none".to_owned(), |v| v.to_string());
                Err(format!(
                    "min {} and max {}, expected min 0 and max above 0: rates are not negative",
                    shown(min),
                    shown(max)
                ))
            }
        }
    }

    fn average(&self) -> Result<Operator, String> {
        let attributes = self.attributes();
        if attributes.get("kernel_shape").is_none() {
            return Err("kernel_shape is missing".into());
        }
        if attributes.pair("dilations", 1, 1)? != [1, 1] {
            return Err("dilations are set, expected none".into());
        }
        let kernel = attributes.pair("kernel_shape", 1, 1)?;
        let padding = attributes.padding(kernel, [1, 1])?;
        if padding != [0, 0] && attributes.int("count_include_pad", 0) == 0 {
            return Err(format!(
                "padding {padding:?} without count_include_pad, expected count_include_pad=1 or no \
                 padding: NIR's AvgPool2d counts its padding"
            ));
        }
        let stride = attributes.pair("strides", 1, 1)?;
        let ceil = attributes.int("ceil_mode", 0) != 0;
        Ok(Operator::AvgPool { pool: AvgPool { kernel, stride, padding }, ceil })
    }

    fn flatten(&self) -> Result<Operator, String> {
        match self.attributes().int("axis", 1) {
            1 => Ok(Operator::Flatten),
            axis => Err(format!("axis is {axis}, expected 1: all but the batch")),
        }
    }

    fn reshape(&self) -> Result<Operator, String> {
        let expected = "a constant shape (torch.flatten(x, 1) exports one)";
        let shape = self.constant(1, "shape").map_err(|e| format!("{e}; expected {expected}"))?;
        match shape.whole() {
            Some(shape) => Ok(Operator::Reshape(shape.to_vec())),
            None => Err(format!("shape holds floats, expected {expected}")),
        }
    }
}

/// One value for each of the channels of `output`: `values` has one for all, or one for each and
/// no other axis longer than 1.
pub(super) fn per_channel(shape: &[usize], values: &[f32], output: &[usize]) -> Option<Vec<f32>> {
    let &[channels, ref plane @ ..] = output else { return None };
    if let &[value] = values {
        return Some(vec![value; channels]);
    }
    // Axes are matched from the last: the channels stand before those of the plane.
    let axis = shape.len().checked_sub(1 + plane.len())?;
    let alone = shape.iter().enumerate().all(|(k, &length)| k == axis || length == 1);
    (alone && shape[axis] == channels).then(|| values.to_vec())
}

/// What to train or export in place of an operator.
fn instead_of(operator: &str) -> &'static str {
    match operator {
        "MaxPool" | "GlobalMaxPool" => {
            "the largest of several spike trains is no sum of spikes, so it cannot be done exactly; \
             expected AveragePool, or a Conv with a stride, trained in its place"
        }
        "LeakyRelu" | "PRelu" | "Elu" | "Selu" | "Sigmoid" | "HardSigmoid" | "Tanh" | "Gelu"
        | "Softplus" | "Softsign" | "HardSwish" | "Mish" | "Erf" | "Swish" => {
            "a rate is not negative and grows linearly; expected Relu or Clip from 0, trained in its \
             place"
        }
        "InstanceNormalization"
        | "LayerNormalization"
        | "GroupNormalization"
        | "LpNormalization"
        | "LRN" => {
            "depends on the sample at hand; expected BatchNormalization, whose statistics are fixed"
        }
        "LSTM" | "GRU" | "RNN" | "Scan" | "Loop" | "If" => {
            "expected a chain without loops or branches"
        }
        "ConvTranspose" | "Upsample" | "Resize" => "grows the image; expected Conv or pooling",
        "Sub" | "Mul" | "Div" => {
            "expected the factor or summand within a layer: BatchNormalization, Conv or Gemm"
        }
        _ => {
            "unknown here; expected Conv, Gemm, MatMul, Add, BatchNormalization, Relu, Clip, \
             AveragePool, GlobalAveragePool, Flatten, Reshape, Dropout, Identity or a final Softmax"
        }
    }
}
