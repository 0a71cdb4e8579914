//! A network as it is used: normalisation folded into the maps, nothing dropped. What it does on
//! samples, and what it looks like as a NIR file with its `model.toml`.

use std::collections::BTreeMap;

use nir::{Graph, Node, Padding, Tensor};

use crate::config::{Config, EncoderKind, ResetConfig, labels};
use crate::data::Dataset;
use crate::encode::{Buffers, Reading};
use crate::error::TrainError;
use crate::network::{DT, Network, Op, tau};
use crate::parallel;
use crate::pass::{Context, Lane};
use crate::report::Score;

/// Samples of one lane when nothing is learnt.
const SAMPLES: usize = 16;

/// A trained network.
#[derive(Clone, Debug)]
pub struct Trained {
    pub(crate) config: Config,
    pub(crate) network: Network,
    pub(crate) parameters: Vec<f32>,
    pub(crate) n_classes: usize,
}

/// What a network did with one sample.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The class that it said.
    pub class: u32,
    /// The loss.
    pub loss: f64,
    /// Spikes of the outputs, or potentials of a read-out, shape `[steps][classes]`.
    pub outputs: Vec<f32>,
}

/// A worker that only looks.
#[derive(Debug, Default)]
pub(crate) struct Looker {
    lane: Lane,
    buffers: Buffers,
}

impl Trained {
    /// Folds each normalisation into the map before it, with the running moments:
    /// `w' = w gain / sqrt(variance + epsilon)`, `b' = offset + (b - mean) gain / sqrt(..)`.
    pub(crate) fn fold(
        config: &Config,
        from: &Network,
        parameters: &[f32],
        moments: &[f32],
        n_classes: usize,
    ) -> Self {
        let mut network = Network { ops: Vec::new(), sizes: vec![from.sizes[0]], ..from.clone() };
        network.signals.truncate(1);
        let mut folded: Vec<f32> = Vec::new();
        let mut add = |values: &[f32]| {
            let first = folded.len();
            folded.extend_from_slice(values);
            first..folded.len()
        };
        for (at, op) in from.ops.iter().enumerate() {
            let next = match from.ops.get(at + 1) {
                Some(Op::Norm(norm)) => Some(norm),
                _ => None,
            };
            // What each channel of this map is multiplied by, and what is added then.
            let scales = |bias: Option<&[f32]>, n: usize| -> (Vec<f32>, Option<Vec<f32>>) {
                let Some(norm) = next else {
                    return (vec![1.0; n], bias.map(<[f32]>::to_vec));
                };
                let (gain, offset) =
                    (&parameters[norm.gain.clone()], &parameters[norm.offset.clone()]);
                let (mean, variance) = moments[norm.moments.clone()].split_at(n);
                let scale: Vec<f32> = (0..n)
                    .map(|c| {
                        f64::from(gain[c])
                            / (f64::from(variance[c]) + f64::from(norm.epsilon)).sqrt()
                    })
                    .map(|s| s as f32)
                    .collect();
                let shift =
                    (0..n).map(|c| offset[c] + (bias.map_or(0.0, |b| b[c]) - mean[c]) * scale[c]);
                let shift = shift.collect();
                (scale, Some(shift))
            };
            let columns = |weight: &[f32], scale: &[f32]| -> Vec<f32> {
                let rows = weight.chunks_exact(scale.len());
                rows.flat_map(|row| row.iter().zip(scale).map(|(w, s)| w * s)).collect()
            };
            let op = match op {
                Op::Norm(_) => continue,
                Op::Dense(map) => {
                    let bias = map.bias.clone().map(|range| &parameters[range]);
                    let (scale, shift) = scales(bias, map.outputs);
                    let weight = add(&columns(&parameters[map.weight.clone()], &scale));
                    let bias = shift.map(|shift| add(&shift));
                    Op::Dense(crate::network::Dense { weight, bias, ..map.clone() })
                }
                Op::Conv(map) => {
                    let bias = map.bias.clone().map(|range| &parameters[range]);
                    let (scale, shift) = scales(bias, map.channels[1]);
                    let weight = add(&columns(&parameters[map.weight.clone()], &scale));
                    let bias = shift.map(|shift| add(&shift));
                    Op::Conv(crate::network::Conv { weight, bias, ..map.clone() })
                }
                Op::Neuron(layer) => {
                    let recurrent = layer.recurrent.clone().map(|range| add(&parameters[range]));
                    Op::Neuron(crate::network::Layer { recurrent, ..layer.clone() })
                }
                other => other.clone(),
            };
            network.ops.push(op);
            network.sizes.push(from.sizes[at + 1]);
            network.signals.push(from.signals[at + 1]);
        }
        network.n_parameters = folded.len();
        network.n_moments = 0;
        Self { config: config.clone(), network, parameters: folded, n_classes }
    }

    fn context<'a>(&'a self) -> Context<'a> {
        Context {
            network: &self.network,
            parameters: &self.parameters,
            loss: &self.config.loss,
            regularisation: None,
            batch: 1,
            front_given: false,
            dropout: None,
        }
    }

    /// The score on some samples of the data, on that many threads; the same for any number.
    pub fn score(&self, data: &Dataset, numbers: &[u32], threads: usize) -> Score {
        let mut workers: Vec<Looker> = (0..threads.max(1)).map(|_| Looker::default()).collect();
        self.score_with(data, numbers, &mut workers)
    }

    pub(crate) fn score_with(
        &self,
        data: &Dataset,
        numbers: &[u32],
        workers: &mut [Looker],
    ) -> Score {
        let layers: Vec<usize> = self.network.layers().map(|layer| layer.n).collect();
        let mut parts: Vec<(Vec<crate::loss::Judged>, Vec<u64>)> = Vec::new();
        parts.resize_with(numbers.len().div_ceil(SAMPLES), Default::default);
        let items: Vec<_> = numbers.chunks(SAMPLES).zip(&mut parts).collect();
        parallel::each(workers, items, |worker, (numbers, part)| {
            self.look(data, numbers, worker);
            *part = (worker.lane.judged.clone(), worker.lane.spikes.clone());
        });
        let judged: Vec<_> = parts.iter().flat_map(|(judged, _)| judged).collect();
        let n = numbers.len().max(1) as f64;
        let right =
            judged.iter().zip(numbers).filter(|(j, at)| j.class == data.class(**at)).count();
        let spikes =
            |layer: usize| parts.iter().map(|(_, spikes)| spikes[layer]).sum::<u64>() as f64;
        let places = |neurons: usize| n * (neurons * self.network.steps) as f64;
        let rate = |(layer, neurons): (usize, &usize)| spikes(layer) / places(*neurons);
        Score {
            samples: numbers.len(),
            loss: judged.iter().map(|j| j.loss).sum::<f64>() / n,
            accuracy: right as f64 / n,
            spikes_per_neuron_step: layers.iter().enumerate().map(rate).collect(),
        }
    }

    /// What the network does with some samples.
    pub fn answers(&self, data: &Dataset, numbers: &[u32]) -> Vec<Answer> {
        let mut worker = Looker::default();
        let mut answers = Vec::new();
        for numbers in numbers.chunks(SAMPLES) {
            self.look(data, numbers, &mut worker);
            let outputs = |(at, judged): (usize, &crate::loss::Judged)| Answer {
                class: judged.class,
                loss: judged.loss,
                outputs: worker.lane.output(&self.network, at),
            };
            answers.extend(worker.lane.judged.iter().enumerate().map(outputs));
        }
        answers
    }

    fn look(&self, data: &Dataset, numbers: &[u32], worker: &mut Looker) {
        let lane = &mut worker.lane;
        lane.prepare(&self.network, numbers.len());
        let reading = Reading {
            kind: self.config.encoder.kind,
            steps: self.network.steps,
            shape: &self.network.input,
            chance: None,
        };
        lane.labels.clear();
        for (row, number) in numbers.iter().enumerate() {
            lane.labels.push(data.class(*number));
            let place = [row, numbers.len()];
            let sample = data.sample(*number);
            reading.read(sample, *number, place, &mut lane.values[0], &mut worker.buffers);
        }
        let context = self.context();
        lane.forward(&context);
        lane.judge(&context, false);
    }

    /// Weights and biases.
    pub fn n_parameters(&self) -> usize {
        self.parameters.len()
    }

    /// The network as a NIR graph, in the conventions of the profile that [`Trained::model_toml`]
    /// names.
    ///
    /// # Errors
    /// [`TrainError::Export`] where it cannot be said in NIR.
    pub fn graph(&self) -> Result<Graph, TrainError> {
        let mut graph = Graph::default();
        let mut shape = self.network.input.clone();
        let mut last = "input".to_owned();
        graph.nodes.insert(last.clone(), Node::Input(nir::Input { shape: shape.clone() }));
        let mut counts: BTreeMap<&'static str, usize> = BTreeMap::new();
        for op in &self.network.ops {
            if let Op::Dense(crate::network::Dense { image: Some(image), .. }) = op {
                let flatten = flatten(image.to_vec());
                last = attach(&mut graph, &mut counts, last, "flatten", flatten);
            }
            let Some((kind, node)) = self.node(op, &mut shape)? else { continue };
            let name = attach(&mut graph, &mut counts, last, kind, node);
            if let Op::Neuron(layer) = op
                && let Some(order) = layer.order()
            {
                let back = format!("{name}.w_rec");
                let weight = tensor(vec![layer.n, layer.n], order.read(&self.parameters))?;
                graph.nodes.insert(back.clone(), Node::Linear(nir::Linear { weight }));
                graph.edges.push((name.clone(), back.clone()));
                graph.edges.push((back, name.clone()));
            }
            last = name;
        }
        graph.nodes.insert("output".to_owned(), Node::Output(nir::Output { shape }));
        graph.edges.push((last, "output".to_owned()));
        graph.edges.sort();
        Ok(graph)
    }

    /// The bytes of the NIR file.
    ///
    /// # Errors
    /// As [`Trained::graph`].
    pub fn nir(&self) -> Result<Vec<u8>, TrainError> {
        let bytes = nir::to_bytes(&self.graph()?, nir::WriteVersion::V1_0_8);
        bytes.map_err(|error| TrainError::Export { found: error.to_string() })
    }

    /// The text of the `model.toml` beside it.
    pub fn model_toml(&self) -> String {
        let config = &self.config;
        let reset = match config.profile.reset {
            ResetConfig::Subtract => "subtract",
            ResetConfig::Zero => "zero",
            ResetConfig::None => "none",
        };
        let encoding = match config.encoder.kind {
            EncoderKind::Direct => "direct",
            EncoderKind::Rate => "rate",
            EncoderKind::Bernoulli => "bernoulli",
            EncoderKind::Latency => "latency",
            EncoderKind::Steps => "none",
        };
        let labels = labels(&config.data, self.n_classes);
        let labels: Vec<String> = labels.iter().map(|label| format!("{label:?}")).collect();
        format!(
            "[profile]\nname = \"snntorch\"\nreset = \"{reset}\"\nreset_delay = {}\n\n\
             [input]\nencoding = \"{encoding}\"\nsteps = {}\nscale = {:?}\n\n\
             [output]\ndecoding = \"counts\"\nlabels = [{}]\n",
            config.profile.reset_delay,
            config.encoder.steps,
            config.data.scale,
            labels.join(", "),
        )
    }

    fn node(
        &self,
        op: &Op,
        shape: &mut Vec<usize>,
    ) -> Result<Option<(&'static str, Node)>, TrainError> {
        let values = |range: &std::ops::Range<usize>| &self.parameters[range.clone()];
        Ok(Some(match op {
            Op::Dense(map) => {
                let weight = map.order().read(&self.parameters);
                let weight = tensor(vec![map.outputs, map.inputs], weight)?;
                *shape = vec![map.outputs];
                match &map.bias {
                    Some(bias) => {
                        let bias = tensor(shape.clone(), values(bias).to_vec())?;
                        ("linear", Node::Affine(nir::Affine { weight, bias }))
                    }
                    None => ("linear", Node::Linear(nir::Linear { weight })),
                }
            }
            Op::Conv(map) => {
                let [from, to] = map.channels;
                let weight = map.order().read(&self.parameters);
                let weight = tensor(vec![to, from, map.kernel, map.kernel], weight)?;
                let bias = map.bias.as_ref().map_or(vec![0.0; to], |bias| values(bias).to_vec());
                *shape = vec![to, map.output[0], map.output[1]];
                let node = nir::Conv2d {
                    input_shape: Some(map.input),
                    weight,
                    stride: [map.stride; 2],
                    padding: Padding::Explicit([map.padding; 2]),
                    dilation: [1; 2],
                    groups: 1,
                    bias: tensor(vec![to], bias)?,
                };
                ("conv", Node::Conv2d(node))
            }
            Op::Pool(pool) => {
                *shape = vec![pool.channels, pool.output[0], pool.output[1]];
                let (kernel_size, stride) = ([pool.kernel; 2], [pool.stride; 2]);
                if pool.divisor == 1.0 {
                    let node = nir::SumPool2d { kernel_size, stride, padding: [0; 2] };
                    ("pool", Node::SumPool2d(node))
                } else {
                    let node = nir::AvgPool2d { kernel_size, stride, padding: [0; 2] };
                    ("pool", Node::AvgPool2d(node))
                }
            }
            Op::Flatten(_) => {
                let node = flatten(shape.clone());
                *shape = vec![shape.iter().product()];
                ("flatten", node)
            }
            Op::Neuron(layer) => self.neuron(layer, shape)?,
            Op::Norm(_) | Op::Dropout(_) => return Ok(None),
        }))
    }

    fn neuron(
        &self,
        layer: &crate::network::Layer,
        shape: &[usize],
    ) -> Result<(&'static str, Node), TrainError> {
        use crate::config::LayerConfig;
        let all = |value: f32| tensor(shape.to_vec(), vec![value; layer.n]);
        let gain = |tau: f32| (f64::from(tau) / DT) as f32;
        Ok(match &self.config.layers[layer.at] {
            LayerConfig::Lif { beta, threshold, .. } => {
                let tau = tau(*beta);
                let node = nir::Lif {
                    tau: all(tau)?,
                    r: all(gain(tau))?,
                    v_leak: all(0.0)?,
                    v_threshold: all(*threshold)?,
                    v_reset: Some(all(0.0)?),
                };
                ("lif", Node::Lif(node))
            }
            LayerConfig::If { threshold } => {
                let node = nir::If {
                    r: all((1.0 / DT) as f32)?,
                    v_threshold: all(*threshold)?,
                    v_reset: Some(all(0.0)?),
                };
                ("if", Node::If(node))
            }
            LayerConfig::CubaLif { alpha, beta, threshold, .. } => {
                let (tau_syn, tau_mem) = (tau(*alpha), tau(*beta));
                let node = nir::CubaLif {
                    tau_syn: all(tau_syn)?,
                    tau_mem: all(tau_mem)?,
                    r: all(gain(tau_mem))?,
                    v_leak: all(0.0)?,
                    v_threshold: all(*threshold)?,
                    v_reset: Some(all(0.0)?),
                    w_in: all(gain(tau_syn))?,
                };
                ("cuba", Node::CubaLif(node))
            }
            LayerConfig::Li { beta } => {
                let tau = tau(*beta);
                let node = nir::Li { tau: all(tau)?, r: all(gain(tau))?, v_leak: all(0.0)? };
                ("li", Node::Li(node))
            }
            other => return Err(TrainError::Export { found: format!("`{}`", other.kind()) }),
        })
    }
}

fn tensor(shape: Vec<usize>, values: Vec<f32>) -> Result<Tensor, TrainError> {
    let found = format!("{} values for shape {shape:?}", values.len());
    Tensor::from_f32(shape, values).ok_or(TrainError::Export { found })
}

fn flatten(shape: Vec<usize>) -> Node {
    Node::Flatten(nir::Flatten { input_shape: Some(shape), start_dim: 0, end_dim: -1 })
}

/// Adds a node behind `last` and gives its name.
fn attach(
    graph: &mut Graph,
    counts: &mut BTreeMap<&'static str, usize>,
    last: String,
    kind: &'static str,
    node: Node,
) -> String {
    let count = counts.entry(kind).or_default();
    *count += 1;
    let name = format!("{kind}{count}");
    graph.nodes.insert(name.clone(), node);
    graph.edges.push((last, name.clone()));
    name
}
