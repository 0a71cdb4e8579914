//! CartPole-v1 by three-factor learning on columns: how many episodes until it is solved, over
//! seeds; the same where it is harder; and whether a task survives another one.
//!
//! `cargo run --release -p agent --example cartpole [first seed] [seeds]`

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "an example prints, and its settings hold"
)]

use std::collections::VecDeque;

use agent::world::{CartPole, Harder, play};
use agent::{Columns, ColumnsConfig, Gating, Policy, Random};

/// Episodes after which a seed is given up.
const MOST: usize = 2000;
/// Solved: at least this mean over so many episodes in a row.
const WINDOW: usize = 100;

fn episode(policy: &mut Columns, world: &mut CartPole, random: &mut Random) -> f64 {
    play(policy, world, random, &mut |_, _, _| {}).expect("it fits").steps as f64
}

/// Trains until it is solved; episodes and steps that it took.
fn solve(
    policy: &mut Columns,
    world: &mut CartPole,
    random: &mut Random,
    goal: f64,
) -> Option<(usize, u64)> {
    let mut last = VecDeque::new();
    let mut steps = 0;
    for n in 1..=MOST {
        let lasted = episode(policy, world, random);
        steps += lasted as u64;
        last.push_back(lasted);
        if last.len() > WINDOW {
            last.pop_front();
        }
        if last.len() == WINDOW && last.iter().sum::<f64>() / WINDOW as f64 >= goal {
            return Some((n, steps));
        }
    }
    None
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let n = values.len();
    if n == 0 { f64::NAN } else { (values[(n - 1) / 2] + values[n / 2]) / 2.0 }
}

/// Episodes to solve a world, over seeds.
fn table(name: &str, seeds: &[u64], config: &ColumnsConfig, goal: f64, world: &CartPole) {
    let mut solved = Vec::new();
    let (mut steps, mut cells) = (Vec::new(), Vec::new());
    for &seed in seeds {
        let mut policy = Columns::new(config.clone()).expect("it holds");
        let mut random = Random::new(seed);
        let found = solve(&mut policy, &mut world.clone(), &mut random, goal);
        if let Some((episodes, took)) = found {
            solved.push(episodes as f64);
            steps.push(took as f64);
            cells.push(policy.n_cells() as f64);
        }
    }
    let max = solved.iter().copied().fold(f64::NAN, f64::max);
    let min = solved.iter().copied().fold(f64::NAN, f64::min);
    println!(
        "{name:<44} {:>3} of {:<3} {:>6} {min:>5} {max:>5} {:>9} {:>7}",
        solved.len(),
        seeds.len(),
        median(solved),
        median(steps),
        median(cells)
    );
}

/// The mean over so many episodes without training.
fn score(policy: &mut Columns, world: &mut CartPole, random: &mut Random) -> f64 {
    policy.set_learning(false);
    let sum: f64 = (0..WINDOW).map(|_| episode(policy, world, random)).sum();
    policy.set_learning(true);
    sum / WINDOW as f64
}

/// A, then B, then A again without training.
fn returns(seeds: &[u64], gating: Option<Gating>) {
    let name = if gating.is_some() { "gated" } else { "control, one set" };
    let mut kept = Vec::new();
    let (mut firsts, mut lasts, mut seconds) = (Vec::new(), Vec::new(), Vec::new());
    let (mut sets, mut solved) = (Vec::new(), 0);
    for &seed in seeds {
        let config = ColumnsConfig { gating, ..ColumnsConfig::cart_pole() };
        let mut policy = Columns::new(config).expect("it holds");
        let mut random = Random::new(seed);
        let (mut a, mut b) = (CartPole::new(), CartPole::mirrored());
        solve(&mut policy, &mut a, &mut random, 475.0);
        let before = score(&mut policy, &mut a, &mut random);
        solved += usize::from(solve(&mut policy, &mut b, &mut random, 475.0).is_some());
        let second = score(&mut policy, &mut b, &mut random);
        let after = score(&mut policy, &mut a, &mut random);
        sets.push(policy.n_sets() as f64);
        firsts.push(before);
        seconds.push(second);
        lasts.push(after);
        kept.push(after / before);
    }
    let least = kept.iter().copied().fold(f64::NAN, f64::min);
    println!(
        "{name:<18} {:>7.1} {:>7.1} {solved:>3} of {:<3} {:>9.1} {:>9.1} % {:>9.1} % {:>5}",
        median(firsts),
        median(seconds),
        seeds.len(),
        median(lasts),
        100.0 * median(kept),
        100.0 * least,
        sets.iter().copied().fold(f64::NAN, f64::max),
    );
}

fn main() {
    let mut arguments = std::env::args().skip(1).filter_map(|a| a.parse::<u64>().ok());
    let first = arguments.next().unwrap_or(0);
    let seeds: Vec<u64> = (first..first + arguments.next().unwrap_or(20)).collect();
    let gated = Some(Gating::default());
    println!(
        "{:<44} {:>10} {:>6} {:>5} {:>5} {:>9} {:>7}",
        "episodes until solved", "solved", "median", "min", "max", "steps", "cells"
    );
    let plain = CartPole::new();
    let ours = ColumnsConfig::cart_pole();
    let with_gate = ColumnsConfig { gating: gated, ..ours.clone() };
    let mut reference = ColumnsConfig { columns: 8, ..ours.clone() };
    (reference.rule.actor_step, reference.rule.critic_step) = (2.0, 0.3);
    table("CartPole-v1, mean of 100 episodes >= 475", &seeds, &ours, 475.0, &plain);
    table("the same, gated", &seeds, &with_gate, 475.0, &plain);
    table("the same, 8 columns, steps 2 and 0.3", &seeds, &reference, 475.0, &plain);
    let noise = CartPole::harder(Harder { noise: 0.02, start: 0.05, steps: 500 });
    table("2 % noise", &seeds, &ours, 475.0, &noise);
    let wide = CartPole::harder(Harder { noise: 0.0, start: 0.15, steps: 500 });
    table("starts within 0.15", &seeds, &ours, 475.0, &wide);
    let both = CartPole::harder(Harder { noise: 0.02, start: 0.15, steps: 1000 });
    table("2 % noise, starts within 0.15, 1000 steps", &seeds, &ours, 950.0, &both);
    println!(
        "\n{:<18} {:>7} {:>7} {:>10} {:>9} {:>11} {:>11} {:>5}",
        "A, B, A again", "A", "B", "B solved", "A again", "kept", "least", "sets"
    );
    returns(&seeds, gated);
    returns(&seeds, None);
}
