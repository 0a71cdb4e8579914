//! Claims with a confidence: made, verified later, and judged together. A claim is a memory, so
//! everything that holds for memories holds for it.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::attitude::{Attitude, Claim, ClaimState};
use crate::calibration::{Calibration, Judged};
use crate::durable::Memory;
use crate::error::MemoryError;
use crate::item::{Id, Item, New, Scope, Time};
use crate::memory::Stored;
use crate::plan::By;

/// Subjects that a calibration tells apart, those with the most claims.
pub const MAX_SUBJECTS: usize = 100;

/// Which claims are judged, and how.
#[derive(Clone, Debug)]
pub struct Judge {
    /// Whose.
    pub scope: Scope,
    /// What they are about; anything where there is none.
    pub subject: Option<String>,
    /// Verified from then on.
    pub from: Option<Time>,
    /// Verified before then.
    pub to: Option<Time>,
    /// Bins of confidence, 1 to [`crate::MAX_BINS`].
    pub bins: usize,
}

/// How far claims can be believed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Judgement {
    /// All of them together.
    pub overall: Calibration,
    /// By subject, those with the most claims first, then by name; claims without one are in none.
    pub by_subject: Vec<(String, Calibration)>,
    /// Claims that nobody has verified.
    pub unverified: usize,
}

impl Memory {
    /// Remembers a claim and how probable it is held to be, which is also how sure the memory is. The
    /// same claim, with the same confidence, is the same while nobody has verified it; with another
    /// confidence it is another one.
    ///
    /// # Errors
    /// As [`Memory::store`]; [`MemoryError::Field`] for a confidence that is no probability.
    pub async fn claim(
        &self,
        new: New,
        confidence: f64,
        subject: Option<String>,
        by: &By,
    ) -> Result<Stored, MemoryError> {
        let claim = Claim { confidence, subject, state: ClaimState::Unverified };
        let attitude = Some(Attitude::Claim(claim));
        self.store(New { attitude, confidence: Some(confidence as f32), ..new }, by).await
    }

    /// Tells how a claim turned out.
    ///
    /// # Errors
    /// [`MemoryError::Unknown`]; [`MemoryError::State`] where it is no unverified claim;
    /// [`MemoryError::Store`].
    pub async fn verify(
        &self,
        id: Id,
        truth: bool,
        evidence: Option<String>,
        by: &By,
    ) -> Result<Arc<Item>, MemoryError> {
        Ok(self.write(|state| state.plan_verify(id, truth, evidence, by)).await?.0)
    }

    /// How far claims that turned out can be believed. Those that were deleted do not count.
    ///
    /// # Errors
    /// [`MemoryError::Field`] for the bins.
    pub fn calibration(&self, judge: &Judge) -> Result<Judgement, MemoryError> {
        let state = self.read()?;
        let mut all = Vec::new();
        let mut by_subject: BTreeMap<&str, Vec<Judged>> = BTreeMap::new();
        let mut unverified = 0;
        for claim in state.stood(&judge.scope).filter_map(|item| item.claim()) {
            if judge.subject.is_some() && judge.subject != claim.subject {
                continue;
            }
            let ClaimState::Verified(verified) = &claim.state else {
                unverified += 1;
                continue;
            };
            let within = judge.from.is_none_or(|from| from <= verified.at)
                && judge.to.is_none_or(|to| verified.at < to);
            if within {
                let judged = Judged { confidence: claim.confidence, truth: verified.truth };
                all.push(judged);
                claim.subject.iter().for_each(|s| by_subject.entry(s).or_default().push(judged));
            }
        }
        let overall = Calibration::of(&all, judge.bins)?;
        let mut most: Vec<(&str, Vec<Judged>)> = by_subject.into_iter().collect();
        most.sort_by_key(|(name, claims)| (std::cmp::Reverse(claims.len()), *name));
        most.truncate(MAX_SUBJECTS);
        let told = |(name, claims): (&str, Vec<Judged>)| {
            Ok((name.to_owned(), Calibration::of(&claims, judge.bins)?))
        };
        let by_subject: Result<_, MemoryError> = most.into_iter().map(told).collect();
        Ok(Judgement { overall, by_subject: by_subject?, unverified })
    }
}

/// Claims that turned out within a time, each with what its confidence cost: `(p - y)^2`, the
/// dearest first.
pub(crate) fn turned_out<'a>(
    items: impl Iterator<Item = &'a Arc<Item>>,
    within: impl Fn(Time) -> bool,
) -> Vec<(&'a Arc<Item>, f64)> {
    let cost = |item: &'a Arc<Item>| {
        let claim = item.claim()?;
        let ClaimState::Verified(verified) = &claim.state else { return None };
        let truth = if verified.truth { 1.0 } else { 0.0 };
        within(verified.at).then(|| (item, (claim.confidence - truth).powi(2)))
    };
    let mut all: Vec<_> = items.filter_map(cost).collect();
    all.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.id.cmp(&b.0.id)));
    all
}
