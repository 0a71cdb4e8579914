//! What a question asks for: its words as they are indexed, each with how much it counts. Words that
//! only hold a sentence together, and those with which one asks, count little. English.

use hashbrown::HashSet;

use crate::function::is_function;
use crate::words::{Words, forms};

/// What a function word counts beside any other.
pub const FUNCTION_SHARE: f32 = 0.2;
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

#[cfg(test)]
mod tests {
    use super::{FUNCTION_SHARE, asked};
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
}
