//! Wrong descriptions: every fault at once, each with its line.

use circuit::{Overrides, no_files, read};

const GOOD: &str = r#"
[simulation]
duration = "1 s"

[neurons.lif]
model = "lif"
synapses = "current"
tau_syn = { excitatory = "5 ms", inhibitory = "10 ms" }
tau_m = "20 ms"
c_m = "200 pF"
v_rest = "-60 mV"
v_threshold = "-50 mV"
v_reset = "-60 mV"

[[populations]]
name = "E"
size = 80
neuron = "lif"

[[populations]]
name = "I"
size = 20
neuron = "lif"

[[projections]]
source = "E"
target = ["E", "I"]
rule = "fixed_indegree"
n = 10
receptor = "excitatory"
weight = "20 pA"
delay = "1.5 ms"

[[stimuli]]
kind = "poisson"
target = ["E", "I"]
rate = "1 kHz"
receptor = "excitatory"
weight = "20 pA"
"#;

/// What is said of the good description with each first text replaced by the second.
fn check(changes: &[(&str, &str)], expected: &str) {
    let mut text = GOOD.to_owned();
    for (from, to) in changes {
        assert!(text.contains(from), "{from}");
        text = text.replacen(from, to, 1);
    }
    let problems = read(&text, &Overrides::default(), &no_files).unwrap_err();
    assert_eq!(problems.to_string(), expected);
}

#[test]
fn the_good_one_is_good() {
    let described = read(GOOD, &Overrides::default(), &no_files).unwrap();
    assert_eq!(described.circuit.projections.len(), 2);
    assert_eq!(described.steps(described.duration), 10_000);
}

#[test]
fn every_fault_is_named_with_its_line() {
    check(
        &[
            ("tau_m = \"20 ms\"", "tau_m = \"20 mV\""),
            ("source = \"E\"", "source = \"Excitatory\""),
            ("duration = \"1 s\"", "duration = 1"),
            ("size = 20", "size = -20"),
            ("delay = \"1.5 ms\"", "dellay = \"1.5 ms\""),
        ],
        "line 3, column 12: simulation.duration: found 1, a number without a unit, expected a \
         time, like \"20 ms\" (s, ms, us)\n\
         line 9, column 9: neurons.lif.tau_m: found \"20 mV\", a potential, expected a time, like \
         \"20 ms\" (s, ms, us)\n\
         line 22, column 8: populations[1].size: found -20, expected a whole number from 0 to \
         1099511627776\n\
         line 25, column 1: projections[0].delay: found nothing, expected a time, like \"20 ms\" \
         (s, ms, us)\n\
         line 26, column 10: projections[0].source: found \"Excitatory\", a population that is not \
         there, expected one of E, I\n\
         line 32, column 1: projections[0].dellay: found a key that means nothing here, expected \
         `delay`",
    );
}

#[test]
fn what_only_the_whole_shows_is_named_too() {
    check(
        &[
            ("delay = \"1.5 ms\"", "delay = \"-1 ms\""),
            ("v_reset = \"-60 mV\"", "v_reset = \"0 mV\""),
        ],
        "line 13, column 11: neurons.lif.v_reset: found 0, expected less than the threshold, -50\n\
         line 32, column 9: projections[0].delay: found -1 ms, expected at least a step, 0.1 ms (a \
         distribution needs a `min`)",
    );
    check(
        &[("weight = \"20 pA\"", "weight = \"20 nS\"")],
        "line 31, column 10: projections[0].weight: found \"20 nS\", a conductance, expected a \
         current, like \"87.81 pA\" (uA, nA, pA)",
    );
    check(
        &[("receptor = \"excitatory\"", "")],
        "line 25, column 1: projections[0].receptor: found nothing, expected excitatory or \
         inhibitory: the target has both",
    );
    check(
        &[("n = 10", "n = [[1, 2]]")],
        "line 29, column 5: projections[0].n: found 1 rows, expected 2 rows (targets) of 1 numbers \
         (sources)",
    );
    check(
        &[("[simulation]", "[simulation")],
        "line 2, column 12: file: found unclosed table, expected `]`, expected TOML",
    );
}

#[test]
fn a_scale_needs_rates() {
    let overrides = Overrides { scale: Some(0.5), ..Overrides::default() };
    let problems = read(GOOD, &overrides, &no_files).unwrap_err();
    assert_eq!(
        problems.to_string(),
        "line 2, column 1: simulation.scale: found population E without a `rate`, expected the \
         mean rate of every source, to make up for what is lost"
    );
}

#[test]
fn more_memory_than_there_is_ends_before_anything_is_built() {
    let small = Overrides { available_bytes: Some(600 << 20), ..Overrides::default() };
    let text = circuit::shipped("microcircuit").unwrap();
    let problems = read(text, &small, &no_files).unwrap_err();
    let line = text.lines().position(|line| line.contains("Inhibitory synapses")).unwrap() + 2;
    let said = problems.to_string();
    assert!(said.contains("found 298880968 synapses in all"), "{said}");
    assert!(said.contains("at most the 600 MiB of memory that are free"), "{said}");
    assert!(said.starts_with("line "), "{said}");
    assert!(problems.0[0].line < line && problems.0[0].path.starts_with("projections["), "{said}");
    let enough = Overrides { available_bytes: Some(4 << 30), ..Overrides::default() };
    assert!(read(text, &enough, &no_files).is_ok());
}
