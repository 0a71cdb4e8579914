//! The monitoring itself, and health as a whole.

use super::alert;
use crate::alert::Severity::{Critical, Info, Warning};
use crate::alert::{Alert, Area};

const AREA: Area = Area::Watching;

pub(crate) const ALERTS: &[Alert] = &[
    alert(AREA, Warning, "LowHealthScore", "striatum_health_score_ratio{} < 0.7")
        .hold("10m")
        .says(
            "The health score is {{ $value | humanizePercentage }}.",
            "Errors, memory or disk together are in a bad way.",
            "`GET /health` has the parts.",
            "Begin with the part that is worst.",
        )
        .fires(&[("striatum_health_score_ratio{}", "0.6x120")], &[], "60%")
        .silent(&[("striatum_health_score_ratio{}", "0.95x120")]),
    alert(AREA, Critical, "CriticalHealthScore", "striatum_health_score_ratio{} < 0.5")
        .hold("5m")
        .says(
            "The health score is {{ $value | humanizePercentage }}.",
            "The server does little of what it should.",
            "`GET /health` has the parts.",
            "Begin with the part that is worst.",
        )
        .fires(&[("striatum_health_score_ratio{}", "0.4x120")], &[], "40%")
        .silent(&[("striatum_health_score_ratio{}", "0.6x120")]),
    alert(AREA, Critical, "Unhealthy", "striatum_health_check_status{} >= 2")
        .hold("2m")
        .says(
            "The health check {{ $labels.check }} fails.",
            "A part that the server needs does not work.",
            "`GET /health` has the detail.",
            "Mend the part.",
        )
        .fires(
            &[(r#"striatum_health_check_status{check="store"}"#, "2x120")],
            &[("check", "store")],
            "2",
        )
        .silent(&[(r#"striatum_health_check_status{check="store"}"#, "1x120")]),
    alert(AREA, Warning, "PartDegraded", "striatum_health_check_status{} == 1")
        .hold("10m")
        .says(
            "The health check {{ $labels.check }} is degraded.",
            "A part works, but not as it should.",
            "`GET /health` has the detail.",
            "Mend it before it fails.",
        )
        .fires(
            &[(r#"striatum_health_check_status{check="disk"}"#, "1x120")],
            &[("check", "disk")],
            "1",
        )
        .silent(&[(r#"striatum_health_check_status{check="disk"}"#, "0x120")]),
    alert(
        AREA,
        Warning,
        "SeriesDropped",
        "striatum_series_dropped_total{} > 0",
    )
    .says(
        "{{ $labels.family }} has more label values than it may; they are counted under `_other`.",
        "Some models, tenants or routes cannot be told apart.",
        "Which label grows.",
        "Unload models that are not used.",
    )
    .fires(
        &[(r#"striatum_series_dropped_total{family="striatum_requests_total"}"#, "0+1x120")],
        &[("family", "striatum_requests_total")],
        "120",
    )
    .silent(&[(r#"striatum_series_dropped_total{family="striatum_requests_total"}"#, "0x120")]),
    alert(
        AREA,
        Warning,
        "ExportsFail",
        r#"increase(striatum_exports_total{outcome="failed"}[10m]) > 0"#,
    )
    .hold("5m")
    .says(
        "{{ $labels.signal }} could not be sent to their collector.",
        "What is not sent is missing there; the page here has it.",
        "The collector, its address.",
        "Mend the collector.",
    )
    .fires(
        &[(r#"striatum_exports_total{signal="traces",outcome="failed"}"#, "0+1x120")],
        &[("signal", "traces"), ("outcome", "failed")],
        "10",
    )
    .silent(&[(r#"striatum_exports_total{signal="traces",outcome="ok"}"#, "0+1x120")]),
    alert(
        AREA,
        Critical,
        "NotificationsFail",
        r#"increase(striatum_notifications_total{outcome="failed"}[10m]) > 0"#,
    )
    .says(
        "Alerts do not reach {{ $labels.target }}.",
        "Nobody may be told of what is wrong.",
        "The receiver's address and credential, and the dead letters.",
        "Mend the receiver and replay the dead letters.",
    )
    .fires(
        &[(r#"striatum_notifications_total{target="slack",outcome="failed"}"#, "0+1x120")],
        &[("target", "slack"), ("outcome", "failed")],
        "10",
    )
    .silent(&[(r#"striatum_notifications_total{target="slack",outcome="sent"}"#, "0+1x120")]),
    alert(
        AREA,
        Warning,
        "RulesFail",
        r#"increase(striatum_rule_evaluations_total{outcome="failed"}[10m]) > 0"#,
    )
    .says(
        "A rule could not be evaluated.",
        "What it watches is not watched.",
        "`GET /api/v1/rules` has the error.",
        "Report it: the rules are made from one table and tested.",
    )
    .fires(
        &[(r#"striatum_rule_evaluations_total{outcome="failed"}"#, "0+1x120")],
        &[("outcome", "failed")],
        "10",
    )
    .silent(&[(r#"striatum_rule_evaluations_total{outcome="ok"}"#, "0+1x120")]),
    alert(
        AREA,
        Warning,
        "ErrorsLogged",
        r#"increase(striatum_log_records_total{level="error"}[5m]) > 10"#,
    )
    .says(
        "{{ $value | humanize }} errors were logged in five minutes.",
        "Something goes wrong again and again.",
        "`GET /v1/logs?level=error`.",
        "Mend the cause that the log names.",
    )
    .fires(
        &[(r#"striatum_log_records_total{level="error"}"#, "0+10x120")],
        &[("level", "error")],
        "50",
    )
    .silent(&[(r#"striatum_log_records_total{level="error"}"#, "0+1x120")]),
    alert(AREA, Info, "Anomaly", "striatum_anomaly_score_ratio{} >= 0.5")
        .hold("30s")
        .says(
            "{{ $labels.series }} is unusual.",
            "A watched series does what it has not done before; that may be right.",
            "The series beside the others of that time.",
            "Nothing, where the change is wanted.",
        )
        .fires(
            &[(r#"striatum_anomaly_score_ratio{series="spikes"}"#, "1x120")],
            &[("series", "spikes")],
            "1",
        )
        .silent(&[(r#"striatum_anomaly_score_ratio{series="spikes"}"#, "0.3x120")]),
    alert(
        AREA,
        Warning,
        "HistoryFull",
        "striatum_history_size_bytes{} / striatum_history_limit_bytes{} > 0.95",
    )
    .hold("10m")
    .says(
        "The history takes {{ $value | humanizePercentage }} of its memory.",
        "Old samples are dropped sooner than configured.",
        "Number of series.",
        "Raise `watching.history_bytes`, or send metrics to a remote store.",
    )
    .fires(
        &[("striatum_history_size_bytes{}", "98x120"), ("striatum_history_limit_bytes{}", "100x120")],
        &[],
        "98%",
    )
    .silent(&[
        ("striatum_history_size_bytes{}", "50x120"),
        ("striatum_history_limit_bytes{}", "100x120"),
    ]),
];
