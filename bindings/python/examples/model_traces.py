"""Reference traces of biological neuron models from Brian2, in float64.

    python model_traces.py FOLDER            records with Brian2 (2.9.0; needs numpy 1)
    python model_traces.py FOLDER --check    steps the same in numpy alone and compares

Each model is written down twice: as Brian2's equations, and as a function of numpy.
All quantities are plain numbers: potentials in mV, times in ms, currents in pA, conductances in nS,
capacitances in pF (so pA / pF = mV / ms); the step is 0.1 ms.
"""

import argparse
import json
import pathlib
from dataclasses import dataclass, field

import numpy as np

STEPS = 1000
DT = 0.1  # ms


@dataclass
class Model:
    """`equations` are Brian2's, per ms; `derivative(state, p, i)` is the same, as a dict."""

    name: str
    equations: str
    derivative: callable
    threshold: str
    reset: str
    parameters: dict
    start: dict
    currents: np.ndarray  # (steps, neurons) in pA; for Izhikevich, in the model's own unit
    method: str = "euler"
    refractory: float = 0.0  # ms; v is held and the test is barred while it lasts
    projections: list = field(default_factory=list)  # (state variable, weight (neurons, inputs))
    input_spikes: np.ndarray | None = None  # (steps, inputs)
    source: str = ""
    note: str = ""


# --- inputs ---------------------------------------------------------------------------------------


def stepped(levels):
    """0 for 10 ms, then each neuron's level, and half of it for the last 30 ms."""
    currents = np.zeros((STEPS, len(levels)))
    currents[100:700] = levels
    currents[700:] = 0.5 * np.asarray(levels)
    return currents


def constant(level, n):
    return np.full((STEPS, n), float(level))


N_EXCITATORY, N_INHIBITORY, N_TARGETS = 16, 4, 4
INPUT_SPIKES = (
    np.random.default_rng(61).random((STEPS, N_EXCITATORY + N_INHIBITORY)) < 0.006
).astype(np.uint8)


def synaptic_weights(excitatory, inhibitory):
    """Weights (targets, inputs) of the two kinds; the first inputs excite, the last inhibit."""
    random = np.random.default_rng(62).random((N_TARGETS, N_EXCITATORY + N_INHIBITORY)) + 0.5
    e, i = random * excitatory, random * inhibitory
    e[:, N_EXCITATORY:], i[:, :N_EXCITATORY] = 0, 0
    return np.round(e * 64) / 64, np.round(i * 64) / 64


# --- the models -----------------------------------------------------------------------------------


def izhikevich(name, a, b, c, d):
    def derivative(s, p, i):
        v, u = s["v"], s["u"]
        return {"v": 0.04 * v**2 + 5 * v + 140 - u + i, "u": a * (b * v - u)}

    return Model(
        name=f"izhikevich_{name}",
        equations="""dv/dt = (0.04*v**2 + 5*v + 140 - u + I) / ms : 1
                     du/dt = a*(b*v - u) / ms : 1""",
        derivative=derivative,
        threshold="v >= 30",
        reset="v = c; u += d",
        parameters={"a": a, "b": b, "c": c, "d": d},
        start={"v": -65.0, "u": b * -65.0},
        currents=stepped([4.0, 6.0, 10.0, 15.0]),
        source="Izhikevich 2003, IEEE Trans. Neural Networks 14(6), eqs. 1-3",
        note="v and u step together from the old values; no half steps of v",
    )


def adex():
    p = {"C": 281.0, "g_L": 30.0, "E_L": -70.6, "V_T": -50.4, "Delta_T": 2.0}
    p |= {"tau_w": 144.0, "a": 4.0, "b": 80.5, "V_r": -70.6, "V_peak": 20.0}

    def derivative(s, p, i):
        v, w = s["v"], s["w"]
        upswing = p["g_L"] * p["Delta_T"] * np.exp((v - p["V_T"]) / p["Delta_T"])
        return {
            "v": (p["g_L"] * (p["E_L"] - v) + upswing - w + i) / p["C"],
            "w": (p["a"] * (v - p["E_L"]) - w) / p["tau_w"],
        }

    return Model(
        name="adex",
        equations="""dv/dt = (g_L*(E_L - v) + g_L*Delta_T*exp((v - V_T)/Delta_T) - w + I)/C/ms : 1
                     dw/dt = (a*(v - E_L) - w)/tau_w/ms : 1""",
        derivative=derivative,
        threshold="v > V_peak",
        reset="v = V_r; w += b",
        parameters=p,
        start={"v": -70.6, "w": 0.0},
        currents=stepped([500.0, 800.0, 1200.0, 2500.0]),
        source="Brette and Gerstner 2005, J. Neurophysiol. 94, eqs. 1-3, table 1",
        note="in the step that spikes v may pass V_peak by many orders of magnitude; it is reset",
    )


def adaptive_lif(method):
    p = {"E_L": -70.0, "R": 0.1, "tau_m": 20.0, "V_r": -70.0}
    p |= {"theta_0": -50.0, "tau_theta": 50.0, "delta_theta": 3.0}

    def derivative(s, p, i):
        return {
            "v": (p["E_L"] - s["v"] + p["R"] * i) / p["tau_m"],
            "theta": (p["theta_0"] - s["theta"]) / p["tau_theta"],
        }

    return Model(
        name=f"adaptive_lif_{method}",
        equations="""dv/dt = (E_L - v + R*I)/tau_m/ms : 1 (unless refractory)
                     dtheta/dt = (theta_0 - theta)/tau_theta/ms : 1""",
        derivative=derivative,
        threshold="v > theta",
        reset="v = V_r; theta += delta_theta",
        parameters=p,
        start={"v": -70.0, "theta": -50.0},
        currents=stepped([220.0, 300.0, 500.0, 900.0]),
        method=method,
        refractory=2.0,
        source="Gerstner et al. 2014, Neuronal Dynamics, section 6.1 (dynamic threshold)",
        note="R in GOhm, so R*I is in mV; the threshold decays on in refractory time",
    )


def cuba(kind, method):
    p = {"E_L": -70.0, "R": 0.1, "tau_m": 20.0, "V_r": -65.0, "V_th": -50.0}
    p |= {"tau_e": 2.0, "tau_i": 8.0}
    lines = ["dv/dt = (E_L - v + R*(I_e - I_i + I))/tau_m/ms : 1 (unless refractory)"]
    start = {"v": -70.0}
    for x in "ei":
        start |= {f"I_{x}": 0.0} | ({f"x_{x}": 0.0} if kind == "alpha" else {})
        if kind == "exp":
            lines.append(f"dI_{x}/dt = -I_{x}/tau_{x}/ms : 1")
        else:
            lines.append(f"dI_{x}/dt = (x_{x} - I_{x})/tau_{x}/ms : 1")
            lines.append(f"dx_{x}/dt = -x_{x}/tau_{x}/ms : 1")

    def derivative(s, p, i):
        total = s["I_e"] - s["I_i"] + i
        return {"v": (p["E_L"] - s["v"] + p["R"] * total) / p["tau_m"], **decays(s, p, "I", kind)}

    excite, inhibit = synaptic_weights(700.0, 500.0)
    jump = "I" if kind == "exp" else "x"
    return Model(
        name=f"cuba_{kind}_{method}",
        equations="\n".join(lines),
        derivative=derivative,
        threshold="v > V_th",
        reset="v = V_r",
        parameters=p,
        start=start,
        currents=constant(50.0, N_TARGETS),
        method=method,
        refractory=2.0,
        projections=[(f"{jump}_e", scaled(excite, kind)), (f"{jump}_i", scaled(inhibit, kind))],
        input_spikes=INPUT_SPIKES,
        source="Dayan and Abbott 2001, chapter 5; NEST iaf_psc_exp and iaf_psc_alpha",
        note=ALPHA_NOTE if kind == "alpha" else "a spike adds its weight to the current",
    )


def coba(kind):
    p = {"C": 200.0, "g_L": 10.0, "E_L": -65.0, "E_e": 0.0, "E_i": -80.0}
    p |= {"V_r": -65.0, "V_th": -50.0, "tau_e": 5.0, "tau_i": 10.0}
    lines = [
        "dv/dt = (g_L*(E_L - v) + g_e*(E_e - v) + g_i*(E_i - v) + I)/C/ms : 1 (unless refractory)"
    ]
    start = {"v": -65.0}
    for x in "ei":
        start |= {f"g_{x}": 0.0} | ({f"x_{x}": 0.0} if kind == "alpha" else {})
        if kind == "exp":
            lines.append(f"dg_{x}/dt = -g_{x}/tau_{x}/ms : 1")
        else:
            lines.append(f"dg_{x}/dt = (x_{x} - g_{x})/tau_{x}/ms : 1")
            lines.append(f"dx_{x}/dt = -x_{x}/tau_{x}/ms : 1")

    def derivative(s, p, i):
        v = s["v"]
        current = p["g_L"] * (p["E_L"] - v) + s["g_e"] * (p["E_e"] - v) + s["g_i"] * (p["E_i"] - v)
        return {"v": (current + i) / p["C"], **decays(s, p, "g", kind)}

    excite, inhibit = synaptic_weights(6.0, 10.0)
    jump = "g" if kind == "exp" else "x"
    return Model(
        name=f"coba_{kind}",
        equations="\n".join(lines),
        derivative=derivative,
        threshold="v > V_th",
        reset="v = V_r",
        parameters=p,
        start=start,
        currents=constant(60.0, N_TARGETS),
        refractory=5.0,
        projections=[(f"{jump}_e", scaled(excite, kind)), (f"{jump}_i", scaled(inhibit, kind))],
        input_spikes=INPUT_SPIKES,
        source="Dayan and Abbott 2001, chapter 5; NEST iaf_cond_exp and iaf_cond_alpha",
        note=ALPHA_NOTE if kind == "alpha" else "a spike adds its weight to the conductance",
    )


ALPHA_NOTE = (
    "a spike adds e times its weight to x, so the response w (t/tau) exp(1 - t/tau) peaks at w; "
    "the stored weights already hold the factor e"
)


def scaled(weight, kind):
    return weight * np.e if kind == "alpha" else weight


def decays(s, p, letter, kind):
    """The synapses' own derivatives."""
    found = {}
    for x in "ei":
        drive = -s[f"{letter}_{x}"]
        if kind == "alpha":
            drive = drive + s[f"x_{x}"]
            found[f"x_{x}"] = -s[f"x_{x}"] / p[f"tau_{x}"]
        found[f"{letter}_{x}"] = drive / p[f"tau_{x}"]
    return found


def models():
    return [
        izhikevich("rs", 0.02, 0.2, -65.0, 8.0),
        izhikevich("fs", 0.1, 0.2, -65.0, 2.0),
        izhikevich("ch", 0.02, 0.2, -50.0, 2.0),
        izhikevich("ib", 0.02, 0.2, -55.0, 4.0),
        adex(),
        adaptive_lif("euler"),
        adaptive_lif("exact"),
        cuba("exp", "euler"),
        cuba("exp", "exact"),
        cuba("alpha", "euler"),
        cuba("alpha", "exact"),
        coba("exp"),
        coba("alpha"),
    ]


# --- recording with Brian2 ------------------------------------------------------------------------


def record(model):
    """{variable: (steps, neurons)} at the end of each step, and the spikes."""
    import brian2 as b

    b.prefs.codegen.target = "numpy"
    b.start_scope()
    b.defaultclock.dt = DT * b.ms
    n = model.currents.shape[1]
    given = b.TimedArray(model.currents, dt=DT * b.ms)
    group = b.NeuronGroup(
        n,
        model.equations + "\nI : 1",
        threshold=model.threshold,
        reset=model.reset.replace("; ", "\n"),
        refractory=model.refractory * b.ms if model.refractory else False,
        method=model.method,
        namespace={**model.parameters, "given": given},
    )
    for name, value in model.start.items():
        setattr(group, name, value)
    group.run_regularly("I = given(t, i)", when="start")  # held constant through the step
    objects = [group]
    if model.input_spikes is not None:
        step, line = np.nonzero(model.input_spikes)
        source = b.SpikeGeneratorGroup(model.input_spikes.shape[1], line, step * DT * b.ms)
        objects.append(source)
        for variable, weight in model.projections:
            synapses = b.Synapses(source, group, "w : 1", on_pre=f"{variable}_post += w")
            synapses.connect()
            synapses.w = weight.T.ravel()
            objects.append(synapses)
    states = b.StateMonitor(group, list(model.start), record=True, when="end")
    fired = b.SpikeMonitor(group)
    b.Network(objects + [states, fired]).run(STEPS * DT * b.ms)
    spikes = np.zeros((STEPS, n), np.uint8)
    spikes[np.round(np.asarray(fired.t / b.ms) / DT).astype(int), np.asarray(fired.i)] = 1
    return {name: np.asarray(getattr(states, name)).T for name in model.start}, spikes


# --- the same in numpy ----------------------------------------------------------------------------


def simulate(model):
    """One step: integrate all, test, synapses, reset, record."""
    p, n = model.parameters, model.currents.shape[1]
    state = {name: np.full(n, value, float) for name, value in model.start.items()}
    traces = {name: np.zeros((STEPS, n)) for name in state}
    spikes, last = np.zeros((STEPS, n), np.uint8), np.full(n, -(10**9))
    hold = int(round(model.refractory / DT))
    move = exact(model) if model.method == "exact" else euler(model)
    for t in range(STEPS):
        free = (t - last) >= hold
        moved = move(state, model.currents[t])
        moved["v"] = np.where(free, moved["v"], state["v"])
        state = moved
        fired = eval(model.threshold, {}, {**p, **state}) & free
        last[fired] = t
        for variable, weight in model.projections:
            state[variable] = state[variable] + weight @ model.input_spikes[t].astype(float)
        for statement in model.reset.split("; "):
            name, sign, value = statement.split()
            amount = p[value]
            after = state[name] + amount if sign == "+=" else amount
            state[name] = np.where(fired, after, state[name])
        spikes[t] = fired
        for name in state:
            traces[name][t] = state[name]
    return traces, spikes


def euler(model):
    def move(state, i):
        with np.errstate(over="ignore"):
            slope = model.derivative(state, model.parameters, i)
        return {name: state[name] + DT * slope[name] for name in state}

    return move


def exact(model):
    """A linear model's own solution: expm of its matrix, found by differences of `derivative`."""
    names = list(model.start)

    def slope(vector, i):
        state = {name: np.array([x]) for name, x in zip(names, vector)}
        found = model.derivative(state, model.parameters, i)
        return np.array([float(np.ravel(found[name])[0]) for name in names])

    zero = np.zeros(len(names))
    base = slope(zero, 0.0)
    columns = [slope(unit, 0.0) - base for unit in np.eye(len(names))]
    columns += [slope(zero, 1.0) - base, base]
    matrix = np.zeros((len(names) + 2,) * 2)
    matrix[: len(names)] = np.array(columns).T
    step = expm(matrix * DT)[: len(names)]

    def move(state, i):
        x = np.array([*(state[name] for name in names), i, np.ones_like(i)])
        return dict(zip(names, step @ x))

    return move


def expm(m):
    """Taylor series; the entries are far below 1."""
    term, total = np.eye(len(m)), np.eye(len(m))
    for k in range(1, 30):
        term = term @ m / k
        total = total + term
    return total


# --- files ----------------------------------------------------------------------------------------


def write(folder):
    import brian2

    described = []
    for model in models():
        traces, spikes = record(model)
        arrays = {f"trace_{name}": a for name, a in traces.items()}
        arrays |= {"spikes": spikes, "currents": model.currents}
        for variable, weight in model.projections:
            arrays[f"weight_{variable}"] = weight
        if model.input_spikes is not None:
            arrays["input_spikes"] = model.input_spikes
        np.savez_compressed(folder / f"{model.name}.npz", **arrays)
        described.append(
            {
                "name": model.name,
                "method": model.method,
                "dt_ms": DT,
                "steps": STEPS,
                "equations": [line.strip() for line in model.equations.splitlines()],
                "threshold": model.threshold,
                "reset": model.reset,
                "refractory_ms": model.refractory,
                "parameters": model.parameters,
                "start": model.start,
                "synapses_add_to": [variable for variable, _ in model.projections],
                "n_spikes": spikes.sum(0).tolist(),
                "source": model.source,
                "note": model.note,
            }
        )
        print(f"{model.name:22s} spikes {spikes.sum(0).tolist()}")
    text = json.dumps({"brian2": brian2.__version__, "models": described}, indent=1)
    (folder / "models.json").write_text(text + "\n")


def check(folder):
    good = True
    for model in models():
        stored = np.load(folder / f"{model.name}.npz")
        traces, spikes = simulate(model)
        n_cells = int((spikes != stored["spikes"]).sum())
        difference = max(np.abs(traces[k] - stored[f"trace_{k}"]).max() for k in traces)
        good &= n_cells == 0 and difference < 1e-9
        print(f"{model.name:22s} {n_cells} spike cells differ, states by at most {difference:.1e}")
    return good


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("folder", type=pathlib.Path)
    options.add_argument("--check", action="store_true")
    args = options.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    if args.check:
        raise SystemExit(0 if check(args.folder) else 1)
    write(args.folder)


if __name__ == "__main__":
    main()
