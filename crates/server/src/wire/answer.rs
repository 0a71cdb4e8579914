//! The answer to an inference request: its outputs as typed tensors, and how they are written.
//!
//! Source: Open Inference Protocol v2, "Inference Response JSON Object"; Triton's binary tensor
//! data and classification extensions.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};
use spike::{Port, Raster};

use super::{Batch, OutputParameters, Wanted};
use crate::model::Model;
use crate::record::Took;
use crate::rollout::Compared;

/// An answer, before it is written for a wire.
#[derive(Debug, Serialize)]
pub(crate) struct Answer {
    pub(crate) model_name: String,
    pub(crate) model_version: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<String>,
    pub(crate) parameters: BTreeMap<&'static str, u64>,
    pub(crate) outputs: Vec<Tensor>,
}

/// One output.
#[derive(Debug, Serialize)]
pub(crate) struct Tensor {
    pub(crate) name: String,
    pub(crate) datatype: &'static str,
    pub(crate) shape: Vec<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parameters: Option<Value>,
    #[serde(skip_serializing_if = "Data::is_elsewhere")]
    pub(crate) data: Data,
    #[serde(skip)]
    binary: bool,
}

/// The values of an output.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Data {
    /// FP32.
    Numbers(Vec<f32>),
    /// INT64.
    Indices(Vec<i64>),
    /// BYTES.
    Texts(Vec<String>),
    /// Behind the JSON.
    Elsewhere,
}

impl Data {
    fn is_elsewhere(&self) -> bool {
        matches!(self, Self::Elsewhere)
    }

    fn datatype(&self) -> &'static str {
        match self {
            Self::Numbers(_) => "FP32",
            Self::Indices(_) => "INT64",
            Self::Texts(_) | Self::Elsewhere => "BYTES",
        }
    }

    /// The values in the protobuf list of their type.
    pub(crate) fn contents(self) -> api::inference::InferTensorContents {
        let mut contents = api::inference::InferTensorContents::default();
        match self {
            Self::Numbers(numbers) => contents.fp32_contents = numbers,
            Self::Indices(indices) => contents.int64_contents = indices,
            Self::Texts(texts) => {
                contents.bytes_contents = texts.into_iter().map(String::into_bytes).collect();
            }
            Self::Elsewhere => {}
        }
        contents
    }

    /// Appends the values, little-endian; a text has its length before it (u32).
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Numbers(numbers) => numbers.iter().for_each(|n| out.extend(n.to_le_bytes())),
            Self::Indices(indices) => indices.iter().for_each(|n| out.extend(n.to_le_bytes())),
            Self::Texts(texts) => texts.iter().for_each(|text| {
                out.extend((text.len() as u32).to_le_bytes());
                out.extend(text.as_bytes());
            }),
            Self::Elsewhere => {}
        }
    }
}

impl Answer {
    /// The JSON, and how long it is where bytes follow it.
    pub(crate) fn body(mut self) -> (Vec<u8>, Option<usize>) {
        let mut behind = Vec::new();
        for tensor in self.outputs.iter_mut().filter(|tensor| tensor.binary) {
            let before = behind.len();
            tensor.data.write(&mut behind);
            tensor.data = Data::Elsewhere;
            tensor.parameters = Some(json!({ "binary_data_size": behind.len() - before }));
        }
        // Plain structs and finite or null numbers: nothing that JSON could refuse.
        let mut body = serde_json::to_vec(&self).unwrap_or_default();
        let json = self.outputs.iter().any(|tensor| tensor.binary).then_some(body.len());
        body.append(&mut behind);
        (body, json)
    }
}

/// The answer to a batch: its outputs, and what it took.
pub(crate) fn answer(model: &Model, batch: &Batch, outputs: &[Raster], took: &Took) -> Answer {
    let ports = model.network.outputs();
    let of = |k: usize| outputs.iter().skip(k).step_by(ports.len().max(1));
    let results =
        |k: usize| -> Vec<Vec<f32>> { of(k).map(|raster| result(raster, &ports[k])).collect() };
    let classes = || results(0).iter().map(|counts| class(counts)).collect::<Vec<usize>>();
    let n = batch.sequences;
    let one = |(wanted, parameters): &(Wanted, OutputParameters)| {
        let (name, shape, data) = match *wanted {
            Wanted::Result(k) if parameters.classification > 0 => {
                let most = (parameters.classification as usize).min(ports[k].size);
                let texts = results(k).iter().flat_map(|r| largest(r, most, model)).collect();
                (ports[k].name.clone(), vec![n, most], Data::Texts(texts))
            }
            Wanted::Result(k) => {
                let data = Data::Numbers(results(k).concat());
                (ports[k].name.clone(), vec![n, ports[k].size], data)
            }
            Wanted::Spikes(k) => {
                let data = of(k).flat_map(Raster::to_dense).collect();
                let steps = outputs.get(k).map_or(0, Raster::steps);
                let shape = vec![n, steps, ports[k].size];
                (format!("{}.spikes", ports[k].name), shape, Data::Numbers(data))
            }
            Wanted::Class => {
                let data = classes().iter().map(|&c| c as i64).collect();
                ("class".into(), vec![n], Data::Indices(data))
            }
            Wanted::Label => {
                let labels = classes().iter().map(|&c| model.output.labels[c].clone()).collect();
                ("label".into(), vec![n], Data::Texts(labels))
            }
        };
        let (datatype, binary) = (data.datatype(), parameters.binary_data);
        Tensor { name, datatype, shape, parameters: None, data, binary }
    };
    Answer {
        model_name: model.name.clone(),
        model_version: model.version.to_string(),
        id: batch.id.clone(),
        outputs: batch.wanted.iter().map(one).collect(),
        parameters: BTreeMap::from([
            ("steps", took.report.steps),
            ("spikes", took.report.spikes),
            ("synaptic_operations", took.report.synaptic_operations),
            ("queue_us", took.queued.as_micros() as u64),
            ("inference_us", took.inference.as_micros() as u64),
        ]),
    }
}

/// How a candidate's outputs compare with the stable version's.
pub(crate) fn compare(stable: &[Raster], candidate: &[Raster], decodes: bool) -> Compared {
    let sums = |outputs: &[Raster]| outputs.iter().map(Raster::sums).collect::<Vec<_>>();
    let (a, b) = (sums(stable), sums(candidate));
    let alike = a.len() == b.len() && a.iter().zip(&b).all(|(a, b)| a.len() == b.len());
    if !alike {
        return Compared::Failed;
    }
    let pairs = a.iter().flatten().zip(b.iter().flatten());
    let difference = pairs.map(|(a, b)| f64::from((a - b).abs())).fold(0.0, f64::max);
    let same_class = !decodes || a.iter().zip(&b).all(|(a, b)| class(a) == class(b));
    Compared::Answers { equal: stable == candidate, same_class, difference }
}

/// Sums over the steps of an output that fires, the last values of one that does not.
fn result(raster: &Raster, port: &Port) -> Vec<f32> {
    if port.emission != spike::Emission::Values {
        return raster.sums();
    }
    let mut last = vec![0.0; port.size];
    if let Some(step) = raster.steps().checked_sub(1) {
        raster.events(step).for_each(|(index, value)| last[index as usize] = value);
    }
    last
}

/// The first of the largest.
pub(crate) fn class(counts: &[f32]) -> usize {
    let mut best = 0;
    for (k, count) in counts.iter().enumerate() {
        if *count > counts[best] {
            best = k;
        }
    }
    best
}

/// The largest values as `value:index` or `value:index:label`, the largest first.
fn largest(values: &[f32], most: usize, model: &Model) -> Vec<String> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[b].total_cmp(&values[a]));
    let text = |&k: &usize| match model.output.labels.get(k) {
        Some(label) => format!("{:.6}:{k}:{label}", values[k]),
        None => format!("{:.6}:{k}", values[k]),
    };
    order.iter().take(most).map(text).collect()
}
