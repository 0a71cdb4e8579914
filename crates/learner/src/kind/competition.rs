//! The competing network as a learner. It learns without labels; those that are given tell what its
//! neurons stand for. The score is the share of the answer's neurons in the mean spikes of all
//! classes.

use plasticity::{Competition, CompetitionConfig, Labels, PlasticityError};

use super::{Guess, Kind, Taught};
use crate::error::LearnerError;
use crate::sample::Input;

pub(super) struct Competing {
    network: Competition,
    labels: Labels,
    of_neurons: Vec<usize>,
    /// Whether any label was given.
    told: bool,
}

impl Competing {
    pub(super) fn new(
        config: &CompetitionConfig,
        n_classes: usize,
        saved: Option<&[u8]>,
    ) -> Result<Self, LearnerError> {
        let n = config.n_neurons;
        let (network, labels, told) = match saved {
            None => (Competition::new(config.clone())?, Labels::new(n, n_classes), false),
            Some(bytes) => {
                let short = || LearnerError::Saved("it ends early".to_owned());
                let (told, rest) = bytes.split_first().ok_or_else(short)?;
                let at = 4 * n_classes * (n + 1);
                let (labels, network) = rest.split_at_checked(at).ok_or_else(short)?;
                let network = Competition::restored(config.clone(), network)?;
                (network, Labels::restored(n, n_classes, labels)?, *told == 1)
            }
        };
        let of_neurons = labels.of_neurons();
        Ok(Self { network, labels, of_neurons, told })
    }

    fn guess(&self, counts: &[f32]) -> Guess {
        if !self.told || counts.iter().all(|count| *count == 0.0) {
            return Guess::default();
        }
        let class = self.labels.predict(&self.of_neurons, counts);
        let mine = self.of_neurons.iter().zip(counts).filter(|(of, _)| **of == class);
        let (spikes, all) = (mine.map(|(_, n)| n).sum::<f32>(), counts.iter().sum::<f32>());
        Guess { class: Some(class as u32), score: spikes / all }
    }
}

impl Kind for Competing {
    fn check(&self, input: &Input) -> Result<u64, LearnerError> {
        let config = self.network.config();
        let values = input.values(config.n_inputs)?;
        if let Some(idx) = values.iter().position(|value| !(0.0..=1.0).contains(value)) {
            let (parameter, found) = ("an input value", f64::from(values[idx]));
            return Err(PlasticityError::Parameter { parameter, expected: "0 to 1", found }.into());
        }
        Ok((config.n_steps * config.n_neurons * (config.n_inputs / 8 + 8)) as u64)
    }

    fn learn(&mut self, input: &Input, class: Option<u32>) -> Result<Taught, LearnerError> {
        let values = input.values(self.network.config().n_inputs)?;
        let presented = self.network.present(values, true)?;
        let answered = self.guess(&presented.counts).class;
        if let Some(class) = class {
            self.labels.note(&presented.counts, class as usize);
            self.of_neurons = self.labels.of_neurons();
            self.told = true;
        }
        let weight_changes = presented.report.weight_changes;
        Ok(Taught { answered, allocated: false, weight_changes })
    }

    fn predict(&mut self, inputs: &[&Input]) -> Result<Vec<Guess>, LearnerError> {
        let n_inputs = self.network.config().n_inputs;
        let values: Vec<&[f32]> =
            inputs.iter().map(|input| input.values(n_inputs)).collect::<Result<_, _>>()?;
        let presented = self.network.look(&values)?;
        Ok(presented.iter().map(|p| self.guess(&p.counts)).collect())
    }

    fn without_labels(&self) -> bool {
        true
    }

    fn units(&self) -> usize {
        self.network.config().n_neurons
    }

    fn save(&self) -> Vec<u8> {
        let told = vec![u8::from(self.told)];
        [told, self.labels.snapshot(), self.network.snapshot()].concat()
    }
}
