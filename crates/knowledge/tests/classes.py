"""Classes of Python's standard library, as JSON: what each inherits from, and in which class Python
finds each of its attributes.

    python crates/knowledge/tests/classes.py > crates/knowledge/tests/fixtures/classes.json
    python crates/knowledge/tests/classes.py --all | cargo run --release -p knowledge --example reorganise

An attribute is found in the first class of `__mro__`, which Python made, that has it. With --all they are the classes of all modules that can be imported;
without, of a few with much multiple inheritance. The fixture is made by Python 3.11.7.
"""

import importlib
import inspect
import json
import sys
import warnings

FEW = ["asyncio", "collections.abc", "enum", "io", "selectors", "socketserver"]
# They say something when they are imported, or need a display.
LEFT_OUT = {"antigravity", "idlelib", "lib2to3", "test", "this", "tkinter", "turtle", "turtledemo"}


def modules(everything):
    if not everything:
        return FEW
    names = sorted(sys.stdlib_module_names - LEFT_OUT)
    return [name for name in names if not name.startswith("_")]


def classes(names):
    """Each with all above it, in the order of their names."""
    found = set()
    for name in names:
        try:
            module = importlib.import_module(name)
        except ImportError:
            continue
        for _, one in inspect.getmembers(module, inspect.isclass):
            found.update(one.__mro__)
    # A few have the name of one that they inherit from, which comes first.
    return sorted(found, key=lambda one: (one.__module__, one.__qualname__, len(one.__mro__)))


def described(found):
    place = {one: k for k, one in enumerate(found)}
    names = sorted({name for one in found for name in vars(one)})
    number = {name: k for k, name in enumerate(names)}
    out = []
    for one in found:
        finds = {}
        for name in {name for above in one.__mro__ for name in vars(above)}:
            found_in = next(above for above in one.__mro__ if name in vars(above))
            finds.setdefault(place[found_in], []).append(number[name])
        out.append(
            {
                "name": f"{one.__module__}.{one.__qualname__}",
                "parents": [place[base] for base in one.__bases__],
                # By the class that has it: the attributes that are found.
                "finds": {str(k): sorted(of) for k, of in sorted(finds.items())},
            }
        )
    return {"python": sys.version.split()[0], "names": names, "classes": out}


def main():
    warnings.simplefilter("ignore")
    json.dump(described(classes(modules("--all" in sys.argv))), sys.stdout, separators=(",", ":"))
    sys.stdout.write("\n")


main()
