//! What is written reads back as what it was.

use nir::{Graph, Loaded, Node, WriteError, WriteVersion, from_bytes, to_bytes};

use crate::real::files;

#[test]
fn every_real_graph_reads_back_equal() {
    for (name, bytes) in files() {
        let mut graph = from_bytes(&bytes).unwrap().graph;
        let written = to_bytes(&graph, WriteVersion::V1_0_8).unwrap();
        let Loaded { graph: again, repairs } = from_bytes(&written).unwrap();
        graph.version = Some("1.0.8".to_owned());
        assert!(again == graph, "{name}");
        for repair in repairs {
            assert_eq!(repair.what, "no v_reset", "{name}: {repair}");
        }
    }
}

#[test]
fn older_versions_have_no_reset() {
    for version in [WriteVersion::V0_2_0, WriteVersion::V1_0_4] {
        for (name, bytes) in files() {
            let graph = from_bytes(&bytes).unwrap().graph;
            let again = match to_bytes(&graph, version) {
                Ok(written) => from_bytes(&written).unwrap().graph,
                Err(WriteError::ResetLost { .. }) => {
                    assert!(name.contains("value"), "{name} resets to zero");
                    continue;
                }
                Err(error) => panic!("{name}: {error}"),
            };
            assert_eq!(again.version.as_deref(), Some(version.name()));
            assert!(again.nodes.values().all(has_no_reset), "{name}");
            assert_eq!(again.edges, graph.edges);
        }
    }
}

fn has_no_reset(node: &Node) -> bool {
    node.parameters().iter().all(|(field, _)| *field != "v_reset")
}

#[test]
fn a_nested_graph_is_written_nested() {
    let (_, bytes) = files().remove(0);
    let inner = from_bytes(&bytes).unwrap().graph;
    let mut outer = Graph::default();
    outer.nodes.insert("sub".to_owned(), Node::Graph(Box::new(inner.clone())));
    let written = to_bytes(&outer, WriteVersion::V1_0_8).unwrap();
    let read = from_bytes(&written).unwrap().graph;
    // Its ports are gone, the ones around it are new.
    assert_eq!(read.nodes.len(), inner.nodes.len());
    assert!(read.nodes.keys().filter(|name| name.starts_with("sub.")).count() > 2);
}

#[test]
fn a_name_that_hdf5_cannot_hold_is_refused() {
    let (_, bytes) = files().remove(0);
    let mut graph = from_bytes(&bytes).unwrap().graph;
    let (_, node) = graph.nodes.pop_first().unwrap();
    graph.nodes.insert("a/b".to_owned(), node);
    assert!(matches!(to_bytes(&graph, WriteVersion::V1_0_8), Err(WriteError::Hdf5 { .. })));
}
