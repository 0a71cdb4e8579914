//! ONNX files written field by field, for what no exporter would write.

use prost::encoding::{WireType, encode_key, encode_varint};

/// A message under construction.
#[derive(Clone, Default)]
pub(crate) struct Message(pub(crate) Vec<u8>);

impl Message {
    pub(crate) fn bytes(mut self, tag: u32, bytes: &[u8]) -> Self {
        encode_key(tag, WireType::LengthDelimited, &mut self.0);
        encode_varint(bytes.len() as u64, &mut self.0);
        self.0.extend(bytes);
        self
    }

    pub(crate) fn int(mut self, tag: u32, value: i64) -> Self {
        encode_key(tag, WireType::Varint, &mut self.0);
        encode_varint(value as u64, &mut self.0);
        self
    }

    pub(crate) fn all(self, tag: u32, messages: &[Message]) -> Self {
        messages.iter().fold(self, |all, message| all.bytes(tag, &message.0))
    }
}

/// A node that reads `inputs` and gives `output`, which is its name too.
pub(crate) fn node(operator: &str, inputs: &[&str], output: &str) -> Message {
    let node = inputs.iter().fold(Message::default(), |m, name| m.bytes(1, name.as_bytes()));
    node.bytes(2, output.as_bytes()).bytes(3, output.as_bytes()).bytes(4, operator.as_bytes())
}

pub(crate) fn ints(name: &str, values: &[i64]) -> Message {
    let attribute = Message::default().bytes(1, name.as_bytes());
    values.iter().fold(attribute, |m, value| m.int(8, *value))
}

pub(crate) fn int(name: &str, value: i64) -> Message {
    Message::default().bytes(1, name.as_bytes()).int(3, value)
}

pub(crate) fn tensor(name: &str, dims: &[i64], values: &[f32]) -> Message {
    let raw: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
    let tensor = dims.iter().fold(Message::default(), |m, dim| m.int(1, *dim));
    tensor.int(2, 1).bytes(8, name.as_bytes()).bytes(9, &raw)
}

fn port(name: &str, dims: &[i64]) -> Message {
    let shape = dims.iter().fold(Message::default(), |m, dim| {
        let dim = if *dim == 0 { Message::default() } else { Message::default().int(1, *dim) };
        m.bytes(1, &dim.0)
    });
    let tensor = Message::default().int(1, 1).bytes(2, &shape.0);
    let kind = Message::default().bytes(1, &tensor.0);
    Message::default().bytes(1, name.as_bytes()).bytes(2, &kind.0)
}

/// A model from `x`, of these lengths after the batch, to `y`.
pub(crate) fn model(input: &[i64], nodes: &[Message], weights: &[Message]) -> Vec<u8> {
    let dims: Vec<i64> = [&[0], input].concat();
    let graph = Message::default().all(1, nodes).all(5, weights);
    let graph = graph.bytes(11, &port("x", &dims).0).bytes(12, &port("y", &[0, 1]).0);
    Message::default().int(1, 9).bytes(8, &Message::default().int(2, 20).0).bytes(7, &graph.0).0
}
