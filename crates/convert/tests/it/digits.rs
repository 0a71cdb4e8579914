//! MNIST digits that neither training nor the choice of an epoch saw: what a spiking network keeps.

use std::path::Path;

use convert::{Fidelity, Readout, Settings, balance, convert, measure};

use crate::reference::{arrays, model};

/// Calibration samples, of those that trained.
const N_CALIBRATION: usize = 300;
/// Held-out samples in the test; the example takes all 1,000.
const N_HELD_OUT: usize = 300;

/// After 128 steps; the third layer of the convolutional network, whose activations are sparse, has
/// the largest, 0.126.
const MAX_RELATIVE_ERROR: f64 = 0.15;

/// Pixels in 0 to 1 and labels, in the order of the split.
fn digits() -> Option<(Vec<f32>, Vec<usize>)> {
    let file =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/mnist/mnist_9000.npz");
    let Ok(bytes) = std::fs::read(&file) else {
        assert!(std::env::var_os("STRIATUM_NO_SKIP").is_none(), "{} is missing", file.display());
        eprintln!("SKIPPED (data): no mnist_9000.npz in shared/data/mnist beside the repository");
        return None;
    };
    let all = sense::read_npz(&bytes, "mnist_9000.npz").unwrap();
    let order = arrays()["order"].data().to_vec();
    let pixels = all["x"].data();
    let at = |i: &f32| pixels[*i as usize * 784..][..784].iter().map(|p| p / 255.0);
    let labels = order.iter().map(|i| all["y"].data()[*i as usize] as usize);
    Some((order.iter().flat_map(at).collect(), labels.collect()))
}

fn kept(name: &str, settings: Settings, checkpoints: &[usize]) -> Option<Fidelity> {
    let (pixels, labels) = digits()?;
    let ann = model(name);
    let scales = balance(&ann, &pixels[..N_CALIBRATION * 784], 99.9).unwrap();
    let converted = convert(&ann, &scales, settings).unwrap();
    let held_out = 8000..8000 + N_HELD_OUT;
    let samples = &pixels[held_out.start * 784..held_out.end * 784];
    let labels = &labels[held_out];
    Some(measure(&ann, &converted, samples, Some(labels), checkpoints, 2).unwrap())
}

#[test]
fn spiking_networks_answer_as_their_originals() {
    for name in ["conv", "mlp"] {
        let Some(fidelity) = kept(name, Settings::default(), &[16, 128]) else { return };
        let ann = fidelity.ann_accuracy.unwrap();
        assert!(ann > 0.9, "{name}: the original answers {ann} rightly");
        let [early, late] = &fidelity.checkpoints[..] else { panic!("two checkpoints") };
        let accuracy = late.accuracy.unwrap();
        assert!(accuracy >= ann - 0.01, "{name}: {accuracy} after 128 steps, {ann} before");
        assert!(late.agreement >= 0.98, "{name}: {} alike", late.agreement);
        for (before, layer) in early.layers.iter().zip(&late.layers) {
            let at = format!("{name}, {}: {layer:?}", layer.name);
            assert!(layer.mean_absolute_error < before.mean_absolute_error, "{at}");
            assert!(layer.relative_error < MAX_RELATIVE_ERROR, "{at}");
            assert!(layer.correlation.unwrap() > 0.99, "{at}");
            assert!((0.0..0.5).contains(&layer.spikes_per_neuron_step), "{at}");
        }
    }
}

#[test]
fn counted_spikes_answer_too() {
    let settings = Settings { readout: Readout::Counts, ..Settings::default() };
    let Some(fidelity) = kept("mlp", settings, &[128]) else { return };
    let [late] = &fidelity.checkpoints[..] else { panic!("one checkpoint") };
    assert!(late.accuracy.unwrap() >= fidelity.ann_accuracy.unwrap() - 0.02, "{fidelity:?}");
    let last = late.layers.last().unwrap();
    assert!(last.spikes_per_neuron_step > 0.0, "{last:?}");
}

#[test]
fn threads_change_nothing() {
    let Some((pixels, _)) = digits() else { return };
    let ann = model("mlp");
    let scales = balance(&ann, &pixels[..20 * 784], 99.9).unwrap();
    let converted = convert(&ann, &scales, Settings::default()).unwrap();
    let run = |threads| measure(&ann, &converted, &pixels[..10 * 784], None, &[4, 9], threads);
    assert_eq!(run(1).unwrap(), run(3).unwrap());
}
