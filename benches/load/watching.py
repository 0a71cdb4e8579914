"""What watching costs: the same load on a server with everything on and on one with everything off,
turn and turn about in one run; with --count, instructions by callgrind; see README.md."""

import argparse
import http.client
import json
import os
import re
import signal
import socket
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from bodies import bodies

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
PROGRAM = ROOT / "target/release/striatum"

# All that can be left out, left out; counting cannot.
OFF = """
[history]
gather_seconds = 0.0
[alerting]
interval_seconds = 0.0
[tracing]
ratio = 0.0
errors = false
[logs]
levels = "off"
"""

SETTINGS = {"on, as it comes": "", "every request traced": "[tracing]\nratio = 1.0\n", "off": OFF}


class Server:
    def __init__(self, folder, settings, before=(), workers=2):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        config = folder / f"{self.port}.toml"
        config.write_text(
            f'listen = "127.0.0.1:{self.port}"\nmodels = "{ROOT}/models"\nworkers = {workers}\n'
            f'[state]\nfolder = "{folder}/state-{self.port}"\n{settings}'
        )
        self.process = subprocess.Popen(
            [*before, PROGRAM, "serve", "--config", config],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for _ in range(3000):
            try:
                with socket.create_connection(("127.0.0.1", self.port)):
                    return
            except OSError:
                time.sleep(0.02)
        raise SystemExit("the server does not answer")

    def pause(self):
        self.process.send_signal(signal.SIGSTOP)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)

    def seconds(self):
        """Processor time so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def load(self, body, connections, seconds):
        """Requests a second, and the server's processor time for one (microseconds)."""
        path, length = body
        env = dict(os.environ, BODY=str(path), **({"LENGTH": str(length)} if length else {}))
        url = f"http://127.0.0.1:{self.port}/v2/models/digits/infer"
        before = self.seconds()
        text = subprocess.run(
            ["wrk", "-t1", f"-c{connections}", f"-d{seconds}", "-s", HERE / "request.lua", url],
            env=env,
            capture_output=True,
            text=True,
        ).stdout
        if "Non-2xx" in text:
            raise SystemExit(text)
        n = int(re.search(r"(\d+) requests in", text)[1])
        rate = float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1])
        return rate, 1e6 * (self.seconds() - before) / n

    def ask(self, body, n):
        """Requests one after the other on one connection."""
        path, length = body
        headers = {"inference-header-content-length": str(length)} if length else {}
        headers["content-type"] = "application/json"
        data = path.read_bytes()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=600)
        for _ in range(n):
            connection.request("POST", "/v2/models/digits/infer", data, headers)
            answer = connection.getresponse()
            answer.read()
            assert answer.status == 200, answer.status
        connection.close()

    def stop(self):
        self.process.terminate()
        self.process.wait()


def turns(folder, names, rounds, seconds, connections):
    body = bodies(folder)["digit, bytes"]
    servers = {name: Server(folder, SETTINGS[name]) for name in names}
    for server in servers.values():
        server.load(body, connections, 1)
        server.pause()
    rates = {name: [] for name in names}
    costs = {name: [] for name in names}
    for turn in range(rounds):
        # Whoever is first in one round is last in the next.
        for name in names if turn % 2 else names[::-1]:
            servers[name].resume()
            rate, cost = servers[name].load(body, connections, seconds)
            rates[name].append(rate)
            costs[name].append(cost)
            servers[name].pause()
    print(f"{rounds} rounds of {seconds} s each, one digit as bytes, {connections} callers:\n")
    print("| watching | requests/s, median | of off, median of rounds | middle half of rounds | processor time of a request | of off |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name in names:
        ratios = [on / off for on, off in zip(rates[name], rates["off"])]
        low, _, high = statistics.quantiles(ratios, n=4)
        dear = [on / off for on, off in zip(costs[name], costs["off"])]
        print(
            f"| {name} | {statistics.median(rates[name]):.0f} | {statistics.median(ratios):.3f} | "
            f"{low:.3f} to {high:.3f} | {statistics.median(costs[name]):.1f} µs | "
            f"{statistics.median(dear):.3f} |"
        )
    for server in servers.values():
        server.resume()
        server.stop()


def idle(folder, seconds):
    """The share of a processor that a server takes to which nobody comes."""
    print(f"\nProcessor time of a server that nobody asks, over {seconds} s:\n")
    for name in ("on, as it comes", "off"):
        server = Server(folder, SETTINGS[name])
        server.ask(bodies(folder)["digit, bytes"], 100)
        before = server.seconds()
        time.sleep(seconds)
        print(f"- {name}: {100 * (server.seconds() - before) / seconds:.2f} % of one")
        server.stop()


def instructions(folder, settings, body, n):
    """Instructions from start to stop, with so many requests between."""
    out = folder / "callgrind.out"
    before = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}"]
    server = Server(folder, settings, before, workers=1)
    server.ask(body, n)
    server.stop()
    return int(re.search(r"^(?:totals|summary): (\d+)", out.read_text(), re.M)[1])


def count(folder, few, many):
    """Instructions for one request: those of many less those of few. What goes by the clock is left
    out, as a second has far fewer requests in it here."""
    body = bodies(folder)["digit, bytes"]
    still = "[history]\ngather_seconds = 0.0\n[alerting]\ninterval_seconds = 0.0\n"
    found = {}
    for name, settings in SETTINGS.items():
        settings = settings if name == "off" else settings + still
        start = instructions(folder, settings, body, few)
        found[name] = (instructions(folder, settings, body, many) - start) / (many - few)
    print(f"\nInstructions for one request (callgrind, {many} less {few} requests):\n")
    print("| watching | instructions | of off |")
    print("| --- | --- | --- |")
    for name, n in found.items():
        print(f"| {name} | {n:,.0f} | {n / found['off']:.4f} |")


parser = argparse.ArgumentParser()
parser.add_argument("--rounds", type=int, default=20)
parser.add_argument("--seconds", type=int, default=3)
parser.add_argument("--callers", type=int, default=8)
parser.add_argument("--idle", type=int, default=60)
parser.add_argument("--count", action="store_true", help="instructions too, by callgrind")
options = parser.parse_args()
with tempfile.TemporaryDirectory() as work:
    work = Path(work)
    if options.rounds:
        turns(work, list(SETTINGS), options.rounds, options.seconds, options.callers)
    if options.idle:
        idle(work, options.idle)
    if options.count:
        count(work, 200, 2200)
