//! How much room an item takes, and that it is given back.

use column::{Columns, Config};

use crate::data::{D, many};

/// Bytes of an item besides its own numbers, once there are many.
const BESIDES: f64 = 16.0;

#[test]
fn an_item_takes_its_numbers_and_sixteen_bytes_at_most() {
    // With d = 64, fields are cheap and labels are not; with 128 it is measured in the benchmark.
    let all = many(40_000);
    let items: Vec<(u32, &[f32])> =
        all.iter().enumerate().map(|(id, v)| (id as u32, v.as_slice())).collect();
    let built = Columns::build(Config::new(D), &items, 1).unwrap();
    let mut streamed = Columns::new(Config::new(D)).unwrap();
    for (id, v) in &items {
        streamed.insert(*id, v).unwrap();
    }
    for columns in [&built, &streamed] {
        let bytes = columns.bytes();
        let each = bytes.total() as f64 / columns.len() as f64;
        assert!(each <= D as f64 + BESIDES, "{each}: {bytes:?}");
        assert!(bytes.rows >= D * columns.len() && bytes.labels >= 6 * columns.len());
    }
    let full = streamed.bytes().total();
    (0..39_000).for_each(|id| assert!(streamed.remove(id)));
    assert!(streamed.bytes().total() * 10 < full, "{:?}", streamed.bytes());
}
