"""Writes fixtures/signals.json: wavelets of PyWavelets, ridge of scikit-learn, series of aeon.

    python make_signals.py [FOLDER of the .ts files]

Needs numpy, PyWavelets 1.9, scikit-learn 1.9 and aeon 1.x of PyPI.
"""

import json
import sys
from pathlib import Path

import numpy as np
import pywt
from aeon.datasets import load_from_ts_file
from sklearn.linear_model import Ridge

HERE = Path(__file__).parent / "fixtures"
SERIES = Path(sys.argv[1] if len(sys.argv) > 1 else HERE / "../../../../../shared/data/imu")


def wavelet(n, levels, rng):
    samples = rng.normal(0, 1, n)
    course, *details = pywt.wavedec(samples, "db4", mode="symmetric", level=levels)
    return {
        "samples": samples.tolist(),
        "levels": levels,
        "course": course.tolist(),
        "details": [d.tolist() for d in details],
    }


def ridge(n_samples, n, m, alpha, rng):
    x = rng.normal(1, 2, (n_samples, n)).astype("f4")
    y = rng.normal(-1, 1, (n_samples, m)).astype("f4")
    fitted = Ridge(alpha=alpha, solver="cholesky").fit(x.astype(float), y.astype(float))
    return {
        "alpha": alpha,
        "x": x.ravel().tolist(),
        "y": y.ravel().tolist(),
        "shape": [n_samples, n, m],
        "weights": fitted.coef_.ravel().tolist(),
        "offsets": fitted.intercept_.tolist(),
    }


def series(name):
    cases, labels = load_from_ts_file(str(SERIES / f"{name}.ts"))
    cases = [np.asarray(case, dtype=float) for case in cases]
    return {
        "n_cases": len(cases),
        "n_channels": len(cases[0]),
        "n_steps": [case.shape[1] for case in cases],
        "sums": [round(float(case.sum()), 6) for case in cases],
        "last": [round(float(case[-1, -1]), 6) for case in cases],
        "labels": [str(label) for label in labels],
    }


def main():
    rng = np.random.default_rng(11)
    names = ["BasicMotions_TRAIN", "BasicMotions_TEST", "GunPoint_TRAIN", "JapaneseVowels_TEST"]
    found = {
        "wavelets": [wavelet(100, 3, rng), wavelet(57, 3, rng), wavelet(14, 1, rng)],
        "ridge": [ridge(30, 4, 2, 0.5, rng), ridge(12, 20, 1, 3.0, rng)],
        "series": {name: series(name) for name in names},
    }
    (HERE / "signals.json").write_text(json.dumps(found, separators=(",", ":")) + "\n")


main()
