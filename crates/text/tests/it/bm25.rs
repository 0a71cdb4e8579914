//! BM25 against `bm25s` (a fixture, see `bm25.py`) and against the formula written out, over
//! documents that come, change and go.

use std::collections::BTreeMap;

use proptest::prelude::*;
use text::postings::Config;
use text::words::{Language, Words};
use text::{Hit, Postings};

/// `bm25s` computes in f32.
const TOLERANCE: f64 = 2e-5;

fn postings(texts: &[&str]) -> Postings {
    let mut postings = Postings::new(Config::default()).unwrap();
    for (id, text) in texts.iter().enumerate() {
        postings.insert(id as u32, text);
    }
    postings
}

fn ids(hits: &[Hit]) -> Vec<u32> {
    hits.iter().map(|hit| hit.id).collect()
}

#[test]
fn scores_are_those_of_bm25s() {
    let fixture: serde_json::Value = serde_json::from_str(include_str!("bm25.json")).unwrap();
    let strings =
        |name: &str| -> Vec<String> { serde_json::from_value(fixture[name].clone()).unwrap() };
    let config = Config { language: Language::None, ..Config::default() };
    let mut postings = Postings::new(config).unwrap();
    for (id, text) in strings("documents").iter().enumerate() {
        postings.insert(id as u32, text);
    }
    for (query, expected) in strings("queries").iter().zip(fixture["scores"].as_array().unwrap()) {
        let expected: Vec<f64> = serde_json::from_value(expected.clone()).unwrap();
        let hits = postings.search(query, expected.len(), None, false);
        assert_eq!(hits.len(), expected.iter().filter(|score| **score > 0.0).count(), "{query}");
        for hit in hits {
            // bm25s, like Lucene since 8.0, leaves the factor k1 + 1 out.
            let expected = expected[hit.id as usize] * (config.k1 + 1.0);
            let error = (f64::from(hit.score) - expected).abs() / expected;
            assert!(
                error < TOLERANCE,
                "{query}: document {} has {}, expected {expected}",
                hit.id,
                hit.score
            );
        }
    }
}

/// The formula, document by document.
fn naive(texts: &BTreeMap<u32, String>, query: &str, k: usize) -> Vec<(u32, f64)> {
    let words = Words::default();
    let documents: Vec<(u32, Vec<String>)> =
        texts.iter().map(|(id, text)| (*id, words.of(text))).collect();
    let n = documents.len() as f64;
    let mean = documents.iter().map(|(_, words)| words.len()).sum::<usize>() as f64 / n;
    let mut hits: Vec<(u32, f64)> = Vec::new();
    for (id, said) in &documents {
        let mut score = 0.0;
        for word in words.of(query) {
            let with = documents.iter().filter(|(_, said)| said.contains(&word)).count() as f64;
            let f = said.iter().filter(|said| **said == word).count() as f64;
            let idf = (1.0 + (n - with + 0.5) / (with + 0.5)).ln();
            score += idf * f * 2.2 / (f + 1.2 * (0.25 + 0.75 * said.len() as f64 / mean));
        }
        if score > 0.0 {
            hits.push((*id, score));
        }
    }
    hits.sort_by(|a, b| (b.1 as f32).total_cmp(&(a.1 as f32)).then(a.0.cmp(&b.0)));
    hits.truncate(k);
    hits
}

fn check_against_naive(
    postings: &Postings,
    texts: &BTreeMap<u32, String>,
    query: &str,
    k: usize,
) -> Result<(), TestCaseError> {
    let expected = naive(texts, query, k);
    let hits = postings.search(query, k, None, true);
    prop_assert_eq!(hits.len(), expected.len(), "{}", query);
    for (hit, (_, score)) in hits.iter().zip(expected) {
        let explained: f32 = hit.terms.iter().map(|term| term.score).sum();
        prop_assert!(
            (f64::from(hit.score) - score).abs() < 1e-4 * score,
            "{query}: {hit:?}, expected {score}"
        );
        prop_assert!((explained - hit.score).abs() < 1e-4 * hit.score, "{query}: {hit:?}");
    }
    Ok(())
}

fn some_text(most: usize) -> impl Strategy<Value = String> {
    let word = prop_oneof![4 => 0..3u32, 2 => 3..12u32, 1 => 12..60u32]
        .prop_map(|rank| format!("w{rank}"));
    proptest::collection::vec(word, 0..most).prop_map(|words| words.join(" "))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn hits_are_those_of_the_formula(
        edits in proptest::collection::vec((0..120u32, proptest::option::weighted(0.6, some_text(20))), 1..400),
        query in some_text(8),
        k in 1..20usize,
    ) {
        let mut postings = postings(&[]);
        let mut texts = BTreeMap::new();
        for (id, text) in edits {
            match text {
                Some(text) => {
                    postings.insert(id, &text);
                    texts.insert(id, text);
                }
                None => prop_assert_eq!(postings.remove(id), texts.remove(&id).is_some()),
            }
        }
        prop_assert_eq!(postings.len(), texts.len());
        check_against_naive(&postings, &texts, &query, k)?;
    }

    #[test]
    fn a_filter_and_a_smaller_k_only_leave_out(
        texts in proptest::collection::vec(some_text(12), 1..200),
        query in some_text(6),
        kept in proptest::collection::vec(0..200u32, 0..100),
        k in 1..10usize,
    ) {
        let postings = postings(&texts.iter().map(String::as_str).collect::<Vec<_>>());
        let filter: roaring::RoaringBitmap = kept.into_iter().collect();
        let mut all = postings.search(&query, texts.len(), None, false);
        all.retain(|hit| filter.contains(hit.id));
        all.truncate(k);
        prop_assert_eq!(postings.search(&query, k, Some(&filter), false), all);
    }

    #[test]
    fn any_query_is_answered(texts in proptest::collection::vec(".{0,40}", 0..8), query in "[-+\"* a-c\u{e9}\u{301}]{0,30}|.{0,40}") {
        let postings = postings(&texts.iter().map(String::as_str).collect::<Vec<_>>());
        for hit in postings.search(&query, 5, None, true) {
            prop_assert!(hit.score > 0.0 && postings.contains(hit.id));
        }
    }
}

#[test]
fn large_postings_are_pruned_without_loss() {
    let mut state = 1u64;
    let mut next = |n: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 33) % n
    };
    let mut text = |n: u64| -> String {
        (0..n)
            .map(|_| {
                let top = 1 + next(400);
                format!("w{} ", next(top))
            })
            .collect()
    };
    let texts: Vec<String> = (0..6000).map(|i| text(5 + i % 30)).collect();
    let postings = postings(&texts.iter().map(String::as_str).collect::<Vec<_>>());
    for _ in 0..60 {
        let query = text(6);
        let all = postings.search(&query, texts.len(), None, false);
        for k in [1, 10, 100] {
            assert_eq!(postings.search(&query, k, None, false), all[..k.min(all.len())], "{query}");
        }
    }
}

#[test]
fn the_query_language() {
    let postings = postings(&[
        "Caroline went to the support group",
        "the group gave support to Caroline and to Melanie",
        "Melanie runs and paints; runner's knee",
        "see CVE-2024-1234 on example.com",
    ]);
    let check = |query: &str, expected: &[u32]| {
        let mut found = ids(&postings.search(query, 10, None, false));
        found.sort_unstable();
        assert_eq!(found, expected, "{query}");
    };
    check("caroline", &[0, 1]);
    check("\"support group\"", &[0]);
    check("caroline -\"support group\"", &[1]);
    check("+melanie caroline", &[1, 2]);
    check("caroline -melanie", &[0]);
    check("run*", &[2]);
    check("+ru* caroline", &[2]);
    check("sup* -mel*", &[0]);
    check("+CVE-2024-1234", &[3]);
    check("1234", &[3]);
    check("EXAMPLE", &[3]);
    check("+unknown caroline", &[]);
    check("-caroline", &[]);
    check("\"\"", &[]);
    let plain = postings.search_words("\"group support\" -melanie", 10, None, false);
    assert_eq!(plain.len(), 3, "all of it is words");
}

#[test]
fn removing_gives_back() {
    let mut postings = Postings::new(Config::default()).unwrap();
    for id in 0..2000 {
        postings.insert(id, &format!("common word{id} other{id}"));
    }
    let full = postings.bytes();
    for id in 0..1990 {
        assert!(postings.remove(id));
        assert!(!postings.remove(id));
    }
    assert_eq!((postings.len(), postings.terms()), (10, 21));
    assert!(postings.bytes() < full / 10, "{} of {full} bytes are left", postings.bytes());
    assert_eq!(ids(&postings.search("word1995 word5 common", 1, None, false)), [1995]);
}

#[test]
fn a_number_outside_its_range_is_told() {
    let error = Postings::new(Config { b: 1.5, ..Config::default() }).unwrap_err();
    assert_eq!(error.to_string(), "postings.b is 1.5, expected 0 to 1");
    assert!(Postings::new(Config { k1: f64::NAN, ..Config::default() }).is_err());
}

#[test]
fn words_count_what_they_are_told_to() {
    let postings = postings(&["Nora bought clay", "Paul went to the pottery", "the clay is red"]);
    let ask = |text: &str| text::asked(postings.words(), text);
    let weighed = |weight: f32| {
        let asked = [text::Asked { term: "clay".into(), weight }];
        let hits = postings.search_asked(&asked, 9, None, false);
        hits.iter().map(|hit| (hit.id, hit.score)).collect::<Vec<_>>()
    };
    let plain = postings.search_words("clay", 9, None, false);
    assert_eq!(weighed(1.0), plain.iter().map(|h| (h.id, h.score)).collect::<Vec<_>>());
    for (once, thrice) in weighed(1.0).iter().zip(weighed(3.0)) {
        assert!(once.0 == thrice.0 && (3.0 * once.1 - thrice.1).abs() < 1e-6);
    }
    assert_eq!(ids(&postings.search_asked(&ask("where did Paul go?"), 1, None, false)), [1]);
    assert_eq!(ids(&postings.search_asked(&ask("what did Nora buy?"), 1, None, false)), [0]);
    assert!(postings.rarity("nora") > postings.rarity("clay"));
    assert!(
        postings.rarity("unheard") > postings.rarity("nora") && postings.documents("unheard") == 0
    );
}

#[test]
fn a_misspelt_word_is_the_nearest_that_documents_have() {
    let mut postings = postings(&["pottery and marathon", "battery", "cat"]);
    let spelled = |postings: &Postings, term: &str| postings.spelled(term);
    assert_eq!(spelled(&postings, "potetri").as_deref(), Some("potteri"));
    assert_eq!(spelled(&postings, "marahton").as_deref(), Some("marathon"));
    assert_eq!(spelled(&postings, "cta"), None, "too short to tell");
    assert_eq!(spelled(&postings, "lighthouse"), None);
    postings.remove(0);
    assert_eq!(spelled(&postings, "marahton"), None, "what was removed is not meant");
}
