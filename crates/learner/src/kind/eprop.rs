//! A network that learns by e-prop as a learner; the score is the class's probability.

use plasticity::{EProp, EPropConfig, EPropExtras};
use spike::Raster;

use super::{Guess, Kind, Taught, largest};
use crate::error::LearnerError;
use crate::sample::Input;

pub(super) struct Recurrent {
    network: EProp,
    config: EPropConfig,
}

impl Recurrent {
    pub(super) fn new(
        config: &EPropConfig,
        silent_steps: usize,
        saved: Option<&[u8]>,
    ) -> Result<Self, LearnerError> {
        let extras = EPropExtras { silent_steps, ..EPropExtras::default() };
        let network = match saved {
            Some(bytes) => EProp::restored_with(config.clone(), extras, bytes)?,
            None => EProp::with(config.clone(), extras)?,
        };
        Ok(Self { network, config: config.clone() })
    }

    fn heard(&self, input: &Input) -> Result<Raster, LearnerError> {
        let mut senses = input.senses(&[self.config.n_inputs])?;
        Ok(senses.pop().flatten().unwrap_or_else(|| Raster::new(self.config.n_inputs)))
    }
}

impl Kind for Recurrent {
    fn check(&self, input: &Input) -> Result<u64, LearnerError> {
        let width = self.config.n_inputs + self.config.n_neurons;
        Ok(self.heard(input)?.steps() as u64 * (self.config.n_neurons * width) as u64 * 3)
    }

    fn learn(&mut self, input: &Input, class: Option<u32>) -> Result<Taught, LearnerError> {
        let class = class.ok_or(LearnerError::Unlabelled)? as usize;
        let lesson = self.network.learn(&self.heard(input)?, class)?;
        Ok(Taught {
            answered: Some(lesson.answer as u32),
            allocated: false,
            weight_changes: lesson.weight_changes,
        })
    }

    fn predict(&mut self, inputs: &[&Input]) -> Result<Vec<Guess>, LearnerError> {
        let predict = |input: &&Input| {
            let best = largest(self.network.probabilities(&self.heard(input)?)?);
            Ok(best.map_or(Guess::default(), |(k, score)| Guess { class: Some(k), score }))
        };
        inputs.iter().map(predict).collect()
    }

    fn units(&self) -> usize {
        self.config.n_neurons
    }

    fn save(&self) -> Vec<u8> {
        self.network.snapshot()
    }
}
