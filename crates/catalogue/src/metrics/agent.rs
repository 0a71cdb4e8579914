//! Agents: actions and what the laws said of them, rewards, learning, personas, overrides, learning
//! requests.

use super::{SECONDS, counter, gauge, histogram, sum};
use crate::label::{KIND, LAW, MOOD, OPERATION, OUTCOME, RESULT, SEVERITY, STATUS, TENANT, TRAIT};
use crate::metric::Metric;

/// Magnitudes of the critic's error.
const DELTA: &[f64] = &[0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 100.0];
/// From a second to a month: until somebody decides.
const DECIDING: &[f64] = &[1.0, 10.0, 60.0, 600.0, 3600.0, 21_600.0, 86_400.0, 604_800.0, 2.6e6];

pub(crate) const METRICS: &[Metric] = &[
    counter(
        "striatum_agent_operations_total",
        &[OPERATION, OUTCOME],
        "What was done with agents: ok, bad_request, not_found, conflict, failed.",
    ),
    histogram(
        "striatum_agent_operation_duration_seconds",
        SECONDS,
        &[OPERATION],
        "Time of an operation on an agent; of one that writes, until it is durable.",
    ),
    gauge("striatum_agents_active", &[], "Agents that are in the process."),
    counter(
        "striatum_laws_judged_total",
        &[LAW, OUTCOME],
        "Actions that were judged, by the highest law that they break or none: approved, refused, lifted.",
    ),
    counter(
        "striatum_laws_refused_total",
        &[LAW, SEVERITY],
        "Actions that were refused: of the zeroth and first law critical, of the second high, of the third medium.",
    ),
    counter(
        "striatum_agent_rewards_total",
        &[RESULT],
        "Rewards that agents were given: positive, negative, none.",
    ),
    counter("striatum_agent_episodes_total", &[], "Episodes that ended."),
    histogram(
        "striatum_agent_delta",
        DELTA,
        &[],
        "Magnitude of the critic's error, which is the dopamine of the rule.",
    ),
    counter(
        "striatum_agent_weight_changes_total",
        &[],
        "Weights of agents that changed, as often as they did.",
    ),
    counter(
        "striatum_agent_columns_allocated_total",
        &[],
        "Sets of columns that were allocated because a task was new.",
    ),
    gauge(
        "striatum_persona_trait_value",
        &[TRAIT],
        "A trait of the agents that are in the process, the mean of them, 0 to 1.",
    ),
    gauge(
        "striatum_persona_mood",
        &[MOOD],
        "A value of the mood of the agents that are in the process, the mean of them, 0 to 1.",
    ),
    counter(
        "striatum_persona_interactions_total",
        &[KIND],
        "What moved personas: reward, adjustment.",
    ),
    counter(
        "striatum_overrides_total",
        &[KIND, RESULT],
        "Overrides that were asked for: lifted, refused, ended.",
    ),
    counter("striatum_overrides_used_total", &[], "Actions that an override let through."),
    gauge("striatum_overrides_active", &[TENANT], "Overrides that are active."),
    counter(
        "striatum_learning_requests_total",
        &[STATUS],
        "Learning requests: pending when made, approved, denied, refused by the vault, limited.",
    ),
    gauge("striatum_learning_requests_pending", &[TENANT], "Learning requests that wait."),
    histogram(
        "striatum_learning_decision_duration_seconds",
        DECIDING,
        &[],
        "Time from a learning request until it was decided.",
    ),
    counter("striatum_vault_additions_total", &[], "Contents that the vault refuses from now on."),
    sum("striatum_agent_saved_bytes_total", &[], "Bytes of agents that were written to the store."),
];
