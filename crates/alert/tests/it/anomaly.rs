//! What the detector tells of series whose anomalies are known: how often without reason, how late.

use alert::anomaly::{Config, Detector};
use resilience::Chance;

const N_SAMPLES: usize = 100_000;
const SEEDS: std::ops::Range<u64> = 0..5;

/// A normal sample, by Box and Muller.
fn normal(chance: &Chance) -> f64 {
    let radius = (-2.0 * (1.0 - chance.unit()).ln()).sqrt();
    radius * (std::f64::consts::TAU * chance.unit()).cos()
}

/// A Laplace sample of deviation 1.
fn laplace(chance: &Chance) -> f64 {
    let u = chance.unit() - 0.5;
    -u.signum() * (1.0 - 2.0 * u.abs()).max(f64::MIN_POSITIVE).ln() / std::f64::consts::SQRT_2
}

type Make = fn(&Chance, usize, &mut f64) -> f64;

/// How often the flag is raised, and for how many samples it is up, per 100,000.
fn false_alarms(config: &Config, make: Make) -> (f64, f64) {
    let (mut n_raised, mut n_up) = (0, 0);
    for seed in SEEDS {
        let chance = Chance::from_seed(seed);
        let (mut detector, mut state, mut was) = (Detector::default(), 0.0, false);
        for n in 0..N_SAMPLES {
            let is = detector.observe(config, make(&chance, n, &mut state)).is_anomalous;
            n_raised += usize::from(is && !was);
            n_up += usize::from(is);
            was = is;
        }
    }
    let runs = SEEDS.count() as f64;
    (n_raised as f64 / runs, n_up as f64 / runs)
}

#[test]
fn false_alarms_are_rare() {
    let config = Config::default();
    let keen = Config { shift_slack: 0.5, threshold: 6.0, ..Config::default() };
    let ar: Make = |chance, _, state| {
        *state = 0.5 * *state + 0.75f64.sqrt() * normal(chance);
        100.0 + *state
    };
    let cycle: Make =
        |chance, n, _| 5.0 * (n as f64 * std::f64::consts::TAU / 86_400.0).sin() + normal(chance);
    let cases: [(&str, &Config, Make, f64); 8] = [
        ("normal", &config, |c, _, _| 100.0 + normal(c), 0.0),
        ("uniform", &config, |c, _, _| c.unit(), 0.0),
        ("normal on a daily cycle of 5 deviations", &config, cycle, 0.0),
        ("Laplace", &config, |c, _, _| laplace(c), 8.0),
        ("autoregressive, 0.5", &config, ar, 1.0),
        ("normal, keen", &keen, |c, _, _| 100.0 + normal(c), 1.0),
        ("Laplace, keen", &keen, |c, _, _| laplace(c), 80.0),
        ("autoregressive, 0.5, keen", &keen, ar, 80.0),
    ];
    for (name, config, make, most) in cases {
        let (n_raised, n_up) = false_alarms(config, make);
        println!("{name}: raised {n_raised} times, up for {n_up} of 100,000 samples");
        assert!(n_raised <= most, "{name}: {n_raised}");
    }
}

/// A sample after the change, by its number and what it would have been.
type Change = fn(usize, f64) -> f64;

/// The delay until the flag is raised after a change (samples): median and most of 100 runs, and how
/// many were missed within 300.
fn delays(change: Change) -> (usize, usize, usize) {
    let config = Config::default();
    let (mut delays, mut n_missed) = (Vec::new(), 0);
    for seed in 0..100 {
        let chance = Chance::from_seed(1000 + seed);
        let mut detector = Detector::default();
        for _ in 0..2000 {
            detector.observe(&config, normal(&chance));
        }
        let found =
            (0..300).find(|n| detector.observe(&config, change(*n, normal(&chance))).is_anomalous);
        match found {
            Some(delay) => delays.push(delay),
            None => n_missed += 1,
        }
    }
    delays.sort_unstable();
    let median = delays.get(delays.len() / 2).copied().unwrap_or(usize::MAX);
    (median, delays.last().copied().unwrap_or(usize::MAX), n_missed)
}

#[test]
fn changes_are_told_soon() {
    let cases: [(&str, Change, usize, usize); 7] = [
        ("one sample 12 deviations away", |n, x| if n == 0 { 12.0 } else { x }, 0, 0),
        ("level + 1.5 deviations", |_, x| x + 1.5, 60, 25),
        ("level + 2 deviations", |_, x| x + 2.0, 25, 0),
        ("level - 3 deviations", |_, x| x - 3.0, 12, 0),
        ("level + 10 deviations", |_, x| x + 10.0, 0, 0),
        ("ramp of 0.05 deviations a sample", |n, x| x + 0.05 * n as f64, 60, 0),
        ("noise 4 times as strong", |_, x| 4.0 * x, 40, 50),
    ];
    for (name, change, most_median, most_missed) in cases {
        let (median, most, n_missed) = delays(change);
        println!("{name}: median {median}, most {most}, missed {n_missed} of 100");
        assert!(median <= most_median && n_missed <= most_missed, "{name}");
    }
}

#[test]
fn a_new_level_becomes_normal_and_a_short_one_leaves_no_trace() {
    let config = Config::default();
    let lasts = |level: f64, n_samples: usize| {
        let chance = Chance::from_seed(7);
        let mut detector = Detector::default();
        for _ in 0..2000 {
            detector.observe(&config, normal(&chance));
        }
        let at = |n: usize| if n < n_samples { level } else { 0.0 };
        let mut last = 0;
        for n in 0..3000 {
            if detector.observe(&config, at(n) + normal(&chance)).is_anomalous {
                last = n + 1;
            }
        }
        last
    };
    let lasted: Vec<usize> = [2.0, 5.0, 10.0, 50.0].map(|level| lasts(level, usize::MAX)).into();
    println!("a new level of 2, 5, 10, 50 deviations is told for {lasted:?} samples");
    assert!(lasted.iter().all(|n| *n > 0 && *n < 1200), "{lasted:?}");
    let short = lasts(10.0, 5);
    println!("five samples of 10 deviations are told for {short} samples");
    assert!(short < 60);
}
