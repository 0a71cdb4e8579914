//! What networks do.

use super::{panel, target};
use crate::panel::Page;
use crate::panel::PanelKind::{Bars, Lines, Table};

pub(crate) const PAGE: Page = Page {
    id: "engine",
    title: "Engine",
    help: "What do the networks do, what do they learn, and what would it cost on a chip?",
    panels: &[
        panel(
            Lines,
            ("steps", "Steps", "ops", 2),
            "Steps a second by model.",
            &[target("sum by (model) (rate(striatum_steps_total{}[$w]))", "{{model}}")],
        ),
        panel(
            Lines,
            ("step-time", "Time of a step", "s", 2),
            "Time of one step of one sequence.",
            &[
                target(
                    "histogram_quantile(0.5, sum by (le, model) (rate(striatum_step_duration_seconds_bucket{}[$w])))",
                    "{{model}} p50",
                ),
                target(
                    "histogram_quantile(0.99, sum by (le, model) (rate(striatum_step_duration_seconds_bucket{}[$w])))",
                    "{{model}} p99",
                ),
            ],
        ),
        panel(
            Lines,
            ("rates", "Spikes per neuron and step", "short", 2),
            "How often a neuron of a population spikes in a step.",
            &[target(
                "sum by (model, population) (rate(striatum_population_spikes_total{}[$w])) / on (model, population) striatum_population_neurons{} / on (model) group_left () sum by (model) (rate(striatum_steps_total{}[$w]))",
                "{{model}} {{population}}",
            )],
        ),
        panel(
            Lines,
            ("sparsity", "Sparsity", "percentunit", 2),
            "Share of neurons that are silent in a step.",
            &[target(
                "1 - sum by (model) (rate(striatum_spikes_total{}[$w])) / sum by (model) (rate(striatum_neuron_updates_total{}[$w]))",
                "{{model}}",
            )],
        ),
        panel(
            Lines,
            ("events", "Events and spikes", "ops", 2),
            "Events that enter and spikes of neurons, a second.",
            &[
                target("sum by (model) (rate(striatum_input_events_total{}[$w]))", "{{model}} in"),
                target("sum by (model) (rate(striatum_spikes_total{}[$w]))", "{{model}} spikes"),
            ],
        ),
        panel(
            Lines,
            ("operations", "Synaptic operations", "ops", 2),
            "Synaptic operations a second by model.",
            &[target(
                "sum by (model) (rate(striatum_synaptic_operations_total{}[$w]))",
                "{{model}}",
            )],
        ),
        panel(
            Lines,
            ("energy", "Energy on a chip", "watt", 2),
            "Power that the same work would take on a chip, the least and the most that its published figures allow.",
            &[target(
                "sum by (chip, bound) (rate(striatum_energy_joules_total{}[$w]))",
                "{{chip}}, {{bound}}",
            )],
        ),
        panel(
            Lines,
            ("learning", "Changes of weights", "ops", 2),
            "Changes of weights a second by learning.",
            &[target("sum by (model) (rate(striatum_weight_changes_total{}[$w]))", "{{model}}")],
        ),
        panel(
            Bars,
            ("accuracy", "Accuracy", "percentunit", 1),
            "Share of decisions that were right, of those that callers told the answer of.",
            &[target(
                r#"sum by (model) (striatum_feedback_total{outcome="right"}) / sum by (model) (striatum_feedback_total{})"#,
                "{{model}}",
            )],
        ),
        panel(
            Lines,
            ("decisions", "Decisions", "ops", 1),
            "Sequences classified a second.",
            &[target("sum by (model) (rate(striatum_decisions_total{}[$w]))", "{{model}}")],
        ),
        panel(
            Table,
            ("versions", "Versions", "short", 2),
            "The versions in the repository: 1 where they can be served.",
            &[target("striatum_model_ready{}", "{{model}} {{version}}")],
        ),
        panel(
            Lines,
            ("loads", "Loads and checkpoints", "short", 2),
            "Models read, versions made of what sessions learned, roll-backs.",
            &[
                target("sum by (outcome) (striatum_model_loads_total{})", "loads {{outcome}}"),
                target("sum(striatum_checkpoints_total{}) or vector(0)", "checkpoints"),
                target("sum(striatum_rollbacks_total{}) or vector(0)", "roll-backs"),
            ],
        ),
        panel(
            Lines,
            ("shadow", "Shadow comparisons", "ops", 2),
            "Answers of a candidate set beside the stable version's.",
            &[target(
                "sum by (model, outcome) (rate(striatum_shadow_comparisons_total{}[$w]))",
                "{{model}} {{outcome}}",
            )],
        ),
    ],
};
