//! The small worlds of the field, as Gymnasium 1.4 has them, to test and to show: the same state and
//! action give the same next state as there. Chance is passed in and is not Gymnasium's.

mod acrobot;
mod cart_pole;
mod frozen_lake;
mod mountain_car;
mod play;

pub use acrobot::Acrobot;
pub use cart_pole::{CartPole, Harder};
pub use frozen_lake::FrozenLake;
pub use mountain_car::MountainCar;
pub use play::{Played, play};

use crate::policy::End;
use crate::random::Random;

/// What a step of a world gives.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// What is observed now.
    pub observation: Vec<f64>,
    /// How good the step was.
    pub reward: f64,
    /// Whether the episode ended.
    pub end: End,
}

/// A world to act in.
pub trait World {
    /// Starts an episode; gives what is observed.
    fn reset(&mut self, random: &mut Random) -> Vec<f64>;

    /// Acts. After an end, and for an action that the world does not have, nothing moves.
    fn step(&mut self, action: u32, random: &mut Random) -> Step;
}
