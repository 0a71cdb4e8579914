//! Reports of agents become metrics.

use std::collections::HashMap;
use std::sync::Arc;

use agent::law::{Law, Verdict};
use agent::{Learned, LearningRequest, Mood, OverrideKind, Persona, Trait};
use observe::{Counter, Gauge, Histogram, Metrics, Sum};

use super::Operations;

/// What can be done with agents, as it is counted.
pub(crate) const OPERATIONS: [&str; 16] = [
    "create", "list", "get", "change", "delete", "act", "learn", "reset", "snapshot", "undo",
    "save", "load", "persona", "judge", "override", "request",
];
const STATUSES: [&str; 5] = ["pending", "approved", "denied", "refused", "limited"];
const LIFTED: [&str; 3] = ["lifted", "refused", "ended"];

/// Handles of the metrics of agents.
pub(crate) struct AgentSignals {
    pub(crate) operations: Operations,
    judged: HashMap<(&'static str, &'static str), Counter>,
    refused: [Counter; 4],
    rewards: [Counter; 3],
    episodes: Counter,
    delta: Histogram,
    changes: Counter,
    allocated: Counter,
    pub(crate) active: Gauge,
    interactions: [Counter; 2],
    overrides: HashMap<(OverrideKind, &'static str), Counter>,
    used: Counter,
    requests: HashMap<&'static str, Counter>,
    deciding: Histogram,
    vaulted: Counter,
    saved: Sum,
    metrics: Arc<Metrics>,
}

/// How an override was dealt with.
#[derive(Clone, Copy)]
pub(crate) enum OverrideTold {
    Lifted,
    Refused,
    Ended,
}

impl AgentSignals {
    pub(crate) fn of(metrics: &Arc<Metrics>) -> Self {
        let pairs = |name: &'static str, firsts: &[&'static str], seconds: &[&'static str]| {
            let mut all = HashMap::new();
            for first in firsts {
                for second in seconds {
                    all.insert((*first, *second), metrics.counter(name, &[first, second]));
                }
            }
            all
        };
        let names =
            ["striatum_agent_operations_total", "striatum_agent_operation_duration_seconds"];
        let laws = ["none", "zeroth", "first", "second", "third"];
        let mut overrides = HashMap::new();
        for kind in OverrideKind::ALL {
            for told in LIFTED {
                let counter = metrics.counter("striatum_overrides_total", &[kind.name(), told]);
                overrides.insert((kind, told), counter);
            }
        }
        Self {
            operations: Operations::of(metrics, names, &OPERATIONS),
            judged: pairs("striatum_laws_judged_total", &laws, &["approved", "refused", "lifted"]),
            refused: Law::ALL.map(|law| {
                metrics.counter("striatum_laws_refused_total", &[law.name(), law.severity()])
            }),
            rewards: ["positive", "negative", "none"]
                .map(|sign| metrics.counter("striatum_agent_rewards_total", &[sign])),
            episodes: metrics.counter("striatum_agent_episodes_total", &[]),
            delta: metrics.histogram("striatum_agent_delta", &[]),
            changes: metrics.counter("striatum_agent_weight_changes_total", &[]),
            allocated: metrics.counter("striatum_agent_columns_allocated_total", &[]),
            active: metrics.gauge("striatum_agents_active", &[]),
            interactions: ["reward", "adjustment"]
                .map(|kind| metrics.counter("striatum_persona_interactions_total", &[kind])),
            overrides,
            used: metrics.counter("striatum_overrides_used_total", &[]),
            requests: STATUSES
                .map(|s| (s, metrics.counter("striatum_learning_requests_total", &[s])))
                .into(),
            deciding: metrics.histogram("striatum_learning_decision_duration_seconds", &[]),
            vaulted: metrics.counter("striatum_vault_additions_total", &[]),
            saved: metrics.sum("striatum_agent_saved_bytes_total", &[]),
            metrics: Arc::clone(metrics),
        }
    }

    /// Records what the laws said.
    pub(crate) fn judged(&self, verdict: &Verdict) {
        let broken = verdict.law.or(verdict.lifted.first().map(|violation| violation.law));
        let outcome = match (verdict.permitted, verdict.lifted.is_empty()) {
            (false, _) => "refused",
            (true, true) => "approved",
            (true, false) => "lifted",
        };
        self.used.inc_by(u64::from(outcome == "lifted"));
        if let Some(counter) = self.judged.get(&(broken.map_or("none", Law::name), outcome)) {
            counter.inc();
        }
        if let Some(law) = verdict.law {
            self.refused[law as usize].inc();
        }
    }

    /// Records what a reward did.
    pub(crate) fn learned(&self, reward: f64, ended: bool, learned: &Learned) {
        let sign = if reward > 0.0 { 0 } else { 1 + usize::from(reward == 0.0) };
        self.rewards[sign].inc();
        self.episodes.inc_by(u64::from(ended));
        self.delta.observe(learned.delta.abs());
        self.changes.inc_by(learned.weight_changes);
        self.allocated.inc_by(u64::from(learned.allocated));
        self.interactions[0].inc_by(u64::from(reward != 0.0));
    }

    /// Records that somebody adjusted a persona.
    pub(crate) fn adjusted(&self) {
        self.interactions[1].inc();
    }

    /// Records what came of an override that was asked for.
    pub(crate) fn overridden(&self, kind: OverrideKind, told: OverrideTold) {
        if let Some(counter) = self.overrides.get(&(kind, LIFTED[told as usize])) {
            counter.inc();
        }
    }

    /// Shows how many overrides of a tenant are active.
    pub(crate) fn hold_overrides(&self, tenant: &str, active: usize) {
        self.metrics.gauge("striatum_overrides_active", &[tenant]).set(active as f64);
    }

    /// Shows how many learning requests of a tenant wait.
    pub(crate) fn hold_requests(&self, tenant: &str, pending: usize) {
        self.metrics.gauge("striatum_learning_requests_pending", &[tenant]).set(pending as f64);
    }

    /// Counts a learning request that was made, decided, refused by the vault, or limited.
    pub(crate) fn asked(&self, status: &'static str) {
        if let Some(counter) = self.requests.get(status) {
            counter.inc();
        }
    }

    /// Records a decision.
    pub(crate) fn decided(&self, request: &LearningRequest, vaulted: bool) {
        self.asked(request.status.name());
        let waited = request.decided_ms.unwrap_or_default().saturating_sub(request.created_ms);
        self.deciding.observe(waited as f64 / 1e3);
        self.vaulted.inc_by(u64::from(vaulted));
    }

    /// Records that an agent was written.
    pub(crate) fn kept(&self, bytes: usize) {
        self.saved.inc_by(bytes as f64);
    }

    /// Shows the mean of personas.
    pub(crate) fn hold_personas(&self, personas: &[Persona]) {
        if personas.is_empty() {
            return;
        }
        let mean = |of: &dyn Fn(&Persona) -> f64| {
            personas.iter().map(of).sum::<f64>() / personas.len() as f64
        };
        for (of, _) in Trait::ALL {
            let value = mean(&|persona| persona.value(of));
            self.metrics.gauge("striatum_persona_trait_value", &[of.name()]).set(value);
        }
        for (of, _) in Mood::ALL {
            let value = mean(&|persona| persona.mood(of));
            self.metrics.gauge("striatum_persona_mood", &[of.name()]).set(value);
        }
    }
}
