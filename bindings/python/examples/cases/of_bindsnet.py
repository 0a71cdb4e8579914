"""BindsNET: LIF and IF nodes with refractory time, biological voltages, recurrence, no lag."""

import sys
from pathlib import Path

import numpy as np

from .recording import DENSE, DENSE_INPUT, RECURRENT, RECURRENT_INPUT, Recording

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import describe_in_nir as nir_of  # noqa: E402

FRAMEWORK, DISTRIBUTION, IMPORTS = "BindsNET", "bindsnet", "bindsnet"

CONVENTIONS = (
    "float32, dt = 1 ms, a = exp(-dt/tc_decay). LIFNodes: v = a (v - rest) + rest; v += x where "
    "refrac_count <= 0; IFNodes: v += x where refrac_count <= 0; refrac_count -= dt; s = v >= thresh; "
    "refrac_count[s] = refrac; v[s] = reset; v = max(v, lbound) if set. "
    "x = W s_source[t-1] for every layer (one_step=False); "
    "one_step=True: x = W s_source[t], layers in order of adding, recurrence t-1. "
    "v starts at rest (LIFNodes) or reset (IFNodes)"
)
NO_EXPORTER = "no exporter: the file was described by hand; refrac, lbound and one_step are not in it"


def run(layers, connections, x, one_step=False):
    """layers: name -> nodes, the input first; connections: (source, target) -> weight."""
    import torch
    from bindsnet.network import Network
    from bindsnet.network.monitors import Monitor
    from bindsnet.network.topology import Connection

    network = Network(dt=1.0, learning=False)
    for name, nodes in layers.items():
        network.add_layer(nodes, name)
    for (source, target), weight in connections.items():
        w = torch.from_numpy(weight.T.copy())
        network.add_connection(Connection(layers[source], layers[target], w=w), source, target)
    monitors = {name: Monitor(layers[name], ["s", "v"], time=len(x)) for name in layers if name != "I"}
    for name, monitor in monitors.items():
        network.add_monitor(monitor, name)
    network.run({"I": torch.from_numpy(x.astype(np.float32))}, time=len(x), one_step=one_step)
    spiked = {name: m.get("s").numpy().reshape(len(x), -1) for name, m in monitors.items()}
    return spiked, {name: m.get("v").numpy().reshape(len(x), -1) for name, m in monitors.items()}


def record(case, model, layers, connections, neurons, x, options, surprising="", tolerance=1e-4, **kwargs):
    import nir

    spiked, v = run(layers, connections, x, **kwargs)
    chain = []
    for name, node in neurons.items():
        source = {"H": "I", "O": "H"}[name]
        chain += [(f"{source}_{name}", nir.Linear(connections[source, name])), (name, node)]
    graph = nir_of.chain(*chain)
    if ("H", "H") in connections:
        nodes = {**graph.nodes, "H_H": nir.Linear(connections["H", "H"])}
        graph = nir.NIRGraph(nodes, [*graph.edges, ("H", "H_H"), ("H_H", "H")])
    return Recording(
        case=f"bindsnet_{case}",
        model=model,
        dt=1e-3,
        options=options,
        conventions=CONVENTIONS,
        inputs=x,
        spikes=spiked,
        potentials=v,
        graph=graph,
        surprising=". ".join(filter(None, [surprising, NO_EXPORTER])),
        tolerance=tolerance,
    )


def described(n, options):
    """LIFNodes as NIR LIF; rest is v_leak."""
    return nir_of.delta_lif(
        n,
        tau=options["tc_decay"] * 1e-3,
        dt=1e-3,
        v_threshold=options["thresh"],
        v_leak=options["rest"],
        v_reset=options["reset"],
    )


def dense(case, options, gain=1.0, surprising="", tolerance=1e-4, **kwargs):
    from bindsnet.network.nodes import Input, LIFNodes

    layers = {"I": Input(64), "H": LIFNodes(32, **options), "O": LIFNodes(10, **options)}
    connections = {("I", "H"): DENSE[0] * np.float32(gain), ("H", "O"): DENSE[1] * np.float32(gain)}
    neurons = {"H": described(32, options), "O": described(10, options)}
    said = {**options, **kwargs}
    return record(
        case, "64-32-10", layers, connections, neurons, DENSE_INPUT, said, surprising,
        tolerance, **kwargs
    )


UNIT = {"thresh": 1.0, "rest": 0.0, "reset": 0.0, "refrac": 0, "tc_decay": 20.0}
BIOLOGICAL = {"thresh": -52.0, "rest": -65.0, "reset": -65.0, "refrac": 5, "tc_decay": 100.0}


def lif_refractory():
    return dense("lif_refractory", {**UNIT, "refrac": 5})


def lif_biological():
    note = "LIFNodes' defaults; potentials near -65, where one unit in the last place of exp counts"
    return dense("lif_biological", BIOLOGICAL, gain=16, surprising=note, tolerance=2e-3)


def lif_reset_above_rest():
    options = {**UNIT, "rest": -0.25, "reset": 0.125, "refrac": 1, "tc_decay": 8.0}
    return dense("lif_reset_above_rest", options)


def lif_lower_bound():
    return dense("lif_lower_bound", {**UNIT, "lbound": -0.5})


def lif_one_step():
    note = "one_step=True: no lag between layers, and none from the input"
    return dense("lif_one_step", UNIT, surprising=note, one_step=True)


def lif_recurrent():
    from bindsnet.network.nodes import Input, LIFNodes

    options = {**UNIT, "refrac": 1}
    layers = {"I": Input(12), "H": LIFNodes(24, **options), "O": LIFNodes(7, **options)}
    w_in, w_rec, w_out = RECURRENT
    connections = {("I", "H"): w_in, ("H", "H"): w_rec, ("H", "O"): w_out}
    neurons = {"H": described(24, options), "O": described(7, options)}
    return record(
        "lif_recurrent", "12-24r-7", layers, connections, neurons, RECURRENT_INPUT, options
    )


def if_nodes():
    import nir
    from bindsnet.network.nodes import IFNodes, Input

    options = {"thresh": 1.0, "reset": -0.25, "refrac": 2}
    layers = {"I": Input(64), "H": IFNodes(32, **options), "O": IFNodes(10, **options)}
    connections = {("I", "H"): DENSE[0], ("H", "O"): DENSE[1]}

    def integrate(n):
        full = nir_of.per_neuron
        return nir.IF(full(n, 1 / 1e-3), full(n, options["thresh"]), full(n, options["reset"]))

    neurons = {"H": integrate(32), "O": integrate(10)}
    return record("if_nodes", "64-32-10", layers, connections, neurons, DENSE_INPUT, options)


def cases():
    return [
        lif_refractory,
        lif_biological,
        lif_reset_above_rest,
        lif_lower_bound,
        lif_one_step,
        lif_recurrent,
        if_nodes,
    ]
