//! How somebody thinks again and again: patterns that were recorded, and sequences of what was asked,
//! decided, meant and concluded that come again more often than chance has it.
//!
//! A recorded pattern is a memory, so everything that holds for memories holds for it. What is
//! detected is counted and named by what was done; it is not interpreted.

use std::collections::HashMap;
use std::sync::Arc;

use crate::attitude::{Attitude, ClaimState, Instance, IntentionState, Pattern};
use crate::durable::Memory;
use crate::error::{MemoryError, TooLarge};
use crate::intend::MATCH_THRESHOLD;
use crate::item::{Class, Id, Item, New, Scope, Status, Time};
use crate::memory::Stored;
use crate::plan::By;
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

/// Something that was done, before it is told by its name.
struct Done {
    at: Time,
    /// By which memories of one time are in their order.
    number: u64,
    slot: u32,
    /// Which of what the memory did.
    nth: usize,
}

/// Something that was done.
struct Deed {
    at: Time,
    name: String,
    item: Arc<Item>,
}

impl Memory {
    /// Records a pattern of thinking, seen once; the same text and kind, in the same scope, is the
    /// same pattern, seen once more, unless repeats are stored: see [`crate::Repeats`].
    ///
    /// # Errors
    /// As [`Memory::store`]; [`MemoryError::TooLarge`] beyond [`crate::MAX_INSTANCES`]. Nothing has
    /// changed then.
    pub async fn record_pattern(
        &self,
        new: New,
        (kind, trigger): (String, Option<String>),
        seen: Instance,
        by: &By,
    ) -> Result<Stored, MemoryError> {
        let pattern = Pattern { kind, trigger, instances: vec![seen.clone()] };
        let attitude = Some(Attitude::Pattern(pattern));
        let new = New { attitude, class: Class::Pattern, ..new };
        let plan = |state: &State, new, id, vector| state.plan_pattern(new, id, vector, (seen, by));
        self.store_as(new, by, plan).await
    }

    /// Detects sequences that come again, and recorded patterns that a message brings about.
    ///
    /// # Errors
    /// [`MemoryError::Field`], [`MemoryError::TooLarge`].
    pub fn detect(&self, detect: &Detect) -> Result<Detected, MemoryError> {
        detect.check()?;
        let (done, triggered) = {
            let state = self.read()?;
            let message = detect.message.as_deref();
            let triggered = message.map(|message| state.triggered(message, detect));
            (state.done(&detect.scope, detect.from, detect.to), triggered.unwrap_or_default())
        };
        // What takes long is told when nothing of the memory is held.
        let deeds: Vec<Deed> = done.into_iter().map(Deed::of).collect();
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
            let ids = deeds.map(|deed| deed.item.id).collect();
            (one, ids)
        };
        let sequences = all.into_iter().filter(good).take(detect.limit).map(seen).collect();
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
    /// What was done within a time, in its order, the latest [`MAX_DEEDS`], each with its place among
    /// what its memory did.
    fn done(&self, scope: &Scope, from: Time, to: Time) -> Vec<(Time, usize, Arc<Item>)> {
        let there = |item: &Item| {
            scope.holds(&item.scope)
                && !matches!(item.status, Status::Deleted | Status::Quarantined)
        };
        let mut done = Vec::new();
        for (slot, item) in (0..).zip(&self.items) {
            let Some(item) = item.as_ref().filter(|item| there(item)) else { continue };
            let within = |(_, at): &(usize, Time)| from < *at && *at <= to;
            let times = times(item).into_iter().enumerate().filter(within);
            let number = item.number;
            done.extend(times.map(|(nth, at)| Done { at, number, slot, nth }));
            if done.len() >= 2 * MAX_DEEDS {
                keep_latest(&mut done, MAX_DEEDS);
            }
        }
        keep_latest(&mut done, MAX_DEEDS);
        done.sort_unstable_by_key(Done::place);
        let item = |one: Done| Some((one.at, one.nth, Arc::clone(self.at(one.slot)?)));
        done.into_iter().filter_map(item).collect()
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

impl Done {
    fn place(&self) -> (Time, u64, usize) {
        (self.at, self.number, self.nth)
    }
}

impl Deed {
    fn of((at, nth, item): (Time, usize, Arc<Item>)) -> Self {
        Self { at, name: deed(&item, nth), item }
    }
}

/// Leaves the latest, in any order.
fn keep_latest(done: &mut Vec<Done>, n: usize) {
    let early = done.len().saturating_sub(n);
    if early > 0 {
        done.select_nth_unstable_by_key(early, Done::place);
        done.drain(..early);
    }
}

/// What a memory says itself of what was done.
fn said(item: &Item) -> Option<&str> {
    item.metadata.get(DEED)?.as_str()
}

/// When a memory did something: [`deed`] tells what. What is made comes first.
fn times(item: &Item) -> Vec<Time> {
    let made = std::iter::once(item.created_at);
    if said(item).is_some() {
        return made.collect();
    }
    match &item.attitude {
        None => made.collect(),
        Some(Attitude::Mark(_)) => Vec::new(),
        Some(Attitude::Intention(intention)) => made.chain(intention.state.ended_at()).collect(),
        Some(Attitude::Claim(claim)) => made.chain(claim.state.verified_at()).collect(),
        Some(Attitude::Pattern(pattern)) => pattern.instances.iter().map(|one| one.at).collect(),
    }
}

/// What a memory did at one of its [`times`]. A memory whose metadata has a `deed` says itself what
/// it was.
fn deed(item: &Item, nth: usize) -> String {
    if let Some(deed) = said(item) {
        return deed.to_owned();
    }
    match &item.attitude {
        None => told(item),
        Some(Attitude::Mark(_)) => "mark".into(),
        Some(Attitude::Pattern(pattern)) => format!("think {}", pattern.kind),
        Some(Attitude::Intention(intention)) => match &intention.state {
            IntentionState::Completed(_) if nth > 0 => "complete".into(),
            IntentionState::Abandoned(_) if nth > 0 => "abandon".into(),
            _ => "intend".into(),
        },
        Some(Attitude::Claim(claim)) => match &claim.state {
            ClaimState::Verified(verified) if nth > 0 => format!("claim came {}", verified.truth),
            _ => "claim".into(),
        },
    }
}

/// What was done by a memory that is nobody's attitude.
fn told(item: &Item) -> String {
    let tagged = |tag: &str| item.tags.iter().any(|t| t == tag);
    if tagged("decision") {
        return "decide".into();
    }
    if tagged("code") {
        return "show code".into();
    }
    if !tagged("message") {
        return "remember".into();
    }
    let role = item.metadata.get("role").and_then(|role| role.as_str());
    if role == Some("assistant") {
        return "answer".into();
    }
    recognise(&item.text).map_or("say".into(), |asked| format!("ask {}", asked.intent.name()))
}

/// Deeds of one scope each, without a pause: nobody's are mixed with another's.
fn episodes(deeds: &[Deed], pause: Time) -> Vec<Vec<&Deed>> {
    let mut open: HashMap<&Scope, usize> = HashMap::new();
    let mut episodes: Vec<Vec<&Deed>> = Vec::new();
    for deed in deeds {
        let scope = &deed.item.scope;
        let nth = open.get(scope).copied().filter(|nth| {
            episodes[*nth].last().is_some_and(|last| deed.at.saturating_sub(last.at) < pause)
        });
        match nth {
            Some(nth) => episodes[nth].push(deed),
            None => {
                open.insert(scope, episodes.len());
                episodes.push(vec![deed]);
            }
        }
    }
    episodes
}

#[cfg(test)]
mod tests {
    use super::{Done, keep_latest};

    #[test]
    fn the_latest_are_kept_and_those_of_one_time_by_their_order() {
        let done = |at, number| Done { at, number, slot: 0, nth: 0 };
        let mut all = vec![done(3, 1), done(9, 2), done(5, 4), done(5, 3), done(1, 5)];
        keep_latest(&mut all, 2);
        all.sort_unstable_by_key(Done::place);
        assert_eq!(all.iter().map(|one| one.number).collect::<Vec<_>>(), [4, 2]);
        keep_latest(&mut all, 2);
        assert_eq!(all.len(), 2);
    }
}
