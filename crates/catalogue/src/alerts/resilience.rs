//! Breakers, dead letters, stores, backups, experiments.

use super::alert;
use crate::alert::Severity::{Critical, Warning};
use crate::alert::{Alert, Area};

const AREA: Area = Area::Resilience;

pub(crate) const ALERTS: &[Alert] = &[
    alert(AREA, Critical, "BreakerOpen", "striatum_breaker_state{} == 2")
        .hold("1m")
        .says(
            "The circuit breaker of {{ $labels.target }} is open.",
            "Calls of it fail at once.",
            "Whether the service answers, and its own log.",
            "Mend the service; the breaker closes by itself.",
        )
        .fires(
            &[(r#"striatum_breaker_state{target="webhook"}"#, "2x120")],
            &[("target", "webhook")],
            "2",
        )
        .silent(&[(r#"striatum_breaker_state{target="webhook"}"#, "0x120")]),
    alert(
        AREA,
        Warning,
        "CallsFail",
        r#"sum by (target) (rate(striatum_calls_total{outcome="failed"}[5m])) / sum by (target) (rate(striatum_calls_total{}[5m])) > 0.1"#,
    )
    .hold("5m")
    .says(
        "{{ $value | humanizePercentage }} of the calls of {{ $labels.target }} fail.",
        "What is sent there is tried again, then kept as dead letters or lost from exports.",
        "The service, the network, the address in the configuration.",
        "Mend the service, or take it out of the configuration.",
    )
    .fires(
        &[
            (r#"striatum_calls_total{target="otlp",outcome="failed"}"#, "0+30x120"),
            (r#"striatum_calls_total{target="otlp",outcome="ok"}"#, "0+30x120"),
        ],
        &[("target", "otlp")],
        "50%",
    )
    .silent(&[
        (r#"striatum_calls_total{target="otlp",outcome="failed"}"#, "0+0x120"),
        (r#"striatum_calls_total{target="otlp",outcome="ok"}"#, "0+30x120"),
    ]),
    alert(AREA, Warning, "DeadLettersWait", "sum(striatum_dead_letters_waiting{}) > 100")
        .hold("5m")
        .says(
            "{{ $value | humanize }} dead letters wait.",
            "Work could not be done and was kept.",
            "`GET /v1/dead-letters` has the errors.",
            "Mend the cause, then replay them; remove what is no longer wanted.",
        )
        .fires(&[(r#"striatum_dead_letters_waiting{origin="experiment"}"#, "150x120")], &[], "150")
        .silent(&[(r#"striatum_dead_letters_waiting{origin="experiment"}"#, "3x120")]),
    alert(
        AREA,
        Warning,
        "DeadLettersExpired",
        r#"increase(striatum_dead_letters_total{event="expired"}[1h]) > 0"#,
    )
    .says(
        "Dead letters of {{ $labels.origin }} were too old and were removed.",
        "Work that was never done is gone; the log has each of them.",
        "The log at warn level.",
        "Look at dead letters before they expire.",
    )
    .fires(
        &[(r#"striatum_dead_letters_total{origin="experiment",event="expired"}"#, "0+1x120")],
        &[("origin", "experiment"), ("event", "expired")],
        "60",
    )
    .silent(&[(r#"striatum_dead_letters_total{origin="experiment",event="put"}"#, "0+1x120")]),
    alert(AREA, Critical, "StoreDown", "striatum_store_up{} == 0")
        .hold("1m")
        .says(
            "The store ({{ $labels.kind }}) does not answer.",
            "Nothing durable can be written; inference goes on.",
            "The database, or the disk under the state folder.",
            "Start the database again, or make room; `striatum doctor` looks at both.",
        )
        .fires(&[(r#"striatum_store_up{kind="sqlite"}"#, "0x120")], &[("kind", "sqlite")], "")
        .silent(&[(r#"striatum_store_up{kind="sqlite"}"#, "1x120")]),
    alert(
        AREA,
        Critical,
        "StoreErrors",
        r#"sum(rate(striatum_store_operations_total{outcome=~"unavailable|failed"}[5m])) / sum(rate(striatum_store_operations_total{}[5m])) > 0.01"#,
    )
    .hold("3m")
    .says(
        "{{ $value | humanizePercentage }} of the store's operations fail.",
        "Writes are refused; nothing that was acknowledged is lost.",
        "The disk, the database's log.",
        "Make room, or mend the database.",
    )
    .fires(
        &[
            (r#"striatum_store_operations_total{operation="commit",outcome="failed"}"#, "0+10x120"),
            (r#"striatum_store_operations_total{operation="commit",outcome="ok"}"#, "0+10x120"),
        ],
        &[],
        "50%",
    )
    .silent(&[
        (r#"striatum_store_operations_total{operation="commit",outcome="failed"}"#, "0+0x120"),
        (r#"striatum_store_operations_total{operation="commit",outcome="ok"}"#, "0+10x120"),
    ]),
    alert(
        AREA,
        Warning,
        "StoreSlow",
        r#"histogram_quantile(0.99, sum by (le) (rate(striatum_store_operation_duration_seconds_bucket{}[5m]))) > 0.1"#,
    )
    .hold("5m")
    .says(
        "One store operation in a hundred takes longer than {{ $value | humanizeDuration }}.",
        "Whatever is acknowledged after a write comes late.",
        "The disk's load, the database.",
        "Move the state to a faster disk, or give the database what it lacks.",
    )
    .fires(
        &[
            (r#"striatum_store_operation_duration_seconds_bucket{operation="commit",le="0.25"}"#, "0+0x120"),
            (r#"striatum_store_operation_duration_seconds_bucket{operation="commit",le="0.5"}"#, "0+60x120"),
            (r#"striatum_store_operation_duration_seconds_bucket{operation="commit",le="+Inf"}"#, "0+60x120"),
        ],
        &[],
        "497.5ms",
    )
    .silent(&[
        (r#"striatum_store_operation_duration_seconds_bucket{operation="commit",le="0.01"}"#, "0+60x120"),
        (r#"striatum_store_operation_duration_seconds_bucket{operation="commit",le="+Inf"}"#, "0+60x120"),
    ]),
    alert(
        AREA,
        Warning,
        "BackupFailed",
        r#"increase(striatum_backups_total{outcome="failed"}[1h]) > 0"#,
    )
    .keep("10m")
    .says(
        "A backup could not be made.",
        "A loss of the disk would cost more than one interval.",
        "The log; room and rights of the backup folder.",
        "Mend it and run `striatum backup create`.",
    )
    .fires(
        &[(r#"striatum_backups_total{outcome="failed"}"#, "0+1x120")],
        &[("outcome", "failed")],
        "60",
    )
    .silent(&[(r#"striatum_backups_total{outcome="ok"}"#, "0+1x120")]),
    alert(
        AREA,
        Critical,
        "BackupOld",
        "time() - striatum_backup_last_success_time_seconds{} > 2 * striatum_backup_interval_seconds{} and striatum_backup_interval_seconds{} > 0",
    )
    .hold("5m")
    .says(
        "The last backup is {{ $value | humanizeDuration }} old.",
        "Two intervals have passed without one.",
        "Whether the server runs, the log, the folder.",
        "Run `striatum backup create` and see what it says.",
    )
    .fires(
        &[
            ("striatum_backup_last_success_time_seconds{}", "0x120"),
            ("striatum_backup_interval_seconds{}", "600x120"),
        ],
        &[],
        "2h 0m 0s",
    )
    .silent(&[
        ("striatum_backup_last_success_time_seconds{}", "0x120"),
        ("striatum_backup_interval_seconds{}", "86400x120"),
    ]),
    alert(
        AREA,
        Warning,
        "ExperimentsFail",
        r#"increase(striatum_experiments_total{outcome="failed"}[30m]) > 0"#,
    )
    .says(
        "An experiment failed.",
        "It is kept as a dead letter.",
        "`GET /v1/dead-letters` has its error.",
        "Mend the cause and replay it.",
    )
    .fires(
        &[(r#"striatum_experiments_total{outcome="failed"}"#, "0+1x120")],
        &[("outcome", "failed")],
        "30",
    )
    .silent(&[(r#"striatum_experiments_total{outcome="done"}"#, "0+1x120")]),
];
