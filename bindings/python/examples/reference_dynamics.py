"""What BindsNET, Brian2, Lava and Nengo compute in one step, in numpy, exactly.

These four frameworks have no NIR exporter, so nothing but their source says what their numbers mean.
Here each one is a function of a few lines, and running this file proves them against recordings
that the frameworks made themselves: every spike cell must match, every potential within 1e-5.

    python reference_dynamics.py [FOLDER_OF_RECORDINGS]

To bring a network of yours, write its weights and parameters as NIR (see describe_in_nir.py)
and name the framework as the profile.

All functions take the input as an array (steps, inputs) of 0 and 1, and return for each layer
(spikes, v), both (steps, neurons); v is the potential at the very end of the step, after any reset.
Weights are (targets, sources), as in NIR.
"""

import pathlib
import sys
from dataclasses import dataclass, field

import numpy as np

FIXTURES = pathlib.Path(__file__).resolve().parents[3] / "crates/nir/tests/fixtures/nir"


# --- BindsNET -------------------------------------------------------------------------------------


@dataclass
class BindsNetLif:
    """Parameters of bindsnet.network.nodes.LIFNodes; times in milliseconds, dt = 1 ms."""

    tc_decay: float
    thresh: float
    rest: float = 0.0
    reset: float = 0.0
    refrac: float = 0.0
    lbound: float | None = None
    dt: float = 1.0


def bindsnet_step(p, x, v, refrac_count):
    """One step of LIFNodes in float32; x is the summed input, v and refrac_count change in place."""
    f = np.float32
    decay = np.exp(f(-p.dt / p.tc_decay))
    v[:] = decay * (v - f(p.rest)) + f(p.rest)
    v += np.where(refrac_count > 0, f(0), x)  # decay goes on in refractory time, input is lost
    refrac_count -= f(p.dt)
    spikes = v >= f(p.thresh)
    refrac_count[spikes] = f(p.refrac)
    v[spikes] = f(p.reset)
    if p.lbound is not None:
        np.maximum(v, f(p.lbound), out=v)
    return spikes


def bindsnet_feed_forward(inputs, layers):
    """layers: list of (weight, BindsNetLif).  Network.run(one_step=False): each layer reads the
    spikes its source had at the END OF THE PREVIOUS STEP, so layer k lags the input by k steps."""
    recorded, source = [], np.asarray(inputs, np.float32)
    for weight, p in layers:
        n = len(weight)
        v = np.full(n, p.rest, np.float32)
        refrac_count = np.zeros(n, np.float32)
        spikes, potential = np.zeros((len(source), n), bool), np.zeros((len(source), n), np.float32)
        for t in range(len(source)):
            x = weight @ source[t - 1] if t else np.zeros(n, np.float32)
            spikes[t] = bindsnet_step(p, x, v, refrac_count)
            potential[t] = v
        recorded.append((spikes, potential))
        source = spikes.astype(np.float32)
    return recorded


def bindsnet_postpre(inputs, weight, p, nu, tc_trace, w_min=0.0, w_max=1.0):
    """One layer that learns by PostPre.  Returns (spikes, v, weight at the end).

    The neuron update uses the weight of before the step and the source's spikes of t - 1;
    the learning update, at the end of the step, uses the source's and the target's spikes of t.
    Traces are set to 1 by a spike (traces_additive=False), not increased by 1.
    """
    f = np.float32
    w, inputs = np.array(weight, f), np.asarray(inputs, f)
    steps, n = len(inputs), len(w)
    v, refrac_count = np.full(n, p.rest, f), np.zeros(n, f)
    trace_decay = np.exp(f(-p.dt / tc_trace))
    x_pre, x_post = np.zeros(inputs.shape[1], f), np.zeros(n, f)
    spikes, potential = np.zeros((steps, n), bool), np.zeros((steps, n), f)
    for t in range(steps):
        x = w @ inputs[t - 1] if t else np.zeros(n, f)
        spikes[t] = post = bindsnet_step(p, x, v, refrac_count)
        pre = inputs[t] > 0
        x_pre *= trace_decay
        x_pre[pre] = 1
        x_post *= trace_decay
        x_post[post] = 1
        w[:, pre] -= f(nu[0]) * x_post[:, None]  # pre-synaptic spike: depress
        w[post, :] += f(nu[1]) * x_pre[None, :]  # post-synaptic spike: potentiate
        np.clip(w, f(w_min), f(w_max), out=w)
        potential[t] = v
    return spikes, potential, w


# --- Brian2 ---------------------------------------------------------------------------------------


@dataclass
class Brian2Lif:
    """dv/dt = (v_rest - v) / tau, threshold 'v > v_threshold', reset 'v = v_reset', synapses
    'v_post += w'; times in seconds, dt = 1 ms, method 'exact'."""

    tau: float
    v_threshold: float = 1.0
    v_rest: float = 0.0
    v_reset: float = 0.0
    dt: float = 1e-3


@dataclass
class Brian2Layer:
    """A layer with its incoming and its recurrent weights; delays in whole steps."""

    weight: np.ndarray
    neuron: Brian2Lif
    delay: int = 0
    recurrent: np.ndarray | None = None
    recurrent_delay: int = 0


def brian2_feed_forward(inputs, layers):
    """Brian2's schedule in one step: integrate, threshold, synapses, resets.

    A spike of step t with delay 0 is added at the end of step t, after the threshold test, so it
    fires its target at t + 1 at the earliest.  The reset comes last: it wipes what arrived in the
    step in which the neuron fired.
    """
    recorded, source = [], np.asarray(inputs, np.float64)
    for layer in layers:
        p, weight = layer.neuron, layer.weight.astype(np.float64)
        recurrent = None if layer.recurrent is None else layer.recurrent.astype(np.float64)
        v, decay = np.full(len(weight), p.v_rest), np.exp(-p.dt / p.tau)
        spikes = np.zeros((len(source), len(weight)), bool)
        potential = np.zeros((len(source), len(weight)))
        for t in range(len(source)):
            v = p.v_rest + (v - p.v_rest) * decay
            spikes[t] = v > p.v_threshold
            if t >= layer.delay:
                v = v + weight @ source[t - layer.delay]
            if recurrent is not None and t >= layer.recurrent_delay:
                v = v + recurrent @ spikes[t - layer.recurrent_delay]
            v[spikes[t]] = p.v_reset
            potential[t] = v
        recorded.append((spikes, potential))
        source = spikes.astype(np.float64)
    return recorded


# --- Lava -----------------------------------------------------------------------------------------


@dataclass
class LavaLif:
    """Parameters of lava.proc.lif.process.LIF, floating point, one step at a time."""

    du: float
    dv: float
    vth: float = 1.0
    bias: float = 0.0


def lava_feed_forward(inputs, layers):
    """layers: list of (weight, LavaLif).  Returns (spikes, v, u of the last step) for each layer.

    Every process sees the spikes that its source sent in the previous step, as recorded by
    monitors: row t of a layer comes from row t - 1 of its source, the input included.
    """
    recorded, source = [], np.asarray(inputs, np.float64)
    for weight, p in layers:
        weight = weight.astype(np.float64)
        u, v = np.zeros(len(weight)), np.zeros(len(weight))
        spikes = np.zeros((len(source), len(weight)), bool)
        potential = np.zeros((len(source), len(weight)))
        for t in range(len(source)):
            activation = weight @ source[t - 1] if t else 0.0
            u = u * (1 - p.du) + activation
            v = v * (1 - p.dv) + u + p.bias
            spikes[t] = v > p.vth
            v[spikes[t]] = 0.0
            potential[t] = v
        recorded.append((spikes, potential, u))
        source = spikes.astype(np.float64)
    return recorded


# --- Nengo ----------------------------------------------------------------------------------------


@dataclass
class NengoLif:
    """Parameters of nengo.LIF in seconds; the threshold is 1 and the reset 0, always."""

    tau_rc: float
    tau_ref: float = 0.0
    min_voltage: float = 0.0
    dt: float = 1e-3


def nengo_step(p, current, voltage, refractory_time):
    """nengo.LIF.step_math in float64, line by line; the two state arrays change in place.

    Inside the step the membrane moves by the exact exponential towards the current, but only for
    delta_t, the part of the step that lies outside the refractory time.  The spike's place inside
    the step is solved for and starts the refractory clock there.
    """
    refractory_time -= p.dt
    delta_t = np.clip(p.dt - refractory_time, 0, p.dt)
    voltage -= (current - voltage) * np.expm1(-delta_t / p.tau_rc)
    spikes = voltage > 1
    t_spike = p.dt + p.tau_rc * np.log1p(-(voltage[spikes] - 1) / (current[spikes] - 1))
    voltage[voltage < p.min_voltage] = p.min_voltage
    voltage[spikes] = 0
    refractory_time[spikes] = p.tau_ref + t_spike
    return spikes


def nengo_feed_forward(inputs, layers):
    """layers: list of (weight, NengoLif).  Gain 1, bias 0, synapse None, v(0) = 0 (set by hand:
    Nengo's own start is random), spikes of height 1 (amplitude dt): the current of a layer at t
    is weight @ spikes of its source at t, in the same step."""
    recorded, source = [], np.asarray(inputs, np.float64)
    for weight, p in layers:
        weight = weight.astype(np.float64)
        voltage, refractory_time = np.zeros(len(weight)), np.zeros(len(weight))
        spikes = np.zeros((len(source), len(weight)), bool)
        potential = np.zeros((len(source), len(weight)))
        for t in range(len(source)):
            spikes[t] = nengo_step(p, weight @ source[t], voltage, refractory_time)
            potential[t] = voltage
        recorded.append((spikes, potential))
        source = spikes.astype(np.float64)
    return recorded


# --- The recordings -------------------------------------------------------------------------------


@dataclass
class Recording:
    """A CASE.npz: the input, and per node the spikes and (where kept) the potentials."""

    arrays: dict
    inputs: np.ndarray
    spikes: dict = field(default_factory=dict)

    @classmethod
    def load(cls, path):
        arrays = dict(np.load(path))

        def unpack(name):
            shape = tuple(arrays[f"{name}_shape"])
            bits = np.unpackbits(arrays[f"{name}_packed"])
            return bits[: int(np.prod(shape))].reshape(shape)

        nodes = [k[4:-6] for k in arrays if k.startswith("spk_") and k.endswith("_shape")]
        return cls(arrays, unpack("in"), {node: unpack(f"spk_{node}") for node in nodes})


def run_bindsnet_ff_lif(r):
    layers = [
        (r.arrays["w_IH"], BindsNetLif(tc_decay=10, thresh=1)),
        (r.arrays["w_HO"], BindsNetLif(tc_decay=20, thresh=1)),
    ]
    (h, o) = bindsnet_feed_forward(r.inputs, layers)
    return {"spk_H": h[0], "v_H": h[1], "spk_O": o[0], "v_O": o[1]}


def run_bindsnet_stdp_postpre(r):
    p = BindsNetLif(tc_decay=20, thresh=6, refrac=2)
    spikes, v, w = bindsnet_postpre(r.inputs, r.arrays["w_IH"], p, nu=(1e-3, 1e-2), tc_trace=20)
    return {"spk_H": spikes, "v_H": v, "w_after_IH": w}


def run_brian2_ff_lif_exact(r):
    layers = [
        Brian2Layer(r.arrays["w_0"], Brian2Lif(tau=10e-3)),
        Brian2Layer(r.arrays["w_1"], Brian2Lif(tau=20e-3)),
    ]
    (a, b) = brian2_feed_forward(r.inputs, layers)
    return {"spk_0": a[0], "v_0": a[1], "spk_1": b[0], "v_1": b[1]}


def run_brian2_rec_lif_delay(r):
    p = Brian2Lif(tau=10e-3)
    layers = [
        Brian2Layer(r.arrays["w_0"], p, delay=2, recurrent=r.arrays["w_rec"], recurrent_delay=0),
        Brian2Layer(r.arrays["w_1"], p, delay=2),
    ]
    (a, b) = brian2_feed_forward(r.inputs, layers)
    return {"spk_0": a[0], "v_0": a[1], "spk_1": b[0], "v_1": b[1]}


def run_lava_ff_lif_float(r):
    p = LavaLif(du=0.4, dv=0.1)
    (a, b) = lava_feed_forward(r.inputs, [(r.arrays["w_0"], p), (r.arrays["w_1"], p)])
    ends = {"v_end_0": a[1][-1], "u_end_0": a[2], "v_end_1": b[1][-1], "u_end_1": b[2]}
    return {"spk_0": a[0], "spk_1": b[0], **ends}


def run_nengo_ff_lif_noref(r):
    p = NengoLif(tau_rc=20e-3)
    (a, b) = nengo_feed_forward(r.inputs, [(r.arrays["w_0"], p), (r.arrays["w_1"], p)])
    return {"spk_0": a[0], "v_0": a[1], "spk_1": b[0], "v_1": b[1]}


CASES = {
    "bindsnet_ff_lif": run_bindsnet_ff_lif,
    "bindsnet_stdp_postpre": run_bindsnet_stdp_postpre,
    "brian2_ff_lif_exact": run_brian2_ff_lif_exact,
    "brian2_rec_lif_delay": run_brian2_rec_lif_delay,
    "lava_ff_lif_float": run_lava_ff_lif_float,
    "nengo_ff_lif_noref": run_nengo_ff_lif_noref,
}


def check(case, folder):
    """Runs one case; returns the number of differing spike cells and the largest other difference."""
    recording = Recording.load(folder / f"{case}.npz")
    n_cells, difference = 0, 0.0
    for name, ours in CASES[case](recording).items():
        if name.startswith("spk_"):
            n_cells += int((ours != recording.spikes[name[4:]]).sum())
        else:
            difference = max(difference, float(np.abs(ours - recording.arrays[name]).max()))
    return n_cells, difference


def main():
    folder = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else FIXTURES
    failed = False
    for case in CASES:
        n_cells, difference = check(case, folder)
        failed |= n_cells > 0 or difference > 1e-5
        print(f"{case:24s} {n_cells} spike cells differ, |dv| or |dw| at most {difference:.1e}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
