//! MountainCar-v0: a car too weak for its hill has to swing.

use super::{Step, World};
use crate::policy::End;
use crate::random::Random;

const FORCE: f64 = 0.001;
const GRAVITY: f64 = 0.0025;
const LOW: f64 = -1.2;
const HIGH: f64 = 0.6;
const SPEED_LIMIT: f64 = 0.07;
const GOAL: f64 = 0.5;
const STEPS: u32 = 200;

/// The world; each step costs 1.
///
/// Observed: place, velocity. Actions: 0 left, 1 nothing, 2 right.
/// Source: Moore 1990; Gymnasium 1.4, `classic_control/mountain_car.py`.
#[derive(Clone, Debug, PartialEq)]
pub struct MountainCar {
    state: [f64; 2],
    steps: u32,
    end: End,
}

impl Default for MountainCar {
    fn default() -> Self {
        Self { state: [-0.5, 0.0], steps: 0, end: End::Truncated }
    }
}

impl MountainCar {
    /// Starts an episode in a state: place, velocity.
    pub fn start_at(&mut self, state: [f64; 2]) {
        *self = Self { state, steps: 0, end: End::Goes };
    }
}

impl World for MountainCar {
    fn reset(&mut self, random: &mut Random) -> Vec<f64> {
        self.start_at([random.between(-0.6, -0.4), 0.0]);
        self.state.to_vec()
    }

    fn step(&mut self, action: u32, _: &mut Random) -> Step {
        if self.end == End::Goes && action < 3 {
            let [place, velocity] = self.state;
            let pull = (3.0 * place).cos() * -GRAVITY;
            let velocity = velocity + ((f64::from(action) - 1.0) * FORCE + pull);
            let velocity = velocity.clamp(-SPEED_LIMIT, SPEED_LIMIT);
            let place = (place + velocity).clamp(LOW, HIGH);
            let velocity = if place == LOW && velocity < 0.0 { 0.0 } else { velocity };
            self.state = [place, velocity];
            self.steps += 1;
            if place >= GOAL && velocity >= 0.0 {
                self.end = End::Terminal;
            } else if self.steps >= STEPS {
                self.end = End::Truncated;
            }
        }
        Step { observation: self.state.to_vec(), reward: -1.0, end: self.end }
    }
}
