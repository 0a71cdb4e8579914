"""Writes tests/gradients.json: gradients of small networks as snnTorch and torch compute them.

    python make_gradients.py     (torch 2.15, snntorch 1.0; a virtual environment of the peers)

Weights, inputs and labels are drawn here with a fixed seed; spikes are snnTorch's, the reset is
detached as there. Each case is a description of one batch and what came out.
"""

import json
import os

import snntorch as snn
import torch
from snntorch import surrogate
from torch import nn
from torch.nn import functional as F

torch.manual_seed(7)
torch.set_num_threads(1)
STEPS, SAMPLES = 6, 8
cases = []


def grads(kind, reset):
    return {
        "fast_sigmoid": surrogate.fast_sigmoid(slope=5.0),
        "arctan": surrogate.atan(alpha=2.0),
    }[kind]


def case(name, layers, toml, shape, kind, slope, recurrent=False):
    x = torch.rand(SAMPLES, *shape)
    y = torch.arange(SAMPLES) % 2
    net = nn.ModuleList(layers)
    with torch.no_grad():
        for parameter in net.parameters():
            if parameter.dim() > 1:
                parameter.mul_(4.0)
    memories = {}
    out = []
    for i, l in enumerate(net):
        if isinstance(l, snn.RLeaky):
            memories[i] = l.init_rleaky()
        elif isinstance(l, snn.Synaptic):
            memories[i] = l.init_synaptic()
        elif isinstance(l, snn.Leaky):
            memories[i] = l.init_leaky()
    for _ in range(STEPS):
        v = x
        for i, l in enumerate(net):
            if isinstance(l, snn.RLeaky):
                spk, mem = l(v, *memories[i])
                memories[i] = (spk, mem)
                v = spk
            elif isinstance(l, snn.Synaptic):
                spk, syn, mem = l(v, *memories[i])
                memories[i] = (syn, mem)
                v = spk
            elif isinstance(l, snn.Leaky):
                v, memories[i] = l(v, memories[i])
            else:
                v = l(v)
        out.append(v)
    counts = torch.stack(out).sum(0)
    loss = F.cross_entropy(counts, y)
    loss.backward()
    named = [(n, p) for n, p in net.named_parameters() if p.grad is not None]
    assert counts.sum() > 0 and all(p.grad.abs().max() > 0 for _, p in named), (name, counts.sum())
    flat = lambda t: [float(v) for v in t.detach().flatten()]
    cases.append(
        {
            "name": name,
            "layers": toml,
            "steps": STEPS,
            "shape": shape,
            "surrogate": f'kind = "{kind}"\nslope = {slope}',
            "x": flat(x),
            "y": [int(v) for v in y],
            "parameters": [{"shape": list(p.shape), "values": flat(p), "gradient": flat(p.grad)} for _, p in named],
            "loss": float(loss),
            "counts": flat(counts),
        }
    )


LIF = '[[layers]]\nkind = "lif"\nbeta = 0.9\n'
OUT = '[[layers]]\nkind = "linear"\nfeatures = 2\n' + LIF


def lif(kind, slope, **more):
    g = surrogate.fast_sigmoid(slope=slope) if kind == "fast_sigmoid" else surrogate.atan(alpha=slope)
    return snn.Leaky(beta=0.9, spike_grad=g, **more)


for kind, slope in (("fast_sigmoid", 5.0), ("arctan", 2.0)):
    case(
        f"dense, {kind}",
        [nn.Linear(5, 7), lif(kind, slope), nn.Linear(7, 2), lif(kind, slope)],
        '[[layers]]\nkind = "linear"\nfeatures = 7\n' + LIF + OUT,
        [5],
        kind,
        slope,
    )
case(
    "convolutions",
    [
        nn.Conv2d(1, 3, 3, 2, 1),
        lif("fast_sigmoid", 5.0),
        nn.Conv2d(3, 4, 3, 1, 1),
        lif("fast_sigmoid", 5.0),
        nn.AvgPool2d(2),
        nn.Flatten(),
        nn.Linear(16, 2),
        lif("fast_sigmoid", 5.0),
    ],
    '[[layers]]\nkind = "conv2d"\nchannels = 3\nkernel = 3\nstride = 2\npadding = 1\n'
    + LIF
    + '[[layers]]\nkind = "conv2d"\nchannels = 4\nkernel = 3\npadding = 1\n'
    + LIF
    + '[[layers]]\nkind = "avg_pool2d"\nkernel = 2\n[[layers]]\nkind = "flatten"\n'
    + OUT,
    [1, 8, 8],
    "fast_sigmoid",
    5.0,
)
grad = surrogate.fast_sigmoid(slope=5.0)
case(
    "synaptic",
    [nn.Linear(5, 7), snn.Synaptic(alpha=0.7, beta=0.8, spike_grad=grad), nn.Linear(7, 2), lif("fast_sigmoid", 5.0)],
    '[[layers]]\nkind = "linear"\nfeatures = 7\n[[layers]]\nkind = "cuba_lif"\nalpha = 0.7\nbeta = 0.8\n' + OUT,
    [5],
    "fast_sigmoid",
    5.0,
)
recurrent = snn.RLeaky(beta=0.9, linear_features=7, spike_grad=grad)
recurrent.recurrent.bias = None
case(
    "recurrent",
    [nn.Linear(5, 7), recurrent, nn.Linear(7, 2), lif("fast_sigmoid", 5.0)],
    '[[layers]]\nkind = "linear"\nfeatures = 7\n[[layers]]\nkind = "lif"\nbeta = 0.9\nrecurrent = true\n' + OUT,
    [5],
    "fast_sigmoid",
    5.0,
)

# The optimisers, three steps on w^2 / 2 from 1.
optimisers = {}
for name, make in {
    "adam": lambda p: torch.optim.Adam(p, lr=0.1),
    "adamw": lambda p: torch.optim.AdamW(p, lr=0.1, weight_decay=0.1),
    "sgd": lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, weight_decay=0.01),
}.items():
    w = torch.ones(1, requires_grad=True)
    optimiser = make([w])
    for _ in range(3):
        optimiser.zero_grad()
        (w * w / 2).sum().backward()
        optimiser.step()
    optimisers[name] = float(w)
print(optimisers)

here = os.path.dirname(os.path.abspath(__file__))
made = {"torch": torch.__version__, "snntorch": snn.__version__, "cases": cases}
with open(os.path.join(here, "gradients.json"), "w") as file:
    json.dump(made, file, separators=(",", ":"))
    file.write("\n")
