//! Agents: actions and the laws, learning, personas, overrides, learning requests.

use super::{panel, target};
use crate::panel::Page;
use crate::panel::PanelKind::{Bars, Lines, Number};

pub(crate) const PAGE: Page = Page {
    id: "agents",
    title: "Agents",
    help: "What do agents do, what is refused, and do they learn?",
    panels: &[
        panel(
            Lines,
            ("agent-operations", "Operations", "ops", 2),
            "Operations on agents a second.",
            &[target(
                "sum by (operation) (rate(striatum_agent_operations_total{}[$w]))",
                "{{operation}}",
            )],
        ),
        panel(
            Lines,
            ("agent-latency", "Latency p99", "s", 2),
            "Time of an operation on an agent.",
            &[target(
                "histogram_quantile(0.99, sum by (le, operation) (rate(striatum_agent_operation_duration_seconds_bucket{}[$w])))",
                "{{operation}}",
            )],
        ),
        panel(
            Lines,
            ("judged", "Judged", "ops", 2),
            "Actions that were approved, refused, and let through by an override.",
            &[target("sum by (outcome) (rate(striatum_laws_judged_total{}[$w]))", "{{outcome}}")],
        ),
        panel(
            Lines,
            ("refused-by-law", "Refused by law", "ops", 2),
            "Actions a second that are refused, by the highest law that they break.",
            &[target("sum by (law) (rate(striatum_laws_refused_total{}[$w]))", "{{law}}")],
        ),
        panel(
            Lines,
            ("rewards", "Rewards", "ops", 2),
            "Rewards a second, by sign.",
            &[target("sum by (result) (rate(striatum_agent_rewards_total{}[$w]))", "{{result}}")],
        ),
        panel(
            Lines,
            ("dopamine", "Error of the critic", "short", 2),
            "Magnitude of delta, which is the dopamine of the rule: half of all are below, and 95 %.",
            &[
                target(
                    "histogram_quantile(0.5, sum by (le) (rate(striatum_agent_delta_bucket{}[$w])))",
                    "p50",
                ),
                target(
                    "histogram_quantile(0.95, sum by (le) (rate(striatum_agent_delta_bucket{}[$w])))",
                    "p95",
                ),
            ],
        ),
        panel(
            Lines,
            ("weight-changes", "Changes of weights", "ops", 2),
            "Weights of agents that change a second.",
            &[target("sum(rate(striatum_agent_weight_changes_total{}[$w]))", "changes")],
        ),
        panel(
            Bars,
            ("mood", "Mood", "percentunit", 2),
            "The mood of the agents in the process, the mean of them.",
            &[target("striatum_persona_mood{}", "{{mood}}")],
        ),
        panel(
            Bars,
            ("traits", "Traits", "percentunit", 2),
            "The traits of the agents in the process, the mean of them.",
            &[target("striatum_persona_trait_value{}", "{{trait}}")],
        ),
        panel(
            Number,
            ("agents-active", "Agents", "short", 1),
            "Agents that are in the process.",
            &[target("sum(striatum_agents_active{})", "agents")],
        ),
        panel(
            Number,
            ("overrides-active", "Overrides", "short", 1),
            "Overrides that are active.",
            &[target("sum(striatum_overrides_active{})", "overrides")],
        ),
        panel(
            Lines,
            ("learning-pending", "Learning requests", "short", 2),
            "Learning requests that wait, by tenant.",
            &[target("striatum_learning_requests_pending{}", "{{tenant}}")],
        ),
        panel(
            Lines,
            ("learning-requests", "Requests decided", "ops", 2),
            "Learning requests a second: made, approved, denied, refused by the vault, limited.",
            &[target(
                "sum by (status) (rate(striatum_learning_requests_total{}[$w]))",
                "{{status}}",
            )],
        ),
    ],
};
