//! Documents of a server, for people: a line for each field.

use std::path::Path;

use anyhow::{Context, Result};
use clap::ValueEnum;
use serde_json::Value;

/// On or off.
#[derive(Clone, Copy, PartialEq, ValueEnum)]
pub(super) enum Switch {
    On,
    Off,
}

/// JSON of the command line.
pub(super) fn given(what: &str, text: &str) -> Result<Value> {
    serde_json::from_str(text).with_context(|| format!("{what}: expected JSON"))
}

/// JSON of a file.
pub(super) fn given_in(path: &Path) -> Result<Value> {
    let what = path.display().to_string();
    given(&what, &std::fs::read_to_string(path).with_context(|| what.clone())?)
}

/// Prints a document: as it is, or a line for each field.
pub(super) fn print(document: &Value, json: bool) {
    if json {
        println!("{document:#}");
    } else {
        print!("{}", lines(document, 0));
    }
}

fn lines(document: &Value, depth: usize) -> String {
    let indent = "  ".repeat(depth);
    let Value::Object(fields) = document else { return format!("{indent}{}\n", word(document)) };
    let line = |(name, value): (&String, &Value)| match value {
        Value::Object(inner) if !inner.is_empty() => {
            format!("{indent}{name}\n{}", lines(value, depth + 1))
        }
        Value::Array(all) if all.iter().any(Value::is_object) => {
            let all: String = all.iter().map(|one| lines(one, depth + 1) + "\n").collect();
            format!("{indent}{name}\n{}\n", all.trim_end_matches('\n'))
        }
        Value::Null => String::new(),
        value => format!("{indent}{name:<width$} {}\n", word(value), width = 22 - 2 * depth.min(5)),
    };
    fields.iter().map(line).collect()
}

/// A value on one line, as a terminal may have it.
pub(super) fn word(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::lines;

    #[test]
    fn a_document_is_told_line_by_line() {
        let document = json!({
            "id": "a\u{1b}[2J", "gone": null, "now": { "reward": -4.0 }, "all": [{ "law": "first" }],
        });
        let told = "all\n  law                  first\nid                     a [2J\nnow\n  reward               -4.0\n";
        assert_eq!(lines(&document, 0), told);
    }
}
