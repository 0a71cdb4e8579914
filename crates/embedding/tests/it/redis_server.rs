//! A real Redis for the tests of several crates, started on a free port and stopped by its process
//! id.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A running Redis; it keeps nothing on disk.
pub(crate) struct Redis {
    child: Child,
    port: u16,
}

fn skip(reason: &str) {
    assert!(std::env::var_os("STRIATUM_NO_SKIP").is_none(), "SKIPPED: {reason}");
    eprintln!("SKIPPED: {reason}");
}

impl Redis {
    pub(crate) fn start() -> Option<Self> {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let Some(child) = spawn(port) else {
            skip("Redis is not installed: apt-get install redis-server, or set STRIATUM_REDIS");
            return None;
        };
        let redis = Self { child, port };
        redis.wait();
        Some(redis)
    }

    fn wait(&self) {
        for _ in 0..600 {
            if std::net::TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("Redis does not answer on port {}", self.port);
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/0", self.port)
    }

    /// Ends it as a crash would.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(crate) fn start_again(&mut self) {
        self.child = spawn(self.port).unwrap();
        self.wait();
    }
}

fn spawn(port: u16) -> Option<Child> {
    let program = std::env::var_os("STRIATUM_REDIS").unwrap_or_else(|| "redis-server".into());
    let mut command = Command::new(program);
    command
        .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", ""])
        .args(["--appendonly", "no", "--dir", "/tmp"])
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.spawn().ok()
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
