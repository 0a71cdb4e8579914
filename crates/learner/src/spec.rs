//! What a learner is made of, and what it may take.

use plasticity::{CompetitionConfig, EPropConfig, MicroColumnsConfig};
use reservoir::{Fusion, LiquidConfig, LiquidsConfig};

use crate::error::LearnerError;
use crate::sample::MAX_STEPS;

/// Classes that a learner tells apart.
pub const MAX_CLASSES: usize = 4096;

/// Bytes of what a learner has learned.
pub const MAX_STATE_BYTES: usize = 12 << 20;

/// Neurons that compete.
pub const MAX_COMPETING: usize = 2048;

/// Neurons of all liquids together.
pub const MAX_LIQUID_NEURONS: usize = 4096;

/// Senses of a learner by liquids.
pub const MAX_SENSES: usize = 8;

/// Ridges of a read-out with which its state stays a number.
const RIDGE: std::ops::RangeInclusive<f64> = 1e-6..=1e9;

/// What a learner is made of. The numbers of classes are the most that there may be.
#[derive(Clone, Debug, PartialEq)]
pub enum Spec {
    /// Micro-columns, which allocate for what is new.
    Columns(MicroColumnsConfig),
    /// A recurrent network that learns by e-prop.
    EProp {
        /// The network.
        config: EPropConfig,
        /// Steps at the beginning of an input that neither teach nor count for the answer.
        silent_steps: usize,
    },
    /// The network of Diehl and Cook, which learns without labels and is told them afterwards.
    Competition {
        /// The network.
        config: CompetitionConfig,
        /// Classes.
        n_classes: usize,
    },
    /// Liquids with a read-out that learns row by row.
    Liquid(LiquidSpec),
}

/// Liquids and their read-out.
#[derive(Clone, Debug, PartialEq)]
pub struct LiquidSpec {
    /// The liquids, one for each sense.
    pub liquids: LiquidsConfig,
    /// Classes.
    pub n_classes: usize,
    /// Ridge of the read-out, as in [`reservoir::Recursive`].
    pub lambda: f64,
    /// Forgetting of the read-out, 1 for none.
    pub forgetting: f64,
}

impl Spec {
    /// What the kind is called.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Columns(_) => "columns",
            Self::EProp { .. } => "eprop",
            Self::Competition { .. } => "competition",
            Self::Liquid(_) => "liquid",
        }
    }

    /// The most classes.
    pub fn n_classes(&self) -> usize {
        match self {
            Self::Columns(_) => MAX_CLASSES,
            Self::EProp { config, .. } => config.n_classes,
            Self::Competition { n_classes, .. } => *n_classes,
            Self::Liquid(spec) => spec.n_classes,
        }
    }

    /// The channels of each sense of a learner in time; none for one that takes values.
    pub fn channels(&self) -> Vec<usize> {
        match self {
            Self::Columns(_) | Self::Competition { .. } => Vec::new(),
            Self::EProp { config, .. } => vec![config.n_inputs],
            Self::Liquid(spec) => spec.liquids.senses.iter().map(|s| s.n_inputs).collect(),
        }
    }

    /// Checks what the parts do not: how large they may be together.
    pub(crate) fn check(&self) -> Result<(), LearnerError> {
        within("classes", self.n_classes(), MAX_CLASSES)?;
        match self {
            Self::Columns(_) | Self::EProp { .. } => {}
            Self::Competition { config, .. } => {
                within("n_neurons", config.n_neurons, MAX_COMPETING)?;
            }
            Self::Liquid(spec) => {
                within("senses", spec.liquids.senses.len(), MAX_SENSES)?;
                within("neurons of liquids", spec.n_neurons(), MAX_LIQUID_NEURONS)?;
                if !RIDGE.contains(&spec.lambda) {
                    let expected = format!("{} to {}", RIDGE.start(), RIDGE.end());
                    let parameter = "ridge";
                    return Err(LearnerError::Parameter {
                        parameter,
                        expected,
                        found: spec.lambda,
                    });
                }
            }
        }
        if let Self::EProp { silent_steps, .. } = self
            && *silent_steps >= MAX_STEPS
        {
            let (parameter, expected) = ("silent_steps", format!("0 to {}", MAX_STEPS - 1));
            return Err(LearnerError::Parameter {
                parameter,
                expected,
                found: *silent_steps as f64,
            });
        }
        let what = match self {
            Self::Liquid(_) => "bytes of the read-out (8 for each pair of neurons times parts)",
            _ => "bytes of weights",
        };
        within(what, self.state_bytes(), MAX_STATE_BYTES)
    }

    /// Bytes of what there is to learn at the beginning; micro-columns grow from there.
    fn state_bytes(&self) -> usize {
        match self {
            Self::Columns(config) => config.n_inputs.saturating_mul(4),
            Self::EProp { config: c, .. } => {
                let inputs = c.n_inputs.saturating_add(c.n_neurons).saturating_add(c.n_classes);
                c.n_neurons.saturating_mul(inputs).saturating_mul(12)
            }
            Self::Competition { config, n_classes } => {
                let inputs = config.n_inputs.saturating_add(*n_classes).saturating_add(8);
                config.n_neurons.saturating_mul(inputs).saturating_mul(4)
            }
            Self::Liquid(spec) => {
                let n = spec.n_features().saturating_add(1);
                n.saturating_mul(n.saturating_add(spec.n_classes)).saturating_mul(8)
            }
        }
    }
}

impl LiquidSpec {
    fn all(&self) -> impl Iterator<Item = &LiquidConfig> {
        let above = match &self.liquids.fusion {
            Fusion::Above(above) => Some(above),
            Fusion::Side => None,
        };
        self.liquids.senses.iter().chain(above)
    }

    fn n_neurons(&self) -> usize {
        self.all().fold(0, |sum, liquid| sum.saturating_add(liquid.n_neurons))
    }

    fn n_features(&self) -> usize {
        let of = |liquid: &LiquidConfig| liquid.n_neurons.saturating_mul(liquid.windows.count());
        self.all().fold(0, |sum, liquid| sum.saturating_add(of(liquid)))
    }
}

fn within(parameter: &'static str, found: usize, most: usize) -> Result<(), LearnerError> {
    if (1..=most).contains(&found) {
        return Ok(());
    }
    let expected = format!("1 to {most}");
    Err(LearnerError::Parameter { parameter, expected, found: found as f64 })
}
