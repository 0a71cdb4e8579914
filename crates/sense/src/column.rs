//! Long lists of one axis, exact: times and neurons of spikes, which an [`Array`](crate::Array) of
//! `f32` cannot hold.

use std::collections::BTreeMap;

use crate::array::DType;

/// A list of numbers with the type that it has in a file.
///
/// Values are binary64, which holds every whole number up to 2^53 exactly.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// The type in the file; a value that it cannot hold is cut to it on writing.
    pub dtype: DType,
    /// The values.
    pub values: Vec<f64>,
}

/// Columns by name, as an archive holds them.
pub type Columns = BTreeMap<String, Column>;

impl Column {
    /// Numbers in a type.
    pub fn new(dtype: DType, values: impl IntoIterator<Item = f64>) -> Self {
        Self { dtype, values: values.into_iter().collect() }
    }

    /// Text as bytes.
    pub fn text(text: &str) -> Self {
        Self::new(DType::U8, text.bytes().map(f64::from))
    }

    /// Bytes as text, what is not UTF-8 replaced.
    pub fn as_text(&self) -> String {
        let bytes: Vec<u8> = self.values.iter().map(|value| *value as u8).collect();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}
