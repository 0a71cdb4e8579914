//! The path of one request, from its bytes to its answer.

#![allow(clippy::disallowed_methods, reason = "the edge measures how long requests take")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use observe::Metrics;
use serde_json::Value;

use crate::config::Config;
use crate::error::RequestError;
use crate::record::{Signals, Took};
use crate::repository::{Repository, Served};
use crate::wire;
use crate::workers::Workers;

/// Everything that requests share.
pub(crate) struct Server {
    pub(crate) config: Config,
    pub(crate) repository: Repository,
    pub(crate) workers: Workers,
    pub(crate) metrics: Arc<Metrics>,
    /// Signals of requests for models that do not exist.
    pub(crate) unknown: Signals,
    pub(crate) started: Instant,
    pub(crate) stopping: std::sync::atomic::AtomicBool,
}

impl Server {
    /// Bytes arrive; the answer leaves; the report is recorded.
    pub(crate) async fn infer(
        &self,
        name: &str,
        version: Option<&str>,
        body: &[u8],
        json_bytes: Option<usize>,
    ) -> Result<Value, RequestError> {
        let since = Instant::now();
        let found = self.repository.find(name, version);
        let signals = found.as_ref().map_or(&self.unknown, |served| &served.signals);
        let answered = match &found {
            Ok(served) => self.answer(served, body, json_bytes).await,
            Err(error) => Err(error.clone()),
        };
        let outcome = answered.as_ref().map(|(_, took)| took);
        signals.record(outcome, since.elapsed());
        answered.map(|(answer, _)| answer)
    }

    /// The wire type becomes ours; is there room?; a session encodes and steps; decode.
    async fn answer(
        &self,
        served: &Arc<Served>,
        body: &[u8],
        json_bytes: Option<usize>,
    ) -> Result<(Value, Took), RequestError> {
        let admitted = self.workers.admit()?;
        let batch = wire::parse(body, json_bytes, &served.model, &self.config)?;
        let stepped = self.workers.run(Arc::clone(served), batch, admitted);
        let seconds = self.config.request_timeout_seconds;
        let (batch, outputs, took) =
            tokio::time::timeout(Duration::from_secs_f64(seconds), stepped)
                .await
                .map_err(|_| RequestError::TimedOut { seconds })??;
        Ok((wire::answer(&served.model, &batch, &outputs, &took), took))
    }
}
