//! Gradients against those of snnTorch and torch (tests/make_gradients.py).

use serde_json::Value;
use train::{Config, Dataset, gradient};

const MADE: &str = include_str!("../gradients.json");

/// Single precision in another order of sums, relative to the largest value of a tensor.
const TOLERANCE: f32 = 2e-4;

fn numbers(value: &Value) -> Vec<f32> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap() as f32).collect()
}

#[test]
fn gradients_are_snntorchs() {
    let made: Value = serde_json::from_str(MADE).unwrap();
    let cases = made["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 5);
    for case in cases {
        let name = case["name"].as_str().unwrap();
        let shape: Vec<usize> = numbers(&case["shape"]).iter().map(|d| *d as usize).collect();
        let text = format!(
            "[data]\npath = \"-\"\nvalidation = 1\n[encoder]\nkind = \"direct\"\nsteps = {}\n\
             [training]\nepochs = 1\nbatch = 8\n[surrogate]\n{}\n[loss]\nkind = \"rate\"\n\
             [optimiser]\nkind = \"adam\"\nrate = 0.1\n{}",
            case["steps"],
            case["surrogate"].as_str().unwrap(),
            case["layers"].as_str().unwrap(),
        );
        let config = Config::from_toml(&text).unwrap();
        let y = numbers(&case["y"]).iter().map(|y| *y as u32).collect();
        let data = Dataset::new(shape, numbers(&case["x"]), y).unwrap();
        let tensors = case["parameters"].as_array().unwrap();
        let parameters: Vec<Vec<f32>> = tensors.iter().map(|p| numbers(&p["values"])).collect();
        let found = gradient(&config, &data, &parameters).unwrap();
        let loss = case["loss"].as_f64().unwrap();
        assert!((found.loss - loss).abs() < 1e-5, "{name}: {} {loss}", found.loss);
        assert_eq!(found.gradients.len(), tensors.len());
        for (at, (found, tensor)) in found.gradients.iter().zip(tensors).enumerate() {
            let expected = numbers(&tensor["gradient"]);
            let largest = expected.iter().fold(0.0f32, |most, v| most.max(v.abs()));
            for (a, b) in found.iter().zip(&expected) {
                assert!((a - b).abs() < TOLERANCE * largest, "{name}, tensor {at}: {a} {b}");
            }
        }
    }
}
