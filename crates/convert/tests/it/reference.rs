//! What onnxruntime answers to 20 held-out digits (`tests/make_onnx.py`).

use std::path::Path;

use convert::{Ann, onnx};
use sense::Arrays;

/// The two compute the same sums in another order.
const TOLERANCE: f32 = 1e-4;

pub(crate) fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)).unwrap()
}

pub(crate) fn arrays() -> Arrays {
    sense::read_npz(&bytes("reference.npz"), "reference.npz").unwrap()
}

pub(crate) fn model(name: &str) -> Ann {
    onnx::read(&bytes(&format!("{name}.onnx"))).unwrap()
}

fn softened(scores: &[f32]) -> Vec<f32> {
    let largest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f32 = scores.iter().map(|s| (s - largest).exp()).sum();
    scores.iter().map(|s| s - largest - sum.ln()).collect()
}

#[test]
fn the_forward_pass_is_onnxruntimes() {
    let reference = arrays();
    for name in ["conv", "mlp"] {
        let ann = model(name);
        let expected = reference[name].data().chunks_exact(10);
        for (image, expected) in reference["images"].data().chunks_exact(784).zip(expected) {
            let pixels: Vec<f32> = image.iter().map(|p| p / 255.0).collect();
            let mut found = ann.forward(&pixels).unwrap();
            if name == "mlp" {
                // Its log-softmax was left out.
                found = softened(&found);
            }
            for (found, expected) in found.iter().zip(expected) {
                let apart = (found - expected).abs();
                assert!(apart <= TOLERANCE * expected.abs().max(1.0), "{found} not {expected}");
            }
        }
    }
}

#[test]
fn batch_norms_are_folded_and_layers_keep_their_names() {
    let ann = model("conv");
    assert_eq!(ann.input_shape(), [1, 28, 28]);
    let nodes: Vec<&str> = ann.layers().iter().map(|layer| layer.node.as_str()).collect();
    assert_eq!(
        nodes,
        [
            "/0/Conv",
            "/2/Relu",
            "/3/AveragePool",
            "/4/Conv",
            "/6/Relu",
            "/7/AveragePool",
            "/8/Conv",
            "/10/Relu",
            "/11/Flatten",
            "/13/Gemm",
            "/14/Relu",
            "/15/Gemm"
        ]
    );
    assert_eq!(ann.layers()[6].output, [32, 4, 4]);
}
