"""Brian2: refractory time with and without its flag, delays, a resting potential, forward Euler."""

import sys
from pathlib import Path

import numpy as np

from .recording import (
    DENSE,
    DENSE_INPUT,
    RECURRENT,
    RECURRENT_INPUT,
    STEPS,
    Recording,
)

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import describe_in_nir as nir_of  # noqa: E402

FRAMEWORK, DISTRIBUTION, IMPORTS = "Brian2", "brian2", "brian2"

DT = 1e-3
CONVENTIONS = (
    "float64, dt = 1 ms. Each step: integrate -> threshold (v > th and, with a refractory time, "
    "not refractory) -> synapses add to v -> reset. exact: v = rest + (v - rest) exp(-dt/tau); "
    "euler: v += dt (rest - v)/tau. With a refractory time of R steps a neuron that fired at s is "
    "refractory in steps s+1 to s+R-1 and may fire again at s+R. "
    "'(unless refractory)' (option flag): while refractory, and in the step of the spike, v is not "
    "integrated and synaptic input is dropped; without the flag v moves on, takes input, "
    "and only the threshold test is barred. "
    "v starts at rest"
)
NO_EXPORTER = "no exporter: the file was described by hand; refractory time and method are not in it"


def run(layers, x):
    """layers: dicts of weight, tau, rest, th, reset, delay, recurrent, recurrent_delay, refractory."""
    import brian2 as b

    b.prefs.codegen.target = "numpy"
    b.start_scope()
    b.defaultclock.dt = DT * b.second
    step, neuron = np.nonzero(x)
    source = b.SpikeGeneratorGroup(x.shape[1], neuron, step * DT * b.second)
    objects, monitors = [source], []
    for p in layers:
        flag = " (unless refractory)" if p["flag"] else ""
        refractory = p["refractory"] * b.ms if p["refractory"] else False
        group = b.NeuronGroup(
            len(p["weight"]),
            f"dv/dt = (rest - v) / tau : 1{flag}",
            threshold="v > th",
            reset="v = reset",
            refractory=refractory,
            method=p["method"],
            namespace={"tau": p["tau"] * b.second, **{k: p[k] for k in ("rest", "th", "reset")}},
        )
        group.v = p["rest"]
        objects.append(group)
        projections = [(source, p["weight"], p["delay"])]
        if p["recurrent"] is not None:
            projections.append((group, p["recurrent"], p["recurrent_delay"]))
        for origin, weight, delay in projections:
            synapses = b.Synapses(origin, group, "w : 1", on_pre="v_post += w", delay=delay * b.ms)
            synapses.connect()
            synapses.w = np.asarray(weight, np.float64).T.ravel()
            objects.append(synapses)
        spiked = b.SpikeMonitor(group)
        v = b.StateMonitor(group, "v", record=True, when="end")
        objects += [spiked, v]
        monitors.append((spiked, v))
        source = group
    b.Network(objects).run(STEPS * DT * b.second)
    spikes, potentials = {}, {}
    for k, (p, (spiked, v)) in enumerate(zip(layers, monitors)):
        table = np.zeros((STEPS, len(p["weight"])), np.uint8)
        table[np.round(np.asarray(spiked.t) / DT).astype(int), np.asarray(spiked.i)] = 1
        spikes[str(k)], potentials[str(k)] = table, np.asarray(v.v).T
    return spikes, potentials


def layer(weight, **options):
    base = {"tau": 10e-3, "rest": 0.0, "th": 1.0, "reset": 0.0, "delay": 0, "recurrent": None}
    base |= {"recurrent_delay": 0, "refractory": 0, "flag": False, "method": "exact"}
    return {"weight": weight, **base, **options}


def graph_of(layers):
    import nir

    chain = []
    for k, p in enumerate(layers):
        n_out, n_in = p["weight"].shape
        if p["delay"]:
            chain.append((f"delay_{k}", nir.Delay(nir_of.per_neuron(n_in, p["delay"] * 1e-3))))
        neuron = nir_of.delta_lif(n_out, p["tau"], DT, p["th"], p["rest"], p["reset"])
        chain += [(f"w_{k}", nir.Linear(p["weight"])), (str(k), neuron)]
    graph = nir_of.chain(*chain)
    for k, p in enumerate(layers):
        if p["recurrent"] is None:
            continue
        name, n = str(k), len(p["weight"])
        nodes, edges = {**graph.nodes, "w_rec": nir.Linear(p["recurrent"])}, list(graph.edges)
        if p["recurrent_delay"]:
            nodes["delay_rec"] = nir.Delay(nir_of.per_neuron(n, p["recurrent_delay"] * 1e-3))
            edges += [(name, "delay_rec"), ("delay_rec", "w_rec")]
        else:
            edges.append((name, "w_rec"))
        graph = nir.NIRGraph(nodes, [*edges, ("w_rec", name)])
    return graph


def record(case, model, layers, x, options, surprising=""):
    spikes, potentials = run(layers, x)
    return Recording(
        case=f"brian2_{case}",
        model=model,
        dt=DT,
        options=options,
        conventions=CONVENTIONS,
        inputs=x,
        spikes=spikes,
        potentials=potentials,
        graph=graph_of(layers),
        surprising=". ".join(filter(None, [surprising, NO_EXPORTER])),
    )


def dense(case, surprising="", **options):
    layers = [layer(w, **options) for w in DENSE]
    return record(case, "64-32-10", layers, DENSE_INPUT, options, surprising)


def lif_refractory():
    return dense("lif_refractory", refractory=3, flag=False)


def lif_unless_refractory():
    return dense("lif_unless_refractory", refractory=3, flag=True)


def lif_v_rest():
    return dense("lif_v_rest", rest=0.25, reset=-0.5, th=0.9, tau=15e-3)


def lif_euler():
    return dense("lif_euler", method="euler", tau=5e-3, rest=0.125)


def lif_recurrent(delay):
    w_in, w_rec, w_out = RECURRENT
    options = {"delay": 1, "recurrent_delay": delay, "refractory": 2, "flag": True}
    first = layer(w_in, recurrent=w_rec, **options)
    last = layer(w_out, delay=3, tau=20e-3)
    said = {"0": options, "1": {"delay": 3, "tau": 20e-3}}
    return record(f"lif_recurrent_delay_{delay}", "12-24r-7", [first, last], RECURRENT_INPUT, said)


def lif_recurrent_delay_0():
    return lif_recurrent(0)


def lif_recurrent_delay_1():
    return lif_recurrent(1)


def cases():
    return [
        lif_refractory,
        lif_unless_refractory,
        lif_v_rest,
        lif_euler,
        lif_recurrent_delay_0,
        lif_recurrent_delay_1,
    ]
