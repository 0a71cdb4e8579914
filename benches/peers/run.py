"""Times Striatum and its peers on the same networks and inputs, in one run, one thread each.

    python run.py [--striatum PATH] [--venv FOLDER] [--seconds S] [--out FILE.json]
    python run.py --simulation cuba coba .. [--simulators nest ..] [--threads 1 2] [..]

Every measurement is a process of its own, one after the other; the figure to compare is CPU time
per inference, which a busy machine distorts least.  Prints one table, writes one JSON file.
A peer that fails is a row with its error; a missing Striatum is an error.
With `--simulation` it times circuits instead, as `simulation.py` has them, by wall time.
"""

import argparse
import hashlib
import json
import os
import pathlib
import platform
import subprocess
import sys
import tempfile

import simulation

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")) / "striatum"
NETS = ["ff", "conv", "shd"]
PEERS = [
    "snntorch",
    "norse",
    "spikingjelly",
    "spikingjelly_multistep",
    "sinabs",
    "rockpool",
    "bindsnet",
    "torch_plain",
    "numpy_dense",
    "onnx_scan",
    "onnx_step",
    "limit_c",
]


def default_venv(simulated):
    """The folder that setup.sh makes for the present requirements."""
    name, requirements = "peers", "requirements.txt"
    if simulated:
        name, requirements = "simulators", "requirements-simulation.txt"
    version = hashlib.sha256((HERE / requirements).read_bytes()).hexdigest()[:8]
    return CACHE / f"{name}-{version}"


def environment(threads=1):
    """So many threads each; and no index for pip, which Rockpool's samna calls when it is imported."""
    names = ("OMP", "MKL", "OPENBLAS", "RAYON")
    return {
        **os.environ,
        **{f"{name}_NUM_THREADS": str(threads) for name in names},
        "PIP_NO_INDEX": "1",
    }


def last_json_line(command, timeout, threads=1, folder=HERE):
    """The last line that is JSON, or the reason why there is none."""
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=timeout,
            env=environment(threads),
            cwd=folder,
        )
    except subprocess.TimeoutExpired:
        return {"error": f"no answer in {timeout:.0f} s"}
    for line in reversed(done.stdout.splitlines()):
        if line.startswith("{"):
            return json.loads(line)
    lines = done.stderr.strip().splitlines() or [f"exit status {done.returncode}, no output"]
    return {"error": lines[-1][:200]}


class Runner:
    def __init__(self, args):
        self.args = args
        self.python = args.venv / "bin/python"
        self.files = args.files
        self.timeout = args.seconds * 10 + 120

    def prepare(self):
        """Networks and inputs into the cache folder; the C loop compiled if it is not."""
        batches = [str(batch) for batch in sorted({1, *self.args.batches})]
        subprocess.run(
            [self.python, HERE / "make_nets.py", self.files, "--inputs", *batches], check=True
        )
        if "limit_c" in self.args.peers and not self.limit.exists():
            self.limit.parent.mkdir(parents=True, exist_ok=True)
            command = ["cc", "-O3", "-march=native", HERE / "limit.c", "-o", self.limit]
            subprocess.run(command, check=True)

    @property
    def limit(self):
        return self.args.venv / "bin/limit"

    def striatum(self, net, batch):
        command = [self.args.striatum, "bench", "inference"]
        command += ["--network", self.files / f"{net}.nir", "--batch", str(batch)]
        command += ["--input", self.files / f"{net}-batch{batch}.npy"]
        # The networks reset to zero in the step of the spike; their files cannot say so.
        command += ["--profile", "snntorch", "--reset", "zero", "--reset-delay", "false"]
        command += ["--seconds", str(self.args.seconds), "--json", *self.args.striatum_arg]
        return last_json_line(command, self.timeout)

    def peer(self, name, net, batch):
        if name == "limit_c":
            if batch != 1 or net == "conv":
                return {"not_built": "batch 1 of ff and shd only"}
            command = [self.limit, self.files / f"{net}.limit", str(self.args.seconds)]
            return last_json_line(command, self.timeout)
        command = [self.python, HERE / "bench.py", name, net, str(batch)]
        return last_json_line([*command, "--seconds", str(self.args.seconds)], self.timeout)


def measure(runner, args):
    rows = []
    for net in args.nets:
        for batch in args.batches:
            ours = runner.striatum(net, batch) if args.striatum else {}
            if args.striatum:
                rows.append({"peer": "striatum", "net": net, "batch": batch, **ours})
                show(rows[-1])
            for name in args.peers:
                row = {"peer": name, "net": net, "batch": batch, **runner.peer(name, net, batch)}
                cost = row.get("cpu_ms_per_inference")
                if cost and "cpu_ms_per_inference" in ours:
                    row["striatum_over_peer"] = round(ours["cpu_ms_per_inference"] / cost, 4)
                rows.append(row)
                show(row)
    return rows


def show(row):
    print(f"  {row['net']} x{row['batch']} {row['peer']}", file=sys.stderr, flush=True)


def table(rows):
    """Markdown; the fastest first within a network and a batch."""
    lines = [
        "| network | batch | who | CPU ms per inference | striatum / peer | resident MB | output spikes |",
        "|---|---|---|---|---|---|---|",
    ]
    order = sorted(
        (row for row in rows if "not_built" not in row),
        key=lambda row: (
            NETS.index(row["net"]),
            row["batch"],
            row.get("cpu_ms_per_inference", float("inf")),
        ),
    )
    for row in order:
        cost = row.get("cpu_ms_per_inference")
        cells = [row["net"], row["batch"], row["peer"]]
        cells.append(f"{cost:.3f}" if cost else row.get("error", "no figure"))
        for name in ("striatum_over_peer", "rss_mb", "n_output_spikes"):
            cells.append(row.get(name, ""))
        lines.append("| " + " | ".join(str(cell) for cell in cells) + " |")
    return "\n".join(lines)


def striatum_simulates(network, threads, args):
    """What `striatum bench simulation` measures, as a row like a simulator's."""
    command = [args.striatum, "bench", "simulation", "--network", network, "--json"]
    command += ["--threads", str(threads)]
    if network == "microcircuit":
        command += ["--scale", str(args.scale), "--drive", args.drive]
    command += ["--seconds", str(args.biological_seconds)] if args.biological_seconds else []
    found = last_json_line([*command, *args.striatum_arg], args.timeout, threads, ROOT)
    row = {"simulator": "striatum", "network": network, "threads": threads}
    return {**row, **(found["simulation"][0] if "simulation" in found else found)}


def measure_simulation(args):
    """Each network with each number of threads: Striatum, then its peers."""
    rows = []
    for network in args.simulation:
        for threads in args.threads:
            ours = striatum_simulates(network, threads, args) if args.striatum else {}
            rows += [ours] if ours else []
            chosen = {"networks": [network], "threads": [threads]}
            chosen["seconds"] = args.biological_seconds
            options = argparse.Namespace(**{**vars(args), **chosen})
            for row in simulation.measure(args.venv / "bin/python", options):
                cost, mine = (r.get("seconds_per_biological_second") for r in (row, ours))
                if cost and mine:
                    row["striatum_over_peer"] = round(mine / cost, 4)
                rows.append(row)
    return rows


def simulation_table(rows):
    """Markdown; the fastest first within a network and a number of threads."""
    heads = "network | threads | who | s per biological s | striatum / peer | construction s | "
    heads += "compilation s | resident MiB | rates (Hz) | CV | Fano"
    lines = [f"| {heads} |", "|---" * len(heads.split("|")) + "|"]

    def order(row):
        cost = row.get("seconds_per_biological_second", float("inf"))
        return simulation.NETWORKS.index(row["network"]), row["threads"], cost

    for row in sorted((row for row in rows if "not_built" not in row), key=order):
        cost = row.get("seconds_per_biological_second")
        cells = [row["network"], row["threads"], row["simulator"]]
        cells += [f"{cost:.4f}" if cost else row.get("error", "no figure")]
        cells += [row.get("striatum_over_peer", "")]
        for name in ("construction_seconds", "compilation_seconds", "resident_mib"):
            cells.append(f"{row[name]:.1f}" if row.get(name) is not None else "")
        cells.append(", ".join(f"{k} {v:.2f}" for k, v in row.get("rates_hz", {}).items()))
        cells += [f"{row[name]:.2f}" if row.get(name) else "" for name in ("cv", "fano")]
        lines.append("| " + " | ".join(str(cell) for cell in cells) + " |")
    return "\n".join(lines)


def arguments():
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--striatum", default=str(ROOT / "target/release/striatum"))
    options.add_argument("--striatum-arg", action="append", default=[], help="passed on as it is")
    options.add_argument("--without-striatum", action="store_true", help="only the peers")
    options.add_argument("--venv", type=pathlib.Path, help="default: what setup.sh made")
    options.add_argument("--files", type=pathlib.Path, default=CACHE / "bench-networks")
    options.add_argument("--peers", nargs="*", default=PEERS, choices=PEERS)
    options.add_argument("--nets", nargs="*", default=NETS, choices=NETS)
    options.add_argument("--batches", nargs="*", type=int, default=[1, 32])
    options.add_argument("--seconds", type=float, default=4)
    options.add_argument("--out", type=pathlib.Path)
    options.add_argument("--simulation", nargs="+", choices=simulation.NETWORKS)
    options.add_argument("--biological-seconds", type=float, help="default: what the file says")
    simulation.add_options(options)
    args = options.parse_args()
    args.venv = args.venv or default_venv(args.simulation)
    if args.without_striatum:
        args.striatum = None
    elif not pathlib.Path(args.striatum).is_file():
        options.error(f"no striatum at {args.striatum}: build it, or name it with --striatum")
    if not (args.venv / "bin/python").exists():
        which = "setup.sh --simulation" if args.simulation else "setup.sh"
        options.error(f"no peers at {args.venv}: make them with {which}")
    args.files = args.files.resolve()
    return args


def main():
    args = arguments()
    if args.simulation:
        rows = measure_simulation(args)
        print(simulation_table(rows))
    else:
        runner = Runner(args)
        runner.prepare()
        rows = measure(runner, args)
        print(table(rows))
    out = args.out or pathlib.Path(tempfile.gettempdir()) / "striatum-peers.json"
    machine = {"processor": platform.processor(), "n_cpus": os.cpu_count(), "load": os.getloadavg()}
    out.write_text(json.dumps({"machine": machine, "rows": rows}, indent=1) + "\n")
    print(f"\nwritten to {out}", file=sys.stderr)
    ours = [row for row in rows if "striatum" in (row.get("peer"), row.get("simulator"))]
    if args.striatum and any("error" in row for row in ours):
        sys.exit(1)


if __name__ == "__main__":
    main()
