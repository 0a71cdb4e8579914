//! What numpy writes is read here, and what is written here numpy reads.

use std::path::Path;
use std::process::Command;

use sense::{Array, Arrays, DType, read_npz, write_npz};

/// Saves one array of each type, byte order and layout; each holds 0 to 5 in shape (2, 3), less
/// for booleans.
const SAVE: &str = r#"
import sys, numpy as np
values = np.arange(6).reshape(2, 3)
types = ["|b1", "|i1", "|u1"] + [o + t for o in "<>" for t in "i2 i4 i8 u2 u4 u8 f2 f4 f8".split()]
arrays = {}
for t in types:
    arrays["C" + t] = np.ascontiguousarray(values.astype(t))
    arrays["F" + t] = np.asfortranarray(values.astype(t))
arrays["scalar"] = np.float32(5)
arrays["empty"] = np.zeros((0, 4))
np.savez(sys.argv[1] + "/stored.npz", **arrays)
np.savez_compressed(sys.argv[1] + "/deflated.npz", **arrays)
"#;

/// Prints what numpy makes of a file.
const LOAD: &str = r#"
import sys, numpy as np
for name, a in np.load(sys.argv[1] + "/ours.npz").items():
    print(name, a.dtype.str, a.shape, a.tolist())
"#;

/// What the script prints; `None` after saying that there is no Python to run it.
fn python(script: &str, folder: &Path) -> Option<String> {
    let Some(python) = std::env::var_os("STRIATUM_PYTHON") else {
        let reason = "STRIATUM_PYTHON names no Python with numpy; ./test makes one";
        assert!(std::env::var_os("STRIATUM_NO_SKIP").is_none(), "{reason}");
        eprintln!("SKIPPED: {reason}");
        return None;
    };
    let output = Command::new(python).arg("-c").arg(script).arg(folder).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8(output.stdout).unwrap())
}

#[test]
fn what_numpy_writes_is_read() {
    let folder = tempfile::tempdir().unwrap();
    if python(SAVE, folder.path()).is_none() {
        return;
    }
    for file in ["stored.npz", "deflated.npz"] {
        let arrays = read_npz(&std::fs::read(folder.path().join(file)).unwrap(), file).unwrap();
        assert_eq!(arrays.len(), 2 * (3 + 2 * 9) + 2);
        for (name, array) in &arrays {
            let (shape, data): (&[usize], &[f32]) = match (name.as_str(), array.dtype()) {
                ("scalar", _) => (&[], &[5.0]),
                ("empty", _) => (&[0, 4], &[]),
                (_, DType::Bool) => (&[2, 3], &[0.0, 1.0, 1.0, 1.0, 1.0, 1.0]),
                _ => (&[2, 3], &[0.0, 1.0, 2.0, 3.0, 4.0, 5.0]),
            };
            assert_eq!((array.shape(), array.data()), (shape, data), "{file}: {name}");
        }
    }
}

#[test]
fn what_is_written_numpy_reads() {
    let folder = tempfile::tempdir().unwrap();
    let array = |dtype, shape: &[usize], data: &[f32]| {
        Array::with_dtype(shape.to_vec(), dtype, data.to_vec()).unwrap()
    };
    let arrays: Arrays = [
        ("counts", array(DType::U8, &[2, 2], &[0.0, 1.0, 2.0, 255.0])),
        ("one", array(DType::F32, &[1], &[0.5])),
        ("single", array(DType::I64, &[], &[-7.0])),
        ("spikes", array(DType::Bool, &[3], &[1.0, 0.0, 1.0])),
    ]
    .map(|(name, array)| (name.to_owned(), array))
    .into();
    std::fs::write(folder.path().join("ours.npz"), write_npz(&arrays).unwrap()).unwrap();
    let Some(printed) = python(LOAD, folder.path()) else { return };
    let expected = "\
counts |u1 (2, 2) [[0, 1], [2, 255]]
one <f4 (1,) [0.5]
single <i8 () -7
spikes |b1 (3,) [True, False, True]
";
    assert_eq!(printed, expected);
}
