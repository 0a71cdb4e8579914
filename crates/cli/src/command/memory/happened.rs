//! What happened to what is known, for people: a line for each event, and one for each field that it
//! changed.

use anyhow::Result;
use clap::Args;
use serde_json::{Map, Value};

use super::{field, line, results};
use crate::Outcome;
use crate::command::client::Client;
use crate::watched::ServerFlags;

/// Characters of what a field was on one side.
const TEXT: usize = 60;

/// What happened to something that is known by its number.
#[derive(Args)]
pub(super) struct History {
    /// Its number.
    number: u64,
    #[command(flatten)]
    server: ServerFlags,
}

impl History {
    /// Of something of a kind: `fact`, `relation`.
    pub(super) fn run(self, kind: &str, json: bool) -> Result<Outcome> {
        let item = format!("{kind} {}", self.number);
        let query = [("item", item.as_str())];
        let answer = Client::of(&self.server).get("/v1/knowledge/history", &query)?;
        shown(&answer, json);
        Ok(Outcome::Done)
    }
}

/// Shows the events of an answer.
pub(super) fn shown(answer: &Value, json: bool) {
    if json {
        println!("{answer:#}");
    } else {
        results(answer).iter().for_each(|event| print!("{}", told(event)));
    }
}

fn told(event: &Value) -> String {
    let (before, after) = (fields(&event["before"]), fields(&event["after"]));
    let what = match (&before, &after) {
        (None, Some(_)) => "added",
        (_, None) => "taken back",
        _ => "changed",
    };
    let item = event["item"].as_str().map_or_else(String::new, |item| format!("{item} "));
    let branch = match event["branch"].as_u64() {
        None | Some(0) => String::new(),
        Some(branch) => format!(" on branch {branch}"),
    };
    let (revision, at, by) = (field(event, "revision"), field(event, "at"), field(event, "by"));
    let head = format!("{revision:>5}  {at}  {item}{what} by {by}{branch}\n");
    let changed = after.into_iter().flatten().filter_map(|(name, now)| {
        let then = before.and_then(|before| before.get(name)).unwrap_or(&Value::Null);
        (then != now).then(|| change(name, then, now))
    });
    [head].into_iter().chain(changed).collect()
}

/// The fields of an item, whatever it is.
fn fields(item: &Value) -> Option<&Map<String, Value>> {
    item.as_object()?.values().next()?.as_object()
}

/// A field that changed; nothing where it came without a value.
fn change(name: &str, then: &Value, now: &Value) -> String {
    let [then, now] = [then, now].map(|value| line(&said(value), TEXT));
    match (then.is_empty(), now.is_empty()) {
        (true, true) => String::new(),
        (true, false) => format!("       {name}: {now}\n"),
        (false, _) => format!("       {name}: {then} > {now}\n"),
    }
}

/// A value in words; none where there is nothing in it.
fn said(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Number(number) => match number.as_f64() {
            // Of 32 bits on the server, with their digits.
            Some(real) if number.is_f64() => (real as f32).to_string(),
            _ => number.to_string(),
        },
        Value::Array(all) => all.iter().map(said).collect::<Vec<_>>().join(", "),
        Value::Object(all) => {
            let all = all.iter().map(|(name, value)| (name, said(value)));
            let told = all.filter(|(_, value)| !value.is_empty());
            told.map(|(name, value)| format!("{name} {value}")).collect::<Vec<_>>().join(", ")
        }
        Value::Bool(truth) => truth.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::told;

    #[test]
    fn an_event_tells_what_it_changed() {
        let fact = |negated: bool| {
            json!({ "Fact": { "negated": negated, "to": null, "confidence": 0.9f32,
                "object": { "Literal": { "Text": "gravel" } }, "reasons": [] } })
        };
        let mut event = json!({ "revision": 7, "branch": 2, "at": "then", "by": "mara",
            "item": "fact 5", "before": null, "after": fact(true) });
        let added = "    7  then  fact 5 added by mara on branch 2
       confidence: 0.9
       negated: true
       object: Literal Text gravel
";
        assert_eq!(told(&event), added);
        event["before"] = fact(false);
        event["branch"] = 0.into();
        let changed = "    7  then  fact 5 changed by mara\n       negated: false > true\n";
        assert_eq!(told(&event), changed);
        event["after"] = json!(null);
        assert_eq!(told(&event), "    7  then  fact 5 taken back by mara\n");
    }
}
