//! Gradients against central differences: a network whose spikes are the surrogate's primitive is
//! smooth, and a second, naive forward pass in double precision, written from the equations and
//! sharing no code with the first, gives its loss.

use crate::config::{Config, LossConfig, Over};
use crate::network::{Network, Op};
use crate::pass::{Context, Lane};
use crate::random::Random;
use crate::surrogate::{Surrogate, SurrogateKind};

const SAMPLES: usize = 3;

struct Case {
    text: String,
    input: Vec<usize>,
    /// The input changes from step to step.
    stepped: bool,
}

fn case(layers: &str, loss: &str, input: &[usize], stepped: bool) -> Case {
    let encoder = if stepped { "steps" } else { "direct" };
    let text = format!(
        "[data]\npath = \"-\"\nvalidation = 1\n[encoder]\nkind = \"{encoder}\"\nsteps = 5\n\
         [training]\nepochs = 1\nbatch = 3\nthrough_reset = true\n\
         [surrogate]\nkind = \"fast_sigmoid\"\nslope = 2.0\n\
         [loss]\n{loss}\n[optimiser]\nkind = \"adam\"\nrate = 0.001\n{layers}"
    );
    Case { text, input: input.to_vec(), stepped }
}

/// A layer in double precision: what it holds of the parameters is looked up as it goes.
struct Naive<'a> {
    config: &'a Config,
    network: &'a Network,
    w: &'a [f64],
}

fn primitive(surrogate: &Surrogate, u: f64) -> f64 {
    let k = f64::from(surrogate.slope);
    f64::from(surrogate.scale)
        * match surrogate.kind {
            SurrogateKind::FastSigmoid => u / (1.0 + k * u.abs()),
            SurrogateKind::Arctan => {
                (std::f64::consts::FRAC_PI_2 * k * u).atan() / std::f64::consts::PI + 0.5
            }
            SurrogateKind::Triangular => {
                let within = u.clamp(-1.0 / k, 1.0 / k);
                within - 0.5 * k * within * within.abs()
            }
        }
}

impl Naive<'_> {
    /// The values of all samples in all steps, `[step][sample][n]`, channels last.
    fn forward(&self, input: &[Vec<Vec<f64>>]) -> Vec<Vec<Vec<f64>>> {
        let mut x = input.to_vec();
        for (at, op) in self.network.ops.iter().enumerate() {
            x = self.apply(at, op, &x);
        }
        x
    }

    fn apply(&self, at: usize, op: &Op, x: &[Vec<Vec<f64>>]) -> Vec<Vec<Vec<f64>>> {
        let each = |f: &dyn Fn(&[f64]) -> Vec<f64>| -> Vec<Vec<Vec<f64>>> {
            x.iter().map(|step| step.iter().map(|row| f(row)).collect()).collect()
        };
        match op {
            Op::Dense(d) => each(&|row| {
                let sum = |j: usize| {
                    let products =
                        (0..d.inputs).map(|i| row[i] * self.w[d.weight.start + i * d.outputs + j]);
                    products.sum::<f64>() + d.bias.as_ref().map_or(0.0, |b| self.w[b.start + j])
                };
                (0..d.outputs).map(sum).collect()
            }),
            Op::Conv(c) => each(&|row| {
                let mut out = Vec::new();
                for place in 0..c.area() {
                    for channel in 0..c.channels[1] {
                        let mut sum = c.bias.as_ref().map_or(0.0, |b| self.w[b.start + channel]);
                        for k in 0..c.depth() {
                            let (from, tap) = (k % c.channels[0], k / c.channels[0]);
                            let y = place / c.output[1] * c.stride + tap / c.kernel;
                            let x = place % c.output[1] * c.stride + tap % c.kernel;
                            let inside = |v: usize, axis: usize| {
                                v.checked_sub(c.padding).filter(|v| *v < c.input[axis])
                            };
                            if let (Some(y), Some(x)) = (inside(y, 0), inside(x, 1)) {
                                let value = row[(y * c.input[1] + x) * c.channels[0] + from];
                                sum += value * self.w[c.weight.start + k * c.channels[1] + channel];
                            }
                        }
                        out.push(sum);
                    }
                }
                out
            }),
            Op::Pool(p) => each(&|row| {
                let mut out = Vec::new();
                for place in 0..p.output[0] * p.output[1] {
                    for channel in 0..p.channels {
                        let mut sum = 0.0;
                        for tap in 0..p.kernel * p.kernel {
                            let y = place / p.output[1] * p.stride + tap / p.kernel;
                            let x = place % p.output[1] * p.stride + tap % p.kernel;
                            sum += row[(y * p.input[1] + x) * p.channels + channel];
                        }
                        out.push(sum / f64::from(p.divisor));
                    }
                }
                out
            }),
            Op::Flatten(f) => each(&|row| {
                let from = |at: usize| at % f.area * f.channels + at / f.area;
                (0..row.len()).map(|at| row[from(at)]).collect()
            }),
            Op::Norm(norm) => {
                let n = norm.channels;
                let all: Vec<f64> = x.iter().flatten().flatten().copied().collect();
                let of = |c: usize| all.iter().skip(c).step_by(n).copied();
                let count = (all.len() / n) as f64;
                let mean: Vec<f64> = (0..n).map(|c| of(c).sum::<f64>() / count).collect();
                let root = |c: usize| {
                    let squares = of(c).map(|v| (v - mean[c]).powi(2)).sum::<f64>();
                    (squares / count + f64::from(norm.epsilon)).sqrt()
                };
                let root: Vec<f64> = (0..n).map(root).collect();
                each(&|row| {
                    let normal = |(j, v): (usize, &f64)| {
                        let c = j % n;
                        let gain = self.w[norm.gain.start + c];
                        gain * (v - mean[c]) / root[c] + self.w[norm.offset.start + c]
                    };
                    row.iter().enumerate().map(normal).collect()
                })
            }
            Op::Dropout(_) => x.to_vec(),
            Op::Neuron(layer) => self.neurons(at, layer, x),
        }
    }

    fn neurons(
        &self,
        at: usize,
        layer: &crate::network::Layer,
        x: &[Vec<Vec<f64>>],
    ) -> Vec<Vec<Vec<f64>>> {
        use crate::neuron::Reset;
        let m = &layer.neuron;
        let decay = f64::from(m.decay);
        let constant = self.network.signals[at].constant;
        let samples = x[0].len();
        let (mut u, mut z, mut i) = (
            vec![vec![0.0; layer.n]; samples],
            vec![vec![0.0; layer.n]; samples],
            vec![vec![0.0; layer.n]; samples],
        );
        let mut out = Vec::new();
        for t in 0..self.network.steps {
            let x = if constant { &x[0] } else { &x[t] };
            let fired = z.clone();
            for s in 0..samples {
                for j in 0..layer.n {
                    let mut drive = x[s][j];
                    if let Some(weights) = &layer.recurrent {
                        drive += (0..layer.n)
                            .map(|k| fired[s][k] * self.w[weights.start + k * layer.n + j])
                            .sum::<f64>();
                    }
                    if let Some(decay) = m.decay_current {
                        i[s][j] = f64::from(decay) * i[s][j] + drive;
                        drive = i[s][j];
                    }
                    let threshold = f64::from(m.threshold.unwrap_or(0.0));
                    let (before, z_before) = (u[s][j], fired[s][j]);
                    u[s][j] = match m.reset {
                        Reset::None => decay * before + drive,
                        Reset::SubtractNext => decay * before + drive - z_before * threshold,
                        Reset::Zero => decay * before * (1.0 - z_before) + drive,
                        Reset::Discard => (decay * before + drive) * (1.0 - z_before),
                    };
                    z[s][j] = primitive(&self.config.surrogate, u[s][j] - threshold);
                }
            }
            out.push(if m.threshold.is_some() { z.clone() } else { u.clone() });
        }
        out
    }

    /// The mean loss of the samples, and what unwanted activity costs.
    fn loss(&self, input: &[Vec<Vec<f64>>], labels: &[u32]) -> f64 {
        let out = self.forward(input);
        let (steps, classes) = (out.len(), self.network.outputs());
        let mut total = 0.0;
        for (s, label) in labels.iter().enumerate() {
            let label = *label as usize;
            let of = |c: usize| out.iter().map(move |step| step[s][c]);
            let entropy = |score: &dyn Fn(usize) -> f64| {
                let sum: f64 = (0..classes).map(|c| score(c).exp()).sum();
                sum.ln() - score(label)
            };
            total += match &self.config.loss {
                LossConfig::Rate { scale } => entropy(&|c| f64::from(*scale) * of(c).sum::<f64>()),
                LossConfig::Membrane { over: Over::Max } => {
                    entropy(&|c| of(c).fold(f64::NEG_INFINITY, f64::max))
                }
                LossConfig::Membrane { over: Over::Mean } => {
                    entropy(&|c| of(c).sum::<f64>() / steps as f64)
                }
                LossConfig::FirstSpike { scale } => entropy(&|c| {
                    let z: Vec<f64> = of(c).collect();
                    let left = (0..steps)
                        .rev()
                        .fold(0.0, |left, t| z[t] * (steps - t) as f64 + (1.0 - z[t]) * left);
                    f64::from(*scale) * left
                }),
                LossConfig::VanRossum { tau_steps, period_steps } => {
                    let tau = f64::from(*tau_steps);
                    let mut sum = 0.0;
                    for c in 0..classes {
                        let mut f = 0.0;
                        for (t, z) in of(c).enumerate() {
                            let wanted = c == label && t % period_steps == period_steps - 1;
                            f = (-1.0 / tau).exp() * f + z - f64::from(u8::from(wanted));
                            sum += f * f / (2.0 * tau);
                        }
                    }
                    sum
                }
            };
        }
        total / labels.len() as f64
    }
}

/// The largest difference between both gradients, relative to the largest of them.
fn difference(case: &Case) -> f64 {
    let config = Config::from_toml(&case.text).unwrap_or_else(|e| panic!("{e}\n{}", case.text));
    let mut network = Network::new(&config, &case.input, 2).unwrap();
    network.signals.iter_mut().for_each(|signal| signal.binary = false);
    for op in &mut network.ops {
        if let Op::Neuron(layer) = op {
            layer.neuron.smooth = true;
        }
    }
    let mut random = Random::new(11, 0);
    let (mut parameters, _) = network.draw(3);
    parameters.iter_mut().for_each(|w| *w += 0.3 * random.normal());
    let n = network.sizes[0];
    let steps = if case.stepped { network.steps } else { 1 };
    let mut input = vec![vec![vec![0.0f64; n]; SAMPLES]; steps];
    let mut lane = Lane::default();
    lane.prepare(&network, SAMPLES);
    lane.numbers = (0..SAMPLES as u32).collect();
    lane.labels = vec![0, 1, 1];
    for (t, step) in input.iter_mut().enumerate() {
        for (s, row) in step.iter_mut().enumerate() {
            for (j, value) in row.iter_mut().enumerate() {
                let drawn = random.uniform();
                *value = f64::from(drawn);
                lane.values[0][(t * SAMPLES + s) * n + j] = drawn;
            }
        }
    }
    // The front's product belongs to the batch: here the lane takes it as any other.
    let front = network.front().cloned();
    let context = Context {
        network: &network,
        parameters: &parameters,
        loss: &config.loss,
        regularisation: None,
        batch: SAMPLES,
        front_given: false,
        dropout: None,
    };
    lane.forward(&context);
    lane.judge(&context, true);
    lane.back(&context);
    let mut found = Vec::new();
    if let Some(front) = &front {
        for i in 0..front.inputs {
            for j in 0..front.outputs {
                let products = (0..SAMPLES)
                    .map(|s| lane.values[0][s * n + i] * lane.front[s * front.outputs + j]);
                found.push(f64::from(products.sum::<f32>()));
            }
        }
    }
    found.extend(lane.gradient.iter().map(|g| f64::from(*g)));
    let wide: Vec<f64> = parameters.iter().map(|w| f64::from(*w)).collect();
    let naive = Naive { config: &config, network: &network, w: &wide };
    let loss: f64 = lane.judged.iter().map(|j| j.loss).sum::<f64>() / SAMPLES as f64;
    let expected = naive.loss(&input, &lane.labels);
    assert!((loss - expected).abs() < 1e-4 * expected.abs().max(1.0), "{loss} {expected}");
    let h = 1e-5;
    let slopes = (0..wide.len()).map(|k| {
        let at = |h: f64| {
            let mut moved = wide.clone();
            moved[k] += h;
            Naive { config: &config, network: &network, w: &moved }.loss(&input, &lane.labels)
        };
        (at(h) - at(-h)) / (2.0 * h)
    });
    let slopes: Vec<f64> = slopes.collect();
    let largest = slopes.iter().fold(0.0f64, |most, v| most.max(v.abs()));
    assert!(largest > 1e-4, "a gradient that says something: {largest}");
    let differences = slopes.iter().zip(&found).map(|(a, b)| (a - b).abs());
    assert_eq!(slopes.len(), found.len());
    differences.fold(0.0, f64::max) / largest
}

/// Single precision over five steps: measured at most 2e-5 of the largest derivative.
const TOLERANCE: f64 = 2e-4;

fn check(layers: &str, loss: &str, input: &[usize], stepped: bool) {
    let found = difference(&case(layers, loss, input, stepped));
    assert!(found < TOLERANCE, "{layers}\n{loss}: {found}");
}

const LIF: &str = "[[layers]]\nkind = \"lif\"\nbeta = 0.8\nthreshold = 0.5\n";
const OUT: &str = "[[layers]]\nkind = \"linear\"\nfeatures = 2\n[[layers]]\nkind = \"lif\"\nbeta = 0.7\nthreshold = 0.4\n";
const RATE: &str = "kind = \"rate\"";

fn linear(n: usize) -> String {
    format!("[[layers]]\nkind = \"linear\"\nfeatures = {n}\n")
}

#[test]
fn every_loss() {
    for stepped in [false, true] {
        for loss in [
            "kind = \"rate\"\nscale = 1.5",
            "kind = \"first_spike\"\nscale = 0.5",
            "kind = \"van_rossum\"\ntau_steps = 2.0\nperiod_steps = 2",
        ] {
            check(&(linear(4) + LIF + OUT), loss, &[3], stepped);
        }
        let read =
            "[[layers]]\nkind = \"linear\"\nfeatures = 2\n[[layers]]\nkind = \"li\"\nbeta = 0.9\n";
        for over in ["max", "mean"] {
            let loss = format!("kind = \"membrane\"\nover = \"{over}\"");
            check(&(linear(4) + LIF + read), &loss, &[3], stepped);
        }
    }
}

#[test]
fn every_layer_of_neurons_and_every_reset() {
    let recurrent = "[[layers]]\nkind = \"lif\"\nbeta = 0.8\nthreshold = 0.5\nrecurrent = true\n";
    let cuba = "[[layers]]\nkind = \"cuba_lif\"\nalpha = 0.6\nbeta = 0.8\nthreshold = 0.5\n";
    let both = format!("{cuba}recurrent = true\n");
    let whole = "[[layers]]\nkind = \"if\"\nthreshold = 0.5\n";
    for stepped in [false, true] {
        for neurons in [LIF, recurrent, cuba, both.as_str(), whole] {
            check(&(linear(4) + neurons + OUT), RATE, &[3], stepped);
        }
        for neurons in [LIF, recurrent, cuba] {
            for profile in [
                "[profile]\nreset = \"zero\"\nreset_delay = false\n",
                "[profile]\nreset = \"none\"\n",
            ] {
                check(&(linear(4) + neurons + OUT + profile), RATE, &[3], stepped);
            }
        }
    }
}

#[test]
fn every_surrogate() {
    for kind in ["fast_sigmoid", "arctan", "triangular"] {
        let mut case = case(&(linear(4) + LIF + OUT), RATE, &[3], false);
        case.text = case
            .text
            .replace("fast_sigmoid", kind)
            .replace("slope = 2.0", "slope = 0.9\nscale = 0.8");
        let found = difference(&case);
        assert!(found < TOLERANCE, "{kind}: {found}");
    }
}

#[test]
fn images_convolved_pooled_flattened_and_normalised() {
    let conv = |channels, kernel, stride, padding| {
        format!(
            "[[layers]]\nkind = \"conv2d\"\nchannels = {channels}\nkernel = {kernel}\nstride = {stride}\npadding = {padding}\n"
        )
    };
    let pool = |kind: &str| format!("[[layers]]\nkind = \"{kind}_pool2d\"\nkernel = 2\n");
    let flat = "[[layers]]\nkind = \"flatten\"\n";
    let norm = "[[layers]]\nkind = \"batch_norm\"\n";
    for stepped in [false, true] {
        for (kernel, stride, padding) in
            [(3, 1, 0), (3, 1, 1), (3, 2, 1), (2, 2, 0), (5, 3, 2), (1, 2, 0)]
        {
            let layers =
                conv(2, 3, 1, 1) + LIF + &conv(3, kernel, stride, padding) + LIF + flat + OUT;
            check(&layers, RATE, &[2, 6, 5], stepped);
        }
        for kind in ["sum", "avg"] {
            let before = conv(2, 3, 1, 0) + &pool(kind) + LIF + flat + OUT;
            check(&before, RATE, &[1, 6, 7], stepped);
            let after = conv(2, 3, 1, 0) + LIF + &pool(kind) + flat + OUT;
            check(&after, RATE, &[1, 6, 7], stepped);
        }
        check(&(conv(2, 3, 1, 0) + norm + LIF + flat + OUT), RATE, &[1, 5, 5], stepped);
        check(&(linear(4) + norm + LIF + &linear(3) + norm + LIF + OUT), RATE, &[3], stepped);
    }
}
