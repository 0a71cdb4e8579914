//! How old branches are, how far they went, what is ready and what goes.

use std::collections::BTreeMap;

use knowledge::*;
use proptest::prelude::*;

use crate::records::command;
use crate::world::*;

const SECOND: Time = 1_000_000;
const HOUR: Time = 3_600 * SECOND;
const DAY: Time = 24 * HOUR;

fn fork(world: &mut World, from: BranchId, at: Time, name: &str) -> BranchId {
    branch_of(&world.on(from, at, Command::CreateBranch { name: name.into(), known_at: None }))
}

fn says(subject: EntityId, n: i64) -> Command {
    Command::AssertFact(new_fact(subject, "says", Object::Literal(Scalar::Integer(n))))
}

fn life(world: &World, branch: BranchId, now: Time) -> Life {
    world.knowledge.life(branch, now, &Consolidation::default()).unwrap()
}

#[test]
fn a_branch_grows_older() {
    let mut world = World::default();
    let ada = world.entity("Ada");
    let child = fork(&mut world, MAIN, 0, "child");
    world.on(child, 0, says(ada, 1));
    for (age, stage) in [
        (0, Stage::WorkingMemory),
        (30 * SECOND, Stage::WorkingMemory),
        (30 * SECOND + 1, Stage::ShortTerm),
        (HOUR, Stage::ShortTerm),
        (HOUR + 1, Stage::Consolidating),
        (DAY, Stage::Consolidating),
        (DAY + 1, Stage::LongTerm),
    ] {
        assert_eq!(life(&world, child, age).stage, stage, "{age}");
    }
    let now = life(&world, child, HOUR / 2);
    assert_eq!((now.n_changes, now.divergence, now.score), (1, 0.5, 0.5));
    assert_eq!((now.by.as_str(), now.created_at), ("tester", 0));
    world.run(DAY, Command::MergeBranch(child, MergeStrategy::PreferNewer));
    assert_eq!(life(&world, child, DAY).stage, Stage::Merged);
    assert_eq!(life(&world, child, DAY).obstacles(&Consolidation::default()), ["it was merged"]);
    assert!(world.knowledge.life(MAIN, 0, &Consolidation::default()).is_err());
}

#[test]
fn a_branch_is_merged_when_it_is_ready() {
    let mut world = World::default();
    let people: Vec<EntityId> = (0..10).map(|k| world.entity(&format!("p{k}"))).collect();
    world.run(
        0,
        Command::DeclarePredicate {
            name: "age".into(),
            says: knowledge::Declaration::functional(true),
        },
    );
    let child = fork(&mut world, MAIN, 0, "child");
    let consolidate =
        |policy| Command::ConsolidateBranch(child, MergeStrategy::PreferNewer, policy);
    let why = |world: &mut World, at, policy| match world.try_on(MAIN, at, consolidate(policy)) {
        Err(KnowledgeError::NotReady { why, .. }) => why.join("; "),
        other => panic!("{other:?}"),
    };
    let policy = Consolidation::default();
    assert_eq!(why(&mut world, 0, policy), "it has no changes");
    world.on(child, HOUR, says(people[0], 1));
    world.on(child, HOUR, says(people[1], 1));
    let waits = "its score is 0.500, less than 0.800";
    assert_eq!(why(&mut world, HOUR + HOUR / 2, policy), waits);
    let narrow = Consolidation { max_divergence: 0.1, ..policy };
    let far = "its divergence is 0.154, more than 0.100";
    assert_eq!(why(&mut world, 2 * HOUR, narrow), far, "2 of 10 entities, a predicate, 2 facts");
    // The parent says otherwise: one of three changes is torn.
    let age =
        |n| Command::AssertFact(new_fact(people[2], "age", Object::Literal(Scalar::Integer(n))));
    world.on(child, HOUR, age(40));
    world.run(HOUR, age(41));
    let torn = life(&world, child, 2 * HOUR);
    assert_eq!((torn.stage, torn.conflicts.len()), (Stage::Conflicted, 1));
    assert!((torn.score - 2.0 / 3.0).abs() < 1e-9);
    assert_eq!(why(&mut world, 2 * HOUR, policy), "its score is 0.667, less than 0.800");
    world.run(2 * HOUR, consolidate(Consolidation { min_score: 0.6, ..policy }));
    assert_eq!(life(&world, child, 2 * HOUR).stage, Stage::Merged);
    assert_eq!(world.view().facts(&FactQuery::default()).len(), 3);
    world.check();
}

#[test]
fn a_branch_waits_for_those_that_were_made_of_it() {
    let mut world = World::default();
    let ada = world.entity("Ada");
    let child = fork(&mut world, MAIN, 0, "child");
    world.on(child, HOUR, says(ada, 1));
    let grandchild = fork(&mut world, child, HOUR, "grandchild");
    world.on(grandchild, HOUR, says(ada, 2));
    let policy = Consolidation { max_divergence: 1.0, ..Consolidation::default() };
    let consolidate = |id| Command::ConsolidateBranch(id, MergeStrategy::PreferNewer, policy);
    let refused = world.try_on(MAIN, 9 * HOUR, consolidate(child));
    let Err(KnowledgeError::NotReady { why, .. }) = refused else { panic!("{refused:?}") };
    assert_eq!(why, ["1 open branches were made of it"]);
    world.on(child, 9 * HOUR, consolidate(grandchild));
    world.run(99 * HOUR, consolidate(child));
    assert_eq!(life(&world, child, 99 * HOUR).stage, Stage::Merged);
}

#[test]
fn old_branches_go() {
    let mut world = World::default();
    let ada = world.entity("Ada");
    let old = fork(&mut world, MAIN, 0, "old");
    let used = fork(&mut world, MAIN, 0, "used");
    let parent = fork(&mut world, MAIN, 0, "parent");
    let merged = fork(&mut world, MAIN, 0, "merged");
    world.run(0, Command::MergeBranch(merged, MergeStrategy::PreferNewer));
    let child = fork(&mut world, parent, DAY, "child");
    world.on(used, DAY, says(ada, 1));
    let now = DAY + HOUR;
    let go = |pruning: Pruning| world.knowledge.prunable(&pruning, now);
    assert_eq!(go(Pruning::default()), [merged]);
    let all = Pruning { unmerged: true, ..Pruning::default() };
    assert_eq!(go(all), [merged, old], "a parent of what stays, and what was used, stay");
    let at_once = Pruning { older_than: 0, ..all };
    assert_eq!(go(at_once), [child, merged, parent, used, old]);
    let outcome = world.run(now, Command::PruneBranches(at_once));
    assert_eq!(outcome.touched.len(), 5);
    assert!(world.view().branches().is_empty());
    world.check();
}

#[test]
fn a_branch_tells_what_happened_on_it() {
    let mut world = World::default();
    let ada = world.entity("Ada");
    let child = fork(&mut world, MAIN, 1, "child");
    let fact = fact_of(&world.on(child, 2, says(ada, 1)));
    world.run(3, says(ada, 2));
    world.on(child, 4, Command::RetractFact(fact));
    let told = |skip, limit| -> Vec<(ItemId, Time, bool)> {
        let events = world.knowledge.journal(child, skip, limit).unwrap();
        events.into_iter().map(|(item, e)| (item, e.at, e.after.is_some())).collect()
    };
    let fact = ItemId::Fact(fact);
    assert_eq!(told(0, 0), [(fact, 2, true), (fact, 4, false)]);
    assert_eq!(told(1, 1), [(fact, 4, false)]);
    assert_eq!(world.knowledge.journal(MAIN, 0, 0).unwrap().len(), 2, "Ada, and a fact");
    assert!(world.knowledge.journal(BranchId(99), 0, 0).is_err());
}

/// How many items a branch knows.
fn n_known(world: &World, branch: BranchId) -> usize {
    let view = world.knowledge.latest(branch).unwrap();
    let known = |n: u64| {
        let of = [
            ItemId::Entity(EntityId(n)),
            ItemId::Relation(RelationId(n)),
            ItemId::Fact(FactId(n)),
            ItemId::Predicate(PredicateId(n)),
            ItemId::Contradiction(ContradictionId(n)),
        ];
        of.into_iter().filter(|id| view.item(*id).is_some()).count()
    };
    (1..300).map(known).sum()
}

proptest! {
    /// The divergence is by its definition, however deep the branches are.
    #[test]
    fn divergence_is_what_changed_of_what_is_known(
        commands in proptest::collection::vec((command(), 0..6_usize), 1..80),
    ) {
        let mut world = World::default();
        let mut n_base: BTreeMap<BranchId, usize> = BTreeMap::new();
        for (k, (command, branch)) in commands.into_iter().enumerate() {
            if matches!(command, Command::Erase(_) | Command::SplitBranch { .. }) {
                continue;
            }
            let command = match command {
                Command::CreateBranch { name, .. } => Command::CreateBranch { name, known_at: None },
                other => other,
            };
            let forks = matches!(command, Command::CreateBranch { .. });
            let branches: Vec<BranchId> = world.view().branches().iter().map(|b| b.id).collect();
            let branch = if branch < 3 { MAIN } else { *branches.get(branch - 3).unwrap_or(&MAIN) };
            if let Ok(outcome) = world.try_on(branch, k as Time, command) && forks {
                let id = branch_of(&outcome);
                n_base.insert(id, n_known(&world, id));
            }
        }
        for life in world.knowledge.lives(100, &Consolidation::default()).unwrap() {
            let n_changes = world.knowledge.own_changes(life.branch).unwrap().len();
            prop_assert_eq!(life.n_changes, n_changes);
            let gone = world.knowledge.own_changes(life.branch).unwrap().into_iter().filter(|item| {
                world.knowledge.latest(life.branch).unwrap().item(*item).is_none()
            });
            // All that was known, and what is new: what is known now, and what went.
            let n_all = n_known(&world, life.branch) + gone.count();
            let expected = if n_all == 0 { 0.0 } else { n_changes as f64 / n_all as f64 };
            prop_assert!(n_base.contains_key(&life.branch));
            prop_assert!((life.divergence - expected).abs() < 1e-12, "{:?} {}", life, expected);
        }
    }
}
