//! What the process, its machine and their GPUs use; who stands still, and where; what runs and what
//! holds memory.
//!
//! Everything is a plain value in base units: seconds, bytes, celsius, watts, joules, hertz, and
//! ratios from 0 to 1.
//! Nothing here logs, records or serves: who owns a reading does.
//!
//! | part | what it tells |
//! | --- | --- |
//! | [`Process`] | what this process uses, and what its control group allows it |
//! | [`Machine`] | cores, memory, disks, temperatures, pressure |
//! | [`Gpus`] | by NVML, else by `nvidia-smi` |
//! | [`Runtime`], [`watch_delay`] | what tokio's workers do, and how late a task is woken |
//! | [`Watchdog`] | workers, threads and locks that stand still, by name and by stack |
//! | [`watched`] | locks that know their name and who holds them |
//! | [`profile`] | where time goes and who holds memory, as pprof or as a flame graph |
//!
//! What a platform lacks is [`Error::Absent`] and says why. Linux is read in full; elsewhere there
//! are `Gpus`, `Runtime`, locks and a watchdog without stacks.

mod cgroup;
mod clock;
mod error;
mod gpu;
mod heartbeat;
mod machine;
mod process;
pub mod profile;
mod progress;
mod runtime;
mod stack;
pub mod stall;
pub mod watchdog;
pub mod watched;

pub use cgroup::Cgroup;
pub use error::Error;
#[cfg(target_os = "linux")]
pub use gpu::Nvml;
pub use gpu::{Gpu, Gpus, MAX_GPUS, MAX_SMI_BYTES, SMI_LIMIT, Smi, parse_smi};
pub use heartbeat::Heartbeat;
pub use machine::{Core, Disk, MAX_SENSORS, Machine, Pressure, Pressures, Space, Temperature};
pub use process::{Interface, Process};
pub use runtime::{Runtime, RuntimeWatch, Worker, watch_delay};
pub use stack::{Frame, MAX_FRAMES, STACK_WAIT, Stack, stack_of_thread, this_thread};
pub use stall::Stall;
pub use watchdog::Watchdog;
pub use watched::Watched;
