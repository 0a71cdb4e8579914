//! How somebody thinks again and again: patterns that were recorded, and sequences of what was asked,
//! decided, meant and concluded that come again more often than chance has it.
//!
//! A recorded pattern is a memory, so everything that holds for memories holds for it. What is
//! detected is counted and named by what was done; it is not interpreted.

use std::sync::Arc;

use crate::attitude::{Attitude, ClaimState, Instance, IntentionState, Pattern};
use crate::durable::Memory;
use crate::error::{MemoryError, TooLarge};
use crate::intend::MATCH_THRESHOLD;
use crate::item::{Class, Id, Item, New, Scope, Status, Time};
use crate::memory::Stored;
use crate::plan::{By, Outcome};
use crate::question::intent::recognise;
use crate::search::MAX_QUERY_BYTES;
use crate::sequence::{MAX_SEQUENCE, Sequence, sequences};
use crate::state::State;

/// Deeds that are looked at, the latest.
pub const MAX_DEEDS: usize = 20_000;
/// Sequences or patterns of one answer.
pub const MAX_DETECTED: usize = 100;
/// A pause after which another episode begins, where nobody says another: half an hour.
pub const PAUSE: Time = 30 * 60 * 1_000_000;
/// The metadata by which a memory says itself what was done.
pub const DEED: &str = "deed";

/// What is detected, and how sure it must be.
#[derive(Clone, Debug)]
pub struct Detect {
    /// Whose.
    pub scope: Scope,
    /// Done after then,
    pub from: Time,
    /// up to then.
    pub to: Time,
    /// What is said now: recorded patterns whose trigger it names are told.
    pub message: Option<String>,
    /// The longest sequence, 2 to [`MAX_SEQUENCE`].
    pub longest: usize,
    /// Episodes in which it must be.
    pub support: usize,
    /// The highest share of discoveries that may be chance, above 0 to 1.
    pub chance: f64,
    /// A pause after which another episode begins.
    pub pause: Time,
    /// How many, 1 to [`MAX_DETECTED`].
    pub limit: usize,
}

/// What was detected.
#[derive(Clone, Debug, Default)]
pub struct Detected {
    /// What was done in all.
    pub deeds: usize,
    /// In how many episodes.
    pub episodes: usize,
    /// Sequences that were tested.
    pub tested: usize,
    /// Those that come again, the surest first, each with the memories of its last time.
    pub sequences: Vec<(Sequence, Vec<Id>)>,
    /// Recorded patterns whose trigger the message names, the best first, each with the share of the
    /// trigger that it names.
    pub triggered: Vec<(Arc<Item>, f32)>,
}

/// Something that was done.
struct Deed {
    at: Time,
    /// By which memories of one time are in their order.
    number: u64,
    name: String,
    id: Id,
    run: Option<String>,
}

impl Memory {
    /// Records a pattern of thinking, seen once; the same text and kind, in the same scope, is the
    /// same pattern, seen once more.
    ///
    /// # Errors
    /// As [`Memory::store`]; [`MemoryError::TooLarge`] beyond [`crate::MAX_INSTANCES`].
    pub async fn record_pattern(
        &self,
        new: New,
        (kind, trigger): (String, Option<String>),
        seen: Instance,
        by: &By,
    ) -> Result<Stored, MemoryError> {
        let pattern = Pattern { kind, trigger, instances: vec![seen.clone()] };
        let attitude = Some(Attitude::Pattern(pattern));
        let mut stored = self.store(New { attitude, class: Class::Pattern, ..new }, by).await?;
        if stored.outcome == Outcome::Reinforced {
            let id = stored.item.id;
            stored.item = self.write(|state| state.plan_seen(id, seen, by)).await?.0;
        }
        Ok(stored)
    }

    /// Detects sequences that come again, and recorded patterns that a message brings about.
    ///
    /// # Errors
    /// [`MemoryError::Field`], [`MemoryError::TooLarge`].
    pub fn detect(&self, detect: &Detect) -> Result<Detected, MemoryError> {
        detect.check()?;
        let state = self.read()?;
        let deeds = state.deeds(&detect.scope, detect.from, detect.to);
        let episodes = episodes(&deeds, detect.pause);
        let names: Vec<Vec<&str>> =
            episodes.iter().map(|e| e.iter().map(|deed| deed.name.as_str()).collect()).collect();
        let all = sequences(&names, detect.longest);
        let tested = all.len();
        let good = |one: &Sequence| {
            one.support >= detect.support && one.q_value <= detect.chance && one.lift > 1.0
        };
        let seen = |one: Sequence| {
            let (episode, at) = one.last;
            let deeds = episodes[episode][at..at + one.deeds.len()].iter();
            let ids = deeds.map(|deed| deed.id).collect();
            (one, ids)
        };
        let sequences = all.into_iter().filter(good).take(detect.limit).map(seen).collect();
        let message = detect.message.as_deref();
        let triggered = message.map(|message| state.triggered(message, detect)).unwrap_or_default();
        let n_episodes = episodes.len();
        Ok(Detected { deeds: deeds.len(), episodes: n_episodes, tested, sequences, triggered })
    }
}

impl Detect {
    fn check(&self) -> Result<(), MemoryError> {
        self.scope.check()?;
        let message = self.message.as_ref().map_or(0, String::len);
        TooLarge::check("message", "bytes", message, MAX_QUERY_BYTES)?;
        let range = |what, good: bool, expected: String| match good {
            true => Ok(()),
            false => Err(MemoryError::Field { what, expected }),
        };
        let longest = (2..=MAX_SEQUENCE).contains(&self.longest);
        range("longest", longest, format!("2 to {MAX_SEQUENCE}"))?;
        let chance = self.chance > 0.0 && self.chance <= 1.0;
        range("chance", chance, "a number above 0, up to 1".into())?;
        range("pause", self.pause > 0, "a time above 0".into())?;
        let limit = (1..=MAX_DETECTED).contains(&self.limit);
        range("limit", limit, format!("1 to {MAX_DETECTED}"))
    }
}

impl State {
    /// What was done within a time, in its order, the latest [`MAX_DEEDS`].
    fn deeds(&self, scope: &Scope, from: Time, to: Time) -> Vec<Deed> {
        let there = |item: &&Arc<Item>| {
            scope.holds(&item.scope)
                && !matches!(item.status, Status::Deleted | Status::Quarantined)
        };
        let mut deeds = Vec::new();
        for item in self.items.iter().flatten().filter(there) {
            for (at, name) in done(item) {
                if from < at && at <= to {
                    let run = item.scope.run_id.clone();
                    deeds.push(Deed { at, number: item.number, name, id: item.id, run });
                }
            }
        }
        deeds.sort_by_key(|deed| (deed.at, deed.number));
        let early = deeds.len().saturating_sub(MAX_DEEDS);
        deeds.split_off(early)
    }

    /// Recorded patterns whose trigger a message names.
    fn triggered(&self, message: &str, detect: &Detect) -> Vec<(Arc<Item>, f32)> {
        let said = self.roots_of(message);
        let touched = |item: &Arc<Item>| {
            let trigger = item.pattern()?.trigger.as_deref()?;
            let (score, _) = self.named(trigger, &said);
            (score >= MATCH_THRESHOLD).then(|| (Arc::clone(item), score))
        };
        let mut all: Vec<_> = self.stood(&detect.scope).filter_map(touched).collect();
        all.sort_by(|a, b| b.1.total_cmp(&a.1));
        all.truncate(detect.limit);
        all
    }
}

/// What was done by a memory, each with its time. A memory whose metadata has a `deed` says itself
/// what it was.
fn done(item: &Item) -> Vec<(Time, String)> {
    if let Some(deed) = item.metadata.get(DEED).and_then(|deed| deed.as_str()) {
        return vec![(item.created_at, deed.to_owned())];
    }
    let first = |name: &str| (item.created_at, name.to_owned());
    match &item.attitude {
        Some(Attitude::Mark(_)) => Vec::new(),
        Some(Attitude::Intention(intention)) => {
            let end = match &intention.state {
                IntentionState::Open => None,
                IntentionState::Completed(end) => Some((end.at, "complete".to_owned())),
                IntentionState::Abandoned(end) => Some((end.at, "abandon".to_owned())),
            };
            std::iter::once(first("intend")).chain(end).collect()
        }
        Some(Attitude::Claim(claim)) => {
            let end = match &claim.state {
                ClaimState::Unverified => None,
                ClaimState::Verified(v) => Some((v.at, format!("claim came {}", v.truth))),
            };
            std::iter::once(first("claim")).chain(end).collect()
        }
        Some(Attitude::Pattern(pattern)) => {
            let kind = &pattern.kind;
            pattern.instances.iter().map(|one| (one.at, format!("think {kind}"))).collect()
        }
        None => {
            let tagged = |tag: &str| item.tags.iter().any(|t| t == tag);
            if tagged("decision") {
                return vec![first("decide")];
            }
            if tagged("code") {
                return vec![first("show code")];
            }
            if !tagged("message") {
                return vec![first("remember")];
            }
            let role = item.metadata.get("role").and_then(|role| role.as_str()).unwrap_or("user");
            let asked = recognise(&item.text).filter(|_| role != "assistant");
            let deed = match asked {
                Some(asked) => format!("ask {}", asked.intent.name()),
                None if role == "assistant" => "answer".into(),
                None => "say".into(),
            };
            vec![first(&deed)]
        }
    }
}

/// Deeds of one run each, without a pause.
fn episodes(deeds: &[Deed], pause: Time) -> Vec<Vec<&Deed>> {
    let mut open: std::collections::HashMap<Option<&str>, usize> = Default::default();
    let mut episodes: Vec<Vec<&Deed>> = Vec::new();
    for deed in deeds {
        let run = deed.run.as_deref();
        let nth = open.get(&run).copied().filter(|nth| {
            episodes[*nth].last().is_some_and(|last| deed.at.saturating_sub(last.at) < pause)
        });
        match nth {
            Some(nth) => episodes[nth].push(deed),
            None => {
                open.insert(run, episodes.len());
                episodes.push(vec![deed]);
            }
        }
    }
    episodes
}
