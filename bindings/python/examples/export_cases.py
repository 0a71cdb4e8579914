"""Records networks in the frameworks themselves: what each one exports to NIR, and what it computes.

    python export_cases.py FOLDER [--frameworks snntorch norse ...]

Writes CASE.nir and CASE.npz for every case of the named frameworks and brings FOLDER/manifest.json
up to date.  Each module of `cases/` holds one framework's cases: variations of its options, one at
a time, that a NIR file does not tell apart or that are easily read wrongly.

Not all frameworks live in one environment: Sinabs pins nir 1.0.4, Lava needs Python 3.10.
Run the script once in each; a framework that cannot be imported is an error only if it was named.
"""

import argparse
import importlib
import pathlib
import sys

from cases.recording import write_manifest

FRAMEWORKS = [
    "snntorch",
    "norse",
    "spikingjelly",
    "sinabs",
    "rockpool",
    "bindsnet",
    "brian2",
    "lava",
    "nengo",
]


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("folder", type=pathlib.Path)
    options.add_argument("--frameworks", nargs="*", choices=FRAMEWORKS, default=None)
    args = options.parse_args()

    args.folder.mkdir(parents=True, exist_ok=True)
    entries, n_failed = [], 0
    for framework in args.frameworks or FRAMEWORKS:
        try:
            module = importlib.import_module(f"cases.of_{framework}")
            importlib.import_module(module.IMPORTS)
        except ImportError as missing:
            if args.frameworks:
                raise
            print(f"{framework}: left out, {missing}")
            continue
        for case in module.cases():
            try:
                entries.append(case().save(args.folder, module))
            except Exception as error:
                n_failed += 1
                print(f"{case.__name__}: {type(error).__name__}: {error}")
                if args.frameworks:
                    import traceback

                    traceback.print_exc()
    write_manifest(args.folder, entries)
    sys.exit(1 if n_failed else 0)


if __name__ == "__main__":
    main()
