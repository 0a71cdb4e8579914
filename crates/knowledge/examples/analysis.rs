//! What each analysis costs, at 10,000 entities with 50,000 relations and at ten times that:
//! `cargo run --release -p knowledge --example analysis`.

#![allow(clippy::disallowed_methods, reason = "a measurement reads the clock")]
#![allow(clippy::print_stdout, reason = "it is what a measurement is for")]

use std::time::Instant;

use knowledge::analysis::{Analysis, Cost, Direction, Joined, KnowledgeGraph, Likeness};
use knowledge::links::LinkId;
use knowledge::{EntityId, KnowledgeError, RelationId, Vertex};

const RUNS: usize = 3;

fn main() -> Result<(), KnowledgeError> {
    for n in [10_000, 100_000] {
        for skewed in [false, true] {
            println!(
                "{n} entities, {} relations{}",
                5 * n,
                if skewed { ", a few hubs" } else { "" }
            );
            for directed in [false, true] {
                measure(n, skewed, directed)?;
            }
        }
    }
    Ok(())
}

/// SplitMix64, so that each run is the same.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

fn links(n: u64, skewed: bool) -> Vec<Joined> {
    let mut random = Random(1);
    let link = |k| {
        let from = random.next() % n;
        let part = random.unit();
        // A few are chosen far more often, as in what people talk about.
        let part = if skewed { part.powi(3) } else { part };
        Joined {
            id: LinkId::Relation(RelationId(k)),
            from: Vertex::Entity(EntityId(from)),
            to: Vertex::Entity(EntityId((part * n as f64) as u64)),
            strength: (0.1 + 0.9 * random.unit()) as f32,
        }
    };
    (0..5 * n).map(link).collect()
}

fn measure(n: u64, skewed: bool, directed: bool) -> Result<(), KnowledgeError> {
    let vertices: Vec<Vertex> = (0..n).map(|k| Vertex::Entity(EntityId(k))).collect();
    let links = links(n, skewed);
    let started = Instant::now();
    let graph = KnowledgeGraph::new(vertices.clone(), links, directed)?;
    let made = 1e3 * started.elapsed().as_secs_f64();
    let way = if directed { "one way" } else { "both ways" };
    println!("  {:<34} {made:>10.2} ms, {} ties, links {way}", "laid out", graph.n_ties());
    let (from, to) = (vertices[2], vertices[n as usize - 3]);
    let asked = [
        Analysis::Summary,
        Analysis::ShortestPaths { from, to, k: 1, cost: Cost::Surprisal },
        Analysis::ShortestPaths { from, to, k: 10, cost: Cost::Surprisal },
        Analysis::Reachable { from, hops: None, direction: Direction::Leaving },
        Analysis::Components,
        Analysis::StrongComponents,
        Analysis::Degree,
        Analysis::PageRank { damping: 0.85 },
        Analysis::Betweenness { cost: Cost::Hops, sources: None },
        Analysis::Betweenness { cost: Cost::Hops, sources: Some(500) },
        Analysis::Betweenness { cost: Cost::Inverse, sources: Some(500) },
        Analysis::Closeness { cost: Cost::Hops },
        Analysis::Closeness { cost: Cost::Inverse },
        Analysis::Eigenvector,
        Analysis::MaximumFlow { from, to },
        Analysis::Triangles,
        Analysis::Cores,
        Analysis::Motifs,
        Analysis::Communities { resolution: 1.0 },
        Analysis::SpanningForest,
        Analysis::Bridges,
        Analysis::ArticulationPoints,
        Analysis::PredictedLinks { of: from, likeness: Likeness::AdamicAdar },
        Analysis::Matching,
        Analysis::Colouring,
    ];
    asked.into_iter().for_each(|asked| told(&graph, asked));
    Ok(())
}

/// The fastest of some runs; what took long is not run again.
fn told(graph: &KnowledgeGraph, asked: Analysis) {
    let name = format!("{asked:?}").replace("Entity(EntityId", "(");
    let name: String = name.chars().take(34).collect();
    let mut best = f64::INFINITY;
    for _ in 0..RUNS {
        let started = Instant::now();
        if let Err(error) = graph.analyse(asked, 100) {
            if !error.to_string().starts_with("directed") {
                println!("  {name:<34} {error}");
            }
            return;
        }
        best = best.min(1e3 * started.elapsed().as_secs_f64());
        if best > 500.0 {
            break;
        }
    }
    println!("  {name:<34} {best:>10.2} ms");
}
