//! Ridge regression against scikit-learn (`tests/make_ridge.py`), and recursive least squares
//! against ridge regression.

use proptest::prelude::*;
use reservoir::{Recursive, ReservoirError, Ridge};
use serde_json::Value;

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

fn cases() -> Vec<Value> {
    let fixture: Value = serde_json::from_str(include_str!("../data/ridge.json")).unwrap();
    fixture["cases"].as_array().unwrap().clone()
}

#[test]
fn ridge_is_what_scikit_learn_fits() {
    for case in cases() {
        let rows: Vec<f32> = numbers(&case["rows"]).iter().map(|v| *v as f32).collect();
        let (targets, k) = (numbers(&case["targets"]), case["k"].as_u64().unwrap() as usize);
        let lambda = case["lambda"].as_f64().unwrap();
        let readout = Ridge::fit(&rows, &targets, k, lambda).unwrap();
        for (found, expected) in readout.weights().iter().zip(numbers(&case["weights"])) {
            assert!((found - expected).abs() < 1e-9, "{found} is not {expected}");
        }
        let d = rows.len() / case["n"].as_u64().unwrap() as usize;
        let predicted: Vec<f64> =
            rows.chunks(d).take(5).flat_map(|row| readout.predict(row).unwrap()).collect();
        for (found, expected) in predicted.iter().zip(numbers(&case["predicted"])) {
            assert!((found - expected).abs() < 1e-9, "{found} is not {expected}");
        }
    }
}

#[test]
fn one_row_after_the_other_gives_the_same_weights() {
    // A constant target of the same size as the rows' would be shrunk with the weights: rows and
    // targets of mean 0, each row with its opposite, have a constant of 0 either way.
    let case = &cases()[0];
    let half: Vec<f32> = numbers(&case["rows"]).iter().map(|v| *v as f32).collect();
    let (goals, k) = (numbers(&case["targets"]), 3);
    let d = half.len() / 40;
    let mut recursive = Recursive::new(d, k, 2.0, 1.0).unwrap();
    let (mut rows, mut targets) = (Vec::new(), Vec::new());
    for (row, goal) in half.chunks(d).zip(goals.chunks(k)) {
        for sign in [1.0, -1.0] {
            let row: Vec<f32> = row.iter().map(|v| v * sign).collect();
            let goal: Vec<f64> = goal.iter().map(|v| v * f64::from(sign)).collect();
            recursive.learn(&row, &goal).unwrap();
            rows.extend(row);
            targets.extend(goal);
        }
    }
    let expected = Ridge::fit(&rows, &targets, k, 2.0).unwrap();
    for (found, expected) in recursive.readout().weights().iter().zip(expected.weights()) {
        assert!((found - expected).abs() < 1e-7, "{found} is not {expected}");
    }
}

#[test]
fn errors_shrink_as_rows_are_learned() {
    let mut recursive = Recursive::new(2, 1, 1e-6, 1.0).unwrap();
    let row = |k: u32| [(k % 7) as f32, (k % 5) as f32];
    let goal = |k: u32| [2.0 * f64::from(row(k)[0]) - f64::from(row(k)[1]) + 3.0];
    let first = recursive.learn(&row(1), &goal(1)).unwrap()[0].abs();
    (2..40).for_each(|k| drop(recursive.learn(&row(k), &goal(k)).unwrap()));
    let last = recursive.learn(&row(41), &goal(41)).unwrap()[0].abs();
    assert!(first > 3.0 && last < 1e-4, "{first} {last}");
}

#[test]
fn what_does_not_fit_is_said() {
    let error = Ridge::fit(&[1.0, 2.0, 3.0], &[1.0, 2.0], 1, 1.0).unwrap_err();
    assert!(error.to_string().contains("rows: 3 values"), "{error}");
    let error = Ridge::fit(&[1.0, f32::NAN], &[1.0, 2.0], 1, 1.0).unwrap_err();
    assert_eq!(error.to_string(), "row value 1 is NaN, expected a finite number");
    let error = Ridge::fit(&[1.0, 2.0], &[1.0, 2.0], 1, 0.0).unwrap_err();
    assert!(error.to_string().starts_with("lambda is 0"), "{error}");
    let readout = Ridge::fit(&[1.0, 2.0], &[1.0, 2.0], 1, 1.0).unwrap();
    assert!(matches!(readout.predict(&[1.0, 2.0]), Err(ReservoirError::Shape { .. })));
    let mut recursive = Recursive::new(1, 1, 1.0, 1.0).unwrap();
    assert!(recursive.learn(&[f32::INFINITY], &[0.0]).is_err());
    assert!(recursive.learn(&[0.0], &[f64::NAN]).is_err());
    assert!(Recursive::new(1, 1, 1.0, 1.5).is_err());
}

proptest! {
    #[test]
    fn both_forms_fit_alike(
        values in prop::collection::vec(-3.0f32..3.0, 24), goals in prop::collection::vec(-3.0f64..3.0, 6)
    ) {
        // Four numbers a row are solved over the numbers; repeated, over the rows.
        let few = Ridge::fit(&values, &goals, 1, 0.7).unwrap();
        let wide: Vec<f32> = values.chunks(4).flat_map(|row| row.repeat(2)).collect();
        let many = Ridge::fit(&wide, &goals, 1, 1.4).unwrap();
        for (row, wide) in values.chunks(4).zip(wide.chunks(8)) {
            let (a, b) = (few.predict(row).unwrap()[0], many.predict(wide).unwrap()[0]);
            prop_assert!((a - b).abs() < 1e-8, "{a} {b}");
        }
    }

    #[test]
    fn any_numbers_are_fitted_or_refused(
        rows in prop::collection::vec(any::<f32>(), 0..20), goals in prop::collection::vec(any::<f64>(), 0..6),
        k in 0usize..3, lambda in any::<f64>()
    ) {
        let _ = Ridge::fit(&rows, &goals, k, lambda);
    }
}
