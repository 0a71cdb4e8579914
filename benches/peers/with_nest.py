"""A circuit in NEST: its own models, rules and generators, as its examples use them.

Synapses of one weight and delay are of a homogeneous model, the smallest that NEST has.
NEST applies potentiation at the next spike of the source, so weights read between are behind.
"""

import resource
import time

import nest
import numpy as np
import spikes

MODELS = {"delta": "iaf_psc_delta", "current": "iaf_psc_exp", "conductance": "iaf_cond_exp"}


def parameters(lif):
    values = {"E_L": lif.v_rest, "V_th": lif.v_threshold, "V_reset": lif.v_reset}
    values |= {"C_m": lif.c_m, "t_ref": lif.t_refractory}
    if lif.synapses == "conductance":
        values |= {"g_L": lif.c_m / lif.tau_m, "E_ex": lif.e_rev[0], "E_in": lif.e_rev[1]}
    else:
        values["tau_m"] = lif.tau_m
    if lif.tau_syn:
        values |= {"tau_syn_ex": lif.tau_syn[0], "tau_syn_in": lif.tau_syn[-1]}
    return values


def random(distribution, factor=1.0):
    """NEST's own draw, redrawn outside the bounds."""
    d = distribution.times(factor)
    if d.kind == "constant":
        return d.mean
    assert d.kind == "normal" and not d.clip, d
    low, high = max(d.min, -1e12), min(d.max, 1e12)
    return nest.math.redraw(nest.random.normal(d.mean, d.sd), low, high)


def synapse(projection, name, lif):
    """A copy of the model that fits, and what is drawn for each synapse."""
    # Conductances of the second receptor are negative weights to NEST.
    sign = -1 if lif.synapses == "conductance" and projection.receptor == 1 else 1
    weight, delay = random(projection.weight, sign), random(projection.delay)
    if projection.plasticity:
        p = projection.plasticity
        assert (p.dependence, p.delay) == ("additive", "dendritic"), p
        rule = {"lambda": p.a_plus, "alpha": p.a_minus / p.a_plus, "mu_plus": 0, "mu_minus": 0}
        nest.CopyModel("stdp_synapse", name, {**rule, "Wmax": p.w_max, "tau_plus": p.tau_plus})
        return {"synapse_model": name, "weight": weight, "delay": delay}
    if projection.weight.kind == "constant":
        nest.CopyModel("static_synapse_hom_w", name, {"weight": weight})
        return {"synapse_model": name, "delay": delay}
    return {"synapse_model": "static_synapse", "weight": weight, "delay": delay}


def rule(projection):
    if projection.rule == "pairwise_bernoulli":
        chosen = {"rule": "pairwise_bernoulli", "p": projection.value, "allow_multapses": False}
    elif projection.rule == "fixed_indegree":
        chosen = {"rule": "fixed_indegree", "indegree": int(projection.value)}
    else:
        chosen = {"rule": "fixed_total_number", "N": int(projection.value)}
    return {**chosen, "allow_autapses": projection.autapses}


def populations(circuit, rng):
    neurons = nest.Create(MODELS[circuit.lif.synapses], circuit.size, parameters(circuit.lif))
    neurons.V_m = circuit.start("v", circuit.lif.v_rest, rng).tolist()
    neurons.I_e = circuit.current().tolist()
    if circuit.lif.synapses == "conductance":
        neurons.g_ex = circuit.start(circuit.lif.receptors[0], 0.0, rng).tolist()
        neurons.g_in = circuit.start(circuit.lif.receptors[1], 0.0, rng).tolist()
    for projection in circuit.projections:
        if projection.plasticity:
            neurons.tau_minus = projection.plasticity.tau_minus
    return neurons


def build(circuit, rng):
    neurons = populations(circuit, rng)
    of = {p.name: neurons[p.first : p.first + p.size] for p in circuit.populations}
    for k, projection in enumerate(circuit.projections):
        made = synapse(projection, f"synapse_{k}", circuit.lif)
        nest.Connect(of[projection.source.name], of[projection.target.name], rule(projection), made)
    for s in circuit.stimuli:
        generator = nest.Create("poisson_generator", params={"rate": s.sources * s.rate})
        train = {"synapse_model": "static_synapse", "weight": s.weight, "delay": circuit.step}
        nest.Connect(generator, of[s.target.name], syn_spec=train)
    recorder = nest.Create("spike_recorder", params={"start": circuit.warm_up})
    nest.Connect(neurons, recorder)
    return neurons, recorder


def measure(circuit, threads, seed):
    begun = time.perf_counter()
    nest.set_verbosity("M_ERROR")
    nest.set(resolution=circuit.step, local_num_threads=threads, rng_seed=seed + 1)
    neurons, recorder = build(circuit, np.random.default_rng(seed))
    nest.Prepare()
    built = time.perf_counter()
    nest.Run(circuit.warm_up)
    started = time.perf_counter()
    nest.Run(circuit.duration)
    ended = time.perf_counter()
    nest.Cleanup()
    events = recorder.get("events")
    first = neurons[0].global_id
    # NEST stamps the end of the step, the others its start.
    times = events["times"] - circuit.step
    found = spikes.summary(
        circuit,
        times,
        events["senders"] - first,
        circuit.warm_up,
        circuit.warm_up + circuit.duration,
    )
    return {
        "version": nest.__version__,
        "seconds_per_biological_second": (ended - started) / circuit.duration * 1e3,
        "construction_seconds": built - begun,
        "compilation_seconds": 0.0,
        "resident_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        **found,
    }
