"""Measures of small spike trains by Elephant: the reference of crates/statistics.

    pip install elephant
    python spike_train_references.py OUT.json

Trains are Poisson, gamma, bursty and correlated, of a fixed seed, on a grid of 0.1 ms.
"""

import json
import sys

import elephant
import neo
import numpy as np
import quantities as pq
from elephant import conversion, spike_train_correlation, spike_train_dissimilarity, statistics
from elephant import spectral

STOP = 2000.0
BIN = 10.0


def trains(rng):
    def grid(times):
        times = np.unique(np.round(np.asarray(times) * 10) / 10)
        return times[(times > 0) & (times < STOP)]

    common = rng.uniform(0, STOP, 30)
    out = []
    for k in range(4):
        out.append(grid(np.cumsum(rng.exponential(40.0, 100))))
        out.append(grid(np.cumsum(rng.gamma(4.0, 10.0, 100))))
        starts = np.cumsum(rng.exponential(200.0, 20))
        out.append(grid(np.concatenate([starts + d for d in (0.0, 4.0, 9.0)])))
        out.append(grid(np.concatenate([common, rng.uniform(0, STOP, 20)])))
    return out


def main(path):
    rng = np.random.default_rng(7)
    times = trains(rng)
    spikes = [neo.SpikeTrain(t * pq.ms, t_start=0 * pq.ms, t_stop=STOP * pq.ms) for t in times]
    isi = [statistics.isi(t).rescale("ms").magnitude for t in spikes]
    binned = conversion.BinnedSpikeTrain(spikes, bin_size=BIN * pq.ms, tolerance=1e-8)
    population = binned.to_array().sum(axis=0)
    taus, costs = (5.0, 50.0), (0.0, 0.05, 2.0)
    distance = lambda f, value: np.asarray(f(spikes[:6], value)).tolist()
    frequencies, power = spectral.welch_psd(
        population.astype(float), n_segments=None, len_segment=64, overlap=0.5,
        fs=1000.0 / BIN, window="hann", detrend="constant", scaling="density",
    )
    json.dump(
        {
            "versions": {"elephant": elephant.__version__, "numpy": np.__version__},
            "stop_ms": STOP,
            "bin_ms": BIN,
            "trains": [t.tolist() for t in times],
            "mean_firing_rate_hz": [
                float(statistics.mean_firing_rate(t).rescale("Hz").magnitude) for t in spikes
            ],
            "cv": [float(statistics.cv(i)) for i in isi],
            "lv": [float(statistics.lv(i)) for i in isi],
            "lvr_5ms": [float(statistics.lvr(i, R=5.0)) for i in isi],
            "fanofactor": float(statistics.fanofactor(spikes)),
            "counts": binned.to_array()[0].tolist(),
            "population_counts": population.tolist(),
            "corrcoef": spike_train_correlation.correlation_coefficient(binned).tolist(),
            "van_rossum": {
                str(t): distance(spike_train_dissimilarity.van_rossum_distance, t * pq.ms)
                for t in taus
            },
            "victor_purpura": {
                str(c): distance(spike_train_dissimilarity.victor_purpura_distance, c / pq.ms)
                for c in costs
            },
            "welch": {"frequencies": np.asarray(frequencies).tolist(), "power": np.asarray(power).tolist()},
        },
        open(path, "w"),
    )


if __name__ == "__main__":
    main(sys.argv[1])
