//! Induction: swans, and Wilson's numbers.

use std::collections::BTreeMap;

use knowledge::reason::{Generalisation, MAX_TALLIED, Rule, wilson};
use knowledge::*;
use proptest::prelude::*;

use super::Told;

#[test]
fn swans_are_white_but_for_one() {
    let mut told = Told::default();
    for k in 0..9 {
        told.say(&format!("swan{k} is_a swan"));
        told.say(&format!("swan{k} has_colour white 0.9"));
    }
    told.say("swan9 is_a swan");
    told.say("swan9 has_colour black");
    told.say("swan10 is_a swan");
    told.functional("has_colour");
    let swan = told.id("swan");
    let found = told.premises().induce(swan, 2, 0).unwrap();
    assert_eq!((found.members, found.generalisations.len()), (11, 1));
    let white = &found.generalisations[0];
    assert_eq!(told.said(&white.claim), "swan has_colour white");
    assert_eq!((white.support, white.n_exceptions, white.known), (9, 1, false));
    assert_eq!(white.exceptions, [told.id("swan9")]);
    assert_eq!(white.confidence, wilson(9, 11));
    told.check(&white.steps);
    assert_eq!(white.steps.last().unwrap().rule, Rule::Generalises);
    assert_eq!(white.steps.len(), 10);
    // Nothing was learned by that.
    let query = FactQuery { subject: Some(swan), ..FactQuery::default() };
    assert!(told.world.view().facts(&query).is_empty());
    told.say("swan has_colour white");
    assert!(told.premises().induce(swan, 2, 0).unwrap().generalisations[0].known);
    assert_eq!(told.premises().induce(swan, 1, 0).unwrap().generalisations.len(), 2);
}

#[test]
fn what_would_be_looked_at_too_often_is_refused() {
    let mut told = Told::default();
    for k in 0..100 {
        told.say(&format!("m{k} is_a class"));
        for n in 0..46 {
            told.say(&format!("m{k} p{k}_{n} x"));
        }
    }
    let class = told.id("class");
    let refused = told.premises().induce(class, 1, 0).unwrap_err();
    let KnowledgeError::TooMany { what, limit: MAX_TALLIED, .. } = refused else {
        panic!("{refused:?}")
    };
    assert_eq!(what, "links to look at for an induction");
}

#[test]
fn a_template_counts_as_said() {
    let mut told = Told::default();
    for k in 0..4 {
        told.say(&format!("wren{k} is_a bird"));
    }
    let bird = told.id("bird");
    let set = |property: &str| -> BTreeMap<String, Option<Scalar>> {
        BTreeMap::from([(property.to_string(), Some(Scalar::Bool(true)))])
    };
    for k in 0..4 {
        let update = EntityUpdate { properties: set("flies"), ..EntityUpdate::default() };
        let id = told.id(&format!("wren{k}"));
        told.world.run(1, Command::UpdateEntity(id, update));
    }
    assert_eq!(told.premises().induce(bird, 2, 0).unwrap().generalisations[0].support, 4);
    let update = EntityUpdate { template: set("sings"), ..EntityUpdate::default() };
    told.world.run(2, Command::UpdateEntity(bird, update));
    told.world.run(3, Command::Reorganise(Gathering::default()));
    let found = told.premises().induce(bird, 2, 0).unwrap().generalisations;
    let has = |one: &Generalisation| (one.claim.predicate.clone(), one.support, one.known);
    let expected = ["flies", "sings"].map(|name| (name.to_string(), 4, true));
    assert_eq!(found.iter().map(has).collect::<Vec<_>>(), expected);
    let sings = |name: &str| {
        let goal = knowledge::reason::Goal {
            subject: told.names.get(name).copied(),
            predicate: "sings".into(),
            object: None,
        };
        told.premises().deduce(&goal, 0).conclusions.len()
    };
    assert_eq!((sings("wren1"), sings("bird")), (1, 0));
}

/// For all of `n` it is `n / (n + z²)`, and for half of them it is as far below a half as the formula says.
#[test]
fn wilsons_interval() {
    let check = |k, n, expected: f64| {
        assert!((wilson(k, n) - expected).abs() < 5e-5, "{k} of {n}: {}", wilson(k, n));
    };
    check(10, 10, 0.7225);
    check(5, 10, 0.2366);
    check(1, 2, 0.0945);
    check(0, 10, 0.0);
    check(0, 0, 0.0);
}

proptest! {
    /// What is counted is what is there.
    #[test]
    fn support_is_how_many_have_it(
        values in proptest::collection::vec(proptest::option::of(0..3_i64), 1..12),
        between in any::<bool>(),
    ) {
        let mut told = Told::default();
        let class = told.id("class");
        if between {
            told.say("middle is_a class");
        }
        let mut counts: BTreeMap<i64, usize> = BTreeMap::new();
        for (k, value) in values.iter().enumerate() {
            let name = format!("m{k}");
            told.say(&format!("{name} is_a {}", if between { "middle" } else { "class" }));
            let Some(value) = value else { continue };
            *counts.entry(*value).or_default() += 1;
            let properties = [("size".to_string(), Some(Scalar::Integer(*value)))].into();
            let update = EntityUpdate { properties, ..EntityUpdate::default() };
            let id = told.id(&name);
            told.world.run(0, Command::UpdateEntity(id, update));
        }
        let found = told.premises().induce(class, 1, 0).unwrap();
        prop_assert_eq!(found.members, values.len());
        let mut told_counts: BTreeMap<i64, usize> = BTreeMap::new();
        for one in &found.generalisations {
            let Object::Literal(Scalar::Integer(value)) = one.claim.object else { panic!() };
            told_counts.insert(value, one.support);
            let n: usize = counts.values().sum();
            prop_assert_eq!(one.n_exceptions, n - one.support);
            told.check(&one.steps);
        }
        prop_assert_eq!(told_counts, counts);
    }
}
