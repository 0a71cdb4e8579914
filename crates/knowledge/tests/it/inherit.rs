//! Inheritance: orders against Python's, exceptions, circles.

use knowledge::*;
use serde_json::Value;

use crate::world::*;

pub(crate) fn references() -> Value {
    serde_json::from_str(include_str!("../fixtures/references.json")).unwrap()
}

fn set_parents(
    world: &mut World,
    entity: EntityId,
    parents: Vec<EntityId>,
) -> Result<Outcome, KnowledgeError> {
    let provenance = said_by("test", 1.0);
    world.try_on(MAIN, 1, Command::SetParents { entity, parents, provenance })
}

fn numbers(value: &Value) -> Vec<usize> {
    value.as_array().unwrap().iter().map(|n| n.as_u64().unwrap() as usize).collect()
}

#[test]
fn ancestors_are_in_pythons_order() {
    let references = references();
    let (mut n_c3, mut n_other) = (0, 0);
    for hierarchy in references["hierarchies"].as_array().unwrap() {
        let mut world = World::default();
        let parents = hierarchy["parents"].as_array().unwrap();
        let classes: Vec<EntityId> =
            (0..parents.len()).map(|k| world.entity(&format!("c{k}"))).collect();
        for (class, parents) in classes.iter().zip(parents) {
            let parents = numbers(parents).into_iter().map(|p| classes[p]).collect();
            set_parents(&mut world, *class, parents).unwrap();
        }
        for (class, order) in classes.iter().zip(hierarchy["orders"].as_array().unwrap()) {
            let found = world.view().ancestors(*class).unwrap();
            assert!(!found.cut_short);
            if order.is_null() {
                assert_eq!(found.order, Order::Precedence);
                n_other += 1;
                continue;
            }
            let expected: Vec<EntityId> = numbers(order).into_iter().map(|k| classes[k]).collect();
            assert_eq!((found.order, found.line), (Order::C3, expected));
            n_c3 += 1;
        }
    }
    assert!(n_c3 > 300 && n_other > 50, "{n_c3} and {n_other}");
}

#[test]
fn exceptions_stand_before_what_is_inherited() {
    let mut world = World::default();
    let names = ["bird", "penguin", "emperor", "Pingu"];
    let [bird, penguin, emperor, pingu] = names.map(|name| world.entity(name));
    for (child, parent) in [(penguin, bird), (emperor, penguin), (pingu, emperor)] {
        set_parents(&mut world, child, vec![parent]).unwrap();
    }
    let set = |properties: &[(&str, bool)], exception: Option<&str>| EntityUpdate {
        properties: properties
            .iter()
            .map(|(name, value)| (name.to_string(), Some(Scalar::Bool(*value))))
            .collect(),
        exceptions: exception
            .map(|reason| {
                let exception =
                    Exception { value: Some(Scalar::Bool(false)), reason: reason.into() };
                ("flies".to_string(), Some(exception))
            })
            .into_iter()
            .collect(),
        ..EntityUpdate::default()
    };
    let has = [("flies", true), ("feathers", true)];
    world.run(2, Command::UpdateEntity(bird, set(&has, None)));
    world.run(2, Command::UpdateEntity(penguin, set(&[], Some("too heavy"))));
    let flies = |world: &World, id| world.view().property(id, "flies").unwrap();
    let no = Some(Scalar::Bool(false));
    let inherited = Origin::InheritedException(penguin, "too heavy".into());
    assert_eq!(flies(&world, pingu), Property { value: no.clone(), origin: inherited });
    let own = Origin::OwnException("too heavy".into());
    assert_eq!(flies(&world, penguin), Property { value: no, origin: own });
    let feathers = world.view().property(pingu, "feathers").unwrap();
    assert_eq!(feathers.origin, Origin::Inherited(bird));
    world.run(3, Command::UpdateEntity(pingu, set(&[("flies", true)], None)));
    assert_eq!(flies(&world, pingu).origin, Origin::Own);
    assert_eq!(world.view().property(pingu, "swims"), None);
    world.check();
}

#[test]
fn circles_are_refused_with_their_path() {
    let mut world = World::default();
    let [a, b, c] = ["a", "b", "c"].map(|name| world.entity(name));
    set_parents(&mut world, a, vec![b]).unwrap();
    set_parents(&mut world, b, vec![c]).unwrap();
    let refused = set_parents(&mut world, c, vec![a]).unwrap_err();
    assert_eq!(refused, KnowledgeError::Cycle(vec![c, a, b, c]));
    assert_eq!(
        refused.to_string(),
        format!("{c} would be its own ancestor: {c} is a {a} is a {b} is a {c}")
    );
    assert!(matches!(set_parents(&mut world, a, vec![a]), Err(KnowledgeError::Cycle(_))));
    let merge = world.try_on(MAIN, 2, Command::MergeEntities { from: a, into: c });
    assert!(matches!(merge, Err(KnowledgeError::Cycle(_))), "{merge:?}");
    // The two next to each other can be one.
    world.run(3, Command::MergeEntities { from: a, into: b });
    assert_eq!(world.view().ancestors(a).unwrap().line, [b, c]);
    world.check();
}

#[test]
fn depth_has_a_limit() {
    let mut world = World::default();
    let line: Vec<EntityId> =
        (0..MAX_INHERITANCE_DEPTH + 2).map(|k| world.entity(&format!("e{k}"))).collect();
    for pair in line.windows(2).take(MAX_INHERITANCE_DEPTH) {
        set_parents(&mut world, pair[0], vec![pair[1]]).unwrap();
    }
    let last = &line[MAX_INHERITANCE_DEPTH..];
    let refused = set_parents(&mut world, last[0], vec![last[1]]).unwrap_err();
    assert!(matches!(refused, KnowledgeError::TooMany { limit: MAX_INHERITANCE_DEPTH, .. }));
    let ancestors = world.view().ancestors(line[0]).unwrap();
    assert_eq!((ancestors.line.len(), ancestors.cut_short), (MAX_INHERITANCE_DEPTH + 1, false));
}

#[test]
fn parents_are_in_the_order_that_was_set() {
    let mut world = World::default();
    let [a, b, c, d] = ["a", "b", "c", "d"].map(|name| world.entity(name));
    set_parents(&mut world, a, vec![b, c]).unwrap();
    set_parents(&mut world, a, vec![b, d, c]).unwrap();
    assert_eq!(world.view().parents(a), [b, d, c]);
    set_parents(&mut world, a, vec![c, b]).unwrap();
    assert_eq!(world.view().parents(a), [c, b]);
    set_parents(&mut world, a, vec![]).unwrap();
    assert!(world.view().parents(a).is_empty());
    world.check();
}
