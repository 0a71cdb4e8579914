//! A session goes on from its snapshot as if nothing had happened, and hostile bytes are refused.

use std::sync::Arc;

use spike::{
    Compiled, Connection, Conventions, Delay, Dense, Learning, Model, Network, Output, Population,
    PostPre, Projection, Raster, RewardStdp, Session, SnapshotError, Stdp,
};

use crate::networks::{Layers, convolutional, cuba_lif, lif, spikes, uniform};

/// Input -> delay line -> a layer that learns.
fn learning(rule: Learning) -> Network {
    let mut network = Network::default();
    let input = network.add(Population::new("input", &[20], Model::Input));
    let steps = (0..20).map(|k| k % 5).collect();
    let line = network.add(Population::new("line", &[20], Model::Delay(Delay { steps })));
    let out = Population::new("out", &[11], lif(Conventions::plain(1e-4)));
    let out = network.add(out);
    let one = Connection::OneToOne(spike::OneToOne { weight: vec![1.0] });
    let weight = (0..220).map(|k| uniform(5, k) as f32 * 0.4).collect();
    let dense = Connection::Dense(Dense { weight });
    let learning = Some(rule);
    let to = |source, target, connection, learning| Projection {
        source,
        target,
        receptor: 0,
        delay_steps: 0,
        connection,
        learning,
    };
    network.projections.push(to(input, line, one, None));
    network.projections.push(to(line, out, dense, learning));
    network.outputs.push(Output { population: out, name: "out".into(), delay_steps: 0 });
    network
}

fn post_pre() -> PostPre {
    PostPre { nu: [1e-3, 1e-2], trace_decay: 0.9, weight_min: 0.0, weight_max: 1.0 }
}

fn triplets() -> Stdp {
    let pair = Stdp::pair([1e-2, 1e-3], [0.9, 0.9], [0.0, 1.0]);
    Stdp { a_plus: [1e-2, 2e-3], pre_decay: [0.9, 0.95], post_decay: [0.9, 0.95], ..pair }
}

fn rewarded() -> RewardStdp {
    RewardStdp {
        a_plus: 1e-2,
        a_minus: 1e-3,
        pre_decay: 0.9,
        post_decay: 0.9,
        eligibility_decay: 0.3,
        rate: 0.5,
        weight_min: 0.0,
        weight_max: 1.0,
    }
}

fn networks() -> Vec<(Arc<Compiled>, usize)> {
    let of = |model, recurrent| {
        Layers { inputs: 200, hidden: 170, model, grid: true, recurrent, delay_steps: 2 }.network()
    };
    let c = Conventions::plain(1e-4);
    [
        (of(lif(c), true), 200),
        (of(cuba_lif(Conventions { refractory_steps: 3, ..c }), false), 200),
        (convolutional(c), 162),
        (learning(Learning::PostPre(post_pre())), 20),
        (learning(Learning::Stdp(triplets())), 20),
        (learning(Learning::Reward(rewarded())), 20),
    ]
    .into_iter()
    .map(|(network, inputs)| (Arc::new(network.compile().unwrap()), inputs))
    .collect()
}

/// A session after `steps` steps.
fn stepped(network: &Arc<Compiled>, inputs: usize, sequences: usize, steps: usize) -> Session {
    let mut session = Session::batch(Arc::clone(network), sequences);
    let input: Vec<Raster> =
        (0..sequences).map(|k| spikes(31 + k as u64, steps, inputs, 0.1)).collect();
    session.run(&input).unwrap();
    session
}

#[test]
fn a_restored_session_goes_on_as_the_first_would() {
    for (network, inputs) in networks() {
        for (sequences, steps) in [(1, 0), (1, 1), (3, 130)] {
            let mut first = stepped(&network, inputs, sequences, steps);
            let bytes = first.snapshot();
            let mut second = Session::restored(Arc::clone(&network), &bytes).unwrap();
            assert_eq!(second.snapshot(), bytes);
            assert_eq!(second.steps_done(), steps as u64);
            let input: Vec<Raster> =
                (0..sequences).map(|k| spikes(77 + k as u64, 60, inputs, 0.1)).collect();
            let run = first.run(&input).unwrap();
            assert!(run.report.spikes > 0);
            assert_eq!(second.run(&input).unwrap(), run);
            assert_eq!(second.snapshot(), first.snapshot());
        }
    }
}

#[test]
fn every_cut_is_refused_and_no_flipped_byte_does_harm() {
    for (network, inputs) in networks() {
        let bytes = stepped(&network, inputs, 1, 20).snapshot();
        let input = [spikes(5, 10, inputs, 0.3)];
        for cut in (0..bytes.len()).step_by(bytes.len() / 300 + 1) {
            assert!(Session::restored(Arc::clone(&network), &bytes[..cut]).is_err(), "{cut}");
        }
        for k in 0..2000u64 {
            let at = (uniform(3, k) * bytes.len() as f64) as usize;
            let mut other = bytes.clone();
            other[at] ^= 1 << (k % 8);
            if let Ok(mut session) = Session::restored(Arc::clone(&network), &other) {
                session.run(&input).unwrap();
            }
        }
    }
}

#[test]
fn what_is_wrong_is_said() {
    let all = networks();
    let bytes = stepped(&all[0].0, all[0].1, 1, 20).snapshot();
    let of = |bytes: &[u8], k: usize| Session::restored(Arc::clone(&all[k].0), bytes).unwrap_err();
    assert_eq!(of(b"something else", 0), SnapshotError::Magic);
    assert!(matches!(of(&bytes, 1), SnapshotError::Size { part: "states", .. }));
    let longer = [&bytes[..], &[0]].concat();
    let (expected, found) = (bytes.len(), bytes.len() + 1);
    assert_eq!(of(&longer, 0), SnapshotError::Length { expected, found });
    let mut many = bytes.clone();
    many[8..12].fill(0xff);
    assert!(matches!(of(&many, 0), SnapshotError::Size { part: "the batch", .. }));
    let mut nan = bytes.clone();
    // After magic, batch, steps and the length of the input's states, of which it has none, come
    // its events and then the hidden layer's potentials; the last bytes are the output's.
    let at = nan.len() - 60;
    nan[at..].fill(0xff);
    assert!(Session::restored(Arc::clone(&all[0].0), &nan).is_err());
}

#[test]
fn a_session_told_not_to_learn_keeps_its_weights() {
    let network = Arc::new(learning(Learning::PostPre(post_pre())).compile().unwrap());
    let (line, out) = (network.population("line").unwrap(), network.population("out").unwrap());
    let input = [spikes(5, 50, 20, 0.3)];
    let mut session = Session::new(Arc::clone(&network));
    let first = session.weights(line, out, 0).unwrap();
    session.set_learning(false);
    assert!(session.run(&input).unwrap().report.spikes > 0);
    assert_eq!(session.weights(line, out, 0).unwrap(), first);
    session.set_learning(true);
    session.run(&input).unwrap();
    assert_ne!(session.weights(line, out, 0).unwrap(), first);
}
