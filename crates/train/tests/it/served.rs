//! What was trained is what `spike` runs: exported as NIR, read back, spike for spike the same.

use nir::{Profile, ProfileOptions};
use sense::Encoder;
use spike::{Raster, Session};
use train::{Ended, Trained, Trainer};

use crate::{IMAGES, LIF, config, convolutional, data, dense, linear};

/// Equal cells of the output over the held out samples, and whether every class is the same.
fn compare(layers: &str, changes: &[(&str, &str)], values: bool) -> (f64, bool) {
    let config = config(layers, changes);
    let data = data(&config);
    let mut trainer = Trainer::new(config.clone(), data, 2).unwrap();
    while trainer.ended() == Ended::Not {
        trainer.epoch(&mut || 0.0).unwrap();
    }
    let trained: Trained = trainer.best();
    let loaded = nir::from_bytes(&trained.nir().unwrap()).unwrap();
    assert_eq!(loaded.repairs, [], "nothing has to be mended");
    let spec: toml::Table = trained.model_toml().parse().unwrap();
    let options = ProfileOptions {
        name: Some(nir::Framework::SnnTorch),
        reset: Some(match spec["profile"]["reset"].as_str().unwrap() {
            "subtract" => nir::ResetOption::Subtract,
            "zero" => nir::ResetOption::Zero,
            _ => nir::ResetOption::None,
        }),
        reset_delay: spec["profile"]["reset_delay"].as_bool(),
        ..ProfileOptions::default()
    };
    let (network, notes) = loaded.graph.compile(&Profile::with(&options)).unwrap();
    assert_eq!(notes, Vec::<String>::new());
    let network = std::sync::Arc::new(network);
    let test = trainer.split().test.clone();
    let answers = trained.answers(trainer.data(), &test);
    let (mut same, mut cells, mut classes) = (0, 0, true);
    let mut spikes = 0.0;
    for (number, answer) in test.iter().zip(answers) {
        let sample = trainer.data().sample(*number);
        let steps = config.encoder.steps;
        let raster = match spec["input"]["encoding"].as_str().unwrap() {
            "direct" => sense::Direct.encode(sample, steps),
            "rate" => sense::Rate.encode(sample, steps),
            other => panic!("{other}"),
        };
        let raster = raster.unwrap();
        let input = Raster::from_dense(raster.data(), sample.len());
        let run = Session::new(std::sync::Arc::clone(&network)).run(&[input]).unwrap();
        let found = run.outputs[0].to_dense();
        assert_eq!(found.len(), answer.outputs.len());
        let equal = |(a, b): (&f32, &f32)| if values { (a - b).abs() < 1e-4 } else { a == b };
        same += found.iter().zip(&answer.outputs).filter(|(a, b)| equal((a, b))).count();
        cells += found.len();
        spikes += found.iter().map(|v| v.abs()).sum::<f32>();
        if !values {
            let mut best = 0;
            let sums = run.outputs[0].sums();
            for (class, sum) in sums.iter().enumerate() {
                best = if *sum > sums[best] { class } else { best };
            }
            classes &= best == answer.class as usize;
        }
    }
    assert!(spikes > 0.0, "the outputs spike");
    (same as f64 / cells as f64, classes)
}

/// Every bit: sums of both have the same order.
#[test]
fn dense_networks_spike_for_spike() {
    assert_eq!(compare(&dense(), &[], false), (1.0, true));
    let deep = linear(64) + LIF + &linear(48) + LIF + &linear(10) + LIF;
    assert_eq!(compare(&deep, &[("kind = \"direct\"", "kind = \"rate\"")], false), (1.0, true));
    let whole = "[[layers]]\nkind = \"if\"\n";
    assert_eq!(compare(&(linear(48) + whole + &linear(10) + whole), &[], false), (1.0, true));
}

#[test]
fn resets_spike_for_spike() {
    for profile in [
        "[profile]\nreset = \"zero\"\nreset_delay = false\n",
        "[profile]\nreset = \"zero\"\n",
        "[profile]\nreset = \"none\"\n",
    ] {
        assert_eq!(compare(&(dense() + profile), &[], false), (1.0, true), "{profile}");
    }
}

#[test]
fn synaptic_and_recurrent_networks_spike_for_spike() {
    let cuba = "[[layers]]\nkind = \"cuba_lif\"\nalpha = 0.7\nbeta = 0.8\n";
    let zero = "[profile]\nreset = \"zero\"\n";
    for neurons in
        [cuba.to_owned(), format!("{LIF}recurrent = true\n"), format!("{cuba}recurrent = true\n")]
    {
        for profile in ["", zero] {
            let layers = linear(48) + &neurons + &linear(10) + LIF + profile;
            assert_eq!(compare(&layers, &[], false), (1.0, true), "{layers}");
        }
    }
}

#[test]
fn convolutional_networks_spike_for_spike() {
    let (same, classes) = compare(&convolutional(), &[IMAGES], false);
    assert_eq!((same, classes), (1.0, true));
    let pooled = "[[layers]]\nkind = \"conv2d\"\nchannels = 6\nkernel = 3\n".to_owned()
        + LIF
        + "[[layers]]\nkind = \"avg_pool2d\"\nkernel = 2\n[[layers]]\nkind = \"flatten\"\n"
        + &linear(10)
        + LIF;
    let (same, classes) = compare(&pooled, &[IMAGES], false);
    assert_eq!((same, classes), (1.0, true));
}

#[test]
fn potentials_of_a_read_out_agree() {
    let read = linear(48) + LIF + &linear(10) + "[[layers]]\nkind = \"li\"\nbeta = 0.9\n";
    let (same, _) = compare(&read, &[("kind = \"rate\"", "kind = \"membrane\"")], true);
    assert_eq!(same, 1.0);
}
