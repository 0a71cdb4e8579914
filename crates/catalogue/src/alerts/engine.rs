//! Networks: do they run, and do they do what they did?

use super::alert;
use crate::alert::Severity::{Critical, Warning};
use crate::alert::{Alert, Area};

const AREA: Area = Area::Engine;

pub(crate) const ALERTS: &[Alert] = &[
    alert(AREA, Critical, "ModelNotReady", "striatum_model_ready{} == 0")
        .hold("5m")
        .says(
            "Version {{ $labels.version }} of {{ $labels.model }} cannot be served.",
            "Requests for it are answered with 409.",
            "`POST /v2/repository/index` says why; `striatum inspect FILE` says it in full.",
            "Mend the file, or remove the version's folder and load the model again.",
        )
        .fires(
            &[(r#"striatum_model_ready{model="m",version="2"}"#, "0x120")],
            &[("model", "m"), ("version", "2")],
            "",
        )
        .silent(&[(r#"striatum_model_ready{model="m",version="2"}"#, "1x120")]),
    alert(
        AREA,
        Warning,
        "SilentNetwork",
        "rate(striatum_input_events_total{}[10m]) > 0 and rate(striatum_spikes_total{}[10m]) == 0",
    )
    .hold("10m")
    .says(
        "{{ $labels.model }} gets events and does not spike.",
        "Its decisions mean nothing.",
        "The input's scale and encoding, and the profile that the network runs under.",
        "Compare a recording with `striatum inspect --match`.",
    )
    .fires(
        &[
            (r#"striatum_input_events_total{model="m"}"#, "0+60x120"),
            (r#"striatum_spikes_total{model="m"}"#, "5x120"),
        ],
        &[("model", "m")],
        "1",
    )
    .silent(&[
        (r#"striatum_input_events_total{model="m"}"#, "0+60x120"),
        (r#"striatum_spikes_total{model="m"}"#, "0+6x120"),
    ]),
    alert(
        AREA,
        Warning,
        "SpikeRateShift",
        "abs(log2((rate(striatum_spikes_total{}[10m]) / rate(striatum_steps_total{}[10m])) / (rate(striatum_spikes_total{}[10m] offset 1h) / rate(striatum_steps_total{}[10m] offset 1h)))) > 1",
    )
    .hold("10m")
    .says(
        "{{ $labels.model }} spikes more than twice or less than half as much per step as an hour ago.",
        "Its input has changed, or the network has.",
        "Input events per step, roll-outs and learning of that time.",
        "Where the input is right, compare accuracy before and after and take the version back.",
    )
    .fires(
        &[
            (r#"striatum_spikes_total{model="m"}"#, "0+60x60 3600+600x100"),
            (r#"striatum_steps_total{model="m"}"#, "0+60x180"),
        ],
        &[("model", "m")],
        "3.322",
    )
    .silent(&[
        (r#"striatum_spikes_total{model="m"}"#, "0+60x180"),
        (r#"striatum_steps_total{model="m"}"#, "0+60x180"),
    ]),
    alert(
        AREA,
        Warning,
        "AccuracyLow",
        r#"sum by (model) (increase(striatum_feedback_total{outcome="right"}[30m])) / sum by (model) (increase(striatum_feedback_total{}[30m])) < 0.8 and sum by (model) (increase(striatum_feedback_total{}[30m])) > 20"#,
    )
    .hold("5m")
    .says(
        "{{ $labels.model }} is right in {{ $value | humanizePercentage }} of what callers told.",
        "Its decisions have become worse.",
        "The data of that time, and which version answered.",
        "Take the version back, or train it again.",
    )
    .fires(
        &[
            (r#"striatum_feedback_total{model="m",outcome="right"}"#, "0+5x120"),
            (r#"striatum_feedback_total{model="m",outcome="wrong"}"#, "0+5x120"),
        ],
        &[("model", "m")],
        "50%",
    )
    .silent(&[
        (r#"striatum_feedback_total{model="m",outcome="right"}"#, "0+9x120"),
        (r#"striatum_feedback_total{model="m",outcome="wrong"}"#, "0+1x120"),
    ]),
    alert(AREA, Warning, "RolledBack", "increase(striatum_rollbacks_total{}[10m]) > 0")
        .keep("10m")
        .says(
            "A candidate of {{ $labels.model }} was taken back.",
            "Callers get the stable version again.",
            "`GET /v1/models/{{ $labels.model }}/rollout` says what was worse.",
            "Mend the candidate before it is rolled out again.",
        )
        .fires(
            &[(r#"striatum_rollbacks_total{model="m"}"#, "0+1x120")],
            &[("model", "m")],
            "10",
        )
        .silent(&[(r#"striatum_rollbacks_total{model="m"}"#, "3x120")]),
    alert(
        AREA,
        Warning,
        "ShadowDiffers",
        r#"sum by (model) (increase(striatum_shadow_comparisons_total{outcome="differs"}[15m])) / sum by (model) (increase(striatum_shadow_comparisons_total{outcome=~"same|differs"}[15m])) > 0.05"#,
    )
    .hold("5m")
    .says(
        "The candidate of {{ $labels.model }} answers {{ $value | humanizePercentage }} of its copies otherwise.",
        "It would decide otherwise than the version that serves.",
        "The report of the roll-out.",
        "Promote it only where the difference is wanted.",
    )
    .fires(
        &[
            (r#"striatum_shadow_comparisons_total{model="m",outcome="same"}"#, "0+30x120"),
            (r#"striatum_shadow_comparisons_total{model="m",outcome="differs"}"#, "0+10x120"),
        ],
        &[("model", "m")],
        "25%",
    )
    .silent(&[
        (r#"striatum_shadow_comparisons_total{model="m",outcome="same"}"#, "0+30x120"),
        (r#"striatum_shadow_comparisons_total{model="m",outcome="differs"}"#, "0+0x120"),
    ]),
    alert(
        AREA,
        Warning,
        "ModelLoadFailed",
        r#"increase(striatum_model_loads_total{outcome="failed"}[10m]) > 0"#,
    )
    .says(
        "{{ $labels.model }} could not be loaded.",
        "The version before it is served on, where there is one.",
        "The log, and `POST /v2/repository/index`.",
        "Mend the file and load the model again.",
    )
    .fires(
        &[(r#"striatum_model_loads_total{model="m",outcome="failed"}"#, "0+1x120")],
        &[("model", "m"), ("outcome", "failed")],
        "10",
    )
    .silent(&[(r#"striatum_model_loads_total{model="m",outcome="ok"}"#, "0+1x120")]),
];
