//! Texts with gaps: the part of Go's templates that alerting rules use.
//!
//! | gap | becomes |
//! | --- | --- |
//! | `{{ $value }}`, `{{ .Value }}` | the value of the alert |
//! | `{{ $labels.NAME }}`, `{{ .Labels.NAME }}` | a label of the series, empty where there is none |
//! | `{{ X \| humanize }}` | `1.235M`, `120m` |
//! | `{{ X \| humanize1024 }}` | `1.5Mi` |
//! | `{{ X \| humanizePercentage }}` | a ratio as `12.34%` |
//! | `{{ X \| humanizeDuration }}` | seconds as `1h 2m 3s` |
//! | `{{ X \| printf "%.2f" }}`, `{{ printf "%s: %.2f" A B }}` | `%s`, `%v`, `%d`, `%f`, `%.Nf`, `%%` |
//!
//! `{{-` and `-}}` take away the white space beside them. `%d` writes a number without its fraction,
//! where Go would write that it is no integer. Whatever else a template may say is an error when
//! the rule is read, not when it fires.
//!
//! Source: Prometheus, "Template reference"; Go, `text/template`.

mod number;
mod parse;

use crate::labels::Labels;

/// The longest template (bytes).
pub const MAX_TEMPLATE_BYTES: usize = 16 * 1024;

/// A text whose gaps are filled for each alert.
///
/// ```
/// use alert::{Labels, Template};
///
/// let template = Template::new("{{ $labels.job }} is at {{ $value | humanizePercentage }}")?;
/// let labels = Labels::from([("job", "api")]);
/// assert_eq!(template.expand(&labels, 0.125), "api is at 12.5%");
/// assert!(Template::new("{{ range .Labels }}").is_err());
/// # Ok::<(), alert::TemplateError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Template {
    source: String,
    parts: Vec<Part>,
}

/// What a template says that cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{{{{{action}}}}}: expected {expected}, found {found}")]
pub struct TemplateError {
    /// The gap in question.
    pub action: String,
    /// What would be right.
    pub expected: &'static str,
    /// What is there.
    pub found: String,
}

#[derive(Clone, Debug, PartialEq)]
enum Part {
    Text(String),
    Gap(Expression),
}

#[derive(Clone, Debug, PartialEq)]
enum Expression {
    Value,
    Label(String),
    Text(String),
    Number(f64),
    Humanize(Humanize, Box<Expression>),
    Printf(Vec<Piece>, Vec<Expression>),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Humanize {
    Thousands,
    Binary,
    Percentage,
    Duration,
}

/// A piece of a `printf` format; each but a text takes one argument.
#[derive(Clone, Debug, PartialEq)]
enum Piece {
    Text(String),
    Plain,
    Whole,
    Fixed(usize),
}

enum Filled {
    Text(String),
    Number(f64),
}

impl std::fmt::Display for Template {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.source)
    }
}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    ///
    /// The first gap that says what is not in the table above, or a text that is too long.
    pub fn new(source: &str) -> Result<Self, TemplateError> {
        Ok(Self { source: source.to_owned(), parts: parse::parts(source)? })
    }

    /// As it was written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Fills the gaps with the labels of a series and its value.
    pub fn expand(&self, labels: &Labels, value: f64) -> String {
        let part = |part: &Part| match part {
            Part::Text(text) => text.clone(),
            Part::Gap(expression) => expression.fill(labels, value).text(),
        };
        self.parts.iter().map(part).collect()
    }
}

impl Expression {
    fn fill(&self, labels: &Labels, value: f64) -> Filled {
        match self {
            Self::Value => Filled::Number(value),
            Self::Label(name) => Filled::Text(labels.get(name).to_owned()),
            Self::Text(text) => Filled::Text(text.clone()),
            Self::Number(number) => Filled::Number(*number),
            Self::Humanize(how, of) => Filled::Text(how.write(&of.fill(labels, value))),
            Self::Printf(pieces, arguments) => {
                let filled = arguments.iter().map(|argument| argument.fill(labels, value));
                Filled::Text(printf(pieces, filled))
            }
        }
    }
}

impl Humanize {
    fn write(self, of: &Filled) -> String {
        let Some(number) = of.number() else {
            return format!("<no number: {:?}>", of.text());
        };
        match self {
            Self::Thousands => number::humanize(number),
            Self::Binary => number::humanize_1024(number),
            Self::Percentage => number::humanize_percentage(number),
            Self::Duration => number::humanize_duration(number),
        }
    }
}

impl Filled {
    fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Number(number) => number::plain(*number),
        }
    }

    /// A label may be a number too.
    fn number(&self) -> Option<f64> {
        match self {
            Self::Text(text) => text.parse().ok(),
            Self::Number(number) => Some(*number),
        }
    }
}

fn printf(pieces: &[Piece], mut arguments: impl Iterator<Item = Filled>) -> String {
    let mut written = String::new();
    for piece in pieces {
        if let Piece::Text(text) = piece {
            written.push_str(text);
            continue;
        }
        // As many arguments as pieces that take one: so it was read.
        let Some(argument) = arguments.next() else { break };
        let as_number = |write: &dyn Fn(f64) -> String| {
            argument.number().map_or_else(|| argument.text(), write)
        };
        written.push_str(&match piece {
            Piece::Whole => as_number(&|number| number::fixed(number.trunc(), 0)),
            Piece::Fixed(precision) => as_number(&|number| number::fixed(number, *precision)),
            Piece::Plain | Piece::Text(_) => argument.text(),
        });
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expand(template: &str, value: f64) -> String {
        let labels = Labels::from([("instance", "a:80"), ("seconds", "90")]);
        Template::new(template).unwrap().expand(&labels, value)
    }

    #[test]
    fn gaps_are_filled() {
        for (template, expected) in [
            ("plain", "plain"),
            ("{{ $value }} of {{ $labels.instance }}", "1234.5 of a:80"),
            ("{{.Value}}{{.Labels.instance}}{{$labels.none}}", "1234.5a:80"),
            ("{{ $value | humanize }}", "1.234k"),
            ("{{ humanize $value }}", "1.234k"),
            ("{{ humanizeDuration $labels.seconds }}", "1m 30s"),
            ("{{ $value | printf \"%.2f\" }}", "1234.50"),
            (
                "{{ printf \"%s=%.0f %d%% %v\" $labels.instance $value $value 3 }}",
                "a:80=1234 1234% 3",
            ),
            ("{{ printf `%.1f` $value | printf \"<%s>\" }}", "<1234.5>"),
            ("a  {{- $value -}}  b", "a1234.5b"),
            ("{{ \"a\\\"b}}\" }}", "a\"b}}"),
        ] {
            assert_eq!(expand(template, 1234.5), expected, "{template}");
        }
    }

    #[test]
    fn what_is_not_known_is_told() {
        for (template, expected) in [
            ("{{ $value", "{{ $value}}: expected }} at the end, found nothing"),
            ("{{ }}", "{{ }}: expected a value, found nothing"),
            (
                "{{ if $value }}",
                "{{ if $value }}: expected $value, $labels.NAME, a text, a number or \
                one of humanize, humanize1024, humanizePercentage, humanizeDuration and printf, found if",
            ),
            (
                "{{ $value | title }}",
                "{{ $value | title }}: expected $value, $labels.NAME, a text, \
                a number or one of humanize, humanize1024, humanizePercentage, humanizeDuration and \
                printf, found title",
            ),
            (
                "{{ $value $value }}",
                "{{ $value $value }}: expected a function before other values, \
                found $value",
            ),
            ("{{ humanize }}", "{{ humanize }}: expected one value, found 0"),
            ("{{ $labels.a-b }}", "{{ $labels.a-b }}: expected a name of a label, found a-b"),
            (
                "{{ printf \"%q\" $value }}",
                "{{ printf \"%q\" $value }}: expected %s, %v, %d, %f, %.Nf \
                or %%, found %q",
            ),
            (
                "{{ printf \"%s\" }}",
                "{{ printf \"%s\" }}: expected as many values as the format takes, \
                found 0 for 1",
            ),
            (
                "{{ printf $value }}",
                "{{ printf $value }}: expected a format in quotes, found $value",
            ),
            ("{{ \"a }}", "{{ \"a }}}}: expected a quote at the end, found nothing"),
            ("{{ $value | }}", "{{ $value | }}: expected a value, found nothing"),
            ("{{ $value | 5 }}", "{{ $value | 5 }}: expected a function after |, found 5"),
        ] {
            let found = Template::new(template).map_err(|error| error.to_string());
            assert_eq!(found.map(|_| ()), Err(expected.to_owned()), "{template}");
        }
        assert!(Template::new(&"x".repeat(MAX_TEMPLATE_BYTES + 1)).is_err());
    }
}
