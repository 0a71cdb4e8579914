//! E-prop on UCI digits, one row of pixels a step: settings chosen on a validation part, the held-out
//! part asked once.
//!
//! `cargo run --release -p plasticity --example eprop [FOLDER]`
//!
//! The last 360 digits of one split are held out. Of the 1,437 others 300 validate each setting; then
//! all 1,437 teach the one that was chosen.

#![allow(clippy::print_stdout, reason = "an example prints")]

mod data;

use plasticity::protocol::Samples;
use plasticity::{Adaptation, EProp, EPropConfig, EPropExtras, PlasticityError, Regulation};
use spike::Raster;

const N_TRAIN: usize = 1437;

const N_VALIDATE: usize = 300;

/// Passes through the samples that are learned, one after the other, online.
const PASSES: u64 = 10;

/// Networks, orders and validation parts by which a setting is chosen.
const CHOOSING: u64 = 2;

/// Networks and orders that are asked about the held-out part; none of them chose.
const SEEDS: std::ops::Range<u64> = 10..15;

#[derive(Clone)]
struct Setting {
    config: EPropConfig,
    extras: EPropExtras,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (train, test) = data::digits()?.split(N_TRAIN, 0);
    println!("{} to learn, {N_VALIDATE} of them validate, {} held out", train.len(), test.len());
    let mut best = chosen(&train, grid())?;
    println!("chosen among {}: {best}", grid().len());
    for (name, extras) in beside(&best.setting.extras) {
        let setting = Setting { extras, ..best.setting.clone() };
        let tried = Chosen { share: validated(&train, &setting)?, setting };
        println!("  {name}: {:.2} % on validation", 100.0 * tried.share);
        if tried.share > best.share {
            best = tried;
        }
    }
    println!("held out, {PASSES} passes, {} seeds", SEEDS.end - SEEDS.start);
    let kept = best.setting.clone();
    let drawn = EPropConfig { symmetric: false, ..kept.config.clone() };
    table("chosen", &kept, true, &train, &test)?;
    table(
        "its errors by drawn weights",
        &Setting { config: drawn, ..kept.clone() },
        true,
        &train,
        &test,
    )?;
    table("its rate not falling", &kept, false, &train, &test)
}

/// Every setting of the first choice.
fn grid() -> Vec<Setting> {
    let mut all = Vec::new();
    for threshold in [0.3, 0.6, 1.2] {
        for tau_mem_steps in [2.0, 5.0, 20.0] {
            for rate in [0.001, 0.002, 0.005] {
                for silent_steps in [0, 7] {
                    let base = EPropConfig::new(8, 10, 0);
                    let config = EPropConfig { threshold, tau_mem_steps, rate, ..base };
                    let extras = EPropExtras { silent_steps, ..EPropExtras::default() };
                    all.push(Setting { config, extras });
                }
            }
        }
    }
    all
}

/// What is tried beside the setting that was chosen.
fn beside(extras: &EPropExtras) -> [(&'static str, EPropExtras); 4] {
    let adapting = |beta| EPropExtras {
        adaptation: Some(Adaptation { share: 0.5, tau_steps: 20.0, beta }),
        ..extras.clone()
    };
    let regulated = |strength| EPropExtras {
        regulation: Some(Regulation { rate: 0.1, strength }),
        ..extras.clone()
    };
    [
        ("half the neurons adapt, by 0.1", adapting(0.1)),
        ("half the neurons adapt, by 0.4", adapting(0.4)),
        ("rates held near 0.1, strength 0.01", regulated(0.01)),
        ("rates held near 0.1, strength 0.1", regulated(0.1)),
    ]
}

struct Chosen {
    setting: Setting,
    share: f64,
}

impl std::fmt::Display for Chosen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (c, silent) = (&self.setting.config, self.setting.extras.silent_steps);
        let share = 100.0 * self.share;
        let names = [c.threshold.to_string(), c.tau_mem_steps.to_string(), c.rate.to_string()];
        let [threshold, tau, rate] = names;
        write!(
            f,
            "threshold {threshold}, tau_mem {tau}, rate {rate}, {silent} silent steps: {share:.2} % on validation"
        )
    }
}

fn chosen(train: &Samples, settings: Vec<Setting>) -> Result<Chosen, PlasticityError> {
    let mut best: Option<Chosen> = None;
    for setting in settings {
        let share = validated(train, &setting)?;
        if best.as_ref().is_none_or(|best| share > best.share) {
            best = Some(Chosen { setting, share });
        }
    }
    best.ok_or(PlasticityError::Full { what: "settings", limit: 0 })
}

fn validated(train: &Samples, setting: &Setting) -> Result<f64, PlasticityError> {
    let mut sum = 0.0;
    for seed in 0..CHOOSING {
        let (fit, validation) = train.split(N_TRAIN - N_VALIDATE, 100 + seed);
        sum += taught(setting, true, &fit, seed, &validation)? / CHOOSING as f64;
    }
    Ok(sum)
}

fn table(
    name: &str,
    setting: &Setting,
    falls: bool,
    train: &Samples,
    test: &Samples,
) -> Result<(), Box<dyn std::error::Error>> {
    let shares = SEEDS.map(|seed| taught(setting, falls, train, seed, test));
    println!("  {name:28} {}", data::spread(&shares.collect::<Result<Vec<f64>, _>>()?));
    Ok(())
}

/// The share of `asked` that a network answers right which learned `samples`, its rate falling to 0.
fn taught(
    setting: &Setting,
    falls: bool,
    samples: &Samples,
    seed: u64,
    asked: &Samples,
) -> Result<f64, PlasticityError> {
    let config = EPropConfig { seed, ..setting.config.clone() };
    let rate = config.rate;
    let mut network = EProp::with(config, setting.extras.clone())?;
    let lessons = PASSES as f32 * samples.len() as f32;
    let mut done = 0.0;
    for pass in 0..PASSES {
        let (order, _) = samples.split(samples.len(), 1000 * (seed + 1) + pass);
        for (x, class) in (0..order.len()).map(|k| order.get(k)) {
            if falls {
                network.set_rate(rate * (1.0 - done / lessons))?;
            }
            network.learn(&rows(x), class as usize)?;
            done += 1.0;
        }
    }
    let mut right = 0;
    for (x, class) in (0..asked.len()).map(|k| asked.get(k)) {
        right += u32::from(network.predict(&rows(x))? == class as usize);
    }
    Ok(f64::from(right) / asked.len() as f64)
}

/// Rows of an image one after the other: the network must remember.
fn rows(x: &[f32]) -> Raster {
    let mut raster = Raster::new(8);
    x.chunks(8).for_each(|row| raster.push_dense(row));
    raster
}
