//! What a time brought, read from what is kept: no model takes part, and the same memory tells the
//! same. Counts and lists, each with the figure that orders it.

use std::sync::Arc;

use knowledge::{
    At, Between, BranchId, ConflictKind, ContradictionId, EntityId, RelationChange, View,
};

use crate::claim::turned_out;
use crate::durable::Memory;
use crate::error::{MemoryError, TooLarge};
use crate::item::{Item, Scope, Status, Time};
use crate::recall::{name, said};
use crate::state::State;
use crate::thinking::ChangedRelation;

/// Entries of each list.
pub const MAX_INSIGHTS: usize = 100;
/// Days after which an open intention that nobody touched is stale, where nobody says another number.
pub const STALE_DAYS: u32 = 7;

const DAY: Time = 86_400 * 1_000_000;
/// What always saying 0.5 costs: a claim that cost more went wrong.
const COST_OF_KNOWING_NOTHING: f64 = 0.25;

/// Which time, and what of it.
#[derive(Clone, Debug)]
pub struct Window {
    /// After then,
    pub from: Time,
    /// up to then.
    pub to: Time,
    /// Whose memories, intentions and claims; what is known is the tenant's.
    pub scope: Scope,
    /// Days after which an intention is stale.
    pub stale_days: u32,
    /// Entries of each list, up to [`MAX_INSIGHTS`].
    pub limit: usize,
}

/// What a time brought.
#[derive(Clone, Debug, Default)]
pub struct Insights {
    /// Memories that came and are still there.
    pub memories: usize,
    /// Entities that came to be known, in the order of their numbers.
    pub entities: Vec<(EntityId, String)>,
    /// Relations that were made or last strengthened in it, the strongest at the end first.
    pub strengthened: Vec<ChangedRelation>,
    /// Contradictions that came up and are open at the end.
    pub contradictions: Vec<Opened>,
    /// Claims that turned out otherwise than they were held to, with `(confidence - truth)^2`, the
    /// dearest first.
    pub wrong: Vec<(Arc<Item>, f64)>,
    /// Open intentions that are overdue or that nobody touched, those that wait longest first.
    pub stale: Vec<Stale>,
}

/// A contradiction that came up.
#[derive(Clone, Debug)]
pub struct Opened {
    /// Which.
    pub id: ContradictionId,
    /// How they contradict each other.
    pub kind: ConflictKind,
    /// The fact that was there, as a sentence.
    pub first: String,
    /// The fact that came.
    pub second: String,
}

/// An intention that waits.
#[derive(Clone, Debug)]
pub struct Stale {
    /// The memory that is the intention.
    pub item: Arc<Item>,
    /// Whether its time was up at the end.
    pub overdue: bool,
    /// For how long nobody changed, repeated or recalled it, in days.
    pub idle_days: f64,
}

impl Memory {
    /// Tells what a time brought.
    ///
    /// # Errors
    /// [`MemoryError::TooLarge`], [`MemoryError::Knowledge`] where the times are the wrong way round.
    pub fn insights(&self, window: &Window) -> Result<Insights, MemoryError> {
        TooLarge::check("limit", "entries", window.limit, MAX_INSIGHTS)?;
        window.scope.check()?;
        self.read()?.insights(window)
    }
}

impl State {
    fn insights(&self, window: &Window) -> Result<Insights, MemoryError> {
        let compared = self.knowledge.between(&Between {
            branch: BranchId::MAIN,
            from: window.from,
            to: window.to,
            about: None,
            limit: 0,
        })?;
        let view = self.knowledge.at(At { known: Some(window.to), ..At::default() })?;
        let within = |at: Time| window.from < at && at <= window.to;
        let mut strengthened = compared.relations.clone();
        let strength = |change: &RelationChange| change.later.unwrap_or(0.0);
        strengthened.retain(|change| strength(change) > 0.0);
        strengthened.sort_by(|a, b| strength(b).total_cmp(&strength(a)).then(a.id.cmp(&b.id)));
        strengthened.truncate(window.limit);
        let mut wrong = turned_out(self.stood(&window.scope), within);
        wrong.retain(|(_, cost)| *cost > COST_OF_KNOWING_NOTHING);
        let wrong = wrong.into_iter().take(window.limit);
        let came = |item: &&Arc<Item>| {
            within(item.created_at)
                && window.scope.holds(&item.scope)
                && item.status == Status::Active
        };
        let entities = compared.entities.iter().take(window.limit);
        let opened = compared.contradictions.iter().filter_map(|id| opened(&view, *id));
        Ok(Insights {
            memories: self.items.iter().flatten().filter(came).count(),
            entities: entities.map(|id| (*id, name(&view, *id))).collect(),
            strengthened: self.changed_relations(&strengthened, &view),
            contradictions: opened.take(window.limit).collect(),
            wrong: wrong.map(|(item, cost)| (Arc::clone(item), cost)).collect(),
            stale: self.stale(window),
        })
    }

    fn stale(&self, window: &Window) -> Vec<Stale> {
        let waits = |item: &Arc<Item>| {
            let touched = item.updated_at.max(item.usage.reinforced_at);
            let idle = window.to.saturating_sub(touched).max(0);
            let due_at = item.intention().and_then(|intention| intention.due_at);
            let overdue = due_at.is_some_and(|at| at <= window.to);
            let long = idle >= DAY.saturating_mul(Time::from(window.stale_days));
            let idle_days = idle as f64 / DAY as f64;
            (overdue || long).then(|| Stale { item: Arc::clone(item), overdue, idle_days })
        };
        let there = |item: &&Arc<Item>| item.created_at <= window.to;
        let open = self.open_intentions(&window.scope).filter(there);
        let mut stale: Vec<Stale> = open.filter_map(waits).collect();
        stale.sort_by(|a, b| b.idle_days.total_cmp(&a.idle_days).then(a.item.id.cmp(&b.item.id)));
        stale.truncate(window.limit);
        stale
    }
}

/// A contradiction, if it is open in a view.
fn opened(view: &View<'_>, id: ContradictionId) -> Option<Opened> {
    let known = view.contradiction(id)?.item;
    if known.state != knowledge::ContradictionState::Open {
        return None;
    }
    let fact = |id| view.fact(id).map(|fact| said(view, fact.item));
    let (first, second) = (fact(known.first)?, fact(known.second)?);
    Some(Opened { id, kind: known.kind, first, second })
}
