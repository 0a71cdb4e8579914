//! Documents that come and go, and any query: `cargo +nightly fuzz run query` in `crates/text`.
//!
//! The first line is the query, each other line a document; one that begins with `-` is removed again.

#![no_main]

use libfuzzer_sys::fuzz_target;
use text::{Postings, postings::Config};

fuzz_target!(|input: &str| {
    let mut lines = input.split('\n');
    let query = lines.next().unwrap_or_default();
    let mut postings = Postings::new(Config::default()).expect("defaults are in range");
    for (id, line) in lines.enumerate() {
        postings.insert(id as u32 % 97, line);
        if line.starts_with('-') {
            assert!(postings.remove(id as u32 % 97));
        }
    }
    let all = postings.search(query, usize::MAX, None, false);
    assert!(all.iter().all(|hit| hit.score > 0.0 && postings.contains(hit.id)));
    for k in [1, 3] {
        assert_eq!(postings.search(query, k, None, false), all[..k.min(all.len())]);
    }
    let filter = (0..50).collect();
    let some: Vec<_> = all.into_iter().filter(|hit| hit.id < 50).take(3).collect();
    assert_eq!(postings.search(query, 3, Some(&filter), false), some);
    let explained = postings.search_words(query, 3, None, true);
    assert!(explained.iter().all(|hit| !hit.terms.is_empty()));
});
