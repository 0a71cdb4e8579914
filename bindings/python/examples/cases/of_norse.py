"""Norse: LIFBox, LIF and IAF cells with leak and reset values, and leaky readouts."""

from functools import partial

import numpy as np
import torch

from .recording import (
    BIASES,
    CONV,
    CONV_BIASES,
    CONV_INPUT,
    DENSE,
    DENSE_INPUT,
    Recording,
    spread,
)
from .torch_layers import as_input, conv, linear, numpy

FRAMEWORK, DISTRIBUTION, IMPORTS = "Norse", "norse", "norse"

DT = 1e-3
CONVENTIONS = (
    "dt = 1e-3; the exporter stores tau * dt (true tau = stored tau / dt) unless dt = 1 is passed; "
    "k = dt / tau. LIFBox: v += k (x + v_leak - v). LIF: i += x; v += k_mem (v_leak - v + i); "
    "i -= k_syn i, after v. LIBox: as LIFBox, output v. IAF: v += x. "
    "Spike v > thr, tested as v - thr > 0; value: v = v_reset; subtract: v -= thr. "
    "v starts at v_leak (LIFBox, LIF, LIBox) or at v_reset (IAF). r is 1 and ignored. "
    "v_reset is NOT exported: files hold 0"
)
LOST_RESET = "the exporter writes no v_reset; nir fills in 0, whatever the cell does"


def per_neuron(value, shape):
    """Scalar parameters, the default, cannot be written: gzip refuses scalars."""
    values = np.broadcast_to(np.asarray(value, np.float32), shape)
    return torch.from_numpy(values.copy())


def lif_box(shape, tau=10e-3, v_leak=0.0, v_th=1.0, v_reset=0.0, subtract=False):
    import norse.torch as nt
    from norse.torch.functional.reset import reset_subtract, reset_value

    p = nt.LIFBoxParameters(
        tau_mem_inv=per_neuron(1 / np.asarray(tau, np.float32), shape),
        v_leak=per_neuron(v_leak, shape),
        v_th=per_neuron(v_th, shape),
        v_reset=per_neuron(v_reset, shape),
        reset_method=reset_subtract if subtract else reset_value,
    )
    return nt.LIFBoxCell(p, dt=DT)


def lif(shape, tau_syn=5e-3, tau_mem=10e-3, v_leak=0.0, v_th=1.0, v_reset=0.0):
    import norse.torch as nt

    p = nt.LIFParameters(
        tau_syn_inv=per_neuron(1 / tau_syn, shape),
        tau_mem_inv=per_neuron(1 / tau_mem, shape),
        v_leak=per_neuron(v_leak, shape),
        v_th=per_neuron(v_th, shape),
        v_reset=per_neuron(v_reset, shape),
    )
    return nt.LIFCell(p, dt=DT)


def iaf(shape, v_th=1.0, v_reset=0.0):
    from norse.torch.functional.iaf import IAFParameters
    from norse.torch.module.iaf import IAFCell

    return IAFCell(IAFParameters(v_th=per_neuron(v_th, shape), v_reset=per_neuron(v_reset, shape)))


def li_box(shape, tau=20e-3, v_leak=0.0):
    import norse.torch as nt

    p = nt.LIBoxParameters(
        tau_mem_inv=per_neuron(1 / tau, shape), v_leak=per_neuron(v_leak, shape)
    )
    return nt.LIBoxCell(p, dt=DT)


def run(layers, x, export_dt):
    """Export takes a sample without a batch axis: with one, nir.read refuses the file."""
    import norse.torch as nt

    stateful = {str(i): m for i, m in enumerate(layers) if hasattr(m, "p")}
    states = dict.fromkeys(stateful)
    spiked, v = {k: [] for k in stateful}, {k: [] for k in stateful}
    with torch.no_grad():
        for x_t in as_input(x):
            y = x_t
            for i, module in enumerate(layers):
                k = str(i)
                if k not in stateful:
                    y = module(y)
                    continue
                y, states[k] = module(y, states[k])
                spiked[k].append(y)
                v[k].append(states[k].v)
    sample = torch.zeros(x.shape[1:])
    graph = nt.to_nir(nt.SequentialState(*layers), sample, dt=export_dt)
    import norse.torch.module.leaky_integrator_box as leaky_integrator_box

    readouts = {k for k, m in stateful.items() if isinstance(m, leaky_integrator_box.LIBoxCell)}
    spiked = {k: numpy(a) for k, a in spiked.items() if k not in readouts}
    return graph, spiked, {k: numpy(a) for k, a in v.items()}


def record(case, model, layers, x, options, surprising="", export_dt=DT):
    graph, spiked, v = run(layers, x, export_dt)
    return Recording(
        case=f"norse_{case}",
        model=model,
        dt=DT,
        options=options,
        conventions=CONVENTIONS,
        inputs=x,
        spikes=spiked,
        potentials=v,
        graph=graph,
        surprising=surprising,
    )


def dense(case, hidden, output, options, surprising="", gain=4, **kwargs):
    layers = [
        linear(DENSE[0] * gain, BIASES[0]),
        hidden((32,)),
        linear(DENSE[1] * 2 * gain, BIASES[1]),
        output((10,)),
    ]
    return record(case, "64-32-10, with bias", layers, DENSE_INPUT, options, surprising, **kwargs)


def lifbox(name, surprising="", export_dt=DT, **options):
    neuron = partial(lif_box, **options)
    said = {"export dt": export_dt, **options}
    return dense(f"lifbox_{name}", neuron, neuron, said, surprising, export_dt=export_dt)


def lifbox_subtract():
    return lifbox("subtract", "reset_method is not exported", subtract=True)


def lifbox_v_leak():
    return lifbox("v_leak", v_leak=0.25)


def lifbox_v_reset():
    return lifbox("v_reset", LOST_RESET, v_reset=-0.25, v_leak=0.125, v_th=0.75)


def lifbox_exported_dt_1():
    note = "exported with dt=1: the file holds the true tau, nothing says so"
    return lifbox("exported_dt_1", note, export_dt=1)


def lifbox_heterogeneous():
    tau = spread(32, 4e-3, 50e-3)

    def hidden(shape):
        return lif_box(shape, tau=tau)

    said = {"tau": "4 ms to 50 ms, one per neuron; output 10 ms"}
    return dense("lifbox_heterogeneous", hidden, lif_box, said)


def lifcell_v_reset():
    options = {"v_reset": -0.5, "v_leak": -0.125}
    neuron = partial(lif, **options)
    return dense("lifcell_v_reset", neuron, neuron, options, LOST_RESET, gain=2)


def iaf_v_reset():
    options = {"v_reset": -0.25, "v_th": 0.75}
    neuron = partial(iaf, **options)
    note = LOST_RESET + "; IAF starts at v_reset"
    return dense("iaf_v_reset", neuron, neuron, options, note, gain=1)


def li_readout():
    said = {"hidden": "LIFBox tau 10 ms", "output": "LIBox tau 20 ms, v_leak 0.125"}
    return dense(
        "li_readout", lif_box, partial(li_box, v_leak=0.125), said, "the output node does not spike"
    )


def iaf_conv():
    """Convolutions only: pooling and flattening have no export."""
    layers = [
        conv(CONV[0], CONV_BIASES[0], padding=1),
        iaf((4, 12, 12)),
        conv(CONV[1], CONV_BIASES[1], padding=1, stride=2),
        lif_box((6, 6, 6), tau=5e-3, v_th=0.25),
    ]
    model = "2x12x12-c4k3p1 IAF-c6k3s2p1 LIFBox, convolutions with bias"
    options = {"IAF": {}, "LIFBox": {"tau": 5e-3, "v_th": 0.25}}
    made = record("iaf_conv", model, layers, CONV_INPUT, options)
    fill_input_shape(made.graph, {"0": (12, 12), "2": (12, 12)})
    made.surprising = "the exporter leaves Conv2d.input_shape empty; filled in by hand"
    return made


def fill_input_shape(graph, shapes):
    for name, shape in shapes.items():
        graph.nodes[name].input_shape = shape


def cases():
    return [
        lifbox_subtract,
        lifbox_v_leak,
        lifbox_v_reset,
        lifbox_exported_dt_1,
        lifbox_heterogeneous,
        lifcell_v_reset,
        iaf_v_reset,
        li_readout,
        iaf_conv,
    ]
