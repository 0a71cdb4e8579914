"""Sinabs: IAF, LIF and ExpLeak with every way to spike, reset, normalise and bound."""

from functools import partial

import torch

from .recording import (
    CONV,
    CONV1D,
    CONV1D_INPUT,
    CONV_INPUT,
    DENSE,
    DENSE_INPUT,
    Recording,
    spread,
)
from .torch_layers import conv, linear

FRAMEWORK, DISTRIBUTION, IMPORTS = "Sinabs", "sinabs", "sinabs"

CONVENTIONS = (
    "unit steps, r = 1. IAF: v += x. LIF: a = exp(-1/tau); v = a v + x, or a v + (1-a) x with "
    "norm_input (LIF's default); ExpLeak: v = a v + x, output v. MultiSpike (default): "
    "n = trunc(v/thr) where v > 0; SingleSpike: n = [v - thr >= 0]; MaxSpike: n = min(trunc, max). "
    "MembraneSubtract: v -= n thr; MembraneReset: v = v [n == 0] + value; "
    "then v = relu(v - min_v_mem) + min_v_mem. None of these options is exported"
)


def run(layers, x, readouts):
    """The whole run in one call; states are recorded after reset and bound."""
    import sinabs.nir

    neurons = {i: m for i, m in enumerate(layers) if hasattr(m, "record_states")}
    for module in neurons.values():
        module.record_states = True
    spiked, v = {}, {}
    with torch.no_grad():
        y = torch.from_numpy(x.astype("float32"))
        for i, module in enumerate(layers):
            y = module(y)
            if i in neurons:
                spiked[str(i)] = y.numpy().reshape(len(x), *y.shape[1:])
                v[str(i)] = module.recordings["v_mem"][0].numpy()
    sequence = torch.nn.Sequential(*layers)
    with torch.no_grad():
        graph = sinabs.nir.to_nir(sequence, torch.zeros(1, *x.shape[1:]))
    return graph, {k: a for k, a in spiked.items() if k not in readouts}, v


def record(case, model, layers, x, options, surprising="", shapes=None, readouts=()):
    graph, spiked, v = run(layers, x, readouts)
    for name, shape in (shapes or {}).items():
        node = graph.nodes[name]
        if hasattr(node, "input_shape"):
            node.input_shape = shape
        else:
            node.input_type = {"input": torch.tensor(shape).numpy()}
    return Recording(
        case=f"sinabs_{case}",
        model=model,
        dt=1.0,
        options=options,
        conventions=CONVENTIONS,
        inputs=x,
        spikes=spiked,
        potentials=v,
        graph=graph,
        surprising=surprising,
        tolerance=1e-4,  # exp differs in its last place from library to library
    )


def iaf(**options):
    import sinabs.layers as sl

    return sl.IAFSqueeze(batch_size=1, **options)


def lif(n, tau, **options):
    """tau and threshold one per neuron, otherwise they are exported as scalars."""
    import sinabs.layers as sl

    tau = tau if isinstance(tau, torch.Tensor) else torch.full((n,), float(tau))
    options.setdefault("spike_threshold", torch.ones(n))
    return sl.LIFSqueeze(tau_mem=tau, batch_size=1, **options)


def dense(case, hidden, output, options, surprising="", gain=1.0, **kwargs):
    layers = [linear(DENSE[0] * gain), hidden, linear(DENSE[1] * gain), output]
    return record(case, "64-32-10", layers, DENSE_INPUT, options, surprising, **kwargs)


def dense_lif(name, tau=10.0, surprising="", gain=1.0, said=None, **options):
    layers = [lif(n, tau, **options) for n in (32, 10)]
    said = {"tau_mem": tau, **options} if said is None else said
    return dense(f"lif_{name}", *layers, said, surprising, gain)


def iaf_min_v_mem():
    options = {"min_v_mem": -1.0}
    return dense("iaf_min_v_mem", iaf(**options), iaf(**options), options)


def iaf_single_spike():
    from sinabs.activation import SingleSpike

    said = {"spike_fn": "SingleSpike"}
    neurons = [iaf(spike_fn=SingleSpike) for _ in range(2)]
    note = "v may stay above thr after the subtraction and spike again at the next step"
    return dense("iaf_single_spike", *neurons, said, note, gain=2)


def iaf_max_spike():
    from sinabs.activation import MaxSpike

    said = {"spike_fn": "MaxSpike(2)"}
    neurons = [iaf(spike_fn=MaxSpike(2)) for _ in range(2)]
    return dense("iaf_max_spike", *neurons, said, gain=3)


def iaf_membrane_reset():
    from sinabs.activation import MembraneReset, SingleSpike

    said = {"spike_fn": "SingleSpike", "reset_fn": "MembraneReset()", "spike_threshold": 0.75}
    options = {"spike_fn": SingleSpike, "reset_fn": MembraneReset()}
    neurons = [iaf(spike_threshold=torch.tensor(0.75), **options) for _ in range(2)]
    return dense("iaf_membrane_reset", *neurons, said)


def iaf_membrane_reset_value():
    from sinabs.activation import MembraneReset, SingleSpike

    said = {"spike_fn": "SingleSpike", "reset_fn": "MembraneReset(-0.125)"}
    options = {"spike_fn": SingleSpike, "reset_fn": MembraneReset(-0.125)}
    note = "the value is added to v of EVERY neuron in every step, not only of those that spiked"
    return dense(
        "iaf_membrane_reset_value", iaf(**options), iaf(**options), said, note, gain=2
    )


def lif_norm_input():
    return dense_lif("norm_input", gain=8, norm_input=True)


def lif_no_norm_input():
    return dense_lif("no_norm_input", norm_input=False)


def lif_min_v_mem():
    said = {"tau_mem": 20.0, "norm_input": False, "min_v_mem": -0.5}
    return dense_lif("min_v_mem", 20.0, said=said, norm_input=False, min_v_mem=-0.5)


def lif_single_spike():
    from sinabs.activation import SingleSpike

    said = {"tau_mem": 5.0, "norm_input": False, "spike_fn": "SingleSpike"}
    return dense_lif("single_spike", 5.0, said=said, norm_input=False, spike_fn=SingleSpike)


def lif_heterogeneous():
    neurons = [
        lif(n, torch.from_numpy(spread(n, 5, 50)), norm_input=False) for n in (32, 10)
    ]
    said = {"tau_mem": "5 to 50, one per neuron", "norm_input": False}
    return dense("lif_heterogeneous", *neurons, said)


def lif_tau_syn():
    note = "tau_syn is not exported: i = a_syn (i + x); v = a_mem v + i; the file holds a plain LIF"
    said = {"tau_mem": 10.0, "tau_syn": 5.0, "norm_input": False}
    return dense_lif("tau_syn", said=said, surprising=note, gain=0.5, tau_syn=5.0, norm_input=False)


def lif_scalar():
    """The default: scalar parameters, which only an uncompressed file can hold."""
    import sinabs.layers as sl

    neurons = [sl.LIFSqueeze(tau_mem=10.0, batch_size=1, norm_input=False) for _ in range(2)]
    said = {"tau_mem": 10.0, "norm_input": False}
    return dense("lif_scalar", *neurons, said, "parameters are scalars in the file")


def exp_leak_readout():
    import sinabs.layers as sl

    output = sl.ExpLeakSqueeze(tau_mem=torch.full((10,), 20.0), batch_size=1)
    said = {"hidden": "IAF", "output": "ExpLeak tau_mem 20 (norm_input False)"}
    note = "the output node does not spike"
    return dense("exp_leak_readout", iaf(), output, said, note, readouts=("3",))


def conv2d_sumpool():
    import sinabs.layers as sl

    options = {"min_v_mem": -1.0}
    layers = [
        conv(CONV[0], padding=1),
        iaf(**options),
        sl.SumPool2d(2, 2),
        conv(CONV[1] * 0.5, padding=1, stride=2),
        iaf(**options),
        torch.nn.Flatten(),
        linear(CONV[2]),
        iaf(**options),
    ]
    note = "input_shape and Flatten's input_type are left empty by the exporter; filled in by hand"
    return record(
        "conv2d_sumpool",
        "2x12x12-c4k3p1-sum2-c6k3s2p1-10 IAF",
        layers,
        CONV_INPUT,
        options,
        note,
        shapes={"0": (12, 12), "3": (6, 6), "5": (6, 3, 3)},
    )


def conv1d():
    layers = [
        conv(CONV1D[0], layer=torch.nn.Conv1d, padding=2, stride=2),
        iaf(),
        torch.nn.Flatten(),
        linear(CONV1D[1]),
        iaf(),
    ]
    note = "input_shape and Flatten's input_type are left empty by the exporter; filled in by hand"
    shapes = {"0": 40, "2": (5, 20)}
    return record("conv1d", "3x40-c5k5s2p2-10 IAF", layers, CONV1D_INPUT, {}, note, shapes)


def cases():
    return [
        iaf_min_v_mem,
        iaf_single_spike,
        iaf_max_spike,
        iaf_membrane_reset,
        iaf_membrane_reset_value,
        lif_norm_input,
        lif_no_norm_input,
        lif_min_v_mem,
        lif_single_spike,
        lif_heterogeneous,
        lif_tau_syn,
        lif_scalar,
        exp_leak_readout,
        conv2d_sumpool,
        conv1d,
    ]
