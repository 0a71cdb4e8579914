#!/usr/bin/env python3
"""BindsNET's network of Diehl and Cook on the samples that our example learns, timed.

    unsupervised.py MNIST.npz [--train N] [--test N] [--seed S]

Reads the same file as `cargo run --release -p plasticity --example unsupervised`, and splits it in
the same sizes (8,000 to learn, 1,000 held out, drawn by numpy). One pass with learning, 400 neurons,
100 steps of 1 ms a sample; then the answers to the learned samples name the neurons, and the held-out
ones are answered. Needs bindsnet==0.3.4 and torch (CPU). Prints one line of JSON.
"""

import argparse
import json
import time

import numpy as np
import torch
from bindsnet.models import DiehlAndCook2015
from bindsnet.network.monitors import Monitor

parser = argparse.ArgumentParser()
parser.add_argument("mnist")
parser.add_argument("--train", type=int, default=8000)
parser.add_argument("--test", type=int, default=1000)
parser.add_argument("--label", type=int, default=8000, help="learned samples that name the neurons")
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--steps", type=int, default=100)
args = parser.parse_args()
torch.manual_seed(args.seed)
torch.set_num_threads(1)

data = np.load(args.mnist)
order = np.random.default_rng(args.seed).permutation(len(data["x"]))
x = torch.from_numpy(data["x"][order].reshape(-1, 784) / 255.0).float()
y = torch.from_numpy(data["y"][order].astype(np.int64))
held = slice(len(x) - args.test, len(x))

network = DiehlAndCook2015(
    n_inpt=784, n_neurons=400, exc=22.5, inh=120, dt=1.0, norm=78.4, nu=(1e-4, 1e-2),
    theta_plus=0.05, inpt_shape=(784,),
)
network.add_monitor(Monitor(network.layers["Ae"], ["s"], time=args.steps), "spikes")


def show(image, learns):
    network.train(learns)
    # As PoissonEncoder at an intensity of 128 Hz, by one Bernoulli draw a step.
    spikes = (torch.rand(args.steps, 784) < image * 0.128).byte()
    network.run(inputs={"X": spikes.view(args.steps, 1, 784)}, time=args.steps)
    counts = network.monitors["spikes"].get("s").float().sum(0).view(-1)
    network.reset_state_variables()
    return counts


begin = time.perf_counter()
total = 0.0
for k in range(args.train):
    total += float(show(x[k], True).sum())
learned = time.perf_counter() - begin

answers, seen = torch.zeros(400, 10), torch.zeros(10)
for k in range(args.label):
    answers[:, y[k]] += show(x[k], False)
    seen[y[k]] += 1
names = (answers / seen.clamp(min=1)).argmax(1)
members = torch.zeros(10, 400)
members[names, torch.arange(400)] = 1.0
members /= members.sum(1, keepdim=True).clamp(min=1)
right = sum(int((members @ show(image, False)).argmax() == label)
            for image, label in zip(x[held], y[held]))
print(json.dumps({
    "peer": "bindsnet 0.3.4", "seed": args.seed, "accuracy": right / args.test,
    "ms_per_sample_learning": 1e3 * learned / args.train, "spikes_per_sample": total / args.train,
}))
