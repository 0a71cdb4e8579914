"""Nengo: LIF with a refractory time, other time constants, a minimum voltage, no start noise."""

import sys
from pathlib import Path

import numpy as np

from .recording import DENSE, DENSE_INPUT, RECURRENT, RECURRENT_INPUT, Recording

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import describe_in_nir as nir_of  # noqa: E402

FRAMEWORK, DISTRIBUTION, IMPORTS = "Nengo", "nengo", "nengo"

DT = 1e-3
CONVENTIONS = (
    "float64, dt = 1 ms. ref -= dt; d = clip(dt - ref, 0, dt); v -= (J - v) expm1(-d/tau_rc); "
    "s = v > 1; t_spike = dt + tau_rc log1p(-(v - 1)/(J - 1)) where s; v = max(v, min_voltage); "
    "v[s] = 0; ref[s] = tau_ref + t_spike. J = W s_source[t] (feed-forward, same step), "
    "recurrence W s[t-1] (synapse 0: one step). v(0) = 0, set by hand; Nengo's own is uniform in [0, 1)"
)
NO_EXPORTER = "no exporter: the file was described by hand; tau_ref and min_voltage are not in it"


def run(weights, neuron, x, recurrent=None):
    import nengo

    with nengo.Network(seed=0) as model:
        source = nengo.Node(lambda t: x[min(int(round(t / DT)) - 1, len(x) - 1)].astype(float))
        probes = []
        for k, w in enumerate(weights):
            group = nengo.Ensemble(
                len(w),
                1,
                neuron_type=neuron,
                gain=np.ones(len(w)),
                bias=np.zeros(len(w)),
            ).neurons
            # A spike is 1/dt high; the transform brings it back to 1.
            scale = DT if k else 1.0
            nengo.Connection(source, group, transform=w.astype(float) * scale, synapse=None)
            if k == 0 and recurrent is not None:
                transform = recurrent.astype(float) * DT
                nengo.Connection(group, group, transform=transform, synapse=0)
            probes.append([nengo.Probe(group), nengo.Probe(group, "voltage")])
            source = group
    with nengo.Simulator(model, dt=DT, progress_bar=False) as simulator:
        simulator.run_steps(len(x))
        spikes = {str(k): (simulator.data[s] > 0).astype(np.uint8) for k, (s, _) in enumerate(probes)}
        return spikes, {str(k): simulator.data[v] for k, (_, v) in enumerate(probes)}


def record(case, model, weights, x, options, recurrent=None, surprising="", gain=8.0):
    import nengo
    import nir

    weights = [w * np.float32(gain) for w in weights]
    recurrent = None if recurrent is None else recurrent * np.float32(gain)
    neuron = nengo.LIF(**options, initial_state={"voltage": nengo.dists.Choice([0])})
    spikes, potentials = run(weights, neuron, x, recurrent)
    chain = []
    for k, w in enumerate(weights):
        chain += [(f"w_{k}", nir.Linear(w)), (str(k), nir_of.nengo_lif(len(w), options["tau_rc"]))]
    graph = nir_of.chain(*chain)
    if recurrent is not None:
        nodes = {**graph.nodes, "w_rec": nir.Linear(recurrent)}
        graph = nir.NIRGraph(nodes, [*graph.edges, ("0", "w_rec"), ("w_rec", "0")])
    return Recording(
        case=f"nengo_{case}",
        model=model,
        dt=DT,
        options=options,
        conventions=CONVENTIONS,
        inputs=x,
        spikes=spikes,
        potentials=potentials,
        graph=graph,
        surprising=". ".join(filter(None, [surprising, NO_EXPORTER])),
    )


def lif_refractory():
    options = {"tau_rc": 20e-3, "tau_ref": 2e-3}
    return record("lif_refractory", "64-32-10", DENSE, DENSE_INPUT, options, gain=16)


def lif_refractory_fraction():
    options = {"tau_rc": 50e-3, "tau_ref": 3.5e-3}
    return record("lif_refractory_fraction", "64-32-10", DENSE, DENSE_INPUT, options, gain=32)


def lif_min_voltage():
    options = {"tau_rc": 20e-3, "tau_ref": 2e-3, "min_voltage": -1.0}
    return record("lif_min_voltage", "64-32-10", DENSE, DENSE_INPUT, options, gain=16)


def lif_recurrent():
    w_in, w_rec, w_out = RECURRENT
    options = {"tau_rc": 20e-3, "tau_ref": 1e-3}
    return record(
        "lif_recurrent", "12-24r-7", [w_in, w_out], RECURRENT_INPUT, options, w_rec, gain=16
    )


def cases():
    return [lif_refractory, lif_refractory_fraction, lif_min_voltage, lif_recurrent]
