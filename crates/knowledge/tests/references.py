"""Makes tests/fixtures/references.json: what networkx says of graphs, and Python of inheritance.

    pip install networkx==3.5 scipy numpy && python crates/knowledge/tests/references.py

PPR with tol=1e-14; the method resolution order is that of `type()`, null where Python refuses.
"""

import json
import pathlib
import random
import sys

import networkx as nx


def graphs():
    rng = random.Random(7)
    karate = nx.Graph()
    karate.add_nodes_from(nx.karate_club_graph().nodes)
    karate.add_edges_from(nx.karate_club_graph().edges)
    random_graph = nx.gnm_random_graph(120, 130, seed=11)
    random_graph.remove_nodes_from(list(nx.isolates(random_graph)))
    hub = nx.star_graph(40)
    hub.add_edges_from([(1, 41), (41, 42), (2, 3)])
    for name, graph in [("karate", karate), ("random", random_graph), ("hub", hub)]:
        for a, b in graph.edges:
            # Exact in binary32, so that both sides have the same strengths.
            graph[a][b]["weight"] = rng.randint(1, 64) / 64
        yield name, graph


def describe(graph):
    rng = random.Random(5)
    nodes = sorted(graph.nodes)
    seeds = {node: rng.randint(1, 8) / 8 for node in rng.sample(nodes, 3)}
    seeded = nx.pagerank(graph, alpha=0.5, personalization=seeds, tol=1e-14, max_iter=10_000)
    near = nx.single_source_shortest_path_length(graph, nodes[0], cutoff=2)
    return {
        "edges": [[a, b, graph[a][b]["weight"]] for a, b in graph.edges],
        "seeds": sorted(seeds.items()),
        "personalised": sorted(seeded.items()),
        "near": [nodes[0], sorted(near.items())],
    }


def hierarchy(rng, n):
    """Parents of each of n classes, earlier ones only, and what Python makes of it."""
    parents, classes, orders = [], [], []
    for k in range(n):
        count = min(k, rng.choice([0, 1, 1, 2, 2, 3]))
        chosen = rng.sample(range(k), count)
        parents.append(chosen)
        bases = [classes[p] for p in chosen]
        made = None
        if all(base is not None for base in bases):
            try:
                made = type(f"c{k}", tuple(bases), {"number": k})
            except TypeError:
                made = None
        classes.append(made)
        orders.append(made and [c.number for c in made.__mro__ if c is not object])
    return {"parents": parents, "orders": orders}


def main():
    rng = random.Random(3)
    out = {
        "made_by": "crates/knowledge/tests/references.py",
        "python": sys.version.split()[0],
        "networkx": nx.__version__,
        "graphs": {name: describe(graph) for name, graph in graphs()},
        "hierarchies": [hierarchy(rng, rng.randint(3, 14)) for _ in range(60)],
    }
    path = pathlib.Path(__file__).parent / "fixtures" / "references.json"
    path.write_text(json.dumps(out, separators=(",", ":")) + "\n")


main()
