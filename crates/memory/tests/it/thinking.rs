//! How something was thought about, what a time brought, what may be missing.

use knowledge::{
    BranchId, Command, EntityId, FactChange, ItemId, NewEntity, NewFact, NewRelation, Object,
    Provenance, Scalar, Validity, Vertex,
};
use memory::{Config, Connect, Memory, Scope, Thinking, Time, Window};

use crate::{NOW, by, open, said, store};

const DAY: i64 = 86_400 * 1_000_000;

fn source() -> Provenance {
    Provenance { source: "ada".into(), memory: None, episode: None, confidence: 1.0 }
}

async fn know(memory: &Memory, command: Command, at: Time) -> Option<ItemId> {
    memory.know(command, BranchId::MAIN, &by(at)).await.unwrap().item
}

async fn entity(memory: &Memory, name: &str, at: Time) -> EntityId {
    let new = NewEntity {
        name: name.into(),
        kind: "thing".into(),
        aliases: Vec::new(),
        properties: Default::default(),
        provenance: source(),
    };
    match know(memory, Command::AddEntity(new), at).await {
        Some(ItemId::Entity(id)) => id,
        other => panic!("{other:?}"),
    }
}

async fn fact(memory: &Memory, subject: EntityId, says: (&str, &str), at: Time) {
    let (predicate, object) = says;
    let new = NewFact {
        subject,
        predicate: predicate.into(),
        object: Object::Literal(Scalar::Text(object.into())),
        negated: false,
        valid: Validity::since(at),
        confidence: 0.9,
        provenance: source(),
        justifications: Vec::new(),
        functional: None,
    };
    know(memory, Command::AssertFact(new), at).await;
}

async fn relate(memory: &Memory, from: EntityId, to: EntityId, at: Time) {
    let (from, to) = (Vertex::Entity(from), Vertex::Entity(to));
    let (kind, valid, provenance) = ("near".into(), Validity::ALWAYS, source());
    let new = NewRelation { from, kind, to, strength: 0.5, floor: 0.0, valid, provenance };
    know(memory, Command::AddRelation(new), at).await;
}

#[tokio::test]
async fn how_somebody_was_thought_about_then_and_later() {
    let folder = tempfile::tempdir().unwrap();
    let memory = open(&store(folder.path()), "acme", Config::default()).await;
    let functional = Command::DeclarePredicate {
        name: "lives_in".into(),
        says: knowledge::Declaration::functional(true),
    };
    know(&memory, functional, NOW).await;
    let ada = entity(&memory, "Ada", NOW).await;
    let bees = entity(&memory, "Bees", NOW).await;
    fact(&memory, ada, ("lives_in", "Porto"), NOW).await;
    fact(&memory, ada, ("lives_in", "Lisbon"), NOW + 2 * DAY).await;
    relate(&memory, ada, bees, NOW + 2 * DAY).await;
    let mention = memory::New { mentions: vec!["Ada".into()], ..said("She bought two hives") };
    memory.store(mention, &by(NOW + 2 * DAY)).await.unwrap();
    let thinking = |about: &str, from, to| {
        let (about, scope) = (about.to_owned(), Scope::default());
        memory.thinking(&Thinking { about, from, to, scope, limit: 50 })
    };
    let told = thinking("ada", NOW + DAY, NOW + 3 * DAY).unwrap();
    assert_eq!(told.name, "Ada");
    assert!(told.then.iter().any(|f| f.contains("lives_in Porto")) && told.then.len() == 1);
    assert!(told.later.iter().any(|f| f.contains("lives_in Lisbon")), "{told:?}");
    let changes: Vec<_> = told.facts.iter().map(|f| (f.said.as_str(), f.change)).collect();
    assert_eq!(changes.len(), 2, "{changes:?}");
    assert!(changes[0].0.contains("Porto") && changes[0].1 == FactChange::Ended);
    assert!(changes[1].0.contains("Lisbon") && changes[1].1 == FactChange::Added);
    assert_eq!(told.relations.len(), 1);
    assert_eq!((told.relations[0].from.as_str(), told.relations[0].to.as_str()), ("Ada", "Bees"));
    assert_eq!(told.memories.len(), 1);
    let quiet = thinking("Ada", NOW + 3 * DAY, NOW + 4 * DAY).unwrap();
    assert!(quiet.facts.is_empty() && quiet.memories.is_empty() && !quiet.more);
    let unknown = thinking("Eve", NOW, NOW + DAY).unwrap_err().to_string();
    assert!(unknown.contains("about"), "{unknown}");
    assert!(thinking("Ada", NOW + 2 * DAY, NOW).is_err());
}

#[tokio::test]
async fn a_week_tells_what_it_brought() {
    let folder = tempfile::tempdir().unwrap();
    let memory = open(&store(folder.path()), "acme", Config::default()).await;
    let old = entity(&memory, "Old", NOW).await;
    memory.intend(said("Sort the attic"), None, &by(NOW)).await.unwrap();
    memory.intend(said("Pay the rent"), Some(NOW + 9 * DAY), &by(NOW + 9 * DAY)).await.unwrap();
    memory.intend(said("Buy bread"), None, &by(NOW + 9 * DAY)).await.unwrap();
    let sure = memory.claim(said("It stays dry"), 0.95, None, &by(NOW)).await.unwrap().item.id;
    let unsure = memory.claim(said("It gets cold"), 0.6, None, &by(NOW)).await.unwrap().item.id;
    let new = entity(&memory, "New", NOW + 5 * DAY).await;
    relate(&memory, old, new, NOW + 5 * DAY).await;
    memory.verify(sure, false, None, &by(NOW + 6 * DAY)).await.unwrap();
    memory.verify(unsure, true, None, &by(NOW + 6 * DAY)).await.unwrap();
    let window = Window {
        from: NOW + DAY,
        to: NOW + 10 * DAY,
        scope: Scope::default(),
        stale_days: memory::STALE_DAYS,
        limit: 10,
    };
    let told = memory.insights(&window).unwrap();
    assert_eq!((told.memories, told.entities.len()), (2, 1));
    assert_eq!(told.entities[0], (new, "New".to_owned()));
    assert_eq!(told.strengthened.len(), 1);
    assert_eq!(told.wrong.len(), 1, "what came true at 0.6 did not go wrong");
    assert!((told.wrong[0].1 - 0.9025).abs() < 1e-12 && told.wrong[0].0.id == sure);
    let stale: Vec<_> = told.stale.iter().map(|s| (s.item.text.as_str(), s.overdue)).collect();
    assert_eq!(stale, [("Sort the attic", false), ("Pay the rent", true)]);
    assert!((told.stale[0].idle_days - 10.0).abs() < 1e-9);
    let before = Window { from: NOW - DAY, to: NOW - 1, ..window };
    let none = memory.insights(&before).unwrap();
    assert_eq!((none.memories, none.entities.len(), none.stale.len()), (0, 0, 0));
}

#[tokio::test]
async fn connections_are_proposed_with_their_reasons() {
    let folder = tempfile::tempdir().unwrap();
    let memory = open(&store(folder.path()), "acme", Config::default()).await;
    let mut ids = Vec::new();
    for name in ["Ada", "Grace", "Compilers", "Ada Lovelace", "Nobody"] {
        ids.push(entity(&memory, name, NOW).await);
    }
    relate(&memory, ids[0], ids[2], NOW).await;
    relate(&memory, ids[1], ids[2], NOW).await;
    let both = vec!["Ada".to_owned(), "Grace".to_owned()];
    let new = memory::New { mentions: both, ..said("They met at a conference") };
    memory.store(new, &by(NOW)).await.unwrap();
    let ask = |of: Option<&str>| Connect { of: of.map(str::to_owned), limit: 10 };
    let all = memory.connections(&ask(None), NOW).unwrap();
    assert_eq!(all.len(), 1);
    assert_eq!((all[0].from.1.as_str(), all[0].to.1.as_str()), ("Ada", "Grace"));
    assert_eq!(all[0].shared, ["Compilers"]);
    let of = memory.connections(&ask(Some("Ada")), NOW).unwrap();
    assert_eq!((of[0].together, of[0].to.1.as_str()), (1, "Grace"));
    assert!((of[0].shared_score - 1.0 / 2.0_f64.ln()).abs() < 1e-12);
    let alike = of.iter().find(|c| c.to.1 == "Ada Lovelace").unwrap();
    assert!(alike.alike.unwrap() >= memory::MIN_ALIKE, "{alike:?}");
    assert!(of.iter().all(|c| c.to.1 != "Compilers"), "these are related");
    assert!(memory.connections(&ask(Some("Eve")), NOW).is_err());
    relate(&memory, ids[0], ids[1], NOW).await;
    assert!(memory.connections(&ask(None), NOW).unwrap().is_empty());
}
