//! Whatever an endpoint answers is read or refused; nothing is taken that is not a vector.

use embedding::answer::read;
use proptest::prelude::*;
use serde_json::json;

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(read(&bytes, 1, 2).is_err());
    }

    #[test]
    fn a_damaged_answer_is_refused_or_holds_vectors(
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
        cut in any::<prop::sample::Index>(),
    ) {
        let good = json!({ "data": [
            { "index": 0, "embedding": [1.5, -2.0] },
            { "index": 1, "embedding": "AACAPwAAIEA=" },
        ] });
        let mut bytes = good.to_string().into_bytes();
        let n = bytes.len();
        bytes[at.index(n)] = byte;
        if let Ok(vectors) = read(&bytes, 2, 2) {
            prop_assert_eq!(vectors.len(), 2);
            for vector in vectors {
                prop_assert!(vector.len() == 2 && vector.iter().all(|x| x.is_finite()));
            }
        }
        prop_assert!(read(&bytes[..cut.index(n)], 2, 2).is_err());
    }

    #[test]
    fn numbers_come_back_to_the_bit(
        values in prop::collection::vec(any::<f32>().prop_filter("finite", |x| x.is_finite() && *x != 0.0), 3),
        order in Just([0_usize, 1, 2]).prop_shuffle(),
    ) {
        let rows: Vec<_> = order
            .iter()
            .map(|&k| json!({ "index": k, "embedding": [values[k]] }))
            .collect();
        let vectors = read(json!({ "data": rows }).to_string().as_bytes(), 3, 1).unwrap();
        let found: Vec<u32> = vectors.iter().map(|v| v[0].to_bits()).collect();
        let expected: Vec<u32> = values.iter().map(|x| x.to_bits()).collect();
        prop_assert_eq!(found, expected);
    }
}
