//! The readers against files that others wrote: recordings of real frameworks, and numpy itself.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod numpy;
mod recordings;
