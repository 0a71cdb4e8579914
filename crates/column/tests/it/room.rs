//! How much room an item takes, and that it is given back; and that no insertion is much work.

use column::{Columns, Config};

use crate::data::{D, many};

/// Rows and fields that are compared with one insertion of 20,000, at most: no splitting, learning
/// or calibrating is done all at once. A split as a whole would be above 5,000 on top of the rest.
const MOST_COMPARED: u32 = 4096;

/// Bytes of an item besides its own numbers, once there are many.
const BESIDES: f64 = 16.0;

#[test]
fn an_item_takes_its_numbers_and_sixteen_bytes_at_most() {
    at_most_sixteen_bytes_besides(many(40_000));
}

#[test]
fn so_does_an_item_of_128_numbers() {
    let pairs = many(80_000);
    let joined = |pair: &[Vec<f32>]| crate::data::unit(&pair.concat());
    at_most_sixteen_bytes_besides(pairs.chunks_exact(2).map(joined).collect());
}

fn at_most_sixteen_bytes_besides(all: Vec<Vec<f32>>) {
    let d = all[0].len();
    let items: Vec<(u32, &[f32])> =
        all.iter().enumerate().map(|(id, v)| (id as u32, v.as_slice())).collect();
    let built = Columns::build(Config::new(d), &items, 1).unwrap();
    let mut streamed = Columns::new(Config::new(d)).unwrap();
    for (id, v) in &items {
        streamed.insert(*id, v).unwrap();
    }
    for columns in [&built, &streamed] {
        let bytes = columns.bytes();
        let each = bytes.total() as f64 / columns.len() as f64;
        assert!(each <= d as f64 + BESIDES, "{each}: {bytes:?}");
        assert!(bytes.rows >= d * columns.len() && bytes.labels >= 6 * columns.len());
    }
    let full = streamed.bytes().total();
    let left = 1000;
    (0..all.len() as u32 - left).for_each(|id| assert!(streamed.remove(id)));
    assert!(streamed.bytes().total() * 10 < full, "{:?}", streamed.bytes());
}

#[test]
fn no_insertion_of_many_is_much_work() {
    let real = many(20_000);
    let mut state = 7u64;
    let mut random = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 40) as f32 / 8_388_608.0 - 1.0
    };
    let noise: Vec<Vec<f32>> = (0..20_000).map(|_| (0..D).map(|_| random()).collect()).collect();
    for all in [real, noise] {
        let mut columns = Columns::new(Config::new(D)).unwrap();
        let (mut most, mut sum, mut n_splits) = (0, 0, 0);
        for (id, v) in all.iter().enumerate() {
            let allocation = columns.insert(id as u32, v).unwrap();
            most = most.max(allocation.compared);
            sum += u64::from(allocation.compared);
            n_splits += u64::from(allocation.split);
        }
        assert!(most <= MOST_COMPARED, "{most} rows and fields were compared for one");
        // It counts: each is compared with the fields, and calibration reads rows.
        assert!(sum / 20_000 > 500, "{sum}");
        let survey = columns.survey();
        assert_eq!(n_splits, survey.n_splits);
        assert!(n_splits > 100 && survey.columns.len() > 100, "{n_splits}");
    }
}
