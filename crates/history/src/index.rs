//! Which series have which label: for every name and value, the series that have it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use crate::labels::Labels;
use crate::matcher::{Matcher, Test};

/// The place of a series.
pub(crate) type Slot = u32;

/// What a name or a value costs beside its text, and a series in a list of those that have it
/// (bytes): nodes of trees that are two thirds full.
const ENTRY_BYTES: usize = 96;
const POSTING_BYTES: usize = 8;

/// The inverted index.
#[derive(Default)]
pub(crate) struct Index {
    names: HashMap<Arc<str>, BTreeMap<Box<str>, BTreeSet<Slot>>>,
    all: BTreeSet<Slot>,
    bytes: usize,
}

impl Index {
    /// Memory that it takes, nearly (bytes).
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The most that a series can add (bytes).
    pub(crate) fn most_bytes(labels: &Labels) -> usize {
        let n_labels = labels.iter().count();
        labels.as_packed().len() + n_labels * (2 * ENTRY_BYTES + POSTING_BYTES) + POSTING_BYTES
    }

    pub(crate) fn insert(&mut self, slot: Slot, labels: &Labels) {
        self.all.insert(slot);
        self.bytes += POSTING_BYTES;
        for (name, value) in labels {
            if !self.names.contains_key(name) {
                self.names.insert(Arc::from(name), BTreeMap::new());
                self.bytes += ENTRY_BYTES + name.len();
            }
            let Some(values) = self.names.get_mut(name) else { continue };
            if !values.contains_key(value) {
                values.insert(Box::from(value), BTreeSet::new());
                self.bytes += ENTRY_BYTES + value.len();
            }
            if values.get_mut(value).is_some_and(|slots| slots.insert(slot)) {
                self.bytes += POSTING_BYTES;
            }
        }
    }

    pub(crate) fn remove(&mut self, slot: Slot, labels: &Labels) {
        if self.all.remove(&slot) {
            self.bytes -= POSTING_BYTES;
        }
        for (name, value) in labels {
            let Some(values) = self.names.get_mut(name) else { continue };
            let Some(slots) = values.get_mut(value) else { continue };
            if slots.remove(&slot) {
                self.bytes -= POSTING_BYTES;
            }
            if slots.is_empty() {
                values.remove(value);
                self.bytes -= ENTRY_BYTES + value.len();
            }
            if values.is_empty() {
                self.names.remove(name);
                self.bytes -= ENTRY_BYTES + name.len();
            }
        }
    }

    /// The series that match; in no order that means anything.
    pub(crate) fn select(&self, matchers: &[Matcher]) -> Vec<Slot> {
        let (plain, others): (Vec<_>, Vec<_>) =
            matchers.iter().partition(|m| matches!(&m.test, Test::Equal(v) if !v.is_empty()));
        let mut exact = Vec::new();
        for matcher in plain {
            let Test::Equal(value) = &matcher.test else { continue };
            let Some(slots) =
                self.names.get(matcher.name.as_str()).and_then(|v| v.get(value.as_str()))
            else {
                return Vec::new();
            };
            exact.push(slots);
        }
        exact.sort_by_key(|slots| slots.len());
        let mut chosen: Vec<Slot> = match exact.split_first() {
            Some((fewest, rest)) => fewest
                .iter()
                .filter(|slot| rest.iter().all(|slots| slots.contains(slot)))
                .copied()
                .collect(),
            None => self.all.iter().copied().collect(),
        };
        for matcher in others {
            self.narrow(&mut chosen, matcher);
        }
        chosen
    }

    /// Each value is tested once, however many series have it.
    fn narrow(&self, chosen: &mut Vec<Slot>, matcher: &Matcher) {
        let none = BTreeMap::new();
        let values = self.names.get(matcher.name.as_str()).unwrap_or(&none);
        // Series without the label have the empty value. If that matches, those go whose value
        // does not; otherwise those stay whose value does.
        let keeps_empty = matcher.is_match("");
        let listed: Vec<&BTreeSet<Slot>> = values
            .iter()
            .filter(|(value, _)| matcher.is_match(value) != keeps_empty)
            .map(|(_, slots)| slots)
            .collect();
        if let [one] = listed[..] {
            return chosen.retain(|slot| one.contains(slot) != keeps_empty);
        }
        let mut marked: Vec<Slot> = listed.into_iter().flatten().copied().collect();
        marked.sort_unstable();
        chosen.retain(|slot| marked.binary_search(slot).is_ok() != keeps_empty);
    }
}
