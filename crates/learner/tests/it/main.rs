//! One contract for every kind of learner.
#![allow(clippy::unwrap_used, reason = "tests")]

mod contract;
mod defaults;
mod limits;
