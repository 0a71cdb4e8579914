//! What the control group of this process allows and uses, in the first and the second version.
//!
//! A limit of a group holds for the groups inside it, so the tightest on the way to the root counts.
//!
//! Source: Linux `Documentation/admin-guide/cgroup-v2.rst`, "CPU" and "Memory";
//! `cgroup-v1/memory.rst`; `scheduler/sched-bwc.rst`.

use std::path::{Path, PathBuf};

use crate::error::Error;

/// The most groups inside each other that are looked at.
const MAX_DEPTH: usize = 32;

/// The first version writes "no limit" as the largest number of whole pages.
const NO_LIMIT_BYTES: u64 = 1 << 62;

/// What a control group allows and uses.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cgroup {
    /// How much memory it may use; `None` for no limit (bytes).
    pub memory_limit_bytes: Option<u64>,
    /// How much it uses, with the page cache that is charged to it (bytes).
    pub memory_used_bytes: Option<u64>,
    /// How much CPU time it may use in each second; `None` for no limit (cores).
    pub cpu_limit_cores: Option<f64>,
    /// How long it had to wait because of that limit (seconds).
    pub cpu_throttled_seconds: Option<f64>,
}

impl Cgroup {
    /// The group of this process, or `None` where the kernel has none.
    pub(crate) fn read() -> Result<Option<Self>, Error> {
        match std::fs::read_to_string("/proc/self/cgroup") {
            Ok(groups) => Ok(Self::under(Path::new("/sys/fs/cgroup"), &groups)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::unreadable("/proc/self/cgroup", error)),
        }
    }

    /// `groups` is what `/proc/self/cgroup` says: `number:controllers:path` in each line.
    fn under(root: &Path, groups: &str) -> Option<Self> {
        let path_of = |controller: &str| {
            groups.lines().find_map(|line| {
                let mut fields = line.splitn(3, ':').skip(1);
                let names = fields.next()?;
                let path = fields.next()?;
                names.split(',').any(|name| name == controller).then_some(path)
            })
        };
        let memory = path_of("memory").map(|path| first_memory(&root.join("memory"), path));
        let cpu = path_of("cpu").map(|path| {
            let joint = root.join("cpu,cpuacct");
            first_cpu(&if joint.exists() { joint } else { root.join("cpu") }, path)
        });
        let second = path_of("").map(|path| {
            let hybrid = root.join("unified");
            second(&if hybrid.exists() { hybrid } else { root.to_owned() }, path)
        });
        [memory, cpu, second].into_iter().flatten().reduce(Self::or)
    }

    /// A controller is in one version or the other, so one of two is empty.
    fn or(self, other: Self) -> Self {
        Self {
            memory_limit_bytes: self.memory_limit_bytes.or(other.memory_limit_bytes),
            memory_used_bytes: self.memory_used_bytes.or(other.memory_used_bytes),
            cpu_limit_cores: self.cpu_limit_cores.or(other.cpu_limit_cores),
            cpu_throttled_seconds: self.cpu_throttled_seconds.or(other.cpu_throttled_seconds),
        }
    }
}

fn first_memory(root: &Path, path: &str) -> Cgroup {
    let folders = folders(root, path);
    let limit = |folder: &PathBuf| {
        number(&folder.join("memory.limit_in_bytes")).filter(|limit| *limit < NO_LIMIT_BYTES)
    };
    Cgroup {
        memory_limit_bytes: folders.iter().filter_map(limit).min(),
        memory_used_bytes: folders
            .first()
            .and_then(|own| number(&own.join("memory.usage_in_bytes"))),
        ..Cgroup::default()
    }
}

fn first_cpu(root: &Path, path: &str) -> Cgroup {
    let folders = folders(root, path);
    // A quota of -1 is none, and no number.
    let limit = |folder: &PathBuf| {
        let quota = number(&folder.join("cpu.cfs_quota_us"))?;
        ratio(quota, number(&folder.join("cpu.cfs_period_us"))?)
    };
    let throttled = folders.first().and_then(|own| key(&own.join("cpu.stat"), "throttled_time"));
    Cgroup {
        cpu_limit_cores: folders.iter().filter_map(limit).reduce(f64::min),
        cpu_throttled_seconds: throttled.map(|nanoseconds| nanoseconds as f64 * 1e-9),
        ..Cgroup::default()
    }
}

fn second(root: &Path, path: &str) -> Cgroup {
    let folders = folders(root, path);
    // Both say `max` for no limit, which is no number.
    let cpu_limit = |folder: &PathBuf| {
        let text = text(&folder.join("cpu.max"))?;
        let (quota, period) = text.split_once(' ')?;
        ratio(quota.parse().ok()?, period.trim().parse().ok()?)
    };
    let own = folders.first();
    let throttled = own.and_then(|own| key(&own.join("cpu.stat"), "throttled_usec"));
    Cgroup {
        memory_limit_bytes: folders.iter().filter_map(|f| number(&f.join("memory.max"))).min(),
        memory_used_bytes: own.and_then(|own| number(&own.join("memory.current"))),
        cpu_limit_cores: folders.iter().filter_map(cpu_limit).reduce(f64::min),
        cpu_throttled_seconds: throttled.map(|microseconds| microseconds as f64 * 1e-6),
    }
}

/// The group's own folder and those around it. A container may see its group as the root while the
/// path is that of the host; then the root is its own.
fn folders(root: &Path, path: &str) -> Vec<PathBuf> {
    let own = root.join(path.trim_start_matches('/'));
    let own = if own.is_dir() { own } else { root.to_owned() };
    own.ancestors()
        .take_while(|folder| folder.starts_with(root))
        .take(MAX_DEPTH)
        .map(Path::to_owned)
        .collect()
}

fn ratio(quota: u64, period: u64) -> Option<f64> {
    (period > 0).then(|| quota as f64 / period as f64)
}

fn text(path: &Path) -> Option<String> {
    std::fs::read_to_string(path).ok()
}

fn number(path: &Path) -> Option<u64> {
    text(path)?.trim().parse().ok()
}

/// The number after a key, in a file of lines such as `throttled_usec 12`.
fn key(path: &Path, key: &str) -> Option<u64> {
    let text = text(path)?;
    text.lines().find_map(|line| line.strip_prefix(key)?.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(files: &[(&str, &str)], groups: &str, expected: Option<Cgroup>) {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = root.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        assert_eq!(Cgroup::under(root.path(), groups), expected);
    }

    #[test]
    fn the_second_version() {
        let files = [
            ("a/memory.max", "1000\n"),
            ("a/cpu.max", "150000 100000\n"),
            ("a/b/memory.max", "max\n"),
            ("a/b/memory.current", "500\n"),
            ("a/b/cpu.max", "max 100000\n"),
            ("a/b/cpu.stat", "usage_usec 7\nthrottled_usec 2000000\n"),
        ];
        let expected = Cgroup {
            memory_limit_bytes: Some(1000),
            memory_used_bytes: Some(500),
            cpu_limit_cores: Some(1.5),
            cpu_throttled_seconds: Some(2.0),
        };
        check(&files, "0::/a/b\n", Some(expected));
    }

    #[test]
    fn the_first_version_beside_an_empty_second() {
        let files = [
            ("memory/memory.limit_in_bytes", "9223372036854771712\n"),
            ("memory/a/memory.limit_in_bytes", "1000\n"),
            ("memory/a/memory.usage_in_bytes", "500\n"),
            ("cpu/cpu.cfs_quota_us", "-1\n"),
            ("cpu/a/cpu.cfs_quota_us", "50000\n"),
            ("cpu/a/cpu.cfs_period_us", "100000\n"),
            ("cpu/a/cpu.stat", "nr_periods 1\nnr_throttled 1\nthrottled_time 2000000000\n"),
            ("unified/cgroup.procs", ""),
        ];
        let expected = Cgroup {
            memory_limit_bytes: Some(1000),
            memory_used_bytes: Some(500),
            cpu_limit_cores: Some(0.5),
            cpu_throttled_seconds: Some(2.0),
        };
        check(&files, "4:memory:/a\n2:cpuacct,cpu:/a\n0::/\n", Some(expected));
    }

    #[test]
    fn a_path_of_the_host_is_the_root_of_the_container() {
        let expected = Cgroup { memory_limit_bytes: Some(7), ..Cgroup::default() };
        check(&[("memory.max", "7\n")], "0::/docker/abc\n", Some(expected));
    }

    #[test]
    fn nothing_and_nonsense() {
        check(&[], "", None);
        check(&[], "::::\n\n12\n", Some(Cgroup::default()));
        check(&[("memory.max", "-3\n"), ("cpu.max", "1 0\n")], "0::/\n", Some(Cgroup::default()));
    }
}
