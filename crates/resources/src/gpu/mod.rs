//! What the GPUs use: by NVIDIA's library, else by its program, else not at all.

mod nvml;
mod smi;

use crate::error::Error;

#[cfg(target_os = "linux")]
pub use nvml::Nvml;
pub use smi::{MAX_SMI_BYTES, SMI_LIMIT, Smi, parse_smi};

/// The most GPUs of a machine that are read.
pub const MAX_GPUS: usize = 256;

/// The names of the bits of NVML's `nvmlClocksEventReasons`, formerly `nvmlClocksThrottleReasons`,
/// but for the first, which says that the GPU is idle.
///
/// Source: NVML API Reference, "NvmlClocksEventReasons".
const REASONS: [(u64, &str); 8] = [
    (0x2, "applications_clocks_setting"),
    (0x4, "sw_power_cap"),
    (0x8, "hw_slowdown"),
    (0x10, "sync_boost"),
    (0x20, "sw_thermal_slowdown"),
    (0x40, "hw_thermal_slowdown"),
    (0x80, "hw_power_brake_slowdown"),
    (0x100, "display_clock_setting"),
];

/// One GPU. `None` is what this GPU, its driver or its mode does not tell; a GPU that is cut into
/// instances (MIG) tells no use of the whole.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Gpu {
    /// Its place on this machine, from 0.
    pub index: u32,
    /// Its name in the world, such as `GPU-5e0f...`.
    pub uuid: String,
    /// Its product, such as `NVIDIA H100`.
    pub name: String,
    /// The share of the last moments in which a kernel ran (0..1).
    pub utilization: Option<f64>,
    /// The share of the last moments in which its memory was read or written (0..1).
    pub memory_utilization: Option<f64>,
    /// Memory in use (bytes).
    pub memory_used_bytes: Option<u64>,
    /// Memory (bytes).
    pub memory_total_bytes: Option<u64>,
    /// How warm it is (degrees celsius).
    pub temperature_celsius: Option<f64>,
    /// What it draws (watts).
    pub power_watts: Option<f64>,
    /// What it drew since its driver was loaded (joules); `nvidia-smi` does not tell.
    pub energy_joules: Option<f64>,
    /// The clock of its multiprocessors (hertz).
    pub sm_clock_hertz: Option<f64>,
    /// Its fan, as a share of its greatest speed (0..1).
    pub fan_ratio: Option<f64>,
    /// Errors of memory that were mended since the driver was loaded.
    pub ecc_errors_corrected: Option<u64>,
    /// Errors of memory that were not, since the driver was loaded.
    pub ecc_errors_uncorrected: Option<u64>,
    /// Why its clocks are lower than they could be; nothing where they are not.
    pub throttle_reasons: Vec<&'static str>,
}

/// The way in which the GPUs of this machine are read.
pub enum Gpus {
    /// By NVIDIA's library, NVML.
    #[cfg(target_os = "linux")]
    Nvml(Nvml),
    /// By NVIDIA's program.
    Smi(Smi),
    /// There are none, or no driver for them.
    Absent {
        /// What was tried, and what came of it.
        reason: String,
    },
}

impl Gpus {
    /// Looks for the library, then for the program `nvidia-smi` on the `PATH`, which is run once: it
    /// may take [`SMI_LIMIT`].
    pub fn find() -> Self {
        #[cfg(target_os = "linux")]
        let library = match Nvml::open() {
            Ok(library) => return Self::Nvml(library),
            Err(error) => error,
        };
        #[cfg(not(target_os = "linux"))]
        let library = nvml::absent();
        let smi = Smi::default();
        match smi.read() {
            Ok(_) => Self::Smi(smi),
            Err(error) => Self::Absent { reason: format!("{library}; {error}") },
        }
    }

    /// Reads them all. By the program this may wait for [`SMI_LIMIT`], so not on an async thread.
    ///
    /// # Errors
    ///
    /// [`Error::Absent`] where there are none, and whatever the library or the program says.
    pub fn read(&self) -> Result<Vec<Gpu>, Error> {
        match self {
            #[cfg(target_os = "linux")]
            Self::Nvml(library) => library.read(),
            Self::Smi(smi) => smi.read(),
            Self::Absent { reason } => Err(Error::Absent { what: "a GPU", reason: reason.clone() }),
        }
    }
}

fn reasons(bits: u64) -> Vec<&'static str> {
    REASONS.into_iter().filter(|(bit, _)| bits & bit != 0).map(|(_, name)| name).collect()
}
