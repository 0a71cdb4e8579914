//! What holds of everything that is found in any text.

use std::collections::BTreeSet;

use proptest::prelude::*;
use text::mention::{MAX_NAME_CHARS, MIN_NAME_CHARS};
use text::{MAX_CONCEPTS, MAX_DECISIONS, MAX_MENTIONS, code, concepts, decisions, mentions};

/// Pieces that make patterns begin and not end.
const PIECES: &str = "(Nora|the |\"|\u{201c}|https://|a@b|@|#|/|::|CVE-|2024|-|\\.|`|~~~|\n|fe80:|\\$|%| decided to|because|\u{e9}|\u{301}| ){0,40}";

fn check(text: &str) -> Result<(), TestCaseError> {
    let found = mentions(text);
    prop_assert!(found.len() <= MAX_MENTIONS);
    prop_assert_eq!(&found, &mentions(text));
    let mut end = 0;
    let mut known = BTreeSet::new();
    for mention in &found {
        prop_assert_eq!(text.get(mention.range.clone()), Some(mention.name.as_str()));
        prop_assert!(mention.range.start >= end, "{:?} overlaps", mention);
        prop_assert!(
            (MIN_NAME_CHARS..=MAX_NAME_CHARS).contains(&mention.name.chars().count()),
            "{:?}",
            mention
        );
        prop_assert!(
            known.insert((mention.kind, mention.name.to_lowercase())),
            "{:?} is told twice",
            mention
        );
        end = mention.range.end;
    }
    for decision in decisions(text) {
        prop_assert_eq!(text.get(decision.range), Some(decision.sentence.as_str()));
    }
    for block in code(text) {
        prop_assert_eq!(text.get(block.range), Some(block.source.as_str()));
    }
    prop_assert!(decisions(text).len() <= MAX_DECISIONS && concepts(text).len() <= MAX_CONCEPTS);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn of_any_text(text in ".{0,120}") {
        check(&text)?;
    }

    #[test]
    fn of_broken_patterns(text in PIECES) {
        check(&text)?;
    }
}

#[test]
fn long_texts_take_no_time_that_grows_with_their_square() {
    for piece in ["\"A", "fe80:", "a.", "`x", "Nora ", "/a", "1,1", "\u{201c}B c"] {
        check(&piece.repeat(20_000)).unwrap();
    }
}
