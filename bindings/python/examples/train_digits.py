"""Trains the digits network in snnTorch, exports it as NIR and records what it computes.

    python train_digits.py --data mnist_9000.npz [--models models/digits] [--fixtures FOLDER]

A network of 784-256-10 leaky neurons sees a digit for 32 steps; the output neuron that spikes most
often names the digit.  Everything that a runtime needs in order to give the very same spike counts
is chosen so that it can:

- the code of the input is deterministic, in float32 (`rate_code` below is all of it);
- the trained weights are rounded to multiples of 1/1024, so that sums of spikes' weights are exact
  in float32 in any order; the accuracy is measured after rounding;
- the decay is 0.9375, which float32 holds exactly.

Needs torch, snntorch 1.0.0 and nir; three to ten minutes on one core.
"""

import argparse
import pathlib

import numpy as np
import snntorch as snn
import torch
from snntorch import surrogate
from snntorch.export_nir import export_to_nir

ROOT = pathlib.Path(__file__).resolve().parents[3]
STEPS = 32
BETA = 0.9375
WEIGHT_STEP = 1 / 1024


def rate_code(n_steps=STEPS):
    """Spikes of the 256 grey values, (256, n_steps).

    Each step the accumulator grows by value / 255; at 1 or more it spikes and loses 1."""
    p = np.arange(256, dtype=np.float32) / np.float32(255)
    a, spikes = np.zeros(256, np.float32), np.zeros((256, n_steps), np.float32)
    for t in range(n_steps):
        a = a + p
        spikes[:, t] = a >= 1
        a = a - spikes[:, t]
    return spikes


def encode(images, code):
    """Images (B, 28, 28) uint8 -> spikes (steps, B, 784)."""
    return code[images.reshape(len(images), -1).long()].permute(2, 0, 1)


def leaky(n):
    """One decay per neuron: snnTorch's exporter cannot infer a layer's size from a scalar."""
    return snn.Leaky(
        beta=torch.full((n,), BETA),
        threshold=torch.ones(n),
        reset_mechanism="zero",
        reset_delay=False,
        spike_grad=surrogate.atan(alpha=2.0),
        init_hidden=True,
    )


def network():
    return torch.nn.Sequential(
        torch.nn.Linear(784, 256, bias=False),
        leaky(256),
        torch.nn.Linear(256, 10, bias=False),
        leaky(10),
    )


def counts(net, spikes, dropout=0.0):
    """Output spikes summed over the steps, (B, 10)."""
    first, hidden, last, output = net
    for layer in (hidden, output):
        layer.reset_mem()
    keep = torch.ones(spikes.shape[1], 256)
    keep = torch.nn.functional.dropout(keep, dropout, training=dropout > 0)
    current, total = first(spikes), 0
    for t in range(len(spikes)):
        total = total + output(last(hidden(current[t]) * keep))
    return total


def shifted(images):
    """Each batch moved by up to two pixels either way."""
    dy, dx = torch.randint(-2, 3, (2,)).tolist()
    return torch.roll(images, (dy, dx), (1, 2))


def train(net, images, labels, code, n_epochs):
    optimizer = torch.optim.Adam(net.parameters(), lr=2e-3)
    n_batches = len(images) // 64
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 4e-3, total_steps=n_epochs * n_batches)
    for epoch in range(n_epochs):
        order, losses = torch.randperm(len(images)), []
        for batch in order[: n_batches * 64].split(64):
            total = counts(net, encode(shifted(images[batch]), code), dropout=0.2)
            loss = torch.nn.functional.cross_entropy(total, labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            losses.append(loss.item())
        print(f"epoch {epoch + 1}: loss {np.mean(losses):.4f}", flush=True)


@torch.no_grad()
def predict(net, images, code):
    """Counts of all images, and the class of each: most spikes, the lowest label in a tie."""
    total = torch.cat([counts(net, encode(part, code)) for part in images.split(250)]).numpy()
    return total.astype(np.uint8), total.argmax(1).astype(np.uint8)


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--data", required=True, help="npz with x (N, 28, 28) uint8 and y (N,)")
    options.add_argument("--models", type=pathlib.Path, default=ROOT / "models/digits")
    options.add_argument(
        "--fixtures", type=pathlib.Path, default=ROOT / "crates/nir/tests/fixtures/digits"
    )
    options.add_argument("--epochs", type=int, default=30)
    options.add_argument("--seed", type=int, default=7)
    args = options.parse_args()

    torch.manual_seed(args.seed)
    data = np.load(args.data)
    order = np.random.default_rng(args.seed).permutation(len(data["x"]))
    seen, held_out = order[:8000], order[8000:9000]
    images, labels = torch.from_numpy(data["x"]), torch.from_numpy(data["y"]).long()
    code, net = torch.from_numpy(rate_code()), network()

    train(net, images[seen], labels[seen], code, args.epochs)
    for layer in (net[0], net[2]):
        layer.weight.data = (layer.weight.data / WEIGHT_STEP).round() * WEIGHT_STEP
    total, classes = predict(net, images[held_out], code)
    accuracy = float((classes == data["y"][held_out]).mean())
    _, seen_classes = predict(net, images[seen], code)
    print(f"held out: {accuracy:.1%}, seen: {(seen_classes == data['y'][seen]).mean():.1%}")

    (args.models / "1").mkdir(parents=True, exist_ok=True)
    args.fixtures.mkdir(parents=True, exist_ok=True)
    import nir

    for layer in (net[1], net[3]):
        layer.reset_mem()
    nir.write(args.models / "1/model.nir", export_to_nir(net, torch.zeros(1, 784), ignore_dims=[0]))
    np.savez_compressed(
        args.models / "heldout.npz", images=data["x"][held_out], labels=data["y"][held_out]
    )
    np.savez_compressed(
        args.fixtures / "snntorch_counts.npz", counts=total, classes=classes
    )
    np.savez_compressed(args.fixtures / "rate_code.npz", spikes=rate_code().astype(np.uint8))


if __name__ == "__main__":
    main()
