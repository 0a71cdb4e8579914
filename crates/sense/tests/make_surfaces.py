"""Writes fixtures/surfaces.json: what tonic makes of 1,500 random events.

    python make_surfaces.py

Needs numpy and tonic 1.7 of PyPI. Times begin at 1 s, because tonic's filters take every pixel to
have had an event at 0. Arrays are told by their shape and their values that are not zero.
"""

import json
from pathlib import Path

import numpy as np
from tonic import functional, transforms

HERE = Path(__file__).parent / "fixtures"
WIDTH, HEIGHT = 20, 16


def sparse(array):
    flat = np.asarray(array, dtype=float).ravel()
    places = np.flatnonzero(flat)
    return {
        "shape": list(np.shape(array)),
        "places": places.tolist(),
        "values": [round(float(v), 9) for v in flat[places]],
    }


def columns(events):
    return {name: events[name].tolist() for name in "txyp"}


def main():
    rng = np.random.default_rng(5)
    n = 1500
    events = np.zeros(n, dtype=[("x", int), ("y", int), ("t", int), ("p", int)])
    events["t"] = 1_000_000 + np.sort(rng.integers(0, 300_000, n))
    events["x"] = np.clip(rng.normal(10, 4, n), 0, WIDTH - 1)
    events["y"] = np.clip(rng.normal(8, 3, n), 0, HEIGHT - 1)
    events["p"] = rng.integers(0, 2, n)
    size = (WIDTH, HEIGHT, 2)
    frame = transforms.ToFrame(sensor_size=size, time_window=40_000, include_incomplete=True)
    found = {
        "events": columns(events),
        "denoise": columns(functional.denoise_numpy(events.copy(), 2_000)),
        "refractory": columns(functional.refractory_period_numpy(events.copy(), 10_000)),
        "histogram": sparse(frame(events.copy())),
        "voxels": sparse(functional.to_voxel_grid_numpy(events.copy(), size, 6)[:, 0]),
        "surface": sparse(functional.to_timesurface_numpy(events.copy(), size, 50_000, 30_000)),
    }
    # tonic computes these with times as binary32, so they begin at 0 here.
    early = events.copy()
    early["t"] -= 1_000_000
    found["averaged"] = sparse(
        functional.to_averaged_timesurface_numpy(early, size, 8, 5, 100_000, 40_000, "exp")
    )
    (HERE / "surfaces.json").write_text(json.dumps(found, separators=(",", ":")) + "\n")
    print({name: len(json.dumps(part)) for name, part in found.items()})


main()
