//! Class-incremental learning, measured: tasks in order, one pass, no replay, no task told at test.
//!
//! Source: van de Ven, Tuytelaars and Tolias 2022, "Three types of incremental learning", Nature
//! Machine Intelligence 4; forgetting and backward transfer as in Lopez-Paz and Ranzato 2017,
//! "Gradient episodic memory for continual learning", NeurIPS, and Chaudhry et al. 2018,
//! "Riemannian walk for incremental learning", ECCV.

use crate::PlasticityError;
use crate::random::Random;

/// Something that learns classes one sample at a time.
pub trait Learner {
    /// Learns that an input is of a class.
    ///
    /// # Errors
    /// For an input that it cannot take; nothing has been learned then.
    fn learn(&mut self, input: &[f32], class: u32) -> Result<(), PlasticityError>;

    /// The class of an input; none where it knows none.
    ///
    /// # Errors
    /// For an input that it cannot take.
    fn predict(&self, input: &[f32]) -> Result<Option<u32>, PlasticityError>;
}

/// Labelled samples, shape `[n][n_inputs]`.
#[derive(Clone, Debug, Default)]
pub struct Samples {
    /// Values of each sample.
    pub n_inputs: usize,
    /// All values.
    pub inputs: Vec<f32>,
    /// The class of each sample.
    pub classes: Vec<u32>,
}

impl Samples {
    /// The number of samples.
    pub fn len(&self) -> usize {
        self.classes.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.classes.is_empty()
    }

    /// A sample.
    pub fn get(&self, idx: usize) -> (&[f32], u32) {
        (&self.inputs[idx * self.n_inputs..][..self.n_inputs], self.classes[idx])
    }

    /// The samples of these positions.
    pub fn of(&self, positions: &[usize]) -> Self {
        let mut out = Self { n_inputs: self.n_inputs, ..Self::default() };
        for (x, class) in positions.iter().map(|idx| self.get(*idx)) {
            out.inputs.extend(x);
            out.classes.push(class);
        }
        out
    }

    /// Two parts, drawn: the first with `n_first` samples, class by class as evenly as they come.
    pub fn split(&self, n_first: usize, seed: u64) -> (Self, Self) {
        let mut order: Vec<usize> = (0..self.len()).collect();
        Random::new(seed).shuffle(&mut order);
        let (first, second) = order.split_at(n_first.min(order.len()));
        (self.of(first), self.of(second))
    }
}

/// What a sequence of tasks left behind.
#[derive(Clone, Debug, PartialEq)]
pub struct Incremental {
    /// `accuracy[i][j]`: of task `j`'s held-out samples, after task `i` was learned; `j <= i`.
    pub accuracy: Vec<Vec<f64>>,
    /// Of all held-out samples, at the end.
    pub final_accuracy: f64,
}

impl Incremental {
    /// `F = mean over earlier tasks of (best accuracy so far - final accuracy)`.
    pub fn forgetting(&self) -> f64 {
        self.mean_of_earlier(|task, last| {
            let best = self.accuracy[..self.accuracy.len() - 1].iter().filter_map(|r| r.get(task));
            best.fold(0.0f64, |m, a| m.max(*a)) - last
        })
    }

    /// `BWT = mean over earlier tasks of (final accuracy - accuracy when it was learned)`.
    pub fn backward_transfer(&self) -> f64 {
        self.mean_of_earlier(|task, last| last - self.accuracy[task][task])
    }

    fn mean_of_earlier(&self, of: impl Fn(usize, f64) -> f64) -> f64 {
        let Some((last, earlier)) = self.accuracy.split_last() else { return 0.0 };
        let n = earlier.len().max(1) as f64;
        (0..earlier.len()).map(|task| of(task, last[task])).sum::<f64>() / n
    }
}

/// Teaches the tasks in order, each a set of classes, once through its samples in a drawn order, and
/// measures after each task all that were seen.
///
/// # Errors
/// The learner's.
pub fn class_incremental(
    learner: &mut impl Learner,
    train: &Samples,
    test: &Samples,
    tasks: &[Vec<u32>],
    seed: u64,
) -> Result<Incremental, PlasticityError> {
    let mut random = Random::new(seed);
    let mut accuracy = Vec::new();
    for done in 1..=tasks.len() {
        let classes = &tasks[done - 1];
        let of_task = |idx: &usize| classes.contains(&train.classes[*idx]);
        let mut order: Vec<usize> = (0..train.len()).filter(of_task).collect();
        random.shuffle(&mut order);
        for (x, class) in order.iter().map(|idx| train.get(*idx)) {
            learner.learn(x, class)?;
        }
        let row = tasks[..done].iter().map(|task| accuracy_of(learner, test, Some(task)));
        accuracy.push(row.collect::<Result<_, _>>()?);
    }
    let final_accuracy = accuracy_of(learner, test, None)?;
    Ok(Incremental { accuracy, final_accuracy })
}

/// Teaches all samples once in a drawn order; the accuracy of the held-out ones.
///
/// # Errors
/// The learner's.
pub fn one_pass(
    learner: &mut impl Learner,
    train: &Samples,
    test: &Samples,
    seed: u64,
) -> Result<f64, PlasticityError> {
    let mut order: Vec<usize> = (0..train.len()).collect();
    Random::new(seed).shuffle(&mut order);
    for (x, class) in order.iter().map(|idx| train.get(*idx)) {
        learner.learn(x, class)?;
    }
    accuracy_of(learner, test, None)
}

/// The share of samples answered rightly, of some classes or of all.
///
/// # Errors
/// The learner's.
pub fn accuracy_of(
    learner: &impl Learner,
    test: &Samples,
    classes: Option<&[u32]>,
) -> Result<f64, PlasticityError> {
    let (mut right, mut n) = (0u32, 0u32);
    for (x, class) in (0..test.len()).map(|idx| test.get(idx)) {
        if classes.is_none_or(|c| c.contains(&class)) {
            n += 1;
            right += u32::from(learner.predict(x)? == Some(class));
        }
    }
    Ok(if n == 0 { 0.0 } else { f64::from(right) / f64::from(n) })
}
