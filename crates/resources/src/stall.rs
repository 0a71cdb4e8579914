//! Who stands still, and where.

use std::fmt;
use std::panic::Location;
use std::time::Duration;

use crate::error::Error;
use crate::stack::Stack;

/// Something that has not moved for longer than it may.
#[derive(Clone, Debug)]
pub enum Stall {
    /// A runtime runs no tasks: each of its workers is taken.
    Runtime {
        /// Its name.
        runtime: String,
        /// For at least so long.
        lasted: Duration,
        /// The workers that do not rest. None, where no thread drives the runtime.
        workers: Vec<StalledThread>,
    },
    /// A worker has not come back from a task while others of its runtime have nothing to do.
    Worker {
        /// The name of its runtime.
        runtime: String,
        /// The worker.
        worker: StalledThread,
    },
    /// A thread with a [`crate::Heartbeat`] works on one thing.
    Thread(StalledThread),
    /// A lock is held.
    Lock {
        /// Its name.
        lock: String,
        /// For at least so long.
        lasted: Duration,
        /// Where it was taken; of many readers, some.
        places: Vec<&'static Location<'static>>,
        /// How many hold it: one, or so many readers.
        n_holders: u32,
        /// How many wait for it.
        n_waiting: u32,
        /// What the one that holds it alone is doing.
        stack: Option<Result<Stack, Error>>,
    },
}

/// A thread that has not moved.
#[derive(Clone, Debug)]
pub struct StalledThread {
    /// Its name.
    pub name: String,
    /// The number by which the kernel knows it.
    pub number: i32,
    /// For at least so long.
    pub lasted: Duration,
    /// What it is doing, or why that is not known.
    pub stack: Result<Stack, Error>,
}

impl fmt::Display for Stall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Runtime { runtime, lasted, workers } => {
                write!(f, "runtime {runtime} has run no task for {}", Seconds(*lasted))?;
                workers.iter().try_for_each(|worker| write!(f, "\n{worker}"))
            }
            Self::Worker { runtime, worker } => {
                write!(f, "runtime {runtime} has a worker that does not come back\n{worker}")
            }
            Self::Thread(thread) => write!(f, "{thread}"),
            Self::Lock { lock, lasted, places, n_holders, n_waiting, stack } => {
                let lasted = Seconds(*lasted);
                write!(f, "lock {lock} has been held for {lasted} by {n_holders}")?;
                places.iter().try_for_each(|place| write!(f, ", at {place}"))?;
                write!(f, "; {n_waiting} wait")?;
                stack.iter().try_for_each(|stack| write_stack(f, stack))
            }
        }
    }
}

impl fmt::Display for StalledThread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, number, lasted, stack } = self;
        write!(f, "thread {name} ({number}) has been busy for {}", Seconds(*lasted))?;
        write_stack(f, stack)
    }
}

fn write_stack(f: &mut fmt::Formatter<'_>, stack: &Result<Stack, Error>) -> fmt::Result {
    match stack {
        Ok(stack) => write!(f, "{stack}"),
        Err(error) => write!(f, "; {error}"),
    }
}

/// To the millisecond.
struct Seconds(Duration);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at least {:.3} s", self.0.as_secs_f64())
    }
}
