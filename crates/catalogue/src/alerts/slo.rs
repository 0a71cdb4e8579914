//! Objectives: does the error budget burn faster than it may? The expressions are those of
//! [`crate::slo`].

use super::alert;
use crate::alert::Severity::{Critical, Warning};
use crate::alert::{Alert, Area};

const AREA: Area = Area::Serving;

const LOOK: &str = "The pages Overview and Serving over the window of the alert.";

pub(crate) const ALERTS: &[Alert] = &[
    alert(
        AREA,
        Critical,
        "AvailabilityBudgetBurns",
        r#"(slo:sli_error:ratio_rate1h{slo="availability"} > 0.0144 and slo:sli_error:ratio_rate5m{slo="availability"} > 0.0144) or (slo:sli_error:ratio_rate6h{slo="availability"} > 0.006 and slo:sli_error:ratio_rate30m{slo="availability"} > 0.006)"#,
    )
    .hold("2m")
    .says(
        "{{ $value | humanizePercentage }} of the requests fail; the month's error budget will be gone in days.",
        "More requests fail than the objective allows, and fast.",
        LOOK,
        "Treat it as an outage: find the route that fails, take back what was changed.",
    )
    .fires(
        &[
            (r#"striatum_http_requests_total{method="GET",route="/x",status="500"}"#, "0+10x120"),
            (r#"striatum_http_requests_total{method="GET",route="/x",status="200"}"#, "0+90x120"),
        ],
        &[("slo", "availability")],
        "10%",
    )
    .silent(&[
        (r#"striatum_http_requests_total{method="GET",route="/x",status="500"}"#, "0+0x120"),
        (r#"striatum_http_requests_total{method="GET",route="/x",status="200"}"#, "0+90x120"),
    ]),
    alert(
        AREA,
        Warning,
        "AvailabilityBudgetBurnsSlowly",
        r#"(slo:sli_error:ratio_rate1d{slo="availability"} > 0.003 and slo:sli_error:ratio_rate2h{slo="availability"} > 0.003) or (slo:sli_error:ratio_rate3d{slo="availability"} > 0.001 and slo:sli_error:ratio_rate6h{slo="availability"} > 0.001)"#,
    )
    .hold("15m")
    .says(
        "{{ $value | humanizePercentage }} of the requests fail; the month's error budget will not last.",
        "A few requests fail all the time.",
        LOOK,
        "Find the route that fails, in working hours.",
    )
    .fires(
        &[
            (r#"striatum_http_requests_total{method="GET",route="/x",status="500"}"#, "0+1x120"),
            (r#"striatum_http_requests_total{method="GET",route="/x",status="200"}"#, "0+199x120"),
        ],
        &[("slo", "availability")],
        "0.5%",
    )
    .silent(&[
        (r#"striatum_http_requests_total{method="GET",route="/x",status="500"}"#, "0+0x120"),
        (r#"striatum_http_requests_total{method="GET",route="/x",status="200"}"#, "0+90x120"),
    ]),
    alert(
        AREA,
        Critical,
        "LatencyBudgetBurns",
        r#"(slo:sli_error:ratio_rate1h{slo="latency"} > 0.144 and slo:sli_error:ratio_rate5m{slo="latency"} > 0.144) or (slo:sli_error:ratio_rate6h{slo="latency"} > 0.06 and slo:sli_error:ratio_rate30m{slo="latency"} > 0.06)"#,
    )
    .hold("2m")
    .says(
        "{{ $value | humanizePercentage }} of the inference requests take longer than a tenth of a second.",
        "Far more requests are late than the objective allows.",
        LOOK,
        "Shed load, add instances, take back what was changed.",
    )
    .fires(
        &[
            (r#"striatum_request_duration_seconds_count{model="m"}"#, "0+100x120"),
            (r#"striatum_request_duration_seconds_bucket{model="m",le="0.1"}"#, "0+50x120"),
        ],
        &[("slo", "latency")],
        "50%",
    )
    .silent(&[
        (r#"striatum_request_duration_seconds_count{model="m"}"#, "0+100x120"),
        (r#"striatum_request_duration_seconds_bucket{model="m",le="0.1"}"#, "0+100x120"),
    ]),
    alert(
        AREA,
        Warning,
        "LatencyBudgetBurnsSlowly",
        r#"(slo:sli_error:ratio_rate1d{slo="latency"} > 0.03 and slo:sli_error:ratio_rate2h{slo="latency"} > 0.03) or (slo:sli_error:ratio_rate3d{slo="latency"} > 0.01 and slo:sli_error:ratio_rate6h{slo="latency"} > 0.01)"#,
    )
    .hold("15m")
    .says(
        "{{ $value | humanizePercentage }} of the inference requests take longer than a tenth of a second.",
        "More requests are late than the objective allows.",
        LOOK,
        "Find the model that is late, in working hours.",
    )
    .fires(
        &[
            (r#"striatum_request_duration_seconds_count{model="m"}"#, "0+100x120"),
            (r#"striatum_request_duration_seconds_bucket{model="m",le="0.1"}"#, "0+95x120"),
        ],
        &[("slo", "latency")],
        "5%",
    )
    .silent(&[
        (r#"striatum_request_duration_seconds_count{model="m"}"#, "0+100x120"),
        (r#"striatum_request_duration_seconds_bucket{model="m",le="0.1"}"#, "0+100x120"),
    ]),
];

#[cfg(test)]
mod tests {
    use crate::alert::Alert;
    use crate::slo::SLOS;

    #[test]
    fn the_expressions_are_those_of_the_objectives() {
        for (slo, name) in SLOS.iter().zip(["Availability", "Latency"]) {
            for (page, suffix) in [(true, ""), (false, "Slowly")] {
                let alert = Alert::named(&format!("{name}BudgetBurns{suffix}")).unwrap();
                assert_eq!(alert.expr, slo.burns(page));
            }
        }
    }
}
