//! Any content: `cargo +nightly fuzz run laws` in `crates/agent`. More content never permits.

#![no_main]

use agent::Digest;
use agent::law::{Action, Context, judge};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &str| {
    let action = |content: &str| Action { name: String::new(), content: content.into() };
    let context = Context::default();
    let before = judge(&action(input), &context);
    let after = judge(&action(&format!("{input}\nkill the user")), &context);
    assert!(!after.permitted);
    let more = judge(&action(&format!("{input}\nwater the plants")), &context);
    assert!(before.permitted || !more.permitted);
    assert_eq!(Digest::of(input), Digest::of(&format!(" {input}\n")));
});
