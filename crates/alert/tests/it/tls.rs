//! HTTPS: spoken to whom the machine trusts, and to nobody else.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use alert::{Alert, Config, DeadLetter, Dispatcher, Labels, Sender};
use resilience::{Chance, SystemClock};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::programs::skip;

/// Where the one that is started again is to send to.
const URL: &str = "STRIATUM_TEST_TLS_URL";

/// Delivers one notification there; why not, if so.
async fn deliver(url: &str) -> Result<(), String> {
    let config: Config = serde_json::from_value(json!({
        "route": {"receiver": "r", "group_wait": "0s"},
        "receivers": [{"name": "r", "webhook_configs": [{"url": url}]}],
        "delivery": {"retry": {"attempts": 1}, "time": {"attempt_seconds": 60, "total_seconds": 60}},
    }))
    .unwrap();
    let lost = |letter: DeadLetter| println!("{letter:?}");
    let clock = Arc::new(SystemClock::new());
    let sender = Sender::new(&config, clock, &Chance::from_seed(1), Arc::new(lost));
    let sender = sender.map_err(|error| error.to_string())?;
    let mut dispatcher = Dispatcher::new(&config).unwrap();
    let alert = Alert {
        labels: Labels::from([("alertname", "A")]),
        annotations: Labels::default(),
        starts_at_ms: 0,
        ends_at_ms: None,
        generator_url: String::new(),
    };
    dispatcher.receive(1, vec![alert]);
    sender.send(&dispatcher.tick(1)[0]).await.map_err(|error| error.to_string())
}

/// A certificate for `localhost`, signed by itself; false where it cannot be made.
fn certificate(folder: &Path) -> bool {
    Command::new("openssl")
        .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj"])
        .args(["/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-addext"])
        .args(["basicConstraints=critical,CA:FALSE", "-keyout", "key.pem", "-out", "cert.pem"])
        .current_dir(folder)
        .output()
        .is_ok_and(|output| output.status.success())
}

/// Answers every request with success.
async fn serve(folder: &Path) -> u16 {
    let certificate = CertificateDer::from_pem_file(folder.join("cert.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(folder.join("key.pem")).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((tcp, _)) = listener.accept().await {
            let Ok(mut tls) = acceptor.accept(tcp).await else { continue };
            let mut read = Vec::new();
            while !read.ends_with(b"}") && tls.read_buf(&mut read).await.is_ok_and(|n| n > 0) {}
            let _ = tls.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
            let _ = tls.shutdown().await;
        }
    });
    port
}

#[tokio::test(flavor = "multi_thread")]
async fn https_is_spoken_to_whom_the_machine_trusts() {
    if let Ok(url) = std::env::var(URL) {
        deliver(&url).await.unwrap();
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    if !certificate(folder.path()) {
        return skip("openssl cannot make a certificate: apt-get install openssl");
    }
    let url = format!("https://localhost:{}/", serve(folder.path()).await);
    assert!(deliver(&url).await.is_err(), "nobody knows this certificate");
    // The certificates of the machine are read when a process begins, so it is another one.
    let again = tokio::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "tls::https_is_spoken_to_whom_the_machine_trusts", "--nocapture"])
        .env(URL, url)
        .env("SSL_CERT_FILE", folder.path().join("cert.pem"))
        .output()
        .await
        .unwrap();
    assert!(again.status.success(), "{}", String::from_utf8_lossy(&again.stderr));
}
