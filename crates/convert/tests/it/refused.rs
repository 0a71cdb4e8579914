//! What cannot be converted is named, all of it at once; what can is computed by hand here.

use convert::{Balance, ConvertError, Readout, Settings, balance, convert, limits, measure, onnx};

use crate::build::{Message, int, ints, model, node, tensor};

fn error(bytes: &[u8]) -> String {
    onnx::read(bytes).unwrap_err().to_string()
}

#[test]
fn every_node_without_a_counterpart_is_named_with_what_would_be_right() {
    let nodes = [
        node("MaxPool", &["x"], "pooled").all(5, &[ints("kernel_shape", &[2, 2])]),
        node("Sigmoid", &["pooled"], "squashed"),
        node("Relu", &["squashed"], "r"),
        node("Add", &["r", "pooled"], "y"),
    ];
    let text = error(&model(&[1, 4, 4], &nodes, &[]));
    for part in [
        "pooled (MaxPool): the largest of several",
        "expected AveragePool, or a Conv with a stride",
        "squashed (Sigmoid): a rate is not negative",
        "y (Add): reads 2 computed values, expected a chain",
    ] {
        assert!(text.contains(part), "{part} is missing in:\n{text}");
    }
    assert!(!text.contains("Relu):"), "{text}");
}

#[test]
fn forks_shapes_and_ports_are_told() {
    let weights = [tensor("w", &[3, 2], &[0.5; 6])];
    let one = |inputs: &[&str]| [node("MatMul", inputs, "y")];
    assert!(onnx::read(&model(&[3], &one(&["x", "w"]), &weights)).is_ok());
    let found = error(&model(&[4], &one(&["x", "w"]), &weights));
    assert!(found.contains("y (MatMul): B has 3 inputs, but reads [4]"), "{found}");
    let found = error(&model(&[3], &one(&["x", "v"]), &weights));
    assert!(found.contains("reads 2 computed values"), "{found}");
    let found = error(&model(&[3, 3], &one(&["x", "w"]), &weights));
    assert!(found.contains("expected (batch, features) or (batch, channels"), "{found}");
    let found = error(&model(&[3], &[], &weights));
    assert!(found.contains("leads nowhere"), "{found}");
    let nodes = [node("Softmax", &["x"], "s"), node("Relu", &["s"], "y")];
    let found = error(&model(&[3], &nodes, &weights));
    assert!(found.contains("y (Relu): follows a softmax"), "{found}");
    let loops = [node("Relu", &["x"], "a"), node("Relu", &["a"], "x")];
    assert!(onnx::read(&model(&[3], &loops, &[])).is_err());
}

#[test]
fn padding_that_nir_cannot_say_is_refused() {
    let conv = |attribute| [node("Conv", &["x", "w"], "y").all(5, &[attribute])];
    let weights = [tensor("w", &[1, 1, 2, 2], &[1.0; 4])];
    let found = error(&model(&[1, 4, 4], &conv(ints("pads", &[0, 0, 1, 1])), &weights));
    assert!(
        found.contains("pads are [0, 0, 1, 1], expected [top, left, bottom, right]"),
        "{found}"
    );
    let found = error(&model(&[1, 4, 4], &conv(ints("strides", &[0, 1])), &weights));
    assert!(found.contains("strides is [0, 1], expected 2 numbers from 1"), "{found}");
    let found = error(&model(&[1, 4, 4], &conv(int("group", 3)), &weights));
    assert!(found.contains("group is 3, expected a divisor of 1"), "{found}");
    let pool = node("AveragePool", &["x"], "y")
        .all(5, &[ints("kernel_shape", &[2, 2]), ints("pads", &[1, 1, 1, 1])]);
    let found = error(&model(&[1, 4, 4], &[pool], &[]));
    assert!(found.contains("without count_include_pad"), "{found}");
}

#[test]
fn data_outside_and_numbers_that_are_none_are_refused() {
    let nodes = [node("MatMul", &["x", "w"], "y")];
    let outside = Message::default().int(1, 2).int(1, 1).int(2, 1).bytes(8, b"w").int(14, 1);
    assert!(error(&model(&[2], &nodes, &[outside])).contains("its data is in another file"));
    let nan = tensor("w", &[2, 1], &[1.0, f32::NAN]);
    assert!(error(&model(&[2], &nodes, &[nan])).contains("NaN at 1, expected finite numbers"));
    let short = tensor("w", &[2, 2], &[1.0; 3]);
    assert!(error(&model(&[2], &nodes, &[short])).contains("3 values"));
    let huge = tensor("w", &[1 << 40, 1 << 40], &[]);
    assert!(matches!(
        onnx::read(&model(&[2], &nodes, &[huge])),
        Err(ConvertError::TooLarge { limit: limits::MAX_ELEMENTS, .. })
    ));
    let many = vec![Message::default(); limits::MAX_FIELDS];
    assert!(matches!(
        onnx::read(&model(&[2], &many, &[])),
        Err(ConvertError::TooLarge { limit: limits::MAX_FIELDS, .. })
    ));
}

/// A rectifier at once: `rate lambda` of three neurons after 10 steps of 0.25, 0.5 and -1.
#[test]
fn rates_stand_for_activations() {
    let ann = onnx::read(&model(&[3], &[node("Relu", &["x"], "y")], &[])).unwrap();
    let samples = [0.25, 0.5, -1.0];
    let scales = balance(&ann, &samples, 100.0).unwrap();
    assert_eq!(scales, Balance { lambda: vec![0.5], n_samples: 1 });
    let converted = convert(&ann, &scales, Settings::default()).unwrap();
    assert_eq!(converted.readout, Readout::Counts);
    let kept = measure(&ann, &converted, &samples, Some(&[1]), &[10], 1).unwrap();
    assert_eq!((kept.ann_accuracy, kept.checkpoints[0].accuracy), (Some(1.0), Some(1.0)));
    let layer = &kept.checkpoints[0].layers[0];
    // Rates 0.5 (half a threshold ahead: 5 spikes), 1 and 0: no error at all.
    assert_eq!((layer.mean_absolute_error, layer.relative_error), (0.0, 0.0));
    assert_eq!(layer.spikes_per_neuron_step, 0.5);
}

#[test]
fn samples_labels_and_settings_are_checked() {
    let ann = onnx::read(&model(&[3], &[node("Relu", &["x"], "y")], &[])).unwrap();
    assert!(ann.forward(&[1.0; 2]).is_err());
    assert!(ann.forward(&[1.0, f32::NAN, 1.0]).is_err());
    assert!(balance(&ann, &[1.0; 4], 99.9).is_err());
    assert!(balance(&ann, &[], 99.9).is_err());
    assert!(balance(&ann, &[1.0; 3], f64::NAN).is_err());
    let scales = balance(&ann, &[1.0; 3], 99.9).unwrap();
    let start = Settings { start: 1.5, ..Settings::default() };
    assert!(convert(&ann, &scales, start).is_err());
    let none = Balance { lambda: vec![0.0], n_samples: 1 };
    assert!(convert(&ann, &none, Settings::default()).is_err());
    let converted = convert(&ann, &scales, Settings::default()).unwrap();
    let run = |labels: &[usize], steps: &[usize]| {
        measure(&ann, &converted, &[1.0; 3], Some(labels), steps, 1)
    };
    assert!(run(&[3], &[4]).is_err() && run(&[0, 0], &[4]).is_err());
    assert!(run(&[0], &[]).is_err() && run(&[0], &[4, 4]).is_err() && run(&[0], &[0, 4]).is_err());
}
