//! The path of one request, from its bytes to its answer.

#![allow(clippy::disallowed_methods, reason = "the edge measures how long requests take")]

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use observe::Metrics;
use observe::telemetry::{Telemetry, current};
use tracing::{Instrument, Span};

use crate::accounts::{Account, Accounts};
use crate::agents::Agents;
use crate::alarm::Alarm;
use crate::config::Config;
use crate::degradation::Degradation;
use crate::error::RequestError;
use crate::experiments::Experiments;
use crate::health::Health;
use crate::learners::Learners;
use crate::machine::Reader;
use crate::memories::Memories;
use crate::past::Past;
use crate::record::{RouteSignals, Signals, Tenants, Took};
use crate::repository::{Choice, Repository, Served};
use crate::rollout::{Compared, Rollout, Seen};
use crate::security::{Caller, Security};
use crate::sessions::{Sessions, Slot};
use crate::traced;
use crate::wire::{self, Answer, InferRequest};
use crate::workers::{Task, Workers};

/// Everything that requests share.
pub(crate) struct Server {
    pub(crate) config: Config,
    pub(crate) repository: Repository,
    pub(crate) workers: Workers,
    pub(crate) sessions: Sessions,
    pub(crate) security: Security,
    pub(crate) degradation: Degradation,
    pub(crate) experiments: Experiments,
    pub(crate) health: Health,
    pub(crate) memories: Memories,
    pub(crate) accounts: Arc<Accounts>,
    pub(crate) agents: Agents,
    pub(crate) learners: Learners,
    pub(crate) past: Past,
    pub(crate) alarm: Alarm,
    pub(crate) reader: Reader,
    pub(crate) store: store::Store,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) telemetry: Arc<Telemetry>,
    /// Signals of requests for models that do not exist.
    pub(crate) unknown: Signals,
    /// Signals of requests for routes that do not exist.
    pub(crate) unrouted: Arc<RouteSignals>,
    pub(crate) tenants: Tenants,
    pub(crate) started: Instant,
    pub(crate) stopping: std::sync::atomic::AtomicBool,
}

/// The model that a request is for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target<'a> {
    pub(crate) name: &'a str,
    pub(crate) version: Option<&'a str>,
}

/// Milliseconds since 1970.
pub(crate) fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis() as u64
}

/// The moment, to measure how long things take.
#[allow(clippy::disallowed_methods, reason = "the edge knows what time it is")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// A moment by two clocks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Now {
    /// Milliseconds since 1970; may jump.
    pub(crate) wall_ms: u64,
    /// Milliseconds since the server started; never jumps.
    pub(crate) steady_ms: u64,
}

/// How long a request waits that is turned away for want of room: callers that come back at once
/// would take the time of those that were let in.
const REFUSAL_PAUSE: Duration = Duration::from_millis(10);

impl Server {
    pub(crate) fn now(&self) -> Now {
        Now { wall_ms: now_ms(), steady_ms: self.started.elapsed().as_millis() as u64 }
    }

    /// Whether a caller of a stream that was let in before still is; while its account is held,
    /// nothing of its tenant is erased.
    ///
    /// # Errors
    /// [`RequestError::Unauthenticated`], [`RequestError::Suspended`], [`RequestError::Unavailable`].
    pub(crate) async fn still_serves(&self, caller: &Caller) -> Result<Arc<Account>, RequestError> {
        let account = self.accounts.standing_of(&caller.tenant, now_ms()).await?;
        self.security.stands(caller, now_ms()).await?;
        Ok(account)
    }

    /// Bytes arrive; the answer leaves; the report is recorded.
    pub(crate) async fn infer(
        self: &Arc<Self>,
        caller: &Caller,
        target: Target<'_>,
        read: impl FnOnce() -> Result<InferRequest, RequestError>,
    ) -> Result<Answer, RequestError> {
        let since = Instant::now();
        let span = traced::infer(target.name);
        let found = self.repository.choose(target.name, target.version);
        let answered = match &found {
            Ok(choice) => self.answer(caller, choice, read).instrument(span.clone()).await,
            Err(error) => Err(error.clone()),
        };
        let total = since.elapsed();
        if let Ok(choice) = &found {
            span.record("striatum.version", choice.served.model.version);
        }
        span.record(
            "striatum.outcome",
            answered.as_ref().map_or_else(RequestError::outcome, |_| "ok"),
        );
        let outcome = answered.as_ref().map(|(_, took)| took);
        let signals = found.as_ref().map_or(&self.unknown, |choice| &choice.served.signals);
        let trace = span.in_scope(current).map(|context| context.trace());
        signals.record(outcome, total, trace.as_deref());
        self.tenants.record(caller.tenant.as_str(), outcome.is_ok(), now_ms());
        if let Ok(choice) = &found {
            if let (Ok(took), true) = (&outcome, choice.served.model.decides()) {
                signals.decided(took.sequences);
            }
            let sequences = outcome.map_or(0, |took| took.sequences);
            choice.served.statistics.request(sequences, outcome.ok(), total, now_ms());
            self.judge(choice, outcome);
        }
        if let Err(RequestError::Busy { .. }) = answered {
            tokio::time::sleep(REFUSAL_PAUSE).await;
        }
        answered.map(|(answer, _)| answer)
    }

    /// Is there room?; the wire type becomes ours; whose session?; it encodes and steps; decode.
    async fn answer(
        self: &Arc<Self>,
        caller: &Caller,
        choice: &Choice,
        read: impl FnOnce() -> Result<InferRequest, RequestError>,
    ) -> Result<(Answer, Took), RequestError> {
        let admitted = self.workers.admit()?;
        let _own_room = room_of(&choice.served)?;
        let request = read()?;
        let sequence = request.parameters.sequence_id.as_ref().and_then(|id| id.text());
        let (start, end) = (request.parameters.sequence_start, request.parameters.sequence_end);
        let slot = match &sequence {
            None => None,
            Some(id) => Some(self.slot(caller, choice, id, start).await?),
        };
        // A session goes on with the version that it began with.
        let served = slot.as_ref().map_or(&choice.served, |slot| &slot.served);
        let batch = wire::batch(request, &served.model, &self.config)?;
        if slot.is_some() && batch.sequences != 1 {
            let problem = format!("a batch of {} in a sequence, expected 1", batch.sequences);
            return Err(RequestError::bad(problem));
        }
        let shadow = choice.shadow.as_ref().filter(|_| slot.is_none());
        let copy = shadow.map(|shadow| (Arc::clone(shadow), batch.clone()));
        let run = async {
            let session = match &slot {
                None => None,
                Some(slot) => Some(slot.hold().await),
            };
            let learns = self.degradation.learns() && slot.as_ref().is_some_and(|s| s.learns());
            let served = Arc::clone(served);
            let span = Span::current();
            self.workers.run(Task { served, batch, session, learns, admitted, span }).await
        };
        let seconds = self.config.request_timeout_seconds;
        let (batch, outputs, mut took) =
            tokio::time::timeout(Duration::from_secs_f64(seconds), run)
                .await
                .map_err(|_| RequestError::TimedOut { seconds })??;
        took.sequences = batch.sequences;
        if let Some(slot) = &slot {
            slot.stepped(took.report.steps, self.now());
        }
        if let (Some(id), true) = (&sequence, end) {
            self.sessions.close(&caller.tenant, id).await?;
        }
        if let (Some((served, batch)), Some(rollout)) = (copy, &choice.rollout) {
            self.shadow(served, batch, outputs.clone(), Arc::clone(rollout));
        }
        Ok((wire::answer(&served.model, &batch, &outputs, &took), took))
    }

    /// The session of a sequence: begun where the request says so, else found.
    async fn slot(
        &self,
        caller: &Caller,
        choice: &Choice,
        id: &str,
        start: bool,
    ) -> Result<Arc<Slot>, RequestError> {
        let now = self.now();
        if start {
            self.degradation.admits()?;
            return self.sessions.open(&caller.tenant, id, &choice.served, None, now);
        }
        let slot = self.sessions.find(&caller.tenant, id, &self.repository, now).await?;
        let (own, asked) = (&slot.served.model.name, &choice.served.model.name);
        if own != asked {
            let message = format!("session {id} runs model {own}, not {asked}");
            return Err(RequestError::Conflict(message));
        }
        Ok(slot)
    }

    /// Gives a candidate a copy of a request and compares; the caller does not wait.
    fn shadow(
        self: &Arc<Self>,
        served: Arc<Served>,
        batch: wire::Batch,
        stable: Vec<spike::Raster>,
        rollout: Arc<Rollout>,
    ) {
        let admitted = match self.workers.admit() {
            Ok(admitted) if self.degradation.extras() => admitted,
            _ => return self.compared(&rollout, &served, Compared::Skipped),
        };
        let server = Arc::clone(self);
        tokio::spawn(async move {
            let decodes = served.model.output.decoding != crate::Decoding::None;
            let candidate = Arc::clone(&served);
            let task =
                Task { served, batch, session: None, learns: false, admitted, span: Span::none() };
            let run = server.workers.run(task).await;
            let seen = seen(run.as_ref().map(|(_, _, took)| took).ok());
            rollout.saw(true, seen);
            let compared = match run {
                Ok((_, outputs, _)) => wire::compare(&stable, &outputs, decodes),
                Err(_) => Compared::Failed,
            };
            server.compared(&rollout, &candidate, compared);
        });
    }

    /// Records how a candidate's answer compares.
    fn compared(&self, rollout: &Rollout, candidate: &Served, compared: Compared) {
        let outcome = match compared {
            Compared::Answers { equal: true, .. } => "same",
            Compared::Answers { .. } => "differs",
            Compared::Failed => "failed",
            Compared::Skipped => "skipped",
        };
        let labels = [candidate.model.name.as_str(), outcome];
        self.metrics.counter("striatum_shadow_comparisons_total", &labels).inc();
        rollout.compared(compared);
    }

    /// Shows a request to the roll-out that it took part in.
    fn judge(self: &Arc<Self>, choice: &Choice, outcome: Result<&Took, &RequestError>) {
        let Some(rollout) = &choice.rollout else { return };
        if let Err(error) = outcome
            && error.retry_after().is_some()
        {
            return; // Refused before any version had a part in it.
        }
        let Some(reason) = rollout.saw(choice.candidate, seen(outcome.ok())) else { return };
        let model = choice.served.model.name.clone();
        tracing::warn!(model, candidate = rollout.spec.candidate, reason, "rolled back");
        self.metrics.counter("striatum_rollbacks_total", &[&model]).inc();
        let server = Arc::clone(self);
        let details = format!("candidate {}: {reason}", rollout.spec.candidate);
        tokio::spawn(async move {
            server.keep_rollout(&model).await;
            server.security.audit.note("server", "rollout.roll_back", &model, &details).await;
        });
    }

    /// Keeps where a model's roll-out stands for the next start.
    pub(crate) async fn keep_rollout(&self, model: &str) {
        let Some(kept) = self.repository.kept(model) else { return };
        let value = serde_json::to_vec(&kept).unwrap_or_default();
        if let Err(error) = self.store.system().put(crate::serve::ROLLOUTS, model, &value).await {
            tracing::error!(%error, model, "the roll-out is not kept");
        }
    }
}

fn seen(took: Option<&Took>) -> Seen {
    let took = took.map(|took| (took.inference, took.report));
    Seen {
        failed: took.is_none(),
        seconds: took.map_or(0.0, |(inference, _)| inference.as_secs_f64()),
        spikes_per_step: took
            .map_or(0.0, |(_, report)| report.spikes as f64 / report.steps.max(1) as f64),
    }
}

/// Room for a request where its model limits them.
fn room_of(served: &Served) -> Result<Option<tokio::sync::OwnedSemaphorePermit>, RequestError> {
    let Some(room) = &served.room else { return Ok(None) };
    let limit = served.model.limits.max_in_flight.unwrap_or_default();
    let taken = Arc::clone(room).try_acquire_owned();
    taken.map(Some).map_err(|_| RequestError::Busy { limit })
}
