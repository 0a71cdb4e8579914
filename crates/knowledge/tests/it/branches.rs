//! Branches against maps of maps that are copied whole.

use std::collections::BTreeMap;

use knowledge::*;
use proptest::prelude::*;

use crate::world::*;

type Values = BTreeMap<u64, BTreeMap<String, i64>>;

struct Line {
    values: Values,
    base: Values,
    parent: BranchId,
    open: bool,
}

#[derive(Clone, Debug)]
enum Op {
    Add(usize),
    Set(usize, usize, u8, Option<i64>),
    Retract(usize, usize),
    Fork(usize),
    Merge(usize, u8),
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        2 => (0..5_usize).prop_map(Op::Add),
        6 => (0..5_usize, 0..8_usize, 0..3_u8, proptest::option::of(0..4_i64))
            .prop_map(|(b, e, p, v)| Op::Set(b, e, p, v)),
        1 => (0..5_usize, 0..8_usize).prop_map(|(b, e)| Op::Retract(b, e)),
        2 => (0..5_usize).prop_map(Op::Fork),
        2 => (0..5_usize, 0..3_u8).prop_map(|(b, s)| Op::Merge(b, s)),
    ]
}

fn read(world: &World, branch: BranchId) -> Values {
    let view = world.knowledge.latest(branch).unwrap();
    let number = |(name, value): (&String, &Scalar)| match value {
        Scalar::Integer(n) => (name.clone(), *n),
        other => panic!("{other:?}"),
    };
    let entities = view.entities(None, 0);
    entities.iter().map(|e| (e.id.0, e.item.properties.iter().map(number).collect())).collect()
}

/// Three ways, an entity at a time.
fn merged(parent: &Values, child: &Line, prefer_child: bool) -> Values {
    let mut out = parent.clone();
    let ids = child.values.keys().chain(child.base.keys());
    for id in ids.copied().collect::<std::collections::BTreeSet<u64>>() {
        let (base, ours, theirs) = (child.base.get(&id), parent.get(&id), child.values.get(&id));
        let take = theirs != base && (ours == base || prefer_child);
        match theirs {
            Some(theirs) if take => {
                out.insert(id, theirs.clone());
            }
            None if take => {
                out.remove(&id);
            }
            _ => {}
        }
    }
    out
}

proptest! {
    #[test]
    fn branches_are_copies(ops in proptest::collection::vec(op(), 1..60)) {
        let mut world = World::default();
        let mut lines: Vec<(BranchId, Line)> = vec![(MAIN, Line {
            values: Values::new(), base: Values::new(), parent: MAIN, open: true,
        })];
        let mut added = Vec::new();
        for (k, op) in ops.iter().enumerate() {
            let at = k as Time;
            let (Op::Add(b) | Op::Set(b, ..) | Op::Retract(b, _) | Op::Fork(b) | Op::Merge(b, _)) = op;
            let place = b % lines.len();
            let (branch, open) = (lines[place].0, lines[place].1.open);
            match op {
                Op::Add(_) => {
                    let new = Command::AddEntity(new_entity(&format!("e{k}")));
                    let result = world.try_on(branch, at, new);
                    prop_assert_eq!(result.is_ok(), open);
                    if let Ok(outcome) = result {
                        let id = entity_of(&outcome);
                        added.push(id);
                        lines[place].1.values.insert(id.0, BTreeMap::new());
                    }
                }
                Op::Set(_, e, p, v) => {
                    let Some(id) = added.get(*e) else { continue };
                    let name = p.to_string();
                    let update = EntityUpdate {
                        properties: [(name.clone(), v.map(Scalar::Integer))].into(),
                        ..EntityUpdate::default()
                    };
                    let result = world.try_on(branch, at, Command::UpdateEntity(*id, update));
                    let known = lines[place].1.values.get_mut(&id.0).filter(|_| open);
                    prop_assert_eq!(result.is_ok(), known.is_some());
                    match (known, v) {
                        (Some(values), Some(v)) => { values.insert(name, *v); }
                        (Some(values), None) => { values.remove(&name); }
                        _ => {}
                    }
                }
                Op::Retract(_, e) => {
                    let Some(id) = added.get(*e) else { continue };
                    let result = world.try_on(branch, at, Command::RetractEntity(*id));
                    let gone = open && lines[place].1.values.remove(&id.0).is_some();
                    prop_assert_eq!(result.is_ok(), gone);
                }
                Op::Fork(_) => {
                    let command = Command::CreateBranch { name: format!("b{k}"), known_at: None };
                    let Ok(outcome) = world.try_on(branch, at, command) else {
                        prop_assert!(!open);
                        continue;
                    };
                    let values = lines[place].1.values.clone();
                    let line = Line { base: values.clone(), values, parent: branch, open: true };
                    lines.push((branch_of(&outcome), line));
                }
                Op::Merge(_, strategy) => {
                    let parent = lines[place].1.parent;
                    let strategy = match strategy {
                        0 => MergeStrategy::PreferParent,
                        1 => MergeStrategy::PreferChild,
                        _ => MergeStrategy::Manual(BTreeMap::new()),
                    };
                    let into = lines.iter().position(|(id, _)| *id == parent).unwrap();
                    let before = world.records.clone();
                    let result = world.try_on(parent, at, Command::MergeBranch(branch, strategy.clone()));
                    if branch == MAIN || !open || !lines[into].1.open {
                        prop_assert!(result.is_err());
                        continue;
                    }
                    let values = |prefer| merged(&lines[into].1.values, &lines[place].1, prefer);
                    let conflict = values(true) != values(false);
                    if conflict && matches!(strategy, MergeStrategy::Manual(_)) {
                        prop_assert!(matches!(result, Err(KnowledgeError::Conflicts(_))));
                        prop_assert_eq!(&before, &world.records);
                        continue;
                    }
                    prop_assert!(result.is_ok(), "{:?}", result);
                    lines[into].1.values = values(strategy == MergeStrategy::PreferChild);
                    lines[place].1.open = false;
                }
            }
        }
        for (branch, line) in &lines {
            prop_assert_eq!(&read(&world, *branch), &line.values);
        }
        for (a, line_a) in &lines {
            for (b, line_b) in &lines {
                let differ = world.knowledge.diff(*a, *b).unwrap();
                let found: Vec<u64> = differ.iter().map(|d| d.item.number()).collect();
                let all = line_a.values.keys().chain(line_b.values.keys()).copied();
                let all: std::collections::BTreeSet<u64> = all.collect();
                let expected: Vec<u64> =
                    all.into_iter().filter(|id| line_a.values.get(id) != line_b.values.get(id)).collect();
                prop_assert_eq!(found, expected);
            }
        }
        world.check();
    }
}

fn fork(world: &mut World, at: Time, known_at: Option<Time>) -> BranchId {
    branch_of(&world.run(at, Command::CreateBranch { name: format!("at {at}"), known_at }))
}

fn city(subject: EntityId, name: &str) -> Command {
    Command::AssertFact(new_fact(subject, "lives_in", text(name)))
}

/// Parent and child learn different values of a functional predicate.
fn torn() -> (World, EntityId, BranchId, FactId, FactId) {
    let mut world = World::default();
    let alice = world.entity("Alice");
    world.run(
        1,
        Command::DeclarePredicate {
            name: "lives_in".into(),
            says: knowledge::Declaration::functional(true),
        },
    );
    let child = fork(&mut world, 2, None);
    let ours = fact_of(&world.run(3, city(alice, "Paris")));
    let theirs = fact_of(&world.on(child, 4, city(alice, "Rome")));
    (world, alice, child, ours, theirs)
}

#[test]
fn facts_that_clash_are_merged_by_strategy() {
    let check = |strategy: MergeStrategy, expected: &str| {
        let (mut world, alice, child, ours, theirs) = torn();
        let outcome = world.run(5, Command::MergeBranch(child, strategy));
        let query = FactQuery { subject: Some(alice), ..Default::default() };
        let view = world.view();
        let names: Vec<&str> = view
            .facts(&query)
            .iter()
            .map(|fact| {
                if fact.id == ours {
                    "ours"
                } else {
                    assert_eq!(fact.id, theirs);
                    "theirs"
                }
            })
            .collect();
        assert_eq!(names.join(" "), expected);
        assert_eq!(outcome.contradictions.len(), names.len() - 1);
        world.check();
    };
    check(MergeStrategy::PreferNewer, "theirs");
    check(MergeStrategy::PreferParent, "ours");
    check(MergeStrategy::PreferChild, "theirs");
    check(MergeStrategy::MergeBoth, "ours theirs");
    let (mut world, _, child, ours, theirs) = torn();
    let manual = |choices| Command::MergeBranch(child, MergeStrategy::Manual(choices));
    let refused = world.try_on(MAIN, 5, manual(BTreeMap::new())).unwrap_err();
    let conflict = Conflict { child: ItemId::Fact(theirs), parent: ItemId::Fact(ours) };
    assert_eq!(refused, KnowledgeError::Conflicts(vec![conflict]));
    world.run(6, manual([(ItemId::Fact(theirs), Side::Parent)].into()));
    assert!(world.view().fact(ours).is_some() && world.view().fact(theirs).is_none());
    world.check();
}

#[test]
fn a_branch_reads_its_parent_as_it_was() {
    let mut world = World::default();
    let alice = world.entity("Alice");
    let old = fact_of(&world.run(10, city(alice, "Paris")));
    world.run(20, city(alice, "Rome"));
    let past = fork(&mut world, 30, Some(15));
    let now = fork(&mut world, 31, None);
    world.run(40, Command::RetractFact(old));
    let count = |branch| world.knowledge.latest(branch).unwrap().facts(&FactQuery::default()).len();
    assert_eq!((count(MAIN), count(past), count(now)), (1, 1, 2));
    assert!(world.knowledge.latest(past).unwrap().fact(old).is_some());
    assert_eq!(world.knowledge.common_ancestor(past, now).unwrap().0, MAIN);
    world.run(50, Command::DeleteBranch(past));
    assert!(matches!(world.knowledge.latest(past), Err(KnowledgeError::Missing(_))));
    assert_eq!(world.view().branches().len(), 1);
    world.check();
}
