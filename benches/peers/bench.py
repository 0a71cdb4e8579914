"""Times one framework on one network in a process of its own, and prints one JSON line.

    python bench.py FRAMEWORK NET BATCH [--seconds S] [--threads N]

A framework is a function that takes (net, batch) and returns (run, arrange): `run` takes one
arranged input and returns the output spikes summed over the steps; `arrange` puts a float array
(steps, batch, ...) into the framework's own layout, outside the timing.
Each builds the network as its users would, with its fastest ordinary layers.
"""

import argparse
import json
import os
import resource
import time
import warnings

import numpy as np

from make_nets import CONV, FF, SHAPES, SHD, STEPS, spikes

N_INPUTS = 4
WARM_UP_RUNS = 2
MIN_RUNS = 5


class NotBuilt(Exception):
    """The framework has no such layer, or nobody would build the network so."""


# --- torch layers with our weights ----------------------------------------------------------------


def linear(weight, layer=None):
    import torch

    made = (layer or torch.nn.Linear)(weight.shape[1], weight.shape[0], bias=False)
    made.weight.data = torch.from_numpy(weight.copy())
    return made


def conv(weight, layer=None, stride=1):
    import torch

    made = (layer or torch.nn.Conv2d)(
        weight.shape[1], weight.shape[0], weight.shape[2], stride=stride, padding=1, bias=False
    )
    made.weight.data = torch.from_numpy(weight.copy())
    return made


def torch_arrange(x):
    import torch

    return torch.from_numpy(x)


def batch_first(x):
    return torch_arrange(x).transpose(0, 1).contiguous()


# --- the frameworks -------------------------------------------------------------------------------


def snntorch(net, batch):
    import snntorch as snn
    import torch

    def leaky(beta):
        return snn.Leaky(beta=beta, reset_mechanism="zero", init_hidden=True)

    if net == "ff":
        layers = [linear(FF[0]), leaky(0.9), linear(FF[1]), leaky(0.95)]
    elif net == "shd":
        recurrent = snn.RLeaky(
            beta=0.9,
            linear_features=256,
            reset_mechanism="zero",
            reset_delay=False,
            init_hidden=True,
        )
        recurrent.recurrent.weight.data = torch.from_numpy(SHD[1].copy())
        recurrent.recurrent.bias.data.zero_()
        layers = [linear(SHD[0]), recurrent, linear(SHD[2]), leaky(0.95)]
    else:
        layers = conv_layers(conv, linear, lambda: leaky(1.0), torch.nn)
    sequence = torch.nn.Sequential(*layers).eval()

    def run(x):
        for module in sequence:
            if hasattr(module, "reset_mem"):
                module.reset_mem()
        total = 0
        for t in range(STEPS):
            total = total + sequence(x[t])
        return total

    return run, torch_arrange


def conv_layers(conv, linear, neuron, nn):
    """The convolutional network out of a framework's layers."""
    return [
        conv(CONV[0], stride=2),
        neuron(),
        conv(CONV[1]),
        neuron(),
        nn.AvgPool2d(2),
        conv(CONV[2]),
        neuron(),
        nn.AvgPool2d(2),
        nn.Flatten(),
        linear(CONV[3]),
        neuron(),
        linear(CONV[4]),
        neuron(),
    ]


def norse(net, batch):
    import norse.torch as nt
    import torch

    def box(beta):
        tau_mem_inv = torch.tensor((1 - beta) / 1e-3)
        return nt.LIFBoxCell(nt.LIFBoxParameters(tau_mem_inv=tau_mem_inv))

    # LIFBox scales its input by dt / tau: the weights undo it.
    if net == "ff":
        layers = [linear(FF[0] * 10), box(0.9), linear(FF[1] * 20), box(0.95)]
    elif net == "shd":
        # There is no recurrent LIFBox; a synaptic current that lasts one step comes nearest.
        p = nt.LIFParameters(tau_syn_inv=torch.tensor(1000.0), tau_mem_inv=torch.tensor(100.0))
        recurrent = nt.LIFRecurrentCell(
            700,
            256,
            p=p,
            input_weights=torch.from_numpy(SHD[0] * 10),
            recurrent_weights=torch.from_numpy(SHD[1] * 10),
        )
        layers = [recurrent, linear(SHD[2] * 20), box(0.95)]
    else:
        layers = conv_layers(conv, linear, nt.IAFCell, torch.nn)
    sequence = nt.SequentialState(*layers)

    def run(x):
        state, total = None, 0
        for t in range(STEPS):
            spiked, state = sequence(x[t], state)
            total = total + spiked
        return total

    return run, torch_arrange


def spikingjelly(net, batch, step_mode="s"):
    import torch
    from spikingjelly.activation_based import functional, layer, neuron

    def lif(tau):
        return neuron.LIFNode(tau=tau, decay_input=False)

    def dense(weight):
        return linear(weight, layer.Linear)

    if net == "ff":
        layers = [dense(FF[0]), lif(10.0), dense(FF[1]), lif(20.0)]
    elif net == "shd":
        # The container multiplies [input, own spikes] by one matrix: here [identity, recurrent].
        recurrent = layer.LinearRecurrentContainer(lif(10.0), 256, 256, bias=False)
        weight = np.concatenate([np.eye(256, dtype=np.float32), SHD[1]], axis=1)
        recurrent.rc.weight.data = torch.from_numpy(weight)
        layers = [dense(SHD[0]), recurrent, dense(SHD[2]), lif(20.0)]
    else:

        def convolution(weight, **k):
            return conv(weight, layer.Conv2d, **k)

        layers = conv_layers(convolution, dense, neuron.IFNode, layer)
    sequence = torch.nn.Sequential(*layers)
    functional.set_step_mode(sequence, step_mode)

    def run(x):
        functional.reset_net(sequence)
        if step_mode == "m":
            return sequence(x).sum(0)
        total = 0
        for t in range(STEPS):
            total = total + sequence(x[t])
        return total

    return run, torch_arrange


def spikingjelly_multistep(net, batch):
    return spikingjelly(net, batch, step_mode="m")


def sinabs(net, batch):
    import sinabs.layers as sl
    import torch

    def iaf():
        return sl.IAFSqueeze(batch_size=batch, min_v_mem=-1.0)

    def lif(tau):
        return sl.LIFSqueeze(tau_mem=tau, batch_size=batch, norm_input=False)

    if net == "ff":
        layers = [linear(FF[0]), lif(9.5), linear(FF[1]), lif(19.5)]
    elif net == "shd":
        recurrent = sl.LIFRecurrent(tau_mem=9.5, rec_connect=linear(SHD[1]), norm_input=False)
        layers = [linear(SHD[0]), torch.nn.Unflatten(0, (batch, STEPS)), recurrent]
        layers += [torch.nn.Flatten(0, 1), linear(SHD[2]), lif(19.5)]
    else:
        layers = conv_layers(conv, linear, iaf, torch.nn)
    sequence = torch.nn.Sequential(*layers)

    def run(x):
        for module in sequence.modules():
            if hasattr(module, "reset_states"):
                module.reset_states()
        return sequence(x).reshape(batch, STEPS, -1).sum(1)

    def arrange(x):
        return batch_first(x).reshape(batch * STEPS, *SHAPES[net])

    return run, arrange


def rockpool(net, batch):
    import torch
    from rockpool.nn.combinators import Sequential
    from rockpool.nn.modules import LIFNeuronTorch, LIFTorch, LinearTorch

    def dense(weight):
        turned = torch.from_numpy(weight.T.copy())
        return LinearTorch((weight.shape[1], weight.shape[0]), weight=turned, has_bias=False)

    def lif(n, tau):
        return LIFNeuronTorch(n, tau_mem=tau, dt=1e-3)

    if net == "ff":
        sequence = Sequential(dense(FF[0]), lif(1000, 9.5e-3), dense(FF[1]), lif(10, 19.5e-3))
    elif net == "shd":
        # Its recurrent neuron has a synaptic current, i = (i + x) exp(-dt / tau_syn): made to
        # last one step, with the weights scaled up by what that costs.
        gain = np.float32(np.exp(10))
        recurrent = LIFTorch(
            256,
            tau_mem=9.5e-3,
            tau_syn=1e-4,
            has_rec=True,
            w_rec=torch.from_numpy(SHD[1].T * gain),
            dt=1e-3,
        )
        sequence = Sequential(dense(SHD[0] * gain), recurrent, dense(SHD[2]), lif(20, 19.5e-3))
    else:
        raise NotBuilt("Rockpool has no convolution in torch")

    def run(x):
        sequence.reset_state()
        return sequence(x)[0].sum(1)

    return run, batch_first


def bindsnet(net, batch):
    import torch
    from bindsnet.network import Network
    from bindsnet.network.monitors import Monitor
    from bindsnet.network.nodes import Input, LIFNodes
    from bindsnet.network.topology import Connection

    def lif(n, tau):
        return LIFNodes(n=n, thresh=1.0, reset=0.0, rest=0.0, refrac=0, tc_decay=tau)

    if net == "ff":
        layers = {"I": Input(784), "H": lif(1000, 9.5), "O": lif(10, 19.5)}
        weights = {"IH": FF[0], "HO": FF[1]}
    elif net == "shd":
        layers = {"I": Input(700), "H": lif(256, 9.5), "O": lif(20, 19.5)}
        weights = {"IH": SHD[0], "HH": SHD[1], "HO": SHD[2]}
    else:
        raise NotBuilt("not built")
    network = Network(dt=1.0, batch_size=batch, learning=False)
    for name, layer in layers.items():
        network.add_layer(layer, name)
    for (source, target), weight in weights.items():
        w = torch.from_numpy(weight.T.copy())
        network.add_connection(Connection(layers[source], layers[target], w=w), source, target)
    monitor = Monitor(layers["O"], ["s"], time=STEPS)
    network.add_monitor(monitor, "o")

    def run(x):
        network.reset_state_variables()
        network.run({"I": x}, time=STEPS)
        return monitor.get("s").sum(0)

    return run, torch_arrange


def torch_plain(net, batch):
    """What a careful user writes by hand: no framework, the input product hoisted out of the loop."""
    import torch

    if net == "conv":
        raise NotBuilt("not built")
    weights = [torch.from_numpy(w.T.copy()) for w in (FF if net == "ff" else SHD)]
    first, last = weights[0], weights[-1]
    recurrent = weights[1] if net == "shd" else None

    def lif(v, current, beta):
        v = v * beta + current
        spiked = (v > 1).float()
        return v * (1 - spiked), spiked

    def run(x):
        current = (x.reshape(STEPS * batch, -1) @ first).reshape(STEPS, batch, -1)
        v1, z1 = torch.zeros_like(current[0]), torch.zeros_like(current[0])
        v2, total = torch.zeros(batch, last.shape[1]), 0
        for t in range(STEPS):
            i = current[t] if recurrent is None else current[t] + z1 @ recurrent
            v1, z1 = lif(v1, i, 0.9)
            v2, z2 = lif(v2, z1 @ last, 0.95)
            total = total + z2
        return total

    return run, torch_arrange


def numpy_dense(net, batch):
    """The same in numpy."""
    if net == "conv":
        raise NotBuilt("not built")
    weights = [w.T.copy() for w in (FF if net == "ff" else SHD)]
    first, last = weights[0], weights[-1]
    recurrent = weights[1] if net == "shd" else None

    def run(x):
        current = (x.reshape(STEPS * batch, -1) @ first).reshape(STEPS, batch, -1)
        v1, z1 = np.zeros_like(current[0]), np.zeros_like(current[0])
        v2, total = np.zeros((batch, last.shape[1]), np.float32), 0
        for t in range(STEPS):
            i = current[t] if recurrent is None else current[t] + z1 @ recurrent
            v1 = v1 * np.float32(0.9) + i
            z1 = (v1 > 1).astype(np.float32)
            v1 *= 1 - z1
            v2 = v2 * np.float32(0.95) + z1 @ last
            z2 = (v2 > 1).astype(np.float32)
            v2 *= 1 - z2
            total = total + z2
        return total

    return run, lambda x: x


def onnx_scan(net, batch):
    """ONNX Runtime, the whole run in one call."""
    import ort

    return ort.scan(net, batch), lambda x: x


def onnx_step(net, batch):
    """ONNX Runtime, one call per step."""
    import ort

    return ort.step(net, batch), lambda x: x


FRAMEWORKS = {
    f.__name__: f
    for f in (
        snntorch,
        norse,
        spikingjelly,
        spikingjelly_multistep,
        sinabs,
        rockpool,
        bindsnet,
        torch_plain,
        numpy_dense,
        onnx_scan,
        onnx_step,
    )
}


# --- the timing -----------------------------------------------------------------------------------


def cpu_seconds():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def measure(run, inputs, batch, seconds):
    begun = time.perf_counter()
    first_output = run(inputs[0])
    first = time.perf_counter() - begun
    for i in range(WARM_UP_RUNS):
        run(inputs[i % N_INPUTS])
    latencies, cpu, begun = [], cpu_seconds(), time.perf_counter()
    while time.perf_counter() - begun < seconds or len(latencies) < MIN_RUNS:
        started = time.perf_counter()
        run(inputs[len(latencies) % N_INPUTS])
        latencies.append(time.perf_counter() - started)
    cpu = cpu_seconds() - cpu
    return {
        "n_runs": len(latencies),
        "cpu_ms_per_inference": round(cpu / len(latencies) / batch * 1e3, 4),
        "latency_ms_median": round(float(np.median(latencies)) * 1e3, 3),
        "latency_ms_p99": round(float(np.percentile(latencies, 99)) * 1e3, 3),
        "first_ms": round(first * 1e3, 1),
        "rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
        "n_output_spikes": int(np.asarray(first_output).sum()),
    }


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("framework", choices=FRAMEWORKS)
    options.add_argument("net", choices=SHAPES)
    options.add_argument("batch", type=int)
    options.add_argument("--seconds", type=float, default=8)
    options.add_argument("--threads", type=int, default=1)
    args = options.parse_args()

    warnings.filterwarnings("ignore")
    for library in ("OMP", "MKL", "OPENBLAS"):
        os.environ[f"{library}_NUM_THREADS"] = str(args.threads)
    line = {"peer": args.framework, "net": args.net, "batch": args.batch}
    try:
        if not args.framework.startswith(("onnx", "numpy")):
            import torch

            torch.set_num_threads(args.threads)
            torch.set_grad_enabled(False)
        run, arrange = FRAMEWORKS[args.framework](args.net, args.batch)
    except NotBuilt as reason:
        print(json.dumps({**line, "not_built": str(reason)}))
        return
    inputs = [
        arrange(spikes(args.net, args.batch, i).astype(np.float32)) for i in range(N_INPUTS)
    ]
    print(json.dumps({**line, **measure(run, inputs, args.batch, args.seconds)}))


if __name__ == "__main__":
    main()
