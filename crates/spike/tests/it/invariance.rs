//! The same input gives the same bits, however it is run.

use std::sync::Arc;

use spike::{
    Arrival, Comparison, Compiled, Conventions, Form, Gain, Integration, Isa, Model, Network,
    Potentials, Probe, Raster, Refractory, Reset, ResetTiming, Run, Session, SpikesPerStep,
    SynapseOrder, run_batch,
};

use crate::networks::{Layers, convolutional, cuba_lif, lif, spikes};

/// Conventions that among them use every variant.
fn conventions() -> Vec<Conventions> {
    let plain = Conventions::plain(1e-4);
    let product = Conventions { form: Form::Product, ..plain };
    vec![
        plain,
        product,
        Conventions { form: Form::Quotient, comparison: Comparison::GreaterOrEqual, ..plain },
        Conventions { reset: Reset::Subtract, reset_timing: ResetTiming::NextStep, ..product },
        Conventions { reset: Reset::Zero, reset_timing: ResetTiming::NextStep, ..product },
        Conventions { reset_timing: ResetTiming::NextStepDiscardsUpdate, ..product },
        Conventions {
            reset: Reset::Subtract,
            reset_timing: ResetTiming::SameStepChargedAhead,
            synapse: SynapseOrder::UseThenEquation,
            ..product
        },
        Conventions {
            integration: Integration::Exact,
            reset: Reset::Subtract,
            spikes: SpikesPerStep::Many,
            lower_bound: Some(-0.5),
            gain: Gain::Unit,
            synapse: SynapseOrder::JumpDecayUse,
            ..product
        },
        Conventions {
            refractory_steps: 3,
            refractory: Refractory::Decay,
            synapse: SynapseOrder::JumpUseDecay,
            gain: Gain::UnitResistance,
            ..plain
        },
        Conventions { refractory_steps: 2, synapse: SynapseOrder::EquationThenUse, ..plain },
        Conventions { refractory_steps: 2, refractory: Refractory::Silent, ..plain },
        Conventions { arrival: Arrival::AfterThreshold, refractory_steps: 2, ..product },
        Conventions { integration: Integration::ExactWithinStep, refractory_steps: 2, ..plain },
    ]
}

fn layers(model: Model, grid: bool, recurrent: bool) -> Layers {
    Layers { inputs: 200, hidden: 170, model, grid, recurrent, delay_steps: 2 }
}

fn run_on(isa: Isa, network: Network, input: &Raster) -> Run {
    let network = Arc::new(network.compile_for(isa).unwrap());
    let hidden = network.population("hidden").or(network.population("first")).unwrap();
    let mut session = Session::new(network);
    let potentials = Potentials::All;
    session.record(&[Probe { population: hidden, events: true, potentials }]);
    session.run(std::slice::from_ref(input)).unwrap()
}

#[test]
fn every_instruction_set_gives_the_same_bits() {
    let input = spikes(11, 60, 200, 0.1);
    for c in conventions() {
        for model in [lif(c), cuba_lif(c)] {
            for (grid, recurrent) in [(false, false), (true, false), (true, true)] {
                let of =
                    |isa| run_on(isa, layers(model.clone(), grid, recurrent).network(), &input);
                let reference = of(Isa::Portable);
                assert!(reference.report.spikes > 0, "the network is silent under {c:?}");
                for isa in Isa::available() {
                    assert_eq!(of(isa), reference, "{isa:?} {c:?}");
                }
            }
        }
    }
}

#[test]
fn a_convolution_gives_the_same_bits_on_every_instruction_set() {
    let input = spikes(13, 40, 162, 0.1);
    let of = |isa| run_on(isa, convolutional(Conventions::plain(1e-4)), &input);
    let reference = of(Isa::Portable);
    assert!(reference.outputs.iter().all(|o| o.n_events() > 0));
    for isa in Isa::available() {
        assert_eq!(of(isa), reference, "{isa:?}");
    }
}

#[test]
fn a_run_may_be_cut_anywhere() {
    let input = spikes(17, 300, 200, 0.05);
    for c in conventions() {
        let network = Arc::new(layers(lif(c), true, true).network().compile().unwrap());
        let whole = Session::new(Arc::clone(&network)).run(std::slice::from_ref(&input)).unwrap();
        let mut session = Session::new(network);
        let mut parts = vec![Raster::new(10), Raster::new(170)];
        let mut from = 0;
        for steps in [1, 1, 5, 128, 2, 163] {
            let mut part = Raster::new(200);
            for t in from..from + steps {
                part.push_spikes(input.step(t).0);
            }
            let run = session.run(&[part]).unwrap();
            for (all, part) in parts.iter_mut().zip(&run.outputs) {
                (0..part.steps()).for_each(|t| all.push_step(part.events(t)));
            }
            from += steps;
        }
        assert_eq!(session.steps_done(), 300);
        assert_eq!(parts, whole.outputs, "{c:?}");
    }
}

#[test]
fn threads_and_batches_change_nothing() {
    let network = layers(lif(Conventions::plain(1e-4)), false, false).network();
    let network: Arc<Compiled> = Arc::new(network.compile().unwrap());
    let inputs: Vec<Raster> = (0..7).map(|k| spikes(20 + k, 50, 200, 0.1)).collect();
    let one_by_one: Vec<Raster> = inputs
        .iter()
        .flat_map(|input| {
            Session::new(Arc::clone(&network)).run(std::slice::from_ref(input)).unwrap().outputs
        })
        .collect();
    for threads in [1, 2, 3, 16] {
        let run = run_batch(&network, &inputs, threads).unwrap();
        assert_eq!(run.outputs, one_by_one, "{threads} threads");
    }
}

#[test]
fn dense_input_gives_what_sparse_input_gives() {
    // Above the break-even a tile is a matrix product; one step at a time it never is.
    let input = spikes(23, 64, 200, 0.9);
    let network = layers(lif(Conventions::plain(1e-4)), false, false).network();
    let network = Arc::new(network.compile().unwrap());
    let whole = Session::new(Arc::clone(&network)).run(std::slice::from_ref(&input)).unwrap();
    let mut session = Session::new(network);
    for t in 0..64 {
        let mut step = Raster::new(200);
        step.push_spikes(input.step(t).0);
        let run = session.run(&[step]).unwrap();
        assert_eq!(run.outputs[0].step(0), whole.outputs[0].step(t), "step {t}");
    }
}
