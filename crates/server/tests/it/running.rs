//! Real programs for the tests of several crates, started on a free port and stopped by their
//! process id.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A process that is stopped when its owner is dropped.
pub(crate) struct Process(pub(crate) Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A Prometheus with rules that scrapes an address every second and writes into a folder, and where
/// it is.
pub(crate) fn prometheus(
    program: &str,
    rules: &str,
    scraped: &str,
    folder: &Path,
) -> (Process, String) {
    let file = folder.join("rules.yml");
    std::fs::write(&file, rules).unwrap();
    let text = format!(
        "global: {{ scrape_interval: 1s, evaluation_interval: 1s }}\nrule_files: [{file:?}]\n\
         scrape_configs:\n  - job_name: striatum\n    static_configs:\n      \
         - targets: [{scraped:?}]\n"
    );
    let config = folder.join("prometheus.yml");
    std::fs::write(&config, text).unwrap();
    let address = format!("127.0.0.1:{}", free_port());
    let child = Command::new(program)
        .arg(format!("--config.file={}", config.display()))
        .arg(format!("--storage.tsdb.path={}", folder.join("data").display()))
        .arg(format!("--web.listen-address={address}"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    (Process(child), address)
}
