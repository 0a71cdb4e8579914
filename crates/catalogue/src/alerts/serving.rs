//! Answers: are they there, are they right, are they in time?

use super::alert;
use crate::alert::Severity::{Critical, Info, Warning};
use crate::alert::{Alert, Area};

const AREA: Area = Area::Serving;

pub(crate) const ALERTS: &[Alert] = &[
    alert(AREA, Critical, "ServerDown", r#"up{job="striatum"} == 0"#)
        .hold("1m")
        .says(
            "A Striatum server does not answer its scrape.",
            "Nothing is served by this instance.",
            "The process, its log, the network between it and Prometheus.",
            "Start it again; `striatum doctor` says what keeps it from starting.",
        )
        .fires(
            &[(r#"up{job="striatum",instance="a"}"#, "0x120")],
            &[("job", "striatum"), ("instance", "a")],
            "",
        )
        .silent(&[(r#"up{job="striatum",instance="a"}"#, "1x120")]),
    alert(
        AREA,
        Critical,
        "HighErrorRate",
        r#"sum(rate(striatum_http_requests_total{status=~"5.."}[5m])) / sum(rate(striatum_http_requests_total{}[5m])) > 0.01"#,
    )
    .hold("5m")
    .says(
        "{{ $value | humanizePercentage }} of the requests fail with 5xx.",
        "Callers get errors that are the server's own.",
        "The panel of requests by route and status, then the log of that time.",
        "Find the route that fails; where a new version is the cause, take its roll-out back.",
    )
    .fires(
        &[
            (r#"striatum_http_requests_total{method="POST",route="/x",status="500"}"#, "0+30x120"),
            (r#"striatum_http_requests_total{method="POST",route="/x",status="200"}"#, "0+70x120"),
        ],
        &[],
        "30%",
    )
    .silent(&[
        (r#"striatum_http_requests_total{method="POST",route="/x",status="500"}"#, "0+0x120"),
        (r#"striatum_http_requests_total{method="POST",route="/x",status="404"}"#, "0+70x120"),
    ]),
    alert(
        AREA,
        Warning,
        "HighLatencyP95",
        "histogram_quantile(0.95, sum by (le) (rate(striatum_request_duration_seconds_bucket{}[5m]))) > 0.5",
    )
    .hold("5m")
    .says(
        "One inference request in twenty takes longer than {{ $value | humanizeDuration }}.",
        "Decisions come late.",
        "Time in the queue beside time to step: too much load shows in the first, a slow model in the second.",
        "Add workers or instances where the queue grows; limit batch and steps of the model where it is slow.",
    )
    .fires(
        &[
            (r#"striatum_request_duration_seconds_bucket{model="m",le="0.5"}"#, "0+0x120"),
            (r#"striatum_request_duration_seconds_bucket{model="m",le="1.0"}"#, "0+60x120"),
            (r#"striatum_request_duration_seconds_bucket{model="m",le="+Inf"}"#, "0+60x120"),
        ],
        &[],
        "975ms",
    )
    .silent(&[
        (r#"striatum_request_duration_seconds_bucket{model="m",le="0.1"}"#, "0+60x120"),
        (r#"striatum_request_duration_seconds_bucket{model="m",le="+Inf"}"#, "0+60x120"),
    ]),
    alert(
        AREA,
        Critical,
        "HighLatencyP99",
        "histogram_quantile(0.99, sum by (le) (rate(striatum_request_duration_seconds_bucket{}[5m]))) > 2",
    )
    .hold("5m")
    .says(
        "One inference request in a hundred takes longer than {{ $value | humanizeDuration }}.",
        "Callers with a time limit give up.",
        "Time in the queue beside time to step, the degradation level, stalled workers.",
        "Shed load (`max_queue_ms`), add instances, unload what is slow.",
    )
    .fires(
        &[
            (r#"striatum_request_duration_seconds_bucket{model="m",le="2.5"}"#, "0+0x120"),
            (r#"striatum_request_duration_seconds_bucket{model="m",le="5.0"}"#, "0+60x120"),
            (r#"striatum_request_duration_seconds_bucket{model="m",le="+Inf"}"#, "0+60x120"),
        ],
        &[],
        "4.975s",
    )
    .silent(&[
        (r#"striatum_request_duration_seconds_bucket{model="m",le="1.0"}"#, "0+60x120"),
        (r#"striatum_request_duration_seconds_bucket{model="m",le="+Inf"}"#, "0+60x120"),
    ]),
    alert(
        AREA,
        Warning,
        "RequestsShed",
        r#"sum by (model) (rate(striatum_requests_total{outcome="busy"}[5m])) > 0.1"#,
    )
    .hold("2m")
    .says(
        "{{ $value | humanize }} requests a second for {{ $labels.model }} are turned away for want of room.",
        "Callers are told to come back later.",
        "Requests in flight, the queue, and who sends so many.",
        "Add instances, raise `max_in_flight` where latency allows it, or limit the caller.",
    )
    .fires(
        &[(r#"striatum_requests_total{model="m",outcome="busy"}"#, "0+60x120")],
        &[("model", "m")],
        "1",
    )
    .silent(&[(r#"striatum_requests_total{model="m",outcome="ok"}"#, "0+60x120")]),
    alert(
        AREA,
        Warning,
        "QueueGrows",
        "histogram_quantile(0.99, sum by (le) (rate(striatum_queue_duration_seconds_bucket{}[5m]))) > 0.1",
    )
    .hold("5m")
    .says(
        "Requests wait up to {{ $value | humanizeDuration }} for a worker.",
        "Load is close to what the workers can do.",
        "Busy time of workers, steps per second, batch sizes.",
        "Add workers or instances before requests are shed.",
    )
    .fires(
        &[
            (r#"striatum_queue_duration_seconds_bucket{model="m",le="0.25"}"#, "0+0x120"),
            (r#"striatum_queue_duration_seconds_bucket{model="m",le="0.5"}"#, "0+60x120"),
            (r#"striatum_queue_duration_seconds_bucket{model="m",le="+Inf"}"#, "0+60x120"),
        ],
        &[],
        "497.5ms",
    )
    .silent(&[
        (r#"striatum_queue_duration_seconds_bucket{model="m",le="0.01"}"#, "0+60x120"),
        (r#"striatum_queue_duration_seconds_bucket{model="m",le="+Inf"}"#, "0+60x120"),
    ]),
    alert(AREA, Warning, "Degraded", "striatum_degradation_level{} >= 1")
        .hold("5m")
        .says(
            "The server leaves things out to keep up: level {{ $value | humanize }}.",
            "Learning rests; above level 1 shadow copies and experiments rest too, above 2 no session is begun.",
            "Load, and what an operator may have forced (`GET /v1/degradation`).",
            "Add instances, or release the level that was forced.",
        )
        .fires(&[("striatum_degradation_level{}", "2x120")], &[], "2")
        .silent(&[("striatum_degradation_level{}", "0x120")]),
    alert(
        AREA,
        Warning,
        "SessionsNearLimit",
        "striatum_sessions{} / striatum_sessions_limit{} > 0.9 or striatum_session_size_bytes{} / striatum_session_limit_bytes{} > 0.9",
    )
    .hold("5m")
    .says(
        "Sessions take {{ $value | humanizePercentage }} of what they may.",
        "Soon no new session can be begun.",
        "Which tenants hold sessions, and whether they close them.",
        "Shorten `sessions.idle_seconds`, or raise `sessions.max` where memory allows it.",
    )
    .fires(
        &[("striatum_sessions{}", "95x120"), ("striatum_sessions_limit{}", "100x120")],
        &[],
        "95%",
    )
    .silent(&[
        ("striatum_sessions{}", "5x120"),
        ("striatum_sessions_limit{}", "100x120"),
        ("striatum_session_size_bytes{}", "5x120"),
        ("striatum_session_limit_bytes{}", "100x120"),
    ]),
    alert(
        AREA,
        Info,
        "NoDecisions",
        "sum(increase(striatum_decisions_total{}[30m])) == 0 and sum(increase(striatum_decisions_total{}[30m] offset 1h)) > 0",
    )
    .hold("10m")
    .says(
        "Nothing was decided for half an hour; an hour before there were decisions.",
        "Callers are gone, or do not reach the server.",
        "Connections, refused connections, authentication failures.",
        "Ask those who call.",
    )
    .fires(&[(r#"striatum_decisions_total{model="m"}"#, "0+10x60 600x200")], &[], "0")
    .silent(&[(r#"striatum_decisions_total{model="m"}"#, "0+10x300")]),
    alert(
        AREA,
        Warning,
        "ConnectionsRefused",
        "increase(striatum_connections_refused_total{}[5m]) > 0",
    )
    .says(
        "{{ $value | humanize }} connections were refused in five minutes.",
        "As many connections are open as may be.",
        "Who holds them (`striatum_connections`), and whether they are used.",
        "Raise `connections.max`, or find the caller that does not close.",
    )
    .fires(&[("striatum_connections_refused_total{}", "0+1x120")], &[], "5")
    .silent(&[("striatum_connections_refused_total{}", "7x120")]),
];
