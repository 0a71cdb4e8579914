//! How good a search is: any-hit@k, recall@k and the mean reciprocal rank over questions whose
//! answers are known (Manning, Raghavan and Schütze, Introduction to Information Retrieval, 8).

use serde::Serialize;

/// What a search gave for one question, by what was wanted.
#[derive(Clone, Debug)]
pub struct Asked<'a> {
    /// The memories that answer it.
    pub wanted: &'a [String],
    /// What was found, best first.
    pub found: &'a [String],
}

/// Means over questions.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Scores {
    /// Questions.
    pub questions: usize,
    /// For each k: the share of questions with an answer among the first k, and the mean share of
    /// their answers that is there.
    pub at: Vec<At>,
    /// The mean of 1/rank of the first answer; 0 where there is none.
    pub mean_reciprocal_rank: f64,
}

/// Scores of the first k.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct At {
    /// How many were looked at.
    pub k: usize,
    /// Questions with an answer among them, as a share.
    pub any_hit: f64,
    /// The mean share of a question's answers among them.
    pub recall: f64,
}

/// The scores of questions that want something.
pub fn scores(asked: &[Asked<'_>], ks: &[usize]) -> Scores {
    let asked: Vec<_> = asked.iter().filter(|a| !a.wanted.is_empty()).collect();
    let mean = |value: &dyn Fn(&Asked<'_>) -> f64| {
        asked.iter().map(|a| value(a)).sum::<f64>() / asked.len().max(1) as f64
    };
    let at = |&k: &usize| At {
        k,
        any_hit: mean(&|a| f64::from(u8::from(a.hits(k) > 0))),
        recall: mean(&|a| a.hits(k) as f64 / a.wanted.len() as f64),
    };
    Scores {
        questions: asked.len(),
        at: ks.iter().map(at).collect(),
        mean_reciprocal_rank: mean(&|a| a.first().map_or(0.0, |rank| 1.0 / rank as f64)),
    }
}

impl Asked<'_> {
    /// How many of the answers are among the first `k`.
    fn hits(&self, k: usize) -> usize {
        let first = &self.found[..k.min(self.found.len())];
        self.wanted.iter().filter(|w| first.contains(w)).count()
    }

    /// The rank of the first answer, from 1.
    fn first(&self) -> Option<usize> {
        self.found.iter().position(|f| self.wanted.contains(f)).map(|k| k + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_are_those_of_a_worked_example() {
        let names = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let (wanted_a, found_a) = (names("a b"), names("x a b"));
        let (wanted_b, found_b) = (names("c"), names("x y z"));
        let asked = [
            Asked { wanted: &wanted_a, found: &found_a },
            Asked { wanted: &wanted_b, found: &found_b },
            Asked { wanted: &[], found: &found_b },
        ];
        let got = scores(&asked, &[1, 2, 3]);
        assert_eq!(got.questions, 2);
        let at: Vec<_> = got.at.iter().map(|at| (at.k, at.any_hit, at.recall)).collect();
        assert_eq!(at, [(1, 0.0, 0.0), (2, 0.5, 0.25), (3, 0.5, 0.5)]);
        assert_eq!(got.mean_reciprocal_rank, 0.25);
    }
}
