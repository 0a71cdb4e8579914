//! Descriptions: what is wrong is told at once, and what is right is what was meant.

use train::{Config, Dataset, Trainer};

use crate::{config, data, dense, linear};

#[test]
fn everything_wrong_is_told_at_once() {
    let text = "
        colour = 1
        [data]
        path = \"x.npz\"
        validation = 0
        seeds = 3
        [encoder]
        kind = \"direct\"
        steps = 0
        [[layers]]
        kind = \"linear\"
        features = 10
        size = 3
        width = 4
        [[layers]]
        kind = \"lif\"
        beta = 1.5
        [training]
        epochs = 1
        batch = 0
        [loss]
        kind = \"membrane\"
        [optimiser]
        kind = \"adam\"
        rate = -1.0
    ";
    let error = Config::from_toml(text).unwrap_err().to_string();
    for place in [
        "colour: ",
        "data.seeds: ",
        "layers[0].size: ",
        "layers[0].width: ",
        "encoder.steps: expected 1 to 10000, found 0",
        "training.batch: ",
        "data.validation: ",
        "layers[1].beta: expected 0 to below 1, found 1.5",
        "optimiser.rate: expected a number above 0, found -1",
        "loss: expected a last layer `li`, found `lif`",
    ] {
        assert!(error.contains(place), "{place}\n{error}");
    }
}

#[test]
fn a_missing_table_is_named() {
    let error = Config::from_toml("[data]\npath = 3\n").unwrap_err().to_string();
    for place in ["data: ", "encoder: ", "layers: ", "training: ", "loss: ", "optimiser: "] {
        assert!(error.contains(place), "{place}\n{error}");
    }
    assert!(Config::from_toml("[[").unwrap_err().to_string().starts_with("file: expected TOML"));
}

#[test]
fn layers_that_do_not_fit_are_named() {
    let layers = "[[layers]]\nkind = \"conv2d\"\nchannels = 2\nkernel = 3\n".to_owned()
        + &linear(7)
        + "[[layers]]\nkind = \"lif\"\nbeta = 0.5\n";
    let config = config(&layers, &[]);
    let data = data(&config);
    let error = Trainer::new(config, data, 1).unwrap_err().to_string();
    assert!(error.contains("layers[0]: expected an image"), "{error}");
    assert!(error.contains("10 outputs, one for each class, found 7"), "{error}");
}

#[test]
fn data_that_does_not_fit_is_named() {
    let config = config(&dense(), &[("scale = 0.0625", "scale = 1.0")]);
    let error = Trainer::new(config.clone(), data(&config), 1).unwrap_err().to_string();
    assert!(error.contains("expected 0 to 1, see data.scale"), "{error}");
    let held = Dataset::new(vec![64], vec![0.5; 64 * 9], vec![1; 9]).unwrap();
    let error = Trainer::new(config, held, 1).unwrap_err().to_string();
    assert!(error.contains("expected fewer than the 9 samples, found 400"), "{error}");
    let error = Dataset::new(vec![2], vec![0.0, f32::NAN], vec![0]).unwrap_err().to_string();
    assert!(error.contains("sample 0, value 1: expected a number, found NaN"), "{error}");
}

#[test]
fn tables_and_files_are_read() {
    let mut config = config(&dense(), &[]);
    config.data.shape = None;
    config.data.scale = 0.5;
    let table = "a,b,class\n1,2,0\n0,1,1\n";
    let data = Dataset::from_csv(table, &config.data).unwrap();
    assert_eq!((data.len(), data.shape(), data.n_classes()), (2, &[2][..], 2));
    assert_eq!((data.sample(0), data.class(1)), (&[0.5, 1.0][..], 1));
    config.data.y = Some("a".to_owned());
    assert_eq!(Dataset::from_csv(table, &config.data).unwrap().class(0), 1);
    let error = Dataset::from_csv("1,2\n1,x\n1\n", &config.data).unwrap_err().to_string();
    assert!(error.contains("column of classes"), "{error}");
    config.data.y = None;
    let error = Dataset::from_csv("1,2\n1,x\n1\n", &config.data).unwrap_err().to_string();
    assert!(error.contains("a column of classes") || error.contains("line 2"), "{error}");
    let sample = |v: f32| sense::write_npy(&sense::Array::new(vec![2], vec![v, 0.0]).unwrap());
    let files = [("dog", "dog/1.npy", sample(1.0)), ("cat", "cat/1.npy", sample(0.0))];
    let data = Dataset::from_files(files, &config.data).unwrap();
    assert_eq!([data.class(0), data.class(1)], [1, 0]);
}

#[test]
fn the_curves_are_drawn() {
    let config = config(&dense(), &[]);
    let data = data(&config);
    let mut trainer = Trainer::new(config, data, 1).unwrap();
    let mut now = 0.0;
    let mut clock = || {
        now += 1.0;
        now
    };
    trainer.epoch(&mut clock).unwrap();
    let report = trainer.epoch(&mut clock).unwrap();
    assert_eq!((report.seconds, report.training_seconds), (2.0, 1.0));
    let svg = trainer.report().svg();
    assert_eq!(svg.matches("<polyline").count(), 4);
    assert!(!svg.contains("NaN") && svg.ends_with("</svg>\n"));
}
