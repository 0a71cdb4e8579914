//! The numbers of networkx.

use knowledge::Vertex;
use knowledge::analysis::{Cost, Direction, KnowledgeGraph, Likeness, TRIADS};
use serde_json::Value;

use super::{graph, vertex, vertices};

const COSTS: [(&str, Cost); 3] =
    [("hops", Cost::Hops), ("inverse", Cost::Inverse), ("surprisal", Cost::Surprisal)];

fn each_graph(check: impl Fn(&KnowledgeGraph, &Value)) {
    let all: Value = serde_json::from_str(include_str!("../../fixtures/analysis.json")).unwrap();
    assert_eq!(all.as_object().unwrap().len(), 7);
    for expected in all.as_object().unwrap().values() {
        let edge = |e: &Value| (number(&e[0]), number(&e[1]), e[2].as_f64().unwrap() as f32);
        let edges: Vec<_> = list(&expected["edges"]).iter().map(edge).collect();
        let directed = expected["directed"].as_bool().unwrap();
        check(&graph(number(&expected["n"]), &edges, directed), expected);
    }
}

fn each_undirected(check: impl Fn(&KnowledgeGraph, &Value)) {
    each_graph(|graph, expected| {
        if !graph.is_directed() {
            check(graph, expected);
        }
    });
}

fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap()
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    list(value).iter().map(|x| x.as_f64().unwrap()).collect()
}

fn group(value: &Value) -> Vec<Vertex> {
    vertices(list(value).iter().map(number))
}

fn groups(value: &Value) -> Vec<Vec<Vertex>> {
    list(value).iter().map(group).collect()
}

fn pairs(value: &Value) -> Vec<(Vertex, f64)> {
    let pair = |pair: &Value| (vertex(number(&pair[0])), pair[1].as_f64().unwrap());
    list(value).iter().map(pair).collect()
}

#[track_caller]
fn close(found: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len());
    for (k, (found, expected)) in found.iter().zip(expected).enumerate() {
        let far = (found - expected).abs();
        assert!(far <= tolerance, "{k}: {found}, expected {expected}, {far} away");
    }
}

fn sorted<T: Ord>(mut items: Vec<T>) -> Vec<T> {
    items.sort();
    items
}

#[test]
fn ways_and_flows() {
    each_graph(|graph, expected| {
        for pair in list(&expected["paths"]) {
            let (from, to) = (vertex(number(&pair["from"])), vertex(number(&pair["to"])));
            for (name, cost) in COSTS {
                let ways = graph.shortest_paths(from, to, 6, cost).unwrap();
                let costs: Vec<f64> = ways.iter().map(|way| way.cost).collect();
                close(&costs, &numbers(&pair[name]), 1e-9);
            }
            let flow = graph.maximum_flow(from, to).unwrap();
            close(&[flow.value], &[pair["flow"].as_f64().unwrap()], 1e-9);
        }
    });
}

#[test]
fn parts_and_reach() {
    each_graph(|graph, expected| {
        assert_eq!(sorted(graph.components()), groups(&expected["components"]));
        assert_eq!(sorted(graph.strong_components()), groups(&expected["strong_components"]));
        let near = graph.reachable(vertex(0), None, Direction::Leaving).unwrap();
        let near = near.into_iter().map(|(v, hops)| (v, hops as f64));
        let mut near: Vec<(Vertex, f64)> = near.collect();
        near.sort_by_key(|(v, _)| *v);
        assert_eq!(near, pairs(&expected["reachable"]));
    });
}

#[test]
fn centralities() {
    each_graph(|graph, expected| {
        let degrees: Vec<f64> = graph.degrees().iter().map(|d| *d as f64).collect();
        assert_eq!(degrees, numbers(&expected["degree"]));
        let ranks = graph.page_rank(0.85).unwrap();
        assert!(ranks.settled);
        close(&ranks.scores, &numbers(&expected["page_rank"]), 1e-8);
        for (name, cost) in &COSTS[..2] {
            let found = graph.betweenness(*cost, None).unwrap();
            close(&found, &numbers(&expected["betweenness"][name]), 1e-12);
            let found = graph.closeness(*cost).unwrap();
            close(&found, &numbers(&expected["closeness"][name]), 1e-12);
        }
    });
}

#[test]
fn eigenvectors_where_networkx_has_one() {
    let n_compared = std::cell::Cell::new(0);
    each_graph(|graph, expected| {
        let found = graph.eigenvector();
        if found.settled && expected["eigenvector"].is_array() {
            close(&found.scores, &numbers(&expected["eigenvector"]), 1e-6);
            n_compared.set(n_compared.get() + 1);
        }
    });
    assert!(n_compared.get() >= 5, "{n_compared:?}");
}

#[test]
fn triangles_and_summaries() {
    each_graph(|graph, expected| {
        let summary = graph.summary().unwrap();
        let ties = expected["ties"].as_u64().unwrap() as usize;
        assert_eq!((summary.ties, graph.n_ties()), (ties, ties));
        close(&[summary.density], &[expected["density"].as_f64().unwrap()], 1e-15);
        assert_eq!(summary.components, list(&expected["components"]).len());
        assert_eq!(summary.strong_components, list(&expected["strong_components"]).len());
        let degrees = numbers(&expected["degree"]);
        for (degree, n) in &summary.degrees {
            assert_eq!(*n, degrees.iter().filter(|d| **d == *degree as f64).count());
        }
        assert_eq!(summary.degrees.iter().map(|(_, n)| n).sum::<usize>(), degrees.len());
        if graph.is_directed() {
            assert_eq!((summary.average_clustering, summary.transitivity), (None, None));
            return;
        }
        let triangles = graph.triangles().unwrap();
        let counts: Vec<f64> = triangles.counts.iter().map(|n| *n as f64).collect();
        assert_eq!(counts, numbers(&expected["triangles"]));
        close(&triangles.coefficients(), &numbers(&expected["clustering"]), 1e-15);
        let found = [summary.transitivity.unwrap(), summary.average_clustering.unwrap()];
        let named = ["transitivity", "average_clustering"].map(|n| expected[n].as_f64().unwrap());
        close(&found, &named, 1e-14);
    });
}

#[test]
fn cores_and_motifs() {
    each_graph(|graph, expected| {
        let census = graph.motifs().unwrap();
        for (name, found) in TRIADS.iter().zip(census) {
            assert_eq!(found, number(&expected["motifs"][name]), "{name}");
        }
        if !graph.is_directed() {
            let cores: Vec<f64> = graph.cores().unwrap().iter().map(|k| *k as f64).collect();
            assert_eq!(cores, numbers(&expected["cores"]));
        }
    });
}

#[test]
fn modularity_and_communities_as_good_as_louvain_there() {
    each_undirected(|graph, expected| {
        for partition in list(&expected["partitions"]) {
            let resolution = partition["resolution"].as_f64().unwrap();
            let found = graph.modularity(&groups(&partition["groups"]), resolution).unwrap();
            close(&[found], &[partition["modularity"].as_f64().unwrap()], 1e-12);
        }
        let found = graph.communities(1.0).unwrap();
        let again = graph.modularity(&found.groups, 1.0).unwrap();
        close(&[found.modularity], &[again], 1e-12);
        // Of twenty seeds there, none of ours is much below the worst.
        let theirs = numbers(&expected["louvain"]);
        let (worst, best) = (theirs[0], theirs[theirs.len() - 1]);
        println!("modularity {}, there {worst} to {best}", found.modularity);
        assert!(found.modularity >= worst - 0.005, "{} < {worst}", found.modularity);
    });
}

#[test]
fn forests_bridges_and_matchings() {
    each_undirected(|graph, expected| {
        let forest = graph.spanning_forest().unwrap();
        let strength: f64 = forest.iter().map(|tie| tie.value).sum();
        close(&[strength], &[expected["forest"].as_f64().unwrap()], 1e-12);
        let bridges = graph.bridges().unwrap();
        let bridges: Vec<Vec<Vertex>> = bridges.iter().map(|tie| vec![tie.from, tie.to]).collect();
        assert_eq!(bridges, groups(&expected["bridges"]));
        let points = graph.articulation_points().unwrap();
        assert_eq!(points, group(&expected["articulation_points"]));
        let matched = graph.matching().unwrap().len();
        assert_eq!(matched as u64, number(&expected["matching"]));
    });
}

#[test]
fn predicted_links() {
    let likenesses = [
        ("adamic_adar", Likeness::AdamicAdar),
        ("jaccard", Likeness::Jaccard),
        ("common_neighbours", Likeness::CommonNeighbours),
    ];
    each_undirected(|graph, expected| {
        for (name, likeness) in likenesses {
            let mut found = graph.predicted_links(vertex(0), likeness).unwrap();
            assert!(found.is_sorted_by(|a, b| a.1 >= b.1), "{found:?}");
            found.sort_by_key(|(v, _)| *v);
            let named = pairs(&expected[name]);
            let split = |all: Vec<(Vertex, f64)>| all.into_iter().unzip::<_, _, Vec<_>, Vec<_>>();
            let ((found, scores), (named, expected)) = (split(found), split(named));
            assert_eq!(found, named);
            close(&scores, &expected, 1e-12);
        }
    });
}
