//! Whatever is read: never a panic.

use proptest::prelude::*;
use train::{Config, Dataset, Trainer};

use crate::{config, dense};

fn pieces() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "[data]\n",
        "[encoder]\n",
        "[[layers]]\n",
        "[training]\n",
        "[loss]\n",
        "[optimiser]\n",
        "kind = \"lif\"\n",
        "kind = \"linear\"\n",
        "kind = \"conv2d\"\n",
        "kind = \"direct\"\n",
        "kind = \"rate\"\n",
        "kind = \"adam\"\n",
        "rate = 1e-3\n",
        "steps = 3\n",
        "epochs = 1\n",
        "batch = 2\n",
        "features = 99999999999\n",
        "beta = nan\n",
        "beta = 0.5\n",
        "kernel = 0\n",
        "channels = -1\n",
        "path = \"a\"\n",
        "validation = 1\n",
        "x = [1, {}]\n",
        "layers = 3\n",
    ]);
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn descriptions(text in pieces()) {
        let _ = Config::from_toml(&text);
    }

    #[test]
    fn any_text(text in "\\PC{0,200}") {
        let _ = Config::from_toml(&text);
        let _ = Dataset::from_csv(&text, &config(&dense(), &[]).data);
    }

    #[test]
    fn archives(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = Dataset::from_npz(&bytes, &config(&dense(), &[]).data);
    }

    #[test]
    fn checkpoints(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let config = config(&dense(), &[("test = 300\nvalidation = 100", "validation = 1")]);
        let data = Dataset::new(vec![64], vec![0.5; 64 * 10], (0..10).collect()).unwrap();
        let mut whole = b"striatum-tr1".to_vec();
        whole.extend_from_slice(&bytes);
        prop_assert!(Trainer::resume(config, data, 1, &whole).is_err());
    }
}
