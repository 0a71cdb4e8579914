"""A hundred thousand memories over HTTP: store and search, beside SQLite's FTS5 with an exact scan of
vectors in the same run; see README.md."""

import argparse
import json
import multiprocessing
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import zlib
from pathlib import Path
from types import SimpleNamespace

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "target/release/striatum"
sys.path.insert(0, str(ROOT / "benches/peers"))

# Values of a vector: as many as those of the built-in encoder.
DIMENSION = 256
# Candidates that each side of a search gives, and hits.
CANDIDATES, LIMIT = 64, 10


def sentences(cache):
    """Sentences of the docstrings of packages, each once, in an order that was drawn."""
    from vectors import download, text_of

    if not list((cache / "wheels").glob("*.whl")):
        download(cache / "wheels")
    text = text_of(cache / "wheels")
    return [text[k] for k in np.random.default_rng(3).permutation(len(text))]


def words(text):
    return re.findall(r"[a-z0-9]+", text.lower())


def vector(text):
    """Words by the hashing trick, of unit length; for the peer alone."""
    x = np.zeros(DIMENSION, np.float32)
    for word in words(text):
        h = zlib.crc32(word.encode())
        x[h % DIMENSION] += 1 if h >> 31 else -1
    return x / max(np.linalg.norm(x), 1e-9)


class Connection:
    """One kept-alive connection of HTTP/1.1, with as little of its own time as Python allows."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def post(self, path, body):
        data = json.dumps(body).encode()
        head = f"POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {len(data)}\r\n\r\n"
        start = time.perf_counter()
        self.socket.sendall(head.encode() + data)
        answer = self.socket.recv(65536)
        while b"\r\n\r\n" not in answer:
            answer += self.socket.recv(65536)
        head, _, rest = answer.partition(b"\r\n\r\n")
        length = int(re.search(rb"content-length: (\d+)", head, re.I)[1])
        while len(rest) < length:
            rest += self.socket.recv(65536)
        took = time.perf_counter() - start
        if head[9] != ord("2"):
            raise SystemExit(f"{path}: {rest.decode()}")
        return took, rest


class Server:
    def __init__(self, folder):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        config = folder / "striatum.toml"
        config.write_text(
            f'listen = "127.0.0.1:{self.port}"\nmodels = "{folder}/models"\n'
            f'[state]\nfolder = "{folder}/state"\n'
        )
        (folder / "models").mkdir(exist_ok=True)
        self.process = subprocess.Popen(
            [PROGRAM, "serve", "--config", config], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        for _ in range(1000):
            try:
                with socket.create_connection(("127.0.0.1", self.port)) as tried:
                    # A free port may be drawn for the caller's own end, which then answers itself.
                    if tried.getsockname() != tried.getpeername():
                        return
            except OSError:
                pass
            time.sleep(0.02)
        raise SystemExit("the server does not answer")

    def resident(self):
        """MB of its own."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"RssAnon:\s+(\d+)", status)[1]) / 1024

    def stop(self):
        self.process.terminate()
        self.process.wait()


def callers(port, n, path, bodies):
    """Times of so many callers that share out the bodies, and how long all of it took."""
    times = [[] for _ in range(n)]

    def call(k):
        connection = Connection(port)
        for body in bodies[k::n]:
            times[k].append(connection.post(path, body)[0])

    threads = [threading.Thread(target=call, args=(k,)) for k in range(n)]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return np.concatenate(times) * 1e3, time.perf_counter() - start


def row(who, what, n_callers, times, took):
    low, high, worst = np.percentile(times, [50, 99]).tolist() + [times.max()]
    print(f"| {who} | {what} | {n_callers} | {len(times)} | {len(times) / took:,.0f} | {low:.2f} | {high:.2f} | {worst:.1f} |", flush=True)
    return SimpleNamespace(rate=len(times) / took, p99=high)


class Peer:
    """SQLite with FTS5, durable at each commit, and vectors that are compared one and all."""

    def __init__(self, path, vectors=None):
        self.db = sqlite3.connect(path, isolation_level=None)
        self.db.execute("PRAGMA journal_mode = WAL")
        self.db.execute("PRAGMA synchronous = FULL")
        self.db.execute("CREATE VIRTUAL TABLE IF NOT EXISTS memory USING fts5(text)")
        self.db.execute("CREATE TABLE IF NOT EXISTS vector (id INTEGER PRIMARY KEY, x BLOB)")
        self.vectors = vectors

    def store(self, text):
        self.db.execute("BEGIN")
        at = self.db.execute("INSERT INTO memory (text) VALUES (?)", (text,)).lastrowid
        self.db.execute("INSERT INTO vector VALUES (?, ?)", (at, vector(text).tobytes()))
        self.db.execute("COMMIT")

    def load(self):
        rows = self.db.execute("SELECT x FROM vector ORDER BY id").fetchall()
        self.vectors = np.stack([np.frombuffer(x, np.float32) for (x,) in rows])

    def search(self, text):
        asked = " OR ".join(f'"{word}"' for word in set(words(text)))
        sql = "SELECT rowid FROM memory WHERE memory MATCH ? ORDER BY rank LIMIT ?"
        by_words = [at for (at,) in self.db.execute(sql, (asked, CANDIDATES))]
        scores = self.vectors @ vector(text)
        best = np.argpartition(-scores, CANDIDATES)[:CANDIDATES]
        by_vector = (best[np.argsort(-scores[best])] + 1).tolist()
        fused = {}
        for ranking in (by_words, by_vector):
            for rank, at in enumerate(ranking):
                fused[at] = fused.get(at, 0) + 1 / (61 + rank)
        hits = sorted(fused, key=fused.get, reverse=True)[:LIMIT]
        sql = f"SELECT rowid, text FROM memory WHERE rowid IN ({','.join('?' * len(hits))})"
        return self.db.execute(sql, hits).fetchall()


def peer_searches(path, queries, seconds, out):
    """One process of the peer: how many searches it did in so many seconds, and how long each took."""
    peer = Peer(path)
    peer.load()
    peer.search(queries[0])
    times, end = [], time.perf_counter() + seconds
    while time.perf_counter() < end:
        start = time.perf_counter()
        peer.search(queries[len(times) % len(queries)])
        times.append((time.perf_counter() - start) * 1e3)
    out.put(times)


def peer_run(path, queries, n, seconds):
    out = multiprocessing.Queue()
    jobs = [multiprocessing.Process(target=peer_searches, args=(path, queries[k::n], seconds, out)) for k in range(n)]
    for job in jobs:
        job.start()
    times = np.concatenate([out.get() for _ in jobs])
    for job in jobs:
        job.join()
    return row("SQLite FTS5, exact scan", "search", n, times, seconds)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--cache", type=Path, default=Path.home() / ".cache/striatum/vectors")
    parser.add_argument("--memories", type=int, default=100_000)
    parser.add_argument("--queries", type=int, default=4_000)
    parser.add_argument("--callers", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=10, help="of the peer's searches")
    parser.add_argument("--folder", type=Path, help="where both write; a temporary one if absent")
    options = parser.parse_args()
    text = sentences(options.cache)
    if len(text) < options.memories + options.queries:
        raise SystemExit(f"{len(text)} sentences, expected {options.memories + options.queries}")
    stored, held = text[: options.memories], text[options.memories :][: options.queries]
    # Questions are the first words of sentences that are not stored.
    queries = [" ".join(sentence.split()[:12]) for sentence in held]
    folder = Path(tempfile.mkdtemp(dir=options.folder))
    try:
        measure(folder, stored, queries, options)
    finally:
        shutil.rmtree(folder)


def measure(folder, stored, queries, options):
    n = options.callers
    print("| who | what | callers | n | a second | p50 ms | p99 ms | longest ms |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |", flush=True)
    server = Server(folder)
    bodies = [{"text": sentence} for sentence in stored]
    row("Striatum", "store, on disk", n, *callers(server.port, n, "/v1/memories", bodies[:-2000]))
    row("Striatum", "store, on disk", 1, *callers(server.port, 1, "/v1/memories", bodies[-2000:]))
    asked = [{"query": query, "limit": LIMIT} for query in queries]
    callers(server.port, n, "/v1/search", asked[:500])
    one = row("Striatum", "search", 1, *callers(server.port, 1, "/v1/search", asked))
    many = row("Striatum", "search", n, *callers(server.port, n, "/v1/search", asked))
    mixed = [asked[k % len(asked)] for k in range(2 * len(asked))]
    row("Striatum", "search", 2, *callers(server.port, 2, "/v1/search", mixed))
    resident = server.resident()
    server.stop()
    start = time.perf_counter()
    server = Server(folder)
    first, _ = Connection(server.port).post("/v1/search", asked[0])
    opened = time.perf_counter() - start
    server.stop()
    path = folder / "peer.db"
    peer = Peer(path)
    times = []
    start = time.perf_counter()
    for k, sentence in enumerate(stored):
        before = time.perf_counter()
        peer.store(sentence)
        times.append((time.perf_counter() - before) * 1e3)
    row("SQLite FTS5, exact scan", "store, on disk", 1, np.array(times), time.perf_counter() - start)
    peer_one = peer_run(path, queries, 1, options.seconds)
    peer_two = peer_run(path, queries, 2, options.seconds)
    print(f"\nSearches, Striatum over HTTP / the peer in its own process: {one.rate / peer_one.rate:.1f} with one caller, {many.rate / peer_two.rate:.1f} on two cores.")
    print(f"Striatum holds {resident:.0f} MB of its own; started again it answers the first search after {opened:.2f} s ({first:.2f} s of them the search, which opens the memory).")


if __name__ == "__main__":
    main()
