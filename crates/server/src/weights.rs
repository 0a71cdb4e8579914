//! How the weights of a network's file are distributed.

use std::path::Path;

use nir::{Graph, Node, ReadError};
use schemars::JsonSchema;
use serde::Serialize;

/// Bars of a histogram.
const BARS: usize = 40;

/// The nodes of a model that have weights.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Projections {
    projections: Vec<Projection>,
}

/// A node with weights.
#[derive(Serialize, JsonSchema)]
struct Projection {
    /// The node.
    name: String,
    /// The node before it.
    from: String,
    /// The node after it.
    to: String,
    /// The smallest weight.
    min: f64,
    /// The largest weight.
    max: f64,
    /// Their mean.
    mean: f64,
    /// How many there are of each size.
    histogram: Histogram,
}

/// Numbers by size.
#[derive(Serialize, JsonSchema)]
struct Histogram {
    /// Where bars begin and end: one more than bars.
    edges: Vec<f64>,
    /// Weights of each bar.
    counts: Vec<u64>,
}

/// Reads a network and looks at its weights.
///
/// # Errors
/// [`ReadError`].
pub(crate) fn weights(path: &Path) -> Result<Projections, ReadError> {
    let graph = nir::read(path)?.graph;
    let projections =
        graph.nodes.iter().filter_map(|(name, node)| of(&graph, name, node)).collect();
    Ok(Projections { projections })
}

fn of(graph: &Graph, name: &str, node: &Node) -> Option<Projection> {
    let parameters = node.parameters();
    let (_, weight) = parameters.iter().find(|(field, _)| *field == "weight")?;
    let values = weight.to_f64();
    let min = values.iter().copied().reduce(f64::min)?;
    let max = values.iter().copied().reduce(f64::max)?;
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let width = (max - min).max(f64::MIN_POSITIVE) / BARS as f64;
    let mut counts = vec![0; BARS];
    for value in values {
        counts[(((value - min) / width) as usize).min(BARS - 1)] += 1;
    }
    let edges = (0..=BARS).map(|k| min + k as f64 * width).collect();
    let before = graph.edges.iter().find(|(_, to)| to == name);
    let after = graph.edges.iter().find(|(from, _)| from == name);
    Some(Projection {
        name: name.to_owned(),
        from: before.map(|(from, _)| from.clone()).unwrap_or_default(),
        to: after.map(|(_, to)| to.clone()).unwrap_or_default(),
        min,
        max,
        mean,
        histogram: Histogram { edges, counts },
    })
}
