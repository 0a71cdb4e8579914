//! Records: any commands, read again, are the same; any bytes are read or refused.

use std::collections::BTreeMap;

use knowledge::*;
use proptest::prelude::*;

use crate::world::*;

/// A command over few numbers, so that it often meets something; and often not.
pub(crate) fn command() -> impl Strategy<Value = Command> {
    let n = || 0..30_u64;
    let entity = || n().prop_map(EntityId);
    let end = || prop_oneof![n().prop_map(Vertex::Memory), entity().prop_map(Vertex::Entity)];
    let object = prop_oneof![
        entity().prop_map(Object::Entity),
        any::<i64>().prop_map(|i| Object::Literal(Scalar::Integer(i % 3))),
        any::<f64>().prop_map(|f| Object::Literal(Scalar::Number(f))),
    ];
    let validity = (proptest::option::of(0..9_i64), proptest::option::of(0..9_i64))
        .prop_map(|(from, to)| Validity { from, to });
    let predicate = prop_oneof![Just("is_a"), Just("one"), Just("many")];
    let reasons =
        proptest::collection::vec(proptest::collection::vec(n().prop_map(FactId), 1..3), 0..2);
    let fact = (entity(), predicate, object, any::<bool>(), validity, reasons, 0.0..1.0_f32)
        .prop_map(|(subject, predicate, object, negated, valid, justifications, confidence)| {
            NewFact {
                negated,
                valid,
                justifications,
                confidence,
                provenance: Provenance { memory: Some(subject.0 % 4), ..said_by("x", confidence) },
                ..new_fact(subject, predicate, object)
            }
        });
    let by = prop_oneof![
        Just(Resolution::Newest),
        Just(Resolution::MostConfident),
        Just(Resolution::Entrenchment),
        n().prop_map(|n| Resolution::Manual(FactId(n))),
    ];
    let merge = prop_oneof![
        Just(MergeStrategy::PreferNewer),
        Just(MergeStrategy::PreferParent),
        Just(MergeStrategy::PreferChild),
        Just(MergeStrategy::MergeBoth),
        Just(MergeStrategy::Manual(BTreeMap::new())),
    ];
    let things = prop_oneof![
        4 => "[a-f]{1,2}".prop_map(|name| Command::AddEntity(new_entity(&name))),
        1 => (entity(), "[a-f]{1,2}").prop_map(|(id, name)| {
            let update = EntityUpdate { name: Some(name), ..EntityUpdate::default() };
            Command::UpdateEntity(id, update)
        }),
        2 => (entity(), any::<bool>(), 0..2_i64).prop_map(|(id, below, value)| {
            let says = BTreeMap::from([("legs".to_string(), Some(Scalar::Integer(value)))]);
            let (properties, template) =
                if below { (BTreeMap::new(), says) } else { (says, BTreeMap::new()) };
            Command::UpdateEntity(id, EntityUpdate { properties, template, ..EntityUpdate::default() })
        }),
        1 => Just(Command::Reorganise(Gathering { least: 1 })),
        1 => entity().prop_map(Command::RetractEntity),
        1 => (entity(), entity()).prop_map(|(from, into)| Command::MergeEntities { from, into }),
        1 => (entity(), proptest::collection::vec(entity(), 0..3)).prop_map(|(entity, parents)| {
            Command::SetParents { entity, parents, provenance: said_by("x", 1.0) }
        }),
        2 => (end(), end(), 0.0..1.0_f32)
            .prop_map(|(a, b, s)| Command::AddRelation(new_relation(a, "near", b, s))),
        1 => n().prop_map(|n| Command::RetractRelation(RelationId(n))),
        1 => (proptest::collection::vec(end(), 2..4), any::<bool>()).prop_map(|(vertices, connect)| {
            Command::Recalled { vertices, connect: connect.then(|| "with".to_string()) }
        }),
        1 => Just(Command::PruneWeak { below: 0.2, limit: 3 }),
        1 => Just(Command::DeclarePredicate { name: "one".into(), says: knowledge::Declaration::functional(true) }),
        1 => (any::<bool>(), any::<bool>()).prop_map(|(transitive, symmetric)| {
            let laws = Laws { transitive, symmetric, inverse_of: None };
            Command::DeclarePredicate { name: "many".into(), says: laws.into() }
        }),
    ];
    prop_oneof![
        8 => things,
        6 => fact.prop_map(Command::AssertFact),
        1 => n().prop_map(|n| Command::RetractFact(FactId(n))),
        1 => n().prop_map(|n| Command::RestoreFact(FactId(n))),
        1 => (n(), by).prop_map(|(n, by)| Command::Resolve(ContradictionId(n), by)),
        1 => n().prop_map(|n| Command::Reopen(ContradictionId(n))),
        1 => ("[a-f]", proptest::option::of(0..40_i64))
            .prop_map(|(name, known_at)| Command::CreateBranch { name, known_at }),
        1 => n().prop_map(|n| Command::DeleteBranch(BranchId(n))),
        1 => (n(), merge).prop_map(|(n, s)| Command::MergeBranch(BranchId(n), s)),
        1 => ("[a-f]", proptest::collection::btree_set(n().prop_map(|n| ItemId::Fact(FactId(n))), 1..3))
            .prop_map(|(name, items)| Command::SplitBranch { name, items }),
        1 => (0..5_u8, n()).prop_map(|(kind, n)| Command::Erase(match kind {
            0 => Target::Entity(EntityId(n)),
            1 => Target::Fact(FactId(n)),
            2 => Target::Relation(RelationId(n)),
            3 => Target::Memory(n),
            _ => Target::Branch(BranchId(n)),
        })),
    ]
}

proptest! {
    #[test]
    fn what_is_loaded_is_what_was_applied(
        commands in proptest::collection::vec((command(), 0..8_usize), 1..80)
    ) {
        let mut world = World::default();
        for (k, (command, branch)) in commands.into_iter().enumerate() {
            let branches: Vec<BranchId> = world.view().branches().iter().map(|b| b.id).collect();
            let branch = if branch < 5 { MAIN } else { *branches.get(branch - 5).unwrap_or(&MAIN) };
            let before = world.records.clone();
            if world.try_on(branch, k as Time, command).is_err() {
                prop_assert_eq!(&before, &world.records);
                prop_assert_eq!(&before, &world.knowledge.records().unwrap());
            }
            if k % 8 == 0 {
                world.check();
            }
        }
        world.check();
        // Any order of records does.
        let shuffled = Knowledge::load(world.records.iter().rev()).unwrap();
        prop_assert!(shuffled == world.knowledge);
    }

    #[test]
    fn any_bytes_are_read_or_refused(
        records in proptest::collection::vec(
            ("[erfpcbw]", 0..4_u64, 0..3_u64, 0..3_u64, proptest::collection::vec(any::<u8>(), 0..60)),
            1..30,
        )
    ) {
        let key = |(kind, n, branch, revision, _): &(String, u64, u64, u64, Vec<u8>)| {
            let tail = if kind == "w" { String::new() } else { format!("/{revision:016x}") };
            format!("{kind}/{n:016x}/{branch:016x}{tail}")
        };
        for record in &records {
            let mut value = record.4.clone();
            if let Some(first) = value.first_mut() {
                *first = FORMAT;
            }
            if let Ok(knowledge) = Knowledge::load([(key(record), &value)]) {
                let again = Knowledge::load(knowledge.records().unwrap()).unwrap();
                prop_assert!(again == knowledge);
            }
        }
    }
}

#[test]
fn a_damaged_record_is_refused_or_still_sensible() {
    let mut world = World::default();
    let alice = world.entity("Alice");
    let bob = world.entity("Bob");
    world.fact(1, new_fact(alice, "knows", Object::Entity(bob)));
    world.run(2, Command::CreateBranch { name: "b".into(), known_at: None });
    world.run(
        3,
        Command::AddRelation(new_relation(Vertex::Memory(1), "near", Vertex::Entity(bob), 0.5)),
    );
    let (mut refused, mut read) = (0, 0);
    for (key, value) in &world.records {
        for k in 0..value.len() * 8 {
            let mut damaged = value.clone();
            damaged[k / 8] ^= 1 << (k % 8);
            let mut records = world.records.clone();
            records.insert(key.clone(), damaged);
            match Knowledge::load(&records) {
                Ok(knowledge) => {
                    read += 1;
                    let _ = knowledge.latest(MAIN).unwrap().facts(&FactQuery::default());
                    let _ = knowledge.latest(MAIN).unwrap().ancestors(alice);
                    assert_eq!(knowledge.records().unwrap().len(), records.len());
                }
                Err(error) => {
                    refused += 1;
                    assert!(matches!(error, KnowledgeError::Record { .. }));
                }
            }
        }
    }
    assert!(refused > 100 && read > 100, "{refused} refused, {read} read");
}

#[test]
fn problems_of_records_are_named() {
    let check = |key: &str, value: &[u8], expected: &str| {
        let found = Knowledge::load([(key, value)]).unwrap_err().to_string();
        assert_eq!(found, format!("record {key:?}: {expected}"));
    };
    let key = "e/0000000000000001/0000000000000000/0000000000000001";
    check("e/1/0/1", &[1], "this is no key of a record");
    check(&key.to_uppercase(), &[1], "this is no key of a record");
    check("meta", &[], "expected a format and a value, found nothing");
    check("meta", &[9, 0, 0, 0], "expected format 1 to 3, found 9");
    check("meta", &[1, 0, 0, 0, 0], "1 bytes are left over");
    let zero = "e/0000000000000000/0000000000000000/0000000000000001";
    check(zero, &[1, 0, 0, 0], "expected numbers from 1 on, found 0");
}

/// Records of older formats are read as they were meant: an entity had no template, and in format 1 a
/// predicate no laws.
#[test]
fn records_of_older_formats_are_read() {
    let mut world = World::default();
    let ada = world.entity("Ada");
    world.run(
        1,
        Command::DeclarePredicate {
            name: "one".into(),
            says: knowledge::Declaration::functional(true),
        },
    );
    world.fact(2, new_fact(ada, "one", text("x")));
    let of_format = |format: u8| {
        world.records.iter().map(move |(key, value)| {
            let mut value = value.clone();
            value[0] = format;
            if key.starts_with('e') {
                // Before who said so (4 and "test", no memory, no episode, 1.0), what it was merged
                // into and what it absorbed: no template.
                let end = value.split_off(value.len() - 13);
                assert_eq!(value.pop(), Some(0));
                assert_eq!(&end[..5], b"\x04test");
                value.extend(end);
            }
            if format == 1 && key.starts_with('p') {
                // No, no, and no inverse: the last three bytes.
                assert_eq!(value.split_off(value.len() - 3), [0, 0, 0]);
            }
            (key.clone(), value)
        })
    };
    for format in [1, 2] {
        assert!(Knowledge::load(of_format(format)).unwrap() == world.knowledge, "{format}");
    }
    let newer = world.records.iter().map(|(key, value)| {
        let mut value = value.clone();
        value[0] = FORMAT + 1;
        (key.clone(), value)
    });
    let refused = Knowledge::load(newer).unwrap_err().to_string();
    assert!(refused.ends_with("expected format 1 to 3, found 4"), "{refused}");
}
