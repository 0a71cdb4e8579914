//! Overrides: what is lifted for a while, by whom and why. They expire; the Zeroth and the First Law
//! cannot be lifted (`docs/decisions/0033-overrides.md`).

use serde::{Deserialize, Serialize};

use crate::error::AgentError;
use crate::law::{Law, Why};

/// How long an override may last (ms): an hour.
pub const MAX_OVERRIDE_MS: u64 = 3_600_000;
/// Overrides that may be active at once.
pub const MAX_OVERRIDES: usize = 16;
/// The longest reason.
pub const MAX_REASON_BYTES: usize = 1024;

/// What is lifted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OverrideKind {
    /// What content says against the Second and the Third Law.
    ContentFilter,
    /// How many learning requests an hour may be made.
    RateLimiting,
    /// The Second and the Third Law.
    FourLaws,
}

impl OverrideKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::ContentFilter, Self::RateLimiting, Self::FourLaws];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::ContentFilter => "content_filter",
            Self::RateLimiting => "rate_limiting",
            Self::FourLaws => "four_laws",
        }
    }
}

/// Something that is lifted for a while.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Override {
    /// Its name.
    pub id: String,
    /// What is lifted.
    pub kind: OverrideKind,
    /// By whom.
    pub by: String,
    /// Why.
    pub reason: String,
    /// From when (ms since 1970).
    pub from_ms: u64,
    /// Until when, that moment not included (ms since 1970).
    pub until_ms: u64,
}

/// Which kinds are lifted at a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lifted {
    content_filter: bool,
    rate_limiting: bool,
    four_laws: bool,
}

impl Lifted {
    /// Nothing is lifted.
    pub const NOTHING: Self =
        Self { content_filter: false, rate_limiting: false, four_laws: false };

    /// Whether a kind is lifted.
    pub fn has(self, kind: OverrideKind) -> bool {
        match kind {
            OverrideKind::ContentFilter => self.content_filter,
            OverrideKind::RateLimiting => self.rate_limiting,
            OverrideKind::FourLaws => self.four_laws,
        }
    }

    /// Whether a violation of a law is lifted.
    pub(crate) fn lifts(self, law: Law, why: Why) -> bool {
        match law {
            Law::Zeroth | Law::First => false,
            Law::Second | Law::Third => {
                self.four_laws || (self.content_filter && why == Why::Content)
            }
        }
    }
}

/// The overrides of a tenant.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overrides {
    all: Vec<Override>,
}

impl Overrides {
    /// Lifts something for a while; those that have expired are forgotten.
    ///
    /// # Errors
    /// [`AgentError::Lasting`], [`AgentError::Text`], [`AgentError::Full`]: nothing is lifted.
    pub fn lift(
        &mut self,
        (id, kind): (String, OverrideKind),
        (by, reason): (String, String),
        (now_ms, lasting_ms): (u64, u64),
    ) -> Result<Override, AgentError> {
        if lasting_ms == 0 || lasting_ms > MAX_OVERRIDE_MS {
            return Err(AgentError::Lasting { found_ms: lasting_ms, limit_ms: MAX_OVERRIDE_MS });
        }
        let found = reason.trim().len();
        if found == 0 || found > MAX_REASON_BYTES {
            let limit = MAX_REASON_BYTES;
            return Err(AgentError::Text { what: "reason", found, limit });
        }
        if self.active(now_ms).count() >= MAX_OVERRIDES {
            return Err(AgentError::Full { what: "active overrides", limit: MAX_OVERRIDES });
        }
        let until_ms = now_ms.saturating_add(lasting_ms);
        let lifted = Override { id, kind, by, reason, from_ms: now_ms, until_ms };
        self.all.retain(|other| other.is_active(now_ms));
        self.all.push(lifted.clone());
        Ok(lifted)
    }

    /// Ends an override before its time; says whether it was active.
    pub fn end(&mut self, id: &str, now_ms: u64) -> bool {
        let before = self.active(now_ms).count();
        self.all.retain(|other| other.is_active(now_ms) && other.id != id);
        self.all.len() < before
    }

    /// Those that are active.
    pub fn active(&self, now_ms: u64) -> impl Iterator<Item = &Override> {
        self.all.iter().filter(move |lifted| lifted.is_active(now_ms))
    }

    /// What is lifted now.
    pub fn lifted(&self, now_ms: u64) -> Lifted {
        let has = |kind| self.active(now_ms).any(|lifted| lifted.kind == kind);
        Lifted {
            content_filter: has(OverrideKind::ContentFilter),
            rate_limiting: has(OverrideKind::RateLimiting),
            four_laws: has(OverrideKind::FourLaws),
        }
    }
}

impl Override {
    /// Whether it is active; a clock that was set back before its beginning ends it too.
    pub fn is_active(&self, now_ms: u64) -> bool {
        (self.from_ms..self.until_ms).contains(&now_ms)
    }
}
