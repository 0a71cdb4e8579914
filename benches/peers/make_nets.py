"""The three benchmark networks: seeded weights, inputs, and the same as NIR files.

Weights of `ff` and `shd` lie on a grid of 1/64, so that sums of them are exact in float32 in any
order, and the files compress well.

    python make_nets.py FOLDER [--inputs BATCH ...]

writes ff.nir, shd.nir and conv.nir (needs the nir package, 1.0.5 or newer); with --inputs also
NET-batchB.npy, input number 0 as uint8 (steps, batch, ...), and what limit.c reads.
"""

import argparse
import pathlib

import numpy as np

STEPS = 100
DENSITY = 0.02
SHAPES = {"ff": (784,), "conv": (2, 34, 34), "shd": (700,)}
DT = 1e-4  # the step that snnTorch's exporter assumes


def normal(seed, shape, mean, std, on_grid=True):
    w = np.random.default_rng(seed).normal(mean, std, size=shape)
    return (np.round(w * 64) / 64).astype(np.float32) if on_grid else w.astype(np.float32)


def spikes(net, batch, index):
    """Input number `index`: (steps, batch, ...) of 0 and 1, uint8."""
    shape = (STEPS, batch, *SHAPES[net])
    return (np.random.default_rng(900 + index).random(shape) < DENSITY).astype(np.uint8)


# 784-1000-10
FF = (normal(1, (1000, 784), 0.01, 0.09), normal(2, (10, 1000), 0.0, 0.06))

# 700-256 recurrent-20: input, recurrent and output weights
SHD = (
    normal(41, (256, 700), 0.01, 0.10),
    normal(42, (256, 256), 0.0, 0.06),
    normal(43, (20, 256), 0.0, 0.08),
)

# 2x34x34, c16k5s2p1, c16k3p1, avg2, c8k3p1, avg2, 256, 10
CONV = (
    normal(31, (16, 2, 5, 5), 0.05, 0.35, False) * np.float32(0.5),
    normal(32, (16, 16, 3, 3), 0.02, 0.15, False) * np.float32(0.5),
    normal(33, (8, 16, 3, 3), 0.04, 0.25, False),
    normal(34, (256, 128), 0.0, 0.2, False),
    normal(35, (10, 256), 0.0, 0.08, False),
)


def graph(nodes, edges, net, n_out):
    import nir

    nodes["input"] = nir.Input({"input": np.array(SHAPES[net])})
    nodes["output"] = nir.Output({"output": np.array([n_out])})
    return nir.NIRGraph(nodes, edges)


def leaky(n, beta):
    """What snnTorch writes for Leaky(beta): v = beta v + x, spike at v > 1, v = 0."""
    import nir

    tau = np.full(n, DT / (1 - beta), np.float32)
    return nir.LIF(
        tau=tau,
        r=(tau / DT).astype(np.float32),
        v_leak=np.zeros(n, np.float32),
        v_threshold=np.ones(n, np.float32),
        v_reset=np.zeros(n, np.float32),
    )


def integrate(shape):
    """v = v + x, spike at v > 1, v = 0."""
    import nir

    return nir.IF(
        r=np.full(shape, 1 / DT, np.float32),
        v_threshold=np.ones(shape, np.float32),
        v_reset=np.zeros(shape, np.float32),
    )


def path(*names):
    return list(zip(names, names[1:]))


def ff_graph():
    import nir

    nodes = {"0": nir.Linear(FF[0]), "1": leaky(1000, 0.9)}
    nodes |= {"2": nir.Linear(FF[1]), "3": leaky(10, 0.95)}
    return graph(nodes, path("input", "0", "1", "2", "3", "output"), "ff", 10)


def shd_graph():
    """Recurrence as snnTorch writes it: flat nodes `1.lif` and `1.w_rec`."""
    import nir

    nodes = {"0": nir.Linear(SHD[0]), "1.lif": leaky(256, 0.9)}
    nodes["1.w_rec"] = nir.Affine(SHD[1], np.zeros(256, np.float32))
    nodes |= {"2": nir.Linear(SHD[2]), "3": leaky(20, 0.95)}
    edges = path("input", "0", "1.lif", "2", "3", "output")
    return graph(nodes, [*edges, ("1.lif", "1.w_rec"), ("1.w_rec", "1.lif")], "shd", 20)


def conv_graph():
    import nir

    def conv(weight, stride, input_shape):
        return nir.Conv2d(
            input_shape=input_shape,
            weight=weight,
            stride=(stride, stride),
            padding=(1, 1),
            dilation=(1, 1),
            groups=1,
            bias=np.zeros(len(weight), np.float32),
        )

    def halve():
        two = np.array([2, 2])
        return nir.AvgPool2d(kernel_size=two, stride=two, padding=np.array([0, 0]))

    nodes = {
        "0": conv(CONV[0], 2, (34, 34)),
        "1": integrate((16, 16, 16)),
        "2": conv(CONV[1], 1, (16, 16)),
        "3": integrate((16, 16, 16)),
        "4": halve(),
        "5": conv(CONV[2], 1, (8, 8)),
        "6": integrate((8, 8, 8)),
        "7": halve(),
        "8": nir.Flatten({"input": np.array([8, 4, 4])}, 0, -1),
        "9": nir.Linear(CONV[3]),
        "10": integrate((256,)),
        "11": nir.Linear(CONV[4]),
        "12": integrate((10,)),
    }
    return graph(nodes, path("input", *nodes, "output"), "conv", 10)


def write(folder):
    """Writes the three files; returns {net: path}."""
    import nir

    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    graphs = {"ff": ff_graph, "conv": conv_graph, "shd": shd_graph}
    for net, make in graphs.items():
        nir.write(folder / f"{net}.nir", make())
    return {net: folder / f"{net}.nir" for net in graphs}


def write_inputs(folder, batch):
    for net in SHAPES:
        np.save(pathlib.Path(folder) / f"{net}-batch{batch}.npy", spikes(net, batch, 0))


def write_limit(folder):
    """Raw files for limit.c: five int32 (inputs, hidden, outputs, recurrent, steps), then float32
    rows of weights by source, then the input's bytes (steps, inputs)."""
    for net, weights in (("ff", FF), ("shd", SHD)):
        first, last = weights[0], weights[-1]
        sizes = (first.shape[1], len(first), len(last), int(len(weights) == 3), STEPS)
        with open(pathlib.Path(folder) / f"{net}.limit", "wb") as file:
            file.write(np.array(sizes, np.int32).tobytes())
            for w in weights:
                file.write(np.ascontiguousarray(w.T).tobytes())
            file.write(spikes(net, 1, 0).tobytes())


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("folder", type=pathlib.Path)
    options.add_argument("--inputs", type=int, nargs="*", default=[], metavar="BATCH")
    args = options.parse_args()
    write(args.folder)
    for batch in args.inputs:
        write_inputs(args.folder, batch)
    if args.inputs:
        write_limit(args.folder)


if __name__ == "__main__":
    main()
