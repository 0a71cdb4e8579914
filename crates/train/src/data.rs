//! Samples and their classes, read from bytes; and how they are split. Nothing here opens a file.

use sense::{Array, read_npy, read_npz};

use crate::config::{DataConfig, EncoderKind};
use crate::error::{Problems, TrainError};
use crate::limits::MAX_CLASSES;
use crate::random::Random;

/// Samples of one shape and the class of each.
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset {
    shape: Vec<usize>,
    x: Vec<f32>,
    y: Vec<u32>,
    n_classes: usize,
}

/// Which samples train, which choose, which only test; numbers of rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    /// Those that train.
    pub training: Vec<u32>,
    /// Those that choose the best epoch.
    pub validation: Vec<u32>,
    /// Those held out for the last report.
    pub test: Vec<u32>,
}

impl Dataset {
    /// Samples `x` of `shape` each, one after the other, and their classes.
    ///
    /// # Errors
    /// [`TrainError::Problems`] where sizes do not fit, values are no numbers or classes too many.
    pub fn new(shape: Vec<usize>, x: Vec<f32>, y: Vec<u32>) -> Result<Self, TrainError> {
        let mut problems = Problems::default();
        let n = shape.iter().try_fold(1usize, |n, d| n.checked_mul(*d)).unwrap_or(0);
        if n == 0 || x.len() != n.saturating_mul(y.len()) {
            let expected = format!("{} samples of shape {shape:?}", y.len());
            problems.push("data", expected, format!("{} values", x.len()));
        }
        if y.is_empty() {
            problems.push("data", "at least one sample", "none");
        }
        if let Some(at) = x.iter().position(|v| !v.is_finite()) {
            let place = format!("data: sample {}, value {}", at / n.max(1), at % n.max(1));
            problems.push(place, "a number", x[at]);
        }
        let n_classes = y.iter().max().map_or(0, |most| *most as usize + 1);
        if n_classes > MAX_CLASSES {
            problems.push("data: classes", format!("at most {MAX_CLASSES}"), n_classes);
        }
        problems.check()?;
        Ok(Self { shape, x, y, n_classes })
    }

    /// Reads the arrays `x` and `y` (by default `y`) of a `.npz`.
    ///
    /// # Errors
    /// As [`read_npz`] and [`Dataset::new`]; and where an array is missing or no class.
    pub fn from_npz(bytes: &[u8], config: &DataConfig) -> Result<Self, TrainError> {
        let mut arrays = read_npz(bytes, &config.path)?;
        let mut problems = Problems::default();
        let names = arrays.keys().cloned().collect::<Vec<_>>().join(", ");
        let mut take = |name: &str| {
            let found = arrays.remove(name);
            if found.is_none() {
                problems.push(
                    format!("data: {}", config.path),
                    format!("an array `{name}`"),
                    &names,
                );
            }
            found
        };
        let (x, y) = (take(&config.x), take(config.y.as_deref().unwrap_or("y")));
        problems.check()?;
        let (Some(x), Some(y)) = (x, y) else { return Err(none_left()) };
        Self::from_arrays(x, y.data(), config)
    }

    /// Reads a table of numbers: a row for each sample, one column of classes, by default the last.
    /// The first line may name the columns; fields are separated by commas.
    ///
    /// # Errors
    /// [`TrainError::Problems`] names the rows that cannot be read.
    pub fn from_csv(text: &str, config: &DataConfig) -> Result<Self, TrainError> {
        let mut problems = Problems::default();
        let mut lines = text.lines().enumerate().filter(|(_, l)| !l.trim().is_empty()).peekable();
        let fields = |line: &str| line.split(',').map(|f| f.trim().to_owned()).collect::<Vec<_>>();
        let first = lines.peek().map(|(_, line)| fields(line)).unwrap_or_default();
        let named = first.iter().any(|f| f.parse::<f32>().is_err());
        if named {
            lines.next();
        }
        let column = match &config.y {
            None => first.len().checked_sub(1),
            Some(name) if named => first.iter().position(|f| f == name),
            Some(number) => number.parse().ok().filter(|at| *at < first.len()),
        };
        let Some(column) = column.filter(|_| first.len() > 1) else {
            let expected = "a column of classes and another";
            problems.push(format!("data: {}", config.path), expected, first.join(", "));
            return Err(TrainError::Problems(problems));
        };
        let (mut x, mut y) = (Vec::new(), Vec::new());
        for (at, line) in lines {
            let place = format!("data: {}: line {}", config.path, at + 1);
            let row: Vec<String> = fields(line);
            if row.len() != first.len() {
                problems.push(place, format!("{} fields", first.len()), row.len());
                continue;
            }
            for (field, text) in row.iter().enumerate() {
                match text.parse::<f32>() {
                    Ok(value) if field == column => y.push(value),
                    Ok(value) => x.push(value),
                    Err(_) => problems.push(place.clone(), "a number", text),
                }
            }
        }
        problems.check()?;
        let shape = vec![y.len(), first.len() - 1];
        Self::from_arrays(Array::new(shape, x)?, &y, config)
    }

    /// Reads `.npy` files, each one sample, with the name of its class; classes are numbered in the
    /// order of their names.
    ///
    /// # Errors
    /// As [`read_npy`]; and where shapes differ.
    pub fn from_files<'a>(
        files: impl IntoIterator<Item = (&'a str, &'a str, Vec<u8>)>,
        config: &DataConfig,
    ) -> Result<Self, TrainError> {
        let mut problems = Problems::default();
        let mut samples: Vec<(&str, Array)> = Vec::new();
        for (class, name, bytes) in files {
            let array = read_npy(&bytes, name)?;
            if let Some((_, first)) = samples.first()
                && first.shape() != array.shape()
            {
                let expected = format!("shape {:?}", first.shape());
                problems.push(format!("data: {name}"), expected, format!("{:?}", array.shape()));
            }
            samples.push((class, array));
        }
        let classes: std::collections::BTreeSet<&str> = samples.iter().map(|(c, _)| *c).collect();
        let Some((_, first)) = samples.first() else {
            problems.push(format!("data: {}", config.path), "folders of .npy files", "none");
            return Err(TrainError::Problems(problems));
        };
        problems.check()?;
        let mut shape = vec![samples.len()];
        shape.extend_from_slice(first.shape());
        let number = |class: &str| classes.iter().position(|c| *c == class).unwrap_or(0) as f32;
        let y: Vec<f32> = samples.iter().map(|(class, _)| number(class)).collect();
        let x = samples.into_iter().flat_map(|(_, array)| array.into_data()).collect();
        Self::from_arrays(Array::new(shape, x)?, &y, config)
    }

    fn from_arrays(x: Array, y: &[f32], config: &DataConfig) -> Result<Self, TrainError> {
        let mut problems = Problems::default();
        let shape = match &config.shape {
            Some(shape) => shape.clone(),
            None => x.shape().iter().skip(1).copied().collect(),
        };
        if x.shape().first() != Some(&y.len()) {
            let found = format!("{:?} and {}", x.shape(), y.len());
            problems.push("data", "as many classes as samples", found);
        }
        let is_class = |y: f32| y >= 0.0 && y.fract() == 0.0 && y < MAX_CLASSES as f32;
        for (at, y) in y.iter().enumerate().filter(|(_, y)| !is_class(**y)).take(10) {
            problems.push(format!("data: class of sample {at}"), "a whole number", y);
        }
        problems.check()?;
        let y = y.iter().map(|y| *y as u32).collect();
        let x = x.into_data().into_iter().map(|v| v * config.scale).collect();
        Self::new(shape, x, y)
    }

    /// The shape of a sample.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// How many samples there are.
    pub fn len(&self) -> usize {
        self.y.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.y.is_empty()
    }

    /// The highest class and one.
    pub fn n_classes(&self) -> usize {
        self.n_classes
    }

    /// Sample `number`, scaled.
    pub fn sample(&self, number: u32) -> &[f32] {
        let n = self.x.len() / self.y.len();
        &self.x[number as usize * n..][..n]
    }

    /// The class of sample `number`.
    pub fn class(&self, number: u32) -> u32 {
        self.y[number as usize]
    }

    /// The shape of one step of the input.
    ///
    /// # Errors
    /// Where samples are not what the encoder takes.
    pub(crate) fn input(&self, kind: EncoderKind, steps: usize) -> Result<Vec<usize>, TrainError> {
        let mut problems = Problems::default();
        if kind == EncoderKind::Steps {
            if self.shape.len() < 2 || self.shape[0] != steps {
                let found = format!("shape {:?}", self.shape);
                problems.push("data", format!("samples of shape ({steps}, ...)"), found);
            }
            problems.check()?;
            return Ok(self.shape[1..].to_vec());
        }
        if !matches!(self.shape.len(), 1 | 3) {
            let expected = "samples of shape (n) or (channels, height, width), see data.shape";
            problems.push("data", expected, format!("shape {:?}", self.shape));
        }
        if let Some(at) = self.x.iter().position(|v| !(0.0..=1.0).contains(v)) {
            let n = self.x.len() / self.y.len();
            let place = format!("data: sample {}, value {}", at / n, at % n);
            problems.push(place, "0 to 1, see data.scale", self.x[at]);
        }
        problems.check()?;
        Ok(self.shape.clone())
    }

    /// The split that a description asks for.
    ///
    /// # Errors
    /// Where nothing is left to train.
    pub fn split(&self, config: &DataConfig) -> Result<Split, TrainError> {
        let held = config.test.saturating_add(config.validation);
        if held >= self.len() {
            let mut problems = Problems::default();
            let expected = format!("fewer than the {} samples", self.len());
            problems.push("data.test and data.validation", expected, held);
            return Err(TrainError::Problems(problems));
        }
        let mut training = Random::new(config.split_seed, 0).permutation(self.len());
        let test = training.split_off(self.len() - config.test);
        let validation = training.split_off(training.len() - config.validation);
        Ok(Split { training, validation, test })
    }

    /// A number that changes with any value.
    pub(crate) fn fingerprint(&self) -> u64 {
        let values = self.x.iter().map(|v| u64::from(v.to_bits()));
        let all = values.chain(self.y.iter().map(|y| u64::from(*y)));
        all.fold(self.y.len() as u64, |hash, v| {
            (hash.rotate_left(5) ^ v).wrapping_mul(0x517c_c1b7_2722_0a95)
        })
    }
}

fn none_left() -> TrainError {
    let mut problems = Problems::default();
    problems.push("data", "two arrays", "none");
    TrainError::Problems(problems)
}
