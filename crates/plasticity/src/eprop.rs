//! E-prop: a recurrent network learns online from what each synapse remembers of its own activity.

use spike::Raster;

use crate::error::PlasticityError;
use crate::random::Random;
use crate::undo::Reader;

/// Neurons of a network that learns by e-prop.
pub const MAX_EPROP_NEURONS: usize = 4096;

/// Synapses onto its neurons, each with a memory of its own.
pub const MAX_EPROP_SYNAPSES: usize = 1 << 24;

/// Bound of every derivative, either way: its square is a float.
const MAX_GRADIENT: f32 = 1e15;

/// Bound of every weight, either way.
pub const MAX_EPROP_WEIGHT: f32 = 10.0;

/// What a network that learns by e-prop is made of; times are in steps.
#[derive(Clone, Debug, PartialEq)]
pub struct EPropConfig {
    /// Channels of the input.
    pub n_inputs: usize,
    /// Recurrent neurons, 100.
    pub n_neurons: usize,
    /// Classes.
    pub n_classes: usize,
    /// Time constant of the membrane, 20.
    pub tau_mem_steps: f64,
    /// Time constant of the read-out, 20.
    pub tau_out_steps: f64,
    /// Threshold, 0.6.
    pub threshold: f32,
    /// Height of the pseudo-derivative, 0.3.
    pub gamma: f32,
    /// Learning rate of Adam, 0.005.
    pub rate: f32,
    /// Errors come back by the read-out's own weights, or by weights that were drawn.
    pub symmetric: bool,
    /// Decides the first weights.
    pub seed: u64,
}

impl EPropConfig {
    /// The defaults.
    pub fn new(n_inputs: usize, n_classes: usize, seed: u64) -> Self {
        Self {
            n_inputs,
            n_neurons: 100,
            n_classes,
            tau_mem_steps: 20.0,
            tau_out_steps: 20.0,
            threshold: 0.6,
            gamma: 0.3,
            rate: 0.005,
            symmetric: true,
            seed,
        }
    }

    fn check(&self) -> Result<(), PlasticityError> {
        let bad = |parameter, expected, found| {
            Err(PlasticityError::Parameter { parameter, expected, found })
        };
        let counts = [
            ("n_inputs", self.n_inputs, crate::MAX_INPUTS, "1 to 65,536"),
            ("n_neurons", self.n_neurons, MAX_EPROP_NEURONS, "1 to 4,096"),
            ("n_classes", self.n_classes, crate::MAX_CLASSES, "1 to 4,096"),
        ];
        if let Some((name, n, _, expected)) =
            counts.into_iter().find(|(_, n, most, _)| *n == 0 || n > most)
        {
            return bad(name, expected, n as f64);
        }
        let synapses = self.n_neurons * (self.n_inputs + self.n_neurons);
        if synapses > MAX_EPROP_SYNAPSES {
            return bad("n_neurons", "at most 16,777,216 synapses", synapses as f64);
        }
        let positive = [
            ("tau_mem_steps", self.tau_mem_steps),
            ("tau_out_steps", self.tau_out_steps),
            ("threshold", f64::from(self.threshold)),
            ("gamma", f64::from(self.gamma)),
            ("rate", f64::from(self.rate)),
        ];
        match positive.into_iter().find(|(_, value)| !(*value > 0.0 && *value <= 1e6)) {
            Some((name, found)) => bad(name, "more than 0, at most 1,000,000", found),
            None => Ok(()),
        }
    }
}

/// What a network that learns by e-prop may have beside; nothing of it by default.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EPropExtras {
    /// Neurons whose threshold rises as they fire, which lets them remember for longer.
    pub adaptation: Option<Adaptation>,
    /// Rates that are held near a target.
    pub regulation: Option<Regulation>,
    /// Steps at the beginning that neither teach nor count for the answer: nobody can answer
    /// before the input has said something.
    pub silent_steps: usize,
}

/// A threshold that rises: `A_j = threshold + beta a_j`, `a_j(t + 1) = rho a_j + z_j` with
/// `rho = exp(-1 / tau)`.
///
/// Source: Bellec et al. 2020, methods, the adaptive neuron (ALIF).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Adaptation {
    /// The share of neurons that have it, the first ones; 0 to 1.
    pub share: f64,
    /// Time constant (steps), above 0.
    pub tau_steps: f64,
    /// What a spike adds to the threshold, 0 or more.
    pub beta: f32,
}

/// A further loss `strength / 2 sum_j (f_j - rate)^2` a step, `f_j` being the mean rate of a neuron
/// over the last 100 samples or so.
///
/// Source: Bellec et al. 2020, methods, "firing rate regularization".
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Regulation {
    /// The target, spikes in a step; 0 to 1.
    pub rate: f32,
    /// How much it counts beside the cross entropy, 0 or more.
    pub strength: f32,
}

/// What is left of a neuron's mean rate after each sample.
const RATE_KEPT: f32 = 0.99;

impl EPropExtras {
    fn check(&self) -> Result<(), PlasticityError> {
        let within =
            |parameter, expected, found: f64, most: f64| match (0.0..=most).contains(&found) {
                true => Ok(()),
                false => Err(PlasticityError::Parameter { parameter, expected, found }),
            };
        if let Some(adaptation) = self.adaptation {
            within("share", "0 to 1", adaptation.share, 1.0)?;
            within("beta", "0 to 1,000,000", adaptation.beta.into(), 1e6)?;
            let (found, expected) = (adaptation.tau_steps, "more than 0, at most 1,000,000");
            if !(found > 0.0 && found <= 1e6) {
                return Err(PlasticityError::Parameter { parameter: "tau_steps", expected, found });
            }
        }
        if let Some(regulation) = self.regulation {
            within("rate of the regulation", "0 to 1", regulation.rate.into(), 1.0)?;
            within("strength", "0 to 1,000,000", regulation.strength.into(), 1e6)?;
        }
        Ok(())
    }
}

/// A recurrent network of leaky neurons with a leaky read-out, trained by e-prop.
///
/// ```text
/// v_j = alpha v_j + sum_i W_ji x_i - threshold z_j(t - 1)      x: inputs, and spikes of t - 1
/// z_j = 1 where v_j > threshold
/// psi_j = gamma / threshold max(0, 1 - |v_j / threshold - 1|)
/// xbar_i = alpha xbar_i + x_i;    e_ji = psi_j xbar_i;    ebar_ji = kappa ebar_ji + e_ji
/// y_k = kappa y_k + sum_j U_kj z_j + b_k;    p = softmax(y)
/// L_j = sum_k B_jk (p_k - target_k);    dW_ji = sum_t L_j ebar_ji;    dU_kj = sum_t (p_k - target_k) zbar_j
/// ```
///
/// A neuron of [`Adaptation`] has in place of `e`, and of the threshold where it fires and in `psi`'s
/// middle, `A`:
///
/// ```text
/// e_ji = psi_j (xbar_i - beta eps_ji);    eps_ji(t + 1) = psi_j xbar_i + (rho - psi_j beta) eps_ji
/// ```
///
/// Here `alpha = exp(-1 / tau_mem)`, `kappa = exp(-1 / tau_out)` and `zbar` the spikes filtered by
/// `kappa`. The gradient is that of backpropagation through time with the path through other
/// neurons' spikes cut; nothing is sent back in time. Weights move by Adam after each sample and
/// are kept within [`MAX_EPROP_WEIGHT`].
///
/// Source: Bellec et al. 2020, "A solution to the learning dilemma for recurrent networks of spiking
/// neurons", Nature Communications 11:3625, equations 1 to 5, 13, 24, 25 and 28.
#[derive(Clone, Debug)]
pub struct EProp {
    config: EPropConfig,
    extras: EPropExtras,
    weights: Weights,
    /// Mean spikes in a step of each neuron.
    rates: Vec<f32>,
    /// Shape `[n_neurons][n_classes]`, where errors do not come back by the read-out's weights.
    feedback: Vec<f32>,
    moments: [Weights; 2],
    samples: i32,
    weight_changes: u64,
}

/// Weights, or what is as many as they: gradients and moments.
#[derive(Clone, Debug, PartialEq)]
pub struct Weights {
    /// Onto the neurons, shape `[n_neurons][n_inputs + n_neurons]`.
    pub neurons: Vec<f32>,
    /// Onto the read-out, shape `[n_classes][n_neurons]`.
    pub readout: Vec<f32>,
    /// Of the read-out, one for each class.
    pub bias: Vec<f32>,
}

impl Weights {
    fn zeros(config: &EPropConfig) -> Self {
        let (n, k) = (config.n_neurons, config.n_classes);
        Self {
            neurons: vec![0.0; n * (config.n_inputs + n)],
            readout: vec![0.0; k * n],
            bias: vec![0.0; k],
        }
    }

    fn all(&mut self) -> impl Iterator<Item = &mut f32> {
        self.neurons.iter_mut().chain(&mut self.readout).chain(&mut self.bias)
    }
}

/// What a sample taught.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lesson {
    /// The cross entropy summed over the steps, before anything changed.
    pub loss: f32,
    /// The answer before anything changed.
    pub answer: usize,
    /// Spikes of the neurons.
    pub spikes: u64,
    /// Weights that were changed.
    pub weight_changes: u64,
}

/// What one pass leaves behind.
struct Pass {
    loss: f32,
    sums: Vec<f32>,
    /// Of each neuron.
    spikes: Vec<u32>,
}

impl EProp {
    /// A network whose weights are drawn, normally distributed, by the number of inputs.
    ///
    /// # Errors
    /// [`PlasticityError::Parameter`].
    pub fn new(config: EPropConfig) -> Result<Self, PlasticityError> {
        Self::with(config, EPropExtras::default())
    }

    /// The same with what it may have beside.
    ///
    /// # Errors
    /// [`PlasticityError::Parameter`].
    pub fn with(config: EPropConfig, extras: EPropExtras) -> Result<Self, PlasticityError> {
        config.check()?;
        extras.check()?;
        let mut random = Random::new(config.seed);
        let mut weights = Weights::zeros(&config);
        let (n, n_in) = (config.n_neurons, config.n_inputs);
        let inputs = 1.0 / (n_in as f64).sqrt();
        let recurrent = 1.0 / (n as f64).sqrt();
        for (at, w) in weights.neurons.iter_mut().enumerate() {
            let (target, source) = (at / (n_in + n), at % (n_in + n));
            let size = if source < n_in { inputs } else { recurrent };
            // No neuron drives itself: that is what its reset does.
            let own = source >= n_in && source - n_in == target;
            *w = if own { 0.0 } else { (size * random.normal()) as f32 };
        }
        weights.readout.iter_mut().for_each(|w| *w = (recurrent * random.normal()) as f32);
        let feedback =
            (0..n * config.n_classes).map(|_| (recurrent * random.normal()) as f32).collect();
        let moments = [Weights::zeros(&config), Weights::zeros(&config)];
        // At the target, so that nothing is held back before anything was measured.
        let rates = vec![extras.regulation.map_or(0.0, |regulation| regulation.rate); n];
        Ok(Self {
            config,
            extras,
            weights,
            rates,
            feedback,
            moments,
            samples: 0,
            weight_changes: 0,
        })
    }

    /// The weights as they stand.
    pub fn weights(&self) -> &Weights {
        &self.weights
    }

    /// Puts other weights in their place, to go back to what was kept.
    ///
    /// # Errors
    /// [`PlasticityError::Length`] or [`PlasticityError::Value`] for weights of another network or
    /// out of bounds.
    pub fn set_weights(&mut self, weights: Weights) -> Result<(), PlasticityError> {
        let own = &self.weights;
        let pairs = [
            (&weights.neurons, &own.neurons),
            (&weights.readout, &own.readout),
            (&weights.bias, &own.bias),
        ];
        for (given, own) in pairs {
            crate::error::check(given, own.len())?;
            let bounded = |w: &f32| w.abs() <= MAX_EPROP_WEIGHT;
            if let Some(idx) = given.iter().position(|w| !bounded(w)) {
                return Err(PlasticityError::Value { idx, found: given[idx] });
            }
        }
        self.weights = weights;
        self.moments = [Weights::zeros(&self.config), Weights::zeros(&self.config)];
        self.samples = 0;
        Ok(())
    }

    /// Learns at another rate from now on: one that falls lets weights settle.
    ///
    /// # Errors
    /// [`PlasticityError::Parameter`] for a rate that is not above 0.
    pub fn set_rate(&mut self, rate: f32) -> Result<(), PlasticityError> {
        let config = EPropConfig { rate, ..self.config.clone() };
        config.check()?;
        self.config = config;
        Ok(())
    }

    /// Weights changed since the network was made.
    pub fn weight_changes(&self) -> u64 {
        self.weight_changes
    }

    /// The class whose probability is largest, summed over the steps.
    ///
    /// # Errors
    /// [`PlasticityError::Length`] for an input of other channels.
    pub fn predict(&self, input: &Raster) -> Result<usize, PlasticityError> {
        Ok(largest(&self.pass(input, None)?.sums))
    }

    /// The probability of each class, the mean over the steps that count; all 0 where none does.
    ///
    /// # Errors
    /// [`PlasticityError::Length`] for an input of other channels.
    pub fn probabilities(&self, input: &Raster) -> Result<Vec<f32>, PlasticityError> {
        let mut sums = self.pass(input, None)?.sums;
        let steps = input.steps().saturating_sub(self.extras.silent_steps).max(1);
        sums.iter_mut().for_each(|sum| *sum /= steps as f32);
        Ok(sums)
    }

    /// The bytes from which [`EProp::restored`] makes the same network: its weights and the moments
    /// of Adam, and the mean rates where they are regulated.
    pub fn snapshot(&self) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        out.extend((self.weights.neurons.len() as u64).to_le_bytes());
        out.extend((self.weights.readout.len() as u64).to_le_bytes());
        out.extend(self.weight_changes.to_le_bytes());
        out.extend((self.samples as u64).to_le_bytes());
        for weights in [&self.weights, &self.moments[0], &self.moments[1]] {
            let all = weights.neurons.iter().chain(&weights.readout).chain(&weights.bias);
            all.for_each(|value| out.extend(value.to_le_bytes()));
        }
        let regulated = self.extras.regulation.is_some();
        let rates = self.rates.iter().filter(|_| regulated);
        rates.for_each(|rate| out.extend(rate.to_le_bytes()));
        out
    }

    /// The network of a snapshot.
    ///
    /// # Errors
    /// [`PlasticityError::Snapshot`] where the bytes are no snapshot of a network of this
    /// configuration.
    pub fn restored(config: EPropConfig, bytes: &[u8]) -> Result<Self, PlasticityError> {
        Self::restored_with(config, EPropExtras::default(), bytes)
    }

    /// The same of a network with what it had beside.
    ///
    /// # Errors
    /// As [`EProp::restored`].
    pub fn restored_with(
        config: EPropConfig,
        extras: EPropExtras,
        bytes: &[u8],
    ) -> Result<Self, PlasticityError> {
        let mut network = Self::with(config, extras)?;
        let regulated = network.extras.regulation.is_some();
        let mut from = Reader::new(bytes, MAGIC)?;
        from.expect("weights onto neurons", network.weights.neurons.len() as u64)?;
        from.expect("weights onto the read-out", network.weights.readout.len() as u64)?;
        network.weight_changes = from.u64()?;
        network.samples = from.count("samples", i32::MAX as usize)? as i32;
        let n = network.weights.all().count();
        let n_rates = if regulated { network.rates.len() } else { 0 };
        from.length((3 * n + n_rates) * size_of::<f32>())?;
        let [mean, square] = &mut network.moments;
        for weights in [&mut network.weights, mean, square] {
            for value in weights.all() {
                *value = from.f32()?;
            }
        }
        for rate in &mut network.rates[..n_rates] {
            *rate = from.f32()?;
        }
        Ok(network)
    }

    /// Learns that an input is of a class, from rest.
    ///
    /// # Errors
    /// [`PlasticityError::Length`] for an input of other channels, [`PlasticityError::Full`] for a
    /// class that is none; nothing is learned then.
    pub fn learn(&mut self, input: &Raster, class: usize) -> Result<Lesson, PlasticityError> {
        let mut gradient = Weights::zeros(&self.config);
        let pass = self.taught(input, class, &mut gradient)?;
        let weight_changes = self.adam(&mut gradient);
        self.weight_changes += weight_changes;
        let answer = largest(&pass.sums);
        for (rate, spikes) in self.rates.iter_mut().zip(&pass.spikes) {
            let found = *spikes as f32 / input.steps().max(1) as f32;
            *rate = RATE_KEPT * *rate + (1.0 - RATE_KEPT) * found;
        }
        let spikes = pass.spikes.iter().map(|n| u64::from(*n)).sum();
        Ok(Lesson { loss: pass.loss, answer, spikes, weight_changes })
    }

    /// The gradient of the loss of one input, which [`EProp::learn`] would follow.
    ///
    /// # Errors
    /// As [`EProp::learn`].
    pub fn gradient(&self, input: &Raster, class: usize) -> Result<Weights, PlasticityError> {
        let mut gradient = Weights::zeros(&self.config);
        self.taught(input, class, &mut gradient)?;
        Ok(gradient)
    }

    fn taught(
        &self,
        input: &Raster,
        class: usize,
        gradient: &mut Weights,
    ) -> Result<Pass, PlasticityError> {
        if class >= self.config.n_classes {
            return Err(PlasticityError::Full { what: "classes", limit: self.config.n_classes });
        }
        self.pass(input, Some((class, gradient)))
    }

    fn pass(
        &self,
        input: &Raster,
        mut teach: Option<(usize, &mut Weights)>,
    ) -> Result<Pass, PlasticityError> {
        let c = &self.config;
        if input.size() != c.n_inputs {
            return Err(PlasticityError::Length { expected: c.n_inputs, found: input.size() });
        }
        let (n, width) = (c.n_neurons, c.n_inputs + c.n_neurons);
        let alpha = (-1.0 / c.tau_mem_steps).exp() as f32;
        let kappa = (-1.0 / c.tau_out_steps).exp() as f32;
        let mut state = State::new(n, &self.extras);
        let (mut x, mut traces) = (vec![0.0f32; width], vec![0.0f32; width]);
        let mut memory = Memory::new(n, width, teach.is_some(), &state);
        let (mut filtered, mut y) = (vec![0.0f32; n], vec![0.0f32; c.n_classes]);
        let mut pass = Pass { loss: 0.0, sums: vec![0.0; c.n_classes], spikes: vec![0; n] };
        for step in 0..input.steps() {
            x[..c.n_inputs].fill(0.0);
            input.events(step).for_each(|(channel, value)| x[channel as usize] = value);
            x[c.n_inputs..].copy_from_slice(&state.z);
            traces.iter_mut().zip(&x).for_each(|(trace, x)| *trace = alpha * *trace + x);
            self.advance(alpha, &x, &mut state);
            pass.spikes.iter_mut().zip(&state.z).for_each(|(n, z)| *n += u32::from(*z > 0.0));
            filtered.iter_mut().zip(&state.z).for_each(|(f, z)| *f = kappa * *f + z);
            for (k, y) in y.iter_mut().enumerate() {
                let row = &self.weights.readout[k * n..][..n];
                *y = kappa * *y + dot(row, &state.z) + self.weights.bias[k];
            }
            let counts = step >= self.extras.silent_steps;
            let mut error = softmax(&y);
            if counts {
                pass.sums.iter_mut().zip(&error).for_each(|(sum, p)| *sum += p);
            }
            let Some((class, gradient)) = &mut teach else { continue };
            if counts {
                pass.loss -= error[*class].max(f32::MIN_POSITIVE).ln();
                error[*class] -= 1.0;
            } else {
                error.fill(0.0);
            }
            for j in 0..n {
                let near = (1.0 - ((state.v[j] - state.level[j]) / c.threshold).abs()).max(0.0);
                let psi = c.gamma / c.threshold * near;
                let signals = [self.signal(j, &error), self.drive(j)];
                let to = &mut gradient.neurons[j * width..][..width];
                memory.teach(j, [psi, kappa], &state, &traces, signals, to);
            }
            self.teach_readout(&error, &filtered, kappa, step, gradient);
        }
        Ok(pass)
    }

    /// One step of the neurons: `z` holds the spikes of the step before and then of this one.
    fn advance(&self, alpha: f32, x: &[f32], state: &mut State) {
        let threshold = self.config.threshold;
        for (j, row) in self.weights.neurons.chunks_exact(x.len()).enumerate() {
            let before = state.z[j];
            state.a[j] = state.rho * state.a[j] + before;
            state.level[j] = threshold + state.beta(j) * state.a[j];
            state.v[j] = alpha * state.v[j] + dot(row, x) - threshold * before;
            state.z[j] = if state.v[j] > state.level[j] { 1.0 } else { 0.0 };
        }
    }

    /// What a neuron hears of its rate.
    fn drive(&self, neuron: usize) -> f32 {
        let of =
            |regulation: Regulation| regulation.strength * (self.rates[neuron] - regulation.rate);
        self.extras.regulation.map_or(0.0, of)
    }

    /// What a neuron hears of the error of each class.
    fn signal(&self, neuron: usize, error: &[f32]) -> f32 {
        let (n, k) = (self.config.n_neurons, self.config.n_classes);
        match self.config.symmetric {
            true => (0..k).map(|c| self.weights.readout[c * n + neuron] * error[c]).sum(),
            false => (0..k).map(|c| self.feedback[neuron * k + c] * error[c]).sum(),
        }
    }

    /// The read-out's own gradient; a constant input's trace is the sum of its decays so far.
    fn teach_readout(
        &self,
        error: &[f32],
        filtered: &[f32],
        kappa: f32,
        step: usize,
        gradient: &mut Weights,
    ) {
        let constant = (1.0 - kappa.powi(step as i32 + 1)) / (1.0 - kappa);
        for (k, error) in error.iter().enumerate() {
            let row = &mut gradient.readout[k * filtered.len()..][..filtered.len()];
            row.iter_mut().zip(filtered).for_each(|(to, z)| *to += error * z);
            gradient.bias[k] += error * constant;
        }
    }

    /// Adam (Kingma and Ba 2015); the number of weights that changed.
    fn adam(&mut self, gradient: &mut Weights) -> u64 {
        let (width, n_in) = (self.config.n_inputs + self.config.n_neurons, self.config.n_inputs);
        for (target, row) in gradient.neurons.chunks_exact_mut(width).enumerate() {
            row[n_in + target] = 0.0; // No neuron drives itself.
        }
        self.samples = self.samples.saturating_add(1);
        let (first, second) = (0.9f32, 0.999f32);
        let scale = (1.0 - second.powi(self.samples)).sqrt() / (1.0 - first.powi(self.samples));
        let rate = self.config.rate * scale;
        let [mean, square] = &mut self.moments;
        let moments = mean.all().zip(square.all());
        let mut changes = 0;
        for ((w, g), (m, s)) in self.weights.all().zip(gradient.all()).zip(moments) {
            // An input out of all proportion moves a weight as far as a large one, not to no number.
            let g = if g.is_finite() { g.clamp(-MAX_GRADIENT, MAX_GRADIENT) } else { 0.0 };
            *m = first * *m + (1.0 - first) * g;
            *s = second * *s + (1.0 - second) * g * g;
            let moved = *w - rate * *m / (s.sqrt() + 1e-8);
            let bounded = moved.clamp(-MAX_EPROP_WEIGHT, MAX_EPROP_WEIGHT);
            changes += u64::from(bounded != *w);
            *w = bounded;
        }
        changes
    }
}

const MAGIC: &[u8; 8] = b"STREPRP1";

/// What neurons are in, within a sample.
struct State {
    v: Vec<f32>,
    z: Vec<f32>,
    a: Vec<f32>,
    /// The potential at which each fires.
    level: Vec<f32>,
    rho: f32,
    beta: f32,
    n_adaptive: usize,
}

impl State {
    fn new(n: usize, extras: &EPropExtras) -> Self {
        let (rho, beta, share) = extras.adaptation.map_or((0.0, 0.0, 0.0), |adaptation| {
            ((-1.0 / adaptation.tau_steps).exp() as f32, adaptation.beta, adaptation.share)
        });
        let zeros = || vec![0.0f32; n];
        let n_adaptive = (share * n as f64).round() as usize;
        Self { v: zeros(), z: zeros(), a: zeros(), level: zeros(), rho, beta, n_adaptive }
    }

    fn beta(&self, neuron: usize) -> f32 {
        if neuron < self.n_adaptive { self.beta } else { 0.0 }
    }
}

/// What synapses remember, `ebar` and `eps`, shape `[neurons][width]`; only while they are taught.
struct Memory {
    eligibility: Vec<f32>,
    /// Of the neurons that adapt alone.
    adaptation: Vec<f32>,
}

impl Memory {
    fn new(n: usize, width: usize, taught: bool, state: &State) -> Self {
        let of = |n: usize| vec![0.0f32; if taught { n * width } else { 0 }];
        Self { eligibility: of(n), adaptation: of(state.n_adaptive) }
    }

    /// One step of a neuron's synapses; adds the gradient by the errors and by the rate.
    fn teach(
        &mut self,
        neuron: usize,
        [psi, kappa]: [f32; 2],
        state: &State,
        traces: &[f32],
        [signal, drive]: [f32; 2],
        to: &mut [f32],
    ) {
        let width = traces.len();
        let kept = &mut self.eligibility[neuron * width..][..width];
        let synapses = kept.iter_mut().zip(traces).zip(to);
        if neuron >= state.n_adaptive {
            for ((kept, trace), to) in synapses {
                let e = psi * trace;
                *kept = kappa * *kept + e;
                *to += signal * *kept + drive * e;
            }
            return;
        }
        let (beta, rho) = (state.beta, state.rho);
        let eps = &mut self.adaptation[neuron * width..][..width];
        for (((kept, trace), to), eps) in synapses.zip(eps) {
            let e = psi * (trace - beta * *eps);
            *eps = psi * trace + (rho - psi * beta) * *eps;
            *kept = kappa * *kept + e;
            *to += signal * *kept + drive * e;
        }
    }
}

fn largest(values: &[f32]) -> usize {
    (0..values.len()).max_by(|a, b| values[*a].total_cmp(&values[*b])).unwrap_or(0)
}

fn softmax(y: &[f32]) -> Vec<f32> {
    let most = y.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut p: Vec<f32> = y.iter().map(|y| (y - most).exp()).collect();
    let sum: f32 = p.iter().sum();
    p.iter_mut().for_each(|p| *p /= sum);
    p
}

/// Sixteen sums side by side, so that the compiler uses vectors; the order is fixed.
pub(crate) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0f32; 16];
    let (chunks, others) = (a.chunks_exact(16), b.chunks_exact(16));
    let rest: f32 = chunks.remainder().iter().zip(others.remainder()).map(|(a, b)| a * b).sum();
    for (a, b) in chunks.zip(others) {
        for k in 0..16 {
            sums[k] += a[k] * b[k];
        }
    }
    sums.iter().sum::<f32>() + rest
}
