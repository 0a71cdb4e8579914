//! Query parameters that several rooms of the API have in common, and how others are written.

use super::operation::Query;

pub(super) const USER: Query = text("user_id", "Whose: a user of the application.");
pub(super) const AGENT: Query = text("agent_id", "Whose: an agent of the application.");
pub(super) const RUN: Query = text("run_id", "Whose: a run, a conversation.");
pub(super) const AFTER: Query = text("after", "The `next` of the page before.");
pub(super) const LIMIT: Query = number("limit", "How many, 1 to 1000; 100 where there is none.");

pub(super) const fn text(name: &'static str, help: &'static str) -> Query {
    Query { name, help, kind: "string", required: false }
}

pub(super) const fn number(name: &'static str, help: &'static str) -> Query {
    Query { name, help, kind: "integer", required: false }
}

pub(super) const fn flag(name: &'static str, help: &'static str) -> Query {
    Query { name, help, kind: "boolean", required: false }
}

/// A text that must be there.
pub(super) const fn needed(name: &'static str, help: &'static str) -> Query {
    Query { name, help, kind: "string", required: true }
}
