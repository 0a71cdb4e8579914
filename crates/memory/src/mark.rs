//! Snapshots of thinking: a time that is marked by a name, and what two marked times have otherwise.
//! Nothing is copied: what was known and meant at a time can be told from what is kept.

use std::sync::Arc;

use knowledge::{At, Between, BranchId, Compared, ContradictionId, EntityId};

use crate::attitude::{Attitude, ClaimState, IntentionState, Mark};
use crate::durable::Memory;
use crate::error::{MemoryError, TooLarge};
use crate::item::{Id, Item, MAX_NAME_BYTES, New, Scope, Status, Time, check_name};
use crate::memory::Stored;
use crate::plan::By;
use crate::recall::name;
use crate::state::State;
use crate::thinking::{ChangedFact, ChangedRelation, MAX_CHANGED, changed_facts};

/// Which two are compared.
#[derive(Clone, Debug)]
pub struct Marks {
    /// The names, or the memories' names, of two; in any order.
    pub between: [String; 2],
    /// Whose marks, and whose memories and attitudes are told.
    pub scope: Scope,
    /// Changes of each kind, up to [`MAX_CHANGED`].
    pub limit: usize,
}

/// What is otherwise.
#[derive(Clone, Debug)]
pub struct Moved {
    /// The earlier.
    pub from: Arc<Item>,
    /// The later.
    pub to: Arc<Item>,
    /// Entities that came to be known.
    pub entities: Vec<(EntityId, String)>,
    /// Facts that changed.
    pub facts: Vec<ChangedFact>,
    /// Relations that changed.
    pub relations: Vec<ChangedRelation>,
    /// Contradictions that came up.
    pub contradictions: Vec<ContradictionId>,
    /// Intentions, claims and patterns that changed, in the order of their times.
    pub attitudes: Vec<ChangedAttitude>,
    /// Memories that came and are still there.
    pub memories: usize,
    /// Whether there is more of a kind than was asked for.
    pub more: bool,
}

/// What became of an intention, a claim or a pattern.
#[derive(Clone, Debug)]
pub struct ChangedAttitude {
    /// The memory that it is.
    pub item: Arc<Item>,
    /// `meant`, `completed`, `abandoned`, `claimed`, `came true`, `came false`, `recorded` or `seen`.
    pub change: &'static str,
    /// When.
    pub at: Time,
}

impl Memory {
    /// Marks this time, on a branch of knowledge, by a name that no other mark of the same scope has.
    ///
    /// # Errors
    /// As [`Memory::store`]; [`MemoryError::State`] where the name is taken,
    /// [`MemoryError::Knowledge`] where there is no such branch.
    pub async fn mark(
        &self,
        name: String,
        branch: BranchId,
        scope: Scope,
        by: &By,
    ) -> Result<Stored, MemoryError> {
        check_name("name", &name)?;
        TooLarge::check("name", "bytes", name.len(), MAX_NAME_BYTES)?;
        let attitude = Some(Attitude::Mark(Mark { at: by.now, branch: branch.0 }));
        let new = New { text: name, scope, attitude, ..New::default() };
        let plan = |state: &State, new: New, id, vector| {
            state.knowledge.latest(branch)?;
            state.check_unmarked(&new)?;
            state.plan_store(new, id, vector, by)
        };
        self.store_as(new, by, plan).await
    }

    /// What two marked times have otherwise.
    ///
    /// # Errors
    /// [`MemoryError::Field`] where a mark is not there, several narrower scopes have one of that name,
    /// or the two are of two branches,
    /// [`MemoryError::TooLarge`].
    pub fn compare_marks(&self, marks: &Marks) -> Result<Moved, MemoryError> {
        TooLarge::check("limit", "changes", marks.limit, MAX_CHANGED)?;
        marks.scope.check()?;
        let state = self.read()?;
        let [a, b] = &marks.between;
        let mut ends = [state.marked(&marks.scope, a)?, state.marked(&marks.scope, b)?];
        ends.sort_by_key(|item| item.mark().map(|mark| mark.at));
        let [Some(from), Some(to)] = ends.map(|item| item.mark()) else {
            return Err(MemoryError::Closed);
        };
        if from.branch != to.branch {
            let expected = "two of one branch".into();
            return Err(MemoryError::Field { what: "snapshot", expected });
        }
        let between = Between {
            branch: BranchId(from.branch),
            from: from.at,
            to: to.at,
            about: None,
            limit: marks.limit.max(1),
        };
        let compared = state.knowledge.between(&between)?;
        state.moved(ends, &between, compared, marks)
    }
}

impl State {
    /// Marks of a scope and those within it, the newest first.
    fn marks<'a>(&'a self, scope: &'a Scope) -> impl Iterator<Item = &'a Arc<Item>> {
        let mark = |item: &&Arc<Item>| {
            item.status == Status::Active && item.mark().is_some() && scope.holds(&item.scope)
        };
        self.attitudes.iter().rev().filter_map(|id| self.item(*id).ok()).filter(mark)
    }

    /// The mark of a memory's name, or of a name: that of the scope itself, otherwise the only one
    /// within it.
    fn marked<'a>(&'a self, scope: &'a Scope, name: &str) -> Result<&'a Arc<Item>, MemoryError> {
        let field = |expected| MemoryError::Field { what: "snapshot", expected };
        if let Ok(id) = Id::parse(name)
            && let Some(mark) = self.marks(scope).find(|mark| mark.id == id)
        {
            return Ok(mark);
        }
        let named: Vec<&Arc<Item>> = self.marks(scope).filter(|mark| mark.text == name).collect();
        match (named.iter().find(|mark| mark.scope == *scope), named.as_slice()) {
            (Some(mark), _) | (None, [mark]) => Ok(mark),
            (None, []) => Err(field("the name of a snapshot, or the memory's".into())),
            (None, [one, another, ..]) => Err(field(format!(
                "the scope or the memory's name, because {} and {} are both called {name:?}",
                one.id, another.id
            ))),
        }
    }

    fn check_unmarked(&self, new: &New) -> Result<(), MemoryError> {
        let taken = |mark: &&Arc<Item>| mark.scope == new.scope && mark.text == new.text;
        let (expected, found) = ("a name that no other has", "a snapshot of that name");
        let refused = |mark: &Arc<Item>| MemoryError::State { id: mark.id, expected, found };
        self.marks(&new.scope).find(taken).map_or(Ok(()), |mark| Err(refused(mark)))
    }

    fn moved(
        &self,
        [from, to]: [&Arc<Item>; 2],
        between: &Between,
        compared: Compared,
        marks: &Marks,
    ) -> Result<Moved, MemoryError> {
        let at = |known| At { branch: between.branch, known: Some(known), valid: None };
        let (then, later) =
            (self.knowledge.at(at(between.from))?, self.knowledge.at(at(between.to))?);
        let mut attitudes = self.changed_attitudes(&marks.scope, between.from, between.to);
        let more = compared.more || attitudes.len() > between.limit;
        attitudes.truncate(between.limit);
        let came = |item: &&Arc<Item>| {
            between.from < item.created_at
                && item.created_at <= between.to
                && item.status == Status::Active
                && item.mark().is_none()
                && marks.scope.holds(&item.scope)
        };
        Ok(Moved {
            from: Arc::clone(from),
            to: Arc::clone(to),
            entities: compared.entities.iter().map(|id| (*id, name(&later, *id))).collect(),
            facts: changed_facts(&compared, &then, &later),
            relations: self.changed_relations(&compared.relations, &later),
            contradictions: compared.contradictions,
            attitudes,
            memories: self.items.iter().flatten().filter(came).count(),
            more,
        })
    }

    fn changed_attitudes(&self, scope: &Scope, from: Time, to: Time) -> Vec<ChangedAttitude> {
        let mut all = Vec::new();
        for item in self.stood(scope) {
            for (at, change) in turns(item) {
                if from < at && at <= to {
                    all.push(ChangedAttitude { item: Arc::clone(item), change, at });
                }
            }
        }
        all.sort_by_key(|changed| (changed.at, changed.item.id));
        all
    }
}

/// What became of an attitude, and when.
fn turns(item: &Item) -> Vec<(Time, &'static str)> {
    let made = item.created_at;
    match &item.attitude {
        None | Some(Attitude::Mark(_)) => Vec::new(),
        Some(Attitude::Intention(intention)) => match &intention.state {
            IntentionState::Open => vec![(made, "meant")],
            IntentionState::Completed(end) => vec![(made, "meant"), (end.at, "completed")],
            IntentionState::Abandoned(end) => vec![(made, "meant"), (end.at, "abandoned")],
        },
        Some(Attitude::Claim(claim)) => match &claim.state {
            ClaimState::Unverified => vec![(made, "claimed")],
            ClaimState::Verified(v) => {
                vec![(made, "claimed"), (v.at, if v.truth { "came true" } else { "came false" })]
            }
        },
        Some(Attitude::Pattern(pattern)) => {
            let seen = pattern.instances.iter().skip(1).map(|one| (one.at, "seen"));
            std::iter::once((made, "recorded")).chain(seen).collect()
        }
    }
}
