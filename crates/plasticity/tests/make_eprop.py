#!/usr/bin/env python3
"""Writes data/eprop.json and data/eprop_adaptive.json: gradients by PyTorch's autograd of a small
recurrent spiking network, the second with neurons whose threshold rises.

The path through other neurons' spikes and through the reset is cut (`detach`), which is what e-prop
computes online (Bellec et al. 2020); a threshold's path through its own neuron's spikes is followed.
Needs torch; only the code that made it is ours.
"""

import json
import math
import pathlib

import torch

torch.manual_seed(5)
torch.set_default_dtype(torch.float64)
N_IN, N, K, STEPS = 6, 9, 3, 40
ALPHA, KAPPA, THRESHOLD, GAMMA = math.exp(-1 / 20), math.exp(-1 / 15), 0.6, 0.3


class Spike(torch.autograd.Function):
    @staticmethod
    def forward(ctx, v):
        ctx.save_for_backward(v)
        return (v > THRESHOLD).double()

    @staticmethod
    def backward(ctx, grad):
        (v,) = ctx.saved_tensors
        return grad * GAMMA / THRESHOLD * torch.clamp(1 - (v / THRESHOLD - 1).abs(), min=0)


f32 = lambda t: t.float().double()
w = f32(torch.randn(N, N_IN + N) * 0.35)
w[torch.arange(N), N_IN + torch.arange(N)] = 0
u, b = f32(torch.randn(K, N) * 0.4), f32(torch.randn(K) * 0.1)
for t in (w, u, b):
    t.requires_grad_()
x = (torch.rand(STEPS, N_IN) < 0.25).double()
v, z, y, loss, spikes = torch.zeros(N), torch.zeros(N), torch.zeros(K), 0, 0
for t in range(STEPS):
    v = ALPHA * v + w @ torch.cat([x[t], z.detach()]) - THRESHOLD * z.detach()
    z = Spike.apply(v)
    y = KAPPA * y + u @ z + b
    loss = loss - torch.log_softmax(y, 0)[1]
    spikes += int(z.sum())
loss.backward()
out = {
    "made_by": f"torch {torch.__version__}, make_eprop.py", "class": 1, "tau_mem": 20, "tau_out": 15,
    "n": N, "input": [row.nonzero().flatten().tolist() for row in x],
    "neurons": w.flatten().tolist(), "readout": u.flatten().tolist(), "bias": b.tolist(),
    "loss": float(loss), "spikes": spikes,
    "d_neurons": w.grad.flatten().tolist(), "d_readout": u.grad.flatten().tolist(), "d_bias": b.grad.tolist(),
}
(pathlib.Path(__file__).parent / "data" / "eprop.json").write_text(json.dumps(out) + "\n")
print(out["loss"], spikes)

# The first ADAPTIVE neurons adapt; the first SILENT steps teach nothing.
ADAPTIVE, BETA, RHO, SILENT = 5, 0.4, math.exp(-1 / 12), 4


class Fires(torch.autograd.Function):
    @staticmethod
    def forward(ctx, v, level):
        ctx.save_for_backward(v, level)
        return (v > level).double()

    @staticmethod
    def backward(ctx, grad):
        v, level = ctx.saved_tensors
        psi = GAMMA / THRESHOLD * torch.clamp(1 - ((v - level) / THRESHOLD).abs(), min=0)
        return grad * psi, -grad * psi


def run():
    v, z, a, y, loss, count = torch.zeros(N), torch.zeros(N), torch.zeros(N), torch.zeros(K), 0, 0
    beta = torch.where(torch.arange(N) < ADAPTIVE, BETA, 0.0)
    for t in range(STEPS):
        a = RHO * a + z
        v = ALPHA * v + w @ torch.cat([x[t], z.detach()]) - THRESHOLD * z.detach()
        z = Fires.apply(v, THRESHOLD + beta * a)
        y = KAPPA * y + u @ z + b
        if t >= SILENT:
            loss = loss - torch.log_softmax(y, 0)[1]
        count = count + z
    return loss, count


f = lambda t: t.flatten().tolist()
loss, count = run()
d_w, d_u, d_b = torch.autograd.grad(loss, (w, u, b))
(d_spikes,) = torch.autograd.grad(run()[1].sum(), w)
adaptive = {
    "made_by": out["made_by"], "adaptive": ADAPTIVE, "beta": BETA, "tau": 12, "silent": SILENT,
    "loss": float(loss), "spikes": f(count.detach()), "d_neurons": f(d_w), "d_readout": f(d_u),
    "d_bias": f(d_b), "d_spikes": f(d_spikes),
}
(pathlib.Path(__file__).parent / "data" / "eprop_adaptive.json").write_text(json.dumps(adaptive) + "\n")
print(float(loss), count.tolist())
