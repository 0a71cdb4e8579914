//! How many messages and strings a file holds, before it is decoded.
//! A decoded message takes a hundred times the two bytes that an empty one has in the file, so a
//! file within its limit of bytes could still ask for all memory.

use super::proto;
use crate::error::ConvertError;
use crate::limits::MAX_FIELDS;

/// What a length-delimited field holds.
#[derive(Clone, Copy)]
enum Kind {
    Model,
    Graph,
    Node,
    Attribute,
    Tensor,
    ValueInfo,
    Type,
    TensorType,
    Shape,
    Leaf,
}

impl Kind {
    /// What the field `tag` of this message holds: the messages of [`proto`], nothing else.
    fn of(self, tag: u64) -> Self {
        match (self, tag) {
            (Self::Model, 7) => Self::Graph,
            (Self::Graph, 1) => Self::Node,
            (Self::Graph, 5) | (Self::Attribute, 5) => Self::Tensor,
            (Self::Graph, 11 | 12) => Self::ValueInfo,
            (Self::Node, 5) => Self::Attribute,
            (Self::ValueInfo, 2) => Self::Type,
            (Self::Type, 1) => Self::TensorType,
            (Self::TensorType, 2) => Self::Shape,
            _ => Self::Leaf,
        }
    }
}

/// Decodes a file that holds no more messages and strings than [`MAX_FIELDS`].
pub(super) fn decode(bytes: &[u8]) -> Result<proto::Model, ConvertError> {
    use prost::Message;
    let mut left = MAX_FIELDS;
    count(bytes, Kind::Model, &mut left)?;
    proto::Model::decode(bytes).map_err(|error| ConvertError::File { reason: error.to_string() })
}

/// Walks one message; the depth is that of [`Kind::of`].
fn count(mut bytes: &[u8], kind: Kind, left: &mut usize) -> Result<(), ConvertError> {
    while !bytes.is_empty() {
        let key = varint(&mut bytes)?;
        let length = match key & 7 {
            0 => {
                varint(&mut bytes)?;
                continue;
            }
            1 => 8,
            2 => usize::try_from(varint(&mut bytes)?).map_err(|_| cut())?,
            5 => 4,
            wire => {
                return Err(ConvertError::File { reason: format!("wire type {wire} is unknown") });
            }
        };
        let (field, rest) = bytes.split_at_checked(length).ok_or_else(cut)?;
        bytes = rest;
        if key & 7 != 2 {
            continue;
        }
        *left = left.checked_sub(1).ok_or_else(|| ConvertError::TooLarge {
            what: "messages and strings of the file".into(),
            limit: MAX_FIELDS,
            found: MAX_FIELDS + 1,
        })?;
        match kind.of(key >> 3) {
            Kind::Leaf => {}
            inner => count(field, inner, left)?,
        }
    }
    Ok(())
}

fn varint(bytes: &mut &[u8]) -> Result<u64, ConvertError> {
    prost::encoding::decode_varint(bytes)
        .map_err(|error| ConvertError::File { reason: error.to_string() })
}

fn cut() -> ConvertError {
    ConvertError::File { reason: "it ends within a field".into() }
}
