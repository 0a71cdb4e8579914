//! Every path and definition that `ARCHITECTURE.md` names exists.
//!
//! A code span with a `/` in it (and not in front) is a path from the root.
//! In a table with a column `file`, the span in that column is a file, by path or by its bare name,
//! and the spans in its column `name` or `function` are defined in it.

use anyhow::Result;

use crate::markdown::{self, Table};
use crate::repo::Repo;

pub(super) const PAGE: &str = "ARCHITECTURE.md";

/// The words that a definition follows.
const KEYWORDS: &[&str] =
    &["fn", "struct", "enum", "trait", "mod", "const", "static", "type", "union", "macro_rules"];

pub(super) fn run(repo: &Repo) -> Result<Vec<String>> {
    let text = repo.read(PAGE)?;
    let mut problems: Vec<String> = markdown::code_spans(&text)
        .into_iter()
        .filter(|(_, span)| is_path(span) && !repo.exists(span))
        .map(|(line, span)| format!("{PAGE}:{line}: `{span}` does not exist"))
        .collect();
    for table in markdown::tables(&text) {
        problems.extend(problems_of_table(repo, &table)?);
    }
    Ok(problems)
}

fn is_path(span: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "._-/".contains(c);
    span.contains('/') && !span.starts_with('/') && span.chars().all(allowed)
}

fn problems_of_table(repo: &Repo, table: &Table) -> Result<Vec<String>> {
    let mut problems = Vec::new();
    let Some(file_column) = table.column(&["file"]) else { return Ok(problems) };
    let name_column = table.column(&["name", "names", "function", "symbol", "type"]);
    for (line, cells) in &table.rows {
        let Some(file) = cells.get(file_column).and_then(|cell| markdown::spans(cell).next())
        else {
            problems.push(format!("{PAGE}:{line}: expected a file in backticks"));
            continue;
        };
        let text = text_of(repo, file)?;
        if text.is_empty() && !is_path(file) {
            problems.push(format!("{PAGE}:{line}: no file is called `{file}`"));
        }
        let names = name_column.and_then(|column| cells.get(column));
        for name in names.into_iter().flat_map(|cell| markdown::spans(cell)) {
            if !defines(&text, name) {
                problems.push(format!("{PAGE}:{line}: `{file}` does not define `{name}`"));
            }
        }
    }
    Ok(problems)
}

/// The text of the file at this path, or of every file with this bare name.
fn text_of(repo: &Repo, file: &str) -> Result<String> {
    let is_meant = |path: &String| match file.contains('/') {
        true => path == file,
        false => path.rsplit('/').next() == Some(file),
    };
    let paths = repo.files("rs")?;
    paths.iter().filter(|path| is_meant(path)).map(|path| repo.read(path)).collect()
}

/// Whether the text has a definition of the name; `Type::name` and `name()` mean `name`.
fn defines(text: &str, name: &str) -> bool {
    let name = name.rsplit("::").next().unwrap_or(name).trim_end_matches("()");
    text.lines().filter(|line| !line.trim_start().starts_with("//")).any(|line| {
        let is_other = |c: char| !c.is_alphanumeric() && c != '_';
        let words: Vec<&str> = line.split(is_other).filter(|word| !word.is_empty()).collect();
        words.windows(2).any(|pair| KEYWORDS.contains(&pair[0]) && pair[1] == name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_told_from_other_spans() {
        assert!(is_path("crates/spike/src/session.rs"));
        assert!(is_path("docs/concepts/"));
        assert!(!is_path("/metrics"));
        assert!(!is_path("Session::step"));
        assert!(!is_path("https://example.org/x"));
        assert!(!is_path("crates/*/README.md"));
    }

    #[test]
    fn definitions_are_told_from_uses() {
        let text = "// fn told\npub(crate) const fn built() {}\nfn other() { used(); }\nstruct Held<T>(T);\nmacro_rules! many {}";
        for name in ["built", "Room::other", "Held", "many", "other()"] {
            assert!(defines(text, name), "{name}");
        }
        for name in ["told", "used", "T", "hel"] {
            assert!(!defines(text, name), "{name}");
        }
    }

    #[test]
    fn each_missing_thing_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let repo = Repo { root: folder.path().to_owned() };
        let page = "\
See `src/flow.rs` and `src/gone.rs`.

| step | file | function |
| --- | --- | --- |
| arrive | `flow.rs` | `arrive` |
| leave | `src/flow.rs` | `leave` |
| judge | `judge.rs` | `judge` |
| act | flow.rs | `act` |
";
        std::fs::create_dir(folder.path().join("src")).unwrap();
        std::fs::write(folder.path().join("src/flow.rs"), "pub fn arrive() {}\n").unwrap();
        std::fs::write(folder.path().join(PAGE), page).unwrap();
        let expected = [
            "ARCHITECTURE.md:1: `src/gone.rs` does not exist",
            "ARCHITECTURE.md:6: `src/flow.rs` does not define `leave`",
            "ARCHITECTURE.md:7: no file is called `judge.rs`",
            "ARCHITECTURE.md:7: `judge.rs` does not define `judge`",
            "ARCHITECTURE.md:8: expected a file in backticks",
        ];
        assert_eq!(run(&repo).unwrap(), expected);
    }
}
