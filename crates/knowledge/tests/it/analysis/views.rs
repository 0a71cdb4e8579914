//! Of what is known, on a branch and at a time: what was deleted, has ended or is merged is not seen.

use knowledge::analysis::{Analysis, Cost, KnowledgeGraph, Over};
use knowledge::*;

use crate::world::*;

const NOW: Time = 1_000_000;

fn relate(
    world: &mut World,
    branch: BranchId,
    at: Time,
    from: EntityId,
    to: EntityId,
) -> RelationId {
    let (from, to) = (Vertex::Entity(from), Vertex::Entity(to));
    let command = Command::AddRelation(new_relation(from, "knows", to, 0.5));
    match world.on(branch, at, command).item {
        Some(ItemId::Relation(id)) => id,
        other => panic!("no relation: {other:?}"),
    }
}

fn n_ties(world: &World, at: At, over: &Over, time: Time) -> usize {
    KnowledgeGraph::of(&world.knowledge.at(at).unwrap(), over, time).unwrap().n_ties()
}

#[test]
fn branches_and_times_are_those_of_the_view() {
    let mut world = World::default();
    let [a, b, c] = ["a", "b", "c"].map(|name| world.entity(name));
    let first = relate(&mut world, MAIN, 10, a, b);
    let branch =
        branch_of(&world.run(20, Command::CreateBranch { name: "b".into(), known_at: None }));
    relate(&mut world, branch, 30, b, c);
    world.run(40, Command::RetractRelation(first));
    let over = Over::default();
    let on = |branch, known| At { branch, known, valid: None };
    assert_eq!(n_ties(&world, on(MAIN, None), &over, NOW), 0);
    assert_eq!(n_ties(&world, on(MAIN, Some(15)), &over, NOW), 1);
    assert_eq!(n_ties(&world, on(branch, None), &over, NOW), 2);
    let view = world.knowledge.latest(branch).unwrap();
    let graph = KnowledgeGraph::of(&view, &over, NOW).unwrap();
    let ways = graph.shortest_paths(Vertex::Entity(a), Vertex::Entity(c), 1, Cost::Hops).unwrap();
    assert_eq!((ways[0].vertices.len(), view.link_kind(ways[0].links[0])), (3, Some("knows")));
    assert_eq!(graph.vertices().len(), 3, "entities without links are there too");
}

#[test]
fn what_has_ended_is_not_seen_afterwards_and_what_is_negated_never() {
    let mut world = World::default();
    let [a, b, c] = ["a", "b", "c"].map(|name| world.entity(name));
    let fact = |object, valid, negated| NewFact {
        subject: a,
        predicate: "lives_in".into(),
        object: Object::Entity(object),
        negated,
        valid,
        confidence: 0.5,
        provenance: said_by("test", 0.5),
        justifications: vec![],
        functional: None,
    };
    world.fact(1, fact(b, Validity { from: Some(0), to: Some(100) }, false));
    world.fact(2, fact(c, Validity::ALWAYS, true));
    let over = Over::default();
    assert_eq!(n_ties(&world, At::default(), &over, 50), 1);
    assert_eq!(n_ties(&world, At::default(), &over, 100), 0);
}

#[test]
fn merged_entities_are_one_and_links_between_them_are_none() {
    let mut world = World::default();
    let [a, b, c] = ["a", "b", "c"].map(|name| world.entity(name));
    relate(&mut world, MAIN, 1, a, b);
    relate(&mut world, MAIN, 2, b, c);
    world.run(3, Command::MergeEntities { into: a, from: b });
    let graph = KnowledgeGraph::of(&world.view(), &Over::default(), NOW).unwrap();
    assert_eq!(graph.vertices(), [a, c].map(Vertex::Entity));
    assert_eq!((graph.n_links(), graph.n_ties()), (1, 1));
}

#[test]
fn kinds_memories_and_directions_are_chosen() {
    let mut world = World::default();
    let [a, b] = ["a", "b"].map(|name| Vertex::Entity(world.entity(name)));
    let mut add = |from, kind: &str, to, strength| {
        world.run(NOW, Command::AddRelation(new_relation(from, kind, to, strength)));
    };
    add(a, "knows", b, 0.5);
    add(b, "knows", a, 0.25);
    add(a, "likes", b, 0.75);
    add(Vertex::Memory(7), "mentions", b, 1.0);
    let counted = |over: Over| {
        let graph = KnowledgeGraph::of(&world.view(), &over, NOW).unwrap();
        (graph.vertices().len(), graph.n_links(), graph.n_ties())
    };
    assert_eq!(counted(Over::default()), (2, 3, 1));
    assert_eq!(counted(Over { directed: true, ..Over::default() }), (2, 3, 2));
    assert_eq!(counted(Over { memories: true, ..Over::default() }), (3, 4, 2));
    let kinds = vec!["likes".to_string(), "mentions".to_string()];
    assert_eq!(counted(Over { kinds, memories: true, directed: false }), (3, 2, 2));
    // The strongest link is the one that is told, and flow has all of them.
    let graph = KnowledgeGraph::of(&world.view(), &Over::default(), NOW).unwrap();
    let way = &graph.shortest_paths(a, b, 1, Cost::Surprisal).unwrap()[0];
    assert_eq!(world.view().link_kind(way.links[0]), Some("likes"));
    assert_eq!(graph.maximum_flow(a, b).unwrap().value, 1.5);
}

#[test]
fn the_answer_is_the_same_however_the_knowledge_came_to_be() {
    let mut world = World::default();
    let all: Vec<EntityId> = (0..30).map(|k| world.entity(&format!("e{k}"))).collect();
    for k in 0..90_usize {
        let (from, to) = (all[k * 7 % 30], all[(k * k + 3) % 30]);
        if from != to {
            relate(&mut world, MAIN, k as Time, from, to);
        }
    }
    let again = Knowledge::load(&world.records).unwrap();
    let asked = [Analysis::Communities { resolution: 1.0 }, Analysis::PageRank { damping: 0.85 }];
    for asked in asked {
        let found = [&world.knowledge, &again].map(|knowledge| {
            let view = knowledge.latest(MAIN).unwrap();
            KnowledgeGraph::of(&view, &Over::default(), NOW).unwrap().analyse(asked, 100).unwrap()
        });
        assert_eq!(found[0], found[1]);
    }
}
