//! The client: a body posted to an address.

use std::collections::BTreeMap;

use http::{HeaderName, HeaderValue, Request, Uri};
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use prost::bytes::Bytes;

/// What is read of an answer (bytes): it says nothing that is needed.
const MAX_ANSWER_BYTES: usize = 64 << 10;

/// A body and where it goes.
#[derive(Clone, Debug)]
pub struct Posted {
    /// The address.
    pub url: String,
    /// Its headers.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// Why something was not sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The address or a header cannot be.
    #[error("address: {0}")]
    Address(String),
    /// The other side does not take it.
    #[error("refused with status {0}")]
    Refused(u16),
    /// The other side cannot be reached.
    #[error("{0}")]
    Gone(String),
}

/// Posts bodies over HTTP and HTTPS.
pub(super) struct Client {
    inner: hyper_util::client::legacy::Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
}

impl Client {
    pub(super) fn new() -> Result<Self, SendError> {
        let connector = hyper_rustls::HttpsConnectorBuilder::new()
            .with_provider_and_native_roots(rustls::crypto::ring::default_provider())
            .map_err(|e| SendError::Address(format!("certificates of the system: {e}")))?
            .https_or_http()
            .enable_http1()
            .build();
        let builder = hyper_util::client::legacy::Client::builder(TokioExecutor::new());
        Ok(Self { inner: builder.build(connector) })
    }

    pub(super) async fn post(&self, posted: &Posted) -> Result<(), SendError> {
        let mut request = Request::post(&posted.url);
        for (name, value) in &posted.headers {
            let mut value = HeaderValue::from_str(value)
                .map_err(|e| SendError::Address(format!("header {name}: {e}")))?;
            value.set_sensitive(true);
            request = request.header(name, value);
        }
        let body = Full::new(Bytes::from(posted.body.clone()));
        let request = request.body(body).map_err(|e| SendError::Address(e.to_string()))?;
        let answer = self.inner.request(request).await;
        let answer = answer.map_err(|e| SendError::Gone(e.to_string()))?;
        let status = answer.status();
        // Read to its end, so that the connection can be used again.
        drop(Limited::new(answer.into_body(), MAX_ANSWER_BYTES).collect().await);
        if status.is_success() { Ok(()) } else { Err(SendError::Refused(status.as_u16())) }
    }
}

/// What is wrong with an address.
pub(super) fn problems(key: &str, url: &str) -> Vec<String> {
    let well = url.parse::<Uri>().is_ok_and(|uri| {
        matches!(uri.scheme_str(), Some("http" | "https")) && uri.authority().is_some()
    });
    if well { Vec::new() } else { vec![format!("{key}: expected http:// or https:// and a host")] }
}

/// What is wrong with headers.
pub(super) fn header_problems(key: &str, headers: &BTreeMap<String, String>) -> Vec<String> {
    let wrong = |(name, value): &(&String, &String)| {
        name.parse::<HeaderName>().is_err() || HeaderValue::from_str(value).is_err()
    };
    let told = |(name, _)| format!("{key}.{name}: expected a header of one line");
    headers.iter().filter(wrong).map(told).collect()
}
