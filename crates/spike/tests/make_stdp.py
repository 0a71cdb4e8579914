#!/usr/bin/env python3
"""Writes fixtures/stdp.json: weights that Brian2 learns from given spike trains.

Pairs, triplets (Pfister and Gerstner 2006) and multiplicative bounds, and pairs that wait for a
reward (Izhikevich 2007). Run with Brian2 2.9 or later (PyPI); only the code that made it is ours.
"""

import json
import pathlib

import brian2 as b
import numpy as np

b.prefs.codegen.target = "numpy"
N_PRE, N_POST, STEPS = 4, 3, 240
TAU = {"plus": 16.8, "x": 101.0, "minus": 33.7, "y": 125.0, "e": 60.0}
rng = np.random.default_rng(7)
pre = rng.random((STEPS, N_PRE)) < 0.08
post = rng.random((STEPS, N_POST)) < 0.06
start = rng.uniform(0.2, 0.8, (N_POST, N_PRE))
rewards = [[60, 1.0], [130, -0.5], [200, 2.0]]

TRACES = """
w : 1
dr1/dt = -r1 / (16.8*ms) : 1 (clock-driven)
dr2/dt = -r2 / (101*ms) : 1 (clock-driven)
do1/dt = -o1 / (33.7*ms) : 1 (clock-driven)
do2/dt = -o2 / (125*ms) : 1 (clock-driven)
del/dt = -el / (60*ms) : 1 (clock-driven)
"""


def group(raster):
    step, idx = np.nonzero(raster)
    return b.SpikeGeneratorGroup(raster.shape[1], idx, step * b.ms, dt=1 * b.ms)


def run(on_pre, on_post, rewarded=False):
    b.start_scope()
    b.defaultclock.dt = 1 * b.ms
    source, target = group(pre), group(post)
    s = b.Synapses(source, target, TRACES, on_pre=on_pre, on_post=on_post, method="exact")
    s.connect()
    for k in range(N_POST):
        for j in range(N_PRE):
            s.w[j, k] = start[k, j]
    things = [source, target, s]
    if rewarded:
        due = {step: d for step, d in rewards}

        @b.network_operation(dt=1 * b.ms, when="end")
        def reward(t):
            d = due.get(int(round(t / b.ms)))
            if d is not None:
                s.w[:] = np.clip(s.w[:] + 0.3 * d * s.el[:], 0, 1)

        things.append(reward)
    b.Network(*things).run(STEPS * b.ms)
    out = np.zeros((N_POST, N_PRE))
    for i, j, w in zip(s.i[:], s.j[:], s.w[:]):
        out[j, i] = w
    return out.tolist()


ADD = "r1 += 1; r2 += 1"
DONE = "o1 += 1; o2 += 1"
cases = {
    "pair": run(f"w = clip(w - 0.03*o1, 0, 1); {ADD}", f"w = clip(w + 0.02*r1, 0, 1); {DONE}"),
    "triplet": run(
        f"w = clip(w - o1*(0.007 + 0.0023*r2), 0, 1); {ADD}",
        f"w = clip(w + r1*(0.005 + 0.0062*o2), 0, 1); {DONE}",
    ),
    "multiplicative": run(
        f"w = clip(w - 0.03*o1*w, 0, 1); {ADD}", f"w = clip(w + 0.02*r1*(1 - w), 0, 1); {DONE}"
    ),
    "reward": run(f"el -= 0.06*o1; {ADD}", f"el += 0.05*r1; {DONE}", rewarded=True),
}
lists = lambda raster: [np.nonzero(row)[0].tolist() for row in raster]
fixture = {
    "made_by": f"Brian2 {b.__version__}, crates/spike/tests/make_stdp.py",
    "pre": lists(pre),
    "post": lists(post),
    "start": start.tolist(),
    "rewards": rewards,
    "weights": cases,
}
path = pathlib.Path(__file__).parent / "fixtures" / "stdp.json"
path.write_text(json.dumps(fixture) + "\n")
