//! What `eval` reads: JSON lines of memories and questions, or LoCoMo's own JSON (Maharana and
//! others 2024, `locomo10.json`). Everything that is wrong is told at once.

use std::collections::HashSet;
use std::path::Path;

use anyhow::{Context, Result, bail};
use memory::{Scope, Time, moment};
use serde::Deserialize;
use serde_json::Value;

/// The largest file.
const MAX_FILE_BYTES: u64 = 512 << 20;
/// Problems of a file that are told.
const MAX_PROBLEMS: usize = 20;
/// Time between two turns of a session (microseconds).
const APART: Time = 20_000_000;

/// Memories, and questions whose answers are known.
#[derive(Debug, Default)]
pub(super) struct Case {
    /// What was read, and what was left out.
    pub(super) read: Vec<String>,
    pub(super) memories: Vec<Told>,
    pub(super) questions: Vec<Question>,
}

/// A memory under a name of the file's.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) name: String,
    pub(super) text: String,
    pub(super) at: Option<Time>,
    pub(super) scope: Scope,
    pub(super) tags: Vec<String>,
    pub(super) mentions: Vec<String>,
}

/// A question and the names of the memories that answer it.
#[derive(Debug)]
pub(super) struct Question {
    pub(super) text: String,
    pub(super) answers: Vec<String>,
    pub(super) category: Option<String>,
    pub(super) scope: Scope,
}

/// A line: one of the two.
#[derive(Deserialize)]
#[serde(untagged)]
enum Line {
    Memory(MemoryLine),
    Question(QuestionLine),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MemoryLine {
    memory: MemorySpec,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MemorySpec {
    id: String,
    text: String,
    user_id: Option<String>,
    agent_id: Option<String>,
    run_id: Option<String>,
    /// When it was told, RFC 3339.
    at: Option<String>,
    #[serde(default)]
    tags: Vec<String>,
    #[serde(default)]
    mentions: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct QuestionLine {
    question: String,
    answers: Vec<String>,
    category: Option<Value>,
    user_id: Option<String>,
    agent_id: Option<String>,
    run_id: Option<String>,
}

/// A conversation of LoCoMo: sessions by name, each a list of turns; its questions.
#[derive(Deserialize)]
struct Sample {
    sample_id: Option<String>,
    conversation: serde_json::Map<String, Value>,
    #[serde(default)]
    qa: Vec<Qa>,
}

#[derive(Deserialize)]
struct Turn {
    speaker: String,
    dia_id: String,
    #[serde(default)]
    text: String,
    /// What a picture shows that was sent along.
    blip_caption: Option<String>,
}

#[derive(Deserialize)]
struct Qa {
    question: Value,
    #[serde(default)]
    evidence: Vec<String>,
    category: Option<Value>,
}

pub(super) fn file(path: &Path) -> Result<Case> {
    let name = || path.display().to_string();
    let size = std::fs::metadata(path).with_context(name)?.len();
    if size > MAX_FILE_BYTES {
        bail!("{}: {size} bytes, expected at most {MAX_FILE_BYTES}", name());
    }
    text(&std::fs::read_to_string(path).with_context(name)?).with_context(name)
}

/// Reads a file by its shape.
pub(super) fn text(text: &str) -> Result<Case> {
    let case = match serde_json::from_str::<Value>(text) {
        Ok(Value::Array(samples)) => locomo(samples)?,
        Ok(sample) if sample.get("conversation").is_some() => locomo(vec![sample])?,
        _ => lines(text)?,
    };
    if case.memories.is_empty() || case.questions.is_empty() {
        let (memories, questions) = (case.memories.len(), case.questions.len());
        bail!("{memories} memories and {questions} questions, expected one of each at least");
    }
    Ok(case)
}

fn lines(text: &str) -> Result<Case> {
    let mut case = Case::default();
    let mut problems = Vec::new();
    for (k, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        if let Err(problem) = case.line(line) {
            problems.push(format!("line {}: {problem}", k + 1));
        }
    }
    let mut names = HashSet::new();
    let twice = case.memories.iter().filter(|told| !names.insert(&*told.name));
    problems.extend(twice.map(|told| format!("memory {:?} is there twice", told.name)));
    for question in &case.questions {
        let unknown = question.answers.iter().filter(|name| !names.contains(name.as_str()));
        let said = |name| format!("question {:?}: there is no memory {name:?}", question.text);
        problems.extend(unknown.map(said));
    }
    if !problems.is_empty() {
        let n = problems.len();
        problems.truncate(MAX_PROBLEMS);
        bail!("{n} problems:\n{}", problems.join("\n"));
    }
    let (memories, questions) = (case.memories.len(), case.questions.len());
    case.read = vec![format!("read      {memories} memories, {questions} questions")];
    Ok(case)
}

impl Case {
    fn line(&mut self, line: &str) -> Result<(), String> {
        let value: Value = serde_json::from_str(line).map_err(|e| e.to_string())?;
        match serde_json::from_value(value) {
            Ok(Line::Memory(MemoryLine { memory })) => {
                let read = |at: String| {
                    let expected = "expected a time as 2026-11-21T10:30:00Z";
                    moment::read(&at).ok_or_else(|| format!("at: {at:?}, {expected}"))
                };
                let MemorySpec { user_id, agent_id, run_id, .. } = memory;
                self.memories.push(Told {
                    name: memory.id,
                    text: memory.text,
                    at: memory.at.map(read).transpose()?,
                    scope: Scope { user_id, agent_id, run_id },
                    tags: memory.tags,
                    mentions: memory.mentions,
                });
            }
            Ok(Line::Question(question)) => {
                let QuestionLine { user_id, agent_id, run_id, .. } = question;
                self.questions.push(Question {
                    text: question.question,
                    answers: question.answers,
                    category: question.category.as_ref().map(name),
                    scope: Scope { user_id, agent_id, run_id },
                });
            }
            Err(_) => {
                return Err("expected {\"memory\": {\"id\": ..., \"text\": ...}} or \
                            {\"question\": ..., \"answers\": [...]}"
                    .into());
            }
        }
        Ok(())
    }
}

/// A category: a text, or a number as LoCoMo has them.
fn name(category: &Value) -> String {
    category.as_str().map_or_else(|| category.to_string(), str::to_owned)
}

fn locomo(samples: Vec<Value>) -> Result<Case> {
    let mut case = Case::default();
    let n = samples.len();
    let (mut unknown, mut without) = (0, 0);
    for (k, sample) in samples.into_iter().enumerate() {
        let sample: Sample = serde_json::from_value(sample)
            .with_context(|| format!("sample {k}: expected LoCoMo's `conversation` and `qa`"))?;
        let user = sample.sample_id.clone().unwrap_or_else(|| format!("sample-{k}"));
        let scope = Scope { user_id: Some(user.clone()), ..Scope::default() };
        let mut turns = HashSet::new();
        for (turn, at) in turns_of(&sample).with_context(|| format!("sample {k}"))? {
            let name = format!("{user}/{}", dialogue(&turn.dia_id).unwrap_or(turn.dia_id.clone()));
            let shown = turn.blip_caption.map(|c| format!(" [a picture: {c}]")).unwrap_or_default();
            let text = format!("{}: {}{shown}", turn.speaker, turn.text);
            if turns.insert(name.clone()) {
                let (tags, mentions) = (Vec::new(), Vec::new());
                let told = Told { name, text, at, scope: scope.clone(), tags, mentions };
                case.memories.push(told);
            }
        }
        for qa in &sample.qa {
            // Some evidence names two turns in one text.
            let named = qa.evidence.iter().flat_map(|e| e.split([';', ',', ' ']));
            let named = named
                .filter(|e| !e.is_empty())
                .map(|e| format!("{user}/{}", dialogue(e).unwrap_or_default()));
            let (answers, lost): (Vec<_>, Vec<_>) = named.partition(|name| turns.contains(name));
            unknown += lost.len();
            without += usize::from(answers.is_empty());
            case.questions.push(Question {
                text: self::name(&qa.question),
                answers,
                category: qa.category.as_ref().map(name),
                scope: scope.clone(),
            });
        }
    }
    let (memories, questions) = (case.memories.len(), case.questions.len());
    case.read = vec![
        format!("read      LoCoMo: {n} conversations, {memories} turns, {questions} questions"),
        format!(
            "left out  {without} questions without evidence, {unknown} names of turns that are not there"
        ),
    ];
    Ok(case)
}

/// The turns of a conversation, session by session, each with when it was said: its session's time
/// and [`APART`] for each turn before it.
fn turns_of(sample: &Sample) -> Result<Vec<(Turn, Option<Time>)>> {
    let number = |name: &str| name.strip_prefix("session_")?.parse::<u32>().ok();
    let sessions = sample.conversation.iter().filter(|(_, turns)| turns.is_array());
    let mut sessions: Vec<_> =
        sessions.filter_map(|(name, turns)| Some((number(name)?, turns))).collect();
    sessions.sort_by_key(|(number, _)| *number);
    let mut all = Vec::new();
    for (number, turns) in sessions {
        let turns: Vec<Turn> = serde_json::from_value(turns.clone()).with_context(|| {
            format!("session_{number}: expected turns of `speaker`, `dia_id` and `text`")
        })?;
        let begins = sample.conversation.get(&format!("session_{number}_date_time"));
        let begins = begins.and_then(Value::as_str).and_then(moment::spoken);
        let at = |k: usize| begins.map(|begins| begins + k as Time * APART);
        all.extend(turns.into_iter().enumerate().map(|(k, turn)| (turn, at(k))));
    }
    Ok(all)
}

/// The name of a turn, `D1:3`, however it is written.
fn dialogue(text: &str) -> Option<String> {
    let (session, turn) = text.trim().strip_prefix('D')?.split_once(':')?;
    let (session, turn): (u32, u32) = (session.parse().ok()?, turn.parse().ok()?);
    Some(format!("D{session}:{turn}"))
}

#[cfg(test)]
mod tests {
    use super::text;
    use proptest::prelude::*;

    #[test]
    fn lines_are_read_and_all_problems_told() {
        let read = text(
            r#"{"memory": {"id": "m1", "text": "a", "user_id": "u", "at": "2026-01-31T10:00:00Z"}}
               {"question": "b?", "answers": ["m1"], "category": 3}"#,
        )
        .unwrap();
        assert_eq!(read.memories[0].scope.user_id.as_deref(), Some("u"));
        assert_eq!(read.questions[0].category.as_deref(), Some("3"));
        let error = text(
            r#"{"memory": {"id": "m1", "text": "a"}}
               {"memory": {"id": "m1", "text": "b", "at": "yesterday"}}
               {"memory": {"id": "m1", "text": "b"}}
               {"question": "b?", "answers": ["m2"]}
               {"query": "c"}"#,
        );
        let error = error.unwrap_err().to_string();
        for said in ["4 problems", "line 2: at:", "twice", "no memory \"m2\"", "line 5: expected"] {
            assert!(error.contains(said), "{said}: {error}");
        }
    }

    #[test]
    fn the_shape_of_locomo_is_read() {
        let read = text(
            r#"[{ "sample_id": "conv-1",
                  "conversation": { "speaker_a": "Ann", "session_2_date_time": "1:56 pm on 8 May, 2023",
                    "session_2": [{ "speaker": "Bo", "dia_id": "D2:1", "text": "Yes." }],
                    "session_1": [{ "speaker": "Ann", "dia_id": "D1:1", "text": "A dog?",
                                    "img_url": ["x"], "blip_caption": "a dog" }] },
                  "event_summary": {},
                  "qa": [{ "question": "What?", "answer": 7, "evidence": ["D1:1; D2:01", "D"],
                           "category": 2 },
                         { "question": "Why?", "evidence": [], "category": 5 }] }]"#,
        )
        .unwrap();
        let texts: Vec<_> = read.memories.iter().map(|told| told.text.as_str()).collect();
        assert_eq!(texts, ["Ann: A dog? [a picture: a dog]", "Bo: Yes."]);
        let said = read.memories.iter().map(|told| told.at);
        assert!(said.eq([None, memory::moment::read("2023-05-08T13:56:00Z")]));
        assert_eq!(read.questions[0].answers, ["conv-1/D1:1", "conv-1/D2:1"]);
        assert!(read.read[0].contains("1 conversations, 2 turns, 2 questions"), "{:?}", read.read);
        assert!(read.read[1].contains("1 questions without evidence, 1 names"), "{:?}", read.read);
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(noise in "[\\[\\]{}\":,a-zA-Z0-9_ \n]{0,200}") {
            let _ = text(&noise);
        }
    }
}
