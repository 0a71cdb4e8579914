//! What is read is what the system says, and who stands still is named.

#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "a test fails by panicking"
)]
#![allow(clippy::disallowed_methods, reason = "a test may wait")]

mod gpu;
mod machine;
mod process;
mod profiles;
mod runtime;
mod stacks;
mod watchdog;
mod work;

#[cfg(feature = "jemalloc")]
resources::install_jemalloc!();

/// Whether a program is there; if not, says so.
fn has(program: &str, argument: &str) -> bool {
    let ran = std::process::Command::new(program).arg(argument).output();
    if ran.is_ok() {
        return true;
    }
    assert!(std::env::var_os("STRIATUM_NO_SKIP").is_none(), "SKIPPED: no {program}");
    eprintln!("SKIPPED: no {program}");
    false
}
