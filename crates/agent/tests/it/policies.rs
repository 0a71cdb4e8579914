//! One contract for every policy: by columns and by a spiking network.

use std::sync::Arc;

use agent::law::{Context, Decision, Law};
use agent::{
    Agent, AgentError, Asked, ByModel, Columns, ColumnsConfig, Dimension, End, Feedback, Gating,
    Lifted, ModelConfig, Policy, Random, ReadOut,
};
use proptest::prelude::*;
use sha2::{Digest, Sha256};
use spike::{
    Compiled, Connection, Conventions, Dense, If, Model, Network, Output, Population, Projection,
};

fn line(bins: u32) -> Dimension {
    Dimension { low: -1.0, high: 1.0, bins }
}

fn columns(actions: u32, gating: Option<Gating>) -> ColumnsConfig {
    let dimensions = vec![line(4), line(4)];
    ColumnsConfig { dimensions, actions, gating, ..ColumnsConfig::cart_pole() }
}

/// Eight inputs onto so many neurons that integrate and fire.
pub(crate) fn network(outputs: usize) -> Arc<Compiled> {
    let mut random = Random::new(9);
    let mut network = Network::default();
    let source = network.add(Population::new("input", &[8], Model::Input));
    let neuron = Model::If(
        If { r: vec![1.0], v_threshold: vec![1.0], v_reset: vec![0.0] },
        Conventions::plain(1e-3),
    );
    let target = network.add(Population::new("neurons", &[outputs], neuron));
    let weight = (0..outputs * 8).map(|_| random.between(-1500.0, 1500.0) as f32).collect();
    network.projections.push(Projection {
        source,
        target,
        receptor: 0,
        delay_steps: 0,
        connection: Connection::Dense(Dense { weight }),
        learning: None,
    });
    network.outputs.push(Output { name: "out".into(), population: target, delay_steps: 0 });
    Arc::new(network.compile().unwrap())
}

fn by_model(actions: u32, read_out: ReadOut) -> ModelConfig {
    let rule = ColumnsConfig::cart_pole().rule;
    ModelConfig { dimensions: vec![line(4), line(4)], actions, steps: 8, read_out, rule }
}

fn policies() -> Vec<Box<dyn Policy>> {
    vec![
        Box::new(Columns::new(columns(2, None)).unwrap()),
        Box::new(Columns::new(columns(3, None)).unwrap()),
        Box::new(Columns::new(columns(2, Some(Gating::default()))).unwrap()),
        Box::new(ByModel::new(by_model(2, ReadOut::ThreeFactor), network(16)).unwrap()),
        Box::new(ByModel::new(by_model(3, ReadOut::ThreeFactor), network(16)).unwrap()),
        Box::new(ByModel::new(by_model(3, ReadOut::Fixed), network(3)).unwrap()),
    ]
}

/// Plays so many steps of chance; what was reported.
fn act(policy: &mut dyn Policy, random: &mut Random, steps: usize) -> Vec<String> {
    let mut all = Vec::new();
    for k in 0..steps {
        let seen = [random.between(-1.2, 1.2), random.between(-1.2, 1.2)];
        let next = [random.between(-1.2, 1.2), random.between(-1.2, 1.2)];
        all.push(format!("{:?}", policy.propose(&seen, random).unwrap()));
        let end = match k % 7 {
            6 if k % 2 == 0 => End::Terminal,
            6 => End::Truncated,
            _ => End::Goes,
        };
        let feedback = Feedback { reward: random.between(-1.0, 1.0), end, next: &next };
        all.push(format!("{:?}", policy.learn(&feedback).unwrap()));
    }
    all
}

fn bits(policy: &dyn Policy) -> Vec<u64> {
    policy.weights().iter().map(|w| w.to_bits()).collect()
}

#[test]
fn the_same_seed_acts_and_learns_the_same() {
    for (mut a, mut b) in policies().into_iter().zip(policies()) {
        let (mut one, mut two) = (Random::new(4), Random::new(4));
        assert_eq!(act(&mut *a, &mut one, 100), act(&mut *b, &mut two, 100));
        assert_eq!(bits(&*a), bits(&*b));
    }
}

#[test]
fn a_saved_agent_comes_back_bit_by_bit_in_the_middle_of_an_episode() {
    for (mut a, mut b) in policies().into_iter().zip(policies()) {
        let mut random = Random::new(4);
        act(&mut *a, &mut random, 103);
        a.propose(&[0.1, -0.2], &mut random).unwrap();
        b.load(&a.save().unwrap()).unwrap();
        assert_eq!(bits(&*a), bits(&*b));
        assert_eq!(a.save().unwrap(), b.save().unwrap());
        let mut other = random.clone();
        let feedback = Feedback { reward: 1.0, end: End::Goes, next: &[0.3, 0.3] };
        assert_eq!(a.learn(&feedback), b.learn(&feedback));
        assert_eq!(act(&mut *a, &mut random, 50), act(&mut *b, &mut other, 50));
        assert_eq!(bits(&*a), bits(&*b));
    }
}

#[test]
fn every_change_of_a_weight_is_counted_bounded_and_taken_back() {
    for mut policy in policies() {
        let mut random = Random::new(1);
        act(&mut *policy, &mut random, 30);
        let before = bits(&*policy);
        assert_eq!(policy.snapshot(), 1);
        let mut counted = 0;
        let mut differing = 0;
        for _ in 0..50 {
            let old = bits(&*policy);
            policy.propose(&[random.between(-1.0, 1.0), 0.0], &mut random).unwrap();
            let next = [0.5, 0.5];
            let feedback = Feedback { reward: 0.7, end: End::Goes, next: &next };
            counted += policy.learn(&feedback).unwrap().weight_changes;
            let new = bits(&*policy);
            if old.len() == new.len() {
                differing += old.iter().zip(&new).filter(|(a, b)| a != b).count() as u64;
            } else {
                differing = counted;
            }
            assert!(differing <= counted);
        }
        assert_eq!(policy.undo(), Ok(0));
        assert_eq!(bits(&*policy), before);
        assert_eq!(policy.undo(), Err(AgentError::NothingToUndo));
    }
}

#[test]
fn a_weight_goes_no_further_than_its_limit() {
    let mut config = columns(2, None);
    config.rule.weight_limit = 0.5;
    let mut policy = Columns::new(config).unwrap();
    let mut random = Random::new(1);
    let mut clamped = 0;
    for _ in 0..200 {
        policy.propose(&[0.0, 0.0], &mut random).unwrap();
        let feedback = Feedback { reward: 100.0, end: End::Terminal, next: &[0.0, 0.0] };
        clamped += policy.learn(&feedback).unwrap().clamped;
    }
    assert!(clamped > 0);
    assert!(policy.weights().iter().all(|w| w.abs() <= 0.5));
}

#[test]
fn learning_that_is_off_changes_nothing() {
    for mut policy in policies() {
        let mut random = Random::new(2);
        act(&mut *policy, &mut random, 40);
        let before = bits(&*policy);
        policy.set_learning(false);
        assert!(!policy.learns());
        act(&mut *policy, &mut random, 40);
        assert_eq!(bits(&*policy), before);
    }
}

#[test]
fn what_is_wrong_is_refused_and_changes_nothing() {
    for mut policy in policies() {
        let mut random = Random::new(2);
        act(&mut *policy, &mut random, 10);
        let before = policy.save().unwrap();
        let feedback = Feedback { reward: 0.0, end: End::Goes, next: &[0.0, 0.0] };
        assert_eq!(policy.learn(&feedback), Err(AgentError::NothingActed));
        for wrong in [vec![0.0], vec![0.0; 3], vec![0.0, f64::NAN], vec![f64::INFINITY, 0.0]] {
            assert!(policy.propose(&wrong, &mut random).is_err());
        }
        assert_eq!(policy.save().unwrap(), before);
        policy.propose(&[0.0, 0.0], &mut random).unwrap();
        let waiting = policy.save().unwrap();
        for reward in [f64::NAN, f64::INFINITY, 1e7] {
            assert!(policy.learn(&Feedback { reward, ..feedback }).is_err());
        }
        assert!(policy.learn(&Feedback { next: &[f64::NAN, 0.0], ..feedback }).is_err());
        assert_eq!(policy.save().unwrap(), waiting);
        assert!(policy.learn(&feedback).is_ok());
    }
}

#[test]
fn settings_that_cannot_be_are_named_together() {
    let mut config = columns(1, None);
    config.columns = 0;
    config.rule.gamma = f64::NAN;
    config.dimensions[1] = Dimension { low: 1.0, high: 1.0, bins: 0 };
    let Err(AgentError::Config(problems)) = Columns::new(config) else { panic!("it holds") };
    assert_eq!(problems.len(), 5, "{problems:?}");
    let mut config = columns(2, None);
    config.dimensions = vec![Dimension { low: 0.0, high: 1.0, bins: 1024 }; 16];
    assert!(matches!(Columns::new(config), Err(AgentError::Config(_))));
    let wide = ModelConfig { dimensions: vec![line(5)], ..by_model(2, ReadOut::Fixed) };
    let Err(AgentError::Config(problems)) = ByModel::new(wide, network(3)) else { panic!() };
    assert_eq!(problems.len(), 2, "{problems:?}");
}

#[test]
fn saved_bytes_of_another_agent_are_refused() {
    let mut all = policies();
    let saved: Vec<Vec<u8>> = all.iter().map(|policy| policy.save().unwrap()).collect();
    for (k, policy) in all.iter_mut().enumerate() {
        for (n, saved) in saved.iter().enumerate() {
            assert_eq!(policy.load(saved).is_ok(), k == n, "{n} into {k}");
        }
    }
}

proptest! {
    #[test]
    fn hostile_bytes_are_refused(
        bytes in proptest::collection::vec(any::<u8>(), 0..200), at in any::<u32>(), bit in 0..8_u32,
    ) {
        let mut random = Random::new(3);
        for mut policy in policies() {
            act(&mut *policy, &mut random, 9);
            let good = policy.save().unwrap();
            prop_assert!(policy.load(&bytes).is_err());
            let mut flipped = good.clone();
            flipped[at as usize % good.len()] ^= 1_u8 << bit;
            prop_assert!(policy.load(&flipped).is_err());
            prop_assert!(policy.load(&good[..at as usize % good.len()]).is_err());
            prop_assert_eq!(policy.save().unwrap(), good);
        }
    }

    /// Whoever writes the bytes can write their digest too.
    #[test]
    fn hostile_bytes_with_the_right_digest_break_nothing(
        changes in proptest::collection::vec((any::<u32>(), any::<u8>()), 1..8), cut in 0..40_u32,
    ) {
        let mut random = Random::new(3);
        for mut policy in policies() {
            act(&mut *policy, &mut random, 9);
            policy.propose(&[0.5, 0.5], &mut random).unwrap();
            let good = policy.save().unwrap();
            let (head, body) = good.split_at(40);
            let mut body = body.to_vec();
            for (at, byte) in &changes {
                let at = *at as usize % body.len();
                body[at] = *byte;
            }
            body.truncate(body.len() - (cut as usize / 30) * cut as usize % body.len());
            let mut hostile = head[..8].to_vec();
            hostile.extend(Sha256::digest(&body));
            hostile.extend(&body);
            match policy.load(&hostile) {
                Err(_) => prop_assert_eq!(policy.save().unwrap(), good),
                Ok(()) => {
                    drop(policy.learn(&Feedback { reward: 1.0, end: End::Goes, next: &[0.0, 0.0] }));
                    act(&mut *policy, &mut random, 20);
                    prop_assert!(policy.weights().iter().all(|w| w.is_finite()));
                }
            }
        }
    }
}

fn agent(seed: u64) -> Agent {
    let policy = Columns::new(columns(2, None)).unwrap();
    Agent::new(Box::new(policy), vec!["left".into(), "right".into()], seed).unwrap()
}

#[test]
fn an_agent_acts_through_the_guard_alone_and_learns_nothing_of_a_refusal() {
    let mut agent = agent(3);
    let harmless = Asked { observation: vec![0.0, 0.0], ..Asked::default() };
    let decision = agent.act(&harmless, Lifted::NOTHING).unwrap();
    let Decision::Approved(approved) = decision else { panic!("harmless") };
    assert!(["left", "right"].contains(&&approved.action().name[..]));
    let feedback = Feedback { reward: -1.0, end: End::Terminal, next: &[0.0, 0.0] };
    agent.learn(&feedback).unwrap();
    assert_eq!(agent.persona().interactions(), 1);
    let context = Context { endangers_human: true, ..Context::default() };
    let harmful = Asked { context, ..harmless.clone() };
    let refused = agent.act(&harmful, Lifted::NOTHING).unwrap();
    assert_eq!(refused.verdict().law, Some(Law::First));
    assert_eq!(agent.learn(&feedback), Err(AgentError::NothingActed));
    let (counts, persona) = (agent.counts(), agent.persona().clone());
    assert_eq!((counts.approved, counts.refused, counts.rewards), (1, 1, 1));
    let long = Asked { content: "x".repeat(70_000), ..harmless };
    assert!(agent.act(&long, Lifted::NOTHING).is_err());

    let mut other = self::agent(9);
    other.load(&agent.save().unwrap()).unwrap();
    assert_eq!((other.counts(), other.persona()), (counts, &persona));
    assert_eq!(other.save().unwrap(), agent.save().unwrap());
    assert!(other.load(b"STRAGTA1").is_err());
}
