"""Makes tests/fixtures/analysis.json: what networkx says of graphs.

    pip install networkx==3.5 scipy numpy && python crates/knowledge/tests/analysis.py

Strengths are 1, 1/2, 1/4 or 1/8, so that sums of 1/strength are exact and equal ways are equal here
and there. Of parallel edges, ways take the strongest, and everything else adds strengths up; edges
of a node with itself are left out, as the crate does.
"""

import json
import math
import pathlib
import random

import networkx as nx

COSTS = ["hops", "inverse", "surprisal"]


def graphs():
    rng = random.Random(17)
    karate = [(a, b) for a, b in nx.karate_club_graph().edges]
    yield "karate", False, 34, karate
    world = nx.connected_watts_strogatz_graph(60, 6, 0.2, seed=3)
    yield "small world", False, 60, list(world.edges)
    apart = nx.gnm_random_graph(70, 60, seed=5)
    yield "disconnected", False, 70, list(apart.edges)
    many = [(rng.randrange(25), rng.randrange(25)) for _ in range(140)]
    yield "loops and parallels", False, 25, many + [(3, 3), (4, 5), (4, 5), (5, 4)]
    tree = nx.random_labeled_tree(40, seed=2)
    yield "tree", False, 40, list(tree.edges) + [(0, 39), (7, 21)]
    strong = nx.gnm_random_graph(40, 170, seed=9, directed=True)
    yield "directed", True, 40, list(strong.edges)
    chain = [(rng.randrange(30), rng.randrange(30)) for _ in range(55)]
    yield "directed, disconnected, loops and parallels", True, 30, chain + [(1, 1), (2, 3), (2, 3)]


def simple(directed, n, edges):
    graph = nx.DiGraph() if directed else nx.Graph()
    graph.add_nodes_from(range(n))
    for a, b, strength in edges:
        if a == b:
            continue
        if not graph.has_edge(a, b):
            graph.add_edge(a, b, best=0.0, total=0.0)
        edge = graph[a][b]
        edge["best"] = max(edge["best"], strength)
        edge["total"] += strength
    for _, _, edge in graph.edges(data=True):
        edge["hops"] = 1.0
        edge["inverse"] = 1.0 / edge["best"]
        edge["surprisal"] = -math.log(edge["best"])
    return graph


def by_node(scores):
    return [scores[node] for node in sorted(scores)]


def paths(graph, pairs):
    for a, b in pairs:
        told = {"from": a, "to": b}
        for cost in COSTS:
            if nx.has_path(graph, a, b):
                ways = nx.shortest_simple_paths(graph, a, b, weight=cost)
                told[cost] = [nx.path_weight(graph, way, cost) for way, _ in zip(ways, range(6))]
            else:
                told[cost] = []
        told["flow"] = nx.maximum_flow_value(graph, a, b, capacity="total")
        yield told


def undirected(graph, rng):
    def predicted(index):
        others = [(0, v) for v in nx.non_neighbors(graph, 0)]
        found = {v: score for _, v, score in index(graph, others) if score > 0}
        return sorted(found.items())

    def common(graph, pairs):
        return [(a, b, len(list(nx.common_neighbors(graph, a, b)))) for a, b in pairs]

    partitions = []
    for n_groups in [1, 2, 5]:
        labels = [rng.randrange(n_groups) for _ in graph.nodes]
        groups = [[v for v in graph.nodes if labels[v] == k] for k in range(n_groups)]
        groups = [group for group in groups if group]
        for resolution in [0.5, 1.0]:
            quality = nx.community.modularity(graph, groups, "total", resolution)
            partitions.append({"groups": groups, "resolution": resolution, "modularity": quality})
    louvain = [nx.community.louvain_communities(graph, "total", seed=seed) for seed in range(20)]
    return {
        "clustering": by_node(nx.clustering(graph)),
        "triangles": by_node(nx.triangles(graph)),
        "cores": by_node(nx.core_number(graph)),
        "transitivity": nx.transitivity(graph),
        "average_clustering": nx.average_clustering(graph),
        "partitions": partitions,
        "louvain": sorted(nx.community.modularity(graph, groups, "total") for groups in louvain),
        "forest": nx.maximum_spanning_tree(graph, "best").size("best"),
        "bridges": sorted(sorted(edge) for edge in nx.bridges(graph)),
        "articulation_points": sorted(nx.articulation_points(graph)),
        "matching": len(nx.max_weight_matching(graph, maxcardinality=True)),
        "adamic_adar": predicted(nx.adamic_adar_index),
        "jaccard": predicted(nx.jaccard_coefficient),
        "common_neighbours": predicted(common),
    }


def describe(name, directed, n, edges):
    rng = random.Random(name)
    edges = [[a, b, rng.choice([1.0, 0.5, 0.25, 0.125])] for a, b in edges]
    graph = simple(directed, n, edges)
    weak = nx.weakly_connected_components if directed else nx.connected_components
    strong = nx.strongly_connected_components if directed else nx.connected_components
    try:
        eigenvector = by_node(nx.eigenvector_centrality(graph, 20_000, 1e-12, weight="total"))
    except nx.PowerIterationFailedConvergence:
        eigenvector = None
    told = {
        "directed": directed,
        "n": n,
        "edges": edges,
        "ties": graph.number_of_edges(),
        "density": nx.density(graph),
        "degree": by_node(dict(graph.degree)),
        "components": sorted(sorted(part) for part in weak(graph)),
        "strong_components": sorted(sorted(part) for part in strong(graph)),
        "reachable": sorted(nx.single_source_shortest_path_length(graph, 0).items()),
        "page_rank": by_node(nx.pagerank(graph, 0.85, tol=1e-14, max_iter=10_000, weight="total")),
        "motifs": nx.triadic_census(graph.to_directed()),
        "eigenvector": eigenvector,
        "betweenness": {
            "hops": by_node(nx.betweenness_centrality(graph)),
            "inverse": by_node(nx.betweenness_centrality(graph, weight="inverse")),
        },
        "closeness": {
            "hops": by_node(nx.closeness_centrality(graph)),
            "inverse": by_node(nx.closeness_centrality(graph, distance="inverse")),
        },
        "paths": list(paths(graph, [rng.sample(range(n), 2) for _ in range(12)])),
    }
    if not directed:
        told |= undirected(graph, rng)
    return told


def main():
    made = {name: describe(name, *rest) for name, *rest in graphs()}
    path = pathlib.Path(__file__).parent / "fixtures" / "analysis.json"
    path.write_text(json.dumps(made, separators=(",", ":")) + "\n")


main()
