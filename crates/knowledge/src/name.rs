//! Names as they are compared.

use unicode_normalization::UnicodeNormalization;

/// A name as names are compared: NFKC, lower case, words with one space between them.
///
/// ```
/// assert_eq!(knowledge::normalised("  Ada\tLOVELACE "), "ada lovelace");
/// ```
pub fn normalised(name: &str) -> String {
    let lower: String = name.nfkc().flat_map(char::to_lowercase).collect();
    lower.split_whitespace().collect::<Vec<_>>().join(" ")
}
