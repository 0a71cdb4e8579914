//! FrozenLake, MountainCar and Acrobot by the policy of columns: what an episode brings at the end of
//! training, without learning, over seeds.
//!
//! `cargo run --release -p agent --example worlds [first seed] [seeds]`

#![allow(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "an example prints, and its settings hold"
)]

use agent::rule::Rule;
use agent::world::{Acrobot, FrozenLake, MountainCar, World, play};
use agent::{Columns, ColumnsConfig, Dimension, Policy, Random};

/// Episodes of an evaluation.
const EVALUATED: usize = 100;

struct Task {
    name: &'static str,
    config: ColumnsConfig,
    episodes: usize,
    world: fn() -> Box<dyn World>,
}

fn dimension(low: f64, high: f64, bins: u32) -> Dimension {
    Dimension { low, high, bins }
}

fn tasks() -> [Task; 4] {
    let plain = ColumnsConfig::cart_pole();
    let lake = ColumnsConfig {
        // One column with a cell for each tile.
        dimensions: vec![dimension(-0.5, 15.5, 17)],
        columns: 1,
        actions: 4,
        rule: Rule { lambda: 0.8, actor_step: 1.0, critic_step: 0.2, ..plain.rule },
        gating: None,
    };
    let slippery = ColumnsConfig {
        rule: Rule { lambda: 0.8, actor_step: 0.5, critic_step: 0.1, ..plain.rule },
        ..lake.clone()
    };
    let car = ColumnsConfig {
        dimensions: vec![dimension(-1.2, 0.6, 8), dimension(-0.07, 0.07, 8)],
        columns: 8,
        actions: 3,
        rule: Rule { lambda: 0.9, gamma: 1.0, actor_step: 0.2, critic_step: 0.5, ..plain.rule },
        gating: None,
    };
    let swing = |limit: f64| dimension(-limit, limit, 6);
    let acrobot = ColumnsConfig {
        // Cosine and sine of both angles, and their velocities.
        dimensions: vec![
            dimension(-1.0, 1.0, 4),
            dimension(-1.0, 1.0, 4),
            dimension(-1.0, 1.0, 4),
            dimension(-1.0, 1.0, 4),
            swing(6.0),
            swing(10.0),
        ],
        columns: 16,
        actions: 3,
        rule: Rule { lambda: 0.9, gamma: 1.0, actor_step: 0.2, critic_step: 0.3, ..plain.rule },
        gating: None,
    };
    [
        Task {
            name: "FrozenLake-v1, not slippery (goals)",
            config: lake,
            episodes: 2000,
            world: || Box::new(FrozenLake::new(false)),
        },
        Task {
            name: "FrozenLake-v1, slippery (goals)",
            config: slippery,
            episodes: 10_000,
            world: || Box::new(FrozenLake::new(true)),
        },
        Task {
            name: "MountainCar-v0 (reward)",
            config: car,
            episodes: 1000,
            world: || Box::new(MountainCar::default()),
        },
        Task {
            name: "Acrobot-v1 (reward)",
            config: acrobot,
            episodes: 500,
            world: || Box::new(Acrobot::default()),
        },
    ]
}

fn mean(policy: &mut Columns, world: &mut dyn World, random: &mut Random, episodes: usize) -> f64 {
    let mut one = |_| play(policy, world, random, &mut |_, _, _| {}).expect("it fits").reward;
    (0..episodes).map(&mut one).sum::<f64>() / episodes as f64
}

fn main() {
    let mut arguments = std::env::args().skip(1).filter_map(|a| a.parse::<u64>().ok());
    let first = arguments.next().unwrap_or(0);
    let seeds = arguments.next().unwrap_or(20);
    println!(
        "{:<40} {:>8} {:>8} {:>8} {:>8} {:>8}",
        "mean of 100 episodes without learning", "episodes", "before", "median", "min", "max"
    );
    for task in tasks() {
        let (mut before, mut after) = (Vec::new(), Vec::new());
        for seed in first..first + seeds {
            let mut policy = Columns::new(task.config.clone()).expect("it holds");
            let (mut world, mut random) = ((task.world)(), Random::new(seed));
            policy.set_learning(false);
            before.push(mean(&mut policy, &mut *world, &mut random, EVALUATED));
            policy.set_learning(true);
            mean(&mut policy, &mut *world, &mut random, task.episodes);
            policy.set_learning(false);
            after.push(mean(&mut policy, &mut *world, &mut random, EVALUATED));
        }
        before.sort_by(f64::total_cmp);
        after.sort_by(f64::total_cmp);
        let middle = |all: &[f64]| (all[(all.len() - 1) / 2] + all[all.len() / 2]) / 2.0;
        println!(
            "{:<40} {:>8} {:>8.2} {:>8.2} {:>8.2} {:>8.2}",
            task.name,
            task.episodes,
            middle(&before),
            middle(&after),
            after[0],
            after[after.len() - 1]
        );
    }
}
