//! `striatum learner learn` and `predict`: the samples of a file, request by request.

use std::collections::BTreeMap;
use std::io::IsTerminal;

use anyhow::{Context, Result};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use super::of_learner;
use super::samples::{From, Sample};
use crate::command::client::Client;
use crate::command::document::word;
use crate::watched::ServerFlags;
use crate::{Outcome, draw};

/// Teach a learner the samples of a file, in their order.
///
/// Each request is kept when it is acknowledged, and `striatum learner undo` takes one back; an
/// interrupted file is gone on with by --from. Told is how many samples it had known before it was
/// taught them.
#[derive(Args)]
pub(super) struct Learn {
    /// The learner.
    id: String,
    #[command(flatten)]
    from: From,
    /// Samples of a request.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=1024))]
    batch: u16,
    #[command(flatten)]
    server: ServerFlags,
}

/// Ask what the samples of a file are; where they have labels, how many were right.
#[derive(Args)]
pub(super) struct Predict {
    /// The learner.
    id: String,
    #[command(flatten)]
    from: From,
    /// Samples of a request.
    #[arg(long, default_value_t = 256, value_parser = clap::value_parser!(u16).range(1..=1024))]
    batch: u16,
    #[command(flatten)]
    server: ServerFlags,
}

const COUNTS: [&str; 6] =
    ["samples", "labelled", "right", "allocated", "classes", "weight_changes"];

impl Learn {
    pub(super) fn run(self, json: bool) -> Result<Outcome> {
        let (samples, client) = (self.from.read()?, Client::of(&self.server));
        let path = of_learner(&self.id, "/learn");
        let mut sums: BTreeMap<&str, u64> = COUNTS.map(|name| (name, 0)).into();
        let bar = bar(samples.len());
        for batch in samples.chunks(usize::from(self.batch)) {
            let body = json!({ "samples": batch.iter().map(Sample::json).collect::<Vec<_>>() });
            let done = sums["samples"];
            let taught = client.send("POST", &path, &body);
            let taught =
                taught.with_context(|| format!("{done} samples were learned before it"))?;
            for (name, sum) in &mut sums {
                *sum += taught[name].as_u64().unwrap_or_default();
            }
            bar.inc(batch.len() as u64);
            bar.set_message(format!("known before {}", share(sums["right"], sums["labelled"])));
        }
        bar.finish_and_clear();
        if json {
            println!("{:#}", json!(sums));
            return Ok(Outcome::Done);
        }
        let known = share(sums["right"], sums["labelled"]);
        println!("samples         {}, {} with a label", sums["samples"], sums["labelled"]);
        println!("known before    {known}");
        println!("new classes     {}", sums["classes"]);
        println!("new units       {}", sums["allocated"]);
        println!("weight changes  {}", sums["weight_changes"]);
        Ok(Outcome::Done)
    }
}

impl Predict {
    pub(super) fn run(self, json: bool) -> Result<Outcome> {
        let (samples, client) = (self.from.read()?, Client::of(&self.server));
        let path = of_learner(&self.id, "/predict");
        let (mut all, bar) = (Vec::new(), bar(samples.len()));
        for batch in samples.chunks(usize::from(self.batch)) {
            let values = |sample: &Sample| json!({ "values": sample.values });
            let body = json!({ "inputs": batch.iter().map(values).collect::<Vec<_>>() });
            let mut answer = client.send("POST", &path, &body)?;
            if let Value::Array(predictions) = answer["predictions"].take() {
                all.extend(predictions);
            }
            bar.inc(batch.len() as u64);
        }
        bar.finish_and_clear();
        let of = |(sample, said): (&Sample, &Value)| {
            (sample.label.clone(), said["label"].as_str().map(str::to_owned))
        };
        let pairs: Vec<_> = samples.iter().zip(&all).map(of).collect();
        let labelled = pairs.iter().filter(|(label, _)| label.is_some()).count();
        let right = pairs.iter().filter(|(label, said)| label.is_some() && label == said).count();
        let novel = pairs.iter().filter(|(_, said)| said.is_none()).count();
        if json {
            let told = json!({
                "predictions": all, "labelled": labelled, "right": right, "novel": novel,
            });
            println!("{told:#}");
            return Ok(Outcome::Done);
        }
        if labelled == 0 {
            all.iter().for_each(|one| println!("{}", line(one)));
        } else {
            println!("right  {} of {labelled} held out", share(right as u64, labelled as u64));
            print!("{}", by_label(&pairs));
        }
        println!("novel  {novel}");
        Ok(Outcome::Done)
    }
}

impl Sample {
    fn json(&self) -> Value {
        match &self.label {
            Some(label) => json!({ "label": label, "values": self.values }),
            None => json!({ "values": self.values }),
        }
    }
}

fn bar(n: usize) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:24} {pos} of {len}  {msg}  {eta} left");
    ProgressBar::new(n as u64).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

fn share(part: u64, whole: u64) -> String {
    if whole == 0 { "-".to_owned() } else { format!("{:.2} %", 100.0 * part as f64 / whole as f64) }
}

/// What an input is, and how well it fits.
fn line(one: &Value) -> String {
    let label = if one["label"].is_null() { "(novel)".to_owned() } else { word(&one["label"]) };
    format!("{label}  {:.3}", one["score"].as_f64().unwrap_or_default())
}

/// How many of each label were right.
fn by_label(pairs: &[(Option<String>, Option<String>)]) -> String {
    let mut of: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for (label, said) in pairs {
        let Some(label) = label else { continue };
        let (right, n) = of.entry(label).or_default();
        *right += u64::from(said.as_ref() == Some(label));
        *n += 1;
    }
    let row = |(label, (right, n)): (&&str, &(u64, u64))| {
        vec![word(&json!(label)), n.to_string(), share(*right, *n)]
    };
    draw::table(&["label", "samples", "right"], &of.iter().map(row).collect::<Vec<_>>())
}
