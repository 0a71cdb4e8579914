//! What a question asks for: its words as they are indexed, each with how much it counts. Words that
//! only hold a sentence together, and those with which one asks, count little. English.

use hashbrown::HashSet;

use crate::akin::akin;
use crate::function::is_function;
use crate::words::{Language, Words, forms};

/// What a function word counts beside any other.
pub const FUNCTION_SHARE: f32 = 0.2;
/// What a word of near meaning counts beside the one that is asked for. Chosen on conversations and
/// documents (`docs/concepts/memory.md`, measuring); from 0.4 to 0.8 as much is found.
pub const NEAR_SHARE: f32 = 0.6;
/// Words of near meaning of one question.
pub const MAX_NEAR: usize = 64;
/// Words with which one asks, beside those that hold any sentence together.
const ASKING: [&str; 22] = [
    "be",
    "ever",
    "everything",
    "happen",
    "happened",
    "happens",
    "kind",
    "kinds",
    "know",
    "long",
    "many",
    "much",
    "often",
    "please",
    "sort",
    "sorts",
    "tell",
    "thing",
    "things",
    "type",
    "types",
    "whose",
];

/// A word of a question.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    /// The word as it is indexed.
    pub term: String,
    /// How much it counts, more than 0.
    pub weight: f32,
}

/// The words of `question`, each once, in their order.
pub fn asked(words: &Words, question: &str) -> Vec<Asked> {
    let mut seen = HashSet::new();
    let mut asked = Vec::new();
    forms(question, |form| {
        let light = is_function(form) || ASKING.contains(&form);
        let weight = if light { FUNCTION_SHARE } else { 1.0 };
        let term = words.root(form).into_owned();
        if seen.insert(term.clone()) {
            asked.push(Asked { term, weight });
        }
    });
    asked
}

/// Words of near meaning to those that count fully, each once and none that is asked for itself. English.
pub fn near(words: &Words, asked: &[Asked]) -> Vec<Asked> {
    if words.language() != Language::English {
        return Vec::new();
    }
    let mut seen: HashSet<&str> = asked.iter().map(|word| word.term.as_str()).collect();
    let full = asked.iter().filter(|word| word.weight == 1.0);
    let akin = full.flat_map(|word| akin(&word.term)).filter(|term| seen.insert(term));
    let near = akin.map(|term| Asked { term: term.clone(), weight: NEAR_SHARE });
    near.take(MAX_NEAR).collect()
}

#[cfg(test)]
mod tests {
    use super::{FUNCTION_SHARE, MAX_NEAR, asked, near};
    use crate::Words;

    #[test]
    fn words_that_ask_count_little() {
        let asked = asked(&Words::default(), "What did Nora's children buy? What?");
        let asked: Vec<_> = asked.iter().map(|a| (a.term.as_str(), a.weight)).collect();
        let little = FUNCTION_SHARE;
        let expected =
            [("what", little), ("do", little), ("nora", 1.0), ("child", 1.0), ("buy", 1.0)];
        assert_eq!(asked, expected);
    }

    #[test]
    fn words_of_near_meaning_are_looked_for_too() {
        let of = |question: &str| -> Vec<String> {
            let words = Words::default();
            let near = near(&words, &asked(&words, question));
            near.into_iter().map(|word| word.term).collect()
        };
        let near = of("What is the name of Nora's pet?");
        assert!(near.contains(&"dog".to_owned()) && !near.contains(&"pet".to_owned()), "{near:?}");
        assert!(of("Who saw the xylophone?").is_empty());
        assert!(!of("the work and the job").contains(&"work".to_owned()), "it is asked for itself");
        assert_eq!(
            of("animal country city sport instrument music color language profession").len(),
            MAX_NEAR
        );
        let french = Words::new(crate::Language::French);
        assert!(super::near(&french, &asked(&french, "pet")).is_empty());
    }
}
