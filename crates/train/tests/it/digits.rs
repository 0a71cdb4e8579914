//! It learns: real digits, held out ones.

use train::{Ended, Trainer};

use crate::{IMAGES, LIF, config, convolutional, data, dense, linear};

fn accuracy(layers: &str, changes: &[(&str, &str)], epochs: &str) -> f64 {
    let longer = format!("epochs = {epochs}");
    let changes = [&[("epochs = 2", longer.as_str())], changes].concat();
    let config = config(layers, &changes);
    let data = data(&config);
    let mut trainer = Trainer::new(config, data, 2).unwrap();
    while trainer.ended() == Ended::Not {
        trainer.epoch(&mut || 0.0).unwrap();
    }
    trainer.report().test.unwrap().accuracy
}

/// Chance is .1; a linear classifier reaches about .95 (scikit-learn's logistic regression).
#[test]
fn dense_convolutional_and_recurrent_networks_learn() {
    let found = accuracy(&dense(), &[], "12");
    assert!(found > 0.93, "dense: {found}");
    let found = accuracy(&convolutional(), &[IMAGES], "6");
    assert!(found > 0.93, "convolutional: {found}");
    let recurrent = LIF.to_owned() + "recurrent = true\n";
    let found = accuracy(&(linear(48) + &recurrent + &linear(10) + LIF), &[], "12");
    assert!(found > 0.9, "recurrent: {found}");
}

#[test]
fn every_loss_learns() {
    let spikes = ("kind = \"rate\"", "kind = \"first_spike\"\nscale = 1.0");
    let found = accuracy(&dense(), &[spikes], "12");
    assert!(found > 0.85, "first spike: {found}");
    let distance = ("kind = \"rate\"", "kind = \"van_rossum\"\ntau_steps = 4.0\nperiod_steps = 2");
    let found = accuracy(&dense(), &[distance], "12");
    assert!(found > 0.85, "van Rossum: {found}");
    let read = linear(48) + LIF + &linear(10) + "[[layers]]\nkind = \"li\"\nbeta = 0.9\n";
    let found = accuracy(&read, &[("kind = \"rate\"", "kind = \"membrane\"")], "12");
    assert!(found > 0.9, "membrane: {found}");
}

#[test]
fn codes_of_spikes_and_every_optimiser_learn() {
    let coded = ("kind = \"direct\"", "kind = \"bernoulli\"");
    let found = accuracy(&dense(), &[coded], "12");
    assert!(found > 0.85, "bernoulli: {found}");
    let sgd = ("kind = \"adam\"\nrate = 0.002", "kind = \"sgd\"\nrate = 0.05\nmomentum = 0.9");
    let found = accuracy(&dense(), &[sgd], "12");
    assert!(found > 0.9, "sgd: {found}");
}

#[test]
fn wanted_activity_is_approached() {
    let layers = dense();
    let spikes = |regularisation: &str| {
        let config = config(&(layers.clone() + regularisation), &[("epochs = 2", "epochs = 6")]);
        let data = data(&config);
        let mut trainer = Trainer::new(config, data, 2).unwrap();
        while trainer.ended() == Ended::Not {
            trainer.epoch(&mut || 0.0).unwrap();
        }
        trainer.report().validation.spikes_per_neuron_step[0]
    };
    let free = spikes("");
    let quiet = spikes("[regularisation]\nstrength = 20.0\nupper = 0.02\n");
    assert!(quiet < 0.6 * free, "{quiet} and {free}");
}
