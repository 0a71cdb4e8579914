//! Families of series with a bound: what does not fit is counted under `_other`.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use catalogue::Metric;
use prometheus_client::metrics::family::{Family, MetricConstructor};

/// The value of a label under which what does not fit is counted.
pub const OTHER: &str = "_other";

/// A label that may take so many values is one that grows with use.
const GROWING: usize = 50;

pub(crate) type Labels = Vec<(&'static str, String)>;

/// The series of one metric.
pub(crate) struct Bounded<M, C> {
    pub(crate) family: Family<Labels, M, C>,
    known: Mutex<HashSet<Labels>>,
}

impl<M: Clone, C: MetricConstructor<M> + Clone> Bounded<M, C> {
    pub(crate) fn new(constructor: C) -> Self {
        Self { family: Family::new_with_constructor(constructor), known: Mutex::default() }
    }

    fn known(&self) -> MutexGuard<'_, HashSet<Labels>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The series of these labels, and whether it is the one that is shared.
    pub(crate) fn get(&self, metric: &Metric, labels: Labels) -> (M, bool) {
        let (labels, shared) = self.fitting(metric, labels);
        (self.family.get_or_create_owned(&labels), shared)
    }

    /// The labels where there is room for them, those that are shared where there is none.
    pub(crate) fn fitting(&self, metric: &Metric, labels: Labels) -> (Labels, bool) {
        let mut known = self.known();
        if known.contains(&labels) {
            return (labels, false);
        }
        // One place is kept for what does not fit.
        let full = known.len() + 1 >= metric.cap().max(2);
        let own = |known: &HashSet<Labels>| known.iter().filter(|l| !is_shared(l)).count();
        let fits = !full || own(&known) + 1 < metric.cap().max(2);
        let labels = if fits { labels } else { shared(metric, labels) };
        known.insert(labels.clone());
        (labels, !fits)
    }

    /// Removes the series whose label has this value; handles to them count on unseen.
    pub(crate) fn forget(&self, label: &str, value: &str) -> Vec<Labels> {
        let mut known = self.known();
        let of = |labels: &Labels| labels.iter().any(|(name, v)| *name == label && v == value);
        let gone: Vec<Labels> = known.extract_if(of).collect();
        for labels in &gone {
            self.family.remove(labels);
        }
        gone
    }

    pub(crate) fn len(&self) -> usize {
        self.known().len()
    }
}

fn is_shared(labels: &Labels) -> bool {
    labels.iter().any(|(_, value)| value == OTHER)
}

/// The labels with `_other` where they grow with use, everywhere if none does.
fn shared(metric: &Metric, labels: Labels) -> Labels {
    let grows = |k: usize| metric.labels[k].most >= GROWING;
    let some = (0..labels.len()).any(grows);
    let other = |(k, (name, value)): (usize, (&'static str, String))| {
        (name, if grows(k) || !some { OTHER.to_owned() } else { value })
    };
    labels.into_iter().enumerate().map(other).collect()
}
