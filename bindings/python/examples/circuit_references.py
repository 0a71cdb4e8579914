"""What Brian2 computes for neurons, plastic synapses and whole circuits: references for tests.

Writes `crates/spike/tests/fixtures/circuit/*.json`, which Striatum's own tests read.  Equations are
those in the docs of `crates/spike/src/circuit/{neuron,plastic}.rs`; in a step Brian2 updates states,
tests thresholds, delivers spikes, resets, in this order.

    python circuit_references.py [neurons plasticity stdp_network networks] [--folder FOLDER]

It needs Brian2 and a C++ compiler: the environment of `benches/peers/setup.sh --simulation`.
Whole circuits are those of `benches/peers/circuit.py`; they take some minutes.
"""

import argparse
import json
import pathlib
import re
import sys
import tempfile

import brian2 as b2
import numpy as np
from brian2 import ms, mV, nS, pA, pF

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "benches/peers"))
import circuit as circuits
import spikes
import with_brian2

DT = 0.1  # ms
REFRACTORY = (
    "A neuron that fires in step k is at v_reset at the ends of the steps k to k + t_ref / dt; "
    "input to a delta synapse is lost in these steps."
)


def rounded(values, digits=7):
    return [float(f"{value:.{digits}g}") for value in np.asarray(values, float)]


# --- neurons --------------------------------------------------------------------------------------

LIF = {"tau_m": 20.0, "c_m": 200.0, "v_rest": -65.0, "v_th": -50.0, "v_reset": -60.0, "t_ref": 2.0}
ADEX = {
    "c_m": 281.0, "g_l": 30.0, "v_rest": -70.6, "v_t": -50.4, "delta_t": 2.0, "tau_w": 144.0,
    "a": 4.0, "b": 80.5, "v_reset": -60.0, "v_peak": 0.0, "t_ref": 2.0,
}  # fmt: skip
IZHIKEVICH = {"a": 0.02, "b": 0.2, "c": -65.0, "d": 8.0, "v_peak": 30.0}

# model, parameters, constant current (pA; mV/ms for Izhikevich), weight per receptor, delay (ms)
NEURONS = {
    "lif_delta": ("lif", {**LIF, "synapses": "delta"}, 120.0, [1.5], 0.1),
    "lif_current_1": ("lif", {**LIF, "synapses": "current", "tau_syn": [0.5]}, 110.0, [700.0], 1.5),
    "lif_current_2": (
        "lif", {**LIF, "synapses": "current", "tau_syn": [5.0, 10.0]}, 100.0, [40.0, -12.0], 0.1,
    ),
    "lif_conductance": (
        "lif",
        {**LIF, "synapses": "conductance", "tau_syn": [5.0, 10.0], "e_rev": [0.0, -80.0]},
        60.0, [1.5, 1.0], 0.1,
    ),
    "adex": ("adex", {**ADEX, "synapses": "current", "tau_syn": [5.0, 10.0]}, 500.0, [150.0, -40.0], 0.1),
    "izhikevich": ("izhikevich", IZHIKEVICH, 8.0, [2.0], 0.1),
}  # fmt: skip


def with_units(parameters):
    units = {"tau": ms, "t_ref": ms, "v": mV, "delta_t": mV, "c_m": pF, "g_l": nS, "a": nS, "b": pA}
    named = {}
    for name, value in parameters.items():
        if name in ("synapses", "tau_syn", "e_rev"):
            continue
        unit = units.get(name) or units[name.split("_")[0]]
        named[name] = value * unit
    named |= {f"tau_g{k}": tau * ms for k, tau in enumerate(parameters.get("tau_syn", []))}
    named |= {f"e_g{k}": e_rev * mV for k, e_rev in enumerate(parameters.get("e_rev", []))}
    return named


def lif(parameters, current):
    """Exact for currents, exponential Euler for conductances."""
    receptors = len(parameters.get("tau_syn", []))
    names = [f"g{k}" for k in range(receptors)]
    kind = parameters["synapses"]
    drive = [f"{g} * (e_{g} - v)" for g in names] if kind == "conductance" else names
    inputs = " + ".join([*drive, "I"])
    unit = "siemens" if kind == "conductance" else "amp"
    model = f"dv/dt = (v_rest - v) / tau_m + ({inputs}) / c_m : volt (unless refractory)\n"
    model += "\n".join(f"d{g}/dt = -{g} / tau_{g} : {unit}" for g in names)
    group = b2.NeuronGroup(
        1, model, threshold="v > v_th", reset="v = v_reset",
        method="exponential_euler" if kind == "conductance" else "exact",
        refractory=(parameters["t_ref"] + DT) * ms,
        namespace={**with_units(parameters), "I": current * pA},
    )  # fmt: skip
    group.v = parameters["v_rest"] * mV
    weight_unit = {"delta": mV, "current": pA, "conductance": nS}[kind]
    return [group], names or ["v"], weight_unit


def adex(parameters, current):
    """Forward Euler for v and w; the currents decay exactly, after them."""
    names = [f"g{k}" for k in range(len(parameters["tau_syn"]))]
    model = f"""
        dv/dt = (g_l * (v_rest - v) + g_l * delta_t * exp((v - v_t) / delta_t) - w
                 + {" + ".join(names)} + I) / c_m : volt (unless refractory)
        dw/dt = (a * (v - v_rest) - w) / tau_w : amp
    """ + "\n".join(f"{g} : amp" for g in names)
    group = b2.NeuronGroup(
        1, model, threshold="v > v_peak", reset="v = v_reset; w += b", method="euler",
        refractory=(parameters["t_ref"] + DT) * ms,
        namespace={**with_units(parameters), "I": current * pA},
    )  # fmt: skip
    decay = "\n".join(f"{g} *= exp(-dt / tau_{g})" for g in names)
    group.v = parameters["v_rest"] * mV
    return [group, group.run_regularly(decay, when="groups", order=1)], names, pA


def izhikevich(parameters, current):
    """Forward Euler, v before u; in mV and ms without units, as the paper has it."""
    model = "v : 1\nu : 1"
    group = b2.NeuronGroup(
        1, model, threshold="v >= v_peak", reset="v = c; u += d",
        namespace={**parameters, "I": current, "ms": ms},
    )  # fmt: skip
    update = "v += dt / ms * (0.04 * v**2 + 5 * v + 140 - u + I)\nu += dt / ms * a * (b * v - u)"
    group.v, group.u = -65.0, -65.0 * parameters["b"]
    return [group, group.run_regularly(update, when="groups")], ["v"], 1


MODELS = {"lif": lif, "adex": adex, "izhikevich": izhikevich}


def neuron_case(name, seed):
    """200 ms of one neuron: about one input spike per ms and receptor."""
    b2.start_scope()
    model, parameters, current, weights, delay = NEURONS[name]
    objects, variables, unit = MODELS[model](parameters, current)
    group = objects[0]
    rng = np.random.default_rng(seed)
    inputs = []
    # Spikes that move the potential itself do so before the threshold is tested; a spike is then
    # seen one step after it was sent, which the delay makes up for.
    moves = variables == ["v"]
    for variable, weight in zip(variables, weights):
        steps = np.flatnonzero(rng.random(1950) < 0.1)
        source = b2.SpikeGeneratorGroup(1, np.zeros(len(steps), int), steps * DT * ms)
        made = b2.Synapses(source, group, on_pre=f"{variable}_post += jump",
                           namespace={"jump": weight * unit},
                           delay=(delay - (DT if moves else 0)) * ms)  # fmt: skip
        made.connect()
        objects += [source, made]
        inputs.append({"weight": weight, "spike_steps": steps.tolist()})
    trace = b2.StateMonitor(group, "v", record=True, when="end")
    monitor = b2.SpikeMonitor(group)
    network = b2.Network(*objects, trace, monitor)
    if moves:
        network.schedule = ["start", "groups", "synapses", "thresholds", "resets", "end"]
    network.run(200 * ms)
    v = trace.v[0] if model == "izhikevich" else trace.v[0] / mV
    spike_steps = np.rint(monitor.t / ms / DT).astype(int).tolist()
    if not spike_steps:
        raise ValueError(f"{name} does not fire")
    start = (
        {"v": -65.0, "u": -65.0 * parameters["b"]}
        if model == "izhikevich"
        else {"v": parameters["v_rest"]}
    )
    return {
        "name": name, "model": model, "parameters": parameters, "current": current, "start": start,
        "delay_ms": delay, "receptors": inputs, "spike_steps": spike_steps, "v": rounded(v),
    }  # fmt: skip


def neurons():
    return {
        "what": "One neuron of each model for 2000 steps of 0.1 ms.  A spike of step n in a list "
        "arrives in step n + delay / dt and acts from the end of that step on.  v[n] is the "
        "potential (mV) at the end of step n, after any reset.  Receptors start at 0, w at 0.",
        "refractory": REFRACTORY,
        "dt_ms": DT,
        "cases": [neuron_case(name, seed) for seed, name in enumerate(NEURONS)],
    }


# --- plastic synapses -----------------------------------------------------------------------------

DELAY_STEPS = 15
TRACES = {"tau_plus": 20.0, "tau_minus": 25.0, "a_plus": 0.05, "a_minus": 0.055, "w_max": 2.0}
TRIPLET = {"tau_x": 101.0, "tau_y": 125.0, "a3_plus": 0.02, "a3_minus": 0.01}
POWER = {"mu": 0.4, "w_0": 0.8}
RULES = {
    "additive": (TRACES, "w_max", "w_max"),
    "multiplicative": (TRACES, "w_max - w", "w"),
    "power_law": ({**TRACES, **POWER}, "w_0 * (w / w_0)**mu", "w"),
    "triplet_additive": ({**TRACES, **TRIPLET}, "w_max", "w_max"),
    "triplet_multiplicative": ({**TRACES, **TRIPLET}, "w_max - w", "w"),
}


def trains():
    """Twelve pairs of trains of about 20 spikes in 1 s, in steps, with coincidences of all sorts."""
    rng = np.random.default_rng(7)

    def draw(n):
        return np.sort(rng.choice(np.arange(50, 9900), n, replace=False))

    pairs = [(draw(20), draw(20)) for _ in range(5)]
    same = draw(20)
    pairs.append((same, same))  # in the same step
    pairs.append((same, same + DELAY_STEPS))  # meet at the synapse if the delay is axonal
    pairs.append((same + DELAY_STEPS, same))  # meet at the synapse if it is dendritic
    pairs.append((same, same + 100))  # the source leads by 10 ms
    pairs.append((same + 100, same))  # the target leads by 10 ms
    half, other = draw(10), draw(10)
    mixed = np.unique(np.concatenate([half, other + DELAY_STEPS, draw(5)]))
    pairs.append((np.unique(np.concatenate([half, other, draw(5)])), mixed))
    burst = np.arange(1000, 1020)  # a spike in every step
    pairs.append((burst, np.arange(1005, 1045, 2)))
    starts = [1.0, 0.05, 1.95, 0.5, 1.5] + [1.0] * 7
    return pairs, starts


def plastic_group(pairs, column):
    cells = np.concatenate([np.full(len(pair[column]), k) for k, pair in enumerate(pairs)])
    steps = np.concatenate([pair[column] for pair in pairs])
    return b2.SpikeGeneratorGroup(len(pairs), cells, steps * DT * ms)


def weights_over_time(rule, part, pairs, starts):
    """The weight of each case at the end of each step, float64."""
    b2.start_scope()
    values, f_plus, f_minus = RULES[rule]
    triplet = rule.startswith("triplet")
    namespace = {k: v * ms if k.startswith("tau") else v for k, v in values.items()}
    model = """
        w : 1
        dx/dt = -x / tau_plus : 1 (event-driven)
        dy/dt = -y / tau_minus : 1 (event-driven)
    """
    depress, potentiate, second_x, second_y = "a_minus", "a_plus", "", ""
    if triplet:
        model += "dx2/dt = -x2 / tau_x : 1 (event-driven)\ndy2/dt = -y2 / tau_y : 1 (event-driven)"
        depress, potentiate = "(a_minus + a3_minus * x2)", "(a_plus + a3_plus * y2)"
        second_x, second_y = "x2 += 1", "y2 += 1"
    on_pre = f"w = clip(w - ({f_minus}) * y * {depress}, 0, w_max)\nx += 1\n{second_x}"
    on_post = f"w = clip(w + ({f_plus}) * x * {potentiate}, 0, w_max)\ny += 1\n{second_y}"
    source, target = plastic_group(pairs, 0), plastic_group(pairs, 1)
    late = DELAY_STEPS * DT * ms
    delays = {"pre": late, "post": 0 * ms} if part == "axonal" else {"pre": 0 * ms, "post": late}
    made = b2.Synapses(source, target, model, on_pre=on_pre, on_post=on_post, delay=delays,
                       namespace=namespace)  # fmt: skip
    made.connect(j="i")
    made.pre.order, made.post.order = 0, 1
    made.w = starts
    monitor = b2.StateMonitor(made, "w", record=True, when="end")
    b2.Network(source, target, made, monitor).run(1000 * ms)
    return monitor.w


def plasticity():
    pairs, starts = trains()
    outcomes = []
    for rule, (values, _, _) in RULES.items():
        for part in ("axonal", "dendritic"):
            w = weights_over_time(rule, part, pairs, starts)
            courses = []
            for k, (source, target) in enumerate(pairs):
                late = (DELAY_STEPS, 0) if part == "axonal" else (0, DELAY_STEPS)
                events = np.union1d(source + late[0], target + late[1])
                courses.append(rounded(w[k, events], 9))
            outcome = {"rule": rule, "delay": part, "parameters": values, "weights": courses}
            outcomes.append({**outcome, "final_weights": rounded(w[:, -1], 9)})
    cases = [
        {"source_steps": s.tolist(), "target_steps": t.tolist(), "start": w}
        for (s, t), w in zip(pairs, starts)
    ]
    return {
        "what": "Twelve synapses, each between one source and one target that fire in the given "
        "steps, for 10000 steps of 0.1 ms.  `weights[case]` is the weight after each event, events "
        "being the steps in which a spike reaches the plastic part of the synapse, sorted, each "
        "once: source spikes late by the delay where it is axonal, target spikes where it is "
        "dendritic.  A source spike is taken before a target spike of the same step.",
        "dt_ms": DT,
        "delay_ms": DELAY_STEPS * DT,
        "cases": cases,
        "outcomes": outcomes,
    }


# --- circuits -------------------------------------------------------------------------------------


def simulated(circuit, seed):
    """Times (ms) and neurons of the spikes after the warm-up, and the plastic weights (pA)."""
    with tempfile.TemporaryDirectory() as folder:
        _, monitor, made = with_brian2.run(circuit, 1, seed, folder)
        times, neurons = np.asarray(monitor.t / ms), np.asarray(monitor.i[:])
        plastic = [s for s in made if "w" in s.variables and "x" in s.variables]
        weights = np.asarray(plastic[0].w / pA) if plastic else None
    late = times >= circuit.warm_up - 1e-6
    return times[late], neurons[late], weights


def statistics(circuit, seed):
    times, neurons, _ = simulated(circuit, seed)
    end = circuit.warm_up + circuit.duration
    excitatory = circuit.excitatory()
    chosen = np.random.default_rng(seed).choice(excitatory, 200, replace=False)
    return {
        "seed": seed,
        **spikes.summary(circuit, times, neurons, circuit.warm_up, end),
        "correlation": round(
            spikes.mean_correlation(times, neurons, chosen, circuit.warm_up, end), 6
        ),
    }


def networks():
    """Circuit, seeds, warm-up and duration (ms)."""
    found = {}
    for name, seeds, warm_up, duration in (
        ("cuba", [1, 2, 3], 500.0, 10_000.0),
        ("coba", [1, 2, 3, 4], 500.0, 5_000.0),
        ("brunel", [1, 2], 200.0, 1_000.0),
    ):
        circuit = circuits.read(name)
        circuit.warm_up, circuit.duration = warm_up, duration
        runs = [statistics(circuit, seed) for seed in seeds]
        found[name] = {"warm_up_ms": warm_up, "duration_ms": duration, "runs": runs}
    return {
        "what": "Statistics of the circuits in `circuits/` after the warm-up.  cv: coefficient of "
        "variation of the intervals, mean over all neurons with at least 3 spikes.  fano: variance "
        "over mean of the spikes of population E in bins of 3 ms.  correlation: Pearson, of counts in "
        "bins of 10 ms, mean over the pairs of 200 neurons of E drawn at random, those that are "
        "silent left out.",
        "refractory": REFRACTORY,
        "networks": found,
    }


def small_plastic():
    """A tenth of the neurons and of the in-degrees, recurrent weights times ten, the same drive."""
    circuit = circuits.read("plastic")
    first = 0
    for population in circuit.populations:
        population.size, population.first = population.size // 10, first
        first += population.size
    for projection in circuit.projections:
        projection.value //= 10
        projection.weight = projection.weight.times(10.0)
        if projection.plasticity:
            projection.plasticity.w_max *= 10.0
    circuit.duration = 2_000.0
    return circuit


def stdp_network():
    runs = []
    w_max = small_plastic().projections[0].plasticity.w_max
    for seed in (1, 2, 3):
        circuit = small_plastic()
        times, neurons, weights = simulated(circuit, seed)
        found = spikes.summary(circuit, times, neurons, 0.0, circuit.duration)
        if not 5 < found["rates_hz"]["E"] < 40:
            raise ValueError(f"E fires at {found['rates_hz']['E']} Hz")
        counts, _ = np.histogram(weights, 20, (0.0, w_max))
        runs.append({
            "seed": seed, **found, "histogram": counts.tolist(), "n_weights": len(weights),
            "mean": round(float(weights.mean()), 4), "sd": round(float(weights.std()), 4),
        })  # fmt: skip
    return {
        "what": "`circuits/plastic.toml` with a tenth of the neurons (800 E, 200 I) and of the "
        "in-degrees (80, 20), weights and w_max of the recurrent synapses times ten, the drive as it "
        "is, for 2 s from the start.  histogram: the weights from E to E at the end, 20 bins from 0 "
        "to w_max; mean and sd in pA.",
        "refractory": REFRACTORY,
        "w_start_pa": 687.0,
        "w_max_pa": w_max,
        "runs": runs,
    }


WRITERS = {
    "neurons": neurons,
    "plasticity": plasticity,
    "stdp_network": stdp_network,
    "networks": networks,
}


def text(document):
    """JSON with every list of numbers on a line of its own."""
    numbers = r"\[\s+([-0-9.e,\s+]+?)\s+\]"
    return re.sub(numbers, lambda m: f"[{''.join(m[1].split())}]", json.dumps(document, indent=1))


def main():
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    folder = ROOT / "crates/spike/tests/fixtures/circuit"
    options.add_argument("fixtures", nargs="*", default=list(WRITERS), help=", ".join(WRITERS))
    options.add_argument("--folder", type=pathlib.Path, default=folder)
    args = options.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    for name in args.fixtures:
        if name in ("neurons", "plasticity"):
            b2.set_device("runtime")
            b2.prefs.codegen.target = "numpy"
            b2.defaultclock.dt = DT * ms
        document = {"brian2": b2.__version__, "numpy": np.__version__, **WRITERS[name]()}
        (args.folder / f"{name}.json").write_text(text(document) + "\n")
        print(f"{name}.json")


if __name__ == "__main__":
    main()
