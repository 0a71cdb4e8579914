//! Cut and changed files are refused or read, never a panic.

use convert::{ConvertError, Settings, balance, convert, onnx};
use proptest::prelude::*;

use crate::reference::bytes;

/// Runs what was read, where it is small.
fn read(bytes: &[u8]) -> Result<(), ConvertError> {
    let ann = onnx::read(bytes)?;
    if ann.input_size() < 1 << 16 {
        let sample = vec![0.5; ann.input_size()];
        let scales = balance(&ann, &sample, 99.9)?;
        convert(&ann, &scales, Settings::default())?;
    }
    Ok(())
}

#[test]
fn every_cut_is_refused() {
    let whole = bytes("conv.onnx");
    // Every cut near the ends, where messages begin and end, and one in 997 of the weights.
    let near = 2_000;
    let cuts = (0..whole.len()).filter(|n| *n < near || *n + near > whole.len() || n % 997 == 0);
    for cut in cuts {
        // The graph is the field before the versions of operators: without it there is no model.
        assert!(onnx::read(&whole[..cut]).is_err(), "cut at {cut}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn changed_bytes_never_panic(
        changes in prop::collection::vec((0.0_f64..1.0, any::<u8>()), 1..20),
        mlp in any::<bool>(),
    ) {
        let mut file = bytes(if mlp { "mlp.onnx" } else { "conv.onnx" });
        let n = file.len();
        for (at, byte) in changes {
            // Most of a file is weights; half of the changes go to what is not.
            let at = if byte % 2 == 0 { (at * 1_500.0) as usize } else { (at * n as f64) as usize };
            file[at.min(n - 1)] = byte;
        }
        drop(read(&file));
    }

    #[test]
    fn any_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        drop(read(&bytes));
    }
}
