//! One request to the endpoint over a connection that is kept; redirects are not followed, and how
//! long it may take is the caller's to limit.

use std::time::Duration;

use http::header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER, USER_AGENT};
use http::{HeaderValue, Request, Response};
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};

use crate::config::{Config, bearer};
use crate::error::EmbeddingError;

type Body = Full<std::collections::VecDeque<u8>>;

/// Connections that wait for the next request.
const MAX_IDLE: usize = 8;
/// What is told of an endpoint's refusal (characters).
const MAX_SAID: usize = 200;
const AGENT: &str = concat!("striatum/", env!("CARGO_PKG_VERSION"));

/// Asks one endpoint.
pub(crate) struct Client {
    inner: hyper_util::client::legacy::Client<HttpsConnector<HttpConnector>, Body>,
    url: String,
    key: Option<HeaderValue>,
}

impl Client {
    /// `key` is what the file holds that the configuration names.
    ///
    /// # Errors
    /// What cannot be: a key of several lines, no certificates on the machine.
    pub(crate) fn new(config: &Config, key: Option<&str>) -> Result<Self, String> {
        let builder = match config.url.starts_with("https") {
            true => HttpsConnectorBuilder::new()
                .with_provider_and_native_roots(ring::default_provider())
                .map_err(|e| format!("certificates of the system: {e}"))?,
            // Without TLS, a machine that has no certificates will do.
            false => HttpsConnectorBuilder::new().with_tls_config(no_roots()?),
        };
        let connector = builder.https_or_http().enable_http1().build();
        let mut builder = hyper_util::client::legacy::Client::builder(TokioExecutor::new());
        let inner = builder.pool_max_idle_per_host(MAX_IDLE).build(connector);
        let key = key.map(bearer).transpose()?;
        Ok(Self { inner, url: config.url.clone(), key })
    }

    /// The body of an answer that is one.
    pub(crate) async fn post(
        &self,
        body: Vec<u8>,
        limit: usize,
    ) -> Result<Vec<u8>, EmbeddingError> {
        let gone = |e: &dyn std::fmt::Display| EmbeddingError::Gone(e.to_string());
        let mut request = Request::post(&self.url)
            .header(CONTENT_TYPE, "application/json")
            .header(USER_AGENT, AGENT);
        if let Some(key) = &self.key {
            request = request.header(AUTHORIZATION, key.clone());
        }
        let request = request.body(Full::new(body.into())).map_err(|e| gone(&e))?;
        let answer = self.inner.request(request).await.map_err(|e| gone(&chain(&e)))?;
        let (status, retry_after) = (answer.status(), retry_after(&answer));
        let whole = Limited::new(answer.into_body(), limit).collect().await;
        let body = whole.map(|body| body.to_bytes().to_vec());
        if !status.is_success() {
            let said = said(status.as_u16(), body.as_deref().unwrap_or_default());
            return Err(EmbeddingError::Status { status: status.as_u16(), said, retry_after });
        }
        body.map_err(|e| match e.is::<http_body_util::LengthLimitError>() {
            true => EmbeddingError::Large { limit },
            false => gone(&e),
        })
    }
}

fn no_roots() -> Result<ClientConfig, String> {
    let builder = ClientConfig::builder_with_provider(ring::default_provider().into());
    let builder = builder.with_safe_default_protocol_versions().map_err(|e| e.to_string())?;
    Ok(builder.with_root_certificates(RootCertStore::empty()).with_no_client_auth())
}

/// An error with what caused it; the causes say more than "client error (Connect)".
fn chain(error: &dyn std::error::Error) -> String {
    let mut said = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        said = format!("{said}: {source}");
        next = source.source();
    }
    said
}

/// Seconds are believed, dates are not read.
fn retry_after<T>(answer: &Response<T>) -> Option<Duration> {
    let seconds = answer.headers().get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

/// What an endpoint says of texts that it refuses; of keys, nothing is passed on.
fn said(status: u16, body: &[u8]) -> String {
    if !matches!(status, 400 | 413 | 422) {
        return String::new();
    }
    let json: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    let text = json["error"]["message"].as_str().or_else(|| json["message"].as_str());
    let Some(text) = text else { return String::new() };
    let shown = |c: char| if c.is_control() { ' ' } else { c };
    format!(": {}", text.chars().take(MAX_SAID).map(shown).collect::<String>())
}
