//! Questions that are understood by their words, and answered from what is known or not at all.

use std::collections::BTreeMap;

use knowledge::{
    BranchId, Command, EntityId, EntityUpdate, Exception, ItemId, NewEntity, NewFact, NewRelation,
    Object, Provenance, Scalar, Validity, Vertex,
};
use memory::{Asked, Config, Intent, Memory, Recall, Role, Scope};

use crate::{NOW, by, open, said, store};

fn source(memory: Option<u64>) -> Provenance {
    Provenance { source: "a zoologist".into(), memory, episode: None, confidence: 0.8 }
}

/// A little zoo: what is what, who eats whom, what led to what.
struct Zoo {
    memory: Memory,
    ids: BTreeMap<&'static str, EntityId>,
    _folder: tempfile::TempDir,
}

impl Zoo {
    async fn open() -> Zoo {
        let folder = tempfile::tempdir().unwrap();
        let memory = open(&store(folder.path()), "acme", Config::default()).await;
        let mut zoo = Zoo { memory, ids: BTreeMap::new(), _folder: folder };
        let bird = [("fly", Scalar::Bool(true)), ("legs", Scalar::Integer(2))];
        zoo.entity("animal", "class", &[]).await;
        zoo.entity("bird", "class", &bird).await;
        zoo.entity("fish", "class", &[("fly", Scalar::Bool(false))]).await;
        let penguin = [("colour", Scalar::Text("black and white".into()))];
        zoo.entity("penguin", "species", &penguin).await;
        zoo.entity("sparrow", "species", &[("colour", Scalar::Text("brown".into()))]).await;
        zoo.entity("herring", "species", &[]).await;
        zoo.entity("Antarctica", "place", &[]).await;
        zoo.entity("nothing much", "concept", &[]).await;
        for event in ["storm", "ice loss", "famine", "migration"] {
            zoo.entity(event, "event", &[]).await;
        }
        let exception = Exception { value: Some(Scalar::Bool(false)), reason: "it swims".into() };
        let update = EntityUpdate {
            exceptions: BTreeMap::from([("fly".to_owned(), Some(exception))]),
            ..EntityUpdate::default()
        };
        let penguin = zoo.ids["penguin"];
        zoo.know(Command::UpdateEntity(penguin, update)).await;
        for (child, parent) in [
            ("bird", "animal"),
            ("fish", "animal"),
            ("penguin", "bird"),
            ("sparrow", "bird"),
            ("herring", "fish"),
        ] {
            zoo.fact(child, "is_a", parent).await;
        }
        zoo.fact("penguin", "lives_in", "Antarctica").await;
        zoo.fact("penguin", "eats", "herring").await;
        zoo.fact("storm", "caused", "ice loss").await;
        zoo.fact("famine", "caused_by", "ice loss").await;
        zoo.relate("famine", "led_to", "migration").await;
        zoo
    }

    async fn know(&self, command: Command) -> Option<ItemId> {
        self.memory.know(command, BranchId::MAIN, &by(NOW)).await.unwrap().item
    }

    async fn entity(&mut self, name: &'static str, kind: &str, properties: &[(&str, Scalar)]) {
        let id = self.add(name, kind, properties).await;
        self.ids.insert(name, id);
    }

    async fn add(&self, name: &str, kind: &str, properties: &[(&str, Scalar)]) -> EntityId {
        let properties = properties.iter().map(|(k, v)| ((*k).to_owned(), v.clone())).collect();
        let new = NewEntity {
            name: name.into(),
            kind: kind.into(),
            aliases: Vec::new(),
            properties,
            provenance: source(None),
        };
        let Some(ItemId::Entity(id)) = self.know(Command::AddEntity(new)).await else { panic!() };
        id
    }

    async fn fact(&self, subject: &str, predicate: &str, object: &str) {
        let heard = said(&format!("{subject} {predicate} {object}"));
        let number = self.memory.store(heard, &by(NOW)).await.unwrap().item.number;
        let (subject, object) = (self.ids[subject], self.ids[object]);
        self.assert(subject, predicate, object, false, source(Some(number))).await;
    }

    async fn assert(
        &self,
        subject: EntityId,
        predicate: &str,
        object: EntityId,
        negated: bool,
        provenance: Provenance,
    ) {
        let new = NewFact {
            subject,
            predicate: predicate.into(),
            object: Object::Entity(object),
            negated,
            valid: Validity::ALWAYS,
            confidence: 0.9,
            provenance,
            justifications: Vec::new(),
            functional: None,
        };
        self.know(Command::AssertFact(new)).await;
    }

    /// Many entities that each say something of one, or not, or it of them.
    async fn many(&self, n: usize, predicate: &str, of: &str, says: Says) -> Vec<EntityId> {
        let mut many = Vec::new();
        for k in 0..n {
            let id = self.add(&format!("{of} {predicate} {k}"), "thing", &[]).await;
            let (subject, object) = match says {
                Says::IsSaid => (self.ids[of], id),
                Says::So | Says::Not => (id, self.ids[of]),
            };
            self.assert(subject, predicate, object, says == Says::Not, source(None)).await;
            many.push(id);
        }
        many
    }

    async fn relate(&self, from: &str, kind: &str, to: &str) {
        let (from, to) = (Vertex::Entity(self.ids[from]), Vertex::Entity(self.ids[to]));
        let (kind, valid, provenance) = (kind.into(), Validity::ALWAYS, source(None));
        let new = NewRelation { from, kind, to, strength: 0.5, floor: 0.0, valid, provenance };
        self.know(Command::AddRelation(new)).await;
    }

    fn ask(&self, question: &str) -> Asked {
        self.memory.asked(question, NOW).unwrap().unwrap_or_else(|| panic!("{question}"))
    }
}

/// Who says it of whom.
#[derive(Clone, Copy, PartialEq)]
enum Says {
    So,
    Not,
    IsSaid,
}

/// What an answer says, of one role.
fn told(asked: &Asked, role: Role) -> Vec<&str> {
    asked.findings.iter().filter(|f| f.role == role).map(|f| f.said.as_str()).collect()
}

#[tokio::test]
async fn a_definition_has_properties_inherited_ones_exceptions_and_facts() {
    let zoo = Zoo::open().await;
    let asked = zoo.ask("What is a penguin?");
    assert_eq!((asked.intent, asked.about.len()), (Intent::Definition, 1));
    let properties = told(&asked, Role::Property);
    assert!(properties.contains(&"penguin is a species"), "{properties:?}");
    assert!(properties.contains(&"penguin colour: black and white"), "{properties:?}");
    assert!(properties.contains(&"penguin legs: 2 (from bird)"), "{properties:?}");
    assert!(properties.contains(&"penguin fly: false (an exception: it swims)"), "{properties:?}");
    assert_eq!(
        told(&asked, Role::Fact),
        ["penguin is_a bird", "penguin lives_in Antarctica", "penguin eats herring"]
    );
    let because = &asked.findings.last().unwrap().because[0];
    assert_eq!((because.source.as_str(), because.confidence), ("a zoologist", 0.9));
    let memory = zoo.memory.get(because.memory.unwrap()).unwrap();
    assert_eq!(memory.text, "penguin eats herring");
    let nothing = zoo.ask("What is nothing much?").unknown.unwrap();
    assert_eq!(nothing, "nothing but the name is known of nothing much");
    assert_eq!(zoo.ask("What is a quokka?").unknown.unwrap(), "nothing that is known is named");
}

#[tokio::test]
async fn a_hierarchy_goes_up_and_down_and_is_never_guessed() {
    let zoo = Zoo::open().await;
    let kinds = zoo.ask("What kinds of animals are there?");
    assert_eq!(kinds.intent, Intent::Hierarchy);
    assert_eq!(
        told(&kinds, Role::Descendant),
        [
            "bird is_a animal",
            "fish is_a animal",
            "penguin is_a bird",
            "sparrow is_a bird",
            "herring is_a fish"
        ]
    );
    let chain = zoo.ask("Is a penguin an animal?");
    assert_eq!(told(&chain, Role::Ancestor), ["penguin is_a bird is_a animal"]);
    assert_eq!(chain.findings[0].because.len(), 2);
    assert_eq!(told(&zoo.ask("Are penguins birds?"), Role::Ancestor), ["penguin is_a bird"]);
    let no = zoo.ask("Is a penguin a fish?");
    assert!(no.findings.is_empty());
    let unknown = "it is not known that penguin is fish, nor that fish is penguin";
    assert_eq!(no.unknown.unwrap(), unknown);
}

#[tokio::test]
async fn a_comparison_has_what_is_shared_and_what_is_not() {
    let zoo = Zoo::open().await;
    let asked = zoo.ask("What do penguins and sparrows have in common?");
    assert_eq!(asked.intent, Intent::Comparison);
    assert_eq!(told(&asked, Role::Shared), ["both: is_a bird", "both: legs 2"]);
    let different = told(&asked, Role::Different);
    assert!(different.contains(&"fly: penguin false; sparrow true"), "{different:?}");
    assert!(different.contains(&"eats: penguin herring; sparrow nothing known"), "{different:?}");
    let one = zoo.ask("What is the difference between a penguin and a quokka?");
    assert_eq!(one.unknown.unwrap(), "two that are known are compared; named: penguin");
}

#[tokio::test]
async fn a_relationship_is_a_way_and_causes_are_chains() {
    let zoo = Zoo::open().await;
    let asked = zoo.ask("How are sparrows and herrings related?");
    assert_eq!(asked.intent, Intent::Relationship);
    let ways = told(&asked, Role::Path);
    let first = "sparrow is_a bird; penguin is_a bird; penguin eats herring";
    assert_eq!(ways[0], first, "{ways:?}");
    assert_eq!(asked.findings[0].because.len(), 3);
    let none = zoo.ask("What is the connection between the storm and the herring?");
    assert_eq!(none.unknown.unwrap(), "no way is known from storm to herring");

    let why = zoo.ask("Why was there a famine?");
    assert_eq!(why.intent, Intent::Causal);
    let causes = ["famine caused_by ice loss", "storm caused ice loss"];
    assert_eq!(told(&why, Role::Cause), causes);
    assert_eq!(told(&why, Role::Effect), ["famine led_to migration"]);
    let effects = zoo.ask("What are the effects of the storm?");
    assert_eq!(effects.findings[0].role, Role::Effect);
    assert_eq!(effects.findings.len(), 3);
    let chain = zoo.ask("Did the storm cause the migration?");
    let said = "storm caused ice loss; famine caused_by ice loss; famine led_to migration";
    assert_eq!(told(&chain, Role::Path), [said]);
    let unknown = zoo.ask("Did the storm cause the penguin?").unknown.unwrap();
    assert!(unknown.starts_with("it is not known that storm led to penguin"), "{unknown}");
}

#[tokio::test]
async fn items_are_chosen_by_class_kind_relation_and_property_and_counted() {
    let zoo = Zoo::open().await;
    let items = |question: &str| {
        let asked = zoo.ask(question);
        (asked.intent, told(&asked, Role::Item).join(", "), asked.count, asked.unknown)
    };
    let filtered = |names: &str| (Intent::Filter, names.to_owned(), None, None);
    assert_eq!(items("Which birds can fly?"), filtered("sparrow"));
    assert_eq!(items("Which birds cannot fly?"), filtered("penguin"));
    assert_eq!(items("Which animals are brown?"), filtered("sparrow"));
    assert_eq!(items("Show all species that live in Antarctica"), filtered("penguin"));
    assert_eq!(items("Who eats herring?"), filtered("penguin"));
    assert_eq!(items("Which animals does the penguin eat?"), filtered("herring"));
    assert_eq!(items("Which animals are eaten by penguins?"), filtered("herring"));
    assert_eq!(items("List birds with more than 1 legs"), filtered("penguin, sparrow"));
    let many = items("How many animals are there?");
    assert_eq!((many.0, many.2), (Intent::Aggregation, Some(5)));
    assert_eq!(items("How many species are brown?").2, Some(1));
    for (question, unknown) in [
        ("Which birds are nocturnal?", "no kind, relation or property is known by: nocturn"),
        ("List birds with more than 2 legs", "no kind, relation or property is known by: 2, leg"),
        (
            "List the animals that eat the penguin",
            "no kind, relation or property is known by: eat, penguin",
        ),
        ("Show fish that live in Antarctica", "nothing that is known has all of that"),
        (
            "What is the average age of the birds?",
            "things are counted; sums, means, extremes and shares are not",
        ),
    ] {
        let (_, names, count, found) = items(question);
        assert_eq!((names.as_str(), count), ("", None), "{question}");
        assert_eq!(found.as_deref(), Some(unknown), "{question}");
    }
}

#[tokio::test]
async fn items_have_all_that_is_asked_and_what_is_not_so_is_one_thing() {
    let mut zoo = Zoo::open().await;
    let robin = [("colour", Scalar::Text("red".into())), ("swim", Scalar::Bool(false))];
    zoo.entity("robin", "species", &robin).await;
    zoo.fact("robin", "is_a", "bird").await;
    for name in ["Ada", "Bob", "Cy", "Acme"] {
        zoo.entity(name, "thing", &[]).await;
    }
    for (who, does) in [("Ada", "founded"), ("Ada", "leads"), ("Bob", "founded"), ("Cy", "leads")] {
        zoo.fact(who, does, "Acme").await;
    }
    zoo.fact("Bob", "likes", "Ada").await;
    let items = |question: &str| told(&zoo.ask(question), Role::Item).join(", ");
    assert_eq!(items("Which brown birds can fly?"), "sparrow");
    assert_eq!(items("List birds that are red and can fly"), "robin");
    assert_eq!(items("List the birds that fly"), "sparrow, robin");
    assert_eq!(items("Which birds fly?"), "sparrow, robin");
    assert_eq!(zoo.ask("How many brown birds can fly?").count, Some(1));
    assert_eq!(items("Who founded and leads Acme?"), "Ada");
    assert_eq!(items("Who founded Acme?"), "Ada, Bob");
    // Ada founded Acme too, which says nothing of who likes her.
    assert_eq!(items("Who likes Ada and founded Acme?"), "Bob");
    assert_eq!(items("Which birds that are species cannot fly?"), "penguin");
    let unknown = |question: &str| zoo.ask(question).unknown.unwrap();
    assert_eq!(
        unknown("List red birds with 3 legs"),
        "no kind, relation or property is known by: 3, leg"
    );
    let nothing = "nothing that is known has all of that";
    assert_eq!(unknown("List birds that are brown and red"), nothing);
    let unclear = "it is not clear what of this is not so";
    assert_eq!(unknown("Which birds that cannot swim can fly?"), unclear);
    assert_eq!(unknown("Which animals that do not live in Antarctica can fly?"), unclear);
    let not = "what is not so is known only of properties that are yes or no";
    assert_eq!(unknown("Who does not like Ada?"), not);
}

#[tokio::test]
async fn a_printed_apostrophe_says_not_as_a_typed_one_does() {
    let zoo = Zoo::open().await;
    for question in
        ["Which birds can't fly?", "Which birds don't fly?", "List birds that can't fly"]
    {
        for question in [question.to_owned(), question.replace('\'', "\u{2019}")] {
            assert_eq!(told(&zoo.ask(&question), Role::Item), ["penguin"], "{question}");
        }
    }
}

/// Facts come in pages of 1,000.
#[tokio::test]
async fn facts_beyond_the_first_page_are_known_too() {
    let zoo = Zoo::open().await;
    zoo.many(knowledge::MAX_PAGE, "is_a", "animal", Says::Not).await;
    zoo.fact("famine", "is_a", "animal").await;
    assert_eq!(zoo.ask("How many animals are there?").count, Some(6));
    let before = zoo.many(knowledge::MAX_PAGE, "is_a", "fish", Says::So).await;
    let asked = zoo.ask("How many fish are there?");
    assert_eq!((asked.count, asked.more), (Some(before.len() + 1), true));
    zoo.fact("sparrow", "is_a", "fish").await;
    assert_eq!(zoo.ask("How many fish are there?").count, Some(before.len() + 2));
    // Upwards, and of what is joined by anything.
    zoo.many(knowledge::MAX_PAGE, "ate", "storm", Says::IsSaid).await;
    zoo.fact("storm", "is_a", "fish").await;
    zoo.fact("storm", "destroyed", "Antarctica").await;
    let chain = zoo.ask("Is a storm an animal?");
    assert_eq!(told(&chain, Role::Ancestor), ["storm is_a fish is_a animal"]);
    assert_eq!(told(&zoo.ask("Which places did the storm destroy?"), Role::Item), ["Antarctica"]);
}

#[tokio::test]
async fn a_cause_is_found_beyond_what_is_told() {
    let mut zoo = Zoo::open().await;
    zoo.many(60, "caused", "storm", Says::IsSaid).await;
    zoo.entity("flood", "event", &[]).await;
    zoo.fact("storm", "caused", "flood").await;
    for question in ["Did the storm cause the flood?", "Did the flood cause the storm?"] {
        let asked = zoo.ask(question);
        assert_eq!(told(&asked, Role::Path), ["storm caused flood"], "{:?}", asked.unknown);
    }
    let effects = zoo.ask("What are the effects of the storm?");
    assert!(effects.more && effects.findings.len() == memory::MAX_FINDINGS);
    let unknown = |question: &str| zoo.ask(question).unknown.unwrap();
    let no = "it is not known that storm led to penguin, nor penguin to storm";
    assert_eq!(unknown("Did the storm cause the penguin?"), no);
    zoo.many(1_000, "caused", "famine", Says::IsSaid).await;
    let cut = format!("{no}; not all was looked at");
    assert_eq!(unknown("Did the storm cause the penguin?"), cut);
}

#[tokio::test]
async fn two_with_one_name_are_not_the_same() {
    let zoo = Zoo::open().await;
    for (who, kind) in [("penguin", "person"), ("sparrow", "robot")] {
        let alex = zoo.add("Alex", kind, &[]).await;
        zoo.assert(zoo.ids[who], "knows", alex, false, source(None)).await;
    }
    let asked = zoo.ask("What do penguins and sparrows have in common?");
    assert_eq!(told(&asked, Role::Shared), ["both: is_a bird", "both: legs 2"]);
    let different = told(&asked, Role::Different);
    assert!(different.contains(&"knows: penguin Alex; sparrow Alex"), "{different:?}");
}

#[tokio::test]
async fn what_is_left_undefined_is_told_to_be_there() {
    let zoo = Zoo::open().await;
    let three = zoo.ask("What are penguins, sparrows and herrings?");
    assert_eq!((three.about.len(), three.more), (3, false));
    let four = zoo.ask("What are penguins, sparrows, herrings and Antarctica?");
    assert_eq!((four.about.len(), four.more), (4, true));
}

#[tokio::test]
async fn a_recall_tells_the_answer_before_the_memories() {
    let zoo = Zoo::open().await;
    let recall = |message: &str| Recall {
        message: message.into(),
        scope: Scope::default(),
        limit: 5,
        context_bytes: 4096,
        attention: None,
    };
    let recalled = zoo.memory.recall(&recall("Is a penguin an animal?"), NOW).await.unwrap();
    assert!(recalled.context.starts_with("- penguin is_a bird is_a animal\n"), "{recalled:?}");
    assert_eq!(recalled.context.matches("penguin eats herring").count(), 2, "a fact and a memory");
    assert!(!recalled.hits.is_empty());
    let plain = zoo.memory.recall(&recall("The penguin is hungry"), NOW).await.unwrap();
    assert!(plain.asked.is_none() && !plain.hits.is_empty());
}
