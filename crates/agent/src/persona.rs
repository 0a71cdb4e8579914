//! Who acts: eight traits and a mood of four values, all from 0 to 1, that adapt by reward.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::error::AgentError;
use crate::policy::{MAX_REWARD, finite};

/// Changes that a persona remembers.
pub const MAX_HISTORY: usize = 100;
/// How far a reward of 1 moves a trait.
const TRAIT_RATE: f64 = 0.01;
/// How far a reward of 1 moves a mood.
const MOOD_RATE: f64 = 0.05;
/// What a value is rounded to, so that it is the same after it was written as JSON.
const GRAIN: f64 = 1e9;
/// How far an interaction takes a mood back to where it began.
const RELAX: f64 = 0.01;

/// A trait of a persona.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "the words say it")]
pub enum Trait {
    Curiosity,
    Patience,
    Empathy,
    Helpfulness,
    Playfulness,
    Formality,
    Assertiveness,
    Thoughtfulness,
}

/// A value of a persona's mood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "the words say it")]
pub enum Mood {
    Energy,
    Enthusiasm,
    Contentment,
    Engagement,
}

impl Trait {
    /// Every trait with its first value.
    pub const ALL: [(Self, f64); 8] = [
        (Self::Curiosity, 0.8),
        (Self::Patience, 0.9),
        (Self::Empathy, 0.85),
        (Self::Helpfulness, 0.95),
        (Self::Playfulness, 0.6),
        (Self::Formality, 0.3),
        (Self::Assertiveness, 0.5),
        (Self::Thoughtfulness, 0.9),
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Curiosity => "curiosity",
            Self::Patience => "patience",
            Self::Empathy => "empathy",
            Self::Helpfulness => "helpfulness",
            Self::Playfulness => "playfulness",
            Self::Formality => "formality",
            Self::Assertiveness => "assertiveness",
            Self::Thoughtfulness => "thoughtfulness",
        }
    }

    /// The trait of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().map(|(it, _)| it).find(|it| it.name() == name)
    }

    /// What a reward does to it: what is rewarded is done more freely, what is not more patiently.
    fn bent(self) -> f64 {
        match self {
            Self::Curiosity | Self::Playfulness | Self::Assertiveness | Self::Helpfulness => 1.0,
            Self::Patience | Self::Thoughtfulness => -0.5,
            Self::Empathy | Self::Formality => 0.0,
        }
    }
}

impl Mood {
    /// Every value with its first one.
    pub const ALL: [(Self, f64); 4] = [
        (Self::Energy, 0.7),
        (Self::Enthusiasm, 0.75),
        (Self::Contentment, 0.8),
        (Self::Engagement, 0.5),
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Energy => "energy",
            Self::Enthusiasm => "enthusiasm",
            Self::Contentment => "contentment",
            Self::Engagement => "engagement",
        }
    }

    /// What a reward does to it; engagement grows with everything that matters.
    fn bent(self, reward: f64) -> f64 {
        match self {
            Self::Energy => 0.5 * reward,
            Self::Enthusiasm | Self::Contentment => reward,
            Self::Engagement => reward.abs(),
        }
    }
}

/// A change of a trait.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// The trait.
    pub of: Trait,
    /// Before.
    pub before: f64,
    /// After.
    pub after: f64,
    /// Interactions until then.
    pub interactions: u64,
}

/// A persona. Whatever is done to it, each value stays from 0 to 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Persona {
    traits: [f64; 8],
    mood: [f64; 4],
    interactions: u64,
    history: VecDeque<Change>,
}

impl Default for Persona {
    fn default() -> Self {
        Self {
            traits: Trait::ALL.map(|(_, first)| first),
            mood: Mood::ALL.map(|(_, first)| first),
            interactions: 0,
            history: VecDeque::new(),
        }
    }
}

impl Persona {
    /// A trait's value.
    pub fn value(&self, of: Trait) -> f64 {
        self.traits[of as usize]
    }

    /// A value of the mood.
    pub fn mood(&self, of: Mood) -> f64 {
        self.mood[of as usize]
    }

    /// Interactions so far.
    pub fn interactions(&self) -> u64 {
        self.interactions
    }

    /// The last changes of traits, the first first.
    pub fn history(&self) -> impl Iterator<Item = &Change> {
        self.history.iter()
    }

    /// Moves a trait, no further than 0 and 1; gives its value.
    ///
    /// # Errors
    /// [`AgentError::Number`] where `delta` is none.
    pub fn adjust_trait(&mut self, of: Trait, delta: f64) -> Result<f64, AgentError> {
        finite("delta", delta, MAX_REWARD)?;
        Ok(self.moved(of, delta))
    }

    fn moved(&mut self, of: Trait, delta: f64) -> f64 {
        let before = self.traits[of as usize];
        let after = share(before + delta);
        if after != before {
            self.traits[of as usize] = after;
            if self.history.len() == MAX_HISTORY {
                self.history.pop_front();
            }
            self.history.push_back(Change { of, before, after, interactions: self.interactions });
        }
        after
    }

    /// An interaction that was rewarded, from -1 to 1; what is beyond counts as that.
    ///
    /// # Errors
    /// [`AgentError::Number`] where `reward` is none.
    pub fn adapt(&mut self, reward: f64) -> Result<(), AgentError> {
        finite("reward", reward, MAX_REWARD)?;
        let reward = reward.clamp(-1.0, 1.0);
        self.interactions = self.interactions.saturating_add(1);
        for (of, _) in Trait::ALL {
            self.moved(of, TRAIT_RATE * of.bent() * reward);
        }
        for (of, first) in Mood::ALL {
            let mood = &mut self.mood[of as usize];
            let moved = *mood + MOOD_RATE * of.bent(reward);
            *mood = share(moved + RELAX * (first - moved));
        }
        Ok(())
    }

    /// As JSON.
    pub fn to_json(&self) -> String {
        // Names and numbers: nothing that JSON could refuse.
        serde_json::to_string(&Written::of(self)).unwrap_or_default()
    }

    /// From JSON, hostile until it is checked.
    ///
    /// # Errors
    /// [`AgentError::Saved`], [`AgentError::Share`].
    pub fn from_json(text: &str) -> Result<Self, AgentError> {
        let written: Written =
            serde_json::from_str(text).map_err(|e| AgentError::Saved(e.to_string()))?;
        written.read()
    }
}

/// A value within 0 and 1.
fn share(value: f64) -> f64 {
    (value.clamp(0.0, 1.0) * GRAIN).round() / GRAIN
}

/// A persona as JSON has it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    traits: Traits,
    mood: Moods,
    interactions: u64,
    history: VecDeque<Change>,
}

macro_rules! written {
    ($name:ident, $of:ident, $($field:ident = $variant:ident),*) => {
        #[derive(Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        struct $name { $($field: f64),* }

        impl $name {
            fn of(values: &[f64]) -> Self {
                Self { $($field: values[$of::$variant as usize]),* }
            }

            fn all(&self) -> Vec<(&'static str, f64)> {
                vec![$((stringify!($field), self.$field)),*]
            }
        }
    };
}

written!(
    Traits,
    Trait,
    curiosity = Curiosity,
    patience = Patience,
    empathy = Empathy,
    helpfulness = Helpfulness,
    playfulness = Playfulness,
    formality = Formality,
    assertiveness = Assertiveness,
    thoughtfulness = Thoughtfulness
);
written!(
    Moods,
    Mood,
    energy = Energy,
    enthusiasm = Enthusiasm,
    contentment = Contentment,
    engagement = Engagement
);

impl Written {
    fn of(persona: &Persona) -> Self {
        Self {
            traits: Traits::of(&persona.traits),
            mood: Moods::of(&persona.mood),
            interactions: persona.interactions,
            history: persona.history.clone(),
        }
    }

    fn read(self) -> Result<Persona, AgentError> {
        let share = |(name, found): (&'static str, f64)| match (0.0..=1.0).contains(&found) {
            true => Ok(found),
            false => Err(AgentError::Share { name, found }),
        };
        let shares = |all: Vec<(&'static str, f64)>| -> Result<Vec<f64>, AgentError> {
            all.into_iter().map(share).collect()
        };
        if self.history.len() > MAX_HISTORY {
            return Err(AgentError::Full { what: "changes of a persona", limit: MAX_HISTORY });
        }
        for change in &self.history {
            shares(vec![(change.of.name(), change.before), (change.of.name(), change.after)])?;
        }
        let wrong = |_| AgentError::Saved("a persona has eight traits and four moods".into());
        Ok(Persona {
            traits: shares(self.traits.all())?.try_into().map_err(wrong)?,
            mood: shares(self.mood.all())?.try_into().map_err(wrong)?,
            interactions: self.interactions,
            history: self.history,
        })
    }
}
