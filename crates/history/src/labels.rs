//! Label sets: names with values, sorted by name, packed into one shared string.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

/// The label that holds a metric's name.
pub const METRIC_NAME: &str = "__name__";
/// The most labels of one series.
pub const MAX_LABELS: usize = 64;
/// The longest name or value of a label (bytes).
pub const MAX_LABEL_BYTES: usize = 4096;

/// A label set; clones share it. A label with an empty value is no label, as in Prometheus.
///
/// Names and values stand one after another, each behind its length as one `char`: `\u{8}__name__`
/// and so on. That is one allocation for a set, and a third of what as many strings would take.
///
/// ```
/// use history::Labels;
///
/// let labels = Labels::new([("job", "a"), ("__name__", "up"), ("zone", "")])?;
/// assert_eq!(labels.to_string(), r#"up{job="a"}"#);
/// assert_eq!(labels.get("job"), "a");
/// # Ok::<(), history::LabelsError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Labels(Arc<str>);

/// A label set that cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LabelsError {
    /// A label without a name.
    #[error("a label has no name; its value is {value:?}")]
    NoName {
        /// Its value.
        value: String,
    },
    /// The same name twice.
    #[error("label {name:?} stands twice; names are unique within a series")]
    Twice {
        /// The name.
        name: String,
    },
    /// Too many.
    #[error("{found} labels; a series may have {MAX_LABELS}")]
    TooMany {
        /// How many.
        found: usize,
    },
    /// A name or a value is too long.
    #[error("label {name:?} has {found} bytes; a name or a value may have {MAX_LABEL_BYTES}")]
    TooLong {
        /// The name's first characters.
        name: String,
        /// Bytes of the longer of name and value.
        found: usize,
    },
}

impl Default for Labels {
    fn default() -> Self {
        Self(Arc::from(""))
    }
}

impl Labels {
    /// A set of labels, in any order.
    ///
    /// # Errors
    ///
    /// A name that is empty or stands twice; too many labels, or one that is too long.
    pub fn new<'a>(
        labels: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, LabelsError> {
        let mut labels: Vec<_> =
            labels.into_iter().filter(|(_, value)| !value.is_empty()).collect();
        labels.sort_unstable();
        if labels.len() > MAX_LABELS {
            return Err(LabelsError::TooMany { found: labels.len() });
        }
        for (name, value) in &labels {
            check(name, value)?;
        }
        if let Some(pair) = labels.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            return Err(LabelsError::Twice { name: pair[0].0.to_owned() });
        }
        Ok(Self::packed(labels))
    }

    /// From labels that are sorted, checked and have values.
    pub(crate) fn packed<'a>(labels: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut text = String::new();
        for (name, value) in labels {
            push(&mut text, name);
            push(&mut text, value);
        }
        Self(Arc::from(text))
    }

    /// From what [`Labels::as_packed`] gave, if it is such.
    pub(crate) fn from_packed(text: &str) -> Option<Self> {
        let labels = Self(Arc::from(text));
        let again = Self::new(&labels).ok()?;
        (again == labels).then_some(labels)
    }

    pub(crate) fn as_packed(&self) -> &str {
        &self.0
    }

    /// The value of a label, empty if there is none.
    pub fn get(&self, name: &str) -> &str {
        self.iter().find(|(own, _)| *own == name).map_or("", |(_, value)| value)
    }

    /// Names with values, sorted by name.
    pub fn iter(&self) -> Iter<'_> {
        Iter(&self.0)
    }

    /// Whether there is no label.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Those that `keep` holds to.
    pub(crate) fn filtered(&self, keep: impl Fn(&str) -> bool) -> Self {
        Self::packed(self.iter().filter(|(name, _)| keep(name)))
    }

    pub(crate) fn without_name(&self) -> Self {
        self.filtered(|name| name != METRIC_NAME)
    }

    /// With one label set, or taken away if the value is empty.
    pub(crate) fn with(&self, name: &str, value: &str) -> Self {
        let mut labels: Vec<_> = self.iter().filter(|(own, _)| *own != name).collect();
        if !value.is_empty() {
            let place = labels.partition_point(|(own, _)| *own < name);
            labels.insert(place, (name, value));
        }
        Self::packed(labels)
    }
}

fn check(name: &str, value: &str) -> Result<(), LabelsError> {
    if name.is_empty() {
        return Err(LabelsError::NoName { value: value.chars().take(64).collect() });
    }
    let found = name.len().max(value.len());
    if found > MAX_LABEL_BYTES {
        return Err(LabelsError::TooLong { name: name.chars().take(64).collect(), found });
    }
    Ok(())
}

/// The largest length that is a `char` with all smaller ones: a name that is longer is cut. Labels
/// that are stored are far shorter; only a query can make longer ones.
const MAX_PACKED: usize = 0xd7ff;

fn push(text: &mut String, part: &str) {
    let part = &part[..part.floor_char_boundary(MAX_PACKED)];
    text.push(char::from_u32(part.len() as u32).unwrap_or('\0'));
    text.push_str(part);
}

/// See [`Labels::iter`].
#[derive(Clone)]
pub struct Iter<'a>(&'a str);

impl<'a> Iter<'a> {
    fn part(&mut self) -> Option<&'a str> {
        let mut chars = self.0.chars();
        let length = chars.next()? as usize;
        let (part, rest) = chars.as_str().split_at_checked(length)?;
        self.0 = rest;
        Some(part)
    }
}

impl<'a> Iterator for Iter<'a> {
    type Item = (&'a str, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        Some((self.part()?, self.part()?))
    }
}

impl<'a> IntoIterator for &'a Labels {
    type Item = (&'a str, &'a str);
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

/// By name, then by value, label for label, as Prometheus orders series.
impl Ord for Labels {
    fn cmp(&self, other: &Self) -> Ordering {
        self.iter().cmp(other.iter())
    }
}

impl PartialOrd for Labels {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.get(METRIC_NAME))?;
        let mut others = self.iter().filter(|(name, _)| *name != METRIC_NAME).peekable();
        if others.peek().is_none() && !self.is_empty() {
            return Ok(());
        }
        f.write_str("{")?;
        let mut comma = "";
        for (name, value) in others {
            write!(f, "{comma}{name}={value:?}")?;
            comma = ", ";
        }
        f.write_str("}")
    }
}

impl fmt::Debug for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_is_by_name_then_value() {
        let labels =
            |list: &[(&'static str, &'static str)]| Labels::new(list.iter().copied()).unwrap();
        let mut all = [
            labels(&[("b", "1")]),
            labels(&[("a", "10")]),
            labels(&[("a", "2"), ("b", "1")]),
            labels(&[("a", "2")]),
            labels(&[]),
        ];
        all.sort();
        let text: Vec<_> = all.iter().map(ToString::to_string).collect();
        assert_eq!(text, ["{}", r#"{a="10"}"#, r#"{a="2"}"#, r#"{a="2", b="1"}"#, r#"{b="1"}"#]);
    }

    #[test]
    fn lengths_up_to_the_limit_are_packed_and_longer_ones_refused() {
        for length in [1, 127, 128, 2047, 2048, MAX_LABEL_BYTES] {
            let value = "é".repeat(length / 2) + if length % 2 == 1 { "x" } else { "" };
            let labels = Labels::new([("a", value.as_str()), ("b", "1")]).unwrap();
            assert_eq!((labels.get("a"), labels.get("b")), (value.as_str(), "1"));
            assert_eq!(Labels::from_packed(labels.as_packed()), Some(labels));
        }
        let long = "x".repeat(MAX_LABEL_BYTES + 1);
        let error = Labels::new([("a", long.as_str())]).unwrap_err();
        assert_eq!(error, LabelsError::TooLong { name: "a".into(), found: 4097 });
        assert_eq!(Labels::from_packed("\u{1}b\u{1}1\u{1}a\u{1}1"), None);
        assert_eq!(Labels::from_packed("\u{9}b"), None);
    }

    #[test]
    fn what_cannot_be_is_named() {
        let error = |labels: &[(&'static str, &'static str)]| {
            Labels::new(labels.iter().copied()).unwrap_err().to_string()
        };
        assert!(error(&[("a", "1"), ("a", "2")]).contains("\"a\" stands twice"));
        assert!(error(&[("", "1")]).contains("no name"));
        let names: Vec<String> = (0..65).map(|i| i.to_string()).collect();
        let many = Labels::new(names.iter().map(|name| (name.as_str(), "1")));
        assert_eq!(many, Err(LabelsError::TooMany { found: 65 }));
    }
}
