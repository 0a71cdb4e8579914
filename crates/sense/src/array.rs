//! Arrays of numbers with a shape, as read from a file or made by an encoder.

use std::collections::BTreeMap;

use crate::SenseError;
use crate::limits::{MAX_ARRAY_VALUES, MAX_AXES};

/// Arrays by name, as in an `.npz`.
pub type Arrays = BTreeMap<String, Array>;

/// The type that an array's values had, and have again when it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DType {
    /// True and false.
    Bool,
    /// Signed integer of 1 byte.
    I8,
    /// Signed integer of 2 bytes.
    I16,
    /// Signed integer of 4 bytes.
    I32,
    /// Signed integer of 8 bytes.
    I64,
    /// Unsigned integer of 1 byte.
    U8,
    /// Unsigned integer of 2 bytes.
    U16,
    /// Unsigned integer of 4 bytes.
    U32,
    /// Unsigned integer of 8 bytes.
    U64,
    /// IEEE 754 binary16; written as binary32.
    F16,
    /// IEEE 754 binary32.
    F32,
    /// IEEE 754 binary64.
    F64,
}

impl DType {
    /// Whether values are whole numbers, booleans included.
    pub fn is_integer(self) -> bool {
        !matches!(self, DType::F16 | DType::F32 | DType::F64)
    }

    /// Bytes of one value.
    pub fn size_bytes(self) -> usize {
        match self {
            DType::Bool | DType::I8 | DType::U8 => 1,
            DType::I16 | DType::U16 | DType::F16 => 2,
            DType::I32 | DType::U32 | DType::F32 => 4,
            DType::I64 | DType::U64 | DType::F64 => 8,
        }
    }

    /// The lowest and highest integer of the type that `f32` counts up to without a gap.
    /// `None` for floating types.
    fn range(self) -> Option<(f32, f32)> {
        const EXACT: f32 = 16_777_216.0; // 2^24
        match self {
            DType::Bool => Some((0.0, 1.0)),
            DType::I8 => Some((-128.0, 127.0)),
            DType::I16 => Some((-32_768.0, 32_767.0)),
            DType::I32 | DType::I64 => Some((-EXACT, EXACT)),
            DType::U8 => Some((0.0, 255.0)),
            DType::U16 => Some((0.0, 65_535.0)),
            DType::U32 | DType::U64 => Some((0.0, EXACT)),
            DType::F16 | DType::F32 | DType::F64 => None,
        }
    }

    /// Whether the type has this value.
    pub fn holds(self, value: f32) -> bool {
        match self.range() {
            Some((lowest, highest)) => value.fract() == 0.0 && (lowest..=highest).contains(&value),
            None => true,
        }
    }
}

/// Numbers with a shape, last axis fastest (C order).
///
/// Values are `f32`, whatever they were in the file. Integers keep their exact value (one that
/// `f32` cannot hold is refused on reading); binary64 is rounded to nearest.
///
/// A **raster** is an array of shape (steps, ...): what each channel did in each step, as a current
/// or as a number of spikes. Axes after the first are one flat list of channels to this room.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    shape: Vec<usize>,
    dtype: DType,
    data: Vec<f32>,
}

impl Array {
    /// An array of binary32.
    ///
    /// # Errors
    ///
    /// As [`Array::with_dtype`].
    pub fn new(shape: Vec<usize>, data: Vec<f32>) -> Result<Array, SenseError> {
        Array::with_dtype(shape, DType::F32, data)
    }

    /// An array whose values have this type.
    ///
    /// # Errors
    ///
    /// [`SenseError::Shape`] if the shape has another number of values than `data` or too many
    /// axes, [`SenseError::TooLarge`] above [`MAX_ARRAY_VALUES`], [`SenseError::Value`] for a value
    /// that the type does not have.
    pub fn with_dtype(
        shape: Vec<usize>,
        dtype: DType,
        data: Vec<f32>,
    ) -> Result<Array, SenseError> {
        let n_values = n_values("array", &shape)?;
        if n_values != data.len() {
            let expected = format!("a shape of {} values", data.len());
            return Err(SenseError::Shape { what: "array".into(), expected, found: shape });
        }
        if let Some(idx) = data.iter().position(|value| !dtype.holds(*value)) {
            return Err(SenseError::Value {
                what: "array".into(),
                idx,
                expected: "a value of the array's type",
                found: data[idx].into(),
            });
        }
        Ok(Array { shape, dtype, data })
    }

    /// The same values in another shape.
    ///
    /// # Errors
    ///
    /// [`SenseError::Shape`] if the shape has another number of values.
    pub fn reshaped(self, shape: Vec<usize>) -> Result<Array, SenseError> {
        Array::with_dtype(shape, self.dtype, self.data)
    }

    /// Length along each axis; empty for a single number.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The type that the values had.
    pub fn dtype(&self) -> DType {
        self.dtype
    }

    /// The values, last axis fastest.
    pub fn data(&self) -> &[f32] {
        &self.data
    }

    /// The values, last axis fastest.
    pub fn into_data(self) -> Vec<f32> {
        self.data
    }

    /// Length of the first axis: the steps of a raster. One for a single number.
    pub fn n_steps(&self) -> usize {
        self.shape.first().copied().unwrap_or(1)
    }

    /// Values in each step: the channels of a raster.
    pub fn n_channels(&self) -> usize {
        self.shape.iter().skip(1).product()
    }

    /// The channels of each step in turn.
    pub fn steps(&self) -> impl Iterator<Item = &[f32]> {
        let n_channels = self.n_channels();
        (0..self.n_steps()).map(move |step| &self.data[step * n_channels..(step + 1) * n_channels])
    }
}

/// How many values a shape has, if that is within the limits.
pub(crate) fn n_values(what: &str, shape: &[usize]) -> Result<usize, SenseError> {
    if shape.len() > MAX_AXES {
        let expected = format!("at most {MAX_AXES} axes");
        return Err(SenseError::Shape { what: what.into(), expected, found: shape.to_vec() });
    }
    // Axes of length zero do not excuse huge ones: every partial product must fit.
    let mut nonzero = shape.iter().filter(|length| **length > 0);
    let product = nonzero.try_fold(1_usize, |n, length| n.checked_mul(*length));
    match product {
        Some(n) if n <= MAX_ARRAY_VALUES => Ok(if shape.contains(&0) { 0 } else { n }),
        other => Err(SenseError::TooLarge {
            what: what.into(),
            unit: "values",
            limit: MAX_ARRAY_VALUES as u64,
            found: other.map_or(u64::MAX, |n| n as u64),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shape_and_values_must_agree() {
        let array = Array::new(vec![2, 3], vec![0.0, 1.0, 2.0, 3.0, 4.0, 5.0]).unwrap();
        assert_eq!((array.n_steps(), array.n_channels()), (2, 3));
        assert_eq!(array.steps().collect::<Vec<_>>(), [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]);
        let error = Array::new(vec![2, 2], vec![0.0; 3]).unwrap_err().to_string();
        assert_eq!(error, "array: expected a shape of 3 values, found shape [2, 2]");
    }

    #[test]
    fn a_single_number_and_an_empty_array_are_arrays() {
        assert_eq!(Array::new(vec![], vec![7.0]).unwrap().steps().count(), 1);
        assert_eq!(Array::new(vec![0, 3], vec![]).unwrap().steps().count(), 0);
        assert_eq!(Array::new(vec![3, 0], vec![]).unwrap().steps().count(), 3);
    }

    #[test]
    fn a_type_refuses_what_it_does_not_have() {
        let make = |dtype, value| Array::with_dtype(vec![1], dtype, vec![value]);
        assert!(make(DType::U8, 255.0).is_ok());
        for (dtype, value) in
            [(DType::U8, 256.0), (DType::U8, 0.5), (DType::Bool, 2.0), (DType::I64, f32::NAN)]
        {
            assert!(matches!(make(dtype, value), Err(SenseError::Value { idx: 0, .. })));
        }
        assert!(make(DType::F32, f32::NAN).is_ok());
    }

    #[test]
    fn huge_shapes_are_refused_before_anything_is_reserved() {
        for shape in [vec![usize::MAX, 2], vec![0, usize::MAX, 2], vec![MAX_ARRAY_VALUES + 1]] {
            assert!(matches!(n_values("a", &shape), Err(SenseError::TooLarge { .. })), "{shape:?}");
        }
        assert!(matches!(n_values("a", &[1; MAX_AXES + 1]), Err(SenseError::Shape { .. })));
    }
}
