//! What a question asks for, recognised by its words alone: no language model, and the same question
//! is always the same. What it cannot tell by its words is [`None`], which is no error.
//!
//! A cue is a pattern over the words of one sentence. Of all cues that fit, the heaviest counts, and
//! of equal ones the first of the table.

/// Sentences of a message that are looked at.
const MAX_SENTENCES: usize = 32;
/// Words of a sentence that are looked at.
const MAX_WORDS: usize = 64;
/// Words that `*` stands for, at most.
const MAX_GAP: usize = 8;

/// What a question asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Intent {
    /// Which items have something.
    Filter,
    /// How two belong together.
    Relationship,
    /// What is above or below something.
    Hierarchy,
    /// What two share, and in what they differ.
    Comparison,
    /// What led to something, or what follows from it.
    Causal,
    /// What something is.
    Definition,
    /// How many there are.
    Aggregation,
}

/// What a question was recognised to ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recognised {
    /// What.
    pub intent: Intent,
    /// The words that say so, in their order.
    pub words: Vec<String>,
}

impl Intent {
    /// All of them, in the order of their names on the wire.
    pub const ALL: [Intent; 7] = [
        Intent::Aggregation,
        Intent::Causal,
        Intent::Comparison,
        Intent::Definition,
        Intent::Filter,
        Intent::Hierarchy,
        Intent::Relationship,
    ];

    /// Its name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Filter => "filter",
            Self::Relationship => "relationship",
            Self::Hierarchy => "hierarchy",
            Self::Comparison => "comparison",
            Self::Causal => "causal",
            Self::Definition => "definition",
            Self::Aggregation => "aggregation",
        }
    }
}

/// A pattern, what it says, and how much it counts. In a pattern a word stands for itself, `a|b` for
/// either, `~er` for a word that ends so, `_` for any word, `*` for up to [`MAX_GAP`] words, `^` for
/// the beginning (polite words before it do not count) and `$` for the end; `!` first means that the
/// sentence need not be a question. `None` says that no intent is meant after all.
type Cue = (u8, Option<Intent>, &'static str);

/// A plural says what is looked for, and not what is asked of it: it is none of the words that say so.
const PLURAL: &str = "~s";

const A: Option<Intent> = Some(Intent::Aggregation);
const C: Option<Intent> = Some(Intent::Causal);
const D: Option<Intent> = Some(Intent::Definition);
const F: Option<Intent> = Some(Intent::Filter);
const H: Option<Intent> = Some(Intent::Hierarchy);
const R: Option<Intent> = Some(Intent::Relationship);
const V: Option<Intent> = Some(Intent::Comparison);

/// Every cue.
const CUES: &[Cue] = &[
    // What only looks like a question of one of the kinds.
    (9, None, "^ why don't|not we|you|i"),
    (9, None, "^ how do|can|should|could|would i|we|you"),
    (9, None, "^ what|who|which should|shall|may|can i|we"),
    (4, None, "^ where|when"),
    (4, None, "^ what time"),
    (4, None, "^ is|are it|this|that|these|those|you|we|they|he|she"),
    (3, None, "^ what is|was|are|were the _ of"),
    (3, None, "^ what is|was|are|were my|your|our|his|her|their _ $"),
    (3, None, "^ what is|was|are|were ~'s"),
    // A number of them, or the one that has most.
    (6, A, "how many|often"),
    (5, A, "how much"),
    (6, A, "^ count"),
    (6, A, "count|number of"),
    (6, A, "in total"),
    (6, A, "the|a total|average|mean|median|maximum|minimum|sum|percentage|proportion"),
    (6, A, "what percentage|proportion|share|fraction"),
    (6, A, "^ sum|add|total up"),
    (5, A, "the most|fewest|least"),
    (4, A, "the|has ~est of|among|in"),
    // Two beside each other.
    (6, V, "difference|differences|similarity|similarities between|of|from"),
    (5, V, "differ|differs|differed"),
    (5, V, "compare|compares|compared|comparison|contrast"),
    (5, V, "!versus|vs"),
    (6, V, "in common"),
    (5, V, "how|as similar|alike|different"),
    (5, V, "similar to"),
    (5, V, "different from|than|to"),
    (5, V, "unlike|alike"),
    (5, V, "distinguish|distinguishes|distinguished"),
    (5, V, "set|sets|tell|tells|told * apart"),
    (5, V, "same as"),
    (5, V, "^ do|are|is|does|have * and * same"),
    (5, V, "^ is|are|was|were|does|do|did|has|have|can * ~er|more|less|worse * than"),
    (5, V, "^ which|who|what * ~er|more|less|worse * or"),
    // How two belong together.
    (5, R, "how|way * related|connected|linked|tied|associated"),
    (5, R, "related|connected|linked|tied|associated to|with"),
    (
        5,
        R,
        "relation|relationship|relationships|relations|connection|connections|link|links|tie|ties between|of|with|to",
    ),
    (5, R, "^ what|who links|connects|relates|ties|joins|binds|link|connect|tie|join"),
    (5, R, "to do with"),
    (5, R, "each other"),
    (5, R, "one another"),
    (5, R, "path|paths|way|ways|route|chain from|between"),
    (5, R, "^ how does|do|did * know|relate"),
    // What led to what.
    (5, C, "^ why"),
    (5, C, "how come"),
    (5, C, "cause|causes|caused|causing"),
    (5, C, "lead|leads|led|leading to"),
    (5, C, "reason|reasons for|why|behind|of|that"),
    (5, C, "consequence|consequences|effect|effects|impact|impacts|outcome of|on"),
    (5, C, "result|results|resulted from|in"),
    (5, C, "what happens|happened|happen * if|when|after"),
    (5, C, "what would|will happen|follow"),
    (5, C, "^ what if"),
    (5, C, "^ if * what|will|would"),
    (5, C, "trigger|triggers|triggered"),
    (5, C, "due|owing to"),
    (5, C, "because of"),
    (5, C, "bring|brings|brought about"),
    (5, C, "responsible for"),
    (5, C, "to blame"),
    (5, C, "^ what makes|made"),
    (5, C, "^ how|does|do|did * affect|affects|influence|influences"),
    (5, C, "stem|stems|arise|arises|follow|follows from"),
    // What is above and below.
    (5, H, "what|which|some kind|kinds|type|types|sort|sorts|variety|varieties|species of"),
    (5, H, "a kind|type|sort|form of"),
    (5, H, "what|which category|categories|class|classes|group|family * belong|belongs|in"),
    (5, H, "subclass|subclasses|superclass|superclasses|subtype|subtypes|supertype"),
    (
        5,
        H,
        "parent|parents|child|children|ancestor|ancestors|descendant|descendants class|classes|of",
    ),
    (5, H, "example|examples|instance|instances of"),
    (5, H, "what|which * fall|falls|belong|belongs under|to"),
    (5, H, "taxonomy|hierarchy|classification|classified"),
    (5, H, "inherit|inherits from"),
    (4, H, "^ is|was|does * a|an|the kind|type|subclass"),
    (3, H, "^ is|was a|an _ a|an _ $"),
    (3, H, "^ is|was a|an _ _ a|an _ $"),
    (3, H, "^ is|was _ a|an _ $"),
    (3, H, "^ are|were _ ~s $"),
    // What something is.
    (6, D, "^ define"),
    (6, D, "definition|meaning of"),
    (6, D, "what does|do|did * mean $"),
    (6, D, "meant by"),
    (6, D, "stand|stands for"),
    (4, D, "^ tell me about"),
    (4, D, "tell me about"),
    (4, D, "know about"),
    (4, D, "remind me who|what"),
    (4, D, "!^ information|info|details about|on"),
    (3, D, "^ describe|explain"),
    (2, D, "^ what|who is|are|was|were"),
    (2, D, "what|who * is|are|was|were $"),
    // Which have something.
    (3, F, "^ list|show|find|select|filter|enumerate"),
    (3, F, "^ give|name|get|tell me every|all|each|the|any"),
    (3, F, "^ whose"),
    (3, F, "^ is|are there any"),
    (3, F, "!^ everyone|everybody|everything|anyone|all who|that|which|whose|with"),
    (2, F, "!^ only"),
    (2, F, "^ which * is|are|was|were|has|have|had|can|cannot|do|does|did"),
    (1, F, "^ which of"),
    (1, F, "^ which ~s _"),
    (1, F, "^ who _ _"),
    (1, F, "^ what ~s _"),
];

/// Words with which a sentence begins that asks for something, if no question mark ends it.
const ASKING: &str = "what who whose whom which why how when where is are was were do does did can \
    could has have list show find give name get select filter enumerate count sum add tell describe \
    explain define compare contrast remind";

/// Words before a question that ask nothing.
const POLITE: &[&str] = &[
    "so|and|but|then|ok|okay|well|hey|please|also|now",
    "can|could|would|will you",
    "can|could|would|will you please",
    "i'd|i like|want to know",
    "i would like to know",
    "i wonder",
    "do you know",
    "tell me",
    "show|give me",
];

/// Words that say nothing wherever they stand.
const FILLING: &[&str] = &["exactly", "actually", "really", "basically"];

/// What a message asks for, by its words; nothing where they do not say.
///
/// ```
/// use memory::{Intent, recognise};
/// let asked = recognise("How are Ada and Babbage related?").unwrap();
/// assert_eq!(asked.intent, Intent::Relationship);
/// assert_eq!(asked.words, ["how", "related"]);
/// assert_eq!(recognise("Biscuit is hungry"), None);
/// ```
pub fn recognise(message: &str) -> Option<Recognised> {
    let mut best: Option<(u8, Option<Intent>, Vec<String>)> = None;
    for (sentence, question) in sentences(message).take(MAX_SENTENCES) {
        let words = words(sentence);
        let begins = beginnings(&words);
        let asks = question
            || begins.iter().any(|at| {
                words.get(*at).is_some_and(|word| ASKING.split_whitespace().any(|a| a == word))
            });
        for (weight, intent, pattern) in CUES {
            let (always, pattern) = match pattern.strip_prefix('!') {
                Some(pattern) => (true, pattern),
                None => (false, *pattern),
            };
            if !(asks || always) || best.as_ref().is_some_and(|best| best.0 >= *weight) {
                continue;
            }
            if let Some(found) = find(pattern, &words, &begins) {
                best = Some((*weight, *intent, found));
            }
        }
    }
    let (_, intent, words) = best?;
    Some(Recognised { intent: intent?, words })
}

/// Sentences, and whether each ends with a question mark.
fn sentences(message: &str) -> impl Iterator<Item = (&str, bool)> {
    let mut rest = message;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let ends = |(at, c): &(usize, char)| {
            let after = rest[at + c.len_utf8()..].chars().next();
            match c {
                '\n' | '?' | '!' => true,
                '.' => after.is_none_or(char::is_whitespace),
                _ => false,
            }
        };
        let (sentence, end) = match rest.char_indices().find(ends) {
            Some((at, c)) => ((&rest[..at], c == '?'), at + c.len_utf8()),
            None => ((rest, false), rest.len()),
        };
        rest = &rest[end..];
        Some(sentence)
    })
}

/// Words in lower case; `what's` is `what is`.
fn words(sentence: &str) -> Vec<String> {
    let mut words = Vec::new();
    let letter = |c: char| c.is_alphanumeric() || matches!(c, '\'' | '’');
    let parts = sentence.split(|c| !letter(c)).filter(|part| !part.is_empty());
    for part in parts.take(MAX_WORDS) {
        let word = part.to_lowercase().replace('’', "'");
        if FILLING.contains(&word.as_str()) {
            continue;
        }
        match word.strip_suffix("'s") {
            Some(asking @ ("what" | "who" | "how" | "why" | "where" | "when")) => {
                words.extend([asking.to_owned(), "is".to_owned()]);
            }
            _ => words.push(word),
        }
    }
    words
}

/// Where a sentence may be said to begin: at its first word, and after each polite opening.
fn beginnings(words: &[String]) -> Vec<usize> {
    let mut begins = vec![0];
    let mut next = 0;
    while let Some(&at) = begins.get(next) {
        for polite in POLITE {
            let pattern: Vec<&str> = polite.split(' ').collect();
            if let Some(found) = fits(&pattern, words, at) {
                let end = at + found.len();
                if end < words.len() && !begins.contains(&end) {
                    begins.push(end);
                }
            }
        }
        next += 1;
    }
    begins
}

/// The words of a sentence that a pattern names, wherever it fits first.
fn find(pattern: &str, words: &[String], begins: &[usize]) -> Option<Vec<String>> {
    let parts: Vec<&str> = pattern.split(' ').collect();
    let found = match parts.split_first() {
        Some((&"^", rest)) => begins.iter().find_map(|at| fits(rest, words, *at)),
        _ => (0..words.len()).find_map(|at| fits(&parts, words, at)),
    };
    Some(found?.into_iter().map(|at| words[at].clone()).collect())
}

/// Places of the words that a pattern names, where it fits from a place on.
fn fits(pattern: &[&str], words: &[String], at: usize) -> Option<Vec<usize>> {
    let Some((&part, rest)) = pattern.split_first() else { return Some(Vec::new()) };
    match part {
        "$" => (at == words.len()).then(Vec::new),
        "*" => (at..=words.len().min(at + MAX_GAP)).find_map(|at| fits(rest, words, at)),
        "_" => words.get(at).and_then(|_| fits(rest, words, at + 1)),
        part => {
            let word = words.get(at)?;
            let is = |one: &str| match one.strip_prefix('~') {
                Some(ending) => word.len() > ending.len() + 1 && word.ends_with(ending),
                None => word == one,
            };
            if !part.split('|').any(is) {
                return None;
            }
            let mut found = fits(rest, words, at + 1)?;
            if part != PLURAL {
                found.insert(0, at);
            }
            Some(found)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    /// Questions that were written before the cues were, with what each asks for.
    const QUESTIONS: &str = include_str!("../../tests/data/intents.txt");

    /// `(asked, recognised) -> how many`, of every other question of each intent.
    fn confusion(held_out: bool) -> BTreeMap<(&'static str, &'static str), usize> {
        let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
        let mut counts = BTreeMap::new();
        for line in QUESTIONS.lines().filter(|line| !line.starts_with('#')) {
            let (asked, question) = line.split_once('\t').unwrap();
            let nth = seen.entry(asked).or_default();
            *nth += 1;
            if nth.is_multiple_of(2) != held_out {
                continue;
            }
            let found = recognise(question).map_or("none", |found| found.intent.name());
            *counts.entry((asked, found)).or_default() += 1;
        }
        counts
    }

    fn right(counts: &BTreeMap<(&str, &str), usize>) -> (usize, usize) {
        let right = counts.iter().filter(|((asked, found), _)| asked == found);
        (right.map(|(_, n)| n).sum(), counts.values().sum())
    }

    #[test]
    fn questions_are_recognised() {
        let (tuned, held) = (confusion(false), confusion(true));
        // The figures of docs/concepts/questions.md.
        assert_eq!((right(&tuned), right(&held)), ((84, 88), (83, 88)));
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "\\PC{0,300}") {
            if let Some(found) = recognise(&text) {
                prop_assert!(!found.words.is_empty());
            }
        }

        /// The words that say so are words of the message.
        #[test]
        fn the_words_are_of_the_message(parts in prop::collection::vec("why|how many|what is|the|cat|than|bigger|is|kind of|\\?", 1..12)) {
            let text = parts.join(" ");
            if let Some(found) = recognise(&text) {
                prop_assert!(found.words.iter().all(|word| text.contains(word.as_str())));
            }
        }
    }
}
