//! Bad files get one clear report and exit status 2; nothing panics and nothing is written.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use crate::{fixture, root, striatum, text};

fn check(arguments: &[&str], expected: &str) {
    let output = striatum(arguments);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
    assert!(said.contains(expected), "{arguments:?}: {said}");
    assert!(!said.contains("panicked"), "{arguments:?}: {said}");
    assert!(output.stdout.is_empty(), "{arguments:?}");
}

#[test]
fn files_that_are_no_network() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let whole = std::fs::read(root().join(fixture("nir/norse_ff784_iaf.nir"))).unwrap();
    std::fs::write(path("empty.nir"), b"").unwrap();
    std::fs::write(path("text.nir"), b"hello, this is no network").unwrap();
    std::fs::write(path("half.nir"), &whole[..whole.len() / 2]).unwrap();
    for command in ["inspect", "bench"] {
        let on = |file: &str| -> Vec<String> {
            match command {
                "bench" => ["bench", "inference", "--network", file].map(String::from).to_vec(),
                _ => [command, file].map(String::from).to_vec(),
            }
        };
        for (name, expected) in [
            ("missing.nir", "missing.nir"),
            ("empty.nir", "empty"),
            ("text.nir", "HDF5"),
            ("half.nir", "half.nir"),
        ] {
            let arguments = on(&path(name));
            check(&arguments.iter().map(String::as_str).collect::<Vec<_>>(), expected);
        }
    }
    check(&["inspect", folder.path().to_str().unwrap()], "found a directory");
}

#[test]
fn data_that_does_not_fit() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let file = fixture("nir/norse_ff784_iaf.nir");
    let narrow = sense::Array::new(vec![5, 3], vec![0.0; 15]).unwrap();
    std::fs::write(path("narrow.npy"), sense::write_npy(&narrow)).unwrap();
    std::fs::write(path("bad.csv"), "step,index\n0,9999\n").unwrap();
    std::fs::write(path("zip.npz"), b"PK\x03\x04broken").unwrap();
    check(&["run", &file, "--input", &path("narrow.npy")], "expected (steps, 784 in all)");
    check(&["run", &file, "--input", &path("bad.csv")], "bad.csv");
    check(&["run", &file, "--input", &path("zip.npz")], "zip.npz");
    check(&["run", &file, "--input", folder.path().to_str().unwrap()], "a folder");
    let recording = fixture("nir/norse_ff784_iaf.npz");
    let run = ["run", &file, "--input", &recording];
    check(&[&run[..], &["--record", "nobody"]].concat(), "node nobody");
    let odd = path("out.txt");
    check(&[&run[..], &["--out", &odd]].concat(), "expected a name that ends in .npz");
    assert!(!std::path::Path::new(&odd).exists());
    check(&[&run[..], &["--profile", "spyx"]].concat(), "expected one of snntorch");
    check(&["inspect", &file, "--picture", &path("graph.png")], "pictures are SVG");
}

#[test]
fn settings_that_are_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let nowhere = folder.path().join("nowhere");
    let state = folder.path().join("state");
    let serve = ["serve", "--listen", "127.0.0.1:0", "--state", state.to_str().unwrap()];
    let models = ["--models", nowhere.to_str().unwrap()];
    check(&[&serve[..], &models].concat(), "expected a folder (--models)");
}

#[test]
fn a_server_in_an_empty_folder_serves_what_needs_no_model() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Command::new(env!("CARGO_BIN_EXE_striatum"))
        .args(["serve", "--listen", "127.0.0.1:0"])
        .current_dir(&folder)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(server.stderr.take().unwrap()).lines();
    let told = lines.map_while(Result::ok).find(|line| line.contains("listening on"));
    let backup = ["backup", "create", "--to", "backups"];
    let mut striatum = Command::new(env!("CARGO_BIN_EXE_striatum"));
    let backup = striatum.args(backup).current_dir(&folder).output().unwrap();
    server.kill().unwrap();
    server.wait().unwrap();
    assert!(told.unwrap().ends_with("with no models"));
    assert!(backup.status.success(), "{}", text(&backup.stderr));
}
