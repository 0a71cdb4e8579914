//! Bringing a new version of a model into traffic: as a canary it answers a share of the requests
//! and is taken back by itself when it fails more, takes longer or spikes otherwise than the stable
//! version; as a shadow it is given copies of them and only compared.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Requests of each side that are compared: the last so many.
const WINDOW: usize = 256;

/// How a candidate is brought in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RolloutSpec {
    /// The version that is brought in.
    pub candidate: u32,
    /// Whether it answers or is only compared.
    #[serde(default)]
    pub mode: Mode,
    /// The share of the requests that name no version, 0 to 1.
    #[serde(default = "share")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub share: f64,
    /// Requests of each side before they are compared.
    #[serde(default = "min_requests")]
    #[schemars(range(min = 1, max = 256))]
    pub min_requests: u32,
    /// How much more of the candidate's requests may fail (difference of shares).
    #[serde(default = "max_error_increase")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub max_error_increase: f64,
    /// How much longer the candidate may take (ratio of 95th percentiles of inference time).
    #[serde(default = "max_latency_ratio")]
    #[schemars(range(min = 1.0, max = 1000000.0))]
    pub max_latency_ratio: f64,
    /// How far the candidate's spikes per step may lie from the stable version's (share of them).
    #[serde(default = "max_spike_shift")]
    #[schemars(range(min = 0.0, max = 1000000.0))]
    pub max_spike_shift: f64,
}

/// What a candidate is used for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// It answers its share of the requests.
    #[default]
    Canary,
    /// It is given copies of its share, and its answers are compared and dropped.
    Shadow,
}

fn share() -> f64 {
    0.05
}

fn min_requests() -> u32 {
    50
}

fn max_error_increase() -> f64 {
    0.1
}

fn max_latency_ratio() -> f64 {
    1.5
}

fn max_spike_shift() -> f64 {
    0.2
}

impl RolloutSpec {
    /// Every value that cannot be.
    pub(crate) fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let mut expect = |key: &str, value: f64, least: f64, most: f64| {
            if !(least..=most).contains(&value) {
                problems.push(format!("{key}: expected {least} to {most}, found {value}"));
            }
        };
        expect("share", self.share, 0.0, 1.0);
        expect("min_requests", f64::from(self.min_requests), 1.0, WINDOW as f64);
        expect("max_error_increase", self.max_error_increase, 0.0, 1.0);
        expect("max_latency_ratio", self.max_latency_ratio, 1.0, 1e6);
        expect("max_spike_shift", self.max_spike_shift, 0.0, 1e6);
        problems
    }
}

/// Where a roll-out stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "phase", rename_all = "snake_case")]
pub enum Phase {
    /// The candidate has its share.
    Running,
    /// The candidate was taken back.
    RolledBack {
        /// Why.
        reason: String,
    },
    /// The candidate is the stable version now.
    Promoted,
}

/// A roll-out that runs or has run.
#[derive(Debug)]
pub(crate) struct Rollout {
    pub(crate) spec: RolloutSpec,
    /// The version that the candidate is compared with.
    pub(crate) stable: u32,
    turn: AtomicU64,
    tally: Mutex<Tally>,
}

#[derive(Debug)]
struct Tally {
    phase: Phase,
    stable: Window,
    candidate: Window,
    shadow: Shadow,
}

/// The last requests of one side.
#[derive(Debug, Default)]
struct Window {
    last: VecDeque<Seen>,
    requests: u64,
}

/// One request, as it is compared.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen {
    pub(crate) failed: bool,
    pub(crate) seconds: f64,
    pub(crate) spikes_per_step: f64,
}

/// What comparing answers gave.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub(crate) struct Shadow {
    /// Answers compared.
    compared: u64,
    /// Of them, those that were equal to the last bit.
    equal: u64,
    /// Of them, those with the same class, where the model decodes one.
    same_class: u64,
    /// The largest difference of two values.
    max_difference: f64,
    /// Copies that the candidate failed on.
    failed: u64,
    /// Copies that were not made, because the server was busy.
    skipped: u64,
}

/// How the answers to one request compare.
pub(crate) enum Compared {
    Answers { equal: bool, same_class: bool, difference: f64 },
    Failed,
    Skipped,
}

/// A roll-out as it is shown.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct RolloutReport {
    /// The model.
    pub(crate) model: String,
    /// How it was set up.
    #[serde(flatten)]
    spec: RolloutSpec,
    /// The version that the candidate is compared with.
    stable: u32,
    /// Where it stands.
    #[serde(flatten)]
    phase: Phase,
    /// The stable version's last requests.
    stable_requests: Side,
    /// The candidate's last requests.
    candidate_requests: Side,
    /// How answers compare, in shadow mode.
    shadow: Shadow,
}

/// The last requests of one side, in figures.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
struct Side {
    /// Requests since the start.
    requests: u64,
    /// Share of the last requests that failed.
    error_rate: f64,
    /// 95th percentile of the inference time of the last requests (seconds).
    p95_seconds: f64,
    /// Mean spikes per step of the last requests.
    spikes_per_step: f64,
}

impl Rollout {
    pub(crate) fn new(spec: RolloutSpec, stable: u32, phase: Phase) -> Self {
        let (stable_window, candidate, shadow) = Default::default();
        let tally = Tally { phase, stable: stable_window, candidate, shadow };
        Self { spec, stable, turn: AtomicU64::new(0), tally: Mutex::new(tally) }
    }

    fn lock(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the candidate's turn has come; shares are spread evenly over requests.
    pub(crate) fn takes(&self) -> bool {
        let n = self.turn.fetch_add(1, Ordering::Relaxed) as f64;
        ((n + 1.0) * self.spec.share).floor() > (n * self.spec.share).floor()
    }

    pub(crate) fn runs(&self) -> bool {
        self.lock().phase == Phase::Running
    }

    pub(crate) fn phase(&self) -> Phase {
        self.lock().phase.clone()
    }

    pub(crate) fn set_phase(&self, phase: Phase) {
        self.lock().phase = phase;
    }

    /// Counts a request of one side; the reason where it makes the candidate be taken back.
    pub(crate) fn saw(&self, candidate: bool, seen: Seen) -> Option<String> {
        let mut tally = self.lock();
        let side = if candidate { &mut tally.candidate } else { &mut tally.stable };
        side.push(seen);
        if tally.phase != Phase::Running || self.spec.mode == Mode::Shadow {
            return None;
        }
        let reason = self.fault(&tally.stable, &tally.candidate)?;
        tally.phase = Phase::RolledBack { reason: reason.clone() };
        Some(reason)
    }

    /// What makes the candidate worse than the stable version.
    fn fault(&self, stable: &Window, candidate: &Window) -> Option<String> {
        let spec = &self.spec;
        let enough = |w: &Window| w.last.len() >= spec.min_requests as usize;
        if !enough(stable) || !enough(candidate) {
            return None;
        }
        let (old, new) = (stable.side(), candidate.side());
        if new.error_rate > old.error_rate + spec.max_error_increase {
            let (old, new) = (100.0 * old.error_rate, 100.0 * new.error_rate);
            return Some(format!("error rate {new:.1} % instead of {old:.1} %"));
        }
        if new.p95_seconds > old.p95_seconds * spec.max_latency_ratio {
            let (old, new) = (1e3 * old.p95_seconds, 1e3 * new.p95_seconds);
            return Some(format!("p95 of the inference time {new:.3} ms instead of {old:.3} ms"));
        }
        let shift = (new.spikes_per_step - old.spikes_per_step).abs();
        if shift > old.spikes_per_step * spec.max_spike_shift {
            let (old, new) = (old.spikes_per_step, new.spikes_per_step);
            return Some(format!("{new:.2} spikes per step instead of {old:.2}"));
        }
        None
    }

    pub(crate) fn compared(&self, compared: Compared) {
        let shadow = &mut self.lock().shadow;
        match compared {
            Compared::Failed => shadow.failed += 1,
            Compared::Skipped => shadow.skipped += 1,
            Compared::Answers { equal, same_class, difference } => {
                shadow.compared += 1;
                shadow.equal += u64::from(equal);
                shadow.same_class += u64::from(same_class);
                shadow.max_difference = shadow.max_difference.max(difference);
            }
        }
    }

    pub(crate) fn report(&self, model: &str) -> RolloutReport {
        let tally = self.lock();
        RolloutReport {
            model: model.to_owned(),
            spec: self.spec.clone(),
            stable: self.stable,
            phase: tally.phase.clone(),
            stable_requests: tally.stable.side(),
            candidate_requests: tally.candidate.side(),
            shadow: tally.shadow.clone(),
        }
    }
}

impl Window {
    fn push(&mut self, seen: Seen) {
        self.requests += 1;
        self.last.push_back(seen);
        if self.last.len() > WINDOW {
            self.last.pop_front();
        }
    }

    fn side(&self) -> Side {
        let n = self.last.len().max(1) as f64;
        let answered: Vec<&Seen> = self.last.iter().filter(|seen| !seen.failed).collect();
        let mut seconds: Vec<f64> = answered.iter().map(|seen| seen.seconds).collect();
        seconds.sort_by(f64::total_cmp);
        let p95 = (seconds.len() * 95).div_ceil(100).saturating_sub(1);
        let spikes: f64 = answered.iter().map(|seen| seen.spikes_per_step).sum();
        Side {
            requests: self.requests,
            error_rate: (self.last.len() - answered.len()) as f64 / n,
            p95_seconds: seconds.get(p95).copied().unwrap_or(0.0),
            spikes_per_step: spikes / answered.len().max(1) as f64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Mode, Phase, Rollout, RolloutSpec, Seen};

    fn rollout(json: &str) -> Rollout {
        let spec: RolloutSpec = serde_json::from_str(json).unwrap();
        assert_eq!(spec.problems(), Vec::<String>::new());
        Rollout::new(spec, 1, Phase::Running)
    }

    const GOOD: Seen = Seen { failed: false, seconds: 1e-3, spikes_per_step: 10.0 };

    /// Sixty requests of each side; why the candidate was taken back.
    fn taken_back(candidate: Seen) -> Option<String> {
        let rollout = rollout(r#"{ "candidate": 2 }"#);
        let mut reasons = (0..60).filter_map(|_| {
            assert_eq!(rollout.saw(false, GOOD), None);
            rollout.saw(true, candidate)
        });
        let reason = reasons.next();
        assert_eq!(reasons.next(), None, "it is taken back once");
        reason
    }

    #[test]
    fn a_candidate_that_is_as_good_stays() {
        assert_eq!(taken_back(GOOD), None);
        assert_eq!(taken_back(Seen { seconds: 1.4e-3, spikes_per_step: 11.5, ..GOOD }), None);
    }

    #[test]
    fn a_candidate_that_is_worse_is_taken_back_with_the_reason() {
        let check = |seen, reason: &str| assert_eq!(taken_back(seen).as_deref(), Some(reason));
        check(Seen { failed: true, ..GOOD }, "error rate 100.0 % instead of 0.0 %");
        let slow = "p95 of the inference time 1.600 ms instead of 1.000 ms";
        check(Seen { seconds: 1.6e-3, ..GOOD }, slow);
        check(Seen { spikes_per_step: 7.0, ..GOOD }, "7.00 spikes per step instead of 10.00");
        check(Seen { spikes_per_step: 13.0, ..GOOD }, "13.00 spikes per step instead of 10.00");
    }

    #[test]
    fn the_share_is_exact_and_even() {
        let rollout = rollout(r#"{ "candidate": 2, "share": 0.05 }"#);
        let turns: Vec<usize> = (0..1000).filter(|_| rollout.takes()).collect();
        assert_eq!(turns.len(), 50);
        assert!(turns.windows(2).all(|pair| (19..=21).contains(&(pair[1] - pair[0]))));
    }

    #[test]
    fn a_shadow_is_never_taken_back() {
        let rollout = rollout(r#"{ "candidate": 2, "mode": "shadow" }"#);
        assert_eq!(rollout.spec.mode, Mode::Shadow);
        for _ in 0..100 {
            assert_eq!(rollout.saw(false, GOOD), None);
            assert_eq!(rollout.saw(true, Seen { failed: true, ..GOOD }), None);
        }
        assert!(rollout.runs());
    }

    #[test]
    fn what_cannot_be_is_said() {
        let text = r#"{ "candidate": 2, "share": 1.5, "max_latency_ratio": 0.5 }"#;
        let spec: RolloutSpec = serde_json::from_str(text).unwrap();
        let expected = [
            "share: expected 0 to 1, found 1.5",
            "max_latency_ratio: expected 1 to 1000000, found 0.5",
        ];
        assert_eq!(spec.problems(), expected);
    }
}
