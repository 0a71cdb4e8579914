//! Messages and what HTTP reads and writes are the same, through JSON.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tonic::Response;

use super::Answered;
use crate::error::RequestError;
use crate::http::extract::Json;

/// Members whose nulls are their own: values that stand for themselves, and what was known.
const OPEN: [&str; 11] = [
    "metadata",
    "filters",
    "explain",
    "properties",
    "exceptions",
    "template",
    "before",
    "after",
    "base",
    "first",
    "second",
];

/// A message as the request that HTTP has.
pub(super) fn read<T: DeserializeOwned>(message: impl Serialize) -> Result<T, RequestError> {
    let mut value = serde_json::to_value(message).map_err(|_| RequestError::Failed)?;
    plain(&mut value);
    from(value)
}

/// A message as a body of HTTP, whose name stands in the path there.
pub(super) fn body<T: DeserializeOwned>(message: impl Serialize) -> Result<Json<T>, RequestError> {
    let mut value = serde_json::to_value(message).map_err(|_| RequestError::Failed)?;
    plain(&mut value);
    value.as_object_mut().and_then(|fields| fields.remove("id"));
    from(value).map(Json)
}

pub(super) fn from<T: DeserializeOwned>(value: Value) -> Result<T, RequestError> {
    serde_json::from_value(value).map_err(|e| RequestError::bad(format!("message: {e}")))
}

/// An answer of HTTP as a message.
pub(super) fn written<T: DeserializeOwned>(answer: impl Serialize) -> Answered<T> {
    Ok(Response::new(message(answer)?))
}

pub(super) fn message<T: DeserializeOwned>(answer: impl Serialize) -> Result<T, RequestError> {
    let mut value = serde_json::to_value(answer).map_err(|_| RequestError::Failed)?;
    plain(&mut value);
    // Names are the same on both sides; where they were not, a test would not have passed.
    serde_json::from_value(value).map_err(|error| {
        tracing::error!(%error, "an answer is no message");
        RequestError::Failed
    })
}

/// Takes away what is absent: it has no null in protobuf.
pub(super) fn plain(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|_, value| !value.is_null());
            let closed = fields.iter_mut().filter(|(name, _)| !OPEN.contains(&name.as_str()));
            closed.for_each(|(_, value)| plain(value));
        }
        Value::Array(values) => values.iter_mut().for_each(plain),
        _ => {}
    }
}
