//! Numbers of a question, and what stands before them: `more than 16`, `at least 2`, `under 5`.

/// What a number is compared with.
#[derive(Clone, Copy)]
pub(super) enum Bound {
    Above(f64),
    Below(f64),
    AtLeast(f64),
    AtMost(f64),
    Is(f64),
}

impl Bound {
    pub(super) fn holds(self, number: f64) -> bool {
        match self {
            Self::Above(bound) => number > bound,
            Self::Below(bound) => number < bound,
            Self::AtLeast(bound) => number >= bound,
            Self::AtMost(bound) => number <= bound,
            Self::Is(bound) => (number - bound).abs() <= f64::EPSILON * bound.abs(),
        }
    }
}

/// Numbers of a question with what stands before them, and how they are written.
pub(super) fn bounds(said: &str) -> Vec<(Bound, String)> {
    let words: Vec<&str> = said.split_whitespace().collect();
    let bound = |(k, word): (usize, &&str)| {
        let number: f64 = word.parse().ok().filter(|n: &f64| n.is_finite())?;
        let before = |n: usize| k.checked_sub(n).and_then(|k| words.get(k)).copied();
        let bound = match (before(2), before(1)) {
            (Some("at"), Some("least")) => Bound::AtLeast(number),
            (Some("at"), Some("most")) => Bound::AtMost(number),
            (Some("more" | "greater" | "higher"), Some("than")) => Bound::Above(number),
            (Some("less" | "fewer" | "lower"), Some("than")) => Bound::Below(number),
            (_, Some("over" | "above")) => Bound::Above(number),
            (_, Some("under" | "below")) => Bound::Below(number),
            _ => Bound::Is(number),
        };
        Some((bound, (*word).to_owned()))
    };
    words.iter().enumerate().filter_map(bound).collect()
}
