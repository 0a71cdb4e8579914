//! Memories of tenants: operations, allocation to columns, search, what is held.

use super::{SECONDS, counter, gauge, histogram};
use crate::label::{KIND, LAYER, OPERATION, OUTCOME, RESULT, TENANT, TIER, WHAT};
use crate::metric::Metric;

/// Iterations of a competition between columns.
const ITERATIONS: &[f64] = &[0.0, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0];
/// Biological time of a competition.
const CONVERGENCE: &[f64] = &[1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 1e-2];
/// Rows, columns, hits.
const COUNTS: &[f64] = &[0.0, 1.0, 4.0, 16.0, 64.0, 256.0, 1024.0, 4096.0, 16384.0, 65536.0];

pub(crate) const METRICS: &[Metric] = &[
    counter(
        "striatum_memory_operations_total",
        &[OPERATION, OUTCOME],
        "What was done with memories: ok, bad_request, not_found, conflict, failed.",
    ),
    histogram(
        "striatum_memory_operation_duration_seconds",
        SECONDS,
        &[OPERATION],
        "Time of an operation on a memory; of one that writes, until it is durable.",
    ),
    counter(
        "striatum_memory_stored_total",
        &[OUTCOME],
        "What became of memories that were stored: added, reinforced, quarantined, refused.",
    ),
    counter(
        "striatum_memory_duplicates_total",
        &[KIND],
        "Memories that repeated another when they were stored: exact, near.",
    ),
    counter(
        "striatum_memory_tended_total",
        &[WHAT],
        "What time did to memories: reinforced, consolidated, promoted, expired, erased.",
    ),
    gauge("striatum_memories", &[TENANT, TIER], "Memories that are found, by tier."),
    gauge("striatum_memories_quarantined", &[TENANT], "Memories that the gate holds back."),
    gauge(
        "striatum_memory_content_bytes",
        &[TENANT],
        "Bytes of texts and metadata that count against the quota.",
    ),
    gauge(
        "striatum_memory_quota_ratio",
        &[TENANT],
        "Share of the quota of memories or of bytes that is used, the larger one.",
    ),
    gauge(
        "striatum_memory_index_bytes",
        &[TENANT],
        "Bytes of columns and postings in the process.",
    ),
    gauge("striatum_memory_columns", &[TENANT], "Cortical columns."),
    gauge("striatum_memories_open", &[], "Tenants whose memory is in the process."),
    histogram(
        "striatum_memory_open_duration_seconds",
        SECONDS,
        &[],
        "Time to read a tenant's memory and build what searches.",
    ),
    histogram(
        "striatum_column_iterations",
        ITERATIONS,
        &[],
        "Iterations of lateral inhibition until one column was left.",
    ),
    histogram(
        "striatum_column_convergence_seconds",
        CONVERGENCE,
        &[],
        "Biological time of the competition between columns.",
    ),
    counter(
        "striatum_column_unsettled_total",
        &[],
        "Competitions that reached the limit of iterations.",
    ),
    counter("striatum_column_splits_total", &[], "Columns that were split for their load."),
    gauge(
        "striatum_column_load_variation",
        &[TENANT],
        "Coefficient of variation of the load of columns; below 1 the load is spread.",
    ),
    histogram("striatum_memory_columns_visited", COUNTS, &[], "Columns that a search read."),
    histogram(
        "striatum_memory_rows_scanned",
        COUNTS,
        &[],
        "Vectors that a search compared with the question.",
    ),
    histogram("striatum_memory_search_hits", COUNTS, &[], "Memories that a search answered."),
    counter(
        "striatum_memory_searches_degraded_total",
        &[],
        "Searches of words alone, because the endpoint gave no vector of the question.",
    ),
    counter(
        "striatum_memory_cache_requests_total",
        &[LAYER, RESULT],
        "Vectors of texts that were looked for in the process and in Redis: hit, miss, error.",
    ),
    gauge("striatum_memory_cache_entries", &[], "Vectors of texts that the process keeps."),
    gauge(
        "striatum_memory_cache_bytes",
        &[],
        "Bytes of the vectors of texts that the process keeps.",
    ),
    counter(
        "striatum_embeddings_total",
        &[OUTCOME],
        "Texts that the endpoint was asked to make vectors of: ok, failed.",
    ),
    histogram(
        "striatum_embedding_duration_seconds",
        SECONDS,
        &[],
        "Time of a request to the endpoint, with all its attempts.",
    ),
    gauge("striatum_knowledge_entities", &[TENANT], "Entities that are known."),
    gauge("striatum_knowledge_relations", &[TENANT], "Relations that are known."),
    gauge("striatum_knowledge_facts", &[TENANT], "Facts that are known."),
    gauge(
        "striatum_knowledge_contradictions",
        &[TENANT],
        "Contradictions that nobody has resolved.",
    ),
];
