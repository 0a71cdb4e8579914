//! Asking an endpoint: batches, order, and everything that can go wrong.

use embedding::{EmbeddingError, Encoding};
use resilience::breaker::State;

use crate::endpoint::{Endpoint, Fault, vector};
use crate::{DIMENSION, config, embedder, none};

#[tokio::test]
async fn texts_go_in_batches_and_vectors_come_in_order() {
    for encoding in [Encoding::Float, Encoding::Base64] {
        let endpoint = Endpoint::start(DIMENSION);
        let embedder = embedder(&embedding::Config { encoding, ..config(&endpoint) }, &none());
        let texts: Vec<String> = (0..8).map(|k| format!("text number{}", k % 7)).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let (vectors, report) = embedder.embed("acme", &texts).await;
        let expected: Vec<Vec<f32>> = texts.iter().map(|t| vector(t, DIMENSION)).collect();
        let vectors: Vec<Vec<f32>> = vectors.unwrap().iter().map(|v| v.to_vec()).collect();
        assert_eq!(vectors, expected);
        let mut asked: Vec<usize> = endpoint.asked().iter().map(Vec::len).collect();
        asked.sort_unstable();
        assert_eq!(asked, [1, 3, 3], "the text that is there twice is asked for once");
        assert_eq!(report.requests.len(), 3);
        assert!(report.requests.iter().all(|r| r.error.is_none() && r.retries == 0));
        assert_eq!(endpoint.keys()[0].as_deref(), Some("Bearer sk-hunter2"));
        let (vectors, report) = embedder.embed("acme", &[]).await;
        assert_eq!((vectors.unwrap().len(), report.requests.len()), (0, 0));
    }
}

#[tokio::test]
async fn what_fails_for_a_while_is_asked_again() {
    let endpoint = Endpoint::start(DIMENSION);
    endpoint.fail(Fault::Times(2));
    let (vectors, report) = embedder(&config(&endpoint), &none()).embed("acme", &["a text"]).await;
    assert_eq!(vectors.unwrap()[0][..], vector("a text", DIMENSION)[..]);
    assert_eq!((report.requests[0].retries, endpoint.asked().len()), (2, 3));
}

/// What is said of a fault, whether it may pass, and how often it was asked.
async fn faulty(fault: Fault) -> (String, bool, usize) {
    let endpoint = Endpoint::start(DIMENSION);
    endpoint.fail(fault.clone());
    // Only what never answers is to run out of time, however slow the machine is.
    let timeout_ms = if matches!(fault, Fault::Hang) { 300 } else { 30_000 };
    let settings = embedding::Config { timeout_ms, ..config(&endpoint) };
    let (vectors, report) = embedder(&settings, &none()).embed("acme", &["a", "b"]).await;
    let error = vectors.unwrap_err();
    assert_eq!(report.requests[0].error.as_ref(), Some(&error));
    (error.to_string(), error.may_pass(), endpoint.asked().len())
}

#[tokio::test]
async fn every_fault_is_one_error_that_says_what_and_where() {
    let refusal = r#"{"error": {"message": "too many\ntokens", "type": "invalid"}}"#;
    for (fault, said, may_pass, asked) in [
        (Fault::Status(500, "oh"), "it answered with status 500", true, 3),
        (Fault::Status(400, refusal), "it answered with status 400: too many tokens", false, 1),
        // What an endpoint says of a key may hold a part of it.
        (
            Fault::Status(401, r#"{"error": {"message": "sk-hunter2 is wrong"}}"#),
            "it answered with status 401",
            false,
            1,
        ),
        (Fault::Status(404, ""), "it answered with status 404", false, 1),
        (Fault::Dimension, "vector 1 has 15 values, expected 16", false, 1),
        (Fault::NotANumber, "vector 0: expected finite numbers, not all of them 0", false, 1),
        (Fault::Index, "index 2 of a vector, expected each of 0 to 1 once", false, 1),
        (Fault::Short, "it answered 1 vectors, expected 2", false, 1),
        (Fault::Garbage, "its answer cannot be read: expected value at line 1 column 1", false, 3),
        (Fault::Large, "its answer has more than 68864 bytes", false, 1),
    ] {
        assert_eq!(faulty(fault.clone()).await, (said.into(), may_pass, asked), "{fault:?}");
    }
    let (said, may_pass, asked) = faulty(Fault::Half).await;
    assert!(may_pass && asked == 3, "{said}");
    let (said, may_pass, _) = faulty(Fault::Hang).await;
    assert_eq!((said.as_str(), may_pass), ("no answer within 0.3 s", true));
}

#[tokio::test]
async fn what_is_not_there_is_left_alone_after_some_failures() {
    let endpoint = Endpoint::start(DIMENSION);
    endpoint.fail(Fault::Status(503, ""));
    let embedder = embedder(&config(&endpoint), &none());
    let mut last = None;
    for _ in 0..40 {
        last = embedder.embed("acme", &["a"]).await.0.err();
        if last == Some(EmbeddingError::Open) {
            break;
        }
    }
    assert_eq!(last, Some(EmbeddingError::Open));
    assert_eq!(embedder.breakers(), (State::Open, None));
    let before = endpoint.asked().len();
    assert!(before > 1);
    assert_eq!(embedder.embed("acme", &["b"]).await.0, Err(EmbeddingError::Open));
    assert_eq!(endpoint.asked().len(), 0);
}

#[tokio::test]
async fn nobody_listens() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let endpoint = Endpoint::start(DIMENSION);
    let settings =
        embedding::Config { url: format!("http://{address}/v1/embeddings"), ..config(&endpoint) };
    let error = embedder(&settings, &none()).embed("acme", &["a"]).await.0.unwrap_err();
    assert!(error.may_pass() && error.to_string().contains("refused"), "{error}");
}
