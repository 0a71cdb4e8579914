//! ONNX models: from bytes to a chain of layers.
//!
//! A file is hostile until checked: [`crate::limits`] bound what it may ask for, and every node
//! that has no spiking counterpart is named at once.
//! Source: the ONNX specification, `onnx.proto` and `Operators.md`, opsets 7 to 24.

mod attributes;
mod chain;
mod count;
mod geometry;
mod operator;
mod proto;
mod tensor;

use crate::ann::Ann;
use crate::error::ConvertError;
use crate::limits::{MAX_MODEL_BYTES, MAX_NODES};

/// Reads a model: a chain of layers with batch norms folded and a final softmax left out.
///
/// The first axis of its one input is the batch and is left out of all shapes.
///
/// # Errors
/// [`ConvertError::File`] and [`ConvertError::TooLarge`] for bytes that are no model or too much of
/// one, [`ConvertError::Tensor`] and [`ConvertError::Port`] for weights and ports that cannot be
/// used, and [`ConvertError::Unconvertible`] with every node that has no spiking counterpart.
pub fn read(bytes: &[u8]) -> Result<Ann, ConvertError> {
    let too_large =
        |what: &str, limit, found| ConvertError::TooLarge { what: what.into(), limit, found };
    if bytes.len() > MAX_MODEL_BYTES {
        return Err(too_large("bytes of the file", MAX_MODEL_BYTES, bytes.len()));
    }
    let model = count::decode(bytes)?;
    let Some(graph) = model.graph else {
        return Err(ConvertError::File { reason: "it holds no graph".into() });
    };
    if model.ir_version < 1 || model.opset_import.is_empty() {
        return Err(ConvertError::File { reason: "it names no version of the format".into() });
    }
    if graph.node.len() > MAX_NODES {
        return Err(too_large("nodes", MAX_NODES, graph.node.len()));
    }
    chain::build(&graph)
}
