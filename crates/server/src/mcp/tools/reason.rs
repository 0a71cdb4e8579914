//! The tool that reasons over what is known.

use std::sync::Arc;

use axum::extract::State;
use serde_json::Value;

use super::{Called, Effect, Tool, read, tool, written};
use crate::http::extract::Json;
use crate::http::reason;
use crate::request::Server;
use crate::security::{Caller, Role};
use crate::wire::reason::{ReasonAnswer, ReasonRequest};

pub(super) fn table() -> Vec<Tool> {
    vec![tool::<ReasonRequest, ReasonAnswer>(
        ("memory_reason", "Reason over what is known"),
        (Role::Reader, Effect::Reads),
        "Conclusions, each with its proof; nothing is learned. deductive: what follows of a subject, \
         predicate or object. inductive: what members of a class have in common. abductive: the \
         simplest causes of what was observed. analogical: a is to b as c is to what; a and c alone: \
         how what is around a maps onto what is around c; a alone: what is like it.",
        calls!(|server, caller, request: ReasonRequest| {
            reason::reason(State(server), caller, Json(request)).await?.0
        }),
    )]
}
