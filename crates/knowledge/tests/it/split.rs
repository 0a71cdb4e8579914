//! A branch in two: nothing is lost, and what belongs together stays together.

use std::collections::BTreeSet;

use knowledge::*;
use proptest::prelude::*;

use crate::records::command;
use crate::world::*;

fn fork(world: &mut World, name: &str) -> BranchId {
    branch_of(&world.run(5, Command::CreateBranch { name: name.into(), known_at: None }))
}

fn split(name: &str, items: impl IntoIterator<Item = ItemId>) -> Command {
    Command::SplitBranch { name: name.into(), items: items.into_iter().collect() }
}

#[test]
fn changes_go_to_a_branch_beside() {
    let mut world = World::default();
    let ada = world.entity("Ada");
    let child = fork(&mut world, "child");
    let says = |n: i64| new_fact(ada, "says", Object::Literal(Scalar::Integer(n)));
    let one = fact_of(&world.on(child, 6, Command::AssertFact(says(1))));
    let two = fact_of(&world.on(child, 7, Command::AssertFact(says(2))));
    let sibling = branch_of(&world.on(child, 8, split("sibling", [ItemId::Fact(two)])));
    let facts = |world: &World, branch| -> Vec<FactId> {
        let view = world.knowledge.latest(branch).unwrap();
        view.facts(&FactQuery::default()).iter().map(|fact| fact.id).collect()
    };
    assert_eq!((facts(&world, child), facts(&world, sibling)), (vec![one], vec![two]));
    let parts = world.knowledge.common_ancestor(child, sibling).unwrap();
    assert_eq!(parts.0, MAIN, "the new branch is beside the old one");
    assert_eq!(world.knowledge.own_changes(child).unwrap(), [ItemId::Fact(one)]);
    assert_eq!(world.knowledge.own_changes(sibling).unwrap(), [ItemId::Fact(two)]);
    world.check();
}

#[test]
fn what_belongs_together_is_not_parted() {
    let mut world = World::default();
    let ada = world.entity("Ada");
    world.run(
        1,
        Command::DeclarePredicate {
            name: "lives_in".into(),
            says: knowledge::Declaration::functional(true),
        },
    );
    let child = fork(&mut world, "child");
    let rome = entity_of(&world.on(child, 6, Command::AddEntity(new_entity("Rome"))));
    let lives = new_fact(ada, "lives_in", Object::Entity(rome));
    let lives = fact_of(&world.on(child, 7, Command::AssertFact(lives)));
    let reason =
        NewFact { justifications: vec![vec![lives]], ..new_fact(ada, "speaks", text("Italian")) };
    let speaks = fact_of(&world.on(child, 8, Command::AssertFact(reason)));
    let [rome, lives, speaks] = [ItemId::Entity(rome), ItemId::Fact(lives), ItemId::Fact(speaks)];
    let mut refused = |items: &[ItemId], expected: &str| {
        let before = world.records.clone();
        let error = world.try_on(child, 9, split("x", items.iter().copied())).unwrap_err();
        assert_eq!(error.to_string(), expected);
        assert_eq!(before, world.records);
    };
    let says =
        |n: usize, stays: &str| format!("{n} changes that stay belong to what goes: {stays}");
    refused(&[rome], &says(1, &format!("{lives} to {rome}")));
    refused(&[lives], &says(2, &format!("{rome} to {lives}, {speaks} to {lives}")));
    refused(&[speaks], &says(1, &format!("{lives} to {speaks}")));
    refused(&[], "items: expected at least one, found none");
    let other = ItemId::Entity(ada);
    let expected = format!("items: expected what branch {child} changed itself, found {other}");
    refused(&[other], &expected);
    let moved = world.on(child, 9, split("x", [rome, lives, speaks]));
    assert!(world.knowledge.own_changes(child).unwrap().is_empty());
    assert_eq!(world.knowledge.own_changes(branch_of(&moved)).unwrap().len(), 3);
    let main = world.try_on(MAIN, 10, split("y", [other])).unwrap_err();
    assert_eq!(main.to_string(), "branch 0 is the main one");
}

/// All that is known on a branch, but for branches.
fn all(world: &World, branch: BranchId) -> Vec<Item> {
    let view = world.knowledge.latest(branch).unwrap();
    let items = (1..200).flat_map(|n| {
        let of = [
            ItemId::Entity(EntityId(n)),
            ItemId::Relation(RelationId(n)),
            ItemId::Fact(FactId(n)),
            ItemId::Predicate(PredicateId(n)),
            ItemId::Contradiction(ContradictionId(n)),
        ];
        of.into_iter().filter_map(|id| view.item(id)).collect::<Vec<_>>()
    });
    items.collect()
}

fn again(world: &World) -> World {
    let knowledge = Knowledge::load(&world.records).unwrap();
    World { knowledge, records: world.records.clone() }
}

proptest! {
    /// Merging the two parts is merging the whole.
    #[test]
    fn nothing_is_lost(
        before in proptest::collection::vec(command(), 1..40),
        changes in proptest::collection::vec(command(), 10..60),
        going in proptest::collection::vec(any::<bool>(), 60),
    ) {
        let mut world = World::default();
        let mut at = 0;
        let mut run = |world: &mut World, branch, command| {
            at += 1;
            let branches = matches!(
                command,
                Command::CreateBranch { .. } | Command::DeleteBranch(_) | Command::MergeBranch(..)
                    | Command::SplitBranch { .. } | Command::Erase(_) | Command::PruneWeak { .. }
            );
            if !branches {
                let _ = world.try_on(branch, at, command);
            }
        };
        before.into_iter().for_each(|command| run(&mut world, MAIN, command));
        let child = branch_of(&world.run(50, Command::CreateBranch {
            name: "child".into(), known_at: None,
        }));
        changes.into_iter().for_each(|command| run(&mut world, child, command));
        let own = world.knowledge.own_changes(child).unwrap();
        let picked = own.iter().zip(&going).filter(|(_, goes)| **goes).map(|(item, _)| *item);
        let mut items: BTreeSet<ItemId> = picked.collect();
        if items.is_empty() {
            return Ok(());
        }
        let mut whole = again(&world);
        let sibling = loop {
            match world.try_on(child, 200, split("sibling", items.clone())) {
                Ok(outcome) => break branch_of(&outcome),
                Err(KnowledgeError::Parted(pairs)) => {
                    let parted =
                        |(goes, stays): &_| items.contains(goes) && !items.contains(stays);
                    let each_is = pairs.iter().all(parted);
                    prop_assert!(each_is);
                    items.extend(pairs.into_iter().map(|(_, stays)| stays));
                }
                Err(error) => panic!("{error}"),
            }
        };
        world.check();
        let prefer = || MergeStrategy::PreferChild;
        whole.run(300, Command::MergeBranch(child, prefer()));
        world.run(300, Command::MergeBranch(sibling, prefer()));
        world.run(301, Command::MergeBranch(child, prefer()));
        prop_assert_eq!(all(&whole, MAIN), all(&world, MAIN));
    }
}
