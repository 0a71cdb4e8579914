//! `striatum inspect`: what a file holds, what it leaves open, and which profile it was made under.

use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use nir::{Match, Node, find_profile};
use serde_json::{Value, json};

use crate::network::{Network, ProfileFlags, as_toml};
use crate::{Outcome, data, draw, picture};

/// Density of activity at which the cost of a step is stated.
const USUAL_DENSITY: f64 = 0.02;
/// Candidates shown when a recording is matched.
const MAX_SHOWN: usize = 5;

/// Show a network: its graph, its conventions, its cost; find its profile from a recording.
#[derive(Args)]
pub(crate) struct Inspect {
    /// A .nir file, or a model's folder.
    file: PathBuf,
    /// Write a picture of the graph to this .svg file.
    #[arg(long, value_name = "SVG")]
    picture: Option<PathBuf>,
    /// Find the profile that reproduces a recording: two files separated by a comma, an input and
    /// what nodes did with it (.npy, .npz, .csv); a recording in the case form may stand for both.
    #[arg(long = "match", value_name = "INPUT,OUTPUT")]
    matching: Option<String>,
    #[command(flatten)]
    profile: ProfileFlags,
}

impl Inspect {
    pub(crate) fn run(self, json: bool) -> Result<Outcome> {
        let network = Network::read(&self.file, &self.profile)?;
        if let Some(path) = &self.picture {
            if path.extension().is_none_or(|e| !e.eq_ignore_ascii_case("svg")) {
                bail!("{}: pictures are SVG, expected a name that ends in .svg", path.display());
            }
            std::fs::write(path, picture::svg(&network.graph))?;
            eprintln!("picture: {}", path.display());
        }
        if let Some(pair) = &self.matching {
            return find(&network, pair, json);
        }
        let (compiled, notes) = network.compile()?;
        if json {
            println!("{:#}", described(&network, &compiled, &notes));
        } else {
            print!("{}", text(&network, &compiled, &notes));
        }
        Ok(Outcome::Done)
    }
}

fn find(network: &Network, pair: &str, json: bool) -> Result<Outcome> {
    let (first, second) = pair.split_once(',').unwrap_or((pair, pair));
    let (first, second) = (PathBuf::from(first), PathBuf::from(second));
    let (compiled, _) = network.compile()?;
    let inputs = compiled.inputs();
    let [input] = inputs.as_slice() else {
        bail!("{} inputs, expected one to match a recording", inputs.len());
    };
    let dt = network.profile().neurons.dt;
    let recorded = data::pair(&first, &second, input.size, dt)?;
    let bar = ProgressBar::new(0);
    bar.set_style(ProgressStyle::with_template("profiles {bar:40} {pos}/{len}")?);
    let matches = find_profile(&network.graph, &recorded, |done, total| {
        bar.set_length(total as u64);
        bar.set_position(done as u64);
    });
    bar.finish_and_clear();
    let exact: Vec<&Match> = matches.iter().filter(|m| m.is_exact()).collect();
    if json {
        let shown = matches.iter().take(MAX_SHOWN.max(exact.len())).map(as_json);
        let found = exact.first().map(|m| json!({ "profile": m.options }));
        println!(
            "{:#}",
            json!({
                "exact": !exact.is_empty(),
                "found": found,
                "candidates": shown.collect::<Vec<_>>(),
                "tried": matches.len(),
            })
        );
    } else {
        print!("{}", candidates(&matches));
    }
    Ok(if exact.is_empty() { Outcome::No } else { Outcome::Done })
}

fn as_json(m: &Match) -> Value {
    json!({
        "profile": m.options,
        "exact": m.is_exact(),
        "mismatching_cells": m.mismatches,
        "cells": m.cells,
        "largest_potential_difference": m.potential_error,
        "failed": m.failed,
    })
}

fn candidates(matches: &[Match]) -> String {
    let rows: Vec<Vec<String>> = matches
        .iter()
        .take(MAX_SHOWN)
        .map(|m| {
            let options = as_toml(&m.options).lines().skip(1).collect::<Vec<_>>().join(", ");
            let error = m.potential_error.map_or("-".into(), |e| format!("{e:.1e}"));
            let cells = match &m.failed {
                Some(reason) => reason.clone(),
                None => format!("{} of {}", m.mismatches, m.cells),
            };
            vec![cells, error, if m.is_exact() { "exact" } else { "" }.into(), options]
        })
        .collect();
    let head = ["cells that differ", "potential", "", "profile"];
    let mut text = draw::table(&head, &rows);
    let exact = matches.iter().filter(|m| m.is_exact()).count();
    text.push('\n');
    match matches.first().filter(|m| m.is_exact()) {
        Some(best) => {
            text.push_str(&format!(
                "{exact} of {} profiles reproduce the recording. For model.toml:\n\n{}",
                matches.len(),
                as_toml(&best.options)
            ));
        }
        None => text.push_str(&format!(
            "None of {} profiles reproduces the recording; the closest are above.\n",
            matches.len()
        )),
    }
    text
}

fn described(network: &Network, compiled: &spike::Compiled, notes: &[String]) -> Value {
    let shapes = network.graph.shapes();
    let nodes: Vec<Value> = network
        .graph
        .order()
        .into_iter()
        .map(|name| {
            let node = &network.graph.nodes[name];
            let shape = shapes.get(name);
            let parameters: Vec<Value> = node
                .parameters()
                .iter()
                .map(|(field, t)| {
                    json!({ "name": field, "shape": t.shape(), "min": min(t), "max": max(t) })
                })
                .collect();
            json!({
                "name": name,
                "type": node.kind(),
                "input_shape": shape.map(|s| &s.input),
                "output_shape": shape.map(|s| &s.output),
                "parameters": parameters,
            })
        })
        .collect();
    let conventions: serde_json::Map<String, Value> = network
        .profile()
        .describe()
        .into_iter()
        .map(|(what, holds)| (what.to_owned(), json!(holds)))
        .collect();
    json!({
        "file": network.path,
        "nir_version": network.graph.version,
        "repairs": network.repairs.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "notes": notes,
        "nodes": nodes,
        "edges": network.graph.edges,
        "profile": {
            "options": network.options,
            "framework": network.framework(),
            "source": network.source,
            "unknown": network.unknown,
            "conventions": conventions,
        },
        "cost": {
            "neurons": compiled.n_neurons(),
            "synapses": compiled.n_synapses(),
            "weight_bytes": compiled.weight_bytes(),
            "state_bytes_per_sequence": compiled.state_bytes(),
            "synaptic_operations_per_step": {
                "all_active": compiled.n_synapses(),
                "two_percent_active": (compiled.n_synapses() as f64 * USUAL_DENSITY) as u64,
            },
            "neuron_updates_per_step": compiled.n_neurons(),
        },
    })
}

fn min(t: &nir::Tensor) -> f64 {
    t.iter().fold(f64::INFINITY, f64::min)
}

fn max(t: &nir::Tensor) -> f64 {
    t.iter().fold(f64::NEG_INFINITY, f64::max)
}

fn text(network: &Network, compiled: &spike::Compiled, notes: &[String]) -> String {
    let graph = &network.graph;
    let shapes = graph.shapes();
    let version = graph.version.as_deref().unwrap_or("unknown");
    let mut text = format!(
        "{}: NIR {version}, {} nodes, {} edges\n\n",
        network.path.display(),
        graph.nodes.len(),
        graph.edges.len()
    );
    let axes = |shape: &[usize]| shape.iter().map(ToString::to_string).collect::<Vec<_>>();
    let rows: Vec<Vec<String>> = graph
        .order()
        .into_iter()
        .map(|name| {
            let node = &graph.nodes[name];
            let shape = shapes.get(name);
            let side = |f: &dyn Fn(&nir::NodeShape) -> Vec<usize>| {
                shape.map_or(String::new(), |s| axes(&f(s)).join(" x "))
            };
            let next: Vec<&str> = graph.successors(name).collect();
            vec![
                name.to_owned(),
                node.kind().to_owned(),
                format!("{} -> {}", side(&|s| s.input.clone()), side(&|s| s.output.clone())),
                parameters(node),
                next.join(", "),
            ]
        })
        .collect();
    text.push_str(&draw::table(&["node", "type", "shape", "parameters", "feeds"], &rows));
    text.push_str(&format!("\nprofile {} ({})\n", network.framework(), network.source));
    for (what, holds) in network.profile().describe() {
        text.push_str(&format!("  {what:<16} {holds}\n"));
    }
    if !network.unknown.is_empty() {
        let unknown = network.unknown.join(", ");
        text.push_str(&format!(
            "  not in the file: {unknown}; the framework's defaults hold \
             (inspect --match INPUT,OUTPUT finds what does)\n"
        ));
    }
    for (head, lines) in [
        ("repairs", network.repairs.iter().map(ToString::to_string).collect::<Vec<_>>()),
        ("notes", notes.to_vec()),
    ] {
        if !lines.is_empty() {
            text.push_str(&format!("\n{head}\n"));
            lines.iter().for_each(|line| text.push_str(&format!("  {line}\n")));
        }
    }
    let synapses = compiled.n_synapses();
    text.push_str(&format!(
        "\ncost\n  neurons          {}\n  synapses         {synapses}\n  weights          {}\n  \
         state            {} per sequence\n  per step         {} synaptic operations at 2 % \
         activity, {synapses} if everything fires; {} neuron updates\n",
        compiled.n_neurons(),
        bytes(compiled.weight_bytes()),
        bytes(compiled.state_bytes()),
        (synapses as f64 * USUAL_DENSITY) as u64,
        compiled.n_neurons(),
    ));
    text
}

/// A node's parameters in brief: ranges of what neurons have, counts of weights.
fn parameters(node: &Node) -> String {
    let brief = |(field, t): &(&'static str, &nir::Tensor)| {
        if t.len() > 1 && (*field == "weight" || *field == "bias") {
            return format!("{field} {}", t.len());
        }
        let (low, high) = (min(t), max(t));
        if low == high {
            format!("{field} {low:.4}")
        } else {
            format!("{field} {low:.4}..{high:.4}")
        }
    };
    node.parameters().iter().map(brief).collect::<Vec<_>>().join(", ")
}

fn bytes(n: usize) -> String {
    match n {
        0..1024 => format!("{n} B"),
        1024..1_048_576 => format!("{:.1} KiB", n as f64 / 1024.0),
        _ => format!("{:.1} MiB", n as f64 / 1_048_576.0),
    }
}
