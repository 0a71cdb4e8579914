//! Smaller circuits that behave like large ones, and drive without noise.
//!
//! At a scale `s` there are `s` times the neurons, each with `s` times the synapses, whose weights
//! are `1 / sqrt(s)` times as strong, so that the variance of the input stays; the mean that is
//! lost comes back as a current, from the rates that the description gives.
//!
//! Source: van Albada, Helias, Diesmann 2015, "Scalability of asynchronous networks is limited by
//! one-to-one mapping between effective connectivity and correlations", equations 10 to 13.

use spike::circuit::{Circuit, Distribution, Neuron, Rule, Stimulus, StimulusKind, Synapses};

/// Why a circuit cannot be scaled.
pub(crate) struct Refusal {
    pub(crate) found: String,
    pub(crate) expected: String,
}

/// The charge that a spike of unit weight brings (pC per unit): what turns a rate into a current.
fn charge(circuit: &Circuit, population: usize, receptor: u8) -> Result<f64, Refusal> {
    let refuse = || Refusal {
        found: format!("population {}", circuit.populations[population].name),
        expected: "current or delta synapses, whose mean is a current".into(),
    };
    match &circuit.populations[population].neuron {
        Neuron::Lif(m) => match &m.synapses {
            Synapses::Current(taus) => taus.get(usize::from(receptor)).copied().ok_or_else(refuse),
            Synapses::Delta => Ok(m.c_m),
            Synapses::Conductance(_) => Err(refuse()),
        },
        _ => Err(refuse()),
    }
}

/// Replaces every Poisson stimulus by the current that is its mean.
pub(crate) fn constant(circuit: &mut Circuit) -> Result<(), Refusal> {
    for k in 0..circuit.stimuli.len() {
        let target = circuit.stimuli[k].target;
        if let StimulusKind::Poisson { rate, weight, receptor } = circuit.stimuli[k].kind {
            let current = 1e-3 * rate * weight * charge(circuit, target, receptor)?;
            circuit.stimuli[k].kind = StimulusKind::Current(current.into());
        }
    }
    Ok(())
}

/// Scales a circuit down.
pub(crate) fn down(circuit: &mut Circuit, s: f64, rates: &[Option<f64>]) -> Result<(), Refusal> {
    let root = s.sqrt();
    let mut lost = vec![0.0; circuit.populations.len()];
    for k in 0..circuit.projections.len() {
        let projection = &circuit.projections[k];
        let (source, target) = (projection.source, projection.target);
        let rate = rates[source].or(match circuit.populations[source].neuron {
            Neuron::Poisson { rate } => Some(rate),
            _ => None,
        });
        let rate = rate.ok_or_else(|| Refusal {
            found: format!("population {} without a `rate`", circuit.populations[source].name),
            expected: "the mean rate of every source, to make up for what is lost".into(),
        })?;
        let in_degree = circuit.synapses(k) / circuit.populations[target].size as f64;
        let charge = charge(circuit, target, projection.receptor)?;
        lost[target] += 1e-3 * charge * in_degree * mean(&projection.weight) * rate;
    }
    for stimulus in &circuit.stimuli {
        if let StimulusKind::Poisson { rate, weight, receptor } = stimulus.kind {
            lost[stimulus.target] +=
                1e-3 * charge(circuit, stimulus.target, receptor)? * rate * weight;
        }
    }
    for k in 0..circuit.projections.len() {
        let total = circuit.synapses(k);
        let projection = &mut circuit.projections[k];
        projection.rule = match projection.rule {
            Rule::InDegree(n) => Rule::InDegree((f64::from(n) * s).round() as u32),
            Rule::OutDegree(n) => Rule::OutDegree((f64::from(n) * s).round() as u32),
            Rule::TotalNumber(_) | Rule::Probability(_) => {
                Rule::TotalNumber((total * s * s).round() as u64)
            }
            Rule::Bernoulli(p) => Rule::Bernoulli(p),
            Rule::AllToAll => Rule::AllToAll,
            Rule::OneToOne | Rule::Arrays(_) => {
                return Err(Refusal {
                    found: "a projection one to one or by arrays".into(),
                    expected: "rules that a scale changes".into(),
                });
            }
        };
        projection.weight = stronger(&projection.weight, 1.0 / root);
        if let Some(plasticity) = &mut projection.plasticity {
            plasticity.w_max /= root;
            if let spike::circuit::Dependence::PowerLaw { w_0, .. } = &mut plasticity.dependence {
                *w_0 /= root;
            }
        }
    }
    for stimulus in &mut circuit.stimuli {
        if let StimulusKind::Poisson { rate, weight, .. } = &mut stimulus.kind {
            *rate *= s;
            *weight /= root;
        }
    }
    for population in &mut circuit.populations {
        population.size = ((population.size as f64 * s).round() as usize).max(1);
    }
    for (target, lost) in lost.iter().enumerate().filter(|(_, lost)| **lost != 0.0) {
        circuit.stimuli.push(Stimulus::current(target, (1.0 - root) * lost));
    }
    Ok(())
}

/// The mean of a weight, as it was before bounds.
fn mean(distribution: &Distribution) -> f64 {
    match distribution {
        Distribution::Constant(value) => *value,
        Distribution::Uniform { min, max } => (min + max) / 2.0,
        Distribution::Normal { mean, .. } | Distribution::ClippedNormal { mean, .. } => *mean,
        Distribution::Values(values) => values.iter().sum::<f64>() / values.len().max(1) as f64,
    }
}

/// The same distribution with every value multiplied.
fn stronger(distribution: &Distribution, by: f64) -> Distribution {
    match distribution {
        Distribution::Constant(value) => Distribution::Constant(value * by),
        Distribution::Uniform { min, max } => {
            Distribution::Uniform { min: min * by, max: max * by }
        }
        Distribution::Normal { mean, sd, min, max } => {
            Distribution::Normal { mean: mean * by, sd: sd * by, min: min * by, max: max * by }
        }
        Distribution::ClippedNormal { mean, sd, min, max } => Distribution::ClippedNormal {
            mean: mean * by,
            sd: sd * by,
            min: min * by,
            max: max * by,
        },
        Distribution::Values(values) => {
            Distribution::Values(values.iter().map(|value| value * by).collect())
        }
    }
}
