"""A recording: a network's NIR graph, its input, and what its framework computed."""

import importlib.metadata
import json
from dataclasses import dataclass, field

import numpy as np

STEPS = 100
GRID = 1 / 64
MAX_KEPT_POTENTIALS = 64


def spikes(seed, shape, density):
    """Input (steps, ...) of 0 and 1."""
    return (np.random.default_rng(seed).random((STEPS, *shape)) < density).astype(np.uint8)


def weights(seed, shape, mean, std):
    """Weights on a grid of 1/64: their sums are exact in float32 in any order, so a mismatch
    points at the neuron's dynamics and never at the order of summation."""
    w = np.random.default_rng(seed).normal(mean, std, shape)
    return (np.round(w / GRID) * GRID).astype(np.float32)


@dataclass
class Recording:
    """`spikes` and `potentials` are keyed by node name, (steps, ...); a potential is the one after
    the step, as the framework stores it.  `options` are the exact constructor options."""

    case: str
    model: str
    dt: float
    options: dict
    conventions: str
    inputs: np.ndarray
    spikes: dict
    potentials: dict
    graph: object = None
    surprising: str = ""
    tolerance: float = 1e-5
    arrays: dict = field(default_factory=dict)

    def save(self, folder, module):
        entry = {
            "case": self.case,
            "framework": module.FRAMEWORK,
            "version": importlib.metadata.version(module.DISTRIBUTION),
            "nir": importlib.metadata.version("nir"),
            "file": f"{self.case}.nir",
            "npz": f"{self.case}.npz",
            "dt": self.dt,
            "model": self.model,
            "options": self.options,
            "conventions": self.conventions,
        }
        if self.surprising:
            entry["surprising"] = self.surprising
        entry["steps"], entry["input_shape"] = len(self.inputs), list(self.inputs.shape[1:])
        entry["spikes"] = {
            node: [int(np.sum(a)), round(float(np.mean(a)), 5)] for node, a in self.spikes.items()
        }
        entry["tolerance"] = {"spikes": "identical in every cell", "membrane_abs": self.tolerance}
        self.write_arrays(folder / entry["npz"])
        entry |= write_graph(folder / entry["file"], self.graph)
        entry["file"] = shared_file(folder, entry["file"])
        size = sum((folder / entry[k]).stat().st_size for k in ("file", "npz"))
        shared = "" if entry["file"] == f"{self.case}.nir" else f"  = {entry['file']}"
        rates = " ".join(f"{node}:{v[1]:.3f}" for node, v in entry["spikes"].items())
        print(f"{self.case:44s} {size / 1e3:6.0f} kB  {rates}{shared}")
        return entry

    def write_arrays(self, path):
        d = {"in_shape": np.array(self.inputs.shape, np.int32)}
        if self.inputs.dtype == np.uint8:
            d["in_packed"] = np.packbits(self.inputs.ravel())
        else:
            d["in_f32"] = self.inputs.astype(np.float32)
        for node, a in self.spikes.items():
            a = np.asarray(a)
            if a.max(initial=0) > 1:
                d[f"cnt_{node}"] = a.astype(np.uint8)
            else:
                d[f"spk_{node}_shape"] = np.array(a.shape, np.int32)
                d[f"spk_{node}_packed"] = np.packbits((a > 0).astype(np.uint8).ravel())
        for node, a in self.potentials.items():
            a = np.asarray(a, np.float32).reshape(len(a), -1)
            if a.shape[1] > MAX_KEPT_POTENTIALS:
                kept = np.random.default_rng(7).choice(
                    a.shape[1], MAX_KEPT_POTENTIALS, replace=False
                )
                d[f"vidx_{node}"] = np.sort(kept).astype(np.int32)
                a = a[:, d[f"vidx_{node}"]]
            d[f"v_{node}"] = a
        np.savez_compressed(path, **d, **self.arrays)


def write_graph(path, graph):
    """Writes what the exporter gave, with the repairs a user needs; returns what they were."""
    import nir

    repairs = {}
    try:
        nir.write(path, graph)
    except TypeError as error:
        repairs["write_error"] = f"{type(error).__name__}: {error}"
        nir.write(path, graph, compression=None)  # gzip refuses scalars
    try:
        nir.read(path)
    except Exception as error:
        repairs["read_error"] = f"{type(error).__name__}: {str(error).splitlines()[0][:200]}"
    return repairs


def content(path):
    """Everything in an HDF5 file, independent of the order of edges and of its bytes' places."""
    import h5py

    found = {}

    def visit(name, item):
        if isinstance(item, h5py.Dataset):
            value = item[()]
            ordered = sorted(map(bytes.__add__, *value.T)) if name == "node/edges" else value
            found[name] = (item.dtype, np.asarray(ordered).tobytes())

    with h5py.File(path) as file:
        file.visititems(visit)
    return found


def shared_file(folder, name):
    """Networks that NIR cannot tell apart share a file: the one that came first by name."""
    ours = content(folder / name)
    for other in sorted(folder.glob("*.nir")):
        if other.name < name and content(other) == ours:
            (folder / name).unlink()
            return other.name
    return name


def write_manifest(folder, entries):
    """Replaces the entries of the same name and keeps the others."""
    path = folder / "manifest.json"
    known = json.loads(path.read_text())["cases"] if path.exists() else []
    merged = {entry["case"]: entry for entry in [*known, *entries]}
    cases = [merged[name] for name in sorted(merged)]
    path.write_text(json.dumps({"cases": cases}, indent=1) + "\n")


# --- the networks that most cases share -----------------------------------------------------------

DENSE_INPUT = spikes(1001, (64,), 0.08)
DENSE = (weights(1002, (32, 64), 0.05, 0.35), weights(1003, (10, 32), 0.05, 0.40))
BIASES = (weights(1004, (32,), 0.02, 0.06), weights(1005, (10,), 0.02, 0.06))

RECURRENT_INPUT = spikes(1011, (12,), 0.10)
RECURRENT = (
    weights(1012, (24, 12), 0.10, 0.50),
    weights(1013, (24, 24), 0.00, 0.20),
    weights(1014, (7, 24), 0.05, 0.40),
)
RECURRENT_BIAS = weights(1015, (24,), 0.02, 0.06)

CONV_INPUT = spikes(1021, (2, 12, 12), 0.06)
CONV = (
    weights(1022, (4, 2, 3, 3), 0.06, 0.35),
    weights(1023, (6, 4, 3, 3), 0.06, 0.30),
    weights(1024, (10, 54), 0.04, 0.30),
)
CONV_BIASES = (weights(1025, (4,), 0.02, 0.05), weights(1026, (6,), 0.02, 0.05))

CONV1D_INPUT = spikes(1031, (3, 40), 0.06)
CONV1D = (weights(1032, (5, 3, 5), 0.08, 0.35), weights(1033, (10, 100), 0.02, 0.25))


def spread(n, low, high):
    """n values between low and high, shuffled, as float32."""
    values = np.linspace(low, high, n).astype(np.float32)
    return np.random.default_rng(1041).permutation(values)
