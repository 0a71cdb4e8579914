"""Writes networks of BindsNET, Brian2, Lava and Nengo as NIR files; these have no exporter.

    python describe_in_nir.py [FOLDER_OF_RECORDINGS] [FOLDER_TO_WRITE_TO]

NIR holds what a network is made of: weights, time constants, thresholds.
How its framework steps it (order, lags, comparison, refractory time) is the profile's part;
reference_dynamics.py beside this file states each one as code.

Two rules fill the fields:

- times are in seconds, so BindsNET's tc_decay in milliseconds is multiplied by 1e-3;
  Lava counts steps, its time step is 1, so tau_syn = 1 / du and tau_mem = 1 / dv;
- `r` (and `w_in`) is chosen so that the plain Euler reading of the node has the gain that the
  framework gives one spike: r * dt / tau = 1 where a spike adds its weight to v, and
  r = 1 in Nengo, where a current is what v relaxes to.
"""

import pathlib
import sys

import nir
import numpy as np

from reference_dynamics import FIXTURES

DESCRIBED = FIXTURES.parent / "described"


def per_neuron(n, value):
    """NIR wants arrays; one value for n neurons."""
    return np.full(n, value, np.float64)


def delta_lif(n, tau, dt, v_threshold, v_leak=0.0, v_reset=0.0):
    """A LIF neuron to whose potential a spike adds its weight."""
    return nir.LIF(
        tau=per_neuron(n, tau),
        r=per_neuron(n, tau / dt),
        v_leak=per_neuron(n, v_leak),
        v_threshold=per_neuron(n, v_threshold),
        v_reset=per_neuron(n, v_reset),
    )


def lava_lif(n, du, dv, vth):
    """Lava's LIF is current-based: u decays by du a step, v by dv; the step is the unit of time."""
    return nir.CubaLIF(
        tau_syn=per_neuron(n, 1 / du),
        tau_mem=per_neuron(n, 1 / dv),
        r=per_neuron(n, 1 / dv),
        v_leak=per_neuron(n, 0.0),
        v_threshold=per_neuron(n, vth),
        v_reset=per_neuron(n, 0.0),
        w_in=per_neuron(n, 1 / du),
    )


def nengo_lif(n, tau_rc):
    """Nengo's threshold is 1 and its reset 0, always; v relaxes to the current: r = 1."""
    return nir.LIF(
        tau=per_neuron(n, tau_rc),
        r=per_neuron(n, 1.0),
        v_leak=per_neuron(n, 0.0),
        v_threshold=per_neuron(n, 1.0),
        v_reset=per_neuron(n, 0.0),
    )


def chain(*named_nodes):
    """Input -> the named nodes in order -> Output."""
    nodes = dict(named_nodes)
    names = list(nodes)
    n_in = next(node.weight.shape[1] for node in nodes.values() if isinstance(node, nir.Linear))
    n_out = int(np.prod(nodes[names[-1]].output_type["output"]))
    ports = {
        "input": nir.Input({"input": np.array([n_in])}),
        "output": nir.Output({"output": np.array([n_out])}),
    }
    path = ["input", *names, "output"]
    return nir.NIRGraph({**ports, **nodes}, list(zip(path, path[1:])))


def bindsnet_ff_lif(w):
    return chain(
        ("I_H", nir.Linear(w["w_IH"])),
        ("H", delta_lif(48, tau=10e-3, dt=1e-3, v_threshold=1.0)),
        ("H_O", nir.Linear(w["w_HO"])),
        ("O", delta_lif(10, tau=20e-3, dt=1e-3, v_threshold=1.0)),
    )


def bindsnet_stdp_postpre(w):
    """The weights are those of before learning; the rule and the refractory time of 2 ms are
    given beside the file."""
    return chain(
        ("I_H", nir.Linear(w["w_IH"])),
        ("H", delta_lif(48, tau=20e-3, dt=1e-3, v_threshold=6.0)),
    )


def brian2_ff_lif_exact(w):
    return chain(
        ("w_0", nir.Linear(w["w_0"])),
        ("0", delta_lif(48, tau=10e-3, dt=1e-3, v_threshold=1.0)),
        ("w_1", nir.Linear(w["w_1"])),
        ("1", delta_lif(10, tau=20e-3, dt=1e-3, v_threshold=1.0)),
    )


def brian2_rec_lif_delay(w):
    """Both feed-forward projections take 2 ms, the recurrent one none.

    A delay stands before the weights: it holds spikes back, not sums."""
    graph = chain(
        ("delay_0", nir.Delay(per_neuron(12, 2e-3))),
        ("w_0", nir.Linear(w["w_0"])),
        ("0", delta_lif(38, tau=10e-3, dt=1e-3, v_threshold=1.0)),
        ("delay_1", nir.Delay(per_neuron(38, 2e-3))),
        ("w_1", nir.Linear(w["w_1"])),
        ("1", delta_lif(7, tau=10e-3, dt=1e-3, v_threshold=1.0)),
    )
    nodes = {**graph.nodes, "w_rec": nir.Linear(w["w_rec"])}
    return nir.NIRGraph(nodes, [*graph.edges, ("0", "w_rec"), ("w_rec", "0")])


def lava_ff_lif_float(w):
    return chain(
        ("w_0", nir.Linear(w["w_0"])),
        ("0", lava_lif(32, du=0.4, dv=0.1, vth=1.0)),
        ("w_1", nir.Linear(w["w_1"])),
        ("1", lava_lif(10, du=0.4, dv=0.1, vth=1.0)),
    )


def nengo_ff_lif_noref(w):
    return chain(
        ("w_0", nir.Linear(w["w_0"])),
        ("0", nengo_lif(48, tau_rc=20e-3)),
        ("w_1", nir.Linear(w["w_1"])),
        ("1", nengo_lif(10, tau_rc=20e-3)),
    )


NETWORKS = [
    bindsnet_ff_lif,
    bindsnet_stdp_postpre,
    brian2_ff_lif_exact,
    brian2_rec_lif_delay,
    lava_ff_lif_float,
    nengo_ff_lif_noref,
]


def main():
    recordings = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else FIXTURES
    folder = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else DESCRIBED
    folder.mkdir(parents=True, exist_ok=True)
    for network in NETWORKS:
        case = network.__name__
        graph = network(np.load(recordings / f"{case}.npz"))
        nir.write(folder / f"{case}.nir", graph)
        again = nir.read(folder / f"{case}.nir")
        print(f"{case:24s} {len(again.nodes)} nodes, {len(again.edges)} edges")


if __name__ == "__main__":
    main()
