//! Words of English that hold a sentence together and say little of what it is about.

/// Words of English that say how others belong together; sorted. Vectors are kept, so the list
/// never changes without their name.
const FUNCTION_WORDS: [&str; 104] = [
    "a", "about", "after", "all", "also", "am", "an", "and", "any", "are", "as", "at", "be",
    "been", "before", "but", "by", "can", "could", "did", "do", "does", "doing", "for", "from",
    "had", "has", "have", "having", "he", "her", "here", "hers", "him", "his", "how", "i", "if",
    "in", "into", "is", "it", "its", "just", "may", "me", "might", "mine", "more", "most", "must",
    "my", "no", "not", "of", "on", "once", "only", "or", "other", "our", "ours", "out", "over",
    "own", "shall", "she", "should", "so", "some", "such", "than", "that", "the", "their", "them",
    "then", "there", "these", "they", "this", "those", "to", "too", "under", "until", "up", "us",
    "was", "we", "were", "what", "when", "where", "which", "while", "who", "whom", "why", "will",
    "with", "would", "you", "your",
];

/// Whether a form without its apostrophe is one of these.
pub(crate) fn is_function_word(form: &str) -> bool {
    FUNCTION_WORDS.binary_search(&form).is_ok()
}

/// Whether a form is one of these, `what's` and `didn't` among them.
pub(crate) fn is_function(form: &str) -> bool {
    is_function_word(form) || form.contains('\'') && is_function_word(bare(form))
}

/// `caroline's` is `caroline`, `i'm` is `i`, `didn't` is `not`.
pub(crate) fn bare(form: &str) -> &str {
    match form.split_once('\'') {
        Some((_, "t")) if form.ends_with("n't") => "not",
        Some((before, _)) if !before.is_empty() => before,
        _ => form,
    }
}

#[cfg(test)]
mod tests {
    use super::FUNCTION_WORDS;

    #[test]
    fn function_words_are_sorted_for_the_search() {
        assert!(FUNCTION_WORDS.is_sorted());
    }
}
