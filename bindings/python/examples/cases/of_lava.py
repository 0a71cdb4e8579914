"""Lava, floating point: other decays, a bias, recurrence, LIFReset."""

import sys
from pathlib import Path

import numpy as np

from .recording import DENSE, DENSE_INPUT, RECURRENT, RECURRENT_INPUT, Recording

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import describe_in_nir as nir_of  # noqa: E402

FRAMEWORK, DISTRIBUTION, IMPORTS = "Lava", "lava-nc", "lava"

CONVENTIONS = (
    "float64, unit steps, floating_pt. u = u (1-du) + a; v = v (1-dv) + u + bias; s = v > vth; "
    "v[s] = 0. a[t] = W s_source[t-1] in every layer, the input included; "
    "recurrence: the same, one step"
)
NO_EXPORTER = "no exporter: the file was described by hand; bias is not in it"


def run(weights, options, x, recurrent=None):
    """One step at a time, so that v and u can be read after each."""
    from lava.magma.core.run_conditions import RunSteps
    from lava.magma.core.run_configs import Loihi1SimCfg
    from lava.proc.dense.process import Dense
    from lava.proc.io.source import RingBuffer
    from lava.proc.lif.process import LIF
    from lava.proc.monitor.process import Monitor

    source = RingBuffer(data=x.T.astype(float))
    out, layers, monitors = source.s_out, [], []
    for k, w in enumerate(weights):
        projection = Dense(weights=w.astype(float))
        group = LIF(shape=(len(w),), **options)
        out.connect(projection.s_in)
        projection.a_out.connect(group.a_in)
        if k == 0 and recurrent is not None:
            loop = Dense(weights=recurrent.astype(float))
            group.s_out.connect(loop.s_in)
            loop.a_out.connect(group.a_in)
        spiked, v = Monitor(), Monitor()
        spiked.probe(group.s_out, len(x))
        v.probe(group.v, len(x))
        monitors.append((group, spiked, v))
        out = group.s_out
    group = monitors[0][0]
    group.run(condition=RunSteps(num_steps=len(x)), run_cfg=Loihi1SimCfg(select_tag="floating_pt"))
    spikes, potentials = {}, {}
    for k, (layer, spiked, v) in enumerate(monitors):
        spikes[str(k)] = spiked.get_data()[layer.name]["s_out"].astype(np.uint8)
        potentials[str(k)] = v.get_data()[layer.name]["v"]
    group.stop()
    return spikes, potentials


def record(case, model, weights, x, options, recurrent=None, surprising=""):
    import nir

    spikes, potentials = run(weights, options, x, recurrent)
    neuron = {k: options[k] for k in ("du", "dv", "vth")}
    chain = []
    for k, w in enumerate(weights):
        chain += [(f"w_{k}", nir.Linear(w)), (str(k), nir_of.lava_lif(len(w), **neuron))]
    graph = nir_of.chain(*chain)
    if recurrent is not None:
        nodes = {**graph.nodes, "w_rec": nir.Linear(recurrent)}
        graph = nir.NIRGraph(nodes, [*graph.edges, ("0", "w_rec"), ("w_rec", "0")])
    return Recording(
        case=f"lava_{case}",
        model=model,
        dt=1.0,
        options=options,
        conventions=CONVENTIONS,
        inputs=x,
        spikes=spikes,
        potentials=potentials,
        graph=graph,
        surprising=". ".join(filter(None, [surprising, NO_EXPORTER])),
    )


def lif_no_current():
    options = {"du": 1.0, "dv": 0.2, "vth": 1.0}
    return record("lif_no_current", "64-32-10", DENSE, DENSE_INPUT, options)


def lif_slow():
    options = {"du": 0.25, "dv": 0.05, "vth": 2.0}
    return record("lif_slow", "64-32-10", DENSE, DENSE_INPUT, options)


def lif_bias():
    options = {"du": 0.5, "dv": 0.1, "vth": 1.5, "bias_mant": 0.125}
    return record("lif_bias", "64-32-10", DENSE, DENSE_INPUT, options)


def lif_recurrent():
    w_in, w_rec, w_out = RECURRENT
    options = {"du": 1.0, "dv": 0.1, "vth": 1.0}
    return record("lif_recurrent", "12-24r-7", [w_in, w_out], RECURRENT_INPUT, options, w_rec)


def cases():
    return [lif_no_current, lif_slow, lif_bias, lif_recurrent]
