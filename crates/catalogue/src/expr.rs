//! Expressions of the table. Every selector carries its braces and braces mean nothing else, so
//! that labels can be put into each selector without parsing; `$w` is the window of rates.

use crate::metric::{Kind, Metric};

/// A series that whoever scrapes makes: 1 where the scrape was answered.
pub const UP: &str = "up";

/// Sets the window of rates.
pub fn with_window(expr: &str, window: &str) -> String {
    expr.replace("$w", window)
}

/// Puts matchers into every selector.
pub fn with_matchers(expr: &str, matchers: &str) -> String {
    let mut text = String::with_capacity(expr.len() + 64);
    let mut rest = expr;
    while let Some((before, after)) = rest.split_once('{') {
        text.push_str(before);
        text.push('{');
        text.push_str(matchers);
        if !after.starts_with('}') {
            text.push(',');
        }
        rest = after;
    }
    text + rest
}

/// Whether an expression says its windows itself.
pub fn window_free(expr: &str) -> bool {
    !expr.contains("$w")
}

/// The metrics that an expression selects.
pub fn metrics_in(expr: &str) -> Vec<String> {
    let part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    let before = |at: usize| expr[..at].rsplit(|c| !part(c)).next().unwrap_or_default();
    expr.match_indices('{').map(|(at, _)| before(at).to_owned()).collect()
}

/// Whether a series of that name is emitted.
pub fn is_known(series: &str) -> bool {
    let part = |suffix: &str| series.strip_suffix(suffix).and_then(Metric::named);
    let histogram = |suffix| part(suffix).is_some_and(|m| matches!(m.kind, Kind::Histogram(_)));
    let plain = Metric::named(series).is_some_and(|m| !matches!(m.kind, Kind::Histogram(_)));
    series == UP
        || plain
        || ["_bucket", "_sum", "_count"].into_iter().any(histogram)
        || crate::slo::records().iter().any(|record| record.name == series)
}

#[cfg(test)]
mod tests {
    use super::{is_known, metrics_in, with_matchers, with_window};

    #[test]
    fn labels_go_into_every_selector() {
        let expr = r#"sum(rate(a_total{}[$w])) / b{x="1"} > 0"#;
        let expected = r#"sum(rate(a_total{job="j"}[5m])) / b{job="j",x="1"} > 0"#;
        assert_eq!(with_matchers(&with_window(expr, "5m"), r#"job="j""#), expected);
        assert_eq!(metrics_in(expr), ["a_total", "b"]);
    }

    #[test]
    fn parts_of_histograms_are_known_and_the_histogram_is_not() {
        assert!(is_known("striatum_request_duration_seconds_bucket"));
        assert!(!is_known("striatum_request_duration_seconds"));
        assert!(is_known("striatum_requests_total") && !is_known("striatum_requests"));
    }
}
