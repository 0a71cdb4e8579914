//! Saved learners of every kind: `cargo +nightly fuzz run saved` in `crates/learner`. What is taken
//! works, and is saved as it was read.

#![no_main]

use learner::{Input, Learner, LiquidSpec, Sample, Spec};
use libfuzzer_sys::fuzz_target;
use plasticity::{CompetitionConfig, EPropConfig, MicroColumnsConfig};
use reservoir::{Fusion, LiquidConfig, LiquidsConfig};

fn specs() -> [Spec; 4] {
    let sense = LiquidConfig { n_neurons: 5, ..LiquidConfig::new(2, 1) };
    let liquids = LiquidsConfig { senses: vec![sense], fusion: Fusion::Side };
    let config = CompetitionConfig { n_steps: 5, ..CompetitionConfig::new(2, 3, 1) };
    [
        Spec::Columns(MicroColumnsConfig::new(2)),
        Spec::EProp { config: EPropConfig { n_neurons: 3, ..EPropConfig::new(2, 2, 1) }, silent_steps: 0 },
        Spec::Competition { config, n_classes: 2 },
        Spec::Liquid(LiquidSpec { liquids, n_classes: 2, lambda: 1.0, forgetting: 1.0 }),
    ]
}

fuzz_target!(|input: (u8, &[u8])| {
    let (kind, bytes) = input;
    let spec = &specs()[usize::from(kind) % 4];
    let bytes = [b"STRLRNR1", bytes].concat();
    if let Ok(mut learner) = Learner::restored(spec, &bytes) {
        let input = || Input::Values(vec![0.5, 0.25]);
        learner.predict(&[input()]).expect("it fits");
        let again = Learner::restored(spec, &learner.save()).expect("its own");
        assert_eq!(again.save(), learner.save());
        let sample = Sample { input: input(), label: Some("x".to_owned()) };
        let _ = learner.learn(&[sample]);
    }
});
