//! `striatum demo`: held-out digits through a running server, or an agent that learns (`demo/agent.rs`).

mod agent;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};
use spike::Raster;

use crate::{Outcome, draw};

/// Requests sent and not counted, so that every connection is up.
const WARM_UP: usize = 16;
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// Classify held-out digits through a running server, or watch an agent learn to balance a pole.
///
/// Digits: accuracy, latency percentiles, a confusion matrix and the spikes of one decision.
/// With --agent: CartPole-v1 by three-factor learning on columns, live, until it is solved.
#[derive(Args)]
pub(crate) struct Demo {
    /// The server.
    #[arg(long, default_value = "http://127.0.0.1:8080")]
    url: String,
    /// Start a server of its own on a free port.
    #[arg(long)]
    start: bool,
    /// The folder of the model: images in heldout.npz, versions beside it.
    #[arg(long, default_value = "models/digits", value_name = "FOLDER")]
    model: PathBuf,
    /// Requests under way at once.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=256))]
    concurrency: u16,
    /// Images to classify [default: all].
    #[arg(long)]
    limit: Option<usize>,
    #[command(flatten)]
    learning: agent::Learning,
}

/// The held-out images, one row of pixels each, with their labels.
struct Images {
    pixels: Vec<f32>,
    labels: Vec<usize>,
    size: usize,
    width: usize,
}

/// One answer.
struct Answer {
    image: usize,
    class: usize,
    latency: Duration,
}

impl Demo {
    pub(crate) fn run(self, json: bool) -> Result<Outcome> {
        if self.learning.is_asked() {
            return self.learning.run(json);
        }
        let images = Images::read(&self.model.join("heldout.npz"))?;
        let url = if self.start { started(&self.model)? } else { self.url.clone() };
        let name = self.model.file_name().map(|n| n.to_string_lossy()).unwrap_or_default();
        let client = Client::new(&url, &name);
        client.reach()?;
        let n = self.limit.unwrap_or(images.labels.len()).min(images.labels.len());
        if n == 0 {
            bail!("no images to classify, expected --limit of at least 1");
        }
        let labels = client.labels(images.labels.iter().max().map_or(0, |m| m + 1))?;
        let bar = ProgressBar::new(n as u64);
        bar.set_style(ProgressStyle::with_template("images {bar:40} {pos}/{len}")?);
        let since = Instant::now();
        let answers = classify(&client, &images, n, usize::from(self.concurrency), &bar)?;
        let seconds = since.elapsed().as_secs_f64();
        bar.finish_and_clear();
        let summary = Summary::of(&answers, &images, &labels, seconds);
        if json {
            println!("{:#}", summary.as_json());
        } else {
            let (spikes, label) = client.decision(&images, 0)?;
            print!("{}", summary.as_text());
            println!("\none decision: image 0, a {}, read as {label}", images.labels[0]);
            print!("{}", draw::image(images.row(0), images.width));
            print!("{}", draw::raster(&spikes, &labels));
        }
        Ok(Outcome::Done)
    }
}

impl Images {
    fn read(path: &std::path::Path) -> Result<Self> {
        let what = path.display().to_string();
        let bytes = std::fs::read(path).with_context(|| what.clone())?;
        let arrays = sense::read_npz(&bytes, &what)?;
        let (Some(images), Some(labels)) = (arrays.get("images"), arrays.get("labels")) else {
            bail!("{what}: expected the arrays images and labels");
        };
        let [n, height, width] = *images.shape() else {
            bail!("{what}: images of shape {:?}, expected (n, height, width)", images.shape());
        };
        if labels.data().len() != n || n == 0 {
            bail!("{what}: {} labels, expected {n}", labels.data().len());
        }
        Ok(Self {
            pixels: images.data().to_vec(),
            labels: labels.data().iter().map(|l| *l as usize).collect(),
            size: height * width,
            width,
        })
    }

    fn row(&self, k: usize) -> &[f32] {
        &self.pixels[k * self.size..][..self.size]
    }

    fn request(&self, k: usize, outputs: &[&str]) -> String {
        let pixels: Vec<String> = self.row(k).iter().map(|p| format!("{}", *p as u8)).collect();
        let outputs: Vec<Value> = outputs.iter().map(|name| json!({ "name": name })).collect();
        let outputs = Value::from(outputs);
        format!(
            "{{\"inputs\":[{{\"name\":\"input\",\"datatype\":\"UINT8\",\"shape\":[1,{}],\
             \"data\":[{}]}}],\"outputs\":{outputs}}}",
            self.size,
            pixels.join(",")
        )
    }
}

struct Client {
    agent: ureq::Agent,
    url: String,
    model: String,
}

impl Client {
    fn new(url: &str, model: &str) -> Self {
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(ANSWER_TIMEOUT))
            .http_status_as_error(false)
            .build();
        let url = url.trim_end_matches('/').to_owned();
        Self { agent: config.into(), url, model: model.to_owned() }
    }

    /// Whether the server answers, or what to do.
    fn reach(&self) -> Result<()> {
        let answered = self.agent.get(format!("{}/v2/health/live", self.url)).call();
        answered.map(|_| ()).with_context(|| {
            format!(
                "no server answers at {}: start one with `striatum serve`, or let the demo do it \
                 with `striatum demo --start`",
                self.url
            )
        })
    }

    fn labels(&self, n: usize) -> Result<Vec<String>> {
        let answer = self.agent.get(format!("{}/v2/models/{}", self.url, self.model)).call()?;
        let text = answer.into_body().read_to_string()?;
        let metadata: Value = serde_json::from_str(&text)?;
        if let Some(error) = metadata["error"].as_str() {
            bail!("{error}");
        }
        Ok((0..n).map(|k| k.to_string()).collect())
    }

    fn infer(&self, body: &str) -> Result<Value> {
        let url = format!("{}/v2/models/{}/infer", self.url, self.model);
        let request = self.agent.post(url).header("content-type", "application/json");
        let answer = request.send(body)?;
        let text = answer.into_body().read_to_string()?;
        let answer: Value = serde_json::from_str(&text)?;
        if let Some(error) = answer["error"].as_str() {
            bail!("{error}");
        }
        Ok(answer)
    }

    fn class(&self, images: &Images, k: usize) -> Result<usize> {
        let answer = self.infer(&images.request(k, &["class"]))?;
        let class = answer["outputs"][0]["data"][0].as_u64();
        class.map(|c| c as usize).context("the answer holds no class")
    }

    /// The output spikes of one image, and the label.
    fn decision(&self, images: &Images, k: usize) -> Result<(Raster, String)> {
        let outputs = ["output.spikes", "label"];
        let answer = self.infer(&images.request(k, &outputs))?;
        let spikes = &answer["outputs"][0];
        let size = spikes["shape"][2].as_u64().context("the answer holds no spikes")? as usize;
        let data = spikes["data"].as_array().context("the answer holds no spikes")?;
        let dense: Vec<f32> = data.iter().map(|v| v.as_f64().unwrap_or(0.0) as f32).collect();
        let label = answer["outputs"][1]["data"][0].as_str().unwrap_or("?").to_owned();
        Ok((Raster::from_dense(&dense, size), label))
    }
}

/// Sends every image, `concurrency` at a time.
fn classify(
    client: &Client,
    images: &Images,
    n: usize,
    concurrency: usize,
    bar: &ProgressBar,
) -> Result<Vec<Answer>> {
    for k in 0..WARM_UP.min(n) {
        client.class(images, k)?;
    }
    let next = AtomicUsize::new(0);
    let (send, receive) = mpsc::channel::<Result<Answer>>();
    std::thread::scope(|scope| {
        for _ in 0..concurrency {
            let (send, next) = (send.clone(), &next);
            scope.spawn(move || {
                loop {
                    let image = next.fetch_add(1, Ordering::Relaxed);
                    if image >= n {
                        return;
                    }
                    let since = Instant::now();
                    let answer = client.class(images, image).map(|class| {
                        let latency = since.elapsed();
                        Answer { image, class, latency }
                    });
                    let failed = answer.is_err();
                    if send.send(answer).is_err() || failed {
                        next.store(n, Ordering::Relaxed);
                        return;
                    }
                }
            });
        }
        drop(send);
        receive.iter().inspect(|_| bar.inc(1)).collect()
    })
}

/// Starts a server of the model's repository on a free port and gives its address.
fn started(model: &std::path::Path) -> Result<String> {
    let models = model.parent().filter(|p| !p.as_os_str().is_empty());
    let models = models.unwrap_or(std::path::Path::new(".")).to_owned();
    let listen = SocketAddr::from(([127, 0, 0, 1], 0));
    let folder = tempfile::tempdir().context("a folder for the server's state")?;
    let state = server::State { folder: folder.path().to_owned(), ..server::State::default() };
    let config = server::Config { listen, models, state, ..server::Config::default() };
    let (tell, told) = mpsc::channel::<Result<SocketAddr, String>>();
    std::thread::spawn(move || {
        let _state = folder;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let served = runtime.map_err(|e| e.to_string()).and_then(|runtime| {
            let ready = |address, _: &server::Repository| drop(tell.send(Ok(address)));
            let forever = std::future::pending();
            let settings = Box::new(|| Err("a demo has no settings".to_owned()));
            let reload = std::future::pending::<()>;
            let watched = resources::Watched::default();
            let told = server::Told { stop: forever, reload, settings, watched };
            let telemetry = observe::telemetry::Telemetry::new(config.tracing.clone(), false);
            runtime
                .block_on(server::serve(config, telemetry, ready, told))
                .map_err(|e| e.to_string())
        });
        if let Err(error) = served {
            let _ = tell.send(Err(error));
        }
    });
    match told.recv() {
        Ok(Ok(address)) => Ok(format!("http://{address}")),
        Ok(Err(error)) => bail!("{error}"),
        Err(_) => bail!("the server stopped before it was ready"),
    }
}

struct Summary {
    n: usize,
    right: usize,
    seconds: f64,
    latencies_ms: Vec<f64>,
    confusion: Vec<Vec<usize>>,
    labels: Vec<String>,
}

impl Summary {
    fn of(answers: &[Answer], images: &Images, labels: &[String], seconds: f64) -> Self {
        let mut confusion = vec![vec![0; labels.len()]; labels.len()];
        let mut right = 0;
        for answer in answers {
            let truth = images.labels[answer.image];
            right += usize::from(truth == answer.class);
            if let Some(cell) = confusion.get_mut(truth).and_then(|r| r.get_mut(answer.class)) {
                *cell += 1;
            }
        }
        let mut latencies_ms: Vec<f64> =
            answers.iter().map(|a| a.latency.as_secs_f64() * 1e3).collect();
        latencies_ms.sort_by(f64::total_cmp);
        let labels = labels.to_vec();
        Self { n: answers.len(), right, seconds, latencies_ms, confusion, labels }
    }

    fn percentile(&self, p: f64) -> f64 {
        let last = self.latencies_ms.len().saturating_sub(1);
        self.latencies_ms.get((last as f64 * p).round() as usize).copied().unwrap_or(0.0)
    }

    fn accuracy(&self) -> f64 {
        self.right as f64 / self.n.max(1) as f64
    }

    fn as_json(&self) -> Value {
        json!({
            "images": self.n,
            "right": self.right,
            "accuracy": self.accuracy(),
            "seconds": self.seconds,
            "requests_per_second": self.n as f64 / self.seconds,
            "latency_ms": {
                "p50": self.percentile(0.5), "p90": self.percentile(0.9),
                "p99": self.percentile(0.99), "max": self.percentile(1.0),
            },
            "confusion": self.confusion,
        })
    }

    fn as_text(&self) -> String {
        format!(
            "accuracy   {:.1} % ({} of {})\nlatency    p50 {:.3} ms, p90 {:.3} ms, p99 {:.3} ms, \
             max {:.3} ms\nthroughput {:.0} requests per second\n\n{}",
            self.accuracy() * 100.0,
            self.right,
            self.n,
            self.percentile(0.5),
            self.percentile(0.9),
            self.percentile(0.99),
            self.percentile(1.0),
            self.n as f64 / self.seconds,
            draw::confusion(&self.confusion, &self.labels),
        )
    }
}
