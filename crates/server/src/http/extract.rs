//! Reading requests: bodies and queries within their limits, and every fault as a problem.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::Method;
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use crate::error::RequestError;
use crate::request::Server;
use crate::security::Caller;

/// A body of JSON.
pub(crate) struct Json<T>(pub(crate) T);

/// A body of JSON, or nothing.
pub(crate) struct JsonIfAny<T>(pub(crate) Option<T>);

/// A body as it came, within its limits of size and time.
pub(crate) struct Whole(pub(crate) Bytes);

/// The parameters of the query.
pub(crate) struct Params<T>(pub(crate) T);

/// The number of something in the path.
pub(crate) struct Number(pub(crate) u64);

/// The parameters of the query, or of a form where it is posted, as they were encoded.
pub(crate) struct Form(pub(crate) Vec<u8>);

impl FromRequestParts<Arc<Server>> for Caller {
    type Rejection = RequestError;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<Server>) -> Result<Self, RequestError> {
        // The guard stands before every handler; without it there is no caller.
        parts.extensions.get::<Self>().cloned().ok_or(RequestError::Failed)
    }
}

impl<T: DeserializeOwned> FromRequestParts<Arc<Server>> for Params<T> {
    type Rejection = RequestError;

    async fn from_request_parts(
        parts: &mut Parts,
        state: &Arc<Server>,
    ) -> Result<Self, RequestError> {
        let query = Query::<T>::from_request_parts(parts, state).await;
        query
            .map(|Query(t)| Self(t))
            .map_err(|e| RequestError::bad(format!("query: {}", e.body_text())))
    }
}

impl FromRequestParts<Arc<Server>> for Number {
    type Rejection = RequestError;

    async fn from_request_parts(
        parts: &mut Parts,
        state: &Arc<Server>,
    ) -> Result<Self, RequestError> {
        let path = Path::<String>::from_request_parts(parts, state).await;
        let found = path.map(|Path(text)| text).unwrap_or_default();
        let none = || RequestError::NotFound(format!("{found:?} is no number of anything"));
        found.parse().map(Self).map_err(|_| none())
    }
}

impl FromRequest<Arc<Server>> for Whole {
    type Rejection = RequestError;

    async fn from_request(request: Request, server: &Arc<Server>) -> Result<Self, RequestError> {
        let limit = server.config.max_body_bytes;
        let seconds = server.config.request_timeout_seconds;
        let read = axum::body::to_bytes(request.into_body(), limit);
        match tokio::time::timeout(Duration::from_secs_f64(seconds), read).await {
            Ok(Ok(bytes)) => Ok(Self(bytes)),
            Ok(Err(error)) => {
                let source = std::error::Error::source(&error).map(ToString::to_string);
                if source.is_some_and(|s| s.contains("limit")) {
                    return Err(RequestError::TooLarge { limit });
                }
                Err(RequestError::bad(format!("body: {error}")))
            }
            Err(_) => Err(RequestError::TimedOut { seconds }),
        }
    }
}

impl<T: DeserializeOwned> FromRequest<Arc<Server>> for Json<T> {
    type Rejection = RequestError;

    async fn from_request(request: Request, server: &Arc<Server>) -> Result<Self, RequestError> {
        let bytes = json_bytes(request, server).await?;
        parse(&bytes).map(Self)
    }
}

impl<T: DeserializeOwned> FromRequest<Arc<Server>> for JsonIfAny<T> {
    type Rejection = RequestError;

    async fn from_request(request: Request, server: &Arc<Server>) -> Result<Self, RequestError> {
        if !request.headers().contains_key(CONTENT_TYPE) {
            let Whole(bytes) = Whole::from_request(request, server).await?;
            return if bytes.is_empty() {
                Ok(Self(None))
            } else {
                parse(&bytes).map(|t| Self(Some(t)))
            };
        }
        let bytes = json_bytes(request, server).await?;
        if bytes.is_empty() { Ok(Self(None)) } else { parse(&bytes).map(|t| Self(Some(t))) }
    }
}

impl FromRequest<Arc<Server>> for Form {
    type Rejection = RequestError;

    async fn from_request(request: Request, server: &Arc<Server>) -> Result<Self, RequestError> {
        if request.method() == Method::GET {
            return Ok(Self(request.uri().query().unwrap_or_default().as_bytes().to_vec()));
        }
        let expected = "application/x-www-form-urlencoded";
        let kind = request.headers().get(CONTENT_TYPE).and_then(|v| v.to_str().ok());
        let kind = kind.unwrap_or("nothing").to_owned();
        if !kind.to_ascii_lowercase().starts_with(expected) {
            return Err(RequestError::Media { expected, found: kind });
        }
        Whole::from_request(request, server).await.map(|Whole(bytes)| Self(bytes.to_vec()))
    }
}

/// The bytes of a body that says it is JSON.
async fn json_bytes(request: Request, server: &Arc<Server>) -> Result<Bytes, RequestError> {
    let kind = request.headers().get(CONTENT_TYPE).map(|v| v.to_str().unwrap_or("?").to_owned());
    let kind = kind.unwrap_or_else(|| "nothing".into());
    let plain = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if plain != "application/json" && !plain.ends_with("+json") {
        return Err(RequestError::Media { expected: "application/json", found: kind });
    }
    Whole::from_request(request, server).await.map(|Whole(bytes)| bytes)
}

/// Every body is an object; serde alone would also take its fields in order, as an array.
fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, RequestError> {
    if bytes.trim_ascii_start().first().is_some_and(|&b| b != b'{') {
        return Err(RequestError::bad("body: not an object of JSON, which begins with `{`"));
    }
    serde_json::from_slice(bytes).map_err(|e| RequestError::bad(format!("body: {e}")))
}
