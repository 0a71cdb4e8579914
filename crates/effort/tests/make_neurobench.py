#!/usr/bin/env python3
"""Writes data/neurobench.json: what NeuroBench's harness says of drawn spiking networks.

Each network is two layers of weights (dense, or a convolution and a dense one), some of them zero,
each before snnTorch's Leaky with a reset by subtraction; the input is spikes, or numbers. Needs
neurobench, snntorch and torch. The first case is the example of the NeuroBench paper's
documentation: a 3 x 3 matrix of which 4 of 9 operations are effective.
"""

import json
import pathlib

import snntorch as snn
import torch
from neurobench.hooks.layer import LayerHook
from neurobench.hooks.neuron import NeuronHook
from neurobench.metrics.workload import ActivationSparsity, MembraneUpdates, SynapticOperations
from neurobench.metrics.static import ConnectionSparsity

torch.set_grad_enabled(False)
BETA = 0.875


class Fake:
    """What a metric asks of a model."""

    def __init__(self, net):
        self.net = net
        self.connection_hooks = [LayerHook(m) for m in net if hasattr(m, "weight")]
        self.activation_hooks = [NeuronHook(m) for m in net if isinstance(m, snn.SpikingNeuron)]

    def __net__(self):
        return self.net


def leaky():
    return snn.Leaky(beta=BETA, init_hidden=True, reset_mechanism="subtract")


def sparse(layer, share):
    with torch.no_grad():
        # Steps of 1/64, so that every sum is exact in any order.
        w = torch.round(torch.randn_like(layer.weight) * 40) / 64
        layer.weight[:] = torch.where(torch.rand_like(w) < share, torch.zeros_like(w), w)
    return layer


def case(seed):
    torch.manual_seed(seed)
    conv, steps = seed % 3 == 2, 12
    if conv:
        c = dict(stride=1 + seed % 2, padding=seed % 2, bias=False)
        first = sparse(torch.nn.Conv2d(2, 3, 3, **c), 0.4)
        shape = [2, 6, 5]
        out = first(torch.zeros(1, *shape)).shape[1:]
        second = sparse(torch.nn.Linear(out.numel(), 4, bias=False), 0.3)
        net = torch.nn.Sequential(first, leaky(), torch.nn.Flatten(), second, leaky())
    else:
        shape, out = [7], [9]
        first = sparse(torch.nn.Linear(7, 9, bias=False), 0.3)
        second = sparse(torch.nn.Linear(9, 5, bias=False), 0.5)
        net = torch.nn.Sequential(first, leaky(), second, leaky())
    spikes = torch.rand(steps, 1, *shape) < 0.4
    x = spikes.float() if seed % 2 == 0 else torch.round(torch.randn(spikes.shape) * 8) / 8 * spikes
    model = Fake(net)
    operations, sparsity, updates = SynapticOperations(), ActivationSparsity(), MembraneUpdates()
    outs = [net(step) for step in x]
    data = (x[:1].transpose(0, 1), None)
    ops = operations(model, None, data)
    return {
        "conv": dict(kernel=[3, 3], stride=1 + seed % 2, padding=seed % 2, output=list(out)) if conv else None,
        "shape": shape, "beta": BETA, "hidden": list(out), "steps": steps,
        "first": first.weight.detach().flatten().tolist(),
        "second": second.weight.detach().flatten().tolist(), "outputs": second.out_features,
        "input": x.flatten().tolist(),
        "spikes": [int(o.sum()) for o in outs],
        "effective_macs": ops["Effective_MACs"], "effective_acs": ops["Effective_ACs"], "dense": ops["Dense"],
        "activation_sparsity": sparsity(model, None, data),
        "membrane_updates": updates(model, None, data),
        "connection_sparsity": ConnectionSparsity()(model),
    }


def paper():
    layer = torch.nn.Linear(3, 3, bias=False)
    with torch.no_grad():
        layer.weight[:] = torch.tensor([[1.0, 2, 0], [0, 1, 3], [1, 0, 1]])
    x = torch.tensor([[1.0, 1, 0]])
    model = Fake(torch.nn.Sequential(layer))
    model.net(x)
    ops = SynapticOperations()(model, None, (x, None))
    return {"weight": layer.weight.flatten().tolist(), "input": x.flatten().tolist(),
            "effective_acs": ops["Effective_ACs"], "dense": ops["Dense"]}


from importlib.metadata import version

out = {"made_by": f"neurobench {version('neurobench')}, snntorch {version('snntorch')}, make_neurobench.py",
       "small": paper(), "cases": [case(seed) for seed in range(24)]}
path = pathlib.Path(__file__).parent / "data" / "neurobench.json"
path.write_text(json.dumps(out) + "\n")
print(out["small"], {k: v for k, v in out["cases"][0].items() if not isinstance(v, list)})
