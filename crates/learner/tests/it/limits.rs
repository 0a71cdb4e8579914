//! What each kind refuses, and how it says so.

use learner::{Input, Learner, LearnerError, MAX_STATE_BYTES, Sample, Spec};
use plasticity::{CompetitionConfig, EPropConfig, MicroColumnsConfig};
use spike::Raster;

use crate::contract::kinds;

#[test]
fn classes_beyond_the_most_are_refused() {
    for (spec, of) in kinds().into_iter().filter(|(spec, _)| spec.n_classes() == 4) {
        let mut learner = Learner::new(&spec).unwrap();
        let all: Vec<Sample> = (0..5).map(|k| of(k, &format!("class {k}"))).collect();
        let refused = learner.learn(&all).unwrap_err();
        assert_eq!(refused.to_string(), "classes: 5, at most 4");
        assert!(learner.labels().is_empty());
        learner.learn(&all[..4]).unwrap();
        assert!(matches!(learner.learn(&all[4..]), Err(LearnerError::Full { .. })));
    }
}

#[test]
fn only_a_competition_learns_without_labels() {
    for (spec, of) in kinds() {
        let mut learner = Learner::new(&spec).unwrap();
        let unlabelled = Sample { label: None, ..of(1, "left") };
        let learned = learner.learn(std::slice::from_ref(&unlabelled));
        if spec.kind() == "competition" {
            assert_eq!(learned.unwrap().labelled, 0);
            let answers = learner.predict(&[unlabelled.input]).unwrap();
            assert_eq!(answers[0].label, None);
        } else {
            assert!(learned.unwrap_err().to_string().contains("no label"), "{}", spec.kind());
        }
    }
}

#[test]
fn what_is_like_nothing_has_no_label() {
    let config = MicroColumnsConfig { novel_below: 0.8, ..MicroColumnsConfig::new(3) };
    let mut learner = Learner::new(&Spec::Columns(config)).unwrap();
    let of = |values: [f32; 3], label: &str| Sample {
        input: Input::Values(values.to_vec()),
        label: Some(label.to_owned()),
    };
    learner.learn(&[of([1.0, 0.0, 0.0], "x"), of([0.0, 1.0, 0.0], "y")]).unwrap();
    let near_and_far = [vec![0.9, 0.1, 0.0], vec![0.0, 0.0, 1.0]].map(Input::Values);
    let answers = learner.predict(&near_and_far).unwrap();
    assert_eq!(answers[0].label.as_deref(), Some("x"));
    assert_eq!((answers[1].label.as_deref(), answers[1].score), (None, 0.0));
}

#[test]
fn what_would_be_too_large_is_refused_before_it_is_made() {
    let competition = CompetitionConfig::new(784, 4000, 1);
    let cases = [
        (
            Spec::EProp {
                config: EPropConfig { n_neurons: 1000, ..EPropConfig::new(700, 10, 1) },
                silent_steps: 0,
            },
            "bytes",
        ),
        (Spec::Competition { config: competition, n_classes: 10 }, "n_neurons is 4000"),
        (
            Spec::EProp { config: EPropConfig::new(700, 0, 1), silent_steps: 0 },
            "classes is 0, expected 1 to 4096",
        ),
        (Spec::Columns(MicroColumnsConfig::new(usize::MAX)), "bytes of weights"),
    ];
    for (spec, says) in cases {
        let refused = Learner::new(&spec).err().unwrap().to_string();
        assert!(refused.contains(says), "{refused}");
    }
}

#[test]
fn micro_columns_stop_where_their_state_would_be_too_large() {
    let n_inputs = MAX_STATE_BYTES / 4 / 3;
    let mut learner = Learner::new(&Spec::Columns(MicroColumnsConfig::new(n_inputs))).unwrap();
    let sample = |k: usize| {
        let mut values = vec![0.0; n_inputs];
        values[k] = 1.0;
        Sample { input: Input::Values(values), label: Some(format!("class {k}")) }
    };
    learner.learn(&[sample(0), sample(1)]).unwrap();
    let refused = learner.learn(&[sample(2)]).unwrap_err().to_string();
    assert_eq!(refused, "samples for which there is room: 1, at most 0");
    assert!(learner.save().len() < MAX_STATE_BYTES + 1024);
}

#[test]
fn an_event_outside_its_channels_is_told() {
    let (spec, of) = kinds().swap_remove(4);
    let mut learner = Learner::new(&spec).unwrap();
    let mut stray = Raster::new(8);
    stray.push_step([(9, 1.0)]);
    let input = Input::Senses(vec![Some(stray), None]);
    let told = learner.learn(&[Sample { input, ..of(1, "left") }]).unwrap_err().to_string();
    let expected = "samples[0]: event is 1 of channel 9 in step 0, expected at most 1000000 either way, of a channel below 8";
    assert_eq!(told, expected);
    let nothing = Sample { input: Input::Senses(vec![None, None]), ..of(1, "left") };
    assert!(learner.learn(&[nothing]).unwrap_err().to_string().contains("number of senses"));
}

#[test]
fn whatever_is_taught_can_be_saved_and_read_again() {
    let extreme = EPropConfig {
        threshold: 1e-6,
        gamma: 1e6,
        rate: 1e6,
        n_neurons: 20,
        ..EPropConfig::new(8, 4, 7)
    };
    let mut liquid = kinds().swap_remove(3).0;
    if let Spec::Liquid(spec) = &mut liquid {
        (spec.forgetting, spec.lambda) = (0.5, 1e-6);
    }
    for spec in [Spec::EProp { config: extreme, silent_steps: 0 }, liquid] {
        let mut learner = Learner::new(&spec).unwrap();
        let sample = |value: f32, label: &str| Sample {
            input: Input::Values(
                (0..80).map(|k| if k % 2 == 0 { value } else { -value }).collect(),
            ),
            label: Some(label.to_owned()),
        };
        // Far more than it takes 2^n to leave the floats.
        for _ in 0..30 {
            let all: Vec<Sample> = (0..100)
                .map(|k| if k % 7 == 0 { sample(1e6, "large") } else { sample(1.0, "small") })
                .collect();
            learner.learn(&all).unwrap();
            let saved = learner.save();
            assert_eq!(Learner::restored(&spec, &saved).unwrap().save(), saved, "{}", spec.kind());
        }
        let prediction = learner.predict(&[sample(1.0, "").input]).unwrap();
        assert!(prediction[0].score.is_finite(), "{}: {prediction:?}", spec.kind());
        let too_large = learner.learn(&[sample(1e7, "x")]).unwrap_err().to_string();
        assert_eq!(too_large, "samples[0]: value is 10000000, expected at most 1000000 either way");
    }
}
