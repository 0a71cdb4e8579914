//! Bytes of what was learned: a magic word, a version, a digest, then postcard.

use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use crate::error::AgentError;

/// The most that an agent may be saved as: four full sets fit, and the store takes 16 MiB.
pub const MAX_SAVED_BYTES: usize = 12 << 20;

const DIGEST_BYTES: usize = 32;
const HEAD: usize = 8 + DIGEST_BYTES;

/// What was saved, and in which form.
#[derive(Clone, Copy)]
pub(crate) enum Form {
    Agent,
    Columns,
    Model,
}

impl Form {
    fn magic(self) -> &'static [u8; 8] {
        match self {
            Self::Agent => b"STRAGTA1",
            Self::Columns => b"STRAGTC1",
            Self::Model => b"STRAGTM1",
        }
    }
}

pub(crate) fn to_bytes(form: Form, state: &impl Serialize) -> Result<Vec<u8>, AgentError> {
    let body = postcard::to_stdvec(state).map_err(|e| AgentError::Saved(e.to_string()))?;
    let mut bytes = form.magic().to_vec();
    bytes.extend(Sha256::digest(&body));
    bytes.extend(body);
    within(&bytes)?;
    Ok(bytes)
}

pub(crate) fn from_bytes<T: DeserializeOwned>(form: Form, bytes: &[u8]) -> Result<T, AgentError> {
    let wrong = |problem: &str| AgentError::Saved(problem.into());
    within(bytes)?;
    if bytes.len() < HEAD || &bytes[..8] != form.magic() {
        return Err(wrong(
            "the first bytes are not those of what is to be read, in its first version",
        ));
    }
    let body = &bytes[HEAD..];
    if Sha256::digest(body)[..] != bytes[8..HEAD] {
        return Err(wrong("the digest does not fit what follows"));
    }
    let (state, rest) = postcard::take_from_bytes(body).map_err(|e| wrong(&e.to_string()))?;
    match rest {
        [] => Ok(state),
        _ => Err(wrong("bytes are left over")),
    }
}

fn within(bytes: &[u8]) -> Result<(), AgentError> {
    match bytes.len() <= MAX_SAVED_BYTES {
        true => Ok(()),
        false => Err(AgentError::Saved(format!(
            "{} bytes, expected at most {MAX_SAVED_BYTES}",
            bytes.len()
        ))),
    }
}
