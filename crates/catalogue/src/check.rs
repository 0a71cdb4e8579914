//! Health checks.

/// A part that is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Check {
    /// Its name.
    pub name: &'static str,
    /// What is looked at.
    pub help: &'static str,
    /// Time that it may take (milliseconds); one that takes longer is unhealthy.
    pub budget_ms: u64,
    /// Whether the server can't do its work without it.
    pub required: bool,
}

const fn check(name: &'static str, budget_ms: u64, required: bool, help: &'static str) -> Check {
    Check { name, help, budget_ms, required }
}

/// Every health check.
pub const CHECKS: &[Check] = &[
    check("store", 1000, true, "The store answers."),
    check("models", 100, true, "Every model that should be served can be."),
    check("workers", 1000, true, "The threads that step networks take work."),
    check("load", 100, false, "There is room for requests, and nothing is left out."),
    check("errors", 100, false, "Few requests fail: above 1 % degraded, above 10 % unhealthy."),
    check("memory", 200, false, "Memory: above 80 % degraded, above 90 % unhealthy."),
    check("disk", 500, false, "Room on disks: above 80 % degraded, above 95 % unhealthy."),
    check("services", 100, false, "No circuit breaker of a service that is called is open."),
    check("dead-letters", 1000, false, "Few dead letters wait: above 100 degraded."),
    check("audit", 100, true, "The audit log held when it was last verified."),
];
