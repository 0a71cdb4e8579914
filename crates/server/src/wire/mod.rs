//! The wire type of an inference request and answer: Open Inference Protocol v2, JSON over HTTP.
//!
//! An input tensor of a model that encodes is `[batch, ...shape]`, values that the code takes; of
//! one that does not, and wherever the tensor's parameter `encoding` is `"none"`, it is
//! `[batch, steps, ...shape]`, spikes or values of each step. `...shape` is the input's shape or
//! its flat size. With `encoding` `"events"` the tensor is `[events, 2]`: pairs of step and index of
//! one sequence of the parameter `steps` steps.
//!
//! A tensor's numbers stand in the JSON as `data`, or behind it as little-endian bytes where the
//! request says how long the JSON is (`Inference-Header-Content-Length`) and the tensor how many
//! bytes are its own (`binary_data_size`), in the order of the tensors. Answers are JSON, and where
//! asked for the outputs' numbers stand behind it in the same way.
//!
//! Source: Open Inference Protocol v2, "Inference Request JSON Object"; Triton's binary tensor data
//! extension.

use std::fmt;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, SeqAccess, Visitor};
use spike::{Port, Raster};

pub(crate) mod agent;
pub(crate) mod analysis;
mod answer;
pub(crate) mod assumptions;
pub(crate) mod attitude;
pub(crate) mod cognition;
pub(crate) mod knowledge;
pub(crate) mod learner;
pub(crate) mod memory;
pub(crate) mod question;
pub(crate) mod reason;
pub(crate) mod reflection;

pub(crate) use answer::{Answer, answer, class, compare};

use crate::config::Config;
use crate::error::RequestError;
use crate::model::{Decoding, Model};

/// Nesting of JSON arrays in a tensor's data.
const MAX_NESTING: usize = 8;

/// An inference request of the Open Inference Protocol, as it lies on the wire.
///
/// Parameters that are not known here are ignored, as the protocol asks.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct InferRequest {
    /// A name for the request, given back with the answer.
    pub(crate) id: Option<String>,
    /// What the request asks for beside its tensors.
    #[serde(default)]
    pub(crate) parameters: RequestParameters,
    /// The inputs.
    pub(crate) inputs: Vec<InputTensor>,
    /// The outputs asked for; without them all but the spikes.
    pub(crate) outputs: Option<Vec<WantedOutput>>,
}

/// Parameters of a request: Triton's sequence and binary tensor data extensions.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RequestParameters {
    /// The sequence that the request belongs to: its network goes on from one request to the next.
    pub(crate) sequence_id: Option<SequenceId>,
    /// Whether the sequence begins here.
    #[serde(default)]
    pub(crate) sequence_start: bool,
    /// Whether the sequence ends here.
    #[serde(default)]
    pub(crate) sequence_end: bool,
    /// Whether every output is to come as bytes behind the JSON.
    #[serde(default)]
    pub(crate) binary_data_output: bool,
}

/// The name of a sequence.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum SequenceId {
    /// A number; 0 means none.
    Number(u64),
    /// A word; the empty one means none.
    Word(String),
}

/// One input.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct InputTensor {
    /// The input's name.
    pub(crate) name: String,
    /// Its axes.
    pub(crate) shape: Vec<u64>,
    /// The type of its numbers: BOOL, UINT8 to UINT64, INT8 to INT64, FP32 or FP64.
    pub(crate) datatype: String,
    /// How it is written.
    #[serde(default)]
    pub(crate) parameters: TensorParameters,
    /// Its numbers, flat or nested, in row-major order.
    #[schemars(with = "Option<Vec<serde_json::Value>>")]
    pub(crate) data: Option<Data>,
}

/// Parameters of an input.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct TensorParameters {
    /// `none` where the numbers are spikes or values of each step, `events` where they are pairs of
    /// step and index.
    pub(crate) encoding: Option<String>,
    /// Steps of a sequence of events.
    pub(crate) steps: Option<u64>,
    /// Bytes behind the JSON that are the input's numbers, little-endian.
    pub(crate) binary_data_size: Option<u64>,
}

/// An output that is asked for.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct WantedOutput {
    /// The output's name; `NAME.spikes` for each of its steps.
    pub(crate) name: String,
    /// How it is to be written.
    #[serde(default)]
    pub(crate) parameters: OutputParameters,
}

/// Parameters of an output.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct OutputParameters {
    /// Whether it is to come as bytes behind the JSON.
    #[serde(default)]
    pub(crate) binary_data: bool,
    /// The largest so many values, as texts `value:index:label`; 0 for the values themselves.
    #[serde(default)]
    pub(crate) classification: u32,
}

/// Numbers, flat or nested, in row-major order.
#[derive(Debug)]
pub(crate) struct Data(pub(crate) Vec<f32>);

/// Appends numbers to a vector without a tree of values in between.
struct Flatten<'a> {
    into: &'a mut Vec<f32>,
    nesting: usize,
}

impl<'de> Deserialize<'de> for Data {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut values = Vec::new();
        Flatten { into: &mut values, nesting: 0 }.deserialize(deserializer)?;
        Ok(Self(values))
    }
}

impl<'de> DeserializeSeed<'de> for Flatten<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Flatten<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("numbers, flat or nested at most 8 deep")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        if self.nesting == MAX_NESTING {
            return Err(serde::de::Error::invalid_length(MAX_NESTING + 1, &self));
        }
        let Self { into, nesting } = self;
        while seq.next_element_seed(Flatten { into, nesting: nesting + 1 })?.is_some() {}
        Ok(())
    }

    fn visit_bool<E>(self, v: bool) -> Result<(), E> {
        self.into.push(f32::from(u8::from(v)));
        Ok(())
    }

    fn visit_u64<E>(self, v: u64) -> Result<(), E> {
        self.into.push(v as f32);
        Ok(())
    }

    fn visit_i64<E>(self, v: i64) -> Result<(), E> {
        self.into.push(v as f32);
        Ok(())
    }

    fn visit_f64<E>(self, v: f64) -> Result<(), E> {
        self.into.push(v as f32);
        Ok(())
    }
}

impl SequenceId {
    /// As text; none where it says that there is no sequence.
    pub(crate) fn text(&self) -> Option<String> {
        match self {
            Self::Number(0) => None,
            Self::Number(n) => Some(n.to_string()),
            Self::Word(word) => (!word.is_empty()).then(|| word.clone()),
        }
    }
}

/// A request as ours: rasters, or values still to be encoded.
#[derive(Clone, Debug)]
pub struct Batch {
    pub(crate) id: Option<String>,
    /// The inputs of the first sequence, then those of the next.
    pub(crate) inputs: Vec<Sequence>,
    pub(crate) sequences: usize,
    /// The seed of a code that draws at random.
    pub(crate) seed: u64,
    /// The outputs asked for.
    wanted: Vec<(Wanted, OutputParameters)>,
}

/// One input of one sequence.
#[derive(Clone, Debug)]
pub(crate) enum Sequence {
    /// Events of each step.
    Steps(Raster),
    /// Values in 0 to 1 that the model's code turns into events.
    Values(Vec<f32>),
}

/// What a request may ask for: the least of what the server and the model allow.
#[derive(Clone, Copy)]
struct Limits {
    batch: usize,
    steps: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    /// Sums over the steps of an output that fires, the last values of one that does not.
    Result(usize),
    /// Each step of an output.
    Spikes(usize),
    Class,
    Label,
}

/// Reads a request for a model; `json_bytes` is the length of its JSON where bytes follow it.
///
/// # Errors
/// [`RequestError::Bad`] with everything that is wrong.
pub fn parse(
    body: &[u8],
    json_bytes: Option<usize>,
    model: &Model,
    config: &Config,
) -> Result<Batch, RequestError> {
    batch(read(body, json_bytes)?, model, config)
}

/// Reads a request; `json_bytes` is the length of its JSON where bytes follow it.
///
/// # Errors
/// [`RequestError::Bad`].
pub(crate) fn read(body: &[u8], json_bytes: Option<usize>) -> Result<InferRequest, RequestError> {
    let bad = |problem: String| RequestError::Bad(vec![problem]);
    let (json, mut binary) = match json_bytes {
        None => (body, &[][..]),
        Some(n) => body.split_at_checked(n).ok_or_else(|| {
            bad(format!("inference-header-content-length {n}, expected at most {}", body.len()))
        })?,
    };
    let mut request: InferRequest = serde_json::from_slice(json)
        .map_err(|e| bad(format!("body is no inference request: {e}")))?;
    let mut problems = Vec::new();
    for tensor in &mut request.inputs {
        if let Err(problem) = tensor.take_binary(&mut binary) {
            problems.push(format!("input {}: {problem}", tensor.name));
        }
    }
    if !binary.is_empty() && problems.is_empty() {
        problems.push(format!("{} bytes behind the JSON belong to no input", binary.len()));
    }
    if problems.is_empty() { Ok(request) } else { Err(RequestError::Bad(problems)) }
}

/// The wire type becomes ours, for a model.
///
/// # Errors
/// [`RequestError::Bad`] with everything that is wrong.
pub(crate) fn batch(
    request: InferRequest,
    model: &Model,
    config: &Config,
) -> Result<Batch, RequestError> {
    let mut problems = Vec::new();
    let (max_batch, max_steps) = (model.limits.max_batch, model.limits.max_steps);
    let limits = Limits {
        batch: max_batch.unwrap_or(config.max_batch).min(config.max_batch),
        steps: max_steps.unwrap_or(config.max_steps).min(config.max_steps),
    };
    let ports = model.network.inputs();
    let mut columns: Vec<Option<Vec<Sequence>>> = ports.iter().map(|_| None).collect();
    for tensor in request.inputs {
        let name = tensor.name.clone();
        let Some(k) = input_position(&ports, &name) else {
            let known: Vec<&str> = ports.iter().map(|p| p.name.as_str()).collect();
            problems.push(format!("input {name}: unknown, expected {}", known.join(", ")));
            continue;
        };
        if columns[k].is_some() {
            problems.push(format!("input {name}: given twice"));
            continue;
        }
        match sequences(tensor, &ports[k], model, limits) {
            Ok(sequences) => columns[k] = Some(sequences),
            Err(found) => {
                problems.extend(found.into_iter().map(|p| format!("input {name}: {p}")));
                columns[k] = Some(Vec::new());
            }
        }
    }
    for (port, _) in ports.iter().zip(&columns).filter(|(_, column)| column.is_none()) {
        problems.push(format!("input {}: missing", port.name));
    }
    let binary = request.parameters.binary_data_output;
    let wanted = wanted(request.outputs, binary, model, &mut problems);
    let columns: Vec<Vec<Sequence>> = columns.into_iter().flatten().collect();
    let sequences = columns.first().map_or(0, Vec::len);
    if problems.is_empty() && columns.iter().any(|column| column.len() != sequences) {
        let found: Vec<String> = columns.iter().map(|c| c.len().to_string()).collect();
        problems.push(format!("inputs: expected the same batch, found {}", found.join(", ")));
    }
    if !problems.is_empty() {
        return Err(RequestError::Bad(problems));
    }
    let mut columns: Vec<_> = columns.into_iter().map(Vec::into_iter).collect();
    let mut inputs = Vec::with_capacity(sequences * columns.len());
    for _ in 0..sequences {
        inputs.extend(columns.iter_mut().filter_map(Iterator::next));
    }
    Ok(Batch { id: request.id, inputs, sequences, seed: 0, wanted })
}

impl Batch {
    /// Sequences of a network of one input, without anyone who waits for outputs.
    pub(crate) fn of(inputs: Vec<Sequence>, sequences: usize, seed: u64) -> Self {
        Self { id: None, inputs, sequences, seed, wanted: Vec::new() }
    }
}

impl InputTensor {
    /// Takes the tensor's own bytes off the front of those behind the JSON.
    fn take_binary(&mut self, binary: &mut &[u8]) -> Result<(), String> {
        let Some(n) = self.parameters.binary_data_size else { return Ok(()) };
        let taken = usize::try_from(n).ok().and_then(|n| binary.split_at_checked(n));
        let Some((own, rest)) = taken else {
            return Err(format!("binary_data_size {n}, but {} bytes are left", binary.len()));
        };
        *binary = rest;
        self.data = Some(Data(numbers(&self.datatype, own)?));
        Ok(())
    }
}

/// Little-endian numbers of a datatype.
pub(crate) fn numbers(datatype: &str, bytes: &[u8]) -> Result<Vec<f32>, String> {
    macro_rules! read {
        ($t:ty) => {{
            let (numbers, rest) = bytes.as_chunks::<{ size_of::<$t>() }>();
            if !rest.is_empty() {
                return Err(format!("{} bytes are no whole {datatype}", bytes.len()));
            }
            Ok(numbers.iter().map(|n| <$t>::from_le_bytes(*n) as f32).collect())
        }};
    }
    match datatype {
        "BOOL" | "UINT8" => read!(u8),
        "UINT16" => read!(u16),
        "UINT32" => read!(u32),
        "UINT64" => read!(u64),
        "INT8" => read!(i8),
        "INT16" => read!(i16),
        "INT32" => read!(i32),
        "INT64" => read!(i64),
        "FP32" => read!(f32),
        "FP64" => read!(f64),
        other => Err(format!("datatype {other} cannot be read as bytes, expected FP32 or another")),
    }
}

/// The only input goes by any name; several go by theirs.
fn input_position(ports: &[Port], name: &str) -> Option<usize> {
    let named = ports.iter().position(|port| port.name == name);
    named.or((ports.len() == 1 && (name == "input" || name == "spikes")).then_some(0))
}

/// The sequences of one tensor, or everything wrong with it.
fn sequences(
    tensor: InputTensor,
    port: &Port,
    model: &Model,
    limits: Limits,
) -> Result<Vec<Sequence>, Vec<String>> {
    let mut problems = Vec::new();
    let datatypes = [
        "BOOL", "UINT8", "UINT16", "UINT32", "UINT64", "INT8", "INT16", "INT32", "INT64", "FP16",
        "FP32", "FP64",
    ];
    if !datatypes.contains(&tensor.datatype.as_str()) {
        let known = datatypes.join(", ");
        problems.push(format!("datatype {}, expected one of {known}", tensor.datatype));
    }
    let Some(Data(data)) = tensor.data else {
        problems.push("data: missing".into());
        return Err(problems);
    };
    let volume = tensor.shape.iter().try_fold(1u64, |n, &d| n.checked_mul(d));
    if volume != Some(data.len() as u64) {
        problems.push(format!("shape {:?}, but data has {} values", tensor.shape, data.len()));
    }
    if let Some(at) = data.iter().position(|v| !v.is_finite()) {
        problems.push(format!("data[{at}] is {}, expected a finite number", data[at]));
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let encodes = model.input.encoding != crate::Encoding::None;
    let found = match tensor.parameters.encoding.as_deref() {
        None if encodes => values(&tensor.shape, data, port, model, limits),
        None | Some("none") => steps(&tensor.shape, &data, port, limits),
        Some("events") => events(&tensor.shape, &data, tensor.parameters.steps, port, limits),
        Some(other) => Err(format!("encoding {other}, expected \"none\" or \"events\"")),
    };
    found.map_err(|problem| vec![problem])
}

/// Whether the axes after the leading ones are the port's shape, or its flat size.
fn fits(shape: &[u64], port: &Port) -> bool {
    let same = |(a, b): (&u64, &usize)| *a == *b as u64;
    (shape.len() == port.shape.len() && shape.iter().zip(&port.shape).all(same))
        || shape == [port.size as u64]
}

fn bounded(what: &str, n: u64, most: usize) -> Result<usize, String> {
    match usize::try_from(n) {
        Ok(n) if (1..=most).contains(&n) => Ok(n),
        _ => Err(format!("{what} of {n}, expected 1 to {most}")),
    }
}

fn values(
    shape: &[u64],
    data: Vec<f32>,
    port: &Port,
    model: &Model,
    limits: Limits,
) -> Result<Vec<Sequence>, String> {
    let [batch, rest @ ..] = shape else { return Err("shape [], expected [batch, ...]".into()) };
    if !fits(rest, port) {
        return Err(format!("shape {shape:?}, expected [batch, {}]", axes(port)));
    }
    bounded("a batch", *batch, limits.batch)?;
    // The scale is applied in double precision and rounded once, as a division would be.
    let scaled = |v: &f32| (f64::from(*v) * model.input.scale) as f32;
    let outside = data.iter().position(|v| !(0.0..=1.0).contains(&scaled(v)));
    if let Some(at) = outside {
        let most = 1.0 / model.input.scale;
        return Err(format!("data[{at}] is {}, expected 0 to {most}", data[at]));
    }
    let rows = data.chunks_exact(port.size);
    Ok(rows.map(|row| Sequence::Values(row.iter().map(scaled).collect())).collect())
}

fn steps(
    shape: &[u64],
    data: &[f32],
    port: &Port,
    limits: Limits,
) -> Result<Vec<Sequence>, String> {
    let [batch, steps, rest @ ..] = shape else {
        return Err(format!("shape {shape:?}, expected [batch, steps, {}]", axes(port)));
    };
    if !fits(rest, port) {
        return Err(format!("shape {shape:?}, expected [batch, steps, {}]", axes(port)));
    }
    bounded("a batch", *batch, limits.batch)?;
    let steps = bounded("a length", *steps, limits.steps)?;
    let rows = data.chunks_exact(steps * port.size);
    Ok(rows.map(|row| Sequence::Steps(Raster::from_dense(row, port.size))).collect())
}

fn events(
    shape: &[u64],
    data: &[f32],
    steps: Option<u64>,
    port: &Port,
    limits: Limits,
) -> Result<Vec<Sequence>, String> {
    let [_, 2] = shape else {
        return Err(format!("shape {shape:?}, expected [events, 2]: pairs of step and index"));
    };
    let Some(steps) = steps else { return Err("parameter steps: missing".into()) };
    let steps = bounded("a length", steps, limits.steps)?;
    let mut pairs = Vec::with_capacity(data.len() / 2);
    let (rows, _) = data.as_chunks::<2>();
    for (k, [step, index]) in rows.iter().enumerate() {
        let inside = |v: f32, n: usize| v >= 0.0 && v.fract() == 0.0 && (v as usize) < n;
        if !inside(*step, steps) || !inside(*index, port.size) {
            return Err(format!(
                "event {k} is [{step}, {index}], expected a step below {steps} and an index below {}",
                port.size
            ));
        }
        pairs.push((*step as usize, *index as u32));
    }
    pairs.sort_unstable();
    pairs.dedup();
    let mut raster = Raster::new(port.size);
    let mut left = pairs.as_slice();
    for step in 0..steps {
        let n = left.partition_point(|(s, _)| *s == step);
        let (now, later) = left.split_at(n);
        raster.push_step(now.iter().map(|(_, index)| (*index, 1.0)));
        left = later;
    }
    Ok(vec![Sequence::Steps(raster)])
}

fn axes(port: &Port) -> String {
    port.shape.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// The outputs asked for; where none are named, every result and what the model decodes.
fn wanted(
    names: Option<Vec<WantedOutput>>,
    binary_data: bool,
    model: &Model,
    problems: &mut Vec<String>,
) -> Vec<(Wanted, OutputParameters)> {
    let ports = model.network.outputs();
    let decodes = model.output.decoding == Decoding::Counts;
    let labelled = !model.output.labels.is_empty();
    let mut known: Vec<(String, Wanted)> = Vec::new();
    for (k, port) in ports.iter().enumerate() {
        known.push((port.name.clone(), Wanted::Result(k)));
        known.push((format!("{}.spikes", port.name), Wanted::Spikes(k)));
    }
    if decodes {
        known.push(("class".into(), Wanted::Class));
        if labelled {
            known.push(("label".into(), Wanted::Label));
        }
    }
    let Some(names) = names.filter(|names| !names.is_empty()) else {
        let usual = known.into_iter().map(|(_, w)| w).filter(|w| !matches!(w, Wanted::Spikes(_)));
        let parameters = OutputParameters { binary_data, classification: 0 };
        return usual.map(|w| (w, parameters)).collect();
    };
    let mut wanted = Vec::new();
    for WantedOutput { name, mut parameters } in names {
        parameters.binary_data |= binary_data;
        match known.iter().find(|(known, _)| *known == name) {
            Some((_, w)) => wanted.push((*w, parameters)),
            None => {
                let all: Vec<&str> = known.iter().map(|(name, _)| name.as_str()).collect();
                problems.push(format!("output {name}: unknown, expected {}", all.join(", ")));
            }
        }
    }
    wanted
}
