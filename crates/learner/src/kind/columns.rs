//! Micro-columns as a learner; the score is the cosine of the winner.

use plasticity::{MicroColumns, MicroColumnsConfig, Outcome};

use super::{Guess, Kind, Taught};
use crate::error::LearnerError;
use crate::sample::Input;
use crate::spec::MAX_STATE_BYTES;

pub(super) struct Columns(MicroColumns);

impl Columns {
    pub(super) fn new(
        config: &MicroColumnsConfig,
        saved: Option<&[u8]>,
    ) -> Result<Self, LearnerError> {
        Ok(Self(match saved {
            Some(bytes) => MicroColumns::restored(config.clone(), bytes)?,
            None => MicroColumns::new(config.clone())?,
        }))
    }
}

impl Kind for Columns {
    fn check(&self, input: &Input) -> Result<u64, LearnerError> {
        let values = input.values(self.0.config().n_inputs)?;
        if values.iter().all(|value| *value == 0.0) {
            return Err(plasticity::PlasticityError::Silent.into());
        }
        Ok(values.len() as u64 * (2 + self.0.n_units() as u64))
    }

    fn learn(&mut self, input: &Input, class: Option<u32>) -> Result<Taught, LearnerError> {
        let values = input.values(self.0.config().n_inputs)?;
        let taught = self.0.teach(values, class.ok_or(LearnerError::Unlabelled)?)?;
        Ok(Taught {
            answered: taught.answered,
            allocated: matches!(taught.outcome, Outcome::Allocated(_)),
            weight_changes: taught.weight_changes,
        })
    }

    fn predict(&mut self, inputs: &[&Input]) -> Result<Vec<Guess>, LearnerError> {
        let predict = |input: &&Input| {
            let found = self.0.recognise(input.values(self.0.config().n_inputs)?)?;
            Ok(found.map_or(Guess::default(), |r| Guess { class: r.class, score: r.similarity }))
        };
        inputs.iter().map(predict).collect()
    }

    fn room(&self) -> Option<usize> {
        let bytes = 8 + 4 * self.0.config().n_inputs;
        Some((MAX_STATE_BYTES / bytes).saturating_sub(self.0.n_units()))
    }

    fn units(&self) -> usize {
        self.0.n_units()
    }

    fn save(&self) -> Vec<u8> {
        self.0.snapshot()
    }
}
