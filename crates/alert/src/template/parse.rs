//! Reads templates.

use std::str::Chars;

use super::{Expression, Humanize, MAX_TEMPLATE_BYTES, Part, Piece, TemplateError};
use crate::labels::is_label_name;

/// The most digits after the point that `%.Nf` may ask for.
const MAX_PRECISION: usize = 17;

const KNOWN: &str = "$value, $labels.NAME, a text, a number or one of humanize, humanize1024, \
                     humanizePercentage, humanizeDuration and printf";

pub(super) fn parts(source: &str) -> Result<Vec<Part>, TemplateError> {
    if source.len() > MAX_TEMPLATE_BYTES {
        let found = format!("{} bytes", source.len());
        return Err(error("...", "a template of at most 16 KiB", &found));
    }
    let mut parts = Vec::new();
    let (mut rest, mut trims) = (source, false);
    loop {
        let (text, inner) = rest.split_once("{{").map_or((rest, None), |(t, gap)| (t, Some(gap)));
        let text = if trims { text.trim_start() } else { text };
        let Some(inner) = inner else {
            parts.push(Part::Text(text.to_owned()));
            return Ok(parts);
        };
        let spaced = |inner: &&str| inner.starts_with(char::is_whitespace);
        let (text, inner) = match inner.strip_prefix('-').filter(spaced) {
            Some(inner) => (text.trim_end(), inner),
            None => (text, inner),
        };
        parts.push(Part::Text(text.to_owned()));
        let gap = gap(inner)?;
        parts.push(Part::Gap(pipeline(gap.action, &gap.tokens)?));
        (rest, trims) = (gap.after, gap.trims);
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Bar,
    Word(String),
    Text(String),
}

impl Token {
    fn shown(&self) -> &str {
        match self {
            Self::Bar => "|",
            Self::Word(text) | Self::Text(text) => text,
        }
    }
}

/// What stands between `{{` and `}}`.
struct Gap<'a> {
    tokens: Vec<Token>,
    action: &'a str,
    /// White space after it is taken away.
    trims: bool,
    after: &'a str,
}

fn gap(source: &str) -> Result<Gap<'_>, TemplateError> {
    let mut tokens = Vec::new();
    let mut chars = source.chars();
    loop {
        let rest = chars.as_str();
        let action = &source[..source.len() - rest.len()];
        if let Some(after) = rest.strip_prefix("}}") {
            return Ok(Gap { tokens, action, trims: false, after });
        }
        if let Some(after) = rest.strip_prefix("-}}")
            && action.ends_with(char::is_whitespace)
        {
            return Ok(Gap { tokens, action, trims: true, after });
        }
        match chars.next() {
            None => return Err(error(source, "}} at the end", "nothing")),
            Some('|') => tokens.push(Token::Bar),
            Some(quote @ ('"' | '`')) => {
                tokens.push(Token::Text(quoted(source, quote, &mut chars)?))
            }
            Some(c) if c.is_whitespace() => {}
            Some(_) => {
                let ends = |c: char| c.is_whitespace() || matches!(c, '|' | '}' | '"' | '`');
                // The first belongs to it, whatever it is.
                let first = rest.len() - chars.as_str().len();
                let length = chars.as_str().find(ends).unwrap_or(chars.as_str().len()) + first;
                tokens.push(Token::Word(rest[..length].to_owned()));
                chars = rest[length..].chars();
            }
        }
    }
}

fn quoted(source: &str, quote: char, chars: &mut Chars<'_>) -> Result<String, TemplateError> {
    let mut text = String::new();
    loop {
        match chars.next() {
            None => return Err(error(source, "a quote at the end", "nothing")),
            Some(c) if c == quote => return Ok(text),
            Some('\\') if quote == '"' => match chars.next() {
                Some('n') => text.push('\n'),
                Some('t') => text.push('\t'),
                Some(c @ ('"' | '\\')) => text.push(c),
                other => {
                    let found = other.map_or("nothing".to_owned(), |c| format!("\\{c}"));
                    return Err(error(source, "\\n, \\t, \\\" or \\\\", &found));
                }
            },
            Some(c) => text.push(c),
        }
    }
}

/// Commands with bars between them: each is given what the one before it came to.
fn pipeline(action: &str, tokens: &[Token]) -> Result<Expression, TemplateError> {
    let mut result = None;
    for tokens in tokens.split(|token| *token == Token::Bar) {
        result = Some(command(action, tokens, result)?);
    }
    result.ok_or_else(|| error(action, "a value", "nothing"))
}

fn command(
    action: &str,
    tokens: &[Token],
    piped: Option<Expression>,
) -> Result<Expression, TemplateError> {
    let Some((first, rest)) = tokens.split_first() else {
        return Err(error(action, "a value", "nothing"));
    };
    let name = if let Token::Word(name) = first { name.as_str() } else { "" };
    let arguments = |rest: &[Token]| -> Result<Vec<Expression>, TemplateError> {
        rest.iter().map(|token| value(action, token)).chain(piped.clone().map(Ok)).collect()
    };
    let how = match name {
        "humanize" => Humanize::Thousands,
        "humanize1024" => Humanize::Binary,
        "humanizePercentage" => Humanize::Percentage,
        "humanizeDuration" => Humanize::Duration,
        "printf" => return printf(action, rest, arguments),
        _ => {
            let value = value(action, first)?;
            return match (rest.first(), piped) {
                (Some(more), _) => {
                    Err(error(action, "a function before other values", more.shown()))
                }
                (None, Some(_)) => Err(error(action, "a function after |", first.shown())),
                (None, None) => Ok(value),
            };
        }
    };
    let mut arguments = arguments(rest)?;
    match (arguments.pop(), arguments.is_empty()) {
        (Some(of), true) => Ok(Expression::Humanize(how, Box::new(of))),
        (last, _) => {
            let found = arguments.len() + usize::from(last.is_some());
            Err(error(action, "one value", &found.to_string()))
        }
    }
}

fn value(action: &str, token: &Token) -> Result<Expression, TemplateError> {
    let word = match token {
        Token::Text(text) => return Ok(Expression::Text(text.clone())),
        Token::Bar => return Err(error(action, "a value", "|")),
        Token::Word(word) => word.as_str(),
    };
    if matches!(word, "$value" | ".Value") {
        return Ok(Expression::Value);
    }
    if let Some(name) = word.strip_prefix("$labels.").or_else(|| word.strip_prefix(".Labels.")) {
        return match is_label_name(name) {
            true => Ok(Expression::Label(name.to_owned())),
            false => Err(error(action, "a name of a label", name)),
        };
    }
    let is_number = word.starts_with(|c: char| c.is_ascii_digit() || c == '-');
    match word.parse() {
        Ok(number) if is_number => Ok(Expression::Number(number)),
        _ => Err(error(action, KNOWN, word)),
    }
}

fn printf(
    action: &str,
    tokens: &[Token],
    arguments: impl Fn(&[Token]) -> Result<Vec<Expression>, TemplateError>,
) -> Result<Expression, TemplateError> {
    let (format, rest) = match tokens.split_first() {
        Some((Token::Text(format), rest)) => (format, rest),
        other => {
            let found = other.map_or("nothing", |(token, _)| token.shown());
            return Err(error(action, "a format in quotes", found));
        }
    };
    let (pieces, arguments) = (pieces(action, format)?, arguments(rest)?);
    let n_taken = pieces.iter().filter(|piece| !matches!(piece, Piece::Text(_))).count();
    if n_taken != arguments.len() {
        let found = format!("{} for {n_taken}", arguments.len());
        return Err(error(action, "as many values as the format takes", &found));
    }
    Ok(Expression::Printf(pieces, arguments))
}

fn pieces(action: &str, format: &str) -> Result<Vec<Piece>, TemplateError> {
    let mut pieces = Vec::new();
    let mut parts = format.split('%');
    pieces.push(Piece::Text(parts.next().unwrap_or_default().to_owned()));
    while let Some(part) = parts.next() {
        if part.is_empty() {
            // Two in a row are one that is meant.
            let text = parts.next().unwrap_or_default();
            pieces.push(Piece::Text(format!("%{text}")));
            continue;
        }
        let digits: String = part
            .strip_prefix('.')
            .map_or("", |rest| rest)
            .chars()
            .take_while(char::is_ascii_digit)
            .collect();
        let verb_at = if part.starts_with('.') { digits.len() + 1 } else { 0 };
        let verb = part[verb_at..].chars().next();
        let precision = digits.parse().ok().filter(|precision| *precision <= MAX_PRECISION);
        pieces.push(match (verb, part.starts_with('.'), precision) {
            (Some('s' | 'v'), false, _) => Piece::Plain,
            (Some('d'), false, _) => Piece::Whole,
            (Some('f'), false, _) => Piece::Fixed(6),
            (Some('f'), true, Some(precision)) => Piece::Fixed(precision),
            _ => {
                let shown: String = part.chars().take(verb_at + 1).collect();
                return Err(error(action, "%s, %v, %d, %f, %.Nf or %%", &format!("%{shown}")));
            }
        });
        pieces.push(Piece::Text(part[verb_at + 1..].to_owned()));
    }
    Ok(pieces)
}

fn error(action: &str, expected: &'static str, found: &str) -> TemplateError {
    const SHOWN: usize = 100;
    let action = action.chars().take(SHOWN).collect();
    TemplateError { action, expected, found: found.chars().take(SHOWN).collect() }
}
