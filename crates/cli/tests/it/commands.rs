//! Each command on good input.

use serde_json::json;

use crate::operate::{Serving, demo_models};
use crate::{fixture, json, striatum, text};

#[test]
fn inspect_shows_graph_conventions_and_cost() {
    let folder = tempfile::tempdir().unwrap();
    let picture = folder.path().join("graph.svg");
    let file = fixture("nir/snntorch_shd700_zero_nodelay.nir");
    let shown = json(&["inspect", &file, "--picture", picture.to_str().unwrap()], 0);
    assert_eq!(shown["nir_version"], "1.0.8");
    assert_eq!(shown["nodes"].as_array().unwrap().len(), 7);
    assert_eq!(shown["profile"]["framework"], "snntorch");
    assert_eq!(shown["profile"]["unknown"], json!(["reset mechanism", "reset delay"]));
    let synapses = 700 * 256 + 256 * 256 + 256 * 20;
    assert_eq!(shown["cost"]["synapses"], synapses);
    assert_eq!(shown["cost"]["neurons"], 276);
    let svg = std::fs::read_to_string(&picture).unwrap();
    assert!(svg.contains("1.w_rec") && svg.contains("stroke-dasharray"), "the loop is drawn");
}

#[test]
fn convert_keeps_the_dynamics() {
    let folder = tempfile::tempdir().unwrap();
    let recording = fixture("nir/norse_ff784_lifbox_value.npz");
    let to = folder.path().join("plain.nir");
    let to = to.to_str().unwrap();
    let file = fixture("nir/norse_ff784_lifbox_value.nir");
    json(&["convert", &file, to, "--to-profile", "plain"], 0);
    let found = json(&["run", to, "--input", &recording, "--check", "--profile", "plain"], 0);
    assert_eq!(found["checked"][0]["mismatching_cells"], 0);
    assert_eq!(found["checked"][1]["mismatching_cells"], 0);

    // What exists is kept unless told otherwise.
    let again = striatum(&["convert", &file, to]);
    assert_eq!(again.status.code(), Some(2));
    assert!(text(&again.stderr).contains("exists, expected --force"));

    let refused = striatum(&["convert", &file, "--force", to, "--to-profile", "sinabs"]);
    assert_eq!(refused.status.code(), Some(2));
    let said = text(&refused.stderr);
    assert!(said.contains("no file can make sinabs do the same"), "{said}");
    assert!(said.contains("reset: the network has Value, sinabs has Subtract"), "{said}");
}

#[test]
fn convert_makes_a_trained_network_spiking() {
    let folder = tempfile::tempdir().unwrap();
    let (data, out) = (folder.path().join("samples.npz"), folder.path().join("models/mlp"));
    let (data, out) = (data.to_str().unwrap(), out.to_str().unwrap());
    let image = |k: usize| (0..784).map(move |p| ((p * 7 + k * 13) % 256) as f32);
    let arrays = [
        ("x", sense::Array::new(vec![24, 784], (0..24).flat_map(image).collect()).unwrap()),
        ("y", sense::Array::new(vec![24], (0..24).map(|k| (k % 10) as f32).collect()).unwrap()),
    ];
    let arrays = arrays.into_iter().map(|(name, array)| (name.to_owned(), array)).collect();
    std::fs::write(data, sense::write_npz(&arrays).unwrap()).unwrap();
    let onnx = concat!(env!("CARGO_MANIFEST_DIR"), "/../convert/tests/data/mlp.onnx");
    let made = json(&["convert", onnx, "--data", data, "--steps", "16", "--out", out], 0);
    assert!(made.to_string().contains("lambda"), "{made}");
    // What was written is a model that inspects and serves like any other.
    let seen = json(&["inspect", &format!("{out}/1")], 0);
    assert_eq!(seen["profile"]["options"]["name"], "spikingjelly");
    let refused = striatum(&["convert", onnx, "--out", out]);
    assert!(!refused.status.success());
}

#[test]
fn convert_writes_every_version() {
    let folder = tempfile::tempdir().unwrap();
    let file = fixture("nir/sinabs2_conv_nmnist_sumpool.nir");
    let recording = fixture("nir/sinabs2_conv_nmnist_sumpool.npz");
    for version in ["0.2.0", "1.0.4", "1.0.8"] {
        let to = folder.path().join(format!("{version}.nir"));
        let to = to.to_str().unwrap();
        json(&["convert", &file, to, "--nir-version", version], 0);
        assert_eq!(json(&["inspect", to], 0)["nir_version"], version);
        let check = ["run", to, "--input", &recording, "--check", "--lower-bound", "-1"];
        json(&check, 0);
    }
}

#[test]
fn bench_measures_work_and_the_machine() {
    let file = "benches/networks/shd.nir";
    let measured = json(&["bench", "inference", "--network", file, "--seconds", "0.05"], 0);
    for key in ["cpu_ms_per_inference", "synaptic_operations_per_second", "rss_mb"] {
        assert!(measured[key].as_f64().unwrap() > 0.0, "{key}");
    }
    assert!(measured["share_of_limit"]["bytes"].as_f64().unwrap() > 0.0);
}

/// Memory that a server of the demo may hold, beside the pages of its program (16,000 kB measured).
const MAX_OWN_KB: u64 = 24_000;

#[test]
fn serve_answers_the_demo_and_stops_when_told() {
    let state = tempfile::tempdir().unwrap();
    let mut server = Serving::start(state.path(), &demo_models());
    assert!(server.said.contains("with digits 1"), "{}", server.said);
    let url = format!("http://{}", server.address);
    let done = json(&["demo", "--url", &url, "--concurrency", "4"], 0);
    // The accuracy that snnTorch itself has on these images: models/digits/README.md.
    assert_eq!((done["images"].as_u64(), done["right"].as_u64()), (Some(1000), Some(976)));

    let status = std::fs::read_to_string(format!("/proc/{}/status", server.child.id())).unwrap();
    let own = status.lines().find_map(|l| l.strip_prefix("RssAnon:")).unwrap();
    let own: u64 = own.trim().trim_end_matches(" kB").parse().unwrap();
    // The pages of the program itself are the kernel's to drop, and hang on how it was built.
    assert!(own < MAX_OWN_KB, "{own} kB of its own resident after the load");

    // SAFETY: the process is this test's own child and has not been waited for.
    unsafe { libc::kill(server.child.id() as i32, libc::SIGTERM) };
    assert!(server.child.wait().unwrap().success());
}

#[test]
fn demo_without_a_server_says_how_to_start_one() {
    let output = striatum(&["demo", "--url", "http://127.0.0.1:9"]);
    assert_eq!(output.status.code(), Some(2));
    let said = text(&output.stderr);
    assert!(said.contains("`striatum serve`") && said.contains("demo --start"), "{said}");
}

#[test]
fn config_check_names_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("striatum.toml");
    let check = |content: &str| {
        std::fs::write(&file, content).unwrap();
        let output = striatum(&["config", "check", file.to_str().unwrap()]);
        (output.status.code(), text(&output.stderr))
    };
    assert_eq!(check("max_batch = 3\n").0, Some(0));
    let (status, said) = check("max_batch = 3\nmax_bach = 4\n");
    assert_eq!(status, Some(2));
    assert!(said.contains("line 2") && said.contains("max_bach"), "{said}");
    let (status, said) = check("max_batch = 0\n");
    assert_eq!(status, Some(2));
    assert!(said.contains("max_batch: expected 1 to 65536, found 0"), "{said}");
}

#[test]
fn simulate_writes_what_analyse_reads() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let out = out.to_str().unwrap();
    let flags = ["--duration", "300 ms", "--warm-up", "100 ms", "--seed", "4", "--out", out];
    let ran = json(&[&["simulate", "cuba"], &flags[..]].concat(), 0);
    assert_eq!(ran["neurons"], 4000);
    assert_eq!(ran["populations"][0]["name"], "E");
    for name in ["raster.svg", "raster.png", "rates.svg", "rates.png", "report.json"] {
        assert!(folder.path().join("out").join(name).is_file(), "{name}");
    }
    let spikes = folder.path().join("out/spikes.npz");
    let spikes = spikes.to_str().unwrap();
    let told = json(&["analyse", spikes, "--against", spikes, "--spectrum"], 0);
    for k in 0..2 {
        let (part, simulated) = (&told["populations"][k], &ran["populations"][k]);
        assert_eq!(part["spikes"], simulated["spikes"]);
        assert!(part["spikes"].as_u64().unwrap() > 0);
        let (a, b) = (part["rate_hz"].as_f64().unwrap(), simulated["rate_hz"].as_f64().unwrap());
        assert!((a - b).abs() < 1e-9 * b);
        assert!(part["against"]["van_rossum"].as_f64().unwrap() < 1e-6);
        assert_eq!(part["against"]["victor_purpura"], 0.0);
    }
    // The same again, on another number of threads.
    let again = json(&[&["simulate", "cuba", "--threads", "2"], &flags[..]].concat(), 0);
    assert_eq!(again["populations"], ran["populations"]);
}

#[test]
fn train_leaves_a_model_that_runs_and_goes_on_where_it_stopped() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/train/digits.toml");
    let folder = tempfile::tempdir().unwrap();
    let (whole, parts) = (folder.path().join("whole"), folder.path().join("parts"));
    let train = |out: &std::path::Path, epochs: &str, more: &[&str]| {
        let flags = ["train", file, "--out", out.to_str().unwrap(), "--epochs", epochs];
        json(&[&flags[..], more].concat(), 0)
    };
    let told = train(&whole, "6", &["--threads", "1"]);
    assert!(told["report"]["test"]["accuracy"].as_f64().unwrap() > 0.8);
    assert_eq!(told["report"]["epochs"].as_array().unwrap().len(), 6);
    for name in ["report.json", "curves.svg", "checkpoint.bin", "models/digits/1/model.toml"] {
        assert!(whole.join(name).is_file(), "{name}");
    }
    let model = |out: &std::path::Path| out.join("models/digits/1/model.nir");
    let shown = json(&["inspect", model(&whole).to_str().unwrap()], 0);
    assert_eq!(shown["cost"]["neurons"], 138);

    // The learning rate follows the number of epochs, so both ask for as many.
    let stopped = striatum(&["train", file, "--out", parts.to_str().unwrap(), "--check"]);
    assert_eq!(stopped.status.code(), Some(0));
    assert!(!parts.exists(), "a check writes nothing");
    train(&parts, "6", &["--threads", "2"]);
    assert_eq!(std::fs::read(model(&whole)).unwrap(), std::fs::read(model(&parts)).unwrap());
    let again = striatum(&["train", file, "--out", parts.to_str().unwrap()]);
    assert_eq!(again.status.code(), Some(2));
    assert!(text(&again.stderr).contains("exists, expected --resume"));
    let more = train(&parts, "8", &["--resume"]);
    assert_eq!(more["report"]["epochs"].as_array().unwrap().len(), 8);
}

#[test]
fn simulate_refuses_before_it_builds() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("x.toml");
    let write = |from: &str, to: &str| {
        let text = circuit::shipped("brunel").unwrap();
        assert!(text.contains(from));
        std::fs::write(&file, text.replace(from, to)).unwrap();
        let refused = striatum(&["simulate", file.to_str().unwrap()]);
        assert_eq!(refused.status.code(), Some(2));
        text_of(&refused.stderr)
    };
    let said = write("\"1.5 ms\"", "\"-1.5 ms\"");
    assert!(said.contains("line 36, column 9: projections[0].delay: found -1.5 ms"), "{said}");
    let said = write("weight = \"0.1 mV\"", "weight = \"0.1 nS\"");
    assert!(said.contains("expected a potential, like \"-60 mV\""), "{said}");
    let said = write("rule = \"fixed_indegree\"", "rule = \"arrays\"\nfile = \"../../secret.npz\"");
    assert!(said.contains("not a file beside the description"), "{said}");
    let said = write("size = 10000", "size = 10000000");
    assert!(said.contains("number of synapses"), "{said}");
}

fn text_of(bytes: &[u8]) -> String {
    text(bytes).to_string()
}

#[test]
fn bench_simulation_times_a_circuit() {
    let flags = ["--network", "cuba", "--threads", "1", "--seconds", "0.2", "--runs", "1"];
    let told = json(&[&["bench", "simulation"], &flags[..]].concat(), 0);
    let one = &told["simulation"][0];
    assert_eq!(one["network"], "cuba");
    assert!(one["seconds_per_biological_second"].as_f64().unwrap() > 0.0);
    assert!(one["rates_hz"]["E"].as_f64().unwrap() > 1.0);
}
