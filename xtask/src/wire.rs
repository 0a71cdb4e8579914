//! The gRPC code of `crates/api`, made from its `.proto` files without `protoc`.

use std::io::Write;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use prost::Message;

use crate::repo::Repo;

/// The two generated files.
pub(crate) struct Code {
    pub(crate) service: String,
    pub(crate) descriptor: String,
}

/// Makes the code.
pub(crate) fn code(repo: &Repo) -> Result<Code> {
    let folder = repo.root.join("crates/api/proto");
    let set = protox::compile([folder.join("inference.proto")], [&folder])
        .map_err(|e| anyhow::anyhow!("{e}"))?;
    let bytes = set.encode_to_vec();
    let out = tempfile::tempdir()?;
    tonic_prost_build::configure()
        .out_dir(out.path())
        .build_transport(true)
        .emit_rerun_if_changed(false)
        .compile_fds(set)?;
    let service = std::fs::read_to_string(out.path().join("inference.rs"))?;
    let head = "//! Made from `proto/inference.proto` by `cargo xtask generate`.\n\n";
    let list: Vec<String> = bytes.iter().map(|b| format!("{b}")).collect();
    let doc = "/// The descriptors of every message and service, for reflection.";
    let descriptor =
        format!("{head}{doc}\npub const DESCRIPTOR: &[u8] = &[{}];\n", list.join(", "));
    Ok(Code { service: format(&format!("{head}{service}"))?, descriptor: format(&descriptor)? })
}

/// The text as rustfmt has it.
fn format(text: &str) -> Result<String> {
    let mut child = Command::new("rustfmt")
        .args(["--edition", "2024", "--config-path"])
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("rustfmt")?;
    let mut input = child.stdin.take().context("rustfmt's input")?;
    let text = text.to_owned();
    let writing = std::thread::spawn(move || input.write_all(text.as_bytes()));
    let output = child.wait_with_output()?;
    ensure!(output.status.success(), "rustfmt refused the generated code");
    ensure!(writing.join().is_ok_and(|w| w.is_ok()), "rustfmt did not read the generated code");
    Ok(String::from_utf8(output.stdout)?)
}
