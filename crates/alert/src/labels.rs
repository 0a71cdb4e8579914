//! Label sets, and the fingerprint by which alerts are told apart.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The label that names an alert.
pub const ALERT_NAME: &str = "alertname";
/// The label that names a series.
pub const METRIC_NAME: &str = "__name__";

/// Labels by name; a label without a value is one that is not there.
///
/// ```
/// use alert::Labels;
///
/// let labels = Labels::from([("job", "api"), ("instance", "a")]);
/// assert_eq!(labels.to_string(), r#"{instance="a", job="api"}"#);
/// assert_eq!(labels.get("none"), "");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Labels(BTreeMap<String, String>);

impl Labels {
    /// The value of a label; empty where there is none.
    pub fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    /// Sets a label; an empty value takes it away.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<String>) {
        let (name, value) = (name.into(), value.into());
        if value.is_empty() {
            self.0.remove(&name);
        } else {
            self.0.insert(name, value);
        }
    }

    /// These labels and one more.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.set(name, value);
        self
    }

    /// By name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// No label at all?
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Only the labels of these names.
    #[must_use]
    pub fn only(&self, names: &[String]) -> Self {
        names.iter().map(|name| (name.as_str(), self.get(name))).collect()
    }

    /// What all of these have in common; nothing where there are none.
    pub fn common<'a>(mut sets: impl Iterator<Item = &'a Self>) -> Self {
        let mut common = sets.next().cloned().unwrap_or_default();
        for set in sets {
            common.0.retain(|name, value| set.get(name) == value);
        }
        common
    }

    /// FNV-1a over names and values in order, each followed by the byte 255.
    ///
    /// Source: Prometheus, `common/model/signature.go`, `labelSetToFingerprint`; so an alert has the
    /// fingerprint here that it has in Alertmanager.
    pub fn fingerprint(&self) -> Fingerprint {
        const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
        const PRIME: u64 = 0x0000_0100_0000_01b3;
        let mix = |sum: u64, byte: u8| (sum ^ u64::from(byte)).wrapping_mul(PRIME);
        let words = self.0.iter().flat_map(|(name, value)| [name, value]);
        Fingerprint(words.fold(OFFSET, |sum, word| mix(word.bytes().fold(sum, mix), 255)))
    }
}

impl fmt::Display for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("{")?;
        for (i, (name, value)) in self.0.iter().enumerate() {
            let comma = if i > 0 { ", " } else { "" };
            write!(f, "{comma}{name}={}", Quoted(value))?;
        }
        f.write_str("}")
    }
}

/// A value in quotes, with what would end it escaped.
pub(crate) struct Quoted<'a>(pub(crate) &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"")?;
        for c in self.0.chars() {
            match c {
                '"' => f.write_str("\\\"")?,
                '\\' => f.write_str("\\\\")?,
                '\n' => f.write_str("\\n")?,
                other => write!(f, "{other}")?,
            }
        }
        f.write_str("\"")
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Labels {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        let mut labels = Self::default();
        pairs.into_iter().for_each(|(name, value)| labels.set(name, value));
        labels
    }
}

impl<N: Into<String>, V: Into<String>, const COUNT: usize> From<[(N, V); COUNT]> for Labels {
    fn from(pairs: [(N, V); COUNT]) -> Self {
        pairs.into_iter().collect()
    }
}

impl<'de> Deserialize<'de> for Labels {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(BTreeMap::<String, String>::deserialize(deserializer)?.into_iter().collect())
    }
}

/// What tells one label set from another; written as 16 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(pub u64);

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl FromStr for Fingerprint {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        u64::from_str_radix(text, 16).map(Self)
    }
}

impl Serialize for Fingerprint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Fingerprint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// May a label be called this?
///
/// Source: Prometheus, "Data model": `[a-zA-Z_][a-zA-Z0-9_]*`.
pub(crate) fn is_label_name(name: &str) -> bool {
    is_name(name, |c| c == '_')
}

/// May a metric be called this? As a label, and with colons.
pub(crate) fn is_metric_name(name: &str) -> bool {
    is_name(name, |c| c == '_' || c == ':')
}

fn is_name(name: &str, extra: fn(char) -> bool) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || extra(c);
    name.starts_with(|c: char| fits(c) && !c.is_ascii_digit()) && name.chars().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprints_are_those_of_prometheus() {
        // `TestLabelSetToFingerprint` of prometheus/common: the empty set is the offset itself.
        assert_eq!(Labels::default().fingerprint(), Fingerprint(14_695_981_039_346_656_037));
        let labels = Labels::from([("name", "garland, briggs"), ("fear", "love is not enough")]);
        assert_eq!(labels.fingerprint(), Fingerprint(5_799_056_148_416_392_346));
        let text = labels.fingerprint().to_string();
        assert_eq!(text.parse(), Ok(labels.fingerprint()));
    }

    #[test]
    fn empty_values_are_no_labels() {
        let labels = Labels::from([("a", ""), ("b", "1")]).with("b", "");
        assert!(labels.is_empty());
        assert_eq!(serde_json::from_str::<Labels>(r#"{"a": ""}"#).unwrap(), labels);
    }

    #[test]
    fn what_is_common() {
        let sets = [Labels::from([("a", "1"), ("b", "1")]), Labels::from([("a", "1"), ("b", "2")])];
        assert_eq!(Labels::common(sets.iter()), Labels::from([("a", "1")]));
        assert_eq!(Labels::common([].iter()), Labels::default());
    }

    #[test]
    fn names() {
        assert!(is_label_name("_a1") && is_metric_name("a:b"));
        assert!(!["", "1a", "a-b", "a:b", "ä"].into_iter().any(is_label_name));
    }
}
