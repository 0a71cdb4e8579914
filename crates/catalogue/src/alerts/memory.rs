//! Memories of tenants.

use super::alert;
use crate::alert::Severity::Warning;
use crate::alert::{Alert, Area};

const AREA: Area = Area::Serving;

pub(crate) const ALERTS: &[Alert] = &[
    alert(
        AREA,
        Warning,
        "MemoryOperationsFailing",
        "sum(rate(striatum_memory_operations_total{outcome=\"failed\"}[5m])) / sum(rate(striatum_memory_operations_total{}[5m])) > 0.05",
    )
    .hold("5m")
    .says(
        "{{ $value | humanizePercentage }} of operations on memories fail.",
        "Applications cannot store or find what they should remember.",
        "The log, and the health of the store: a memory that cannot be written is read anew.",
        "Mend the store; nothing that was acknowledged is lost.",
    )
    .fires(
        &[
            ("striatum_memory_operations_total{operation=\"store\",outcome=\"failed\"}", "0+6x120"),
            ("striatum_memory_operations_total{operation=\"store\",outcome=\"ok\"}", "0+54x120"),
        ],
        &[],
        "10%",
    )
    .silent(&[
        ("striatum_memory_operations_total{operation=\"store\",outcome=\"failed\"}", "0+1x120"),
        ("striatum_memory_operations_total{operation=\"store\",outcome=\"ok\"}", "0+59x120"),
    ]),
    alert(
        AREA,
        Warning,
        "MemoryQuotaNearlyUsed",
        "max by (tenant) (striatum_memory_quota_ratio{}) > 0.9",
    )
    .hold("5m")
    .says(
        "{{ $labels.tenant }} uses {{ $value | humanizePercentage }} of its quota of memories.",
        "Storing will soon be refused with 429.",
        "`striatum memory stats`, and what the tenant stores.",
        "Give the tenant another plan or quotas of its own with `striatum tenant set`, or delete and erase what is not needed.",
    )
    .fires(
        &[("striatum_memory_quota_ratio{tenant=\"acme\"}", "0.95x120")],
        &[("tenant", "acme")],
        "95%",
    )
    .silent(&[("striatum_memory_quota_ratio{tenant=\"acme\"}", "0.5x120")]),
];
