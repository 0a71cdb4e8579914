//! Health: every check of the catalogue within its budget, the worst of them, and one number.

#![allow(clippy::disallowed_methods, reason = "checks have budgets of time")]

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use catalogue::{CHECKS, Check};
use observe::telemetry::{redacted, rfc3339};
use schemars::JsonSchema;
use serde::Serialize;

use crate::degradation::Level;
use crate::repository::UNLOADED;
use crate::request::Server;

/// Time between two looks at how many requests failed, and how many looks are kept: five minutes.
pub(crate) const LOOK: Duration = Duration::from_secs(5);
const LOOKS: usize = 60;

/// How long what was found is shown again to whoever asks.
const FRESH: Duration = Duration::from_secs(1);

/// Errors that are shown.
const MAX_ERRORS: usize = 20;

/// Share of requests that fail from which on the server is degraded, and unhealthy.
const ERRORS: (f64, f64) = (0.01, 0.1);
/// Share of memory that is used from which on the server is degraded, and unhealthy.
const MEMORY: (f64, f64) = (0.8, 0.9);
/// Share of a disk that is used from which on the server is degraded, and unhealthy.
const DISK: (f64, f64) = (0.8, 0.95);
/// Dead letters that wait from which on the server is degraded.
const LETTERS: f64 = 100.0;
/// How long requests may wait while no worker takes one (milliseconds).
const STUCK_MS: u64 = 10_000;

/// What the score is made of: API errors 40 %, memory 15 %, disk 15 %; federation's 30 % go to the
/// others while there is none.
const WEIGHTS: [f64; 3] = [0.4, 0.15, 0.15];

/// How a part is, the better first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Status {
    /// As it should be.
    Healthy,
    /// It works, but not as it should.
    Degraded,
    /// It does not work.
    Unhealthy,
    /// It does not work, and the server cannot do its work without it.
    Critical,
}

/// What a check found.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Found {
    /// The check.
    name: &'static str,
    /// How the part is.
    status: Status,
    /// Why, where it is not healthy; the value that was looked at.
    detail: String,
    /// How long it took (milliseconds).
    took_ms: f64,
}

/// An error of the last minutes.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct RecentError {
    /// When (RFC 3339).
    time: String,
    /// What.
    message: String,
}

/// How the server is.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Report {
    /// The worst of the checks.
    pub(crate) status: Status,
    /// Health as one number, 1 at best.
    pub(crate) score: f64,
    /// What was looked at.
    pub(crate) checks: Vec<Found>,
    /// Errors of the last minutes, the newest first.
    pub(crate) errors: Vec<RecentError>,
}

impl Report {
    /// Leaves out what is not for everyone.
    pub(crate) fn conceal(&mut self) {
        self.errors.clear();
        self.checks.iter_mut().for_each(|check| check.detail.clear());
    }
}

/// What health is judged by.
#[derive(Default)]
pub(crate) struct Health {
    answers: AtomicU64,
    failures: AtomicU64,
    /// Both as they stood at each look.
    looks: Mutex<VecDeque<(u64, u64)>>,
    last: tokio::sync::Mutex<Option<(Instant, Report)>>,
}

impl Health {
    /// Counts an answer.
    pub(crate) fn answered(&self, failed: bool) {
        self.answers.fetch_add(1, Ordering::Relaxed);
        if failed {
            self.failures.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn looks(&self) -> MutexGuard<'_, VecDeque<(u64, u64)>> {
        self.looks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> (u64, u64) {
        (self.answers.load(Ordering::Relaxed), self.failures.load(Ordering::Relaxed))
    }

    /// Notes how many have failed until now.
    pub(crate) fn look(&self) {
        let now = self.now();
        let mut looks = self.looks();
        if looks.len() >= LOOKS {
            looks.pop_front();
        }
        looks.push_back(now);
    }

    /// The share of answers of the last minutes that were failures.
    fn failing(&self) -> f64 {
        let first = self.looks().front().copied().unwrap_or_default();
        let now = self.now();
        let answers = now.0.saturating_sub(first.0);
        if answers == 0 { 0.0 } else { (now.1 - first.1.min(now.1)) as f64 / answers as f64 }
    }
}

impl Server {
    /// How the server is, as of no more than a second ago.
    pub(crate) async fn health(&self) -> Report {
        let mut last = self.health.last.lock().await;
        if let Some((at, report)) = &*last
            && at.elapsed() < FRESH
        {
            return report.clone();
        }
        let report = self.check().await;
        *last = Some((Instant::now(), report.clone()));
        report
    }

    async fn check(&self) -> Report {
        let mut checks = Vec::new();
        for check in CHECKS {
            let since = Instant::now();
            let budget = Duration::from_millis(check.budget_ms);
            let (status, detail) = match tokio::time::timeout(budget, self.run(check)).await {
                Ok(found) => found,
                Err(_) => (Status::Unhealthy, format!("no answer in {} ms", check.budget_ms)),
            };
            // What the server cannot do without is worse.
            let status = match status {
                Status::Unhealthy if check.required => Status::Critical,
                status => status,
            };
            let took = since.elapsed().as_secs_f64();
            let labels = [check.name];
            self.metrics.gauge("striatum_health_check_status", &labels).set(status as u8 as f64);
            self.metrics.histogram("striatum_health_check_duration_seconds", &labels).observe(took);
            checks.push(Found { name: check.name, status, detail, took_ms: took * 1e3 });
        }
        let score = self.score();
        self.metrics.gauge("striatum_health_score_ratio", &[]).set(score);
        let status = checks.iter().map(|c| c.status).max().unwrap_or(Status::Healthy);
        let errors = self.telemetry.logs(tracing::Level::ERROR, "", MAX_ERRORS);
        let error = |record: observe::telemetry::LogRecord| RecentError {
            time: rfc3339(record.time),
            message: redacted(&record.message).into_owned(),
        };
        Report { status, score, checks, errors: errors.into_iter().map(error).collect() }
    }

    async fn run(&self, check: &Check) -> (Status, String) {
        match check.name {
            "store" => {
                let up = self.store.ping().await;
                let labels = [self.store.kind()];
                let shown = self.metrics.gauge("striatum_store_up", &labels);
                shown.set(f64::from(u8::from(up.is_ok())));
                match up {
                    Ok(()) => (Status::Healthy, self.store.kind().to_owned()),
                    Err(error) => (Status::Unhealthy, error.to_string()),
                }
            }
            "models" => {
                let models = self.repository.list();
                let broken = |l: &&crate::repository::Listed| {
                    l.reason.as_deref().is_some_and(|reason| reason != UNLOADED)
                };
                let names: Vec<String> = models
                    .iter()
                    .filter(broken)
                    .map(|l| format!("{} {}", l.name, l.version))
                    .collect();
                if names.is_empty() {
                    (Status::Healthy, format!("{} can be served", models.len()))
                } else {
                    (Status::Degraded, format!("cannot be served: {}", names.join(", ")))
                }
            }
            "workers" => match self.workers.stuck_ms() {
                stuck if stuck > STUCK_MS => {
                    (Status::Unhealthy, format!("requests wait, none was taken for {stuck} ms"))
                }
                _ => (Status::Healthy, String::new()),
            },
            "load" => match self.degradation.level() {
                Level::Full => (Status::Healthy, String::new()),
                Level::Shed => (Status::Unhealthy, "new sessions are refused".into()),
                level => (Status::Degraded, level.name().to_owned()),
            },
            "errors" => above(self.health.failing(), ERRORS, "of the requests fail"),
            "memory" => match self.reader.usage().memory {
                Some(used) => above(used, MEMORY, "of memory is used"),
                None => (Status::Healthy, "not known on this system".into()),
            },
            "disk" => match self.reader.usage().disk {
                Some(used) => above(used, DISK, "of the disk is used"),
                None => (Status::Healthy, "not known on this system".into()),
            },
            "services" => {
                let open = self.open_breakers();
                if open.is_empty() {
                    (Status::Healthy, String::new())
                } else {
                    (Status::Unhealthy, format!("breaker open: {}", open.join(", ")))
                }
            }
            "dead-letters" => {
                let waiting = self.metrics.gauge("striatum_dead_letters_waiting", &["any"]).get();
                let status = if waiting > LETTERS { Status::Degraded } else { Status::Healthy };
                (status, format!("{waiting} wait"))
            }
            "audit" => match self.metrics.gauge("striatum_audit_whole", &[]).get() {
                0.0 => (Status::Unhealthy, "the chain does not hold: striatum audit verify".into()),
                _ => (Status::Healthy, String::new()),
            },
            other => unreachable!("{other} is no check"),
        }
    }

    /// Health as one number: the parts that are known, by their weights.
    fn score(&self) -> f64 {
        let parts = [
            Some(1.0 - self.health.failing()),
            self.reader.usage().memory.map(|used| 1.0 - used),
            self.reader.usage().disk.map(|used| 1.0 - used),
        ];
        let known = parts.iter().zip(WEIGHTS).filter_map(|(part, weight)| Some(((*part)?, weight)));
        let (sum, weights) = known.fold((0.0, 0.0), |(s, w), (part, weight)| {
            (s + part.clamp(0.0, 1.0) * weight, w + weight)
        });
        if weights == 0.0 { 1.0 } else { sum / weights }
    }

    fn open_breakers(&self) -> Vec<String> {
        let families = self.metrics.families();
        let family = families.iter().find(|f| f.name == "striatum_breaker_state");
        let open = |m: &&observe::proto::Metric| m.gauge.as_ref().is_some_and(|g| g.value >= 2.0);
        let name = |m: &observe::proto::Metric| m.label.first().map(|l| l.value.clone());
        family.into_iter().flat_map(|f| f.metric.iter().filter(open).filter_map(name)).collect()
    }
}

/// How a share is that should be small.
fn above(share: f64, (degraded, unhealthy): (f64, f64), what: &str) -> (Status, String) {
    let status = match share {
        share if share > unhealthy => Status::Unhealthy,
        share if share > degraded => Status::Degraded,
        _ => Status::Healthy,
    };
    (status, format!("{:.1} % {what}", share * 100.0))
}

#[cfg(test)]
mod tests {
    use super::Health;

    #[test]
    fn failures_are_those_of_the_last_minutes() {
        let health = Health::default();
        assert_eq!(health.failing(), 0.0);
        for k in 0..100 {
            health.answered(k % 10 == 0);
        }
        assert_eq!(health.failing(), 0.1);
        for _ in 0..super::LOOKS {
            health.look();
        }
        assert_eq!(health.failing(), 0.0);
        health.answered(true);
        assert_eq!(health.failing(), 1.0);
    }
}
