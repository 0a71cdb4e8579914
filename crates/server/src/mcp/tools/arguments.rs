//! What tools take: the schema that describes it, and how it is read.

use std::borrow::Cow;
use std::marker::PhantomData;
use std::sync::Arc;

use rmcp::model::JsonObject;
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::error::RequestError;
use crate::http::extract::Number;
use crate::wire::memory::PatchRequest;

/// The schema of arguments.
pub(super) fn taken<T: JsonSchema>() -> Arc<JsonObject> {
    let schema = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<T>();
    let mut object = schema.as_object().cloned().unwrap_or_default();
    object.remove("title");
    object.remove("description");
    object.entry("properties").or_insert_with(|| json!({}));
    Arc::new(object)
}

/// A tool that changes a memory takes its name beside what the body of HTTP has.
pub(super) struct Patch;

impl JsonSchema for Patch {
    fn schema_name() -> Cow<'static, str> {
        "Patch".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = PatchRequest::json_schema(generator);
        let id = json!({ "type": "string", "description": "The memory's name, a UUID." });
        if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
            properties.insert("id".into(), id);
        }
        schema.insert("required".into(), json!(["id"]));
        schema
    }
}

/// What is done with something that stands in the path over HTTP: its number, beside what `T` has.
pub(super) struct Of<T>(PhantomData<T>);

impl<T: JsonSchema> JsonSchema for Of<T> {
    fn schema_name() -> Cow<'static, str> {
        format!("Of{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = T::json_schema(generator);
        let object = schema.ensure_object();
        let id = json!({ "type": "integer", "minimum": 0, "description": "Its number." });
        let properties = object.entry("properties").or_insert_with(|| json!({}));
        properties.as_object_mut().map(|properties| properties.insert("id".into(), id));
        let required = object.entry("required").or_insert_with(|| json!([]));
        required.as_array_mut().into_iter().for_each(|names| names.push("id".into()));
        schema
    }
}

/// Arguments of a type, or where they are wrong.
pub(super) fn read<T: DeserializeOwned>(arguments: Value) -> Result<T, RequestError> {
    serde_path_to_error::deserialize(arguments).map_err(|error| {
        let path = error.path().to_string();
        let at = if path == "." { String::new() } else { format!(".{path}") };
        RequestError::bad(format!("arguments{at}: {}", error.inner()))
    })
}

/// The number of something and what `T` has, as [`Of`] describes them.
pub(super) fn numbered<T: DeserializeOwned>(
    mut arguments: Value,
) -> Result<(Number, T), RequestError> {
    let id = arguments.as_object_mut().and_then(|fields| fields.remove("id"));
    let Some(id) = id.as_ref().and_then(Value::as_u64) else {
        return Err(RequestError::bad("arguments.id: expected a number"));
    };
    Ok((Number(id), read(arguments)?))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::wire::memory::SearchRequest;

    #[test]
    fn wrong_arguments_say_where_and_what() {
        let error = |arguments| read::<SearchRequest>(arguments).unwrap_err().to_string();
        let said = error(json!({ "query": "x", "limit": "ten" }));
        assert!(said.starts_with("arguments.limit: invalid type: string \"ten\""), "{said}");
        let said = error(json!({ "quarry": "x" }));
        assert!(said.contains("unknown field `quarry`, expected one of"), "{said}");
    }
}
