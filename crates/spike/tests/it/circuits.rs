//! Circuits: drawn as described, run the same way on any number of threads, right where a closed
//! form or a published figure says what is right.

use spike::Isa;
use spike::circuit::*;

fn lif(synapses: Synapses) -> Lif {
    Lif { tau_m: 20.0, c_m: 200.0, v_rest: 0.0, v_th: 20.0, v_reset: 10.0, t_ref: 2.0, synapses }
}

fn uniform(min: f64, max: f64) -> Distribution {
    Distribution::Uniform { min, max }
}

fn normal(mean: f64, sd: f64, min: f64) -> Distribution {
    Distribution::Normal { mean, sd, min, max: f64::INFINITY }
}

fn plastic_rule(w_max: f64) -> Plasticity {
    Plasticity {
        dependence: Dependence::Additive,
        tau_plus: 20.0,
        tau_minus: 20.0,
        a_plus: 0.005,
        a_minus: 0.005_25,
        triplet: None,
        w_max,
        delay: DelayPart::Dendritic,
        scaling: None,
    }
}

/// A bit of everything: every model, rule, format of synapse and kind of drive, with learning.
fn mixture() -> Circuit {
    let mut c = Circuit::new(0.1, 7);
    let current = lif(Synapses::Current(vec![0.5, 5.0]));
    let conductance =
        [Conductance { tau: 5.0, e_rev: 70.0 }, Conductance { tau: 10.0, e_rev: -10.0 }];
    let adex = AdEx {
        c_m: 281.0,
        g_l: 30.0,
        v_rest: -70.6,
        v_t: -50.4,
        delta_t: 2.0,
        tau_w: 144.0,
        a: 4.0,
        b: 80.5,
        v_reset: -70.6,
        v_peak: 0.0,
        t_ref: 1.0,
        synapses: Synapses::Current(vec![2.0]),
    };
    let simple = Izhikevich { a: 0.02, b: 0.2, c: -65.0, d: 8.0, v_peak: 30.0 };
    let e =
        c.add(Population::new("e", 900, current).starting(Variable::Potential, uniform(0.0, 20.0)));
    let g = c.add(Population::new("g", 300, lif(Synapses::Conductance(conductance))));
    let a = c.add(Population::new("a", 270, adex));
    let z = c.add(Population::new("z", 33, simple));
    let p = c.add(Population::new("p", 400, Neuron::Poisson { rate: 40.0 }));
    let s = c.add(Population::new("s", 2, Neuron::SpikeList(vec![(3.0, 1), (1.0, 0), (55.5, 1)])));
    c.populations[e].homeostasis = Some(ThresholdHomeostasis { rate: 20.0, step: 0.5 });
    let spread = normal(1.5, 0.75, 0.1);
    c.connect(Projection::new(p, e, Rule::InDegree(40), normal(150.0, 15.0, 0.0), spread.clone()));
    c.connect(Projection::new(p, e, Rule::Bernoulli(0.05), 10.0, 0.3).onto(1));
    c.connect(Projection::new(e, e, Rule::Probability(0.05), 100.0, 1.5).learning(Plasticity {
        triplet: Some(Triplet { tau_x: 100.0, tau_y: 120.0, a3_plus: 0.006, a3_minus: 0.002 }),
        scaling: Some(Scaling { rate: 15.0, interval: 50.0, strength: 0.1 }),
        ..plastic_rule(300.0)
    }));
    c.connect(Projection::new(e, g, Rule::OutDegree(20), 2.0, spread.clone()));
    c.connect(Projection::new(g, e, Rule::TotalNumber(9_000), -120.0, spread));
    c.connect(Projection::new(g, g, Rule::Bernoulli(0.02), 4.0, 0.1).onto(1));
    c.connect(Projection::new(e, a, Rule::InDegree(60), normal(90.0, 9.0, 0.0), uniform(0.5, 4.0)));
    c.connect(Projection::new(a, z, Rule::AllToAll, 0.05, 1.0));
    c.connect(Projection::new(s, z, Rule::AllToAll, 20.0, 2.0));
    c.stimulate(Stimulus::poisson(e, 8_000.0, 60.0));
    c.stimulate(Stimulus::poisson(g, 2_000.0, 1.5));
    let mut current = Stimulus::current(a, uniform(300.0, 900.0));
    (current.from, current.until) = (5.0, Some(150.0));
    c.stimulate(current);
    c.stimulate(Stimulus::current(z, 6.0));
    c.probes.push(Probe {
        population: e,
        neurons: vec![0, 899, 500],
        variable: Variable::Potential,
        every: 7,
    });
    c
}

/// Everything that a run of a circuit shows.
fn outcome(circuit: &Circuit, isa: Isa, build: usize, cuts: &[u64], run: usize) -> Outcome {
    let mut simulation = circuit.build_with(build, isa, &|_| {}).unwrap();
    let mut total = Report::default();
    for &steps in cuts {
        let report = simulation.run(steps, run);
        total.spikes.resize(report.spikes.len(), 0);
        total.spikes.iter_mut().zip(report.spikes).for_each(|(sum, n)| *sum += n);
        total.steps += report.steps;
        total.synaptic_events += report.synaptic_events;
        total.weight_updates += report.weight_updates;
    }
    let spikes = simulation.take_spikes();
    let samples = simulation.take_samples();
    let n = circuit.projections.len();
    let weights = (0..n).map(|k| simulation.weights(k)).collect();
    Outcome { total, spikes, samples, weights }
}

#[derive(Debug, PartialEq)]
struct Outcome {
    total: Report,
    spikes: Spikes,
    samples: Vec<Samples>,
    weights: Vec<Weights>,
}

#[test]
fn the_same_on_threads_cuts_and_instruction_sets() {
    let circuit = mixture();
    let expected = outcome(&circuit, Isa::detect(), 1, &[2_000], 1);
    for (population, spikes) in expected.total.spikes.iter().enumerate() {
        assert!(*spikes > 0, "{} is silent", circuit.populations[population].name);
    }
    assert!(expected.total.weight_updates > 10_000);
    let check = |isa, build, cuts: &[u64], run| {
        let found = outcome(&circuit, isa, build, cuts, run);
        assert!(found == expected, "{isa:?}, built for {build}, run in {cuts:?} on {run}");
    };
    check(Isa::detect(), 2, &[2_000], 2);
    check(Isa::detect(), 3, &[1, 999, 3, 997], 2);
    check(Isa::detect(), 4, &[2_000], 1);
    for isa in Isa::available() {
        check(isa, 1, &[2_000], 1);
    }
}

/// The synapses of one projection between two populations.
fn synapses(n: [usize; 2], same: bool, change: impl Fn(&mut Projection)) -> Weights {
    let mut c = Circuit::new(0.1, 3);
    let source = c.add(Population::new("source", n[0], lif(Synapses::Delta)));
    let target =
        if same { source } else { c.add(Population::new("target", n[1], lif(Synapses::Delta))) };
    let mut projection = Projection::new(source, target, Rule::AllToAll, 1.0, 1.5);
    change(&mut projection);
    c.connect(projection);
    let simulation = c.build(2).unwrap();
    let weights = simulation.weights(0);
    assert_eq!(weights.sources.len() as u64, simulation.synapses());
    weights
}

fn count(positions: &[u32], n: usize) -> Vec<u32> {
    let mut counts = vec![0; n];
    positions.iter().for_each(|&at| counts[at as usize] += 1);
    counts
}

fn doubles(w: &Weights) -> usize {
    let mut pairs: Vec<_> = w.sources.iter().zip(&w.targets).collect();
    pairs.sort_unstable();
    pairs.windows(2).filter(|pair| pair[0] == pair[1]).count()
}

fn selves(w: &Weights) -> usize {
    w.sources.iter().zip(&w.targets).filter(|(s, t)| s == t).count()
}

#[test]
fn in_degrees_are_fixed() {
    let w = synapses([700, 500], false, |p| p.rule = Rule::InDegree(30));
    assert!(count(&w.targets, 500).iter().all(|&n| n == 30));
    assert!(doubles(&w) > 0);
    // 15,000 draws over 700 sources: 21.4 each, variance as much.
    let counts = count(&w.sources, 700);
    let mean = 15_000.0 / 700.0;
    let spread: f64 = counts.iter().map(|&n| (f64::from(n) - mean).powi(2)).sum::<f64>() / 700.0;
    assert!((spread / mean - 1.0).abs() < 0.25, "{spread}");
    let w = synapses([40, 500], false, |p| {
        (p.rule, p.multapses) = (Rule::InDegree(30), false);
    });
    assert_eq!((doubles(&w), w.sources.len()), (0, 15_000));
    let w = synapses([100, 100], true, |p| p.rule = Rule::InDegree(30));
    assert_eq!(selves(&w), 0);
}

#[test]
fn out_degrees_and_totals_are_fixed() {
    let w = synapses([300, 500], false, |p| p.rule = Rule::OutDegree(25));
    assert!(count(&w.sources, 300).iter().all(|&n| n == 25));
    let w = synapses([300, 500], false, |p| p.rule = Rule::TotalNumber(12_345));
    assert_eq!(w.sources.len(), 12_345);
    let w = synapses([60, 60], true, |p| {
        (p.rule, p.multapses) = (Rule::TotalNumber(3_000), false);
    });
    assert_eq!((w.sources.len(), doubles(&w), selves(&w)), (3_000, 0, 0));
}

#[test]
fn pairs_are_drawn_once_with_their_probability() {
    let w = synapses([400, 400], true, |p| {
        (p.rule, p.autapses) = (Rule::Bernoulli(0.1), true);
    });
    // 160,000 pairs: 16,000 synapses, 120 is one standard deviation.
    assert!(w.sources.len().abs_diff(16_000) < 600, "{}", w.sources.len());
    assert_eq!(doubles(&w), 0);
    assert!((20..=60).contains(&selves(&w)), "{}", selves(&w));
    let w = synapses([40, 40], true, |p| p.rule = Rule::AllToAll);
    assert_eq!((w.sources.len(), selves(&w)), (40 * 39, 0));
    let w = synapses([40, 40], false, |p| p.rule = Rule::OneToOne);
    assert_eq!((w.sources.len(), selves(&w)), (40, 40));
}

#[test]
fn weights_and_delays_follow_their_distributions() {
    let w = synapses([500, 500], false, |p| {
        p.rule = Rule::InDegree(400);
        p.weight = normal(2.0, 0.2, 0.0);
        p.delay = normal(1.5, 0.75, 0.05);
    });
    let n = w.weights.len() as f64;
    let mean = w.weights.iter().map(|&w| f64::from(w)).sum::<f64>() / n;
    let sd = (w.weights.iter().map(|&w| (f64::from(w) - mean).powi(2)).sum::<f64>() / n).sqrt();
    // Five standard errors.
    assert!((mean - 2.0).abs() < 5.0 * 0.2 / n.sqrt(), "{mean}");
    assert!((sd - 0.2).abs() < 5.0 * 0.2 / (2.0 * n).sqrt(), "{sd}");
    let delay = w.delay_steps.iter().map(|&d| f64::from(d)).sum::<f64>() / n;
    // A normal distribution above 0.05 ms has the mean mu + sd pdf(a) / (1 - cdf(a)).
    assert!((delay - 15.475).abs() < 0.1, "{delay}");
    assert_eq!(w.delay_steps.iter().min(), Some(&1));
}

#[test]
fn listed_synapses_are_kept() {
    let given = vec![
        Synapse { source: 1, target: 2, weight: Some(0.5), delay: Some(0.7) },
        Synapse { source: 0, target: 2, weight: None, delay: None },
        Synapse { source: 1, target: 0, weight: Some(-1.5), delay: None },
    ];
    let w = synapses([2, 3], false, |p| p.rule = Rule::Arrays(given.clone()));
    assert_eq!(w.sources, [1, 1, 0]);
    assert_eq!(w.targets, [0, 2, 2]);
    assert_eq!(w.weights, [-1.5, 0.5, 1.0]);
    assert_eq!(w.delay_steps, [15, 7, 15]);
}

/// The potential of one neuron after each step, with spikes given to receptor 0.
fn trace(neuron: impl Into<Neuron>, spikes: &[f64], weight: f64, delay: f64) -> (Vec<f32>, Spikes) {
    let mut c = Circuit::new(0.1, 1);
    let list = spikes.iter().map(|&time| (time, 0)).collect();
    let source = c.add(Population::new("s", 1, Neuron::SpikeList(list)));
    c.populations[source].recorded = false;
    let n = c.add(Population::new("n", 1, neuron));
    c.connect(Projection::new(source, n, Rule::OneToOne, weight, delay));
    c.probes.push(Probe {
        population: n,
        neurons: vec![0],
        variable: Variable::Potential,
        every: 1,
    });
    let mut simulation = c.build(1).unwrap();
    simulation.run(1_000, 1);
    (simulation.take_samples().remove(0).values, simulation.take_spikes())
}

#[test]
fn a_postsynaptic_potential_has_its_closed_form() {
    let (tau_s, tau_m, c_m, w) = (0.5, 20.0, 200.0, 350.0);
    let (v, _) = trace(lif(Synapses::Current(vec![tau_s])), &[10.0], w, 1.5);
    // The spike of step 100 arrives at the end of step 115.
    for (step, &found) in v.iter().enumerate() {
        let t = (step as f64 - 115.0) * 0.1;
        let scale = w / c_m * tau_s * tau_m / (tau_m - tau_s);
        let expected =
            if t > 0.0 { scale * ((-t / tau_m).exp() - (-t / tau_s).exp()) } else { 0.0 };
        let error = (f64::from(found) - expected).abs();
        assert!(error < 2e-6 * scale, "step {step}: {found}, expected {expected}");
    }
    let (v, _) = trace(lif(Synapses::Delta), &[10.0], 4.0, 1.5);
    for (step, &found) in v.iter().enumerate() {
        let t = (step as f64 - 115.0) * 0.1;
        let expected = if t > -0.05 { 4.0 * (-t / tau_m).exp() } else { 0.0 };
        assert!((f64::from(found) - expected).abs() < 1e-5, "step {step}: {found}, {expected}");
    }
}

#[test]
fn a_constant_current_fires_at_its_closed_form() {
    let mut c = Circuit::new(0.1, 1);
    let n = c.add(Population::new("n", 1, lif(Synapses::Delta)));
    c.stimulate(Stimulus::current(n, 300.0));
    let mut simulation = c.build(1).unwrap();
    simulation.run(10_000, 1);
    let spikes = simulation.take_spikes();
    // R I = 30 mV: from reset at 10 mV to threshold at 20 mV takes tau ln 2, held for 2 ms.
    let interval = 20.0 * (20.0f64 / 10.0).ln() + 2.0;
    for pair in spikes.steps.windows(2) {
        let found = (pair[1] - pair[0]) as f64 * 0.1;
        assert!((found - interval).abs() <= 0.1, "{found}, expected {interval}");
    }
    assert!(spikes.steps.len() > 60);
}

#[test]
fn a_threshold_holds_its_rate() {
    let mut c = Circuit::new(0.1, 1);
    let n = c.add(Population::new("n", 500, lif(Synapses::Delta)));
    c.populations[n].homeostasis = Some(ThresholdHomeostasis { rate: 10.0, step: 0.3 });
    c.stimulate(Stimulus::poisson(n, 20_000.0, 0.1));
    let mut simulation = c.build(1).unwrap();
    simulation.run(50_000, 1);
    let spikes = simulation.run(50_000, 1).spikes[0] as f64;
    let rate = spikes / 500.0 / 5.0;
    assert!((rate - 10.0).abs() < 0.3, "{rate} Hz");
}

#[test]
fn scaling_brings_neurons_to_their_rate() {
    let mut c = Circuit::new(0.1, 1);
    let p = c.add(Population::new("p", 500, Neuron::Poisson { rate: 20.0 }));
    let n = c.add(Population::new("n", 200, lif(Synapses::Delta)));
    let rule = Plasticity {
        a_plus: 0.0,
        a_minus: 0.0,
        scaling: Some(Scaling { rate: 20.0, interval: 200.0, strength: 0.2 }),
        ..plastic_rule(5.0)
    };
    c.connect(Projection::new(p, n, Rule::InDegree(100), 0.3, 1.0).learning(rule));
    let mut simulation = c.build(1).unwrap();
    let rate = |report: Report| report.spikes[1] as f64 / 200.0 / (report.steps as f64 * 1e-4);
    let before = rate(simulation.run(10_000, 1));
    simulation.run(90_000, 1);
    let after = rate(simulation.run(50_000, 1));
    assert!(before < 12.0 && (after - 20.0).abs() < 2.0, "{before} Hz, then {after} Hz");
    let mean = |w: Weights| w.weights.iter().sum::<f32>() / w.weights.len() as f32;
    assert!(mean(simulation.weights(0)) > 0.35);
}

/// The weight of one synapse whose two neurons fire at given times (ms).
fn learnt(rule: Plasticity, pre: &[f64], post: &[f64], delay: f64) -> f64 {
    let mut c = Circuit::new(0.1, 1);
    let list = |times: &[f64]| Neuron::SpikeList(times.iter().map(|&t| (t, 0)).collect());
    let a = c.add(Population::new("a", 1, list(pre)));
    let driver = c.add(Population::new("driver", 1, list(post)));
    // A neuron that fires when it is told to, one step later, and never otherwise.
    let told = Lif { t_ref: 0.0, v_th: 1e3, v_reset: 0.0, ..lif(Synapses::Delta) };
    let b = c.add(Population::new("b", 1, told));
    c.connect(Projection::new(driver, b, Rule::OneToOne, 1e4, 0.1));
    c.connect(Projection::new(a, b, Rule::OneToOne, 1.0, delay).learning(rule));
    let mut simulation = c.build(1).unwrap();
    simulation.run(3_000, 1);
    f64::from(simulation.weights(1).weights[0])
}

#[test]
fn pairs_change_a_weight_by_their_closed_form() {
    for (delay, part) in [(1.5, DelayPart::Dendritic), (1.5, DelayPart::Axonal)] {
        let rule = || Plasticity { delay: part, ..plastic_rule(2.0) };
        // The spike of the target falls 0.1 ms after it was told to.
        let late = match part {
            DelayPart::Dendritic => 0.1 + delay,
            DelayPart::Axonal => 0.1 - delay,
        };
        for gap in [-30.0, -5.0, -2.0, 0.0, 2.0, 5.0, 30.0] {
            let apart: f64 = gap + late;
            let w = learnt(rule(), &[100.0], &[100.0 + gap], delay);
            let expected = if apart >= -1e-9 {
                1.0 + 0.005 * 2.0 * (-apart / 20.0).exp()
            } else {
                1.0 - 0.005_25 * 2.0 * (apart / 20.0).exp()
            };
            assert!((w - expected).abs() < 1e-6, "{part:?} {gap}: {w}, expected {expected}");
        }
    }
}

#[test]
fn weights_stay_within_their_bounds() {
    let every: Vec<f64> = (0..2_500).map(|k| f64::from(k) * 0.1).collect();
    let strong = |a_plus, a_minus| Plasticity { a_plus, a_minus, ..plastic_rule(2.0) };
    assert_eq!(learnt(strong(0.5, 0.0), &every, &every, 0.5), 2.0);
    assert_eq!(learnt(strong(0.0, 0.5), &every, &every, 0.5), 0.0);
    for dependence in [Dependence::Multiplicative, Dependence::PowerLaw { mu: 0.4, w_0: 1.0 }] {
        let rule = Plasticity { dependence, ..strong(1e-4, 1e-4) };
        let w = learnt(rule, &every, &every, 0.5);
        assert!(w > 0.0 && w < 2.0, "{dependence:?}: {w}");
    }
}

fn check(change: impl Fn(&mut Circuit), expected: &str) {
    let mut circuit = mixture();
    change(&mut circuit);
    let faults = circuit.check().unwrap_err();
    assert_eq!(faults.to_string(), expected);
    assert!(circuit.build(1).is_err());
}

#[test]
fn every_fault_is_named() {
    check(
        |c| c.projections[0].delay = (-1.0).into(),
        "projection 0: delay is -1 ms, expected at least a step, 0.1 ms (a distribution needs a \
         `min`)",
    );
    check(
        |c| {
            c.projections[0].target = 9;
            c.projections[1].rule = Rule::Bernoulli(1.5);
            c.populations[3].neuron = lif(Synapses::Current(vec![-1.0])).into();
            c.stimuli[0].target = 4;
        },
        "population 3: tau_syn is -1, expected more than 0\n\
         projection 0: target is population 9, expected less than 6\n\
         projection 1: p is 1.5, expected 0 to 1\n\
         stimulus 0: target is `p`, a source of spikes, expected a population of neurons",
    );
    check(
        |c| {
            c.projections[2].delay = uniform(1.0, 2.0);
            c.projections[5].weight = (-1.0).into();
            c.projections[4].receptor = 2;
        },
        "projection 2: delay is 10 to 20 steps, expected one delay for all synapses that learn\n\
         projection 4: receptor is 2, expected less than 2\n\
         projection 5: weight is -1, expected at least 0: a conductance; choose the receptor",
    );
    check(
        |c| {
            c.projections[6].rule = Rule::TotalNumber(1 << 40);
            c.projections[6].weight = 1.0.into();
        },
        "circuit: number of synapses is 1099511761094, expected at most 4294967295",
    );
}
