//! Who was kept out, and what is kept.

use super::{panel, target};
use crate::panel::Page;
use crate::panel::PanelKind::{Bars, Lines, Number};

pub(crate) const PAGE: Page = Page {
    id: "security",
    title: "Security",
    help: "Who was kept out, and does the audit log hold?",
    panels: &[
        panel(
            Lines,
            ("failures", "Credentials refused", "reqps", 2),
            "Requests with no credential or a wrong one, a second.",
            &[target(
                "sum by (reason) (rate(striatum_authentication_failures_total{}[$w]))",
                "{{reason}}",
            )],
        ),
        panel(
            Lines,
            ("denied", "Denied", "reqps", 2),
            "Requests whose caller's role may not do this, a second.",
            &[target("sum by (role) (rate(striatum_denied_total{}[$w]))", "{{role}}")],
        ),
        panel(
            Lines,
            ("limited", "Rate limited", "reqps", 2),
            "Requests whose caller asks too often, a second.",
            &[target("rate(striatum_rate_limited_total{}[$w])", "limited")],
        ),
        panel(
            Lines,
            ("tenant-calls", "Calls of tenants", "reqps", 2),
            "Calls that count, a second, of the tenants that call most.",
            &[target(
                "topk(10, sum by (tenant) (rate(striatum_tenant_calls_total{}[$w])))",
                "{{tenant}}",
            )],
        ),
        panel(
            Lines,
            ("tenant-refused", "Refused to tenants", "reqps", 2),
            "What tenants were refused, a second, by the quota that had no room.",
            &[target("sum by (reason) (rate(striatum_tenant_refused_total{}[$w]))", "{{reason}}")],
        ),
        panel(
            Bars,
            ("tenant-day", "Calls of the day used", "percentunit", 2),
            "Share of the calls of the day that is used, of the tenants that have used most.",
            &[target("topk(10, striatum_tenant_day_ratio{})", "{{tenant}}")],
        ),
        panel(
            Number,
            ("audit", "Audit entries", "short", 1),
            "Entries written to the audit log since the start.",
            &[target("striatum_audit_entries_total{}", "entries")],
        ),
        panel(
            Number,
            ("whole", "Audit chain", "short", 1),
            "1 where the audit log held when it was last verified.",
            &[target("striatum_audit_whole{}", "whole")],
        ),
    ],
};
