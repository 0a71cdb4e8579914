//! Secrets do not enter logs and spans: neither by the name of a field nor inside a text.

use std::borrow::Cow;

/// What stands in place of a secret.
pub(crate) const REDACTED: &str = "[redacted]";

/// Names of fields that hold secrets.
const SECRET_NAMES: [&str; 7] =
    ["password", "secret", "token", "authorization", "credential", "api_key", "cookie"];

/// Whether a field of that name holds a secret.
pub(crate) fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    SECRET_NAMES.iter().any(|secret| name.contains(secret))
}

/// The text without what looks like a key of ours, a JSON Web Token, a bearer credential, or a
/// password in an address.
pub fn redacted(text: &str) -> Cow<'_, str> {
    let mut out = String::new();
    let mut rest = text;
    while let Some((at, length)) = find(rest) {
        out.push_str(&rest[..at]);
        out.push_str(REDACTED);
        rest = &rest[at + length..];
    }
    if out.is_empty() && rest.len() == text.len() {
        return Cow::Borrowed(text);
    }
    Cow::Owned(out + rest)
}

/// The first secret: where it begins and how long it is.
fn find(text: &str) -> Option<(usize, usize)> {
    let word = |from: usize| {
        let ends = |c: char| !(c.is_ascii_alphanumeric() || "-_.~+/=".contains(c));
        text[from..].find(ends).unwrap_or(text.len() - from)
    };
    let key = text.match_indices("sk_").map(|(at, _)| (at, word(at))).find(|(_, n)| *n > 20);
    let mut token = text.match_indices("eyJ").map(|(at, _)| (at, word(at)));
    let token = token.find(|(at, n)| text[*at..at + n].matches('.').count() == 2);
    let lower = text.to_ascii_lowercase();
    let mut bearer =
        lower.match_indices("bearer ").map(|(at, m)| (at + m.len(), word(at + m.len())));
    let bearer = bearer.find(|(_, n)| *n > 8);
    [key, token, bearer, password(text)].into_iter().flatten().min()
}

/// `PASSWORD` of `scheme://user:PASSWORD@host`.
fn password(text: &str) -> Option<(usize, usize)> {
    text.match_indices("://").find_map(|(at, mark)| {
        let from = at + mark.len();
        let authority = text[from..].split(['/', ' ', '"', '?']).next()?;
        let user = &authority[..authority.rfind('@')?];
        let colon = user.find(':')?;
        (colon + 1 < user.len()).then_some((from + colon + 1, user.len() - colon - 1))
    })
}

#[cfg(test)]
mod tests {
    use super::{is_secret, redacted};

    #[test]
    fn secrets_go_and_words_stay() {
        for (text, clean) in [
            (
                "key sk_0123456789abcdef_00112233445566778899aabbccddeeff made",
                "key [redacted] made",
            ),
            ("Authorization: Bearer abcdef0123456789", "Authorization: Bearer [redacted]"),
            ("x eyJhbGciOi.eyJzdWIi.c2ln y", "x [redacted] y"),
            ("postgresql://me:hunter2@db/x", "postgresql://me:[redacted]@db/x"),
            ("task_1 finished at http://a/b", "task_1 finished at http://a/b"),
            ("the bearer of news", "the bearer of news"),
        ] {
            assert_eq!(redacted(text), clean);
        }
        assert!(is_secret("client_secret") && is_secret("Authorization") && !is_secret("model"));
    }
}
