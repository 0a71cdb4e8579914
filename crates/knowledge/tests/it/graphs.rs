//! Activation, ranks and paths: against networkx, and against sums over all ways.

use std::collections::BTreeMap;

use knowledge::links::{Along, Spread, Strategy, Walk, decayed};
use knowledge::*;
use serde_json::Value;

use crate::inherit::references;
use crate::world::*;

const NOW: Time = 1_000_000;

/// The graph as relations between memories.
fn built(graph: &Value) -> World {
    let mut world = World::default();
    for edge in graph["edges"].as_array().unwrap() {
        let [a, b] = [0, 1].map(|k| vertex(&edge[k]));
        let strength = edge[2].as_f64().unwrap() as f32;
        world.run(NOW, Command::AddRelation(new_relation(a, "near", b, strength)));
    }
    world
}

fn vertex(value: &Value) -> Vertex {
    Vertex::Memory(value.as_u64().unwrap())
}

fn pairs(value: &Value) -> BTreeMap<Vertex, f64> {
    let pair = |pair: &Value| (vertex(&pair[0]), pair[1].as_f64().unwrap());
    value.as_array().unwrap().iter().map(pair).collect()
}

fn each_graph(check: impl Fn(&World, &Value)) {
    for graph in references()["graphs"].as_object().unwrap().values() {
        let world = built(graph);
        check(&world, graph);
        // The same from the records.
        let again = Knowledge::load(&world.records).unwrap();
        check(&World { knowledge: again, records: BTreeMap::new() }, graph);
    }
}

fn close(found: f64, expected: f64, tolerance: f64, what: impl std::fmt::Debug) {
    assert!((found - expected).abs() <= tolerance, "{what:?}: {found}, not {expected}");
}

#[test]
fn walks_are_networkxs() {
    each_graph(|world, graph| {
        let links = world.knowledge.links();
        let seeds: Vec<(Vertex, f32)> =
            pairs(&graph["seeds"]).into_iter().map(|(v, s)| (v, s as f32)).collect();
        let walk = Walk { tolerance: 1e-13, keep: 10_000, ..Walk::default() };
        let found = links.walk(&seeds, &walk, NOW).unwrap();
        let expected = pairs(&graph["personalised"]);
        let found: BTreeMap<Vertex, f64> =
            found.into_iter().map(|r| (r.vertex, f64::from(r.activation))).collect();
        for (vertex, expected) in expected {
            close(found.get(&vertex).copied().unwrap_or(0.0), expected, 1e-7, vertex);
        }
    });
}

#[test]
fn what_is_near_is_networkxs() {
    each_graph(|world, graph| {
        let near = graph["near"].as_array().unwrap();
        let found = world.knowledge.links().neighbourhood(vertex(&near[0]), 2, 10_000, NOW);
        let found = found.unwrap().into_iter().map(|(v, d)| (v, d as f64));
        assert_eq!(found.collect::<BTreeMap<Vertex, f64>>(), pairs(&near[1]));
    });
}

/// The sum over all walks of up to three hops, straight from the formula; nothing is cut off.
fn by_formula(
    graph: &Value,
    seeds: &[(Vertex, f32)],
    hops: usize,
    along: Along,
) -> BTreeMap<Vertex, f64> {
    let mut near: BTreeMap<Vertex, Vec<(Vertex, f64)>> = BTreeMap::new();
    // Against its direction a link counts among the neighbours, and nothing comes over it.
    let back = if along == Along::Both { 1.0 } else { 0.0 };
    for edge in graph["edges"].as_array().unwrap() {
        let (a, b, w) = (vertex(&edge[0]), vertex(&edge[1]), edge[2].as_f64().unwrap());
        near.entry(a).or_default().push((b, w));
        near.entry(b).or_default().push((a, w * back));
    }
    let mut wave: BTreeMap<Vertex, f64> = seeds.iter().map(|(v, s)| (*v, f64::from(*s))).collect();
    let mut total = wave.clone();
    for _ in 0..hops {
        let mut next: BTreeMap<Vertex, f64> = BTreeMap::new();
        for (vertex, amount) in wave {
            let row = near.get(&vertex).cloned().unwrap_or_default();
            for (to, w) in row.iter().filter(|(_, w)| *w > 0.0) {
                *next.entry(*to).or_default() += 0.5 * amount * w / (row.len() as f64).sqrt();
            }
        }
        next.iter().for_each(|(vertex, amount)| *total.entry(*vertex).or_default() += amount);
        wave = next;
    }
    total
}

#[test]
fn activation_spreads_by_the_formula() {
    each_graph(|world, graph| {
        let seeds =
            [(Vertex::Memory(0), 1.0), (Vertex::Memory(5), 0.5), (Vertex::Memory(999), 0.25)];
        let spread = Spread { threshold: 0.0, keep: 10_000, ..Spread::default() };
        let found = world.knowledge.links().spread(&seeds, &spread, NOW).unwrap();
        let expected = by_formula(graph, &seeds, 3, Along::Both);
        assert_eq!(found.len(), expected.len());
        for result in &found {
            close(f64::from(result.activation), expected[&result.vertex], 1e-6, result.vertex);
            // A way begins at a seed, hangs together and ends where it should.
            let Some(first) = result.way.first() else { continue };
            assert!(seeds.iter().any(|(seed, _)| *seed == first.from));
            assert!(result.way.windows(2).all(|pair| pair[0].to == pair[1].from));
            assert_eq!(result.way.last().unwrap().to, result.vertex);
            assert!(result.way.iter().all(|hop| hop.contribution > 0.0));
        }
        // With inhibition the most active stay, and the weak are not felt.
        let few =
            world.knowledge.links().spread(&seeds, &Spread { keep: 5, ..spread }, NOW).unwrap();
        assert_eq!(few, found[..5]);
        let felt = world.knowledge.links().spread(&seeds, &Spread::default(), NOW).unwrap();
        assert!(felt.iter().all(|r| r.activation >= 0.005) && felt.len() <= 64);
    });
}

#[test]
fn strategies_do_what_their_table_says() {
    each_graph(|world, graph| {
        let links = world.knowledge.links();
        let seeds = [(Vertex::Memory(0), 1.0), (Vertex::Memory(5), 0.5)];
        let whole = |strategy: Strategy| {
            let spread = Spread { threshold: 0.0, keep: 10_000, ..strategy.spread() };
            let found = links.activate(&seeds, strategy, &spread, NOW).unwrap();
            found.into_iter().map(|one| (one.vertex, f64::from(one.activation))).collect()
        };
        let same = |found: &BTreeMap<Vertex, f64>, expected: &BTreeMap<Vertex, f64>| {
            assert!(found.keys().eq(expected.keys()));
            found.iter().for_each(|(v, a)| close(*a, expected[v], 1e-6, v));
        };
        same(&whole(Strategy::Directional), &by_formula(graph, &seeds, 3, Along::Out));
        same(&whole(Strategy::Local), &by_formula(graph, &seeds, 1, Along::Both));
        let [first, second] = seeds.map(|seed| by_formula(graph, &[seed], 3, Along::Both));
        let both = first.iter().filter_map(|(v, a)| Some((*v, a.min(*second.get(v)?))));
        same(&whole(Strategy::Parallel), &both.collect());
        let halves = [(seeds[0].0, 0.5), seeds[1], (seeds[0].0, 0.5)];
        let spread = Strategy::Parallel.spread();
        let parallel = |seeds: &[_]| links.activate(seeds, Strategy::Parallel, &spread, NOW);
        assert_eq!(parallel(&halves).unwrap(), parallel(&seeds).unwrap());
        let refused = parallel(&vec![seeds[0]; MAX_SEEDS + 1]).unwrap_err();
        assert!(matches!(refused, KnowledgeError::TooMany { .. }), "{refused}");
        let preset =
            |strategy: Strategy| links.activate(&seeds, strategy, &strategy.spread(), NOW).unwrap();
        let near = preset(Strategy::BreadthFirst);
        assert!(near.windows(2).all(|pair| pair[0].way.len() <= pair[1].way.len()));
        assert!(preset(Strategy::Chain).iter().all(|one| one.way.len() <= 8));
        let most = preset(Strategy::Conservative);
        assert!(most.len() <= 16 && most.iter().all(|one| one.activation >= 0.02));
        assert!(preset(Strategy::Focused).iter().all(|one| one.way.len() <= 2));
        assert_eq!(preset(Strategy::Bidirectional), {
            links.spread(&seeds, &Spread::default(), NOW).unwrap()
        });
    });
}

#[test]
fn links_changed_one_by_one_are_links_made_at_once() {
    let mut world = World::default();
    let entities: Vec<EntityId> = (0..12).map(|k| world.entity(&format!("e{k}"))).collect();
    let at = |k: usize| Vertex::Entity(entities[k % 12]);
    let mut most = 0;
    for k in 0..200_usize {
        let time = NOW + k as Time * 3_600_000_000;
        let (a, b) = (at(k * 7), at(k * k + 1));
        let command = match k % 8 {
            0..=3 if a != b => Command::AddRelation(new_relation(a, "near", b, 0.5)),
            4 => Command::Recalled {
                vertices: vec![at(k), at(k + 1), at(k + 5)],
                connect: Some("with".into()),
            },
            5 => Command::PruneWeak { below: 0.3, limit: 2 },
            6 => Command::AssertFact(new_fact(
                entities[k % 12],
                "knows",
                Object::Entity(entities[(k / 3) % 12]),
            )),
            7 if k % 3 == 0 => Command::RetractFact(FactId(k as u64)),
            _ if k == 95 => Command::MergeEntities { from: entities[3], into: entities[4] },
            _ if k == 143 => Command::Erase(Target::Entity(entities[5])),
            _ if k == 151 => Command::RetractEntity(entities[6]),
            _ => continue,
        };
        let _ = world.try_on(MAIN, time, command);
        most = most.max(world.knowledge.links().n_links());
        if k % 10 == 0 {
            world.check();
        }
        let again = Knowledge::load(&world.records).unwrap();
        let seeds = [(at(k), 1.0), (at(k + 3), 0.7)];
        let all = |knowledge: &Knowledge| {
            let links = knowledge.links();
            let spread = links.spread(&seeds, &Spread::default(), time).unwrap();
            (spread, links.walk(&seeds, &Walk::default(), time).unwrap())
        };
        // To the last bit, and so are the links that a view makes.
        let (found, expected) = (all(&world.knowledge), all(&again));
        assert_eq!(found.0, expected.0, "spread after {k}");
        assert_eq!(found.1, expected.1, "walk after {k}");
        assert!(*world.knowledge.links() == world.view().links());
    }
    assert!(most > 20, "{most}");
}

#[test]
fn strength_grows_by_recall_and_decays() {
    const DAY: Time = 86_400_000_000;
    let mut world = World::default();
    let pair = vec![Vertex::Memory(1), Vertex::Memory(2)];
    world.run(0, Command::AddRelation(new_relation(pair[0], "near", pair[1], 0.5)));
    let id = world.view().relations(pair[0])[0].id;
    let strength = |world: &World, at| world.view().strength(id, at).unwrap();
    world.run(0, Command::Recalled { vertices: pair.clone(), connect: None });
    close(f64::from(strength(&world, 0)), 0.55, 1e-6, "one step of rate 0.1");
    // Exponential, then a power law, with no jump in value or slope at three days.
    close(f64::from(strength(&world, DAY)), 0.55 * (-1.0_f64 / 6.0).exp(), 1e-6, "a day");
    close(f64::from(strength(&world, 12 * DAY)), 0.55 * (-0.5_f64).exp() * 0.5, 1e-6, "12 days");
    let slope =
        |at: Time| f64::from(decayed(1.0, 0.0, at + DAY / 10) - decayed(1.0, 0.0, at)) * 10.0;
    close(slope(3 * DAY), slope(3 * DAY - DAY / 10), 5e-3, "slope");
    assert_eq!(decayed(0.8, 0.3, 100_000 * DAY), 0.3);
    world.run(300 * DAY, Command::PruneWeak { below: 0.2, limit: 10 });
    assert!(world.view().relation(id).is_none());
    assert_eq!(world.knowledge.links().n_links(), 0);
    world.check();
    // As new, it begins again.
    world.run(301 * DAY, Command::AddRelation(new_relation(pair[0], "near", pair[1], 0.4)));
    assert_eq!(world.view().relations(pair[0]).len(), 1);
    world.check();
}
