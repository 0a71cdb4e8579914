//! Which set of columns acts: tasks are told apart by how much the critic errs.
//!
//! A set is **settled** once its critic was quiet for as many episodes in a row as the patience. An
//! episode in which a settled set errs more than the threshold is a **surprise**: what it changed is
//! taken back, and another settled set has a go, the one that erred least first. When that many
//! surprises came in a row, the task is new and gets a set of its own. So an old task keeps its
//! weights while a new one is learned, and is found again when it returns.
//! A set that is not settled is never left: until then its errors say only that it is young.

use serde::{Deserialize, Serialize};

/// Sets of columns of one agent.
pub const MAX_SETS: usize = 4;
/// How fast the remembered error of a set follows.
const FOLLOW: f64 = 0.2;

/// When a task is taken for a new one.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gating {
    /// Mean magnitude of delta over an episode, above which it surprises.
    pub threshold: f64,
    /// Surprises in a row until a set is allocated; quiet episodes in a row until one is settled.
    pub patience: u32,
}

impl Default for Gating {
    fn default() -> Self {
        Self { threshold: 0.03, patience: 20 }
    }
}

impl Gating {
    pub(super) fn within(&self, within: &mut impl FnMut(&str, f64, f64, f64)) {
        within("gating.threshold", self.threshold, 0.0, 1e6);
        within("gating.patience", self.patience.into(), 1.0, 1e4);
    }
}

/// What is known of the sets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Gate {
    /// The set that acts.
    pub(super) acting: usize,
    sets: Vec<Known>,
    /// Surprises in a row.
    surprises: u32,
    /// Sets that had a go since the first of them.
    tried: Vec<usize>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Known {
    error: f64,
    quiet: u32,
    settled: bool,
}

/// What the end of an episode brings.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Turn {
    pub(super) surprised: bool,
    pub(super) allocates: bool,
}

impl Gate {
    pub(super) fn new() -> Self {
        Self { acting: 0, sets: vec![Known::default()], surprises: 0, tried: Vec::new() }
    }

    pub(super) fn is_settled(&self) -> bool {
        self.sets[self.acting].settled
    }

    /// An episode ended with this error; `acting` is then the set for the next one.
    pub(super) fn ended(&mut self, gating: &Gating, error: f64, learns: bool) -> Turn {
        let known = &mut self.sets[self.acting];
        let quiet = error <= gating.threshold;
        if quiet || !known.settled {
            known.quiet = if quiet { known.quiet.saturating_add(1) } else { 0 };
            known.settled |= known.quiet >= gating.patience;
            known.error += FOLLOW * (error - known.error);
            self.surprises = 0;
            self.tried.clear();
            return Turn::default();
        }
        self.surprises = self.surprises.saturating_add(1);
        let new = learns && self.surprises >= gating.patience && self.sets.len() < MAX_SETS;
        if new {
            self.acting = self.sets.len();
            self.sets.push(Known::default());
            self.surprises = 0;
            self.tried.clear();
        } else {
            self.try_another();
        }
        Turn { surprised: true, allocates: new }
    }

    /// The settled set that erred least and had no go yet; when all had one, they begin again.
    fn try_another(&mut self) {
        self.tried.push(self.acting);
        if self.tried.len() >= self.sets.len() {
            self.tried.clear();
        }
        let open = (0..self.sets.len()).filter(|k| !self.tried.contains(k) && *k != self.acting);
        let settled = open.filter(|k| self.sets[*k].settled);
        let best = settled.min_by(|a, b| self.sets[*a].error.total_cmp(&self.sets[*b].error));
        self.acting = best.unwrap_or(self.acting);
    }

    pub(super) fn check(&self, sets: usize, gating: Option<&Gating>) -> Result<(), String> {
        let limit = if gating.is_some() { MAX_SETS } else { 1 };
        let fits = sets == self.sets.len()
            && (1..=limit).contains(&sets)
            && self.acting < sets
            && self.tried.len() <= sets
            && self.tried.iter().all(|k| *k < sets)
            && self.sets.iter().all(|known| known.error.is_finite());
        match fits {
            true => Ok(()),
            false => Err(format!("{sets} sets of columns do not fit what is known of them")),
        }
    }
}
