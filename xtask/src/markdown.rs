//! As much of Markdown as the checks read: tables, code spans, links and headings.
//!
//! Fenced blocks are left out everywhere: what stands in them is an example.

/// A table: its header and its rows, each with the line that it stands on, from 1.
#[derive(Debug, PartialEq)]
pub(crate) struct Table {
    pub(crate) header: Vec<String>,
    pub(crate) rows: Vec<(usize, Vec<String>)>,
}

impl Table {
    /// The position of the first column whose title is one of these, in any case.
    pub(crate) fn column(&self, titles: &[&str]) -> Option<usize> {
        self.header.iter().position(|title| titles.contains(&title.to_lowercase().as_str()))
    }
}

/// The lines outside fenced blocks, each with its number from 1.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut fenced = false;
    text.lines().enumerate().filter_map(move |(idx, line)| {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
            return None;
        }
        (!fenced).then_some((idx + 1, line))
    })
}

pub(crate) fn tables(text: &str) -> Vec<Table> {
    let mut tables: Vec<Table> = Vec::new();
    let mut inside = false;
    for (number, line) in prose(text) {
        let Some(cells) = cells(line) else {
            inside = false;
            continue;
        };
        match tables.last_mut() {
            Some(table) if inside => {
                if !is_rule(&cells) {
                    table.rows.push((number, cells));
                }
            }
            _ => tables.push(Table { header: cells, rows: Vec::new() }),
        }
        inside = true;
    }
    tables
}

fn cells(line: &str) -> Option<Vec<String>> {
    let inner = line.trim().strip_prefix('|')?;
    let inner = inner.strip_suffix('|').unwrap_or(inner);
    Some(inner.split('|').map(|cell| cell.trim().to_owned()).collect())
}

fn is_rule(cells: &[String]) -> bool {
    cells.iter().all(|cell| !cell.is_empty() && cell.chars().all(|c| c == '-' || c == ':'))
}

/// What stands between backticks, each with its line.
pub(crate) fn code_spans(text: &str) -> Vec<(usize, &str)> {
    prose(text).flat_map(|(number, line)| spans(line).map(move |span| (number, span))).collect()
}

/// What stands between backticks on one line.
pub(crate) fn spans(line: &str) -> impl Iterator<Item = &str> {
    let pieces: Vec<&str> = line.split('`').collect();
    let n_closed = pieces.len().saturating_sub(1) / 2;
    (0..n_closed).map(move |idx| pieces[2 * idx + 1])
}

/// The target of every link, each with its line.
pub(crate) fn links(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (number, line) in prose(text) {
        let line = without_spans(line);
        for rest in line.split("](").skip(1) {
            let target = rest.split([')', ' ']).next().unwrap_or("");
            found.push((number, target.to_owned()));
        }
    }
    found
}

/// The line with code spans emptied: a link in one is an example. Link titles may hold spans.
fn without_spans(line: &str) -> String {
    line.split('`').step_by(2).collect::<Vec<_>>().join("``")
}

/// The anchors that a page's headings make, as GitHub and rustdoc spell them.
pub(crate) fn anchors(text: &str) -> Vec<String> {
    let mut anchors: Vec<String> = Vec::new();
    for (_, line) in prose(text) {
        let title = line.trim_start_matches('#');
        if title.len() == line.len() || !title.starts_with(' ') {
            continue;
        }
        let slug = slug(title.trim());
        let n_same = anchors.iter().filter(|anchor| **anchor == slug).count();
        anchors.push(if n_same == 0 { slug } else { format!("{slug}-{n_same}") });
    }
    anchors
}

fn slug(title: &str) -> String {
    title
        .to_lowercase()
        .chars()
        .filter_map(|c| match c {
            ' ' => Some('-'),
            '-' | '_' => Some(c),
            _ => c.is_alphanumeric().then_some(c),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_read_with_their_lines() {
        let text = "\
words
| crate | may use |
| --- | :-: |
| `spike` | - |
| `nir` | `spike` |

```
| not | this |
```
| other | table |
|---|---|
";
        let found = tables(text);
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].header, ["crate", "may use"]);
        assert_eq!(found[0].rows[1], (5, vec!["`nir`".to_owned(), "`spike`".to_owned()]));
        assert_eq!(found[0].column(&["may use"]), Some(1));
        assert_eq!(found[1].rows, []);
    }

    #[test]
    fn spans_are_what_backticks_close() {
        let text = "a `b/c` and `d`, then ` open\n```\n`no`\n```\n`last`";
        assert_eq!(code_spans(text), [(1, "b/c"), (1, "d"), (5, "last")]);
    }

    #[test]
    fn links_are_found_outside_code() {
        let text = "[a](b.md) and [`c`](d.md#e \"title\") not `[x](y)`\n![picture](p.png)";
        let expected = [(1, "b.md"), (1, "d.md#e"), (2, "p.png")];
        assert_eq!(links(text), expected.map(|(line, target)| (line, target.to_owned())));
    }

    #[test]
    fn anchors_are_spelled_as_github_does() {
        let text =
            "# Tests that cannot run everywhere\n## `npz`, and more\n## Twice\n## Twice\n#no";
        let expected = ["tests-that-cannot-run-everywhere", "npz-and-more", "twice", "twice-1"];
        assert_eq!(anchors(text), expected);
    }
}
