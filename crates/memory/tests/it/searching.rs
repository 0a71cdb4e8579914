//! What is found: by words, by meaning, by what belongs together, within scopes and filters.

use knowledge::{BranchId, Command, NewRelation, Provenance, Validity, Vertex};
use memory::{Config, Filter, New, Query, Recall, Scope, Weights};
use serde_json::json;

use crate::{NOW, by, found, of_user, open, said, store};

#[tokio::test]
async fn words_spelling_and_names_each_find_what_they_should() {
    let folder = tempfile::tempdir().unwrap();
    let memory = open(&store(folder.path()), "acme", Config::default()).await;
    let texts = [
        "The physician prescribed new medicine for the cough",
        "Trains to Porto leave every hour",
        "Error E4711 came up again in the invoice service",
        "My sister plays chess on Sundays",
        "The bakery sells fresh bread in the morning",
    ];
    for text in texts {
        memory.store(said(text), &by(NOW)).await.unwrap();
    }
    let only = |text: f32, vector: f32, graph: f32| Weights { text, vector, graph };
    let ask = |q: &str, weights| {
        found(&memory, &Query { weights, ..Query::new(q) }).into_iter().next().unwrap_or_default()
    };
    assert_eq!(ask("E4711", only(1.0, 0.0, 0.0)), texts[2]);
    assert_eq!(ask("a physicians prescription", only(0.0, 1.0, 0.0)), texts[0]);
    assert_eq!(ask("when do trains leave for Porto?", Weights::default()), texts[1]);
    let found = memory.search(&Query { explain: true, ..Query::new("chess with my sister") }, NOW);
    let first = found.unwrap().hits.remove(0);
    let why = first.why.unwrap();
    assert_eq!(why.text.unwrap().0, 1);
    assert!(why.terms.iter().any(|t| t.term.starts_with("chess")), "{:?}", why.terms);
    assert!(why.strength > 0.99);
}

#[tokio::test]
async fn what_belongs_together_is_found_over_names_and_relations() {
    let folder = tempfile::tempdir().unwrap();
    let memory = open(&store(folder.path()), "acme", Config::default()).await;
    let deal = memory.store(said("Maria Santos signed the contract"), &by(NOW)).await.unwrap().item;
    let dog =
        memory.store(said("The dog of Maria Santos is called Bolt"), &by(NOW)).await.unwrap().item;
    let vet = memory.store(said("Vaccinations are due in spring"), &by(NOW)).await.unwrap().item;
    for k in 0..30 {
        memory.store(said(&format!("Unrelated remark number {k}")), &by(NOW)).await.unwrap();
    }
    let provenance =
        Provenance { source: "ada".into(), memory: None, episode: None, confidence: 1.0 };
    let relation = NewRelation {
        from: Vertex::Memory(dog.number),
        kind: "concerns".into(),
        to: Vertex::Memory(vet.number),
        strength: 1.0,
        floor: 0.0,
        valid: Validity::ALWAYS,
        provenance,
    };
    memory.know(Command::AddRelation(relation), BranchId::MAIN, &by(NOW)).await.unwrap();
    let query = Query { explain: true, limit: 5, ..Query::new("who signed the contract?") };
    let hits = memory.search(&query, NOW).unwrap().hits;
    assert_eq!(hits[0].item.id, deal.id);
    let dog_hit = hits.iter().find(|hit| hit.item.id == dog.id).expect("found over the name");
    let path = &dog_hit.why.as_ref().unwrap().path;
    assert!(path.iter().any(|name| name == "Maria Santos"), "{path:?}");
    let query = Query { explain: true, limit: 10, ..Query::new("the dog Bolt") };
    let hits = memory.search(&query, NOW).unwrap().hits;
    let vet_hit = hits.iter().find(|hit| hit.item.id == vet.id).expect("found over the relation");
    assert!(vet_hit.why.as_ref().unwrap().graph.is_some());
    memory.erase(vet.id, &by(NOW + 1)).await.unwrap();
    let left = memory.search(&query, NOW).unwrap().hits;
    assert!(left.iter().all(|hit| hit.item.id != vet.id), "what is erased is not activated");
}

#[tokio::test]
async fn scopes_and_filters_hold_in_every_ranking() {
    let folder = tempfile::tempdir().unwrap();
    let memory = open(&store(folder.path()), "acme", Config::default()).await;
    for k in 0..60 {
        let user = ["ada", "bob", "cyd"][k % 3];
        let mut new = of_user(&format!("Meeting {k} with Grace Hopper about compilers"), user);
        new.tags = vec![if k % 2 == 0 { "even".into() } else { "odd".into() }];
        new.metadata.insert("k".into(), json!(k));
        memory.store(new, &by(NOW)).await.unwrap();
    }
    let scope = Scope { user_id: Some("bob".into()), ..Scope::default() };
    for filter in [
        json!({"tags": "even"}),
        json!({"k": {"lt": 20}}),
        json!({"AND": [{"tags": "odd"}, {"NOT": {"k": {"gt": 40}}}]}),
        json!({"OR": [{"k": 4}, {"k": 7}]}),
        json!({"mentions": "grace hopper"}),
        json!({"tags": "none"}),
    ] {
        let filter = Filter::parse(&filter).unwrap();
        let query = Query {
            scope: scope.clone(),
            filter: filter.clone(),
            limit: 100,
            ..Query::new("compilers with Grace Hopper")
        };
        let hits = memory.search(&query, NOW).unwrap().hits;
        let all = memory.list(&scope, &filter, &[memory::Status::Active], None, 1000).unwrap();
        assert!(hits.iter().all(|h| filter.passes(&h.item) && scope.holds(&h.item.scope)));
        assert_eq!(hits.len() as u64, all.total, "{filter:?}");
    }
}

#[tokio::test]
async fn a_collection_has_one_dimension() {
    let folder = tempfile::tempdir().unwrap();
    let memory = open(&store(folder.path()), "acme", Config::default()).await;
    let given = |text: &str, vector: Vec<f32>| New {
        embedding: Some(vector),
        collection: Some("pictures".into()),
        ..said(text)
    };
    let a = memory.store(given("a", vec![1.0, 0.0, 0.0]), &by(NOW)).await.unwrap();
    assert!(a.allocation.is_some());
    memory.store(given("b", vec![0.0, 1.0, 0.0]), &by(NOW)).await.unwrap();
    let error = memory.store(given("c", vec![1.0; 4]), &by(NOW)).await.unwrap_err().to_string();
    assert_eq!(error, "collection pictures: a vector of 4 values, expected 3");
    let query = Query {
        vector: Some(vec![0.1, 0.9, 0.0]),
        collection: Some("pictures".into()),
        ..Query::new("")
    };
    assert_eq!(found(&memory, &query)[0], "b");
}

#[tokio::test]
async fn paging_goes_on_where_it_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let memory = open(&store(folder.path()), "acme", Config::default()).await;
    for k in 0..40 {
        memory.store(said(&format!("the river runs {}", "on ".repeat(k))), &by(NOW)).await.unwrap();
    }
    let page = |offset| {
        let query = Query { offset, limit: 10, reinforce: false, ..Query::new("river") };
        memory.search(&query, NOW).unwrap()
    };
    let mut all = Vec::new();
    for k in 0..4 {
        let found = page(k * 10);
        assert_eq!(found.more, k < 3);
        all.extend(found.hits.iter().map(|hit| hit.item.id));
    }
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 40, "each memory is on one page");
}

#[tokio::test]
async fn a_conversation_is_learned_and_recalled() {
    let folder = tempfile::tempdir().unwrap();
    let memory = open(&store(folder.path()), "acme", Config::default()).await;
    let said =
        |role: &str, content: &str| memory::Message { role: role.into(), content: content.into() };
    let messages = [
        said(
            "user",
            "We decided to use PostgreSQL because the team knows PostgreSQL. Kafka is too heavy.",
        ),
        said(
            "assistant",
            "PostgreSQL it is. Here is the schema:\n```sql\ncreate table notes (id int);\n```",
        ),
    ];
    let learned = memory.learn(&messages, &Scope::default(), &by(NOW)).await.unwrap();
    assert_eq!(learned.messages.len(), 2);
    assert_eq!((learned.decisions.len(), learned.code.len()), (1, 1));
    assert!(
        learned.concepts.iter().any(|(name, _)| name == "PostgreSQL"),
        "{:?}",
        learned.concepts
    );
    let again = memory.learn(&messages, &Scope::default(), &by(NOW + 1)).await.unwrap();
    assert_eq!(again.messages, learned.messages, "the same again is remembered once");
    let recall = Recall {
        message: "which database did we choose?".into(),
        scope: Scope::default(),
        limit: 5,
        context_bytes: 1000,
        attention: None,
    };
    let recalled = memory.recall(&recall, NOW + 2).await.unwrap();
    assert!(recalled.context.contains("PostgreSQL"), "{}", recalled.context);
    assert!(recalled.context.len() <= 1000);
}

#[tokio::test]
async fn what_was_said_beside_and_the_day_that_is_named_are_found() {
    let folder = tempfile::tempdir().unwrap();
    let memory = open(&store(folder.path()), "acme", Config::default()).await;
    let day = 86_400_000_000;
    let minute = 60_000_000;
    let lines = [
        (0, "Nora: Did the doctor look at your knee?"),
        (minute, "Paul: Yes, nothing serious, two weeks of rest."),
        (9 * day, "Paul: I baked bread."),
        (20 * day, "Nora: The train was late again."),
    ];
    for (after, line) in lines {
        memory.store(said(line), &by(NOW - 30 * day + after)).await.unwrap();
    }
    let first = |q: &str| {
        let query = Query { explain: true, reinforce: false, ..Query::new(q) };
        memory.search(&query, NOW).unwrap().hits
    };
    let hits = first("What did the doctor say about Paul's knee?");
    let reply = hits.iter().find(|hit| hit.item.text.starts_with("Paul: Yes")).unwrap();
    let votes = reply.why.as_ref().unwrap().votes;
    assert!(votes.structural > 0.0 && votes.temporal == 0.0, "{votes:?}");
    let asking = hits[0].why.as_ref().unwrap().votes;
    assert!(asking.exception < 0.0, "what only asks counts less: {asking:?}");
    let days = memory::moment::written(NOW - 10 * day);
    let hits = first(&format!("What happened on {}?", &days[..10]));
    assert_eq!(hits[0].item.text, "Nora: The train was late again.");
    assert!(hits[0].why.as_ref().unwrap().votes.temporal > 0.0);
}

#[tokio::test]
async fn metadata_tags_and_misspelt_words_find_and_a_threshold_leaves_out_what_does_not_fit() {
    let folder = tempfile::tempdir().unwrap();
    let memory = open(&store(folder.path()), "acme", Config::default()).await;
    let mut new = said("I joined the pottery workshop and bought my own wheel");
    new.metadata.insert("speaker".into(), json!("Joaquin"));
    new.tags = vec!["hobby".into()];
    memory.store(new, &by(NOW)).await.unwrap();
    for k in 0..20 {
        memory.store(said(&format!("Another remark of no interest, {k}")), &by(NOW)).await.unwrap();
    }
    for question in ["What did Joaquin say?", "Which hobby?", "the potetry workshop", "what to buy"]
    {
        let query = Query { threshold: 0.1, ..Query::new(question) };
        assert!(found(&memory, &query)[0].starts_with("I joined"), "{question}");
    }
    let nothing = Query { threshold: 0.3, ..Query::new("Which vaccine did the astronaut get?") };
    assert!(found(&memory, &nothing).is_empty());
}

#[tokio::test]
async fn operators_hold_whatever_vectors_and_activation_say() {
    let folder = tempfile::tempdir().unwrap();
    let memory = open(&store(folder.path()), "acme", Config::default()).await;
    let texts = [
        "Maria Santos painted the old shed red",
        "Maria Santos painted the shed, which is old, blue",
        "The old shed stood behind the house of Maria Santos",
        "Maria Santos likes red wine",
    ];
    for text in texts {
        memory.store(said(text), &by(NOW)).await.unwrap();
    }
    let place = |text: &String| texts.iter().position(|known| known == text);
    let ask = |query: &str| {
        let mut hits = found(&memory, &Query::with_operators(query).unwrap());
        hits.sort_by_key(place);
        hits
    };
    assert_eq!(ask("who painted \"the old shed\" of Maria Santos"), [texts[0], texts[2]]);
    assert_eq!(ask("Maria Santos +paint"), [texts[0], texts[1]]);
    assert_eq!(ask("Maria Santos shed -painted"), [texts[2], texts[3]]);
    assert_eq!(ask("Maria Santos -\"old shed\" -wine"), [texts[1]]);
    assert_eq!(ask("+Maria +basalt"), [] as [&str; 0]);
    // Without operators the same text is words.
    assert_eq!(found(&memory, &Query::new("Maria Santos shed -painted")).len(), 4);
    // A vector finds nothing either that must not be found.
    let vector = Some(vec![1.0; memory.spaces().unwrap()[0].0.dimension]);
    let near = Query { vector, ..Query::with_operators("-painted").unwrap() };
    let near = found(&memory, &near);
    assert!(!near.is_empty() && !near.iter().any(|text| text.contains("painted")), "{near:?}");
    let why = Query { explain: true, ..Query::with_operators("Maria +shed -blue").unwrap() };
    let hit = memory.search(&why, NOW).unwrap().hits.remove(0);
    let told = hit.why.unwrap().operators.unwrap();
    assert_eq!((told.required, told.excluded), (vec!["shed".into()], vec!["blue".into()]));
    // What cannot be asked is told.
    assert!(Query::with_operators("\"the old").is_err());
    let nothing = memory.search(&Query::with_operators("-shed").unwrap(), NOW).unwrap_err();
    assert!(nothing.to_string().contains("beside what must not be there"), "{nothing}");
    let statuses = vec![memory::Status::Deleted];
    let hidden = Query { statuses, ..Query::with_operators("+shed").unwrap() };
    let refused = memory.search(&hidden, NOW).unwrap_err();
    assert!(refused.to_string().contains("active ones alone"), "{refused}");
}

#[tokio::test]
async fn columns_are_made_as_the_settings_say() {
    use memory::ColumnSettings;
    let plain = ColumnSettings::default();
    assert!(plain.check().is_ok());
    let wrong = ColumnSettings { competitors: 65, ..plain };
    assert_eq!(wrong.check().unwrap_err().to_string(), "competitors is 65, expected 1 to 64");
    let (near, far) = ("Trains to Porto leave every hour", "Trains to Porto leave every two hours");
    for (near_duplicate, expected) in [(plain.near_duplicate, false), (0.5, true)] {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path());
        let columns = ColumnSettings { near_duplicate, ..plain };
        let open =
            async |columns| open(&store, "acme", Config { columns, ..Config::default() }).await;
        open(plain).await.store(said(near), &by(NOW)).await.unwrap();
        // What was stored before is held to them too, once it is read again.
        let memory = open(columns).await;
        let stored = memory.store(said(far), &by(NOW)).await.unwrap();
        assert_eq!(stored.near.is_some(), expected, "{near_duplicate}");
    }
}
