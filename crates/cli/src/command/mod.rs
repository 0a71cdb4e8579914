//! The commands, one file each: what it takes, and `run`.

pub(crate) mod agent;
pub(crate) mod analyse;
pub(crate) mod audit;
pub(crate) mod backup;
pub(crate) mod bench;
pub(crate) mod catalogue;
mod client;
pub(crate) mod config;
pub(crate) mod convert;
pub(crate) mod demo;
pub(crate) mod doctor;
mod document;
pub(crate) mod inspect;
pub(crate) mod key;
pub(crate) mod learner;
pub(crate) mod mcp;
pub(crate) mod memory;
pub(crate) mod report;
pub(crate) mod run;
pub(crate) mod serve;
pub(crate) mod session;
pub(crate) mod simulate;
pub(crate) mod simulation;
pub(crate) mod tenant;
pub(crate) mod top;
pub(crate) mod train;
