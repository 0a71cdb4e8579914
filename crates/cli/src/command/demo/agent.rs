//! `striatum demo --agent`: CartPole-v1, learned live. Everything happens in this process.

use std::fmt::Write as _;
use std::io::{IsTerminal, Write as _};
use std::time::{Duration, Instant};

use agent::world::{CartPole, World, play};
use agent::{Columns, ColumnsConfig, Learned, Policy, Random};
use anyhow::{Result, bail};
use clap::Args;
use serde_json::json;

use crate::Outcome;

/// Solved: at least this mean over so many episodes in a row, as Gymnasium registers CartPole-v1.
const GOAL: f64 = 475.0;
const WINDOW: usize = 100;
/// Frames of an episode that are shown, and how long each stands.
const FRAMES: u64 = 20;
const FRAME: Duration = Duration::from_millis(15);
/// Characters of the track, rows of the pole.
const TRACK: usize = 61;
const ROWS: usize = 6;
/// Episodes between two lines where there is no terminal.
const EVERY: usize = 10;

/// An agent that learns.
#[derive(Args)]
pub(super) struct Learning {
    /// Watch an agent learn to balance a pole (CartPole-v1).
    #[arg(long)]
    agent: bool,
    /// The seed of the agent and its world.
    #[arg(long, requires = "agent", default_value_t = 0)]
    seed: u64,
    /// Episodes after which it gives up.
    #[arg(long, requires = "agent", default_value_t = 500)]
    episodes: usize,
}

/// What was seen so far.
#[derive(Default)]
struct Seen {
    lasted: Vec<u64>,
    steps: u64,
    weight_changes: u64,
    delta: f64,
}

impl Seen {
    /// The mean of the last episodes.
    fn mean(&self) -> f64 {
        let last = &self.lasted[self.lasted.len().saturating_sub(WINDOW)..];
        last.iter().sum::<u64>() as f64 / last.len().max(1) as f64
    }

    fn solved(&self) -> bool {
        self.lasted.len() >= WINDOW && self.mean() >= GOAL
    }

    fn line(&self) -> String {
        let last = self.lasted.last().copied().unwrap_or(0);
        let n = self.lasted.len();
        let of = n.clamp(1, WINDOW);
        format!(
            "episode {n:>4}   lasted {last:>3} steps   mean of the last {of} {:>5.1}",
            self.mean()
        )
    }

    /// The length of each episode as a bar, the last ones that have room.
    fn bars(&self) -> String {
        let bar = |n: &u64| ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'][(n * 7 / 500).min(7) as usize];
        self.lasted[self.lasted.len().saturating_sub(TRACK)..].iter().map(bar).collect()
    }
}

impl Learning {
    pub(super) fn is_asked(&self) -> bool {
        self.agent
    }

    pub(super) fn run(&self, json: bool) -> Result<Outcome> {
        if self.episodes == 0 {
            bail!("--episodes 0: expected at least 1");
        }
        let mut policy = Columns::new(ColumnsConfig::cart_pole())?;
        let (mut world, mut random) = (CartPole::new(), Random::new(self.seed));
        let live = !json && std::io::stdout().is_terminal();
        let mut seen = Seen::default();
        let since = Instant::now();
        while seen.lasted.len() < self.episodes && !seen.solved() {
            episode(&mut policy, &mut world, &mut random, &mut seen, live)?;
            if !json && !live && seen.lasted.len().is_multiple_of(EVERY) {
                println!("{}", seen.line());
            }
        }
        let seconds = since.elapsed().as_secs_f64();
        let (solved, n) = (seen.solved(), seen.lasted.len());
        if json {
            let document = json!({
                "world": "CartPole-v1", "seed": self.seed, "solved": solved, "episodes": n,
                "steps": seen.steps, "mean_of_last_100": seen.mean(), "lasted": seen.lasted,
                "cells": policy.n_cells(), "weight_changes": seen.weight_changes,
                "seconds": seconds,
            });
            println!("{document:#}");
        } else {
            let verdict = if solved { "solved" } else { "not solved" };
            println!(
                "{verdict} after {n} episodes, {} steps: the mean of the last {} is {:.1}, solved is \
                 {GOAL} over {WINDOW}\n{} cells learned, {} changes of weights, seed {}",
                seen.steps,
                n.min(WINDOW),
                seen.mean(),
                policy.n_cells(),
                seen.weight_changes,
                self.seed
            );
        }
        Ok(if solved { Outcome::Done } else { Outcome::No })
    }
}

fn episode(
    policy: &mut Columns,
    world: &mut CartPole,
    random: &mut Random,
    seen: &mut Seen,
    live: bool,
) -> Result<()> {
    // About as long as the one before: frames stand evenly in it.
    let stride = (seen.lasted.last().copied().unwrap_or(1) / FRAMES).max(1);
    let mut step = 0;
    let mut delta = 0.0;
    let mut drawn = seen.steps > 0;
    let mut watch = |observation: &[f64], action: u32, learned: &Learned| {
        step += 1;
        delta = learned.delta;
        if live && step % stride == 0 {
            show(&frame(observation, action, seen, delta), drawn);
            drawn = true;
            std::thread::sleep(FRAME);
        }
    };
    let played = play(policy, world as &mut dyn World, random, &mut watch)?;
    seen.lasted.push(played.steps);
    seen.steps += played.steps;
    seen.weight_changes += played.weight_changes;
    seen.delta = delta;
    policy.reset();
    Ok(())
}

/// The pole on its cart, and how it goes.
fn frame(observation: &[f64], action: u32, seen: &Seen, delta: f64) -> Vec<String> {
    let (place, angle) = (observation[0], observation[2]);
    let column = |x: f64| ((x / 2.4 + 1.0) / 2.0 * (TRACK - 1) as f64).round();
    let cart = column(place).clamp(2.0, (TRACK - 3) as f64);
    let mut lines = Vec::new();
    for row in (1..=ROWS).rev() {
        // Characters are about twice as high as wide.
        let x = cart + 2.0 * row as f64 * angle.tan();
        let x = x.round().clamp(0.0, (TRACK - 1) as f64) as usize;
        let mark = if angle > 0.06 {
            '/'
        } else if angle < -0.06 {
            '\\'
        } else {
            '│'
        };
        lines.push(format!("{}{mark}", " ".repeat(x)));
    }
    let push = if action == 1 { "▐██▌→" } else { "▐██▌" };
    let arrow = if action == 1 { "" } else { "←" };
    let left = (cart as usize).saturating_sub(2 + arrow.chars().count());
    lines.push(format!("{}{arrow}{push}", " ".repeat(left)));
    lines.push("━".repeat(TRACK));
    lines.push(seen.line());
    lines.push(format!("dopamine {delta:>7.3}   {} changes of weights", seen.weight_changes));
    lines.push(seen.bars());
    lines
}

/// Draws lines in place of those that were drawn before.
fn show(lines: &[String], again: bool) {
    let mut text = String::new();
    if again {
        let _ = write!(text, "\x1b[{}A", lines.len());
    }
    for line in lines {
        let _ = writeln!(text, "\x1b[2K{line}");
    }
    print!("{text}");
    let _ = std::io::stdout().flush();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_has_its_lines_and_stays_on_the_track() {
        let seen = Seen { lasted: vec![10, 500, 250], ..Seen::default() };
        for (place, angle) in [(0.0, 0.0), (9.0, 3.0), (-9.0, -3.0), (2.4, 0.2)] {
            let lines = frame(&[place, 0.0, angle, 0.0], 0, &seen, -1.0);
            assert_eq!(lines.len(), ROWS + 5);
            assert!(lines[..=ROWS].iter().all(|line| line.chars().count() <= TRACK + 1));
        }
        assert_eq!(seen.bars(), "▁█▄");
        assert!(seen.line().starts_with("episode    3   lasted 250 steps"));
    }
}
