//! Rules agree with Prometheus, notifications with Alertmanager, and receivers get them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "a test fails by panicking"
)]
#![allow(clippy::disallowed_methods, reason = "a test may wait")]

mod alertmanager;
mod anomaly;
mod dispatch;
mod hostile;
mod listener;
mod mail;
mod programs;
mod promtool;
mod receivers;
mod tls;
