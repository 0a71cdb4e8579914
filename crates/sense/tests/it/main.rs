//! The room against what others wrote and computed: recordings of frameworks and sensors, numpy,
//! scipy, librosa, tonic and the like.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

mod audio;
mod events;
mod numpy;
mod recordings;
mod signals;
mod surfaces;
