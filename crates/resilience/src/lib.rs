//! What stands between a server and calls that fail, or load that is too much.
//!
//! Each part is one idea with its own file, a `Config` whose defaults are those of the field, and a
//! limit with a name for whatever could grow. [`Policy`] puts together those that one remote call
//! wants; the others stand alone.
//!
//! | part | what it does |
//! | --- | --- |
//! | [`Deadline`], [`time_limit`] | a call is over by then, and so are its parts |
//! | [`Breaker`] | what fails is not called for a while |
//! | [`Retry`], [`budget::Budget`] | what may pass is called again, later and not too often |
//! | [`Bulkhead`] | so many calls at once, for each key and in all |
//! | [`Policy`] | the four above, in their order |
//! | [`RateLimit`] | so much over time, for each key |
//! | [`Hedge`] | a read that is late is asked twice |
//! | [`fallback()`] | another answer, known as such |
//! | [`SingleFlight`], [`Cache`] | one fetches for all, and it is remembered |
//! | [`Degradation`] | under load, what can wait is left out |
//!
//! Time and chance are passed in ([`Clock`], [`Chance`]): with a [`ManualClock`] a minute of waiting
//! takes no time, and a seed gives the same run again. Nothing here logs or counts for itself; parts
//! tell what they did, and who owns them records it. Of tokio only its semaphores, its mutex and
//! `select!` are used, so any executor will do, and [`SystemClock`] alone needs its timer.

mod bounded;
pub mod breaker;
pub mod budget;
pub mod bulkhead;
pub mod cache;
mod chance;
mod clock;
mod config;
pub mod deadline;
pub mod degradation;
mod fallback;
mod grpc_timeout;
pub mod hedge;
mod lock;
pub mod policy;
pub mod rate;
pub mod retry;
mod single_flight;
mod verdict;

pub use breaker::{Breaker, Outcome};
pub use bulkhead::Bulkhead;
pub use cache::Cache;
pub use chance::Chance;
pub use clock::{Clock, ManualClock, Sleep, SystemClock};
pub use config::{ConfigError, MAX_SECONDS};
pub use deadline::{Deadline, Elapsed, time_limit};
pub use degradation::{Degradation, Level};
pub use fallback::{Answer, FallbackError, fallback};
pub use grpc_timeout::{GrpcTimeoutError, MAX_DIGITS, format_grpc_timeout, parse_grpc_timeout};
pub use hedge::Hedge;
pub use policy::Policy;
pub use rate::RateLimit;
pub use retry::{Retry, RetryError};
pub use single_flight::SingleFlight;
pub use verdict::Verdict;
