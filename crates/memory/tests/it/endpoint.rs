//! Collections whose vectors come from an endpoint: who is asked, what is stored when it fails, and
//! that each way in holds the dimension.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use memory::{
    Config, Embedding, Encoders, Encoding, Endpoint, EndpointError, Existing, Memory, MemoryError,
    Message, New, Patch, Query, Recall, Scope, Space, Weights,
};
use store::{Store, TenantId};

use crate::{ENCODER, NOW, by, drawn, exported, said, store};

const DIMENSION: usize = 4;

/// Knows four topics, and counts who asks.
#[derive(Default)]
struct Topics {
    asked: Mutex<Vec<usize>>,
    fails: Mutex<Option<EndpointError>>,
    dimension: AtomicUsize,
}

impl Topics {
    fn new() -> Arc<Self> {
        Arc::new(Self { dimension: DIMENSION.into(), ..Self::default() })
    }

    fn fail(&self, may_pass: bool) {
        *self.fails.lock().unwrap() = Some(EndpointError { what: "it is away".into(), may_pass });
    }

    fn asked(&self) -> Vec<usize> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }
}

impl Endpoint for Topics {
    fn model(&self) -> (&str, usize) {
        ("topics", DIMENSION)
    }

    fn embed<'a>(&'a self, texts: Vec<&'a str>) -> Embedding<'a> {
        const TOPICS: [[&str; 3]; DIMENSION] = [
            ["car", "automobile", "road"],
            ["cat", "feline", "purr"],
            ["tea", "kettle", "brew"],
            ["code", "program", "compile"],
        ];
        self.asked.lock().unwrap().push(texts.len());
        let vector = |text: &&str| {
            let weight = |words: &[&str; 3]| words.iter().filter(|w| text.contains(*w)).count();
            let weights = TOPICS.iter().map(|words| weight(words) as f32 + 0.01);
            weights.take(self.dimension.load(Ordering::Relaxed)).collect()
        };
        let vectors: Vec<Arc<[f32]>> = texts.iter().map(vector).collect();
        let failed = self.fails.lock().unwrap().clone();
        Box::pin(async move { failed.map_or(Ok(vectors), Err) })
    }
}

async fn open(store: &Store, endpoint: Option<Arc<Topics>>) -> Memory {
    let tenant = store.tenant(&TenantId::parse("acme").unwrap());
    let endpoint = endpoint.map(|endpoint| endpoint as Arc<dyn Endpoint>);
    let encoders = Encoders { built_in: Arc::clone(&ENCODER), endpoint };
    Memory::open(tenant, Config::default(), encoders, drawn).await.unwrap()
}

fn topics() -> Space {
    let encoder = Encoding::Endpoint("topics".into());
    Space { name: "topics".into(), dimension: DIMENSION, encoder }
}

fn of_topics(text: &str) -> New {
    New { collection: Some("topics".into()), ..said(text) }
}

fn asked(text: &str) -> Query {
    Query { collection: Some("topics".into()), ..Query::new(text) }
}

async fn begun(store: &Store) -> (Arc<Topics>, Memory) {
    let endpoint = Topics::new();
    let memory = open(store, Some(Arc::clone(&endpoint))).await;
    memory.add_space(topics()).await.unwrap();
    (endpoint, memory)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_means_the_same_is_found_and_lasts() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path());
    let (endpoint, memory) = begun(&store).await;
    for text in ["I sold my car", "the kettle is broken", "a feline sleeps here"] {
        memory.store(of_topics(text), &by(NOW)).await.unwrap();
    }
    let found = memory.find(&asked("automobile"), NOW).await.unwrap();
    assert_eq!(found.hits[0].item.text, "I sold my car");
    assert_eq!((endpoint.asked(), found.words_only), (vec![1; 4], None));
    // Words alone would not have found it, and are not asked for a vector.
    assert_eq!(memory.search(&asked("automobile"), NOW).unwrap().hits.len(), 0);
    let only_words =
        Query { weights: Weights { vector: 0.0, ..Weights::default() }, ..asked("kettle") };
    let found = memory.find(&only_words, NOW).await.unwrap();
    assert_eq!(found.hits[0].item.text, "the kettle is broken");
    // What was said beside it has none of its words, and fits less.
    let beside = found.hits[1..].iter().map(|hit| hit.score);
    assert!(beside.clone().all(|score| score < 0.5 * found.hits[0].score), "{beside:?}");
    assert_eq!(endpoint.asked(), [0; 0]);
    drop(memory);

    let memory = open(&store, Some(Arc::clone(&endpoint))).await;
    let found = memory.find(&asked("automobile"), NOW).await.unwrap();
    assert_eq!(found.hits[0].item.text, "I sold my car");
    let id = found.hits[0].item.id;
    let patch = Patch { text: Some("I sold my cat".into()), ..Patch::default() };
    memory.update(id, patch, &by(NOW)).await.unwrap();
    let found = memory.find(&asked("purr"), NOW).await.unwrap();
    assert!(found.hits.iter().any(|hit| hit.item.id == id), "the vector is that of the new text");
    let (_, near) = memory.allocate(of_topics("feline"), &by(NOW)).await.unwrap();
    assert!(near.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn storing_fails_whole_and_searching_goes_on_with_words() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path());
    let (endpoint, memory) = begun(&store).await;
    let id = memory.store(of_topics("I sold my car"), &by(NOW)).await.unwrap().item.id;
    for may_pass in [true, false] {
        endpoint.fail(may_pass);
        let mut news = [of_topics("a car"), said("built in"), of_topics("a cat")];
        let errors = [
            memory.store(of_topics("a road"), &by(NOW)).await.unwrap_err(),
            memory.embed_all(&mut news).await.unwrap_err(),
            memory
                .update(id, Patch { text: Some("x".into()), ..Patch::default() }, &by(NOW))
                .await
                .unwrap_err(),
            memory.allocate(of_topics("a road"), &by(NOW)).await.unwrap_err(),
            memory
                .find(
                    &Query {
                        weights: Weights { text: 0.0, vector: 1.0, graph: 0.0 },
                        ..asked("x")
                    },
                    NOW,
                )
                .await
                .unwrap_err(),
        ];
        for error in errors {
            let said = "collection topics: its endpoint gave no vectors: it is away";
            assert_eq!(error.to_string(), said);
            let passes = |e: &MemoryError| matches!(e, MemoryError::Endpoint { error, .. } if error.may_pass);
            assert_eq!(passes(&error), may_pass);
        }
        let found = memory.find(&asked("car"), NOW).await.unwrap();
        assert_eq!(found.hits.len(), 1);
        assert!(found.words_only.unwrap().contains("it is away"));
    }
    assert_eq!(memory.stats().unwrap().active, 1, "nothing else was stored");
    assert_eq!(memory.get(id).unwrap().text, "I sold my car");
    // Collections of other encoders do not notice.
    memory.store(said("built in"), &by(NOW)).await.unwrap();
    assert_eq!(memory.find(&Query::new("built"), NOW).await.unwrap().words_only, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_dimension_is_fixed_and_checked_on_each_way_in() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path());
    let (endpoint, memory) = begun(&store).await;
    // A collection is of the model that is configured, and stays so however empty it is.
    for space in [
        Space { dimension: DIMENSION + 1, ..topics() },
        Space { encoder: Encoding::Endpoint("another".into()), ..topics() },
    ] {
        let error = memory.add_space(space).await.unwrap_err();
        assert!(matches!(error, MemoryError::NoEndpoint { .. }), "{error}");
    }
    let given = |n: usize| New { embedding: Some(vec![1.0; n]), ..of_topics("given") };
    let dimension =
        |error: MemoryError| matches!(error, MemoryError::Dimension { expected: 4, .. });
    assert!(dimension(memory.store(given(3), &by(NOW)).await.unwrap_err()));
    let id = memory.store(given(4), &by(NOW)).await.unwrap().item.id;
    assert_eq!(endpoint.asked(), [0; 0], "who gives a vector needs no endpoint");
    let patch = Patch { embedding: Some(vec![1.0; 5]), ..Patch::default() };
    assert!(dimension(memory.update(id, patch, &by(NOW)).await.unwrap_err()));
    let query = Query { vector: Some(vec![1.0; 5]), ..asked("") };
    assert!(dimension(memory.find(&query, NOW).await.unwrap_err()));
    let given = New { embedding: Some(vec![1.0; 5]), ..of_topics("") };
    assert!(dimension(memory.allocate(given, &by(NOW)).await.unwrap_err()));
    // And what the endpoint says is not believed either.
    endpoint.dimension.store(3, Ordering::Relaxed);
    assert!(dimension(memory.store(of_topics("a car"), &by(NOW)).await.unwrap_err()));
    assert!(dimension(memory.find(&asked("a car"), NOW).await.unwrap_err()));
    assert_eq!(memory.stats().unwrap().active, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_its_endpoint_a_memory_opens_and_says_what_it_lacks() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path());
    let (_, memory) = begun(&store).await;
    memory.store(of_topics("I sold my car"), &by(NOW)).await.unwrap();
    drop(memory);
    let memory = open(&store, None).await;
    let error = memory.store(of_topics("a cat"), &by(NOW)).await.unwrap_err().to_string();
    assert_eq!(
        error,
        "collection topics: vectors are made by topics of 4 values, and the endpoint that is \
         configured is none; give `embedding`"
    );
    let found = memory.find(&asked("car"), NOW).await.unwrap();
    assert_eq!((found.hits.len(), found.words_only.is_some()), (1, true));
    let given = New { embedding: Some(vec![1.0; 4]), ..of_topics("a cat") };
    memory.store(given, &by(NOW)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn many_texts_are_asked_for_together() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path());
    let (endpoint, memory) = begun(&store).await;
    memory.add_space(Space { name: "default".into(), ..topics() }).await.unwrap();
    let mut news: Vec<New> = (0..50).map(|k| of_topics(&format!("car number {k}"))).collect();
    memory.embed_all(&mut news).await.unwrap();
    for new in news {
        memory.store(new, &by(NOW)).await.unwrap();
    }
    assert_eq!(endpoint.asked(), [50]);
    let message = |content: &str| Message { role: "user".into(), content: content.into() };
    let messages =
        [message("We decided to brew tea. I like it."), message("```rust\nlet code = 1;\n```")];
    let learned = memory.learn(&messages, &Scope::default(), &by(NOW)).await.unwrap();
    let n = learned.messages.len() + learned.decisions.len() + learned.code.len();
    assert_eq!((endpoint.asked(), n > 2), (vec![n], true));
    let recall = Recall {
        message: "kettle".into(),
        scope: Scope::default(),
        limit: 5,
        context_bytes: 1000,
        attention: None,
    };
    let recalled = memory.recall(&recall, NOW).await.unwrap();
    assert!(recalled.context.contains("brew tea"), "{}", recalled.context);
    endpoint.fail(true);
    memory.learn(&[message("and a cat")], &Scope::default(), &by(NOW)).await.unwrap_err();
    assert!(memory.recall(&recall, NOW).await.unwrap().words_only.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_asks_for_the_vectors_that_it_lacks_in_one_call() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path());
    let (_, memory) = begun(&store).await;
    for k in 0..20 {
        memory.store(of_topics(&format!("a cat, number {k}")), &by(NOW)).await.unwrap();
    }
    let file = without_vectors(&exported(&memory).await);
    let other = tempfile::tempdir().unwrap();
    let endpoint = Topics::new();
    let memory = open(&crate::store(other.path()), Some(Arc::clone(&endpoint))).await;
    endpoint.fail(true);
    let error = memory.import(&file, Existing::Refuse).await.unwrap_err();
    assert!(matches!(error, MemoryError::Endpoint { .. }), "{error}");
    assert_eq!(memory.stats().unwrap().active, 0, "nothing is half imported");
    *endpoint.fails.lock().unwrap() = None;
    endpoint.asked();
    assert_eq!(memory.import(&file, Existing::Refuse).await.unwrap().memories, 20);
    assert_eq!(endpoint.asked(), [20]);
    assert_eq!(memory.find(&asked("purr"), NOW).await.unwrap().hits.len(), 10);
    let n = endpoint.asked().len();
    memory.import(&file, Existing::Skip).await.unwrap();
    assert_eq!((n, endpoint.asked().len()), (1, 0), "what is there is not asked for again");
}

/// The same file, with no memory's vector.
fn without_vectors(file: &[u8]) -> Vec<u8> {
    use sha2::{Digest, Sha256};
    let text = std::str::from_utf8(file).unwrap();
    let mut lines: Vec<String> = Vec::new();
    for line in text.lines() {
        let mut value: serde_json::Value = serde_json::from_str(line).unwrap();
        if value["type"] == "end" {
            continue;
        }
        value.as_object_mut().unwrap().remove("embedding");
        lines.push(format!("{value}\n"));
    }
    let hash = Sha256::digest(lines.concat().as_bytes());
    let hex: String = hash.iter().map(|b| format!("{b:02x}")).collect();
    let end = serde_json::json!({ "type": "end", "lines": lines.len(), "sha256": hex });
    format!("{}{end}\n", lines.concat()).into_bytes()
}
