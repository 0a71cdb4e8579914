//! `striatum convert`: a network for another NIR version or another framework's conventions, and a
//! trained one from ONNX as a spiking one (see `onnx`).

mod onnx;

use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::Args;
use nir::{Framework, Graph, Node, ProfileOptions, StoredTau, Tensor, WriteVersion, to_bytes};
use serde_json::json;

use crate::Outcome;
use crate::network::{Network, ProfileFlags, as_toml};

/// Write a network for another NIR version or another framework's conventions.
///
/// Time constants and gains are rewritten so that the other framework's step computes the same; a
/// convention that no file can carry (what a spike resets, when it does) must agree, and is named
/// where it does not.
///
/// A trained network in an ONNX file becomes a spiking one in a model's folder that `serve` takes:
/// `--data` has samples that balance it and, where labels are there, tell what was kept.
#[derive(Args)]
pub(crate) struct Convert {
    /// A .nir file, a model's folder, or an .onnx file.
    file: PathBuf,
    /// The file to write.
    #[arg(required_unless_present = "folder", conflicts_with = "folder")]
    out: Option<PathBuf>,
    /// NIR version of the file: 0.2.0, 1.0.4 or 1.0.8.
    #[arg(long, default_value = "1.0.8", value_parser = version)]
    nir_version: WriteVersion,
    /// The framework whose conventions the file is for.
    #[arg(long, value_name = "NAME")]
    to_profile: Option<Framework>,
    /// Overwrite the file.
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    onnx: onnx::OnnxFlags,
    #[command(flatten)]
    profile: ProfileFlags,
}

fn version(text: &str) -> Result<WriteVersion, String> {
    let all = [WriteVersion::V0_2_0, WriteVersion::V1_0_4, WriteVersion::V1_0_8];
    let named = all.into_iter().find(|v| v.name() == text);
    named.ok_or_else(|| format!("expected one of {}", all.map(WriteVersion::name).join(", ")))
}

impl Convert {
    pub(crate) fn run(self, json: bool) -> Result<Outcome> {
        if self.file.extension().is_some_and(|e| e.eq_ignore_ascii_case("onnx")) {
            return self.onnx.run(&self.file, self.force, json);
        }
        let Some(out) = self.out.filter(|_| self.onnx.is_unused()) else {
            bail!("{}: --data and --out DIR are for .onnx files", self.file.display());
        };
        if out.exists() && !self.force {
            bail!("{}: exists, expected --force to overwrite it", out.display());
        }
        let network = Network::read(&self.file, &self.profile)?;
        network.say();
        let mut graph = network.graph.clone();
        let mut options = network.options.clone();
        if let Some(to) = self.to_profile {
            options = rewrite(&mut graph, &network.options, to)?;
        }
        let bytes = to_bytes(&graph, self.nir_version)?;
        // What was written must read back as what was meant.
        let again = nir::from_bytes(&bytes)?;
        again.graph.compile(&nir::Profile::with(&options))?;
        super::run::replace(&out, &bytes)?;
        if json {
            let version = self.nir_version.name();
            println!(
                "{:#}",
                json!({
                    "file": out, "bytes": bytes.len(), "nir_version": version,
                    "profile": options,
                })
            );
        } else {
            println!(
                "{}: {} bytes, NIR {}\n{}",
                out.display(),
                bytes.len(),
                self.nir_version.name(),
                as_toml(&options)
            );
        }
        Ok(Outcome::Done)
    }
}

/// Rewrites time constants and gains from one framework's step to another's.
fn rewrite(graph: &mut Graph, from: &ProfileOptions, to: Framework) -> Result<ProfileOptions> {
    let source = nir::Profile::with(from);
    let options = ProfileOptions {
        name: Some(to),
        reset: from.reset,
        reset_delay: from.reset_delay,
        stored_tau: (to == Framework::Norse).then_some(StoredTau::Seconds),
        ..ProfileOptions::default()
    };
    let target = nir::Profile::with(&options);
    let (a, b) = (source.neurons, target.neurons);
    let mut differ = Vec::new();
    let mut same = |what: &str, equal: bool, a: String, b: String| {
        if !equal {
            differ.push(format!("{what}: the network has {a}, {to} has {b}"));
        }
    };
    let text = |v: &dyn std::fmt::Debug| format!("{v:?}");
    same("integration", a.integration == b.integration, text(&a.integration), text(&b.integration));
    same("comparison", a.comparison == b.comparison, text(&a.comparison), text(&b.comparison));
    same("spikes per step", a.spikes == b.spikes, text(&a.spikes), text(&b.spikes));
    same("reset", a.reset == b.reset, text(&a.reset), text(&b.reset));
    let timing = (a.reset_timing, b.reset_timing);
    same("reset timing", timing.0 == timing.1, text(&timing.0), text(&timing.1));
    same("arrival", a.arrival == b.arrival, text(&a.arrival), text(&b.arrival));
    let delays =
        |p: &nir::Profile| [p.input_delay_steps, p.layer_delay_steps, p.recurrent_delay_steps];
    let (da, db) = (delays(&source), delays(&target));
    same("delays", da == db, text(&da), text(&db));
    let synaptic = graph.nodes.values().any(|n| matches!(n, Node::CubaLif(_) | Node::CubaLi(_)));
    if synaptic {
        same("synapse", a.synapse == b.synapse, text(&a.synapse), text(&b.synapse));
    }
    if !differ.is_empty() {
        bail!("no file can make {to} do the same:\n{}", differ.join("\n"));
    }
    // One step in the unit of the target; stored times that were times a step become times.
    let stored = if source.stored_tau == StoredTau::TimesStep { 1.0 / a.dt } else { 1.0 };
    let time = stored * b.dt / a.dt;
    for node in graph.nodes.values_mut() {
        match node {
            Node::Lif(m) => scale(&mut m.tau, time),
            Node::Li(m) => scale(&mut m.tau, time),
            Node::CubaLif(m) => {
                scale(&mut m.tau_mem, time);
                scale(&mut m.tau_syn, time);
            }
            Node::CubaLi(m) => {
                scale(&mut m.tau_mem, time);
                scale(&mut m.tau_syn, time);
            }
            // An integrator's gain is r dt.
            Node::If(m) => scale(&mut m.r, a.dt / b.dt),
            Node::I(m) => scale(&mut m.r, a.dt / b.dt),
            Node::Delay(m) => scale(&mut m.delay, b.dt / a.dt),
            _ => continue,
        }
    }
    if a.gain != b.gain && graph.nodes.values().any(Node::is_neuron) {
        gains(graph, &source, &target);
    }
    Ok(options)
}

fn scale(tensor: &mut Tensor, factor: f64) {
    if let Some(scaled) =
        Tensor::from_f64(tensor.shape(), tensor.iter().map(|v| v * factor).collect::<Vec<_>>())
    {
        *tensor = scaled;
    }
}

/// Sets `r` so that the target's equation gives the gain that the source has; the time constants
/// are the target's already.
fn gains(graph: &mut Graph, source: &nir::Profile, target: &nir::Profile) {
    use spike::Gain;
    let dt = target.neurons.dt;
    for node in graph.nodes.values_mut() {
        let (tau, r) = match node {
            Node::Lif(m) => (Some(&m.tau), &mut m.r),
            Node::Li(m) => (Some(&m.tau), &mut m.r),
            Node::If(m) => (None, &mut m.r),
            _ => continue,
        };
        let unit = match (source.neurons.gain, target.neurons.gain) {
            // The target's equation must move the potential by one.
            (Gain::Unit, Gain::Equation) => match tau {
                Some(tau) => tau.iter().map(|tau| tau / dt).collect(),
                None => vec![1.0 / dt; r.len()],
            },
            (Gain::UnitResistance, Gain::Equation) if tau.is_some() => vec![1.0; r.len()],
            (Gain::UnitResistance, Gain::Equation) => vec![1.0 / dt; r.len()],
            _ => continue,
        };
        let shape = tau.map_or_else(|| r.shape().to_vec(), |t| t.shape().to_vec());
        if let Some(unit) = Tensor::from_f64(shape, unit) {
            *r = unit;
        }
    }
}
