//! Facts with two times, against a list of all that was ever said.

use knowledge::*;
use proptest::prelude::*;

use crate::world::*;

/// One row of the list: what was said, and when it was known.
#[derive(Clone, Debug)]
struct Row {
    id: FactId,
    subject: usize,
    predicate: usize,
    object: u8,
    valid: Validity,
    /// Times from which it was known, and then not.
    known: Vec<(Time, bool)>,
}

impl Row {
    fn is_known(&self, at: Time) -> bool {
        self.known.iter().rev().find(|(when, _)| *when <= at).is_some_and(|(_, known)| *known)
    }
}

#[derive(Clone, Debug)]
enum Op {
    Say { subject: usize, predicate: usize, object: u8, from: Option<Time>, to: Option<Time> },
    Retract(usize),
    Restore(usize),
}

fn op() -> impl Strategy<Value = Op> {
    let time = || proptest::option::of(0..12_i64);
    prop_oneof![
        3 => (0..3_usize, 0..2_usize, 0..3_u8, time(), time()).prop_map(
            |(subject, predicate, object, from, to)| Op::Say { subject, predicate, object, from, to }
        ),
        1 => (0..20_usize).prop_map(Op::Retract),
        1 => (0..20_usize).prop_map(Op::Restore),
    ]
}

proptest! {
    #[test]
    fn as_of_is_what_the_list_says(ops in proptest::collection::vec(op(), 1..40)) {
        let mut world = World::default();
        let entities: Vec<EntityId> = ["a", "b", "c"].iter().map(|n| world.entity(n)).collect();
        let predicates = ["knows", "likes"];
        let mut rows: Vec<Row> = Vec::new();
        for (k, op) in ops.iter().enumerate() {
            let at = 10 + k as Time;
            match op {
                Op::Say { subject, predicate, object, from, to } => {
                    let valid = Validity { from: *from, to: *to };
                    let mut new = new_fact(entities[*subject], predicates[*predicate], text(&object.to_string()));
                    new.valid = valid;
                    let result = world.try_on(MAIN, at, Command::AssertFact(new));
                    if let (Some(from), Some(to)) = (from, to) && from >= to {
                        prop_assert!(result.is_err());
                        continue;
                    }
                    let id = fact_of(&result.unwrap());
                    let same = rows.iter().find(|row| {
                        (row.subject, row.predicate, row.object) == (*subject, *predicate, *object)
                            && row.is_known(at) && row.valid.covers(&valid)
                    });
                    match same {
                        Some(row) => prop_assert_eq!(row.id, id),
                        None => rows.push(Row {
                            id, subject: *subject, predicate: *predicate, object: *object, valid,
                            known: vec![(at, true)],
                        }),
                    }
                }
                Op::Retract(k) | Op::Restore(k) => {
                    let Some(row) = rows.get_mut(*k) else { continue };
                    let comes = matches!(op, Op::Restore(_));
                    let command = if comes { Command::RestoreFact(row.id) } else { Command::RetractFact(row.id) };
                    let result = world.try_on(MAIN, at, command);
                    prop_assert_eq!(result.is_ok(), row.is_known(at) != comes);
                    if result.is_ok() {
                        row.known.push((at, comes));
                    }
                }
            }
        }
        world.check();
        for known in [0, 10, 15, 22, 35, 60] {
            for valid in [None, Some(-5), Some(0), Some(3), Some(7), Some(11), Some(40)] {
                let view = world.knowledge.at(At { branch: MAIN, known: Some(known), valid }).unwrap();
                for (k, subject) in entities.iter().enumerate() {
                    let query = FactQuery { subject: Some(*subject), ..FactQuery::default() };
                    let found: Vec<FactId> = view.facts(&query).iter().map(|f| f.id).collect();
                    let expected: Vec<FactId> = rows
                        .iter()
                        .filter(|row| row.subject == k && row.is_known(known))
                        .filter(|row| valid.is_none_or(|t| row.valid.contains(t)))
                        .map(|row| row.id)
                        .collect();
                    prop_assert_eq!(found, expected);
                }
                let all = view.facts(&FactQuery::default()).len();
                let expected = rows.iter().filter(|row| row.is_known(known) && valid.is_none_or(|t| row.valid.contains(t))).count();
                prop_assert_eq!(all, expected);
            }
        }
    }
}

/// A person who moves.
fn movers() -> (World, EntityId) {
    let mut world = World::default();
    let alice = world.entity("Alice");
    world.run(
        1,
        Command::DeclarePredicate {
            name: "lives_in".into(),
            says: knowledge::Declaration::functional(true),
        },
    );
    (world, alice)
}

fn lives(alice: EntityId, city: &str, from: Option<Time>, to: Option<Time>) -> NewFact {
    NewFact { valid: Validity { from, to }, ..new_fact(alice, "lives_in", text(city)) }
}

fn cities(world: &World, known: Option<Time>, valid: Option<Time>) -> Vec<String> {
    let view = world.knowledge.at(At { branch: MAIN, known, valid }).unwrap();
    let facts = view.facts(&FactQuery { predicate: Some("lives_in".into()), ..Default::default() });
    let name = |object: &Object| match object {
        Object::Literal(Scalar::Text(text)) => text.clone(),
        other => panic!("{other:?}"),
    };
    facts.iter().map(|fact| name(&fact.item.object)).collect()
}

#[test]
fn a_later_value_ends_the_one_before() {
    let (mut world, alice) = movers();
    let paris = world.fact(10, lives(alice, "Paris", Some(2000), None));
    let outcome = world.run(20, Command::AssertFact(lives(alice, "Rome", Some(2005), None)));
    assert_eq!((outcome.superseded, outcome.contradictions.len()), (vec![paris], 0));
    assert_eq!(cities(&world, None, Some(2003)), ["Paris"]);
    assert_eq!(cities(&world, None, Some(2005)), ["Rome"]);
    // What was known before is known as it was.
    assert_eq!(cities(&world, Some(15), Some(2010)), ["Paris"]);
    // Told later of an earlier time: it ends where the known one begins.
    world.run(30, Command::AssertFact(lives(alice, "Oslo", Some(1990), None)));
    assert_eq!(cities(&world, None, Some(1995)), ["Oslo"]);
    assert_eq!(cities(&world, None, Some(2001)), ["Paris"]);
    assert_eq!(cities(&world, None, None), ["Paris", "Rome", "Oslo"]);
    let history = world.knowledge.history(ItemId::Fact(paris));
    assert_eq!(history.len(), 2);
    assert_eq!((history[1].at, history[1].by.as_str()), (20, "tester"));
    let to = |item: &Option<Item>| match item {
        Some(Item::Fact(fact)) => fact.valid.to,
        other => panic!("{other:?}"),
    };
    assert_eq!((to(&history[1].before), to(&history[1].after)), (None, Some(2005)));
    world.check();
}

#[test]
fn what_cannot_be_ordered_contradicts() {
    let (mut world, alice) = movers();
    world.fact(10, lives(alice, "Paris", Some(2000), Some(2010)));
    // An end that was stated is a claim.
    let overlap = world.run(11, Command::AssertFact(lives(alice, "Rome", Some(2005), None)));
    let same_time =
        world.run(12, Command::AssertFact(lives(alice, "Oslo", Some(2000), Some(2001))));
    let mut denied = lives(alice, "Paris", Some(2000), Some(2003));
    denied.negated = true;
    let negation = world.run(13, Command::AssertFact(denied));
    let kinds: Vec<ConflictKind> = [overlap, same_time, negation]
        .iter()
        .flat_map(|outcome| outcome.contradictions.clone())
        .map(|id| world.view().contradiction(id).unwrap().item.kind)
        .collect();
    assert_eq!(kinds, [ConflictKind::Overlap, ConflictKind::Functional, ConflictKind::Negation]);
    world.check();
}

#[test]
fn saying_it_again_is_evidence() {
    let (mut world, alice) = movers();
    let first = world.fact(10, lives(alice, "Paris", Some(2000), None));
    let again = NewFact {
        confidence: 0.95,
        provenance: said_by("Bob", 0.95),
        ..lives(alice, "Paris", Some(2003), None)
    };
    let outcome = world.run(20, Command::AssertFact(again));
    assert_eq!((fact_of(&outcome), outcome.created), (first, false));
    let view = world.view();
    let fact = view.fact(first).unwrap();
    assert_eq!((fact.item.evidence.len(), fact.item.confidence), (2, 0.95));
    world.check();
}

#[test]
fn merged_entities_share_facts_and_names() {
    let (mut world, alice) = movers();
    let ally = world.entity("Ally");
    let fact = world.fact(5, lives(ally, "Paris", None, None));
    world.fact(6, lives(alice, "Rome", None, None));
    let merged = world.run(10, Command::MergeEntities { from: ally, into: alice });
    assert_eq!(merged.contradictions.len(), 1);
    let view = world.view();
    assert_eq!(view.entity(ally).unwrap().id, alice);
    assert_eq!(view.by_name("ALLY"), [alice]);
    let query = FactQuery { subject: Some(alice), ..Default::default() };
    assert_eq!(view.facts(&query).len(), 2);
    // Before, they were two.
    let before = world.knowledge.at(At { known: Some(9), ..At::default() }).unwrap();
    assert_eq!(before.entity(ally).unwrap().id, ally);
    assert_eq!(before.facts(&FactQuery { subject: Some(ally), ..query })[0].id, fact);
    world.check();
}
