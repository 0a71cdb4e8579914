"""Makes tests/fixtures/missing.json: Adamic and Adar's index of every pair without an edge, by networkx.

    pip install networkx==3.5 && python crates/knowledge/tests/missing.py
"""

import json
import pathlib

import networkx as nx

HERE = pathlib.Path(__file__).parent


def main():
    graph = nx.Graph()
    graph.add_nodes_from(nx.karate_club_graph().nodes)
    graph.add_edges_from(nx.karate_club_graph().edges)
    index = [[a, b, score] for a, b, score in nx.adamic_adar_index(graph) if score > 0]
    told = {"edges": sorted(map(list, graph.edges)), "index": sorted(index)}
    (HERE / "fixtures" / "missing.json").write_text(json.dumps(told) + "\n")


if __name__ == "__main__":
    main()
