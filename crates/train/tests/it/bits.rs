//! The same bits: on any number of threads, and after a resumption.

use train::{Ended, TrainError, Trainer};

use crate::{IMAGES, config, convolutional, data, dense};

const VARIED: &str = "\n[augmentation]\nshift_pixels = 1.0\nrotation_degrees = 10.0\n";
const DROPPED: &str = "[[layers]]\nkind = \"dropout\"\nshare = 0.2\n";

/// Everything that has chance or order in it.
fn trainer(threads: usize) -> Trainer {
    let layers = convolutional().replace(
        "[[layers]]\nkind = \"flatten\"\n",
        &format!("[[layers]]\nkind = \"flatten\"\n{DROPPED}"),
    );
    let changes = [IMAGES, ("batch = 64", "batch = 100\naverage = 0.9\nclip_norm = 1.0")];
    let config = config(&(layers + VARIED), &changes);
    let data = data(&config);
    Trainer::new(config, data, threads).unwrap()
}

#[test]
fn threads_change_no_bit() {
    let mut one = trainer(1);
    one.epoch(&mut || 0.0).unwrap();
    for threads in [2, 5] {
        let mut many = trainer(threads);
        many.epoch(&mut || 0.0).unwrap();
        assert!(one.checkpoint() == many.checkpoint(), "{threads} threads");
    }
}

#[test]
fn a_resumed_training_ends_in_the_same_bits() {
    let mut whole = trainer(2);
    whole.epoch(&mut || 0.0).unwrap();
    let stored = whole.checkpoint();
    whole.epoch(&mut || 0.0).unwrap();
    assert_eq!(whole.ended(), Ended::Epochs);

    let fresh = trainer(1);
    let layers = convolutional().replace(
        "[[layers]]\nkind = \"flatten\"\n",
        &format!("[[layers]]\nkind = \"flatten\"\n{DROPPED}"),
    );
    let changes = [IMAGES, ("batch = 64", "batch = 100\naverage = 0.9\nclip_norm = 1.0")];
    let config = config(&(layers + VARIED), &changes);
    let mut resumed = Trainer::resume(config, fresh.data().clone(), 1, &stored).unwrap();
    assert_eq!(resumed.epochs().len(), 1);
    resumed.epoch(&mut || 0.0).unwrap();
    assert!(whole.checkpoint() == resumed.checkpoint());
    assert_eq!(whole.report(), resumed.report());
}

#[test]
fn a_checkpoint_of_another_description_is_refused() {
    let mut trainer = trainer(2);
    trainer.epoch(&mut || 0.0).unwrap();
    let stored = trainer.checkpoint();
    let other = config(&dense(), &[]);
    let refused = Trainer::resume(other.clone(), data(&other), 1, &stored);
    assert!(matches!(refused, Err(TrainError::Checkpoint { .. })));
    for at in [0, 14, stored.len() / 2, stored.len() - 1] {
        let mut damaged = stored.clone();
        damaged[at] ^= 1;
        let refused = Trainer::resume(other.clone(), data(&other), 1, &damaged);
        assert!(matches!(refused, Err(TrainError::Checkpoint { .. })), "byte {at}");
    }
    let refused = Trainer::resume(other.clone(), data(&other), 1, &stored[..stored.len() / 3]);
    assert!(matches!(refused, Err(TrainError::Checkpoint { .. })));
}
