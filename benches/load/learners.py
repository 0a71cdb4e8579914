"""Learners over HTTP: real digits taught one by one and in batches, asked, taken back; see README.md."""

import argparse
import http.client
import json
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "target/release/striatum"

KINDS = {
    "columns": {"inputs": 64},
    "eprop": {"channels": 8, "classes": 10, "neurons": 100},
    "competition": {"inputs": 64, "classes": 10, "steps": 100},
    "liquid": {"classes": 10, "senses": [{"channels": 8, "liquid": {"neurons": 200, "parts": 1}}]},
}


class Server:
    """A server of its own, with its state in a new folder."""

    def __init__(self, folder, program):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        (folder / "models").mkdir()
        options = ["--listen", f"127.0.0.1:{self.port}", "--state", folder / "state"]
        log = open(folder / "log", "w")
        self.process = subprocess.Popen(
            [program, "serve", *options, "--models", folder / "models"], stderr=log)
        for _ in range(200):
            self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
            try:
                self.ask("GET", "/v1/learners")
                return
            except OSError:
                time.sleep(0.05)
        raise SystemExit(f"the server does not answer, see {folder / 'log'}")

    def ask(self, method, path, body=None):
        """An answer and its time in milliseconds."""
        text = None if body is None else json.dumps(body)
        start = time.perf_counter()
        self.connection.request(method, path, text, {"content-type": "application/json"})
        answer = self.connection.getresponse()
        read = answer.read()
        took = 1e3 * (time.perf_counter() - start)
        if answer.status >= 300:
            raise SystemExit(f"{method} {path}: {answer.status} {read.decode()}")
        return (json.loads(read) if read else None), took

    def stop(self):
        self.process.terminate()
        self.process.wait()


def quantiles(times):
    return " ".join(f"{np.quantile(times, q):.2f}" for q in (0.5, 0.99))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", type=Path, default=PROGRAM)
    options = parser.parse_args()
    data = np.load(ROOT / "examples/train/digits.npz")
    x, y = data["x"].reshape(len(data["y"]), -1) / 16.0, data["y"]
    samples = [{"label": str(label), "values": row.tolist()} for row, label in zip(x, y)]
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder), options.program)
        print("| kind | learn one, p50 p99 ms | learn 64, ms | samples/s | ask one, p50 p99 ms "
              "| ask 256, ms | undo, ms |")
        print("|---|---|---|---|---|---|---|")
        for kind, spec in KINDS.items():
            server.ask("POST", "/v1/learners", {"id": kind, kind: spec, "seed": 1})
            path = f"/v1/learners/{kind}"
            ones = [server.ask("POST", path + "/learn", {"samples": [s]})[1] for s in samples[:500]]
            batches = [server.ask("POST", path + "/learn", {"samples": samples[k:k + 64]})[1]
                       for k in range(500, 1397, 64)]
            asked = [{"values": s["values"]} for s in samples[1397:1797]]
            single = [server.ask("POST", path + "/predict", {"inputs": [a]})[1] for a in asked]
            many = [server.ask("POST", path + "/predict", {"inputs": asked[:256]})[1]
                    for _ in range(5)]
            undo = [server.ask("POST", path + "/undo")[1] for _ in range(5)]
            rate = 64e3 / np.median(batches)
            print(f"| {kind} | {quantiles(ones)} | {np.median(batches):.1f} | {rate:,.0f} "
                  f"| {quantiles(single)} | {np.median(many):.1f} | {np.median(undo):.1f} |")
        server.stop()


if __name__ == "__main__":
    main()
