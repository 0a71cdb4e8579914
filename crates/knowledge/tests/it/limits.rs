//! What is over a limit or makes no sense is refused by name, and nothing changes.

use std::collections::BTreeMap;

use knowledge::*;

use crate::world::*;

#[test]
fn bad_input_is_refused_by_name() {
    let mut world = World::default();
    let alice = world.entity("Alice");
    let mut refused = |command: Command, expected: &str| {
        let before = world.records.clone();
        let found = world.try_on(MAIN, 1, command).unwrap_err().to_string();
        assert_eq!(found, expected);
        assert_eq!(world.records, before);
        world.check();
    };
    refused(Command::AddEntity(new_entity(" \t")), "name: expected a name, found \" \\t\"");
    refused(
        Command::AddEntity(new_entity(&"x".repeat(513))),
        "name: expected 1 to 512 bytes, found 513 bytes",
    );
    refused(
        Command::AddEntity(new_entity("ALICE")),
        &format!("there is an entity of this name and kind: {alice}"),
    );
    let properties: BTreeMap<String, Scalar> =
        (0..=MAX_PROPERTIES).map(|k| (k.to_string(), Scalar::Null)).collect();
    let many = NewEntity { properties, ..new_entity("Bob") };
    refused(Command::AddEntity(many), "properties: at most 256, found 257");
    let nan = Object::Literal(Scalar::Number(f64::NAN));
    refused(
        Command::AssertFact(new_fact(alice, "is", nan)),
        "object: expected a finite number, found NaN",
    );
    let sure = NewFact { confidence: 1.5, ..new_fact(alice, "is", text("x")) };
    refused(Command::AssertFact(sure), "confidence: expected 0 to 1, found 1.5");
    refused(
        Command::AssertFact(new_fact(EntityId(99), "is", text("x"))),
        "there is no entity 99 on this branch",
    );
    let backwards = Validity { from: Some(5), to: Some(5) };
    let fact = NewFact { valid: backwards, ..new_fact(alice, "is", text("x")) };
    refused(Command::AssertFact(fact), "validity: expected an end after 5, found 5");
    let own = new_relation(Vertex::Memory(1), "near", Vertex::Memory(1), 0.5);
    refused(Command::AddRelation(own), "relation: expected two vertices, found Memory(1) twice");
    let recalled = (0..40).map(Vertex::Memory).collect();
    refused(
        Command::Recalled { vertices: recalled, connect: None },
        "vertices recalled together: at most 32, found 40",
    );
    refused(Command::RetractFact(FactId(5)), "there is no fact 5 on this branch");
    refused(Command::DeleteBranch(MAIN), "branch 0 is the main one");
    let literal = new_fact(alice, IS_A, text("person"));
    refused(Command::AssertFact(literal), "object of is_a: expected an entity, found a literal");
}

#[test]
fn a_clock_that_goes_back_rewrites_nothing() {
    let mut world = World::default();
    let alice = world.entity("Alice");
    world.fact(100, new_fact(alice, "is", text("here")));
    world.fact(50, new_fact(alice, "is", text("there")));
    let at = |known| {
        let view = world.knowledge.at(At { known: Some(known), ..At::default() }).unwrap();
        view.facts(&FactQuery::default()).len()
    };
    assert_eq!((at(50), at(99), at(100)), (0, 0, 2));
}

#[test]
#[should_panic(expected = "the plan is of another state")]
fn a_plan_of_another_state_is_not_applied() {
    let mut knowledge = Knowledge::default();
    let stamp = Stamp { branch: MAIN, at: 0, by: "tester".into() };
    let plan = |name: &str| knowledge.plan(Command::AddEntity(new_entity(name)), &stamp).unwrap();
    let (first, second) = (plan("a"), plan("b"));
    knowledge.apply(first);
    knowledge.apply(second);
}

#[test]
fn pages_follow_each_other() {
    let mut world = World::default();
    let ids: Vec<EntityId> = (0..25).map(|k| world.entity(&format!("e{k}"))).collect();
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page: Vec<EntityId> = world.view().entities(after, 10).iter().map(|e| e.id).collect();
        let Some(last) = page.last() else { break };
        after = Some(*last);
        found.extend(page);
    }
    assert_eq!(found, ids);
}
