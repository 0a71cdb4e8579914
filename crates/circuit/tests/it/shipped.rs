//! The shipped circuits against the figures of their publications.

use circuit::{Described, Drive, Overrides, no_files, read, shipped};
use spike::circuit::StimulusKind;

fn described(name: &str, overrides: &Overrides) -> Described {
    read(shipped(name).unwrap(), overrides, &no_files).unwrap()
}

#[test]
fn each_is_read_and_says_where_it_was_published() {
    for (name, text) in circuit::SHIPPED {
        let described = read(text, &Overrides::default(), &no_files);
        let described = described.unwrap_or_else(|problems| panic!("{name}:\n{problems}"));
        assert!(described.reference.is_some(), "{name}");
    }
}

#[test]
fn they_have_the_published_sizes() {
    let check = |name: &str, neurons: u64, synapses: u64| {
        let estimate = described(name, &Overrides::default()).circuit.estimate();
        assert_eq!((estimate.neurons, estimate.synapses), (neurons, synapses), "{name}");
    };
    check("cuba", 4_000, 320_000);
    check("coba", 4_000, 320_000);
    check("brunel", 12_500, 15_625_000);
    check("plastic", 10_000, 10_000_000);
    // Potjans and Diesmann 2014, as NEST draws them.
    check("microcircuit", 77_169, 298_880_968);
}

#[test]
fn a_constant_drive_is_the_mean_of_the_trains() {
    let dc = Overrides { drive: Some(Drive::Dc), ..Overrides::default() };
    let described = described("microcircuit", &dc);
    let StimulusKind::Current(current) = &described.circuit.stimuli[0].kind else { panic!() };
    // 0.001 * 0.5 ms * 8 Hz * 1600 * 87.81 pA.
    assert_eq!(*current, spike::circuit::Distribution::Constant(561.984));
}

#[test]
fn a_fifth_has_a_fifth_of_everything_and_a_current_for_the_rest() {
    let fifth = Overrides { scale: Some(0.2), ..Overrides::default() };
    let described = described("microcircuit", &fifth);
    let estimate = described.circuit.estimate();
    assert_eq!(estimate.neurons, 15_435);
    assert!(estimate.synapses.abs_diff(298_880_968 / 25) < 64, "{}", estimate.synapses);
    assert_eq!(described.circuit.stimuli.len(), 16);
    let StimulusKind::Poisson { rate, weight, .. } = described.circuit.stimuli[0].kind else {
        panic!()
    };
    assert!((rate - 8.0 * 1600.0 * 0.2).abs() < 1e-9);
    assert!((weight - 87.81 / 0.2f64.sqrt()).abs() < 1e-9);
}
