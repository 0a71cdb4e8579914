//! `striatum memory eval`: how well a memory finds, on questions whose answers are known. It runs
//! in this process on a store of its own; no server takes part.

mod read;

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::Args;
use futures_util::future::join_all;
use indicatif::{ProgressBar, ProgressStyle};
use memory::evaluate::{Asked, Scores, scores};
use memory::{By, Config, Memory, New, Outcome as Came, Query, Time, Weights};
use serde::Serialize;
use store::{Store, TenantId};

use super::line;
use crate::command::serve::block_on;
use crate::{Outcome, draw};
use read::{Case, Question, Told};

/// The sample: a household and a team over half a year.
const SAMPLE: &str = include_str!("../../../../data/memory-eval.jsonl");
/// Memories that are stored together.
const TOGETHER: usize = 200;
/// Time between two memories that say no time (microseconds).
const APART: Time = 1_000_000;
/// When the first of them was stored: 2026-01-01T00:00:00Z.
const BEGINS: Time = 1_767_225_600_000_000;
/// Characters of a question in a list.
const TEXT: usize = 96;

/// Measure how well a memory finds, on questions whose answers are known.
///
/// A file has a JSON object on each line: {"memory": {"id": "m1", "text": "...", "user_id": "...",
/// "at": "2026-01-31T10:00:00Z"}} and {"question": "...", "answers": ["m1"], "category": "...",
/// "user_id": "..."}, where only the text, the question and the names are needed. A question whose
/// answers are an empty list wants nothing. LoCoMo's own JSON is read as it is: a memory for each
/// turn, said when its session was, and its conversation as the user.
#[derive(Args)]
pub(super) struct Eval {
    /// The file.
    #[arg(required_unless_present = "sample", conflicts_with = "sample")]
    file: Option<PathBuf>,
    /// Measure on the sample that comes with the program.
    #[arg(long)]
    sample: bool,
    /// How many of the first are looked at, 1 to 100 each.
    #[arg(long, value_name = "K,...", default_value = "1,5,10", value_delimiter = ',',
          value_parser = clap::value_parser!(u16).range(1..=100))]
    k: Vec<u16>,
    /// How much words, vectors and names count [default: the server's].
    #[arg(long, value_name = "TEXT,VECTOR,GRAPH", value_parser = weights)]
    weights: Option<Weights>,
    /// List the questions of which no answer is found.
    #[arg(long)]
    misses: bool,
}

fn weights(text: &str) -> Result<Weights, String> {
    let numbers: Result<Vec<f32>, _> = text.split(',').map(|n| n.trim().parse()).collect();
    match numbers.as_deref() {
        Ok(&[text, vector, graph]) => Ok(Weights { text, vector, graph }),
        _ => Err("expected three numbers, as in 1,1,0.1".to_owned()),
    }
}

/// What was measured.
#[derive(Serialize)]
struct Report {
    read: Vec<String>,
    memories: usize,
    questions: usize,
    /// Memories that were there word for word, or held back by the gate.
    repeated: usize,
    quarantined: usize,
    store_seconds: f64,
    search_median_seconds: f64,
    search_p99_seconds: f64,
    /// Ranks beyond this count as none.
    depth: usize,
    all: Scores,
    categories: BTreeMap<String, Scores>,
    /// Questions that want nothing, with the mean score of what is found first, beside that of
    /// questions that want something.
    negatives: usize,
    negative_top_score: f64,
    positive_top_score: f64,
    missed: Vec<String>,
}

/// What was found for a question.
struct Answered {
    found: Vec<String>,
    top: f32,
    took: Duration,
}

impl Eval {
    pub(super) fn run(self, json: bool) -> Result<Outcome> {
        let case = match &self.file {
            Some(file) => read::file(file)?,
            None => read::text(SAMPLE).context("the sample")?,
        };
        let report = block_on(self.measure(case))??;
        if json {
            println!("{:#}", serde_json::to_value(&report)?);
        } else {
            print!("{}", report.as_text(self.misses));
        }
        Ok(Outcome::Done)
    }

    async fn measure(&self, case: Case) -> Result<Report> {
        let folder = tempfile::tempdir()?;
        let store = Store::sqlite(folder.path())?;
        let tenant = store.tenant(&TenantId::parse("evaluated")?);
        let encoder = Arc::new(text::Encoder::default());
        let memory = Memory::open(tenant, Config::default(), encoder, drawn).await?;
        let Case { read, memories, questions } = case;
        let n_memories = memories.len();
        let since = Instant::now();
        let stored = stored(&memory, memories).await?;
        let store_seconds = since.elapsed().as_secs_f64();
        let answered = self.answered(&memory, &questions, stored.now)?;
        let wanted: Vec<Vec<String>> = questions.iter().map(|q| stored.wanted(q)).collect();
        let mut report = self.report(&questions, &wanted, &answered);
        report.read = read;
        report.memories = n_memories;
        report.repeated = stored.repeated;
        report.quarantined = stored.quarantined;
        report.store_seconds = store_seconds;
        Ok(report)
    }

    /// Results that are asked for: what the largest k and the rank need.
    fn depth(&self) -> usize {
        self.k.iter().copied().max().map_or(10, |k| usize::from(k).max(10))
    }

    fn answered(
        &self,
        memory: &Memory,
        questions: &[Question],
        now: Time,
    ) -> Result<Vec<Answered>> {
        let bar = progress("questions", questions.len())?;
        let mut answered = Vec::with_capacity(questions.len());
        for question in questions {
            let query = Query {
                scope: question.scope.clone(),
                limit: self.depth(),
                weights: self.weights.unwrap_or_default(),
                reinforce: false,
                ..Query::new(&question.text)
            };
            let since = Instant::now();
            let found = memory.search(&query, now);
            let found = found.with_context(|| format!("question {:?}", question.text))?;
            let took = since.elapsed();
            let top = found.hits.first().map_or(0.0, |hit| hit.score);
            let found = found.hits.iter().map(|hit| hit.item.id.to_string()).collect();
            answered.push(Answered { found, top, took });
            bar.inc(1);
        }
        bar.finish_and_clear();
        Ok(answered)
    }

    fn report(
        &self,
        questions: &[Question],
        wanted: &[Vec<String>],
        answered: &[Answered],
    ) -> Report {
        let ks: Vec<usize> = self.k.iter().map(|&k| k.into()).collect();
        let asked = |keep: &dyn Fn(&Question) -> bool| {
            let all = questions.iter().zip(wanted).zip(answered);
            let kept = all.filter(|((question, _), _)| keep(question));
            let asked = kept.map(|((_, wanted), a)| Asked { wanted, found: &a.found });
            scores(&asked.collect::<Vec<_>>(), &ks)
        };
        let names = questions.iter().zip(wanted).filter(|(_, wanted)| !wanted.is_empty());
        let names = names.filter_map(|(question, _)| question.category.clone());
        let categories = names.map(|name| {
            let scores = asked(&|q: &Question| q.category.as_ref() == Some(&name));
            (name.clone(), scores)
        });
        let categories: BTreeMap<String, Scores> = categories.collect();
        let mut took: Vec<f64> = answered.iter().map(|a| a.took.as_secs_f64()).collect();
        took.sort_by(f64::total_cmp);
        let rank = |share: f64| {
            took.get(((took.len() as f64 * share) as usize).min(took.len().saturating_sub(1)))
        };
        let top = |none: bool| {
            let all = wanted.iter().zip(answered).filter(|(wanted, _)| wanted.is_empty() == none);
            let tops: Vec<f64> = all.map(|(_, a)| a.top.into()).collect();
            tops.iter().sum::<f64>() / tops.len().max(1) as f64
        };
        let missed = questions.iter().zip(wanted).zip(answered).filter(|((_, wanted), a)| {
            !wanted.is_empty() && !wanted.iter().any(|w| a.found.contains(w))
        });
        Report {
            read: Vec::new(),
            memories: 0,
            questions: questions.len(),
            repeated: 0,
            quarantined: 0,
            store_seconds: 0.0,
            search_median_seconds: rank(0.5).copied().unwrap_or(0.0),
            search_p99_seconds: rank(0.99).copied().unwrap_or(0.0),
            depth: self.depth(),
            all: asked(&|_| true),
            categories,
            negatives: wanted.iter().filter(|wanted| wanted.is_empty()).count(),
            negative_top_score: top(true),
            positive_top_score: top(false),
            missed: missed.map(|((question, _), _)| question.text.clone()).collect(),
        }
    }
}

/// What came of storing a case.
struct Stored {
    /// The memory of each name; the same one where it was there word for word.
    ids: HashMap<String, String>,
    repeated: usize,
    quarantined: usize,
    /// The time of the last.
    now: Time,
}

impl Stored {
    fn wanted(&self, question: &Question) -> Vec<String> {
        let mut wanted: Vec<String> =
            question.answers.iter().filter_map(|name| self.ids.get(name).cloned()).collect();
        wanted.sort();
        wanted.dedup();
        wanted
    }
}

async fn stored(memory: &Memory, memories: Vec<Told>) -> Result<Stored> {
    let bar = progress("memories", memories.len())?;
    let mut stored = Stored { ids: HashMap::new(), repeated: 0, quarantined: 0, now: BEGINS };
    let mut rest = memories.into_iter().peekable();
    while rest.peek().is_some() {
        let batch: Vec<Told> = rest.by_ref().take(TOGETHER).collect();
        bar.inc(batch.len() as u64);
        let bys: Vec<By> = batch
            .iter()
            .map(|told| {
                stored.now = told.at.unwrap_or(stored.now + APART).max(stored.now);
                By { actor: "eval".into(), now: told.at.unwrap_or(stored.now) }
            })
            .collect();
        let names: Vec<String> = batch.iter().map(|told| told.name.clone()).collect();
        // They are planned in their order: each waits for the disk only.
        let storing =
            batch.into_iter().zip(&bys).map(|(told, by)| memory.store(New::from(told), by));
        for (name, came) in names.into_iter().zip(join_all(storing).await) {
            let came = came.with_context(|| format!("memory {name:?}"))?;
            stored.repeated += usize::from(came.outcome == Came::Reinforced);
            stored.quarantined += usize::from(came.outcome == Came::Quarantined);
            stored.ids.insert(name, came.item.id.to_string());
        }
    }
    bar.finish_and_clear();
    if stored.ids.is_empty() {
        bail!("expected a memory, found none");
    }
    Ok(stored)
}

impl From<Told> for New {
    fn from(told: Told) -> Self {
        let Told { text, scope, mentions, tags, .. } = told;
        Self { text, scope, mentions, tags, ..Self::default() }
    }
}

fn progress(what: &str, n: usize) -> Result<ProgressBar> {
    let bar = ProgressBar::new(n as u64);
    bar.set_style(ProgressStyle::with_template(&format!("{what} {{bar:40}} {{pos}}/{{len}}"))?);
    Ok(bar)
}

/// Bytes that differ each time, and are the same in each run.
fn drawn() -> [u8; 10] {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let mut bytes = [0; 10];
    bytes[..8].copy_from_slice(&NEXT.fetch_add(1, Ordering::Relaxed).to_be_bytes());
    bytes
}

impl Report {
    fn as_text(&self, misses: bool) -> String {
        let mut text: String = self.read.iter().map(|line| format!("{line}\n")).collect();
        let ms = |seconds: f64| format!("{:.3} ms", seconds * 1e3);
        text.push_str(&format!(
            "stored    {} in {:.2} s, {} each; {} were there word for word, {} are held back\n\
             searched  median {}, p99 {}\n\n",
            self.memories,
            self.store_seconds,
            ms(self.store_seconds / self.memories.max(1) as f64),
            self.repeated,
            self.quarantined,
            ms(self.search_median_seconds),
            ms(self.search_p99_seconds),
        ));
        text.push_str(&self.table());
        if self.negatives > 0 {
            text.push_str(&format!(
                "\n{} questions want nothing: what they find first scores {:.3}, that of others {:.3}\n",
                self.negatives, self.negative_top_score, self.positive_top_score
            ));
        }
        if misses {
            text.push_str(&format!("\nno answer among the first {}:\n", self.depth));
            self.missed.iter().for_each(|q| text.push_str(&format!("  {}\n", line(q, TEXT))));
        }
        text
    }

    fn table(&self) -> String {
        let head: Vec<String> = ["category", "questions"]
            .map(str::to_owned)
            .into_iter()
            .chain(
                self.all
                    .at
                    .iter()
                    .flat_map(|at| [format!("any-hit@{}", at.k), format!("recall@{}", at.k)]),
            )
            .chain([format!("MRR@{}", self.depth)])
            .collect();
        let row = |name: &str, scores: &Scores| {
            let share = |value: f64| format!("{value:.3}");
            let at = scores.at.iter().flat_map(|at| [share(at.any_hit), share(at.recall)]);
            let last = share(scores.mean_reciprocal_rank);
            let first = [line(name, 24), scores.questions.to_string()];
            first.into_iter().chain(at).chain([last]).collect::<Vec<_>>()
        };
        let mut rows = vec![row("all", &self.all)];
        rows.extend(self.categories.iter().map(|(name, scores)| row(name, scores)));
        let head: Vec<&str> = head.iter().map(String::as_str).collect();
        draw::table(&head, &rows)
    }
}
