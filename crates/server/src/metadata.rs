//! What a model takes and gives, as Open Inference Protocol v2 tells it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};
use spike::Emission;

use crate::model::{Decoding, Encoding, Model};

/// The extensions that the server has.
pub(crate) const EXTENSIONS: [&str; 6] = [
    "binary_tensor_data",
    "classification",
    "model_configuration",
    "model_repository",
    "sequence",
    "statistics",
];

/// A model's metadata; -1 is an axis of any length.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct ModelMetadata {
    /// The model.
    pub(crate) name: String,
    /// Its versions.
    pub(crate) versions: Vec<String>,
    /// What kind of model it is: `snn_nir`.
    pub(crate) platform: String,
    /// What it takes.
    pub(crate) inputs: Vec<TensorMetadata>,
    /// What it gives.
    pub(crate) outputs: Vec<TensorMetadata>,
    /// Version, profile, checksum and notes of the version described.
    pub(crate) parameters: BTreeMap<&'static str, Value>,
}

/// One input or output.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct TensorMetadata {
    /// Its name.
    pub(crate) name: String,
    /// The type of its values.
    pub(crate) datatype: &'static str,
    /// Its axes.
    pub(crate) shape: Vec<i64>,
    /// What is to be known of it.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub(crate) parameters: Value,
}

/// The metadata of a version.
pub(crate) fn metadata(model: &Model, versions: Vec<String>) -> ModelMetadata {
    let signed = |shape: &[usize]| shape.iter().map(|&d| d as i64).collect::<Vec<_>>();
    let encodes = model.input.encoding != Encoding::None;
    let tensor = |name: String, datatype, shape, parameters| TensorMetadata {
        name,
        datatype,
        shape,
        parameters,
    };
    let input = |port: &spike::Port| {
        let lead: &[i64] = if encodes { &[-1] } else { &[-1, -1] };
        let shape = [lead, &signed(&port.shape)[..]].concat();
        let parameters = json!({ "encoding": model.input.encoding, "steps": model.input.steps });
        tensor(port.name.clone(), "FP32", shape, parameters)
    };
    let mut outputs = Vec::new();
    for port in model.network.outputs() {
        let holds = match port.emission {
            Emission::Values => "last values",
            _ => "sums over the steps",
        };
        let size = port.size as i64;
        let name = format!("{}.spikes", port.name);
        outputs.push(tensor(port.name, "FP32", vec![-1, size], json!({ "holds": holds })));
        outputs.push(tensor(name, "FP32", vec![-1, -1, size], Value::Null));
    }
    if model.output.decoding == Decoding::Counts {
        outputs.push(tensor("class".into(), "INT64", vec![-1], Value::Null));
        if !model.output.labels.is_empty() {
            outputs.push(tensor("label".into(), "BYTES", vec![-1], Value::Null));
        }
    }
    ModelMetadata {
        name: model.name.clone(),
        versions,
        platform: "snn_nir".into(),
        inputs: model.network.inputs().iter().map(input).collect(),
        outputs,
        parameters: BTreeMap::from([
            ("version", json!(model.version.to_string())),
            ("profile", json!(model.profile)),
            ("sha256", json!(model.sha256)),
            ("notes", json!(model.notes)),
        ]),
    }
}
