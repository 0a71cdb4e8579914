//! The server over real HTTP on a free loopback port.

mod bad_requests;
mod client;
mod limits;
mod requests;
