//! Saved agents with the right digest: `cargo +nightly fuzz run saved` in `crates/agent`.

#![no_main]

use agent::{Agent, Asked, Columns, ColumnsConfig, End, Feedback, Lifted, Persona, Policy, Random};
use libfuzzer_sys::fuzz_target;
use sha2::{Digest, Sha256};

fn saved(magic: &[u8; 8], body: &[u8]) -> Vec<u8> {
    [&magic[..], &Sha256::digest(body), body].concat()
}

fuzz_target!(|input: &[u8]| {
    let seen = [0.1, 0.2, 0.01, 0.3];
    let mut policy = Columns::new(ColumnsConfig::cart_pole()).expect("it holds");
    if policy.load(&saved(b"STRAGTC1", input)).is_ok() {
        let mut random = Random::new(1);
        policy.propose(&seen, &mut random).expect("it fits");
        policy.learn(&Feedback { reward: 1.0, end: End::Goes, next: &seen }).expect("it acted");
        assert!(policy.weights().iter().all(|w| w.is_finite()));
    }
    let names = vec!["left".to_owned(), "right".to_owned()];
    let policy = Columns::new(ColumnsConfig::cart_pole()).expect("it holds");
    let mut agent = Agent::new(Box::new(policy), names, 1).expect("it fits");
    if agent.load(&saved(b"STRAGTA1", input)).is_ok() {
        let asked = Asked { observation: seen.to_vec(), ..Asked::default() };
        agent.act(&asked, Lifted::NOTHING).expect("it fits");
    }
    if let Ok(text) = std::str::from_utf8(input) {
        drop(Persona::from_json(text));
    }
});
