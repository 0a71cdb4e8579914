//! Memories of tenants: operations, columns, search, what is held.

use super::{panel, target};
use crate::panel::Page;
use crate::panel::PanelKind::{Bars, Lines};

pub(crate) const PAGE: Page = Page {
    id: "memory",
    title: "Memory",
    help: "What is remembered, how fast is it found, and do the columns share the load?",
    panels: &[
        panel(
            Lines,
            ("operations", "Operations", "ops", 2),
            "Operations on memories a second.",
            &[target(
                "sum by (operation) (rate(striatum_memory_operations_total{}[$w]))",
                "{{operation}}",
            )],
        ),
        panel(
            Lines,
            ("operation-latency", "Latency p99", "s", 2),
            "Time of an operation; of one that writes, until it is durable.",
            &[target(
                "histogram_quantile(0.99, sum by (le, operation) (rate(striatum_memory_operation_duration_seconds_bucket{}[$w])))",
                "{{operation}}",
            )],
        ),
        panel(
            Lines,
            ("operation-errors", "Errors", "percentunit", 2),
            "Share of operations that failed for our reasons.",
            &[target(
                "sum(rate(striatum_memory_operations_total{outcome=\"failed\"}[$w])) / sum(rate(striatum_memory_operations_total{}[$w]))",
                "failed",
            )],
        ),
        panel(
            Lines,
            ("memories", "Memories", "short", 2),
            "Memories that are found, by tier.",
            &[target("sum by (tier) (striatum_memories{})", "{{tier}}")],
        ),
        panel(
            Bars,
            ("memories-by-tenant", "Memories by tenant", "short", 2),
            "Memories that are found, of the tenants that ask most.",
            &[target("sum by (tenant) (striatum_memories{})", "{{tenant}}")],
        ),
        panel(
            Lines,
            ("quota", "Quota used", "percentunit", 2),
            "Share of the quota that is used, by tenant.",
            &[target("striatum_memory_quota_ratio{}", "{{tenant}}")],
        ),
        panel(
            Lines,
            ("stored", "Stored", "ops", 2),
            "What became of memories that were stored.",
            &[
                target(
                    "sum by (outcome) (rate(striatum_memory_stored_total{}[$w]))",
                    "{{outcome}}",
                ),
                target(
                    "sum(rate(striatum_memory_duplicates_total{kind=\"near\"}[$w]))",
                    "near another",
                ),
            ],
        ),
        panel(
            Lines,
            ("duplicates", "Duplicates caught", "percentunit", 2),
            "Share of memories that repeated another, word for word or nearly.",
            &[target(
                "sum by (kind) (rate(striatum_memory_duplicates_total{}[$w])) / on () group_left sum(rate(striatum_memory_stored_total{}[$w]))",
                "{{kind}}",
            )],
        ),
        panel(
            Bars,
            ("iterations", "Winner-take-all iterations", "short", 2),
            "Iterations of lateral inhibition until one column was left: half of them, and nearly all.",
            &[
                target(
                    "histogram_quantile(0.5, sum by (le) (rate(striatum_column_iterations_bucket{}[$w])))",
                    "p50",
                ),
                target(
                    "histogram_quantile(0.99, sum by (le) (rate(striatum_column_iterations_bucket{}[$w])))",
                    "p99",
                ),
            ],
        ),
        panel(
            Lines,
            ("convergence", "Convergence", "s", 2),
            "Biological time of the competition, the mean; and competitions without a winner.",
            &[target(
                "sum(rate(striatum_column_convergence_seconds_sum{}[$w])) / sum(rate(striatum_column_convergence_seconds_count{}[$w]))",
                "time",
            )],
        ),
        panel(
            Lines,
            ("unsettled", "No winner, splits", "ops", 2),
            "Competitions that reached the limit of iterations, and columns that were split.",
            &[
                target("rate(striatum_column_unsettled_total{}[$w])", "no winner"),
                target("rate(striatum_column_splits_total{}[$w])", "splits"),
            ],
        ),
        panel(
            Lines,
            ("load", "Spread of the load", "short", 2),
            "Coefficient of variation of the load of columns; below 1 it is spread.",
            &[target("striatum_column_load_variation{}", "{{tenant}}")],
        ),
        panel(
            Lines,
            ("columns", "Columns", "short", 2),
            "Cortical columns, by tenant.",
            &[target("striatum_memory_columns{}", "{{tenant}}")],
        ),
        panel(
            Lines,
            ("scanned", "Search effort", "short", 2),
            "Columns read, vectors compared and memories answered by a search, the mean.",
            &[
                target(
                    "sum(rate(striatum_memory_columns_visited_sum{}[$w])) / sum(rate(striatum_memory_columns_visited_count{}[$w]))",
                    "columns",
                ),
                target(
                    "sum(rate(striatum_memory_rows_scanned_sum{}[$w])) / sum(rate(striatum_memory_rows_scanned_count{}[$w]))",
                    "vectors",
                ),
                target(
                    "sum(rate(striatum_memory_search_hits_sum{}[$w])) / sum(rate(striatum_memory_search_hits_count{}[$w]))",
                    "memories",
                ),
            ],
        ),
        panel(
            Lines,
            ("cache", "Vectors kept, hits", "percentunit", 2),
            "Share of the texts whose vectors were there when they were looked for, by place.",
            &[target(
                "sum by (layer) (rate(striatum_memory_cache_requests_total{result=\"hit\"}[$w])) / sum by (layer) (rate(striatum_memory_cache_requests_total{}[$w]))",
                "{{layer}}",
            )],
        ),
        panel(
            Lines,
            ("cache-bytes", "Vectors kept", "bytes", 2),
            "Bytes of the vectors that the process keeps, and of one of them.",
            &[
                target("striatum_memory_cache_bytes{}", "all"),
                target(
                    "striatum_memory_cache_bytes{} / (striatum_memory_cache_entries{} > 0)",
                    "each",
                ),
            ],
        ),
        panel(
            Lines,
            ("embeddings", "Embeddings", "ops", 2),
            "Texts that the endpoint was asked for, and searches that did without it.",
            &[
                target("sum by (outcome) (rate(striatum_embeddings_total{}[$w]))", "{{outcome}}"),
                target("rate(striatum_memory_searches_degraded_total{}[$w])", "words alone"),
            ],
        ),
        panel(
            Lines,
            ("embedding-latency", "Embedding p99", "s", 2),
            "Time of a request to the endpoint, with all its attempts.",
            &[target(
                "histogram_quantile(0.99, sum by (le) (rate(striatum_embedding_duration_seconds_bucket{}[$w])))",
                "request",
            )],
        ),
        panel(
            Lines,
            ("known", "Known", "short", 2),
            "Entities, relations, facts, and contradictions that nobody has resolved.",
            &[
                target("sum(striatum_knowledge_entities{})", "entities"),
                target("sum(striatum_knowledge_relations{})", "relations"),
                target("sum(striatum_knowledge_facts{})", "facts"),
                target("sum(striatum_knowledge_contradictions{})", "contradictions"),
            ],
        ),
        panel(
            Lines,
            ("index-bytes", "Memory of memories", "bytes", 2),
            "Texts that count against quotas, and columns and postings in the process.",
            &[
                target("sum(striatum_memory_content_bytes{})", "content"),
                target("sum(striatum_memory_index_bytes{})", "index"),
            ],
        ),
        panel(
            Lines,
            ("tended", "Consolidation", "ops", 2),
            "What time does to memories.",
            &[target("sum by (what) (rate(striatum_memory_tended_total{}[$w]))", "{{what}}")],
        ),
        panel(
            Lines,
            ("open", "Open memories", "short", 2),
            "Tenants whose memory is in the process, and memories that the gate holds back.",
            &[
                target("striatum_memories_open{}", "open"),
                target("sum(striatum_memories_quarantined{})", "held back"),
            ],
        ),
        panel(
            Lines,
            ("opening", "Time to open p99", "s", 2),
            "Time to read a tenant's memory and build what searches.",
            &[target(
                "histogram_quantile(0.99, sum by (le) (rate(striatum_memory_open_duration_seconds_bucket{}[$w])))",
                "open",
            )],
        ),
    ],
};
