//! A picture of a graph as SVG: nodes in layers from input to output, edges between them, edges
//! that go back drawn around the side.

use std::collections::BTreeMap;
use std::fmt::Write;

use nir::Graph;

use crate::draw::escape;

const BOX: (f64, f64) = (190.0, 56.0);
const GAP: (f64, f64) = (40.0, 46.0);

/// Colours by what a node does: port, map, neuron, other.
fn colour(kind: &str) -> &'static str {
    match kind {
        "Input" | "Output" => "#e8e8e8",
        "Affine" | "Linear" | "Scale" | "Conv1d" | "Conv2d" => "#dbe9fb",
        "SumPool2d" | "AvgPool2d" | "Flatten" | "Delay" => "#eef3e2",
        _ => "#fde3cf",
    }
}

pub(crate) fn svg(graph: &Graph) -> String {
    let order = graph.order();
    let shapes = graph.shapes();
    let position: BTreeMap<&str, usize> = order.iter().enumerate().map(|(k, n)| (*n, k)).collect();
    let forward = |from: &str, to: &str| position.get(from) < position.get(to);
    let mut layer: BTreeMap<&str, usize> = BTreeMap::new();
    for name in &order {
        let before = graph.predecessors(name).filter(|from| forward(from, name));
        let depth = before.filter_map(|from| layer.get(from)).max().map_or(0, |d| d + 1);
        layer.insert(name, depth);
    }
    let mut rows: BTreeMap<usize, Vec<&str>> = BTreeMap::new();
    for name in &order {
        rows.entry(layer[name]).or_default().push(name);
    }
    let widest = rows.values().map(Vec::len).max().unwrap_or(1) as f64;
    let width = widest * (BOX.0 + GAP.0) + 2.0 * GAP.0 + 60.0;
    let height = rows.len() as f64 * (BOX.1 + GAP.1) + GAP.1;
    let mut places: BTreeMap<&str, (f64, f64)> = BTreeMap::new();
    for (depth, names) in &rows {
        let row_width = names.len() as f64 * (BOX.0 + GAP.0) - GAP.0;
        for (k, name) in names.iter().enumerate() {
            let x = (width - row_width) / 2.0 + k as f64 * (BOX.0 + GAP.0);
            places.insert(name, (x, GAP.1 / 2.0 + *depth as f64 * (BOX.1 + GAP.1)));
        }
    }
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
         font-family=\"sans-serif\" font-size=\"13\">\n\
         <defs><marker id=\"arrow\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" markerWidth=\"8\" \
         markerHeight=\"8\" orient=\"auto\"><path d=\"M0 0 L8 4 L0 8 z\" fill=\"#555\"/></marker>\
         </defs>\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n"
    );
    for (from, to) in &graph.edges {
        let (Some(&a), Some(&b)) = (places.get(from.as_str()), places.get(to.as_str())) else {
            continue;
        };
        let path = if forward(from, to) {
            let (x, y) = (a.0 + BOX.0 / 2.0, a.1 + BOX.1);
            format!("M{x} {y} L{} {}", b.0 + BOX.0 / 2.0, b.1)
        } else {
            let (ax, bx) = (a.0 + BOX.0, b.0 + BOX.0);
            let side = ax.max(bx) + 50.0;
            let (ay, by) = (a.1 + BOX.1 / 2.0, b.1 + BOX.1 / 2.0);
            format!("M{ax} {ay} C{side} {ay} {side} {by} {bx} {by}")
        };
        let dash = if forward(from, to) { "" } else { " stroke-dasharray=\"5 3\"" };
        let _ = writeln!(
            svg,
            "<path d=\"{path}\" fill=\"none\" stroke=\"#555\"{dash} marker-end=\"url(#arrow)\"/>"
        );
    }
    for (name, &(x, y)) in &places {
        let Some(node) = graph.nodes.get(*name) else { continue };
        let axes = |shape: &[usize]| shape.iter().map(ToString::to_string).collect::<Vec<_>>();
        let shape = shapes.get(*name).map_or(String::new(), |s| axes(&s.output).join(" x "));
        let kind = node.kind();
        let _ = writeln!(
            svg,
            "<rect x=\"{x}\" y=\"{y}\" width=\"{}\" height=\"{}\" rx=\"6\" fill=\"{}\" \
             stroke=\"#777\"/>\n<text x=\"{mid}\" y=\"{}\" text-anchor=\"middle\" \
             font-weight=\"bold\">{}</text>\n<text x=\"{mid}\" y=\"{}\" text-anchor=\"middle\" \
             fill=\"#444\">{kind} → {}</text>",
            BOX.0,
            BOX.1,
            colour(kind),
            y + 23.0,
            escape(name),
            y + 42.0,
            escape(&shape),
            mid = x + BOX.0 / 2.0,
        );
    }
    svg.push_str("</svg>\n");
    svg
}
