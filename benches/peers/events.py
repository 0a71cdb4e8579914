"""Decoding recordings of event cameras: Striatum, expelliarmus, tonic and faery, in one run.

    python benches/peers/events.py [FOLDER of the recordings] [--example PATH]

Each reader opens and decodes each file, which is in the page cache, again and again for two
seconds, on one thread; the median of events per second is told, and Striatum's over that of the
fastest peer. "Decoding" is Striatum with the bytes at hand and columns that are used again, as a
stream has it.
Needs numpy, expelliarmus, tonic, faery and aedat of PyPI, and
`cargo build --release -p sense --example events` before.
"""

import argparse
import json
import subprocess
import time
from pathlib import Path

import faery
import numpy as np
import tonic.io
from expelliarmus import Wizard

HERE = Path(__file__).parent
XYTP = np.dtype([("x", int), ("y", int), ("t", int), ("p", int)])


def measure(read, seconds=2.0):
    """Median events per second, and how many events there are."""
    times = []
    while len(times) < 3 or sum(times) < seconds:
        start = time.perf_counter()
        n = read()
        times.append(time.perf_counter() - start)
    return n / sorted(times)[len(times) // 2], n


def faery_reader(path, version):
    size = {"dimensions_fallback": (1280, 720), "version_fallback": version} if version else {}

    def read():
        stream = faery.events_stream_from_file(path, **size)
        return sum(len(packet) for packet in stream)

    return read


def readers(folder):
    for version in ["evt2", "evt3"]:
        path = folder / f"{version}_sample.raw"
        wizard = Wizard(encoding=version)
        yield path, "expelliarmus", lambda w=wizard, p=path: len(w.read(p))
        yield path, "faery", faery_reader(path, version)
    path = folder / "sample.aedat4"
    yield path, "tonic", lambda p=path: len(tonic.io.read_aedat4(str(p)))
    yield path, "faery", faery_reader(path, None)
    path = folder / "sample_nmnist.bin"
    yield path, "tonic", lambda p=path: len(tonic.io.read_mnist_file(str(p), dtype=XYTP))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", nargs="?", default=HERE / "../../../shared/data/events")
    parser.add_argument("--example", default=HERE / "../../target/release/examples/events")
    arguments = parser.parse_args()
    found, peers = {}, {}
    for path, reader, read in readers(Path(arguments.folder)):
        rate, n = measure(read)
        peers.setdefault(path, {})[reader] = rate
        found[path] = n
    lines = subprocess.run(
        [arguments.example, *peers], check=True, capture_output=True, text=True
    ).stdout.splitlines()
    print("| file | events | Striatum, Mevents/s | decoding | peers, Mevents/s | times the fastest |")
    print("| --- | --- | --- | --- | --- | --- |")
    for (path, rates), line in zip(peers.items(), map(json.loads, lines)):
        ours = line["events_per_second"]
        assert line["n_events"] == found[path], path
        told = ", ".join(f"{reader} {rate / 1e6:.2f}" for reader, rate in rates.items())
        ratio = ours / max(rates.values())
        rates = f"{ours / 1e6:.1f} | {line['decoding'] / 1e6:.1f}"
        print(f"| {path.name} | {found[path]:,} | {rates} | {told} | {ratio:.1f} |")


main()
