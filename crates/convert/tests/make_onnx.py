"""Trains two small networks on MNIST and exports them to ONNX, with what onnxruntime answers.

    python crates/convert/tests/make_onnx.py ../shared/data/mnist/mnist_9000.npz

Needs torch, onnx, onnxscript and onnxruntime. Writes crates/convert/tests/data/{conv,mlp}.onnx and
reference.npz. Of a permutation by seed 7 the first 7,000 digits train, the next 1,000 choose the
epoch that is kept, and the last 1,000 are held out and seen only once, for the line that is printed.
"""

import io
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from torch import nn

HERE = Path(__file__).parent / "data"
EPOCHS = 25


def conv():
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU(), nn.AvgPool2d(2),
        nn.Conv2d(8, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.AvgPool2d(2),
        nn.Conv2d(16, 32, 3, stride=2, padding=1, groups=2), nn.BatchNorm2d(32), nn.ReLU(),
        nn.Flatten(), nn.Dropout(0.2), nn.Linear(512, 40), nn.ReLU(), nn.Linear(40, 10),
    )


def mlp():
    return nn.Sequential(
        nn.Flatten(), nn.Linear(784, 40), nn.BatchNorm1d(40), nn.ReLU(), nn.Dropout(0.1),
        nn.Linear(40, 32), nn.ReLU6(), nn.Linear(32, 10), nn.LogSoftmax(1),
    )


def shifted(x, generator):
    """Each image moved by up to two pixels."""
    padded = nn.functional.pad(x, (2, 2, 2, 2))
    dy, dx = torch.randint(0, 5, (2,), generator=generator).tolist()
    return padded[:, :, dy:dy + 28, dx:dx + 28]


def train(net, x, y, valid_x, valid_y, generator):
    loss_of = nn.CrossEntropyLoss()
    optimiser = torch.optim.Adam(net.parameters(), 3e-3, weight_decay=1e-5)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, EPOCHS)
    best = (-1.0, None)
    for _ in range(EPOCHS):
        net.train()
        for part in torch.randperm(len(x), generator=generator).split(64):
            optimiser.zero_grad()
            loss_of(net(shifted(x[part], generator)), y[part]).backward()
            optimiser.step()
        schedule.step()
        right = accuracy(net, valid_x, valid_y)
        if right > best[0]:
            best = (right, {k: v.clone() for k, v in net.state_dict().items()})
    net.load_state_dict(best[1])
    return best[0]


def accuracy(net, x, y):
    net.eval()
    with torch.no_grad():
        return (net(x).argmax(1) == y).float().mean().item()


PORTS = {"input_names": ["image"], "output_names": ["scores"]}


def classic(net, x):
    """By the TorchScript exporter, which leaves batch norms what they are when told to."""
    file = io.BytesIO()
    torch.onnx.export(
        net, (x,), file, dynamo=False, training=torch.onnx.TrainingMode.PRESERVE,
        do_constant_folding=False, dynamic_axes={"image": {0: "batch"}}, **PORTS,
    )
    return onnx.load_from_string(file.getvalue())


def dynamo(net, x):
    """By the exporter that torch takes today, which folds batch norms away."""
    batch = {0: torch.export.Dim("batch")}
    program = torch.onnx.export(net, (x,), dynamo=True, dynamic_shapes=(batch,), **PORTS)
    return program.model_proto


def main():
    torch.set_num_threads(1)
    data = np.load(sys.argv[1])
    order = np.random.default_rng(7).permutation(len(data["x"]))
    x = torch.from_numpy(data["x"][order].astype(np.float32) / 255).unsqueeze(1)
    y = torch.from_numpy(data["y"][order].astype(np.int64))
    samples = x[8000:8020].clone()
    reference = {"order": order.astype(np.uint16), "images": data["x"][order][8000:8020], "labels": data["y"][order][8000:8020]}
    for name, build in (("conv", conv), ("mlp", mlp)):
        torch.manual_seed(7)
        generator = torch.Generator().manual_seed(7)
        net = build()
        valid = train(net, x[:7000], y[:7000], x[7000:8000], y[7000:8000], generator)
        net.eval()
        path = HERE / f"{name}.onnx"
        model = (classic if name == "conv" else dynamo)(net, x[:2])
        for node in model.graph.node:
            del node.metadata_props[:]
            node.doc_string = ""
        del model.graph.value_info[:]
        del model.graph.metadata_props[:]
        onnx.save(model, path)
        session = onnxruntime.InferenceSession(str(path))
        reference[name] = session.run(None, {"image": samples.numpy()})[0]
        print(name, [n.op_type for n in model.graph.node], path.stat().st_size, "bytes")
        print(name, "valid", valid, "held out", accuracy(net, x[8000:], y[8000:]))
    np.savez_compressed(HERE / "reference.npz", **reference)


main()
