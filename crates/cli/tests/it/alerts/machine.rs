//! The machine under a server: a disk that fills, limits that are tight, a GPU that is hot.

use std::io::Write;
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::{Faults, Watched, beside, folder, image, own_models, skip};
use crate::operate::name;

pub(super) const FULL: Faults = &[
    ("DiskFills", "a file system of its own, filled to nine tenths"),
    ("DiskFull", "the same, filled to the last byte"),
    ("StoreErrors", "writes find no room"),
    ("BackupFailed", "a backup finds no room"),
    ("BackupOld", "no backup since"),
];

pub(super) const BUSY: Faults =
    &[("HighCpu", "a control group with a twentieth of a processor, of which more was used")];

pub(super) const TIGHT: Faults = &[
    ("HighMemory", "a control group with hardly more memory than is in use"),
    ("FileDescriptorsRunOut", "hardly more file descriptors than are open, and callers"),
    ("ConnectionsRefused", "more connections than may be"),
];

pub(super) const HOT: Faults = &[
    ("GpuHot", "an nvidia-smi that tells of 91 degrees"),
    ("GpuErrors", "the same tells of an error that was not corrected"),
];

/// What starts a program with a small file system of its own at a folder.
fn with_disk(folder: &Path, bytes: usize) -> Option<Vec<String>> {
    let can = |flags: &str| {
        let mut command = Command::new("unshare");
        let tried = command.args([flags, "mount", "-t", "tmpfs", "none", name(folder)]).output();
        tried.is_ok_and(|tried| tried.status.success())
    };
    let flags = ["-rm", "-m"].into_iter().find(|flags| can(flags))?;
    let line = format!("mount -t tmpfs -o size={bytes} none '{}' && exec \"$@\"", name(folder));
    Some(["unshare", flags, "sh", "-c", &line, "sh"].map(str::to_owned).into())
}

#[test]
fn a_disk_that_fills() {
    let (models, disk) = (own_models(), folder());
    let Some(starter) = with_disk(disk.path(), 32 << 20) else {
        return skip("no file system can be mounted, not even with unshare");
    };
    let starter: Vec<&str> = starter.iter().map(String::as_str).collect();
    let settings = format!(
        "[history]\ndisk_bytes = 0\n[state]\nfolder = \"{0}/state\"\n\
         [backup]\nfolder = \"{0}/backups\"\nevery_hours = {1}\n\
         keep = {{ last = 1, daily = 0, weekly = 0, monthly = 0 }}\n",
        name(disk.path()),
        5.0 / 3600.0
    );
    let server = Watched::with(&settings, models.path(), &starter, &[]);
    let made = || server.value(r#"striatum_backups_total{outcome="ok"}"#);
    server.wait("no backup is made", || made() > 0.0);
    server.is_silent(FULL);
    // The file system as the server sees it.
    let inside = PathBuf::from(format!("/proc/{}/root", server.server.child.id()));
    let inside = inside.join(disk.path().strip_prefix("/").unwrap());
    let mut filler = std::fs::File::create(inside.join("filler")).unwrap();
    filler.write_all(&vec![1; 28 << 20]).unwrap();
    server.fires(&FULL[..1], || ());
    while filler.write_all(&[1; 512]).is_ok() {}
    server.fires(FULL, || _ = server.write());
    assert_eq!(server.infer("digits", &image(20, 255)), 200, "inference goes on");
}

/// A control group of a process, of either version; gone with the process.
struct Group {
    folders: Vec<PathBuf>,
    is_second: bool,
}

impl Group {
    fn of(process: u32) -> Option<Self> {
        let root = Path::new("/sys/fs/cgroup");
        let own = format!("striatum-test-{process}");
        let controllers = std::fs::read_to_string(root.join("cgroup.subtree_control"));
        let is_second = controllers.is_ok_and(|c| c.contains("cpu") && c.contains("memory"));
        let folders: Vec<PathBuf> = match is_second {
            true => vec![root.join(own)],
            false => ["cpu", "memory"].map(|c| root.join(c).join(&own)).into(),
        };
        for folder in &folders {
            std::fs::create_dir(folder).ok()?;
        }
        let group = Self { folders, is_second };
        let joins = |folder: &PathBuf| {
            std::fs::write(folder.join("cgroup.procs"), process.to_string()).is_ok()
        };
        group.folders.iter().all(joins).then_some(group)
    }

    /// Allows so many hundredths of a processor, and gives them before others get theirs.
    fn limit_cpu(&self, hundredths: u32) {
        let quota = 1000 * hundredths;
        let (file, text) = match self.is_second {
            true => ("cpu.max", format!("{quota} 100000")),
            false => ("cpu.cfs_quota_us", quota.to_string()),
        };
        std::fs::write(self.folders[0].join(file), text).unwrap();
        let (file, most) =
            if self.is_second { ("cpu.weight", "10000") } else { ("cpu.shares", "262144") };
        std::fs::write(self.folders[0].join(file), most).unwrap();
    }

    fn limit_memory(&self, bytes: u64) {
        let file = if self.is_second { "memory.max" } else { "memory.limit_in_bytes" };
        let last = self.folders.last().unwrap();
        std::fs::write(last.join(file), bytes.to_string()).unwrap();
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // Empty once the kernel has done with the process.
        for folder in &self.folders {
            for _ in 0..100 {
                if std::fs::remove_dir(folder).is_ok() {
                    break;
                }
                std::thread::sleep(Duration::from_millis(20));
            }
        }
    }
}

#[test]
fn limits_that_are_tight() {
    let models = own_models();
    let server = Watched::start("[connections]\nmax = 100\n", models.path());
    let id = server.server.child.id();
    server.is_silent(TIGHT);
    let call = |n: usize| (0..n).map(|_| TcpStream::connect(&server.server.address).unwrap());
    let open: Vec<TcpStream> = call(110).collect();
    std::thread::sleep(Duration::from_millis(200));
    drop(open);
    server.fires(&TIGHT[2..], || ());
    // As many as are closed, so that what is open is what stays so.
    server.wait("connections stay open", || server.value("striatum_connections") < 3.0);
    let now = std::fs::read_dir(format!("/proc/{id}/fd")).unwrap().count();
    let limit = format!("--nofile={}", now + 40);
    let set = Command::new("prlimit").args(["--pid", &id.to_string(), &limit]).status();
    assert!(set.unwrap().success());
    let open: Vec<TcpStream> = call((now + 40) * 4 / 5 - now + 4).collect();
    server.fires(&TIGHT[1..2], || ());
    drop(open);
    let Some(group) = Group::of(id) else { return skip("no control group can be made") };
    group.limit_memory((server.value("process_resident_memory_bytes") * 1.05) as u64);
    server.fires(&TIGHT[..1], || ());
    // It is to be gone before its group.
    drop(server);
}

#[test]
fn a_processor_that_is_scarce() {
    let models = own_models();
    let server = Watched::start("", models.path());
    server.is_silent(BUSY);
    let cores = std::thread::available_parallelism().unwrap().get() as u32;
    let Some(group) = Group::of(server.server.child.id()) else {
        return skip("no control group can be made");
    };
    // The rate is over five minutes, most of which were before the start.
    group.limit_cpu(100 * cores);
    let limit_seconds = 300.0 * 0.05;
    let busy = || _ = server.infer("digits", &image(784, 255));
    let used = || server.value("process_cpu_seconds_total");
    beside(4, busy, || server.wait("it is not busy", || used() > 0.9 * limit_seconds));
    group.limit_cpu(5);
    server.fires(BUSY, || ());
    drop(server);
}

/// A line of `nvidia-smi` for our query.
fn told(celsius: u32, uncorrected: u32) -> String {
    format!(
        "0, GPU-aaaaaaaa-0000-0000-0000-000000000000, NVIDIA A100-SXM4-80GB, 100, 55, 40536, \
         81920, {celsius}, 398.21, 1410, [N/A], 2, {uncorrected}, 0x0000000000000000\n"
    )
}

/// The fault of a GPU cannot be had for the asking: what is real here is the program that is run,
/// what it prints, and all that follows.
#[test]
fn a_gpu_that_is_hot() {
    let (models, folder) = (own_models(), folder());
    let (program, says) = (folder.path().join("nvidia-smi"), folder.path().join("says"));
    std::fs::write(&says, told(60, 0)).unwrap();
    std::fs::write(&program, format!("#!/bin/sh\nexec cat '{}'\n", name(&says))).unwrap();
    std::fs::set_permissions(&program, PermissionsExt::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", name(folder.path()), std::env::var("PATH").unwrap());
    let server = Watched::with("", models.path(), &[], &[("PATH", &path)]);
    server.is_silent(HOT);
    if server.value("striatum_gpu_temperature_celsius") != 60.0 {
        return skip("this machine has a GPU, which is asked first");
    }
    // In one piece, as it is read at any time.
    std::fs::write(folder.path().join("next"), told(91, 1)).unwrap();
    std::fs::rename(folder.path().join("next"), &says).unwrap();
    server.fires(HOT, || ());
}
