//! How memories fade and how they are consolidated: one formula, with clocks and thresholds by
//! profile.
//!
//! A memory's strength is `min(c, max(floor, c · (1 − rate)^days))`, where `c` is its confidence,
//! `days` the time since it was last reinforced, and rate and floor are its class's. It is promoted
//! by its score
//! `0.3 importance + 0.2 min(1, accesses/10) + 0.3 min(1, endorsements/3) + 0.2 exp(−age/30 min)`.

use serde::{Deserialize, Serialize};

use crate::item::{Class, Item, Tier, Time};

const SECOND: f64 = 1e6;
const DAY_SECONDS: f64 = 86_400.0;
/// Seconds after which the share of the score that freshness gives has fallen to 1/e.
const FRESHNESS_SECONDS: f64 = 1800.0;

/// The clocks of the tiers, what promotes and what fades.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// Where a new memory enters.
    pub enters: Tier,
    /// How long a memory stays in a tier before it is judged, in seconds; `None` for ever.
    pub working_seconds: Option<u64>,
    /// As above.
    pub short_term_seconds: Option<u64>,
    /// As above.
    pub long_term_seconds: Option<u64>,
    /// Whether a memory that is not promoted at the end of its time expires; else it is promoted.
    pub forgets: bool,
    /// What takes a memory out of its tier before its time.
    pub promotion: Promotion,
}

/// What promotes a memory.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Promotion {
    /// From working to short-term: the score.
    pub score: f32,
    /// How many actors must have used or judged it.
    pub actors: usize,
    /// How many endorsements it needs unless it matters enough.
    pub endorsements: u32,
    /// The importance that stands for endorsements.
    pub importance: f32,
    /// From short-term to long-term: the confidence.
    pub confidence: f32,
    /// How many consolidations it needs.
    pub consolidations: u32,
    /// Whether it must be validated.
    pub validated: bool,
}

/// How memories of a class fade.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decay {
    /// The share of its strength that a memory loses in a day.
    pub rate: f32,
    /// What remains at least.
    pub floor: f32,
    /// Whether it neither fades nor expires with its tier.
    pub protected: bool,
}

/// What consolidation decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It stays.
    Stay,
    /// It was worth keeping when it was looked at.
    Consolidate,
    /// It moves up.
    Promote(Tier),
    /// It expires.
    Expire,
}

impl Profile {
    /// Keeps what it is told: memories enter the short-term tier and none is forgotten.
    pub fn assistant() -> Self {
        Self {
            enters: Tier::ShortTerm,
            working_seconds: Some(3600),
            short_term_seconds: Some(7 * 86_400),
            long_term_seconds: None,
            forgets: false,
            promotion: Promotion::analyst(),
        }
    }

    /// The clock of a security team: an hour, a week, ninety days; what nobody needed is forgotten.
    pub fn analyst() -> Self {
        Self {
            enters: Tier::Working,
            working_seconds: Some(3600),
            short_term_seconds: Some(7 * 86_400),
            long_term_seconds: Some(90 * 86_400),
            forgets: true,
            promotion: Promotion::analyst(),
        }
    }

    /// The clock of a cortex: thirty seconds, an hour, and then for good; time alone consolidates.
    pub fn cortex() -> Self {
        Self {
            enters: Tier::Working,
            working_seconds: Some(30),
            short_term_seconds: Some(3600),
            long_term_seconds: None,
            forgets: false,
            promotion: Promotion { score: 0.8, ..Promotion::analyst() },
        }
    }

    /// The profile of a name.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "assistant" => Some(Self::assistant()),
            "analyst" => Some(Self::analyst()),
            "cortex" => Some(Self::cortex()),
            _ => None,
        }
    }

    fn seconds(&self, tier: Tier) -> Option<u64> {
        match tier {
            Tier::Working => self.working_seconds,
            Tier::ShortTerm => self.short_term_seconds,
            Tier::LongTerm => self.long_term_seconds,
        }
    }

    /// What becomes of a memory now.
    pub fn judge(&self, item: &Item, now: Time) -> Fate {
        if let Some(tier) = item.tier.next()
            && self.promotion.holds(item, now)
        {
            return Fate::Promote(tier);
        }
        if !self.is_over(item, now) {
            return self.promotion.worth(item);
        }
        match item.tier.next() {
            Some(tier) if !self.forgets => Fate::Promote(tier),
            _ if item.class.decay().protected => Fate::Stay,
            _ => Fate::Expire,
        }
    }

    fn is_over(&self, item: &Item, now: Time) -> bool {
        let age = seconds(now, item.usage.reinforced_at);
        self.seconds(item.tier).is_some_and(|limit| age >= limit as f64)
    }
}

impl Promotion {
    fn analyst() -> Self {
        Self {
            score: 0.7,
            actors: 2,
            endorsements: 2,
            importance: 0.7,
            confidence: 0.8,
            consolidations: 3,
            validated: true,
        }
    }

    fn holds(&self, item: &Item, now: Time) -> bool {
        match item.tier {
            Tier::Working => {
                let judged = item.usage.endorsements >= self.endorsements
                    || item.importance >= self.importance;
                judged && item.usage.actors.len() >= self.actors && score(item, now) >= self.score
            }
            Tier::ShortTerm => {
                item.confidence >= self.confidence
                    && item.usage.consolidations >= self.consolidations
                    && (!self.validated || item.class == Class::Validated)
            }
            Tier::LongTerm => false,
        }
    }

    /// A memory of the short-term tier that has been used since is consolidated once more.
    fn worth(&self, item: &Item) -> Fate {
        let used = item.usage.accesses + item.usage.endorsements + item.usage.repeats;
        let more =
            used > item.usage.consolidations && item.usage.consolidations < self.consolidations;
        if item.tier == Tier::ShortTerm && more { Fate::Consolidate } else { Fate::Stay }
    }
}

impl Class {
    /// How memories of the class fade.
    pub fn decay(self) -> Decay {
        let decay = |rate, floor, protected| Decay { rate, floor, protected };
        match self {
            Self::Episodic => decay(0.02, 0.3, false),
            Self::Semantic => decay(0.005, 0.5, false),
            Self::Procedural | Self::Pattern => decay(0.01, 0.5, false),
            Self::Validated => decay(0.0, 1.0, true),
            Self::FalsePositive => decay(0.1, 0.0, false),
        }
    }
}

/// How strong a memory is now, 0 to 1.
pub fn strength(item: &Item, now: Time) -> f32 {
    let Decay { rate, floor, protected } = item.class.decay();
    if protected {
        return item.confidence;
    }
    let days = seconds(now, item.usage.reinforced_at) / DAY_SECONDS;
    let faded = f64::from(item.confidence) * (1.0 - f64::from(rate)).powf(days);
    (faded as f32).max(floor).min(item.confidence)
}

/// What promotes a memory of the working tier, 0 to 1.
pub fn score(item: &Item, now: Time) -> f32 {
    let age = seconds(now, item.created_at);
    let share = |n: u32, of: f32| (n as f32 / of).min(1.0);
    0.3 * item.importance
        + 0.2 * share(item.usage.accesses, 10.0)
        + 0.3 * share(item.usage.endorsements, 3.0)
        + 0.2 * (-age / FRESHNESS_SECONDS).exp() as f32
}

/// Seconds between two times; a clock that went back counts as none.
fn seconds(now: Time, then: Time) -> f64 {
    now.saturating_sub(then).max(0) as f64 / SECOND
}
