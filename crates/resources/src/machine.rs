//! What the machine as a whole uses.
//!
//! Source: proc(5) for `stat`, `loadavg`, `meminfo`, `uptime`; Linux
//! `Documentation/accounting/psi.rst` and `driver-api/thermal/sysfs-api.rst`; statvfs(3).

use std::path::{Path, PathBuf};

use crate::error::Error;

/// The most temperatures that are read.
pub const MAX_SENSORS: usize = 64;

/// What the machine has used since it started, and what is left.
#[derive(Clone, Debug, PartialEq)]
pub struct Machine {
    /// The cores, in their order.
    pub cores: Vec<Core>,
    /// Tasks that run or wait for a core or a disk, over 1, 5 and 15 minutes.
    pub load_averages: [f64; 3],
    /// Memory (bytes).
    pub memory_total_bytes: u64,
    /// Memory that a program may still have without swapping (bytes).
    pub memory_available_bytes: u64,
    /// Swap (bytes).
    pub swap_total_bytes: u64,
    /// Swap that is free (bytes).
    pub swap_free_bytes: u64,
    /// The disks of the paths that were asked for, in their order.
    pub disks: Vec<Disk>,
    /// Temperatures, where there are sensors.
    pub temperatures: Vec<Temperature>,
    /// Since it started (seconds).
    pub uptime_seconds: f64,
    /// How much work stood still for want of something.
    pub pressures: Pressures,
}

/// What a core did with its time (seconds).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Core {
    /// In programs.
    pub user_seconds: f64,
    /// In programs that are nice.
    pub nice_seconds: f64,
    /// In the kernel.
    pub system_seconds: f64,
    /// Idle.
    pub idle_seconds: f64,
    /// Idle while a disk worked for it.
    pub iowait_seconds: f64,
    /// In interrupts.
    pub irq_seconds: f64,
    /// In what interrupts left to do.
    pub softirq_seconds: f64,
    /// Taken by the hypervisor for others.
    pub steal_seconds: f64,
}

/// The disk that a path lies on.
#[derive(Clone, Debug, PartialEq)]
pub struct Disk {
    /// The path.
    pub path: PathBuf,
    /// How much room there is, or why that cannot be told.
    pub space: Result<Space, Error>,
}

/// Room on a disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Space {
    /// In all (bytes).
    pub total_bytes: u64,
    /// What a program without privileges may still write (bytes).
    pub free_bytes: u64,
}

/// A temperature.
#[derive(Clone, Debug, PartialEq)]
pub struct Temperature {
    /// What the kernel calls the sensor, such as `x86_pkg_temp`.
    pub sensor: String,
    /// How warm it is (degrees celsius).
    pub celsius: f64,
}

/// How long work stood still for want of each.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Pressures {
    /// For want of a core.
    pub cpu: Option<Pressure>,
    /// For want of memory.
    pub memory: Option<Pressure>,
    /// For want of a disk.
    pub io: Option<Pressure>,
}

/// How long work stood still.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pressure {
    /// At least one task did (seconds since the machine started).
    pub some_seconds: f64,
    /// All tasks did (seconds since the machine started).
    pub full_seconds: f64,
    /// The share of the last 10 seconds in which at least one task did (0..1).
    pub some_ratio_10s: f64,
}

impl Machine {
    /// Reads them all, and the disks of these paths.
    ///
    /// # Errors
    ///
    /// [`Error::Absent`] elsewhere than on Linux, [`Error::Unreadable`] where `/proc` is closed. A
    /// path that cannot be read is told in its [`Disk`].
    pub fn read(paths: &[&Path]) -> Result<Self, Error> {
        platform::read(paths)
    }
}

#[cfg(not(target_os = "linux"))]
mod platform {
    //! Nothing is read here yet.

    use super::{Error, Machine, Path};

    pub(super) fn read(_paths: &[&Path]) -> Result<Machine, Error> {
        let reason = "it is read from /proc, which Linux alone has".to_owned();
        Err(Error::Absent { what: "the machine", reason })
    }
}

#[cfg(target_os = "linux")]
mod platform {
    //! Linux.

    use procfs::{
        CpuPressure, CpuTime, Current, CurrentSI, IoPressure, KernelStats, LoadAverage, Meminfo,
        MemoryPressure, PressureRecord, Uptime,
    };

    use super::{
        Core, Disk, Error, MAX_SENSORS, Machine, Path, Pressure, Pressures, Space, Temperature,
    };

    pub(super) fn read(paths: &[&Path]) -> Result<Machine, Error> {
        let stat = KernelStats::current().map_err(wrong(KernelStats::PATH))?;
        let load = LoadAverage::current().map_err(wrong(LoadAverage::PATH))?;
        let memory = Meminfo::current().map_err(wrong(Meminfo::PATH))?;
        let uptime = Uptime::current().map_err(wrong(Uptime::PATH))?;
        Ok(Machine {
            cores: stat.cpu_time.iter().map(core).collect(),
            load_averages: [load.one, load.five, load.fifteen].map(f64::from),
            memory_total_bytes: memory.mem_total,
            // Kernels before 3.14 do not tell it; what is free is the least it can be.
            memory_available_bytes: memory.mem_available.unwrap_or(memory.mem_free),
            swap_total_bytes: memory.swap_total,
            swap_free_bytes: memory.swap_free,
            disks: paths.iter().map(|path| disk(path)).collect(),
            temperatures: temperatures(Path::new("/sys/class/thermal")),
            uptime_seconds: uptime.uptime,
            pressures: Pressures {
                cpu: CpuPressure::current().ok().map(|p| pressure(&p.some, &p.full)),
                memory: MemoryPressure::current().ok().map(|p| pressure(&p.some, &p.full)),
                io: IoPressure::current().ok().map(|p| pressure(&p.some, &p.full)),
            },
        })
    }

    fn wrong(what: &'static str) -> impl Fn(procfs::ProcError) -> Error {
        move |error| Error::unreadable(what, error)
    }

    fn core(time: &CpuTime) -> Core {
        let seconds = |ticks: u64| ticks as f64 / procfs::ticks_per_second() as f64;
        Core {
            user_seconds: seconds(time.user),
            nice_seconds: seconds(time.nice),
            system_seconds: seconds(time.system),
            idle_seconds: seconds(time.idle),
            iowait_seconds: seconds(time.iowait.unwrap_or(0)),
            irq_seconds: seconds(time.irq.unwrap_or(0)),
            softirq_seconds: seconds(time.softirq.unwrap_or(0)),
            steal_seconds: seconds(time.steal.unwrap_or(0)),
        }
    }

    fn pressure(some: &PressureRecord, full: &PressureRecord) -> Pressure {
        Pressure {
            some_seconds: some.total as f64 * 1e-6,
            full_seconds: full.total as f64 * 1e-6,
            some_ratio_10s: f64::from(some.avg10) / 100.0,
        }
    }

    fn disk(path: &Path) -> Disk {
        let space = rustix::fs::statvfs(path)
            .map(|found| Space {
                total_bytes: found.f_blocks.saturating_mul(found.f_frsize),
                free_bytes: found.f_bavail.saturating_mul(found.f_frsize),
            })
            .map_err(|error| Error::unreadable(path.display().to_string(), error));
        Disk { path: path.to_owned(), space }
    }

    /// A sensor that is asleep cannot be read; it is left out.
    pub(super) fn temperatures(folder: &Path) -> Vec<Temperature> {
        let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
        let mut temperatures: Vec<Temperature> = entries
            .flatten()
            .filter(|entry| entry.file_name().to_string_lossy().starts_with("thermal_zone"))
            .filter_map(|entry| temperature(&entry.path()))
            .take(MAX_SENSORS)
            .collect();
        temperatures.sort_by(|a, b| a.sensor.cmp(&b.sensor));
        temperatures
    }

    fn temperature(zone: &Path) -> Option<Temperature> {
        let sensor = std::fs::read_to_string(zone.join("type")).ok()?.trim().to_owned();
        let millidegrees: i64 =
            std::fs::read_to_string(zone.join("temp")).ok()?.trim().parse().ok()?;
        Some(Temperature { sensor, celsius: millidegrees as f64 / 1000.0 })
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn sensors() {
        let root = tempfile::tempdir().unwrap();
        for (zone, sensor, temp) in
            [("thermal_zone1", "pkg\n", "45500\n"), ("thermal_zone0", "acpitz\n", "-5000\n")]
        {
            std::fs::create_dir(root.path().join(zone)).unwrap();
            std::fs::write(root.path().join(zone).join("type"), sensor).unwrap();
            std::fs::write(root.path().join(zone).join("temp"), temp).unwrap();
        }
        std::fs::create_dir(root.path().join("thermal_zone2")).unwrap();
        std::fs::create_dir(root.path().join("cooling_device0")).unwrap();
        let expected = [("acpitz", -5.0), ("pkg", 45.5)]
            .map(|(sensor, celsius)| Temperature { sensor: sensor.to_owned(), celsius });
        assert_eq!(platform::temperatures(root.path()), expected);
        assert_eq!(platform::temperatures(&root.path().join("none")), []);
    }
}
