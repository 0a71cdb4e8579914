//! Calibration against scikit-learn, netcal and numpy (`tests/calibration.py` made the file).

use memory::{Calibration, Judged};
use serde_json::Value;

const REFERENCES: &str = include_str!("../data/calibration.json");
/// Both sides sum doubles, in another order.
const TOLERANCE: f64 = 1e-12;

#[test]
fn figures_are_those_of_others() {
    let cases: Vec<Value> = serde_json::from_str(REFERENCES).unwrap();
    assert_eq!(cases.len(), 4);
    for case in cases {
        let claims: Vec<(f64, bool)> = serde_json::from_value(case["claims"].clone()).unwrap();
        let judge = |&(confidence, truth): &(f64, bool)| Judged { confidence, truth };
        let claims: Vec<Judged> = claims.iter().map(judge).collect();
        let n_bins = case["n_bins"].as_u64().unwrap() as usize;
        let told = Calibration::of(&claims, n_bins).unwrap();
        let near = |what: &str, found: f64, expected: &Value| {
            let expected = expected.as_f64().unwrap();
            assert!((found - expected).abs() < TOLERANCE, "{what}: {found}, expected {expected}");
        };
        near("brier", told.brier, &case["brier"]);
        near("expected", told.expected_error, &case["expected_error"]);
        near("maximum", told.maximum_error, &case["maximum_error"]);
        near("confidence", told.mean_confidence, &case["mean_confidence"]);
        near("truth", told.truth_rate, &case["truth_rate"]);
        let over = told.mean_confidence - told.truth_rate;
        assert!((told.overconfidence - over).abs() < TOLERANCE);
        assert_eq!(told.bins.len(), n_bins);
        for (k, bin) in told.bins.iter().enumerate() {
            assert_eq!(bin.n as u64, case["counts"][k].as_u64().unwrap());
            near("bin", bin.mean_confidence, &case["bin_confidence"][k]);
            near("bin", bin.truth_rate, &case["bin_truth"][k]);
        }
    }
}
