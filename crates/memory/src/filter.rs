//! Which memories are meant: conditions on their fields, joined by AND, OR and NOT, in the shape
//! that users of mem0 write.
//!
//! ```json
//! {"AND": [{"user_id": "ada"}, {"created_at": {"gte": "2026-01-01"}}, {"NOT": {"tags": "old"}}]}
//! ```

use std::cmp::Ordering;

use serde_json::Value;

use crate::error::MemoryError;
use crate::item::Item;
use crate::moment;

/// Conditions of one filter.
pub const MAX_CONDITIONS: usize = 64;
/// How deep conditions may be nested.
pub const MAX_DEPTH: usize = 8;

/// Which memories are meant.
#[derive(Clone, Debug, PartialEq)]
pub enum Filter {
    /// All of these hold; true where there are none.
    All(Vec<Filter>),
    /// One of these holds.
    Any(Vec<Filter>),
    /// It does not hold.
    Not(Box<Filter>),
    /// A field passes a test.
    Is(Field, Test),
}

/// What a condition looks at.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "each is the field of the same name")]
pub enum Field {
    UserId,
    AgentId,
    RunId,
    Tags,
    Class,
    Tier,
    Source,
    Collection,
    Mentions,
    CreatedAt,
    UpdatedAt,
    ExpiresAt,
    Confidence,
    Importance,
    Trust,
    /// A key of the metadata.
    Metadata(String),
}

/// What is asked of a field. A field of several values passes if one of them does.
#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    /// It is this.
    Equal(Value),
    /// It is not this.
    Unequal(Value),
    /// It is one of these.
    In(Vec<Value>),
    /// It compares so.
    Compare(Order, Value),
    /// Its text has this in it; in any case where the flag is set.
    Contains(String, bool),
    /// It has a value.
    Present,
}

/// How a field compares with a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "their names say it")]
pub enum Order {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Filter {
    /// The filter that lets everything pass.
    pub fn everything() -> Self {
        Self::All(Vec::new())
    }

    /// Reads a filter.
    ///
    /// # Errors
    /// [`MemoryError::Filter`].
    pub fn parse(json: &Value) -> Result<Self, MemoryError> {
        let mut room = MAX_CONDITIONS;
        parse(json, MAX_DEPTH, &mut room).map_err(|what| MemoryError::Filter { what })
    }

    /// Whether a memory passes.
    pub fn passes(&self, item: &Item) -> bool {
        match self {
            Self::All(of) => of.iter().all(|f| f.passes(item)),
            Self::Any(of) => of.iter().any(|f| f.passes(item)),
            Self::Not(of) => !of.passes(item),
            Self::Is(Field::Mentions, Test::Equal(Value::String(name))) => {
                let name = name.to_lowercase();
                item.mentions.iter().any(|m| m.to_lowercase() == name)
            }
            Self::Is(field, test) => test.passes(&field.values(item), field.is_time()),
        }
    }
}

impl Field {
    fn parse(name: &str) -> Self {
        match name {
            "user_id" => Self::UserId,
            "agent_id" => Self::AgentId,
            "run_id" | "session_id" => Self::RunId,
            "tags" | "tag" | "categories" => Self::Tags,
            "class" => Self::Class,
            "tier" => Self::Tier,
            "source" => Self::Source,
            "collection" => Self::Collection,
            "mentions" | "entity" => Self::Mentions,
            "created_at" => Self::CreatedAt,
            "updated_at" => Self::UpdatedAt,
            "expires_at" | "expiration_date" => Self::ExpiresAt,
            "confidence" => Self::Confidence,
            "importance" => Self::Importance,
            "trust" => Self::Trust,
            other => Self::Metadata(other.strip_prefix("metadata.").unwrap_or(other).to_owned()),
        }
    }

    fn is_time(&self) -> bool {
        matches!(self, Self::CreatedAt | Self::UpdatedAt | Self::ExpiresAt)
    }

    fn values(&self, item: &Item) -> Vec<Value> {
        let text = |text: &Option<String>| text.iter().map(|t| t.as_str().into()).collect();
        let texts = |texts: &[String]| texts.iter().map(|t| t.as_str().into()).collect();
        match self {
            Self::UserId => text(&item.scope.user_id),
            Self::AgentId => text(&item.scope.agent_id),
            Self::RunId => text(&item.scope.run_id),
            Self::Tags => texts(&item.tags),
            Self::Class => vec![item.class.name().into()],
            Self::Tier => vec![item.tier.name().into()],
            Self::Source => text(&item.source),
            Self::Collection => vec![item.collection.as_str().into()],
            Self::Mentions => texts(&item.mentions),
            Self::CreatedAt => vec![item.created_at.into()],
            Self::UpdatedAt => vec![item.updated_at.into()],
            Self::ExpiresAt => item.expires_at.iter().map(|&t| t.into()).collect(),
            Self::Confidence => vec![item.confidence.into()],
            Self::Importance => vec![item.importance.into()],
            Self::Trust => vec![item.trust.into()],
            Self::Metadata(key) => match item.metadata.get(key) {
                Some(Value::Array(values)) => values.clone(),
                Some(value) => vec![value.clone()],
                None => Vec::new(),
            },
        }
    }
}

impl Test {
    fn passes(&self, values: &[Value], time: bool) -> bool {
        let same = |a: &Value, b: &Value| order(a, b, time) == Some(Ordering::Equal) || a == b;
        match self {
            Self::Present => !values.is_empty(),
            Self::Equal(to) => values.iter().any(|v| same(v, to)),
            Self::Unequal(to) => !values.iter().any(|v| same(v, to)),
            Self::In(of) => values.iter().any(|v| of.iter().any(|o| same(v, o))),
            Self::Compare(how, to) => {
                values.iter().any(|v| order(v, to, time).is_some_and(|o| how.holds(o)))
            }
            Self::Contains(part, any_case) => values.iter().any(|v| contains(v, part, *any_case)),
        }
    }
}

impl Order {
    fn holds(self, found: Ordering) -> bool {
        match self {
            Self::Less => found.is_lt(),
            Self::LessOrEqual => found.is_le(),
            Self::Greater => found.is_gt(),
            Self::GreaterOrEqual => found.is_ge(),
        }
    }
}

/// How two values compare; values of two kinds do not. A time is compared with a written one.
fn order(a: &Value, b: &Value, time: bool) -> Option<Ordering> {
    match (a, b) {
        (Value::Number(a), Value::String(b)) if time => a.as_i64()?.partial_cmp(&moment::read(b)?),
        (Value::Number(a), Value::Number(b)) => match (a.as_i64(), b.as_i64()) {
            (Some(a), Some(b)) => Some(a.cmp(&b)),
            _ => a.as_f64()?.partial_cmp(&b.as_f64()?),
        },
        (Value::String(a), Value::String(b)) => Some(a.cmp(b)),
        (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
        _ => None,
    }
}

fn contains(value: &Value, part: &str, any_case: bool) -> bool {
    let Some(text) = value.as_str() else { return false };
    if any_case { text.to_lowercase().contains(&part.to_lowercase()) } else { text.contains(part) }
}

type Parsed = Result<Filter, String>;

fn parse(json: &Value, depth: usize, room: &mut usize) -> Parsed {
    let Some(object) = json.as_object() else {
        return Err(format!("expected an object of conditions, found {}", said(json)));
    };
    if depth == 0 {
        return Err(format!("nested deeper than {MAX_DEPTH}"));
    }
    let mut all = Vec::with_capacity(object.len());
    for (name, value) in object {
        *room =
            room.checked_sub(1).ok_or_else(|| format!("more than {MAX_CONDITIONS} conditions"))?;
        all.push(condition(name, value, depth, room)?);
    }
    Ok(if all.len() == 1 { all.remove(0) } else { Filter::All(all) })
}

fn condition(name: &str, value: &Value, depth: usize, room: &mut usize) -> Parsed {
    let several = |room: &mut usize| match value {
        Value::Array(of) => of.iter().map(|v| parse(v, depth - 1, room)).collect(),
        one => parse(one, depth - 1, room).map(|f| vec![f]),
    };
    match name {
        "AND" => several(room).map(Filter::All),
        "OR" => several(room).map(Filter::Any),
        "NOT" => several(room).map(|of| Filter::Not(Box::new(Filter::Any(of)))),
        _ => tests(Field::parse(name), value),
    }
}

fn tests(field: Field, value: &Value) -> Parsed {
    let Some(operators) = value.as_object() else {
        return plain(field.clone(), value).map(|test| Filter::Is(field, test));
    };
    let test = |(operator, value): (&String, &Value)| {
        let test = operator_test(&field, operator, value)?;
        Ok(Filter::Is(field.clone(), test))
    };
    operators.iter().map(test).collect::<Result<_, String>>().map(Filter::All)
}

fn plain(field: Field, value: &Value) -> Result<Test, String> {
    match value {
        Value::String(text) if text == "*" => Ok(Test::Present),
        Value::Array(of) => Ok(Test::In(of.clone())),
        other => checked(&field, other).map(Test::Equal),
    }
}

fn operator_test(field: &Field, operator: &str, value: &Value) -> Result<Test, String> {
    let compare = |how| Ok(Test::Compare(how, checked(field, value)?));
    let text = || value.as_str().map(str::to_owned);
    let expected = |what: &str| format!("{operator}: expected {what}, found {}", said(value));
    match operator {
        "eq" => checked(field, value).map(Test::Equal),
        "ne" => checked(field, value).map(Test::Unequal),
        "in" => value.as_array().cloned().map(Test::In).ok_or_else(|| expected("a list")),
        "lt" => compare(Order::Less),
        "lte" => compare(Order::LessOrEqual),
        "gt" => compare(Order::Greater),
        "gte" => compare(Order::GreaterOrEqual),
        "contains" => text().map(|t| Test::Contains(t, false)).ok_or_else(|| expected("a text")),
        "icontains" => text().map(|t| Test::Contains(t, true)).ok_or_else(|| expected("a text")),
        other => Err(format!(
            "operator {other:?}, expected eq, ne, in, lt, lte, gt, gte, contains or icontains"
        )),
    }
}

/// A value that the field can be compared with.
fn checked(field: &Field, value: &Value) -> Result<Value, String> {
    let time = value.as_str().is_some_and(|text| moment::read(text).is_some()) || value.is_i64();
    if field.is_time() && !time {
        return Err(format!("expected a time as 2026-11-21T10:30:00Z, found {}", said(value)));
    }
    Ok(value.clone())
}

fn said(value: &Value) -> String {
    value.to_string().chars().take(64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::item::tests::item;
    use serde_json::json;

    #[test]
    fn conditions_hold_as_they_read() {
        let mut one = item("a text");
        one.scope.user_id = Some("ada".into());
        one.tags = vec!["blue".into(), "old".into()];
        one.created_at = moment::read("2026-03-01").unwrap();
        one.metadata.insert("price".into(), json!(12.5));
        one.metadata.insert("kinds".into(), json!(["a", "b"]));
        let cases = [
            (json!({}), true),
            (json!({"user_id": "ada"}), true),
            (json!({"user_id": "bob"}), false),
            (json!({"user_id": "*"}), true),
            (json!({"agent_id": "*"}), false),
            (json!({"tags": ["red", "blue"]}), true),
            (json!({"NOT": {"tags": "old"}}), false),
            (json!({"AND": [{"user_id": "ada"}, {"price": {"gt": 12, "lte": 12.5}}]}), true),
            (json!({"OR": [{"user_id": "bob"}, {"kinds": "b"}]}), true),
            (json!({"created_at": {"gte": "2026-03-01T00:00:00Z", "lt": "2026-04-01"}}), true),
            (json!({"metadata.price": {"ne": 12.5}}), false),
            (json!({"source": {"ne": "web"}}), true),
            (json!({"tags": {"icontains": "BL"}}), true),
            (json!({"price": {"gt": "a text"}}), false),
        ];
        for (filter, expected) in cases {
            assert_eq!(Filter::parse(&filter).unwrap().passes(&one), expected, "{filter}");
        }
    }

    #[test]
    fn what_is_no_filter_is_told() {
        let mut deep = json!({"user_id": "ada"});
        for _ in 0..9 {
            deep = json!({"NOT": deep});
        }
        let many: Vec<_> = (0..70).map(|k| json!({"user_id": k})).collect();
        let cases = [
            (json!([1]), "expected an object"),
            (json!({"price": {"near": 1}}), "operator \"near\""),
            (json!({"created_at": {"gt": "soon"}}), "expected a time"),
            (json!({"price": {"in": 3}}), "expected a list"),
            (deep, "nested deeper than 8"),
            (json!({"OR": many}), "more than 64 conditions"),
        ];
        for (filter, expected) in cases {
            let error = Filter::parse(&filter).unwrap_err().to_string();
            assert!(error.contains(expected), "{filter}: {error}");
        }
    }
}
