//! Agents: what the laws refused, overrides, learning requests.

use super::alert;
use crate::alert::Severity::{Critical, Info, Warning};
use crate::alert::{Alert, Area};

const AREA: Area = Area::Security;

pub(crate) const ALERTS: &[Alert] = &[
    alert(
        AREA,
        Critical,
        "GraveActionRefused",
        "sum by (law) (increase(striatum_laws_refused_total{severity=\"critical\"}[5m])) > 0",
    )
    .says(
        "{{ $value | humanize }} actions were refused under the {{ $labels.law }} law in five minutes.",
        "An agent proposed, or somebody asked for, what would harm people; it was not done.",
        "The callers of `act` and `judge` at that time, and what they said.",
        "Stop the agent or the caller until it is known why.",
    )
    .fires(
        &[(r#"striatum_laws_refused_total{law="first",severity="critical"}"#, "0+1x120")],
        &[("law", "first")],
        "5",
    )
    .silent(&[(r#"striatum_laws_refused_total{law="second",severity="high"}"#, "0+1x120")]),
    alert(AREA, Warning, "ActionsRefused", "sum(rate(striatum_laws_refused_total{}[5m])) > 0.5")
        .hold("5m")
        .says(
            "{{ $value | humanize }} actions a second are refused by the laws.",
            "An agent's actions do not fit what is known around them, or somebody tries the guard.",
            "Refusals by law, and the reasons in the answers of `act`.",
            "Correct the context that the application sends, or limit the caller.",
        )
        .fires(
            &[(r#"striatum_laws_refused_total{law="second",severity="high"}"#, "0+120x120")],
            &[],
            "2",
        )
        .silent(&[(r#"striatum_laws_refused_total{law="second",severity="high"}"#, "0+6x120")]),
    alert(
        AREA,
        Info,
        "OverrideLifted",
        "sum by (kind) (increase(striatum_overrides_total{result=\"lifted\"}[5m])) > 0",
    )
    .says(
        "An override of {{ $labels.kind }} was made.",
        "For at most an hour something is let through that is refused otherwise.",
        "`striatum agent overrides` and the audit log: who, and why.",
        "End it with `striatum agent end-override` where it is not meant.",
    )
    .fires(
        &[(r#"striatum_overrides_total{kind="four_laws",result="lifted"}"#, "0+1x120")],
        &[("kind", "four_laws")],
        "",
    )
    .silent(&[(r#"striatum_overrides_total{kind="four_laws",result="ended"}"#, "0+1x120")]),
    alert(AREA, Warning, "OverridesRefused", "sum(rate(striatum_overrides_total{result=\"refused\"}[5m])) > 0.2")
        .hold("5m")
        .says(
            "{{ $value | humanize }} overrides a second are refused.",
            "Somebody with an administrator's key asks for what there is not.",
            "The audit log: who asks.",
            "Revoke the key where it is not the caller's own mistake.",
        )
        .fires(
            &[(r#"striatum_overrides_total{kind="four_laws",result="refused"}"#, "0+60x120")],
            &[],
            "1",
        )
        .silent(&[(r#"striatum_overrides_total{kind="four_laws",result="refused"}"#, "0+6x120")]),
    alert(AREA, Warning, "VaultGrows", "rate(striatum_vault_additions_total{}[15m]) > 0.05")
        .hold("5m")
        .says(
            "{{ $value | humanize }} contents a second are denied for good.",
            "Agents ask to learn what they may not, again and again.",
            "`striatum agent requests --status denied`.",
            "Find the agent or the caller that asks, and stop it.",
        )
        .fires(&[("striatum_vault_additions_total{}", "0+60x120")], &[], "1")
        .silent(&[("striatum_vault_additions_total{}", "0+1x120")]),
    alert(
        AREA,
        Info,
        "LearningRequestsWait",
        "max by (tenant) (striatum_learning_requests_pending{}) > 50",
    )
    .hold("30m")
    .says(
        "{{ $value | humanize }} learning requests of {{ $labels.tenant }} wait.",
        "Nobody decides what agents may learn.",
        "`striatum agent requests --status pending`.",
        "Approve or deny them.",
    )
    .fires(
        &[(r#"striatum_learning_requests_pending{tenant="acme"}"#, "60x120")],
        &[("tenant", "acme")],
        "60",
    )
    .silent(&[(r#"striatum_learning_requests_pending{tenant="acme"}"#, "5x120")]),
];
