"""Statistics of spike trains: rates, irregularity, synchrony.

Spikes are two arrays, times in ms and positions of neurons, of a window of known length.
"""

import numpy as np


def rates(circuit, neurons, duration):
    """Mean rate of each population, in Hz."""
    counts = np.bincount(neurons, minlength=circuit.size)
    return {
        p.name: round(counts[p.first : p.first + p.size].mean() * 1e3 / duration, 4)
        for p in circuit.populations
    }


def mean_cv(times, neurons):
    """Coefficient of variation of the intervals, mean over neurons with at least three spikes."""
    order = np.lexsort((times, neurons))
    times, neurons = times[order], neurons[order]
    intervals = np.diff(times)[np.diff(neurons) == 0]
    owner = neurons[1:][np.diff(neurons) == 0]
    n = np.bincount(owner)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.bincount(owner, intervals) / n
        square = np.bincount(owner, intervals**2) / n
        cv = np.sqrt(np.maximum(square - mean**2, 0)) / mean
    return float(cv[n >= 2].mean()) if (n >= 2).any() else None


def fano(times, neurons, members, start, end, bin_ms=3.0):
    """Variance over mean of the spikes that `members` fire together in a bin."""
    inside = np.isin(neurons, members)
    edges = start + bin_ms * np.arange(int((end - start) / bin_ms + 1e-9) + 1)
    counts, _ = np.histogram(times[inside] + 1e-6, edges)
    return float(counts.var() / counts.mean()) if counts.any() else None


def mean_correlation(times, neurons, members, start, end, bin_ms=10.0):
    """Pearson correlation of binned counts, mean over the pairs of `members` that fire."""
    edges = start + bin_ms * np.arange(int((end - start) / bin_ms + 1e-9) + 1)
    counts = [np.histogram(times[neurons == m] + 1e-6, edges)[0] for m in members]
    counts = np.array([row for row in counts if row.any()])
    if len(counts) < 2:
        return None
    matrix = np.corrcoef(counts)
    return float(matrix[np.triu_indices(len(matrix), 1)].mean())


def summary(circuit, times, neurons, start, end):
    """Rates, mean CV and Fano factor (excitatory, 3 ms) of the window from `start` to `end` ms."""
    times, neurons = np.asarray(times, float), np.asarray(neurons, np.int64)
    inside = (times >= start - 1e-6) & (times < end - 1e-6)
    times, neurons = times[inside], neurons[inside]
    cv = mean_cv(times, neurons) if len(times) else None
    synchrony = fano(times, neurons, circuit.excitatory(), start, end)
    return {
        "rates_hz": rates(circuit, neurons, end - start),
        "cv": cv and round(cv, 4),
        "fano": synchrony and round(synchrony, 3),
    }
