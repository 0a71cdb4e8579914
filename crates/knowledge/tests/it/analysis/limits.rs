//! What is refused, and what is told of more than can be told.

use knowledge::KnowledgeError;
use knowledge::analysis::{
    Analysis, Cost, Direction, Likeness, MAX_TOLD, MAX_VISITS, MAX_WAYS, Over,
};

use super::{graph, vertex};
use crate::world::*;

/// A long way: what recursion would not survive.
fn chain(n: u64) -> Vec<(u64, u64, f32)> {
    (1..n).map(|k| (k - 1, k, 0.5)).collect()
}

#[test]
fn too_much_is_refused_before_it_begins() {
    let long = graph(30_000, &chain(30_000), false);
    let refused = long.betweenness(Cost::Hops, None).unwrap_err();
    let said = refused.to_string();
    assert!(said.starts_with("betweenness would visit 5399880000 ties or more"), "{said}");
    assert!(said.ends_with("give at most 2777 sources"), "{said}");
    assert!(long.betweenness(Cost::Hops, Some(10)).is_ok());
    let refused = long.closeness(Cost::Inverse);
    assert!(matches!(refused, Err(KnowledgeError::TooMuch { .. })), "{refused:?}");
    // That it is too much is seen from the first of them.
    let refused = long.closeness(Cost::Hops);
    assert!(matches!(refused, Err(KnowledgeError::TooMuch { .. })), "{refused:?}");
    assert_eq!(MAX_VISITS, 500_000_000, "the figure above is of this limit");
}

#[test]
fn a_long_way_is_no_deep_recursion() {
    let n = 200_000;
    let long = graph(n, &chain(n), false);
    assert_eq!(long.bridges().unwrap().len() as u64, n - 1);
    assert_eq!(long.articulation_points().unwrap().len() as u64, n - 2);
    assert_eq!(long.matching().unwrap().len() as u64, n / 2);
    assert_eq!(long.colouring().unwrap().len(), 2);
    assert_eq!(long.maximum_flow(vertex(0), vertex(n - 1)).unwrap().value, 0.5);
    let way = &long.shortest_paths(vertex(0), vertex(n - 1), 1, Cost::Hops).unwrap()[0];
    assert_eq!(way.cost, (n - 1) as f64);
    let onward = graph(n, &chain(n), true);
    assert_eq!(onward.strong_components().len() as u64, n);
}

#[test]
fn what_needs_links_both_ways_says_so() {
    let onward = graph(3, &chain(3), true);
    let needs = [
        Analysis::Clustering,
        Analysis::Triangles,
        Analysis::Communities { resolution: 1.0 },
        Analysis::SpanningForest,
        Analysis::Bridges,
        Analysis::ArticulationPoints,
        Analysis::PredictedLinks { of: vertex(0), likeness: Likeness::AdamicAdar },
        Analysis::Matching,
        Analysis::Colouring,
    ];
    for asked in needs {
        let said = onward.analyse(asked, 10).unwrap_err().to_string();
        assert!(said.starts_with("directed: expected links both ways for "), "{said}");
    }
}

#[test]
fn wrong_parameters_are_one_error_each() {
    let few = graph(3, &chain(3), false);
    let (a, b) = (vertex(0), vertex(1));
    let wrong = [
        (Analysis::PageRank { damping: 1.0 }, "damping: expected 0 to below 1, found 1"),
        (Analysis::PageRank { damping: f64::NAN }, "damping: expected 0 to below 1, found NaN"),
        (Analysis::Communities { resolution: 0.0 }, "resolution: expected above 0"),
        (Analysis::Closeness { cost: Cost::Surprisal }, "cost: expected hops or inverse"),
        (Analysis::MaximumFlow { from: a, to: a }, "from and to: expected two vertices, found one"),
        (
            Analysis::ShortestPaths { from: a, to: b, k: MAX_WAYS + 1, cost: Cost::Hops },
            "k: at most",
        ),
        (
            Analysis::Betweenness { cost: Cost::Hops, sources: Some(0) },
            "sources: expected at least 1, found 0",
        ),
        (
            Analysis::Reachable { from: vertex(9), hops: None, direction: Direction::Leaving },
            "there is no entity 9 on this branch",
        ),
    ];
    for (asked, expected) in wrong {
        let said = few.analyse(asked, 10).unwrap_err().to_string();
        assert!(said.starts_with(expected), "{said}");
    }
    assert!(few.analyse(Analysis::Degree, MAX_TOLD + 1).is_err());
    let world = World::default();
    let kinds = vec!["k".to_string(); 65];
    let over = Over { kinds, ..Over::default() };
    assert!(knowledge::analysis::KnowledgeGraph::of(&world.view(), &over, 0).is_err());
}

#[test]
fn nothing_is_known_and_nothing_is_found() {
    let none = graph(0, &[], false);
    let found = none.analyse(Analysis::Summary, 10).unwrap();
    assert_eq!((found.values["vertices"], found.values["density"]), (0.0, 0.0));
    assert!(none.analyse(Analysis::PageRank { damping: 0.85 }, 10).unwrap().vertices.is_empty());
    assert!(none.analyse(Analysis::Communities { resolution: 1.0 }, 10).unwrap().groups.is_empty());
    assert!(none.analyse(Analysis::Betweenness { cost: Cost::Hops, sources: None }, 10).is_ok());
}

#[test]
fn groups_share_what_can_be_told() {
    // A part of seven, one of two and one alone.
    let edges: Vec<_> = chain(7).into_iter().chain([(7, 8, 1.0)]).collect();
    let found = graph(10, &edges, false).analyse(Analysis::Components, 6).unwrap();
    let told: Vec<(usize, usize)> =
        found.groups.iter().map(|group| (group.size, group.vertices.len())).collect();
    assert_eq!((told, found.more), (vec![(7, 3), (2, 2), (1, 1)], true));
    let found = graph(10, &edges, false).analyse(Analysis::Components, 10).unwrap();
    assert!(!found.more);
}
