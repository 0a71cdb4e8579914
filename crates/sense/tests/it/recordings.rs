//! Recordings that frameworks made, beside the repository in `shared/nir`.
//!
//! The counts come from their `manifest.json`, which those frameworks' own scripts wrote.

use std::path::{Path, PathBuf};

use sense::{Recording, decode, write_npz};

/// The folder, or `None` after saying that it is not there.
fn folder() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/nir");
    if !folder.is_dir() {
        eprintln!("SKIPPED (data): no recordings in shared/nir beside the repository");
        return None;
    }
    Some(folder)
}

fn recordings(folder: &Path) -> Vec<(String, Recording)> {
    let files = folder.read_dir().unwrap().map(|entry| entry.unwrap().path());
    let npz = files.filter(|path| path.extension().is_some_and(|extension| extension == "npz"));
    let name = |path: &Path| path.file_stem().unwrap().to_string_lossy().into_owned();
    npz.map(|path| (name(&path), Recording::read(&path).unwrap())).collect()
}

fn sum(array: &sense::Array) -> f32 {
    array.data().iter().sum()
}

#[test]
fn every_recording_is_read() {
    let Some(folder) = folder() else { return };
    let cases = recordings(&folder);
    assert!(cases.len() >= 20, "{}", cases.len());
    for (name, recording) in &cases {
        assert_eq!(recording.n_steps(), Some(100), "{name}");
        assert!(recording.input.is_some() && !recording.nodes.is_empty(), "{name}");
        assert!(recording.nodes.values().all(|node| node.spikes.is_some()), "{name}");
    }
    let case = |wanted: &str| &cases.iter().find(|(name, _)| name == wanted).unwrap().1;

    let bindsnet = case("bindsnet_ff_lif");
    assert_eq!(sum(bindsnet.nodes["H"].spikes.as_ref().unwrap()), 805.0);
    assert_eq!(sum(bindsnet.nodes["O"].spikes.as_ref().unwrap()), 169.0);
    assert_eq!(bindsnet.other.keys().collect::<Vec<_>>(), ["w_HO", "w_IH"]);

    let lava = case("lava_ff_lif_float");
    assert_eq!(lava.nodes.keys().collect::<Vec<_>>(), ["0", "1"]);
    assert!(lava.other.contains_key("v_end_0"));

    let sinabs = &case("sinabs2_conv_nmnist_sumpool").nodes["3"];
    assert_eq!(sinabs.spikes.as_ref().unwrap().shape(), [100, 16, 16, 16]);
    assert_eq!(sinabs.potentials.as_ref().unwrap().indices.as_ref().unwrap().len(), 64);
}

#[test]
fn the_papers_recordings_are_read() {
    let Some(folder) = folder() else { return };
    let case = |name: &str| Recording::read(&folder.join(format!("paper/{name}.npz")));

    let digit = case("cnn_sinabs__nmnist_sample").unwrap();
    let output = digit.output.as_ref().unwrap();
    assert_eq!(output.shape(), [100, 10]);
    assert_eq!(digit.input.as_ref().unwrap().shape()[0], 100);
    let counts = decode::counts(output).unwrap();
    assert_eq!(counts[decode::class(output).unwrap()], *counts.iter().max().unwrap());

    let traces = case("lif_traces").unwrap();
    assert_eq!(traces.input, None);
    assert_eq!(traces.nodes["norse"].spikes.as_ref().unwrap().shape(), [1000, 3]);

    // One of its arrays is stored transposed: (38, 256) among (256, 38).
    let error = case("braille_hidden_activity").unwrap_err().to_string();
    assert!(error.contains("expected 38 steps first, found shape [256, 38]"), "{error}");
}

/// Damage anywhere in a real file is an error or harmless, never a panic.
#[test]
fn a_damaged_recording_is_an_error() {
    let Some(folder) = folder() else { return };
    let bytes = std::fs::read(folder.join("spikingjelly_probe_ge.npz")).unwrap();
    for position in (0..bytes.len()).step_by(3) {
        let mut damaged = bytes.clone();
        damaged[position] ^= 0x55;
        let _ = Recording::from_bytes(&damaged, "damaged");
        if position % 7 == 0 {
            assert!(Recording::from_bytes(&bytes[..position], "cut").is_err(), "{position}");
        }
    }
}

#[test]
fn what_was_read_can_be_written() {
    let Some(folder) = folder() else { return };
    let bytes = std::fs::read(folder.join("norse_conv_nmnist.npz")).unwrap();
    let arrays = sense::read_npz(&bytes, "norse").unwrap();
    assert_eq!(sense::read_npz(&write_npz(&arrays).unwrap(), "again").unwrap(), arrays);
}
