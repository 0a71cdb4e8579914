//! Neurons against the closed form of their equations.

use std::sync::Arc;

use spike::{
    Bias, Conventions, Form, Integration, Li, Model, Network, Population, Potentials, Probe,
    Raster, Reset, Session,
};

use crate::networks::{integrate_and_fire, lif};

/// Potentials of one neuron under constant input, with an input port that stays silent.
fn trace(model: Model, current: f64, steps: usize) -> (Vec<f32>, Vec<usize>) {
    let mut network = Network::default();
    network.add(Population::new("input", &[1], Model::Input));
    let mut neuron = Population::new("neuron", &[1], model);
    neuron.biases.push(Bias { from_step: 0, values: vec![current] });
    let neuron = network.add(neuron);
    let mut session = Session::new(Arc::new(network.compile().unwrap()));
    session.record(&[Probe { population: neuron, events: true, potentials: Potentials::All }]);
    let mut silence = Raster::new(1);
    (0..steps).for_each(|_| silence.push_spikes(&[]));
    let run = session.run(&[silence]).unwrap();
    let fired = (0..steps).filter(|&t| !run.recordings[0].events.step(t).0.is_empty());
    let fired = fired.collect();
    (run.recordings[0].potentials.clone(), fired)
}

#[test]
fn a_leaky_integrator_relaxes_exponentially() {
    // v(t) = r x (1 - exp(-t / tau)), Gerstner et al. 2014, equation 1.6.
    let c = Conventions {
        integration: Integration::Exact,
        form: Form::Product,
        ..Conventions::plain(1e-3)
    };
    let li = Li { tau: vec![0.02], r: vec![2.0], v_leak: vec![0.0] };
    let (v, _) = trace(Model::Li(li, c), 3.0, 100);
    for (t, v) in v.iter().enumerate() {
        let expected = 6.0 * (1.0 - (-(t as f64 + 1.0) * 1e-3 / 0.02).exp());
        assert!((f64::from(*v) - expected).abs() < 1e-5, "step {t}: {v}, expected {expected}");
    }
}

#[test]
fn a_lif_neuron_fires_with_the_period_of_its_equation() {
    // T = tau ln(r x / (r x - v_threshold)) with reset to zero, Gerstner et al. 2014, exercise 1.1.
    let c = Conventions {
        integration: Integration::Exact,
        form: Form::Product,
        ..Conventions::plain(1e-6)
    };
    let (_, fired) = trace(lif(c), 0.15, 20_000);
    let period = 1e-3 * (1.5f64 / 0.5).ln() / 1e-6;
    for pair in fired.windows(2) {
        let found = (pair[1] - pair[0]) as f64;
        assert!((found - period).abs() <= 1.0, "period {found}, expected {period}");
    }
    assert!(fired.len() > 10);
}

#[test]
fn an_integrator_that_subtracts_keeps_the_remainder() {
    let c = Conventions { reset: Reset::Subtract, ..Conventions::plain(1e-4) };
    let (v, fired) = trace(integrate_and_fire(c), 0.375, 800);
    assert_eq!(fired.len(), 299, "300 thresholds, the last one met but not crossed");
    assert_eq!(v[799], 1.0);
}
