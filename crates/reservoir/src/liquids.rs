//! Several liquids for several senses, joined by a further liquid or by the read-out alone.

use spike::Raster;

use crate::ReservoirError;
use crate::liquid::{Liquid, LiquidConfig};

/// How the senses come together.
#[derive(Clone, Debug, PartialEq)]
pub enum Fusion {
    /// The rows of all liquids side by side.
    Side,
    /// A further liquid hears the spikes of all liquids; its row stands behind theirs. Its number of
    /// inputs is that of all their neurons.
    Above(LiquidConfig),
}

/// What several liquids are drawn from.
#[derive(Clone, Debug, PartialEq)]
pub struct LiquidsConfig {
    /// One liquid for each sense.
    pub senses: Vec<LiquidConfig>,
    /// How they come together.
    pub fusion: Fusion,
}

/// Liquids, one for each sense. A sense that is missing leaves its part of the row at 0 and says
/// nothing to the liquid above; the others answer as they would have.
#[derive(Debug)]
pub struct Liquids {
    senses: Vec<Liquid>,
    above: Option<Liquid>,
}

impl Liquids {
    /// Draws the liquids.
    ///
    /// # Errors
    /// [`ReservoirError::Parameter`], also for no sense and for a liquid above whose inputs are not
    /// the neurons of the others.
    pub fn new(config: LiquidsConfig) -> Result<Self, ReservoirError> {
        if config.senses.is_empty() {
            return Err(ReservoirError::Senses { expected: 1, found: 0 });
        }
        let n_neurons: usize = config.senses.iter().map(|sense| sense.n_neurons).sum();
        let above = match config.fusion {
            Fusion::Side => None,
            Fusion::Above(above) if above.n_inputs == n_neurons => Some(Liquid::new(above)?),
            Fusion::Above(above) => {
                return Err(ReservoirError::Parameter {
                    parameter: "n_inputs of the liquid above",
                    expected: "the neurons of all senses together",
                    found: above.n_inputs as f64,
                });
            }
        };
        let senses = config.senses.into_iter().map(Liquid::new).collect::<Result<_, _>>()?;
        Ok(Self { senses, above })
    }

    /// Numbers of a row.
    pub fn n_features(&self) -> usize {
        self.senses.iter().chain(&self.above).map(Liquid::n_features).sum()
    }

    /// Answers an input for each sense, from rest; `None` where one is missing.
    ///
    /// # Errors
    /// [`ReservoirError::Senses`] for another number of inputs, [`ReservoirError::Input`] for one
    /// that does not fit, and where inputs differ in steps while a liquid above hears them all.
    pub fn respond(&mut self, inputs: &[Option<Raster>]) -> Result<Vec<f32>, ReservoirError> {
        let (expected, found) = (self.senses.len(), inputs.len());
        if expected != found {
            return Err(ReservoirError::Senses { expected, found });
        }
        let steps = n_steps(inputs, self.above.is_some())?;
        let mut row = Vec::with_capacity(self.n_features());
        let mut heard = Vec::new();
        for (idx, (liquid, input)) in self.senses.iter_mut().zip(inputs).enumerate() {
            let Some(input) = input else {
                row.resize(row.len() + liquid.n_features(), 0.0);
                heard.push(silence(liquid.config().n_neurons, steps));
                continue;
            };
            let spikes = liquid.spikes(input).map_err(|error| named(error, idx))?;
            row.extend(liquid.config().windows.row(&spikes));
            heard.push(spikes);
        }
        if let Some(above) = &mut self.above {
            let joined = join(&heard, steps);
            row.extend(above.respond(&joined).map_err(|error| named(error, expected))?);
        }
        Ok(row)
    }
}

/// The steps of the inputs that are there, of the first where they may differ.
pub(crate) fn n_steps(inputs: &[Option<Raster>], alike: bool) -> Result<usize, ReservoirError> {
    let given = || inputs.iter().enumerate().filter_map(|(idx, i)| Some((idx, i.as_ref()?)));
    let steps = given().next().map_or(0, |(_, raster)| raster.steps());
    match given().find(|(_, raster)| alike && raster.steps() != steps) {
        Some((liquid, raster)) => {
            let found = raster.steps();
            let source = spike::RunError::InputSteps { input: liquid, expected: steps, found };
            Err(ReservoirError::Input { liquid, source })
        }
        None => Ok(steps),
    }
}

pub(crate) fn named(error: ReservoirError, liquid: usize) -> ReservoirError {
    match error {
        ReservoirError::Input { source, .. } => ReservoirError::Input { liquid, source },
        other => other,
    }
}

pub(crate) fn silence(size: usize, steps: usize) -> Raster {
    let mut raster = Raster::new(size);
    (0..steps).for_each(|_| raster.push_spikes(&[]));
    raster
}

/// The channels of all, one after the other.
pub(crate) fn join(heard: &[Raster], steps: usize) -> Raster {
    let mut joined = Raster::new(heard.iter().map(Raster::size).sum());
    for step in 0..steps {
        let mut offset = 0;
        let mut events = Vec::new();
        for raster in heard {
            events.extend(raster.events(step).map(|(channel, value)| (offset + channel, value)));
            offset += raster.size() as u32;
        }
        joined.push_step(events);
    }
    joined
}
