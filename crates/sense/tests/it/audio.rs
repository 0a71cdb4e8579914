//! Filters against scipy and librosa, and files that libsndfile wrote; `tests/make_audio.py` made
//! the fixtures.

use std::io::Read;
use std::path::Path;

use sense::audio::{Cochlea, CochleaConfig, Filter, Gammatone, Mel, Sound};

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)).unwrap()
}

fn numbers(value: &serde_json::Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

fn cases(kind: &str) -> Vec<serde_json::Value> {
    let found: serde_json::Value = serde_json::from_slice(&fixture("audio.json")).unwrap();
    found[kind].as_array().unwrap().clone()
}

#[test]
// scipy runs one section of 8th order, which loses digits at low frequencies.
fn gammatone_responds_as_scipys() {
    for case in cases("gammatone") {
        let frequency = case["frequency_hz"].as_f64().unwrap();
        let mut bank = Gammatone::new(vec![frequency], case["rate_hz"].as_f64().unwrap());
        let expected = numbers(&case["response"]);
        let peak = expected.iter().fold(0.0_f64, |peak, value| peak.max(value.abs()));
        for (t, expected) in expected.iter().enumerate() {
            let found = bank.step(if t == 0 { 1.0 } else { 0.0 })[0];
            assert!(
                (found - expected).abs() < 1e-6 * peak,
                "{frequency} Hz at {t}: {found}, {expected}"
            );
        }
    }
}

#[test]
fn mel_bands_are_librosas() {
    for case in cases("mel") {
        let number = |name: &str| case[name].as_f64().unwrap();
        let (n_bands, n_frame) = (number("n_bands") as usize, number("n_frame") as usize);
        let (f_min, f_max) = (number("f_min_hz"), number("f_max_hz"));
        let mut mel = Mel::new(n_bands, f_min, f_max, n_frame, number("rate_hz"));
        for (found, expected) in mel.frequencies_hz().iter().zip(numbers(&case["frequencies_hz"])) {
            assert!((found - expected).abs() < 1e-9 * expected);
        }
        let mut powers = Vec::new();
        let frames = case["powers"].as_array().unwrap();
        for (t, sample) in numbers(&case["samples"]).into_iter().enumerate() {
            mel.push(sample as f32);
            if t + 1 >= n_frame && (t + 1 - n_frame) % (n_frame / 2) == 0 {
                mel.powers(&mut powers);
                let expected = numbers(&frames[(t + 1 - n_frame) / (n_frame / 2)]);
                for (found, expected) in powers.iter().zip(&expected) {
                    // librosa keeps its weights as binary32.
                    assert!((found - expected).abs() < 1e-6 * expected, "{found}, {expected}");
                }
            }
        }
    }
}

#[test]
fn wav_and_flac_are_read() {
    let flac = Sound::read(&fixture("stereo.flac"), "flac").unwrap();
    assert_eq!((flac.sample_rate_hz, flac.channels.len(), flac.n_clipped), (8000, 2, 0));
    for (name, tolerance) in [("stereo.flac", 4e-5), ("stereo24.wav", 1e-6), ("stereo8.wav", 8e-3)]
    {
        let sound = Sound::read(&fixture(name), name).unwrap();
        for t in 0..800 {
            let seconds = t as f64 / 8000.0;
            let expected = [(880.0 * seconds).sin() * 0.5, (1300.0 * seconds).cos() * 0.5];
            for (channel, expected) in sound.channels.iter().zip(expected) {
                assert!((f64::from(channel[t]) - expected).abs() < tolerance, "{name} at {t}");
            }
        }
    }
}

/// Damage anywhere is an error or other samples, never a panic; a cut is an error.
#[test]
fn a_damaged_sound_is_an_error() {
    for name in ["stereo.flac", "stereo24.wav", "stereo8.wav"] {
        let bytes = fixture(name);
        for position in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[position] ^= 1 << (position % 8);
            let _ = Sound::read(&damaged, name);
            assert!(Sound::read(&bytes[..position], name).is_err(), "{name} cut at {position}");
        }
    }
}

/// Real speech fills the raster: neither silent nor saturated, louder bands where the speech is.
#[test]
fn spoken_digits_make_spikes() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/fsdd");
    let Ok(file) = std::fs::File::open(folder.join("fsdd_subset_12per.zip")) else {
        eprintln!("SKIPPED (data): no recordings in shared/data/fsdd beside the repository");
        return;
    };
    let mut archive = zip::ZipArchive::new(file).unwrap();
    let sounds: Vec<Sound> = (0..archive.len())
        .step_by(37)
        .filter_map(|idx| {
            let mut bytes = Vec::new();
            archive.by_index(idx).unwrap().read_to_end(&mut bytes).unwrap();
            bytes.starts_with(b"RIFF").then(|| Sound::read(&bytes, "fsdd").unwrap())
        })
        .collect();
    assert!(sounds.len() > 10);
    for filter in [Filter::Gammatone, Filter::Mel { frame_seconds: 0.025 }] {
        for sound in &sounds {
            let config = CochleaConfig { filter, ..CochleaConfig::default() };
            let mut cochlea = Cochlea::new(config, sound.sample_rate_hz).unwrap();
            let raster = cochlea.encode(&sound.mono()).unwrap();
            let spikes = raster.data().iter().sum::<f32>();
            let rate = f64::from(spikes) / sound.seconds() / 32.0;
            assert!((2.0..400.0).contains(&rate), "{rate} spikes a second");
        }
    }
}

proptest::proptest! {
    #[test]
    fn no_bytes_panic(bytes: Vec<u8>, position in 0..1000_usize, value: u8) {
        let _ = Sound::read(&[b"RIFF", &bytes[..]].concat(), "any");
        let _ = Sound::read(&[b"fLaC", &bytes[..]].concat(), "any");
        let mut damaged = fixture("stereo.flac");
        let n = damaged.len();
        damaged[position % n] = value;
        let _ = Sound::read(&damaged, "any");
    }
}
