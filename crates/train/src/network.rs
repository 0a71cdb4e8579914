//! A network as it is trained: operations in order, and where their weights lie in one flat array.
//!
//! Images are kept with their channels last, as `spike` keeps them; a map that follows a `Flatten`
//! has its weights in that order, and the export puts them in NIR's. Weights of maps lie as
//! `[inputs][outputs]` (a spike adds one row).

use std::ops::Range;

use crate::config::{Config, EncoderKind, Init, LayerConfig, ResetConfig};
use crate::error::{Problems, TrainError};
use crate::limits::{MAX_BATCH_VALUES, MAX_LAYER_VALUES, MAX_PARAMETERS};
use crate::neuron::{Neuron, Reset};
use crate::random::Random;

/// Length of a step under the profile, in seconds.
pub(crate) const DT: f64 = 1e-4;

/// A network: its operations and the sizes on the way.
#[derive(Clone, Debug)]
pub(crate) struct Network {
    pub(crate) ops: Vec<Op>,
    /// The shape of one step of the input, channels first.
    pub(crate) input: Vec<usize>,
    /// Values of one step before the first operation and after each.
    pub(crate) sizes: Vec<usize>,
    /// What the values before the first operation and after each are.
    pub(crate) signals: Vec<Signal>,
    pub(crate) steps: usize,
    /// Weights and biases in all.
    pub(crate) n_parameters: usize,
    /// Running moments in all.
    pub(crate) n_moments: usize,
}

/// What values between two operations are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Signal {
    /// The same in every step, and stored once.
    pub(crate) constant: bool,
    /// 0 or 1.
    pub(crate) binary: bool,
    /// What each is meant to be multiplied by while training, because of a dropout.
    pub(crate) scale: f32,
    /// Whether a derivative with respect to it is needed.
    pub(crate) derived: bool,
}

/// One operation.
#[derive(Clone, Debug)]
pub(crate) enum Op {
    Dense(Dense),
    Conv(Conv),
    Pool(Pool),
    Flatten(Flatten),
    Norm(Norm),
    Dropout(f32),
    Neuron(Layer),
}

#[derive(Clone, Debug)]
pub(crate) struct Dense {
    pub(crate) inputs: usize,
    pub(crate) outputs: usize,
    /// `[inputs][outputs]`.
    pub(crate) weight: Range<usize>,
    pub(crate) bias: Option<Range<usize>>,
    pub(crate) init: Init,
    /// The image that the inputs are, channels last, where a `Flatten` was before.
    pub(crate) image: Option<[usize; 3]>,
}

#[derive(Clone, Debug)]
pub(crate) struct Conv {
    pub(crate) channels: [usize; 2],
    /// Height and width.
    pub(crate) input: [usize; 2],
    pub(crate) output: [usize; 2],
    pub(crate) kernel: usize,
    pub(crate) stride: usize,
    pub(crate) padding: usize,
    /// `[kernel height][kernel width][channels in][channels out]`.
    pub(crate) weight: Range<usize>,
    pub(crate) bias: Option<Range<usize>>,
    pub(crate) init: Init,
}

#[derive(Clone, Debug)]
pub(crate) struct Pool {
    pub(crate) channels: usize,
    pub(crate) input: [usize; 2],
    pub(crate) output: [usize; 2],
    pub(crate) kernel: usize,
    pub(crate) stride: usize,
    /// What sums are divided by: 1, or the window's area.
    pub(crate) divisor: f32,
}

/// Channels last to channels first.
#[derive(Clone, Debug)]
pub(crate) struct Flatten {
    pub(crate) channels: usize,
    pub(crate) area: usize,
}

#[derive(Clone, Debug)]
pub(crate) struct Norm {
    pub(crate) channels: usize,
    pub(crate) gain: Range<usize>,
    pub(crate) offset: Range<usize>,
    /// Where the running mean and, behind it, the running variance lie among the moments.
    pub(crate) moments: Range<usize>,
    pub(crate) momentum: f32,
    pub(crate) epsilon: f32,
}

#[derive(Clone, Debug)]
pub(crate) struct Layer {
    pub(crate) n: usize,
    pub(crate) neuron: Neuron,
    /// `[n][n]`, from and to.
    pub(crate) recurrent: Option<Range<usize>>,
    /// The layer of the description.
    pub(crate) at: usize,
}

impl Conv {
    /// Inputs of one output.
    pub(crate) fn depth(&self) -> usize {
        self.channels[0] * self.kernel * self.kernel
    }

    pub(crate) fn area(&self) -> usize {
        self.output[0] * self.output[1]
    }

    /// Height and width with the zeros around.
    pub(crate) fn padded(&self) -> [usize; 2] {
        self.input.map(|n| n + 2 * self.padding)
    }
}

impl Network {
    /// The network that a description asks for, for samples of `input` and that many classes.
    ///
    /// # Errors
    /// Every layer that does not fit.
    pub(crate) fn new(
        config: &Config,
        input: &[usize],
        n_classes: usize,
    ) -> Result<Self, TrainError> {
        let mut build = Build::new(config, input);
        for (at, layer) in config.layers.iter().enumerate() {
            build.add(config, at, layer);
        }
        build.finish(config, n_classes)
    }

    /// Weights as their initialisers draw them.
    pub(crate) fn draw(&self, seed: u64) -> (Vec<f32>, Vec<f32>) {
        let mut parameters = vec![0.0; self.n_parameters];
        let mut moments = vec![0.0; self.n_moments];
        for (at, op) in self.ops.iter().enumerate() {
            let mut random = Random::of(seed, &[STREAM_WEIGHTS, at as u64]);
            let mut draw = |range: &Range<usize>, init, fan_in: usize, fan_out: usize| {
                let values = &mut parameters[range.clone()];
                values.iter_mut().for_each(|v| *v = weight(&mut random, init, fan_in, fan_out));
            };
            match op {
                Op::Dense(d) => {
                    draw(&d.weight, d.init, d.inputs, d.outputs);
                    if let (Some(bias), Init::Torch) = (&d.bias, d.init) {
                        draw(bias, d.init, d.inputs, d.outputs);
                    }
                }
                Op::Conv(c) => {
                    let fan_out = c.channels[1] * c.kernel * c.kernel;
                    draw(&c.weight, c.init, c.depth(), fan_out);
                    if let (Some(bias), Init::Torch) = (&c.bias, c.init) {
                        draw(bias, c.init, c.depth(), fan_out);
                    }
                }
                Op::Neuron(layer) => {
                    if let Some(weights) = &layer.recurrent {
                        draw(weights, Init::Torch, layer.n, layer.n);
                    }
                }
                Op::Norm(norm) => {
                    parameters[norm.gain.clone()].fill(1.0);
                    moments[norm.moments.clone()][norm.channels..].fill(1.0);
                }
                Op::Pool(_) | Op::Flatten(_) | Op::Dropout(_) => {}
            }
        }
        (parameters, moments)
    }

    /// Values of one step of the output.
    pub(crate) fn outputs(&self) -> usize {
        self.sizes.last().copied().unwrap_or(0)
    }

    /// The first operation, where it is a dense map of a constant input: its product over the whole
    /// batch is taken at once.
    pub(crate) fn front(&self) -> Option<&Dense> {
        match self.ops.first() {
            Some(Op::Dense(dense)) if self.signals[0].constant => Some(dense),
            _ => None,
        }
    }

    /// The layers of neurons.
    pub(crate) fn layers(&self) -> impl Iterator<Item = &Layer> {
        self.ops.iter().filter_map(|op| match op {
            Op::Neuron(layer) => Some(layer),
            _ => None,
        })
    }
}

/// Weights as they lie here, and as NIR and torch order them.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    pub(crate) range: Range<usize>,
    rows: usize,
    columns: usize,
    /// Channels and positions of the rows, which are the other way round there.
    channels: usize,
    area: usize,
}

impl Order {
    /// `[rows][columns]` here, `[columns][channels][area]` there.
    fn matrix(range: &Range<usize>, columns: usize, channels: usize) -> Self {
        let rows = range.len() / columns;
        Self { range: range.clone(), rows, columns, channels, area: rows / channels }
    }

    fn vector(range: &Range<usize>) -> Self {
        let (rows, columns) = (1, range.len());
        Self { range: range.clone(), rows, columns, channels: 1, area: 1 }
    }

    /// Where number `at` there lies here.
    fn place(&self, at: usize) -> usize {
        let row = at % self.rows;
        let row = row % self.area * self.channels + row / self.area;
        self.range.start + row * self.columns + at / self.rows
    }

    /// The values in the order there.
    pub(crate) fn read(&self, values: &[f32]) -> Vec<f32> {
        (0..self.range.len()).map(|at| values[self.place(at)]).collect()
    }

    /// Puts values in the order there where they belong here.
    pub(crate) fn write(&self, from: &[f32], values: &mut [f32]) {
        from.iter().enumerate().for_each(|(at, value)| values[self.place(at)] = *value);
    }
}

impl Dense {
    pub(crate) fn order(&self) -> Order {
        Order::matrix(&self.weight, self.outputs, self.image.map_or(1, |[channels, ..]| channels))
    }
}

impl Conv {
    pub(crate) fn order(&self) -> Order {
        Order::matrix(&self.weight, self.channels[1], self.channels[0])
    }
}

impl Layer {
    pub(crate) fn order(&self) -> Option<Order> {
        self.recurrent.as_ref().map(|range| Order::matrix(range, self.n, 1))
    }
}

impl Op {
    /// All weights, in the order in which torch lists those of such a layer.
    pub(crate) fn orders(&self) -> Vec<Order> {
        match self {
            Self::Dense(map) => {
                std::iter::once(map.order()).chain(map.bias.as_ref().map(Order::vector)).collect()
            }
            Self::Conv(map) => {
                std::iter::once(map.order()).chain(map.bias.as_ref().map(Order::vector)).collect()
            }
            Self::Norm(norm) => vec![Order::vector(&norm.gain), Order::vector(&norm.offset)],
            Self::Neuron(layer) => layer.order().into_iter().collect(),
            Self::Pool(_) | Self::Flatten(_) | Self::Dropout(_) => Vec::new(),
        }
    }
}

/// Streams of random numbers, apart by what they are for.
pub(crate) const STREAM_WEIGHTS: u64 = 1;
pub(crate) const STREAM_ORDER: u64 = 2;
pub(crate) const STREAM_DROPOUT: u64 = 3;
pub(crate) const STREAM_AUGMENT: u64 = 4;
pub(crate) const STREAM_ENCODE: u64 = 5;

fn weight(random: &mut Random, init: Init, fan_in: usize, fan_out: usize) -> f32 {
    match init {
        Init::Torch => {
            let bound = 1.0 / (fan_in as f32).sqrt();
            random.between(-bound, bound)
        }
        Init::He => random.normal() * (2.0 / fan_in as f32).sqrt(),
        Init::Glorot => random.normal() * (2.0 / (fan_in + fan_out) as f32).sqrt(),
    }
}

/// What remains after a step, as `spike` computes it from the time constant that the file holds.
pub(crate) fn decay(share: f32) -> f32 {
    (1.0 - DT / f64::from(tau(share))) as f32
}

/// The time constant, in seconds, of which `share` remains after a step.
pub(crate) fn tau(share: f32) -> f32 {
    (DT / (1.0 - f64::from(share))) as f32
}

struct Build {
    network: Network,
    shape: Vec<usize>,
    /// The image that was flattened without being turned.
    image: Option<[usize; 3]>,
    problems: Problems,
}

impl Build {
    fn new(config: &Config, input: &[usize]) -> Self {
        let direct = config.encoder.kind == EncoderKind::Direct;
        let coded = matches!(
            config.encoder.kind,
            EncoderKind::Rate | EncoderKind::Bernoulli | EncoderKind::Latency
        );
        let signal = Signal { constant: direct, binary: coded, scale: 1.0, derived: false };
        let network = Network {
            ops: Vec::new(),
            input: input.to_vec(),
            sizes: vec![input.iter().product()],
            signals: vec![signal],
            steps: config.encoder.steps,
            n_parameters: 0,
            n_moments: 0,
        };
        Self { network, shape: input.to_vec(), image: None, problems: Problems::default() }
    }

    fn signal(&self) -> Signal {
        self.network.signals.last().copied().unwrap_or(Signal {
            constant: false,
            binary: false,
            scale: 1.0,
            derived: false,
        })
    }

    fn take(&mut self, n: usize) -> Range<usize> {
        let first = self.network.n_parameters;
        self.network.n_parameters = first.saturating_add(n);
        first..self.network.n_parameters
    }

    fn push(&mut self, op: Op, shape: Vec<usize>, signal: Signal) {
        self.network.ops.push(op);
        self.network.sizes.push(shape.iter().product());
        self.network.signals.push(signal);
        self.shape = shape;
    }

    fn image(&mut self, at: usize) -> Option<[usize; 3]> {
        match *self.shape.as_slice() {
            [channels, height, width] => Some([channels, height, width]),
            _ => {
                let found = format!("shape {:?}", self.shape);
                self.problems.push(
                    format!("layers[{at}]"),
                    "an image (channels, height, width)",
                    found,
                );
                None
            }
        }
    }

    fn add(&mut self, config: &Config, at: usize, layer: &LayerConfig) {
        let place = format!("layers[{at}]");
        let signal = self.signal();
        let valued = Signal { binary: false, ..signal };
        let derived = Signal { binary: false, scale: 1.0, derived: true, ..signal };
        match layer {
            LayerConfig::Linear { features, bias, init } => {
                let [inputs] = *self.shape.as_slice() else {
                    let found = format!("shape {:?}", self.shape);
                    self.problems.push(place, "one axis; a layer `flatten` makes it", found);
                    return;
                };
                if !self.holds(&place, inputs.saturating_mul(*features), MAX_PARAMETERS) {
                    return;
                }
                let weight = self.take(inputs * features);
                let bias = bias.then(|| self.take(*features));
                let image = self.image.take();
                let dense = Dense { inputs, outputs: *features, weight, bias, init: *init, image };
                self.push(Op::Dense(dense), vec![*features], derived);
            }
            LayerConfig::Conv2d { channels, kernel, stride, padding, bias, init } => {
                let Some([inputs, height, width]) = self.image(at) else { return };
                let size = |n: usize| windows(n + 2 * padding, *kernel, *stride);
                let (Some(rows), Some(columns)) = (size(height), size(width)) else {
                    let found = format!("{height} x {width}");
                    self.problems.push(place, "an image as large as the kernel", found);
                    return;
                };
                let weights = [inputs, *kernel, *kernel, *channels];
                let n = weights.iter().fold(1usize, |n, d| n.saturating_mul(*d));
                let values = channels.saturating_mul(rows * columns);
                if !self.holds(&place, n, MAX_PARAMETERS)
                    || !self.holds(&place, values, MAX_LAYER_VALUES)
                {
                    return;
                }
                let weight = self.take(n);
                let bias = bias.then(|| self.take(*channels));
                let conv = Conv {
                    channels: [inputs, *channels],
                    input: [height, width],
                    output: [rows, columns],
                    kernel: *kernel,
                    stride: *stride,
                    padding: *padding,
                    weight,
                    bias,
                    init: *init,
                };
                self.push(Op::Conv(conv), vec![*channels, rows, columns], derived);
            }
            LayerConfig::SumPool2d { kernel, stride }
            | LayerConfig::AvgPool2d { kernel, stride } => {
                let Some([channels, height, width]) = self.image(at) else { return };
                let stride = stride.unwrap_or(*kernel);
                let size = |n: usize| windows(n, *kernel, stride);
                let (Some(rows), Some(columns)) = (size(height), size(width)) else {
                    let found = format!("{height} x {width}");
                    self.problems.push(place, "an image as large as the window", found);
                    return;
                };
                let averages = matches!(layer, LayerConfig::AvgPool2d { .. });
                let pool = Pool {
                    channels,
                    input: [height, width],
                    output: [rows, columns],
                    kernel: *kernel,
                    stride,
                    divisor: if averages { (kernel * kernel) as f32 } else { 1.0 },
                };
                self.push(Op::Pool(pool), vec![channels, rows, columns], valued);
            }
            LayerConfig::Flatten {} => {
                let channels = self.shape.first().copied().unwrap_or(1);
                let area = self.shape.iter().skip(1).product();
                let shape = vec![channels * area];
                let mut after = config.layers[at + 1..].iter();
                let map = after.find(|layer| !matches!(layer, LayerConfig::Dropout { .. }));
                if let (&[c, h, w], Some(LayerConfig::Linear { .. })) = (&self.shape[..], map) {
                    self.image = Some([c, h, w]);
                    self.shape = shape;
                    return;
                }
                self.push(Op::Flatten(Flatten { channels, area }), shape, signal);
            }
            LayerConfig::BatchNorm { momentum, epsilon } => {
                let map = matches!(self.network.ops.last(), Some(Op::Dense(_) | Op::Conv(_)));
                if !map {
                    self.problems.push(place, "a layer `linear` or `conv2d` before it", "another");
                    return;
                }
                let channels = self.shape.first().copied().unwrap_or(1);
                let (gain, offset) = (self.take(channels), self.take(channels));
                let first = self.network.n_moments;
                self.network.n_moments += 2 * channels;
                let norm = Norm {
                    channels,
                    gain,
                    offset,
                    moments: first..self.network.n_moments,
                    momentum: *momentum,
                    epsilon: *epsilon,
                };
                let shape = self.shape.clone();
                self.push(Op::Norm(norm), shape, derived);
            }
            LayerConfig::Dropout { share } => {
                let shape = self.shape.clone();
                let scale = signal.scale / (1.0 - share);
                self.push(Op::Dropout(*share), shape, Signal { scale, ..signal });
            }
            LayerConfig::Lif { beta, threshold, recurrent } => {
                self.neuron(config, at, [Some(*beta), None, Some(*threshold)], *recurrent);
            }
            LayerConfig::If { threshold } => {
                self.neuron(config, at, [None, None, Some(*threshold)], false);
            }
            LayerConfig::CubaLif { alpha, beta, threshold, recurrent } => {
                self.neuron(config, at, [Some(*beta), Some(*alpha), Some(*threshold)], *recurrent);
            }
            LayerConfig::Li { beta } => self.neuron(config, at, [Some(*beta), None, None], false),
        }
    }

    fn holds(&mut self, place: &str, n: usize, most: usize) -> bool {
        if n > most || self.network.n_parameters.saturating_add(n) > MAX_PARAMETERS {
            self.problems.push(place, format!("at most {most} values"), n);
            return false;
        }
        true
    }

    /// `[beta, alpha, threshold]`.
    fn neuron(&mut self, config: &Config, at: usize, of: [Option<f32>; 3], recurrent: bool) {
        let [beta, alpha, threshold] = of;
        let n: usize = self.shape.iter().product();
        let signal = self.signal();
        let place = format!("layers[{at}]");
        let driven = matches!(
            self.network.ops.last(),
            Some(Op::Dense(_) | Op::Conv(_) | Op::Norm(_) | Op::Pool(_))
        );
        if !driven || signal.scale != 1.0 {
            self.problems.push(
                place,
                "a map or a pool before it, and no dropout between",
                "another",
            );
            return;
        }
        if recurrent && !self.holds(&place, n.saturating_mul(n), MAX_PARAMETERS) {
            return;
        }
        let late = config.profile.reset_delay && (recurrent || alpha.is_some());
        let neuron = Neuron {
            decay: beta.map_or(1.0, decay),
            decay_current: alpha.map(decay),
            threshold,
            reset: match config.profile.reset {
                ResetConfig::None => Reset::None,
                _ if threshold.is_none() => Reset::None,
                ResetConfig::Subtract => Reset::SubtractNext,
                ResetConfig::Zero if late => Reset::Discard,
                ResetConfig::Zero => Reset::Zero,
            },
            surrogate: config.surrogate,
            through_reset: config.training.through_reset,
            smooth: false,
        };
        let recurrent = recurrent.then(|| self.take(n * n));
        let spikes = threshold.is_some();
        let shape = self.shape.clone();
        let signal = Signal { constant: false, binary: spikes, scale: 1.0, derived: true };
        self.push(Op::Neuron(Layer { n, neuron, recurrent, at }), shape, signal);
    }

    fn finish(mut self, config: &Config, n_classes: usize) -> Result<Network, TrainError> {
        if !matches!(self.network.ops.last(), Some(Op::Neuron(_))) {
            let found = config.layers.last().map_or("nothing", LayerConfig::kind);
            self.problems.push("layers", "neurons or `li` as the last layer", found);
        } else if self.network.outputs() != n_classes {
            let expected = format!("{n_classes} outputs, one for each class");
            self.problems.push("layers", expected, self.network.outputs());
        }
        let reads = self.network.layers().filter(|l| l.neuron.threshold.is_none()).count();
        let last = self.network.layers().last().is_some_and(|l| l.neuron.threshold.is_none());
        if reads > usize::from(last) {
            self.problems.push("layers", "`li` as the last layer alone", "another after it");
        }
        let widest = self.network.sizes.iter().copied().max().unwrap_or(0);
        let values = [config.encoder.steps, config.training.batch, widest];
        let values = values.iter().fold(1usize, |n, d| n.saturating_mul(*d));
        if values > MAX_BATCH_VALUES {
            let expected = format!("at most {MAX_BATCH_VALUES} values of a batch in a layer");
            self.problems.push("training.batch", expected, values);
        }
        self.problems.check()?;
        Ok(self.network)
    }
}

fn windows(size: usize, kernel: usize, stride: usize) -> Option<usize> {
    (kernel > 0 && stride > 0).then_some(())?;
    size.checked_sub(kernel).map(|free| free / stride + 1)
}
