#!/usr/bin/env python3
"""Writes data/ridge.json: what scikit-learn's Ridge fits to small drawn rows. Needs scikit-learn."""

import json
import pathlib

import numpy as np
import sklearn
from sklearn.linear_model import Ridge

rng = np.random.default_rng(3)
cases = []
for n, d, k in [(40, 12, 3), (10, 30, 2)]:
    x = np.round(rng.gamma(1.0, 2.0, (n, d)), 3).astype(np.float32)
    y = np.round(x[:, :k] * 0.5 + rng.normal(0, 1, (n, k)) + 4, 3)
    for alpha in [0.5, 20.0]:
        fit = Ridge(alpha=alpha, solver="cholesky", tol=1e-12).fit(x.astype(float), y)
        cases.append({
            "rows": x.astype(float).ravel().tolist(), "targets": y.ravel().tolist(), "n": n, "k": k,
            "lambda": alpha, "weights": fit.coef_.ravel().tolist(),
            "predicted": fit.predict(x[:5].astype(float)).ravel().tolist(),
        })
out = {"made_by": f"scikit-learn {sklearn.__version__}, make_ridge.py", "cases": cases}
folder = pathlib.Path(__file__).parent / "data"
folder.mkdir(exist_ok=True)
(folder / "ridge.json").write_text(json.dumps(out) + "\n")
