//! Connections: how many, how long a head may take, encryption, and finishing when told to stop.
//! HTTP/1.1 and HTTP/2 (with gRPC) share one port.

use std::net::SocketAddr;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use observe::{Counter, Gauge, Metrics};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_rustls::TlsAcceptor;

use crate::config::{Connections, Tls};
use crate::error::ServeError;

/// The longest head of an HTTP/1 request.
const MAX_HEAD_BYTES: usize = 64 << 10;

/// Wait after accepting failed, because the process has no more files, say.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Takes connections.
pub(crate) struct Listener {
    pub(crate) tcp: TcpListener,
    pub(crate) limits: Connections,
    pub(crate) tls: Option<Arc<Certificates>>,
    pub(crate) signals: Signals,
}

/// What is counted of connections.
pub(crate) struct Signals {
    open: Gauge,
    accepted: Counter,
    refused: Counter,
}

/// The certificates at the moment; they may be read again while connections are open.
pub(crate) struct Certificates {
    files: Tls,
    now: RwLock<Arc<ServerConfig>>,
}

impl Signals {
    pub(crate) fn of(metrics: &Metrics) -> Self {
        let open = metrics.gauge("striatum_connections", &[]);
        let accepted = metrics.counter("striatum_connections_accepted_total", &[]);
        Self { open, accepted, refused: metrics.counter("striatum_connections_refused_total", &[]) }
    }
}

impl Certificates {
    pub(crate) fn open(files: Tls) -> Result<Self, ServeError> {
        let now = RwLock::new(Arc::new(read(&files)?));
        Ok(Self { files, now })
    }

    /// Reads the files again; what is wrong with them leaves the old certificates in place.
    pub(crate) fn reload(&self) -> Result<(), ServeError> {
        let config = Arc::new(read(&self.files)?);
        *self.now.write().unwrap_or_else(PoisonError::into_inner) = config;
        Ok(())
    }

    fn acceptor(&self) -> TlsAcceptor {
        Arc::clone(&self.now.read().unwrap_or_else(PoisonError::into_inner)).into()
    }
}

fn read(files: &Tls) -> Result<ServerConfig, ServeError> {
    let wrong = |path: &std::path::Path, problem: String| ServeError::File {
        path: path.to_owned(),
        problem,
    };
    let chain = |path: &std::path::Path| -> Result<Vec<CertificateDer<'static>>, ServeError> {
        let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
        let chain: Vec<_> = read.map_err(|e| wrong(path, e.to_string()))?;
        if chain.is_empty() {
            return Err(wrong(path, "expected a certificate in PEM, found none".into()));
        }
        Ok(chain)
    };
    let certificate = chain(&files.certificate)?;
    let key =
        PrivateKeyDer::from_pem_file(&files.key).map_err(|e| wrong(&files.key, e.to_string()))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|e| wrong(&files.certificate, e.to_string()))?;
    let builder = match &files.client_ca {
        None => builder.with_no_client_auth(),
        Some(path) => {
            let mut roots = RootCertStore::empty();
            for authority in chain(path)? {
                roots.add(authority).map_err(|e| wrong(path, e.to_string()))?;
            }
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
                .build()
                .map_err(|e| wrong(path, e.to_string()))?;
            builder.with_client_cert_verifier(verifier)
        }
    };
    let mut config =
        builder.with_single_cert(certificate, key).map_err(|e| wrong(&files.key, e.to_string()))?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

impl Listener {
    /// Answers until `stop` is done, and then lets connections finish for `grace`.
    pub(crate) async fn serve(
        self,
        router: Router,
        stop: impl Future<Output = ()>,
        grace: Duration,
    ) {
        let header_timeout = Duration::from_secs_f64(self.limits.header_timeout_seconds);
        let room = Arc::new(Semaphore::new(self.limits.max));
        let graceful = GracefulShutdown::new();
        let serving = Arc::new(Serving { builder: self.builder(header_timeout), router });
        let mut stop = std::pin::pin!(stop);
        loop {
            let accepted = tokio::select! {
                accepted = self.tcp.accept() => accepted,
                () = &mut stop => break,
            };
            let (stream, address) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!(%error, "no connection was accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            };
            // One too many is closed at once: whoever waits here would hold up those who come next.
            let Ok(permit) = Arc::clone(&room).try_acquire_owned() else {
                self.signals.refused.inc();
                continue;
            };
            // Small answers leave at once; a connection that cannot be told so still works.
            drop(stream.set_nodelay(true));
            let open = Open { _permit: permit, gauge: self.signals.open.clone() };
            open.gauge.inc();
            self.signals.accepted.inc();
            let (serving, watcher) = (Arc::clone(&serving), graceful.watcher());
            match self.tls.as_ref().map(|tls| tls.acceptor()) {
                None => drop(tokio::spawn(serving.answer(stream, address, watcher, open))),
                Some(acceptor) => drop(tokio::spawn(async move {
                    let handshake = tokio::time::timeout(header_timeout, acceptor.accept(stream));
                    if let Ok(Ok(stream)) = handshake.await {
                        serving.answer(stream, address, watcher, open).await;
                    }
                })),
            }
        }
        drop(self.tcp);
        if tokio::time::timeout(grace, graceful.shutdown()).await.is_err() {
            tracing::warn!(seconds = grace.as_secs_f64(), "requests did not finish in time");
        }
    }

    fn builder(&self, header_timeout: Duration) -> Builder<TokioExecutor> {
        let mut builder = Builder::new(TokioExecutor::new());
        builder
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(header_timeout)
            // A caller that has said everything may close its side and still wait for the answer.
            .half_close(true)
            .max_buf_size(MAX_HEAD_BYTES);
        builder
            .http2()
            .timer(TokioTimer::new())
            .max_concurrent_streams(self.limits.max_streams)
            .keep_alive_interval(Some(header_timeout))
            .keep_alive_timeout(header_timeout);
        builder
    }
}

/// What answers on a connection.
struct Serving {
    builder: Builder<TokioExecutor>,
    router: Router,
}

/// A connection that is counted.
struct Open {
    _permit: OwnedSemaphorePermit,
    gauge: Gauge,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.gauge.dec();
    }
}

impl Serving {
    async fn answer<S>(
        self: Arc<Self>,
        stream: S,
        address: SocketAddr,
        watcher: hyper_util::server::graceful::Watcher,
        _open: Open,
    ) where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let router = self.router.clone();
        let service = tower::service_fn(move |mut request: axum::http::Request<_>| {
            request.extensions_mut().insert(ConnectInfo(address));
            let router = router.clone();
            tower::ServiceExt::oneshot(router, request)
        });
        let service = TowerToHyperService::new(service);
        let connection = self.builder.serve_connection_with_upgrades(TokioIo::new(stream), service);
        // A connection that breaks is its caller's affair.
        drop(watcher.watch(connection.into_owned()).await);
    }
}
