//! A wrong description is refused, with every problem named.

use spike::{
    Connection, Conventions, Dense, Model, Network, OneToOne, Output, Population, PopulationId,
    Projection, Raster, RunError, Session,
};

use crate::networks::{Layers, lif};

fn check(network: Network, expected: &[&str]) {
    let problems = network.compile().unwrap_err().to_string();
    assert_eq!(problems.lines().collect::<Vec<_>>(), expected);
}

#[test]
fn all_problems_are_listed() {
    let mut network = Network::default();
    let input = network.add(Population::new("a", &[3], Model::Input));
    let Model::Lif(mut model, c) = lif(Conventions::plain(1e-4)) else { unreachable!() };
    model.tau = vec![1.0, 0.0];
    model.v_threshold = vec![1.0, f64::NAN];
    model.r = vec![1.0; 3];
    let lif = network.add(Population::new("b", &[2], Model::Lif(model, c)));
    network.add(Population::new("b", &[0], Model::Input));
    let connection = Connection::Dense(Dense { weight: vec![1.0, f32::INFINITY, 1.0] });
    let projection = Projection {
        source: input,
        target: lif,
        receptor: 0,
        delay_steps: 5000,
        connection,
        learning: None,
    };
    network.projections.push(projection);
    network.outputs.push(Output { name: "o".into(), population: PopulationId(9), delay_steps: 0 });
    check(
        network,
        &[
            "population b: tau[1] is 0, expected more than 0",
            "population b: r has 3 values, expected 1 or 2",
            "population b: v_threshold[1] is NaN, expected a finite number",
            "population b: the name occurs more than once",
            "population b: 0 neurons, expected 1 to 16777216",
            "output o: population 9 does not exist, expected less than 3",
            "projection a -> b: delay of 5000 steps, expected at most 4096",
            "projection a -> b: weight inf at 1, expected finite numbers",
            "projection a -> b: weights 3, expected 2 x 3",
        ],
    );
}

#[test]
fn a_cycle_without_delay_is_named() {
    let mut network = Network::default();
    let c = Conventions::plain(1e-4);
    let a = network.add(Population::new("a", &[1], lif(c)));
    let b = network.add(Population::new("b", &[1], lif(c)));
    for (source, target) in [(a, b), (b, a)] {
        let connection = Connection::OneToOne(OneToOne { weight: vec![1.0] });
        network.projections.push(Projection {
            source,
            target,
            receptor: 0,
            delay_steps: 0,
            connection,
            learning: None,
        });
    }
    check(network, &["populations a, b form a cycle without delay"]);
}

#[test]
fn inputs_that_do_not_fit_are_refused_before_anything_is_stepped() {
    let model = lif(Conventions::plain(1e-4));
    let layers =
        Layers { inputs: 4, hidden: 3, model, grid: true, recurrent: false, delay_steps: 0 };
    let mut session = Session::new(std::sync::Arc::new(layers.network().compile().unwrap()));
    let mut stray = Raster::new(4);
    stray.push_spikes(&[7]);
    let check = |session: &mut Session, inputs: &[Raster], expected: RunError| {
        assert_eq!(session.run(inputs), Err(expected));
        assert_eq!(session.steps_done(), 0);
    };
    check(&mut session, &[], RunError::Inputs { expected: 1, found: 0 });
    check(&mut session, &[Raster::new(5)], RunError::InputSize { input: 0, expected: 4, found: 5 });
    check(&mut session, &[stray], RunError::Stray { input: 0, step: 0, expected: 4, found: 7 });
}
