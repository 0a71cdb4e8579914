//! Micro-columns: units that compete to answer for an input, allocated where nothing fits.
//! Not the columns of a memory, which place items (`column`); these learn classes.

use std::collections::{BTreeMap, VecDeque};

use crate::eprop::dot;
use crate::error::{PlasticityError, check};
use crate::protocol::Learner;
use crate::undo::{Reader, Step};

/// Classes that a learner tells apart.
pub const MAX_CLASSES: usize = 4096;

/// Units of all classes together.
pub const MAX_UNITS: usize = 1 << 20;

/// Steps of learning that can be undone.
pub const MAX_UNDO: usize = 1024;

/// What micro-columns are made of.
#[derive(Clone, Debug, PartialEq)]
pub struct MicroColumnsConfig {
    /// Values of an input.
    pub n_inputs: usize,
    /// Units that a class may allocate, 20.
    pub units_per_class: usize,
    /// Similarity (cosine) of a class's best unit below which the class allocates, 0.95.
    pub allocate_below: f32,
    /// The least rate at which a winner moves to its input, 0.05; a young unit moves by `1 / wins`.
    pub rate: f32,
    /// The rate at which a unit of another class that wins is pushed away, 0.01.
    pub anti_rate: f32,
    /// Similarity below which an input is novel: no class answers, 0 (never) unless set.
    pub novel_below: f32,
}

impl MicroColumnsConfig {
    /// The defaults for `n_inputs` values.
    pub fn new(n_inputs: usize) -> Self {
        Self {
            n_inputs,
            units_per_class: 20,
            allocate_below: 0.95,
            rate: 0.05,
            anti_rate: 0.01,
            novel_below: 0.0,
        }
    }

    fn check(&self) -> Result<(), PlasticityError> {
        let positive = [("n_inputs", self.n_inputs), ("units_per_class", self.units_per_class)];
        for (parameter, n) in positive {
            if n == 0 || n > MAX_UNITS {
                let (expected, found) = ("1 to 1,048,576", n as f64);
                return Err(PlasticityError::Parameter { parameter, expected, found });
            }
        }
        let fractions = [
            ("allocate_below", self.allocate_below),
            ("rate", self.rate),
            ("anti_rate", self.anti_rate),
            ("novel_below", self.novel_below),
        ];
        for (parameter, value) in fractions {
            if !(0.0..=1.0).contains(&value) {
                let (expected, found) = ("0 to 1", f64::from(value));
                return Err(PlasticityError::Parameter { parameter, expected, found });
            }
        }
        Ok(())
    }
}

/// Units of unit length that compete; each belongs to one class, and a class grows by allocation.
///
/// Learning `x` (scaled to length 1) as class `c`: the unit of `c` with the largest `w x` wins. If
/// `w x < allocate_below` and the class has room, a new unit takes `x`. Otherwise
/// `w = w + max(rate, 1 / wins) (x - w)`, scaled to length 1. Then the winner of all classes is
/// found; if it belongs to another class, `w = w - anti_rate x`, scaled to length 1. Prediction is
/// the class of the overall winner.
///
/// In spikes: `x` arrives as times to first spike, so that the unit whose weights match the order
/// reaches its threshold first and inhibits the others; the label is the third factor. Units of
/// other classes change by `anti_rate` alone, which is why earlier classes are kept.
///
/// Source: nearest-prototype learning with allocation as in Carpenter, Grossberg and Rosen 1991,
/// "Fuzzy ART", and the pushing away of LVQ2.1, Kohonen 1990, "The self-organizing map", section V.
#[derive(Clone, Debug)]
pub struct MicroColumns {
    config: MicroColumnsConfig,
    /// Shape `[units][n_inputs]`, each of length 1.
    weights: Vec<f32>,
    class_of: Vec<u32>,
    wins: Vec<u32>,
    units_of: BTreeMap<u32, usize>,
    weight_changes: u64,
    undo: VecDeque<Step>,
}

/// What a sample changed.
#[derive(Clone, Debug, PartialEq)]
pub struct Taught {
    /// What the class did.
    pub outcome: Outcome,
    /// The class that the input was taken for before anything changed, as
    /// [`MicroColumns::recognise`] would have said.
    pub answered: Option<u32>,
    /// Similarity of the class's best unit before anything changed; none if it had no unit.
    pub similarity: Option<f32>,
    /// The unit of another class that had won and was pushed away.
    pub corrected: Option<usize>,
    /// Weights that were changed.
    pub weight_changes: u64,
}

/// What a class did with a sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// This unit was made for it.
    Allocated(usize),
    /// This unit moved towards it.
    Adapted(usize),
}

/// The answer to an input.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Recognised {
    /// The class of the winner; none for a novel input.
    pub class: Option<u32>,
    /// The unit that won.
    pub unit: usize,
    /// Its similarity, the cosine.
    pub similarity: f32,
}

impl MicroColumns {
    /// Columns that know no class yet.
    ///
    /// # Errors
    /// [`PlasticityError::Parameter`].
    pub fn new(config: MicroColumnsConfig) -> Result<Self, PlasticityError> {
        config.check()?;
        Ok(Self {
            config,
            weights: Vec::new(),
            class_of: Vec::new(),
            wins: Vec::new(),
            units_of: BTreeMap::new(),
            weight_changes: 0,
            undo: VecDeque::new(),
        })
    }

    /// What they are made of.
    pub fn config(&self) -> &MicroColumnsConfig {
        &self.config
    }

    /// Units allocated so far.
    pub fn n_units(&self) -> usize {
        self.class_of.len()
    }

    /// The classes known, with their units.
    pub fn classes(&self) -> impl Iterator<Item = (u32, usize)> + '_ {
        self.units_of.iter().map(|(class, n)| (*class, *n))
    }

    /// Weights changed since the columns were made.
    pub fn weight_changes(&self) -> u64 {
        self.weight_changes
    }

    /// Learns that `input` is of `class`.
    ///
    /// # Errors
    /// For an input of another length, with a value that is not finite, or all zero; and
    /// [`PlasticityError::Full`] for a class above [`MAX_CLASSES`] or a unit above [`MAX_UNITS`].
    pub fn teach(&mut self, input: &[f32], class: u32) -> Result<Taught, PlasticityError> {
        let x = self.unit_of(input)?;
        let before = self.weight_changes;
        let scores = self.scores(&x);
        let best = best(&scores, |unit| self.class_of[unit] == class);
        let overall = best_of_all(&scores);
        let answered = overall.and_then(|unit| self.class_at(unit, scores[unit]));
        let has = self.units_of.get(&class).copied().unwrap_or(0);
        let fits = best.is_some_and(|unit| scores[unit] >= self.config.allocate_below);
        let mut step = Step::new(class);
        let outcome = match best {
            Some(unit) if fits || has >= self.config.units_per_class => {
                self.adapt(unit, &x, &mut step);
                Outcome::Adapted(unit)
            }
            _ => Outcome::Allocated(self.allocate(x.clone(), class, &mut step)?),
        };
        let corrected = self.correct(&x, class, overall, &scores, &outcome, &mut step);
        self.remember(step);
        Ok(Taught {
            outcome,
            answered,
            similarity: best.map(|unit| scores[unit]),
            corrected,
            weight_changes: self.weight_changes - before,
        })
    }

    /// The winner for an input; none while nothing was learned.
    ///
    /// # Errors
    /// For an input of another length, with a value that is not finite, or all zero.
    pub fn recognise(&self, input: &[f32]) -> Result<Option<Recognised>, PlasticityError> {
        let x = self.unit_of(input)?;
        let scores = self.scores(&x);
        Ok(best_of_all(&scores).map(|unit| {
            let similarity = scores[unit];
            Recognised { class: self.class_at(unit, similarity), unit, similarity }
        }))
    }

    /// The class that a winner stands for, unless the input is novel.
    fn class_at(&self, unit: usize, similarity: f32) -> Option<u32> {
        (similarity >= self.config.novel_below).then(|| self.class_of[unit])
    }

    /// Takes the last sample back; false if there is none, or it is more than [`MAX_UNDO`] ago.
    pub fn undo(&mut self) -> bool {
        let Some(step) = self.undo.pop_back() else { return false };
        let n = self.config.n_inputs;
        for (unit, wins, weights) in step.before.into_iter().rev() {
            self.weights[unit * n..][..n].copy_from_slice(&weights);
            self.wins[unit] = wins;
            self.weight_changes += n as u64;
        }
        if step.allocated {
            self.forget_last(step.class);
        }
        true
    }

    fn forget_last(&mut self, class: u32) {
        self.weights.truncate(self.weights.len() - self.config.n_inputs);
        self.class_of.pop();
        self.wins.pop();
        match self.units_of.get_mut(&class) {
            Some(n) if *n > 1 => *n -= 1,
            _ => drop(self.units_of.remove(&class)),
        }
    }

    fn remember(&mut self, step: Step) {
        if self.undo.len() == MAX_UNDO {
            self.undo.pop_front();
        }
        self.undo.push_back(step);
    }

    fn unit_of(&self, input: &[f32]) -> Result<Vec<f32>, PlasticityError> {
        check(input, self.config.n_inputs)?;
        let mut x = input.to_vec();
        if !scale(&mut x) {
            return Err(PlasticityError::Silent);
        }
        Ok(x)
    }

    fn scores(&self, x: &[f32]) -> Vec<f32> {
        self.weights.chunks_exact(self.config.n_inputs).map(|w| dot(w, x)).collect()
    }

    fn allocate(
        &mut self,
        x: Vec<f32>,
        class: u32,
        step: &mut Step,
    ) -> Result<usize, PlasticityError> {
        if self.class_of.len() >= MAX_UNITS {
            return Err(PlasticityError::Full { what: "units", limit: MAX_UNITS });
        }
        if !self.units_of.contains_key(&class) && self.units_of.len() >= MAX_CLASSES {
            return Err(PlasticityError::Full { what: "classes", limit: MAX_CLASSES });
        }
        step.allocated = true;
        self.weight_changes += x.len() as u64;
        self.weights.extend(x);
        self.class_of.push(class);
        self.wins.push(1);
        *self.units_of.entry(class).or_default() += 1;
        Ok(self.class_of.len() - 1)
    }

    fn adapt(&mut self, unit: usize, x: &[f32], step: &mut Step) {
        step.before.push((unit, self.wins[unit], self.row(unit).to_vec()));
        self.wins[unit] = self.wins[unit].saturating_add(1);
        let rate = self.config.rate.max(1.0 / self.wins[unit] as f32);
        self.shift(unit, x, |w, x| w + rate * (x - w));
    }

    /// Pushes the overall winner away if it is of another class.
    fn correct(
        &mut self,
        x: &[f32],
        class: u32,
        overall: Option<usize>,
        scores: &[f32],
        outcome: &Outcome,
        step: &mut Step,
    ) -> Option<usize> {
        let unit = overall.filter(|unit| self.class_of[*unit] != class)?;
        let own = match outcome {
            Outcome::Allocated(_) => 1.0,
            Outcome::Adapted(own) => dot(self.row(*own), x),
        };
        if own >= scores[unit] {
            return None;
        }
        step.before.push((unit, self.wins[unit], self.row(unit).to_vec()));
        let rate = self.config.anti_rate;
        self.shift(unit, x, |w, x| w - rate * x);
        Some(unit)
    }

    fn row(&self, unit: usize) -> &[f32] {
        &self.weights[unit * self.config.n_inputs..][..self.config.n_inputs]
    }

    fn shift(&mut self, unit: usize, x: &[f32], change: impl Fn(f32, f32) -> f32) {
        let n = self.config.n_inputs;
        let row = &mut self.weights[unit * n..][..n];
        row.iter_mut().zip(x).for_each(|(w, x)| *w = change(*w, *x));
        // A unit that is moved to nothing has no direction: it takes the input's.
        if !scale(row) {
            row.copy_from_slice(x);
        }
        self.weight_changes += n as u64;
    }

    /// The bytes from which [`MicroColumns::restored`] makes the same columns; the steps that
    /// could be undone are not among them.
    pub fn snapshot(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(32 + self.weights.len() * 4 + self.class_of.len() * 8);
        out.extend_from_slice(MAGIC);
        out.extend((self.config.n_inputs as u64).to_le_bytes());
        out.extend((self.class_of.len() as u64).to_le_bytes());
        out.extend(self.weight_changes.to_le_bytes());
        self.class_of.iter().for_each(|class| out.extend(class.to_le_bytes()));
        self.wins.iter().for_each(|n| out.extend(n.to_le_bytes()));
        self.weights.iter().for_each(|w| out.extend(w.to_le_bytes()));
        out
    }

    /// The columns of a snapshot.
    ///
    /// # Errors
    /// [`PlasticityError::Snapshot`] where the bytes are no snapshot of columns of this
    /// configuration.
    pub fn restored(config: MicroColumnsConfig, bytes: &[u8]) -> Result<Self, PlasticityError> {
        let mut columns = Self::new(config)?;
        let n = columns.config.n_inputs;
        let mut from = Reader::new(bytes, MAGIC)?;
        from.expect("inputs", n as u64)?;
        let units = from.count("units", MAX_UNITS)?;
        columns.weight_changes = from.u64()?;
        from.length(units.saturating_mul(8 + n * 4))?;
        columns.class_of = (0..units).map(|_| from.u32()).collect::<Result<_, _>>()?;
        columns.wins = (0..units).map(|_| from.u32()).collect::<Result<_, _>>()?;
        columns.weights = (0..units * n).map(|_| from.f32()).collect::<Result<_, _>>()?;
        for class in &columns.class_of {
            *columns.units_of.entry(*class).or_default() += 1;
        }
        let most = columns.units_of.values().copied().max().unwrap_or(0);
        from.below("units of a class", most, columns.config.units_per_class)?;
        from.below("classes", columns.units_of.len(), MAX_CLASSES)?;
        Ok(columns)
    }
}

const MAGIC: &[u8; 8] = b"STRMCOL1";

impl Learner for MicroColumns {
    fn learn(&mut self, input: &[f32], class: u32) -> Result<(), PlasticityError> {
        self.teach(input, class).map(drop)
    }

    fn predict(&self, input: &[f32]) -> Result<Option<u32>, PlasticityError> {
        Ok(self.recognise(input)?.and_then(|r| r.class))
    }
}

fn best(scores: &[f32], of: impl Fn(usize) -> bool) -> Option<usize> {
    (0..scores.len()).filter(|unit| of(*unit)).max_by(|a, b| scores[*a].total_cmp(&scores[*b]))
}

fn best_of_all(scores: &[f32]) -> Option<usize> {
    best(scores, |_| true)
}

/// Scales to length 1; false for a vector of length 0, which stays.
fn scale(x: &mut [f32]) -> bool {
    let largest = x.iter().fold(0.0f32, |m, v| m.max(v.abs()));
    if largest == 0.0 {
        return false;
    }
    // By the largest first, so that no square leaves the range of a float.
    x.iter_mut().for_each(|v| *v /= largest);
    let length = dot(x, x).sqrt();
    x.iter_mut().for_each(|v| *v /= length);
    true
}
