//! A value of a description with its place, and the collecting of problems.

use std::cell::RefCell;
use std::ops::Range;

use spike::circuit::Distribution;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::problem::Problem;
use crate::quantity::{Kind, shown};

/// What is being read, and what is wrong with it so far.
pub(crate) struct Reader<'t> {
    text: &'t str,
    problems: RefCell<Vec<Problem>>,
}

impl<'t> Reader<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        Self { text, problems: RefCell::new(Vec::new()) }
    }

    pub(crate) fn problem(
        &self,
        at: usize,
        path: &str,
        found: impl Into<String>,
        expected: impl Into<String>,
    ) {
        let mut at = at.min(self.text.len());
        while !self.text.is_char_boundary(at) {
            at -= 1;
        }
        let before = &self.text[..at];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().map_or(0, |last| last.chars().count()) + 1;
        let (found, expected) = (found.into(), expected.into());
        self.problems.borrow_mut().push(Problem {
            line,
            column,
            path: path.into(),
            found,
            expected,
        });
    }

    /// The problems in the order of their lines.
    pub(crate) fn finish(self) -> Vec<Problem> {
        let mut problems = self.problems.into_inner();
        problems.sort();
        problems.dedup();
        problems
    }

    pub(crate) fn clean(&self) -> bool {
        self.problems.borrow().is_empty()
    }
}

/// A value with its place.
#[derive(Clone)]
pub(crate) struct Node<'a> {
    pub(crate) reader: &'a Reader<'a>,
    value: &'a DeValue<'a>,
    pub(crate) span: Range<usize>,
    pub(crate) path: String,
}

/// A table with its place.
#[derive(Clone)]
pub(crate) struct Table<'a> {
    pub(crate) reader: &'a Reader<'a>,
    entries: &'a DeTable<'a>,
    pub(crate) span: Range<usize>,
    pub(crate) path: String,
}

impl<'a> Node<'a> {
    pub(crate) fn fault(&self, found: impl Into<String>, expected: impl Into<String>) {
        self.reader.problem(self.span.start, &self.path, found, expected);
    }

    fn wrong(&self, expected: &str) {
        self.fault(self.shown(), expected);
    }

    /// The value as it is shown in a problem.
    pub(crate) fn shown(&self) -> String {
        match self.value {
            DeValue::String(text) => format!("\"{}\"", shown(text)),
            DeValue::Integer(number) => shown(number.as_str()),
            DeValue::Float(number) => shown(number.as_str()),
            DeValue::Boolean(yes) => yes.to_string(),
            DeValue::Datetime(_) => "a date".into(),
            DeValue::Array(_) => "a list".into(),
            DeValue::Table(_) => "a table".into(),
        }
    }

    pub(crate) fn text(&self) -> Option<&'a str> {
        let text = self.value.as_str();
        if text.is_none() {
            self.wrong("a text in quotes");
        }
        text
    }

    pub(crate) fn boolean(&self) -> Option<bool> {
        let yes = self.value.as_bool();
        if yes.is_none() {
            self.wrong("true or false");
        }
        yes
    }

    pub(crate) fn number(&self) -> Option<f64> {
        let number = match self.value {
            DeValue::Integer(n) => n.as_str().replace('_', "").parse().ok(),
            DeValue::Float(n) => n.as_str().replace('_', "").parse().ok(),
            _ => None,
        };
        let number = number.filter(|n: &f64| n.is_finite());
        if number.is_none() {
            self.wrong(Kind::Number.expected());
        }
        number
    }

    /// A whole number from 0 to `most`.
    pub(crate) fn count(&self, most: u64) -> Option<u64> {
        let count = match self.value {
            DeValue::Integer(n) if n.radix() == 10 => n.as_str().replace('_', "").parse().ok(),
            _ => None,
        };
        let count = count.filter(|n| *n <= most);
        if count.is_none() {
            self.wrong(&format!("a whole number from 0 to {most}"));
        }
        count
    }

    /// A quantity of a kind, in the unit inside.
    pub(crate) fn quantity(&self, kind: Kind) -> Option<f64> {
        if kind == Kind::Number {
            return self.number();
        }
        let DeValue::String(text) = self.value else {
            let bare = matches!(self.value, DeValue::Integer(_) | DeValue::Float(_));
            let note = if bare { ", a number without a unit" } else { "" };
            self.fault(format!("{}{note}", self.shown()), kind.expected());
            return None;
        };
        match kind.parse(text) {
            Ok(value) => Some(value),
            Err(found) => {
                self.fault(found, kind.expected());
                None
            }
        }
    }

    /// One of some words.
    pub(crate) fn word<T: Copy>(&self, words: &[(&str, T)]) -> Option<T> {
        let text = self.text()?;
        let found = words.iter().find(|(word, _)| *word == text).map(|(_, meaning)| *meaning);
        if found.is_none() {
            let all: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            self.wrong(&format!("one of {}", all.join(", ")));
        }
        found
    }

    pub(crate) fn is_list(&self) -> bool {
        self.value.is_array()
    }

    pub(crate) fn is_table(&self) -> bool {
        self.value.is_table()
    }

    /// The elements of a list.
    pub(crate) fn list(&self) -> Option<Vec<Node<'a>>> {
        let DeValue::Array(elements) = self.value else {
            self.wrong("a list in square brackets");
            return None;
        };
        let element = |(k, value): (usize, &'a Spanned<DeValue<'a>>)| Node {
            reader: self.reader,
            value: value.get_ref(),
            span: value.span(),
            path: format!("{}[{k}]", self.path),
        };
        Some(elements.iter().enumerate().map(element).collect())
    }

    /// The elements of a list, or the value as the only one.
    pub(crate) fn one_or_more(&self) -> Vec<Node<'a>> {
        if self.is_list() { self.list().unwrap_or_default() } else { vec![self.clone()] }
    }

    /// A table whose keys are among those given.
    pub(crate) fn table(&self, keys: &[&str]) -> Option<Table<'a>> {
        let table = self.any_table()?;
        table.only(keys);
        Some(table)
    }

    /// A table with any keys.
    pub(crate) fn any_table(&self) -> Option<Table<'a>> {
        let DeValue::Table(entries) = self.value else {
            self.wrong("a table");
            return None;
        };
        Some(Table {
            reader: self.reader,
            entries,
            span: self.span.clone(),
            path: self.path.clone(),
        })
    }

    /// A quantity, or a table that says how it is spread.
    pub(crate) fn distribution(&self, kind: Kind) -> Option<Distribution> {
        if !self.is_table() {
            return self.quantity(kind).map(Distribution::Constant);
        }
        #[derive(Clone, Copy)]
        enum Shape {
            Normal,
            Uniform,
        }
        let table = self.table(&["distribution", "mean", "sd", "min", "max", "outside"])?;
        let shapes = [("normal", Shape::Normal), ("uniform", Shape::Uniform)];
        let shape = table.need("distribution", "normal or uniform")?.word(&shapes)?;
        let bound = |key| table.get(key).map(|node| node.quantity(kind));
        let needed = |key| table.need(key, kind.expected()).and_then(|node| node.quantity(kind));
        match shape {
            Shape::Uniform => {
                let (min, max) = (needed("min"), needed("max"));
                table.not(&["mean", "sd", "outside"], "a uniform distribution");
                Some(Distribution::Uniform { min: min?, max: max? })
            }
            Shape::Normal => {
                let (mean, sd) = (needed("mean"), needed("sd"));
                let min = bound("min").unwrap_or(Some(f64::NEG_INFINITY));
                let max = bound("max").unwrap_or(Some(f64::INFINITY));
                let clip = table
                    .get("outside")
                    .map(|node| node.word(&[("redraw", false), ("clip", true)]));
                let (mean, sd, min, max) = (mean?, sd?, min?, max?);
                Some(if clip.unwrap_or(Some(false))? {
                    Distribution::ClippedNormal { mean, sd, min, max }
                } else {
                    Distribution::Normal { mean, sd, min, max }
                })
            }
        }
    }
}

impl<'a> Table<'a> {
    /// The whole description.
    pub(crate) fn root(reader: &'a Reader<'a>, entries: &'a Spanned<DeTable<'a>>) -> Self {
        Self { reader, entries: entries.get_ref(), span: 0..0, path: String::new() }
    }

    fn below(&self, key: &str) -> String {
        if self.path.is_empty() { key.into() } else { format!("{}.{key}", self.path) }
    }

    pub(crate) fn get(&self, key: &str) -> Option<Node<'a>> {
        let (_, value) = self.entries.iter().find(|(k, _)| k.get_ref() == key)?;
        Some(Node {
            reader: self.reader,
            value: value.get_ref(),
            span: value.span(),
            path: self.below(key),
        })
    }

    /// A value that must be there.
    pub(crate) fn need(&self, key: &str, expected: &str) -> Option<Node<'a>> {
        let node = self.get(key);
        if node.is_none() {
            self.reader.problem(self.span.start, &self.below(key), "nothing", expected);
        }
        node
    }

    /// A quantity that must be there.
    pub(crate) fn need_quantity(&self, key: &str, kind: Kind) -> Option<f64> {
        self.need(key, kind.expected())?.quantity(kind)
    }

    /// A quantity, or what it is where nothing is said.
    pub(crate) fn quantity_or(&self, key: &str, kind: Kind, default: f64) -> Option<f64> {
        self.get(key).map_or(Some(default), |node| node.quantity(kind))
    }

    pub(crate) fn boolean_or(&self, key: &str, default: bool) -> Option<bool> {
        self.get(key).map_or(Some(default), |node| node.boolean())
    }

    pub(crate) fn entries(&self) -> Vec<(&'a str, Node<'a>)> {
        let named = |(key, value): (&'a Spanned<_>, &'a Spanned<DeValue<'a>>)| {
            let key: &'a std::borrow::Cow<'a, str> = key.get_ref();
            let path = self.below(key);
            (&**key, Node { reader: self.reader, value: value.get_ref(), span: value.span(), path })
        };
        self.entries.iter().map(named).collect()
    }

    /// Names every key that is not among those given.
    pub(crate) fn only(&self, keys: &[&str]) {
        for (key, _) in self.entries.iter() {
            let name: &str = key.get_ref();
            if keys.contains(&name) {
                continue;
            }
            let near = keys.iter().min_by_key(|known| distance(name, known));
            let near = near.filter(|known| distance(name, known) <= 1 + known.len() / 3);
            let expected = match near {
                Some(near) => format!("`{near}`"),
                None => format!("one of {}", keys.join(", ")),
            };
            let found = "a key that means nothing here";
            self.reader.problem(key.span().start, &self.below(name), found, expected);
        }
    }

    /// Names keys that do not go with something said.
    fn not(&self, keys: &[&str], with: &str) {
        for key in keys {
            if let Some(node) = self.get(key) {
                node.fault(node.shown(), format!("nothing: {with} has no `{key}`"));
            }
        }
    }
}

/// Letters to add, drop or change to make one word of the other.
pub(crate) fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().take(64).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().take(64).enumerate() {
        let mut corner = std::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.iter().enumerate() {
            let change = corner + usize::from(x != *y);
            corner = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(corner + 1);
        }
    }
    row.last().copied().unwrap_or(0)
}
