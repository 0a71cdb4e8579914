//! How well words, vectors and both together find what answers a question. `cargo test -p text
//! retrieval -- --nocapture` prints the figures of `docs/decisions/0023-encoder.md`.
//!
//! `conversation.txt` was written for this test, questions in other words than the turns;
//! `documentation.txt` has titles and sections of the Rust documentation.

use std::fmt;

use text::{Encoder, Postings, encoder, postings};

/// Reciprocal rank fusion: Cormack, Clarke, Büttcher 2009.
const FUSION: f64 = 60.0;
/// Convex combination of scores over the best: Bruch, Gai, Ingber 2023.
const SHARE_OF_WORDS: f64 = 0.3;

struct Set {
    texts: Vec<String>,
    questions: Vec<(String, Vec<usize>)>,
}

fn read(file: &str) -> Set {
    let mut set = Set { texts: Vec::new(), questions: Vec::new() };
    for line in file.lines() {
        match line.split_once(' ') {
            Some(("T", text)) => set.texts.push(text.to_owned()),
            Some(("Q", question)) => {
                let (question, turns) = question.split_once(" | ").unwrap_or((question, ""));
                let turns: Vec<usize> = turns
                    .split_whitespace()
                    .map(|turn| turn.parse::<usize>().unwrap() - 1)
                    .collect();
                let turns = if turns.is_empty() { vec![set.texts.len()] } else { turns };
                set.questions.push((question.to_owned(), turns));
            }
            _ => {}
        }
    }
    set
}

#[derive(Clone, Copy)]
struct Quality {
    hit: [f64; 3],
    mrr: f64,
}

impl fmt::Display for Quality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [one, five, ten] = self.hit;
        write!(f, "any hit @1 {one:.3}, @5 {five:.3}, @10 {ten:.3}, MRR {:.3}", self.mrr)
    }
}

/// Judges the order of the texts for each question.
fn judge(set: &Set, order: impl Fn(&str) -> Vec<usize>) -> Quality {
    let mut quality = Quality { hit: [0.0; 3], mrr: 0.0 };
    let each = 1.0 / set.questions.len() as f64;
    for (question, sought) in &set.questions {
        if let Some(place) = order(question).iter().position(|text| sought.contains(text)) {
            quality.mrr += each / (place + 1) as f64;
            for (hit, k) in quality.hit.iter_mut().zip([1, 5, 10]) {
                *hit += if place < k { each } else { 0.0 };
            }
        }
    }
    quality
}

fn dot(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(a, b)| f64::from(a * b)).sum()
}

fn best(scores: Vec<f64>) -> Vec<usize> {
    let mut order: Vec<usize> = (0..scores.len()).filter(|i| scores[*i] > 0.0).collect();
    order.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]));
    order
}

struct Found {
    words: Quality,
    vectors: Quality,
    by_rank: Quality,
    by_score: Quality,
}

fn measure(name: &str, file: &str) -> Found {
    let set = read(file);
    let mut by_words = Postings::new(postings::Config::default()).unwrap();
    // As the decision's table has it.
    let config = encoder::Config { dimensions: 256, ..encoder::Config::default() };
    let encoder = Encoder::new(config).unwrap();
    set.texts.iter().enumerate().for_each(|(id, text)| {
        by_words.insert(id as u32, text);
    });
    let vectors: Vec<Vec<f32>> = set.texts.iter().map(|text| encoder.encode(text)).collect();
    let words = |question: &str| -> Vec<usize> {
        by_words
            .search_words(question, set.texts.len(), None, false)
            .iter()
            .map(|hit| hit.id as usize)
            .collect()
    };
    let meaning = |question: &str| {
        let sought = encoder.encode(question);
        best(vectors.iter().map(|vector| 2.0 + dot(vector, &sought)).collect())
    };
    let fused = |question: &str| {
        let mut scores = vec![0.0; set.texts.len()];
        for order in [words(question), meaning(question)] {
            order
                .iter()
                .enumerate()
                .for_each(|(place, text)| scores[*text] += 1.0 / (FUSION + 1.0 + place as f64));
        }
        best(scores)
    };
    let summed = |question: &str| {
        let sought = encoder.encode(question);
        let angles = vectors.iter().map(|vector| 1.0 + dot(vector, &sought));
        let mut scores: Vec<f64> = angles.map(|angle| (1.0 - SHARE_OF_WORDS) * angle).collect();
        let hits = by_words.search_words(question, set.texts.len(), None, false);
        let most = hits.first().map_or(1.0, |hit| f64::from(hit.score));
        hits.iter().for_each(|hit| {
            scores[hit.id as usize] += SHARE_OF_WORDS * f64::from(hit.score) / most
        });
        best(scores)
    };
    let found = Found {
        words: judge(&set, words),
        vectors: judge(&set, meaning),
        by_rank: judge(&set, fused),
        by_score: judge(&set, summed),
    };
    println!("{name}: {} texts, {} questions", set.texts.len(), set.questions.len());
    for (what, quality) in [
        ("BM25", found.words),
        ("encoder", found.vectors),
        ("both, by rank", found.by_rank),
        ("both, by score", found.by_score),
    ] {
        println!("  {what:<16}{quality}");
    }
    found
}

#[test]
fn spelling_adds_to_words_in_a_conversation() {
    let found = measure("conversation", include_str!("../data/conversation.txt"));
    assert!(found.words.mrr > found.vectors.mrr && found.words.mrr > 0.27);
    assert!(found.by_rank.mrr > found.words.mrr && found.by_score.mrr > found.words.mrr);
}

#[test]
fn words_find_titles_that_vectors_miss() {
    let found = measure("documentation", include_str!("../data/documentation.txt"));
    assert!(found.words.mrr > found.vectors.mrr && found.words.mrr > 0.72);
    assert!(found.by_rank.mrr > found.vectors.mrr + 0.05 && found.vectors.mrr > 0.59);
    assert!(found.by_score.mrr > found.vectors.mrr);
}
