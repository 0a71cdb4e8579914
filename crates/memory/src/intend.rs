//! What somebody means to do, over time: said, listed, come back to, ended. An intention is a memory,
//! so everything that holds for memories holds for it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use text::asked;

use crate::attitude::{Attitude, End, Intention};
use crate::durable::Memory;
use crate::error::{MemoryError, TooLarge};
use crate::item::{Id, Item, New, Scope, Status, Time};
use crate::memory::{Listed, Stored};
use crate::plan::By;
use crate::search::{MAX_HITS, MAX_QUERY_BYTES};
use crate::state::State;

/// Intentions that may be open at once: all of them are looked at with every message.
pub const MAX_OPEN_INTENTIONS: usize = 10_000;
/// The share of an intention that a message must name for it to be meant, where nobody says another.
pub const MATCH_THRESHOLD: f32 = 0.3;

/// What is talked about, and whose intentions it may touch.
#[derive(Clone, Debug)]
pub struct Resume {
    /// What is said.
    pub message: String,
    /// Whose intentions.
    pub scope: Scope,
    /// The least share of an intention that the message must name, 0 to 1.
    pub threshold: f32,
    /// How many, 1 to [`MAX_HITS`].
    pub limit: usize,
}

/// An open intention that what is said touches.
#[derive(Clone, Debug)]
pub struct Touched {
    /// The memory that is the intention.
    pub item: Arc<Item>,
    /// The share of the intention that the message names, by rarity.
    pub score: f32,
    /// The words of the intention that the message names, without their endings.
    pub words: Vec<String>,
    /// Whether its time is up; such a one is told whatever is talked about.
    pub due: bool,
}

impl Memory {
    /// Remembers what somebody means to do; the same again, while it is open, is the same.
    ///
    /// # Errors
    /// As [`Memory::store`], and [`MemoryError::TooLarge`] where [`MAX_OPEN_INTENTIONS`] are open.
    pub async fn intend(
        &self,
        new: New,
        due_at: Option<Time>,
        by: &By,
    ) -> Result<Stored, MemoryError> {
        let intention = Intention { due_at, ..Intention::default() };
        let attitude = Some(Attitude::Intention(intention));
        self.store(New { attitude, ..new }, by).await
    }

    /// Ends an intention, with what came of it or why it was given up.
    ///
    /// # Errors
    /// [`MemoryError::Unknown`]; [`MemoryError::State`] where it is no open intention;
    /// [`MemoryError::Store`].
    pub async fn end(
        &self,
        id: Id,
        how: End,
        outcome: Option<String>,
        by: &By,
    ) -> Result<Arc<Item>, MemoryError> {
        Ok(self.write(|state| state.plan_end(id, how, outcome, by)).await?.0)
    }

    /// The newest memories before `after` that somebody stands to as `passes` says.
    ///
    /// # Errors
    /// [`MemoryError::Closed`].
    pub fn attitudes(
        &self,
        scope: &Scope,
        passes: impl Fn(&Attitude) -> bool,
        after: Option<Id>,
        limit: usize,
    ) -> Result<Listed, MemoryError> {
        let state = self.read()?;
        let stands = |item: &&Arc<Item>| item.attitude.as_ref().is_some_and(&passes);
        let mut all: Vec<Arc<Item>> = state.stood(scope).filter(stands).cloned().collect();
        let total = all.len() as u64;
        all.retain(|item| after.is_none_or(|after| item.id < after));
        let next = all.get(limit).and_then(|_| all.get(limit.checked_sub(1)?)).map(|item| item.id);
        all.truncate(limit);
        Ok(Listed { items: all, next, total })
    }

    /// Open intentions that what is said touches, the best first, and those whose time is up.
    ///
    /// # Errors
    /// [`MemoryError::Field`], [`MemoryError::TooLarge`].
    pub fn resume(&self, resume: &Resume, now: Time) -> Result<Vec<Touched>, MemoryError> {
        TooLarge::check("message", "bytes", resume.message.len(), MAX_QUERY_BYTES)?;
        let field = |what, expected: &str| MemoryError::Field { what, expected: expected.into() };
        if !(0.0..=1.0).contains(&resume.threshold) {
            return Err(field("threshold", "a number from 0 to 1"));
        }
        if !(1..=MAX_HITS).contains(&resume.limit) {
            return Err(field("limit", "1 to 100"));
        }
        resume.scope.check()?;
        Ok(self.read()?.touched(resume, now))
    }
}

impl State {
    /// Whether another intention may be open.
    pub(crate) fn check_open(&self, new: &Item) -> Result<(), MemoryError> {
        if new.intention().is_none() || self.attitudes.len() < MAX_OPEN_INTENTIONS {
            return Ok(());
        }
        let everybody = Scope::default();
        let open = self.open_intentions(&everybody).take(MAX_OPEN_INTENTIONS).count();
        TooLarge::check("open", "intentions", open + 1, MAX_OPEN_INTENTIONS)
    }

    /// Memories of a scope that are meant or claimed, the newest first, but for those that are
    /// deleted or held back.
    pub(crate) fn stood<'a>(&'a self, scope: &'a Scope) -> impl Iterator<Item = &'a Arc<Item>> {
        let there = |item: &&Arc<Item>| {
            scope.holds(&item.scope)
                && !matches!(item.status, Status::Deleted | Status::Quarantined)
        };
        self.attitudes.iter().rev().filter_map(|id| self.item(*id).ok()).filter(there)
    }

    /// Intentions that can still be ended, the newest first.
    pub(crate) fn open_intentions<'a>(
        &'a self,
        scope: &'a Scope,
    ) -> impl Iterator<Item = &'a Arc<Item>> {
        let open = |item: &&Arc<Item>| {
            item.status == Status::Active && item.intention().is_some() && item.is_unsettled()
        };
        self.stood(scope).filter(open)
    }

    fn touched(&self, resume: &Resume, now: Time) -> Vec<Touched> {
        let said = self.roots_of(&resume.message);
        let touched = |item: &Arc<Item>| {
            let due_at = item.intention().and_then(|intention| intention.due_at);
            let due = due_at.is_some_and(|at| at <= now);
            let (score, words) = self.named(&item.text, &said);
            let told = due || (score > 0.0 && score >= resume.threshold);
            told.then(|| Touched { item: Arc::clone(item), score, words, due })
        };
        let mut all: Vec<Touched> =
            self.open_intentions(&resume.scope).filter_map(touched).collect();
        // They are the newest first, and stay so where they fit alike.
        all.sort_by(|a, b| b.score.total_cmp(&a.score));
        all.truncate(resume.limit);
        all
    }

    /// Roots and stems of what is said.
    pub(crate) fn roots_of(&self, message: &str) -> BTreeSet<String> {
        let words = self.words.words();
        let roots = asked(words, message).into_iter().map(|word| word.term);
        roots.chain(words.of(message)).collect()
    }

    /// The share of a text that words name, `sum of idf over its words among them / sum of idf over
    /// its words`, and which these are. Words that only hold a sentence together count a fifth, as in
    /// a question; idf is that of BM25 over the memories that are found. A word is named by its root
    /// or by its stem: the root of `flight` is that of `fly`, that of `flights` is not.
    pub(crate) fn named(&self, text: &str, said: &BTreeSet<String>) -> (f32, Vec<String>) {
        let words = self.words.words();
        let stem = |stem: String| (words.root(&stem).into_owned(), stem);
        let stems: BTreeMap<String, String> = words.of(text).into_iter().map(stem).collect();
        let (mut all, mut named, mut which) = (0.0, 0.0, Vec::new());
        for word in asked(words, text) {
            let counts = word.weight * self.words.rarity(&word.term);
            let stem = stems.get(&word.term).unwrap_or(&word.term);
            all += counts;
            if said.contains(&word.term) || said.contains(stem) {
                named += counts;
                if word.weight == 1.0 {
                    which.push(stem.clone());
                }
            }
        }
        // A message that shares nothing but `the` and `to` is about something else.
        if which.is_empty() { (0.0, which) } else { (named / all, which) }
    }
}
