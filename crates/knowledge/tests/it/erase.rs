//! Erasing leaves nothing behind.

use knowledge::*;

use crate::world::*;

/// Whether any record has these bytes.
fn mentions(world: &World, bytes: &[u8]) -> bool {
    world.records.values().any(|value| value.windows(bytes.len()).any(|part| part == bytes))
}

#[test]
fn an_entity_goes_with_its_facts_on_all_branches() {
    let mut world = World::default();
    let secret = world.entity("Zebedee");
    let alias = world.entity("Zebulon");
    let other = world.entity("Other");
    let child =
        branch_of(&world.run(1, Command::CreateBranch { name: "b".into(), known_at: None }));
    let fact = world.fact(2, new_fact(secret, "likes", text("quinces")));
    let rests = world.fact(
        3,
        NewFact { justifications: vec![vec![fact]], ..new_fact(other, "buys", text("fruit")) },
    );
    world.on(child, 4, Command::AssertFact(new_fact(other, "knows", Object::Entity(secret))));
    world.run(5, Command::MergeEntities { from: alias, into: secret });
    world.run(
        6,
        Command::AddRelation(new_relation(
            Vertex::Memory(7),
            "mentions",
            Vertex::Entity(alias),
            0.5,
        )),
    );
    world.run(
        7,
        Command::Recalled {
            vertices: vec![Vertex::Memory(7), Vertex::Entity(secret)],
            connect: None,
        },
    );
    assert!(mentions(&world, b"Zebedee") && mentions(&world, b"quinces"));
    world.run(8, Command::Erase(Target::Entity(alias)));
    for bytes in ["Zebedee", "Zebulon", "quinces"] {
        assert!(!mentions(&world, bytes.as_bytes()), "{bytes}");
    }
    assert!(world.records.keys().all(|key| !key.starts_with("w/") && !key.starts_with("r/")));
    let view = world.view();
    assert!(view.entity(secret).is_none() && view.entity(other).is_some());
    assert!(!view.support(rests).supported);
    assert_eq!(view.fact(rests).unwrap().item.justifications, [vec![FactId::ERASED]]);
    assert_eq!(world.knowledge.links().n_links(), 0);
    world.check();
    let again = world.try_on(MAIN, 9, Command::Erase(Target::Entity(secret)));
    assert_eq!(again, Err(KnowledgeError::Missing(ItemId::Entity(secret))));
    // Its number is not given again, even after the records were read.
    world.knowledge = Knowledge::load(&world.records).unwrap();
    assert!(world.entity("new").0 > rests.0);
}

#[test]
fn a_memory_goes_with_what_only_it_said() {
    let mut world = World::default();
    let alice = world.entity("Alice");
    let from = |memory| Provenance { memory: Some(memory), ..said_by("chat", 0.9) };
    let fact = |memory, what: &str| NewFact {
        provenance: from(memory),
        ..new_fact(alice, "likes", text(what))
    };
    let only = world.fact(1, fact(7, "quinces"));
    let shared = world.fact(2, fact(7, "pears"));
    world.fact(3, fact(8, "pears"));
    let bob = NewEntity { provenance: from(7), ..new_entity("Bob") };
    let bob = entity_of(&world.run(4, Command::AddEntity(bob)));
    world.run(
        5,
        Command::AddRelation(new_relation(Vertex::Memory(7), "mentions", Vertex::Entity(bob), 0.5)),
    );
    world.run(
        6,
        Command::AddRelation(new_relation(Vertex::Memory(8), "mentions", Vertex::Entity(bob), 0.5)),
    );
    world.run(9, Command::Erase(Target::Memory(7)));
    let view = world.view();
    assert!(view.fact(only).is_none() && !mentions(&world, b"quinces"));
    assert_eq!(view.fact(shared).unwrap().item.evidence, [from(8)]);
    assert_eq!(view.entity(bob).unwrap().item.provenance.memory, None);
    assert_eq!(view.relations(Vertex::Entity(bob)).len(), 1);
    assert!(view.relations(Vertex::Memory(7)).is_empty());
    // What both said was known from the first on only because of the first.
    let before = world.knowledge.at(At { known: Some(2), ..At::default() }).unwrap();
    assert!(before.fact(shared).is_none());
    world.check();
    // There may be nothing to erase.
    world.run(10, Command::Erase(Target::Memory(7)));
    world.check();
}

#[test]
fn a_branch_goes_with_what_was_changed_on_it() {
    let mut world = World::default();
    let alice = world.entity("Alice");
    let child =
        branch_of(&world.run(1, Command::CreateBranch { name: "b".into(), known_at: None }));
    let before = world.records.len();
    world.on(child, 2, Command::AssertFact(new_fact(alice, "likes", text("quinces"))));
    world.on(
        child,
        3,
        Command::AddRelation(new_relation(Vertex::Memory(1), "m", Vertex::Entity(alice), 0.5)),
    );
    world.on(
        child,
        4,
        Command::Recalled {
            vertices: vec![Vertex::Memory(1), Vertex::Entity(alice)],
            connect: None,
        },
    );
    let main = world.try_on(MAIN, 5, Command::Erase(Target::Branch(MAIN)));
    assert_eq!(main, Err(KnowledgeError::Branch(MAIN, "is the main one")));
    world.run(6, Command::Erase(Target::Branch(child)));
    assert_eq!(world.records.len(), before - 1);
    assert!(!mentions(&world, b"quinces"));
    world.check();
}

#[test]
fn strengths_that_a_branch_learned_go_too() {
    let mut world = World::default();
    let pair = vec![Vertex::Memory(1), Vertex::Memory(2)];
    let relation = Command::AddRelation(new_relation(pair[0], "near", pair[1], 0.5));
    let Some(ItemId::Relation(id)) = world.run(1, relation).item else { panic!("no relation") };
    let child =
        branch_of(&world.run(2, Command::CreateBranch { name: "b".into(), known_at: None }));
    world.on(child, 3, Command::Recalled { vertices: pair, connect: None });
    assert!(world.records.keys().any(|key| key.starts_with("w/")));
    world.run(4, Command::Erase(Target::Relation(id)));
    assert!(world.records.keys().all(|key| !key.starts_with("w/")));
    world.check();
}
