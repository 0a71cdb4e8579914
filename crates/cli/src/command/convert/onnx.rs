//! A trained network from ONNX as a model's folder, with a table of what was kept.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use ::convert::{
    Ann, CHECKPOINTS, Converted, DEFAULT_PERCENTILE, Fidelity, Readout, Settings, balance, convert,
    limits, measure, onnx,
};
use anyhow::{Context, Result, bail};
use clap::Args;
use nir::{WriteVersion, to_bytes};
use sense::{Array, DType};
use serde_json::{Value, json};

use crate::Outcome;
use crate::network::as_toml;

/// Samples that balance a network, and samples on which it is measured, at most.
const MAX_SAMPLES: usize = 1000;

/// How a trained network becomes a spiking one.
#[derive(Args)]
#[command(next_help_heading = "From ONNX")]
pub(crate) struct OnnxFlags {
    /// Samples of an .npz file: `x`, one for each row, and `y`, their classes, where they are known.
    /// Every second one balances the network, the others measure it.
    #[arg(long, value_name = "NPZ")]
    data: Option<PathBuf>,
    /// The model's folder to make.
    #[arg(long = "out", value_name = "DIR")]
    folder: Option<PathBuf>,
    /// Steps of one answer.
    #[arg(long, default_value_t = 128, value_name = "N")]
    steps: usize,
    /// Percentile of a layer's activations that is one spike in each step.
    #[arg(long, default_value_t = DEFAULT_PERCENTILE, value_name = "P")]
    percentile: f64,
    /// What samples are multiplied by; 1/255 for bytes, 1 for other numbers unless it is given.
    #[arg(long, value_name = "FACTOR")]
    scale: Option<f64>,
    /// The last layer fires and its spikes are counted, instead of its potential being read.
    #[arg(long)]
    counts: bool,
}

/// What both networks see: for balancing, and for measuring with classes.
struct Samples {
    balancing: Vec<f32>,
    measuring: Vec<f32>,
    labels: Option<Vec<usize>>,
    scale: f64,
}

impl OnnxFlags {
    /// Whether no flag is set that only an ONNX file takes.
    pub(super) fn is_unused(&self) -> bool {
        self.data.is_none() && self.folder.is_none()
    }

    pub(super) fn run(self, file: &Path, force: bool, json: bool) -> Result<Outcome> {
        let (Some(data), Some(folder)) = (&self.data, &self.folder) else {
            bail!("{}: expected --data SAMPLES.npz and --out DIR", file.display());
        };
        if self.steps == 0 || self.steps > limits::MAX_STEPS {
            bail!("--steps is {}, expected 1 to {}", self.steps, limits::MAX_STEPS);
        }
        let version = folder.join("1");
        if version.exists() && !force {
            bail!("{}: exists, expected --force to overwrite it", version.display());
        }
        let shown = || file.display().to_string();
        let bytes = std::fs::read(file).with_context(shown)?;
        let ann = onnx::read(&bytes).with_context(shown)?;
        let samples = self.samples(data, &ann)?;
        let readout = if self.counts { Readout::Counts } else { Readout::Potential };
        let scales = balance(&ann, &samples.balancing, self.percentile)?;
        let converted = convert(&ann, &scales, Settings { readout, ..Settings::default() })?;
        let mut checkpoints: Vec<usize> =
            CHECKPOINTS.into_iter().filter(|steps| *steps < self.steps).collect();
        checkpoints.push(self.steps);
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let labels = samples.labels.as_deref();
        let kept = measure(&ann, &converted, &samples.measuring, labels, &checkpoints, threads)?;
        let nir = to_bytes(&converted.graph, WriteVersion::V1_0_8)?;
        let spec = self.spec(&converted, &samples);
        std::fs::create_dir_all(&version).with_context(|| version.display().to_string())?;
        // The network last: a folder without one is no version of a model.
        super::super::run::replace(&version.join("model.toml"), spec.as_bytes())?;
        super::super::run::replace(&version.join("model.nir"), &nir)?;
        if json {
            let told = described(&kept);
            let balanced = scales.n_samples;
            println!("{:#}", json!({ "folder": folder, "balanced_on": balanced, "kept": told }));
        } else {
            print!("{}", table(&kept));
            println!("{}: version 1, balanced on {} samples", folder.display(), scales.n_samples);
        }
        Ok(Outcome::Done)
    }

    /// Every second sample balances, the others measure: a file may be sorted by class.
    fn samples(&self, path: &Path, ann: &Ann) -> Result<Samples> {
        let shown = path.display().to_string();
        let bytes = std::fs::read(path).with_context(|| shown.clone())?;
        let arrays = sense::read_npz(&bytes, &shown)?;
        let Some(x) = arrays.get("x") else {
            let names: Vec<&str> = arrays.keys().map(String::as_str).collect();
            bail!("{shown}: holds {}, expected x (and y)", names.join(", "));
        };
        let size = ann.input_size();
        let n = x.shape().first().copied().unwrap_or(0);
        if n < 2 || n.checked_mul(size) != Some(x.data().len()) {
            let expected = ann.input_shape();
            bail!("{shown}: x of shape {:?}, expected (2 or more, {expected:?})", x.shape());
        }
        let usual = if x.dtype() == DType::U8 { 1.0 / 255.0 } else { 1.0 };
        let scale = self.scale.unwrap_or(usual);
        if !(scale.is_finite() && scale != 0.0) {
            bail!("--scale is {scale}, expected a finite number that is not 0");
        }
        let labels = arrays.get("y").map(|y| classes(y, n, &shown)).transpose()?;
        let rows = |first: usize| {
            let stride = 2 * n.div_ceil(2 * MAX_SAMPLES);
            (first..n).step_by(stride)
        };
        let values = |first| -> Vec<f32> {
            let row = |k: usize| &x.data()[k * size..(k + 1) * size];
            rows(first).flat_map(row).map(|v| (f64::from(*v) * scale) as f32).collect()
        };
        Ok(Samples {
            balancing: values(0),
            measuring: values(1),
            labels: labels.map(|labels| rows(1).map(|k| labels[k]).collect()),
            scale,
        })
    }

    fn spec(&self, converted: &Converted, samples: &Samples) -> String {
        let mut both = samples.balancing.iter().chain(&samples.measuring);
        // What is no intensity is given by the caller step by step.
        let encoding = if both.all(|v| (0.0..=1.0).contains(v)) { "direct" } else { "none" };
        format!(
            "# Made from ONNX by `striatum convert`: the same input in each step.\n\n{}\n[input]\n\
             encoding = \"{encoding}\"\nsteps = {}\nscale = {:?}\n\n[output]\ndecoding = \
             \"counts\"\n",
            as_toml(&converted.options),
            self.steps,
            samples.scale
        )
    }
}

fn classes(y: &Array, n: usize, what: &str) -> Result<Vec<usize>> {
    let whole = |v: &f32| *v >= 0.0 && v.fract() == 0.0 && v.is_finite();
    if y.data().len() != n || !y.data().iter().all(whole) {
        bail!("{what}: y of shape {:?}, expected {n} classes from 0", y.shape());
    }
    Ok(y.data().iter().map(|v| *v as usize).collect())
}

fn described(kept: &Fidelity) -> Value {
    let layers = |look: &::convert::Checkpoint| -> Vec<Value> {
        let one = |layer: &::convert::LayerFidelity| {
            json!({
                "name": layer.name, "node": layer.node, "lambda": layer.lambda,
                "mean_absolute_error": layer.mean_absolute_error,
                "relative_error": layer.relative_error, "correlation": layer.correlation,
                "spikes_per_neuron_step": layer.spikes_per_neuron_step,
            })
        };
        look.layers.iter().map(one).collect()
    };
    let look = |look: &::convert::Checkpoint| {
        json!({
            "steps": look.steps, "accuracy": look.accuracy, "agreement": look.agreement,
            "layers": layers(look),
        })
    };
    let looks: Vec<Value> = kept.checkpoints.iter().map(look).collect();
    json!({
        "samples": kept.n_samples, "ann_accuracy": kept.ann_accuracy,
        "synaptic_operations": kept.synaptic_operations, "checkpoints": looks,
    })
}

fn table(kept: &Fidelity) -> String {
    let percent =
        |share: Option<f64>| share.map_or("-".to_owned(), |share| format!("{:.1}", 100.0 * share));
    let mut text = format!(
        "{} samples, the original answers {} % rightly\n\nsteps  right %  alike %\n",
        kept.n_samples,
        percent(kept.ann_accuracy)
    );
    for look in &kept.checkpoints {
        let (right, alike) = (percent(look.accuracy), percent(Some(look.agreement)));
        let _ = writeln!(text, "{:>5}  {right:>7}  {alike:>7}", look.steps);
    }
    let Some(last) = kept.checkpoints.last() else { return text };
    text += "\nneurons    lambda  mean |error|  relative  correlation  spikes/neuron/step  node\n";
    for layer in &last.layers {
        let _ = writeln!(
            text,
            "{:<8} {:>8.3} {:>13.5} {:>9.4} {:>12.5} {:>19.4}  {}",
            layer.name,
            layer.lambda,
            layer.mean_absolute_error,
            layer.relative_error,
            layer.correlation.unwrap_or(f64::NAN),
            layer.spikes_per_neuron_step,
            layer.node
        );
    }
    let _ = writeln!(text, "\n{:.0} synaptic operations for each sample", kept.synaptic_operations);
    text
}
