//! Kinds, predicates, and names that begin alike.

use knowledge::*;

use crate::world::*;

fn of_kind(name: &str, kind: &str, aliases: &[&str]) -> NewEntity {
    let aliases = aliases.iter().map(|&alias| alias.to_owned()).collect();
    NewEntity { kind: kind.into(), aliases, ..new_entity(name) }
}

fn add(world: &mut World, new: NewEntity) -> EntityId {
    entity_of(&world.run(1, Command::AddEntity(new)))
}

#[test]
fn kinds_are_counted_without_what_was_merged_and_come_in_pages() {
    let mut world = World::default();
    let ada = add(&mut world, of_kind("Ada", "person", &[]));
    let countess = add(&mut world, of_kind("The Countess", "person", &[]));
    add(&mut world, of_kind("London", "city", &[]));
    add(&mut world, of_kind("Turin", "city", &[]));
    world.run(2, Command::MergeEntities { from: countess, into: ada });
    let named = |kinds: Vec<KindUse>| -> Vec<(String, usize)> {
        kinds.into_iter().map(|of| (of.kind, of.entities)).collect()
    };
    let expected = [("city".to_owned(), 2), ("person".to_owned(), 1)];
    assert_eq!(named(world.view().kinds(None, 0)), expected);
    assert_eq!(named(world.view().kinds(None, 1)), expected[..1]);
    assert_eq!(named(world.view().kinds(Some("city"), 1)), expected[1..]);
}

#[test]
fn a_predicate_has_as_many_facts_as_are_told() {
    let mut world = World::default();
    let lamp = world.entity("lamp");
    let reason = world.fact(1, new_fact(lamp, "switch", text("on")));
    let because = vec![vec![reason]];
    let lit = NewFact { justifications: because, ..new_fact(lamp, "is", text("lit")) };
    world.fact(1, lit);
    world.fact(1, new_fact(lamp, "is", text("old")));
    world.run(
        1,
        Command::DeclarePredicate {
            name: "colour".into(),
            says: knowledge::Declaration::functional(true),
        },
    );
    let told = |world: &World| {
        let all = world.view().predicates(None, 0).into_iter();
        all.map(|of| (of.name, of.functional, of.facts)).collect::<Vec<_>>()
    };
    let of = |name: &str, functional, facts| (name.to_owned(), functional, facts);
    let expected = [of("colour", Some(true), 0), of("is", None, 2), of("switch", None, 1)];
    assert_eq!(told(&world), expected);
    for (name, _, facts) in told(&world) {
        let query = FactQuery { predicate: Some(name), ..FactQuery::default() };
        assert_eq!(world.view().facts(&query).len(), facts);
    }
    // What has lost its reason is not told, and not counted.
    world.run(2, Command::RetractFact(reason));
    assert_eq!(told(&world), [of("colour", Some(true), 0), of("is", None, 1)]);
    let last = world.view().predicates(Some("colour"), 1);
    assert_eq!(last[0].name, "is");
}

#[test]
fn names_that_begin_alike_come_in_their_order_each_entity_once() {
    let mut world = World::default();
    let lovelace = add(&mut world, of_kind("Lovelace", "person", &["Ada", "Adah"]));
    let adam = add(&mut world, of_kind("ADAM", "person", &[]));
    let alan = add(&mut world, of_kind("Alan", "person", &[]));
    let adage = add(&mut world, of_kind("adage", "thing", &[]));
    let gone = add(&mut world, of_kind("Adolphe", "person", &[]));
    world.run(2, Command::RetractEntity(gone));
    let merged = add(&mut world, of_kind("Adalbert", "person", &[]));
    world.run(3, Command::MergeEntities { from: merged, into: alan });
    let all = [lovelace, adage, alan, adam];
    assert_eq!(world.view().by_prefix("AD", None, 0).unwrap(), all, "ada, adage, adalbert, adam");
    let page = |after| world.view().by_prefix("ad", after, 2).unwrap();
    let mut pages = page(None);
    pages.extend(page(pages.last().copied()));
    assert_eq!(page(pages.last().copied()), []);
    assert_eq!(pages, all);
    assert_eq!(world.view().by_prefix("ada l", None, 0).unwrap(), []);
    let missing = world.view().by_prefix("ad", Some(gone), 0).unwrap_err();
    assert_eq!(missing, KnowledgeError::Missing(ItemId::Entity(gone)));
    // A name of before finds nothing where it is gone, and is found where it was.
    let update = EntityUpdate { remove_aliases: vec!["Ada".into()], ..EntityUpdate::default() };
    world.run(4, Command::UpdateEntity(lovelace, update));
    assert_eq!(world.view().by_prefix("ada", None, 1).unwrap(), [adage]);
    world.check();
}
