//! The readers against files that others wrote: recordings of real frameworks, and numpy itself.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

mod audio;
mod events;
mod numpy;
mod recordings;
mod surfaces;
