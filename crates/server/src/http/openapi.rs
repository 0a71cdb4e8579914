//! The OpenAPI 3.1 document, made from the table of operations and the types that its handlers read
//! and write.

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::operation::{Body, Operation};
use crate::error::{PROBLEM_JSON, Problem};
use crate::security::Access;

/// The document.
pub(crate) fn document() -> Value {
    let mut settings = SchemaSettings::draft2020_12();
    settings.definitions_path = "/components/schemas".into();
    settings.meta_schema = None;
    let mut generator = settings.into_generator();
    let problem = generator.subschema_for::<Problem>();
    let mut paths: Map<String, Value> = Map::new();
    for operation in super::operations() {
        let described = describe(&operation, &mut generator);
        for path in std::iter::once(operation.path).chain(operation.alias) {
            let mut described = described.clone();
            if path != operation.path {
                described["operationId"] = json!(format!("{}_alias", operation.id));
            }
            let item = paths.entry(path).or_insert_with(|| json!({}));
            item[operation.method.to_ascii_lowercase()] = described;
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Striatum",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "Spiking neural networks in production.",
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "paths": paths,
        "components": {
            "schemas": generator.take_definitions(true),
            "responses": {
                "Problem": {
                    "description": "What is wrong, as RFC 9457 has it.",
                    "headers": {
                        "Retry-After": {
                            "description": "Seconds until it may help to try again.",
                            "schema": { "type": "integer", "minimum": 1 },
                        },
                    },
                    "content": { PROBLEM_JSON: { "schema": problem } },
                },
            },
            "securitySchemes": {
                "bearer": { "type": "http", "scheme": "bearer",
                    "description": "An API key or a JSON Web Token." },
                "key": { "type": "apiKey", "in": "header", "name": "x-api-key" },
            },
        },
        "security": [{ "bearer": [] }, { "key": [] }, {}],
    })
}

fn describe(operation: &Operation, generator: &mut schemars::SchemaGenerator) -> Value {
    let problem = json!({ "$ref": "#/components/responses/Problem" });
    let role = match operation.access {
        Access::Anyone => "anyone",
        Access::Watching => "scraper, or operator",
        Access::AtLeast(role) => role.name(),
    };
    let mut answer = json!({ "description": "Done." });
    if let Some(mut content) = content(operation.gives, generator) {
        if let Some(media) = operation.or {
            content[media] = json!({ "schema": {} });
        }
        answer["content"] = content;
    }
    let mut responses = json!({ "4XX": problem, "5XX": problem });
    if operation.prometheus {
        let error = json!({
            "description": "What is wrong: as Prometheus says it of a query, as RFC 9457 has it of the request.",
            "content": {
                "application/json": { "schema": { "type": "object", "required": ["status", "errorType", "error"] } },
                PROBLEM_JSON: { "schema": { "$ref": "#/components/schemas/Problem" } },
            },
        });
        responses = json!({ "4XX": error, "5XX": error });
    }
    responses[operation.status.to_string()] = answer;
    let mut described = json!({
        "operationId": operation.id,
        "tags": [operation.tag],
        "summary": operation.summary,
        "description": format!("Needs the role: {role}."),
        "parameters": parameters(operation),
        "responses": responses,
    });
    if operation.access == Access::Anyone {
        described["security"] = json!([{}]);
    }
    if let Some(content) = content(operation.takes, generator) {
        let required = !matches!(operation.takes, Body::JsonIfAny(_));
        described["requestBody"] = json!({ "required": required, "content": content });
    }
    described
}

fn content(body: Body, generator: &mut schemars::SchemaGenerator) -> Option<Value> {
    match body {
        Body::Nothing => None,
        Body::Json(schema) | Body::JsonIfAny(schema) => {
            Some(json!({ "application/json": { "schema": schema(generator) } }))
        }
        Body::Media(kind) => {
            let schema = match kind {
                "application/octet-stream" => json!({}),
                "application/x-www-form-urlencoded" => {
                    json!({ "type": "object", "additionalProperties": { "type": "string" } })
                }
                _ => json!({ "type": "string" }),
            };
            Some(json!({ kind: { "schema": schema } }))
        }
    }
}

fn parameters(operation: &Operation) -> Vec<Value> {
    let names = operation
        .path
        .split('/')
        .filter_map(|part| part.strip_prefix('{').and_then(|part| part.strip_suffix('}')));
    let path = names.map(|name| {
        json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string", "minLength": 1 } })
    });
    let query = operation.query.iter().map(|query| {
        let schema = match query.kind {
            "integer" => json!({ "type": "integer", "minimum": 0 }),
            "count" => json!({ "type": "integer", "minimum": 1, "maximum": 1000 }),
            kind => json!({ "type": kind }),
        };
        json!({ "name": query.name, "in": "query", "required": query.required,
                "description": query.help, "schema": schema })
    });
    path.chain(query).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    #[test]
    fn every_operation_is_told_apart_and_says_what_it_does() {
        let mut ids = HashSet::new();
        let mut routes = HashSet::new();
        for operation in super::super::operations() {
            assert!(ids.insert(operation.id), "{} twice", operation.id);
            assert!(routes.insert((operation.method, operation.path)), "{} twice", operation.path);
            assert!(operation.summary.ends_with('.'), "{}: no sentence", operation.id);
            assert!(!operation.tag.is_empty(), "{}", operation.id);
        }
    }

    #[test]
    fn every_reference_of_the_document_leads_somewhere() {
        let document = super::document();
        let text = document.to_string();
        let mut n = 0;
        for part in text.split("\"$ref\":\"#").skip(1) {
            let pointer = part.split('"').next().unwrap();
            assert!(document.pointer(pointer).is_some(), "{pointer}");
            n += 1;
        }
        assert!(n > 50, "{n} references");
    }
}
