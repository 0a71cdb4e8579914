//! Crates depend only on what the table of rooms in `ARCHITECTURE.md` allows.
//!
//! A room may use only rooms above it in the table, so the arrows cannot make a circle.
//! Dependencies of tests are free: they are not in what is shipped.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use serde_json::Value;

use super::architecture::PAGE;
use crate::markdown::{self, Table};
use crate::repo::Repo;

/// Which rooms each room uses, or may use.
type Arrows = BTreeMap<String, BTreeSet<String>>;

pub(super) fn run(repo: &Repo) -> Result<Vec<String>> {
    let text = repo.read(PAGE)?;
    let tables = markdown::tables(&text);
    let table = tables
        .iter()
        .find(|table| table.column(&["crate"]).is_some() && may_use_column(table).is_some())
        .with_context(|| format!("{PAGE} has no table with the columns `crate` and `may use`"))?;
    let (allowed, mut problems) = allowed(table);
    problems.extend(compare(&allowed, &used(&repo.metadata()?)));
    Ok(problems)
}

fn may_use_column(table: &Table) -> Option<usize> {
    table.column(&["may use", "may use (of ours)"])
}

/// What the table allows, and what is wrong with the table itself.
fn allowed(table: &Table) -> (Arrows, Vec<String>) {
    let (room_column, may_use_column) = (table.column(&["crate"]), may_use_column(table));
    let cell = |cells: &[String], column: Option<usize>| -> String {
        column.and_then(|column| cells.get(column)).cloned().unwrap_or_default()
    };
    let mut arrows = Arrows::new();
    let mut problems = Vec::new();
    for (line, cells) in &table.rows {
        let rooms = cell(cells, room_column);
        let Some(room) = markdown::spans(&rooms).next() else {
            problems.push(format!("{PAGE}:{line}: expected a crate in backticks"));
            continue;
        };
        let may_use = cell(cells, may_use_column);
        let above: BTreeSet<String> = arrows.keys().cloned().collect();
        let named: BTreeSet<String> = match may_use.as_str() {
            "all above" => above.clone(),
            other => markdown::spans(other).map(String::from).collect(),
        };
        if named.is_empty() && may_use != "-" {
            problems.push(format!("{PAGE}:{line}: expected crates, `-` or all above: {may_use}"));
        }
        for other in named.difference(&above) {
            problems.push(format!("{PAGE}:{line}: `{room}` may use `{other}`, not a row above it"));
        }
        arrows.insert(room.to_owned(), named);
    }
    (arrows, problems)
}

/// What the crates in `crates/` use of each other, tests apart.
fn used(metadata: &Value) -> Arrows {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let root = metadata["workspace_root"].as_str().unwrap_or("");
    let rooms = format!("{root}/crates/");
    let is_ours = |path: &Value| path.as_str().is_some_and(|path| path.starts_with(&rooms));
    let mut arrows = Arrows::new();
    for package in list(&metadata["packages"]) {
        if !is_ours(&package["manifest_path"]) {
            continue;
        }
        let uses = list(&package["dependencies"])
            .iter()
            .filter(|dependency| is_ours(&dependency["path"]) && dependency["kind"] != "dev")
            .filter_map(|dependency| Some(dependency["name"].as_str()?.to_owned()))
            .collect();
        arrows.insert(package["name"].as_str().unwrap_or("").to_owned(), uses);
    }
    arrows
}

fn compare(allowed: &Arrows, used: &Arrows) -> Vec<String> {
    let mut problems = Vec::new();
    for (room, uses) in used {
        let Some(may_use) = allowed.get(room) else {
            problems.push(format!("{PAGE}: `{room}` is a crate and has no row"));
            continue;
        };
        for other in uses.difference(may_use) {
            problems.push(format!("crates/{room}/Cargo.toml: `{room}` may not use `{other}`"));
        }
    }
    for room in allowed.keys().filter(|room| !used.contains_key(*room)) {
        problems.push(format!("{PAGE}: `{room}` has a row and is no crate"));
    }
    problems
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const TABLE: &str = "\
| crate | what lives there | may use (of ours) |
| --- | --- | --- |
| `spike` | networks | - |
| `nir` | graphs | `spike` |
| `sense` | data | `spike` |
| `server` | requests | all above |
| `cli` | the binary | `server`, `nir` |
";

    fn arrows(text: &str) -> (Arrows, Vec<String>) {
        allowed(&markdown::tables(text)[0])
    }

    fn metadata(dependencies_of_spike: Value) -> Value {
        let package = |name: &str, dependencies: Value| {
            let manifest_path = format!("/repo/crates/{name}/Cargo.toml");
            json!({"name": name, "manifest_path": manifest_path, "dependencies": dependencies})
        };
        let on = |name: &str| json!({"name": name, "kind": null, "path": format!("/repo/crates/{name}")});
        json!({"workspace_root": "/repo", "packages": [
            package("spike", dependencies_of_spike),
            package("nir", json!([on("spike"), {"name": "thiserror", "kind": null}])),
            package("sense", json!([])),
            package("server", json!([on("spike"), on("sense")])),
            package("cli", json!([on("server")])),
            {"name": "xtask", "manifest_path": "/repo/xtask/Cargo.toml", "dependencies": [on("cli")]},
        ]})
    }

    #[test]
    fn the_table_is_read() {
        let (allowed, problems) = arrows(TABLE);
        assert_eq!(problems, [""; 0]);
        assert_eq!(allowed["spike"].len(), 0);
        assert_eq!(allowed["server"].len(), 3);
        assert_eq!(allowed["cli"], ["nir".to_owned(), "server".to_owned()].into());
    }

    #[test]
    fn a_bad_table_is_told() {
        let table =
            TABLE.replace("graphs | `spike`", "graphs | `cli`").replace("data | `spike`", "data |");
        let (_, problems) = arrows(&table);
        let expected = [
            "ARCHITECTURE.md:4: `nir` may use `cli`, not a row above it",
            "ARCHITECTURE.md:5: expected crates, `-` or all above: ",
        ];
        assert_eq!(problems, expected);
    }

    #[test]
    fn crates_that_keep_to_the_table_pass() {
        let of_tests = json!([{"name": "nir", "kind": "dev", "path": "/repo/crates/nir"}]);
        assert_eq!(compare(&arrows(TABLE).0, &used(&metadata(of_tests))), [""; 0]);
    }

    #[test]
    fn an_arrow_up_and_a_missing_row_are_told() {
        let up = json!([{"name": "nir", "kind": null, "path": "/repo/crates/nir"}]);
        let table = TABLE.replace("`sense` | data", "`scent` | data");
        let expected = [
            "ARCHITECTURE.md: `sense` is a crate and has no row",
            "crates/server/Cargo.toml: `server` may not use `sense`",
            "crates/spike/Cargo.toml: `spike` may not use `nir`",
            "ARCHITECTURE.md: `scent` has a row and is no crate",
        ];
        assert_eq!(compare(&arrows(&table).0, &used(&metadata(up))), expected);
    }
}
