//! Several senses, one answer: where on the way from spikes to a class they come together.

use spike::Raster;

use crate::ReservoirError;
use crate::expert::{Expert, Lessons, entropy, softmax};
use crate::liquid::{Liquid, LiquidConfig};
use crate::liquids::{Fusion, Liquids, LiquidsConfig, join, n_steps, named, silence};

/// Where the senses come together.
///
/// With `p_s` the probabilities of the classes by the read-out of sense `s` alone, `l_s` what it was
/// worth on examples left out (the mean logarithm of the probability of the right class, nats) and
/// `H` the entropy (nats):
///
/// ```text
/// late           p = mean_s p_s
/// weighted sum   p = sum_s a_s p_s                 a = softmax_s(l_s)
/// attention      p = mean_w sum_s a_sw p_sw        a_w = softmax_s(l_sw - H(p_sw))     w: windows
/// ```
///
/// Sums and softmax go over the senses that are there. `-H(p)` is the `l` that a read-out expects of
/// itself for this input, so attention asks how good a sense was and how sure it is now; it is
/// computed, not trained.
///
/// Source: Baltrusaitis, Ahuja and Morency 2019, "Multimodal machine learning", IEEE TPAMI 41, for
/// the names; Kittler et al. 1998, "On combining classifiers", IEEE TPAMI 20, the sum rule, for the
/// mean; Yao et al. 2018, "Using stacking to average Bayesian predictive distributions", Bayesian
/// Analysis 13, pseudo-BMA, for weights `exp(l)`; Misra, Bourlard and Tyagi 2003, "New entropy based
/// combination rules in HMM/ANN multi-stream ASR", ICASSP, for weights by entropy in each window.
/// The sum of both in attention is our own.
#[derive(Clone, Debug, PartialEq)]
pub enum Strategy {
    /// One liquid hears the channels of all senses; its inputs are as many as theirs together.
    Early(LiquidConfig),
    /// One read-out of the rows of all liquids side by side.
    Concatenation,
    /// The same with a further liquid that hears all liquids; its inputs are their neurons.
    Intermediate(LiquidConfig),
    /// A read-out for each sense, all counting alike.
    Late,
    /// A read-out for each sense, each counting as it is worth.
    WeightedSum,
    /// A read-out for each sense and window, each counting as it is worth and as sure as it is.
    Attention,
}

/// What senses are fused by.
#[derive(Clone, Debug, PartialEq)]
pub struct FusedConfig {
    /// One liquid for each sense; of [`Strategy::Early`] only the number of inputs counts.
    pub senses: Vec<LiquidConfig>,
    /// Where they come together.
    pub strategy: Strategy,
    /// Classes.
    pub n_classes: usize,
    /// Strength of the ridge regression, 10.
    pub lambda: f64,
    /// Folds of the examples, each left out once to see what a read-out is worth, 4.
    pub n_folds: usize,
    /// A read-out of several senses learns each example with each sense missing, too, true.
    ///
    /// Source: Neverova et al. 2016, "ModDrop: adaptive multi-modal gesture recognition", IEEE TPAMI
    /// 38, each one once instead of by chance.
    pub drop_senses: bool,
}

impl FusedConfig {
    /// The defaults.
    pub fn new(senses: Vec<LiquidConfig>, strategy: Strategy, n_classes: usize) -> Self {
        Self { senses, strategy, n_classes, lambda: 10.0, n_folds: 4, drop_senses: true }
    }
}

/// What the senses together say.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// Of each class; they sum to 1.
    pub probabilities: Vec<f64>,
    /// How much each sense counted, shape `[windows][senses]`, each window's sum 1 and 0 for a sense
    /// that is missing; one window but for [`Strategy::Attention`], none where one read-out hears
    /// all, or no sense is there.
    pub weights: Vec<Vec<f64>>,
}

impl Answer {
    /// The class with the largest probability.
    pub fn class(&self) -> usize {
        let p = &self.probabilities;
        (0..p.len()).max_by(|a, b| p[*a].total_cmp(&p[*b])).unwrap_or(0)
    }
}

/// Liquids for several senses and what reads them, learned from examples. It answers with any of the
/// senses missing; with none there it says how frequent the classes were.
#[derive(Debug)]
pub struct Fused {
    config: FusedConfig,
    front: Front,
    head: Head,
    frequencies: Vec<f64>,
}

#[derive(Debug)]
enum Front {
    One(Liquid),
    Many(Liquids),
}

#[derive(Debug)]
enum Head {
    Joint(Expert),
    /// Shape `[windows][senses]`.
    Apart(Vec<Vec<Expert>>),
}

/// An input for each sense; `None` where one is missing.
type Senses = [Option<Raster>];

impl Fused {
    /// Draws the liquids and learns examples, each an input for every sense, with their classes.
    ///
    /// # Errors
    /// [`ReservoirError::Parameter`] for a configuration or a class out of range and for a missing
    /// sense or a class without example, [`ReservoirError::Shape`] for fewer examples than folds or
    /// not as many classes, [`ReservoirError::Senses`] and [`ReservoirError::Input`] for an input
    /// that does not fit.
    pub fn learn(
        config: FusedConfig,
        examples: &[Vec<Option<Raster>>],
        classes: &[usize],
    ) -> Result<Self, ReservoirError> {
        config.check()?;
        let frequencies = config.frequencies(examples, classes)?;
        let mut front = Front::new(&config)?;
        let folds = folds(classes, config.n_folds);
        let head = if config.joint() {
            Head::Joint(joint(&config, &mut front, examples, classes, &folds)?)
        } else {
            Head::Apart(apart(&config, &mut front, examples, classes, &folds)?)
        };
        Ok(Self { config, front, head, frequencies })
    }

    /// Answers an input for each sense, from rest; `None` where one is missing.
    ///
    /// # Errors
    /// [`ReservoirError::Senses`] for another number of inputs, [`ReservoirError::Input`] for one
    /// that does not fit.
    pub fn answer(&mut self, inputs: &Senses) -> Result<Answer, ReservoirError> {
        let row = self.front.row(&self.config, inputs)?;
        if inputs.iter().all(Option::is_none) {
            return Ok(Answer { probabilities: self.frequencies.clone(), weights: Vec::new() });
        }
        match &self.head {
            Head::Joint(expert) => {
                Ok(Answer { probabilities: expert.probabilities(&row)?, weights: Vec::new() })
            }
            Head::Apart(windows) => self.weigh(windows, &row, inputs),
        }
    }

    /// What the read-out of each sense was worth on examples left out: the mean logarithm of the
    /// probability of the right class (nats), shape `[windows][senses]`; empty where one read-out
    /// hears all.
    pub fn reliability(&self) -> Vec<Vec<f64>> {
        match &self.head {
            Head::Joint(_) => Vec::new(),
            Head::Apart(windows) => {
                let of = |senses: &Vec<Expert>| senses.iter().map(|s| s.reliability).collect();
                windows.iter().map(of).collect()
            }
        }
    }

    fn weigh(
        &self,
        windows: &[Vec<Expert>],
        row: &[f32],
        inputs: &Senses,
    ) -> Result<Answer, ReservoirError> {
        let mut probabilities = vec![0.0; self.config.n_classes];
        let mut weights = Vec::with_capacity(windows.len());
        for (window, experts) in windows.iter().enumerate() {
            let mut said = Vec::with_capacity(experts.len());
            for (sense, expert) in experts.iter().enumerate() {
                let part = self.config.part(row, sense, window, windows.len());
                let there = inputs[sense].is_some();
                said.push(if there { Some(expert.probabilities(part)?) } else { None });
            }
            let logit = |(expert, said): (&Expert, &Option<Vec<f64>>)| match said {
                Some(p) => self.config.strategy.logit(expert, p),
                None => f64::NEG_INFINITY,
            };
            let shares = softmax(experts.iter().zip(&said).map(logit));
            for (share, p) in shares.iter().zip(&said) {
                for (sum, p) in probabilities.iter_mut().zip(p.iter().flatten()) {
                    *sum += share * p / windows.len() as f64;
                }
            }
            weights.push(shares);
        }
        Ok(Answer { probabilities, weights })
    }
}

impl Strategy {
    fn logit(&self, expert: &Expert, p: &[f64]) -> f64 {
        match self {
            Self::Attention => expert.reliability - entropy(p),
            Self::WeightedSum => expert.reliability,
            _ => 0.0,
        }
    }
}

impl FusedConfig {
    /// What the constructors of liquids do not check themselves.
    fn check(&self) -> Result<(), ReservoirError> {
        let bad = |parameter, expected, found: usize| {
            Err(ReservoirError::Parameter { parameter, expected, found: found as f64 })
        };
        if self.senses.is_empty() {
            return Err(ReservoirError::Senses { expected: 1, found: 0 });
        }
        if self.n_classes == 0 {
            return bad("n_classes", "1 or more", 0);
        }
        if self.n_folds < 2 {
            return bad("n_folds", "2 or more", self.n_folds);
        }
        let n_inputs: usize = self.senses.iter().map(|sense| sense.n_inputs).sum();
        let counts = || self.senses.iter().map(|sense| sense.windows.count());
        let n_windows = counts().next().unwrap_or(1);
        match &self.strategy {
            Strategy::Early(config) if config.n_inputs != n_inputs => {
                bad("n_inputs of the one liquid", "the channels of all senses", config.n_inputs)
            }
            Strategy::Attention => match counts().find(|count| *count != n_windows) {
                Some(count) => bad("windows of a sense", "as many as of the first", count),
                None => Ok(()),
            },
            _ => Ok(()),
        }
    }

    fn frequencies(
        &self,
        examples: &[Vec<Option<Raster>>],
        classes: &[usize],
    ) -> Result<Vec<f64>, ReservoirError> {
        let shape = |what, expected, found| Err(ReservoirError::Shape { what, expected, found });
        if classes.len() != examples.len() {
            return shape("classes", examples.len().to_string(), classes.len());
        }
        if examples.len() < self.n_folds {
            let expected = format!("at least {}, one for each fold", self.n_folds);
            return shape("examples", expected, examples.len());
        }
        let bad = |parameter, expected, found: usize| {
            Err(ReservoirError::Parameter { parameter, expected, found: found as f64 })
        };
        if let Some(idx) = examples.iter().position(|senses| senses.iter().any(Option::is_none)) {
            return bad("example", "one with all senses", idx);
        }
        let mut frequencies = vec![0.0; self.n_classes];
        for class in classes {
            match frequencies.get_mut(*class) {
                Some(share) => *share += 1.0 / classes.len() as f64,
                None => return bad("class", "less than n_classes", *class),
            }
        }
        match frequencies.iter().position(|share| *share == 0.0) {
            Some(class) => bad("class", "one that has examples", class),
            None => Ok(frequencies),
        }
    }

    /// One read-out hears all senses.
    fn joint(&self) -> bool {
        use Strategy::{Concatenation, Early, Intermediate};
        matches!(self.strategy, Early(_) | Concatenation | Intermediate(_))
    }

    /// What one of the `n_windows` read-outs of a sense reads.
    fn part<'a>(&self, row: &'a [f32], sense: usize, window: usize, n_windows: usize) -> &'a [f32] {
        let size = |sense: &LiquidConfig| sense.n_neurons * sense.windows.count();
        let start: usize = self.senses[..sense].iter().map(size).sum();
        let width = size(&self.senses[sense]) / n_windows;
        &row[start + window * width..][..width]
    }
}

impl Front {
    fn new(config: &FusedConfig) -> Result<Self, ReservoirError> {
        let fusion = match &config.strategy {
            Strategy::Early(one) => return Ok(Self::One(Liquid::new(one.clone())?)),
            Strategy::Intermediate(above) => Fusion::Above(above.clone()),
            _ => Fusion::Side,
        };
        let senses = config.senses.clone();
        Ok(Self::Many(Liquids::new(LiquidsConfig { senses, fusion })?))
    }

    /// The roots of the spike counts: counts grow with their variance, their roots do not.
    fn row(&mut self, config: &FusedConfig, inputs: &Senses) -> Result<Vec<f32>, ReservoirError> {
        let (expected, found) = (config.senses.len(), inputs.len());
        if expected != found {
            return Err(ReservoirError::Senses { expected, found });
        }
        let mut row = match self {
            Self::Many(liquids) => liquids.respond(inputs)?,
            Self::One(liquid) => liquid.respond(&heard(&config.senses, inputs)?)?,
        };
        row.iter_mut().for_each(|count| *count = count.sqrt());
        Ok(row)
    }
}

/// The channels of all senses, those of a missing one silent.
fn heard(senses: &[LiquidConfig], inputs: &Senses) -> Result<Raster, ReservoirError> {
    let steps = n_steps(inputs, true)?;
    let mut all = Vec::with_capacity(inputs.len());
    for (idx, (sense, input)) in senses.iter().zip(inputs).enumerate() {
        let input = input.clone().unwrap_or_else(|| silence(sense.n_inputs, steps));
        let (expected, found) = (sense.n_inputs, input.size());
        if expected != found {
            let source = spike::RunError::InputSize { input: 0, expected, found };
            return Err(named(ReservoirError::Input { liquid: 0, source }, idx));
        }
        all.push(input);
    }
    Ok(join(&all, steps))
}

/// The fold of each example, in turn within each class.
fn folds(classes: &[usize], n_folds: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..classes.len()).collect();
    order.sort_by_key(|idx| classes[*idx]);
    let mut folds = vec![0; classes.len()];
    order.into_iter().enumerate().for_each(|(rank, idx)| folds[idx] = rank % n_folds);
    folds
}

fn joint(
    config: &FusedConfig,
    front: &mut Front,
    examples: &[Vec<Option<Raster>>],
    classes: &[usize],
    folds: &[usize],
) -> Result<Expert, ReservoirError> {
    let (mut rows, mut of, mut left) = (Vec::new(), Vec::new(), Vec::new());
    let dropped =
        if config.drop_senses && config.senses.len() > 1 { config.senses.len() } else { 0 };
    for ((senses, class), fold) in examples.iter().zip(classes).zip(folds) {
        for missing in 0..=dropped {
            let mut senses = senses.clone();
            if let Some(sense) = missing.checked_sub(1) {
                senses[sense] = None;
            }
            rows.push(front.row(config, &senses)?);
            of.push(*class);
            left.push(*fold);
        }
    }
    let rows = rows.iter().map(Vec::as_slice).collect();
    let lessons = Lessons { rows, classes: &of, folds: &left, n_classes: config.n_classes };
    Expert::fit(&lessons, config.lambda, config.n_folds)
}

fn apart(
    config: &FusedConfig,
    front: &mut Front,
    examples: &[Vec<Option<Raster>>],
    classes: &[usize],
    folds: &[usize],
) -> Result<Vec<Vec<Expert>>, ReservoirError> {
    let rows = examples.iter().map(|senses| front.row(config, senses));
    let rows = rows.collect::<Result<Vec<Vec<f32>>, _>>()?;
    let attends = config.strategy == Strategy::Attention;
    let n_windows = if attends { config.senses[0].windows.count() } else { 1 };
    let expert = |sense, window| {
        let part = |row| config.part(row, sense, window, n_windows);
        let rows = rows.iter().map(|row| part(row)).collect();
        let lessons = Lessons { rows, classes, folds, n_classes: config.n_classes };
        Expert::fit(&lessons, config.lambda, config.n_folds)
    };
    let senses = 0..config.senses.len();
    let of = |window| senses.clone().map(|sense| expert(sense, window)).collect();
    (0..n_windows).map(of).collect()
}
