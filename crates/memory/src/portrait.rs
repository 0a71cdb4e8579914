//! How somebody thinks, in numbers: recorded patterns by kind, and what each time brought, so that it
//! can be seen to grow. Counts of what is kept, nothing else.

use std::collections::BTreeMap;

use knowledge::{BranchId, Brought};

use crate::attitude::{ClaimState, IntentionState};
use crate::durable::Memory;
use crate::error::{MemoryError, TooLarge};
use crate::item::{Scope, Status, Time};

/// Periods of one portrait.
pub const MAX_PERIODS: usize = 60;

/// Which time, cut into which periods.
#[derive(Clone, Debug)]
pub struct Portray {
    /// Whose memories and patterns; what is known is the tenant's.
    pub scope: Scope,
    /// After then,
    pub from: Time,
    /// up to then.
    pub to: Time,
    /// How long a period is, above 0; the last is cut at `to`.
    pub period: Time,
}

/// How somebody thinks.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Portrait {
    /// Recorded patterns by kind, those seen most often first.
    pub kinds: Vec<Kind>,
    /// What each period brought, the first first.
    pub periods: Vec<Period>,
}

/// Recorded patterns of a kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kind {
    /// Which.
    pub kind: String,
    /// How many patterns.
    pub patterns: usize,
    /// How often they were seen within the time.
    pub instances: usize,
}

/// What a period brought.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Period {
    /// After then,
    pub from: Time,
    /// up to then.
    pub to: Time,
    /// Memories that came and are still there.
    pub memories: usize,
    /// Of these, decisions that were learned.
    pub decisions: usize,
    /// Entities that came to be known.
    pub concepts: usize,
    /// Relations that came.
    pub links: usize,
    /// Facts that came to be known.
    pub facts: usize,
    /// Facts that were taken back, ended, or came to be held more or less surely.
    pub revised: usize,
    /// Contradictions that came up.
    pub contradictions: usize,
    /// Intentions that were completed.
    pub completed: usize,
    /// Claims that turned out, true or false.
    pub verified: usize,
    /// Times that a recorded pattern was seen.
    pub instances: usize,
}

impl Memory {
    /// How somebody thinks, in numbers.
    ///
    /// # Errors
    /// [`MemoryError::Field`], [`MemoryError::TooLarge`] for more than [`MAX_PERIODS`].
    pub fn portrait(&self, portray: &Portray) -> Result<Portrait, MemoryError> {
        portray.scope.check()?;
        let length = portray.to.checked_sub(portray.from).filter(|length| *length > 0);
        let Some(length) = length.filter(|_| portray.period > 0) else {
            let expected = "a period above 0, and `to` after `from`".into();
            return Err(MemoryError::Field { what: "period", expected });
        };
        let n = usize::try_from((length - 1) / portray.period + 1).unwrap_or(usize::MAX);
        TooLarge::check("periods", "periods", n, MAX_PERIODS)?;
        let state = self.read()?;
        let begins =
            |k: usize| portray.from.saturating_add(portray.period.saturating_mul(k as Time));
        let bounds: Vec<Time> = (0..=n).map(|k| begins(k).min(portray.to)).collect();
        let brought = state.knowledge.brought(BranchId::MAIN, &bounds)?;
        let period = |(k, brought): (usize, Brought)| Period {
            from: bounds[k],
            to: bounds[k + 1],
            concepts: brought.entities,
            links: brought.relations,
            facts: brought.facts,
            revised: brought.revised,
            contradictions: brought.contradictions,
            ..Period::default()
        };
        let mut periods: Vec<Period> = brought.into_iter().enumerate().map(period).collect();
        let kinds = state.portrayed(portray, &mut periods);
        Ok(Portrait { kinds, periods })
    }
}

impl crate::state::State {
    /// Counts memories into their periods, and patterns by kind.
    fn portrayed(&self, portray: &Portray, periods: &mut [Period]) -> Vec<Kind> {
        let nth = |at: Time| {
            let within = portray.from < at && at <= portray.to;
            within.then(|| ((at - portray.from - 1) / portray.period) as usize)
        };
        let mut kinds: BTreeMap<String, Kind> = BTreeMap::new();
        for item in self.items.iter().flatten() {
            let gone = matches!(item.status, Status::Deleted | Status::Quarantined);
            if gone || !portray.scope.holds(&item.scope) {
                continue;
            }
            let mut count = |at: Time, field: fn(&mut Period) -> &mut usize| {
                if let Some(period) = nth(at).and_then(|k| periods.get_mut(k)) {
                    *field(period) += 1;
                }
            };
            count(item.created_at, |period| &mut period.memories);
            if item.tags.iter().any(|tag| tag == "decision") {
                count(item.created_at, |period| &mut period.decisions);
            }
            if let Some(IntentionState::Completed(end)) = item.intention().map(|i| &i.state) {
                count(end.at, |period| &mut period.completed);
            }
            if let Some(ClaimState::Verified(verified)) = item.claim().map(|c| &c.state) {
                count(verified.at, |period| &mut period.verified);
            }
            let Some(pattern) = item.pattern() else { continue };
            let kind = kinds.entry(pattern.kind.clone()).or_default();
            kind.patterns += 1;
            for instance in &pattern.instances {
                count(instance.at, |period| &mut period.instances);
                kind.instances += usize::from(nth(instance.at).is_some());
            }
        }
        let named = |(name, kind): (String, Kind)| Kind { kind: name, ..kind };
        let mut kinds: Vec<Kind> = kinds.into_iter().map(named).collect();
        kinds.sort_by(|a, b| b.instances.cmp(&a.instances).then(a.kind.cmp(&b.kind)));
        kinds
    }
}
