//! Fenced code blocks of a text, with their language (CommonMark 4.5). Not a Markdown reader:
//! quotes and lists are not looked into.

use std::ops::Range;

/// At most so many blocks are told.
pub const MAX_CODE_BLOCKS: usize = 20;
/// A language's name is no longer.
pub const MAX_LANGUAGE_BYTES: usize = 40;

/// One fenced block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Code {
    /// The first word after the fence, lower-cased: `rust`.
    pub language: Option<String>,
    /// What stands between the fences.
    pub source: String,
    /// Where `source` stands, in bytes.
    pub range: Range<usize>,
}

/// A fence that is open: its sign, how many, its language, and where the code begins.
struct Open {
    sign: char,
    count: usize,
    language: Option<String>,
    start: usize,
}

/// The first [`MAX_CODE_BLOCKS`] fenced code blocks of `text`, in their order. A fence that is not
/// closed goes to the end.
pub fn code(text: &str) -> Vec<Code> {
    let mut found = Vec::new();
    let mut open: Option<Open> = None;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        open = match (open, fence(line)) {
            (None, Some((sign, count, info))) => {
                Some(Open { sign, count, language: language(info), start: at + line.len() })
            }
            (Some(fence), Some((sign, count, "")))
                if sign == fence.sign && count >= fence.count =>
            {
                found.push(block(text, fence, at));
                None
            }
            (open, _) => open,
        };
        if found.len() == MAX_CODE_BLOCKS {
            return found;
        }
        at += line.len();
    }
    found.extend(open.map(|open| block(text, open, text.len())));
    found
}

/// The sign of a fence, how many there are, and what follows.
fn fence(line: &str) -> Option<(char, usize, &str)> {
    let rest = line.trim_start_matches(' ');
    let sign = rest.chars().next().filter(|c| matches!(c, '`' | '~'))?;
    let info = rest.trim_start_matches(sign);
    let count = rest.len() - info.len();
    let fence = count >= 3 && line.len() - rest.len() <= 3 && !(sign == '`' && info.contains('`'));
    fence.then(|| (sign, count, info.trim()))
}

fn language(info: &str) -> Option<String> {
    let word = info.split(|c: char| c.is_whitespace() || matches!(c, ',' | '{')).next()?;
    (!word.is_empty() && word.len() <= MAX_LANGUAGE_BYTES).then(|| word.to_lowercase())
}

fn block(text: &str, open: Open, end: usize) -> Code {
    let range = open.start.min(end)..end;
    Code { language: open.language, source: text[range.clone()].to_owned(), range }
}

#[cfg(test)]
mod tests {
    use super::code;

    fn check(text: &str, expected: &[(Option<&str>, &str)]) {
        let found = code(text);
        let found: Vec<_> =
            found.iter().map(|code| (code.language.as_deref(), code.source.as_str())).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn fences_open_and_close() {
        check(
            "so:\n```Rust\nfn a() {}\n```\nand\n~~~\n```\n~~~\n",
            &[(Some("rust"), "fn a() {}\n"), (None, "```\n")],
        );
        check("````md\n```\n````", &[(Some("md"), "```\n")]);
        check("```python title\nx = 1", &[(Some("python"), "x = 1")]);
        check("```", &[(None, "")]);
        check("a ```b``` c\n    ```\nno", &[]);
    }
}
