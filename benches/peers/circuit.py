"""Reads the descriptions in `circuits/` as `striatum simulate` does, and draws their synapses.

What the five files there use and nothing else; unknown keys are errors.
Units are those of the Rust crate: ms, mV, pA, pF, nS, Hz.  Simulators are in `with_*.py`.
"""

import math
import pathlib
import re
import tomllib
from dataclasses import dataclass, field, replace

import numpy as np

CIRCUITS = pathlib.Path(__file__).resolve().parents[2] / "circuits"
UNITS = {
    "s": ("time", 1e3), "ms": ("time", 1.0), "us": ("time", 1e-3),
    "V": ("potential", 1e3), "mV": ("potential", 1.0),
    "nA": ("current", 1e3), "pA": ("current", 1.0),
    "nF": ("capacitance", 1e3), "pF": ("capacitance", 1.0),
    "uS": ("conductance", 1e3), "nS": ("conductance", 1.0),
    "Hz": ("rate", 1.0), "kHz": ("rate", 1e3),
}  # fmt: skip
WEIGHT = {"delta": "potential", "current": "current", "conductance": "conductance"}


def quantity(text, dimension):
    """`"1.5 ms"` as a number in the unit of its dimension."""
    match = re.fullmatch(r"([-+]?[0-9.]+(?:e[-+]?[0-9]+)?) ?([a-zA-Z]+)", text)
    if not match or UNITS.get(match[2], ("",))[0] != dimension:
        raise ValueError(f"{text!r} is no {dimension}")
    return float(match[1]) * UNITS[match[2]][1]


@dataclass(frozen=True)
class Distribution:
    """A constant (`sd` 0), `normal` (redrawn outside the bounds, or clipped), or `uniform`."""

    mean: float
    sd: float = 0.0
    min: float = -math.inf
    max: float = math.inf
    kind: str = "constant"
    clip: bool = False

    @classmethod
    def read(cls, value, dimension):
        if isinstance(value, str):
            return cls(quantity(value, dimension))
        numbers = {
            k: quantity(value[k], dimension) for k in ("mean", "sd", "min", "max") if k in value
        }
        known(value, "distribution", "outside", *numbers)
        kind, clip = value["distribution"], value.get("outside", "redraw") == "clip"
        if kind == "uniform":
            return cls(mean=(numbers["min"] + numbers["max"]) / 2, kind=kind, **numbers)
        assert kind == "normal", kind
        return cls(kind=kind, clip=clip, **numbers)

    def times(self, factor):
        low, high = sorted((self.min * factor, self.max * factor))
        return replace(self, mean=self.mean * factor, sd=self.sd * abs(factor), min=low, max=high)

    def draw(self, rng, n):
        if self.kind == "constant":
            return np.full(n, self.mean)
        if self.kind == "uniform":
            return rng.uniform(self.min, self.max, n)
        values = rng.normal(self.mean, self.sd, n)
        if self.clip:
            return np.clip(values, self.min, self.max)
        while len(outside := np.flatnonzero((values < self.min) | (values > self.max))):
            values[outside] = rng.normal(self.mean, self.sd, len(outside))
        return values


@dataclass
class Lif:
    """Leaky integrate and fire; `tau_syn` has one entry per receptor, `e_rev` for conductances."""

    synapses: str
    tau_m: float
    v_rest: float
    v_threshold: float
    v_reset: float
    t_refractory: float
    c_m: float = 1.0
    receptors: tuple = ("",)
    tau_syn: tuple = ()
    e_rev: tuple = ()


@dataclass
class Population:
    name: str
    size: int
    first: int  # position of its first neuron among all
    start: dict  # "v" or a receptor's name -> Distribution
    rate: float = 0.0  # what it fires at in the full circuit, for scaling
    current: float = 0.0  # constant, pA


@dataclass
class Plasticity:
    """The pair rule; see `crates/spike/src/circuit/plastic.rs` for the equations."""

    dependence: str
    tau_plus: float
    tau_minus: float
    a_plus: float
    a_minus: float
    w_max: float
    delay: str


@dataclass
class Projection:
    source: Population
    target: Population
    rule: str
    value: float  # p, or synapses onto each target, or synapses in all
    autapses: bool
    receptor: int
    weight: Distribution
    delay: Distribution
    plasticity: Plasticity | None = None

    def draw(self, rng):
        """Sources and targets, counted within their populations, in the order of the sources."""
        n_source, n_target = self.source.size, self.target.size
        if self.rule == "pairwise_bernoulli":
            return self.draw_pairs(rng)
        if self.rule == "fixed_indegree":
            target = np.repeat(np.arange(n_target, dtype=np.int32), int(self.value))
            n = len(target)
        else:
            n = int(self.value)
            target = rng.integers(0, n_target, n, dtype=np.int32)
        if self.source is self.target and not self.autapses:
            source = rng.integers(0, n_source - 1, n, dtype=np.int32)
            source += source >= target
        else:
            source = rng.integers(0, n_source, n, dtype=np.int32)
        order = np.argsort(source, kind="stable")
        return source[order], target[order]

    def draw_pairs(self, rng):
        """Each pair at most once: the number of a row is binomial, its targets differ."""
        n_target, rows = self.target.size, []
        for source, n in enumerate(rng.binomial(n_target, self.value, self.source.size)):
            targets = rng.choice(n_target, n, replace=False)
            if self.source is self.target and not self.autapses:
                targets = targets[targets != source]
            rows.append(np.sort(targets).astype(np.int32))
        source = np.repeat(np.arange(len(rows), dtype=np.int32), [len(row) for row in rows])
        return source, np.concatenate(rows)


@dataclass
class Poisson:
    """`sources` independent trains of `rate` onto each neuron of the target."""

    target: Population
    sources: float
    rate: float
    weight: float
    receptor: int


@dataclass
class Circuit:
    name: str
    duration: float
    warm_up: float
    step: float
    seed: int
    lif: Lif
    populations: list = field(default_factory=list)
    projections: list = field(default_factory=list)
    stimuli: list = field(default_factory=list)

    @property
    def size(self):
        return sum(population.size for population in self.populations)

    def excitatory(self):
        """Positions of the neurons whose populations are named E or end in it."""
        return np.concatenate(
            [np.arange(p.first, p.first + p.size) for p in self.populations if p.name.endswith("E")]
        )

    def start(self, variable, rest, rng):
        """The value each neuron starts with."""
        at = (population.start.get(variable, Distribution(rest)) for population in self.populations)
        return np.concatenate([d.draw(rng, p.size) for d, p in zip(at, self.populations)])

    def current(self):
        """The constant current into each neuron."""
        return np.concatenate([np.full(p.size, p.current) for p in self.populations])


def known(table, *names):
    if unknown := set(table) - set(names):
        raise ValueError(f"unknown: {', '.join(sorted(unknown))}")


def several(value):
    return value if isinstance(value, list) else [value]


def read_lif(table):
    known(table, "model", "synapses", "tau_syn", "e_rev", "tau_m", "c_m", "v_rest", "v_threshold",
          "v_reset", "t_refractory", "start")  # fmt: skip
    assert table["model"] == "lif", table["model"]
    lif = Lif(
        synapses=table["synapses"],
        **{k: quantity(table[k], "time") for k in ("tau_m", "t_refractory")},
        **{k: quantity(table[k], "potential") for k in ("v_rest", "v_threshold", "v_reset")},
    )
    if "c_m" in table:
        lif.c_m = quantity(table["c_m"], "capacitance")
    tau_syn = table.get("tau_syn", {})
    if isinstance(tau_syn, str):
        tau_syn = {"": tau_syn}
    lif.receptors = tuple(tau_syn) or ("",)
    lif.tau_syn = tuple(quantity(tau, "time") for tau in tau_syn.values())
    lif.e_rev = tuple(quantity(table["e_rev"][r], "potential") for r in tau_syn if "e_rev" in table)
    return lif


def read_start(table, synapses):
    """Where variables start: a table of `v` and of receptors."""
    dimensions = {key: "potential" if key == "v" else WEIGHT[synapses] for key in table}
    return {key: Distribution.read(value, dimensions[key]) for key, value in table.items()}


def read_plasticity(table, dimension):
    known(
        table, "rule", "dependence", "tau_plus", "tau_minus", "a_plus", "a_minus", "w_max", "delay"
    )
    assert table["rule"] == "pair", table["rule"]
    return Plasticity(
        dependence=table["dependence"],
        **{k: quantity(table[k], "time") for k in ("tau_plus", "tau_minus")},
        **{k: table[k] for k in ("a_plus", "a_minus", "delay")},
        w_max=quantity(table["w_max"], dimension),
    )


def read_projections(table, circuit, by_name):
    known(table, "source", "target", "rule", "n", "p", "autapses", "receptor", "weight", "delay",
          "plasticity")  # fmt: skip
    dimension = WEIGHT[circuit.lif.synapses]
    shared = {
        "autapses": table.get("autapses", False),
        "receptor": circuit.lif.receptors.index(table.get("receptor", "")),
        "weight": Distribution.read(table["weight"], dimension),
        "delay": Distribution.read(table["delay"], "time"),
    }
    if "plasticity" in table:
        shared["plasticity"] = read_plasticity(table["plasticity"], dimension)
    for row, target in enumerate(several(table["target"])):
        for column, source in enumerate(several(table["source"])):
            source_, target_ = by_name[source], by_name[target]
            value = table["n"] if "n" in table else table["p"]
            if isinstance(value, list):
                value = value[row][column]
            rule = table["rule"]
            if rule == "fixed_probability":
                pairs = source_.size * target_.size
                rule, value = "fixed_total_number", math.log1p(-value) / math.log1p(-1 / pairs)
            if value:
                yield Projection(source=source_, target=target_, rule=rule, value=value, **shared)


def read_stimuli(table, circuit, by_name):
    known(table, "kind", "target", "sources", "rate", "weight", "receptor")
    assert table["kind"] == "poisson", table["kind"]
    targets = several(table["target"])
    sources = table.get("sources", 1)
    weight = quantity(table["weight"], WEIGHT[circuit.lif.synapses])
    receptor = circuit.lif.receptors.index(table.get("receptor", circuit.lif.receptors[0]))
    for i, target in enumerate(targets):
        n = sources[i] if isinstance(sources, list) else sources
        yield Poisson(by_name[target], n, quantity(table["rate"], "rate"), weight, receptor)


def scaled(circuit, scale):
    """Neurons and in-degrees times `scale`, weights over its root, and a current for what is lost.

    Source: van Albada, Helias, Diesmann 2015, as in NEST's implementation of the microcircuit.
    """
    if not all(population.rate for population in circuit.populations):
        raise ValueError(f"{circuit.name} names no rates, so it cannot be scaled")
    root = math.sqrt(scale)
    lost = 1e-3 * (1 - root)
    for projection in circuit.projections:
        assert projection.rule == "fixed_total_number"
        indegree = projection.value / projection.target.size
        tau = circuit.lif.tau_syn[projection.receptor]
        drive = tau * indegree * projection.weight.mean * projection.source.rate
        projection.target.current += lost * drive
        projection.weight = projection.weight.times(1 / root)
        projection.value *= scale * scale
    for stimulus in circuit.stimuli:
        tau = circuit.lif.tau_syn[stimulus.receptor]
        stimulus.target.current += lost * tau * stimulus.sources * stimulus.rate * stimulus.weight
        stimulus.sources *= scale
        stimulus.weight /= root
    first = 0
    for population in circuit.populations:
        population.size, population.first = round(population.size * scale), first
        first += population.size


def driven_by_means(circuit):
    """The Poisson trains replaced by the currents that are their means."""
    for s in circuit.stimuli:
        s.target.current += 1e-3 * circuit.lif.tau_syn[s.receptor] * s.sources * s.rate * s.weight
    circuit.stimuli = []


def read(name, scale=None, drive=None):
    """The circuit of that name, or of that file."""
    path = CIRCUITS / f"{name}.toml" if "." not in str(name) else pathlib.Path(name)
    table = tomllib.loads(path.read_text())
    known(table, "simulation", "neurons", "populations", "projections", "stimuli")
    (lif,) = table["neurons"].values()
    head = table["simulation"]
    known(head, "name", "reference", "duration", "warm_up", "step", "seed", "scale", "drive")
    circuit = Circuit(
        name=path.stem,
        duration=quantity(head["duration"], "time"),
        warm_up=quantity(head.get("warm_up", "0 ms"), "time"),
        step=quantity(head["step"], "time"),
        seed=head["seed"],
        lif=read_lif(lif),
    )
    for entry in table["populations"]:
        known(entry, "name", "size", "neuron", "start", "rate")
        start = read_start({**lif.get("start", {}), **entry.get("start", {})}, circuit.lif.synapses)
        rate = quantity(entry.get("rate", "0 Hz"), "rate")
        population = Population(entry["name"], entry["size"], circuit.size, start, rate)
        circuit.populations.append(population)
    by_name = {population.name: population for population in circuit.populations}
    for entry in table["projections"]:
        circuit.projections += read_projections(entry, circuit, by_name)
    for entry in table.get("stimuli", []):
        circuit.stimuli += read_stimuli(entry, circuit, by_name)
    if (scale or head.get("scale", 1.0)) != 1.0:
        scaled(circuit, scale or head["scale"])
    if (drive or head.get("drive", "poisson")) == "dc":
        driven_by_means(circuit)
    return circuit
