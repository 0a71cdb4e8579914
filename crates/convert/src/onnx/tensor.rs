//! Tensors of a file: weights as `f32`, shapes as `i64`.

use super::proto;
use crate::error::ConvertError;
use crate::limits::{MAX_AXES, MAX_ELEMENTS};

/// ONNX `TensorProto.DataType`.
const FLOAT: i32 = 1;
const INT64: i32 = 7;
const DOUBLE: i32 = 11;
/// ONNX `TensorProto.DataLocation`.
const EXTERNAL: i32 = 1;

/// Numbers of a file with their shape, row-major.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Weights {
    pub(super) shape: Vec<usize>,
    pub(super) values: Values,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Values {
    Real(Vec<f32>),
    Whole(Vec<i64>),
}

impl Weights {
    /// A tensor of the file, checked: its data is here, fits its shape and is finite.
    pub(super) fn read(tensor: &proto::Tensor) -> Result<Self, ConvertError> {
        let wrong = |expected: &str, found: String| ConvertError::Tensor {
            name: tensor.name.clone(),
            expected: expected.into(),
            found,
        };
        if tensor.data_location == EXTERNAL || !tensor.external_data.is_empty() {
            let found = "its data is in another file".to_owned();
            return Err(wrong("it in this one (onnx.save without external data)", found));
        }
        let shape = shape(tensor)?;
        let n: usize = shape.iter().product();
        let raw = &tensor.raw_data;
        let values = match tensor.data_type {
            FLOAT if raw.is_empty() => Values::Real(tensor.float_data.clone()),
            FLOAT => Values::Real(words(raw).map(f32::from_le_bytes).collect()),
            DOUBLE if raw.is_empty() => Values::Real(singles(tensor.double_data.iter().copied())),
            DOUBLE => Values::Real(singles(words(raw).map(f64::from_le_bytes))),
            INT64 if raw.is_empty() => Values::Whole(tensor.int64_data.clone()),
            INT64 => Values::Whole(words(raw).map(i64::from_le_bytes).collect()),
            other => {
                let expected = "float (1), double (11) or int64 (7)";
                return Err(wrong(expected, format!("data type {other}")));
            }
        };
        let (found, width) = match &values {
            Values::Real(v) => (v.len(), if tensor.data_type == FLOAT { 4 } else { 8 }),
            Values::Whole(v) => (v.len(), 8),
        };
        if found != n || !raw.len().is_multiple_of(width) {
            let found = format!("{found} values in {} raw bytes", raw.len());
            return Err(wrong(&format!("{n} by its shape {shape:?}"), found));
        }
        match &values {
            Values::Real(v) => match v.iter().position(|x| !x.is_finite()) {
                Some(at) => Err(wrong("finite numbers", format!("{} at {at}", v[at]))),
                None => Ok(Self { shape, values }),
            },
            Values::Whole(_) => Ok(Self { shape, values }),
        }
    }

    pub(super) fn real(&self) -> Option<&[f32]> {
        match &self.values {
            Values::Real(values) => Some(values),
            Values::Whole(_) => None,
        }
    }

    pub(super) fn whole(&self) -> Option<&[i64]> {
        match &self.values {
            Values::Real(_) => None,
            Values::Whole(values) => Some(values),
        }
    }
}

fn shape(tensor: &proto::Tensor) -> Result<Vec<usize>, ConvertError> {
    if tensor.dims.len() > MAX_AXES {
        let what = format!("axes of tensor {}", tensor.name);
        return Err(ConvertError::TooLarge { what, limit: MAX_AXES, found: tensor.dims.len() });
    }
    let shape: Option<Vec<usize>> = tensor.dims.iter().map(|&d| usize::try_from(d).ok()).collect();
    let shape = shape.ok_or_else(|| ConvertError::Tensor {
        name: tensor.name.clone(),
        expected: "lengths of 0 or more".into(),
        found: format!("shape {:?}", tensor.dims),
    })?;
    match nir::n_elements(&shape) {
        Some(n) if n <= MAX_ELEMENTS => Ok(shape),
        n => Err(ConvertError::TooLarge {
            what: format!("elements of tensor {}", tensor.name),
            limit: MAX_ELEMENTS,
            found: n.unwrap_or(usize::MAX),
        }),
    }
}

fn words<const N: usize>(raw: &[u8]) -> impl Iterator<Item = [u8; N]> + '_ {
    raw.as_chunks::<N>().0.iter().copied()
}

fn singles(values: impl Iterator<Item = f64>) -> Vec<f32> {
    values.map(|v| v as f32).collect()
}
