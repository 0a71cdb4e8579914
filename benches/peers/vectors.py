#!/usr/bin/env python3
"""Nearest vectors: Striatum's columns beside hnswlib and faiss, on one thread.

    vectors.py [--cache FOLDER] [--sets text mnist million] [--keep] [--out FILE.json]
               [--striatum PROGRAM]
    vectors.py --sample FILE        # writes the small set that the tests of `column` keep

The sets are made once, into a folder outside the tree:

  text     sentences of the docstrings in pinned wheels of PyPI, TF-IDF and truncated SVD to 128
           numbers, of unit length; 80,000 stored and 1,000 held out, none of them twice
  mnist    8,000 and 1,000 images of 784 pixels, from an .npz with them (--mnist)
  million  made from `text`: a stored vector plus up to 0.6 of another at random plus noise of
           length 0.15, of unit length; the queries likewise from the held-out ones

Truth is an exact scan in numpy.  Queries a second and builds are by processor time, so that other
work on the machine counts for little.  Striatum is asked one query at a time.  The peers are asked
all queries in one call and one at a time, and the faster counts, so that calls from Python cost
them nothing; their 99th percentile is of one at a time.  PROGRAM is the example of the crate:
`cargo build --release -p column --example vectors`.
"""

import argparse
import ast
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import numpy as np

WHEELS = [
    "django==5.2.4", "matplotlib==3.10.3", "networkx==3.5", "numpy==2.3.1", "pandas==2.3.1",
    "scikit-learn==1.7.0", "scipy==1.16.0", "sqlalchemy==2.0.41", "statsmodels==0.14.5",
    "sympy==1.14.0",
]
N_TEXT, N_QUERIES, DIMENSION, K = 80_000, 1_000, 128, 10
PROGRAM = Path(__file__).parents[2] / "target/release/examples/vectors"


def docstrings(source):
    """The docstrings of one module."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    for node in ast.walk(tree):
        if isinstance(node, kinds) and (text := ast.get_docstring(node)):
            yield text


def sentences(text):
    """The sentences of a docstring that have words enough to mean something."""
    text = re.sub(r"^\s*(>>>|\.\.\.|\.\. |[-=~*]{3,}).*$", "\n", text, flags=re.M)
    for part in re.split(r"\n\s*\n|(?<=[.!?])\s+(?=[A-Z`*])", text):
        sentence = " ".join(part.split())
        if 5 <= len(re.findall(r"[A-Za-z]{2,}", sentence)) <= 80:
            yield sentence


def download(folder):
    """The wheels, as pip fetches them."""
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "pip", "download", "-q", "--disable-pip-version-check",
               "--no-deps", "--only-binary", ":all:", "--python-version", "3.11",
               "--platform", "manylinux_2_28_x86_64", "--platform", "manylinux2014_x86_64",
               "--platform", "any", "-d", str(folder), *WHEELS]
    subprocess.run(command, check=True)


def text_of(folder):
    """Every sentence once, in the order of wheels, files and lines."""
    seen = {}
    for wheel in sorted(folder.glob("*.whl")):
        with zipfile.ZipFile(wheel) as archive:
            for name in sorted(archive.namelist()):
                if name.endswith(".py"):
                    for doc in docstrings(archive.read(name).decode("utf-8", "replace")):
                        for sentence in sentences(doc):
                            seen.setdefault(sentence.lower(), sentence)
    return list(seen.values())


def unit(x):
    return np.ascontiguousarray(x / np.linalg.norm(x, axis=1, keepdims=True), dtype=np.float32)


def make_text(cache):
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer

    wheels = cache / "wheels"
    if not list(wheels.glob("*.whl")):
        download(wheels)
    text = text_of(wheels)
    counts = TfidfVectorizer(sublinear_tf=True, min_df=3, max_features=60_000).fit_transform(text)
    x = TruncatedSVD(DIMENSION, algorithm="randomized", n_iter=4, random_state=1).fit_transform(counts)
    x = x[np.linalg.norm(x, axis=1) > 1e-6]
    x = np.unique(unit(x).round(6), axis=0)
    order = np.random.default_rng(1).permutation(len(x))
    print(f"text: {len(text)} sentences, {len(x)} different vectors", file=sys.stderr)
    x = unit(x[order[: N_TEXT + N_QUERIES]])
    return x[N_QUERIES:], x[:N_QUERIES]


def make_mnist(path):
    with np.load(path) as data:
        name = max(data.files, key=lambda n: data[n].size)
        x = data[name].reshape(len(data[name]), -1).astype(np.float32)
    x = unit(x[np.random.default_rng(1).permutation(len(x))])
    return x[N_QUERIES:], x[:N_QUERIES]


def make_million(base, held_out, n=1_000_000):
    rng = np.random.default_rng(2)

    def mixed(x, n):
        first = x[rng.integers(len(x), size=n)]
        second = base[rng.integers(len(base), size=n)]
        noise = unit(rng.standard_normal((n, x.shape[1]), dtype=np.float32))
        share = rng.uniform(0, 0.6, (n, 1)).astype(np.float32)
        return unit(first + share * second + np.float32(0.15) * noise)

    return mixed(base, n), mixed(held_out, N_QUERIES)


def truth_of(base, queries):
    """The ids of the nearest, by an exact scan."""
    truth = np.empty((len(queries), K), np.int32)
    for start in range(0, len(queries), 100):
        scores = queries[start : start + 100] @ base.T
        best = np.argpartition(-scores, K, axis=1)[:, :K]
        order = np.argsort(-np.take_along_axis(scores, best, 1), axis=1, kind="stable")
        truth[start : start + 100] = np.take_along_axis(best, order, 1)
    return truth


def data(name, arguments):
    """(stored, queries, truth) of a set, from the cache or made now."""
    folder = arguments.cache / name
    if not (folder / "truth.npy").exists():
        folder.mkdir(parents=True, exist_ok=True)
        if name == "text":
            base, queries = make_text(arguments.cache)
        elif name == "mnist":
            base, queries = make_mnist(arguments.mnist)
        else:
            base, queries = make_million(*data("text", arguments)[:2])
        np.save(folder / "base.npy", base)
        np.save(folder / "queries.npy", queries)
        np.save(folder / "truth.npy", truth_of(base, queries))
    return tuple(np.load(folder / f"{part}.npy") for part in ("base", "queries", "truth"))


def recall(found, truth):
    return float(np.mean([len(set(f) & set(t)) / K for f, t in zip(found, truth)]))


def timed(ask, queries, truth, seconds=1.0):
    """Recall, queries a second of processor time (the best of whole rounds, all queries in one call
    or one at a time) and the 99th percentile of wall time, one at a time.  `ask` has ids for rows."""
    found = ask(queries)
    rows = [q[None] for q in queries]
    best, slow, end = {"one call": 0.0, "one by one": 0.0}, [], time.perf_counter() + seconds

    def round_of(name, work):
        before = time.process_time()
        work()
        best[name] = max(best[name], len(queries) / (time.process_time() - before))

    def one_by_one():
        times = np.empty(len(rows))
        for i, q in enumerate(rows):
            start = time.perf_counter()
            ask(q)
            times[i] = time.perf_counter() - start
        slow.append(np.percentile(times, 99))

    while time.perf_counter() < end:
        round_of("one call", lambda: ask(queries))
        round_of("one by one", one_by_one)
    return {"recall": recall(found, truth), "qps": max(best.values()), "p99_us": min(slow) * 1e6,
            "qps_one_by_one": best["one by one"]}


def kept(path, build, write, read):
    """An index and the processor time that it took: built now, or read where a path is given and one
    was kept there."""
    seconds = path and path.with_suffix(".seconds")
    if path and seconds.exists():
        return read(str(path)), float(seconds.read_text())
    start = time.process_time()
    index = build()
    took = time.process_time() - start
    if path:
        write(index, str(path))
        seconds.write_text(str(took))
    return index, took


def with_hnswlib(base, queries, truth, keep):
    import hnswlib

    def build():
        index = hnswlib.Index(space="ip", dim=base.shape[1])
        index.set_num_threads(1)
        index.init_index(max_elements=len(base), M=16, ef_construction=200, random_seed=1)
        index.add_items(base, num_threads=1)
        return index

    def read(path):
        index = hnswlib.Index(space="ip", dim=base.shape[1])
        index.load_index(path)
        index.set_num_threads(1)
        return index

    index, build = kept(keep and keep / "hnswlib.index", build, lambda i, path: i.save_index(path), read)
    for ef in (10, 20, 40, 60, 80, 120, 200):
        index.set_ef(ef)
        row = timed(lambda q: index.knn_query(q, k=K, num_threads=1)[0], queries, truth)
        yield {"who": "hnswlib M16 efC200", "setting": f"ef {ef}", "build_s": build, **row}


def with_faiss(base, queries, truth, keep):
    import faiss

    def read(path):
        return faiss.read_index(path)

    faiss.omp_set_num_threads(1)
    d, n = base.shape[1], len(base)
    n_lists = 1 << round(np.log2(2 * np.sqrt(n)))

    def hnsw():
        index = faiss.IndexHNSWFlat(d, 16, faiss.METRIC_INNER_PRODUCT)
        index.hnsw.efConstruction = 200
        return index

    def ivf():
        index = faiss.IndexIVFFlat(faiss.IndexFlatIP(d), d, n_lists, faiss.METRIC_INNER_PRODUCT)
        index.cp.seed = 1
        return index

    def filled(make):
        index = make()
        if not index.is_trained:
            index.train(base[: min(n, 64 * n_lists)])
        index.add(base)
        return index

    def with_ef(index, ef):
        index.hnsw.efSearch = ef

    def with_lists(index, n_probed):
        index.nprobe = n_probed

    makers = {
        "faiss HNSW M16 efC200": (hnsw, with_ef, (10, 20, 30, 40, 60, 80, 120, 200, 400)),
        f"faiss IVF{n_lists} flat": (ivf, with_lists, (4, 8, 12, 16, 32, 64)),
    }
    for who, (make, set_breadth, breadths) in makers.items():
        path = keep and keep / f"{make.__name__}.faiss"
        index, build = kept(path, lambda: filled(make), faiss.write_index, read)
        for breadth in breadths:
            set_breadth(index, breadth)
            row = timed(lambda q: index.search(q, K)[1], queries, truth)
            yield {"who": who, "setting": str(breadth), "build_s": build, **row}


def with_striatum(program, folder):
    """The lines of the example: one JSON document each."""
    lines = subprocess.run([program, folder], check=True, capture_output=True, text=True).stdout
    return [json.loads(line) for line in lines.splitlines()]


def at_recall(rows, wanted):
    """Queries a second of a peer at a recall, on the line between its two points around it."""
    points = sorted((r["recall"], r["qps"]) for r in rows)
    for (low, fast), (high, slow) in zip(points, points[1:]):
        if low <= wanted <= high:
            share = (wanted - low) / (high - low) if high > low else 1.0
            return fast + share * (slow - fast)
    return None


def show(name, rows):
    print(f"\n{name}\n\n| who | setting | recall@10 | queries/s | p99 us | build s | bytes/item |")
    print("|---|---|---|---|---|---|---|")
    for r in rows:
        size = f"{r['bytes_per_item']:.1f}" if "bytes_per_item" in r else ""
        print(f"| {r['who']} | {r['setting']} | {r['recall']:.4f} | {r['qps']:,.0f} "
              f"| {r['p99_us']:.0f} | {r['build_s']:.2f} | {size} |")
    peers = sorted({r["who"] for r in rows if not r["who"].startswith("striatum")})
    default = next((r for r in rows if r["setting"] == "auto"), None)
    for peer in peers if default else []:
        theirs = [r for r in rows if r["who"] == peer]
        speed = at_recall(theirs, default["recall"])
        ratio = f"{default['qps'] / speed:.2f}" if speed else "out of its range"
        print(f"\nqueries/s of the default against {peer} at the same recall: {ratio}; "
              f"build: {theirs[0]['build_s'] / default['build_s']:.1f} times as fast")
    for r in rows:
        if "insert_p99_us" in r:
            print(f"\n{r['who']} {r['setting']}: " + ", ".join(
                f"{k} {v:.2f}" for k, v in r.items() if isinstance(v, float) and k not in
                ("recall", "qps", "p99_us", "build_s", "bytes_per_item")))


class Told(list):
    """Rows that are told as they come, since a set takes minutes."""

    def __iadd__(self, rows):
        for row in rows:
            print(f"{row['who']}, {row['setting']}: {row['recall']:.4f}, {row['qps']:,.0f} queries/s, "
                  f"built in {row['build_s']:.2f} s", file=sys.stderr, flush=True)
            self.append(row)
        return self


def sample(path, arguments):
    """4,500 x 64 of `text` as signed bytes: the first 64 numbers, scaled by 127 over the largest."""
    base, queries, _ = data("text", arguments)
    x = unit(np.vstack([base[:4000, :64], queries[:500, :64]]))
    bytes_ = np.round(x / np.abs(x).max(axis=1, keepdims=True) * 127).astype(np.int8)
    Path(path).write_bytes(bytes_.tobytes())
    print(f"{path}: {bytes_.shape[0]} x {bytes_.shape[1]} signed bytes")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "striatum/vectors"
    parser.add_argument("--cache", type=Path, default=cache)
    parser.add_argument("--sets", nargs="+", default=["text"], choices=["text", "mnist", "million"])
    parser.add_argument("--mnist", type=Path, help="an .npz with images")
    parser.add_argument("--striatum", type=Path, default=PROGRAM)
    parser.add_argument("--only", nargs="+", default=["striatum", "hnswlib", "faiss"])
    parser.add_argument("--keep", action="store_true",
                        help="keep the peers' indexes and build times beside the set, and use those kept")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--sample", type=Path)
    arguments = parser.parse_args()
    if arguments.sample:
        return sample(arguments.sample, arguments)
    document = {}
    for name in arguments.sets:
        base, queries, truth = data(name, arguments)
        rows, keep = Told(), arguments.keep and arguments.cache / name
        if "striatum" in arguments.only:
            rows += with_striatum(arguments.striatum, arguments.cache / name)
        if "hnswlib" in arguments.only:
            rows += with_hnswlib(base, queries, truth, keep)
        if "faiss" in arguments.only:
            rows += with_faiss(base, queries, truth, keep)
        show(f"{name}: {base.shape[0]} x {base.shape[1]}", rows)
        document[name] = rows
    if arguments.out:
        arguments.out.write_text(json.dumps(document, indent=1))


if __name__ == "__main__":
    main()
