//! A text becomes a unit vector of hashed features. Nothing was trained: two texts are near where
//! they share words, stems or spelling, not where they mean the same in other words. What needs
//! meaning gives its own vectors.
//!
//! Features are each word's stem and its pieces of 3 to 5 letters, signed and hashed (Weinberger et
//! al., "Feature Hashing for Large Scale Multitask Learning", 2009, equation 3), so that names,
//! numbers, misspellings and words of any language match themselves. Function words of English
//! count little.
//!
//! The same text gives the same bits everywhere: sums have one order, and nothing but `+ * / sqrt`,
//! which IEEE 754 rounds in one way, makes numbers.

mod hash;

use crate::TextError;
use crate::function::{bare, is_function_word};
use crate::words::{Language, Words, forms};
use hash::hash;

/// Fewest numbers of a vector.
pub const MIN_DIMENSIONS: usize = 64;
/// Most numbers of a vector.
pub const MAX_DIMENSIONS: usize = 4096;
/// What follows in a text is not read.
pub const MAX_TEXT_WORDS: usize = 65_536;
/// Counts up when the same text gives other vectors.
const VERSION: u32 = 1;
/// Shortest and longest pieces of a word, in letters.
const PIECES: std::ops::RangeInclusive<usize> = 3..=5;

/// How long vectors are, and how their parts are weighed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Config {
    /// Length of a vector, [`MIN_DIMENSIONS`] to [`MAX_DIMENSIONS`]; 128 by default.
    pub dimensions: usize,
    /// How much a function word counts beside any other word, 0 to 10; 0.05 by default.
    pub function: f32,
    /// How much all pieces of a word count beside the word, 0 to 10; 0.5 by default.
    pub pieces: f32,
}

impl Default for Config {
    fn default() -> Self {
        Self { dimensions: 128, function: 0.05, pieces: 0.5 }
    }
}

impl Config {
    fn check(&self) -> Result<(), TextError> {
        let lengths = MIN_DIMENSIONS..=MAX_DIMENSIONS;
        let weights = [("encoder.function", self.function), ("encoder.pieces", self.pieces)];
        let wrong = weights.into_iter().find(|(_, weight)| !(0.0..=10.0).contains(weight));
        match (lengths.contains(&self.dimensions), wrong) {
            (true, None) => Ok(()),
            (true, Some((name, found))) => {
                Err(TextError::OutOfRange { name, found: f64::from(found), expected: "0 to 10" })
            }
            (false, _) => Err(TextError::OutOfRange {
                name: "encoder.dimensions",
                found: self.dimensions as f64,
                expected: "64 to 4096",
            }),
        }
    }
}

/// A text becomes a unit vector.
///
/// ```
/// use text::Encoder;
/// let encoder = Encoder::default();
/// let angle = |a: &str, b: &str| -> f32 { encoder.encode(a).iter().zip(encoder.encode(b)).map(|(a, b)| a * b).sum() };
/// assert!(angle("connecting to Postgres", "the PostgreSQL connection") > angle("connecting to Postgres", "a walk in the park"));
/// ```
#[derive(Clone, Debug, Default)]
pub struct Encoder {
    config: Config,
    words: Words,
}

impl Encoder {
    /// An encoder of these settings.
    ///
    /// # Errors
    /// [`TextError::OutOfRange`].
    pub fn new(config: Config) -> Result<Self, TextError> {
        config.check()?;
        Ok(Self { config, words: Words::new(Language::English) })
    }

    /// Which vectors these are: those of one name can be compared, and are the same on every machine.
    pub fn name(&self) -> String {
        let Config { dimensions, function, pieces } = self.config;
        format!("text-{VERSION}/{dimensions}/{function}/{pieces}")
    }

    /// Length of a vector.
    pub fn dimensions(&self) -> usize {
        self.config.dimensions
    }

    /// The unit vector of `text`, of [`Self::dimensions`] numbers; all zeros if it has no words.
    pub fn encode(&self, text: &str) -> Vec<f32> {
        let mut vector = vec![0.0; self.config.dimensions];
        let mut left = MAX_TEXT_WORDS;
        forms(text, |form| {
            if left > 0 {
                left -= 1;
                self.add(bare(form), &mut vector);
            }
        });
        normalise(&mut vector);
        vector
    }

    fn add(&self, form: &str, vector: &mut [f32]) {
        if is_function_word(form) {
            add_feature(hash(&[b"w", form.as_bytes()]), self.config.function, vector);
        } else {
            self.add_spelling(form, vector);
        }
    }

    /// Adds a word's stem and its pieces, which together count [`Config::pieces`].
    fn add_spelling(&self, form: &str, vector: &mut [f32]) {
        let stem = self.words.stem(form);
        add_feature(hash(&[b"w", stem.as_bytes()]), 1.0, vector);
        let mut ends: Vec<usize> = Vec::with_capacity(stem.len() + 3);
        let framed = format!("<{stem}>");
        ends.extend(framed.char_indices().map(|(at, _)| at));
        ends.push(framed.len());
        let pieces = || PIECES.flat_map(|n| (n..ends.len()).map(move |end| (end - n, end)));
        let each = self.config.pieces / (pieces().count().max(1) as f32).sqrt();
        for (start, end) in pieces() {
            add_feature(hash(&[&framed.as_bytes()[ends[start]..ends[end]]]), each, vector);
        }
    }
}

/// The last bit of a hash is its sign, the rest its place.
fn add_feature(hash: u64, weight: f32, vector: &mut [f32]) {
    let place = ((hash >> 1) % vector.len() as u64) as usize;
    vector[place] += if hash & 1 == 0 { weight } else { -weight };
}

/// Sums squares in eight lanes, so that the order is one on every machine and still quick.
fn normalise(vector: &mut [f32]) {
    let mut lanes = [0.0_f32; 8];
    for (i, number) in vector.iter().enumerate() {
        lanes[i % 8] += number * number;
    }
    let length = lanes.iter().sum::<f32>().sqrt();
    if length > 0.0 {
        vector.iter_mut().for_each(|number| *number /= length);
    }
}
