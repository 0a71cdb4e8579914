//! Which known entities a question names, the longest names first, in the order of the question.

use knowledge::EntityId;
use text::asked;

use super::look::Look;

/// Words that a name may have.
const MAX_NAME_WORDS: usize = 8;
/// Entities of one question.
const MAX_NAMED: usize = 8;
/// Words of a question that are looked at.
const MAX_WORDS: usize = 400;

/// An entity that a question names.
pub(super) struct Named {
    /// Of several with the name, the one known longest.
    pub(super) entity: EntityId,
    /// As the question calls it.
    pub(super) called: String,
}

impl Look<'_> {
    /// The entities that a question names; the words `without` name none by themselves, and neither
    /// do words that only hold a sentence together.
    pub(super) fn named(&self, question: &str, without: &[String]) -> Vec<Named> {
        let words = spans(question);
        let mut named: Vec<Named> = Vec::new();
        let mut at = 0;
        while at < words.len() && named.len() < MAX_NAMED {
            let most = (words.len() - at).min(MAX_NAME_WORDS);
            let found = (1..=most).rev().find_map(|n| {
                let called = &question[words[at].0..words[at + n - 1].1];
                let light = n == 1 && (self.is_light(called) || is_one_of(called, without));
                if light { None } else { Some((n, self.by_name(called)?, called)) }
            });
            match found {
                Some((n, entity, called)) => {
                    if !named.iter().any(|one| one.entity == entity) {
                        named.push(Named { entity, called: called.to_owned() });
                    }
                    at += n;
                }
                None => at += 1,
            }
        }
        named
    }

    fn is_light(&self, word: &str) -> bool {
        asked(self.state.words.words(), word).iter().all(|word| word.weight < 1.0)
    }

    /// The entity of a name, in the singular or the plural, without a genitive.
    fn by_name(&self, called: &str) -> Option<EntityId> {
        let called = called.trim_end_matches("'s").trim_end_matches("’s").trim_end_matches('\'');
        let less = |ending: &str, other: &str| {
            called.strip_suffix(ending).map(|stem| format!("{stem}{other}"))
        };
        let forms = [
            Some(called.to_owned()),
            less("s", ""),
            less("es", ""),
            less("ies", "y"),
            less("", "s"),
        ];
        forms.into_iter().flatten().find_map(|form| self.view.by_name(&form).first().copied())
    }
}

fn is_one_of(word: &str, words: &[String]) -> bool {
    words.iter().any(|w| *w == word.to_lowercase())
}

/// Where the words of a question begin and end.
fn spans(question: &str) -> Vec<(usize, usize)> {
    let inside = |c: char| c.is_alphanumeric() || matches!(c, '\'' | '’' | '-' | '_');
    let mut spans: Vec<(usize, usize)> = Vec::new();
    let mut begin = None;
    for (at, c) in question.char_indices().chain([(question.len(), ' ')]) {
        match (inside(c), begin) {
            (true, None) => begin = Some(at),
            (false, Some(from)) => {
                spans.push((from, at));
                begin = None;
            }
            _ => {}
        }
    }
    spans.truncate(MAX_WORDS);
    spans
}
