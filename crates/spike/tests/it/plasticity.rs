//! Rules that change weights, against Brian2 2.9.0 (`tests/make_stdp.py`), and what holds of any.

use std::sync::Arc;

use serde_json::Value;
use spike::{
    Connection, Dense, Dependence, Learning, Model, Network, OneToOne, Population, PopulationId,
    Projection, Raster, RewardStdp, Session, Stdp, Threshold,
};

const TAU_MS: [f32; 5] = [16.8, 101.0, 33.7, 125.0, 60.0];

fn decay(tau_ms: f32) -> f32 {
    (-1.0 / tau_ms).exp()
}

fn stdp(plus: [f32; 2], minus: [f32; 2], dependence: Dependence) -> Learning {
    let [plus_tau, x, minus_tau, y, _] = TAU_MS.map(decay);
    Learning::Stdp(Stdp {
        a_plus: plus,
        a_minus: minus,
        pre_decay: [plus_tau, x],
        post_decay: [minus_tau, y],
        dependence,
        weight_min: 0.0,
        weight_max: 1.0,
    })
}

fn rewarded() -> Learning {
    let [pre_decay, _, post_decay, _, eligibility_decay] = TAU_MS.map(decay);
    let (a_plus, a_minus) = (0.05, 0.06);
    let (rate, weight_min, weight_max) = (0.3, 0.0, 1.0);
    let rule = RewardStdp {
        a_plus,
        a_minus,
        pre_decay,
        post_decay,
        eligibility_decay,
        rate,
        weight_min,
        weight_max,
    };
    Learning::Reward(rule)
}

/// Sources that are inputs, and targets that fire when a second input says so.
fn forced(learning: Learning, weight: Vec<f32>, sources: usize, targets: usize) -> Network {
    let mut network = Network::default();
    let source = network.add(Population::new("source", &[sources], Model::Input));
    let teacher = network.add(Population::new("teacher", &[targets], Model::Input));
    let above = Model::Threshold(Threshold { threshold: vec![50.0] });
    let target = network.add(Population::new("target", &[targets], above));
    let to = |source, connection, learning| Projection {
        source,
        target,
        receptor: 0,
        delay_steps: 0,
        connection,
        learning,
    };
    let force = Connection::OneToOne(OneToOne { weight: vec![100.0] });
    network.projections.push(to(source, Connection::Dense(Dense { weight }), Some(learning)));
    network.projections.push(to(teacher, force, None));
    network
}

const ENDS: [PopulationId; 2] = [PopulationId(0), PopulationId(2)];

fn raster(value: &Value, size: usize) -> Raster {
    let mut raster = Raster::new(size);
    for step in value.as_array().unwrap() {
        let fired: Vec<u32> =
            step.as_array().unwrap().iter().map(|i| i.as_u64().unwrap() as u32).collect();
        raster.push_spikes(&fired);
    }
    raster
}

fn part(whole: &Raster, from: usize, to: usize) -> Raster {
    let mut raster = Raster::new(whole.size());
    (from..to).for_each(|step| raster.push_step(whole.events(step)));
    raster
}

fn matrix(value: &Value) -> Vec<f32> {
    let rows = value.as_array().unwrap().iter().flat_map(|row| row.as_array().unwrap());
    rows.map(|w| w.as_f64().unwrap() as f32).collect()
}

fn check(case: &str, learning: Learning) {
    let fixture: Value = serde_json::from_str(include_str!("../fixtures/stdp.json")).unwrap();
    let (pre, post) = (raster(&fixture["pre"], 4), raster(&fixture["post"], 3));
    let network = forced(learning, matrix(&fixture["start"]), 4, 3).compile().unwrap();
    let mut session = Session::new(Arc::new(network));
    let mut from = 0;
    let rewards: Vec<(usize, f32)> = match case {
        "reward" => fixture["rewards"].as_array().unwrap().iter(),
        _ => [].iter(),
    }
    .map(|r| (r[0].as_u64().unwrap() as usize, r[1].as_f64().unwrap() as f32))
    .collect();
    for (step, reward) in rewards {
        session.run(&[part(&pre, from, step + 1), part(&post, from, step + 1)]).unwrap();
        assert!(session.reward(reward) > 0);
        from = step + 1;
    }
    session.run(&[part(&pre, from, pre.steps()), part(&post, from, post.steps())]).unwrap();
    let found = session.weights(ENDS[0], ENDS[1], 0).unwrap();
    let expected = matrix(&fixture["weights"][case]);
    for (found, expected) in found.iter().zip(&expected) {
        assert!((found - expected).abs() < 2e-6, "{case}: {found} is not {expected}");
    }
    let start = matrix(&fixture["start"]);
    assert!(start.iter().zip(&expected).all(|(a, b)| (a - b).abs() > 1e-4), "each has moved");
}

#[test]
fn pairs_as_in_brian2() {
    check("pair", stdp([0.02, 0.0], [0.03, 0.0], Dependence::Additive));
}

#[test]
fn triplets_as_in_brian2() {
    check("triplet", stdp([0.005, 0.0062], [0.007, 0.0023], Dependence::Additive));
}

#[test]
fn multiplicative_as_in_brian2() {
    check("multiplicative", stdp([0.02, 0.0], [0.03, 0.0], Dependence::Multiplicative));
}

#[test]
fn rewarded_pairs_as_in_brian2() {
    check("reward", rewarded());
}

fn noisy(learning: Learning, learns: bool) -> (Session, u64) {
    let weight = (0..12).map(|k| k as f32 * 0.2 - 0.5).collect();
    let network = forced(learning, weight, 4, 3).compile().unwrap();
    let mut session = Session::new(Arc::new(network));
    session.set_learning(learns);
    let spikes = |seed, n| crate::networks::spikes(seed, 300, n, 0.2);
    let changes = session.run(&[spikes(3, 4), spikes(4, 3)]).unwrap().report.weight_changes;
    (session, changes)
}

#[test]
fn weights_stay_within_bounds_and_changes_are_counted() {
    for learning in [stdp([0.4, 0.1], [0.5, 0.2], Dependence::Additive), rewarded()] {
        let (mut session, changes) = noisy(learning, true);
        session.reward(50.0);
        let weights = session.weights(ENDS[0], ENDS[1], 0).unwrap();
        assert!(weights.iter().all(|w| (0.0..=1.0).contains(w)), "{weights:?}");
        assert!(changes > 0);
    }
}

#[test]
fn nothing_changes_while_learning_is_off() {
    for learning in [stdp([0.4, 0.1], [0.5, 0.2], Dependence::Additive), rewarded()] {
        let (mut session, changes) = noisy(learning, false);
        assert_eq!((changes, session.reward(1.0)), (0, 0));
        let weights = session.weights(ENDS[0], ENDS[1], 0).unwrap();
        assert_eq!(weights, (0..12).map(|k| k as f32 * 0.2 - 0.5).collect::<Vec<_>>());
    }
}

#[test]
fn a_rest_keeps_what_was_learned_and_forgets_the_rest() {
    let (mut session, _) = noisy(stdp([0.02, 0.01], [0.03, 0.0], Dependence::Additive), true);
    let learned = session.weights(ENDS[0], ENDS[1], 0).unwrap();
    session.rest();
    assert_eq!(session.weights(ENDS[0], ENDS[1], 0).unwrap(), learned);
    // A spike of a target alone changes nothing: no source has left a trace.
    let mut silent = Raster::new(4);
    silent.push_spikes(&[]);
    let mut teacher = Raster::new(3);
    teacher.push_spikes(&[0, 1, 2]);
    session.run(&[silent, teacher]).unwrap();
    assert_eq!(session.weights(ENDS[0], ENDS[1], 0).unwrap(), learned);
}

#[test]
fn scaled_weights_sum_to_the_total() {
    let (mut session, _) = noisy(stdp([0.02, 0.0], [0.03, 0.0], Dependence::Additive), true);
    assert!(session.scale_weights(ENDS[0], ENDS[1], 2.5));
    let weights = session.weights(ENDS[0], ENDS[1], 0).unwrap();
    for row in weights.chunks(4) {
        assert!((row.iter().map(|w| w.abs()).sum::<f32>() - 2.5).abs() < 1e-5);
    }
    assert!(!session.scale_weights(PopulationId(1), ENDS[1], 2.5), "that one does not learn");
}

#[test]
fn parameters_out_of_range_are_problems() {
    let mut rule = Stdp::pair([0.1, 0.1], [0.9, 1.5], [0.0, 1.0]);
    let problem = |rule: Stdp| {
        let network = forced(Learning::Stdp(rule), vec![0.5; 12], 4, 3);
        network.compile().unwrap_err().to_string()
    };
    assert!(problem(rule.clone()).contains("post_decay[0] 1.5, expected 0 to 1"));
    rule.post_decay[0] = 0.5;
    rule.weight_min = 2.0;
    assert!(problem(rule).contains("weight_min 2, expected a finite number up to weight_max"));
}
