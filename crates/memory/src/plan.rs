//! What is to change: each command is checked against the state and becomes changes, or nothing.

use std::sync::Arc;

use knowledge::{BranchId, Command, Stamp, Target};
use store::MAX_WRITES;

use crate::attitude::{Attitude, End, Ended, Instance, Verified};
use crate::config::Repeats;
use crate::error::MemoryError;
use crate::gate::{self, Verdict};
use crate::item::{Class, Id, Item, MAX_VERSIONS, New, Patch, Status, Tier, Time, Use};
use crate::record::{Change, Event, Happened, Space, changed, seen};
use crate::state::{State, size};
use crate::tier::Fate;

/// Records of knowledge that one commit of a long erasure removes.
const ERASE_STEP: usize = 400;
/// Writes of an erasure beside knowledge and history: the memory, its vector, its layout, the head.
const ERASE_BESIDES: usize = 4;

/// Who does something, and when.
#[derive(Clone, Debug)]
pub struct By {
    /// The caller's name.
    pub actor: String,
    /// The time.
    pub now: Time,
}

/// What came of storing a memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// It is remembered.
    Added,
    /// It was there already, and is the stronger for it.
    Reinforced,
    /// The gate held it back.
    Quarantined,
}

/// How a memory is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Feedback {
    /// Somebody looked at it.
    View,
    /// Somebody found it important.
    Endorse,
    /// Somebody found it of no use.
    Dismiss,
    /// Somebody confirmed it: its class is validated from now on, and it no longer fades.
    Validate,
    /// Somebody refuted it: its class is false positive from now on.
    Refute,
}

impl Outcome {
    /// Its name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Reinforced => "reinforced",
            Self::Quarantined => "quarantined",
        }
    }
}

impl Feedback {
    /// The feedback of a name.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "view" => Self::View,
            "endorse" => Self::Endorse,
            "dismiss" => Self::Dismiss,
            "validate" => Self::Validate,
            "refute" => Self::Refute,
            _ => return None,
        })
    }
}

/// Changes, and the memory that they are about as it will be.
pub(crate) type Planned = (Vec<Change>, Arc<Item>);
/// The same where a memory is stored, and what comes of that.
pub(crate) type Storing = (Planned, Outcome);

impl State {
    /// What storing a memory changes.
    pub(crate) fn plan_store(
        &self,
        new: New,
        id: Id,
        vector: Option<Arc<[f32]>>,
        by: &By,
    ) -> Result<Storing, MemoryError> {
        let space = self.space_for(&new, id, vector.as_deref())?;
        if let Some(old) = self.reinforces(&new, &space.name) {
            let item = Arc::new(reinforced(old, by));
            return Ok(((vec![Change::Item(Arc::clone(&item), None)], item), Outcome::Reinforced));
        }
        let supersedes = new.supersedes.map(|id| self.item_in(id, Status::Active)).transpose()?;
        let item = self.made(new, id, &space.name, by)?;
        self.check_room(&item, vector.as_deref())?;
        self.check_open(&item)?;
        let outcome = match item.status {
            Status::Quarantined => Outcome::Quarantined,
            _ => Outcome::Added,
        };
        // First what is replaced, so that the new one is known as a correction when it is placed.
        let replaced = supersedes.filter(|_| outcome == Outcome::Added);
        let mut changes = replaced.map_or(Ok(Vec::new()), |old| superseded(old, id, by))?;
        changes.extend(added(&item, vector, by, Happened::Added));
        Ok(((changes, item), outcome))
    }

    /// A new memory as the gate lets it be.
    ///
    /// # Errors
    /// [`MemoryError::Refused`].
    pub(crate) fn made(
        &self,
        new: New,
        id: Id,
        collection: &str,
        by: &By,
    ) -> Result<Arc<Item>, MemoryError> {
        let trust = new.trust.unwrap_or(self.config.trust);
        let (status, reasons) = match gate::judge(&new, trust, &self.config) {
            Verdict::Approve => (Status::Active, Vec::new()),
            Verdict::Review(reasons) => (Status::Quarantined, reasons),
            Verdict::Reject(reasons) => return Err(MemoryError::Refused { reasons }),
        };
        let mut usage = Use::default();
        usage.by(&by.actor, by.now);
        let mentions = self.names_in(&new);
        Ok(Arc::new(Item {
            id,
            number: self.next_number,
            text: new.text,
            collection: collection.to_owned(),
            class: new.class,
            tier: new.tier.unwrap_or(self.config.tiers.enters),
            status,
            scope: new.scope,
            tags: sorted(new.tags),
            metadata: new.metadata,
            source: new.source,
            confidence: new.confidence.unwrap_or(1.0),
            importance: new.importance.unwrap_or(0.5),
            trust,
            reasons,
            created_at: by.now,
            updated_at: by.now,
            expires_at: new.expires_at,
            deleted_at: None,
            superseded_by: None,
            mentions,
            version: 1,
            usage,
            attitude: new.attitude,
        }))
    }

    fn names_in(&self, new: &New) -> Vec<String> {
        self.names(&new.text, &new.mentions)
    }

    /// Names that a text mentions, and others, each once.
    pub(crate) fn names(&self, text: &str, others: &[String]) -> Vec<String> {
        let found = if self.config.mentions { text::mentions(text) } else { Vec::new() };
        let found = found.into_iter().filter(|m| is_entity(m.kind)).map(|m| m.name);
        let mut names: Vec<String> = Vec::new();
        for name in others.iter().cloned().chain(found) {
            if !names.contains(&name) && name.len() <= crate::item::MAX_NAME_BYTES {
                names.push(name);
            }
        }
        names
    }

    fn check_room(&self, item: &Item, vector: Option<&[f32]>) -> Result<(), MemoryError> {
        let vector = vector.map_or(0, size_of_val) as u64;
        self.check_quota(1, size(item) + vector)
    }

    /// Whether there is room for more memories and bytes.
    ///
    /// # Errors
    /// [`MemoryError::Quota`].
    pub(crate) fn check_quota(&self, memories: u64, bytes: u64) -> Result<(), MemoryError> {
        let quota = |what, used: u64, more, limit| match used.saturating_add(more) {
            found if more == 0 || found <= limit => Ok(()),
            found => Err(MemoryError::Quota { what, used, found, limit }),
        };
        quota("memories", self.len() as u64, memories, self.quota.memories())?;
        quota("bytes", self.bytes, bytes, self.quota.bytes())
    }

    /// The collection of a new memory, which is checked.
    fn space_for(&self, new: &New, id: Id, vector: Option<&[f32]>) -> Result<&Space, MemoryError> {
        new.check()?;
        let space = &self.space(new.collection.as_deref())?.space;
        check_vector(space, vector)?;
        match self.ids.contains_key(&id) {
            true => Err(MemoryError::Taken { id }),
            false => Ok(space),
        }
    }

    /// The memory that becomes stronger instead of the new one being stored.
    fn reinforces(&self, new: &New, collection: &str) -> Option<&Arc<Item>> {
        let repeated = self.repeat_of(new, collection).filter(|old| old.status == Status::Active);
        repeated.filter(|_| self.config.repeats == Repeats::Reinforce)
    }

    /// What changing a memory changes. `vector` is that of a new text or one that was given.
    pub(crate) fn plan_update(
        &self,
        id: Id,
        patch: Patch,
        vector: Option<Arc<[f32]>>,
        by: &By,
    ) -> Result<Planned, MemoryError> {
        patch.check()?;
        let old = self.item(id)?;
        if matches!(old.status, Status::Deleted) {
            return Err(state(old, "not deleted"));
        }
        if let Some(expected) = patch.version.filter(|&v| v != old.version) {
            return Err(MemoryError::Version { id, expected, found: old.version });
        }
        check_stands(old, &patch)?;
        patch.text.as_deref().map_or(Ok(()), |text| gate::admit(text, &self.config))?;
        check_vector(&self.space(Some(&old.collection))?.space, vector.as_deref())?;
        let item = self.patched(old, patch);
        self.check_quota(0, size(&item).saturating_sub(size(old)))?;
        changed_item(old, item, vector, by, Happened::Updated)
    }

    fn patched(&self, old: &Item, patch: Patch) -> Item {
        let mut item = old.clone();
        if let Some(text) = patch.text {
            item.mentions = self.names(&text, &[]);
            item.text = text;
        }
        item.class = patch.class.unwrap_or(item.class);
        item.tags = patch.tags.map_or(item.tags, sorted);
        item.metadata = patch.metadata.unwrap_or(item.metadata);
        item.source = patch.source.or(item.source);
        item.confidence = patch.confidence.unwrap_or(item.confidence);
        item.importance = patch.importance.unwrap_or(item.importance);
        item.trust = patch.trust.unwrap_or(item.trust);
        item.expires_at = patch.expires_at.unwrap_or(item.expires_at);
        item
    }

    /// What deleting changes: the memory is not found any more, and can be had back.
    pub(crate) fn plan_delete(&self, id: Id, by: &By) -> Result<Planned, MemoryError> {
        let old = self.item(id)?;
        if old.status == Status::Deleted {
            return Err(MemoryError::Unknown { id });
        }
        let item = Item { status: Status::Deleted, deleted_at: Some(by.now), ..(**old).clone() };
        changed_item(old, item, None, by, Happened::Deleted)
    }

    /// What having a deleted memory back changes.
    pub(crate) fn plan_restore(
        &self,
        id: Id,
        vector: Option<Arc<[f32]>>,
        by: &By,
    ) -> Result<Planned, MemoryError> {
        let old = self.item_in(id, Status::Deleted)?;
        let item = Item { status: Status::Active, deleted_at: None, ..(**old).clone() };
        changed_item(old, item, vector, by, Happened::Restored)
    }

    /// What letting in a memory that was held back changes, or keeping it out.
    pub(crate) fn plan_review(
        &self,
        id: Id,
        approved: bool,
        vector: Option<Arc<[f32]>>,
        by: &By,
    ) -> Result<Planned, MemoryError> {
        let old = self.item_in(id, Status::Quarantined)?;
        let mut item = (**old).clone();
        if approved {
            item.status = Status::Active;
            item.reasons.clear();
            return changed_item(old, item, vector, by, Happened::Approved);
        }
        item.status = Status::Deleted;
        item.deleted_at = Some(by.now);
        changed_item(old, item, None, by, Happened::Rejected)
    }

    /// What a judgement changes.
    pub(crate) fn plan_feedback(
        &self,
        id: Id,
        feedback: Feedback,
        by: &By,
    ) -> Result<Planned, MemoryError> {
        let old = self.item_in(id, Status::Active)?;
        let mut item = (**old).clone();
        item.usage.by(&by.actor, by.now);
        let count = match feedback {
            Feedback::View => &mut item.usage.accesses,
            Feedback::Endorse | Feedback::Validate => &mut item.usage.endorsements,
            Feedback::Dismiss | Feedback::Refute => &mut item.usage.dismissals,
        };
        *count = count.saturating_add(1);
        match feedback {
            Feedback::Validate => {
                item.class = Class::Validated;
                changed_item(old, item, None, by, Happened::Validated)
            }
            Feedback::Refute => {
                item.class = Class::FalsePositive;
                changed_item(old, item, None, by, Happened::Refuted)
            }
            _ => {
                let item = Arc::new(item);
                Ok((vec![Change::Item(Arc::clone(&item), None)], item))
            }
        }
    }

    /// What ending an intention changes.
    pub(crate) fn plan_end(
        &self,
        id: Id,
        how: End,
        outcome: Option<String>,
        by: &By,
    ) -> Result<Planned, MemoryError> {
        let old = self.item_in(id, Status::Active)?;
        let expected = "an open intention";
        let intention =
            old.intention().ok_or(MemoryError::State { id, expected, found: "no intention" })?;
        let ended = intention.ended(id, how, Ended { at: by.now, outcome })?;
        let item = Item { attitude: Some(Attitude::Intention(ended)), ..(**old).clone() };
        let what = match how {
            End::Complete => Happened::Completed,
            End::Abandon => Happened::Abandoned,
        };
        changed_item(old, item, None, by, what)
    }

    /// What telling how a claim turned out changes: also its class, so that what is so stays and what
    /// is not fades.
    pub(crate) fn plan_verify(
        &self,
        id: Id,
        truth: bool,
        evidence: Option<String>,
        by: &By,
    ) -> Result<Planned, MemoryError> {
        let old = self.item_in(id, Status::Active)?;
        let expected = "an unverified claim";
        let claim = old.claim().ok_or(MemoryError::State { id, expected, found: "no claim" })?;
        let claim = claim.verified(id, Verified { at: by.now, truth, evidence })?;
        let class = if truth { Class::Validated } else { Class::FalsePositive };
        let item = Item { attitude: Some(Attitude::Claim(claim)), class, ..(**old).clone() };
        changed_item(old, item, None, by, Happened::Verified)
    }

    /// What recording a pattern changes: it is stored, or seen once more where it is there.
    pub(crate) fn plan_pattern(
        &self,
        new: New,
        id: Id,
        vector: Option<Arc<[f32]>>,
        (seen, by): (Instance, &By),
    ) -> Result<Storing, MemoryError> {
        let space = self.space_for(&new, id, vector.as_deref())?;
        let old = self.reinforces(&new, &space.name);
        let Some((old, pattern)) = old.and_then(|old| Some((old, old.pattern()?))) else {
            return self.plan_store(new, id, vector, by);
        };
        let attitude = Some(Attitude::Pattern(pattern.seen(seen)?));
        let item = Item { attitude, ..reinforced(old, by) };
        Ok((changed_item(old, item, None, by, Happened::Seen)?, Outcome::Reinforced))
    }

    /// What erasing changes, and whether nothing of the memory is left then. Where knowledge says so
    /// much of it that one commit does not hold it, a part of that goes first, with the memory deleted:
    /// planning again goes on, and so does tending if nobody does.
    pub(crate) fn plan_erase(&self, id: Id, by: &By) -> Result<(Vec<Change>, bool), MemoryError> {
        let old = self.item(id)?;
        let target = Command::Erase(Target::Memory(old.number));
        let plan = self.knowledge.plan(target, &stamp(by))?;
        if plan.changes.len() + old.version as usize + ERASE_BESIDES > MAX_WRITES {
            let mut changes = match old.status {
                Status::Deleted => Vec::new(),
                // With a full history it stays as it is until all is gone.
                _ => self.plan_delete(id, by).map(|planned| planned.0).unwrap_or_default(),
            };
            changes.push(Change::Knowledge(plan.first(ERASE_STEP)));
            return Ok((changes, false));
        }
        // Not even a digest of its vector stays.
        let layout = Change::Layout(old.collection.clone(), None);
        Ok((vec![Change::Knowledge(plan), Change::Erase(id, old.version), layout], true))
    }

    /// What time alone changes in one memory.
    pub(crate) fn plan_fate(&self, old: &Arc<Item>, by: &By) -> Option<(Vec<Change>, Fated)> {
        let over = |at: Option<Time>| at.is_some_and(|at| at <= by.now);
        let undo = self.config.undo_seconds as i64 * 1_000_000;
        let done = |changes: Vec<Change>, fated| Some((changes, fated));
        let becomes =
            |item: Item, what, fated| done(changed_item(old, item, None, by, what).ok()?.0, fated);
        match old.status {
            Status::Deleted if over(old.deleted_at.map(|at| at.saturating_add(undo))) => {
                let (changes, whole) = self.plan_erase(old.id, by).ok()?;
                done(changes, if whole { Fated::Erased } else { Fated::PartlyErased })
            }
            Status::Active if over(old.expires_at) => {
                let item = Item { status: Status::Expired, ..(**old).clone() };
                becomes(item, Happened::Expired, Fated::Expired)
            }
            Status::Active if old.is_unsettled() => None,
            Status::Active => match self.config.tiers.judge(old, by.now) {
                Fate::Stay => None,
                Fate::Consolidate => {
                    let mut item = (**old).clone();
                    item.usage.consolidations += 1;
                    done(vec![Change::Item(Arc::new(item), None)], Fated::Consolidated)
                }
                Fate::Promote(tier) => {
                    becomes(promoted(old, tier, by), Happened::Promoted, Fated::Promoted(tier))
                }
                Fate::Expire => {
                    let item = Item { status: Status::Expired, ..(**old).clone() };
                    becomes(item, Happened::Expired, Fated::Expired)
                }
            },
            _ => None,
        }
    }

    /// The memory of a name if it has this status.
    pub(crate) fn item_in(&self, id: Id, status: Status) -> Result<&Arc<Item>, MemoryError> {
        let item = self.item(id)?;
        if item.status == status { Ok(item) } else { Err(state(item, status.name())) }
    }
}

/// Who changes knowledge on the main branch.
pub(crate) fn stamp(by: &By) -> Stamp {
    Stamp { branch: BranchId::MAIN, at: by.now, by: by.actor.clone() }
}

/// What time has done to a memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fated {
    Consolidated,
    Promoted(Tier),
    Expired,
    Erased,
    /// A part of what knowledge says of it is gone, and there is more.
    PartlyErased,
}

fn reinforced(old: &Item, by: &By) -> Item {
    let mut item = old.clone();
    item.usage.repeats = item.usage.repeats.saturating_add(1);
    item.usage.by(&by.actor, by.now);
    item
}

fn promoted(old: &Item, tier: Tier, by: &By) -> Item {
    let mut item = Item { tier, ..old.clone() };
    item.usage.reinforced_at = item.usage.reinforced_at.max(by.now);
    item
}

/// What was meant or claimed stands as it was said: nobody was surer, or meant less, in hindsight.
fn check_stands(old: &Item, patch: &Patch) -> Result<(), MemoryError> {
    let claims = old.claim().is_some();
    let what = match old.attitude {
        Some(_) if patch.text.as_ref().is_some_and(|text| *text != old.text) => "text",
        Some(_) if claims && patch.confidence.is_some() => "confidence",
        _ => return Ok(()),
    };
    let expected = "none, because an intention, a claim, a pattern or a snapshot stands as it was \
                    said; delete it and say another";
    Err(MemoryError::Field { what, expected: expected.into() })
}

/// Entities are what a name names; dates and amounts are literals.
fn is_entity(kind: text::MentionKind) -> bool {
    use text::MentionKind::{Amount, Date};
    !matches!(kind, Amount | Date)
}

fn state(item: &Item, expected: &'static str) -> MemoryError {
    MemoryError::State { id: item.id, expected, found: item.status.name() }
}

pub(crate) fn check_vector(space: &Space, vector: Option<&[f32]>) -> Result<(), MemoryError> {
    let Some(vector) = vector else { return Ok(()) };
    if vector.len() != space.dimension {
        return Err(MemoryError::Dimension {
            collection: space.name.clone(),
            expected: space.dimension,
            found: vector.len(),
        });
    }
    if vector.iter().any(|x| !x.is_finite()) || vector.iter().all(|&x| x == 0.0) {
        let expected = "finite numbers, not all of them 0".into();
        return Err(MemoryError::Field { what: "embedding", expected });
    }
    Ok(())
}

pub(crate) fn added(
    item: &Arc<Item>,
    vector: Option<Arc<[f32]>>,
    by: &By,
    what: Happened,
) -> Vec<Change> {
    let event = event(None, item, by, what);
    vec![Change::Item(Arc::clone(item), vector), Change::Event(item.id, event)]
}

fn superseded(old: &Item, by_id: Id, by: &By) -> Result<Vec<Change>, MemoryError> {
    let item = Item { status: Status::Superseded, superseded_by: Some(by_id), ..old.clone() };
    Ok(changed_item(old, item, None, by, Happened::Superseded)?.0)
}

/// The next version of a memory, with its event.
fn changed_item(
    old: &Item,
    mut item: Item,
    vector: Option<Arc<[f32]>>,
    by: &By,
    what: Happened,
) -> Result<Planned, MemoryError> {
    if old.version >= MAX_VERSIONS && what == Happened::Updated {
        let expected = format!("at most {MAX_VERSIONS} changes of one memory; store another");
        return Err(MemoryError::Field { what: "version", expected });
    }
    item.version = old.version + 1;
    item.updated_at = by.now.max(old.updated_at);
    let event = event(Some(old), &item, by, what);
    let item = Arc::new(item);
    Ok((vec![Change::Item(Arc::clone(&item), vector), Change::Event(item.id, event)], item))
}

fn event(old: Option<&Item>, item: &Item, by: &By, what: Happened) -> Event {
    let changed = match (what, item.pattern()) {
        (Happened::Seen, Some(pattern)) => seen(pattern),
        _ => changed(old, item),
    };
    Event { version: item.version, at: by.now, by: by.actor.clone(), what, changed }
}

fn sorted(mut tags: Vec<String>) -> Vec<String> {
    tags.sort();
    tags.dedup();
    tags
}
