//! What must hold before a circuit is built, and what building it takes.

use std::collections::HashSet;

use super::describe::{
    Circuit, Distribution, Population, Projection, Rule, StimulusKind, Variable,
};
use super::draw::{Quantile, cumulative};
use super::fault::{Fault, Faults, Place};
use super::neuron::{Neuron, Synapses};
use super::plastic::{Dependence, Plasticity};
use super::rule::Drawn;
use crate::compile::{MAX_DELAY_STEPS, MAX_NEURONS};
use crate::neuron::MAX_POISSON_PER_STEP;

/// Synapses of a circuit at most: their places are numbers of 32 bits.
pub const MAX_SYNAPSES: u64 = u32::MAX as u64;
/// Steps of a refractory period at most.
pub const MAX_REFRACTORY_STEPS: f64 = i16::MAX as f64;
/// Populations of a circuit at most.
pub const MAX_POPULATIONS: usize = 4096;
/// Synapses drawn without multapses by their total number at most: each is remembered meanwhile.
pub const MAX_DISTINCT: u64 = 1 << 26;
/// Faults of a list that are named.
const MAX_LISTED: usize = 20;
/// Share of a normal distribution that its bounds must leave.
const MIN_SHARE: f64 = 1e-6;

/// What a circuit needs, told before anything is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Estimate {
    /// Neurons.
    pub neurons: u64,
    /// Synapses, on average over seeds.
    pub synapses: u64,
    /// Bytes at the peak of construction.
    pub bytes: u64,
}

impl Circuit {
    /// Names everything wrong with the description.
    ///
    /// # Errors
    /// Every [`Fault`], with its place.
    pub fn check(&self) -> Result<(), Faults> {
        let mut check = Check { circuit: self, faults: Vec::new() };
        check.whole();
        (0..self.populations.len()).for_each(|k| check.population(k));
        (0..self.projections.len()).for_each(|k| check.projection(k));
        (0..self.stimuli.len()).for_each(|k| check.stimulus(k));
        (0..self.probes.len()).for_each(|k| check.probe(k));
        if check.faults.is_empty() {
            check.synapses();
        }
        if check.faults.is_empty() { Ok(()) } else { Err(Faults(check.faults)) }
    }

    /// The synapses of a projection: exact where the rule fixes them, else their mean.
    pub fn synapses(&self, projection: usize) -> f64 {
        let projection = &self.projections[projection];
        let size = |population: usize| self.populations[population].size;
        Drawn::expected(projection, size(projection.source), size(projection.target))
    }

    /// What building this takes, once [`Circuit::check`] finds nothing wrong.
    pub fn estimate(&self) -> Estimate {
        let size = |population: usize| self.populations[population].size;
        let neurons: usize = self.populations.iter().map(|p| p.size).sum();
        let (mut synapses, mut bytes) = (0.0, 0.0);
        for (k, projection) in self.projections.iter().enumerate() {
            let n = self.synapses(k);
            let (low, high) = projection.weight_range();
            let each = match &projection.plasticity {
                Some(_) => 14.0,
                None if low == high => 2.0,
                None => 4.0,
            };
            let listed = match projection.rule {
                Rule::Arrays(_) | Rule::OutDegree(_) => 24.0,
                _ => 0.0,
            };
            let (first, last) = projection.delay_range(self.dt);
            let slices = size(projection.source) as f64 * f64::from(last - first + 1) * 4.0;
            synapses += n;
            bytes += n * (each + listed) + slices;
        }
        bytes += neurons as f64 * 64.0;
        Estimate { neurons: neurons as u64, synapses: synapses as u64, bytes: bytes as u64 }
    }
}

/// A check under way.
struct Check<'a> {
    circuit: &'a Circuit,
    faults: Vec<Fault>,
}

impl Check<'_> {
    fn fault(
        &mut self,
        place: Place,
        field: &'static str,
        found: impl ToString,
        expected: impl Into<String>,
    ) {
        let (found, expected) = (found.to_string(), expected.into());
        self.faults.push(Fault { place, field, expected, found });
    }

    /// A quantity that must be a number above (or not below) some bound.
    fn above(&mut self, place: Place, field: &'static str, value: f64, bound: f64, or_equal: bool) {
        if !value.is_finite() || value < bound || (value == bound && !or_equal) {
            let relation = if or_equal { "at least" } else { "more than" };
            self.fault(place, field, value, format!("{relation} {bound}"));
        }
    }

    fn finite(&mut self, place: Place, field: &'static str, value: f64) {
        if !value.is_finite() {
            self.fault(place, field, value, "a finite number");
        }
    }

    fn whole(&mut self) {
        let circuit = self.circuit;
        self.above(Place::Circuit, "step", circuit.dt, 0.0, false);
        let n = circuit.populations.len();
        if n == 0 || n > MAX_POPULATIONS {
            let expected = format!("1 to {MAX_POPULATIONS}");
            self.fault(Place::Circuit, "number of populations", n, expected);
        }
        let neurons = circuit.populations.iter().try_fold(0usize, |n, p| n.checked_add(p.size));
        if neurons.is_none_or(|n| n > MAX_NEURONS) {
            let found = neurons.map_or("more than can be counted".into(), |n| n.to_string());
            let expected = format!("at most {MAX_NEURONS}");
            self.fault(Place::Circuit, "number of neurons", found, expected);
        }
        let mut seen = HashSet::new();
        for (k, population) in circuit.populations.iter().enumerate() {
            if population.name.is_empty() || !seen.insert(&population.name) {
                let found = format!("`{}`", population.name);
                self.fault(Place::Population(k), "name", found, "a name that no other has");
            }
        }
    }

    fn population(&mut self, k: usize) {
        let circuit = self.circuit;
        let (population, place) = (&circuit.populations[k], Place::Population(k));
        if population.size == 0 {
            self.fault(place, "size", 0, "at least 1");
        }
        self.neuron(place, population);
        let receptors = population.neuron.receptors();
        for (variable, start) in &population.start {
            if !has(&population.neuron, *variable) {
                let found = format!("{variable:?}");
                let expected = format!("a variable of the model (it has {receptors} receptors)");
                self.fault(place, "start", found, expected);
            }
            self.distribution(place, "start", start, Some(population.size));
        }
        if let Some(homeostasis) = population.homeostasis {
            self.above(place, "homeostasis rate", homeostasis.rate, 0.0, false);
            self.above(place, "homeostasis step", homeostasis.step, 0.0, true);
        }
    }

    fn neuron(&mut self, place: Place, population: &Population) {
        match &population.neuron {
            Neuron::Lif(m) => {
                for (field, value) in [("tau_m", m.tau_m), ("c_m", m.c_m)] {
                    self.above(place, field, value, 0.0, false);
                }
                self.finite(place, "v_rest", m.v_rest);
                self.fires(place, m.v_th, m.v_reset, m.t_ref);
                self.synapse_kinds(place, &m.synapses);
            }
            Neuron::AdEx(m) => {
                let positive =
                    [("c_m", m.c_m), ("g_l", m.g_l), ("delta_t", m.delta_t), ("tau_w", m.tau_w)];
                for (field, value) in positive {
                    self.above(place, field, value, 0.0, false);
                }
                for (field, value) in [("v_rest", m.v_rest), ("v_t", m.v_t), ("a", m.a), ("b", m.b)]
                {
                    self.finite(place, field, value);
                }
                self.fires(place, m.v_peak, m.v_reset, m.t_ref);
                self.synapse_kinds(place, &m.synapses);
            }
            Neuron::Izhikevich(m) => {
                for (field, value) in [("a", m.a), ("b", m.b), ("d", m.d)] {
                    self.finite(place, field, value);
                }
                self.fires(place, m.v_peak, m.c, 0.0);
            }
            Neuron::Poisson { rate } => {
                self.above(place, "rate", *rate, 0.0, true);
                let most = 1e3 / self.circuit.dt;
                if *rate > most {
                    let expected = format!("at most {most} Hz, one spike in every step");
                    self.fault(place, "rate", rate, expected);
                }
            }
            Neuron::SpikeList(spikes) => {
                let before = self.faults.len();
                for &(time, neuron) in spikes {
                    if self.faults.len() - before > MAX_LISTED {
                        return;
                    }
                    if !time.is_finite() || time < 0.0 {
                        self.fault(place, "spike time", time, "at least 0");
                    }
                    if neuron as usize >= population.size {
                        let expected = format!("less than {}", population.size);
                        self.fault(place, "spike neuron", neuron, expected);
                    }
                }
            }
        }
    }

    fn fires(&mut self, place: Place, v_th: f64, v_reset: f64, t_ref: f64) {
        self.finite(place, "v_threshold", v_th);
        if !v_reset.is_finite() || v_reset >= v_th {
            self.fault(place, "v_reset", v_reset, format!("less than the threshold, {v_th}"));
        }
        self.above(place, "t_refractory", t_ref, 0.0, true);
        if t_ref / self.circuit.dt > MAX_REFRACTORY_STEPS {
            let expected = format!("at most {MAX_REFRACTORY_STEPS} steps");
            self.fault(place, "t_refractory", t_ref, expected);
        }
    }

    fn synapse_kinds(&mut self, place: Place, synapses: &Synapses) {
        match synapses {
            Synapses::Delta => {}
            Synapses::Current(taus) => {
                if !(1..=2).contains(&taus.len()) {
                    self.fault(place, "number of tau_syn", taus.len(), "1 or 2");
                }
                taus.iter().for_each(|&tau| self.above(place, "tau_syn", tau, 0.0, false));
            }
            Synapses::Conductance(both) => {
                for conductance in both {
                    self.above(place, "tau_syn", conductance.tau, 0.0, false);
                    self.finite(place, "e_rev", conductance.e_rev);
                }
            }
        }
    }

    /// A distribution over `n` neurons, or over synapses.
    fn distribution(
        &mut self,
        place: Place,
        field: &'static str,
        distribution: &Distribution,
        n: Option<usize>,
    ) {
        match distribution {
            Distribution::Constant(value) => self.finite(place, field, *value),
            Distribution::Uniform { min, max } => {
                if !(min.is_finite() && max.is_finite() && min <= max) {
                    let found = format!("uniform from {min} to {max}");
                    self.fault(place, field, found, "two numbers, the smaller first");
                }
            }
            Distribution::Normal { mean, sd, min, max }
            | Distribution::ClippedNormal { mean, sd, min, max } => {
                let found = format!("normal {mean} +- {sd} between {min} and {max}");
                let shape = mean.is_finite() && sd.is_finite() && *sd >= 0.0 && min < max;
                let share = cumulative((max - mean) / sd) - cumulative((min - mean) / sd);
                let redrawn = matches!(distribution, Distribution::Normal { .. });
                if !shape {
                    self.fault(place, field, found, "a mean, sd at least 0, min below max");
                } else if redrawn && *sd > 0.0 && share < MIN_SHARE {
                    self.fault(place, field, found, "bounds with more of the distribution inside");
                }
            }
            Distribution::Values(values) => {
                if n != Some(values.len()) {
                    let found = format!("{} values", values.len());
                    let expected = match n {
                        Some(n) => format!("{n} values, one for each neuron"),
                        None => "one value or a distribution".into(),
                    };
                    self.fault(place, field, found, expected);
                }
                if let Some(value) = values.iter().find(|v| !v.is_finite()) {
                    self.fault(place, field, value, "finite numbers");
                }
            }
        }
    }

    fn projection(&mut self, k: usize) {
        let circuit = self.circuit;
        let (projection, place) = (&circuit.projections[k], Place::Projection(k));
        let n = circuit.populations.len();
        for (field, at) in [("source", projection.source), ("target", projection.target)] {
            if at >= n {
                self.fault(place, field, format!("population {at}"), format!("less than {n}"));
            }
        }
        if projection.source >= n || projection.target >= n {
            return;
        }
        let target = &circuit.populations[projection.target];
        self.receptor(place, target, projection.receptor);
        self.distribution(place, "weight", &projection.weight, None);
        self.distribution(place, "delay", &projection.delay, None);
        self.rule(k);
        if self.faults.iter().any(|fault| fault.place == place) {
            return;
        }
        self.weights(place, target, projection.weight_range());
        self.delays(place, projection);
        if let Some(plasticity) = &projection.plasticity {
            self.plasticity(place, projection, plasticity);
        }
    }

    fn receptor(&mut self, place: Place, target: &Population, receptor: u8) {
        let receptors = target.neuron.receptors();
        if receptors == 0 {
            let found = format!("`{}`, a source of spikes", target.name);
            self.fault(place, "target", found, "a population of neurons");
        } else if usize::from(receptor) >= receptors {
            self.fault(place, "receptor", receptor, format!("less than {receptors}"));
        }
    }

    fn weights(&mut self, place: Place, target: &Population, (low, high): (f64, f64)) {
        let conductance = matches!(target.neuron.synapses(), Some(Synapses::Conductance(_)));
        if conductance && low < 0.0 {
            self.fault(place, "weight", low, "at least 0: a conductance; choose the receptor");
        }
        if !(low.is_finite() && high.is_finite()) {
            self.fault(place, "weight", format!("{low} to {high}"), "finite numbers");
        }
    }

    fn delays(&mut self, place: Place, projection: &Projection) {
        let dt = self.circuit.dt;
        let (mut low, mut high) =
            Quantile::new(&projection.delay).map_or((dt, dt), |quantile| quantile.range());
        if let Rule::Arrays(synapses) = &projection.rule {
            let listed = synapses.iter().filter_map(|s| s.delay).map(f64::from);
            (low, high) = listed.fold((low, high), |(a, b), d| (a.min(d), b.max(d)));
        }
        if low < dt / 2.0 {
            let expected = format!("at least a step, {dt} ms (a distribution needs a `min`)");
            self.fault(place, "delay", format!("{low} ms"), expected);
        }
        let most = f64::from(MAX_DELAY_STEPS) * dt;
        if high > most {
            let expected = format!("at most {most} ms ({MAX_DELAY_STEPS} steps)");
            self.fault(place, "delay", format!("{high} ms"), expected);
        }
    }

    fn rule(&mut self, k: usize) {
        let circuit = self.circuit;
        let (projection, place) = (&circuit.projections[k], Place::Projection(k));
        let size = |population: usize| circuit.populations[population].size;
        let (n_sources, n_targets) = (size(projection.source), size(projection.target));
        let apart = usize::from(projection.source == projection.target && !projection.autapses);
        let mut share = |p: f64, open: bool| {
            if !(0.0..=1.0).contains(&p) || (open && p == 1.0) {
                self.fault(place, "p", p, if open { "0 to less than 1" } else { "0 to 1" });
            }
        };
        match &projection.rule {
            Rule::Bernoulli(p) => share(*p, false),
            Rule::Probability(p) => share(*p, true),
            Rule::OneToOne if n_sources != n_targets => {
                let found = format!("{n_sources} sources and {n_targets} targets");
                self.fault(place, "rule", found, "as many sources as targets");
            }
            Rule::Arrays(synapses) => self.listed(place, synapses, n_sources, n_targets),
            _ => {}
        }
        let pool = match &projection.rule {
            Rule::InDegree(_) => n_sources.saturating_sub(apart) as u64,
            Rule::OutDegree(_) => n_targets.saturating_sub(apart) as u64,
            _ => n_sources as u64 * n_targets as u64 - (apart * n_targets) as u64,
        };
        let wanted = match &projection.rule {
            Rule::InDegree(n) | Rule::OutDegree(n) => u64::from(*n),
            Rule::TotalNumber(n) => *n,
            Rule::Probability(p) if !projection.multapses && (0.0..1.0).contains(p) => {
                super::rule::total(*p, n_sources, n_targets)
            }
            _ => 0,
        };
        let total = matches!(projection.rule, Rule::TotalNumber(_) | Rule::Probability(_));
        if total && !projection.multapses && wanted > MAX_DISTINCT {
            let expected = format!("at most {MAX_DISTINCT} without multapses");
            self.fault(place, "n", wanted, expected);
        }
        if wanted > pool && (!projection.multapses || pool == 0) {
            self.fault(place, "n", wanted, format!("at most {pool} without multapses"));
        }
    }

    fn listed(
        &mut self,
        place: Place,
        synapses: &[super::describe::Synapse],
        n_sources: usize,
        n_targets: usize,
    ) {
        let before = self.faults.len();
        for (k, synapse) in synapses.iter().enumerate() {
            if self.faults.len() - before > MAX_LISTED {
                return;
            }
            if synapse.source as usize >= n_sources {
                let found = format!("{} (synapse {k})", synapse.source);
                self.fault(place, "source of a synapse", found, format!("less than {n_sources}"));
            }
            if synapse.target as usize >= n_targets {
                let found = format!("{} (synapse {k})", synapse.target);
                self.fault(place, "target of a synapse", found, format!("less than {n_targets}"));
            }
            for (field, value) in [("weight", synapse.weight), ("delay", synapse.delay)] {
                if let Some(value) = value.filter(|value| !value.is_finite()) {
                    self.fault(place, field, format!("{value} (synapse {k})"), "a finite number");
                }
            }
        }
    }

    fn plasticity(&mut self, place: Place, projection: &Projection, plasticity: &Plasticity) {
        let p = plasticity;
        for (field, tau) in [("tau_plus", p.tau_plus), ("tau_minus", p.tau_minus)] {
            self.above(place, field, tau, 0.0, false);
        }
        for (field, a) in [("a_plus", p.a_plus), ("a_minus", p.a_minus)] {
            self.above(place, field, a, 0.0, true);
        }
        if let Some(triplet) = &p.triplet {
            for (field, tau) in [("tau_x", triplet.tau_x), ("tau_y", triplet.tau_y)] {
                self.above(place, field, tau, 0.0, false);
            }
            for (field, a) in [("a3_plus", triplet.a3_plus), ("a3_minus", triplet.a3_minus)] {
                self.above(place, field, a, 0.0, true);
            }
        }
        if let Dependence::PowerLaw { mu, w_0 } = p.dependence {
            self.finite(place, "mu", mu);
            self.above(place, "w_0", w_0, 0.0, false);
        }
        self.above(place, "w_max", p.w_max, 0.0, false);
        let (low, high) = projection.weight_range();
        if low < 0.0 || high > p.w_max {
            let expected = format!("0 to w_max, {}", p.w_max);
            self.fault(place, "weight", format!("{low} to {high}"), expected);
        }
        let (first, last) = projection.delay_range(self.circuit.dt);
        if first != last {
            let found = format!("{first} to {last} steps");
            self.fault(place, "delay", found, "one delay for all synapses that learn");
        }
        if let Some(scaling) = &p.scaling {
            self.above(place, "scaling rate", scaling.rate, 0.0, false);
            self.above(place, "scaling interval", scaling.interval, self.circuit.dt, true);
            self.above(place, "scaling strength", scaling.strength, 0.0, true);
        }
    }

    fn stimulus(&mut self, k: usize) {
        let circuit = self.circuit;
        let (stimulus, place) = (&circuit.stimuli[k], Place::Stimulus(k));
        let Some(target) = circuit.populations.get(stimulus.target) else {
            let n = circuit.populations.len();
            let found = format!("population {}", stimulus.target);
            return self.fault(place, "target", found, format!("less than {n}"));
        };
        self.above(place, "from", stimulus.from, 0.0, true);
        if let Some(until) = stimulus.until {
            self.above(place, "until", until, stimulus.from, false);
        }
        match &stimulus.kind {
            StimulusKind::Current(current) => {
                self.receptor(place, target, 0);
                self.distribution(place, "current", current, Some(target.size));
            }
            StimulusKind::Poisson { rate, weight, receptor } => {
                self.receptor(place, target, *receptor);
                self.weights(place, target, (*weight, *weight));
                self.above(place, "rate", *rate, 0.0, true);
                let most = MAX_POISSON_PER_STEP * 1e3 / circuit.dt;
                if *rate > most {
                    self.fault(place, "rate", rate, format!("at most {most} Hz"));
                }
            }
        }
    }

    fn probe(&mut self, k: usize) {
        let circuit = self.circuit;
        let (probe, place) = (&circuit.probes[k], Place::Probe(k));
        let Some(population) = circuit.populations.get(probe.population) else {
            let n = circuit.populations.len();
            let found = format!("population {}", probe.population);
            return self.fault(place, "population", found, format!("less than {n}"));
        };
        if !has(&population.neuron, probe.variable) {
            let found = format!("{:?}", probe.variable);
            self.fault(place, "variable", found, "a variable of the model");
        }
        if let Some(neuron) = probe.neurons.iter().find(|&&n| n as usize >= population.size) {
            self.fault(place, "neurons", neuron, format!("less than {}", population.size));
        }
        if probe.every == 0 {
            self.fault(place, "every", 0, "at least 1 step");
        }
    }

    /// The number of synapses, once each rule makes sense.
    fn synapses(&mut self) {
        let estimate = self.circuit.estimate();
        if estimate.synapses > MAX_SYNAPSES {
            let expected = format!("at most {MAX_SYNAPSES}");
            self.fault(Place::Circuit, "number of synapses", estimate.synapses, expected);
        }
    }
}

/// Whether a model has a variable.
fn has(neuron: &Neuron, variable: Variable) -> bool {
    match variable {
        Variable::Potential => neuron.receptors() > 0,
        Variable::Adaptation => matches!(neuron, Neuron::AdEx(_) | Neuron::Izhikevich(_)),
        Variable::Synapse(receptor) => {
            let delta = matches!(neuron.synapses(), Some(Synapses::Delta));
            !delta && usize::from(receptor) < neuron.receptors()
        }
    }
}
