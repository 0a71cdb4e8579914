//! The liquid: a random recurrent network of excitatory and inhibitory neurons.

use std::sync::Arc;

use spike::{
    Connection, Conventions, CubaLif, Dense, Model, Network, Output, Population, Projection,
    Raster, Refractory, Report, Session, Sparse,
};

use crate::ReservoirError;
use crate::draw::Draw;
use crate::windows::Windows;

/// Neurons of a liquid.
pub const MAX_NEURONS: usize = 1 << 20;

/// Inputs of a liquid.
pub const MAX_INPUTS: usize = 1 << 16;

/// Synapses of a liquid, on average.
pub const MAX_SYNAPSES: usize = 1 << 28;

/// Share of connected pairs from which rows are faster than a list, as `spike` measured.
const LISTED_BELOW: f64 = 0.1;

/// Weights of a projection that may be kept as rows.
const MAX_ROWS: usize = 1 << 26;

/// Steps of the power iteration for the spectral radius.
const ITERATIONS: usize = 200;

/// What a liquid is drawn from.
#[derive(Clone, Debug, PartialEq)]
pub struct LiquidConfig {
    /// Channels of the input.
    pub n_inputs: usize,
    /// Neurons, 1,000.
    pub n_neurons: usize,
    /// The share of neurons that excite, 0.8; the others inhibit.
    pub excitatory: f64,
    /// The share of pairs of neurons that are connected, 0.1.
    pub connectivity: f64,
    /// The share of pairs of input and neuron that are connected, 0.1.
    pub input_connectivity: f64,
    /// Largest absolute eigenvalue of the recurrent weights, 0.9.
    pub spectral_radius: f64,
    /// Mean weight of an input synapse in thresholds, 0.3.
    pub input_scale: f64,
    /// Time constants of the membrane (steps), 30; each neuron draws its own within a factor
    /// `spread` of it.
    pub tau_mem_steps: f64,
    /// Time constant of a synapse (steps), 5.
    pub tau_syn_steps: f64,
    /// The membrane time constants lie between `tau / spread` and `tau spread`, 1 (all alike).
    pub spread: f64,
    /// Steps after a spike in which a neuron cannot fire, 2.
    pub refractory_steps: u32,
    /// Steps from a spike to its arrival, 1.
    pub delay_steps: u32,
    /// What of its spikes is read.
    pub windows: Windows,
    /// Decides every synapse.
    pub seed: u64,
}

impl LiquidConfig {
    /// The defaults for `n_inputs` channels.
    pub fn new(n_inputs: usize, seed: u64) -> Self {
        Self {
            n_inputs,
            n_neurons: 1000,
            excitatory: 0.8,
            connectivity: 0.1,
            input_connectivity: 0.1,
            spectral_radius: 0.9,
            input_scale: 0.3,
            tau_mem_steps: 30.0,
            tau_syn_steps: 5.0,
            spread: 1.0,
            refractory_steps: 2,
            delay_steps: 1,
            windows: Windows::Parts(1),
            seed,
        }
    }

    pub(crate) fn check(&self) -> Result<(), ReservoirError> {
        let bad = |parameter, expected, found| {
            Err(ReservoirError::Parameter { parameter, expected, found })
        };
        if self.n_inputs == 0 || self.n_inputs > MAX_INPUTS {
            return bad("n_inputs", "1 to 65,536", self.n_inputs as f64);
        }
        if self.n_neurons == 0 || self.n_neurons > MAX_NEURONS {
            return bad("n_neurons", "1 to 1,048,576", self.n_neurons as f64);
        }
        let shares = [
            ("excitatory", self.excitatory),
            ("connectivity", self.connectivity),
            ("input_connectivity", self.input_connectivity),
        ];
        if let Some((parameter, found)) = shares.into_iter().find(|(_, p)| !(0.0..=1.0).contains(p))
        {
            return bad(parameter, "0 to 1", found);
        }
        let n = self.n_neurons as f64;
        let pairs = n * (n * self.connectivity + self.n_inputs as f64 * self.input_connectivity);
        if pairs > MAX_SYNAPSES as f64 {
            return bad("connectivity", "at most 268,435,456 synapses", pairs);
        }
        let scales = [("spectral_radius", self.spectral_radius), ("input_scale", self.input_scale)];
        if let Some((parameter, found)) = scales.into_iter().find(|(_, s)| !(0.0..=1e3).contains(s))
        {
            return bad(parameter, "0 to 1,000", found);
        }
        let times = [
            ("tau_mem_steps", self.tau_mem_steps),
            ("tau_syn_steps", self.tau_syn_steps),
            ("spread", self.spread),
        ];
        if let Some((parameter, found)) = times.into_iter().find(|(_, t)| !(1.0..=1e6).contains(t))
        {
            return bad(parameter, "1 to 1,000,000", found);
        }
        self.windows.check()
    }
}

/// A random recurrent network, drawn from its configuration and never trained.
///
/// Neurons are leaky integrate and fire with a current of their synapses (NIR's `CubaLIF`):
/// `tau_syn i' = -i`, `tau_mem v' = -v + i`, a spike at 1, then back to 0. Excitatory synapses draw
/// their weights from a gamma distribution, inhibitory ones the same with four times the size, so
/// that one fifth of them balances the others; then all are scaled to the spectral radius.
///
/// Source: Maass, Natschlaeger and Markram 2002, appendix B, without the distances.
#[derive(Debug)]
pub struct Liquid {
    config: LiquidConfig,
    session: Session,
    report: Report,
}

impl Liquid {
    /// Draws a liquid.
    ///
    /// # Errors
    /// [`ReservoirError::Parameter`].
    pub fn new(config: LiquidConfig) -> Result<Self, ReservoirError> {
        config.check()?;
        let network = describe(&config).compile()?;
        let session = Session::new(Arc::new(network));
        Ok(Self { config, session, report: Report::default() })
    }

    /// What it was drawn from.
    pub fn config(&self) -> &LiquidConfig {
        &self.config
    }

    /// Numbers of a row: neurons times windows.
    pub fn n_features(&self) -> usize {
        self.config.n_neurons * self.config.windows.count()
    }

    /// Answers an input from rest: one row, shape `[windows][n_neurons]`.
    ///
    /// # Errors
    /// [`ReservoirError::Input`] for an input of other channels.
    pub fn respond(&mut self, input: &Raster) -> Result<Vec<f32>, ReservoirError> {
        let spikes = self.spikes(input)?;
        Ok(self.config.windows.row(&spikes))
    }

    /// Answers an input from rest: its spikes.
    ///
    /// # Errors
    /// [`ReservoirError::Input`] for an input of other channels.
    pub fn spikes(&mut self, input: &Raster) -> Result<Raster, ReservoirError> {
        self.session.reset();
        let run = self.session.run(std::slice::from_ref(input));
        let mut run = run.map_err(|source| ReservoirError::Input { liquid: 0, source })?;
        self.report = run.report;
        Ok(run.outputs.swap_remove(0))
    }

    /// What the last answer took.
    pub fn report(&self) -> &Report {
        &self.report
    }
}

fn describe(config: &LiquidConfig) -> Network {
    let mut draw = Draw::new(config.seed);
    let n = config.n_neurons;
    let one = |value: f64| vec![value];
    // Each neuron's own time constant, evenly on a logarithmic scale.
    let tau_mem: Vec<f64> = (0..n)
        .map(|_| config.tau_mem_steps * config.spread.powf(2.0 * draw.uniform() - 1.0))
        .collect();
    let model = CubaLif {
        tau_mem: tau_mem.clone(),
        tau_syn: one(config.tau_syn_steps),
        // One spike of weight 1 brings a neuron at rest one threshold of charge.
        r: tau_mem.iter().map(|tau| tau / config.tau_syn_steps).collect(),
        v_leak: one(0.0),
        v_threshold: one(1.0),
        v_reset: one(0.0),
        w_in: one(1.0),
    };
    let conventions = Conventions {
        refractory_steps: config.refractory_steps,
        refractory: Refractory::Hold,
        ..Conventions::plain(1.0)
    };
    let mut network = Network::default();
    let input = network.add(Population::new("input", &[config.n_inputs], Model::Input));
    let liquid = network.add(Population::new("liquid", &[n], Model::CubaLif(model, conventions)));
    let to = |source, delay_steps, connection| Projection {
        source,
        target: liquid,
        receptor: 0,
        delay_steps,
        connection,
        learning: None,
    };
    let incoming = synapses(&mut draw, config.n_inputs, n, config.input_connectivity, |_, draw| {
        config.input_scale * draw.exponential()
    });
    let n_excitatory = (config.excitatory * n as f64).round() as usize;
    let mut recurrent = synapses(&mut draw, n, n, config.connectivity, |source, draw| {
        let size = draw.exponential();
        if source < n_excitatory { size } else { -4.0 * size }
    });
    scale_to(&mut recurrent, n, config.spectral_radius);
    let incoming = connection(incoming, config.n_inputs, n, config.input_connectivity);
    let recurrent = connection(recurrent, n, n, config.connectivity);
    network.projections = vec![to(input, 0, incoming), to(liquid, config.delay_steps, recurrent)];
    network.outputs = vec![Output { name: "liquid".into(), population: liquid, delay_steps: 0 }];
    network
}

/// A list where few pairs are connected, rows where following a list would take longer.
fn connection(sparse: Sparse, sources: usize, targets: usize, share: f64) -> Connection {
    if share < LISTED_BELOW || sources * targets > MAX_ROWS {
        return Connection::Sparse(sparse);
    }
    let mut weight = vec![0.0; sources * targets];
    for ((s, t), w) in sparse.source.iter().zip(&sparse.target).zip(&sparse.weight) {
        weight[*t as usize * sources + *s as usize] = *w;
    }
    Connection::Dense(Dense { weight })
}

fn synapses(
    draw: &mut Draw,
    sources: usize,
    targets: usize,
    share: f64,
    mut weight: impl FnMut(usize, &mut Draw) -> f64,
) -> Sparse {
    let mut sparse = Sparse { source: Vec::new(), target: Vec::new(), weight: Vec::new() };
    if share <= 0.0 {
        return sparse;
    }
    let mut at = draw.skip(0, share);
    while at < sources * targets {
        let (source, target) = (at / targets, at % targets);
        sparse.source.push(source as u32);
        sparse.target.push(target as u32);
        let weight = weight(source, draw);
        sparse.weight.push(weight as f32);
        at = draw.skip(at + 1, share);
    }
    sparse
}

/// Scales the weights to a spectral radius, found by iterating `x = W x / |x|`; the growth over the
/// later half, as its geometric mean, is the radius also where the largest eigenvalues are a pair.
fn scale_to(sparse: &mut Sparse, n: usize, radius: f64) {
    let mut draw = Draw::new(1);
    let mut x: Vec<f64> = (0..n).map(|_| draw.uniform() - 0.5).collect();
    let mut growth = 0.0;
    for iteration in 0..ITERATIONS {
        let mut y = vec![0.0; n];
        for ((s, t), w) in sparse.source.iter().zip(&sparse.target).zip(&sparse.weight) {
            y[*t as usize] += f64::from(*w) * x[*s as usize];
        }
        let length = y.iter().map(|v| v * v).sum::<f64>().sqrt();
        if length == 0.0 {
            return; // Nothing comes back: there is no radius to scale.
        }
        y.iter_mut().for_each(|v| *v /= length);
        if iteration >= ITERATIONS / 2 {
            growth += length.ln();
        }
        x = y;
    }
    let found = (growth / (ITERATIONS - ITERATIONS / 2) as f64).exp();
    sparse.weight.iter_mut().for_each(|w| *w = (f64::from(*w) * radius / found) as f32);
}

#[cfg(test)]
mod tests {
    use super::{Sparse, scale_to};

    fn scaled(entries: &[(u32, u32, f32)]) -> Vec<f32> {
        let mut sparse = Sparse {
            source: entries.iter().map(|e| e.0).collect(),
            target: entries.iter().map(|e| e.1).collect(),
            weight: entries.iter().map(|e| e.2).collect(),
        };
        scale_to(&mut sparse, 3, 0.9);
        sparse.weight
    }

    #[test]
    fn the_largest_eigenvalue_becomes_the_radius() {
        // Diagonal: 4 is the largest. A ring: three complex eigenvalues of size 2. A rotation: a
        // pair of size sqrt(1 + 9).
        for (entries, radius) in [
            (vec![(0, 0, 4.0), (1, 1, -1.0), (2, 2, 2.0)], 4.0f32),
            (vec![(0, 1, 2.0), (1, 2, 2.0), (2, 0, 2.0)], 2.0),
            (vec![(0, 0, 1.0), (0, 1, 3.0), (1, 0, -3.0), (1, 1, 1.0)], 10f32.sqrt()),
        ] {
            for ((_, _, before), after) in entries.iter().zip(scaled(&entries)) {
                assert!((after - before * 0.9 / radius).abs() < 2e-3, "{after} of {before}");
            }
        }
    }

    #[test]
    fn weights_that_lead_nowhere_stay() {
        assert_eq!(scaled(&[(0, 1, 5.0)]), [5.0]);
    }
}
