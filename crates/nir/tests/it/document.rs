//! NIR files made by hand, right or wrong: data sets by path.

use std::collections::BTreeMap;

use expect_test::Expect;
use hdf5_pure::{FileBuilder, GroupBuilder, LibVer};

/// One data set.
#[derive(Clone)]
pub(crate) enum Value {
    F32(Vec<u64>, Vec<f32>),
    F64(Vec<u64>, Vec<f64>),
    I64(Vec<u64>, Vec<i64>),
    Text(Vec<u64>, Vec<String>),
    FixedText(String),
}

pub(crate) fn f32s(shape: &[u64], values: &[f32]) -> Value {
    Value::F32(shape.to_vec(), values.to_vec())
}

pub(crate) fn f64s(shape: &[u64], values: &[f64]) -> Value {
    Value::F64(shape.to_vec(), values.to_vec())
}

pub(crate) fn ints(shape: &[u64], values: &[i64]) -> Value {
    Value::I64(shape.to_vec(), values.to_vec())
}

/// A shape or other list of integers.
pub(crate) fn list(values: &[i64]) -> Value {
    ints(&[values.len() as u64], values)
}

pub(crate) fn int(value: i64) -> Value {
    ints(&[], &[value])
}

pub(crate) fn zeros(shape: &[u64]) -> Value {
    let n: u64 = shape.iter().product();
    Value::F32(shape.to_vec(), vec![0.0; usize::try_from(n).unwrap()])
}

pub(crate) fn ones(shape: &[u64]) -> Value {
    let n: u64 = shape.iter().product();
    Value::F32(shape.to_vec(), vec![1.0; usize::try_from(n).unwrap()])
}

pub(crate) fn text(value: &str) -> Value {
    Value::Text(Vec::new(), vec![value.to_owned()])
}

/// A file in the making; paths are below the root.
#[derive(Clone, Default)]
pub(crate) struct Document(BTreeMap<String, Value>);

impl Document {
    /// An empty graph of version 1.0.8.
    pub(crate) fn empty() -> Self {
        Self::default()
            .set("version", text("1.0.8"))
            .set("node/type", text("NIRGraph"))
            .edges("node", &[])
    }

    /// `input` of 3, `fc` of 3 to 2, `lif` of 2, `output` of 2.
    pub(crate) fn small() -> Self {
        Self::empty()
            .input(&[3])
            .node("fc", "Affine", &[("weight", ones(&[2, 3])), ("bias", zeros(&[2]))])
            .lif("lif", &[2])
            .output(&[2])
            .edges("node", &[("input", "fc"), ("fc", "lif"), ("lif", "output")])
    }

    pub(crate) fn set(mut self, path: &str, value: Value) -> Self {
        self.0.insert(path.to_owned(), value);
        self
    }

    pub(crate) fn remove(mut self, path: &str) -> Self {
        let under = format!("{path}/");
        let n = self.0.len();
        self.0.retain(|key, _| key != path && !key.starts_with(&under));
        assert!(self.0.len() < n, "nothing at {path}");
        self
    }

    /// A node of the outermost graph, or of the one at `a/b` for a name `a/b/c`.
    pub(crate) fn node(mut self, name: &str, kind: &str, fields: &[(&str, Value)]) -> Self {
        let path = format!("node/nodes/{}", name.replace('/', "/nodes/"));
        self.0.insert(format!("{path}/type"), text(kind));
        for (field, value) in fields {
            self.0.insert(format!("{path}/{field}"), value.clone());
        }
        self
    }

    pub(crate) fn input(self, shape: &[i64]) -> Self {
        self.node("input", "Input", &[("shape", list(shape))])
    }

    pub(crate) fn output(self, shape: &[i64]) -> Self {
        self.node("output", "Output", &[("shape", list(shape))])
    }

    pub(crate) fn lif(self, name: &str, shape: &[u64]) -> Self {
        let fields = [
            ("tau", ones(shape)),
            ("r", ones(shape)),
            ("v_leak", zeros(shape)),
            ("v_threshold", ones(shape)),
            ("v_reset", zeros(shape)),
        ];
        self.node(name, "LIF", &fields)
    }

    pub(crate) fn conv2d(self, name: &str, weight: &[u64], changes: &[(&str, Value)]) -> Self {
        let fields = [
            ("input_shape", list(&[4, 4])),
            ("weight", ones(weight)),
            ("stride", list(&[1, 1])),
            ("padding", list(&[0, 0])),
            ("dilation", list(&[1, 1])),
            ("groups", int(1)),
            ("bias", zeros(&weight[..1])),
        ];
        self.node(name, "Conv2d", &fields).node(name, "Conv2d", changes)
    }

    pub(crate) fn edges(self, graph: &str, edges: &[(&str, &str)]) -> Self {
        let names = edges.iter().flat_map(|(from, to)| [(*from).to_owned(), (*to).to_owned()]);
        let value = Value::Text(vec![edges.len() as u64, 2], names.collect());
        self.set(&format!("{graph}/edges"), value)
    }

    /// The outermost graph's nodes one after another.
    pub(crate) fn chain(self, names: &[&str]) -> Self {
        let edges: Vec<_> = names.windows(2).map(|pair| (pair[0], pair[1])).collect();
        self.edges("node", &edges)
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut file = FileBuilder::new();
        file.with_libver_bounds(LibVer::Earliest, LibVer::V18);
        let mut groups: BTreeMap<&str, Vec<(&str, &Value)>> = BTreeMap::new();
        for (path, value) in &self.0 {
            match path.split_once('/') {
                Some((group, rest)) => groups.entry(group).or_default().push((rest, value)),
                None => store(file.create_dataset(path), value),
            }
        }
        for (name, members) in groups {
            let mut group = file.create_group(name);
            fill(&mut group, &members);
            file.add_group(group.finish());
        }
        file.finish().unwrap()
    }
}

fn fill(group: &mut GroupBuilder, members: &[(&str, &Value)]) {
    let mut groups: BTreeMap<&str, Vec<(&str, &Value)>> = BTreeMap::new();
    for (path, value) in members {
        match path.split_once('/') {
            Some((group, rest)) => groups.entry(group).or_default().push((rest, value)),
            None => store(group.create_dataset(path), value),
        }
    }
    for (name, members) in groups {
        let mut child = group.create_group(name);
        fill(&mut child, &members);
        group.add_group(child.finish());
    }
}

fn store(dataset: &mut hdf5_pure::DatasetBuilder, value: &Value) {
    match value {
        Value::F32(shape, values) => dataset.with_f32_data(values).with_shape(shape),
        Value::F64(shape, values) => dataset.with_f64_data(values).with_shape(shape),
        Value::I64(shape, values) => dataset.with_i64_data(values).with_shape(shape),
        Value::Text(shape, values) => {
            let values: Vec<&str> = values.iter().map(String::as_str).collect();
            dataset.with_vlen_strings(&values).with_shape(shape)
        }
        Value::FixedText(value) => dataset.with_ascii_strings(&[value]).unwrap().with_shape(&[]),
    };
}

/// What reading makes of the bytes: the repairs, or the error.
pub(crate) fn outcome(bytes: &[u8]) -> String {
    match nir::from_bytes(bytes) {
        Ok(loaded) => {
            let lines: Vec<String> = loaded.repairs.iter().map(ToString::to_string).collect();
            format!("read\n{}", lines.join("\n"))
        }
        Err(error) => error.to_string(),
    }
}

/// Reads the document and compares what is said with `expected`.
#[track_caller]
#[allow(clippy::needless_pass_by_value)]
pub(crate) fn check(document: Document, expected: Expect) {
    expected.assert_eq(&outcome(&document.bytes()));
}
