//! From a graph to the bytes of a file, as `nir.write` lays it out.

use hdf5_pure::{DatasetBuilder, FileBuilder, GroupBuilder, LibVer};

use crate::graph::Graph;
use crate::node::{Node, Padding};
use crate::tensor::{Data, Tensor};

/// The version of nir in whose way a file is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WriteVersion {
    /// 0.2.0: neurons have no `v_reset`.
    V0_2_0,
    /// 1.0.4: neurons have no `v_reset`.
    V1_0_4,
    /// 1.0.8: neurons have a `v_reset`.
    #[default]
    V1_0_8,
}

/// Why a graph cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// HDF5 has no way to store it, such as a node's name with a `/` in it.
    #[error("cannot be stored as HDF5: {found}")]
    Hdf5 {
        /// What stands in the way.
        found: String,
    },
    /// A neuron resets to another value than zero, which this version cannot say.
    #[error("`{node}` has a v_reset other than 0, which NIR {version} cannot say")]
    ResetLost {
        /// The neuron.
        node: String,
        /// The version asked for.
        version: &'static str,
    },
}

impl WriteVersion {
    /// The version as it stands in the file.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::V0_2_0 => "0.2.0",
            Self::V1_0_4 => "1.0.4",
            Self::V1_0_8 => "1.0.8",
        }
    }

    fn has_reset(self) -> bool {
        self == Self::V1_0_8
    }
}

/// The bytes of a NIR file that holds `graph`.
///
/// # Errors
///
/// What the format or the version cannot say.
pub fn to_bytes(graph: &Graph, version: WriteVersion) -> Result<Vec<u8>, WriteError> {
    refuse_lost_resets(graph, version)?;
    let mut file = FileBuilder::new();
    // The oldest layout that the library writes: HDF5 1.8 and later read it.
    file.with_libver_bounds(LibVer::Earliest, LibVer::V18);
    text(file.create_dataset("version"), version.name());
    let mut root = file.create_group("node");
    write_graph(&mut root, graph, version);
    file.add_group(root.finish());
    file.finish().map_err(|error| WriteError::Hdf5 { found: error.to_string() })
}

fn refuse_lost_resets(graph: &Graph, version: WriteVersion) -> Result<(), WriteError> {
    if version.has_reset() {
        return Ok(());
    }
    for (name, node) in &graph.nodes {
        if let Node::Graph(nested) = node {
            refuse_lost_resets(nested, version)?;
        }
        let mut resets = node.parameters().into_iter().filter(|(field, _)| *field == "v_reset");
        if resets.any(|(_, reset)| reset.iter().any(|value| value != 0.0)) {
            let node = name.clone();
            return Err(WriteError::ResetLost { node, version: version.name() });
        }
    }
    Ok(())
}

fn write_graph(group: &mut GroupBuilder, graph: &Graph, version: WriteVersion) {
    text(group.create_dataset("type"), "NIRGraph");
    let names: Vec<&str> =
        graph.edges.iter().flat_map(|(from, to)| [from.as_str(), to.as_str()]).collect();
    group
        .create_dataset("edges")
        .with_vlen_strings(&names)
        .with_shape(&[graph.edges.len() as u64, 2]);
    let mut nodes = group.create_group("nodes");
    for (name, node) in &graph.nodes {
        let mut group = nodes.create_group(name);
        write_node(&mut group, node, version);
        nodes.add_group(group.finish());
    }
    group.add_group(nodes.finish());
}

fn write_node(group: &mut GroupBuilder, node: &Node, version: WriteVersion) {
    if let Node::Graph(graph) = node {
        write_graph(group, graph, version);
        return;
    }
    text(group.create_dataset("type"), node.kind());
    for (field, parameter) in node.parameters() {
        if field != "v_reset" || version.has_reset() {
            tensor(group.create_dataset(field), parameter);
        }
    }
    match node {
        Node::Input(port) => shape(group.create_dataset("shape"), &port.shape),
        Node::Output(port) => shape(group.create_dataset("shape"), &port.shape),
        Node::Conv1d(node) => {
            if let Some([length]) = node.input_shape {
                integer(group.create_dataset("input_shape"), to_i64(length));
            }
            let ([stride], [dilation]) = (node.stride, node.dilation);
            integer(group.create_dataset("stride"), to_i64(stride));
            integer(group.create_dataset("dilation"), to_i64(dilation));
            integer(group.create_dataset("groups"), to_i64(node.groups));
            match node.padding {
                Padding::Same => text(group.create_dataset("padding"), "same"),
                Padding::Valid => text(group.create_dataset("padding"), "valid"),
                Padding::Explicit([amount]) => {
                    integer(group.create_dataset("padding"), to_i64(amount));
                }
            }
        }
        Node::Conv2d(node) => {
            if let Some(axes) = node.input_shape {
                shape(group.create_dataset("input_shape"), &axes);
            }
            shape(group.create_dataset("stride"), &node.stride);
            shape(group.create_dataset("dilation"), &node.dilation);
            integer(group.create_dataset("groups"), to_i64(node.groups));
            match node.padding {
                Padding::Same => text(group.create_dataset("padding"), "same"),
                Padding::Valid => text(group.create_dataset("padding"), "valid"),
                Padding::Explicit(amounts) => shape(group.create_dataset("padding"), &amounts),
            }
        }
        Node::SumPool2d(node) => window(group, node.kernel_size, node.stride, node.padding),
        Node::AvgPool2d(node) => window(group, node.kernel_size, node.stride, node.padding),
        Node::Flatten(node) => {
            if let Some(axes) = &node.input_shape {
                shape(group.create_dataset("input_type"), axes);
            }
            integer(group.create_dataset("start_dim"), node.start_dim);
            integer(group.create_dataset("end_dim"), node.end_dim);
        }
        _ => {}
    }
}

fn window(group: &mut GroupBuilder, kernel: [usize; 2], stride: [usize; 2], padding: [usize; 2]) {
    shape(group.create_dataset("kernel_size"), &kernel);
    shape(group.create_dataset("stride"), &stride);
    shape(group.create_dataset("padding"), &padding);
}

fn text(dataset: &mut DatasetBuilder, text: &str) {
    dataset.with_vlen_strings(&[text]).with_shape(&[]);
}

fn integer(dataset: &mut DatasetBuilder, value: i64) {
    dataset.with_i64_data(&[value]).with_shape(&[]);
}

fn shape(dataset: &mut DatasetBuilder, axes: &[usize]) {
    let axes: Vec<i64> = axes.iter().map(|axis| to_i64(*axis)).collect();
    dataset.with_i64_data(&axes).with_shape(&[axes.len() as u64]);
}

fn tensor(dataset: &mut DatasetBuilder, tensor: &Tensor) {
    let shape: Vec<u64> = tensor.shape().iter().map(|axis| *axis as u64).collect();
    match tensor.data() {
        Data::F32(values) => dataset.with_f32_data(values).with_shape(&shape),
        Data::F64(values) => dataset.with_f64_data(values).with_shape(&shape),
    };
}

/// Axes are limited far below where this could be cut short.
fn to_i64(size: usize) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}
