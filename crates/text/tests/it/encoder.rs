//! What holds of every vector, and that vectors do not change unseen.

use proptest::prelude::*;
use text::Encoder;
use text::encoder::Config;

fn encoder() -> Encoder {
    Encoder::new(Config::default()).unwrap()
}

fn angle(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[test]
fn vectors_have_length_one_or_none() {
    let encoder = encoder();
    for text in [
        "Caroline adopted a dog",
        "the",
        "\u{43f}\u{440}\u{438}\u{432}\u{435}\u{442}",
        "7",
        &"word ".repeat(100_000),
    ] {
        let vector = encoder.encode(text);
        assert!((angle(&vector, &vector) - 1.0).abs() < 1e-5, "{}", &text[..text.len().min(20)]);
    }
    assert!(
        ["", " ", "?!"].iter().all(|text| encoder.encode(text).iter().all(|number| *number == 0.0))
    );
}

#[test]
fn near_in_spelling_is_near_in_angle() {
    let encoder = encoder();
    let check = |text: &str, near: &str, far: &str| {
        let [text, near, far] = [text, near, far].map(|text| encoder.encode(text));
        assert!(angle(&text, &near) > angle(&text, &far) + 0.1);
    };
    check("she adopted a dog", "adopting dogs", "the bank raised interest rates");
    check("connecting to Postgres", "the PostgreSQL connection", "a walk in the park");
    check("CVE-2024-1234 is exploited", "patch for CVE-2024-1234", "patch for CVE-2019-9999");
    check("\u{43f}\u{440}\u{438}\u{432}\u{435}\u{442} Zyxwvut", "Zyxwvut's house", "a house");
}

/// The bits of the numbers, as FNV-1a. It changes only with `encoder::VERSION`.
#[test]
fn the_bits_are_the_same_everywhere() {
    let encoder = Encoder::new(Config { dimensions: 256, ..Config::default() }).unwrap();
    let vector = encoder.encode("Caroline's caf\u{e9} opens on 2024-05-17, isn't it great?");
    let bytes = vector.iter().flat_map(|number| number.to_bits().to_le_bytes());
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |h, byte| {
        (h ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
    });
    assert_eq!(format!("{hash:#x}"), "0xb5299143683631fb");
}

#[test]
fn a_number_outside_its_range_is_told() {
    let error = Encoder::new(Config { dimensions: 32, ..Config::default() }).unwrap_err();
    assert_eq!(error.to_string(), "encoder.dimensions is 32, expected 64 to 4096");
    let error = Encoder::new(Config { pieces: -1.0, ..Config::default() }).unwrap_err();
    assert_eq!(error.to_string(), "encoder.pieces is -1, expected 0 to 10");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_text_is_encoded(text in ".{0,80}", dimensions in 128..400usize) {
        let encoder = Encoder::new(Config { dimensions, ..Config::default() }).unwrap();
        let vector = encoder.encode(&text);
        prop_assert_eq!(vector.len(), dimensions);
        let length = angle(&vector, &vector);
        prop_assert!(length == 0.0 || (length - 1.0).abs() < 1e-5);
    }
}
