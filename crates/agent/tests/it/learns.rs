//! The rule learns: CartPole is solved, an old task survives a new one, more than two actions work,
//! a spiking network's read-out learns. `examples/cartpole.rs` has the tables.

use agent::world::{CartPole, FrozenLake, World, play};
use agent::{
    ByModel, Columns, ColumnsConfig, Dimension, End, Feedback, Gating, ModelConfig, Policy, Random,
    ReadOut,
};

fn episode(policy: &mut dyn Policy, world: &mut dyn World, random: &mut Random) -> (u64, f64) {
    let played = play(policy, world, random, &mut |_, _, _| {}).unwrap();
    (played.steps, played.reward)
}

/// Episodes until the mean of 100 is at least 475; none within 1000.
fn solve(policy: &mut Columns, world: &mut CartPole, random: &mut Random) -> Option<usize> {
    let mut all: Vec<u64> = Vec::new();
    (1..=1000).find(|&n| {
        all.push(episode(policy, world, random).0);
        n >= 100 && all[n - 100..].iter().sum::<u64>() >= 47_500
    })
}

#[test]
fn cart_pole_is_solved_by_every_seed() {
    for seed in 0..6 {
        let mut policy = Columns::new(ColumnsConfig::cart_pole()).unwrap();
        let found = solve(&mut policy, &mut CartPole::new(), &mut Random::new(seed));
        assert!(found.is_some_and(|n| n <= 250), "seed {seed}: {found:?}");
    }
}

/// A without training over 100 episodes, after B was learned, as a share of before; and B beside it.
fn kept(seed: u64, gating: Option<Gating>) -> (f64, f64) {
    let config = ColumnsConfig { gating, ..ColumnsConfig::cart_pole() };
    let mut policy = Columns::new(config).unwrap();
    let mut random = Random::new(seed);
    let (mut a, mut b) = (CartPole::new(), CartPole::mirrored());
    let score = |policy: &mut Columns, world: &mut CartPole, random: &mut Random| {
        policy.set_learning(false);
        let sum: u64 = (0..100).map(|_| episode(policy, world, random).0).sum();
        policy.set_learning(true);
        sum as f64
    };
    solve(&mut policy, &mut a, &mut random).unwrap();
    let before = score(&mut policy, &mut a, &mut random);
    solve(&mut policy, &mut b, &mut random);
    let other = score(&mut policy, &mut b, &mut random);
    (score(&mut policy, &mut a, &mut random) / before, other / before)
}

#[test]
fn an_old_task_survives_a_new_one_where_columns_are_gated() {
    for seed in 0..3 {
        let (kept_a, learned_b) = kept(seed, Some(Gating::default()));
        assert!(kept_a >= 0.95 && learned_b >= 0.9, "seed {seed}: {kept_a}, {learned_b}");
        // One set of columns cannot have both.
        let (kept_a, learned_b) = kept(seed, None);
        assert!(kept_a.min(learned_b) < 0.7, "seed {seed}: one set has {kept_a}, {learned_b}");
    }
}

#[test]
fn a_lake_is_crossed_with_four_actions() {
    let mut config = ColumnsConfig::cart_pole();
    // One column with a cell for each tile.
    config.dimensions = vec![Dimension { low: -0.5, high: 15.5, bins: 17 }];
    (config.columns, config.actions) = (1, 4);
    (config.rule.lambda, config.rule.actor_step, config.rule.critic_step) = (0.8, 1.0, 0.2);
    for seed in 0..5 {
        let mut random = Random::new(seed);
        let mut policy = Columns::new(config.clone()).unwrap();
        let mut world = FrozenLake::new(false);
        let mut goals = |n: usize, policy: &mut Columns| -> f64 {
            (0..n).map(|_| episode(policy, &mut world, &mut random).1).sum()
        };
        let first = goals(100, &mut policy);
        goals(2000, &mut policy);
        let last = goals(100, &mut policy);
        assert!(last >= 90.0 && last > first, "seed {seed}: {first} then {last}");
        assert!(policy.n_cells() <= 16);
    }
}

#[test]
fn the_read_out_of_a_network_learns_which_action_pays() {
    let config = ModelConfig {
        dimensions: vec![Dimension { low: -1.0, high: 1.0, bins: 4 }; 2],
        actions: 3,
        steps: 8,
        read_out: ReadOut::ThreeFactor,
        rule: agent::rule::Rule {
            gamma: 0.0,
            actor_step: 0.1,
            critic_step: 0.05,
            ..ColumnsConfig::cart_pole().rule
        },
    };
    let mut policy = ByModel::new(config, crate::policies::network(16)).unwrap();
    let mut random = Random::new(3);
    let mut right = |rounds: usize, policy: &mut ByModel| -> usize {
        let round = |_| {
            let wanted = (random.uniform() * 3.0) as u32;
            let seen = [f64::from(wanted) - 1.0, 1.0 - f64::from(wanted)];
            let proposal = policy.propose(&seen, &mut random).unwrap();
            let reward = if proposal.action == wanted { 1.0 } else { -1.0 };
            policy.learn(&Feedback { reward, end: End::Terminal, next: &seen }).unwrap();
            usize::from(proposal.action == wanted)
        };
        (0..rounds).map(round).sum()
    };
    policy.set_learning(false);
    let before = right(200, &mut policy);
    policy.set_learning(true);
    right(1500, &mut policy);
    let after = right(200, &mut policy);
    assert!(before < 100 && after > 180, "{before} then {after} of 200");
}
