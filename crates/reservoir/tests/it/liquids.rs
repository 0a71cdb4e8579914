//! Liquids: drawn by their seed, read by windows, with a sense missing.

use reservoir::{Fusion, Liquid, LiquidConfig, Liquids, LiquidsConfig, Windows};
use spike::Raster;

fn config(n_inputs: usize, seed: u64) -> LiquidConfig {
    LiquidConfig { n_neurons: 120, input_scale: 3.0, ..LiquidConfig::new(n_inputs, seed) }
}

fn input(n: u32, shift: u32) -> Raster {
    let mut raster = Raster::new(n as usize);
    (0..80).for_each(|step| raster.push_spikes(&[(step * 7 + shift) % n]));
    raster
}

#[test]
fn the_seed_draws_the_liquid_and_nothing_else_does() {
    let answer = |seed| Liquid::new(config(6, seed)).unwrap().spikes(&input(6, 0)).unwrap();
    assert!(answer(1).n_events() > 100);
    assert_eq!(answer(1), answer(1));
    assert_ne!(answer(1), answer(2));
}

#[test]
fn an_answer_starts_from_rest() {
    let mut liquid = Liquid::new(config(6, 1)).unwrap();
    let first = liquid.respond(&input(6, 0)).unwrap();
    assert_ne!(liquid.respond(&input(6, 3)).unwrap(), first);
    assert_eq!(liquid.respond(&input(6, 0)).unwrap(), first);
    assert!(liquid.report().spikes > 0);
}

#[test]
fn a_row_counts_every_spike_once() {
    for windows in [Windows::Parts(1), Windows::Parts(7), Windows::Steps { count: 8, steps: 10 }] {
        let mut liquid = Liquid::new(LiquidConfig { windows, ..config(6, 1) }).unwrap();
        let spikes = liquid.spikes(&input(6, 0)).unwrap();
        let row = liquid.respond(&input(6, 0)).unwrap();
        assert_eq!(row.len(), liquid.n_features());
        assert_eq!(row.iter().sum::<f32>(), spikes.n_events() as f32, "{windows:?}");
    }
}

#[test]
fn a_fading_row_weighs_late_spikes_more() {
    let mut raster = Raster::new(2);
    raster.push_spikes(&[0]);
    (0..9).for_each(|_| raster.push_spikes(&[]));
    raster.push_spikes(&[1]);
    let row = Windows::Fading { tau_steps: 5.0 }.row(&raster);
    assert!((row[0] - (-11.0f32 / 5.0).exp()).abs() < 1e-6);
    assert!((row[1] - (-1.0f32 / 5.0).exp()).abs() < 1e-6);
}

fn two(fusion: Fusion) -> Liquids {
    Liquids::new(LiquidsConfig { senses: vec![config(6, 1), config(4, 2)], fusion }).unwrap()
}

#[test]
fn a_missing_sense_leaves_the_others_as_they_were() {
    let mut liquids = two(Fusion::Side);
    let whole = liquids.respond(&[Some(input(6, 0)), Some(input(4, 1))]).unwrap();
    let part = liquids.respond(&[Some(input(6, 0)), None]).unwrap();
    assert_eq!(part.len(), whole.len());
    assert_eq!(part[..120], whole[..120]);
    assert!(part[120..].iter().all(|v| *v == 0.0) && whole[120..].iter().any(|v| *v > 0.0));
}

#[test]
fn a_liquid_above_hears_all_senses() {
    let mut liquids = two(Fusion::Above(config(240, 3)));
    let whole = liquids.respond(&[Some(input(6, 0)), Some(input(4, 1))]).unwrap();
    let part = liquids.respond(&[Some(input(6, 0)), None]).unwrap();
    assert_eq!(whole.len(), liquids.n_features());
    assert_ne!(whole[240..], part[240..]);
    assert!(part[240..].iter().any(|v| *v > 0.0));
    let mut short = Raster::new(4);
    short.push_spikes(&[1]);
    let error = liquids.respond(&[Some(input(6, 0)), Some(short)]).unwrap_err();
    assert_eq!(error.to_string(), "liquid 1: input 1: 1 steps, expected 80 as in the first");
}

#[test]
fn what_is_wrong_is_said() {
    let error = |config: LiquidConfig| Liquid::new(config).unwrap_err().to_string();
    let wrong = LiquidConfig { connectivity: 1.5, ..config(6, 1) };
    assert_eq!(error(wrong), "connectivity is 1.5, expected 0 to 1");
    let wrong = LiquidConfig { tau_mem_steps: f64::NAN, ..config(6, 1) };
    assert_eq!(error(wrong), "tau_mem_steps is NaN, expected 1 to 1,000,000");
    let many = LiquidConfig { n_neurons: 1 << 20, connectivity: 1.0, ..config(6, 1) };
    assert!(error(many).contains("at most 268,435,456 synapses"));
    let mut liquids = two(Fusion::Side);
    let error = liquids.respond(&[None]).unwrap_err();
    assert_eq!(error.to_string(), "1 inputs for 2 senses; a missing one is None");
    let error = liquids.respond(&[Some(input(5, 0)), None]).unwrap_err();
    assert_eq!(error.to_string(), "liquid 0: input 0: 5 neurons, expected 6");
}
