//! What a spiking network kept of the network that it was made of, layer by layer.
//!
//! Both see the same samples; the spiking one as a constant current. After some steps the rate of
//! each neuron times its lambda is held against its activation.

use std::sync::Arc;
use std::thread;

use nir::Profile;
use spike::{Compiled, PopulationId, Potentials, Probe, Raster, Session};

use crate::ann::Ann;
use crate::error::ConvertError;
use crate::limits::MAX_STEPS;
use crate::spiking::{Converted, SpikingLayer};

/// Steps after which is looked, unless others are asked for.
pub const CHECKPOINTS: [usize; 7] = [4, 8, 16, 32, 64, 128, 256];

/// What was kept over some samples.
#[derive(Clone, Debug, PartialEq)]
pub struct Fidelity {
    /// Samples that both networks saw.
    pub n_samples: usize,
    /// Share of samples that the original network answers rightly, where labels were given.
    pub ann_accuracy: Option<f64>,
    /// After how many steps what was kept, in the order of the steps.
    pub checkpoints: Vec<Checkpoint>,
    /// Synaptic operations of one sample over all steps, on average.
    pub synaptic_operations: f64,
}

/// What was kept after some steps.
#[derive(Clone, Debug, PartialEq)]
pub struct Checkpoint {
    /// Steps since the sample began.
    pub steps: usize,
    /// Share of samples that the spiking network answers rightly, where labels were given.
    pub accuracy: Option<f64>,
    /// Share of samples that both networks answer alike, 0 to 1.
    pub agreement: f64,
    /// By layer of neurons.
    pub layers: Vec<LayerFidelity>,
}

/// What one layer of neurons kept.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerFidelity {
    /// Its node in the spiking graph.
    pub name: String,
    /// The ONNX node that it stands for.
    pub node: String,
    /// Activation that one spike in each step stands for.
    pub lambda: f32,
    /// Mean of `|rate lambda - activation|`, in the unit of the activations.
    pub mean_absolute_error: f64,
    /// The same over the mean of `|activation|`; 0 where both are 0.
    pub relative_error: f64,
    /// Pearson's correlation of `rate lambda` and the activations over all neurons and samples;
    /// none where one of them never changes.
    pub correlation: Option<f64>,
    /// Spikes of a neuron in a step, on average; 0 in a layer that does not fire.
    pub spikes_per_neuron_step: f64,
}

/// Runs both networks over `samples`, one after the other, and compares them after each number of
/// steps in `checkpoints` (ascending). The result is the same for any number of threads.
///
/// # Errors
/// [`ConvertError::Samples`] for samples or labels that do not fit, [`ConvertError::Setting`] for
/// checkpoints that do not ascend from 1 to [`MAX_STEPS`], [`ConvertError::Network`] where the
/// graph does not compile or has neurons that the network has not.
pub fn measure(
    ann: &Ann,
    converted: &Converted,
    samples: &[f32],
    labels: Option<&[usize]>,
    checkpoints: &[usize],
    threads: usize,
) -> Result<Fidelity, ConvertError> {
    let all: Vec<&[f32]> = ann.samples(samples)?.collect();
    check(ann, all.len(), labels, checkpoints)?;
    let bench = Bench::new(ann, converted, checkpoints)?;
    let share = all.len().div_ceil(threads.max(1)).max(1);
    let parts: Vec<Result<Vec<Trial>, ConvertError>> = thread::scope(|scope| {
        let work = |part| {
            let bench = &bench;
            scope.spawn(move || bench.run(part))
        };
        let workers: Vec<_> = all.chunks(share).map(work).collect();
        let join = |worker: thread::ScopedJoinHandle<'_, _>| {
            // A panic in a worker is a bug here; it goes on in the caller.
            worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        };
        workers.into_iter().map(join).collect()
    });
    let mut trials = Vec::with_capacity(all.len());
    for part in parts {
        trials.extend(part?);
    }
    Ok(bench.judge(&trials, labels))
}

fn check(
    ann: &Ann,
    n_samples: usize,
    labels: Option<&[usize]>,
    checkpoints: &[usize],
) -> Result<(), ConvertError> {
    let wrong =
        |expected: String, found| Err(ConvertError::Samples { what: "labels", expected, found });
    let classes = ann.output_size();
    match labels {
        Some(labels) if labels.len() != n_samples => {
            return wrong(format!("one for each of {n_samples} samples"), labels.len().to_string());
        }
        Some(labels) => {
            if let Some(label) = labels.iter().find(|label| **label >= classes) {
                return wrong(format!("below {classes}"), label.to_string());
            }
        }
        None => {}
    }
    let ascend = checkpoints.is_sorted_by(|a, b| a < b);
    if !ascend
        || checkpoints.first().is_none_or(|c| *c == 0)
        || checkpoints.iter().any(|c| *c > MAX_STEPS)
    {
        return Err(ConvertError::Setting {
            setting: "checkpoints",
            expected: "at least one, ascending, from 1 to 100,000",
            found: format!("{checkpoints:?}"),
        });
    }
    Ok(())
}

/// Both networks, ready to run.
struct Bench<'a> {
    ann: &'a Ann,
    layers: &'a [SpikingLayer],
    checkpoints: &'a [usize],
    compiled: Arc<Compiled>,
    probes: Vec<Probe>,
}

/// What one sample gave.
struct Trial {
    ann_class: usize,
    synaptic_operations: u64,
    /// By checkpoint.
    looks: Vec<Look>,
}

/// What one sample gave after some steps.
struct Look {
    class: usize,
    /// By layer.
    sums: Vec<Sums>,
}

/// Sums over pairs of `x = rate lambda` and `y = activation`.
#[derive(Clone, Copy, Default)]
struct Sums {
    n: f64,
    x: f64,
    y: f64,
    xx: f64,
    yy: f64,
    xy: f64,
    apart: f64,
    size: f64,
    rate: f64,
}

impl<'a> Bench<'a> {
    fn new(
        ann: &'a Ann,
        converted: &'a Converted,
        checkpoints: &'a [usize],
    ) -> Result<Self, ConvertError> {
        let wrong = |reason: String| ConvertError::Network(reason);
        let profile = Profile::with(&converted.options);
        let (compiled, _) =
            converted.graph.compile(&profile).map_err(|error| wrong(error.to_string()))?;
        let fit = compiled.inputs().iter().map(|port| port.size).eq([ann.input_size()]);
        if !fit {
            return Err(wrong("its input is not that of the network".into()));
        }
        let probe = |layer: &SpikingLayer| {
            let population: PopulationId = compiled
                .population(&layer.name)
                .filter(|_| {
                    ann.layers().get(layer.layer).is_some_and(|l| l.size() == layer.n_neurons)
                })
                .ok_or_else(|| wrong(format!("neurons {} are not in the graph", layer.name)))?;
            let potentials = if layer.fires { Potentials::None } else { Potentials::All };
            Ok(Probe { population, events: layer.fires, potentials })
        };
        let probes = converted.layers.iter().map(probe).collect::<Result<Vec<_>, _>>()?;
        let layers = &converted.layers;
        Ok(Self { ann, layers, checkpoints, compiled: compiled.into(), probes })
    }

    fn run(&self, samples: &[&[f32]]) -> Result<Vec<Trial>, ConvertError> {
        let mut session = Session::new(Arc::clone(&self.compiled));
        session.record(&self.probes);
        samples.iter().map(|sample| self.trial(&mut session, sample)).collect()
    }

    fn trial(&self, session: &mut Session, sample: &[f32]) -> Result<Trial, ConvertError> {
        let mut activations = vec![Vec::new(); self.ann.layers().len()];
        self.ann.walk(sample, |layer, values| activations[layer] = values.to_vec())?;
        let ann_class = largest(activations.last().map_or(&[], Vec::as_slice));
        session.reset();
        let mut totals: Vec<Vec<f32>> =
            self.layers.iter().map(|l| vec![0.0; l.n_neurons]).collect();
        let mut looks = Vec::with_capacity(self.checkpoints.len());
        let mut done = 0;
        let mut synaptic_operations = 0;
        for &steps in self.checkpoints {
            let mut current = Raster::new(sample.len());
            (done..steps).for_each(|_| current.push_dense(sample));
            let run = session.run(&[current]).map_err(|e| ConvertError::Network(e.to_string()))?;
            synaptic_operations += run.report.synaptic_operations;
            for ((total, layer), recording) in
                totals.iter_mut().zip(self.layers).zip(&run.recordings)
            {
                if layer.fires {
                    total.iter_mut().zip(recording.events.sums()).for_each(|(t, s)| *t += s);
                } else {
                    let last = recording.potentials.chunks_exact(layer.n_neurons).last();
                    total.copy_from_slice(last.unwrap_or(&vec![0.0; layer.n_neurons]));
                }
            }
            done = steps;
            let sums = self
                .layers
                .iter()
                .zip(&totals)
                .map(|(layer, total)| Sums::of(layer, total, &activations[layer.layer], steps));
            let class = largest(totals.last().map_or(&[], Vec::as_slice));
            looks.push(Look { class, sums: sums.collect() });
        }
        Ok(Trial { ann_class, synaptic_operations, looks })
    }

    fn judge(&self, trials: &[Trial], labels: Option<&[usize]>) -> Fidelity {
        let n = trials.len().max(1) as f64;
        let share = |right: usize| right as f64 / n;
        let accuracy = |class: &dyn Fn(&Trial) -> usize| {
            labels.map(|labels| {
                let right = trials.iter().zip(labels).filter(|(t, label)| class(t) == **label);
                share(right.count())
            })
        };
        let checkpoints = self.checkpoints.iter().enumerate().map(|(k, &steps)| Checkpoint {
            steps,
            accuracy: accuracy(&|trial| trial.looks[k].class),
            agreement: share(trials.iter().filter(|t| t.looks[k].class == t.ann_class).count()),
            layers: self
                .layers
                .iter()
                .enumerate()
                .map(|(l, layer)| {
                    let mut sums = Sums::default();
                    trials.iter().for_each(|trial| sums.add(&trial.looks[k].sums[l]));
                    sums.fidelity(layer)
                })
                .collect(),
        });
        let operations: u64 = trials.iter().map(|trial| trial.synaptic_operations).sum();
        Fidelity {
            n_samples: trials.len(),
            ann_accuracy: accuracy(&|trial| trial.ann_class),
            checkpoints: checkpoints.collect(),
            synaptic_operations: operations as f64 / n,
        }
    }
}

impl Sums {
    fn of(layer: &SpikingLayer, totals: &[f32], activations: &[f32], steps: usize) -> Self {
        let mut sums = Self::default();
        for (total, activation) in totals.iter().zip(activations) {
            let rate = f64::from(*total) / steps as f64;
            let (x, y) = (rate * f64::from(layer.lambda), f64::from(*activation));
            // Neurons that fire stand for what is left of a last layer above 0.
            let y = if layer.fires { y.max(0.0) } else { y };
            let pair = Self {
                n: 1.0,
                x,
                y,
                xx: x * x,
                yy: y * y,
                xy: x * y,
                apart: (x - y).abs(),
                size: y.abs(),
                rate: if layer.fires { rate } else { 0.0 },
            };
            sums.add(&pair);
        }
        sums
    }

    fn add(&mut self, other: &Self) {
        self.n += other.n;
        self.x += other.x;
        self.y += other.y;
        self.xx += other.xx;
        self.yy += other.yy;
        self.xy += other.xy;
        self.apart += other.apart;
        self.size += other.size;
        self.rate += other.rate;
    }

    fn fidelity(&self, layer: &SpikingLayer) -> LayerFidelity {
        let n = self.n.max(1.0);
        let spread = |sum: f64, squares: f64| (squares - sum * sum / n).max(0.0).sqrt();
        let spreads = spread(self.x, self.xx) * spread(self.y, self.yy);
        let correlation = (self.xy - self.x * self.y / n) / spreads;
        LayerFidelity {
            name: layer.name.clone(),
            node: layer.node.clone(),
            lambda: layer.lambda,
            mean_absolute_error: self.apart / n,
            relative_error: if self.apart == 0.0 { 0.0 } else { self.apart / self.size },
            correlation: correlation.is_finite().then_some(correlation),
            spikes_per_neuron_step: self.rate / n,
        }
    }
}

/// The first of the largest.
fn largest(values: &[f32]) -> usize {
    let mut best = 0;
    for (k, value) in values.iter().enumerate() {
        if *value > values[best] {
            best = k;
        }
    }
    best
}
