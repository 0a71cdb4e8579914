//! Messages as JSON: structs and values of protobuf are objects and values there, and a list that
//! may be absent is a list or nothing.

use prost_types::value::Kind;
use prost_types::{ListValue, Struct, Value};
use serde::{Serialize, Serializer};
use serde_json::Value as Json;

use crate::memory::EntityRef;

/// Whole numbers up to here are exact in a double.
const MAX_EXACT: f64 = 9_007_199_254_740_992.0;

fn json(value: Value) -> Json {
    match value.kind {
        None | Some(Kind::NullValue(_)) => Json::Null,
        Some(Kind::BoolValue(value)) => value.into(),
        Some(Kind::StringValue(value)) => value.into(),
        // Protobuf has doubles only; what is whole was an integer.
        Some(Kind::NumberValue(n)) if n.fract() == 0.0 && n.abs() <= MAX_EXACT => (n as i64).into(),
        Some(Kind::NumberValue(n)) => n.into(),
        Some(Kind::ListValue(list)) => list.values.into_iter().map(json).collect(),
        Some(Kind::StructValue(object)) => json_object(object),
    }
}

fn json_object(object: Struct) -> Json {
    Json::Object(object.fields.into_iter().map(|(name, value)| (name, json(value))).collect())
}

fn value_of(json: Json) -> Value {
    let kind = match json {
        Json::Null => Kind::NullValue(0),
        Json::Bool(value) => Kind::BoolValue(value),
        Json::String(value) => Kind::StringValue(value),
        Json::Number(n) => Kind::NumberValue(n.as_f64().unwrap_or_default()),
        Json::Array(values) => {
            Kind::ListValue(ListValue { values: values.into_iter().map(value_of).collect() })
        }
        Json::Object(fields) => Kind::StructValue(object_of(fields)),
    };
    Value { kind: Some(kind) }
}

fn object_of(fields: serde_json::Map<String, Json>) -> Struct {
    Struct { fields: fields.into_iter().map(|(name, value)| (name, value_of(value))).collect() }
}

/// An object, or nothing.
pub(crate) mod object {
    use prost_types::Struct;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(crate) fn serialize<S: Serializer>(it: &Option<Struct>, to: S) -> Result<S::Ok, S::Error> {
        it.clone().map(super::json_object).serialize(to)
    }

    pub(crate) fn deserialize<'a, D: Deserializer<'a>>(
        from: D,
    ) -> Result<Option<Struct>, D::Error> {
        Ok(Option::<serde_json::Map<_, _>>::deserialize(from)?.map(super::object_of))
    }
}

/// A value, or nothing.
pub(crate) mod value {
    use prost_types::Value;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(crate) fn serialize<S: Serializer>(it: &Option<Value>, to: S) -> Result<S::Ok, S::Error> {
        it.clone().map(super::json).serialize(to)
    }

    pub(crate) fn deserialize<'a, D: Deserializer<'a>>(from: D) -> Result<Option<Value>, D::Error> {
        Ok(Some(super::value_of(serde_json::Value::deserialize(from)?)))
    }
}

/// An entity by its number or its name, whichever it is told by. Where that is not clear it is an
/// object, which nobody takes for an entity.
pub(crate) fn entity<S: Serializer>(it: &Option<EntityRef>, to: S) -> Result<S::Ok, S::Error> {
    it.as_ref().map_or(Json::Null, told).serialize(to)
}

/// Several of those.
pub(crate) fn entities<S: Serializer>(all: &[EntityRef], to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(all.iter().map(told))
}

fn told(of: &EntityRef) -> Json {
    match (of.number, &of.name) {
        (Some(number), None) => number.into(),
        (None, Some(name)) => name.as_str().into(),
        _ => Json::Object(serde_json::Map::new()),
    }
}

/// A list, or nothing.
pub(crate) mod tags {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::memory::Tags;

    pub(crate) fn serialize<S: Serializer>(it: &Option<Tags>, to: S) -> Result<S::Ok, S::Error> {
        it.as_ref().map(|tags| &tags.values).serialize(to)
    }

    pub(crate) fn deserialize<'a, D: Deserializer<'a>>(from: D) -> Result<Option<Tags>, D::Error> {
        Ok(Option::deserialize(from)?.map(|values| Tags { values }))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_goes_through_comes_back() {
        let all = json!({
            "a": null, "b": true, "c": "text", "d": 3, "e": -2.5, "f": [1, ["x"], {}],
            "g": { "h": 9_007_199_254_740_992_i64 }, "i": 1e300,
        });
        let Json::Object(fields) = all.clone() else { panic!() };
        assert_eq!(json_object(object_of(fields)), all);
        assert_eq!(json(Value { kind: Some(Kind::NumberValue(f64::NAN)) }), Json::Null);
    }
}
