//! One line of the table of operations.

use axum::routing::MethodRouter;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use std::sync::Arc;

use crate::request::Server;
use crate::security::Access;

/// What can be asked of the server, who may ask it, and what it takes and gives.
pub(crate) struct Operation {
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    /// Another path of the same.
    pub(crate) alias: Option<&'static str>,
    /// Its name: in the OpenAPI document and in the audit log.
    pub(crate) id: &'static str,
    pub(crate) access: Access,
    pub(crate) tag: &'static str,
    pub(crate) summary: &'static str,
    pub(crate) query: &'static [Query],
    pub(crate) takes: Body,
    pub(crate) gives: Body,
    /// What it gives instead where it is asked to.
    pub(crate) or: Option<&'static str>,
    pub(crate) status: u16,
    /// Whether its errors are those that Prometheus' clients read.
    pub(crate) prometheus: bool,
    /// Whether it counts as a call of the caller's tenant.
    pub(crate) counts: bool,
    pub(crate) handler: MethodRouter<Arc<Server>>,
}

/// A parameter of the query.
pub(crate) struct Query {
    pub(crate) name: &'static str,
    pub(crate) help: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) required: bool,
}

/// What a body holds.
#[derive(Clone, Copy)]
pub(crate) enum Body {
    Nothing,
    Json(fn(&mut SchemaGenerator) -> Schema),
    /// JSON that may be left out.
    JsonIfAny(fn(&mut SchemaGenerator) -> Schema),
    /// Another media type.
    Media(&'static str),
}

/// A body of JSON of a type.
pub(crate) fn json<T: JsonSchema>() -> Body {
    Body::Json(|generator| generator.subschema_for::<T>())
}

/// A body of JSON of a type, which may be left out.
pub(crate) fn json_if_any<T: JsonSchema>() -> Body {
    Body::JsonIfAny(|generator| generator.subschema_for::<T>())
}

impl Operation {
    pub(crate) fn new(
        (method, path): (&'static str, &'static str),
        id: &'static str,
        access: Access,
        handler: MethodRouter<Arc<Server>>,
    ) -> Self {
        Self {
            method,
            path,
            alias: None,
            id,
            access,
            tag: "",
            summary: "",
            query: &[],
            takes: Body::Nothing,
            gives: Body::Nothing,
            or: None,
            status: 200,
            prometheus: false,
            counts: true,
            handler,
        }
    }

    pub(crate) fn says(mut self, tag: &'static str, summary: &'static str) -> Self {
        (self.tag, self.summary) = (tag, summary);
        self
    }

    pub(crate) fn takes(mut self, body: Body) -> Self {
        self.takes = body;
        self
    }

    pub(crate) fn gives(mut self, body: Body) -> Self {
        self.gives = body;
        self
    }

    pub(crate) fn or(mut self, media: &'static str) -> Self {
        self.or = Some(media);
        self
    }

    pub(crate) fn errors_of_prometheus(mut self) -> Self {
        self.prometheus = true;
        self
    }

    /// It does not count as a call of the caller's tenant.
    pub(crate) fn uncounted(mut self) -> Self {
        self.counts = false;
        self
    }

    /// It takes a form.
    pub(crate) fn form(self) -> Self {
        self.takes(Body::Media("application/x-www-form-urlencoded"))
    }

    pub(crate) fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    pub(crate) fn query(mut self, query: &'static [Query]) -> Self {
        self.query = query;
        self
    }

    pub(crate) fn alias(mut self, path: &'static str) -> Self {
        self.alias = Some(path);
        self
    }
}
