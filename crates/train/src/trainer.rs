//! Training: epochs of batches, what is kept of the best, when it ends.
//!
//! A batch goes through four stages, each on all threads: samples are read (where the first map
//! sees a constant input, its product is then taken over the whole batch at once), lanes go forward
//! and back, derivatives are added up in the order of the lanes, weights are moved. No stage
//! depends on the number of threads, so neither does a single bit of the result.

use crate::config::Config;
use crate::data::{Dataset, Split};
use crate::encode::{Buffers, Reading};
use crate::error::TrainError;
use crate::kernel::{Into, Left, Right, Rows, Scratch, Terms, multiply};
use crate::network::{Dense, Network, Op, STREAM_ORDER};
use crate::optimiser::{Memory, Part};
use crate::parallel;
use crate::pass::{Context, Lane};
use crate::random::Random;
use crate::report::{Ended, EpochReport, Score, TrainingReport};
use crate::schedule::Plateau;
use crate::trained::{Looker, Trained};

/// Lanes of a batch at most: so many threads can be of use.
const MAX_LANES: usize = 16;

/// Samples of a lane at least.
const MIN_LANE: usize = 4;

/// Weights that one thread adds up and moves at a time.
const PART: usize = 1 << 14;

/// Columns of the first product that one thread takes at a time.
const COLUMNS: usize = 64;

/// Rows of the first map's weights that one thread takes at a time.
const ROWS: usize = 56;

/// A training at the end of some epoch.
#[derive(Debug)]
pub struct Trainer {
    pub(crate) config: Config,
    pub(crate) network: Network,
    data: Dataset,
    split: Split,
    pub(crate) state: State,
    lanes: Vec<Lane>,
    workers: Vec<Worker>,
    batch: Batch,
}

/// All that a checkpoint holds.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct State {
    pub(crate) parameters: Vec<f32>,
    pub(crate) moments: Vec<f32>,
    /// The moving average of the weights; empty where there is none.
    pub(crate) average: Vec<f32>,
    pub(crate) memory: Memory,
    pub(crate) plateau: Plateau,
    pub(crate) best: Option<Best>,
    pub(crate) epochs: Vec<EpochReport>,
}

/// The weights of the best epoch.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Best {
    pub(crate) epoch: usize,
    pub(crate) parameters: Vec<f32>,
    pub(crate) moments: Vec<f32>,
}

/// What a thread owns.
#[derive(Debug, Default)]
struct Worker {
    buffers: Buffers,
    scratch: Scratch,
    looker: Looker,
}

/// Buffers of a batch.
#[derive(Debug, Default)]
struct Batch {
    /// Input of the front, `[samples][inputs]`.
    x: Vec<f32>,
    /// Its product, in blocks of [`COLUMNS`] columns.
    product: Vec<f32>,
    /// The product's derivative, `[samples][outputs]`.
    g: Vec<f32>,
    gradient: Vec<f32>,
    norms: Vec<f64>,
}

impl Trainer {
    /// A training that has not begun, on that many threads.
    ///
    /// # Errors
    /// Every way in which layers and data do not fit.
    pub fn new(config: Config, data: Dataset, threads: usize) -> Result<Self, TrainError> {
        let input = data.input(config.encoder.kind, config.encoder.steps)?;
        let split = data.split(&config.data)?;
        let network = Network::new(&config, &input, data.n_classes())?;
        let (parameters, moments) = network.draw(config.training.seed);
        let n = parameters.len();
        let seconds = if config.optimiser.moments() > 1 { n } else { 0 };
        let average = config.training.average.map_or(Vec::new(), |_| parameters.clone());
        let memory = Memory { first: vec![0.0; n], second: vec![0.0; seconds], steps: 0 };
        let state = State {
            parameters,
            moments,
            average,
            memory,
            plateau: Plateau::default(),
            best: None,
            epochs: Vec::new(),
        };
        let workers = (0..threads.max(1)).map(|_| Worker::default()).collect();
        let batch = Batch { gradient: vec![0.0; n], ..Batch::default() };
        Ok(Self { config, network, data, split, state, lanes: Vec::new(), workers, batch })
    }

    /// Which samples train, choose and test.
    pub fn split(&self) -> &Split {
        &self.split
    }

    /// The data.
    pub fn data(&self) -> &Dataset {
        &self.data
    }

    /// Weights and biases.
    pub fn n_parameters(&self) -> usize {
        self.network.n_parameters
    }

    /// The epochs so far.
    pub fn epochs(&self) -> &[EpochReport] {
        &self.state.epochs
    }

    /// Whether and why the training has ended.
    pub fn ended(&self) -> Ended {
        let done = self.state.epochs.len();
        let best = self.state.best.as_ref().map_or(done, |best| best.epoch);
        match &self.config.early_stop {
            _ if done >= self.config.training.epochs => Ended::Epochs,
            Some(stop) if done - best > stop.patience => Ended::Patience,
            _ => Ended::Not,
        }
    }

    /// Runs one epoch and judges it on the validation part; `clock` gives seconds from any origin.
    ///
    /// # Errors
    /// [`TrainError::Diverged`] where the loss is no number any more.
    pub fn epoch(&mut self, clock: &mut dyn FnMut() -> f64) -> Result<EpochReport, TrainError> {
        let began = clock();
        let epoch = self.state.epochs.len();
        let (training, rate) = self.train(epoch)?;
        let trained_at = clock();
        let trained = self.current();
        let mut lookers: Vec<Looker> =
            self.workers.iter_mut().map(|w| std::mem::take(&mut w.looker)).collect();
        let validation = trained.score_with(&self.data, &self.split.validation, &mut lookers);
        self.workers.iter_mut().zip(lookers).for_each(|(w, looker)| w.looker = looker);
        self.state.plateau.hear(&self.config.schedule, validation.loss);
        let is_best = self.state.best.as_ref().is_none_or(|best| {
            let so_far = &self.state.epochs[best.epoch - 1].validation;
            let (accuracy, loss) = (validation.accuracy, validation.loss);
            (accuracy, -loss) > (so_far.accuracy, -so_far.loss)
        });
        if is_best {
            let (parameters, moments) = (self.used().to_vec(), self.state.moments.clone());
            self.state.best = Some(Best { epoch: epoch + 1, parameters, moments });
        }
        let report = EpochReport {
            epoch: epoch + 1,
            rate,
            training,
            validation,
            is_best,
            seconds: clock() - began,
            training_seconds: trained_at - began,
        };
        self.state.epochs.push(report.clone());
        Ok(report)
    }

    /// The network as it is now, as it would be used.
    pub fn current(&self) -> Trained {
        self.trained(self.used(), &self.state.moments)
    }

    /// The network of the best epoch, as it would be used.
    pub fn best(&self) -> Trained {
        match &self.state.best {
            Some(best) => self.trained(&best.parameters, &best.moments),
            None => self.current(),
        }
    }

    /// What was trained so far, and what the best epoch's network does on the test part.
    pub fn report(&self) -> TrainingReport {
        let best_epoch = self.state.best.as_ref().map_or(0, |best| best.epoch);
        let of_best = self.state.epochs.get(best_epoch.wrapping_sub(1));
        let test = &self.split.test;
        let threads = self.workers.len();
        TrainingReport {
            epochs: self.state.epochs.clone(),
            best_epoch,
            validation: of_best.map_or_else(Score::default, |e| e.validation.clone()),
            test: (!test.is_empty()).then(|| self.best().score(&self.data, test, threads)),
            parameters: self.network.n_parameters,
            training_samples: self.split.training.len(),
            seed: self.config.training.seed,
            split_seed: self.config.data.split_seed,
            ended: self.ended(),
        }
    }

    fn trained(&self, parameters: &[f32], moments: &[f32]) -> Trained {
        let classes = self.data.n_classes();
        Trained::fold(&self.config, &self.network, parameters, moments, classes)
    }

    /// The weights that are used: those trained, or their average.
    fn used(&self) -> &[f32] {
        if self.state.average.is_empty() { &self.state.parameters } else { &self.state.average }
    }

    fn train(&mut self, epoch: usize) -> Result<(Score, f32), TrainError> {
        let seed = self.config.training.seed;
        let mut random = Random::of(seed, &[STREAM_ORDER, epoch as u64]);
        let order: Vec<u32> = random
            .permutation(self.split.training.len())
            .iter()
            .map(|at| self.split.training[*at as usize])
            .collect();
        let size = self.config.training.batch.min(order.len());
        let batches = order.len().div_ceil(size);
        let (mut loss, mut right, mut rate) = (0.0, 0usize, 0.0);
        let layers: Vec<usize> = self.network.layers().map(|layer| layer.n).collect();
        let mut spikes = vec![0u64; layers.len()];
        for (batch, numbers) in order.chunks(size).enumerate() {
            let (lost, hits) = self.derive(numbers, epoch as u64, &mut spikes);
            if !lost.is_finite() {
                let loss = lost / numbers.len() as f64;
                return Err(TrainError::Diverged { epoch: epoch + 1, batch: batch + 1, loss });
            }
            loss += lost;
            right += hits;
            let over = epoch as f64 + (batch + 1) as f64 / batches as f64;
            let at = match self.config.schedule {
                crate::config::ScheduleConfig::Cosine { .. } => over,
                _ => epoch as f64 + batch as f64 / batches as f64,
            };
            let share =
                self.config.schedule.share(at, self.config.training.epochs, &self.state.plateau);
            rate = self.config.optimiser.rate() * share;
            self.update(rate);
        }
        let n = order.len() as f64;
        let per = |(spikes, neurons): (&u64, &usize)| {
            *spikes as f64 / (n * (neurons * self.network.steps) as f64)
        };
        let score = Score {
            samples: order.len(),
            loss: loss / n,
            accuracy: right as f64 / n,
            spikes_per_neuron_step: spikes.iter().zip(&layers).map(per).collect(),
        };
        Ok((score, rate))
    }

    /// Forward and back for a batch; the gradient is left in `batch.gradient`. Gives the sum of
    /// the losses and how many classes were right.
    fn derive(&mut self, numbers: &[u32], epoch: u64, spikes: &mut [u64]) -> (f64, usize) {
        let n = numbers.len();
        let lanes = (n / MIN_LANE).clamp(1, MAX_LANES);
        let bounds: Vec<usize> = (0..=lanes).map(|lane| lane * n / lanes).collect();
        if self.lanes.len() < lanes {
            self.lanes.resize_with(lanes, Lane::default);
        }
        let Self { config, network, data, state, lanes: all, workers, batch, .. } = self;
        let all = &mut all[..lanes];
        let seed = config.training.seed;
        let drops = network.ops.iter().any(|op| matches!(op, Op::Dropout(_)));
        let context = Context {
            network,
            parameters: &state.parameters,
            loss: &config.loss,
            regularisation: config.regularisation.as_ref(),
            batch: n,
            front_given: true,
            dropout: drops.then_some([seed, epoch]),
        };
        let reading = Reading {
            kind: config.encoder.kind,
            steps: network.steps,
            shape: &network.input,
            chance: Some(([seed, epoch], config.augmentation.as_ref())),
        };
        let front = network.front().cloned();
        if let Some(front) = &front {
            batch.x.resize(n * front.inputs, 0.0);
            let rows: Vec<_> = batch.x.chunks_exact_mut(front.inputs).zip(numbers).collect();
            parallel::each(workers, in_chunks(rows, MIN_LANE), |worker, rows| {
                for (x, number) in rows {
                    reading.read(data.sample(*number), *number, [0, 1], x, &mut worker.buffers);
                }
            });
            multiply_front(front, &state.parameters, n, batch, workers);
        }
        let product = &batch.product;
        let items: Vec<_> = all.iter_mut().zip(bounds.windows(2)).collect();
        parallel::each(workers, items, |worker, (lane, bounds)| {
            let (first, last) = (bounds[0], bounds[1]);
            let numbers = &numbers[first..last];
            lane.prepare(network, numbers.len());
            lane.numbers.clear();
            lane.numbers.extend_from_slice(numbers);
            lane.labels.clear();
            lane.labels.extend(numbers.iter().map(|number| data.class(*number)));
            match &front {
                Some(front) => take_product(front, product, n, first, &mut lane.values[1]),
                None => {
                    for (row, number) in numbers.iter().enumerate() {
                        let (place, sample) = ([row, numbers.len()], data.sample(*number));
                        let (out, buffers) = (&mut lane.values[0], &mut worker.buffers);
                        reading.read(sample, *number, place, out, buffers);
                    }
                }
            }
            lane.forward(&context);
            lane.judge(&context, true);
            lane.back(&context);
        });
        if let Some(front) = &front {
            batch.g.clear();
            all.iter().for_each(|lane| batch.g.extend_from_slice(&lane.front));
            derive_front(front, n, batch, workers);
        }
        let skipped = front.as_ref().map_or(0, |front| front.weight.len());
        let parts: Vec<_> = batch.gradient[skipped..].chunks_mut(PART).enumerate().collect();
        let lanes: &[Lane] = all;
        parallel::each(workers, parts, |_, (at, part)| {
            part.fill(0.0);
            for lane in lanes {
                add(part, &lane.gradient[at * PART..]);
            }
        });
        keep_moments(network, lanes, &mut state.moments);
        let (mut lost, mut right) = (0.0, 0);
        for lane in lanes {
            for (judged, label) in lane.judged.iter().zip(&lane.labels) {
                lost += judged.loss;
                right += usize::from(judged.class == *label);
            }
            spikes.iter_mut().zip(&lane.spikes).for_each(|(sum, n)| *sum += n);
        }
        (lost, right)
    }

    /// One step of the optimiser.
    fn update(&mut self, rate: f32) {
        let Self { config, state, workers, batch, .. } = self;
        state.memory.steps += 1;
        let step = state.memory.steps;
        let scale = config.training.clip_norm.map_or(1.0, |most| {
            batch.norms.clear();
            batch.norms.resize(batch.gradient.len().div_ceil(PART), 0.0);
            let parts = batch.gradient.chunks(PART).zip(&mut batch.norms).collect();
            parallel::each(workers, parts, |_, (part, norm): (&[f32], &mut f64)| {
                *norm = part.iter().map(|g| f64::from(*g) * f64::from(*g)).sum();
            });
            let norm = batch.norms.iter().sum::<f64>().sqrt();
            if norm > f64::from(most) { (f64::from(most) / norm) as f32 } else { 1.0 }
        });
        let kept = config
            .training
            .average
            .map_or(0.0, |kept| kept.min((1.0 + step as f32) / (10.0 + step as f32)));
        let mut second = state.memory.second.chunks_mut(PART);
        let mut average = state.average.chunks_mut(PART);
        let parts: Vec<_> = state
            .parameters
            .chunks_mut(PART)
            .zip(batch.gradient.chunks(PART))
            .zip(state.memory.first.chunks_mut(PART))
            .map(|((weights, gradient), first)| {
                let second = second.next().unwrap_or_default();
                (Part { weights, gradient, first, second }, average.next().unwrap_or_default())
            })
            .collect();
        let optimiser = &config.optimiser;
        parallel::each(workers, parts, |_, (part, average)| {
            let Part { weights, gradient, first, second } = part;
            let moved = Part { weights: &mut *weights, gradient, first, second };
            optimiser.step(moved, step, rate, scale);
            for (mean, weight) in average.iter_mut().zip(weights.iter()) {
                *mean = kept * *mean + (1.0 - kept) * weight;
            }
        });
    }
}

/// The gradient of one batch.
#[derive(Clone, Debug, PartialEq)]
pub struct Gradient {
    /// The mean loss of a sample.
    pub loss: f64,
    /// Derivatives of the weights, in the order and layout of the weights given.
    pub gradients: Vec<Vec<f32>>,
}

/// The gradient of all of `data` as one batch, at given weights: a list for each of a layer's
/// weights and biases, from input to output, laid out as torch and NIR do (`[outputs][inputs]`,
/// `[channels out][channels in][height][width]`). Nothing is varied or dropped.
///
/// # Errors
/// As [`Trainer::new`], and where the weights are not those of the network.
pub fn gradient(
    config: &Config,
    data: &Dataset,
    weights: &[Vec<f32>],
) -> Result<Gradient, TrainError> {
    let mut config = config.clone();
    (config.data.test, config.data.validation, config.augmentation) = (0, 0, None);
    let mut trainer = Trainer::new(config, data.clone(), 1)?;
    let orders: Vec<_> = trainer.network.ops.iter().flat_map(Op::orders).collect();
    let expected: Vec<usize> = orders.iter().map(|order| order.range.len()).collect();
    let found: Vec<usize> = weights.iter().map(Vec::len).collect();
    if expected != found {
        let mut problems = crate::error::Problems::default();
        problems.push("weights", format!("{expected:?}"), format!("{found:?}"));
        return Err(TrainError::Problems(problems));
    }
    for (order, values) in orders.iter().zip(weights) {
        order.write(values, &mut trainer.state.parameters);
    }
    trainer.network.ops.iter_mut().for_each(|op| {
        if let Op::Dropout(share) = op {
            *share = 0.0;
        }
    });
    let numbers: Vec<u32> = (0..data.len() as u32).collect();
    let mut spikes = vec![0; trainer.network.layers().count()];
    let (lost, _) = trainer.derive(&numbers, 0, &mut spikes);
    let gradients = orders.iter().map(|order| order.read(&trainer.batch.gradient)).collect();
    Ok(Gradient { loss: lost / data.len() as f64, gradients })
}

fn in_chunks<T>(items: Vec<T>, size: usize) -> Vec<Vec<T>> {
    let mut chunks = Vec::new();
    let mut items = items.into_iter().peekable();
    while items.peek().is_some() {
        chunks.push(items.by_ref().take(size).collect());
    }
    chunks
}

/// The product of the front over the whole batch, block of columns by block.
fn multiply_front(
    front: &Dense,
    parameters: &[f32],
    n: usize,
    batch: &mut Batch,
    workers: &mut [Worker],
) {
    batch.product.resize(n * front.outputs, 0.0);
    let weight = &parameters[front.weight.clone()];
    let x = &batch.x;
    let blocks: Vec<_> = batch.product.chunks_mut(n * COLUMNS).enumerate().collect();
    parallel::each(workers, blocks, |worker, (block, data)| {
        let width = data.len() / n;
        let left =
            Left { data: x, row: Rows::even(n, front.inputs), term: Rows::even(front.inputs, 1) };
        let right = Right::Rows { data: &weight[block * COLUMNS..], row: front.outputs, n: width };
        let mut into = Into { data, row: Rows::even(n, width), adds: false };
        multiply(left, right, &mut into, Terms::Rounded, &mut worker.scratch);
    });
}

/// Copies the rows of a lane out of the blocks.
fn take_product(front: &Dense, product: &[f32], n: usize, first: usize, out: &mut [f32]) {
    for (block, data) in product.chunks(n * COLUMNS).enumerate() {
        let width = data.len() / n;
        for (row, out) in out.chunks_exact_mut(front.outputs).enumerate() {
            let from = &data[(first + row) * width..][..width];
            out[block * COLUMNS..][..width].copy_from_slice(from);
        }
    }
}

/// The derivative of the front's weights over the whole batch, some rows at a time.
fn derive_front(front: &Dense, n: usize, batch: &mut Batch, workers: &mut [Worker]) {
    let Batch { x, g, gradient, .. } = batch;
    let (x, g) = (&*x, &*g);
    let rows: Vec<_> =
        gradient[front.weight.clone()].chunks_mut(ROWS * front.outputs).enumerate().collect();
    parallel::each(workers, rows, |worker, (part, data)| {
        let many = data.len() / front.outputs;
        let row = Rows::Even { first: part * ROWS, step: 1, n: many };
        let left = Left { data: x, row, term: Rows::even(n, front.inputs) };
        let right = Right::Rows { data: g, row: front.outputs, n: front.outputs };
        let mut into = Into { data, row: Rows::even(many, front.outputs), adds: false };
        multiply(left, right, &mut into, Terms::Fused, &mut worker.scratch);
    });
}

/// Running moments take a share of the mean of the lanes'.
fn keep_moments(network: &Network, lanes: &[Lane], moments: &mut [f32]) {
    for op in &network.ops {
        let Op::Norm(norm) = op else { continue };
        for at in norm.moments.clone() {
            let mean = lanes.iter().map(|lane| lane.moments[at]).sum::<f32>() / lanes.len() as f32;
            moments[at] += norm.momentum * (mean - moments[at]);
        }
    }
}

crate::kernel::widest! {
    fn add(to: &mut [f32], values: &[f32]) {
        to.iter_mut().zip(values).for_each(|(sum, v)| *sum += v);
    }
}
