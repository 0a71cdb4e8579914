"""A circuit in Brian2: C++ standalone, one group for all neurons, as few `Synapses` as it allows.

Spikes of a step act from the end of their step of arrival on; Brian2 counts the step of the spike
into the refractory period, so that one step more is what the description asks for.
"""

import os
import pathlib
import subprocess
import tempfile
import time

import brian2 as b2
import numpy as np
import spikes

SAY_TIME = """std::cerr << std::fixed << "TIME " << std::chrono::duration<double>(
    std::chrono::steady_clock::now().time_since_epoch()).count() << std::endl;"""
UNIT = {"delta": "mV", "current": "pA", "conductance": "nS"}
DIMENSION = {"mV": "volt", "pA": "amp", "nS": "siemens"}
N_POISSON = 1000  # sources that a train is spread over: Brian2's are Bernoulli in each step


def equations(lif, driven):
    """The model, its integration method, the unit of a weight and the variables it may move."""
    names = [f"g{k}" for k in range(len(lif.tau_syn))]
    conductance = lif.synapses == "conductance"
    inputs = [f"{g} * (e_{g} - v)" if conductance else g for g in names] + ["I"] * driven
    into = f" + ({' + '.join(inputs)}) / c_m" if inputs else ""
    lines = [f"dv/dt = (v_rest - v) / tau_m{into} : volt (unless refractory)"]
    lines += [f"d{g}/dt = -{g} / tau_{g} : {'siemens' if conductance else 'amp'}" for g in names]
    lines += ["I : amp (constant)"] * driven
    method = "exponential_euler" if conductance else "exact"
    return "\n".join(lines), method, UNIT[lif.synapses], names or ["v"]


def neurons(circuit, rng):
    lif = circuit.lif
    driven = bool(circuit.current().any())
    model, method, unit, names = equations(lif, driven)
    namespace = {k: getattr(lif, k) * b2.mV for k in ("v_rest", "v_threshold", "v_reset")}
    namespace |= {"tau_m": lif.tau_m * b2.ms, "c_m": lif.c_m * b2.pF}
    namespace |= {f"tau_g{k}": tau * b2.ms for k, tau in enumerate(lif.tau_syn)}
    namespace |= {f"e_g{k}": e_rev * b2.mV for k, e_rev in enumerate(lif.e_rev)}
    group = b2.NeuronGroup(
        circuit.size, model, method=method, threshold="v > v_threshold", reset="v = v_reset",
        refractory=(lif.t_refractory + circuit.step) * b2.ms, namespace=namespace, name="neurons",
    )  # fmt: skip
    group.v = circuit.start("v", lif.v_rest, rng) * b2.mV
    if driven:
        group.I = circuit.current() * b2.pA
    for name, receptor in zip(names, lif.receptors):
        if any(receptor in population.start for population in circuit.populations):
            setattr(group, name, circuit.start(receptor, 0.0, rng) * getattr(b2, unit))
    return group, names, unit


def merged(circuit):
    """Projections that one `Synapses` can hold: one receptor, plasticity, and constant or not."""
    merged = {}
    for p in circuit.projections:
        fixed = p.weight.mean if p.weight.kind == "constant" else None
        delay = p.delay.mean if p.delay.kind == "constant" else None
        key = (p.receptor, fixed, delay, p.plasticity is not None)
        merged.setdefault(key, []).append(p)
    return merged.items()


def synapses(circuit, group, names, unit, rng):
    objects = []
    for (receptor, weight, delay, learning), projections in merged(circuit):
        drawn = [p.draw(rng) for p in projections]
        i = np.concatenate([s + p.source.first for p, (s, _) in zip(projections, drawn)])
        j = np.concatenate([t + p.target.first for p, (_, t) in zip(projections, drawn)])
        order = np.argsort(i, kind="stable")
        lengths = [len(s) for s, _ in drawn]
        variable = names[receptor]
        if learning:
            made = plastic(projections[0], group, variable, unit, delay)
        elif weight is None:
            model = f"w : {DIMENSION[unit]}"
            made = b2.Synapses(group, group, model, on_pre=f"{variable}_post += w")
        else:
            made = b2.Synapses(group, group, on_pre=f"{variable}_post += {weight!r} * {unit}")
        made.connect(i=i[order], j=j[order])
        if learning:
            made.w = weight * getattr(b2, unit)
        elif weight is None:
            w = [p.weight.draw(rng, n) for p, n in zip(projections, lengths)]
            made.w = np.concatenate(w)[order] * getattr(b2, unit)
        if not learning and delay is not None:
            made.delay = delay * b2.ms
        elif not learning:
            d = [p.delay.draw(rng, n) for p, n in zip(projections, lengths)]
            steps = np.maximum(np.rint(np.concatenate(d)[order] / circuit.step), 1)
            made.delay = steps * circuit.step * b2.ms
        objects.append(made)
    return objects


def plastic(projection, group, variable, unit, delay):
    """The additive pair rule with the delay behind the synapse: traces per synapse, by events."""
    rule = projection.plasticity
    assert (rule.dependence, rule.delay) == ("additive", "dendritic"), rule
    namespace = {"tau_plus": rule.tau_plus * b2.ms, "tau_minus": rule.tau_minus * b2.ms}
    namespace |= {"w_max": rule.w_max * getattr(b2, unit)}
    namespace |= {"a_plus": rule.a_plus, "a_minus": rule.a_minus}
    model = f"""
        w : {DIMENSION[unit]}
        dx/dt = -x / tau_plus : 1 (event-driven)
        dy/dt = -y / tau_minus : 1 (event-driven)
    """
    arrive = f"{variable}_post += w"
    depress = "x += 1; w = clip(w - a_minus * w_max * y, 0 * w_max, w_max)"
    potentiate = "y += 1; w = clip(w + a_plus * w_max * x, 0 * w_max, w_max)"
    return b2.Synapses(
        group, group, model, on_pre={"arrive": arrive, "depress": depress},
        on_post={"potentiate": potentiate}, namespace=namespace,
        delay={"arrive": delay * b2.ms, "depress": 0 * b2.ms, "potentiate": delay * b2.ms},
    )  # fmt: skip


def poisson(circuit, group, names, unit):
    """One input for populations that follow each other and are driven alike."""
    runs = []
    for s in sorted(circuit.stimuli, key=lambda s: s.target.first):
        alike = (s.sources, s.rate, s.weight, s.receptor)
        if runs and runs[-1][0] == alike and runs[-1][2] == s.target.first:
            runs[-1][2] += s.target.size
        else:
            runs.append([alike, s.target.first, s.target.first + s.target.size])
    objects = []
    for (sources, rate, weight, receptor), first, last in runs:
        n = round(sources) if sources > 1 else N_POISSON
        whole = first == 0 and last == circuit.size
        target = group if whole else group[first:last]
        weight = weight * getattr(b2, unit)
        rate = rate * sources / n * b2.Hz
        objects.append(b2.PoissonInput(target, names[receptor], n, rate, weight))
    return objects


def network(circuit, rng):
    """The network, the monitor of its spikes, and its synapses."""
    group, names, unit = neurons(circuit, rng)
    made = synapses(circuit, group, names, unit, rng)
    monitor = b2.SpikeMonitor(group, name="spikes")
    return b2.Network(group, made, poisson(circuit, group, names, unit), monitor), monitor, made


def run_program(folder, results, threads):
    """Runs what was compiled; its moments and the resident memory at its peak."""
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads)}
    with tempfile.TemporaryFile("w+") as log:
        command = ["./main", "--results_dir", f"{results}/"]
        program = subprocess.Popen(command, cwd=folder, stderr=log, env=environment)
        _, status, usage = os.wait4(program.pid, 0)
        log.seek(0)
        text = log.read()
    if status:
        raise RuntimeError(f"exit status {status}: {text[-300:]}")
    moments = [float(line.split()[1]) for line in text.splitlines() if line.startswith("TIME")]
    return moments, usage.ru_maxrss / 1024


def run(circuit, threads, seed, folder):
    """Generates, compiles and runs the program: its figures, the monitor of spikes, the synapses."""
    begun = time.perf_counter()
    folder = pathlib.Path(folder)
    b2.set_device("cpp_standalone", build_on_run=False, directory=str(folder))
    b2.device.reinit()
    b2.device.activate(build_on_run=False, directory=str(folder))
    b2.prefs.devices.cpp_standalone.openmp_threads = threads if threads > 1 else 0
    b2.prefs.devices.cpp_standalone.extra_make_args_unix = ["-j2"]
    b2.prefs.codegen.cpp.extra_compile_args_gcc = [
        "-w", "-O3", "-ffast-math", "-fno-finite-math-only", "-march=native", "-std=c++11",
    ]  # fmt: skip
    b2.prefs.codegen.cpp.headers = ["<chrono>"]
    b2.defaultclock.dt = circuit.step * b2.ms
    b2.seed(seed)
    net, monitor, made = network(circuit, np.random.default_rng(seed))
    for slot in ("before_start", "before_network_run", "after_network_run"):
        b2.device.insert_code(slot, SAY_TIME)
    if circuit.warm_up:
        net.run(circuit.warm_up * b2.ms)
    net.run(circuit.duration * b2.ms)
    generated = time.perf_counter()
    b2.device.build(directory=str(folder), compile=True, run=False)
    compiled = time.perf_counter()
    results = folder / "results"
    results.mkdir(exist_ok=True)
    moments, resident = run_program(folder, results, threads)
    device = b2.get_device()
    device.has_been_run, device.results_dir = True, str(results)
    figures = {
        "version": b2.__version__,
        "seconds_per_biological_second": (moments[-1] - moments[-2]) / circuit.duration * 1e3,
        "construction_seconds": generated - begun + moments[1] - moments[0],
        "compilation_seconds": compiled - generated,
        "resident_mib": resident,
    }
    return figures, monitor, made


def measure(circuit, threads, seed):
    end = circuit.warm_up + circuit.duration
    with tempfile.TemporaryDirectory() as folder:
        figures, monitor, _ = run(circuit, threads, seed, folder)
        return figures | spikes.summary(
            circuit, monitor.t / b2.ms, monitor.i[:], circuit.warm_up, end
        )
