//! Acrobot-v1: two links that swing up by a torque between them.

use std::f64::consts::PI;

use super::{Step, World};
use crate::policy::End;
use crate::random::Random;

const DT_SECONDS: f64 = 0.2;
const MAX_VELOCITY_1: f64 = 4.0 * PI;
const MAX_VELOCITY_2: f64 = 9.0 * PI;
/// Place of a link's centre of mass (m); lengths, masses and moments are 1.
const CENTRE: f64 = 0.5;
const G: f64 = 9.8;
const STEPS: u32 = 500;

/// The world; each step costs 1 until the end of the second link is a link's length above the pivot.
///
/// State: two angles (rad) and their velocities (rad/s). Observed: cosine and sine of each angle,
/// then the velocities. Actions: torque -1, 0, 1 (N m).
/// Source: Sutton 1996; Gymnasium 1.4, `classic_control/acrobot.py`, "book", Runge-Kutta.
#[derive(Clone, Debug, PartialEq)]
pub struct Acrobot {
    state: [f64; 4],
    steps: u32,
    end: End,
}

impl Default for Acrobot {
    fn default() -> Self {
        Self { state: [0.0; 4], steps: 0, end: End::Truncated }
    }
}

impl Acrobot {
    /// Starts an episode in a state.
    pub fn start_at(&mut self, state: [f64; 4]) {
        *self = Self { state, steps: 0, end: End::Goes };
    }

    /// Two angles and their velocities.
    pub fn state(&self) -> [f64; 4] {
        self.state
    }

    fn observed(&self) -> Vec<f64> {
        let [a, b, da, db] = self.state;
        vec![a.cos(), a.sin(), b.cos(), b.sin(), da, db]
    }
}

fn slope([theta_1, theta_2, d_1, d_2]: [f64; 4], torque: f64) -> [f64; 4] {
    let (sin_2, cos_2) = (theta_2.sin(), theta_2.cos());
    let inertia_1 = CENTRE * CENTRE + (1.0 + CENTRE * CENTRE + 2.0 * CENTRE * cos_2) + 1.0 + 1.0;
    let inertia_2 = (CENTRE * CENTRE + CENTRE * cos_2) + 1.0;
    let phi_2 = CENTRE * G * (theta_1 + theta_2 - PI / 2.0).cos();
    let phi_1 = -CENTRE * (d_2 * d_2) * sin_2 - 2.0 * CENTRE * d_2 * d_1 * sin_2
        + (CENTRE + 1.0) * G * (theta_1 - PI / 2.0).cos()
        + phi_2;
    let pull = torque + inertia_2 / inertia_1 * phi_1 - CENTRE * (d_1 * d_1) * sin_2 - phi_2;
    let dd_2 = pull / (CENTRE * CENTRE + 1.0 - inertia_2 * inertia_2 / inertia_1);
    [d_1, d_2, -(inertia_2 * dd_2 + phi_1) / inertia_1, dd_2]
}

/// A step by the classical method of Runge and Kutta.
fn moved(state: [f64; 4], torque: f64) -> [f64; 4] {
    let along = |k: [f64; 4], dt: f64| std::array::from_fn(|i| state[i] + dt * k[i]);
    let k1 = slope(state, torque);
    let k2 = slope(along(k1, DT_SECONDS / 2.0), torque);
    let k3 = slope(along(k2, DT_SECONDS / 2.0), torque);
    let k4 = slope(along(k3, DT_SECONDS), torque);
    std::array::from_fn(|i| {
        state[i] + DT_SECONDS / 6.0 * (k1[i] + 2.0 * k2[i] + 2.0 * k3[i] + k4[i])
    })
}

fn wrapped(mut angle: f64) -> f64 {
    while angle > PI {
        angle -= 2.0 * PI;
    }
    while angle < -PI {
        angle += 2.0 * PI;
    }
    angle
}

impl World for Acrobot {
    fn reset(&mut self, random: &mut Random) -> Vec<f64> {
        self.start_at(std::array::from_fn(|_| random.between(-0.1, 0.1)));
        self.observed()
    }

    fn step(&mut self, action: u32, _: &mut Random) -> Step {
        if self.end == End::Goes && action < 3 {
            let [a, b, da, db] = moved(self.state, f64::from(action) - 1.0);
            let da = da.clamp(-MAX_VELOCITY_1, MAX_VELOCITY_1);
            let db = db.clamp(-MAX_VELOCITY_2, MAX_VELOCITY_2);
            self.state = [wrapped(a), wrapped(b), da, db];
            self.steps += 1;
            let [a, b, ..] = self.state;
            if -a.cos() - (b + a).cos() > 1.0 {
                self.end = End::Terminal;
            } else if self.steps >= STEPS {
                self.end = End::Truncated;
            }
        }
        let reward = if self.end == End::Terminal { 0.0 } else { -1.0 };
        Step { observation: self.observed(), reward, end: self.end }
    }
}
