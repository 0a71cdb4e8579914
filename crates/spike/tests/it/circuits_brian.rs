//! Circuits against Brian2 2.9.0: neurons step by step, plastic synapses event by event, the
//! statistics of whole networks.
//! The fixtures are made by `bindings/python/examples/circuit_references.py`.

use serde_json::Value;
use spike::circuit::*;

fn fixture(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

fn neuron(case: &Value) -> Neuron {
    let p = &case["parameters"];
    let get = |key: &str| p[key].as_f64().unwrap();
    let synapses = || match p["synapses"].as_str().unwrap() {
        "delta" => Synapses::Delta,
        "current" => Synapses::Current(numbers(&p["tau_syn"])),
        _ => {
            let (tau, e_rev) = (numbers(&p["tau_syn"]), numbers(&p["e_rev"]));
            Synapses::Conductance([0, 1].map(|k| Conductance { tau: tau[k], e_rev: e_rev[k] }))
        }
    };
    match case["model"].as_str().unwrap() {
        "lif" => Neuron::Lif(Lif {
            tau_m: get("tau_m"),
            c_m: get("c_m"),
            v_rest: get("v_rest"),
            v_th: get("v_th"),
            v_reset: get("v_reset"),
            t_ref: get("t_ref"),
            synapses: synapses(),
        }),
        "adex" => Neuron::AdEx(AdEx {
            c_m: get("c_m"),
            g_l: get("g_l"),
            v_rest: get("v_rest"),
            v_t: get("v_t"),
            delta_t: get("delta_t"),
            tau_w: get("tau_w"),
            a: get("a"),
            b: get("b"),
            v_reset: get("v_reset"),
            v_peak: get("v_peak"),
            t_ref: get("t_ref"),
            synapses: synapses(),
        }),
        _ => Neuron::Izhikevich(Izhikevich {
            a: get("a"),
            b: get("b"),
            c: get("c"),
            d: get("d"),
            v_peak: get("v_peak"),
        }),
    }
}

#[test]
fn neurons_are_brians() {
    let reference = fixture(include_str!("../fixtures/circuit/neurons.json"));
    for case in reference["cases"].as_array().unwrap() {
        let name = case["name"].as_str().unwrap();
        let mut c = Circuit::new(0.1, 1);
        let target = c.add(Population::new("n", 1, neuron(case)));
        c.stimulate(Stimulus::current(target, case["current"].as_f64().unwrap()));
        for (k, receptor) in case["receptors"].as_array().unwrap().iter().enumerate() {
            let steps = numbers(&receptor["spike_steps"]);
            let list = steps.iter().map(|step| (step * 0.1, 0)).collect();
            let source = c.add(Population::new(format!("s{k}"), 1, Neuron::SpikeList(list)));
            c.populations[source].recorded = false;
            let (weight, delay) = (&receptor["weight"], case["delay_ms"].as_f64().unwrap());
            let mut weight = weight.as_f64().unwrap();
            if case["parameters"]["synapses"] == "conductance" {
                weight = weight.abs();
            }
            let projection = Projection::new(source, target, Rule::OneToOne, weight, delay);
            c.connect(projection.onto(k as u8));
        }
        c.probes.push(Probe {
            population: target,
            neurons: vec![0],
            variable: Variable::Potential,
            every: 1,
        });
        let mut simulation = c.build(1).unwrap();
        simulation.run(2_000, 1);
        let expected: Vec<u64> =
            numbers(&case["spike_steps"]).iter().map(|step| *step as u64).collect();
        assert_eq!(simulation.take_spikes().steps, expected, "{name}");
        let found = simulation.take_samples().remove(0).values;
        for (step, (found, expected)) in found.iter().zip(numbers(&case["v"])).enumerate() {
            let error = (f64::from(*found) - expected).abs();
            // An upstroke multiplies the error of single precision until the spike ends it.
            let tolerance = if expected > -45.0 { 1e-1 } else { 2e-3 };
            assert!(error < tolerance, "{name} step {step}: {found}, expected {expected}");
        }
    }
}

/// A neuron that fires in the step in which it is told to.
fn told() -> Lif {
    Lif { v_th: 1e3, t_ref: 0.0, ..Lif::new(10.0, Synapses::Delta) }
}

#[test]
fn plastic_synapses_are_brians() {
    let reference = fixture(include_str!("../fixtures/circuit/plasticity.json"));
    let delay = reference["delay_ms"].as_f64().unwrap();
    for outcome in reference["outcomes"].as_array().unwrap() {
        let (rule, part) = (outcome["rule"].as_str().unwrap(), outcome["delay"].as_str().unwrap());
        let p = &outcome["parameters"];
        let get = |key: &str| p[key].as_f64().unwrap();
        let triplet = rule.starts_with("triplet").then(|| Triplet {
            tau_x: get("tau_x"),
            tau_y: get("tau_y"),
            a3_plus: get("a3_plus"),
            a3_minus: get("a3_minus"),
        });
        let plasticity = Plasticity {
            dependence: match rule {
                "additive" | "triplet_additive" => Dependence::Additive,
                "power_law" => Dependence::PowerLaw { mu: get("mu"), w_0: get("w_0") },
                _ => Dependence::Multiplicative,
            },
            tau_plus: get("tau_plus"),
            tau_minus: get("tau_minus"),
            a_plus: get("a_plus"),
            a_minus: get("a_minus"),
            triplet,
            w_max: get("w_max"),
            delay: if part == "axonal" { DelayPart::Axonal } else { DelayPart::Dendritic },
            scaling: None,
        };
        let finals = numbers(&outcome["final_weights"]);
        for (k, case) in reference["cases"].as_array().unwrap().iter().enumerate() {
            let list = |key: &str, earlier: f64| {
                let steps = numbers(&case[key]);
                Neuron::SpikeList(steps.iter().map(|s| ((s - earlier) * 0.1, 0)).collect())
            };
            let mut c = Circuit::new(0.1, 1);
            let source = c.add(Population::new("source", 1, list("source_steps", 0.0)));
            let driver = c.add(Population::new("driver", 1, list("target_steps", 1.0)));
            let target = c.add(Population::new("target", 1, told()));
            c.connect(Projection::new(driver, target, Rule::OneToOne, 1e5, 0.1));
            let start = case["start"].as_f64().unwrap();
            let synapse = Projection::new(source, target, Rule::OneToOne, start, delay);
            c.connect(synapse.learning(plasticity.clone()));
            let mut simulation = c.build(1).unwrap();
            // Past the last event, with the delays that the bookkeeping adds.
            simulation.run(10_100, 1);
            let found = f64::from(simulation.weights(1).weights[0]);
            let error = (found - finals[k]).abs();
            // Traces decay by a factor of single precision: 3e-8 off, over a thousand steps.
            assert!(error < 1e-4, "{rule} {part} case {k}: {found}, expected {}", finals[k]);
        }
    }
}
