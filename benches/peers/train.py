"""Striatum's trainer and snnTorch on the same data, network, optimiser, batch and epochs, in one run.

    train.py DESCRIPTION.toml --striatum BINARY [--rounds 3] [--epochs 2] [--threads 2]
             [--accuracy SEED,SEED,..] [--as-taught]

BINARY is `cargo build --release -p train --example train` (target/release/examples/train).
Each round trains both for some epochs, one after the other, and tells seconds of training per
epoch, validation left out. `--accuracy` trains both in full for each seed and tells the accuracy of
the epoch that was best on the validation part, on the test part.
What is constant over the steps is computed once for snnTorch too, unless `--as-taught`, which calls
the first map in every step as its tutorials do.
"""

import argparse
import os
import re
import subprocess
import sys
import time
import tomllib

parser = argparse.ArgumentParser()
parser.add_argument("description")
parser.add_argument("--striatum", required=True)
parser.add_argument("--rounds", type=int, default=3)
parser.add_argument("--epochs", type=int, default=2)
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--accuracy", default="")
parser.add_argument("--as-taught", action="store_true")
arguments = parser.parse_args()

import math

import numpy as np
import snntorch as snn
import torch
from snntorch import surrogate
from torch import nn
from torch.nn import functional as F

torch.set_num_threads(arguments.threads)
here = os.path.dirname(os.path.abspath(arguments.description))
config = tomllib.load(open(arguments.description, "rb"))


def splitmix(state):
    mask = (1 << 64) - 1
    state = (state + 0x9E3779B97F4A7C15) & mask
    z = state
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
    return state, z ^ (z >> 31)


def permutation(n, seed):
    """The split of `train::Dataset::split`."""
    mask = (1 << 64) - 1
    state, first = splitmix(seed)
    state = first ^ 0
    state, _ = splitmix(state)
    order = list(range(n))
    for last in range(n - 1, 0, -1):
        state, drawn = splitmix(state)
        at = (drawn * (last + 1)) >> 64
        order[last], order[at] = order[at], order[last]
    return np.array(order)


data = config["data"]
arrays = np.load(os.path.join(here, data["path"]))
x = torch.tensor(arrays[data.get("x", "x")].astype(np.float32)) * data.get("scale", 1.0)
y = torch.tensor(arrays[data.get("y", "y")].astype(np.int64))
x = x.reshape(len(y), *data.get("shape", x.shape[1:]))
order = permutation(len(y), data.get("split_seed", 0))
test = order[len(y) - data["test"] :]
validation = order[len(y) - data["test"] - data["validation"] : len(y) - data["test"]]
training = order[: len(y) - data["test"] - data["validation"]]
steps = config["encoder"]["steps"]
assert config["encoder"]["kind"] == "direct"
batch = config["training"]["batch"]
slope = config.get("surrogate", {}).get("slope", 25.0)
kind = config.get("surrogate", {}).get("kind", "fast_sigmoid")
spike_grad = surrogate.fast_sigmoid(slope) if kind == "fast_sigmoid" else surrogate.atan(slope)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        shape, layers = list(x.shape[1:]), []
        for layer in config["layers"]:
            match layer["kind"]:
                case "linear":
                    layers.append(nn.Linear(shape[0], layer["features"]))
                    shape = [layer["features"]]
                case "conv2d":
                    k, s, p = layer["kernel"], layer.get("stride", 1), layer.get("padding", 0)
                    bias = layer.get("bias", True)
                    layers.append(nn.Conv2d(shape[0], layer["channels"], k, s, p, bias=bias))
                    shape = [layer["channels"]] + [(n + 2 * p - k) // s + 1 for n in shape[1:]]
                case "avg_pool2d":
                    layers.append(nn.AvgPool2d(layer["kernel"]))
                    shape = [shape[0]] + [n // layer["kernel"] for n in shape[1:]]
                case "batch_norm":
                    layers.append(nn.BatchNorm2d(shape[0]) if len(shape) > 1 else nn.BatchNorm1d(shape[0]))
                case "dropout":
                    layers.append(nn.Dropout(layer["share"]))
                case "flatten":
                    layers.append(nn.Flatten())
                    shape = [math.prod(shape)]
                case "lif":
                    layers.append(snn.Leaky(beta=layer["beta"], threshold=layer.get("threshold", 1.0), spike_grad=spike_grad))
                case other:
                    sys.exit(f"layer {other} is not compared")
        self.layers = nn.ModuleList(layers)
        first = next(i for i, l in enumerate(layers) if isinstance(l, snn.Leaky))
        self.constant = 0 if arguments.as_taught else first

    def forward(self, x):
        for layer in self.layers[: self.constant]:
            x = layer(x)
        memories = {i: l.init_leaky() for i, l in enumerate(self.layers) if isinstance(l, snn.Leaky)}
        out = []
        for _ in range(steps):
            v = x
            for i, layer in enumerate(self.layers):
                if i < self.constant:
                    continue
                if i in memories:
                    v, memories[i] = layer(v, memories[i])
                else:
                    v = layer(v)
            out.append(v)
        return torch.stack(out)


def varied(images):
    a = config.get("augmentation")
    if a is None or images.dim() != 4:
        return images
    n, _, h, w = images.shape
    draw = lambda most: (torch.rand(n) * 2 - 1) * most
    angle, zoom = draw(math.radians(a.get("rotation_degrees", 0))), 1 / (1 + draw(a.get("scale", 0)))
    shear = draw(a.get("shear", 0))
    cos, sin = angle.cos(), angle.sin()
    matrix = torch.stack(
        [
            torch.stack([zoom * (cos - shear * sin), -zoom * sin, draw(a.get("shift_pixels", 0)) * 2 / w], 1),
            torch.stack([zoom * (sin + shear * cos), zoom * cos, draw(a.get("shift_pixels", 0)) * 2 / h], 1),
        ],
        1,
    )
    return F.grid_sample(images, F.affine_grid(matrix, images.shape, align_corners=False), align_corners=False)


def accuracy(net, rows):
    net.eval()
    right, loss = 0, 0.0
    with torch.no_grad():
        for at in range(0, len(rows), 250):
            part = rows[at : at + 250]
            counts = net(x[part]).sum(0)
            right += (counts.argmax(1) == y[part]).sum().item()
            loss += F.cross_entropy(counts * scale, y[part], reduction="sum").item()
    net.train()
    return right / len(rows), loss / len(rows)


scale = config["loss"].get("scale", 1.0)
assert config["loss"]["kind"] == "rate"
total = config["training"]["epochs"]


def optimiser_of(net):
    o = config["optimiser"]
    if o["kind"] == "adam":
        return torch.optim.Adam(net.parameters(), lr=o["rate"])
    if o["kind"] == "adamw":
        return torch.optim.AdamW(net.parameters(), lr=o["rate"], weight_decay=o.get("weight_decay", 0.01))
    return torch.optim.SGD(net.parameters(), lr=o["rate"], momentum=o.get("momentum", 0.0))


def train(epochs, seed, judge):
    torch.manual_seed(seed)
    net = Net()
    optimiser = optimiser_of(net)
    batches = -(-len(training) // batch)
    cosine = config.get("schedule", {}).get("kind") == "cosine"
    seconds, best = [], None
    for epoch in range(epochs):
        began = time.perf_counter()
        rows = training[torch.randperm(len(training)).numpy()]
        for number, at in enumerate(range(0, len(rows), batch)):
            part = rows[at : at + batch]
            if cosine:
                over = epoch + (number + 1) / batches
                for group in optimiser.param_groups:
                    group["lr"] = config["optimiser"]["rate"] * 0.5 * (1 + math.cos(math.pi * over / total))
            loss = F.cross_entropy(net(varied(x[part])).sum(0) * scale, y[part])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        seconds.append(time.perf_counter() - began)
        if judge:
            found = accuracy(net, validation)
            if best is None or (found[0], -found[1]) > (best[0][0], -best[0][1]):
                best = (found, accuracy(net, test)[0])
    return seconds, best


def striatum(epochs, seed=None):
    command = [arguments.striatum, arguments.description, str(arguments.threads), str(epochs)]
    if seed is not None:
        command.append(str(seed))
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    seconds = [float(s) for s in re.findall(r"([\d.]+) s(?: \*)?$", said, re.M)]
    test = re.search(r"^test ([\d.]+)", said, re.M)
    return seconds, float(test.group(1))


if arguments.rounds:
    ours, theirs = [], []
    for round in range(arguments.rounds):
        a = striatum(arguments.epochs)[0]
        b = train(arguments.epochs, round, False)[0]
        ours += a
        theirs += b
        print(f"round {round + 1}: striatum {np.median(a):.3f} s per epoch, snntorch {np.median(b):.3f} s", flush=True)
    a, b = np.median(ours), np.median(theirs)
    print(f"median of {len(ours)} epochs: striatum {a:.3f} s, snntorch {b:.3f} s, {b / a:.2f} times")

seeds = [int(seed) for seed in arguments.accuracy.split(",") if seed]
results = []
for seed in seeds:
    seconds, test_accuracy = striatum(total, seed)
    peer_seconds, best = train(total, seed, True)
    results.append((test_accuracy, best[1], sum(seconds), sum(peer_seconds)))
    print(
        f"seed {seed}: striatum {test_accuracy:.4f} in {sum(seconds):.1f} s, "
        f"snntorch {best[1]:.4f} in {sum(peer_seconds):.1f} s",
        flush=True,
    )
if results:
    mean = np.array(results).mean(0)
    spread = np.array(results).std(0, ddof=1) if len(results) > 1 else np.zeros(4)
    print(f"mean and deviation of {len(results)} seeds: striatum {mean[0]:.4f} +- {spread[0]:.4f}, snntorch {mean[1]:.4f} +- {spread[1]:.4f}")
    print(f"training: striatum {mean[2]:.1f} s, snntorch {mean[3]:.1f} s, {mean[3] / mean[2]:.2f} times")
