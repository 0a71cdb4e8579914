//! What a text is about: its names, and the words that it keeps using.

use hashbrown::HashMap;

use crate::common::is_common;
use crate::mention::{MAX_NAME_CHARS, MIN_NAME_CHARS, MentionKind, mentions_up_to};
use crate::words::{MAX_WORD_BYTES, Words, forms};

/// At most so many concepts are told.
pub const MAX_CONCEPTS: usize = 20;
/// A word that is no name occurs at least so often.
pub const MIN_OCCURRENCES: usize = 2;
/// So many names are counted before the most frequent are chosen.
const MAX_NAMES: usize = 200;

/// One thing that a text is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Concept {
    /// A name as the text first writes it; another word in lower case.
    pub name: String,
    /// How often it occurs.
    pub occurrences: usize,
}

/// The names of `text` and the words that it uses [`MIN_OCCURRENCES`] times or more, most frequent
/// first, then in their order; at most [`MAX_CONCEPTS`]. Words count with all their endings.
pub fn concepts(text: &str) -> Vec<Concept> {
    let said = Words::default().of(text);
    let names = names(text, &said);
    let in_names: Vec<String> =
        names.iter().flat_map(|name| Words::default().of(&name.name)).collect();
    let mut found = names;
    found.extend(
        repeated(text)
            .into_iter()
            .filter(|(stem, _)| !in_names.contains(stem))
            .map(|(_, concept)| concept),
    );
    found.sort_by_key(|concept| std::cmp::Reverse(concept.occurrences));
    found.truncate(MAX_CONCEPTS);
    found
}

fn names(text: &str, said: &[String]) -> Vec<Concept> {
    use MentionKind::{Code, Cve, Host, Name, Quote, Tag, User};
    let kept = |kind| matches!(kind, Name | Quote | Tag | User | Code | Host | Cve);
    let found = mentions_up_to(text, MAX_NAMES).into_iter().filter(|mention| kept(mention.kind));
    let counted = found
        .map(|mention| Concept { occurrences: count(said, &mention.name), name: mention.name });
    counted.collect()
}

/// How often the words of `name` stand one after the other.
fn count(said: &[String], name: &str) -> usize {
    let name = Words::default().of(name);
    match name.is_empty() {
        true => 1,
        false => said.windows(name.len()).filter(|part| *part == name).count().max(1),
    }
}

/// Words that may be nouns and are repeated, by their stem, in the order in which they first occur.
fn repeated(text: &str) -> Vec<(String, Concept)> {
    let words = Words::default();
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut found: Vec<(String, Concept)> = Vec::new();
    forms(text, |form| {
        if !may_be_noun(form) {
            return;
        }
        let stem = words.stem(form).into_owned();
        let place = *places.entry(stem.clone()).or_insert(found.len());
        if place == found.len() {
            found.push((stem, Concept { name: form.to_owned(), occurrences: 0 }));
        }
        found[place].1.occurrences += 1;
    });
    found.retain(|(_, concept)| concept.occurrences >= MIN_OCCURRENCES);
    found
}

/// Neither common nor short nor a number, and without the endings of adverbs and participles.
fn may_be_noun(form: &str) -> bool {
    let chars = form.chars().count();
    (MIN_NAME_CHARS..=MAX_NAME_CHARS).contains(&chars)
        && form.len() < MAX_WORD_BYTES
        && form.chars().all(char::is_alphabetic)
        && !["ly", "ed"].iter().any(|ending| chars > 4 && form.ends_with(ending))
        && !is_common(form)
}

#[cfg(test)]
mod tests {
    use super::concepts;

    #[test]
    fn names_and_repeated_words() {
        let text =
            "Nora opens a bakery. The bakery sells bread, breads of Nora and rye. Paul likes it.";
        let found: Vec<(String, usize)> =
            concepts(text).into_iter().map(|one| (one.name, one.occurrences)).collect();
        let expected = [("Nora", 2), ("bakery", 2), ("bread", 2), ("Paul", 1)];
        assert_eq!(found, expected.map(|(name, n)| (name.to_owned(), n)));
        assert_eq!(concepts(""), []);
    }
}
