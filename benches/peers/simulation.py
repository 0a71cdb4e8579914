"""Times other simulators on the circuits in `circuits/`, one process per measurement.

    python simulation.py [--simulators brian2 nest ..] [--networks cuba coba ..] [--threads 1 2]
                         [--scale S] [--drive dc] [--seconds S] [--seed N]

Prints one JSON document: wall seconds per biological second of the simulation alone, seconds of
construction and of compilation, resident MiB at the peak, rates, mean CV, Fano factor.
Spikes of all neurons are recorded.  `--scale` and `--drive` are of the microcircuit only.
What a simulator does is in `with_*.py`; `run.py --simulation` adds Striatum.
"""

import argparse
import importlib
import json
import os
import pathlib
import subprocess
import sys

NETWORKS = ["cuba", "coba", "brunel", "plastic", "microcircuit"]
SIMULATORS = ["brian2", "nest", "annarchy", "arbor"]


def here(args):
    """One measurement, in this process."""
    # Only here, because `run.py` imports this file in a Python that may lack numpy.
    import circuit as circuits

    scaled = args.network == "microcircuit"
    circuit = circuits.read(
        args.network, args.scale if scaled else None, args.drive if scaled else None
    )
    if args.seconds:
        circuit.duration = args.seconds * 1e3
    row = {"simulator": args.simulator, "network": args.network, "threads": args.one_threads}
    if scaled:
        row |= {"scale": args.scale, "drive": args.drive}
    row["biological_seconds"] = circuit.duration / 1e3
    module = importlib.import_module(f"with_{args.simulator}")
    return row | module.measure(circuit, args.one_threads, args.seed)


def one(python, simulator, network, threads, args):
    """One measurement in a process of its own: its row, or a row that says why there is none."""
    row = {"simulator": simulator, "network": network, "threads": threads}
    command = [python, __file__, "--one", simulator, network, str(threads)]
    command += ["--scale", str(args.scale), "--drive", args.drive, "--seed", str(args.seed)]
    command += ["--seconds", str(args.seconds)] if args.seconds else []
    # ANNarchy calls the environment's cmake.
    path = f"{pathlib.Path(python).absolute().parent}{os.pathsep}{os.environ.get('PATH', '')}"
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads), "PATH": path}
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=args.timeout, env=environment
        )
    except subprocess.TimeoutExpired:
        return {**row, "error": f"no answer in {args.timeout:.0f} s"}
    for line in reversed(done.stdout.splitlines()):
        if line.startswith('{"simulator"'):
            return json.loads(line)
    lines = done.stderr.strip().splitlines() or [f"exit status {done.returncode}, no output"]
    return {**row, "error": lines[-1][:300]}


def measure(python, args):
    """All that was asked for, one after the other."""
    for network in args.networks:
        for threads in args.threads:
            for simulator in args.simulators:
                print(f"  {network} x{threads} {simulator}", file=sys.stderr, flush=True)
                yield one(python, simulator, network, threads, args)


def add_options(options):
    """Those that `run.py` has too."""
    options.add_argument("--simulators", nargs="*", default=SIMULATORS, choices=SIMULATORS)
    options.add_argument("--threads", nargs="*", type=int, default=[1, 2])
    options.add_argument("--scale", type=float, default=0.2, help="of the microcircuit")
    options.add_argument(
        "--drive", default="dc", choices=["dc", "poisson"], help="of the microcircuit"
    )
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--timeout", type=float, default=1800, help="seconds for one measurement")


def main():
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--networks", nargs="*", default=NETWORKS, choices=NETWORKS)
    options.add_argument("--seconds", type=float, help="biological; default: what the file says")
    options.add_argument("--one", nargs=3, metavar=("SIMULATOR", "NETWORK", "THREADS"), help="here")
    add_options(options)
    args = options.parse_args()
    if args.one:
        args.simulator, args.network, args.one_threads = *args.one[:2], int(args.one[2])
        print(json.dumps(here(args)))
        return
    rows = list(measure(sys.executable, args))
    print(json.dumps({"simulation": rows, "load": os.getloadavg()}, indent=1))


if __name__ == "__main__":
    main()
