//! From the nodes of a graph to a chain of layers: who feeds whom, shapes, and what is folded.

use std::collections::{BTreeMap, BTreeSet};

use super::geometry::windows;
use super::operator::{Operator, Reader, per_channel};
use super::proto;
use super::tensor::{Values, Weights};
use crate::ann::{Affine, Ann, AvgPool, Conv, Layer, Op};
use crate::error::{ConvertError, Unconvertible};
use crate::limits::{MAX_ELEMENTS, MAX_PRODUCTS};

/// The chain of a graph.
pub(super) fn build(graph: &proto::Graph) -> Result<Ann, ConvertError> {
    let constants = constants(graph)?;
    let (input, input_shape) = input(graph, &constants)?;
    let [output] = graph.output.as_slice() else {
        let found = format!("{} of them", graph.output.len());
        return Err(port("outputs", "one", found));
    };
    let used = upstream(graph, &output.name);
    let nodes = || graph.node.iter().filter(|node| used.contains(name_of(node)));
    let mut problems = Vec::new();
    let mut operators = BTreeMap::new();
    for node in nodes().filter(|node| node.op_type != "Constant") {
        match (Reader { node, constants: &constants }).read() {
            Ok(operator) => drop(operators.insert(name_of(node), operator)),
            Err(reason) => problems.push(unconvertible(node, reason)),
        }
    }
    if !problems.is_empty() {
        return Err(ConvertError::Unconvertible(problems));
    }
    let mut chain = Chain { shape: input_shape.clone(), layers: Vec::new(), ended: false };
    let mut value = input;
    let mut n_followed = 0;
    while value != output.name {
        let readers: Vec<_> = nodes().filter(|n| n.input.iter().any(|i| i == value)).collect();
        let &[node] = readers.as_slice() else {
            return Err(fork(&readers, value, &output.name));
        };
        let Some(operator) = operators.remove(name_of(node)) else {
            return Err(port(value, "a chain from the input to the output", "a loop".into()));
        };
        chain.add(node, operator)?;
        n_followed += 1;
        value = name_of(node);
    }
    if n_followed == 0 || chain.layers.is_empty() {
        return Err(port("the graph", "at least one layer", "none".into()));
    }
    Ok(Ann { input_shape, layers: chain.layers })
}

fn port(what: &str, expected: &str, found: String) -> ConvertError {
    ConvertError::Port { what: what.into(), expected: expected.into(), found }
}

/// The name by which a node's result is known.
fn name_of(node: &proto::Node) -> &str {
    node.output.first().map_or("", String::as_str)
}

fn unconvertible(node: &proto::Node, reason: String) -> Unconvertible {
    let name = if node.name.is_empty() { name_of(node) } else { &node.name };
    Unconvertible { node: name.to_owned(), operator: node.op_type.clone(), reason }
}

fn fork(readers: &[&proto::Node], value: &str, output: &str) -> ConvertError {
    if readers.is_empty() {
        let found = format!("{value} leads nowhere");
        return port("the graph", &format!("a chain from its input to {output}"), found);
    }
    let reason = format!("reads {value} beside another node, expected a chain without branches");
    let all = readers.iter().map(|node| unconvertible(node, reason.clone()));
    ConvertError::Unconvertible(all.collect())
}

/// Initializers, and what nodes named `Constant` give.
fn constants(graph: &proto::Graph) -> Result<BTreeMap<String, Weights>, ConvertError> {
    let mut constants = BTreeMap::new();
    for tensor in &graph.initializer {
        constants.insert(tensor.name.clone(), Weights::read(tensor)?);
    }
    for node in graph.node.iter().filter(|node| node.op_type == "Constant") {
        let Some(attribute) = node.attribute.first() else { continue };
        let list = |values: Values, n| Weights { shape: vec![n], values };
        let weights = match (attribute.name.as_str(), &attribute.t) {
            ("value", Some(tensor)) => {
                let named = proto::Tensor { name: name_of(node).into(), ..tensor.clone() };
                Weights::read(&named)?
            }
            ("value_float", _) => list(Values::Real(vec![attribute.f]), 1),
            ("value_int", _) => list(Values::Whole(vec![attribute.i]), 1),
            ("value_floats", _) => {
                list(Values::Real(attribute.floats.clone()), attribute.floats.len())
            }
            ("value_ints", _) => list(Values::Whole(attribute.ints.clone()), attribute.ints.len()),
            // A constant of another kind is missed where it is used.
            _ => continue,
        };
        constants.insert(name_of(node).to_owned(), weights);
    }
    Ok(constants)
}

/// The one input that is no constant, with its shape without the batch.
fn input<'a>(
    graph: &'a proto::Graph,
    constants: &BTreeMap<String, Weights>,
) -> Result<(&'a str, Vec<usize>), ConvertError> {
    let mut inputs = graph.input.iter().filter(|input| !constants.contains_key(&input.name));
    let (Some(input), None) = (inputs.next(), inputs.next()) else {
        return Err(port("inputs", "one that is no constant", "none or several".into()));
    };
    let tensor = input.r#type.as_ref().and_then(|t| t.tensor_type.as_ref());
    let dims = tensor.and_then(|t| t.shape.as_ref()).map_or(&[][..], |shape| &shape.dim);
    let lengths: Vec<i64> = dims.iter().map(|dim| dim.dim_value).collect();
    let shape: Option<Vec<usize>> =
        lengths.iter().skip(1).map(|&d| usize::try_from(d).ok().filter(|d| *d > 0)).collect();
    let what = || format!("input {}", input.name);
    match shape.filter(|shape| matches!(shape.len(), 1 | 3)) {
        Some(shape) => match nir::n_elements(&shape) {
            Some(n) if n <= MAX_ELEMENTS => Ok((&input.name, shape)),
            n => Err(ConvertError::TooLarge {
                what: what(),
                limit: MAX_ELEMENTS,
                found: n.unwrap_or(usize::MAX),
            }),
        },
        None => {
            let expected =
                "(batch, features) or (batch, channels, height, width), fixed but the batch";
            Err(port(&what(), expected, format!("lengths {lengths:?}")))
        }
    }
}

/// The results that the output depends on.
fn upstream<'a>(graph: &'a proto::Graph, output: &'a str) -> BTreeSet<&'a str> {
    let makers: BTreeMap<&str, &proto::Node> =
        graph.node.iter().map(|node| (name_of(node), node)).collect();
    let mut used = BTreeSet::new();
    let mut waiting = vec![output];
    while let Some(value) = waiting.pop() {
        if let Some(node) = makers.get(value)
            && used.insert(value)
        {
            waiting.extend(node.input.iter().map(String::as_str).filter(|name| !name.is_empty()));
        }
    }
    used
}

/// The chain as far as it goes.
struct Chain {
    shape: Vec<usize>,
    layers: Vec<Layer>,
    /// Whether a softmax was left out: nothing may follow it.
    ended: bool,
}

impl Chain {
    fn add(&mut self, node: &proto::Node, operator: Operator) -> Result<(), ConvertError> {
        let wrong = |reason| ConvertError::Unconvertible(vec![unconvertible(node, reason)]);
        if self.ended && !matches!(operator, Operator::Pass) {
            return Err(wrong("follows a softmax, which is left out: expected it last".into()));
        }
        let name = unconvertible(node, String::new()).node;
        self.take(&name, operator).map_err(wrong)
    }

    fn take(&mut self, name: &str, operator: Operator) -> Result<(), String> {
        match operator {
            Operator::Pass => Ok(()),
            Operator::Softmax => {
                self.ended = true;
                Ok(())
            }
            Operator::Conv(conv) => self.conv(name, conv),
            Operator::Affine { weight, inputs, bias } => {
                if self.shape != [inputs] {
                    return Err(format!("B has {inputs} inputs, but reads {:?}", self.shape));
                }
                let shape = vec![bias.len()];
                let products = weight.len();
                self.push(name, Op::Affine(Affine { weight, bias }), shape, products)
            }
            Operator::Norm { scale, shift } => self.norm(name, &scale, &shift),
            Operator::Add { shape, values } => self.shift(&shape, &values),
            Operator::Relu { bound } => self.relu(name, bound),
            Operator::AvgPool { pool, ceil } => self.pool(name, pool, ceil),
            Operator::GlobalAvgPool => {
                let [_, height, width] = self.plane()?;
                let kernel = [height, width];
                self.pool(name, AvgPool { kernel, stride: [1, 1], padding: [0, 0] }, false)
            }
            Operator::Flatten => self.flatten(name),
            Operator::Reshape(to) => self.reshape(name, &to),
        }
    }

    fn plane(&self) -> Result<[usize; 3], String> {
        match *self.shape.as_slice() {
            [channels, height, width] => Ok([channels, height, width]),
            ref found => Err(format!("reads {found:?}, expected (channels, height, width)")),
        }
    }

    fn push(
        &mut self,
        name: &str,
        op: Op,
        output: Vec<usize>,
        products: usize,
    ) -> Result<(), String> {
        let n = nir::n_elements(&output).filter(|n| (1..=MAX_ELEMENTS).contains(n));
        if n.is_none() || products > MAX_PRODUCTS {
            return Err(format!(
                "gives {output:?} by {products} products, expected at most {MAX_ELEMENTS} values by \
                 {MAX_PRODUCTS}"
            ));
        }
        let input = std::mem::replace(&mut self.shape, output.clone());
        self.layers.push(Layer { node: name.into(), op, input, output });
        Ok(())
    }

    fn conv(&mut self, name: &str, conv: Conv) -> Result<(), String> {
        let [channels, height, width] = self.plane()?;
        let per_group = conv.channels_in();
        if per_group * conv.groups != channels {
            let expected = per_group * conv.groups;
            return Err(format!("W is for {expected} channels, but reads {channels}"));
        }
        let Conv { kernel, stride, padding, dilation, .. } = conv;
        let [rows, columns] = windows([height, width], kernel, stride, padding, dilation)
            .ok_or_else(|| format!("kernel {kernel:?} is larger than {height} x {width}"))?;
        let output = vec![conv.bias.len(), rows, columns];
        let products = [rows, columns].iter().fold(conv.weight.len(), |n, k| n.saturating_mul(*k));
        self.push(name, Op::Conv(conv), output, products)
    }

    fn norm(&mut self, name: &str, scale: &[f32], shift: &[f32]) -> Result<(), String> {
        let channels = self.shape.first().copied().unwrap_or(0);
        if scale.len() != channels {
            return Err(format!("has {} channels, but reads {channels}", scale.len()));
        }
        match self.layers.last_mut().map(|layer| &mut layer.op) {
            Some(Op::Conv(conv)) => conv.fold(scale, shift),
            Some(Op::Affine(affine)) => affine.fold(scale, shift),
            _ => return self.norm_alone(name, scale, shift),
        }
        Ok(())
    }

    /// A batch norm that no layer with weights precedes: one weight for each channel.
    fn norm_alone(&mut self, name: &str, scale: &[f32], shift: &[f32]) -> Result<(), String> {
        let (n, shape) = (scale.len(), self.shape.clone());
        if shape.len() == 3 {
            let products = shape.iter().product();
            let conv = Conv {
                weight: scale.to_vec(),
                bias: shift.to_vec(),
                kernel: [1; 2],
                stride: [1; 2],
                padding: [0; 2],
                dilation: [1; 2],
                groups: n,
            };
            return self.push(name, Op::Conv(conv), shape, products);
        }
        let products = n.saturating_mul(n);
        if products > MAX_ELEMENTS {
            return Err(format!(
                "stands alone over {n} features, expected it after Gemm or MatMul"
            ));
        }
        let mut weight = vec![0.0; products];
        scale.iter().enumerate().for_each(|(k, s)| weight[k * n + k] = *s);
        self.push(name, Op::Affine(Affine { weight, bias: shift.to_vec() }), shape, products)
    }

    fn shift(&mut self, shape: &[usize], values: &[f32]) -> Result<(), String> {
        let values = per_channel(shape, values, &self.shape).ok_or_else(|| {
            format!("adds {shape:?} to {:?}, expected one value for each channel", self.shape)
        })?;
        let bias = match self.layers.last_mut().map(|layer| &mut layer.op) {
            Some(Op::Conv(conv)) => &mut conv.bias,
            Some(Op::Affine(affine)) => &mut affine.bias,
            _ => return Err("adds a constant, expected it after MatMul, Gemm or Conv".into()),
        };
        bias.iter_mut().zip(values).for_each(|(bias, value)| *bias += value);
        Ok(())
    }

    fn relu(&mut self, name: &str, bound: Option<f32>) -> Result<(), String> {
        if let Some(Op::Relu { bound: own }) = self.layers.last_mut().map(|layer| &mut layer.op) {
            *own = match (*own, bound) {
                (Some(a), Some(b)) => Some(a.min(b)),
                (a, b) => a.or(b),
            };
            return Ok(());
        }
        self.push(name, Op::Relu { bound }, self.shape.clone(), 0)
    }

    fn pool(&mut self, name: &str, pool: AvgPool, ceil: bool) -> Result<(), String> {
        let [channels, height, width] = self.plane()?;
        let AvgPool { kernel, stride, padding } = pool;
        let fit = windows([height, width], kernel, stride, padding, [1, 1]);
        let [rows, columns] =
            fit.ok_or_else(|| format!("kernel {kernel:?} is larger than {height} x {width}"))?;
        let rest = |axis: usize, n: usize| (n + 2 * padding[axis] - kernel[axis]) % stride[axis];
        if ceil && (rest(0, height) != 0 || rest(1, width) != 0) {
            return Err("ceil_mode cuts the last window, expected windows that fit".into());
        }
        let products = [rows, columns, kernel[0], kernel[1]];
        let products = products.iter().fold(channels, |n, k| n.saturating_mul(*k));
        self.push(name, Op::AvgPool(pool), vec![channels, rows, columns], products)
    }

    fn flatten(&mut self, name: &str) -> Result<(), String> {
        if self.shape.len() == 1 {
            return Ok(());
        }
        let n = self.shape.iter().product();
        self.push(name, Op::Flatten, vec![n], 0)
    }

    /// A reshape is understood where it flattens, or changes nothing.
    fn reshape(&mut self, name: &str, to: &[i64]) -> Result<(), String> {
        let n: usize = self.shape.iter().product();
        let is = |found: i64, length: usize| found == -1 || usize::try_from(found) == Ok(length);
        match to {
            [_, all] if is(*all, n) => self.flatten(name),
            [_, rest @ ..]
                if rest.len() == self.shape.len()
                    && rest.iter().zip(&self.shape).all(|(to, own)| is(*to, *own)) =>
            {
                Ok(())
            }
            _ => {
                Err(format!("makes {to:?} of {:?}, expected [batch, {n}]: flattening", self.shape))
            }
        }
    }
}
