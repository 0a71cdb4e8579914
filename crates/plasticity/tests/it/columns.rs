//! Micro-columns: undone steps, snapshots, hostile bytes and inputs.

use plasticity::{Learner, MAX_UNDO, MicroColumns, MicroColumnsConfig, Outcome, PlasticityError};
use proptest::prelude::*;

use crate::digits::digits;

fn taught(n: usize) -> MicroColumns {
    let samples = digits();
    let mut columns = MicroColumns::new(MicroColumnsConfig::new(64)).unwrap();
    for idx in 0..n {
        let (x, class) = samples.get(idx);
        columns.teach(x, class).unwrap();
    }
    columns
}

#[test]
fn every_step_can_be_undone_to_the_bit() {
    let samples = digits();
    let mut columns = taught(400);
    let before = columns.snapshot();
    for idx in 400..900 {
        let (x, class) = samples.get(idx);
        columns.teach(x, class).unwrap();
    }
    assert_ne!(columns.snapshot(), before);
    let changes = columns.weight_changes();
    (400..900).for_each(|_| assert!(columns.undo()));
    let weights = |bytes: &[u8]| [&bytes[..24], &bytes[32..]].concat();
    assert_eq!(weights(&columns.snapshot()), weights(&before), "all but the count of changes");
    assert!(columns.weight_changes() > changes, "undoing changes weights too");
}

#[test]
fn steps_are_kept_up_to_a_limit() {
    let mut columns = taught(MAX_UNDO + 50);
    let mut undone = 0;
    while columns.undo() {
        undone += 1;
    }
    assert_eq!(undone, MAX_UNDO);
}

#[test]
fn a_snapshot_answers_as_the_first_and_goes_on_alike() {
    let samples = digits();
    let mut first = taught(500);
    let config = first.config().clone();
    let mut second = MicroColumns::restored(config, &first.snapshot()).unwrap();
    for idx in 500..700 {
        let (x, class) = samples.get(idx);
        assert_eq!(first.recognise(x).unwrap(), second.recognise(x).unwrap());
        assert_eq!(first.teach(x, class).unwrap(), second.teach(x, class).unwrap());
    }
    assert_eq!(first.snapshot(), second.snapshot());
}

#[test]
fn what_is_new_is_allocated_and_what_is_known_adapts() {
    let mut columns = MicroColumns::new(MicroColumnsConfig::new(3)).unwrap();
    assert_eq!(columns.recognise(&[1.0, 0.0, 0.0]).unwrap(), None);
    let outcome = |c: &mut MicroColumns, x, class| c.teach(x, class).unwrap().outcome;
    assert_eq!(outcome(&mut columns, &[1.0, 0.0, 0.0], 4), Outcome::Allocated(0));
    assert_eq!(outcome(&mut columns, &[0.0, 2.0, 0.0], 4), Outcome::Allocated(1));
    assert_eq!(outcome(&mut columns, &[0.1, 2.0, 0.0], 4), Outcome::Adapted(1));
    // The same direction taught as another class: that class allocates, the wrong winner yields.
    let taught = columns.teach(&[1.0, 0.1, 0.0], 5).unwrap();
    assert_eq!(taught.outcome, Outcome::Allocated(2));
    assert_eq!(columns.predict(&[1.0, 0.1, 0.0]).unwrap(), Some(5));
}

#[test]
fn a_novel_input_has_no_class() {
    let mut config = MicroColumnsConfig::new(2);
    config.novel_below = 0.7;
    let mut columns = MicroColumns::new(config).unwrap();
    columns.teach(&[1.0, 0.0], 3).unwrap();
    assert_eq!(columns.predict(&[1.0, 0.2]).unwrap(), Some(3));
    let answer = columns.recognise(&[0.0, 1.0]).unwrap().unwrap();
    assert_eq!((answer.class, answer.unit), (None, 0));
}

#[test]
fn what_is_wrong_is_said_and_nothing_is_learned() {
    let mut columns = taught(100);
    let before = columns.snapshot();
    let error = |c: &mut MicroColumns, x: &[f32]| c.teach(x, 1).unwrap_err().to_string();
    assert_eq!(error(&mut columns, &[1.0]), "input of 1 values, expected 64");
    let mut x = vec![0.5; 64];
    x[9] = f32::NAN;
    assert_eq!(error(&mut columns, &x), "input value 9 is NaN, expected a finite number");
    assert_eq!(columns.teach(&[0.0; 64], 1), Err(PlasticityError::Silent));
    assert_eq!(columns.snapshot(), before);
    let mut config = MicroColumnsConfig::new(64);
    config.rate = f32::NAN;
    assert!(MicroColumns::new(config).unwrap_err().to_string().contains("rate is NaN"));
}

#[test]
fn cut_and_flipped_snapshots_do_no_harm() {
    let columns = taught(60);
    let (config, bytes) = (columns.config().clone(), columns.snapshot());
    for cut in 0..bytes.len().min(2000) {
        assert!(MicroColumns::restored(config.clone(), &bytes[..cut]).is_err(), "{cut}");
    }
    for at in 0..bytes.len().min(4000) {
        let mut other = bytes.clone();
        other[at] ^= 1 << (at % 8);
        if let Ok(restored) = MicroColumns::restored(config.clone(), &other) {
            let _ = restored.predict(&[0.5; 64]).unwrap();
        }
    }
}

proptest! {
    #[test]
    fn any_numbers_are_learned_or_refused(
        samples in prop::collection::vec((prop::collection::vec(any::<f32>(), 3), 0u32..4), 1..40)
    ) {
        let mut columns = MicroColumns::new(MicroColumnsConfig::new(3)).unwrap();
        for (x, class) in samples {
            if columns.teach(&x, class).is_ok() {
                let answer = columns.recognise(&x).unwrap().unwrap();
                prop_assert!(answer.similarity.is_finite());
            }
        }
    }

    #[test]
    fn any_bytes_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut whole = b"STRMCOL1".to_vec();
        whole.extend(bytes);
        let _ = MicroColumns::restored(MicroColumnsConfig::new(3), &whole);
    }
}
