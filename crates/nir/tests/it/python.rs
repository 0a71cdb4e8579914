//! What is written here, nir's own Python package reads.

use std::process::Command;

use nir::{Node, WriteVersion, from_bytes, to_bytes};

use crate::real::files;

/// Reads a file with `nir.read` and prints its nodes and the sums of their parameters.
const SCRIPT: &str = "
import sys, nir, numpy
graph = nir.read(sys.argv[1], type_check=False)
for name in sorted(graph.nodes):
    node = graph.nodes[name]
    sums = []
    for field in sorted(vars(node)):
        value = getattr(node, field)
        if isinstance(value, numpy.ndarray) and value.dtype.kind == 'f':
            sums.append(f'{field} {value.astype(numpy.float64).sum():.4e}')
    print(name, type(node).__name__, *sums)
print(sorted(graph.edges))
";

#[test]
fn python_reads_what_is_written() {
    let python = std::env::var("STRIATUM_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let has_nir = Command::new(&python).args(["-c", "import nir"]).output();
    if !has_nir.is_ok_and(|output| output.status.success()) {
        let reason = format!("{python} cannot import nir; STRIATUM_PYTHON names one that can");
        assert!(std::env::var_os("STRIATUM_NO_SKIP").is_none(), "{reason}");
        eprintln!("SKIPPED: {reason}");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files() {
        let graph = from_bytes(&bytes).unwrap().graph;
        let path = folder.path().join("written.nir");
        std::fs::write(&path, to_bytes(&graph, WriteVersion::V1_0_8).unwrap()).unwrap();
        let output = Command::new(&python).args(["-c", SCRIPT]).arg(&path).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(said, expected(&graph), "{name}");
    }
}

fn expected(graph: &nir::Graph) -> String {
    let mut text = String::new();
    for (name, node) in &graph.nodes {
        let mut sums: Vec<String> =
            node.parameters().into_iter().map(|(field, tensor)| sum(field, tensor)).collect();
        // Python fills in what a file leaves out.
        let spikes = matches!(node, Node::If(_) | Node::Lif(_) | Node::CubaLif(_));
        if spikes && !sums.iter().any(|sum| sum.starts_with("v_reset")) {
            sums.push("v_reset 0.0000e+00".to_owned());
        }
        sums.sort();
        text += &format!("{name} {}", node.kind());
        for sum in sums {
            text += &format!(" {sum}");
        }
        text += "\n";
    }
    let edges: Vec<String> =
        graph.edges.iter().map(|(from, to)| format!("('{from}', '{to}')")).collect();
    text + &format!("[{}]\n", edges.join(", "))
}

/// A field and its sum as Python prints it.
fn sum(field: &str, tensor: &nir::Tensor) -> String {
    let sum = format!("{:.4e}", tensor.iter().sum::<f64>());
    let (digits, exponent) = sum.split_once('e').unwrap();
    let exponent: i32 = exponent.parse().unwrap();
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{field} {digits}e{sign}{:02}", exponent.abs())
}
