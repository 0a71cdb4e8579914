//! Worlds against Gymnasium's trajectories, state by state.

use agent::world::{Acrobot, CartPole, FrozenLake, MountainCar, World};
use agent::{End, Random};
use serde_json::Value;

/// Sine and cosine may differ in the last bit between libraries.
const TOLERANCE: f64 = 1e-12;

fn trajectories(name: &str) -> Vec<Value> {
    let all: Value = serde_json::from_str(include_str!("../fixtures/worlds.json")).unwrap();
    all[name].as_array().unwrap().clone()
}

fn state<const N: usize>(value: &Value) -> [f64; N] {
    let all: Vec<f64> = value.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect();
    all.try_into().unwrap()
}

/// Each step from the state before it, so that an error does not grow.
fn check<const N: usize>(name: &str, mut step: impl FnMut([f64; N], u32) -> ([f64; N], f64, End)) {
    let mut ends = 0;
    for (k, trajectory) in trajectories(name).iter().enumerate() {
        let steps = trajectory["steps"].as_array().unwrap();
        for (t, wanted) in steps.iter().enumerate() {
            let before = state::<N>(&trajectory["states"][t]);
            let after = state::<N>(&trajectory["states"][t + 1]);
            let action = wanted[0].as_u64().unwrap() as u32;
            let (found, reward, end) = step(before, action);
            for (x, y) in found.iter().zip(after) {
                assert!((x - y).abs() <= TOLERANCE, "{name} {k} {t}: {found:?}, not {after:?}");
            }
            assert_eq!(reward, wanted[1].as_f64().unwrap(), "{name} {k} {t}");
            let terminal = wanted[2].as_bool().unwrap();
            assert_eq!(end == End::Terminal, terminal, "{name} {k} {t}");
            ends += usize::from(terminal);
        }
    }
    assert!(ends > 0 || name == "acrobot", "{name} never ended");
}

#[test]
fn the_pole_falls_as_gymnasiums() {
    let mut random = Random::new(0);
    check::<4>("cart_pole", |before, action| {
        let mut world = CartPole::new();
        world.start_at(before);
        let step = world.step(action, &mut random);
        (world.state(), step.reward, step.end)
    });
}

/// From the first state on, without help: errors of the last bit stay small.
#[test]
fn a_whole_episode_of_the_pole_stays_with_gymnasiums() {
    let mut random = Random::new(0);
    for trajectory in trajectories("cart_pole") {
        let mut world = CartPole::new();
        world.start_at(state(&trajectory["states"][0]));
        for (t, wanted) in trajectory["steps"].as_array().unwrap().iter().enumerate() {
            world.step(wanted[0].as_u64().unwrap() as u32, &mut random);
            let after: [f64; 4] = state(&trajectory["states"][t + 1]);
            let off = world.state().into_iter().zip(after).map(|(x, y)| (x - y).abs());
            assert!(off.fold(0.0, f64::max) < 1e-9, "step {t}");
        }
    }
}

#[test]
fn a_mirrored_pole_is_pushed_the_other_way() {
    let mut random = Random::new(0);
    let (mut plain, mut mirrored) = (CartPole::new(), CartPole::mirrored());
    plain.start_at([0.1, 0.0, 0.02, 0.1]);
    mirrored.start_at([0.1, 0.0, 0.02, 0.1]);
    assert_eq!(plain.step(0, &mut random), mirrored.step(1, &mut random));
}

#[test]
fn the_car_climbs_as_gymnasiums() {
    let mut random = Random::new(0);
    check::<2>("mountain_car", |before, action| {
        let mut world = MountainCar::default();
        world.start_at(before);
        let step = world.step(action, &mut random);
        (step.observation.clone().try_into().unwrap(), step.reward, step.end)
    });
}

#[test]
fn the_acrobot_swings_as_gymnasiums() {
    let mut random = Random::new(0);
    check::<4>("acrobot", |before, action| {
        let mut world = Acrobot::default();
        world.start_at(before);
        let step = world.step(action, &mut random);
        (world.state(), step.reward, step.end)
    });
}

#[test]
fn the_lake_without_slipping_is_gymnasiums() {
    let mut random = Random::new(0);
    for trajectory in trajectories("frozen_lake") {
        let mut world = FrozenLake::new(false);
        let start = world.reset(&mut random);
        assert_eq!(start, state::<1>(&trajectory["states"][0]));
        for (t, wanted) in trajectory["steps"].as_array().unwrap().iter().enumerate() {
            let step = world.step(wanted[0].as_u64().unwrap() as u32, &mut random);
            assert_eq!(step.observation, state::<1>(&trajectory["states"][t + 1]));
            assert_eq!(step.reward, wanted[1].as_f64().unwrap());
            assert_eq!(step.end == End::Terminal, wanted[2].as_bool().unwrap());
        }
    }
}

/// Slipping: a third each, as `frozen_lake.py` has it for `is_slippery`.
#[test]
fn slippery_ice_goes_each_of_three_ways_as_often() {
    let mut random = Random::new(5);
    let mut seen = [0_u32; 16];
    for _ in 0..30_000 {
        let mut world = FrozenLake::new(true);
        world.reset(&mut random);
        // Down from the start: down, left (stays) or right.
        seen[world.step(1, &mut random).observation[0] as usize] += 1;
    }
    for tile in [0, 1, 4] {
        assert!((f64::from(seen[tile]) / 30_000.0 - 1.0 / 3.0).abs() < 0.02, "{seen:?}");
    }
}
