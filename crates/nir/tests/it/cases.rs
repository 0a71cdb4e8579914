//! Networks that frameworks exported, with what the frameworks themselves did with them: every
//! spike cell is the same, and the recording alone names the profile.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use nir::{
    Expected, Framework, Match, Profile, ProfileOptions, Recorded, ResetOption, find_profile,
};
use sense::Recording;
use spike::{Raster, Session};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

/// The networks of the NIR paper stay outside the repository.
fn paper() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/nir/paper");
    if !folder.is_dir() {
        eprintln!("SKIPPED (data): {} is absent", folder.display());
        return None;
    }
    Some(folder)
}

fn raster(array: &sense::Array) -> Raster {
    Raster::from_dense(array.data(), array.n_channels())
}

fn recorded(path: &Path) -> Recorded {
    let recording = Recording::read(path).unwrap();
    let mut nodes: Vec<Expected> = recording
        .nodes
        .into_iter()
        .map(|(node, did)| Expected {
            node,
            spikes: did.spikes.map(sense::Array::into_data),
            potentials: did.potentials.map(|p| {
                let indices = p.indices.map(|all| all.iter().map(|&i| i as u32).collect());
                (indices, p.values.into_data())
            }),
        })
        .collect();
    nodes.extend(recording.output.map(|output| Expected {
        node: "out".into(),
        spikes: Some(output.into_data()),
        potentials: None,
    }));
    Recorded { inputs: vec![raster(&recording.input.unwrap())], nodes }
}

/// Finds the profile from the recording alone; the best must be exact and of the framework.
fn check(network: &Path, recording: &Path, framework: Framework) -> Match {
    let graph = nir::read(network).unwrap().graph;
    let recorded = recorded(recording);
    assert!(!recorded.nodes.is_empty(), "{} records nothing", recording.display());
    let best = find_profile(&graph, &recorded, |_, _| {}).remove(0);
    assert!(best.is_exact(), "{}: {best:?}", recording.display());
    assert_eq!(best.options.name, Some(framework), "{}", recording.display());
    best
}

/// A case of `fixtures/nir`; without a file of its own, the network is described by hand.
fn check_case(case: &str, network: Option<&str>, framework: Framework) -> Match {
    let network = match network {
        Some(name) => fixtures().join("nir").join(name),
        None => fixtures().join("described").join(format!("{case}.nir")),
    };
    check(&network, &fixtures().join("nir").join(format!("{case}.npz")), framework)
}

fn options(framework: Framework) -> ProfileOptions {
    ProfileOptions { name: Some(framework), ..ProfileOptions::default() }
}

#[test]
fn snntorch() {
    let reset = |reset, delay| ProfileOptions {
        reset: Some(reset),
        reset_delay: Some(delay),
        ..options(Framework::SnnTorch)
    };
    for (case, network, expected) in [
        ("snntorch_conv_nmnist", "snntorch_conv_nmnist.nir", reset(ResetOption::Zero, false)),
        (
            "snntorch_ff784_sub_nodelay",
            "snntorch_ff784_sub_delay.nir",
            reset(ResetOption::Subtract, false),
        ),
        (
            "snntorch_ff784_zero_delay",
            "snntorch_ff784_sub_delay.nir",
            reset(ResetOption::Zero, true),
        ),
        (
            "snntorch_shd700_zero_nodelay",
            "snntorch_shd700_zero_nodelay.nir",
            reset(ResetOption::Zero, false),
        ),
        (
            "snntorch_srnn12_sub_delay",
            "snntorch_srnn12_zero_nodelay.nir",
            reset(ResetOption::Subtract, true),
        ),
        (
            "snntorch_srnn12_zero_nodelay",
            "snntorch_srnn12_zero_nodelay.nir",
            reset(ResetOption::Zero, false),
        ),
    ] {
        let best = check_case(case, Some(network), Framework::SnnTorch);
        assert_eq!(best.options, expected, "{case}");
    }
}

#[test]
fn norse() {
    for case in [
        "norse_conv_nmnist",
        "norse_ff784_iaf",
        "norse_ff784_lifbox_value",
        "norse_ff784_lifcell_cuba",
    ] {
        check_case(case, Some(&format!("{case}.nir")), Framework::Norse);
    }
}

#[test]
fn spikingjelly() {
    for case in [
        "spikingjelly_conv_nmnist",
        "spikingjelly_ff784_if",
        "spikingjelly_ff784_lif",
        "spikingjelly_probe_ge",
    ] {
        check_case(case, Some(&format!("{case}.nir")), Framework::SpikingJelly);
    }
}

#[test]
fn sinabs() {
    let case = "sinabs2_conv_nmnist_sumpool";
    let best = check_case(case, Some("sinabs2_conv_nmnist_sumpool.nir"), Framework::Sinabs);
    assert_eq!(best.options.lower_bound, Some(-1.0));
    let case = "sinabs3_ff784_iaf_multispike";
    let best = check_case(case, Some("sinabs3_ff784_iaf_multispike.nir"), Framework::Sinabs);
    assert_eq!(best.options, options(Framework::Sinabs));
}

#[test]
fn rockpool() {
    check_case("rockpool_ff784_lif", Some("rockpool_ff784_lif.nir"), Framework::Rockpool);
}

#[test]
fn frameworks_without_an_exporter() {
    check_case("brian2_ff_lif_exact", None, Framework::Brian2);
    check_case("brian2_rec_lif_delay", None, Framework::Brian2);
    check_case("lava_ff_lif_float", None, Framework::Lava);
    check_case("nengo_ff_lif_noref", None, Framework::Nengo);
    check_case("bindsnet_ff_lif", None, Framework::BindsNet);
}

#[test]
fn bindsnet_learns_while_it_runs() {
    let case = "bindsnet_stdp_postpre";
    let best = check_case(case, None, Framework::BindsNet);
    assert_eq!(best.options.refractory_steps, Some(2));
    assert_eq!(best.options.learning.map(|l| l.nu), Some([1e-3, 1e-2]));

    // The weights after the last step, against BindsNET's own; it states 1.4e-7 as its agreement.
    let graph = nir::read(&fixtures().join(format!("described/{case}.nir"))).unwrap().graph;
    let recording = Recording::read(&fixtures().join(format!("nir/{case}.npz"))).unwrap();
    let profile = Profile::with(&best.options);
    let (network, _) = graph.compile(&profile).unwrap();
    let source = network.population(&network.inputs()[0].name).unwrap();
    let target = network.population("H").unwrap();
    let mut session = Session::new(Arc::new(network));
    session.run(&[raster(&recording.input.unwrap())]).unwrap();
    let ours = session.weights(source, target, 0).unwrap();
    let theirs = recording.other["w_after_IH"].data();
    let largest = ours.iter().zip(theirs).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert_eq!(ours.len(), theirs.len());
    assert!(largest < 1e-6, "weights differ by up to {largest}");

    // They go back into a graph, which is written, read and compiled with these very weights.
    let learned = graph.with_learned(&profile, |s, t| session.weights(s, t, 0)).unwrap();
    let bytes = nir::to_bytes(&learned, nir::WriteVersion::V1_0_8).unwrap();
    let again = nir::from_bytes(&bytes).unwrap().graph;
    let (network, _) = again.compile(&profile).unwrap();
    let session = Session::new(Arc::new(network));
    assert_eq!(session.weights(source, target, 0).unwrap(), ours);
    // What does not learn has nothing to keep.
    let nothing = graph.with_learned(&Profile::of(Framework::BindsNet), |_, _| None).unwrap_err();
    assert!(nothing.to_string().contains("no projection learns"), "{nothing}");
}

#[test]
fn networks_of_the_nir_paper() {
    let Some(paper) = paper() else { return };
    for (network, recording, framework) in [
        ("cnn_sinabs", "cnn_sinabs__random", Framework::Sinabs),
        ("cnn_sinabs", "cnn_sinabs__nmnist_sample", Framework::Sinabs),
        // Norse's importer runs the equations as they stand.
        ("braille_noDelay_bias_zero", "braille_noDelay_bias_zero__norse", Framework::Plain),
        (
            "braille_noDelay_noBias_subtract",
            "braille_noDelay_noBias_subtract__norse",
            Framework::Plain,
        ),
        (
            "braille_noDelay_bias_zero_subgraph",
            "braille_noDelay_bias_zero__norse",
            Framework::Plain,
        ),
        (
            "braille_noDelay_noBias_subtract_subgraph",
            "braille_noDelay_noBias_subtract__norse",
            Framework::Plain,
        ),
    ] {
        let network = paper.join(format!("{network}.nir"));
        check(&network, &paper.join(format!("{recording}.npz")), framework);
    }
}

#[test]
fn digits_give_the_counts_of_snntorch() {
    use sense::Encoder;
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models/digits");
    let graph = nir::read(&models.join("1/model.nir")).unwrap().graph;
    let options = ProfileOptions {
        reset: Some(ResetOption::Zero),
        reset_delay: Some(false),
        ..options(Framework::SnnTorch)
    };
    let network = Arc::new(graph.compile(&Profile::with(&options)).unwrap().0);
    let images = sense::read_npz(&std::fs::read(models.join("heldout.npz")).unwrap(), "heldout");
    let counts = fixtures().join("digits/snntorch_counts.npz");
    let counts = sense::read_npz(&std::fs::read(counts).unwrap(), "counts").unwrap();
    let images = &images.unwrap()["images"];
    let expected = &counts["counts"];
    let pixels: usize = images.shape()[1..].iter().product();
    let mut session = Session::new(network);
    for (k, image) in images.data().chunks_exact(pixels).enumerate() {
        let values: Vec<f32> = image.iter().map(|p| p / 255.0).collect();
        let input = sense::Rate.encode(&values, 32).unwrap();
        session.reset();
        let run = session.run(&[raster(&input)]).unwrap();
        assert_eq!(run.outputs[0].sums(), expected.data()[k * 10..][..10], "image {k}");
    }
}

#[test]
fn more_networks_of_the_same_frameworks() {
    // What these cases depend on is in no file and cannot be read off a recording: parameters that
    // an exporter drops, rules that no profile has, refractory times that differ by layer.
    let beyond = [
        "brian2_lif_recurrent_delay_0",
        "brian2_lif_recurrent_delay_1",
        "lava_lif_bias",
        "nengo_lif_refractory_fraction",
        "rockpool_cuba_bias",
        "rockpool_cuba_recurrent",
        "sinabs_iaf_max_spike",
        "sinabs_iaf_membrane_reset_value",
        "sinabs_lif_tau_syn",
        "snntorch_leaky_beta_one",
    ];
    let folder = fixtures().join("more");
    let text = std::fs::read_to_string(folder.join("manifest.json")).unwrap();
    let manifest: serde_json::Value = serde_json::from_str(&text).unwrap();
    let cases = manifest["cases"].as_array().unwrap();
    let mut exact = 0;
    for case in cases {
        let name = case["case"].as_str().unwrap();
        if beyond.contains(&name) {
            continue;
        }
        let file = |key: &str| folder.join(case[key].as_str().unwrap());
        let framework = case["framework"].as_str().unwrap().to_lowercase().parse().unwrap();
        check(&file("file"), &file("npz"), framework);
        exact += 1;
    }
    assert_eq!((exact, cases.len()), (79, 89));
}
