//! Programs that a test compares with, where the machine has them.

use std::path::PathBuf;

pub(crate) fn skip(reason: &str) {
    assert!(std::env::var_os("STRIATUM_NO_SKIP").is_none(), "SKIPPED: {reason}");
    eprintln!("SKIPPED: {reason}");
}

/// The program that a variable names.
pub(crate) fn program(variable: &str, how: &str) -> Option<PathBuf> {
    let Some(path) = std::env::var_os(variable) else {
        skip(&format!("{variable} is not set: {how}"));
        return None;
    };
    Some(path.into())
}
