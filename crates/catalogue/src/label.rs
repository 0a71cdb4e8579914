//! Labels of metrics: their names, and how many values each may take.

/// A label with its bound.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Label {
    /// Its name.
    pub name: &'static str,
    /// The most values that it takes.
    pub most: usize,
}

const fn label(name: &'static str, most: usize) -> Label {
    Label { name, most }
}

/// A model of the repository.
pub const MODEL: Label = label("model", 200);
/// A version of a model.
pub const VERSION: Label = label("version", 20);
/// A population of a network.
pub const POPULATION: Label = label("population", 32);
/// How something ended.
pub const OUTCOME: Label = label("outcome", 12);
/// A tenant: those that ask most have their own value, the others share `_other`.
pub const TENANT: Label = label("tenant", 101);
/// A route as the table of operations writes it, never the path that was asked for.
pub const ROUTE: Label = label("route", 200);
/// A method of HTTP.
pub const METHOD: Label = label("method", 10);
/// A status of HTTP.
pub const STATUS: Label = label("status", 40);
/// A method of gRPC.
pub const RPC: Label = label("rpc", 200);
/// A code of gRPC.
pub const CODE: Label = label("code", 17);
/// Why something happened.
pub const REASON: Label = label("reason", 12);
/// What a dead letter came from, or what it went through.
pub const ORIGIN: Label = label("origin", 20);
/// What became of something.
pub const EVENT: Label = label("event", 8);
/// A kind of operation on a store, a memory, an agent or a learner.
pub const OPERATION: Label = label("operation", 30);
/// A remote service that is called.
pub const TARGET: Label = label("target", 40);
/// A health check.
pub const CHECK: Label = label("check", 30);
/// A family of metrics.
pub const FAMILY: Label = label("family", 200);
/// A severity or level.
pub const LEVEL: Label = label("level", 6);
/// One of traces, metrics and logs.
pub const SIGNAL: Label = label("signal", 4);
/// What a thing is of.
pub const KIND: Label = label("kind", 12);
/// A mount point that the server writes to.
pub const PATH: Label = label("path", 10);
/// A network interface.
pub const INTERFACE: Label = label("interface", 32);
/// In or out, read or written.
pub const DIRECTION: Label = label("direction", 4);
/// A GPU by its number.
pub const GPU: Label = label("gpu", 16);
/// A thread that steps networks.
pub const WORKER: Label = label("worker", 1024);
/// A machine whose published figures an estimate uses.
pub const CHIP: Label = label("chip", 8);
/// An end of a range: least or most.
pub const BOUND: Label = label("bound", 2);
/// A severity of alerts.
pub const SEVERITY: Label = label("severity", 4);
/// A state of an alert.
pub const STATE: Label = label("state", 6);
/// A series that is watched for what is unusual.
pub const SERIES: Label = label("series", 50);
/// A role of callers.
pub const ROLE: Label = label("role", 6);
/// A framework's conventions.
pub const PROFILE: Label = label("profile", 20);
/// A tier of memories.
pub const TIER: Label = label("tier", 3);
/// Where something is kept: in the process, in Redis.
pub const LAYER: Label = label("layer", 4);
/// What came of looking for it there.
pub const RESULT: Label = label("result", 4);
/// What time did to memories.
pub const WHAT: Label = label("what", 8);
/// One of the Four Laws, or none.
pub const LAW: Label = label("law", 5);
/// A trait of a persona.
pub const TRAIT: Label = label("trait", 8);
/// A value of a persona's mood.
pub const MOOD: Label = label("mood", 4);
