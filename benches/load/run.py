"""Loads a release server of the digits from a second process, wrk; see README.md."""

import argparse
import json
import os
import re
import socket
import subprocess
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

from bodies import bodies

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent


class Server:
    def __init__(self, folder, **settings):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        config = folder / f"{self.port}.toml"
        lines = [f'listen = "127.0.0.1:{self.port}"', f'models = "{ROOT}/models"']
        lines += [f"{key} = {json.dumps(value)}" for key, value in settings.items()]
        lines += ["[state]", f'folder = "{folder}/state-{self.port}"']
        config.write_text("\n".join(lines))
        self.process = subprocess.Popen(
            [ROOT / "target/release/striatum", "serve", "--config", config],
            stderr=subprocess.DEVNULL,
        )
        for _ in range(200):
            try:
                self.get("/ready")
                return
            except OSError:
                time.sleep(0.02)
        raise SystemExit("the server does not answer")

    def get(self, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:
            return json.load(answer)

    def seconds_of_inference(self):
        """Sequences answered so far, and the time that stepping them took."""
        stats = self.get("/v2/models/digits/stats")["model_stats"][0]
        return stats["inference_count"], stats["inference_stats"]["compute_infer"]["ns"] * 1e-9

    def resident_mib(self):
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024

    def load(self, body, connections, seconds):
        path, length = body
        env = dict(os.environ, BODY=str(path))
        if length:
            env["LENGTH"] = str(length)
        url = f"http://127.0.0.1:{self.port}/v2/models/digits/infer"
        command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}", "--latency", "--timeout", "30s"]
        text = subprocess.run(
            [*command, "-s", HERE / "request.lua", url], env=env, capture_output=True, text=True
        ).stdout
        refused = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
        total = int(re.search(r"(\d+) requests in", text)[1])
        return {
            "requests/s": float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1]),
            "p50": re.search(r"\n\s+50%\s+(\S+)", text)[1],
            "p99": re.search(r"\n\s+99%\s+(\S+)", text)[1],
            "refused": int(refused[1]) / total if refused else 0.0,
        }

    def stop(self):
        self.process.terminate()
        self.process.wait()

def throughput(folder, seconds):
    server = Server(folder)
    # What one core steps while nothing else asks for it: one caller, large batches.
    n0, t0 = server.seconds_of_inference()
    server.load(bodies(folder)["32 digits, bytes"], 1, seconds)
    n1, t1 = server.seconds_of_inference()
    alone = (n1 - n0) / (t1 - t0)
    print(f"One core steps {alone:.0f} digits/s.\n")
    print("| request | callers | requests/s | p50 | p99 | digits/s | of one core's stepping |")
    print("|---|---|---|---|---|---|---|")
    for name, body in bodies(folder).items():
        digits = 32 if name.startswith("32") else 1
        for connections in (1, 4, 64):
            found = server.load(body, connections, seconds)
            rate = found["requests/s"] * digits
            print(
                f"| {name} | {connections} | {found['requests/s']:.0f} | {found['p50']} | "
                f"{found['p99']} | {rate:.0f} | {rate / alone:.2f} |"
            )
    server.stop()

def accepted(server, body, callers, seconds):
    """Latencies (ms) of what was accepted, and the share that was refused, with Python callers."""
    path, length = body
    data = path.read_bytes()
    head = (
        f"POST /v2/models/digits/infer HTTP/1.1\r\nhost: x\r\ncontent-length: {len(data)}\r\n"
        f"inference-header-content-length: {length}\r\n\r\n"
    ).encode()
    took, refused = [], [0]
    until = time.monotonic() + seconds

    def call():
        with socket.create_connection(("127.0.0.1", server.port)) as connection:
            while time.monotonic() < until:
                since = time.monotonic()
                connection.sendall(head + data)
                answer = connection.recv(1 << 20)
                if answer.startswith(b"HTTP/1.1 200"):
                    took.append(1e3 * (time.monotonic() - since))
                else:
                    refused[0] += 1

    threads = [threading.Thread(target=call) for _ in range(callers)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    took.sort()
    p = lambda q: took[int(q * (len(took) - 1))] if took else float("nan")
    return p(0.5), p(0.99), refused[0] / max(1, refused[0] + len(took))

def overload(folder, seconds):
    print("\n| load (32 digits each) | p50 ms of accepted | p99 ms of accepted | refused |")
    print("|---|---|---|---|")
    body = bodies(folder)["32 digits, bytes"]
    server = Server(folder, max_in_flight=4)
    for callers in (4, 40):
        p50, p99, refused = accepted(server, body, callers, seconds)
        print(f"| {callers} callers, 4 let in | {p50:.2f} | {p99:.2f} | {100 * refused:.0f} % |")
    server.stop()

def slow(folder, seconds):
    body = bodies(folder)["digit, bytes"]
    server = Server(folder)
    p50, p99, _ = accepted(server, body, 1, seconds)
    slow = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(1000)]
    for connection in slow:
        connection.sendall(b"POST /v2/models/digits/infer HTTP/1.1\r\nhost: x\r\ncontent-length: 99\r\n\r\n{")
    p50s, p99s, _ = accepted(server, body, 1, seconds)
    print(f"\nOne fast caller: p50 {p50:.2f} ms, p99 {p99:.2f} ms; beside 1,000 slow ones: "
          f"p50 {p50s:.2f} ms, p99 {p99s:.2f} ms.")
    server.stop()

def million(folder):
    body = bodies(folder)["digit, bytes"]
    server = Server(folder)
    sizes, n = [], 0
    while n < 1_000_000:
        server.load(body, 16, 10)
        n = server.seconds_of_inference()[0]
        sizes.append((n, server.resident_mib()))
    print("\nResident MiB over a million requests: "
          + ", ".join(f"{mib:.1f} after {n // 1000}k" for n, mib in sizes) + ".")
    server.stop()

parser = argparse.ArgumentParser()
parser.add_argument("--seconds", type=int, default=5)
parser.add_argument("--million", action="store_true", help="a million requests too")
options = parser.parse_args()
with tempfile.TemporaryDirectory() as work:
    work = Path(work)
    throughput(work, options.seconds)
    overload(work, options.seconds)
    slow(work, options.seconds)
    if options.million:
        million(work)
