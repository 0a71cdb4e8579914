"""The benchmark networks as ONNX graphs: what a user could do today without a spiking runtime.

`scan` runs all steps in one call of ONNX Runtime, with the first product or convolution, which
depends on the input alone, taken out of the loop; `step` calls it once per step.
"""

import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from make_nets import CONV, FF, SHAPES, SHD, STEPS


def layers_of(net):
    """Layers as (kind, parameters); a neuron has its decay, its shape, its recurrent weights."""
    if net == "ff":
        return [
            ("linear", FF[0]),
            ("neuron", 0.9, (1000,), None),
            ("linear", FF[1]),
            ("neuron", 0.95, (10,), None),
        ]
    if net == "shd":
        return [
            ("linear", SHD[0]),
            ("neuron", 0.9, (256,), SHD[1]),
            ("linear", SHD[2]),
            ("neuron", 0.95, (20,), None),
        ]
    return [
        ("conv", CONV[0], 2),
        ("neuron", 1.0, (16, 16, 16), None),
        ("conv", CONV[1], 1),
        ("neuron", 1.0, (16, 16, 16), None),
        ("pool",),
        ("conv", CONV[2], 1),
        ("neuron", 1.0, (8, 8, 8), None),
        ("pool",),
        ("flatten",),
        ("linear", CONV[3]),
        ("neuron", 1.0, (256,), None),
        ("linear", CONV[4]),
        ("neuron", 1.0, (10,), None),
    ]


class Builder:
    """Nodes and constants of a graph of one step."""

    def __init__(self, batch):
        self.batch, self.nodes, self.constants = batch, [], []
        self.states = []  # (name going in, name coming out, shape)
        self.constants.append(numpy_helper.from_array(np.float32(1), "one"))

    def node(self, kind, inputs, output, **attributes):
        self.nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    def constant(self, name, value):
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def layer(self, i, x, layer):
        kind = layer[0]
        if kind == "linear":
            return self.node("MatMul", [x, self.constant(f"w{i}", layer[1].T)], f"y{i}")
        if kind == "conv":
            stride, weight = [layer[2]] * 2, self.constant(f"w{i}", layer[1])
            return self.node("Conv", [x, weight], f"y{i}", strides=stride, pads=[1] * 4)
        if kind == "pool":
            return self.node("AveragePool", [x], f"y{i}", kernel_shape=[2, 2], strides=[2, 2])
        if kind == "flatten":
            return self.node("Flatten", [x], f"y{i}", axis=1)
        return self.neuron(i, x, *layer[1:])

    def neuron(self, i, x, beta, shape, recurrent):
        """v = beta v + x, spike at v > 1, v = 0; its spikes are a state only if they recur."""
        shape = (self.batch, *shape)
        if recurrent is not None:
            self.states.append((f"z{i}", f"z{i}_next", shape))
            w = self.constant(f"r{i}", recurrent.T)
            x = self.node("Add", [x, self.node("MatMul", [f"z{i}", w], f"b{i}")], f"x{i}")
        self.states.append((f"v{i}", f"v{i}_next", shape))
        v = f"v{i}"
        if beta != 1:
            v = self.node("Mul", [v, self.constant(f"d{i}", np.float32(beta))], f"k{i}")
        u = self.node("Add", [v, x], f"u{i}")
        above = self.node("Greater", [u, "one"], f"g{i}")
        z = self.node("Cast", [above], f"s{i}", to=TensorProto.FLOAT)
        self.node("Sub", [u, self.node("Mul", [u, z], f"m{i}")], f"v{i}_next")
        if recurrent is not None:
            self.node("Identity", [z], f"z{i}_next")
        return z


def tensor(name, shape):
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)


def session(graph):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    return onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )


def step(net, batch):
    b, x = Builder(batch), "x"
    for i, layer in enumerate(layers_of(net)):
        x = b.layer(i, x, layer)
    graph = helper.make_graph(
        b.nodes,
        "step",
        [tensor("x", [batch, *SHAPES[net]])] + [tensor(n, s) for n, _, s in b.states],
        [tensor(x, None)] + [tensor(n, s) for _, n, s in b.states],
        b.constants,
    )
    ready = session(graph)

    def run(inputs):
        state = {name: np.zeros(shape, np.float32) for name, _, shape in b.states}
        total = 0
        for t in range(STEPS):
            z, *after = ready.run(None, {"x": inputs[t], **state})
            state = dict(zip(state, after))
            total = total + z
        return total

    return run


def scan(net, batch):
    first, *rest = layers_of(net)
    b, x = Builder(batch), "current"
    for i, layer in enumerate(rest, start=1):
        x = b.layer(i, x, layer)
    n_out = rest[-1][2][0]
    b.states.append(("total", "total_next", (batch, n_out)))
    b.node("Add", ["total", x], "total_next")
    shape = (batch, *rest[0][2])
    body = helper.make_graph(
        b.nodes,
        "body",
        [tensor(n, s) for n, _, s in b.states] + [tensor("current", shape)],
        [tensor(n, s) for _, n, s in b.states],
    )
    outer = Builder(batch)
    flat = outer.node(
        "Reshape",
        ["x", outer.constant("flat", np.array([STEPS * batch, *SHAPES[net]]))],
        "x_flat",
    )
    current = outer.layer(0, flat, first)
    by_step = outer.constant("by_step", np.array([STEPS, *shape]))
    current = outer.node("Reshape", [current, by_step], "currents")
    starts = [outer.constant(f"{n}_start", np.zeros(s, np.float32)) for n, _, s in b.states]
    ends = [f"{n}_end" for n, _, _ in b.states]
    outer.nodes.append(
        helper.make_node("Scan", [*starts, current], ends, num_scan_inputs=1, body=body)
    )
    graph = helper.make_graph(
        outer.nodes,
        "scan",
        [tensor("x", [STEPS, batch, *SHAPES[net]])],
        [tensor("total_end", [batch, n_out])],
        outer.constants[1:] + b.constants,
    )
    ready = session(graph)
    return lambda inputs: ready.run(None, {"x": inputs})[0]
