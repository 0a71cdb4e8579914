//! Who was kept out, and what is kept.

use super::{panel, target};
use crate::panel::Page;
use crate::panel::PanelKind::{Lines, Number};

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
