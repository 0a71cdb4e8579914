//! `inspect --match` and `run --check` on what frameworks recorded.

use serde_json::json;

use crate::{fixture, json, striatum, text};

#[test]
fn a_recording_names_its_profile() {
    let file = fixture("nir/snntorch_ff784_sub_delay.nir");
    let recording = fixture("nir/snntorch_ff784_sub_nodelay.npz");
    let found = json(&["inspect", &file, "--match", &format!("{recording},{recording}")], 0);
    assert_eq!(found["exact"], true);
    assert_eq!(
        found["found"]["profile"],
        json!({ "name": "snntorch", "reset": "subtract", "reset_delay": false })
    );
}

#[test]
fn a_recording_of_another_network_names_none() {
    let file = fixture("nir/spikingjelly_ff784_if.nir");
    let recording = fixture("nir/norse_ff784_lifcell_cuba.npz");
    let found = json(&["inspect", &file, "--match", &format!("{recording},{recording}")], 1);
    assert_eq!(found["exact"], false);
    assert!(found["candidates"].as_array().unwrap().len() > 1);
}

#[test]
fn a_plain_pair_of_arrays_is_enough() {
    let folder = tempfile::tempdir().unwrap();
    let (input, output) = (folder.path().join("in.npy"), folder.path().join("out.npy"));
    let recording =
        sense::Recording::read(&crate::root().join(fixture("nir/sinabs2_conv_nmnist_sumpool.npz")))
            .unwrap();
    std::fs::write(&input, sense::write_npy(&recording.input.unwrap())).unwrap();
    let spikes = recording.nodes["12"].spikes.clone().unwrap();
    std::fs::write(&output, sense::write_npy(&spikes)).unwrap();
    let file = fixture("nir/sinabs2_conv_nmnist_sumpool.nir");
    let pair = format!("{},{}", input.display(), output.display());
    let found = json(&["inspect", &file, "--match", &pair], 0);
    assert_eq!(found["found"]["profile"]["name"], "sinabs");
    assert_eq!(found["found"]["profile"]["lower_bound"], -1.0);
}

#[test]
fn a_run_is_checked_against_its_recording() {
    let file = fixture("nir/snntorch_shd700_zero_nodelay.nir");
    let recording = fixture("nir/snntorch_shd700_zero_nodelay.npz");
    let run = ["run", &file, "--input", &recording, "--check", "--profile", "snntorch"];
    let right = [&run[..], &["--reset", "zero", "--reset-delay", "false"]].concat();
    let done = json(&right, 0);
    let checked = done["checked"].as_array().unwrap();
    assert_eq!(checked.len(), 2);
    assert!(checked.iter().all(|c| c["mismatching_cells"] == 0), "{checked:?}");
    assert_eq!(done["steps"], 100);
    assert_eq!(done["spikes"], 2761 + 100);

    // The framework's default resets otherwise, and the check says so.
    let done = json(&run, 1);
    let checked = done["checked"].as_array().unwrap();
    assert!(checked.iter().any(|c| c["mismatching_cells"] != 0));
}

#[test]
fn what_a_run_writes_reads_back() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out.npz");
    let file = fixture("nir/rockpool_ff784_lif.nir");
    let recording = fixture("nir/rockpool_ff784_lif.npz");
    let (rates, raster) = (folder.path().join("rates.csv"), folder.path().join("raster.svg"));
    let arguments = [
        "run",
        &file,
        "--input",
        &recording,
        "--record",
        "1",
        "--potentials",
        "3",
        "--out",
        out.to_str().unwrap(),
        "--rates",
        rates.to_str().unwrap(),
        "--raster",
        raster.to_str().unwrap(),
    ];
    let output = striatum(&arguments);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("profile: rockpool (guessed: node 0_LinearTorch"));
    let written = sense::read_npz(&std::fs::read(&out).unwrap(), "out").unwrap();
    let case = sense::Recording::read(&crate::root().join(&recording)).unwrap();
    assert_eq!(written["1"].data(), case.nodes["1"].spikes.as_ref().unwrap().data());
    assert_eq!(written["output"].data(), case.nodes["3"].spikes.as_ref().unwrap().data());
    let theirs = case.nodes["3"].potentials.as_ref().unwrap().values.data();
    let close = |(a, b): (&f32, &f32)| (a - b).abs() < 1e-5;
    assert!(written["v_3"].data().iter().zip(theirs).all(close));
    assert_eq!(std::fs::read_to_string(&rates).unwrap().lines().count(), 11);
    assert!(std::fs::read_to_string(&raster).unwrap().starts_with("<svg"));
}

#[test]
fn a_batch_gives_the_same_on_any_number_of_threads() {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("in.npy");
    let case = crate::root().join(fixture("nir/snntorch_srnn12_zero_nodelay.npz"));
    let one = sense::Recording::read(&case).unwrap().input.unwrap();
    let three = [one.data(), one.data(), one.data()].concat();
    let array = sense::Array::new(vec![3, 100, 12], three).unwrap();
    std::fs::write(&input, sense::write_npy(&array)).unwrap();
    let file = fixture("nir/snntorch_srnn12_zero_nodelay.nir");
    let run = |threads: &str| {
        let input = input.to_str().unwrap();
        let done = json(&["run", &file, "--input", input, "--batch", "--threads", threads], 0);
        (done["outputs"].clone(), done["spikes"].clone(), done["sequences"].clone())
    };
    assert_eq!(run("1"), run("3"));
    assert_eq!(run("2").2, 3);
}
