#!/usr/bin/env python3
"""Writes fixtures/measures.json: measures of the trains of fixtures/elephant.json by numpy and scipy.

Burstiness and memory by their formulas (Goh and Barabasi 2008), entropies by scipy.stats.entropy of
what numpy counts, bursts by a loop over spikes, correlations of rates by numpy.correlate.
Needs numpy and scipy; shares no code with the crate.
"""

import json
import pathlib

import numpy as np
import scipy
import scipy.stats

here = pathlib.Path(__file__).parent / "fixtures"
source = json.loads((here / "elephant.json").read_text())
trains, stop = [np.array(t) for t in source["trains"]], source["stop_ms"]
WIDTH, WORD_WIDTH, WORD, LONGEST, LEAST, LAGS = 5.0, 4.0, 5, 8.0, 3, 6


def shannon(symbols):
    return float(scipy.stats.entropy(np.unique(symbols, return_counts=True, axis=0)[1], base=2))


def words(train):
    counts = np.histogram(np.round(train, 1) + 1e-6, np.arange(0, stop + 1e-3, WORD_WIDTH))[0]
    n = len(counts) // WORD
    return (counts[: n * WORD] > 0).reshape(n, WORD)


def bursting(train):
    total, run = 0, 1
    for k in range(1, len(train) + 1):
        if k < len(train) and train[k] - train[k - 1] <= LONGEST:
            run += 1
            continue
        total, run = total + (run if run >= LEAST else 0), 1
    return total / len(train)


def correlation(a, b):
    a, b = (a - a.mean()) / a.std(), (b - b.mean()) / b.std()
    whole = np.correlate(b, a, "full") / len(a)
    return whole[len(a) - 1 - LAGS : len(a) + LAGS].tolist()


isi = [np.diff(t) for t in trains]
rates = [np.histogram(t + 1e-6, np.arange(0, stop + 1e-3, 10.0))[0].astype(float) for t in trains]
json.dump(
    {
        "versions": {"numpy": np.__version__, "scipy": scipy.__version__},
        "width_ms": WIDTH, "word_width_ms": WORD_WIDTH, "word": WORD, "longest_ms": LONGEST,
        "least": LEAST, "lags": LAGS, "rate_width_ms": 10.0,
        "burstiness": [float((i.std() - i.mean()) / (i.std() + i.mean())) for i in isi],
        "interval_memory": [float(np.mean((i[:-1] - i[:-1].mean()) * (i[1:] - i[1:].mean()))
                                  / (i[:-1].std() * i[1:].std())) for i in isi],
        "interval_entropy": [shannon(np.floor(np.round(i, 1) / WIDTH + 1e-6)) for i in isi],
        "word_entropy": [shannon(words(t)) for t in trains],
        "burst_share": [bursting(np.round(t, 1)) for t in trains],
        "cross_correlation": [correlation(rates[3], rate) for rate in rates],
    },
    (here / "measures.json").open("w"),
)
