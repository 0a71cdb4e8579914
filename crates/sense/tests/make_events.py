"""Writes fixtures/events.json: what other programs read from recordings of event cameras.

    python make_events.py [FOLDER of the recordings]

Needs numpy, tonic 1.7, expelliarmus 1.1, faery 0.7 and aedat 2.2 of PyPI; the recordings are
listed in the README.md beside them. EVT2, EVT3 and DAT are read by expelliarmus, AEDAT4 and N-MNIST
by tonic.

Times of EVT3 need two readers. In the sample the low time jumps ahead by 12 us nine times and
steps back; no event is at those times. expelliarmus 1.1.12 takes each step back for an overflow
and adds 4,096 us to all that follows; faery 0.7.1 holds the time at the jump until the clock passes
it. So the low 12 bits are expelliarmus's, and which period of 4,096 us they are in is faery's.

A checksum is SHA-256 over the columns one after the other, little endian: t (i64), x (u16),
y (u16), on (u8). It also writes small recordings of random events in EVT2 and DAT;
expelliarmus writes no high time in EVT3, and so none of those.
"""

import hashlib
import json
import sys
from importlib.metadata import version
from pathlib import Path

import faery
import numpy as np
import tonic.io
from expelliarmus import Wizard

HERE = Path(__file__).parent / "fixtures"
RECORDINGS = Path(sys.argv[1] if len(sys.argv) > 1 else HERE / "../../../../../shared/data/events")
XYTP = np.dtype([("x", int), ("y", int), ("t", int), ("p", int)])


def summary(events, *readers):
    columns = [
        events["t"].astype("<i8"),
        events["x"].astype("<u2"),
        events["y"].astype("<u2"),
        (events["p"] != 0).astype("u1"),
    ]
    digest = hashlib.sha256(b"".join(np.ascontiguousarray(c).tobytes() for c in columns))
    return {
        "reader": " and ".join(f"{reader} {version(reader)}" for reader in readers),
        "n_events": len(events),
        "first_us": int(columns[0][0]),
        "last_us": int(columns[0][-1]),
        "sha256": digest.hexdigest(),
    }


def read_evt3(path):
    """expelliarmus's events, with its low 12 bits of the time in faery's period."""
    events = Wizard(encoding="evt3").read(path)
    stream = faery.events_stream_from_file(path, (1280, 720), version_fallback="evt3")
    other = np.concatenate(list(stream))
    for ours, theirs in [("x", "x"), ("y", "y"), ("p", "on")]:
        assert np.array_equal(events[ours].astype(int), other[theirs].astype(int)), ours
    behind = (events["t"] - other["t"].astype(int) + 2048) % 4096 - 2048
    print(path.name, "events that faery has later:", np.count_nonzero(behind), behind.min())
    events["t"] = other["t"].astype(int) + behind
    return events


def random_events(n, width, height, seed):
    rng = np.random.default_rng(seed)
    events = np.zeros(n, dtype=[("t", "<i8"), ("x", "<i2"), ("y", "<i2"), ("p", "u1")])
    # Bursts at one time on one row, as rows of a sensor are read, with gaps of up to 5 ms.
    events["t"] = np.cumsum(np.where(rng.random(n) < 0.05, rng.integers(0, 5000, n), 0))
    events["x"] = rng.integers(0, width, n)
    events["y"] = rng.integers(0, height, n)
    events["p"] = rng.integers(0, 2, n)
    return events[np.lexsort((events["x"], events["y"], events["t"]))]


def main():
    found = {}
    found["evt2_sample.raw"] = summary(
        Wizard(encoding="evt2").read(RECORDINGS / "evt2_sample.raw"), "expelliarmus"
    )
    found["evt3_sample.raw"] = summary(
        read_evt3(RECORDINGS / "evt3_sample.raw"), "expelliarmus", "faery"
    )
    found["sample.aedat4"] = summary(
        tonic.io.read_aedat4(str(RECORDINGS / "sample.aedat4")), "tonic"
    )
    found["sample_nmnist.bin"] = summary(
        tonic.io.read_mnist_file(str(RECORDINGS / "sample_nmnist.bin"), dtype=XYTP), "tonic"
    )
    for encoding in ["evt2", "dat"]:
        name = "random.dat" if encoding == "dat" else f"random_{encoding}.raw"
        wizard = Wizard(encoding=encoding)
        wizard.save(HERE / name, random_events(600, 640, 480, seed=7))
        found[name] = summary(wizard.read(HERE / name), "expelliarmus")
    (HERE / "events.json").write_text(json.dumps(found, indent=1) + "\n")
    print(json.dumps(found, indent=1))


main()
