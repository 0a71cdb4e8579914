//! The shape of what flows: from the ports inwards, through every node, to the ports again.
//! It only reads the graph; what should change in it is handed back as edits for `check`.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::GRAPH;
use crate::graph::{Graph, Links};
use crate::node::{Flatten, Node, Padding};
use crate::problem::Problems;
use crate::repair::Repairs;
use crate::tensor::{Axes, Tensor, broadcasts_to, n_elements, without_leading_ones};

/// What flows into and out of a node in one step, without a batch axis.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeShape {
    /// The shape of the input.
    pub input: Vec<usize>,
    /// The shape of the output.
    pub output: Vec<usize>,
}

impl NodeShape {
    fn same(shape: Vec<usize>) -> Self {
        Self { input: shape.clone(), output: shape }
    }
}

/// A change to one node that its shape asks for.
pub(crate) enum Edit {
    /// The shape of a port.
    Port(Vec<usize>),
    /// The spatial axes of a convolution's input.
    ConvInput(Vec<usize>),
    /// A flattening whose axes are counted without a batch.
    Flatten(Flatten),
    /// All parameters spread over this shape.
    Spread(Vec<usize>),
}

/// What inference found.
#[derive(Default)]
pub(crate) struct Inference {
    pub(crate) shapes: BTreeMap<String, NodeShape>,
    pub(crate) edits: Vec<(String, Edit)>,
    pub(crate) problems: Problems,
    pub(crate) repairs: Repairs,
}

/// Infers the shape of every node of a flat graph.
pub(crate) fn infer(graph: &Graph) -> Inference {
    let mut inferrer = Inferrer {
        graph,
        links: Links::new(graph),
        port_shapes: BTreeMap::new(),
        inference: Inference::default(),
    };
    inferrer.strip_batch_axes();
    inferrer.propagate();
    inferrer.compare_edges();
    inferrer.name_unresolved();
    inferrer.inference
}

struct Inferrer<'a> {
    graph: &'a Graph,
    links: Links<'a>,
    /// The shapes of inputs that had a batch axis.
    port_shapes: BTreeMap<&'a str, Vec<usize>>,
    inference: Inference,
}

impl<'a> Inferrer<'a> {
    /// Drops the leading axes of an input that are none of the first node that can tell.
    fn strip_batch_axes(&mut self) {
        for (name, input) in self.graph.inputs() {
            if !self.links.predecessors(name).is_empty() {
                continue;
            }
            let Some(stripped) = self.wanted_of(name).and_then(|want| suffix(&input.shape, &want))
            else {
                continue;
            };
            let what = format!("a batch axis in shape {}", Axes(&input.shape));
            let done = format!("taken as {}", Axes(&stripped));
            self.inference.repairs.add(name, what, done);
            self.inference.edits.push((name.to_owned(), Edit::Port(stripped.clone())));
            self.port_shapes.insert(name, stripped);
        }
    }

    /// The input that the nodes after `name` want, as far as the nearest one tells.
    fn wanted_of(&self, name: &str) -> Option<Vec<Option<usize>>> {
        let mut seen = BTreeSet::new();
        let mut waiting: VecDeque<&str> = self.links.successors(name).iter().copied().collect();
        while let Some(next) = waiting.pop_front() {
            if !seen.insert(next) {
                continue;
            }
            let node = self.graph.nodes.get(next)?;
            if let Some(wanted) = wanted(node) {
                return Some(wanted);
            }
            if keeps_shape(node) {
                waiting.extend(self.links.successors(next));
            }
        }
        None
    }

    fn propagate(&mut self) {
        let mut queue: VecDeque<&str> = VecDeque::new();
        for (name, node) in &self.graph.nodes {
            let source = self.links.predecessors(name).is_empty();
            if matches!(node, Node::Affine(_) | Node::Linear(_))
                || (source && matches!(node, Node::Input(_)))
            {
                self.resolve(name, node, None, &mut queue);
            }
        }
        self.drain(&mut queue);
        // Where nothing flows yet, a node's own parameters may tell its shape.
        for (name, node) in &self.graph.nodes {
            if !self.inference.shapes.contains_key(name) {
                self.resolve(name, node, None, &mut queue);
                self.drain(&mut queue);
            }
        }
        self.propagate_back();
    }

    fn drain(&mut self, queue: &mut VecDeque<&'a str>) {
        while let Some(name) = queue.pop_front() {
            let Some(output) = self.inference.shapes.get(name).map(|shape| shape.output.clone())
            else {
                continue;
            };
            for next in self.links.successors(name).to_vec() {
                if let Some(node) = self.graph.nodes.get(next)
                    && !self.inference.shapes.contains_key(next)
                {
                    self.resolve(next, node, Some(&output), queue);
                }
            }
        }
    }

    /// A node that keeps its shape has that of the node it feeds.
    fn propagate_back(&mut self) {
        let mut waiting: VecDeque<&str> =
            self.inference.shapes.keys().filter_map(|name| self.key(name)).collect();
        let mut queue = VecDeque::new();
        while let Some(name) = waiting.pop_front() {
            let Some(input) = self.inference.shapes.get(name).map(|shape| shape.input.clone())
            else {
                continue;
            };
            for before in self.links.predecessors(name).to_vec() {
                if let Some(node) = self.graph.nodes.get(before)
                    && !self.inference.shapes.contains_key(before)
                    && keeps_shape(node)
                {
                    self.resolve(before, node, Some(&input), &mut queue);
                    self.drain(&mut queue);
                    waiting.push_back(before);
                }
            }
        }
    }

    fn key(&self, name: &str) -> Option<&'a str> {
        self.graph.nodes.get_key_value(name).map(|(name, _)| name.as_str())
    }

    fn resolve(
        &mut self,
        name: &'a str,
        node: &'a Node,
        incoming: Option<&[usize]>,
        queue: &mut VecDeque<&'a str>,
    ) {
        if let Some(shape) = self.shape(name, node, incoming) {
            self.inference.shapes.insert(name.to_owned(), shape);
            queue.push_back(name);
        }
    }

    fn shape(&mut self, name: &str, node: &Node, incoming: Option<&[usize]>) -> Option<NodeShape> {
        match node {
            Node::Input(port) => {
                let own = self.port_shapes.get(name).unwrap_or(&port.shape).clone();
                self.port(name, own, incoming).map(NodeShape::same)
            }
            Node::Output(port) => {
                self.port(name, port.shape.clone(), incoming).map(NodeShape::same)
            }
            Node::Affine(node) => self.matrix(name, &node.weight),
            Node::Linear(node) => self.matrix(name, &node.weight),
            Node::Conv1d(node) => {
                let conv = Window {
                    kernel: node.kernel(),
                    stride: node.stride,
                    padding: node.padding,
                    dilation: node.dilation,
                };
                let channels = (node.channels_in(), node.channels_out());
                self.conv(name, &conv, channels, node.input_shape, incoming)
            }
            Node::Conv2d(node) => {
                let conv = Window {
                    kernel: node.kernel(),
                    stride: node.stride,
                    padding: node.padding,
                    dilation: node.dilation,
                };
                let channels = (node.channels_in(), node.channels_out());
                self.conv(name, &conv, channels, node.input_shape, incoming)
            }
            Node::SumPool2d(node) => {
                let window = Window::pool(node.kernel_size, node.stride, node.padding);
                self.pool(name, &window, incoming?)
            }
            Node::AvgPool2d(node) => {
                let window = Window::pool(node.kernel_size, node.stride, node.padding);
                self.pool(name, &window, incoming?)
            }
            Node::Flatten(node) => self.flatten(name, node, incoming),
            Node::Graph(_) => None,
            node => self.population(name, node, incoming).map(NodeShape::same),
        }
    }

    /// A port has its own shape, less a batch axis; one without any takes what comes.
    fn port(
        &mut self,
        name: &str,
        own: Vec<usize>,
        incoming: Option<&[usize]>,
    ) -> Option<Vec<usize>> {
        if own.is_empty() {
            let shape = incoming?.to_vec();
            let done = format!("taken as {}", Axes(&shape));
            self.inference.repairs.add(name, "no shape of its own", done);
            self.inference.edits.push((name.to_owned(), Edit::Port(shape.clone())));
            return Some(shape);
        }
        let wanted: Vec<_> = incoming.unwrap_or(&own).iter().copied().map(Some).collect();
        let Some(stripped) = suffix(&own, &wanted) else {
            return Some(own);
        };
        let what = format!("a batch axis in shape {}", Axes(&own));
        self.inference.repairs.add(name, what, format!("taken as {}", Axes(&stripped)));
        self.inference.edits.push((name.to_owned(), Edit::Port(stripped.clone())));
        Some(stripped)
    }

    fn matrix(&mut self, name: &str, weight: &Tensor) -> Option<NodeShape> {
        match weight.shape() {
            [outputs, inputs] => Some(NodeShape { input: vec![*inputs], output: vec![*outputs] }),
            shape => {
                let found = format!("shape {}", Axes(shape));
                self.inference.problems.add(name, "weight", "2 axes (outputs, inputs)", found);
                None
            }
        }
    }

    fn conv<const N: usize>(
        &mut self,
        name: &str,
        window: &Window<N>,
        (channels_in, channels_out): (usize, usize),
        own: Option<[usize; N]>,
        incoming: Option<&[usize]>,
    ) -> Option<NodeShape> {
        let axes = match (own, incoming) {
            (Some(own), _) => own,
            (None, incoming) => {
                let axes = spatial::<N>(incoming?);
                let Some(axes) = axes else {
                    let expected = format!("an input of {} axes", N + 1);
                    self.inference.problems.add(name, None, expected, found_axes(incoming));
                    return None;
                };
                self.inference.edits.push((name.to_owned(), Edit::ConvInput(axes.to_vec())));
                axes
            }
        };
        let out = self.windows(name, window, axes)?;
        let with =
            |channels, axes: [usize; N]| [channels].into_iter().chain(axes).collect::<Vec<usize>>();
        Some(NodeShape { input: with(channels_in, axes), output: with(channels_out, out) })
    }

    fn pool(&mut self, name: &str, window: &Window<2>, incoming: &[usize]) -> Option<NodeShape> {
        let channels = incoming.len().checked_sub(3).and_then(|at| incoming.get(at).copied());
        let (Some(axes), Some(channels)) = (spatial::<2>(incoming), channels) else {
            let found = found_axes(Some(incoming));
            self.inference.problems.add(name, None, "an input of 3 axes", found);
            return None;
        };
        let [height, width] = self.windows(name, window, axes)?;
        let [own_height, own_width] = axes;
        Some(NodeShape {
            input: vec![channels, own_height, own_width],
            output: vec![channels, height, width],
        })
    }

    fn windows<const N: usize>(
        &mut self,
        name: &str,
        window: &Window<N>,
        axes: [usize; N],
    ) -> Option<[usize; N]> {
        match window.outputs(axes) {
            Ok(out) => Some(out),
            Err((field, expected, found)) => {
                self.inference.problems.add(name, field, expected, found);
                None
            }
        }
    }

    fn flatten(
        &mut self,
        name: &str,
        node: &Flatten,
        incoming: Option<&[usize]>,
    ) -> Option<NodeShape> {
        let mut own = node.clone();
        self.strip_flatten(name, &mut own, incoming);
        let input = own.input_shape.clone().or_else(|| incoming.map(<[usize]>::to_vec))?;
        let mut output = flattened(&input, own.start_dim, own.end_dim);
        let whole = vec![n_elements(&input).unwrap_or(usize::MAX)];
        let next_wants = self.wanted_of(name);
        let matches = |shape: &Vec<usize>| {
            next_wants.as_ref().is_none_or(|wanted| {
                wanted.len() == shape.len()
                    && wanted.iter().zip(shape).all(|(want, axis)| want.is_none_or(|w| w == *axis))
            })
        };
        if own.start_dim == 1 && own.end_dim == -1 && next_wants.is_some() {
            let misfit = output.as_ref().is_none_or(|output| !matches(output));
            if misfit && matches(&whole) {
                self.inference.repairs.add(
                    name,
                    "start_dim 1 counts a batch axis",
                    format!("all {} axes are joined", input.len()),
                );
                own.start_dim = 0;
                output = Some(whole);
            }
        }
        let Some(output) = output else {
            let expected = format!("dimensions of the shape {}", Axes(&input));
            let found = format!("{} to {}", own.start_dim, own.end_dim);
            self.inference.problems.add(name, "start_dim, end_dim", expected, found);
            return None;
        };
        own.input_shape = Some(input.clone());
        if own != *node {
            self.inference.edits.push((name.to_owned(), Edit::Flatten(own)));
        }
        Some(NodeShape { input, output })
    }

    /// Takes leading axes that its input has not off a flattening's shape and dimensions.
    fn strip_flatten(&mut self, name: &str, own: &mut Flatten, incoming: Option<&[usize]>) {
        let (Some(shape), Some(incoming)) = (&own.input_shape, incoming) else {
            return;
        };
        let wanted: Vec<_> = incoming.iter().copied().map(Some).collect();
        let Some(stripped) = suffix(shape, &wanted) else {
            return;
        };
        let n = i64::try_from(shape.len() - stripped.len()).unwrap_or(i64::MAX);
        let what = format!("a batch axis in input_type {}", Axes(shape));
        self.inference.repairs.add(name, what, format!("taken as {}", Axes(&stripped)));
        let shift = |dim: i64| if dim < 0 { dim } else { (dim - n).max(0) };
        own.start_dim = shift(own.start_dim);
        own.end_dim = shift(own.end_dim);
        own.input_shape = Some(stripped);
    }

    /// The shape of a population: that of its input, over which its parameters spread.
    fn population(
        &mut self,
        name: &str,
        node: &Node,
        incoming: Option<&[usize]>,
    ) -> Option<Vec<usize>> {
        let parameters = node.parameters();
        let Some(own) = common_shape(&parameters) else {
            let listed: Vec<String> = parameters
                .iter()
                .map(|(field, tensor)| format!("{field} {}", Axes(tensor.shape())))
                .collect();
            let expected = "parameters of one shape";
            self.inference.problems.add(name, None, expected, listed.join(", "));
            return None;
        };
        let shape = match incoming {
            Some(incoming) if broadcasts_to(&own, incoming) => incoming.to_vec(),
            None if own.is_empty() => return None,
            _ => own,
        };
        self.spread(name, &parameters, &shape);
        Some(shape)
    }

    fn spread(&mut self, name: &str, parameters: &[(&str, &Tensor)], shape: &[usize]) {
        let mut narrow: BTreeMap<&[usize], Vec<&str>> = BTreeMap::new();
        for (field, tensor) in parameters {
            if tensor.shape() != shape {
                narrow.entry(tensor.shape()).or_default().push(field);
            }
        }
        if narrow.is_empty() {
            return;
        }
        for (own, fields) in narrow {
            let what = format!("{} of shape {}", fields.join(", "), Axes(own));
            let done = format!("spread over {}", Axes(shape));
            self.inference.repairs.add(name, what, done);
        }
        self.inference.edits.push((name.to_owned(), Edit::Spread(shape.to_vec())));
    }

    fn compare_edges(&mut self) {
        for (from, to) in &self.graph.edges {
            let shapes = &self.inference.shapes;
            let (Some(before), Some(after)) = (shapes.get(from), shapes.get(to)) else {
                continue;
            };
            let (sent, wanted) = (&before.output, &after.input);
            if sent == wanted {
                continue;
            }
            if without_leading_ones(sent) == without_leading_ones(wanted) {
                let what = format!("an input of shape {} from `{from}`", Axes(sent));
                let done = format!("taken as {}", Axes(wanted));
                self.inference.repairs.add(to, what, done);
                continue;
            }
            let expected = format!("an input of shape {}", Axes(wanted));
            let found = format!("{} from `{}`", Axes(sent), from.escape_debug());
            self.inference.problems.add(to, None, expected, found);
        }
    }

    /// Names the nodes without a shape, unless something else already explains them.
    fn name_unresolved(&mut self) {
        if !self.inference.problems.is_empty() {
            return;
        }
        let shapes = &self.inference.shapes;
        let unresolved: Vec<&str> = self
            .graph
            .nodes
            .iter()
            .filter(|(name, node)| {
                !shapes.contains_key(name.as_str()) && !matches!(node, Node::Graph(_))
            })
            .map(|(name, _)| name.as_str())
            .collect();
        for name in unresolved {
            let expected = "a shape that its neighbours or parameters tell";
            self.inference.problems.add(name, None, expected, "none");
        }
        let total = self
            .inference
            .shapes
            .values()
            .try_fold(0_usize, |total, shape| total.checked_add(n_elements(&shape.output)?));
        let limit = crate::limits::MAX_NEURONS;
        if total.is_none_or(|total| total > limit) {
            let found = total.map_or("more than can be counted".to_owned(), |n| n.to_string());
            let expected = format!("at most {limit} values in all populations");
            self.inference.problems.add(GRAPH, None, expected, found);
        }
    }
}

/// A window that moves over an input.
struct Window<const N: usize> {
    kernel: [usize; N],
    stride: [usize; N],
    padding: Padding<N>,
    dilation: [usize; N],
}

impl<const N: usize> Window<N> {
    fn pool(kernel: [usize; N], stride: [usize; N], padding: [usize; N]) -> Self {
        Self { kernel, stride, padding: Padding::Explicit(padding), dilation: [1; N] }
    }

    /// How many places the window has along each axis, or field, expected and found.
    fn outputs(&self, axes: [usize; N]) -> Result<[usize; N], (&'static str, String, String)> {
        if self.padding == Padding::Same && self.stride.iter().any(|stride| *stride != 1) {
            let found = format!("{:?}", self.stride);
            return Err(("stride", "1 with padding `same`".to_owned(), found));
        }
        let amounts = self.padding.amounts(self.kernel, self.dilation);
        let mut outputs = [0; N];
        for (axis, output) in outputs.iter_mut().enumerate() {
            let at = |values: &[usize; N]| values.get(axis).copied().unwrap_or(0);
            let (before, after) = amounts.get(axis).copied().unwrap_or((0, 0));
            let padded = at(&axes).saturating_add(before).saturating_add(after);
            let reach = at(&self.dilation).saturating_mul(at(&self.kernel).saturating_sub(1));
            if padded <= reach || at(&self.kernel) == 0 {
                let expected = format!("a window within {padded}, the input with its padding");
                return Err(("kernel", expected, reach.saturating_add(1).to_string()));
            }
            *output = (padded - reach - 1)
                .checked_div(at(&self.stride))
                .ok_or_else(|| ("stride", "at least 1".to_owned(), "0".to_owned()))?
                + 1;
        }
        Ok(outputs)
    }
}

/// What a node wants as input, where its own fields tell; `None` stands for any length.
fn wanted(node: &Node) -> Option<Vec<Option<usize>>> {
    match node {
        Node::Affine(node) => node.weight.shape().last().map(|inputs| vec![Some(*inputs)]),
        Node::Linear(node) => node.weight.shape().last().map(|inputs| vec![Some(*inputs)]),
        Node::Conv1d(node) => {
            let [length] = node.input_shape.map_or([None], |axes| axes.map(Some));
            Some(vec![Some(node.channels_in()), length])
        }
        Node::Conv2d(node) => {
            let [height, width] = node.input_shape.map_or([None; 2], |axes| axes.map(Some));
            Some(vec![Some(node.channels_in()), height, width])
        }
        Node::SumPool2d(_) | Node::AvgPool2d(_) => Some(vec![None; 3]),
        Node::Flatten(_) | Node::Input(_) | Node::Output(_) | Node::Graph(_) => None,
        node => {
            let own = common_shape(&node.parameters())?;
            let telling = own.iter().any(|axis| *axis != 1);
            let any_length = |axis: &usize| (*axis != 1).then_some(*axis);
            telling.then(|| own.iter().map(any_length).collect())
        }
    }
}

/// Whether a node's output always has the shape of its input.
fn keeps_shape(node: &Node) -> bool {
    match node {
        Node::Input(_) | Node::Output(_) | Node::Scale(_) | Node::Delay(_) | Node::Threshold(_) => {
            true
        }
        node => node.is_neuron(),
    }
}

/// `shape` without the leading axes that `wanted` has not; `None` where there are none
/// or the rest is not what is wanted.
fn suffix(shape: &[usize], wanted: &[Option<usize>]) -> Option<Vec<usize>> {
    let surplus = shape.len().checked_sub(wanted.len()).filter(|surplus| *surplus > 0)?;
    let rest = shape.get(surplus..)?;
    let fits = rest.iter().zip(wanted).all(|(axis, want)| want.is_none_or(|want| want == *axis));
    (fits && !rest.is_empty()).then(|| rest.to_vec())
}

/// The last `N` axes of an input of one axis more; leading ones of length 1 do not count.
fn spatial<const N: usize>(shape: &[usize]) -> Option<[usize; N]> {
    let surplus = shape.len().checked_sub(N + 1)?;
    let (dropped, kept) = shape.split_at_checked(surplus)?;
    let axes = kept.get(1..)?;
    dropped.iter().all(|axis| *axis == 1).then(|| axes.try_into().ok()).flatten()
}

fn found_axes(shape: Option<&[usize]>) -> String {
    shape.map_or("none".to_owned(), |shape| format!("shape {}", Axes(shape)))
}

/// `shape` with the axes `start..=end` joined; negative ones count from the end.
fn flattened(shape: &[usize], start: i64, end: i64) -> Option<Vec<usize>> {
    let n = i64::try_from(shape.len()).ok()?;
    let from_front = |dim: i64| {
        let dim = if dim < 0 { dim.checked_add(n)? } else { dim };
        usize::try_from(dim).ok().filter(|dim| *dim < shape.len())
    };
    let (start, end) = (from_front(start)?, from_front(end)?);
    let (before, joined) = (shape.get(..start)?, shape.get(start..=end)?);
    let after = shape.get(end + 1..)?;
    let mut output = before.to_vec();
    output.push(n_elements(joined)?);
    output.extend(after);
    Some(output)
}

/// The shape over which all parameters spread; `None` where they do not go together.
fn common_shape(parameters: &[(&str, &Tensor)]) -> Option<Vec<usize>> {
    parameters.iter().try_fold(Vec::new(), |shape, (_, tensor)| joint(&shape, tensor.shape()))
}

fn joint(a: &[usize], b: &[usize]) -> Option<Vec<usize>> {
    let n = a.len().max(b.len());
    let axis = |shape: &[usize], at: usize| {
        (at + shape.len()).checked_sub(n).and_then(|at| shape.get(at).copied()).unwrap_or(1)
    };
    (0..n)
        .map(|at| match (axis(a, at), axis(b, at)) {
            (a, b) if a == b || b == 1 => Some(a),
            (1, b) => Some(b),
            _ => None,
        })
        .collect()
}
