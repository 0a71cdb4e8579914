"""SpikingJelly: IF, LIF, parametric LIF and CUBA neurons with reset values and thresholds."""

from functools import partial

import torch

from .recording import (
    BIASES,
    CONV,
    CONV1D,
    CONV1D_INPUT,
    CONV_BIASES,
    CONV_INPUT,
    DENSE,
    DENSE_INPUT,
    Recording,
)
from .torch_layers import as_input, conv, linear, numpy

FRAMEWORK, DISTRIBUTION, IMPORTS = "SpikingJelly", "spikingjelly", "spikingjelly"

DT = 1e-4
CONVENTIONS = (
    "dt = 1e-4 unless said; steps of tau/dt. decay_input (r = 1): v += (v_reset - v + x) / tau; "
    "else (r = tau/dt): v = v + (v_reset - v) / tau + x; IF: v += x; "
    "CUBA: c = c c_decay + x; v = v v_decay + c. Spike v >= thr, tested as v - thr >= 0; "
    "v = v_reset. v starts at v_reset; v_leak = v_reset in LIF, 0 in CUBA"
)


def run(layers, x, dt):
    from spikingjelly.activation_based import functional
    from spikingjelly.activation_based.nir_exchange.to_nir import export_to_nir

    neurons = {i: m for i, m in enumerate(layers) if hasattr(m, "v_threshold")}
    sequence = torch.nn.Sequential(*layers)
    functional.reset_net(sequence)
    spiked, v = {i: [] for i in neurons}, {i: [] for i in neurons}
    with torch.no_grad():
        for x_t in as_input(x):
            y = x_t
            for i, module in enumerate(layers):
                y = module(y)
                if i in neurons:
                    spiked[i].append(y)
                    v[i].append(module.v)
    functional.reset_net(sequence)
    graph = export_to_nir(sequence, torch.zeros(1, *x.shape[1:]), dt=dt)
    spiked = {f"_{i}": numpy(a) for i, a in spiked.items()}
    return graph, spiked, {f"_{i}": numpy(a) for i, a in v.items()}


def record(case, model, layers, x, options, surprising="", dt=DT):
    graph, spiked, v = run(layers, x, dt)
    return Recording(
        case=f"spikingjelly_{case}",
        model=model,
        dt=dt,
        options=options,
        conventions=CONVENTIONS,
        inputs=x,
        spikes=spiked,
        potentials=v,
        graph=graph,
        surprising=surprising,
    )


def dense(case, neuron, options, surprising="", gain=1, **kwargs):
    layers = [
        linear(DENSE[0] * gain, BIASES[0]),
        neuron(),
        linear(DENSE[1] * gain, BIASES[1]),
        neuron(),
    ]
    return record(case, "64-32-10, with bias", layers, DENSE_INPUT, options, surprising, **kwargs)


def lif(name, gain=1, surprising="", dt=DT, **options):
    from spikingjelly.activation_based import neuron

    make = partial(neuron.LIFNode, **options)
    return dense(f"lif_{name}", make, options, surprising, gain, dt=dt)


def lif_decay_input():
    return lif("decay_input", gain=2, tau=2.0, decay_input=True, v_threshold=0.7, v_reset=-0.5)


def lif_decay_input_tau():
    return lif("decay_input_tau", gain=4, tau=7.3, decay_input=True, v_threshold=1.0, v_reset=0.2)


def lif_v_reset():
    return lif("v_reset", tau=3.3, decay_input=False, v_threshold=0.7, v_reset=-0.5)


def lif_v_reset_above_zero():
    return lif("v_reset_above_zero", tau=2.0, decay_input=False, v_threshold=1.0, v_reset=0.2)


def lif_tau_one():
    """tau = 1 is not allowed; a little more forgets nearly all."""
    return lif("tau_short", tau=1.01, decay_input=False, v_threshold=1.0, v_reset=0.0)


def lif_exported_dt():
    note = "exported with dt=1e-3: the file's times are ten times longer, the numbers are the same"
    return lif("exported_dt", surprising=note, dt=1e-3, tau=4.0, decay_input=False, v_reset=0.0)


def plif():
    from spikingjelly.activation_based import neuron

    options = {"init_tau": 3.7, "decay_input": True, "v_threshold": 0.8, "v_reset": 0.1}
    note = (
        "computes with w.sigmoid() as 1/tau: v += (v_reset - v + x) * w.sigmoid(); "
        "the file's tau is dt / w.sigmoid() rounded in float64"
    )
    return dense("plif", partial(neuron.ParametricLIFNode, **options), options, note, gain=3)


def plif_no_decay_input():
    from spikingjelly.activation_based import neuron

    options = {"init_tau": 5.0, "decay_input": False, "v_threshold": 1.0, "v_reset": 0.0}
    return dense("plif_no_decay_input", partial(neuron.ParametricLIFNode, **options), options)


def if_v_reset():
    from spikingjelly.activation_based import neuron

    options = {"v_threshold": 0.7, "v_reset": -0.5}
    return dense("if_v_reset", partial(neuron.IFNode, **options), options)


def cuba():
    from spikingjelly.activation_based import neuron

    options = {"c_decay": 0.5, "v_decay": 0.75, "v_threshold": 0.5, "v_reset": 0.0}
    return dense("cuba", partial(neuron.CUBALIFNode, **options), options, gain=0.5)


def cuba_v_reset():
    from spikingjelly.activation_based import neuron

    options = {"c_decay": 0.8, "v_decay": 0.9, "v_threshold": 1.0, "v_reset": -0.5}
    note = "v decays to 0, not to v_reset; v starts at v_reset"
    return dense("cuba_v_reset", partial(neuron.CUBALIFNode, **options), options, note, 0.5)


def conv2d_avgpool():
    from spikingjelly.activation_based import layer, neuron

    options = {"tau": 3.0, "decay_input": False, "v_threshold": 1.0, "v_reset": 0.0}
    layers = [
        conv(CONV[0] * 2, CONV_BIASES[0], layer.Conv2d, padding=1),
        neuron.LIFNode(**options),
        layer.AvgPool2d(2),
        conv(CONV[1] * 2, CONV_BIASES[1], layer.Conv2d, padding=1, stride=2),
        neuron.LIFNode(**options),
        layer.Flatten(),
        linear(CONV[2] * 2, layer=layer.Linear),
        neuron.LIFNode(**options),
    ]
    model = "2x12x12-c4k3p1-avg2-c6k3s2p1-10, convolutions with bias"
    return record("conv2d_avgpool", model, layers, CONV_INPUT, options)


def conv1d():
    from spikingjelly.activation_based import layer, neuron

    options = {"v_threshold": 1.0, "v_reset": 0.0}
    layers = [
        conv(CONV1D[0], None, layer.Conv1d, padding=2, stride=2),
        neuron.IFNode(**options),
        layer.Flatten(),
        linear(CONV1D[1], layer=layer.Linear),
        neuron.IFNode(**options),
    ]
    return record("conv1d", "3x40-c5k5s2p2-10 IF", layers, CONV1D_INPUT, options)


def cases():
    return [
        lif_decay_input,
        lif_decay_input_tau,
        lif_v_reset,
        lif_v_reset_above_zero,
        lif_tau_one,
        lif_exported_dt,
        plif,
        plif_no_decay_input,
        if_v_reset,
        cuba,
        cuba_v_reset,
        conv2d_avgpool,
        conv1d,
    ]
