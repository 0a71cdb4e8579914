"""A circuit in ANNarchy: networks of constant weights without Poisson input.

Its Poisson populations fire at most once a step, so two events a step (Brunel) cannot be had.
Potentials are integrated by its `exponential` method, in which conductances or currents are those
of the start of the step; so CUBA is not exact here.
"""

import pathlib
import resource
import tempfile
import time

import ANNarchy as ann
import numpy as np
import scipy.sparse
import spikes


def neuron(lif):
    names = [f"g_r{k}" for k in range(len(lif.tau_syn))]
    constants = {k: getattr(lif, k) for k in ("tau_m", "c_m", "v_rest", "v_threshold", "v_reset")}
    constants |= {f"tau_{g}": tau for g, tau in zip(names, lif.tau_syn)}
    constants |= {f"e_{g}": e_rev for g, e_rev in zip(names, lif.e_rev)}
    parameters = "\n".join(f"{k} = {v} : population" for k, v in constants.items())
    if lif.synapses == "current":
        membrane = f"tau_m * dv/dt = v_rest - v + tau_m / c_m * ({' + '.join(names)}) : exponential"
    else:
        drive = " + ".join(f"{g} * (e_{g} - v)" for g in names)
        membrane = f"tau_m * dv/dt = v_rest - v + tau_m / c_m * ({drive}) : exponential"
    decay = "\n".join(f"tau_{g} * d{g}/dt = -{g} : exponential" for g in names)
    return ann.Neuron(
        parameters=parameters, equations=f"{membrane}\n{decay}", spike="v > v_threshold",
        reset="v = v_reset", refractory=lif.t_refractory,
    )  # fmt: skip


def build(circuit, net, rng):
    group = net.create(circuit.size, neuron(circuit.lif), name="neurons")
    group.v = circuit.start("v", circuit.lif.v_rest, rng)
    for k, receptor in enumerate(circuit.lif.receptors):
        setattr(group, f"g_r{k}", circuit.start(receptor, 0.0, rng))
    for k in range(len(circuit.lif.receptors)):
        chosen = [p for p in circuit.projections if p.receptor == k]
        drawn = [p.draw(rng) for p in chosen]
        i = np.concatenate([s + p.source.first for p, (s, _) in zip(chosen, drawn)])
        j = np.concatenate([t + p.target.first for p, (_, t) in zip(chosen, drawn)])
        weight = np.full(len(i), chosen[0].weight.mean)
        matrix = scipy.sparse.csr_matrix((weight, (i, j)), shape=(circuit.size, circuit.size))
        net.connect(group, group, f"r{k}").from_sparse(matrix, delays=chosen[0].delay.mean)
    return net.monitor(group, "spike", start=False)


def measure(circuit, threads, seed):
    plain = all(p.weight.kind == p.delay.kind == "constant" for p in circuit.projections)
    if circuit.stimuli or circuit.lif.synapses == "delta" or not plain:
        return {"not_built": "no Poisson source of several events a step, no drawn delays"}
    begun = time.perf_counter()
    net = ann.Network(dt=circuit.step, seed=seed + 1)
    net.config(num_threads=threads)
    monitor = build(circuit, net, np.random.default_rng(seed))
    described = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        net.compile(directory=f"{pathlib.Path(folder)}/annarchy", silent=True)
        built = time.perf_counter()
        net.simulate(circuit.warm_up)
        monitor.start()
        started = time.perf_counter()
        net.simulate(circuit.duration)
        ended = time.perf_counter()
    trains = monitor.get("spike")
    neurons = np.concatenate([np.full(len(t), n) for n, t in trains.items()])
    times = np.concatenate([np.asarray(t, float) for t in trains.values()]) * circuit.step
    end = circuit.warm_up + circuit.duration
    return {
        "version": ann.__version__,
        "seconds_per_biological_second": (ended - started) / circuit.duration * 1e3,
        "construction_seconds": described - begun,
        "compilation_seconds": built - described,
        "resident_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        **spikes.summary(circuit, times, neurons, circuit.warm_up, end),
    }
