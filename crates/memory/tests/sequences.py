"""Makes tests/data/sequences.json: what scipy says of sequences that come again.

    pip install numpy==2.4.6 scipy==1.17.1
    python crates/memory/tests/sequences.py

The binomial test by `scipy.stats.binomtest(..., alternative="greater")`, discoveries by
`scipy.stats.false_discovery_control` (Benjamini and Hochberg), counts by `collections.Counter`.
"""

import collections
import json
import pathlib

import numpy as np
from scipy.stats import binomtest, false_discovery_control

HERE = pathlib.Path(__file__).parent


def counted(episodes, longest):
    count, chances, support = collections.Counter(), collections.Counter(), {}
    for nth, episode in enumerate(episodes):
        for length in range(2, longest + 1):
            for at in range(len(episode) - length + 1):
                window = tuple(episode[at:at + length])
                count[window] += 1
                chances[window[:-1]] += 1
                support.setdefault(window, set()).add(nth)
    follows = collections.Counter(deed for episode in episodes for deed in episode[1:])
    out = {}
    for window, k in count.items():
        n = chances[window[:-1]]
        if len(window) == 2:
            p = follows[window[-1]] / sum(follows.values())
        else:
            p = count[window[-2:]] / chances[window[-2:-1]]
        test = binomtest(k, n, p, alternative="greater").pvalue if p < 1 else 1.0
        out[" ".join(window)] = {"count": k, "chances": n, "support": len(support[window]),
                                 "lift": k / (n * p), "p": float(test)}
    for name, q in zip(out, false_discovery_control([one["p"] for one in out.values()])):
        out[name]["q"] = float(q)
    return {"episodes": episodes, "longest": longest, "sequences": out}


def main():
    drawn = np.random.default_rng(7)
    chance = [drawn.choice(list("abcde"), size=30).tolist() for _ in range(8)]
    habit = []
    for _ in range(12):
        episode = drawn.choice(list("abcd"), size=12).tolist()
        at = int(drawn.integers(0, 9))
        habit.append(episode[:at] + ["ask", "doubt", "decide"] + episode[at:])
    tails = []
    for n in [1, 2, 7, 40, 400, 5000]:
        for p in [1e-4, 0.03, 0.5, 0.97]:
            for k in sorted({0, 1, n // 3, n // 2, n - 1, n, round(n * p), round(n * p) + 1}):
                if 0 <= k <= n:
                    # `binomtest` underflows as we do: what is below 1e-250 is left out.
                    tail = binomtest(k, n, p, alternative="greater").pvalue
                    if tail > 1e-250:
                        tails.append([k, n, p, float(tail)])
    cases = [counted(chance, 3), counted(habit, 4), counted([list("ababab")], 2)]
    text = json.dumps({"tails": tails, "cases": cases})
    (HERE / "data" / "sequences.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
