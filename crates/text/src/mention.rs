//! Names that a text mentions, found by their form. No model and no list of names: a name that is
//! written like any other word is missed, and a common word that begins a sentence may be taken
//! for one.

use std::ops::Range;
use std::sync::LazyLock;

use hashbrown::HashSet;
use regex_automata::meta::{Config, Regex};
use regex_automata::util::captures::Captures;
use regex_automata::{Anchored, Input};

use crate::common::is_common;

/// At most so many mentions are told by [`mentions`].
pub const MAX_MENTIONS: usize = 20;
/// A name has at least so many characters,
pub const MIN_NAME_CHARS: usize = 3;
/// and at most so many.
pub const MAX_NAME_CHARS: usize = 100;
/// What follows in a text is not looked at.
pub const MAX_TEXT_BYTES: usize = 256 * 1024;
/// In a text of at most so many bytes every place where a mention may begin is tried for itself. Which
/// mention fits at a place is known from what follows; to find the first of a whole text, automata
/// also run backwards, and their states cost most of the time until they have seen many texts.
const MAX_SHORT_BYTES: usize = 512;
/// A longer word may be a hash, though it has letters alone.
const MAX_PLAIN_BYTES: usize = 31;
/// Room for the states of the automaton, for each thread that reads. They are made as texts need
/// them; where they don't fit they are made over and over (with 2 MiB: 366 µs a sentence, not 33).
const AUTOMATON_BYTES: usize = 8 << 20;

/// What a mention looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum MentionKind {
    /// `https://example.com/page`
    Url,
    /// `name@example.com`
    Email,
    /// `CVE-2024-1234`
    Cve,
    /// MD5, SHA-1 or SHA-256 in hexadecimal, or a UUID.
    Hash,
    /// `2024-05-17`, `17 May 2024`, `Monday`
    Date,
    /// An IPv4 or IPv6 address, with its prefix length if it has one.
    Ip,
    /// `$12.50`, `40 %`, `3 km`
    Amount,
    /// `/etc/hosts`, `src/main.rs`
    Path,
    /// `example.com`
    Host,
    /// `snake_case`, `camelCase`, `a::b`, or anything in backticks
    Code,
    /// `@user`
    User,
    /// `#tag`
    Tag,
    /// A title in quotation marks: it begins with a capital and is no sentence.
    Quote,
    /// A run of capitalised words.
    Name,
}

/// One name, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mention {
    /// As the text writes it, without its quotation marks.
    pub name: String,
    /// What it looks like.
    pub kind: MentionKind,
    /// Where it stands, in bytes of the text.
    pub range: Range<usize>,
}

const MONTH: &str = "(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sep(?:t(?:ember)?)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)";
const UNIT: &str = "(?:%|percent|per cent|dollars?|euros?|pounds?|cents?|USD|EUR|GBP|km/h|mph|km|kg|mg|cm|mm|ms|GHz|MHz|kHz|[KMGT]i?B|miles?|metres?|meters?|grams?|lit(?:er|re)s?)";
const TOP_DOMAIN: &str = "(?:com|org|net|io|dev|edu|gov|mil|int|info|biz|app|ai|cloud|xyz|onion|local|internal|co|uk|de|fr|nl|eu|us|ca|au|jp|cn|ru|ch|at|it|es|se|no|fi|dk|pl|br|in|me|tv|be|ie|cz|pt|kr)";
const FILE_END: &str = "(?:rs|py|js|ts|tsx|jsx|json|toml|ya?ml|md|txt|csv|html?|css|c|h|cpp|hpp|go|java|kt|swift|rb|php|sh|sql|pdf|docx?|xlsx?|png|jpe?g|gif|svg|zip|tar|gz|log|conf|ini|exe|dll|so|lock|xml|proto|ipynb|mp3|mp4|wav)";
/// One capitalised word, or a title or initial with its point.
const WORD: &str = r"(?:(?:Mr|Mrs|Ms|Dr|Prof|St)\.|\p{Lu}\.|\p{Lu}[\p{L}\p{M}\p{N}]*(?:['\u{2019}&-][\p{L}\p{M}\p{N}]+)*)";
const PARTICLE: &str =
    "(?:(?:of|de|van|von|der|den|da|di|du|del|dos|la|le|al|bin) (?:(?:the|la|der|den) )?)?";

/// Each kind, with a group for it; the first that fits at the leftmost place is taken.
fn kinds() -> Vec<(MentionKind, String)> {
    use MentionKind::*;
    let own = |pattern: &str| pattern.to_owned();
    vec![
        (Url, own(r#"\b(?i:https?|ftp)://[^\s<>"`\u{201c}\u{201d}]+"#)),
        (
            Email,
            own(
                r"\b[A-Za-z0-9][A-Za-z0-9._%+-]{0,63}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}\b",
            ),
        ),
        (Cve, own(r"\b(?i:CVE)-[0-9]{4}-[0-9]{4,19}\b")),
        (
            Hash,
            own(
                r"\b(?:[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[0-9a-fA-F]{64}|[0-9a-fA-F]{40}|[0-9a-fA-F]{32})\b",
            ),
        ),
        (Ip, own(r"\b[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?:/[0-9]{1,2})?\b")),
        (
            Date,
            format!(
                r"\b[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}(?:[T ][0-9]{{2}}:[0-9]{{2}}(?::[0-9]{{2}})?Z?)?\b|\b[0-9]{{1,2}}[/.][0-9]{{1,2}}[/.](?:[0-9]{{4}}|[0-9]{{2}})\b|\b[0-9]{{1,2}}(?:st|nd|rd|th)?(?: of)? {MONTH}\b(?:,? [0-9]{{4}}\b)?|\b{MONTH}\.? [0-9]{{1,2}}(?:st|nd|rd|th)?\b(?:,? [0-9]{{4}}\b)?|\b{MONTH} [0-9]{{4}}\b|\b(?:January|February|April|June|July|August|September|October|November|December|(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)days?)\b"
            ),
        ),
        (Ip, own(r"(?:\b[0-9a-fA-F]{1,4}|:):[0-9a-fA-F:]{2,37}\b(?:/[0-9]{1,3})?")),
        (
            Amount,
            format!(
                r"[$\u{{20ac}}\u{{a3}}\u{{a5}}] ?[0-9][0-9,]*(?:\.[0-9]+)?(?: ?(?:k|m|bn|thousand|million|billion)\b)?|\b[0-9][0-9,]*(?:\.[0-9]+)?(?: (?:thousand|million|billion))?[ -]?{UNIT}"
            ),
        ),
        (
            Path,
            format!(
                r"(?:\B[~.]{{0,2}}/[\w.-]*\w(?:/[\w.-]*\w)+/?|\b[\w-]+(?:/[\w.-]*\w)*/?[\w-]*\.{FILE_END}\b|\b[A-Za-z]:\\[\w\\.-]*\w)"
            ),
        ),
        (Host, format!(r"\b(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+{TOP_DOMAIN}\b")),
        (
            Code,
            own(
                r"`[^`\n]{1,100}`|\b[A-Za-z_]\w*(?:::\w+)+(?:\(\))?|\b[A-Za-z0-9]+(?:_[A-Za-z0-9]+)+\b(?:\(\))?|\b[a-z][a-z0-9]*\(\)|\b[a-z]+[a-z0-9]*[A-Z][A-Za-z0-9]*\b",
            ),
        ),
        (User, own(r"\B@\w[\w.-]*\w")),
        (Tag, own(r"\B#\w*\p{L}\w*")),
        (
            Quote,
            own(
                r#""\p{Lu}[^"\n]{1,100}"|\u{201c}\p{Lu}[^\u{201d}\n]{1,100}\u{201d}|\u{ab}\s?\p{Lu}[^\u{bb}\n]{1,100}\u{bb}"#,
            ),
        ),
        (Name, format!(r"\b{WORD}(?: {PARTICLE}{WORD})*")),
    ]
}

struct Patterns {
    kinds: Vec<MentionKind>,
    all: Regex,
}

#[expect(clippy::unwrap_used, reason = "a constant, which every test compiles")]
fn compile() -> Patterns {
    let (kinds, patterns): (Vec<_>, Vec<_>) = kinds().into_iter().unzip();
    let groups: Vec<String> = patterns.iter().map(|pattern| format!("({pattern})")).collect();
    let config = Config::new().hybrid_cache_capacity(AUTOMATON_BYTES);
    let all = Regex::builder().configure(config).build(&groups.join("|"));
    Patterns { kinds, all: all.unwrap() }
}

static PATTERNS: LazyLock<Patterns> = LazyLock::new(compile);

/// The first [`MAX_MENTIONS`] names of `text`, each once, in their order.
///
/// ```
/// let found = text::mentions("Yesterday Caroline read \"Becoming Nicole\" for $12.50.");
/// let names: Vec<&str> = found.iter().map(|mention| mention.name.as_str()).collect();
/// assert_eq!(names, ["Caroline", "Becoming Nicole", "$12.50"]);
/// ```
pub fn mentions(text: &str) -> Vec<Mention> {
    mentions_up_to(text, MAX_MENTIONS)
}

/// The first `limit` names of `text`, each once, in their order.
pub fn mentions_up_to(text: &str, limit: usize) -> Vec<Mention> {
    find(text, limit, text.len() <= MAX_SHORT_BYTES)
}

fn find(text: &str, limit: usize, each_place: bool) -> Vec<Mention> {
    let text = &text[..text.floor_char_boundary(MAX_TEXT_BYTES)];
    let mut found: Vec<Mention> = Vec::new();
    let mut known = HashSet::new();
    let mut at = 0;
    let mut places = PATTERNS.all.create_captures();
    let (next, anchored): (fn(&str, usize) -> _, _) = match each_place {
        true => (next_place, Anchored::Yes),
        false => (next_beginning, Anchored::No),
    };
    while found.len() < limit {
        let Some(from) = next(text, at) else { break };
        let input = Input::new(text).range(from..).anchored(anchored);
        PATTERNS.all.search_captures(&input, &mut places);
        let Some((kind, whole)) = which(&places) else {
            if !each_place {
                break;
            }
            at = from + opening(text, from);
            continue;
        };
        at = whole.end;
        match trim(text, kind, whole.clone()) {
            Some(range) => {
                let name = text[range.clone()].to_owned();
                if known.insert((kind, name.to_lowercase())) {
                    found.push(Mention { name, kind, range });
                }
            }
            None if kind == MentionKind::Quote => at = whole.start + opening(text, whole.start),
            None => {}
        }
    }
    found
}

/// The beginning of the first word, not before `at`, in which a mention may begin.
fn next_beginning(text: &str, at: usize) -> Option<usize> {
    let mut start = at;
    while start < text.len() {
        let rest = &text.as_bytes()[start..];
        let near = &rest[..rest.len().min(MAX_PLAIN_BYTES + 2)];
        let word = near.split(u8::is_ascii_whitespace).next().unwrap_or(near);
        if !is_plain(word) {
            return Some(start);
        }
        start += word.len() + 1;
    }
    None
}

/// The first place, not before `at`, where a mention may begin.
fn next_place(text: &str, at: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let letter = |place: usize| {
        bytes.get(place).is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
    };
    let mut start = next_beginning(text, at)?;
    while start > 0 && letter(start - 1) && letter(start) {
        let inside = (start..).take_while(|place| letter(*place)).count();
        start = next_beginning(text, start + inside)?;
    }
    Some(start)
}

/// Whether there are only small letters, and signs that begin nothing or end a sentence. Whatever
/// begins with a small letter has a digit, a capital or another sign before the next space.
fn is_plain(word: &[u8]) -> bool {
    let word = word.strip_suffix(b".").unwrap_or(word);
    let plain = |byte: &u8| byte.is_ascii_lowercase() || b",;!?')".contains(byte);
    word.len() <= MAX_PLAIN_BYTES && word.iter().all(plain)
}

fn which(places: &Captures) -> Option<(MentionKind, Range<usize>)> {
    let mut kinds = PATTERNS.kinds.iter().enumerate();
    kinds.find_map(|(i, kind)| places.get_group(i + 1).map(|span| (*kind, span.range())))
}

/// How many bytes the character there has, which is stepped over to look behind it.
fn opening(text: &str, at: usize) -> usize {
    text[at..].chars().next().map_or(1, char::len_utf8)
}

/// Takes off what does not belong to the name; nothing if it is none.
fn trim(text: &str, kind: MentionKind, whole: Range<usize>) -> Option<Range<usize>> {
    let range = match kind {
        MentionKind::Url => trim_url(text, whole),
        MentionKind::Ip => is_address(&text[whole.clone()]).then_some(whole)?,
        MentionKind::Code if text[whole.clone()].starts_with('`') => whole.start + 1..whole.end - 1,
        MentionKind::Quote => trim_quote(text, whole)?,
        MentionKind::Name => trim_name(text, whole)?,
        _ => whole,
    };
    let said = &text[range.clone()];
    let chars = said.chars().take(MAX_NAME_CHARS + 1).count();
    ((MIN_NAME_CHARS..=MAX_NAME_CHARS).contains(&chars) && said.trim() == said).then_some(range)
}

fn trim_url(text: &str, whole: Range<usize>) -> Range<usize> {
    let url = text[whole.clone()]
        .trim_end_matches(['.', ',', ';', ':', '!', '?', '\'', '"', ']', '}', '*', '_']);
    let url = if url.contains('(') { url } else { url.trim_end_matches([')', '.', ',']) };
    whole.start..whole.start + url.len()
}

fn is_address(said: &str) -> bool {
    let (address, bits) = said.split_once('/').unwrap_or((said, "0"));
    let most = if address.contains(':') { 128 } else { 32 };
    address.parse::<std::net::IpAddr>().is_ok() && bits.parse::<u8>().is_ok_and(|bits| bits <= most)
}

/// A title has at most eight words and does not end as a sentence does.
fn trim_quote(text: &str, whole: Range<usize>) -> Option<Range<usize>> {
    let open = opening(text, whole.start);
    let inner = &text[whole.start + open..whole.end];
    let inner = inner.trim_end_matches(['"', '\u{201d}', '\u{bb}']);
    let start = whole.start + open + inner.len() - inner.trim_start().len();
    let title = inner.trim();
    let is_title =
        !title.ends_with(['.', ',', '!', '?', ';']) && title.split_whitespace().count() <= 8;
    is_title.then_some(start..start + title.len())
}

/// Takes off what has its capital for another reason, and the genitive.
fn trim_name(text: &str, whole: Range<usize>) -> Option<Range<usize>> {
    let opens = begins_sentence(text, whole.start);
    let words = pieces(text, whole);
    let first = words.iter().position(|(_, word)| !(is_i(word) || opens && is_common(word)))?;
    let last = words.iter().rposition(|(_, word)| !is_i(word))?;
    let (start, (end, word)) = (words[first].0, words[last]);
    let bare = word.strip_suffix("'s").or_else(|| word.strip_suffix("\u{2019}s")).unwrap_or(word);
    let bare = if first == last { bare.trim_end_matches('.') } else { bare };
    let no_name =
        first == last && (is_common(bare) || begins_sentence(text, start) && is_verb_like(bare));
    (!no_name).then_some(start..end + bare.len())
}

/// `I`, `I'm`, `I've`: always with a capital.
fn is_i(word: &str) -> bool {
    word.split(['\'', '\u{2019}']).next() == Some("I")
}

fn pieces(text: &str, whole: Range<usize>) -> Vec<(usize, &str)> {
    let words = text[whole.clone()].split(' ').scan(whole.start, |at, word| {
        *at += word.len() + 1;
        Some((*at - word.len() - 1, word))
    });
    words.collect()
}

/// Whether what stands at `at` begins a sentence, so that its capital says nothing.
fn begins_sentence(text: &str, at: usize) -> bool {
    let before = text[..at].trim_end_matches([' ', '\t', '"', '\u{201c}', '(', '*', '>', '-']);
    before.is_empty() || before.ends_with(['.', '!', '?', ':', '\n', '\r', '\u{2026}'])
}

/// Endings that a name at the beginning of a sentence seldom has.
fn is_verb_like(word: &str) -> bool {
    const ENDINGS: [&str; 7] = ["ing", "ed", "ly", "tions", "ful", "ous", "some"];
    word.len() > 4 && ENDINGS.iter().any(|ending| word.ends_with(ending))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::MentionKind::*;
    use super::{
        Input, MAX_MENTIONS, MentionKind, PATTERNS, find, mentions, next_beginning, next_place,
    };

    fn check(text: &str, expected: &[(&str, MentionKind)]) {
        let found = mentions(text);
        let found: Vec<_> =
            found.iter().map(|mention| (mention.name.as_str(), mention.kind)).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn names() {
        check(
            "When did Nora visit Ludwig van Beethoven's house?",
            &[("Nora", Name), ("Ludwig van Beethoven", Name)],
        );
        check(
            "Thanks! I think we met Dr. Ana Lima in New York.",
            &[("Dr. Ana Lima", Name), ("New York", Name)],
        );
        check(
            "Paul: Hey! Congratulations. Running is fun, Running Bear.",
            &[("Paul", Name), ("Running Bear", Name)],
        );
        check(
            "The University of Leeds and O'Neill",
            &[("University of Leeds", Name), ("O'Neill", Name)],
        );
        check("\u{c9}mile met \u{141}ukasz.", &[("\u{c9}mile", Name), ("\u{141}ukasz", Name)]);
    }

    #[test]
    fn titles_are_no_speech() {
        check("I read \"War and Peace\".", &[("War and Peace", Quote)]);
        check("She said \"Come here, Nora!\" to me.", &[("Nora", Name)]);
        check("\u{201c}The Wall\u{201d} is new.", &[("The Wall", Quote)]);
    }

    #[test]
    fn addresses_and_identifiers() {
        check(
            "see https://a.example/x?y=1). mail bob.b@example.co.uk",
            &[("https://a.example/x?y=1", Url), ("bob.b@example.co.uk", Email)],
        );
        check(
            "CVE-2024-1234 on 10.0.0.1 and fe80::1, not 999.1.1.1",
            &[("CVE-2024-1234", Cve), ("10.0.0.1", Ip), ("fe80::1", Ip)],
        );
        check(
            "d41d8cd98f00b204e9800998ecf8427e at evil.example.com",
            &[("d41d8cd98f00b204e9800998ecf8427e", Hash), ("evil.example.com", Host)],
        );
        check(
            "@nora posted #bread2go in /etc/hosts and src/main.rs",
            &[("@nora", User), ("#bread2go", Tag), ("/etc/hosts", Path), ("src/main.rs", Path)],
        );
        check(
            "call parse_all(), getName or std::mem::take, `x = 1`",
            &[("parse_all()", Code), ("getName", Code), ("std::mem::take", Code), ("x = 1", Code)],
        );
    }

    #[test]
    fn dates_and_amounts() {
        check(
            "on 2024-05-17 or 7 May 2023, May 8th, Monday, at 12:30",
            &[("2024-05-17", Date), ("7 May 2023", Date), ("May 8th", Date), ("Monday", Date)],
        );
        check(
            "$1,200.50, 40 %, 3.5 km and 12 million dollars",
            &[
                ("$1,200.50", Amount),
                ("40 %", Amount),
                ("3.5 km", Amount),
                ("12 million dollars", Amount),
            ],
        );
    }

    #[test]
    fn each_once_and_not_too_many() {
        check("Nora saw Nora and NORA.", &[("Nora", Name)]);
        let many: String = (0..100).map(|i| format!("host{i}.example.com, ")).collect();
        assert_eq!(mentions(&many).len(), MAX_MENTIONS);
        check(&format!("{} ok", "A".repeat(200)), &[]);
    }

    proptest! {
        #[test]
        fn no_mention_begins_in_a_plain_word(
            text in "([a-f]{1,9}|[a-z',;!?)]{1,5}|\\. |[ \t\n]|Nora|May|[0-9]{1,3}|[a-f0-9]{32,40}|[@#/`:.~_()\"$\u{201c}-]|http|com|rs|\\PC)*",
        ) {
            for (at, _) in text.char_indices() {
                let first = PATTERNS.all.find(Input::new(&text).range(at..)).map(|m| m.start());
                for may in [next_beginning(&text, at), next_place(&text, at)] {
                    prop_assert!(first.is_none_or(|first| may.is_some_and(|may| may <= first)));
                }
            }
            prop_assert_eq!(find(&text, 100, true), find(&text, 100, false));
        }
    }
}
