//! What can go wrong with the server and with a request, and which status a request's error has.

use std::net::SocketAddr;
use std::path::PathBuf;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// Why the server does not run.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// A setting cannot be.
    #[error("{}", .0.join("\n"))]
    Config(Vec<String>),
    /// The model repository cannot be read.
    #[error("model repository {}: {source}", path.display())]
    Models {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// Accepting connections failed.
    #[error("serving failed: {0}")]
    Serve(std::io::Error),
}

/// Why a request is not answered with a result.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum RequestError {
    /// The request is wrong: everything that is, a line each.
    #[error("{}", .0.join("; "))]
    Bad(Vec<String>),
    /// No such model or version.
    #[error("{0}")]
    NotFound(String),
    /// A path that exists, with another method.
    #[error("this path takes another method, see the header allow")]
    Method,
    /// The model could not be loaded.
    #[error("model {name} is not ready: {reason}")]
    NotReady {
        /// The model.
        name: String,
        /// Why.
        reason: String,
    },
    /// The body is too large.
    #[error("body: expected at most {limit} bytes")]
    TooLarge {
        /// The limit.
        limit: usize,
    },
    /// As many requests as are let in are being worked on.
    #[error("busy: {limit} requests are in flight, try again")]
    Busy {
        /// The limit.
        limit: usize,
    },
    /// The answer took too long.
    #[error("no answer within {seconds} seconds")]
    TimedOut {
        /// The limit.
        seconds: f64,
    },
    /// A bug: the worker gave no answer.
    #[error("the worker gave no answer")]
    Failed,
}

impl RequestError {
    /// The outcome under which the request is counted.
    pub fn outcome(&self) -> &'static str {
        match self {
            Self::Bad(_) | Self::TooLarge { .. } | Self::Method => "bad_request",
            Self::NotFound(_) => "not_found",
            Self::NotReady { .. } => "not_ready",
            Self::Busy { .. } => "busy",
            Self::TimedOut { .. } => "timed_out",
            Self::Failed => "failed",
        }
    }

    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Bad(_) => StatusCode::BAD_REQUEST,
            Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::NotReady { .. } | Self::Busy { .. } => StatusCode::SERVICE_UNAVAILABLE,
            Self::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TimedOut { .. } => StatusCode::GATEWAY_TIMEOUT,
            Self::Failed => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl IntoResponse for RequestError {
    fn into_response(self) -> Response {
        let body = Json(json!({ "error": self.to_string() }));
        let mut response = (self.status(), body).into_response();
        if matches!(self, Self::Busy { .. }) {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}
