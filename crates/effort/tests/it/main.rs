//! The measures are NeuroBench's, on networks that its own harness measured
//! (`tests/make_neurobench.py`).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::sync::Arc;

use effort::{Effort, Meter, TARGETS};
use nir::{Framework, Profile};
use serde_json::Value;
use spike::{
    Connection, Conv2d, Dense, Lif, Model, Network, Output, Population, PopulationId, Projection,
    Raster, Session,
};

fn fixture() -> Value {
    serde_json::from_str(include_str!("../data/neurobench.json")).unwrap()
}

fn floats(value: &Value) -> Vec<f32> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap() as f32).collect()
}

fn sizes(value: &Value) -> Vec<usize> {
    value.as_array().unwrap().iter().map(|v| v.as_u64().unwrap() as usize).collect()
}

/// snnTorch's `Leaky`: `beta = 1 - dt / tau`, an input of weight 1 adds 1.
fn leaky(beta: f64) -> Model {
    let conventions = Profile::of(Framework::SnnTorch).neurons;
    let tau = conventions.dt / (1.0 - beta);
    let one = |value: f64| vec![value];
    let lif = Lif {
        tau: one(tau),
        r: one(tau / conventions.dt),
        v_leak: one(0.0),
        v_threshold: one(1.0),
        v_reset: one(0.0),
    };
    Model::Lif(lif, conventions)
}

fn network(case: &Value) -> Network {
    let (shape, hidden) = (sizes(&case["shape"]), sizes(&case["hidden"]));
    let outputs = case["outputs"].as_u64().unwrap() as usize;
    let beta = case["beta"].as_f64().unwrap();
    let mut network = Network::default();
    let input = network.add(Population::new("input", &shape, Model::Input));
    let middle = network.add(Population::new("hidden", &hidden, leaky(beta)));
    let last = network.add(Population::new("output", &[outputs], leaky(beta)));
    let weight = floats(&case["first"]);
    let first = match case["conv"].as_object() {
        None => Connection::Dense(Dense { weight }),
        Some(conv) => {
            let both = |name: &str| [conv[name].as_u64().unwrap() as usize; 2];
            Connection::Conv2d(Conv2d {
                weight,
                channels: [shape[0], hidden[0]],
                input: [shape[1], shape[2]],
                output: [hidden[1], hidden[2]],
                kernel: [3, 3],
                stride: both("stride"),
                padding: both("padding"),
                dilation: [1, 1],
                groups: 1,
            })
        }
    };
    let second = Connection::Dense(Dense { weight: floats(&case["second"]) });
    network.projections = [(input, middle, first), (middle, last, second)]
        .map(|(source, target, connection)| Projection {
            source,
            target,
            receptor: 0,
            delay_steps: 0,
            connection,
            learning: None,
        })
        .into();
    network.outputs = vec![Output { name: "output".into(), population: last, delay_steps: 0 }];
    network
}

fn measured(network: Network, input: Raster) -> (Effort, u64) {
    let mut meter = Meter::new(&network);
    let mut session = Session::new(Arc::new(network.compile().unwrap()));
    session.record(&meter.probes());
    let run = session.run(&[input]).unwrap();
    meter.add(&run);
    (meter.effort(), run.report.spikes)
}

#[test]
fn every_measure_is_that_of_the_harness() {
    let fixture = fixture();
    let cases = fixture["cases"].as_array().unwrap();
    assert!(cases.len() >= 20);
    for (k, case) in cases.iter().enumerate() {
        let n: usize = sizes(&case["shape"]).iter().product();
        let (effort, _) = measured(network(case), Raster::from_dense(&floats(&case["input"]), n));
        let expected = |name: &str| case[name].as_f64().unwrap();
        assert_eq!(effort.effective_macs, expected("effective_macs"), "case {k}");
        assert_eq!(effort.effective_acs, expected("effective_acs"), "case {k}");
        assert_eq!(effort.dense, expected("dense"), "case {k}");
        assert_eq!(effort.membrane_updates, expected("membrane_updates"), "case {k}");
        let sparsity = expected("activation_sparsity");
        assert!((effort.activation_sparsity - sparsity).abs() < 1e-12, "case {k}");
        // The harness rounds this one to four places.
        let sparsity = expected("connection_sparsity");
        assert!((effort.connection_sparsity - sparsity).abs() < 5.1e-5, "case {k}");
    }
    let spiked = cases.iter().filter(|c| c["effective_acs"].as_f64().unwrap() > 0.0).count();
    let multiplied = cases.iter().filter(|c| c["effective_macs"].as_f64().unwrap() > 0.0).count();
    assert!(spiked >= 10 && multiplied >= 10, "both kinds of operations occur");
}

#[test]
fn the_known_example_has_four_effective_operations_of_nine() {
    let small = &fixture()["small"];
    let mut network = Network::default();
    let input = network.add(Population::new("input", &[3], Model::Input));
    let target = network.add(Population::new("target", &[3], leaky(0.5)));
    network.projections.push(Projection {
        source: input,
        target,
        receptor: 0,
        delay_steps: 0,
        connection: Connection::Dense(Dense { weight: floats(&small["weight"]) }),
        learning: None,
    });
    let (effort, _) = measured(network, Raster::from_dense(&floats(&small["input"]), 3));
    assert_eq!((effort.effective_acs, effort.dense), (4.0, 9.0));
    assert_eq!(small["effective_acs"].as_f64(), Some(4.0));
    assert_eq!(small["dense"].as_f64(), Some(9.0));
}

#[test]
fn two_samples_are_the_mean_of_each() {
    let fixture = fixture();
    let case = &fixture["cases"][0];
    let n: usize = sizes(&case["shape"]).iter().product();
    let raster = Raster::from_dense(&floats(&case["input"]), n);
    let network = network(case);
    let mut meter = Meter::new(&network);
    let mut session = Session::batch(Arc::new(network.compile().unwrap()), 2);
    session.record(&meter.probes());
    let silence = Raster::from_dense(&vec![0.0; n * raster.steps()], n);
    meter.add(&session.run(&[raster, silence]).unwrap());
    let effort = meter.effort();
    assert_eq!(effort.samples, 2);
    assert_eq!(effort.effective_acs, case["effective_acs"].as_f64().unwrap() / 2.0);
    assert_eq!(effort.dense, case["dense"].as_f64().unwrap());
}

#[test]
fn energy_is_a_range_and_says_where_its_figures_stand() {
    let case = &fixture()["cases"][0];
    let n: usize = sizes(&case["shape"]).iter().product();
    let (effort, _) = measured(network(case), Raster::from_dense(&floats(&case["input"]), n));
    let of = |name: &str| TARGETS.iter().find(|t| t.name == name).unwrap().energy(&effort);
    let loihi = of("loihi").joules.unwrap();
    let (acs, updates) = (effort.effective_acs, effort.membrane_updates);
    assert!((loihi.least - (acs * 23.6e-12 + updates * 52e-12)).abs() < 1e-18);
    assert!((loihi.most - (acs * 23.6e-12 + updates * 81e-12)).abs() < 1e-18);
    assert!(TARGETS.iter().all(|t| t.source.len() > 20));
    // Numbers as activations need products, which not every chip has.
    let with_macs = Effort { effective_macs: 1.0, ..effort };
    let of = |name: &str| TARGETS.iter().find(|t| t.name == name).unwrap().energy(&with_macs);
    assert_eq!(of("loihi").joules, None);
    assert!(of("45nm").joules.is_some());
}

#[test]
fn the_footprint_counts_weights_zeros_and_parameters() {
    let case = &fixture()["cases"][0];
    let network = network(case);
    let weights: usize = ["first", "second"].map(|w| floats(&case[w]).len()).iter().sum();
    let effort = Meter::new(&network).effort();
    // Two populations of five parameters each.
    assert_eq!(effort.footprint_bytes, 4 * (weights as u64 + 10));
    assert_eq!(network.populations[PopulationId(1).0].model.n_values(), 5);
}
