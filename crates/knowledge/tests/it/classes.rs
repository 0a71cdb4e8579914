//! Inheritance against Python's: classes of its standard library, and in which of them Python finds
//! each attribute (tests/fixtures/classes.json, made by tests/classes.py).

use std::collections::BTreeMap;

use knowledge::*;
use serde::Deserialize;

use crate::world::*;

#[derive(Deserialize)]
struct Tree {
    names: Vec<String>,
    classes: Vec<Class>,
}

#[derive(Deserialize)]
struct Class {
    name: String,
    parents: Vec<usize>,
    /// By the class that has it: the attributes that are found.
    finds: BTreeMap<usize, Vec<usize>>,
}

fn tree() -> Tree {
    serde_json::from_str(include_str!("../fixtures/classes.json")).unwrap()
}

/// Each class says the attributes that it has, or all that are found for it, with where.
fn grow(tree: &Tree, all: bool) -> (World, Vec<EntityId>) {
    let mut world = World::default();
    let mut ids = Vec::new();
    for (k, class) in tree.classes.iter().enumerate() {
        let told = class.finds.iter().filter(|(of, _)| all || **of == k);
        let told = told.flat_map(|(of, names)| names.iter().map(move |name| (*name, *of)));
        let properties =
            told.map(|(name, of)| (tree.names[name].clone(), Scalar::Integer(of as i64)));
        // Some have the name of another.
        let name = format!("{} {k}", class.name);
        let new = NewEntity { properties: properties.collect(), ..new_entity(&name) };
        ids.push(entity_of(&world.run(0, Command::AddEntity(new))));
    }
    for (entity, class) in ids.iter().zip(&tree.classes) {
        let parents = class.parents.iter().map(|parent| ids[*parent]).collect();
        let provenance = said_by("python", 1.0);
        world.run(1, Command::SetParents { entity: *entity, parents, provenance });
    }
    (world, ids)
}

#[test]
fn attributes_are_found_where_python_finds_them() {
    let tree = tree();
    let (world, ids) = grow(&tree, false);
    let view = world.view();
    let (mut n_found, mut n_several) = (0, 0);
    for (k, class) in tree.classes.iter().enumerate() {
        let finds =
            class.finds.iter().flat_map(|(of, names)| names.iter().map(|name| (*name, *of)));
        let finds: BTreeMap<usize, usize> = finds.collect();
        n_several += usize::from(class.parents.len() > 1);
        for (n, name) in tree.names.iter().enumerate() {
            let expected = finds.get(&n).map(|of| match *of == k {
                true => Origin::Own,
                false => Origin::Inherited(ids[*of]),
            });
            let found = view.property(ids[k], name).map(|found| found.origin);
            assert_eq!(found, expected, "{name} of {}", class.name);
        }
        n_found += finds.len();
    }
    assert!(n_found > 7_000 && n_several > 20, "{n_found} of {n_several}");
}

#[test]
fn what_all_say_is_said_once_and_found_as_before() {
    let tree = tree();
    let (mut world, ids) = grow(&tree, true);
    let how = Gathering::default();
    let done = world.run(2, Command::Reorganise(how)).reorganisation.unwrap();
    assert!(!done.more && !done.moves.is_empty());
    // What Python itself has in each class.
    let own = |(k, class): (usize, &Class)| class.finds.get(&k).map_or(0, Vec::len);
    let n_python: usize = tree.classes.iter().enumerate().map(own).sum();
    assert_eq!(done.after.effective, done.before.stored);
    // A greedy choice may miss one.
    assert!(done.after.stored <= n_python + 1, "{} of {n_python}", done.after.stored);
    let view = world.view();
    for (k, class) in tree.classes.iter().enumerate() {
        for (of, names) in &class.finds {
            for name in names {
                let found = view.property(ids[k], &tree.names[*name]).unwrap();
                assert_eq!(found.value, Some(Scalar::Integer(*of as i64)));
            }
        }
    }
}
