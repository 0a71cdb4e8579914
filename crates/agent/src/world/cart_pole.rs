//! CartPole-v1: a pole on a cart that is pushed left or right.

use super::{Step, World};
use crate::policy::End;
use crate::random::Random;

const GRAVITY: f64 = 9.8;
const MASS_POLE: f64 = 0.1;
const TOTAL_MASS: f64 = 1.0 + MASS_POLE;
/// Half the pole's length (m).
const LENGTH: f64 = 0.5;
const POLE_MASS_LENGTH: f64 = MASS_POLE * LENGTH;
/// Magnitude of a push (N).
const FORCE: f64 = 10.0;
/// Time of a step (s).
const TAU_SECONDS: f64 = 0.02;
/// The angle at which the pole has fallen: 12 degrees (rad).
const ANGLE_LIMIT: f64 = 12.0 * 2.0 * std::f64::consts::PI / 360.0;
/// The place at which the cart has left the track (m).
const PLACE_LIMIT: f64 = 2.4;
/// Steps of an episode.
const STEPS: u32 = 500;
/// Every state starts within this of zero.
const START: f64 = 0.05;

/// What makes the world harder than CartPole-v1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Harder {
    /// Standard deviation of what is added to each observed value, as a share of its bound.
    pub noise: f64,
    /// Every state starts within this of zero.
    pub start: f64,
    /// Steps of an episode.
    pub steps: u32,
}

/// The world. Its reward is -1 where the pole falls and 0 else, so that what is learned is not to
/// fall; Gymnasium's is 1 in every step, and the return that is reported counts steps as it does.
///
/// Observed: place (m), velocity (m/s), angle (rad), angular velocity (rad/s).
/// Actions: 0 pushes left, 1 right; mirrored, the other way round.
/// Source: Barto, Sutton and Anderson 1983; Gymnasium 1.4, `classic_control/cartpole.py`, Euler.
#[derive(Clone, Debug, PartialEq)]
pub struct CartPole {
    state: [f64; 4],
    steps: u32,
    over: bool,
    mirrored: bool,
    harder: Option<Harder>,
}

impl Default for CartPole {
    fn default() -> Self {
        Self::new()
    }
}

impl CartPole {
    /// CartPole-v1.
    pub fn new() -> Self {
        Self { state: [0.0; 4], steps: 0, over: true, mirrored: false, harder: None }
    }

    /// With actions that push the other way.
    pub fn mirrored() -> Self {
        Self { mirrored: true, ..Self::new() }
    }

    /// With noise, another start, another length.
    pub fn harder(harder: Harder) -> Self {
        Self { harder: Some(harder), ..Self::new() }
    }

    /// Steps of this episode.
    pub fn steps(&self) -> u32 {
        self.steps
    }

    /// The state: place, velocity, angle, angular velocity.
    pub fn state(&self) -> [f64; 4] {
        self.state
    }

    /// Starts an episode in a state.
    pub fn start_at(&mut self, state: [f64; 4]) {
        (self.state, self.steps, self.over) = (state, 0, false);
    }

    fn observed(&self, random: &mut Random) -> Vec<f64> {
        let Some(Harder { noise, .. }) = self.harder else { return self.state.to_vec() };
        let bounds = [PLACE_LIMIT, 3.0, ANGLE_LIMIT, 3.5];
        let seen = |(x, bound): (f64, f64)| x + noise * bound * random.normal();
        self.state.into_iter().zip(bounds).map(seen).collect()
    }

    fn push(&mut self, action: u32) {
        let [x, x_dot, theta, theta_dot] = self.state;
        let right = (action == 1) != self.mirrored;
        let force = if right { FORCE } else { -FORCE };
        let (sin, cos) = (theta.sin(), theta.cos());
        let temp = (force + POLE_MASS_LENGTH * (theta_dot * theta_dot) * sin) / TOTAL_MASS;
        let theta_acc = (GRAVITY * sin - cos * temp)
            / (LENGTH * (4.0 / 3.0 - MASS_POLE * (cos * cos) / TOTAL_MASS));
        let x_acc = temp - POLE_MASS_LENGTH * theta_acc * cos / TOTAL_MASS;
        self.state = [
            x + TAU_SECONDS * x_dot,
            x_dot + TAU_SECONDS * x_acc,
            theta + TAU_SECONDS * theta_dot,
            theta_dot + TAU_SECONDS * theta_acc,
        ];
    }

    fn end(&self) -> End {
        let [x, _, theta, _] = self.state;
        if x.abs() > PLACE_LIMIT || theta.abs() > ANGLE_LIMIT {
            End::Terminal
        } else if self.steps >= self.harder.map_or(STEPS, |harder| harder.steps) {
            End::Truncated
        } else {
            End::Goes
        }
    }
}

impl World for CartPole {
    fn reset(&mut self, random: &mut Random) -> Vec<f64> {
        let start = self.harder.map_or(START, |harder| harder.start);
        let state = std::array::from_fn(|_| random.between(-start, start));
        self.start_at(state);
        self.observed(random)
    }

    fn step(&mut self, action: u32, random: &mut Random) -> Step {
        if !self.over && action < 2 {
            self.push(action);
            self.steps += 1;
        }
        let end = self.end();
        self.over |= end != End::Goes;
        let reward = if end == End::Terminal { -1.0 } else { 0.0 };
        Step { observation: self.observed(random), reward, end }
    }
}
