"""Runs every recorded NIR file under its framework's conventions, in numpy, and compares.

    python check_cases.py [FOLDER ...]

FOLDER holds a manifest.json of export_cases.py.  This file is the conventions as code: one class for
each framework, one `step` for each kind of neuron, in the framework's own order and precision.
What a file cannot say (reset, delay, bounds, refractory time) comes from the manifest's `options`.

The network is stepped in an order in which each node follows its sources; a source that comes later
(recurrence) gives its value of the previous step.  BindsNET and Lava read every source so.
"""

import json
import pathlib
import sys

import nir
import numpy as np

FIXTURES = pathlib.Path(__file__).resolve().parents[3] / "crates/nir/tests/fixtures"
F32 = np.float32


def f32(x):
    return np.asarray(x, F32)


# --- conventions ----------------------------------------------------------------------------------


class Neuron:
    """One node's parameters and state; `step(x)` returns what it sends on, `v` is then current."""

    def __init__(self, name, node, case):
        self.name, self.node, self.case = name, node, case
        self.options = case["options"]
        self.kind = type(node).__name__

    def option(self, name, default=None):
        """Options may be given per layer."""
        own = self.options.get(self.name)
        return (own if isinstance(own, dict) else self.options).get(name, default)


class SnnTorch(Neuron):
    DT = F32(1e-4)

    def __init__(self, name, node, case):
        super().__init__(name, node, case)
        tau = f32(node.tau if self.kind == "LIF" else node.tau_mem)
        self.beta = np.clip(1 - self.DT / tau, 0, 1).astype(F32)
        self.threshold = f32(node.v_threshold)
        self.v, self.i = np.zeros_like(self.threshold), np.zeros_like(self.threshold)
        if self.kind == "CubaLIF":
            self.alpha = np.clip(1 - self.DT / f32(node.tau_syn), 0, 1).astype(F32)
        # Leaky alone forgets v before a delayed reset to zero; the others lose the whole update.
        self.before = self.kind == "LIF" and not case["recurrent"].get(name)

    def step(self, x):
        mechanism, r = self.option("reset_mechanism"), f32(self.v > self.threshold)
        if mechanism == "zero" and self.before:
            self.v = (1 - r) * self.v
        if self.kind == "CubaLIF":
            self.i = x = self.alpha * self.i + x
        self.v = self.beta * self.v + x
        if mechanism == "subtract":
            self.v = self.v - r * self.threshold
        elif mechanism == "zero" and not self.before:
            self.v = self.v - r * self.v
        z = f32(self.v > self.threshold)
        if not self.option("reset_delay"):
            d = z - r
            if mechanism == "subtract":
                self.v = self.v - d * self.threshold
            elif mechanism == "zero":
                self.v = self.v - d * self.v
        return z


class Norse(Neuron):
    DT = 1e-3

    def __init__(self, name, node, case):
        super().__init__(name, node, case)
        stored = 1.0 if self.option("export dt") == 1 else self.DT
        shape = np.shape(node.r)
        self.v_leak = f32(getattr(node, "v_leak", np.zeros(shape)))
        self.v_reset = f32(self.option("v_reset", 0.0))
        self.i = np.zeros(shape, F32)
        if self.kind == "IF":
            self.v = np.broadcast_to(self.v_reset, shape).astype(F32)
            return
        self.v = self.v_leak.copy()
        tau = node.tau_mem if self.kind == "CubaLIF" else node.tau
        self.k = f32(self.DT * stored / np.asarray(tau, float))
        if self.kind == "CubaLIF":
            self.k_syn = f32(self.DT * stored / np.asarray(node.tau_syn, float))

    def step(self, x):
        if self.kind == "IF":
            self.v = self.v + x
        elif self.kind == "CubaLIF":
            self.i = self.i + x
            self.v = self.v + self.k * ((self.v_leak - self.v) + self.i)
            self.i = self.i - self.k_syn * self.i
        else:
            self.v = self.v + self.k * (x + self.v_leak - self.v)
        if self.kind == "LI":
            return self.v
        threshold = f32(self.node.v_threshold)
        z = f32(self.v - threshold > 0)
        reset = self.v - threshold if self.option("subtract") else self.v_reset
        self.v = (1 - z) * self.v + z * reset
        return z


class SpikingJelly(Neuron):
    def __init__(self, name, node, case):
        super().__init__(name, node, case)
        dt = case["dt"]
        self.v_reset, self.threshold = f32(node.v_reset), f32(node.v_threshold)
        self.v, self.c = self.v_reset.copy(), np.zeros_like(self.v_reset)
        if self.kind == "LIF":
            self.tau = f32(np.asarray(node.tau) / dt)
            self.decay_input = bool(np.allclose(node.r, 1))  # else r = tau / dt
        elif self.kind == "CubaLIF":
            self.c_decay = f32(1 - dt / np.asarray(node.tau_syn))
            self.v_decay = f32(1 - dt / np.asarray(node.tau_mem))

    def step(self, x):
        if self.kind == "IF":
            self.v = self.v + x
        elif self.kind == "CubaLIF":
            self.c = self.c * self.c_decay + x
            self.v = self.v * self.v_decay + self.c
        elif self.decay_input:
            self.v = self.v + (self.v_reset - self.v + x) / self.tau
        else:
            self.v = self.v + (self.v_reset - self.v) / self.tau + x
        z = f32(self.v - self.threshold >= 0)
        self.v = np.where(z > 0, self.v_reset, self.v)
        return z


class Sinabs(Neuron):
    def __init__(self, name, node, case):
        super().__init__(name, node, case)
        self.v, self.i = None, None
        self.a = None if self.kind == "IF" else np.exp(F32(-1) / f32(node.tau))

    def step(self, x):
        x = f32(x)
        if self.v is None:
            self.v, self.i = np.zeros_like(x), np.zeros_like(x)
        tau_syn = self.option("tau_syn")
        if tau_syn:  # not in the file
            self.i = x = np.exp(F32(-1) / F32(tau_syn)) * (self.i + x)
        if self.kind != "IF":
            if self.kind == "LIF" and self.option("norm_input", True):
                x = (1 - self.a) * x
            self.v = self.a * self.v + x
        else:
            self.v = self.v + x
        n = self.v
        if self.kind != "LI":
            n = self.spikes(f32(self.node.v_threshold))
        bound = self.option("min_v_mem")
        if bound is not None:
            self.v = np.maximum(self.v - F32(bound), 0) + F32(bound)
        return n

    def spikes(self, threshold):
        how = self.option("spike_fn", "MultiSpike")
        n = (self.v > 0) * np.trunc(self.v / threshold)
        if how == "SingleSpike":
            n = f32(self.v - threshold >= 0)
        elif how.startswith("MaxSpike"):
            n = np.minimum(n, F32(how[9:-1]))
        reset = self.option("reset_fn", "")
        if reset.startswith("MembraneReset"):
            value = F32(reset[14:-1] or 0)
            self.v = self.v * (n == 0) + value  # the value goes to every neuron
        else:
            self.v = self.v - n * threshold
        return f32(n)


class Rockpool(Neuron):
    DT = F32(1e-3)

    def __init__(self, name, node, case):
        super().__init__(name, node, case)
        tau = node.tau_mem if self.kind == "CubaLIF" else node.tau
        self.a = np.exp(-self.DT / f32(tau))
        self.b = np.exp(-self.DT / f32(node.tau_syn)) if self.kind == "CubaLIF" else None
        self.v, self.i = np.zeros_like(self.a), np.zeros_like(self.a)

    def step(self, x):
        if self.kind == "LI":
            self.v = (self.v + x) * self.a
            return self.v
        if self.kind == "CubaLIF":
            self.i = x = (self.i + x) * self.b
        self.v = self.v * self.a + x
        self.v = self.v + F32(self.option("bias", 0.0))
        threshold = f32(self.node.v_threshold)
        n = (self.v >= threshold) * np.floor(self.v / threshold)
        n = f32(np.minimum(n, self.option("max_spikes_per_dt", 2**16)))
        self.v = self.v - n * threshold
        return n


class BindsNet(Neuron):
    def __init__(self, name, node, case):
        super().__init__(name, node, case)
        self.lags = not self.option("one_step", False)
        self.threshold, self.v_reset = f32(node.v_threshold), f32(node.v_reset)
        self.v = f32(node.v_reset if self.kind == "IF" else node.v_leak).copy()
        self.count = np.zeros_like(self.v)
        if self.kind == "LIF":
            self.decay = np.exp(f32(-1.0 / (np.asarray(node.tau) / 1e-3)))
            self.rest = f32(node.v_leak)

    def step(self, x):
        if self.kind == "LIF":
            self.v = (self.v - self.rest) * self.decay + self.rest
        self.v = self.v + np.where(self.count > 0, F32(0), f32(x))
        self.count = self.count - F32(1)
        z = self.v >= self.threshold
        self.count[z] = self.option("refrac", 0)
        self.v = np.where(z, self.v_reset, self.v)
        bound = self.option("lbound")
        if bound is not None:
            self.v = np.maximum(self.v, F32(bound))
        return f32(z)


class Brian2(Neuron):
    """Two halves: `fire` before the synapses of the step, `receive` after them."""

    def __init__(self, name, node, case):
        super().__init__(name, node, case)
        self.dt = case["dt"]
        self.v = np.asarray(node.v_leak, float).copy()
        self.last = np.full(self.v.shape, -(10**9))
        self.t = -1

    def fire(self):
        self.t += 1
        tau, rest = np.asarray(self.node.tau, float), np.asarray(self.node.v_leak, float)
        refractory = self.option("refractory", 0)
        self.free = (self.t - self.last) >= refractory if refractory else self.last == self.last
        if self.option("method") == "euler":
            moved = self.v + self.dt * (rest - self.v) / tau
        else:
            moved = rest + (self.v - rest) * np.exp(-self.dt / tau)
        self.held = self.option("flag", False)
        self.v = np.where(self.free | (not self.held), moved, self.v)
        self.z = (self.v > self.node.v_threshold) & self.free
        self.last[self.z] = self.t
        return self.z.astype(float)

    def receive(self, x):
        free = self.free & ~self.z if self.held else True
        self.v = np.where(free, self.v + x, self.v)
        self.v = np.where(self.z, self.node.v_reset, self.v)


class Lava(Neuron):
    lags = True

    def __init__(self, name, node, case):
        super().__init__(name, node, case)
        self.du, self.dv = 1 / np.asarray(node.tau_syn), 1 / np.asarray(node.tau_mem)
        self.u, self.v = np.zeros_like(self.du), np.zeros_like(self.dv)

    def step(self, x):
        self.u = self.u * (1 - self.du) + x
        self.v = self.v * (1 - self.dv) + self.u + self.option("bias_mant", 0.0)
        z = self.v > self.node.v_threshold
        self.v = np.where(z, 0.0, self.v)
        return z.astype(float)


class Nengo(Neuron):
    def __init__(self, name, node, case):
        super().__init__(name, node, case)
        self.dt, self.tau = case["dt"], np.asarray(node.tau, float)
        self.v, self.ref = np.zeros_like(self.tau), np.zeros_like(self.tau)

    def step(self, x):
        self.ref = self.ref - self.dt
        delta = np.clip(self.dt - self.ref, 0, self.dt)
        self.v = self.v - (x - self.v) * np.expm1(-delta / self.tau)
        z = self.v > 1
        over = (self.v[z] - 1) / (x[z] - 1)
        t_spike = self.dt + self.tau[z] * np.log1p(-over)
        self.v = np.maximum(self.v, self.option("min_voltage", 0.0))
        self.v[z] = 0
        self.ref[z] = self.option("tau_ref", 0.0) + t_spike
        return z.astype(float)


CONVENTIONS = {
    "snnTorch": SnnTorch,
    "Norse": Norse,
    "SpikingJelly": SpikingJelly,
    "Sinabs": Sinabs,
    "Rockpool": Rockpool,
    "BindsNET": BindsNet,
    "Brian2": Brian2,
    "Lava": Lava,
    "Nengo": Nengo,
}
IN_FLOAT64 = ("Brian2", "Lava", "Nengo")
NEURONS = ("IF", "LIF", "CubaLIF", "LI")
WIRES = ("Input", "Output", "Delay")


# --- nodes without state --------------------------------------------------------------------------


def windows(x, kernel, stride, padding):
    """x (channels, h, w) -> (channels, out_h, out_w, kernel_h, kernel_w)."""
    x = np.pad(x, [(0, 0), (padding[0],) * 2, (padding[1],) * 2])
    view = np.lib.stride_tricks.sliding_window_view(x, kernel, (1, 2))
    return view[:, :: stride[0], :: stride[1]]


def pair(value):
    value = np.ravel(value)
    return (int(value[0]), int(value[-1]))


def apply(node, x):
    kind = type(node).__name__
    if kind in ("Linear", "Affine"):
        y = np.asarray(node.weight, x.dtype) @ x
        return y + np.asarray(node.bias, x.dtype) if kind == "Affine" else y
    if kind == "Conv2d":
        w = f32(node.weight)
        seen = windows(x, w.shape[2:], pair(node.stride), pair(node.padding))
        return np.einsum("chwij,ocij->ohw", seen, w) + f32(node.bias)[:, None, None]
    if kind == "Conv1d":
        w = f32(node.weight)[:, :, None, :]
        stride, padding = (1, pair(node.stride)[0]), (0, pair(node.padding)[0])
        seen = windows(x[:, None, :], w.shape[2:], stride, padding)
        return (np.einsum("chwij,ocij->ohw", seen, w)[:, 0]) + f32(node.bias)[:, None]
    if kind in ("AvgPool2d", "SumPool2d"):
        seen = windows(x, pair(node.kernel_size), pair(node.stride), pair(node.padding))
        return seen.mean((3, 4)) if kind == "AvgPool2d" else seen.sum((3, 4))
    if kind == "Flatten":
        return x.ravel()
    raise NotImplementedError(kind)


# --- the network ----------------------------------------------------------------------------------


def flat(graph, prefix=""):
    """Nodes and edges with sub-graphs dissolved: their Input and Output become plain wires."""
    nodes, edges = {}, []
    for name, node in graph.nodes.items():
        if isinstance(node, nir.NIRGraph):
            inner, more = flat(node, f"{prefix}{name}.")
            nodes |= inner
            edges += more
        else:
            nodes[prefix + name] = node

    def end(name, port):
        inner = graph.nodes[name]
        return f"{prefix}{name}.{port}" if isinstance(inner, nir.NIRGraph) else prefix + name

    edges += [(end(a, "output"), end(b, "input")) for a, b in graph.edges]
    return nodes, edges


def order(nodes, edges):
    """Sources first, from the inputs; what closes a loop comes after the neuron it loops to."""
    done, ready = [], [n for n in nodes if not any(b == n for _, b in edges)]
    while len(done) < len(nodes):
        if not ready:  # a loop: enter it at a neuron that some ready node feeds
            ready = [b for a, b in edges if a in done and b not in done][:1]
        name = ready.pop(0)
        done.append(name)
        for a, b in edges:
            if a == name and b not in done + ready:
                if all(s in done for s, t in edges if t == b):
                    ready.append(b)
    return done


class Network:
    """A flat graph, its neurons, and the value of every node in the present and the last step."""

    def __init__(self, graph, case, inputs):
        self.nodes, self.edges = flat(graph)
        self.make, self.dt = CONVENTIONS[case["framework"]], case["dt"]
        self.dtype = float if case["framework"] in IN_FLOAT64 else F32
        names = [n for n in self.nodes if type(self.nodes[n]).__name__ in NEURONS]
        case["recurrent"] = {n: loops(n, self.edges) for n in names}
        self.neurons = {n: self.make(n, self.nodes[n], case) for n in names}
        edges = self.edges
        if self.make is Brian2:  # all neurons fire before any projection is looked at
            edges = [edge for edge in edges if edge[1] not in self.neurons]
        self.sequence = order(self.nodes, edges)
        self.rank = {name: i for i, name in enumerate(self.sequence)}
        self.past = {n: [] for n in self.nodes if isinstance(self.nodes[n], nir.Delay)}
        self.now = self.silence(inputs)

    def silence(self, inputs):
        """Every node's value before the first step: biases act, spikes do not."""
        values = {}
        for name in order(self.nodes, self.edges):
            node = self.nodes[name]
            known = [values[a] for a in self.sources(name) if a in values]
            if isinstance(node, nir.Input) and not known:
                values[name] = np.zeros(inputs.shape[1:], self.dtype)
            elif name in self.neurons:
                values[name] = np.zeros_like(known[0])
            else:
                values[name] = known[0] if type(node).__name__ in WIRES else apply(node, known[0])
        return values

    def sources(self, name):
        return [a for a, b in self.edges if b == name]

    def step(self, x):
        self.before, self.now = self.now, {}
        if self.make is Brian2:
            self.now |= {n: neuron.fire() for n, neuron in self.neurons.items()}
        for name in self.sequence:
            if name not in self.now:
                self.now[name] = self.value(name, x)
        if self.make is Brian2:
            for name, neuron in self.neurons.items():
                neuron.receive(sum(self.now[a] for a in self.sources(name)))

    def value(self, name, x):
        node = self.nodes[name]
        if isinstance(node, nir.Input) and not self.sources(name):
            return x
        if name in self.neurons and getattr(self.neurons[name], "lags", False):
            return self.neurons[name].step(sum(self.late(a) for a in self.sources(name)))
        # A source that comes later in the order closes a loop: its value is a step old.
        total = sum(
            self.before[a] if self.rank[a] >= self.rank[name] else self.now[a]
            for a in self.sources(name)
        )
        if name in self.neurons:
            return self.neurons[name].step(total)
        if isinstance(node, nir.Delay):
            past = self.past[name]
            past.append(total)
            lag = int(round(float(np.ravel(node.delay)[0]) / self.dt))
            return past[-1 - lag] if len(past) > lag else np.zeros_like(total)
        return total if type(node).__name__ in WIRES else apply(node, total)

    def late(self, projection):
        """BindsNET, Lava: weights see their sources as they were after the previous step."""
        x = sum(self.before[a] for a in self.sources(projection))
        return apply(self.nodes[projection], x)


def run(graph, case, inputs):
    """{node: (spikes, v)} of the neurons, (steps, ...)."""
    network = Network(graph, case, inputs)
    recorded = {n: ([], []) for n in network.neurons}
    for x in inputs.astype(network.dtype):
        network.step(x)
        for name, (spikes, v) in recorded.items():
            spikes.append(np.array(network.now[name]))
            v.append(np.array(network.neurons[name].v))
    return {n: (np.array(z), np.array(v)) for n, (z, v) in recorded.items()}


def loops(name, edges):
    """Does the neuron feed itself through one projection?"""
    after = {b for a, b in edges if a == name}
    return any((middle, name) in edges for middle in after)


# --- the comparison -------------------------------------------------------------------------------


def check(folder, case):
    """Differing spike cells and the largest difference of a potential."""
    z = np.load(folder / case["npz"])
    shape = tuple(z["in_shape"])
    inputs = np.unpackbits(z["in_packed"])[: int(np.prod(shape))].reshape(shape)
    graph = nir.read(folder / case["file"], type_check=False)
    if "w_rec" in z:  # Rockpool leaves it out of the file
        inner = dict(graph.nodes, w_rec=nir.Linear(z["w_rec"]))
        first = next(n for n in inner if type(inner[n]).__name__ == "CubaLIF" and n.startswith("1"))
        loop = [(first, "w_rec"), ("w_rec", first)]
        graph = nir.NIRGraph(inner, [*graph.edges, *loop], type_check=False)
    ours = run(graph, case, inputs)
    n_cells, difference = 0, 0.0
    for key in z:
        if key.startswith("spk_") and key.endswith("_packed"):
            node = key[4:-7]
            shape = tuple(z[f"spk_{node}_shape"])
            theirs = np.unpackbits(z[key])[: int(np.prod(shape))].reshape(shape)
        elif key.startswith("cnt_"):
            node, theirs = key[4:], z[key]
        else:
            continue
        mine = ours[match(node, ours)][0].reshape(theirs.shape)
        n_cells += int((mine.astype(int) != theirs).sum())
    for key in z:
        if key.startswith("v_") and not key.startswith("v_end"):
            node = key[2:]
            mine = ours[match(node, ours)][1].reshape(len(inputs), -1)
            kept = z[f"vidx_{node}"] if f"vidx_{node}" in z else slice(None)
            difference = max(difference, float(np.abs(mine[:, kept] - z[key]).max()))
    return n_cells, difference


def match(node, names):
    """snnTorch's recurrent neuron `1` is the node `1.lif`."""
    return node if node in names else f"{node}.lif"


def main():
    folders = [pathlib.Path(a) for a in sys.argv[1:]] or [FIXTURES / "more"]
    n_bad = 0
    for folder in folders:
        for case in json.loads((folder / "manifest.json").read_text())["cases"]:
            n_cells, difference = check(folder, case)
            good = n_cells == 0 and difference <= case["tolerance"]["membrane_abs"]
            n_bad += not good
            sign = " " if good else "!"
            print(f"{sign} {case['case']:44s} {n_cells:6d} cells, |dv| {difference:.1e}")
    sys.exit(1 if n_bad else 0)


if __name__ == "__main__":
    main()
