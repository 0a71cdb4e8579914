//! All integration tests of the room.
mod files;
