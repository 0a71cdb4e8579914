//! What the machine uses is what the system's own programs and files say.

use std::path::Path;
use std::time::Duration;

use resources::{Core, Error, Machine};

use crate::work::burn_for;

#[test]
fn it_is_what_the_system_says() {
    let machine = Machine::read(&[Path::new("/"), Path::new("/none")]).unwrap();
    let n_cores = std::fs::read_to_string("/proc/cpuinfo").unwrap().matches("processor\t").count();
    assert_eq!(machine.cores.len(), n_cores);
    let meminfo = std::fs::read_to_string("/proc/meminfo").unwrap();
    let total: u64 =
        meminfo.lines().next().unwrap().split_whitespace().nth(1).unwrap().parse().unwrap();
    assert_eq!(machine.memory_total_bytes, total * 1024);
    assert!((1..machine.memory_total_bytes).contains(&machine.memory_available_bytes));
    assert!(machine.swap_free_bytes <= machine.swap_total_bytes);
    assert!(machine.uptime_seconds > 0.0 && machine.load_averages.iter().all(|load| *load >= 0.0));
    let psi = Path::new("/proc/pressure/cpu").exists();
    assert_eq!(machine.pressures.cpu.is_some(), psi);
    for temperature in &machine.temperatures {
        assert!((-100.0..200.0).contains(&temperature.celsius), "{temperature:?}");
    }
}

#[test]
fn disks() {
    let machine = Machine::read(&[Path::new("/"), Path::new("/none")]).unwrap();
    assert!(
        matches!(&machine.disks[1].space, Err(Error::Unreadable { what, .. }) if what == "/none")
    );
    let space = machine.disks[0].space.clone().unwrap();
    assert!(space.free_bytes <= space.total_bytes);
    if crate::has("df", "--version") {
        let df =
            std::process::Command::new("df").args(["-B1", "--output=size", "/"]).output().unwrap();
        let text = String::from_utf8(df.stdout).unwrap();
        assert_eq!(space.total_bytes, text.lines().nth(1).unwrap().trim().parse::<u64>().unwrap());
    }
}

#[test]
fn cores_that_work() {
    let busy = |core: &Core| {
        core.user_seconds + core.nice_seconds + core.system_seconds + core.softirq_seconds
    };
    let all = |machine: &Machine| machine.cores.iter().map(busy).sum::<f64>();
    let before = Machine::read(&[]).unwrap();
    burn_for(Duration::from_millis(300));
    let after = Machine::read(&[]).unwrap();
    assert!(all(&after) > all(&before));
}
