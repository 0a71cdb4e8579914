"""Rockpool: LIFTorch (CubaLIF), LIFNeuronTorch and ExpSynTorch; bias and recurrence are not exported."""

import numpy as np
import torch

from .recording import (
    BIASES,
    DENSE,
    DENSE_INPUT,
    RECURRENT,
    RECURRENT_INPUT,
    Recording,
    spread,
)

FRAMEWORK, DISTRIBUTION, IMPORTS = "Rockpool", "rockpool", "rockpool"

DT = 1e-3
CONVENTIONS = (
    "dt = 1e-3; decays are exp(-dt/tau) in float32. LIFTorch: i = (i + x + w_rec z[t-1]) b; "
    "v = v a + i + bias. LIFNeuronTorch: v = v a + x + bias. "
    "n = floor(v/thr) where v >= thr; v -= n thr. ExpSynTorch: i = (i + x) b, output i. "
    "The exported r = tau exp(-dt/tau) / dt, w_in = 1 and v_reset = 0 are not needed; "
    "bias and w_rec are not exported. Input and Output hold the batch and the time axis"
)


def dense(weight, bias=None):
    from rockpool.nn.modules import LinearTorch

    turned = torch.from_numpy(weight.T.copy())
    if bias is None:
        return LinearTorch((weight.shape[1], weight.shape[0]), weight=turned, has_bias=False)
    return LinearTorch(
        (weight.shape[1], weight.shape[0]), weight=turned, bias=torch.from_numpy(bias.copy())
    )


def lif(n, **options):
    from rockpool.nn.modules import LIFTorch

    options = {"tau_mem": 20e-3, "tau_syn": 10e-3, "threshold": 1.0, "bias": 0.0, **options}
    return LIFTorch(n, dt=DT, **options)


def lif_neuron(n, **options):
    from rockpool.nn.modules import LIFNeuronTorch

    return LIFNeuronTorch(n, dt=DT, **{"tau_mem": 20e-3, "threshold": 1.0, **options})


def record(case, model, layers, x, options, surprising=""):
    from rockpool.nn.combinators import Sequential
    from rockpool.nn.modules.torch.nir import to_nir

    sequence = Sequential(*layers)
    with torch.no_grad():
        y = torch.from_numpy(x.astype(np.float32)).unsqueeze(0)
        _, _, recorded = sequence(y, record=True)
    spiked, v = {}, {}
    for i, layer in enumerate(layers):
        name = f"{i}_{type(layer).__name__}"
        states = recorded[name]
        if "vmem" in states:
            v[name], spiked[name] = states["vmem"][0].numpy(), states["spikes"][0].numpy()
        elif name.endswith("ExpSynTorch"):
            v[name] = recorded[f"{name}_output"][0].numpy()
    return Recording(
        case=f"rockpool_{case}",
        model=model,
        dt=DT,
        options=options,
        conventions=CONVENTIONS,
        inputs=x,
        spikes=spiked,
        potentials=v,
        graph=to_nir(sequence),
        surprising=surprising,
        tolerance=1e-3,
    )


def two_layers(case, make, options, surprising="", gain=1.0, biases=(None, None)):
    layers = [
        dense(DENSE[0] * gain, biases[0]),
        make(32),
        dense(DENSE[1] * gain, biases[1]),
        make(10),
    ]
    return record(case, "64-32-10", layers, DENSE_INPUT, options, surprising)


def cuba():
    options = {"tau_mem": 20e-3, "tau_syn": 10e-3}
    return two_layers("cuba", lambda n: lif(n, **options), options, gain=0.25)


def cuba_taus():
    def make(n):
        return lif(
            n,
            tau_mem=torch.from_numpy(spread(n, 5e-3, 40e-3)),
            tau_syn=torch.from_numpy(spread(n, 2e-3, 20e-3)).unsqueeze(1),
            threshold=0.75,
        )

    said = {"tau_mem": "5 to 40 ms, one per neuron", "tau_syn": "2 to 20 ms", "threshold": 0.75}
    return two_layers("cuba_taus", make, said, gain=0.25)


def cuba_bias():
    options = {"bias": 0.0625}
    note = "the neurons' bias is not exported: v_leak is written as 0"
    return two_layers("cuba_bias", lambda n: lif(n, **options), options, note, gain=0.25)


def cuba_recurrent():
    w_rec = RECURRENT[1] * np.float32(0.125)
    taus = {"tau_mem": 5e-3, "tau_syn": 2e-3}
    layers = [
        dense(RECURRENT[0] * 0.5),
        lif(24, has_rec=True, w_rec=torch.from_numpy(w_rec.T.copy()), **taus),
        dense(RECURRENT[2] * 0.25),
        lif(7, **taus),
    ]
    note = (
        "has_rec: w_rec is silently left out of the file, which holds a feed-forward network; "
        "w_rec is in the npz (targets, sources)"
    )
    said = {"has_rec": True, **taus}
    made = record("cuba_recurrent", "12-24r-7", layers, RECURRENT_INPUT, said, note)
    made.arrays["w_rec"] = w_rec
    return made


def lif_neuron_taus():
    def make(n):
        return lif_neuron(n, tau_mem=torch.from_numpy(spread(n, 3e-3, 50e-3)), threshold=0.8)

    said = {"tau_mem": "3 to 50 ms, one per neuron", "threshold": 0.8}
    return two_layers("lif_neuron_taus", make, said, biases=BIASES)


def lif_neuron_many_spikes():
    options = {"tau_mem": 10e-3, "threshold": 0.25}
    note = "several spikes a step"
    return two_layers("lif_neuron_many_spikes", lambda n: lif_neuron(n, **options), options, note)


def lif_neuron_max_spikes():
    options = {"tau_mem": 10e-3, "threshold": 0.25, "max_spikes_per_dt": torch.tensor(1.0)}
    said = {"tau_mem": 10e-3, "threshold": 0.25, "max_spikes_per_dt": 1}
    note = "at most one spike a step, the rest of v stays; not exported"
    return two_layers("lif_neuron_max_spikes", lambda n: lif_neuron(n, **options), said, note)


def exp_syn_readout():
    from rockpool.nn.modules import ExpSynTorch

    readout = ExpSynTorch(10, tau=torch.full((10,), 15e-3), dt=DT)
    readout.tau.requires_grad_(False)  # the exporter forgets to detach it
    layers = [dense(DENSE[0]), lif_neuron(32), dense(DENSE[1]), readout]
    said = {"hidden": "LIFNeuronTorch tau_mem 20 ms", "output": "ExpSynTorch tau 15 ms"}
    note = "exported as LI; the output i = (i + x) exp(-dt/tau) does not spike"
    return record("exp_syn_readout", "64-32-10", layers, DENSE_INPUT, said, note)


def cases():
    return [
        cuba,
        cuba_taus,
        cuba_bias,
        cuba_recurrent,
        lif_neuron_taus,
        lif_neuron_many_spikes,
        lif_neuron_max_spikes,
        exp_syn_readout,
    ]
