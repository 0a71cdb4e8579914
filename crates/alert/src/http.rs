//! The client: one request over a connection of its own.
//!
//! Notifications are rare, so nothing is pooled; redirects are not followed; of an answer no more is
//! read than is needed to see that it arrived. How long it may take is the caller's to limit.

use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::header::{
    AUTHORIZATION, CONNECTION, CONTENT_TYPE, HOST, HeaderValue, RETRY_AFTER, USER_AGENT,
};
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::AbortHandle;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::delivery::DeliveryError;
use crate::error::AlertError;
use crate::secret::{Endpoint, Secret};

/// The most that is read of an answer (bytes).
pub const MAX_ANSWER_BYTES: usize = 64 * 1024;
const AGENT: &str = concat!("striatum/", env!("CARGO_PKG_VERSION"));

/// A request to be made: JSON, by POST.
#[derive(Clone, Debug)]
pub(crate) struct Outgoing {
    pub(crate) to: Endpoint,
    pub(crate) bearer: Option<Secret>,
    pub(crate) body: Vec<u8>,
}

impl Outgoing {
    pub(crate) fn json(to: &Endpoint, body: &serde_json::Value) -> Self {
        Self { to: to.clone(), bearer: None, body: body.to_string().into_bytes() }
    }

    fn request(&self) -> Result<Request<Full<Bytes>>, DeliveryError> {
        let uri = self.to.uri();
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        let host = uri.authority().map_or("", |authority| authority.as_str());
        let mut request = Request::post(path)
            .header(HOST, host)
            .header(USER_AGENT, AGENT)
            .header(CONNECTION, "close")
            .header(CONTENT_TYPE, "application/json");
        if let Some(token) = &self.bearer {
            // Checked when it was read: a header cannot have a second line.
            let value = HeaderValue::from_str(&format!("Bearer {}", token.reveal()));
            let mut value = value.map_err(|_| DeliveryError::Request)?;
            value.set_sensitive(true);
            request = request.header(AUTHORIZATION, value);
        }
        request.body(Full::from(self.body.clone())).map_err(|_| DeliveryError::Request)
    }
}

/// Makes requests.
#[derive(Clone)]
pub(crate) struct Client {
    tls: Option<TlsConnector>,
}

impl Client {
    /// With the certificates of the machine, where any request needs them.
    pub(crate) fn new(needs_tls: bool) -> Result<Self, AlertError> {
        let tls = if needs_tls { Some(connector()?) } else { None };
        Ok(Self { tls })
    }

    pub(crate) async fn post(&self, outgoing: Outgoing) -> Result<(), DeliveryError> {
        let (host, port) = (outgoing.to.host(), outgoing.to.port());
        let tcp = TcpStream::connect((host, port)).await.map_err(connect)?;
        if !outgoing.to.is_tls() {
            return exchange(tcp, &outgoing).await;
        }
        let tls = self.tls.as_ref().ok_or(DeliveryError::Request)?;
        let name = ServerName::try_from(host.to_owned()).map_err(|_| DeliveryError::Request)?;
        exchange(tls.connect(name, tcp).await.map_err(connect)?, &outgoing).await
    }
}

fn connector() -> Result<TlsConnector, AlertError> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    let (n_added, _) = roots.add_parsable_certificates(found.certs);
    if n_added == 0 {
        let errors: Vec<String> = found.errors.iter().map(ToString::to_string).collect();
        let why = if errors.is_empty() { "there are none".to_owned() } else { errors.join("; ") };
        return Err(AlertError::Tls(why));
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| AlertError::Tls(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

fn connect(error: std::io::Error) -> DeliveryError {
    DeliveryError::Connect(error.to_string())
}

fn broken(error: hyper::Error) -> DeliveryError {
    DeliveryError::Broken(error.to_string())
}

async fn exchange<S>(stream: S, outgoing: &Outgoing) -> Result<(), DeliveryError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
    let _connection = Connection(tokio::spawn(connection).abort_handle());
    let response = sender.send_request(outgoing.request()?).await.map_err(broken)?;
    let (status, retry_after) = (response.status(), retry_after(&response));
    drain(response.into_body()).await?;
    if status.is_success() { Ok(()) } else { Err(refused(status, retry_after)) }
}

/// A connection that ends with the exchange, also where that is given up.
struct Connection(AbortHandle);

impl Drop for Connection {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Reads to the end, or until it is enough.
async fn drain(mut body: Incoming) -> Result<(), DeliveryError> {
    let mut n_bytes = 0;
    while let Some(frame) = body.frame().await {
        n_bytes += frame.map_err(broken)?.data_ref().map_or(0, Bytes::len);
        if n_bytes > MAX_ANSWER_BYTES {
            break;
        }
    }
    Ok(())
}

fn refused(status: StatusCode, retry_after: Option<Duration>) -> DeliveryError {
    DeliveryError::Status { code: status.as_u16(), retry_after }
}

/// `Retry-After` in seconds; the other form, a date, is not believed.
fn retry_after(response: &Response<Incoming>) -> Option<Duration> {
    let value = response.headers().get(RETRY_AFTER)?.to_str().ok()?;
    value.trim().parse().ok().map(Duration::from_secs)
}
