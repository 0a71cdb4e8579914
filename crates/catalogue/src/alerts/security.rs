//! Credentials, roles, calls of tenants, the audit log.

use super::alert;
use crate::alert::Severity::{Critical, Warning};
use crate::alert::{Alert, Area};

const AREA: Area = Area::Security;

pub(crate) const ALERTS: &[Alert] = &[
    alert(
        AREA,
        Warning,
        "AuthenticationFailures",
        "sum(rate(striatum_authentication_failures_total{}[5m])) > 0.5",
    )
    .hold("5m")
    .says(
        "{{ $value | humanize }} requests a second come with no credential or a wrong one.",
        "Somebody guesses, or a caller has an old key.",
        "The log of refused requests by address.",
        "Tell the caller, limit the address, or keep it out before the server.",
    )
    .fires(
        &[(r#"striatum_authentication_failures_total{reason="key"}"#, "0+120x120")],
        &[],
        "2",
    )
    .silent(&[(r#"striatum_authentication_failures_total{reason="key"}"#, "0+6x120")]),
    alert(
        AREA,
        Warning,
        "DeniedActions",
        "increase(striatum_denied_total{}[5m]) > 10",
    )
    .says(
        "A {{ $labels.role }} was denied {{ $value | humanize }} times in five minutes.",
        "A caller tries what its role may not do.",
        "The audit log and the log of that time.",
        "Revoke the key where it is not the caller's own mistake.",
    )
    .fires(&[(r#"striatum_denied_total{role="reader"}"#, "0+6x120")], &[("role", "reader")], "30")
    .silent(&[(r#"striatum_denied_total{role="reader"}"#, "0+1x120")]),
    alert(
        AREA,
        Warning,
        "CallersRateLimited",
        "rate(striatum_rate_limited_total{}[5m]) > 1",
    )
    .hold("5m")
    .says(
        "{{ $value | humanize }} requests a second are refused because their callers ask too often.",
        "One or more callers are above their rate.",
        "Requests by tenant.",
        "Raise `security.requests_per_second`, or talk to the caller.",
    )
    .fires(&[("striatum_rate_limited_total{}", "0+120x120")], &[], "2")
    .silent(&[("striatum_rate_limited_total{}", "0+6x120")]),
    alert(
        AREA,
        Warning,
        "TenantCallsNearlyUsed",
        "max by (tenant) (striatum_tenant_day_ratio{}) > 0.9",
    )
    .says(
        "{{ $labels.tenant }} has used {{ $value | humanizePercentage }} of its calls of the day.",
        "Its calls will soon be refused with 429 until midnight UTC.",
        "`striatum tenant show`, and what calls for it.",
        "Give it another plan or more calls a day with `striatum tenant set`, or talk to whoever calls.",
    )
    .fires(
        &[("striatum_tenant_day_ratio{tenant=\"acme\"}", "0.95x120")],
        &[("tenant", "acme")],
        "95%",
    )
    .silent(&[("striatum_tenant_day_ratio{tenant=\"acme\"}", "0.5x120")]),
    alert(AREA, Critical, "AuditChainBroken", "striatum_audit_whole{} == 0").says(
        "The audit log was changed, cut or has a gap.",
        "What it says of who did what cannot be relied on.",
        "`striatum audit verify` names the first entry that does not fit.",
        "Take a copy of the state, compare with a backup, and find who could write to it.",
    )
    .fires(&[("striatum_audit_whole{}", "0x120")], &[], "")
    .silent(&[("striatum_audit_whole{}", "1x120")]),
];
