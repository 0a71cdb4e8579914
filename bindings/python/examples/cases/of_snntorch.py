"""snnTorch: Leaky, Synaptic and their recurrent forms under every reset, delayed or not."""

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
    RECURRENT,
    RECURRENT_BIAS,
    RECURRENT_INPUT,
    Recording,
    spread,
)
from .torch_layers import as_input, conv, linear, numpy

FRAMEWORK, DISTRIBUTION, IMPORTS = "snnTorch", "snntorch", "snntorch"

DT = 1e-4
CONVENTIONS = (
    "dt = 1e-4; beta = 1 - dt/tau_mem, alpha = 1 - dt/tau_syn, all gains 1; spike v > thr. "
    "Leaky: v = beta v + x. Synaptic: i = alpha i + x; v = beta v + i. "
    "Recurrent: x = input + w_rec z[t-1] + b_rec, from step 0 on. "
    "reset_delay: r = [v_prev > thr] at the start of the step; "
    "subtract: v -= r thr after the update; "
    "zero: Leaky v_prev = 0 before the update, all others v = 0 after the update (i is kept). "
    "no reset_delay: additionally d = z - r after the spike test; subtract: v -= d thr; "
    "zero: v -= d v"
)


def tensor(value, n):
    """One value per neuron: the exporter cannot infer a layer's size from a scalar."""
    values = np.broadcast_to(np.asarray(value, np.float32), (n,))
    return torch.from_numpy(values.copy())


def run(sequence, x):
    """Spikes and potentials of each neuron layer, and the exported graph."""
    from snntorch.export_nir import export_to_nir

    layers = {str(i): m for i, m in enumerate(sequence) if hasattr(m, "reset_mem")}
    for module in layers.values():
        module.reset_mem()
    spiked, v = {k: [] for k in layers}, {k: [] for k in layers}
    with torch.no_grad():
        for x_t in as_input(x):
            y = x_t
            for i, module in enumerate(sequence):
                y = module(y)
                if str(i) in layers:
                    spiked[str(i)].append(y)
                    v[str(i)].append(module.mem)
    for module in layers.values():
        module.reset_mem()
    graph = export_to_nir(sequence, torch.zeros(1, *x.shape[1:]), ignore_dims=[0])
    spiked = {k: numpy(a) for k, a in spiked.items()}
    return graph, spiked, {k: numpy(a) for k, a in v.items()}


def record(case, model, sequence, x, options, surprising=""):
    graph, spiked, v = run(sequence, x)
    return Recording(
        case=f"snntorch_{case}",
        model=model,
        dt=DT,
        options=options,
        conventions=CONVENTIONS,
        inputs=x,
        spikes=spiked,
        potentials=v,
        graph=graph,
        surprising=surprising,
        tolerance=1e-4,
    )


def leaky(n, beta=0.9, threshold=1.0, **options):
    import snntorch as snn

    return snn.Leaky(
        beta=tensor(beta, n), threshold=tensor(threshold, n), init_hidden=True, **options
    )


def synaptic(n, alpha=0.7, beta=0.85, **options):
    import snntorch as snn

    return snn.Synaptic(
        alpha=tensor(alpha, n),
        beta=tensor(beta, n),
        threshold=tensor(1.0, n),
        init_hidden=True,
        **options,
    )


def set_recurrence(layer, weight, bias):
    layer.recurrent.weight.data = torch.from_numpy(weight.copy())
    layer.recurrent.bias.data = torch.from_numpy(bias.copy())
    return layer


def rleaky(n, weight, bias, **options):
    import snntorch as snn

    layer = snn.RLeaky(
        beta=tensor(0.9, n),
        linear_features=n,
        threshold=tensor(1.0, n),
        init_hidden=True,
        **options,
    )
    return set_recurrence(layer, weight, bias)


def rsynaptic(n, weight, bias, **options):
    import snntorch as snn

    layer = snn.RSynaptic(
        alpha=tensor(0.7, n),
        beta=tensor(0.85, n),
        linear_features=n,
        threshold=tensor(1.0, n),
        init_hidden=True,
        **options,
    )
    return set_recurrence(layer, weight, bias)


def dense(case, neuron, options, biases=(None, None), surprising=""):
    sequence = torch.nn.Sequential(
        linear(DENSE[0], biases[0]), neuron(32), linear(DENSE[1], biases[1]), neuron(10)
    )
    return record(case, "64-32-10", sequence, DENSE_INPUT, options, surprising)


def recurrent(case, hidden, output, options, bias=None, surprising=""):
    bias = np.zeros(24, np.float32) if bias is None else bias
    sequence = torch.nn.Sequential(
        linear(RECURRENT[0]), hidden(24, RECURRENT[1], bias), linear(RECURRENT[2]), output(7)
    )
    return record(case, "12-24r-7", sequence, RECURRENT_INPUT, options, surprising)


def leaky_reset(mechanism, delay):
    options = {"reset_mechanism": mechanism, "reset_delay": delay}
    name = f"leaky_{mechanism}_{'delay' if delay else 'nodelay'}"
    return dense(name, partial(leaky, **options), {"beta": 0.9, **options})


def leaky_none():
    options = {"reset_mechanism": "none", "reset_delay": True}
    note = "v is never reset: the neuron spikes at every step in which v > thr"
    return dense("leaky_none", partial(leaky, **options), {"beta": 0.9, **options}, surprising=note)


def leaky_bias():
    options = {"reset_mechanism": "subtract", "reset_delay": True}
    return dense("leaky_bias", partial(leaky, **options), {"beta": 0.9, **options}, BIASES)


def leaky_heterogeneous():
    options = {"reset_mechanism": "subtract", "reset_delay": False}

    def neuron(n):
        beta, threshold = spread(n, 0.5, 0.98), spread(n, 0.6, 1.5)
        return leaky(n, beta, threshold, **options)

    said = {"beta": "0.5 to 0.98, one per neuron", "threshold": "0.6 to 1.5, one per neuron"}
    return dense("leaky_heterogeneous", neuron, {**said, **options})


def leaky_beta_one():
    """beta = 1: the exporter divides by zero."""
    options = {"reset_mechanism": "zero", "reset_delay": False}
    note = "beta = 1 is exported as tau = inf and r = inf: v = v + x"
    neuron = partial(leaky, beta=1.0, **options)
    return dense("leaky_beta_one", neuron, {"beta": 1.0, **options}, surprising=note)


def leaky_beta_zero():
    options = {"reset_mechanism": "subtract", "reset_delay": False}
    note = "beta = 0 is exported as tau = dt: v = x"
    neuron = partial(leaky, beta=0.0, **options)
    return dense("leaky_beta_zero", neuron, {"beta": 0.0, **options}, surprising=note)


def synaptic_reset(mechanism, delay):
    options = {"reset_mechanism": mechanism, "reset_delay": delay}
    name = f"synaptic_{mechanism}_{'delay' if delay else 'nodelay'}"
    said = {"alpha": 0.7, "beta": 0.85, **options}
    return dense(name, partial(synaptic, **options), said)


def rleaky_reset(mechanism, delay, bias=None, name=None):
    options = {"reset_mechanism": mechanism, "reset_delay": delay}
    name = name or f"rleaky_{mechanism}_{'delay' if delay else 'nodelay'}"
    said = {"beta": 0.9, "recurrent bias": bias is not None, **options}
    return recurrent(name, partial(rleaky, **options), partial(leaky, **options), said, bias)


def rleaky_one_to_one():
    import snntorch as snn

    v = spread(24, -0.4, 0.6)
    options = {"reset_mechanism": "subtract", "reset_delay": True}

    def hidden(n, weight, bias):
        return snn.RLeaky(
            beta=tensor(0.9, n),
            V=torch.from_numpy(v),
            all_to_all=False,
            threshold=tensor(1.0, n),
            init_hidden=True,
            **options,
        )

    said = {"beta": 0.9, "all_to_all": False, "V": "-0.4 to 0.6, one per neuron", **options}
    note = "exported as a dense diagonal Linear without bias"
    return recurrent(
        "rleaky_one_to_one", hidden, partial(leaky, **options), said, surprising=note
    )


def rsynaptic_reset(mechanism):
    options = {"reset_mechanism": mechanism, "reset_delay": True}
    said = {"alpha": 0.7, "beta": 0.85, **options}
    return recurrent(
        f"rsynaptic_{mechanism}_delay",
        partial(rsynaptic, **options),
        partial(synaptic, **options),
        said,
        RECURRENT_BIAS if mechanism == "zero" else None,
    )


def conv_subtract(delay):
    options = {"reset_mechanism": "subtract", "reset_delay": delay}

    def neuron(*shape):
        import snntorch as snn

        return snn.Leaky(
            beta=torch.full(shape, 0.9), threshold=torch.ones(shape), init_hidden=True, **options
        )

    sequence = torch.nn.Sequential(
        conv(CONV[0], CONV_BIASES[0], padding=1),
        neuron(4, 12, 12),
        torch.nn.AvgPool2d(2),
        conv(CONV[1], CONV_BIASES[1], padding=1, stride=2),
        neuron(6, 3, 3),
        torch.nn.Flatten(),
        linear(CONV[2]),
        neuron(10),
    )
    name = f"conv_subtract_{'delay' if delay else 'nodelay'}"
    said = {"beta": 0.9, **options}
    model = "2x12x12-c4k3p1-avg2-c6k3s2p1-10, convolutions with bias"
    return record(name, model, sequence, CONV_INPUT, said)


def named(name, function, *args, **kwargs):
    made = partial(function, *args, **kwargs)
    made.__name__ = f"snntorch_{name}"
    return made


def cases():
    both = [(m, d) for m in ("subtract", "zero") for d in (True, False)]
    return [
        *[named(f"leaky_{m}_{d}", leaky_reset, m, d) for m, d in both],
        leaky_none,
        leaky_bias,
        leaky_heterogeneous,
        leaky_beta_one,
        leaky_beta_zero,
        *[named(f"synaptic_{m}_{d}", synaptic_reset, m, d) for m, d in both],
        *[named(f"rleaky_{m}_{d}", rleaky_reset, m, d) for m, d in both],
        named("rleaky_bias", rleaky_reset, "zero", False, RECURRENT_BIAS, "rleaky_bias"),
        rleaky_one_to_one,
        *[named(f"rsynaptic_{m}", rsynaptic_reset, m) for m in ("subtract", "zero")],
        *[named(f"conv_subtract_{d}", conv_subtract, d) for d in (True, False)],
    ]
