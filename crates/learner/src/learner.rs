//! A learner: what it was taught by name, what it answers, how well it does while it learns.

use serde::{Deserialize, Serialize};

use crate::error::LearnerError;
use crate::kind::{self, Kind};
use crate::names::{self, Names};
use crate::sample::{Input, Sample};
use crate::spec::Spec;

/// Samples that are learned or answered at once.
pub const MAX_SAMPLES: usize = 1024;

/// Multiplications of what is learned or answered at once, estimated: some seconds of a core.
pub const MAX_WORK: u64 = 1 << 35;

/// Something that learns from samples and answers what others are.
pub struct Learner {
    kind: Box<dyn Kind>,
    names: Names,
    n_classes: usize,
    standing: Standing,
}

/// How a learner stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// Samples that it learned.
    pub samples: u64,
    /// Those of them that had a label.
    pub labelled: u64,
    /// Those with a label that it answered rightly before it learned them.
    pub right: u64,
    /// Weights that changed, as often as they did.
    pub weight_changes: u64,
}

/// What samples taught.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Learned {
    /// Samples.
    pub samples: u64,
    /// Those of them that had a label.
    pub labelled: u64,
    /// Those with a label that were answered rightly beforehand.
    pub right: u64,
    /// Units that were made for them.
    pub allocated: u64,
    /// Classes that were met for the first time.
    pub classes: u64,
    /// Weights that changed, as often as they did.
    pub weight_changes: u64,
    /// Multiplications that it took, estimated.
    pub work: u64,
}

/// What an input is taken for.
#[derive(Clone, Debug, PartialEq)]
pub struct Prediction {
    /// The class by name; none for an input like nothing that was learned.
    pub label: Option<String>,
    /// How well it fits, larger is better: the cosine of micro-columns, the probability of e-prop,
    /// the share of spikes of a competition, the read-out's value of liquids.
    pub score: f32,
}

/// What is kept of a learner.
#[derive(Serialize, Deserialize)]
struct Saved {
    names: Vec<String>,
    standing: Standing,
    kind: Vec<u8>,
}

const MAGIC: &[u8; 8] = b"STRLRNR1";

impl Learner {
    /// A learner that knows nothing.
    ///
    /// # Errors
    /// For parameters out of their range, or larger together than the limits of [`Spec`].
    pub fn new(spec: &Spec) -> Result<Self, LearnerError> {
        spec.check()?;
        let (kind, names) = (kind::of(spec, None)?, Names::default());
        let standing = Standing::default();
        Ok(Self { kind, names, n_classes: spec.n_classes(), standing })
    }

    /// The learner that was saved.
    ///
    /// # Errors
    /// As [`Learner::new`]; [`LearnerError::Saved`] and the kind's own for bytes that are no state
    /// of a learner of this description.
    pub fn restored(spec: &Spec, bytes: &[u8]) -> Result<Self, LearnerError> {
        spec.check()?;
        let n_classes = spec.n_classes();
        let saved = bytes.strip_prefix(MAGIC).ok_or("it begins with something else".to_owned());
        let saved = saved.and_then(|body| postcard::from_bytes(body).map_err(|e| e.to_string()));
        let Saved { names, standing, kind } = saved.map_err(LearnerError::Saved)?;
        if names.len() > n_classes {
            let told = format!("{} classes, expected at most {n_classes}", names.len());
            return Err(LearnerError::Saved(told));
        }
        names.iter().try_for_each(|name| names::check(name))?;
        let kind = kind::of(spec, Some(&kind))?;
        Ok(Self { kind, names: Names::of(names), n_classes, standing })
    }

    /// The bytes from which [`Learner::restored`] goes on as this learner would.
    pub fn save(&self) -> Vec<u8> {
        let names = self.names.all().to_vec();
        let saved = Saved { names, standing: self.standing, kind: self.kind.save() };
        let mut bytes = MAGIC.to_vec();
        // A vector has room, and nothing here has a length that is not known.
        bytes.extend(postcard::to_stdvec(&saved).unwrap_or_default());
        bytes
    }

    /// Learns samples, one after the other.
    ///
    /// # Errors
    /// [`LearnerError::Sample`] for one that does not fit, [`LearnerError::Full`] where there is no
    /// room. All samples are checked before the first is learned; should one be refused after that,
    /// it is [`LearnerError::Half`], and the learner is to be made again.
    pub fn learn(&mut self, samples: &[Sample]) -> Result<Learned, LearnerError> {
        let work = self.check(samples)?;
        let mut learned = Learned { work, ..Learned::default() };
        for (idx, sample) in samples.iter().enumerate() {
            let known = self.names.all().len();
            let class = sample.label.as_ref().map(|label| self.names.class(label));
            let taught = self.kind.learn(&sample.input, class).map_err(half(idx))?;
            learned.samples += 1;
            learned.labelled += u64::from(class.is_some());
            // A label that was not known yet could only be guessed.
            let answered = taught.answered.filter(|class| (*class as usize) < known);
            learned.right += u64::from(class.is_some() && answered == class);
            learned.allocated += u64::from(taught.allocated);
            learned.classes += (self.names.all().len() - known) as u64;
            learned.weight_changes += taught.weight_changes;
        }
        self.standing.samples += learned.samples;
        self.standing.labelled += learned.labelled;
        self.standing.right += learned.right;
        self.standing.weight_changes += learned.weight_changes;
        Ok(learned)
    }

    /// What inputs are taken for. Nothing is learned, and no answer depends on another input.
    ///
    /// # Errors
    /// [`LearnerError::Sample`] for one that does not fit, [`LearnerError::Full`] for too many.
    pub fn predict(&mut self, inputs: &[Input]) -> Result<Vec<Prediction>, LearnerError> {
        self.fits(inputs.iter())?;
        let guesses = self.kind.predict(&inputs.iter().collect::<Vec<_>>())?;
        let named = |guess: &kind::Guess| {
            let label = guess.class.and_then(|class| self.names.name(class));
            Prediction { label: label.map(str::to_owned), score: guess.score }
        };
        Ok(guesses.iter().map(named).collect())
    }

    /// How it stands.
    pub fn standing(&self) -> Standing {
        self.standing
    }

    /// The classes it was taught, in the order in which they were met.
    pub fn labels(&self) -> &[String] {
        self.names.all()
    }

    /// Units that answer: columns, neurons, or numbers that are read out.
    pub fn units(&self) -> usize {
        self.kind.units()
    }

    /// Whether all samples can be learned; the work that it is.
    fn check(&self, samples: &[Sample]) -> Result<u64, LearnerError> {
        let mut new = std::collections::HashSet::new();
        for (idx, sample) in samples.iter().enumerate() {
            match &sample.label {
                None if self.kind.without_labels() => {}
                None => return Err(at(idx)(LearnerError::Unlabelled)),
                Some(label) => {
                    names::check(label).map_err(at(idx))?;
                    if !self.names.knows(label) {
                        new.insert(label);
                    }
                }
            }
        }
        most("classes", self.names.all().len() + new.len(), self.n_classes)?;
        if let Some(room) = self.kind.room() {
            most("samples for which there is room", samples.len(), room)?;
        }
        self.fits(samples.iter().map(|sample| &sample.input))
    }

    fn fits<'a>(
        &self,
        inputs: impl ExactSizeIterator<Item = &'a Input>,
    ) -> Result<u64, LearnerError> {
        most("samples", inputs.len(), MAX_SAMPLES)?;
        let mut work = 0u64;
        for (idx, input) in inputs.enumerate() {
            work = work.saturating_add(self.kind.check(input).map_err(at(idx))?);
        }
        if work > MAX_WORK {
            let (what, limit) = ("multiplications of all samples, estimated", MAX_WORK);
            return Err(LearnerError::Full { what, found: work, limit });
        }
        Ok(work)
    }
}

fn most(what: &'static str, found: usize, limit: usize) -> Result<(), LearnerError> {
    if found <= limit {
        return Ok(());
    }
    Err(LearnerError::Full { what, found: found as u64, limit: limit as u64 })
}

fn half(idx: usize) -> impl Fn(LearnerError) -> LearnerError {
    move |source| LearnerError::Half { idx, source: Box::new(source) }
}

fn at(idx: usize) -> impl Fn(LearnerError) -> LearnerError {
    move |source| LearnerError::Sample { idx, source: Box::new(source) }
}
