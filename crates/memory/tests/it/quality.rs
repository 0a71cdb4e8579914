//! How well a memory finds what was said in conversations that no figure was tuned on:
//! `cargo test -p memory quality -- --nocapture` prints them.

use memory::evaluate::{Asked, Scores, scores};
use memory::{By, Config, Memory, Query, Scope, Weights};

use crate::dialogue::{Dialogue, Half, Question, dialogue};
use crate::{of_user, open, store};

/// One question in a hundred.
const MARGIN: f64 = 0.01;
const WORDS: Weights = Weights { text: 1.0, vector: 0.0, graph: 0.0 };
const VECTORS: Weights = Weights { text: 0.0, vector: 1.0, graph: 0.0 };
const GRAPH: Weights = Weights { text: 0.0, vector: 0.0, graph: 1.0 };

async fn told(case: &Dialogue, memory: &Memory) -> Vec<String> {
    let mut ids = Vec::new();
    for turn in &case.turns {
        let by = By { actor: "eval".into(), now: turn.at };
        let stored = memory.store(of_user(&turn.text, &turn.pair), &by).await.unwrap();
        ids.push(stored.item.id.to_string());
    }
    ids
}

fn judged(
    case: &Dialogue,
    memory: &Memory,
    ids: &[String],
    weights: Weights,
    kept: impl Fn(&Question) -> bool,
) -> Scores {
    let now = case.turns.iter().map(|turn| turn.at).max().unwrap();
    let mut asked = Vec::new();
    for question in case.questions.iter().filter(|question| kept(question)) {
        let scope = Scope { user_id: Some(question.pair.clone()), ..Scope::default() };
        let query = Query { scope, weights, reinforce: false, ..Query::new(&question.text) };
        let hits = memory.search(&query, now).unwrap().hits;
        let found: Vec<String> = hits.iter().map(|hit| hit.item.id.to_string()).collect();
        let wanted: Vec<String> = question.answers.iter().map(|k| ids[*k].clone()).collect();
        asked.push((wanted, found));
    }
    let asked: Vec<_> = asked.iter().map(|(wanted, found)| Asked { wanted, found }).collect();
    scores(&asked, &[1, 5, 10])
}

#[tokio::test]
async fn all_rankings_together_find_no_less_than_the_best_alone() {
    let folder = tempfile::tempdir().unwrap();
    let memory = open(&store(folder.path()), "acme", Config::default()).await;
    let case = dialogue(Half::Held);
    assert!(case.turns.len() > 500 && case.questions.len() > 300);
    let ids = told(&case, &memory).await;
    let of = |weights| judged(&case, &memory, &ids, weights, |_| true);
    let all = of(Weights::default());
    println!("together {all:?}");
    for (name, alone) in [("words", of(WORDS)), ("vectors", of(VECTORS)), ("graph", of(GRAPH))] {
        println!("{name:<8} {alone:?}");
        for (together, alone) in all.at.iter().zip(&alone.at) {
            assert!(together.any_hit >= alone.any_hit - MARGIN, "{name} at {}", alone.k);
            assert!(together.recall >= alone.recall - MARGIN, "{name} at {}", alone.k);
        }
        assert!(all.mean_reciprocal_rank >= alone.mean_reciprocal_rank - MARGIN, "{name}");
    }
    let dated = judged(&case, &memory, &ids, Weights::default(), |q| q.category == "dated");
    assert!(dated.at[2].any_hit > 0.9, "days that are named are found: {dated:?}");
    assert!(all.at[2].any_hit > 0.5, "plain BM25 had 0.35, ranks fused 0.28: {all:?}");
}
