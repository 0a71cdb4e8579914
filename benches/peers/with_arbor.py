"""A circuit in Arbor: delta synapses onto its point neuron, driven by Poisson events (Brunel).

Arbor has no point neuron with synaptic currents; its `lif_cell` is advanced from event to event.
"""

import resource
import time

import arbor as A
import numpy as np
import spikes
from arbor import units as U


class Recipe(A.recipe):
    """What Arbor asks for, cell by cell."""

    def __init__(self, circuit, rng, seed):
        A.recipe.__init__(self)
        self.circuit, self.seed = circuit, seed
        self.start = circuit.start("v", circuit.lif.v_rest, rng)
        self.incoming = [[] for _ in range(circuit.size)]
        for p in circuit.projections:
            source, target = p.draw(rng)
            order = np.argsort(target, kind="stable")
            last = np.cumsum(np.bincount(target, minlength=p.target.size))
            parts = np.split(source[order] + p.source.first, last[:-1])
            for k, sources in enumerate(parts):
                self.incoming[p.target.first + k].append((p.weight.mean, p.delay.mean, sources))
        self.driven = {s.target.name: s for s in circuit.stimuli}

    def num_cells(self):
        return self.circuit.size

    def cell_kind(self, gid):
        return A.cell_kind.lif

    def cell_description(self, gid):
        lif = self.circuit.lif
        return A.lif_cell(
            "out", "in", tau_m=lif.tau_m * U.ms, V_th=lif.v_threshold * U.mV, C_m=1 * U.pF,
            E_L=lif.v_rest * U.mV, E_R=lif.v_reset * U.mV, V_m=float(self.start[gid]) * U.mV,
            t_ref=lif.t_refractory * U.ms,
        )  # fmt: skip

    def connections_on(self, gid):
        made = []
        for weight, delay, sources in self.incoming[gid]:
            delay = delay * U.ms
            made += [A.connection((int(s), "out"), "in", weight, delay) for s in sources]
        return made

    def event_generators(self, gid):
        population = next(p for p in reversed(self.circuit.populations) if p.first <= gid)
        s = self.driven.get(population.name)
        if s is None:
            return []
        rate = s.sources * s.rate / 1e3 * U.kHz
        return [
            A.event_generator("in", s.weight, A.poisson_schedule(freq=rate, seed=self.seed + gid))
        ]


def measure(circuit, threads, seed):
    if circuit.lif.synapses != "delta":
        return {"not_built": "no point neuron with these synapses"}
    begun = time.perf_counter()
    recipe = Recipe(circuit, np.random.default_rng(seed), seed)
    context = A.context(threads=threads)
    simulation = A.simulation(recipe, context=context)
    simulation.record(A.spike_recording.all)
    built = time.perf_counter()
    if circuit.warm_up:
        simulation.run(circuit.warm_up * U.ms, circuit.step * U.ms)
    end = circuit.warm_up + circuit.duration
    started = time.perf_counter()
    simulation.run(end * U.ms, circuit.step * U.ms)
    ended = time.perf_counter()
    found = simulation.spikes()
    return {
        "version": A.__version__,
        "seconds_per_biological_second": (ended - started) / circuit.duration * 1e3,
        "construction_seconds": built - begun,
        "compilation_seconds": 0.0,
        "resident_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        **spikes.summary(circuit, found["time"], found["source"]["gid"], circuit.warm_up, end),
    }
