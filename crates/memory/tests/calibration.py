"""Makes tests/data/calibration.json: what scikit-learn, netcal and numpy say of claims.

    pip install numpy==2.4.6 scikit-learn==1.9.1 netcal==1.4.0
    python crates/memory/tests/calibration.py

Brier score by `sklearn.metrics.brier_score_loss`, expected and maximum calibration error of the
probability that a claim is true by `netcal.metrics.ECE` and `MCE` (equal width), bins by
`numpy.histogram`. No confidence is an edge of a bin: which bin has its edge is a convention.
"""

import json
import pathlib

import numpy as np
from netcal.metrics import ECE, MCE
from sklearn.metrics import brier_score_loss

HERE = pathlib.Path(__file__).parent


def described(name, confidence, truth, n_bins):
    edges = np.linspace(0, 1, n_bins + 1)
    count = np.histogram(confidence, edges)[0]
    by = lambda weights: np.histogram(confidence, edges, weights=weights)[0] / np.maximum(count, 1)
    return {
        "name": name,
        "n_bins": n_bins,
        "claims": [[float(p), bool(y)] for p, y in zip(confidence, truth)],
        "brier": float(brier_score_loss(truth, confidence)),
        "expected_error": float(ECE(n_bins).measure(confidence, truth)),
        "maximum_error": float(MCE(n_bins).measure(confidence, truth)),
        "mean_confidence": float(np.mean(confidence)),
        "truth_rate": float(np.mean(truth)),
        "counts": count.tolist(),
        "bin_confidence": by(confidence).tolist(),
        "bin_truth": by(truth.astype(float)).tolist(),
    }


def main():
    draw = np.random.default_rng(20)
    cases = []
    for name, n, n_bins, shift in [
        ("calibrated", 400, 10, 0.0),
        ("overconfident", 300, 10, -0.25),
        ("underconfident", 300, 15, 0.2),
        ("few", 7, 5, 0.0),
    ]:
        confidence = draw.uniform(0.001, 0.999, n)
        truth = draw.uniform(0, 1, n) < np.clip(confidence + shift, 0, 1)
        cases.append(described(name, confidence, truth.astype(int), n_bins))
    (HERE / "data" / "calibration.json").write_text(json.dumps(cases) + "\n")


if __name__ == "__main__":
    main()
