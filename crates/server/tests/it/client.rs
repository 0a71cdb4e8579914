//! A running server of some models, and a client for it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;

use serde_json::Value;
use server::{Config, ServeError, Told};
use tempfile::TempDir;
use tokio::sync::{Notify, oneshot};

/// A server that stops when it is dropped.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    reload: Arc<Notify>,
    thread: Option<JoinHandle<Result<(), ServeError>>>,
    _models: TempDir,
    _state: Option<TempDir>,
}

/// What was answered.
pub(crate) struct Asked {
    pub(crate) status: u16,
    pub(crate) headers: ureq::http::HeaderMap,
    pub(crate) bytes: Vec<u8>,
}

impl Asked {
    /// The JSON of an answer of that status.
    pub(crate) fn of(self, status: u16) -> Value {
        let text = String::from_utf8_lossy(&self.bytes).into_owned();
        assert_eq!(self.status, status, "{text}");
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }
}

/// A file of a folder of fixtures, `nir/...` or `described/...`.
pub(crate) fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../nir/tests/fixtures").join(name)
}

/// A folder with one model, and a broken one beside it.
pub(crate) fn models(network: &str, spec: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let good = folder.path().join("good/1");
    let broken = folder.path().join("broken/3");
    std::fs::create_dir_all(&good).unwrap();
    std::fs::create_dir_all(&broken).unwrap();
    std::fs::copy(fixture(network), good.join("model.nir")).unwrap();
    std::fs::write(good.join("model.toml"), spec).unwrap();
    std::fs::write(broken.join("model.nir"), b"not a network").unwrap();
    folder
}

/// Why a server does not start.
pub(crate) fn refused(config: Config) -> server::ServeError {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let settings: server::Settings = Box::new(|| Err("none".into()));
    let told = Told {
        stop: std::future::ready(()),
        reload: std::future::pending::<()>,
        settings,
        watched: resources::Watched::default(),
    };
    let telemetry = observe::telemetry::Telemetry::new(config.tracing.clone(), false);
    let ready = |_, _: &server::Repository| panic!("it serves");
    runtime.block_on(server::serve(config, telemetry, ready, told)).unwrap_err()
}

impl Running {
    pub(crate) fn start(models: TempDir, mut config: Config) -> Self {
        config.listen = SocketAddr::from(([127, 0, 0, 1], 0));
        config.models = models.path().to_owned();
        let mut own = None;
        if config.state == server::State::default() {
            let folder = tempfile::tempdir().unwrap();
            config.state.folder = folder.path().to_owned();
            own = Some(folder);
        }
        let (tell, told) = mpsc::channel();
        let reload = Arc::new(Notify::new());
        let reloads = Arc::clone(&reload);
        let (stop, stopped) = oneshot::channel::<()>();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(2)
                .enable_all()
                .build()
                .unwrap();
            let stop = async { drop(stopped.await) };
            let ready = |address, _: &server::Repository| tell.send(address).unwrap();
            let settings = config.clone();
            let settings: server::Settings = Box::new(move || Ok(settings.clone()));
            let reload = move || Arc::clone(&reloads).notified_owned();
            let told = Told { stop, reload, settings, watched: resources::Watched::default() };
            let telemetry = observe::telemetry::Telemetry::new(config.tracing.clone(), false);
            runtime.block_on(server::serve(config, telemetry, ready, told))
        });
        let address = told.recv().unwrap();
        Self {
            address,
            stop: Some(stop),
            reload,
            thread: Some(thread),
            _models: models,
            _state: own,
        }
    }

    pub(crate) fn get(&self, path: &str) -> (u16, String) {
        let answer = agent().get(format!("http://{}{path}", self.address)).call().unwrap();
        (answer.status().as_u16(), answer.into_body().read_to_string().unwrap())
    }

    pub(crate) fn post(&self, path: &str, body: &str) -> (u16, Value) {
        self.post_bytes(path, body.as_bytes(), None)
    }

    /// Posts a body whose first `json` bytes are JSON.
    pub(crate) fn post_bytes(&self, path: &str, body: &[u8], json: Option<usize>) -> (u16, Value) {
        let mut request = agent().post(format!("http://{}{path}", self.address));
        if let Some(n) = json {
            request = request.header("inference-header-content-length", n.to_string());
        }
        let answer = request.send(body).unwrap();
        let status = answer.status().as_u16();
        let text = answer.into_body().read_to_string().unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    /// Puts bytes.
    pub(crate) fn put_bytes(&self, path: &str, body: &[u8]) -> (u16, String) {
        let request = agent().put(format!("http://{}{path}", self.address));
        let answer = request.content_type("application/octet-stream").send(body).unwrap();
        (answer.status().as_u16(), answer.into_body().read_to_string().unwrap())
    }

    /// Sends bytes as they are and gives what comes until the server closes.
    pub(crate) fn raw(&self, bytes: &[u8]) -> String {
        use std::io::{Read, Write};
        let mut stream = std::net::TcpStream::connect(self.address).unwrap();
        stream.write_all(bytes).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// A request with a credential and a JSON body where there is one; status, headers, body.
    pub(crate) fn ask(&self, method: &str, path: &str, key: Option<&str>, body: Value) -> Asked {
        let mut request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("http://{}{path}", self.address));
        if let Some(key) = key {
            request = request.header("authorization", format!("Bearer {key}"));
        }
        let text = if body.is_null() { String::new() } else { body.to_string() };
        if !text.is_empty() {
            request = request.header("content-type", "application/json");
        }
        let answer = agent().run(request.body(text).unwrap()).unwrap();
        let status = answer.status().as_u16();
        let headers = answer.headers().clone();
        let bytes = answer.into_body().read_to_vec().unwrap();
        Asked { status, headers, bytes }
    }

    /// The value of a metric's line, 0 where there is none.
    pub(crate) fn metric(&self, line: &str) -> f64 {
        let [value] = self.metrics([line]);
        value
    }

    /// The values of metrics' lines in one look, 0 where there is none.
    pub(crate) fn metrics<const N: usize>(&self, lines: [&str; N]) -> [f64; N] {
        let (_, text) = self.get("/metrics");
        let find = |line| text.lines().find_map(|l| l.strip_prefix(line)?.trim().parse().ok());
        lines.map(|line| find(line).unwrap_or(0.0))
    }

    /// Tells the server to stop and waits until it has.
    pub(crate) fn stop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap().unwrap();
        }
    }

    /// Tells the server to read keys and certificates again.
    pub(crate) fn reload(&self) {
        self.reload.notify_one();
    }

    /// Tells the server to stop and goes on.
    pub(crate) fn tell_to_stop(&mut self) {
        drop(self.stop.take());
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.stop.take());
    }
}

fn agent() -> ureq::Agent {
    let timeout = Some(std::time::Duration::from_secs(60));
    let builder =
        ureq::Agent::config_builder().http_status_as_error(false).allow_non_standard_methods(true);
    builder.timeout_global(timeout).build().into()
}
