//! Liquids with a read-out that learns row by row as a learner; the score is the read-out's value
//! for the class, which is taught to be 1. A sense may be missing.

use reservoir::{Liquids, Recursive};

use super::{Guess, Kind, Taught, largest};
use crate::error::LearnerError;
use crate::sample::Input;
use crate::spec::LiquidSpec;

pub(super) struct Hearing {
    spec: LiquidSpec,
    channels: Vec<usize>,
    liquids: Liquids,
    readout: Recursive,
    /// Classes that were met; the others' values mean nothing yet.
    seen: usize,
}

impl Hearing {
    pub(super) fn new(spec: &LiquidSpec, saved: Option<&[u8]>) -> Result<Self, LearnerError> {
        let liquids = Liquids::new(spec.liquids.clone())?;
        let sizes = [liquids.n_features(), spec.n_classes];
        let (readout, seen) = match saved {
            None => (Recursive::new(sizes[0], sizes[1], spec.lambda, spec.forgetting)?, 0),
            Some(bytes) => {
                let short = || LearnerError::Saved("it ends early".to_owned());
                let (seen, rest) = bytes.split_first_chunk().ok_or_else(short)?;
                let readout = Recursive::restored(sizes, spec.lambda, spec.forgetting, rest)?;
                (readout, (u32::from_le_bytes(*seen) as usize).min(spec.n_classes))
            }
        };
        let channels = spec.liquids.senses.iter().map(|sense| sense.n_inputs).collect();
        Ok(Self { spec: spec.clone(), channels, liquids, readout, seen })
    }

    fn row(&mut self, input: &Input) -> Result<Vec<f32>, LearnerError> {
        Ok(self.liquids.respond(&input.senses(&self.channels)?)?)
    }
}

impl Kind for Hearing {
    fn check(&self, input: &Input) -> Result<u64, LearnerError> {
        let senses = input.senses(&self.channels)?;
        let steps: Vec<usize> = senses.iter().flatten().map(spike::Raster::steps).collect();
        let together = matches!(self.spec.liquids.fusion, reservoir::Fusion::Above(_));
        if together && let Some(other) = steps.iter().find(|n| **n != steps[0]) {
            let (expected, found) = (format!("{} as of the others", steps[0]), other.to_string());
            return Err(LearnerError::Form { what: "steps of a sense", expected, found });
        }
        let n = self.liquids.n_features() as u64;
        let most = steps.into_iter().max().unwrap_or_default() as u64;
        Ok(2 * n * n + most * n * 32)
    }

    fn learn(&mut self, input: &Input, class: Option<u32>) -> Result<Taught, LearnerError> {
        let class = class.ok_or(LearnerError::Unlabelled)? as usize;
        let row = self.row(input)?;
        let mut targets = vec![0.0; self.spec.n_classes];
        if let Some(target) = targets.get_mut(class) {
            *target = 1.0;
        }
        let errors = self.readout.learn(&row, &targets)?;
        let before = targets.iter().zip(&errors).map(|(y, error)| (y - error) as f32);
        let answered = largest(before.take(self.seen)).map(|(class, _)| class);
        self.seen = self.seen.max(class + 1);
        let weight_changes = ((row.len() + 1) * self.spec.n_classes) as u64;
        Ok(Taught { answered, allocated: false, weight_changes })
    }

    fn predict(&mut self, inputs: &[&Input]) -> Result<Vec<Guess>, LearnerError> {
        let readout = self.readout.readout();
        let predict = |input: &&Input| {
            let values = readout.predict(&self.row(input)?)?;
            let best = largest(values.into_iter().take(self.seen).map(|y| y as f32));
            Ok(best.map_or(Guess::default(), |(k, score)| Guess { class: Some(k), score }))
        };
        inputs.iter().map(predict).collect()
    }

    fn units(&self) -> usize {
        self.liquids.n_features()
    }

    fn save(&self) -> Vec<u8> {
        [(self.seen as u32).to_le_bytes().to_vec(), self.readout.snapshot()].concat()
    }
}
