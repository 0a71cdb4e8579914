//! What can go wrong with the server and with a request, and which HTTP and gRPC status a request's
//! error has.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Serialize;

/// Why the server does not run.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// A setting cannot be.
    #[error("{}", .0.join("\n"))]
    Config(Vec<String>),
    /// The model repository cannot be read.
    #[error("model repository {}: {source}; expected a folder (--models)", path.display())]
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
    /// Anyone could reach the server, and it would ask no one who they are.
    #[error(
        "{address} can be reached from other machines and no authentication is configured: \
         listen on 127.0.0.1, create a key with `striatum key create`, or set [security.jwt]"
    )]
    Open {
        /// The address.
        address: SocketAddr,
    },
    /// A file of the TLS or JWT configuration.
    #[error("{}: {problem}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// The durable state cannot be opened.
    #[error("state: {0}")]
    Store(#[from] store::StoreError),
    /// Limits that cannot be.
    #[error(transparent)]
    Limits(#[from] resilience::ConfigError),
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
    /// No such model, version, session or route.
    #[error("{0}")]
    NotFound(String),
    /// A path that exists, with another method.
    #[error("this path takes another method, see the header allow")]
    Method,
    /// The body is of a kind that the route does not read.
    #[error("content-type: expected {expected}, found {found}")]
    Media {
        /// The kind it reads.
        expected: &'static str,
        /// The kind given.
        found: String,
    },
    /// What is asked for cannot be while things are as they are.
    #[error("{0}")]
    Conflict(String),
    /// The caller is not known.
    #[error("{0}")]
    Unauthenticated(&'static str),
    /// The caller may not do this.
    #[error("this needs the role {needed}")]
    Forbidden {
        /// The least role that may.
        needed: &'static str,
    },
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
    /// The caller asks more often than it may.
    #[error("more requests than are allowed, try again in {} s", seconds(*wait))]
    RateLimited {
        /// When to try again.
        wait: Duration,
    },
    /// A quota of the caller's tenant is used up.
    #[error("{0}")]
    Quota(Used),
    /// The calls of the caller's tenant are refused.
    #[error("the tenant is suspended: {why}")]
    Suspended {
        /// Why, or what can be done.
        why: &'static str,
    },
    /// The gate of the memory refused what was to be remembered: every reason.
    #[error("refused by the gate: {}", .0.join("; "))]
    Refused(Vec<String>),
    /// No more of something may exist.
    #[error("{what}: at most {limit}, try again when some are closed")]
    Full {
        /// What there is too much of.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
    /// The answer took too long.
    #[error("no answer within {seconds} seconds")]
    TimedOut {
        /// The limit.
        seconds: f64,
    },
    /// Durable state is out of reach for now; the log has the cause.
    #[error("state is unavailable: {0}")]
    Unavailable(String),
    /// A service that this request needs gave nothing, for now.
    #[error("{0}")]
    Away(String),
    /// A service that this request needs gave what cannot be used.
    #[error("{0}")]
    BadGateway(String),
    /// The server is asked for less than usual, see the degradation level.
    #[error("not served while the server is degraded to {level}, try again")]
    Degraded {
        /// The level.
        level: &'static str,
    },
    /// A bug: the worker gave no answer.
    #[error("the worker gave no answer")]
    Failed,
}

/// A quota that has no room for what was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Used {
    /// Its name, as in a plan.
    pub quota: &'static str,
    /// What is used.
    pub used: u64,
    /// What may be used.
    pub limit: u64,
    /// When to try again, where waiting helps.
    pub wait: Option<Duration>,
    /// When all of it can be used again, where waiting helps.
    pub whole: Option<Duration>,
}

impl fmt::Display for Used {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { quota, used, limit, .. } = self;
        write!(f, "quota {quota}: {used} of {limit} are used")?;
        match self.whole {
            Some(whole) => write!(f, ", whole again in {} s", seconds(whole)),
            None => write!(f, ", and this needs more"),
        }
    }
}

/// Whole seconds, rounded up: who comes back then does not come too early.
fn seconds(time: Duration) -> u64 {
    time.as_secs_f64().ceil() as u64
}

/// A problem as every error is answered: RFC 9457, with the member `error` of the Open Inference
/// Protocol.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) struct Problem {
    /// What kind of problem it is.
    r#type: String,
    /// The kind in words.
    title: String,
    /// The HTTP status.
    status: u16,
    /// What is wrong here.
    detail: String,
    /// The same, as the Open Inference Protocol names it.
    error: String,
    /// Everything that is wrong, where it is more than one thing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    problems: Vec<String>,
    /// The quota that is used up, where that is the problem.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    quota: Option<QuotaProblem>,
}

/// A quota that is used up.
#[derive(Debug, Serialize, JsonSchema)]
struct QuotaProblem {
    /// Its name, as in a plan.
    name: &'static str,
    /// What is used.
    used: u64,
    /// What may be used.
    limit: u64,
    /// Until all of it can be used again (seconds), where waiting helps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    whole_in_seconds: Option<u64>,
}

/// The media type of a problem.
pub(crate) const PROBLEM_JSON: &str = "application/problem+json";

impl RequestError {
    /// A request with one thing wrong.
    pub(crate) fn bad(problem: impl Into<String>) -> Self {
        Self::Bad(vec![problem.into()])
    }

    /// The outcome under which an operation of a memory or an agent is counted.
    pub(crate) fn of_operation(&self) -> &'static str {
        match self.outcome() {
            "not_found" => "not_found",
            _ if matches!(self, Self::Quota(_)) => "conflict",
            "bad_request" if matches!(self, Self::Conflict(_)) => "conflict",
            "bad_request" => "bad_request",
            _ => "failed",
        }
    }

    /// The outcome under which the request is counted.
    pub fn outcome(&self) -> &'static str {
        match self {
            Self::Bad(_)
            | Self::TooLarge { .. }
            | Self::Method
            | Self::Media { .. }
            | Self::Conflict(_)
            | Self::Refused(_) => "bad_request",
            Self::NotFound(_) => "not_found",
            Self::Unauthenticated(_) | Self::Forbidden { .. } | Self::Suspended { .. } => "refused",
            Self::NotReady { .. } => "not_ready",
            Self::Busy { .. }
            | Self::RateLimited { .. }
            | Self::Quota(_)
            | Self::Full { .. }
            | Self::Degraded { .. } => "busy",
            Self::TimedOut { .. } => "timed_out",
            Self::Failed | Self::Unavailable(_) | Self::Away(_) | Self::BadGateway(_) => "failed",
        }
    }

    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Bad(_) => StatusCode::BAD_REQUEST,
            Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::Media { .. } => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Conflict(_) | Self::NotReady { .. } => StatusCode::CONFLICT,
            Self::Unauthenticated(_) => StatusCode::UNAUTHORIZED,
            Self::Forbidden { .. } | Self::Suspended { .. } => StatusCode::FORBIDDEN,
            Self::RateLimited { .. } | Self::Quota(_) | Self::Full { .. } => {
                StatusCode::TOO_MANY_REQUESTS
            }
            Self::Refused(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Busy { .. } | Self::Unavailable(_) | Self::Away(_) | Self::Degraded { .. } => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Self::BadGateway(_) => StatusCode::BAD_GATEWAY,
            Self::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TimedOut { .. } => StatusCode::GATEWAY_TIMEOUT,
            Self::Failed => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// When to try again, where that may help.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Busy { .. }
            | Self::Full { .. }
            | Self::Unavailable(_)
            | Self::Away(_)
            | Self::Degraded { .. } => Some(Duration::from_secs(1)),
            Self::RateLimited { wait } => Some(*wait),
            Self::Quota(used) => used.wait,
            _ => None,
        }
    }

    /// The gRPC status.
    pub(crate) fn code(&self) -> tonic::Code {
        use tonic::Code;
        match self {
            Self::Bad(_) | Self::Media { .. } | Self::Method | Self::Refused(_) => {
                Code::InvalidArgument
            }
            Self::NotFound(_) => Code::NotFound,
            Self::Conflict(_) | Self::NotReady { .. } => Code::FailedPrecondition,
            Self::Unauthenticated(_) => Code::Unauthenticated,
            Self::Forbidden { .. } | Self::Suspended { .. } => Code::PermissionDenied,
            Self::TooLarge { .. }
            | Self::RateLimited { .. }
            | Self::Quota(_)
            | Self::Full { .. } => Code::ResourceExhausted,
            Self::Busy { .. }
            | Self::Unavailable(_)
            | Self::Away(_)
            | Self::BadGateway(_)
            | Self::Degraded { .. } => Code::Unavailable,
            Self::TimedOut { .. } => Code::DeadlineExceeded,
            Self::Failed => Code::Internal,
        }
    }

    fn problem(&self) -> Problem {
        let status = self.status();
        let problems = match self {
            Self::Bad(problems) if problems.len() > 1 => problems.clone(),
            Self::Refused(reasons) => reasons.clone(),
            _ => Vec::new(),
        };
        Problem {
            r#type: "about:blank".into(),
            title: status.canonical_reason().unwrap_or_default().into(),
            status: status.as_u16(),
            detail: self.to_string(),
            error: self.to_string(),
            problems,
            quota: match self {
                Self::Quota(used) => Some(QuotaProblem {
                    name: used.quota,
                    used: used.used,
                    limit: used.limit,
                    whole_in_seconds: used.whole.map(seconds),
                }),
                _ => None,
            },
        }
    }
}

impl IntoResponse for RequestError {
    fn into_response(self) -> Response {
        // A plain struct: nothing that JSON could refuse.
        let body = serde_json::to_vec(&self.problem()).unwrap_or_default();
        let mut response = (self.status(), body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        if let Some(wait) = self.retry_after() {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds(wait).max(1)));
        }
        if let Self::Unauthenticated(_) = self {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

impl From<RequestError> for tonic::Status {
    fn from(error: RequestError) -> Self {
        let mut status = Self::new(error.code(), error.to_string());
        if let Some(wait) = error.retry_after() {
            let seconds = tonic::metadata::MetadataValue::from(seconds(wait).max(1));
            status.metadata_mut().insert(header::RETRY_AFTER.as_str(), seconds);
        }
        status
    }
}

impl From<store::StoreError> for RequestError {
    fn from(error: store::StoreError) -> Self {
        tracing::error!(%error, "state");
        Self::Unavailable("see the log".into())
    }
}
