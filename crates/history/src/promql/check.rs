//! From text to an expression that can be evaluated: what is wrong is told before any series is read.

use std::panic::catch_unwind;

use promql_parser::label::{MatchOp, Matchers};
use promql_parser::parser::value::ValueType;
use promql_parser::parser::{self, BinaryExpr, Call, Expr, VectorMatchFillValues, token};

use super::{QueryConfig, QueryError, call, select};

/// The longest time that a duration may be (seconds): as Go's, 292 years.
const MAX_SECONDS: f64 = 9_223_372_036.0;

pub(super) fn parse(text: &str, config: &QueryConfig) -> Result<Expr, QueryError> {
    let (found, limit) = (text.len(), config.max_text_bytes);
    if found > limit {
        return Err(QueryError::TooLong { found, limit });
    }
    let shape = Shape::of(text);
    let (found, limit) = (shape.depth(), config.max_depth);
    if found > limit {
        return Err(QueryError::TooDeep { found, limit });
    }
    if let Some(word) = shape.no_duration {
        return Err(wrong(format!("not a valid duration string: {word:?}")));
    }
    // A belt beside the braces: the parser is made for text that people wrote.
    let parsed = catch_unwind(|| parser::parse(text));
    let expr = parsed
        .unwrap_or_else(|_| Err("the parser cannot read this".to_owned()))
        .map_err(|problem| wrong(format!("invalid parameter \"query\": {problem}")))?;
    check(&expr)?;
    Ok(expr)
}

fn wrong(problem: String) -> QueryError {
    QueryError::Parse { problem }
}

/// What can be told of a text without reading it as a query.
#[derive(Default)]
struct Shape {
    operators: usize,
    nesting: usize,
    /// A number in the place of a duration that is none. The parser would panic.
    no_duration: Option<String>,
}

impl Shape {
    /// No expression is deeper.
    fn depth(&self) -> usize {
        self.operators + self.nesting
    }

    fn of(text: &str) -> Self {
        let mut shape = Self::default();
        let (mut open, mut square) = (0_usize, false);
        let mut previous = String::new();
        let mut rest = text;
        while let Some(char) = rest.chars().next() {
            let length = match char {
                '"' | '\'' | '`' => quoted(rest, char),
                '#' => rest.find('\n').unwrap_or(rest.len()),
                _ if is_word(char) => word(rest),
                _ => char.len_utf8(),
            };
            let (token, after) = rest.split_at(length);
            match char {
                '(' | '[' | '{' => {
                    open += 1;
                    shape.nesting = shape.nesting.max(open);
                    square |= char == '[';
                }
                ')' | ']' | '}' => {
                    open = open.saturating_sub(1);
                    square &= char != ']';
                }
                '+' | '-' | '*' | '/' | '%' | '^' | '<' | '>' | '=' | '!' | '@' => {
                    shape.operators += 1;
                }
                _ if is_word(char) => {
                    shape.word(token, square || previous.eq_ignore_ascii_case("offset"));
                }
                _ => {}
            }
            if is_word(char) {
                previous = token.to_owned();
            }
            rest = after;
        }
        shape
    }

    fn word(&mut self, word: &str, is_duration: bool) {
        const OPERATORS: [&str; 5] = ["and", "or", "unless", "atan2", "offset"];
        self.operators +=
            usize::from(OPERATORS.iter().any(|operator| word.eq_ignore_ascii_case(operator)));
        // What is no plain number has a unit, or is refused by the parser.
        let seconds = word.parse::<f64>();
        if is_duration && seconds.is_ok_and(|seconds| !(0.0..=MAX_SECONDS).contains(&seconds)) {
            self.no_duration = Some(word.to_owned());
        }
    }
}

fn is_word(char: char) -> bool {
    char.is_alphanumeric() || char == '_' || char == '.'
}

/// The length of a word; the sign of an exponent belongs to it.
fn word(text: &str) -> usize {
    let end = |from: usize| {
        text[from..].find(|char| !is_word(char)).map_or(text.len(), |length| from + length)
    };
    let length = end(0);
    let is_mantissa = text.starts_with(|char: char| char.is_ascii_digit() || char == '.')
        && !text.starts_with("0x")
        && text[..length].ends_with(['e', 'E']);
    if is_mantissa && text[length..].starts_with(['+', '-']) { end(length + 1) } else { length }
}

/// The length of a string with its quotes.
fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, char) in text.char_indices().skip(1) {
        if char == quote && !escaped {
            return at + char.len_utf8();
        }
        escaped = char == '\\' && !escaped && quote != '`';
    }
    text.len()
}

fn check(expr: &Expr) -> Result<(), QueryError> {
    match expr {
        Expr::Aggregate(aggregate) => {
            if [token::T_LIMITK, token::T_LIMIT_RATIO].contains(&aggregate.op.id()) {
                return unsupported(&format!("{} (experimental)", aggregate.op));
            }
            aggregate.param.as_deref().map_or(Ok(()), check)?;
            check(&aggregate.expr)
        }
        Expr::Unary(unary) => check(&unary.expr),
        Expr::Binary(binary) => {
            check_modifier(binary)?;
            check(&binary.lhs)?;
            check(&binary.rhs)
        }
        Expr::Paren(paren) => check(&paren.expr),
        Expr::Subquery(subquery) => {
            if subquery.expr.value_type() != ValueType::Vector {
                let found = subquery.expr.value_type();
                return Err(wrong(format!(
                    "subquery is only allowed on instant vector, got {found}"
                )));
            }
            check(&subquery.expr)
        }
        Expr::NumberLiteral(_) | Expr::StringLiteral(_) => Ok(()),
        Expr::VectorSelector(vector) => check_selector(&vector.matchers, vector),
        Expr::MatrixSelector(matrix) => check_selector(&matrix.vs.matchers, &matrix.vs),
        Expr::Call(call) => check_call(call),
        Expr::Extension(_) => unsupported("an extension"),
    }
}

fn unsupported<T>(what: &str) -> Result<T, QueryError> {
    Err(QueryError::Unsupported { what: what.to_owned() })
}

fn check_modifier(binary: &BinaryExpr) -> Result<(), QueryError> {
    let fills = binary.modifier.as_ref().map(|modifier| &modifier.fill_values);
    if fills.is_some_and(|fill| *fill != VectorMatchFillValues::default()) {
        return unsupported("fill, fill_left and fill_right");
    }
    Ok(())
}

fn check_selector(matchers: &Matchers, vector: &parser::VectorSelector) -> Result<(), QueryError> {
    if !matchers.or_matchers.is_empty() {
        return unsupported("\"or\" between label matchers");
    }
    // So that a pattern that is wrong is told at once.
    let is_regex = |op: &MatchOp| matches!(op, MatchOp::Re(_) | MatchOp::NotRe(_));
    if matchers.matchers.iter().any(|matcher| is_regex(&matcher.op)) {
        select::matchers(vector)?;
    }
    Ok(())
}

fn check_call(call: &Call) -> Result<(), QueryError> {
    if !call::is_known(call.func.name) {
        return unsupported(&format!("function {}()", call.func.name));
    }
    call.args.args.iter().try_for_each(|arg| check(arg))
}
