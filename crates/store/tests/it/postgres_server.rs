//! A real PostgreSQL for the tests of several crates, started on a free port and stopped by its
//! process id.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

/// A running PostgreSQL.
pub(crate) struct Server {
    folder: TempDir,
    programs: PathBuf,
    child: Child,
    port: u16,
}

fn skip(reason: &str) {
    assert!(std::env::var_os("STRIATUM_NO_SKIP").is_none(), "SKIPPED: {reason}");
    eprintln!("SKIPPED: {reason}");
}

/// The newest PostgreSQL of the machine.
fn programs() -> Option<PathBuf> {
    if let Some(path) = std::env::var_os("STRIATUM_POSTGRES_BIN") {
        return Some(path.into());
    }
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?.flatten();
    let bins = versions.map(|version| version.path().join("bin"));
    bins.filter(|bin| bin.join("initdb").exists()).max()
}

/// A command of PostgreSQL, which does not run as root.
fn command(program: &Path) -> Command {
    // SAFETY: asks for a number.
    if unsafe { libc::geteuid() } != 0 {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "--"]).arg(program);
    command
}

impl Server {
    pub(crate) fn start() -> Option<Self> {
        let Some(programs) = programs() else {
            skip("PostgreSQL is not installed: apt-get install postgresql");
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        std::fs::create_dir(&data).unwrap();
        let owned = Command::new("chown").args(["-R", "postgres"]).arg(folder.path()).status();
        drop(owned);
        let init = command(&programs.join("initdb"))
            .args(["--username=test", "--auth=trust", "--encoding=UTF8", "--no-sync", "-D"])
            .arg(&data)
            .output()
            .unwrap();
        assert!(init.status.success(), "{}", String::from_utf8_lossy(&init.stderr));
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let child = Self::spawn(&programs, &folder, port);
        let server = Self { folder, programs, child, port };
        server.wait();
        Some(server)
    }

    fn spawn(programs: &Path, folder: &TempDir, port: u16) -> Child {
        command(&programs.join("postgres"))
            .args(["-h", "127.0.0.1", "-p", &port.to_string(), "-k"])
            .arg(folder.path())
            .arg("-D")
            .arg(folder.path().join("data"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    }

    fn wait(&self) {
        for _ in 0..600 {
            let ready = Command::new(self.programs.join("pg_isready"))
                .args(["-h", "127.0.0.1", "-p", &self.port.to_string()])
                .stdout(Stdio::null())
                .status()
                .unwrap();
            if ready.success() {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("PostgreSQL does not answer on port {}", self.port);
    }

    pub(crate) fn url(&self) -> String {
        format!("postgresql://test@127.0.0.1:{}/postgres", self.port)
    }

    /// Ends it as a crash would.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(crate) fn start_again(&mut self) {
        // The children of the killed server may hold the shared memory a moment longer.
        for _ in 0..100 {
            let _ = std::fs::remove_file(self.folder.path().join("data/postmaster.pid"));
            self.child = Self::spawn(&self.programs, &self.folder, self.port);
            std::thread::sleep(Duration::from_millis(300));
            if self.child.try_wait().unwrap().is_none() {
                return self.wait();
            }
        }
        panic!("PostgreSQL does not start again");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
