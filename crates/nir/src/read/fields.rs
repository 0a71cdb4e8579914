//! The fields of one node: each is taken by name and kind, and what is odd about it is noted.

use std::collections::BTreeSet;

use super::Reader;
use crate::hdf5::{Group, Value};
use crate::limits::{MAX_AXES, MAX_AXIS};
use crate::tensor::{Axes, Data, Tensor};

impl Group {
    /// A single string, where there is one of that name.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        match self.values.get(name) {
            Some(Value::Texts { values, .. }) => match values.as_slice() {
                [text] => Some(text),
                _ => None,
            },
            _ => None,
        }
    }
}

impl Value {
    pub(super) fn is_empty(&self) -> bool {
        match self {
            Self::Integers { values, .. } => values.is_empty(),
            Self::Numbers(tensor) => tensor.is_empty(),
            Self::Texts { values, .. } => values.is_empty(),
            Self::Unreadable(_) => false,
        }
    }

    /// What it is, for messages.
    pub(super) fn describe(&self) -> String {
        match self {
            Self::Integers { shape, .. } => format!("integers of shape {}", Axes(shape)),
            Self::Numbers(tensor) => format!("numbers of shape {}", Axes(tensor.shape())),
            Self::Texts { values, .. } => match values.as_slice() {
                [text] => format!("the text `{}`", text.escape_debug()),
                _ => format!("{} texts", values.len()),
            },
            Self::Unreadable(why) => why.clone(),
        }
    }

    /// `None` as Python code may have stored it.
    fn says_none(&self) -> bool {
        match self {
            Self::Texts { values, .. } => {
                matches!(values.as_slice(), [text] if text == "None" || text.is_empty())
            }
            value => value.is_empty(),
        }
    }
}

/// The fields of one node while they are taken.
pub(super) struct Fields<'a> {
    pub(super) node: &'a str,
    group: &'a Group,
    reader: &'a mut Reader,
    taken: BTreeSet<&'static str>,
}

impl<'a> Fields<'a> {
    pub(super) fn new(node: &'a str, group: &'a Group, reader: &'a mut Reader) -> Self {
        Self { node, group, reader, taken: BTreeSet::from(["type"]) }
    }

    /// Notes the fields that nobody took.
    pub(super) fn finish(self) {
        let groups = self.group.groups.keys();
        for name in self.group.values.keys().chain(groups) {
            if !self.taken.contains(name.as_str()) {
                let what = format!("a field `{}` that is not known", name.escape_debug());
                self.reader.repairs.add(self.node, what, "passed over");
            }
        }
    }

    pub(super) fn repair(&mut self, what: impl Into<String>, done: impl Into<String>) {
        self.reader.repairs.add(self.node, what, done);
    }

    pub(super) fn problem(
        &mut self,
        field: &'static str,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) {
        self.reader.problems.add(self.node, field, expected, found);
    }

    fn take(&mut self, name: &'static str) -> Option<&'a Value> {
        self.taken.insert(name);
        self.group.values.get(name)
    }

    fn take_required(&mut self, name: &'static str, expected: &str) -> Option<&'a Value> {
        let value = self.take(name);
        if value.is_none() {
            self.problem(name, expected, "none");
        }
        value
    }

    /// A tensor that must be there.
    pub(super) fn tensor(&mut self, name: &'static str) -> Option<Tensor> {
        let value = self.take_required(name, "numbers")?;
        self.read_tensor(name, value)
    }

    /// A tensor that may be missing: `Some(None)` where it is, `None` where it is wrong.
    #[allow(clippy::option_option)]
    pub(super) fn optional_tensor(&mut self, name: &'static str) -> Option<Option<Tensor>> {
        match self.take(name) {
            Some(value) if !value.says_none() => self.read_tensor(name, value).map(Some),
            _ => Some(None),
        }
    }

    fn read_tensor(&mut self, name: &'static str, value: &Value) -> Option<Tensor> {
        let tensor = match value {
            Value::Numbers(tensor) => Some(tensor.clone()),
            Value::Integers { shape, values } => {
                self.repair(format!("{name} of integers"), "taken as numbers");
                Tensor::new(shape.clone(), to_data(values))
            }
            _ => None,
        };
        match tensor {
            Some(tensor) if !tensor.is_empty() => Some(tensor),
            _ => {
                self.problem(name, "numbers", value.describe());
                None
            }
        }
    }

    /// A shape that must be there, each axis at least 1.
    pub(super) fn shape(&mut self, name: &'static str) -> Option<Vec<usize>> {
        let value = self.take_required(name, "a shape")?;
        self.read_shape(name, value)
    }

    /// A shape that may be missing or `None`: then `Some(None)`, `None` where it is wrong.
    #[allow(clippy::option_option)]
    pub(super) fn optional_shape(&mut self, name: &'static str) -> Option<Option<Vec<usize>>> {
        match self.take(name) {
            None => {
                self.repair(format!("no {name}"), "inferred from its input");
                Some(None)
            }
            Some(value) if value.says_none() => {
                self.repair(format!("{name} says none"), "inferred from its input");
                Some(None)
            }
            Some(value) => self.read_shape(name, value).map(Some),
        }
    }

    fn read_shape(&mut self, name: &'static str, value: &Value) -> Option<Vec<usize>> {
        const EXPECTED: &str = "a shape of positive integers";
        let axes = self.read_integers(name, value, EXPECTED)?;
        let shape: Option<Vec<usize>> = axes.iter().map(|axis| positive(*axis)).collect();
        let known = shape.filter(|shape| shape.len() <= MAX_AXES);
        if known.is_none() {
            self.problem(name, EXPECTED, format!("{axes:?}"));
        }
        known
    }

    /// One integer for each of `N` axes; a single one stands for all.
    pub(super) fn per_axis<const N: usize>(
        &mut self,
        name: &'static str,
        least: usize,
    ) -> Option<[usize; N]> {
        let value = self.take_required(name, &per_axis_expected::<N>(least))?;
        self.read_per_axis(name, value, least)
    }

    fn read_per_axis<const N: usize>(
        &mut self,
        name: &'static str,
        value: &Value,
        least: usize,
    ) -> Option<[usize; N]> {
        let expected = per_axis_expected::<N>(least);
        let values = self.read_integers(name, value, &expected)?;
        let sizes: Option<Vec<usize>> = values
            .iter()
            .map(|value| usize::try_from(*value).ok())
            .map(|size| size.filter(|size| (least..=MAX_AXIS).contains(size)))
            .collect();
        let per_axis = match sizes.as_deref() {
            Some([one]) => Some([*one; N]),
            Some(sizes) => <[usize; N]>::try_from(sizes).ok(),
            None => None,
        };
        match (per_axis, values.as_slice()) {
            (None, [one]) => self.problem(name, expected, one.to_string()),
            (None, _) => self.problem(name, expected, format!("{values:?}")),
            (Some(_), [one]) if N > 1 => {
                self.repair(format!("one {name}, {one}"), format!("taken for all {N} axes"));
            }
            _ => {}
        }
        per_axis
    }

    /// A padding: integers, or the texts `same` and `valid`.
    pub(super) fn padding<const N: usize>(&mut self) -> Option<crate::node::Padding<N>> {
        use crate::node::Padding;
        let value = self.take_required("padding", "a padding")?;
        if let Value::Texts { values, .. } = value {
            return match values.first().map(String::as_str) {
                Some("same") => Some(Padding::Same),
                Some("valid") => Some(Padding::Valid),
                _ => {
                    self.problem("padding", "integers, `same` or `valid`", value.describe());
                    None
                }
            };
        }
        self.read_per_axis("padding", value, 0).map(Padding::Explicit)
    }

    /// A single integer that may be missing.
    pub(super) fn integer(&mut self, name: &'static str, default: i64) -> Option<i64> {
        let Some(value) = self.take(name) else {
            self.repair(format!("no {name}"), format!("taken as {default}"));
            return Some(default);
        };
        let values = self.read_integers(name, value, "an integer")?;
        if let [value] = values.as_slice() {
            return Some(*value);
        }
        self.problem(name, "an integer", format!("{values:?}"));
        None
    }

    fn read_integers(
        &mut self,
        name: &'static str,
        value: &Value,
        expected: &str,
    ) -> Option<Vec<i64>> {
        match value {
            Value::Integers { shape, values } if shape.len() <= 1 => Some(values.clone()),
            Value::Numbers(tensor) if tensor.shape().len() <= 1 => {
                let whole: Option<Vec<i64>> = tensor.iter().map(whole).collect();
                match whole {
                    Some(_) => self.repair(format!("{name} of fractions"), "taken as integers"),
                    None => self.problem(name, expected, value.describe()),
                }
                whole
            }
            value => {
                self.problem(name, expected, value.describe());
                None
            }
        }
    }
}

fn per_axis_expected<const N: usize>(least: usize) -> String {
    match N {
        1 => format!("an integer from {least} to {MAX_AXIS}"),
        n => format!("1 or {n} integers from {least} to {MAX_AXIS}"),
    }
}

fn positive(axis: i64) -> Option<usize> {
    usize::try_from(axis).ok().filter(|axis| (1..=MAX_AXIS).contains(axis))
}

/// The integer that a number is, where it is one and not absurdly large.
fn whole(value: f64) -> Option<i64> {
    const LARGEST: f64 = MAX_AXIS as f64;
    let fits = value.fract() == 0.0 && value.abs() <= LARGEST;
    #[allow(clippy::cast_possible_truncation)]
    fits.then_some(value as i64)
}

/// Integers as numbers, in single precision where that holds them all.
#[allow(clippy::cast_precision_loss)]
fn to_data(values: &[i64]) -> Data {
    const EXACT_IN_F32: u64 = 1 << f32::MANTISSA_DIGITS;
    if values.iter().all(|value| value.unsigned_abs() <= EXACT_IN_F32) {
        Data::F32(values.iter().map(|value| *value as f32).collect())
    } else {
        Data::F64(values.iter().map(|value| *value as f64).collect())
    }
}
