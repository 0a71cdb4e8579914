//! What came to be known otherwise between two times.

use knowledge::*;

use crate::world::*;

fn between(from: Time, to: Time) -> Between {
    Between { branch: MAIN, from, to, about: None, limit: 0 }
}

#[test]
fn facts_come_end_go_and_become_surer() {
    let mut world = World::default();
    let ada = world.entity("Ada");
    world.run(
        1,
        Command::DeclarePredicate {
            name: "lives_in".into(),
            says: knowledge::Declaration::functional(true),
        },
    );
    let lives = |city: &str, from| NewFact {
        valid: Validity::since(from),
        ..new_fact(ada, "lives_in", text(city))
    };
    let porto = world.fact(10, lives("Porto", 1));
    let likes = world.fact(11, new_fact(ada, "likes", text("tea")));
    let wears = world.fact(12, new_fact(ada, "wears", text("hats")));
    let lisbon = world.fact(20, lives("Lisbon", 5));
    let surer = NewFact {
        confidence: 0.95,
        provenance: said_by("another", 0.95),
        ..new_fact(ada, "likes", text("tea"))
    };
    world.run(21, Command::AssertFact(surer));
    world.run(22, Command::RetractFact(wears));
    let told = world.knowledge.between(&between(15, 30)).unwrap();
    let change = |id| told.facts.iter().find(|(fact, _)| *fact == id).map(|(_, change)| *change);
    assert_eq!(change(porto), Some(FactChange::Ended));
    assert_eq!(change(lisbon), Some(FactChange::Added));
    assert_eq!(change(wears), Some(FactChange::Retracted));
    assert!(matches!(change(likes), Some(FactChange::Confidence { then: 0.8, .. })));
    assert_eq!((told.facts.len(), told.entities.len()), (4, 0));
    // Before any of it, and where nothing happened.
    let all = world.knowledge.between(&between(-1, 15)).unwrap();
    assert_eq!((all.entities.as_slice(), all.facts.len()), ([ada].as_slice(), 3));
    let none = world.knowledge.between(&between(30, 40)).unwrap();
    assert_eq!(none, Compared::default());
    let about = Between { about: Some(ada), limit: 2, ..between(15, 30) };
    let cut = world.knowledge.between(&about).unwrap();
    assert_eq!((cut.facts.len(), cut.more), (2, true));
    let wrong = world.knowledge.between(&between(2, 1)).unwrap_err().to_string();
    assert!(wrong.contains("to"), "{wrong}");
    world.check();
}

#[test]
fn a_strength_is_told_of_a_time_only_where_it_is_known() {
    const DAY: Time = 86_400 * 1_000_000;
    let mut world = World::default();
    let [a, b, c] = ["a", "b", "c"].map(|n| Vertex::Entity(world.entity(n)));
    let make = |world: &mut World, at, to, strength| {
        let made = world.run(at, Command::AddRelation(new_relation(a, "near", to, strength)));
        match made.item {
            Some(ItemId::Relation(id)) => id,
            other => panic!("{other:?}"),
        }
    };
    let first = make(&mut world, DAY, b, 0.5);
    let second = make(&mut world, 4 * DAY, c, 0.4);
    let change = |world: &World, id, from, to| {
        let told = world.knowledge.between(&between(from, to)).unwrap();
        told.relations.into_iter().find(|r| r.id == id)
    };
    let made = change(&world, second, 2 * DAY, 4 * DAY).unwrap();
    assert_eq!((made.known_then, made.then, made.later), (false, Some(0.0), Some(0.4)));
    assert_eq!(change(&world, first, 2 * DAY, 4 * DAY), None, "nobody strengthened it");
    let together = Command::Recalled { vertices: vec![a, b], connect: None };
    world.run(5 * DAY, together);
    let now = change(&world, first, 2 * DAY, 5 * DAY).unwrap();
    let expected = links::decayed(0.5, 0.0, 4 * DAY);
    let expected = expected + HEBBIAN_RATE * (1.0 - expected);
    assert!((now.later.unwrap() - expected).abs() < 1e-6, "{now:?}");
    assert_eq!((now.then, now.strengthened_at, now.recalls), (None, Some(5 * DAY), 1));
    world.run(6 * DAY, Command::RetractRelation(first));
    let gone = change(&world, first, 2 * DAY, 7 * DAY).unwrap();
    assert_eq!((gone.then, gone.later, gone.known_later), (None, Some(0.0), false));
}

/// What [`Knowledge::between`] tells of each period.
fn counted(world: &World, bounds: &[Time]) -> Vec<Brought> {
    let period = |pair: &[Time]| {
        let told = world.knowledge.between(&between(pair[0], pair[1])).unwrap();
        let facts = told.facts.iter().filter(|(_, change)| *change == FactChange::Added).count();
        let came = told.relations.iter().filter(|r| !r.known_then && r.known_later).count();
        Brought {
            entities: told.entities.len(),
            relations: came,
            facts,
            revised: told.facts.len() - facts,
            contradictions: told.contradictions.len(),
        }
    };
    bounds.windows(2).map(period).collect()
}

#[test]
fn periods_bring_what_comparing_their_ends_tells() {
    let mut world = World::default();
    let [ada, eve, grace] = ["Ada", "Eve", "Grace"].map(|name| world.entity(name));
    let (a, b) = (Vertex::Entity(ada), Vertex::Entity(eve));
    world.run(
        1,
        Command::DeclarePredicate {
            name: "lives_in".into(),
            says: knowledge::Declaration::functional(true),
        },
    );
    world.fact(10, new_fact(ada, "lives_in", text("Porto")));
    let wears = world.fact(12, new_fact(ada, "wears", text("hats")));
    world.fact(14, new_fact(eve, "likes", text("tea")));
    let made = world.run(15, Command::AddRelation(new_relation(a, "near", b, 0.5)));
    let Some(ItemId::Relation(near)) = made.item else { panic!("{made:?}") };
    world.fact(20, new_fact(ada, "lives_in", text("Lisbon")));
    world.run(21, Command::RetractFact(wears));
    world.run(22, Command::RestoreFact(wears));
    world.run(25, Command::MergeEntities { from: grace, into: eve });
    world.run(31, Command::RetractRelation(near));
    world.run(35, Command::RetractEntity(eve));
    world.fact(40, NewFact { negated: true, ..new_fact(ada, "wears", text("hats")) });
    for bounds in [
        [-1, 0, 10, 15, 20, 25, 30, 35, 40, 50].as_slice(),
        &[-1, 13, 13, 21, 22, 60],
        &[-1, 100],
        &[12, 14],
        &[50, 60],
    ] {
        let brought = world.knowledge.brought(MAIN, bounds).unwrap();
        assert_eq!(brought, counted(&world, bounds), "{bounds:?}");
    }
    let all = world.knowledge.brought(MAIN, &[-1, 100]).unwrap()[0];
    assert!(all.entities > 0 && all.facts > 3 && all.contradictions > 0, "{all:?}");
    assert_eq!(world.knowledge.brought(MAIN, &[7]).unwrap(), []);
    assert!(world.knowledge.brought(MAIN, &[7, 6]).is_err());
    world.check();
}
