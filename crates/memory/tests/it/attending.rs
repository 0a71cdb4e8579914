//! Attention: what a conversation's last questions found primes its next one, and nothing else.

use memory::evaluate::{Asked, Scores, scores};
use memory::{By, Config, MAX_CONVERSATIONS, MAX_NAME_BYTES, Memory, Query, Scope};

use crate::dialogue::{Dialogue, Half, Question, dialogue};
use crate::{NOW, by, of_user, open, said, store};

const MINUTE: i64 = 60_000_000;
/// Questions between a question and one about something else.
const FAR: usize = 7;

fn scope(user: &str) -> Scope {
    Scope { user_id: Some(user.into()), ..Scope::default() }
}

fn ask(
    memory: &Memory,
    question: &str,
    (user, attention): (&str, Option<&str>),
    now: i64,
) -> Vec<String> {
    let attention = attention.map(str::to_owned);
    let query = Query { scope: scope(user), attention, reinforce: false, ..Query::new(question) };
    memory.search(&query, now).unwrap().hits.iter().map(|hit| hit.item.text.clone()).collect()
}

/// Two evenings, told alike, in one user's memory.
async fn two_evenings(memory: &Memory) {
    for (k, text) in [
        "Ada: We had dinner at the harbour.",
        "Ben: Who came along?",
        "Ada: My cousin came along, in a red coat.",
    ]
    .into_iter()
    .chain((0..9).map(|_| "Ben: Fine."))
    .chain([
        "Ada: We went to the opera.",
        "Ben: Who came along?",
        "Ada: My neighbour came along, in a grey coat.",
    ])
    .enumerate()
    {
        let by = By { actor: "test".into(), now: NOW + k as i64 * MINUTE };
        memory.store(of_user(&format!("{text}{}", " ".repeat(k)), "u"), &by).await.unwrap();
    }
}

#[tokio::test]
async fn a_question_follows_the_one_before_it() {
    let folder = tempfile::tempdir().unwrap();
    let memory = open(&store(folder.path()), "acme", Config::default()).await;
    two_evenings(&memory).await;
    let now = NOW + 60 * MINUTE;
    let first = |about: &str, attention| {
        ask(&memory, about, ("u", attention), now);
        let found = ask(&memory, "in which coat did they come along", ("u", attention), now);
        found.into_iter().find(|text| text.contains("coat")).unwrap()
    };
    assert!(first("dinner at the harbour", Some("one")).contains("cousin"));
    assert!(first("the opera", Some("two")).contains("neighbour"));
    let alone = first("dinner at the harbour", None);
    assert_eq!(alone, first("the opera", None), "by itself a question stands alone");
}

#[tokio::test]
async fn attention_is_of_one_conversation_of_one_user_and_ends_with_a_pause() {
    let folder = tempfile::tempdir().unwrap();
    let memory = open(&store(folder.path()), "acme", Config::default()).await;
    two_evenings(&memory).await;
    let now = NOW + 60 * MINUTE;
    let primed = |user: &str, attention: &str, now: i64| {
        let query = Query {
            scope: scope(user),
            attention: Some(attention.into()),
            explain: true,
            reinforce: false,
            ..Query::new("coat")
        };
        let hits = memory.search(&query, now).unwrap().hits;
        hits.iter().filter_map(|hit| hit.why.as_ref()?.attention).fold(0.0, f32::max)
    };
    ask(&memory, "dinner at the harbour", ("u", Some("one")), now);
    assert_eq!(primed("u", "another", now), 0.0);
    assert_eq!(primed("v", "one", now), 0.0);
    let long = now + 31 * MINUTE;
    assert_eq!(primed("u", "one", long), 0.0, "a pause ends it");
    ask(&memory, "dinner at the harbour", ("u", Some("one")), now);
    assert!(primed("u", "one", now + 29 * MINUTE) > 0.0);
}

#[tokio::test]
async fn what_is_forgotten_is_not_attended_to() {
    let folder = tempfile::tempdir().unwrap();
    let memory = open(&store(folder.path()), "acme", Config::default()).await;
    let harbour = memory.store(said("dinner at the harbour"), &by(NOW)).await.unwrap().item.id;
    memory.store(said("an evening at the opera"), &by(NOW)).await.unwrap();
    let query = |text: &str| Query { attention: Some("one".into()), ..Query::new(text) };
    assert_eq!(memory.search(&query("harbour"), NOW).unwrap().hits[0].item.id, harbour);
    let next = memory.search(&query("zebra"), NOW).unwrap().hits;
    assert_eq!(next[0].item.id, harbour, "it is still in mind");
    let explained = Query { explain: true, ..query("zebra") };
    let next = memory.search(&explained, NOW).unwrap().hits;
    let active = next[0].why.as_ref().unwrap().attention;
    assert_eq!(active, Some(0.5), "what is found by attention alone fades");
    memory.delete(harbour, &by(NOW)).await.unwrap();
    let next = memory.search(&query("zebra"), NOW).unwrap().hits;
    assert!(next.iter().all(|hit| hit.item.id != harbour));
}

#[tokio::test]
async fn nothing_is_attended_to_when_everything_was_erased() {
    let folder = tempfile::tempdir().unwrap();
    let memory = open(&store(folder.path()), "acme", Config::default()).await;
    let query =
        |text: &str| Query { attention: Some("one".into()), explain: true, ..Query::new(text) };
    memory.store(said("dinner at the harbour"), &by(NOW)).await.unwrap();
    memory.search(&query("harbour"), NOW).unwrap();
    memory.erase_all().await.unwrap();
    memory.store(said("an evening at the opera"), &by(NOW)).await.unwrap();
    let hits = memory.search(&query("opera"), NOW).unwrap().hits;
    assert_eq!(hits[0].why.as_ref().unwrap().attention, None);
}

#[tokio::test]
async fn conversations_and_their_names_are_bounded() {
    let folder = tempfile::tempdir().unwrap();
    let memory = open(&store(folder.path()), "acme", Config::default()).await;
    memory.store(said("dinner at the harbour"), &by(NOW)).await.unwrap();
    let found = |name: &str, text: &str| {
        let query = Query { attention: Some(name.into()), explain: true, ..Query::new(text) };
        let hits = memory.search(&query, NOW)?.hits;
        Ok::<_, memory::MemoryError>(hits[0].why.as_ref().unwrap().attention)
    };
    assert_eq!(found("first", "harbour").unwrap(), None, "nothing was asked before");
    assert_eq!(found("first", "harbour").unwrap(), Some(1.0));
    for k in 0..MAX_CONVERSATIONS {
        found(&k.to_string(), "harbour").unwrap();
    }
    assert_eq!(found("first", "harbour").unwrap(), None, "the oldest went");
    assert_eq!(found(&(MAX_CONVERSATIONS - 1).to_string(), "harbour").unwrap(), Some(1.0));
    let page = Query { attention: Some("first".into()), offset: 1, ..Query::new("harbour") };
    assert!(memory.search(&page, NOW).unwrap_err().to_string().contains("offset"));
    let error = found(&"x".repeat(MAX_NAME_BYTES + 1), "harbour").unwrap_err().to_string();
    assert!(error.contains("attention") && error.contains(&MAX_NAME_BYTES.to_string()), "{error}");
}

/// What a question finds among the held-out conversations, after another or by itself.
struct Case {
    told: Dialogue,
    memory: Memory,
    now: i64,
}

impl Case {
    async fn open(folder: &std::path::Path) -> Self {
        let memory = open(&store(folder), "acme", Config::default()).await;
        let told = dialogue(Half::Held);
        for turn in &told.turns {
            let by = By { actor: "eval".into(), now: turn.at };
            memory.store(of_user(&turn.text, &turn.pair), &by).await.unwrap();
        }
        let now = told.turns.iter().map(|turn| turn.at).max().unwrap();
        Self { told, memory, now }
    }

    /// Scores of questions, each as it is worded and after the other where there is one.
    fn scores(&self, asked: &[(&Question, &str, Option<&Question>)]) -> Scores {
        let mut answered = Vec::new();
        for (k, (question, worded, before)) in asked.iter().enumerate() {
            let name = format!("{k}");
            let attention = before.map(|_| name.as_str());
            if let Some(before) = before {
                ask(&self.memory, &before.text, (&question.pair, attention), self.now);
            }
            let found = ask(&self.memory, worded, (&question.pair, attention), self.now);
            let wanted = question.answers.iter().map(|k| self.told.turns[*k].text.clone());
            answered.push((wanted.collect::<Vec<_>>(), found));
        }
        let answered: Vec<_> =
            answered.iter().map(|(wanted, found)| Asked { wanted, found }).collect();
        scores(&answered, &[1, 5, 10])
    }
}

#[tokio::test]
async fn who_asks_on_is_understood_and_who_asks_of_something_else_is_not_disturbed() {
    let folder = tempfile::tempdir().unwrap();
    let case = Case::open(folder.path()).await;
    let questions: Vec<&Question> =
        case.told.questions.iter().filter(|question| question.topic.is_some()).collect();
    let (mut same, mut other) = (Vec::new(), Vec::new());
    for (k, question) in questions.iter().enumerate() {
        let of_pair = |asked: &&&Question| asked.pair == question.pair;
        let before = questions[..k].last().filter(of_pair);
        if let Some(before) = before.filter(|before| before.topic == question.topic) {
            same.push((*question, question.further.as_deref().unwrap(), Some(*before)));
        }
        let mut far = questions.iter().cycle().skip(k + FAR).take(questions.len()).filter(of_pair);
        let far = far.find(|far| far.topic != question.topic).unwrap();
        other.push((*question, question.text.as_str(), Some(*far)));
    }
    let alone = |asked: &[_]| {
        let of = |&(question, worded, _): &(_, _, _)| (question, worded, None);
        case.scores(&asked.iter().map(of).collect::<Vec<_>>())
    };
    let (by_itself, attended) = (alone(&same), case.scores(&same));
    println!("who asks on: by itself {by_itself:?}\nattended {attended:?}");
    assert!(attended.mean_reciprocal_rank > 1.1 * by_itself.mean_reciprocal_rank);
    assert!(attended.at[2].any_hit >= by_itself.at[2].any_hit);
    let (by_itself, attended) = (alone(&other), case.scores(&other));
    println!("something else: by itself {by_itself:?}\nattended {attended:?}");
    assert!(attended.mean_reciprocal_rank > 0.97 * by_itself.mean_reciprocal_rank);
    // Two of 236 fall out of the first ten.
    assert!(attended.at[2].any_hit >= by_itself.at[2].any_hit - 0.02);
}
