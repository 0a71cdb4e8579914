//! From a group of the file to a node: which fields each primitive has.

use super::Reader;
use super::fields::Fields;
use crate::hdf5::Group;
use crate::node::{
    Affine, AvgPool2d, Conv1d, Conv2d, CubaLi, CubaLif, Delay, Flatten, I, If, Input, Li, Lif,
    Linear, Node, Output, Scale, SumPool2d, Threshold,
};
use crate::tensor::{Axes, Tensor};

impl Reader {
    /// The node in `group`, or `None` with its problems noted.
    pub(super) fn node(&mut self, path: &str, group: &Group, depth: usize) -> Option<Node> {
        let Some(kind) = group.text("type") else {
            self.problems.add(path, "type", "the name of a NIR primitive", "none");
            return None;
        };
        if kind == "NIRGraph" {
            return Some(Node::Graph(Box::new(self.graph(path, group, depth + 1))));
        }
        let mut fields = Fields::new(path, group, self);
        let Some(parse) = parser(kind) else {
            let found = format!("`{}`", kind.escape_debug());
            fields.problem("type", "a primitive of NIR 1.0.8", found);
            return None;
        };
        let node = parse(&mut fields);
        fields.finish();
        node
    }
}

type Parse = fn(&mut Fields) -> Option<Node>;

fn parser(kind: &str) -> Option<Parse> {
    Some(match kind {
        "Input" => input,
        "Output" => output,
        "Affine" => affine,
        "Linear" => linear,
        "Scale" => scale,
        "Conv1d" => conv1d,
        "Conv2d" => conv2d,
        "SumPool2d" => sum_pool2d,
        "AvgPool2d" => avg_pool2d,
        "Flatten" => flatten,
        "Delay" => delay,
        "Threshold" => threshold,
        "I" => integrator,
        "LI" => li,
        "CubaLI" => cuba_li,
        "IF" => if_,
        "LIF" => lif,
        "CubaLIF" => cuba_lif,
        _ => return None,
    })
}

// Fields are taken before any is looked at, so that all problems of a node are listed.

fn input(fields: &mut Fields) -> Option<Node> {
    fields.shape("shape").map(|shape| Node::Input(Input { shape }))
}

fn output(fields: &mut Fields) -> Option<Node> {
    fields.shape("shape").map(|shape| Node::Output(Output { shape }))
}

fn affine(fields: &mut Fields) -> Option<Node> {
    let weight = weight(fields, &["outputs", "inputs"]);
    let bias = fields.tensor("bias");
    let weight = weight?;
    let bias = self::bias(fields, bias?, &weight)?;
    Some(Node::Affine(Affine { weight, bias }))
}

fn linear(fields: &mut Fields) -> Option<Node> {
    let weight = weight(fields, &["outputs", "inputs"])?;
    Some(Node::Linear(Linear { weight }))
}

fn scale(fields: &mut Fields) -> Option<Node> {
    let scale = fields.tensor("scale")?;
    Some(Node::Scale(Scale { scale }))
}

fn conv1d(fields: &mut Fields) -> Option<Node> {
    let input_shape = conv_input_shape(fields);
    let weight = weight(fields, &["channels out", "channels in", "kernel"]);
    let stride = fields.per_axis("stride", 1);
    let padding = fields.padding();
    let dilation = fields.per_axis("dilation", 1);
    let groups = groups(fields, weight.as_ref());
    let bias = fields.optional_tensor("bias");
    let weight = weight?;
    let bias = conv_bias(fields, bias?, &weight)?;
    let (input_shape, stride, padding) = (input_shape?, stride?, padding?);
    let (dilation, groups) = (dilation?, groups?);
    Some(Node::Conv1d(Conv1d { input_shape, weight, stride, padding, dilation, groups, bias }))
}

fn conv2d(fields: &mut Fields) -> Option<Node> {
    let input_shape = conv_input_shape(fields);
    let weight = weight(fields, &["channels out", "channels in", "kernel", "kernel"]);
    let stride = fields.per_axis("stride", 1);
    let padding = fields.padding();
    let dilation = fields.per_axis("dilation", 1);
    let groups = groups(fields, weight.as_ref());
    let bias = fields.optional_tensor("bias");
    let weight = weight?;
    let bias = conv_bias(fields, bias?, &weight)?;
    let (input_shape, stride, padding) = (input_shape?, stride?, padding?);
    let (dilation, groups) = (dilation?, groups?);
    Some(Node::Conv2d(Conv2d { input_shape, weight, stride, padding, dilation, groups, bias }))
}

fn sum_pool2d(fields: &mut Fields) -> Option<Node> {
    let (kernel_size, stride, padding) = window(fields);
    let (kernel_size, stride, padding) = (kernel_size?, stride?, padding?);
    Some(Node::SumPool2d(SumPool2d { kernel_size, stride, padding }))
}

fn avg_pool2d(fields: &mut Fields) -> Option<Node> {
    let (kernel_size, stride, padding) = window(fields);
    let (kernel_size, stride, padding) = (kernel_size?, stride?, padding?);
    Some(Node::AvgPool2d(AvgPool2d { kernel_size, stride, padding }))
}

fn flatten(fields: &mut Fields) -> Option<Node> {
    let input_shape = fields.optional_shape("input_type");
    // NIR's own defaults.
    let start_dim = fields.integer("start_dim", 1);
    let end_dim = fields.integer("end_dim", -1);
    let (input_shape, start_dim, end_dim) = (input_shape?, start_dim?, end_dim?);
    Some(Node::Flatten(Flatten { input_shape, start_dim, end_dim }))
}

fn delay(fields: &mut Fields) -> Option<Node> {
    let delay = fields.tensor("delay")?;
    Some(Node::Delay(Delay { delay }))
}

fn threshold(fields: &mut Fields) -> Option<Node> {
    let threshold = fields.tensor("threshold")?;
    Some(Node::Threshold(Threshold { threshold }))
}

fn integrator(fields: &mut Fields) -> Option<Node> {
    let r = fields.tensor("r")?;
    Some(Node::I(I { r }))
}

fn li(fields: &mut Fields) -> Option<Node> {
    let (tau, r) = (fields.tensor("tau"), fields.tensor("r"));
    let v_leak = fields.tensor("v_leak");
    let (tau, r, v_leak) = (tau?, r?, v_leak?);
    Some(Node::Li(Li { tau, r, v_leak }))
}

fn cuba_li(fields: &mut Fields) -> Option<Node> {
    let (tau_syn, tau_mem) = (fields.tensor("tau_syn"), fields.tensor("tau_mem"));
    let (r, v_leak) = (fields.tensor("r"), fields.tensor("v_leak"));
    let w_in = w_in(fields);
    let (tau_syn, tau_mem, r) = (tau_syn?, tau_mem?, r?);
    let (v_leak, w_in) = (v_leak?, w_in?);
    Some(Node::CubaLi(CubaLi { tau_syn, tau_mem, r, v_leak, w_in }))
}

fn if_(fields: &mut Fields) -> Option<Node> {
    let (r, v_threshold) = (fields.tensor("r"), fields.tensor("v_threshold"));
    let v_reset = v_reset(fields);
    let (r, v_threshold, v_reset) = (r?, v_threshold?, v_reset?);
    Some(Node::If(If { r, v_threshold, v_reset }))
}

fn lif(fields: &mut Fields) -> Option<Node> {
    let (tau, r) = (fields.tensor("tau"), fields.tensor("r"));
    let (v_leak, v_threshold) = (fields.tensor("v_leak"), fields.tensor("v_threshold"));
    let v_reset = v_reset(fields);
    let (tau, r, v_leak) = (tau?, r?, v_leak?);
    let (v_threshold, v_reset) = (v_threshold?, v_reset?);
    Some(Node::Lif(Lif { tau, r, v_leak, v_threshold, v_reset }))
}

fn cuba_lif(fields: &mut Fields) -> Option<Node> {
    let (tau_syn, tau_mem) = (fields.tensor("tau_syn"), fields.tensor("tau_mem"));
    let (r, v_leak) = (fields.tensor("r"), fields.tensor("v_leak"));
    let v_threshold = fields.tensor("v_threshold");
    let (v_reset, w_in) = (v_reset(fields), w_in(fields));
    let (tau_syn, tau_mem, r, v_leak) = (tau_syn?, tau_mem?, r?, v_leak?);
    let (v_threshold, v_reset, w_in) = (v_threshold?, v_reset?, w_in?);
    Some(Node::CubaLif(CubaLif { tau_syn, tau_mem, r, v_leak, v_threshold, v_reset, w_in }))
}

/// Weights with exactly the axes named; surplus leading ones of length 1 are dropped.
fn weight(fields: &mut Fields, axes: &[&str]) -> Option<Tensor> {
    let stored = fields.tensor("weight")?;
    let found = Axes(stored.shape()).to_string();
    let surplus = stored.shape().len().saturating_sub(axes.len());
    let (dropped, kept) = stored.shape().split_at_checked(surplus)?;
    if kept.len() != axes.len() || dropped.iter().any(|axis| *axis != 1) {
        let expected = format!("{} axes ({})", axes.len(), axes.join(", "));
        fields.problem("weight", expected, found);
        return None;
    }
    if dropped.is_empty() {
        return Some(stored);
    }
    let done = format!("taken as {}", Axes(kept));
    let weight = stored.reshaped(kept);
    fields.repair(format!("weight of shape {found}"), done);
    weight
}

/// One bias for each output.
fn bias(fields: &mut Fields, bias: Tensor, weight: &Tensor) -> Option<Tensor> {
    let shape = weight.shape().get(..1)?;
    if bias.shape() == shape {
        return Some(bias);
    }
    let found = Axes(bias.shape()).to_string();
    let Some(spread) = bias.broadcast_to(shape) else {
        fields.problem("bias", format!("shape {}", Axes(shape)), found);
        return None;
    };
    fields.repair(format!("bias of shape {found}"), format!("taken as {}", Axes(shape)));
    Some(spread)
}

/// As [`bias`]; a convolution without one has none to add.
fn conv_bias(fields: &mut Fields, stored: Option<Tensor>, weight: &Tensor) -> Option<Tensor> {
    if let Some(stored) = stored {
        return bias(fields, stored, weight);
    }
    fields.repair("no bias", "taken as 0");
    weight.shape().first().map(|n| Tensor::repeat(0.0, *n))
}

/// The spatial axes of a convolution's input; `Some(None)` where they are to be inferred.
#[allow(clippy::option_option)]
fn conv_input_shape<const N: usize>(fields: &mut Fields) -> Option<Option<[usize; N]>> {
    let Some(shape) = fields.optional_shape("input_shape")? else {
        return Some(None);
    };
    if let Ok(axes) = <[usize; N]>::try_from(shape.as_slice()) {
        return Some(Some(axes));
    }
    let surplus = shape.len().saturating_sub(N);
    let last = shape.get(surplus..).and_then(|axes| <[usize; N]>::try_from(axes).ok());
    let Some(last) = last else {
        fields.problem("input_shape", format!("{N} axes"), Axes(&shape).to_string());
        return None;
    };
    let what = format!("input_shape {} with channels", Axes(&shape));
    fields.repair(what, format!("taken as {}", Axes(&last)));
    Some(Some(last))
}

/// The number of groups, which must divide the channels out.
fn groups(fields: &mut Fields, weight: Option<&Tensor>) -> Option<usize> {
    let [groups] = fields.per_axis("groups", 1)?;
    let channels = weight.and_then(|weight| weight.shape().first().copied());
    if let Some(channels) = channels
        && !channels.is_multiple_of(groups)
    {
        let expected = format!("a divisor of its {channels} channels out");
        fields.problem("groups", expected, groups.to_string());
        return None;
    }
    Some(groups)
}

type PerAxis = Option<[usize; 2]>;

/// Window, stride and padding of a pooling.
fn window(fields: &mut Fields) -> (PerAxis, PerAxis, PerAxis) {
    (fields.per_axis("kernel_size", 1), fields.per_axis("stride", 1), fields.per_axis("padding", 0))
}

/// Files before nir 1.0.5 have none.
#[allow(clippy::option_option)]
fn v_reset(fields: &mut Fields) -> Option<Option<Tensor>> {
    let v_reset = fields.optional_tensor("v_reset")?;
    if v_reset.is_none() {
        fields.repair("no v_reset", "taken as 0");
    }
    Some(v_reset)
}

fn w_in(fields: &mut Fields) -> Option<Tensor> {
    let w_in = fields.optional_tensor("w_in")?;
    if w_in.is_none() {
        fields.repair("no w_in", "taken as 1");
    }
    Some(w_in.unwrap_or_else(|| Tensor::scalar(1.0)))
}
