//! The real binary on real files.

#![allow(clippy::disallowed_methods, reason = "a test may wait and measure")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test fails by panicking"
)]

mod agents;
mod alerts;
mod collector;
mod commands;
mod crash;
mod faults;
mod knowing;
mod learners;
mod malformed;
mod mcp;
mod memories;
mod operate;
mod page;
#[path = "../../../store/tests/it/postgres_server.rs"]
mod postgres;
mod recordings;
mod reference;
#[path = "../../../server/tests/it/running.rs"]
mod running;
mod sessions;
mod tenants;
mod watch;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

/// The binary, run from the root of the repository.
pub(crate) fn striatum(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_striatum"));
    command.args(arguments).current_dir(root());
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("STRIATUM_")) {
        command.env_remove(name);
    }
    command.output().unwrap()
}

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// Says why a test is skipped, and fails where none may be.
pub(crate) fn skip(reason: &str) {
    assert!(std::env::var_os("STRIATUM_NO_SKIP").is_none(), "SKIPPED: {reason}");
    eprintln!("SKIPPED: {reason}");
}

/// The path that a variable of the environment holds, or the test is skipped.
pub(crate) fn program(variable: &str) -> Option<PathBuf> {
    let found = std::env::var_os(variable).map(PathBuf::from).filter(|path| path.exists());
    if found.is_none() {
        skip(&format!("{variable} names nothing; ./test provides it"));
    }
    found
}

/// A file of the recorded cases, as an argument.
pub(crate) fn fixture(name: &str) -> String {
    format!("crates/nir/tests/fixtures/{name}")
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The JSON document that a command prints, after checking its exit status.
pub(crate) fn json(arguments: &[&str], status: i32) -> Value {
    let output = striatum(&[&["--json"], arguments].concat());
    let said = format!("{arguments:?}\n{}\n{}", text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(status), "{said}");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {said}"))
}
