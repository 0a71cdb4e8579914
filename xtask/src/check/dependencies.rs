//! Every crate that is built has a licence that `deny.toml` allows, and none is one that it bans.
//!
//! cargo-deny reads the same file and looks at more (advisories, sources, duplicates).
//! This holds the two that matter most on machines where it is not installed.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::repo::Repo;

/// The part of `deny.toml` that is read here.
struct Rules {
    licences: Vec<String>,
    /// Name and reason.
    bans: Vec<(String, String)>,
}

pub(super) fn run(repo: &Repo) -> Result<Vec<String>> {
    let rules = rules(&repo.read("deny.toml")?)?;
    Ok(problems_with(&rules, &repo.metadata()?))
}

fn rules(text: &str) -> Result<Rules> {
    let table: toml::Table = text.parse().context("deny.toml")?;
    let list = |section: &str, key: &str| -> Result<Vec<toml::Value>> {
        let value = table.get(section).and_then(|section| section.get(key));
        let array = value.and_then(toml::Value::as_array).cloned();
        array.with_context(|| format!("deny.toml has no list {section}.{key}"))
    };
    let field = |entry: &toml::Value, key: &str| -> Result<String> {
        let text = entry.get(key).and_then(toml::Value::as_str).map(String::from);
        text.with_context(|| format!("deny.toml: a ban without `{key}`"))
    };
    let bans = list("bans", "deny")?;
    Ok(Rules {
        licences: list("licenses", "allow")?
            .iter()
            .filter_map(|licence| licence.as_str().map(String::from))
            .collect(),
        bans: bans
            .iter()
            .map(|entry| Ok((field(entry, "crate")?, field(entry, "reason")?)))
            .collect::<Result<_>>()?,
    })
}

fn problems_with(rules: &Rules, metadata: &Value) -> Vec<String> {
    let empty = Vec::new();
    let built: BTreeSet<&str> = metadata["resolve"]["nodes"]
        .as_array()
        .unwrap_or(&empty)
        .iter()
        .filter_map(|node| node["id"].as_str())
        .collect();
    let mut problems = Vec::new();
    for package in metadata["packages"].as_array().unwrap_or(&empty) {
        let name = package["name"].as_str().unwrap_or("");
        if !package["id"].as_str().is_some_and(|id| built.contains(id)) {
            continue;
        }
        if let Some((_, reason)) = rules.bans.iter().find(|(banned, _)| banned == name) {
            problems.push(format!("{name} is banned: {reason} (cargo tree -i {name})"));
        }
        let licence = package["license"].as_str().unwrap_or("");
        if !is_allowed(licence, &rules.licences) {
            problems
                .push(format!("{name}: licence `{licence}` is not allowed (cargo tree -i {name})"));
        }
    }
    problems
}

/// Whether an SPDX expression can be met with allowed licences only.
/// `OR` (or the older `/`) gives a choice, `AND` binds tighter and asks for both.
fn is_allowed(expression: &str, allowed: &[String]) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let spaced = spaced.replace(" WITH ", "+WITH+");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut parser = Spdx { words: &words, allowed };
    let holds = parser.either();
    holds && parser.words.is_empty()
}

struct Spdx<'a> {
    words: &'a [&'a str],
    allowed: &'a [String],
}

impl Spdx<'_> {
    fn either(&mut self) -> bool {
        let mut holds = self.both();
        while self.take("OR") {
            holds |= self.both();
        }
        holds
    }

    fn both(&mut self) -> bool {
        let mut holds = self.one();
        while self.take("AND") {
            holds &= self.one();
        }
        holds
    }

    fn one(&mut self) -> bool {
        if self.take("(") {
            let holds = self.either();
            return self.take(")") && holds;
        }
        let Some((word, rest)) = self.words.split_first() else { return false };
        self.words = rest;
        let licence = word.replace("+WITH+", " WITH ");
        self.allowed.contains(&licence)
    }

    fn take(&mut self, word: &str) -> bool {
        let found = self.words.first() == Some(&word);
        if found {
            self.words = &self.words[1..];
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const DENY: &str = "\
[licenses]
allow = ['MIT', 'Apache-2.0', 'ISC', 'Apache-2.0 WITH LLVM-exception']
[bans]
deny = [{ crate = 'openssl-sys', reason = 'use rustls' }]
";

    #[test]
    fn expressions_are_weighed() {
        let allowed = rules(DENY).unwrap().licences;
        for good in [
            "MIT",
            "MIT OR GPL-3.0",
            "GPL-3.0/MIT",
            "Apache-2.0 AND ISC",
            "(GPL-2.0 OR MIT) AND ISC",
            "Apache-2.0 WITH LLVM-exception OR GPL-2.0",
        ] {
            assert!(is_allowed(good, &allowed), "{good}");
        }
        for bad in ["", "GPL-3.0", "MIT AND GPL-3.0", "(MIT", "MIT MIT", "ISC WITH x"] {
            assert!(!is_allowed(bad, &allowed), "{bad}");
        }
    }

    #[test]
    fn banned_and_unlicensed_crates_are_told_if_built() {
        let package =
            |name: &str, licence: Value| json!({"name": name, "id": name, "license": licence});
        let metadata = json!({
            "packages": [
                package("serde", json!("MIT OR Apache-2.0")),
                package("openssl-sys", json!("MIT")),
                package("bare", Value::Null),
                package("unbuilt", json!("GPL-3.0")),
            ],
            "resolve": {"nodes": [{"id": "serde"}, {"id": "openssl-sys"}, {"id": "bare"}]},
        });
        let expected = [
            "openssl-sys is banned: use rustls (cargo tree -i openssl-sys)",
            "bare: licence `` is not allowed (cargo tree -i bare)",
        ];
        assert_eq!(problems_with(&rules(DENY).unwrap(), &metadata), expected);
    }

    #[test]
    fn a_ban_needs_its_reason() {
        let text = DENY.replace(", reason = 'use rustls'", "");
        assert_eq!(rules(&text).err().unwrap().to_string(), "deny.toml: a ban without `reason`");
    }
}
