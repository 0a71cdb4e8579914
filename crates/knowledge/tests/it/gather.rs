//! Inheritance reorganised: fewer values, and the same answer to every question about a property.

use std::collections::BTreeMap;

use knowledge::*;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use crate::world::*;

const NAMES: [&str; 2] = ["legs", "wet"];
/// Times at which what an entity is may begin or end.
const TIMES: [Option<Time>; 4] = [None, Some(5), Some(15), Some(25)];

/// An entity of a random hierarchy: its parents are before it.
#[derive(Clone, Debug)]
struct Class {
    parents: Vec<prop::sample::Index>,
    /// What it is only from the time 10 on.
    late: bool,
    /// For each name.
    own: [Option<i64>; 2],
    exception: [Option<Option<i64>>; 2],
    template: [Option<i64>; 2],
}

fn class() -> impl Strategy<Value = Class> {
    let value = || 0..2_i64;
    let some = move |of: f64| prop::option::weighted(of, value());
    let exception = move || prop::option::weighted(0.08, some(0.5));
    (
        prop::collection::vec(any::<prop::sample::Index>(), 0..4),
        prop::bool::weighted(0.05),
        [some(0.75), some(0.9)],
        [exception(), exception()],
        [some(0.06), some(0.06)],
    )
        .prop_map(|(parents, late, own, exception, template)| Class {
            parents,
            late,
            own,
            exception,
            template,
        })
}

fn hierarchy() -> impl Strategy<Value = Vec<Class>> {
    prop::collection::vec(class(), 2..30)
}

fn whole(value: i64) -> Scalar {
    Scalar::Integer(value)
}

fn grow(classes: &[Class]) -> World {
    let mut world = World::default();
    let mut ids: Vec<EntityId> = Vec::new();
    for (k, class) in classes.iter().enumerate() {
        let id = world.entity(&format!("c{k}"));
        let mut update = EntityUpdate::default();
        for (n, name) in NAMES.iter().map(|name| name.to_string()).enumerate() {
            if let Some(value) = class.own[n] {
                update.properties.insert(name.clone(), Some(whole(value)));
            }
            if let Some(value) = class.exception[n] {
                let exception = Exception { value: value.map(whole), reason: "so it is".into() };
                update.exceptions.insert(name.clone(), Some(exception));
            }
            if let Some(value) = class.template[n] {
                update.template.insert(name, Some(whole(value)));
            }
        }
        world.run(1, Command::UpdateEntity(id, update));
        for parent in class.parents.iter().filter(|_| k > 0).map(|at| ids[at.index(k)]) {
            let valid = if class.late { Validity::since(10) } else { Validity::ALWAYS };
            let fact = NewFact { valid, ..new_fact(id, IS_A, Object::Entity(parent)) };
            world.fact(2, fact);
        }
        ids.push(id);
    }
    world
}

type Answers = Vec<Option<Option<Scalar>>>;

/// What every entity has, at every time.
fn answers(knowledge: &Knowledge, branch: BranchId) -> Answers {
    let mut found = Vec::new();
    for valid in TIMES {
        let view = knowledge.at(At { branch, valid, ..At::default() }).unwrap();
        for entity in view.entities(None, 0) {
            let value = |name: &&str| view.property(entity.id, name).map(|found| found.value);
            found.extend(NAMES.iter().map(value));
        }
    }
    found
}

/// Values that are stored.
fn stored(knowledge: &Knowledge, branch: BranchId) -> usize {
    let view = knowledge.latest(branch).unwrap();
    let all = view.entities(None, 0).into_iter().map(|known| known.item);
    all.map(|e| e.properties.len() + e.exceptions.len() + e.template.len()).sum()
}

fn reorganise(world: &mut World, branch: BranchId, least: usize) -> Reorganisation {
    let how = Gathering { least };
    let told = world.knowledge.latest(branch).unwrap().reorganisation(&how).unwrap();
    let done = world.on(branch, 100, Command::Reorganise(how)).reorganisation.unwrap();
    assert_eq!(done, told, "what is told is not what is done");
    done
}

/// Nothing is answered otherwise, and as much is saved as is told.
fn check(world: &mut World, least: usize) -> Reorganisation {
    let (before, n_before) = (answers(&world.knowledge, MAIN), stored(&world.knowledge, MAIN));
    let done = reorganise(world, MAIN, least);
    assert_eq!(answers(&world.knowledge, MAIN), before, "{done:#?}");
    assert_eq!((done.before.stored, done.after.stored), (n_before, stored(&world.knowledge, MAIN)));
    let has = |answer: &&Option<Option<Scalar>>| matches!(answer, Some(Some(_)));
    let now = &before[..before.len() / TIMES.len()];
    assert_eq!(done.before.effective, now.iter().filter(has).count());
    assert_eq!(done.after.effective, done.before.effective);
    assert_eq!(done.moves.is_empty(), done.updates.is_empty());
    for one in &done.moves {
        assert!(!one.new || one.members >= least, "{one:?}");
        assert!(one.members > one.made, "{one:?}");
    }
    world.check();
    done
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn nothing_is_answered_otherwise(classes in hierarchy(), least in 1..4_usize) {
        let mut world = grow(&classes);
        let done = check(&mut world, least);
        prop_assert!(!done.more);
        prop_assert!(check(&mut world, least).moves.is_empty());
    }
}

/// The hierarchies of the test above are not such that there is nothing to do.
#[test]
fn moves_of_every_sort_are_made() {
    let mut runner = TestRunner::deterministic();
    let (mut news, mut made, mut exceptions) = (BTreeMap::new(), 0, 0);
    for _ in 0..300 {
        let classes = hierarchy().new_tree(&mut runner).unwrap().current();
        for one in check(&mut grow(&classes), 2).moves {
            *news.entry(one.new).or_insert(0) += 1;
            made += one.made;
            exceptions += one.exceptions;
        }
    }
    assert_eq!(news.len(), 2, "{news:?}");
    assert!(news.values().all(|n| *n >= 3) && made >= 3, "{news:?}, {made} made");
    assert!(exceptions > 50, "{exceptions}");
}

fn has(values: &[(&str, bool)]) -> EntityUpdate {
    let value = |(name, value): &(&str, bool)| (name.to_string(), Some(Scalar::Bool(*value)));
    EntityUpdate { properties: values.iter().map(value).collect(), ..EntityUpdate::default() }
}

fn below(world: &mut World, names: &[&str], class: EntityId) -> Vec<EntityId> {
    let add = |name: &&str| {
        let id = world.entity(name);
        world.fact(1, new_fact(id, IS_A, Object::Entity(class)));
        id
    };
    names.iter().map(add).collect()
}

#[test]
fn a_class_says_of_its_members_what_it_does_not_say_of_itself() {
    let mut world = World::default();
    let bird = world.entity("bird");
    let kinds = below(&mut world, &["robin", "wren", "penguin", "kiwi"], bird);
    for id in &kinds[..2] {
        world.run(2, Command::UpdateEntity(*id, has(&[("flies", true), ("sings", true)])));
    }
    world.run(2, Command::UpdateEntity(kinds[2], has(&[("flies", false)])));
    let exception = Exception { value: Some(Scalar::Bool(false)), reason: "too heavy".into() };
    let update = EntityUpdate {
        exceptions: BTreeMap::from([("flies".to_string(), Some(exception))]),
        ..EntityUpdate::default()
    };
    world.run(2, Command::UpdateEntity(kinds[3], update));
    let done = reorganise(&mut world, MAIN, 2);
    // Nobody said whether a penguin or a kiwi sings, so a bird does not sing.
    let flies = Move {
        class: bird,
        property: "flies".into(),
        value: Scalar::Bool(true),
        new: true,
        members: 2,
        exceptions: 2,
        made: 0,
    };
    assert_eq!(done.moves, [flies]);
    assert_eq!((done.before.stored, done.after.stored, done.before.effective), (6, 5, 6));
    let view = world.view();
    assert_eq!(view.property(bird, "flies"), None);
    let robin = view.property(kinds[0], "flies").unwrap();
    assert_eq!((robin.value, robin.origin), (Some(Scalar::Bool(true)), Origin::Inherited(bird)));
    let history = world.knowledge.history(ItemId::Entity(kinds[0]));
    let last = history.last().unwrap();
    let flew = |item: &Option<Item>| match item {
        Some(Item::Entity(entity)) => entity.properties.contains_key("flies"),
        _ => panic!("no entity"),
    };
    assert_eq!((last.by.as_str(), flew(&last.before), flew(&last.after)), ("tester", true, false));
    world.check();
}

#[test]
fn who_would_inherit_something_else_gets_an_exception() {
    let mut world = World::default();
    let [swimmer, bird, duck] = ["swimmer", "bird", "duck"].map(|name| world.entity(name));
    world.run(1, Command::UpdateEntity(swimmer, has(&[("wet", true)])));
    let others = below(&mut world, &["robin", "wren", "tit", "finch"], bird);
    for id in others {
        world.run(2, Command::UpdateEntity(id, has(&[("wet", false)])));
    }
    for parent in [bird, swimmer] {
        world.fact(2, new_fact(duck, IS_A, Object::Entity(parent)));
    }
    let done = check(&mut world, 2);
    assert_eq!((done.moves[0].members, done.moves[0].made), (4, 1));
    let wet = world.view().property(duck, "wet").unwrap();
    assert_eq!(wet.value, Some(Scalar::Bool(true)));
    let reason = format!("as before entity {bird} said otherwise of its members");
    assert_eq!(wet.origin, Origin::OwnException(reason));
}

#[test]
fn what_an_entity_is_at_times_is_left_alone() {
    let mut world = World::default();
    let bird = world.entity("bird");
    let kinds = below(&mut world, &["robin", "wren"], bird);
    let egg = world.entity("egg");
    let valid = Validity::since(10);
    world.fact(1, NewFact { valid, ..new_fact(egg, IS_A, Object::Entity(bird)) });
    for id in kinds.iter().chain([&egg]) {
        world.run(2, Command::UpdateEntity(*id, has(&[("legs", true)])));
    }
    let done = check(&mut world, 2);
    assert_eq!(done.moves[0].members, 2);
    let legs = world.view().property(egg, "legs").unwrap();
    assert_eq!(legs.origin, Origin::Own);
}

#[test]
fn what_does_not_fit_into_one_plan_is_done_by_the_next() {
    let mut world = World::default();
    let bird = world.entity("bird");
    let n = MAX_CHANGES + 200;
    for k in 0..n {
        let new = NewEntity {
            properties: BTreeMap::from([("legs".to_string(), Scalar::Integer(2))]),
            ..new_entity(&format!("bird {k}"))
        };
        let id = entity_of(&world.run(1, Command::AddEntity(new)));
        world.fact(1, new_fact(id, IS_A, Object::Entity(bird)));
    }
    let first = reorganise(&mut world, MAIN, 2);
    assert!(first.more);
    assert_eq!((first.updates.len(), first.moves[0].members), (MAX_CHANGES - 1, MAX_CHANGES - 2));
    let second = reorganise(&mut world, MAIN, 2);
    assert!(!second.more);
    assert_eq!((second.moves[0].new, second.moves[0].members), (false, 202));
    assert_eq!(second.after, Compression { effective: n, stored: 1 });
    let view = world.view();
    let two = |e: &Known<'_, EntityId, Entity>| {
        e.id == bird || view.property(e.id, "legs").unwrap().value == Some(Scalar::Integer(2))
    };
    assert!(view.entities(None, 0).iter().all(two));
}

#[test]
fn it_can_be_tried_on_a_branch() {
    let mut world = World::default();
    let bird = world.entity("bird");
    for id in below(&mut world, &["robin", "wren", "tit"], bird) {
        world.run(2, Command::UpdateEntity(id, has(&[("flies", true)])));
    }
    let branch = Command::CreateBranch { name: "tidy".into(), known_at: None };
    let branch = branch_of(&world.run(3, branch));
    let (before, n_before) = (answers(&world.knowledge, MAIN), stored(&world.knowledge, MAIN));
    reorganise(&mut world, branch, 2);
    assert_eq!(stored(&world.knowledge, MAIN), n_before);
    assert_eq!((stored(&world.knowledge, branch), n_before), (1, 3));
    assert_eq!(world.knowledge.diff(branch, MAIN).unwrap().len(), 4);
    world.run(200, Command::MergeBranch(branch, MergeStrategy::Manual(BTreeMap::new())));
    assert_eq!(stored(&world.knowledge, MAIN), 1);
    assert_eq!(answers(&world.knowledge, MAIN), before);
    world.check();
}

/// Birds of which three fly, on a branch where that is said once, and the branch.
fn tidied(world: &mut World) -> (EntityId, Vec<EntityId>, BranchId) {
    let bird = world.entity("bird");
    let kinds = below(world, &["robin", "wren", "tit"], bird);
    for id in &kinds {
        world.run(2, Command::UpdateEntity(*id, has(&[("flies", true)])));
    }
    let branch = Command::CreateBranch { name: "tidy".into(), known_at: None };
    let branch = branch_of(&world.run(3, branch));
    reorganise(world, branch, 2);
    (bird, kinds, branch)
}

#[test]
fn a_class_that_both_sides_changed_says_what_its_members_have_no_more() {
    let aliased =
        |name: &str| EntityUpdate { add_aliases: vec![name.into()], ..EntityUpdate::default() };
    for strategy in [MergeStrategy::PreferParent, MergeStrategy::PreferNewer] {
        let mut world = World::default();
        let (bird, _, branch) = tidied(&mut world);
        world.run(300, Command::UpdateEntity(bird, aliased("fowl")));
        let before = answers(&world.knowledge, MAIN);
        world.run(301, Command::MergeBranch(branch, strategy));
        assert_eq!(answers(&world.knowledge, MAIN), before);
        assert_eq!(stored(&world.knowledge, MAIN), 1);
    }
    // A branch from before that changed the class takes nothing away either.
    let mut world = World::default();
    let bird = world.entity("bird");
    for id in below(&mut world, &["robin", "wren", "tit"], bird) {
        world.run(2, Command::UpdateEntity(id, has(&[("flies", true)])));
    }
    let branch = Command::CreateBranch { name: "names".into(), known_at: None };
    let branch = branch_of(&world.run(3, branch));
    world.on(branch, 4, Command::UpdateEntity(bird, aliased("fowl")));
    let before = answers(&world.knowledge, MAIN);
    reorganise(&mut world, MAIN, 2);
    world.run(300, Command::MergeBranch(branch, MergeStrategy::PreferChild));
    assert_eq!(answers(&world.knowledge, MAIN), before);
}

#[test]
fn what_was_said_once_is_not_split_from_who_said_it() {
    let mut world = World::default();
    let (bird, kinds, branch) = tidied(&mut world);
    for item in [bird, kinds[0]] {
        let items = std::collections::BTreeSet::from([ItemId::Entity(item)]);
        let split = Command::SplitBranch { name: "half".into(), items };
        let stamp = Stamp { branch, at: 200, by: "tester".into() };
        let refused = world.knowledge.plan(split, &stamp).unwrap_err();
        assert!(matches!(refused, KnowledgeError::Parted(_)), "{refused:?}");
    }
}

#[test]
fn a_large_class_with_an_exception_gets_further_each_time() {
    let mut world = World::default();
    let [swimmer, bird, duck] = ["swimmer", "bird", "duck"].map(|name| world.entity(name));
    world.run(1, Command::UpdateEntity(swimmer, has(&[("wet", true)])));
    for k in 0..MAX_CHANGES + 500 {
        let properties = BTreeMap::from([("wet".to_string(), Scalar::Bool(false))]);
        let new = NewEntity { properties, ..new_entity(&format!("bird {k}")) };
        let id = entity_of(&world.run(1, Command::AddEntity(new)));
        world.fact(1, new_fact(id, IS_A, Object::Entity(bird)));
    }
    for parent in [bird, swimmer] {
        world.fact(2, new_fact(duck, IS_A, Object::Entity(parent)));
    }
    let mut rounds = 0;
    while reorganise(&mut world, MAIN, 2).more {
        rounds += 1;
        assert!(rounds < 10);
    }
    assert_eq!(stored(&world.knowledge, MAIN), 3, "swimmer, bird, and the exception of the duck");
    let wet = |id| world.view().property(id, "wet").unwrap().value;
    assert_eq!(wet(duck), Some(Scalar::Bool(true)));
}

#[test]
fn of_whom_something_is_denied_nothing_is_moved() {
    let mut world = World::default();
    let bird = world.entity("bird");
    let kinds = below(&mut world, &["robin", "wren", "bat"], bird);
    let mammal = world.entity("mammal");
    world.fact(1, NewFact { negated: true, ..new_fact(kinds[2], IS_A, Object::Entity(mammal)) });
    for id in &kinds {
        world.run(2, Command::UpdateEntity(*id, has(&[("legs", true)])));
    }
    assert_eq!(check(&mut world, 2).moves[0].members, 2);
}

#[test]
fn who_stays_of_two_says_what_it_said() {
    let mut world = World::default();
    let [bird, fowl] = ["bird", "fowl"].map(|name| world.entity(name));
    let robin = below(&mut world, &["robin"], bird)[0];
    world.run(2, Command::UpdateEntity(bird, has(&[("flies", true)])));
    let exception = Exception { value: None, reason: "nobody knows".into() };
    let template = BTreeMap::from([("flies".to_string(), Some(Scalar::Bool(false)))]);
    let exceptions = BTreeMap::from([("sings".to_string(), Some(exception))]);
    let update = EntityUpdate { template, exceptions, ..EntityUpdate::default() };
    world.run(2, Command::UpdateEntity(fowl, update));
    world.run(3, Command::MergeEntities { from: fowl, into: bird });
    let flies = world.view().property(robin, "flies").unwrap();
    assert_eq!(flies.value, Some(Scalar::Bool(true)));
    assert_eq!(world.view().property(bird, "sings").unwrap().value, None);
}
