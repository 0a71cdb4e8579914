//! What must hold of any graph.

use std::collections::{BTreeMap, BTreeSet};

use knowledge::Vertex;
use knowledge::analysis::{Analysis, Cost, Direction, KnowledgeGraph, Likeness};
use proptest::prelude::*;

use super::{graph, vertex, vertices};

const N: u64 = 14;

fn edges() -> impl Strategy<Value = Vec<(u64, u64, f32)>> {
    // Not exact in binary, so that sums are rounded.
    proptest::collection::vec((0..N, 0..N, 0.01_f32..1.0), 0..40)
}

/// The strongest link and the sum of links from one to another.
fn ties(edges: &[(u64, u64, f32)], directed: bool) -> BTreeMap<(Vertex, Vertex), (f64, f64)> {
    let mut ties: BTreeMap<_, (f64, f64)> = BTreeMap::new();
    for (a, b, strength) in edges.iter().filter(|(a, b, _)| a != b) {
        let (a, b, s) = (vertex(*a), vertex(*b), f64::from(*strength));
        let ways = if directed { vec![(a, b)] } else { vec![(a, b), (b, a)] };
        for way in ways {
            let tie = ties.entry(way).or_default();
            *tie = (tie.0.max(s), tie.1 + s);
        }
    }
    ties
}

fn every(graph: &KnowledgeGraph) -> Vec<Analysis> {
    let (from, to) = (graph.vertices()[0], graph.vertices()[1]);
    let mut all = vec![
        Analysis::Summary,
        Analysis::ShortestPaths { from, to, k: 3, cost: Cost::Surprisal },
        Analysis::Reachable { from, hops: None, direction: Direction::Entering },
        Analysis::Components,
        Analysis::StrongComponents,
        Analysis::Degree,
        Analysis::InDegree,
        Analysis::OutDegree,
        Analysis::PageRank { damping: 0.85 },
        Analysis::Betweenness { cost: Cost::Inverse, sources: Some(5) },
        Analysis::Closeness { cost: Cost::Hops },
        Analysis::Eigenvector,
        Analysis::MaximumFlow { from, to },
    ];
    if !graph.is_directed() {
        all.extend([
            Analysis::Clustering,
            Analysis::Triangles,
            Analysis::Communities { resolution: 1.0 },
            Analysis::SpanningForest,
            Analysis::Bridges,
            Analysis::ArticulationPoints,
            Analysis::PredictedLinks { of: from, likeness: Likeness::Jaccard },
            Analysis::Matching,
            Analysis::Colouring,
        ]);
    }
    all
}

proptest! {
    #[test]
    fn ways_are_ways_and_their_costs_add_up(edges in edges(), directed: bool, hops: bool) {
        let cost = if hops { Cost::Hops } else { Cost::Surprisal };
        let ties = ties(&edges, directed);
        let ways = graph(N, &edges, directed).shortest_paths(vertex(0), vertex(1), 8, cost).unwrap();
        let mut seen = BTreeSet::new();
        for way in &ways {
            prop_assert_eq!((way.vertices[0], way.vertices[way.vertices.len() - 1]), (vertex(0), vertex(1)));
            let steps: Vec<_> = way.vertices.windows(2).map(|s| ties[&(s[0], s[1])].0).collect();
            prop_assert_eq!(way.cost, steps.iter().map(|s| cost.of(*s)).sum::<f64>());
            prop_assert_eq!(way.strength, steps.iter().product::<f64>());
            prop_assert_eq!(way.links.len(), steps.len());
            prop_assert_eq!(way.vertices.iter().collect::<BTreeSet<_>>().len(), way.vertices.len());
            prop_assert!(seen.insert(way.vertices.clone()));
        }
        prop_assert!(ways.is_sorted_by(|a, b| a.cost <= b.cost));
    }

    #[test]
    fn a_flow_is_kept_within_capacities_and_is_its_cut(edges in edges(), directed: bool) {
        let ties = ties(&edges, directed);
        let flow = graph(N, &edges, directed).maximum_flow(vertex(0), vertex(1)).unwrap();
        let mut through: BTreeMap<Vertex, f64> = BTreeMap::new();
        for tie in &flow.carried {
            prop_assert!(tie.value <= ties[&(tie.from, tie.to)].1 + 1e-9);
            *through.entry(tie.from).or_default() += tie.value;
            *through.entry(tie.to).or_default() -= tie.value;
        }
        for v in vertices(2..N) {
            prop_assert!(through.get(&v).is_none_or(|sum| sum.abs() < 1e-9));
        }
        let out = through.get(&vertex(0)).copied().unwrap_or(0.0);
        prop_assert!((out - flow.value).abs() < 1e-9);
        let cut: f64 = flow.cut.iter().map(|tie| ties[&(tie.from, tie.to)].1).sum();
        prop_assert!((cut - flow.value).abs() < 1e-6);
        // Without the cut nothing flows.
        let kept = |(a, b, _): &&(u64, u64, f32)| {
            let is = |from, to| move |tie: &knowledge::analysis::Bond| {
                (tie.from, tie.to) == (vertex(from), vertex(to))
            };
            !flow.cut.iter().any(is(*a, *b)) && (directed || !flow.cut.iter().any(is(*b, *a)))
        };
        let rest: Vec<_> = edges.iter().filter(kept).copied().collect();
        prop_assert_eq!(graph(N, &rest, directed).maximum_flow(vertex(0), vertex(1)).unwrap().value, 0.0);
    }

    #[test]
    fn parts_groups_and_colours_have_each_vertex_once(edges in edges()) {
        let graph = graph(N, &edges, false);
        let colours = graph.colouring().unwrap();
        let groups = graph.communities(1.0).unwrap().groups;
        for parts in [graph.components(), graph.strong_components(), groups, colours.clone()] {
            let mut all: Vec<Vertex> = parts.concat();
            all.sort();
            prop_assert_eq!(all, vertices(0..N));
            prop_assert!(parts.is_sorted_by(|a, b| a.len() >= b.len()));
        }
        for (a, b) in ties(&edges, false).keys() {
            let part = |v| graph.components().iter().position(|part| part.contains(v));
            prop_assert_eq!(part(a), part(b));
            prop_assert!(!colours.iter().any(|colour| colour.contains(a) && colour.contains(b)));
        }
        prop_assert!(colours.len() <= 1 + graph.degrees().into_iter().max().unwrap_or(0));
    }

    #[test]
    fn forests_join_what_is_joined_and_matchings_share_no_end(edges in edges()) {
        let whole = graph(N, &edges, false);
        let number = |v: Vertex| match v {
            Vertex::Entity(id) => id.0,
            Vertex::Memory(_) => unreachable!(),
        };
        let forest = whole.spanning_forest().unwrap();
        let kept: Vec<_> = forest.iter().map(|t| (number(t.from), number(t.to), 1.0)).collect();
        prop_assert_eq!(graph(N, &kept, false).components(), whole.components());
        prop_assert_eq!(kept.len(), N as usize - whole.components().len());
        let matching = whole.matching().unwrap();
        let ends: BTreeSet<Vertex> = matching.iter().flat_map(|t| [t.from, t.to]).collect();
        prop_assert_eq!(ends.len(), 2 * matching.len());
        let ties = ties(&edges, false);
        prop_assert!(matching.iter().all(|t| ties.contains_key(&(t.from, t.to))));
        // Each tie has an end that is matched, or it could be one more.
        prop_assert!(ties.keys().all(|(a, b)| ends.contains(a) || ends.contains(b)));
    }

    #[test]
    fn the_order_in_which_links_come_changes_nothing(edges in edges(), directed: bool) {
        // The strengths of parallel links are added up in the order of their numbers.
        let mut single: BTreeMap<(u64, u64), f32> = BTreeMap::new();
        for (a, b, s) in &edges {
            single.insert((*a.min(b), *a.max(b)), *s);
        }
        let forth: Vec<_> = single.iter().map(|((a, b), s)| (*a, *b, *s)).collect();
        let back: Vec<_> = forth.iter().rev().copied().collect();
        let (forth, back) = (graph(N, &forth, directed), graph(N, &back, directed));
        for asked in every(&forth) {
            let [mut a, mut b] = [&forth, &back].map(|g| g.analyse(asked, 100).unwrap());
            // Links have other numbers.
            for found in [&mut a, &mut b] {
                found.paths.iter_mut().for_each(|way| way.links.clear());
                let id = knowledge::links::LinkId::Relation(knowledge::RelationId(0));
                found.ties.iter_mut().for_each(|tie| tie.id = id);
            }
            prop_assert_eq!(a, b);
        }
    }
}
