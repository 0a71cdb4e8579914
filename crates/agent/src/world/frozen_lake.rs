//! FrozenLake-v1: across a lake of ice with holes, where steps may slip.

use super::{Step, World};
use crate::policy::End;
use crate::random::Random;

/// The map of 4 by 4: S start, F frozen, H hole, G goal.
const MAP: &[u8; 16] = b"SFFFFHFHFFFHHFFG";
const SIDE: u32 = 4;
const STEPS: u32 = 100;

/// The world; the goal is worth 1.
///
/// Observed: the tile, 0 to 15, row by row. Actions: 0 left, 1 down, 2 right, 3 up; on slippery ice
/// each of the wanted direction and the two beside it has a third.
/// Source: Gymnasium 1.4, `toy_text/frozen_lake.py`.
#[derive(Clone, Debug, PartialEq)]
pub struct FrozenLake {
    tile: u32,
    steps: u32,
    end: End,
    slippery: bool,
}

impl FrozenLake {
    /// A lake.
    pub fn new(slippery: bool) -> Self {
        Self { tile: 0, steps: 0, end: End::Truncated, slippery }
    }
}

fn moved(tile: u32, direction: u32) -> u32 {
    let (row, column) = (tile / SIDE, tile % SIDE);
    let (row, column) = match direction {
        0 => (row, column.saturating_sub(1)),
        1 => ((row + 1).min(SIDE - 1), column),
        2 => (row, (column + 1).min(SIDE - 1)),
        _ => (row.saturating_sub(1), column),
    };
    row * SIDE + column
}

impl World for FrozenLake {
    fn reset(&mut self, _: &mut Random) -> Vec<f64> {
        *self = Self { tile: 0, steps: 0, end: End::Goes, slippery: self.slippery };
        vec![0.0]
    }

    fn step(&mut self, action: u32, random: &mut Random) -> Step {
        let mut reward = 0.0;
        if self.end == End::Goes && action < 4 {
            let slips = if self.slippery { (random.uniform() * 3.0) as u32 + 3 } else { 4 };
            self.tile = moved(self.tile, (action + slips) % 4);
            self.steps += 1;
            self.end = match MAP[self.tile as usize] {
                b'H' | b'G' => End::Terminal,
                _ if self.steps >= STEPS => End::Truncated,
                _ => End::Goes,
            };
            reward = f64::from(u8::from(MAP[self.tile as usize] == b'G'));
        }
        Step { observation: vec![f64::from(self.tile)], reward, end: self.end }
    }
}
